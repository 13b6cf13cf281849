"""A format whose loader does what its file says: hang, crash, take memory, read, write, connect."""

import os
import socket
import time
from pathlib import Path

from index.documents.formats import Format
from index.documents.loader import Content, LoadOptions
from index.documents.markup_loader import MarkupLoader
from index.documents.markup_text import MarkupText

HOSTILE = Format(
    "hostile",
    "text/x-hostile",
    (".hostile",),
    "hostile_format:HostileLoader",
    notation="blocks",
    isolated=True,
)


class HostileLoader(MarkupLoader):
    def read(self, content: bytes, options: LoadOptions) -> Content:
        deed, _, target = content.decode().partition(" ")
        text = MarkupText()
        text.heading(1, "Process")
        text.paragraph(str(os.getpid()))
        match deed:
            case "hang":
                time.sleep(600)
            case "spin":
                while True:
                    pass
            case "crash":
                os.abort()
            case "leave":
                os._exit(3)
            case "allocate":
                bytearray(4 << 30)
            case "recurse":
                self.read(content, options)
            case "raise":
                raise KeyError(target)
            case "print":
                print("x" * 100_000, flush=True)
            case "read":
                text.paragraph(Path(target).read_text())
            case "write":
                Path(target).write_text("x")
            case "connect":
                socket.create_connection(("127.0.0.1", int(target)))
        return text.content(metadata={"deed": deed})
