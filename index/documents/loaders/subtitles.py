"""Subtitles: SubRip and WebVTT. Captions that follow each other are one paragraph."""

from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

import regex

from index.documents.loader import Content, LoadOptions
from index.documents.markup_loader import MarkupLoader
from index.documents.markup_text import MarkupText, one_line
from index.documents.text_loader import decoded_text
from index.errors import UnreadableDocument

_TIME = r"(?:(\d{1,3}):)?(\d{2}):(\d{2})[.,](\d{3})"
_CUE = regex.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}.*")
_VOICE = regex.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_TAG = regex.compile(r"</?[a-z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}", regex.IGNORECASE)
_PAUSE_S = 4.0
"""A longer pause between two captions begins a paragraph."""


class _Cue(NamedTuple):
    start_s: float
    end_s: float
    text: str


class SubtitlesLoader(MarkupLoader):
    """Loads SubRip and WebVTT files. A citation has the times at which its first and last caption
    begin. Notes, styles, positions and tags are left out; the name of a voice stays."""

    def read(self, content: bytes, options: LoadOptions) -> Content:
        text, metadata, warning = decoded_text(content, options)
        written = MarkupText()
        paragraph: list[_Cue] = []
        for cue in _cues(text):
            if paragraph and cue.start_s - paragraph[-1].end_s > _PAUSE_S:
                _write(written, paragraph)
                paragraph = []
            paragraph.append(cue)
        _write(written, paragraph)
        if not written.text:
            raise UnreadableDocument("has no captions with times", "damaged")
        return written.content(metadata=metadata, warning=warning)


def _write(written: MarkupText, cues: list[_Cue]) -> None:
    written.lines([("time", _clock(cue.start_s), cue.text) for cue in cues])


def _cues(text: str) -> Iterator[_Cue]:
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        times = _CUE.fullmatch(lines[at])
        at += 1
        if times is None:
            continue
        caption = []
        while at < len(lines) and lines[at].strip() and _CUE.fullmatch(lines[at]) is None:
            caption.append(lines[at])
            at += 1
        said = _said(" ".join(caption))
        if said:
            yield _Cue(_seconds(times.groups()[:4]), _seconds(times.groups()[4:]), said)


def _said(caption: str) -> str:
    named = _VOICE.sub(lambda voice: f"{voice.group(1).strip()}: ", caption)
    return one_line(unescape(_TAG.sub("", named)))


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    return 3600 * hours + 60 * minutes + seconds + thousandths / 1000


def _clock(seconds: float) -> str:
    """Return hours, minutes and seconds.

    >>> _clock(65.5)
    '00:01:05'
    """
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}"
