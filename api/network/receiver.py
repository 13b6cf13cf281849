"""uvicorn's HTTP parsing with limits on the size of requests."""

from dataclasses import dataclass
from typing import NoReturn

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.network.connections import ConnectionLimits
from api.routes.document_ids import WRITING_IS_OFF, is_upload

_PIECE = 4096
"""Bytes that are parsed between two checks of the limits."""

_UPGRADE_HEADERS = (b"connection", b"upgrade", b"http2-settings")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The status and text for a request that is refused before it is read completely."""

    status: int
    detail: str


class _ParsingEnds(Exception):
    """Stops the parser. It must not hold the refusal, because its traceback would then keep the
    received bytes in memory."""


class Receiver(HttpToolsProtocol):
    """Refuses requests that are too large while they are received.

    in_head:    the first byte of a request was received, and the end of its headers was not
    in_body:    the headers were received, and the end of the body was not
    refused:    a request was refused; later bytes are not parsed
    uploads:    the request uploads documents, so its body may be longer
    n_received: bytes of the current head or body, as sent
    """

    limits: ConnectionLimits
    in_head = in_body = refused = False
    n_received = 0
    _n_piece = 0
    uploads = False
    _n_body = 0
    _ignores_upgrade = False
    _refusal: Refusal | None = None

    def refuse(self, refusal: Refusal) -> None:
        """Answer with a problem, and read nothing more."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        if self.refused:
            self.n_received += len(data)
            if self.n_received > self.limits.sent_bytes:
                self.transport.abort()
            return
        self._unset_keepalive_if_required()
        for start in range(0, len(data), _PIECE):
            self._parse(data[start : start + _PIECE])
            if self._is_over():
                return

    def _is_over(self) -> bool:
        return self.refused or self.transport.is_closing()

    def _parse(self, piece: bytes) -> None:
        self._n_piece = len(piece)
        self.n_received += len(piece)
        try:
            self.parser.feed_data(piece)
            self._check_size()
        except httptools.HttpParserUpgrade as upgrade:
            self._parse(self._head_without_upgrade() + piece[upgrade.args[0] :])
        except (httptools.HttpParserError, _ParsingEnds):
            # The parser converts exceptions in callbacks to its own.
            self.refuse(self._refusal or Refusal(400, "this is not an HTTP/1.1 request; send one"))

    def _head_without_upgrade(self) -> bytes:
        """Return the head of the request without its upgrade headers, and reset the parser.

        After an upgrade the parser expects another protocol. But clients that offer HTTP/2 send
        the body of this request as HTTP/1.1.
        """
        self._ignores_upgrade = False
        self.parser = httptools.HttpRequestParser(self)
        headers = [header for header in self.headers if header[0] not in _UPGRADE_HEADERS]
        line = b"%s %s HTTP/1.1" % (self.scope["method"].encode(), self.url)
        return b"\r\n".join([line, *map(b": ".join, headers), b"", b""])

    def _check_size(self) -> None:
        if self.in_head:
            self._check_head()
        elif self.in_body and self.n_received > (most := self._most_sent()):
            self._raise(413, f"the chunked body exceeds {most:,} bytes; send larger chunks")

    def _check_head(self) -> None:
        most = self.limits.head_bytes
        if self.n_received <= most:
            return
        if len(self.url) > most // 2:
            self._raise(414, f"the request has more than {most:,} bytes; send a shorter address")
        self._raise(431, f"the headers have more than {most:,} bytes; send fewer or shorter ones")

    def _most_sent(self) -> int:
        return self.limits.sent_bytes + (self.limits.upload_bytes if self.uploads else 0)

    def _check_body(self, n_bytes: int) -> None:
        most = self.limits.body_bytes
        if self.uploads:
            most = max(most, self.limits.upload_bytes)
        if n_bytes <= most:
            return
        if not self.uploads:
            self._raise(413, f"the body has more than {most:,} bytes; send a shorter one")
        if not self.limits.upload_bytes:
            self._raise(403, WRITING_IS_OFF)
        self._raise(
            413,
            f"the body has more than {most:,} bytes, the setting upload_mb; send less at once, or "
            "start the service with a higher limit (RAG_UPLOAD_MB)",
        )

    def _raise(self, status: int, detail: str) -> NoReturn:
        self._refusal = Refusal(status, detail)
        raise _ParsingEnds

    # The parser's callbacks

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.in_head, self.uploads = True, False
        self.n_received, self._n_body = self._n_piece, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        most = self.limits.n_headers
        if len(self.headers) == most:
            self._raise(431, f"there are more than {most} headers; send fewer")
        if name.lower() == b"content-length" and value.isdigit():
            self.uploads = is_upload(self.parser.get_method(), self.url)
            self._check_body(int(value[:20]))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._check_head()
        if self.parser.get_method() == b"CONNECT":
            self._raise(501, "this service is not a proxy; connect to the target itself")
        if self.parser.should_upgrade():
            self.scope["method"] = self.parser.get_method().decode("ascii")
            self._ignores_upgrade = True
            return
        if b"://" in self.url and not self.url.startswith(b"/"):
            self._take_host_of_target()
        if len(self.pipeline) == self.limits.n_pipelined:
            self._raise(429, "too many requests are waiting on this connection; use another")
        self.uploads = is_upload(self.parser.get_method(), self.url)
        super().on_headers_complete()
        self.in_head, self.in_body = False, True
        self.n_received = 0

    def _take_host_of_target(self) -> None:
        """Use the host of `GET http://host/path` in place of the Host header (RFC 9112, 3.2.2)."""
        authority = self.url.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0]
        self.headers[:] = [header for header in self.headers if header[0] != b"host"]
        self.headers.append((b"host", authority))

    def on_body(self, body: bytes) -> None:
        self._n_body += len(body)
        self._check_body(self._n_body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._ignores_upgrade:
            return
        super().on_message_complete()
        self.in_body = False
