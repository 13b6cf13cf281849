"""Mails as the standard library writes them, and mailboxes of the format mboxo."""

import re
from email.message import EmailMessage

SEPARATOR = b"From ada@example.org Fri Nov 27 02:00:54 2026\n"


def mail_of(subject: str, body: str, attached: str | None = None) -> bytes:
    """A mail, and a Markdown file that is attached to it. Equal texts give equal bytes."""
    mail = EmailMessage()
    mail["From"] = "Ada Byron <ada@example.org>"
    mail["Subject"] = " ".join("".join(c for c in subject if c.isprintable()).split())
    mail.set_content(body)
    if attached is not None:
        mail.add_attachment(attached, subtype="markdown", filename="notes.md")
        mail.set_boundary("=-=-=")
    return mail.as_bytes()


def mailbox_of(mails: list[bytes]) -> bytes:
    escaped = (re.sub(b"^From ", b">From ", mail, flags=re.MULTILINE) for mail in mails)
    return b"".join(SEPARATOR + mail + b"\n" for mail in escaped)
