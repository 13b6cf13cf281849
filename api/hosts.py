"""Refuse requests that web pages of other sites send, so that they cannot read documents.

A page can make its own host name resolve to this machine (DNS rebinding). The browser then treats
this service as part of the page's site, but sends that name as Host. A page can also send
cross-site requests; the browser marks these with Origin or Sec-Fetch-Site.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.error_handler import on_error
from index.errors import BadInput
from rag.settings import Settings

ANY = "*"
_LOCAL = ("localhost", "127.0.0.1", "::1")
_ALL_ADDRESSES = ("0.0.0.0", "::")
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/?#@\\,\"'<>]+)(?::(?P<port>\d{1,5}))?")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[^/]+)")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Host:
    """A normalized host: a name in lower case, or an address in its shortest form."""

    name: str
    port: int | None = None

    @classmethod
    def of(cls, text: str) -> "Host | None":
        """Parse `name`, `name:port`, `[address]` or `[address]:port`; None for other texts."""
        match = _HOST.fullmatch(text)
        if match is None:
            return None
        port = match["port"] and int(match["port"])
        name = normal_form(match["name"].strip("[]"))
        return None if port and port > 65535 else cls(name, port or None)


def normal_form(name: str) -> str:
    """Return the normalized spelling of a name or address."""
    name = name.lower().removesuffix(".").partition("%")[0]
    try:
        address = ip_address(name)
    except ValueError:
        return name
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


class AllowedHosts:
    """The host names that requests may use: localhost, the names in the settings, and the address
    that the connection was made to. `*` allows any."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Raises BadInput for a text that is no host name, such as a URL or a path."""
        self._names = {_check_name(name) for name in (*_LOCAL, *names)}

    @classmethod
    def of(cls, settings: Settings) -> "AllowedHosts":
        """Return the allowed hosts of the settings. Raises BadInput."""
        bound_to = () if settings.host in _ALL_ADDRESSES else (settings.host.partition("%")[0],)
        return cls([*bound_to, *settings.allowed_hosts])

    def allow(self, host: Host, address: str | None) -> bool:
        """Whether a request may use this host. address: this machine's end of the connection."""
        if ANY in self._names or host.name in self._names:
            return True
        return address is not None and host.name == normal_form(address)


def _check_name(name: str) -> str:
    # Settings may contain an IPv6 address without brackets.
    host = Host.of(f"[{name}]" if name.count(":") > 1 and "[" not in name else name)
    if host is None or host.port is not None:
        raise BadInput(
            f"allowed_hosts: {name!r} is not a host name; use a name such as docs.example or "
            "192.0.2.7, without http:// and without a port"
        )
    return host.name


_FOREIGN = "the request comes from another site ({}); only this service's own pages may send one"

_CHECKED_HEADERS = frozenset((b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode"))
_MAX_ACCEPTED = 100

_HostKey = tuple[str, str, tuple[tuple[bytes, bytes], ...]]


def _host_key(scope: Scope) -> _HostKey:
    """Return the parts of a request that the check depends on, as a key for a set of accepted
    requests. A check takes 7 of the 130 microseconds in which a cached answer is sent."""
    headers = tuple(header for header in scope["headers"] if header[0] in _CHECKED_HEADERS)
    server = scope.get("server") or ("",)
    return server[0], scope["http_version"], headers


class HostCheck:
    """Refuses requests to other host names, and requests that a browser sends for another site."""

    def __init__(self, app: ASGIApp, hosts: AllowedHosts) -> None:
        self._app = app
        self._hosts = hosts
        self._accepted: set[_HostKey] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _host_key(scope) not in self._accepted:
            request = Request(scope)
            refusal = self._refusal(request)
            if refusal is not None:
                response = await on_error(request, refusal)
                return await response(scope, receive, send)
            if len(self._accepted) < _MAX_ACCEPTED:
                self._accepted.add(_host_key(scope))
        return await self._app(scope, receive, send)

    def _refusal(self, request: Request) -> HTTPException | None:
        host_headers = request.headers.getlist("host")
        if len(host_headers) > 1:
            return _refuse_malformed(f"there are {len(host_headers)} Host headers; send one")
        if not host_headers:
            if request.scope["http_version"] == "1.0":
                return None  # no browser sends such a request
            return _refuse_malformed("there is no Host header; send one")
        host = Host.of(host_headers[0])
        if host is None:
            return _refuse_malformed(
                f"the Host header {_quote(host_headers[0])} is invalid; send a name or an address"
            )
        server = request.scope.get("server")
        if not self._hosts.allow(host, server[0] if server else None):
            return HTTPException(
                421,
                f"the host name {_quote(host.name)} is not allowed; use the service's address, or "
                "add the name to the setting allowed_hosts (RAG_ALLOWED_HOSTS)",
            )
        return _refuse_foreign(request, host)


def _refuse_malformed(detail: str) -> HTTPException:
    return HTTPException(400, detail, {"Connection": "close"})


def _refuse_foreign(request: Request, host: Host) -> HTTPException | None:
    """Return the refusal of a request that a browser sends for a page of another site, or None."""
    origins = request.headers.getlist("origin")
    if any(not _is_origin_of(origin, host) for origin in origins):
        return HTTPException(403, _FOREIGN.format(_quote(", ".join(origins))))
    # Browsers send no Origin for embedded content and for links. Following a link is harmless.
    site, mode = (request.headers.get(f"sec-fetch-{name}") for name in ("site", "mode"))
    if not origins and site in ("cross-site", "same-site") and mode != "navigate":
        return HTTPException(403, _FOREIGN.format(site))
    return None


def _is_origin_of(origin: str, host: Host) -> bool:
    """Whether an origin has this host and port. Both schemes are accepted, because a proxy may have
    terminated TLS. A missing port means the scheme's default."""
    match = _ORIGIN.fullmatch(origin)
    own = Host.of(match["host"]) if match else None
    if match is None or own is None:
        return False
    default = _PORTS[match["scheme"]]
    return (own.name, own.port or default) == (host.name, host.port or default)


def _quote(text: str) -> str:
    return repr(text[:100])
