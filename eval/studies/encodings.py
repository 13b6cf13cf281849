"""Measure how often a file's encoding is guessed right: `python -m eval.studies.encodings`.

Each text is encoded in each of its encodings, at three lengths: its first sentence, its first
three, and all of it. A guess is right if the decoded text equals the original.
`--catalogs /usr/share/locale` uses the operating system's translations as texts; `--capitals`
converts the texts to capitals.
"""

import argparse
import gettext
import random
import tomllib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index.documents.charset import decoded
from index.errors import UnreadableDocument

TEXTS = Path(__file__).with_name("encoding_texts.toml")
LENGTHS = ("short", "medium", "long")
OUTCOMES = ("right", "right, not sure", "wrong, not sure", "wrong and silent", "skipped")

_CATALOGS = {
    "french": "fr", "german": "de", "spanish": "es", "portuguese": "pt", "swedish": "sv",
    "danish": "da", "polish": "pl", "czech": "cs", "hungarian": "hu", "romanian": "ro",
    "russian": "ru", "ukrainian": "uk", "bulgarian": "bg", "greek": "el", "turkish": "tr",
    "hebrew": "he", "arabic": "ar", "lithuanian": "lt", "latvian": "lv", "thai": "th",
    "vietnamese": "vi", "japanese": "ja", "chinese-simplified": "zh_CN",
    "chinese-traditional": "zh_TW", "korean": "ko",
}  # fmt: skip
_SIZES = {"short": 60, "medium": 300, "long": 2000}
_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class Case:
    """A text and the encoding of its bytes. length: one of LENGTHS"""

    language: str
    encoding: str
    length: str
    text: str

    @property
    def content(self) -> bytes:
        return self.text.encode(self.encoding)


def cases() -> Iterator[Case]:
    """Yield the texts of encoding_texts.toml."""
    for language, entry in tomllib.loads(TEXTS.read_text(encoding="utf-8")).items():
        sentences = entry["text"].strip().split("\n")
        for length, n in zip(LENGTHS, (1, 3, len(sentences)), strict=True):
            text = "\n".join(sentences[:n]) + "\n"
            for encoding in entry["encodings"]:
                yield _case(language, encoding, length, text)


def catalog_cases(folder: Path) -> Iterator[Case]:
    """Yield texts of random messages from the translations in a folder like /usr/share/locale."""
    texts = tomllib.loads(TEXTS.read_text(encoding="utf-8"))
    draw = random.Random(0)
    for language, code in _CATALOGS.items():
        messages = _messages(folder / code / "LC_MESSAGES")
        for length, size in _SIZES.items():
            for _ in range(_SAMPLES if messages else 0):
                text = ""
                while len(text) < size or text.isascii():
                    text += draw.choice(messages) + "\n"
                for encoding in texts[language]["encodings"]:
                    yield _case(language, encoding, length, text)


def _messages(folder: Path) -> list[str]:
    messages = []
    for file in sorted(folder.glob("*.mo")):
        with file.open("rb") as stream:
            try:
                catalog: dict[object, str] = vars(gettext.GNUTranslations(stream))["_catalog"]
            except (UnicodeDecodeError, OSError):  # a catalog that is not well formed
                continue
        messages += [
            message.strip()
            for original, message in catalog.items()
            if original and original != message and len(message) > 25 and "%" not in message
        ]
    return messages


def _case(language: str, encoding: str, length: str, text: str) -> Case:
    if encoding == "cp1258":
        text = _decompose_tones(text)
    return Case(language, encoding, length, text.encode(encoding, "ignore").decode(encoding))


def _decompose_tones(text: str) -> str:
    """Write Vietnamese as cp1258 does: a letter with its diacritic, then a combining tone mark."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    decomposed = ""
    for character in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", character)
        letter = "".join(part for part in parts if part not in tones)
        tone = "".join(part for part in parts if part in tones)
        decomposed += unicodedata.normalize("NFC", letter) + tone
    return decomposed


def classify(case: Case) -> str:
    """Decode the bytes of a case and return one of OUTCOMES."""
    try:
        reading = decoded(case.content)
    except UnreadableDocument:
        return "skipped"
    if reading.text == case.text:
        return "right" if reading.warning is None else "right, not sure"
    return "wrong and silent" if reading.warning is None else "wrong, not sure"


def table(all_cases: Iterator[Case]) -> str:
    """Return a Markdown table: a row an encoding, over its languages, and one for all cases."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for case in all_cases:
        counts[case.encoding][classify(case)] += 1
    counts["all"] = sum(counts.values(), Counter())
    lines = ["| encoding | " + " | ".join(OUTCOMES) + " |", "|---" * (len(OUTCOMES) + 1) + "|"]
    for encoding, count in counts.items():
        lines.append(f"| {encoding} | " + " | ".join(str(count[o]) for o in OUTCOMES) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalogs", type=Path, help="a folder of translations, LANGUAGE/….mo")
    parser.add_argument("--capitals", action="store_true", help="convert the texts to capitals")
    options = parser.parse_args()
    all_cases = catalog_cases(options.catalogs) if options.catalogs else cases()
    if options.capitals:
        all_cases = (_case(c.language, c.encoding, c.length, c.text.upper()) for c in all_cases)
    print(table(all_cases))


if __name__ == "__main__":
    main()
