# Every target works on a new machine with Python 3.11+ and make.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
QUESTION := What share of Afghanistan's GDP came from foreign aid before the takeover?

.DEFAULT_GOAL := help
.PHONY: help run install dev check quick fmt format lint types contracts test gate faults abuse eval bench bench-scale docs lock clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: install ## Set up, ingest seeds/, answer a first question, serve on port 8000 or PORT
	@echo "== Ingesting seeds/"
	@$(BIN)/rag ingest seeds
	@echo "== A first question: $(QUESTION)"
	@$(BIN)/rag ask "$(QUESTION)" -k 2
	@$(BIN)/rag serve $(if $(PORT),--port $(PORT)) || \
	  { status=$$?; [ $$status -ne 2 ] || echo "To serve on another port: make run PORT=8001"; exit $$status; }

$(VENV)/.installed: requirements.lock pyproject.toml
	@echo "== Setting up $(VENV): Python packages at the versions in requirements.lock (minutes)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed requirements-dev.lock
	@echo "== Adding the tools that check the code"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@

install: $(VENV)/.installed ## Create the environment

dev: $(VENV)/.dev ## Create it with the tools that check the code

check: format lint types contracts test gate ## Format, lint, types, import contracts, tests, ranking: what CI runs

quick: format lint types contracts ## Format, lint, types, import contracts and fast tests: about a minute
	@$(BIN)/pytest --quiet -m "not slow" \
	  tests/index/documents/test_load.py tests/index/store/test_store.py tests/index/words/test_analyze.py \
	  tests/rag/answer/test_cite.py tests/rag/search/test_passages.py tests/project/test_docs.py

fmt: dev ## Mend the format, and what the linter can mend
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

format: dev
	@$(BIN)/ruff format --check .

lint: dev
	@$(BIN)/ruff check .

types: dev
	@$(BIN)/mypy

contracts: dev
	@$(BIN)/lint-imports

test: dev ## Run the tests alone, on all cores
	@$(BIN)/pytest --numprocesses auto --dist loadfile

faults: dev ## Kill, damage and fail ingests thousands of times (long); ARGS="kills damage" for some
	@PYTHONPATH=tests/support:. $(BIN)/python -m faults $(ARGS)

abuse: dev ## Attack a server while healthy clients ask it; ARGS as for `python -m faults.abuse`
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && PYTHONPATH=tests/support:. $(BIN)/python -m faults.abuse --folder "$$folder" $(ARGS)

eval: install ## Measure retrieval quality on the shipped question sets
	@$(BIN)/rag eval run eval/seeds
	@$(BIN)/rag eval run eval/docs

gate: install ## Fail if the shipped questions are answered worse than in the baseline of their set
	@status=0; for set in seeds docs; do \
	  $(BIN)/rag eval gate eval/$$set/baseline.jsonl || status=$$?; done; exit $$status

bench: install ## Measure speed against peers (minutes); DATA=FOLDER for another dataset, ARGS=--quick
	@$(BIN)/python -m bench $(if $(DATA),--data $(DATA)) $(ARGS)

bench-scale: install ## Measure an index of a million chunks (long)
	@$(BIN)/python -m bench.scale $(ARGS)

docs: dev ## Write docs/cli.md, docs/search.svg and docs/performance.md anew
	@$(BIN)/typer rag.cli.app utils docs --name rag --output docs/cli.md
	@$(BIN)/rag ingest seeds
	@$(BIN)/python -m bench.draw.picture
	@$(BIN)/python -m bench.document

# The lock files leave out the CUDA packages that torch's Linux wheel requires: the machine chooses
# the build of torch, and that build pins its own requirements.
COMPILE := uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --no-annotate --no-header
lock: ## Write the lock files anew from pyproject.toml (needs uv)
	@$(COMPILE) --group build | grep -Ev '^(cuda|nvidia|triton)' > requirements.lock.new
	@mv requirements.lock.new requirements.lock
	@$(COMPILE) --group build --group dev -c requirements.lock | grep -Ev '^(cuda|nvidia|triton)' > requirements-dev.lock.new
	@mv requirements-dev.lock.new requirements-dev.lock

# The index and the compiled models stay. The settings give their folders; without the environment,
# these are the defaults on Linux.
FOLDERS_LEFT := from rag.settings import Settings; s = Settings.resolve(); print(s.index, s.cache_dir / "models", sep="\n")
clean: ## Remove the environment and caches; say what stays, and how to remove it
	@{ $(BIN)/python -c '$(FOLDERS_LEFT)' 2>/dev/null || \
	  printf '%s\n' "$${RAG_INDEX:-.rag}" "$${RAG_CACHE_DIR:-$${XDG_CACHE_HOME:-$$HOME/.cache}/rag}/models"; } | { \
	  read -r index; [ ! -d "$$index" ] || echo "Left: the index. To remove it: rm -r \"$$index\""; \
	  read -r models; [ ! -d "$$models" ] || echo "Left: compiled models. To remove them: rm -r \"$$models\""; }
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
