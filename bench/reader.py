"""Measure a reader: `python -m bench.reader [--data DATASET] [--size 6x384] [--write]`.

A model of each size that `rag models` lists reads the first five passages of each question of a
dataset, in int8 on all cores. The weights are random: the time depends on the sizes alone. Prints
the median, the 95th percentile, the CPU time of a question, and the agreement with the original.
`--write` stores the medians for `rag models`.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles

from bench.machine import this_machine
from eval.datasets.load import load_dataset
from eval.runs.evaluate import index_dataset
from index.encode.compile_pairs import CompiledPairModels, PairManifest
from index.encode.model_files import find_model
from index.encode.onnx_pair_model import OnnxReader
from rag.answer.reader import PASSAGES_READ
from rag.models.catalog import KNOWN_MODELS, KnownModel, MeasuredTimes, write_times
from rag.models.load import load_model
from rag.pipeline import Pipeline
from rag.settings import Settings

_SEEDS = Path(__file__).parents[1] / "eval" / "seeds"
_ROUNDS = 3

_SIX_LAYERS = KnownModel("six layers", "reader", "", "", 22.7, 6, 384, "")

Asked = list[tuple[str, list[str]]]
"""Questions, each with the texts of its first passages."""


def main() -> None:
    arguments = _arguments()
    machine, medians = this_machine(), {}
    print(f"{machine.cpu}, {machine.cores} cores, load {machine.load}")
    asked = _asked(arguments.data)
    n_characters = median(sum(map(len, texts)) for _, texts in asked)
    print(f"{len(asked)} questions, {n_characters:.0f} characters in five passages (median)")
    columns = ("median ms", "p95 ms", "CPU ms", "agreement")
    print(f"{'layers x dimension':<20}", *(f"{column:>10}" for column in columns))
    for model in _sizes():
        if arguments.size not in (None, model.size):
            continue
        with tempfile.TemporaryDirectory(prefix="rag-reader-") as scratch:
            reader, manifest = compiled(model, Path(scratch))
            began = time.process_time()
            times = _times_ms(reader, asked)
            cpu_ms = (time.process_time() - began) * 1000 / (len(times) + 1)
        medians[model.size] = round(median(times), 1)
        values = (median(times), quantiles(times, n=20)[-1], cpu_ms)
        row = [*(f"{value:>10.1f}" for value in values), f"{manifest.agreement:>10.4f}"]
        print(f"{model.size:<20}", *row)
    if arguments.write:
        machine.check_quiet(Path("bench.reader"))
        where = f"{machine.cpu}, {machine.cores} cores"
        print(f"Wrote {write_times(MeasuredTimes(where, medians))}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=_SEEDS, help="A dataset; default: eval/seeds.")
    parser.add_argument("--size", help="Only this size, such as 6x384.")
    parser.add_argument("--write", action="store_true", help="Store the times for `rag models`.")
    return parser.parse_args()


def _sizes() -> list[KnownModel]:
    """One model of each size, the six layers of the default model first."""
    models = {_SIX_LAYERS.size: _SIX_LAYERS}
    for model in KNOWN_MODELS:
        if model.role != "model":
            models.setdefault(model.size, model)
    return list(models.values())


def _asked(dataset_folder: Path) -> Asked:
    dataset, embedder = load_dataset(dataset_folder), load_model(Settings())
    with (
        index_dataset(dataset, embedder) as corpus,
        closing(Pipeline.over(corpus.folder, embedder)) as pipeline,
    ):
        return [
            (text, [passage.text for passage in pipeline.search(text, PASSAGES_READ).passages])
            for text in dataset.queries.values()
        ]


def compiled(model: KnownModel, scratch: Path) -> tuple[OnnxReader, PairManifest]:
    """Compile a reader with random weights of a model's size."""
    write_random_reader(scratch / "model", model.layers, model.dimension)
    folder = find_model(str(scratch / "model"))
    models = CompiledPairModels(scratch / "cache", "reader")
    manifest = models.first(folder)
    return OnnxReader(models.load(manifest), folder.digest), manifest


def write_random_reader(folder: Path, layers: int, dimension: int) -> None:
    """Write a BERT for question answering with the default model's tokenizer.

    If the size is the default model's, the encoder is the default model's and only the head is
    random. Otherwise all weights are random.
    """
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForQuestionAnswering

    torch.manual_seed(0)
    source = find_model().path
    config = BertConfig.from_pretrained(source)
    if (layers, dimension) == (config.num_hidden_layers, config.hidden_size):
        model = BertForQuestionAnswering.from_pretrained(source)
    else:
        config.num_hidden_layers, config.hidden_size = layers, dimension
        config.intermediate_size = 4 * dimension
        model = BertForQuestionAnswering(config)
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(source)
    tokenizer.model_max_length = config.max_position_embeddings
    tokenizer.save_pretrained(folder)


def _times_ms(reader: OnnxReader, asked: Asked) -> Sequence[float]:
    """Return the time of each question, over several rounds; the first question is not counted."""
    times = []
    for question, texts in [asked[0], *_ROUNDS * asked]:
        began = time.perf_counter()
        for read in reader.read(question, texts):
            read.best()
        times.append((time.perf_counter() - began) * 1000)
    return times[1:]


if __name__ == "__main__":
    main()
