"""Write a message to a canonical text: headers, body, and attachments as sections."""

import email
from dataclasses import dataclass, field, replace
from email.message import Message
from email.policy import compat32
from pathlib import Path

import regex

from index.documents.appended import append
from index.documents.formats import MAIL, MAILBOX, Format, format_of_file, format_of_media_type
from index.documents.loader import Content, LoadOptions, loader_of
from index.documents.mail.body import write_body
from index.documents.mail.headers import decoded_as, filename, header, is_mail, message_id
from index.documents.mail.mailbox import messages_in
from index.documents.mail.parts import Parts, content_of, message_in, parts_of
from index.documents.markup_text import MarkupText
from index.documents.structure import title_line
from index.documents.text_loader import decoded_text
from index.errors import UnreadableDocument

MAX_NESTED = 8
"""Of messages in each other. Deeper ones are left out."""

_NAMED = ("From", "To", "Cc", "Date")
_FORWARD = regex.compile(r"(?:\[[^\]]*\]\s*)?(?:fwd?|wg|tr|rv|enc|i)\s?:", regex.IGNORECASE)
_NAMES_IN_WARNING = 3


def parsed(content: bytes) -> Message:
    """Return the message of these bytes. Raises UnreadableDocument if they are none."""
    try:
        message: Message = email.message_from_bytes(content.lstrip(), policy=compat32)
    except RecursionError:
        raise UnreadableDocument("its parts are nested too deeply", "damaged") from None
    if not is_mail(message):
        raise UnreadableDocument("not a mail: it has no From, To, Date or Subject", "damaged")
    return message


@dataclass(slots=True)
class MessageWriter:
    """Writes messages to a text. refused: names of parts that could not be read, with reasons."""

    text: MarkupText
    options: LoadOptions
    refused: list[str] = field(default_factory=list)

    @property
    def warning(self) -> str | None:
        if not self.refused:
            return None
        n, first = len(self.refused), "; ".join(self.refused[:_NAMES_IN_WARNING])
        more = "; …" if n > _NAMES_IN_WARNING else ""
        return f"{n} part{'s' * (n > 1)} could not be read: {first}{more}"

    def write(self, message: Message, *, level: int = 1, label: str = "", depth: int = 0) -> None:
        """Write a message.

        level: of its heading
        label: of the part that it is; "" for a file of one message
        depth: the number of messages that it is in
        """
        if label:
            self.text.place("part", label)
        subject = header(message, "subject")
        self.text.heading(level, subject or "(no subject)")
        parts = self._parts(message)
        for name in _NAMED:
            value = header(message, name.lower())
            if value:
                self.text.item(f"{name}: {value}")
        for part in parts.attachments:
            self.text.item(f"Attachment: {_name(part)}")
        for part in parts.bodies:
            self._write_body(part, level + 1, _FORWARD.match(subject) is not None)
        for part in parts.attachments:
            self._write_attachment(part, level + 1, label, depth)

    def _parts(self, message: Message) -> Parts:
        try:
            return parts_of(message)
        except RecursionError:
            self.refused.append("text (its parts are nested too deeply)")
            return Parts()

    # Bodies

    def _write_body(self, part: Message, level: int, is_forward: bool) -> None:
        content = content_of(part)
        if not content.strip():
            return
        try:
            source = self._decoded(content, part.get_content_charset())
            if part.get_content_type() == "text/html":
                self._write_html(source, level)
            else:
                write_body(source, self.text, level=level, is_forward=is_forward)
        except UnreadableDocument as error:
            if error.kind != "empty":
                self.refused.append(f"text ({error})")

    def _write_html(self, source: str, level: int) -> None:
        from index.documents.html.page_text import write_source

        with self.text.part(below=level - 1):
            write_source(source, self.text)

    def _decoded(self, content: bytes, charset: str | None) -> str:
        text = decoded_as(content, charset)
        if text is None or "\0" in text:
            text = decoded_text(content, replace(self.options, fallback=None))[0]
        return text.replace("\r\n", "\n").replace("\r", "\n")

    # Attachments

    def _write_attachment(self, part: Message, level: int, label: str, depth: int) -> None:
        name = _name(part)
        label = " / ".join(filter(None, [label, name]))
        try:
            message = message_in(part)
            if message is not None:
                self._write_messages([message], level, label, depth)
                return
            format = _format(part, name)
            if format is None:
                return
            if format.media_type in (MAIL, MAILBOX):
                split = messages_in if format.media_type == MAILBOX else _one
                found = [parsed(each) for each in split(content_of(part))]
                self._write_messages(found, level, label, depth)
                return
            options = replace(self.options, fallback=None)
            content = loader_of(format).load(content_of(part), options)
            self._write_content(content, format, name, label, level)
        except UnreadableDocument as error:
            self.refused.append(f"{name} ({error})")

    def _write_messages(self, messages: list[Message], level: int, label: str, depth: int) -> None:
        if depth + 1 >= MAX_NESTED:
            raise UnreadableDocument(f"in more than {MAX_NESTED} messages", "too-large")
        for message in messages:
            own = message_id(message) if len(messages) > 1 else ""
            each = " / ".join(filter(None, [label, own]))
            self.write(message, level=level, label=each, depth=depth + 1)

    def _write_content(
        self, content: Content, format: Format, name: str, label: str, level: int
    ) -> None:
        self.text.place("part", label)
        self.text.heading(level, f"Attachment: {name}")
        if content.warning:
            self.refused.append(f"{name} ({content.warning})")
        if format.notation == "plain":
            _write_plain(content, self.text, level)
        else:
            append(self.text, content, below=level, within=label)


def _one(content: bytes) -> list[bytes]:
    return [content]


def _name(part: Message) -> str:
    message = message_in(part)
    subject = header(message, "subject") if message is not None else ""
    return filename(part) or subject or part.get_content_type()


def _format(part: Message, name: str) -> Format | None:
    return format_of_file(Path(name)) or format_of_media_type(part.get_content_type())


def _write_plain(content: Content, text: MarkupText, level: int) -> None:
    """Write a plain text: its headings and paragraphs."""
    for block in content.blocks:
        raw = block.span.of(content.text)
        if block.kind == "heading":
            text.heading(level + block.level, title_line(raw))
        else:
            text.paragraph(raw, lists=True)
