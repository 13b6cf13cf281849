"""What an ingest did, for people and as JSON."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console

from index.ingest.progress import EncodingWarning, IgnoredPath, Report, SkippedFile
from index.ingest.selection import INCLUDE
from rag.output.counts import n_of
from rag.output.safe_output import on_one_line

_MAX_SKIPPED = 10
"""Skipped files that are named; the others are counted."""

_MAX_NAME_LENGTH = 200

_N_EXAMPLES = 3
"""Names that a line about many files gives."""


def report_json(
    rebuilt: Report | None,
    report: Report | None,
    index: str,
    seconds: float,
    *,
    dry_run: bool = False,
) -> str:
    """One object. Lists of documents hold their ids.

    rebuilt:   what `--rebuild` encoded anew; the other lists are those of the ingest of the paths
    skipped, left_out: {path, kind, reason}, kind as in index.errors.Kind
    ignored:   {path, by}
    moved:     {old, new}
    doubts:    {path, encoding, reason}
    """
    last = report or rebuilt or Report()
    fields = asdict(report or Report())
    reports = [r for r in (rebuilt, report) if r is not None]
    fields |= {name: sum(getattr(r, name) for r in reports) for name in ("n_chunks", "n_reused")}
    fields |= {
        "dry_run": dry_run,
        "generation": last.generation,
        "index": index,
        "rebuilt": rebuilt.updated if rebuilt is not None else [],
        "seconds": round(seconds, 3),
    }
    return json.dumps(fields, ensure_ascii=False, indent=1, sort_keys=True)


def print_report(
    out: Console, report: Report, index: str, seconds: float, *, verbose: bool = False
) -> None:
    """One line of what an ingest did, after lines about what a person should look at."""
    print_unread(out, report, verbose=verbose)
    if report.moved:
        moves = _names([f"{move.old} → {move.new}" for move in report.moved], verbose)
        _say(out, f"{n_of(len(report.moved), 'document')} moved: {moves}", "dim")
    for line in _gone_lines(report, verbose):
        _say(out, line)
    generation = f"{index} is at generation {report.generation}"
    _say(out, f"{counts(report)} in {seconds:.1f} s · {generation}", None)


def print_unread(out: Console, report: Report, *, verbose: bool = False) -> None:
    """Lines about the files that were not read, or whose encoding is doubtful."""
    n_named = len(report.skipped) if verbose else _MAX_SKIPPED
    for file in report.skipped[:n_named]:
        _say(out, f"skipped {shorten(file.path, verbose)}: {file.reason}")
    if len(report.skipped) > n_named:
        _say(out, f"… and {len(report.skipped) - n_named:,} more skipped; --verbose lists them")
    for line in _encoding_lines(report.doubts, verbose):
        _say(out, line)
    for line in _left_out_lines(report.left_out, verbose):
        _say(out, line, "dim")
    for line in _ignored_lines(report.ignored, verbose):
        _say(out, line, "dim")


def _say(out: Console, line: str, style: str | None = "yellow") -> None:
    out.print(on_one_line(line), style=style, soft_wrap=True, markup=False)


def shorten(name: str, verbose: bool) -> str:
    """A very long name without its middle."""
    if verbose or len(name) <= _MAX_NAME_LENGTH:
        return name
    half = _MAX_NAME_LENGTH // 2
    return f"{name[:half]}…{name[-half:]}"


def _names(names: Sequence[str], verbose: bool) -> str:
    few = [shorten(name, verbose) for name in (names if verbose else names[:_N_EXAMPLES])]
    more = f", and {len(names) - len(few):,} more" if len(names) > len(few) else ""
    return ", ".join(few) + more


def _encoding_lines(doubts: Sequence[EncodingWarning], verbose: bool) -> list[str]:
    """A line for each thing that is said of files' encodings."""
    by_reason: dict[str, list[str]] = {}
    for doubt in doubts:
        by_reason.setdefault(doubt.reason, []).append(doubt.path)
    lines = [f"{_names(paths, verbose)}: {reason}" for reason, paths in by_reason.items()]
    few = lines if verbose else lines[:_MAX_SKIPPED]
    more = len(lines) - len(few)
    return few + ([f"… and {more:,} more of this kind; --verbose lists them"] if more else [])


def _left_out_lines(left_out: Sequence[SkippedFile], verbose: bool) -> list[str]:
    """Files of other types in one line; a line for each link or pipe."""
    if verbose:
        return [f"left out {file.path}: {file.reason}" for file in left_out]
    others = [file.path for file in left_out if file.kind == "other-type"]
    lines = [f"left out (other types): {_names(others, verbose)}"] if others else []
    elsewhere = [file.path for file in left_out if file.kind == "collection"]
    if elsewhere:
        lines.append(f"left out (other collections): {_names(elsewhere, verbose)}")
    rest = [file for file in left_out if file.kind not in ("other-type", "collection")]
    lines += [f"left out {file.path}: {file.reason}" for file in rest[:_N_EXAMPLES]]
    more = len(rest) - _N_EXAMPLES
    return lines + ([f"… and {more:,} more left out; --verbose lists them"] if more > 0 else [])


def _ignored_lines(ignored: Sequence[IgnoredPath], verbose: bool) -> list[str]:
    """A line for each reason; with `verbose`, for each file and folder."""
    if verbose:
        return [f"ignored {each.path}: {each.by}" for each in ignored]
    lines = []
    for source in sorted({each.by for each in ignored}):
        paths = [each.path for each in ignored if each.by == source]
        n_folders = sum(path.endswith("/") for path in paths)
        counts = ((len(paths) - n_folders, "file"), (n_folders, "folder"))
        what = " and ".join(n_of(n, noun) for n, noun in counts if n)
        verb = "not matched" if source == INCLUDE else "ignored"
        lines.append(f"{what} {verb} by {source}")
    return lines


def _gone_lines(report: Report, verbose: bool) -> list[str]:
    """A line about the documents whose files are missing, and one about those that are ignored."""
    ignored = set(report.gone_ignored)
    missing = [doc_id for doc_id in report.gone if doc_id not in ignored]
    lines = []
    for doc_ids, what in ((missing, "missing"), (report.gone_ignored, "ignored now")):
        if doc_ids:
            n, verb = len(doc_ids), "is" if len(doc_ids) == 1 else "are"
            files = "1 document's file" if n == 1 else f"{n:,} documents' files"
            them = "it" if n == 1 else "them"
            names = _names(doc_ids, verbose)
            lines.append(f"{files} {verb} {what}: {names}; --prune removes {them}")
    return lines


def counts(report: Report) -> str:
    """The counts of documents, of files that were not read, and of passages, in one line."""
    counts = [
        f"{len(names)} {noun}"
        for noun, names in (
            ("added", report.added),
            ("updated", report.updated),
            ("unchanged", report.unchanged),
            ("removed", report.removed),
            ("skipped", report.skipped),
        )
    ]
    kinds = Counter(file.kind for file in report.left_out)
    n_other, n_generated = kinds.pop("other-type", 0), kinds.pop("generated", 0)
    n_elsewhere, n_links = kinds.pop("collection", 0), kinds.total()
    if n_other:
        counts.append(f"{n_other} of other types left out")
    if n_elsewhere:
        counts.append(f"{n_elsewhere} of other collections left out")
    if n_generated:
        counts.append(f"{n_of(n_generated, 'generated file')} left out")
    if n_links:
        noun = "links or special files" if n_links > 1 else "link or special file"
        counts.append(f"{n_links} {noun} left out")
    passages = f"{n_of(report.n_chunks, 'passage')} encoded"
    return f"{', '.join(counts)} · {passages}, {report.n_reused:,} re-used"
