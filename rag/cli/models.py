"""`rag models`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.options import IndexOption
from rag.output.safe_output import on_one_line, say, say_json

if TYPE_CHECKING:
    from rag.cli.models_report import ModelCost, ModelsReport

_TITLES = {
    "model": "Model of the index (`model`)",
    "rerank": "Reranker (`rerank`)",
    "reader": "Reader (`reader`)",
}


def models(
    index: IndexOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the models as JSON.")] = False,
) -> None:
    """List the models that are set and those that are known to work, with what they cost.

    The times were measured with random weights of the same size. The quality is what the authors
    of a model publish; it was not measured here. Nothing is downloaded.
    """
    from rag.cli.models_report import models_report
    from rag.settings import Settings

    report = models_report(Settings.resolve(index=index))
    if as_json:
        say_json(report.model_dump_json(indent=1))
    else:
        say("\n".join(map(on_one_line, _lines(report))))


def _lines(report: "ModelsReport") -> Iterator[str]:
    for role in report.roles:
        state = f" ({role.state})" if role.state else ""
        yield f"{_TITLES[role.setting]}: {role.current or 'none is set'}{state}"
        for known in role.known:
            yield from _lines_of(known)
        yield ""
    if report.measured_on:
        yield f"Times: medians on {report.measured_on}, with random weights of the same size."
    else:
        yield "Times were not measured yet."


def _lines_of(known: "ModelCost") -> Iterator[str]:
    yield f"  {known.name}{' (suggested)' if known.suggested else ''}"
    yield (
        f"    {known.licence} · {known.languages} · {known.n_parameters:g} M parameters: "
        f"{known.download_mb:g} MB to download, {known.compiled_mb:g} MB compiled"
    )
    if known.passages_ms is not None:
        yield f"    five passages in {known.passages_ms:g} ms, measured"
    if known.quality:
        yield f"    {known.quality}: published, not measured here"
