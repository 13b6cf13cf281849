"""The parts of a mail: what is read as its body, and what is attached."""

from dataclasses import dataclass, field
from email.message import Message

from index.documents.mail.headers import filename

_BODIES = frozenset({"text/plain", "text/html"})


@dataclass(slots=True)
class Parts:
    """The parts of a message, in order, without those of messages in it."""

    bodies: list[Message] = field(default_factory=list)
    attachments: list[Message] = field(default_factory=list)

    def add(self, other: "Parts") -> None:
        self.bodies += other.bodies
        self.attachments += other.attachments


def parts_of(message: Message) -> Parts:
    """Return the parts of a message.

    Of alternatives, the plain text is the body if it has a visible character, else the last one.
    Signatures and pictures within the text are left out.
    """
    kind = message.get_content_type()
    children = _children(message)
    if children is None:
        return _leaf(message, kind)
    if kind == "multipart/alternative":
        return _alternative([parts_of(child) for child in children])
    if kind == "multipart/signed":
        children = children[:1]
    parts = Parts()
    for child in children:
        parts.add(parts_of(child))
    return parts


def content_of(part: Message) -> bytes:
    """Return the decoded bytes of a part; empty if it has none."""
    try:
        content = part.get_payload(decode=True)
    except ValueError:
        return b""
    return content if isinstance(content, bytes) else b""


def message_in(part: Message) -> Message | None:
    """Return the message that a part of type message/rfc822 contains, or None."""
    payload = part.get_payload()
    if part.get_content_type() != "message/rfc822" or not isinstance(payload, list):
        return None
    first = payload[0] if payload else None
    return first if isinstance(first, Message) else None


def _children(message: Message) -> list[Message] | None:
    payload = message.get_payload()
    if message.get_content_maintype() != "multipart" or not isinstance(payload, list):
        return None
    return [child for child in payload if isinstance(child, Message)]


def _leaf(part: Message, kind: str) -> Parts:
    is_body = kind in _BODIES or part.get_content_maintype() == "multipart"
    if is_body and part.get_content_disposition() != "attachment" and not filename(part):
        return Parts(bodies=[part])
    if part.get_content_maintype() == "image" and "content-id" in part:
        return Parts()
    return Parts(attachments=[part])


def _alternative(choices: list[Parts]) -> Parts:
    with_bodies = [choice for choice in choices if choice.bodies]
    plain = (choice for choice in with_bodies if _is_visible_text(choice.bodies))
    best = next(plain, with_bodies[-1] if with_bodies else Parts())
    attachments = [part for choice in choices for part in choice.attachments if filename(part)]
    return Parts(best.bodies, attachments)


def _is_visible_text(bodies: list[Message]) -> bool:
    are_plain = all(body.get_content_type() == "text/plain" for body in bodies)
    return are_plain and any(content_of(body).strip() for body in bodies)
