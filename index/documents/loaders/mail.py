"""Mails and mailboxes: headers, bodies with quotations marked, and attachments as sections."""

from dataclasses import replace
from email.message import Message

from index.documents.loader import Content, LoadOptions
from index.documents.mail.headers import date, header, message_id, sender
from index.documents.mail.mailbox import messages_in
from index.documents.mail.message_text import MessageWriter, parsed
from index.documents.markup_loader import MarkupLoader
from index.documents.markup_text import MarkupText
from index.errors import UnreadableDocument


class MailLoader(MarkupLoader):
    """Loads one mail. Its heading is the subject. Each attachment is a place of kind `part`."""

    def read(self, content: bytes, options: LoadOptions) -> Content:
        message = parsed(content)
        writer = MessageWriter(MarkupText(), options)
        writer.write(message)
        return writer.text.content(
            title=header(message, "subject") or None,
            metadata=_metadata(message),
            warning=writer.warning,
        )


class MailboxLoader(MarkupLoader):
    """Loads a mailbox of the formats mboxo, mboxrd and mboxcl.

    Each message is a section and a place of kind `part`, labelled by its Message-ID, or its number
    from 1 if it has none.
    """

    def read(self, content: bytes, options: LoadOptions) -> Content:
        writer = MessageWriter(MarkupText(), options)
        for number, each in enumerate(messages_in(content), 1):
            try:
                message = parsed(each)
            except UnreadableDocument as error:
                writer.refused.append(f"message {number} ({error})")
                continue
            writer.write(message, label=message_id(message) or str(number))
        if not writer.text.text:
            raise UnreadableDocument(writer.warning or "no message could be read", "damaged")
        # The title is the file's name: the first subject is not that of all messages.
        return replace(writer.text.content(warning=writer.warning), title=None)


def _metadata(message: Message) -> dict[str, str]:
    found = {
        "from": header(message, "from"),
        "to": header(message, "to"),
        "subject": header(message, "subject"),
        "author": sender(message),
        "date": date(message),
    }
    return {name: value for name, value in found.items() if value}
