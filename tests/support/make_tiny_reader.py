"""Train the small reader in tests/support/tiny_reader, which the tests of readers use.

usage: python tests/support/make_tiny_reader.py

It is a BERT with three layers of 64 dimensions. Its vocabulary is part of the default model's; so
are its first word vectors, reduced by principal components. It is trained on tests/support's
reader_facts; 40 % of the questions have no answer in their passage. Stored in fp16.
"""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch

from index.encode.model_files import find_model
from reader_facts import FAMILIES, FILLERS, NAMES, ROLES, THINGS, Exercise, exercise

FOLDER = Path(__file__).parent / "tiny_reader"
WINDOW = 128
_DIMENSION, _LAYERS = 64, 3
_N_WORDS = 2000
_BATCH, _RATE, _STEPS, _SEED = 32, 3e-3, 900, 7


def main() -> None:
    torch.manual_seed(_SEED)
    torch.set_num_threads(1)
    tokenizer, rows = make_tokenizer()
    model = make_model(rows)
    train(model, tokenizer)
    score(model, tokenizer)
    model.half().save_pretrained(FOLDER)


def make_tokenizer() -> tuple[Any, Any]:
    """Write the tokenizer, and return it with the default model's word vectors of its pieces."""
    from safetensors.numpy import load_file
    from transformers import AutoTokenizer

    source = find_model().path
    fields = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    old: dict[str, int] = fields["model"]["vocab"]
    kept = pieces(old)
    fields["model"]["vocab"] = {piece: number for number, piece in enumerate(kept)}
    ids = fields["model"]["vocab"]
    for added in fields["added_tokens"]:
        added["id"] = ids[added["content"]]
    for special in fields["post_processor"].get("special_tokens", {}).values():
        special["ids"] = [ids[token] for token in special["tokens"]]
    for name in ("cls", "sep"):
        if name in fields["post_processor"]:
            token = fields["post_processor"][name][0]
            fields["post_processor"][name] = [token, ids[token]]
    fields["truncation"] = fields["padding"] = None
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "tokenizer.json").write_text(json.dumps(fields, ensure_ascii=False))
    settings = {
        "tokenizer_class": "BertTokenizerFast",
        "do_lower_case": True,
        "model_max_length": WINDOW,
        **{f"{each}_token": f"[{each.upper()}]" for each in ("cls", "sep", "pad", "unk", "mask")},
    }
    (FOLDER / "tokenizer_config.json").write_text(json.dumps(settings, indent=1))
    vectors = load_file(source / "model.safetensors")["embeddings.word_embeddings.weight"]
    rows = vectors[[old[piece] for piece in kept]].astype(np.float64)
    rows -= rows.mean(axis=0)
    _, _, axes = np.linalg.svd(rows, full_matrices=False)
    reduced = rows @ axes[:_DIMENSION].T
    return AutoTokenizer.from_pretrained(FOLDER), reduced / reduced.std()


def pieces(old: dict[str, int]) -> list[str]:
    """Special tokens, characters, the words of the facts, then the first words of the vocabulary,
    which are the most frequent ones."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    signs = [p for p in old if len(p.removeprefix("##")) == 1 and p.isascii()]
    lists = (NAMES, FAMILIES, ROLES, THINGS)
    words = [word for each in lists for word in each]
    words += " ".join(FILLERS).lower().replace(".", "").split()
    words += (
        "who when how many what where is the of was built in are made kept has there they".split()
    )
    chosen = [*special, *signs, *(word for word in words if word in old)]
    frequent = [p for p in sorted(old, key=old.__getitem__) if p.isascii() and p.isalpha()]
    endings = [p for p in sorted(old, key=old.__getitem__) if p.startswith("##") and p.isascii()]
    chosen += endings[:300]
    return list(dict.fromkeys([*chosen, *frequent]))[:_N_WORDS]


def make_model(rows: Any) -> Any:
    """Return a model with these word vectors, (n, d)."""
    from transformers import BertConfig, BertForQuestionAnswering

    config = BertConfig(
        vocab_size=len(rows),
        hidden_size=_DIMENSION,
        num_hidden_layers=_LAYERS,
        num_attention_heads=4,
        intermediate_size=4 * _DIMENSION,
        max_position_embeddings=WINDOW,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model: Any = BertForQuestionAnswering(config)
    with torch.no_grad():
        words = model.bert.embeddings.word_embeddings.weight
        words.copy_(torch.tensor(rows, dtype=torch.float32))
        model.bert.embeddings.position_embeddings.weight.mul_(10)
        # Equal queries and keys: a token first attends to equal ones, in the question and the text.
        attention = model.bert.encoder.layer[0].attention.self
        attention.query.weight.copy_(3 * torch.eye(_DIMENSION) / _DIMENSION**0.25)
        attention.key.weight.copy_(attention.query.weight)
    return model


def batch(tokenizer: Any, exercises: list[Exercise]) -> tuple[Any, Any, Any]:
    """Return the features, and the first and last token of each answer; 0 for no answer."""
    features = tokenizer(
        [each.question for each in exercises],
        [each.passage for each in exercises],
        truncation="only_second",
        max_length=WINDOW,
        padding=True,
        return_tensors="pt",
    )
    places = []
    for number, each in enumerate(exercises):
        ends = (0, 0)
        if each.answer is not None:
            first = features.char_to_token(number, each.answer[0], 1)
            last = features.char_to_token(number, each.answer[1] - 1, 1)
            ends = (first, last) if first is not None and last is not None else (0, 0)
        places.append(ends)
    starts, ends_ = torch.tensor(places).T
    return features, starts, ends_


def train(model: Any, tokenizer: Any) -> None:
    chance, n_steps = random.Random(_SEED), _STEPS
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, n_steps, pct_start=0.1)
    model.train()
    for step in range(n_steps):
        longest = 2 + 2 * step // n_steps  # begin with short passages
        exercises = [
            exercise(chance, chance.randint(1, longest), chance.random() < 0.6)
            for _ in range(_BATCH)
        ]
        features, starts, ends = batch(tokenizer, exercises)
        loss = model(**features, start_positions=starts, end_positions=ends).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(step, round(loss.item(), 3), flush=True)
    model.eval()


def score(model: Any, tokenizer: Any) -> None:
    """Print the share of right phrases, and of right refusals, on new facts."""
    chance = random.Random(_SEED + 1)
    for answerable in (True, False):
        right = 0
        for _ in range(10):
            exercises = [exercise(chance, 3, answerable) for _ in range(_BATCH)]
            features, starts, ends = batch(tokenizer, exercises)
            with torch.inference_mode():
                output = model(**features)
            right += int(
                (
                    (output.start_logits.argmax(1) == starts)
                    & (output.end_logits.argmax(1) == ends)
                ).sum()
            )
        print("answerable" if answerable else "unanswerable", right / (10 * _BATCH))


if __name__ == "__main__":
    main()
