"""Readers for tests: the small trained one, and ones with random weights of other families."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import regex

from index.encode.compile_pairs import CompiledPairModels
from index.encode.model_files import find_model
from index.encode.onnx_pair_model import OnnxReader
from index.encode.pair_tokenizer import PairWindow
from index.encode.phrases import ReadText

TINY_READER = Path(__file__).parent / "tiny_reader"
"""Three layers, trained on tests/support's reader_facts by make_tiny_reader."""


def compiled_reader(folder: Path, cache: Path) -> OnnxReader:
    """Compile the reader in a folder as `load_reader` does."""
    model, models = find_model(str(folder)), CompiledPairModels(cache, "reader")
    manifest = models.first(model)
    assert not manifest.failure, manifest.failure
    return OnnxReader(models.load(manifest), model.digest)


def tiny_bert(vocabulary: int, window: int, **settings: Any) -> Any:
    """The configuration of a small BERT."""
    from transformers import BertConfig

    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=window,
        initializer_range=0.2,
        **settings,
    )


def write_roberta(folder: Path, text: str) -> None:
    """Write a reader with random weights, byte-level tokens and no token types."""
    import tokenizers
    import torch
    from tokenizers import decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaForQuestionAnswering

    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text], trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    names = ("cls", "pad", "sep", "unk", "mask")
    kind: Any = PreTrainedTokenizerFast
    kind(
        tokenizer_object=tokenizer,
        model_max_length=96,
        model_input_names=["input_ids", "attention_mask"],
        **{f"{name}_token": token for name, token in zip(names, special, strict=True)},
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=100,
        type_vocab_size=1,
        initializer_range=0.2,
    )
    RobertaForQuestionAnswering(config).save_pretrained(folder)


class FactReader:
    """A fake: for `Who is the mayor?` it finds the name in `The mayor is Carl Smith.`

    The margin of such a phrase is 8, and that of others is negative.
    """

    digest = "f" * 64

    def read(self, question: str, texts: Sequence[str]) -> list[ReadText]:
        roles = [word for word in regex.findall(r"\w+", question.lower()) if len(word) > 3]
        return [self._read(roles, text) for text in texts]

    def _read(self, roles: Sequence[str], text: str) -> ReadText:
        words = [match.span() for match in regex.finditer(r"\w+|[^\w\s]", text)]
        places = np.array([(0, 0), *words], dtype=np.int64)
        logits = np.full((len(places), 2), -4.0, np.float32)
        logits[0] = 4.0
        for role in roles:
            found = regex.search(rf"(?i)the {role} is (\w+(?: \w+)*)", text)
            if found is not None:
                first = next(i for i, word in enumerate(words) if word[0] == found.start(1))
                last = next(i for i, word in enumerate(words) if word[1] == found.end(1))
                logits[0] = 0.0
                logits[first + 1, 0] = logits[last + 1, 1] = 4.0
        zeros = np.zeros(len(places), np.int64)
        window = PairWindow(zeros, zeros, places[:, 1] > 0, places, _Words(words))
        return ReadText(text, [window], [logits])


class _Words:
    """The part of an encoding that PairWindow reads: each token after the first is a word."""

    def __init__(self, words: Sequence[tuple[int, int]]) -> None:
        self._words = words

    def token_to_word(self, token: int) -> int:
        return token - 1

    def word_to_chars(self, word: int, sequence: int) -> tuple[int, int]:
        assert sequence == 1
        return self._words[word]
