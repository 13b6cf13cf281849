"""The connections of a server process, with a limit on their number.

A connection waits while the server expects a request or the rest of one. It stalls while its client
does not read what the server sends. Both have time limits. When there are too many connections, the
one that has waited or stalled longest is closed, so that clients that send at once are served.
"""

import logging
import sys
from collections import Counter, OrderedDict
from dataclasses import dataclass, replace
from typing import Protocol

_FILES_WANTED = 4096
_FILES_OF_OTHERS = 100
"""An upper bound on the open files of the index, the model, the log and the event loop."""

_PATIENCE_S = 0.5
"""Seconds a connection may wait before it can be closed to make room. A request that is sent at
once arrives earlier, even among a thousand new connections."""

IDLE = "were idle"
"""The reason for closing an idle connection; it is not logged."""

_LONGEST = "waited longest when there were too many connections"
_LOG_EVERY_S = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one process grants its clients. Times are in seconds.

    most: connections. Above it, the one that has waited longest is closed for each new one.
    head_s: from the first byte of a request to the end of its headers; also how long a new
        connection may stay silent
    body_s: from the end of the headers to the end of the body: 64 kB at 3 kB a second
    idle_s: between two requests. Longer than common clients keep an unused connection (5 s), so
        that the client is the first to close it.
    stall_s: how long what is sent may find no reader. It is sent in pieces of at most 256 kB.
    linger_s: how long a refused request is still received, so that its client reads the refusal
    head_bytes: of the request line and all headers; a document's id of 4,096 bytes takes 12 kB
        when it is percent-encoded
    n_headers: browsers send some 20
    body_bytes: the longest question and filter that are allowed, with room to spare
    sent_bytes: of a body as it is sent, which may be in chunks of one byte
    upload_bytes: the longest body of an upload; 0 if documents cannot be changed
    upload_bytes_a_s: an upload may take body_s and one more second for each so many bytes received:
        a slow line of .4 Mbit/s suffices, and a client that stops is cut off
    n_pipelined: requests that may wait behind another on one connection
    unread_bytes: of responses that found no reader, of all connections together
    """

    most: int = 1000
    head_s: float = 10
    body_s: float = 20
    idle_s: float = 15
    stall_s: float = 20
    linger_s: float = 2
    head_bytes: int = 64 * 1024
    n_headers: int = 128
    body_bytes: int = 64 * 1024
    sent_bytes: int = 1024 * 1024
    upload_bytes: int = 0
    upload_bytes_a_s: int = 50_000
    n_pipelined: int = 16
    unread_bytes: int = 64 * 1024 * 1024

    def within_file_limit(self) -> "ConnectionLimits":
        """The same, with no more connections than half the files that the process may open: as
        many again may come in before the first are closed."""
        return replace(self, most=max(1, min(self.most, (_files() - _FILES_OF_OTHERS) // 2)))


def _files() -> int:
    """Raise this process's limit on open files to _FILES_WANTED if possible; return the limit."""
    if sys.platform == "win32":  # it has no such limit
        return _FILES_WANTED
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES_WANTED if hard == resource.RLIM_INFINITY else min(_FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return _FILES_WANTED if soft == resource.RLIM_INFINITY else soft


class Peer(Protocol):
    """The methods of a connection that Connections calls."""

    @property
    def n_unread(self) -> int:
        """Bytes that were sent and not yet taken."""

    def overdue(self, now: float) -> str | None:
        """Return the reason to end the connection, or None."""

    def end(self, why: str) -> None:
        """Close the connection, after a message to the client if possible."""


class Connections:
    """The open connections of a process. It belongs to one event loop."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._open: set[Peer] = set()
        self._ending: set[Peer] = set()
        self._waiting: OrderedDict[Peer, float] = OrderedDict()
        self._stalled: OrderedDict[Peer, int] = OrderedDict()
        self._n_unread = 0
        self._ended: Counter[str] = Counter()
        self._logged_at = 0.0

    def __len__(self) -> int:
        return len(self._open)

    def add(self, peer: Peer, now: float) -> None:
        """Add a new connection. If there are too many, close another one."""
        self._open.add(peer)
        self.waits(peer, now)
        if len(self._open) > self.limits.most:
            self._make_room(now)

    def remove(self, peer: Peer) -> None:
        """Remove a closed connection."""
        self._ending.discard(peer)
        self._forget(peer)

    def ends(self, peer: Peer, why: str) -> None:
        """Stop counting a connection that is about to be closed."""
        if peer not in self._open:
            return
        self._forget(peer)
        self._ending.add(peer)
        if why != IDLE:
            self._ended[why] += 1

    def _forget(self, peer: Peer) -> None:
        self._open.discard(peer)
        self._waiting.pop(peer, None)
        self.flows(peer)

    def waits(self, peer: Peer, now: float) -> None:
        """Record that the server waits for this client since `now`."""
        self._waiting[peer] = now
        self._waiting.move_to_end(peer)

    def works(self, peer: Peer) -> None:
        """Record that the client's request is complete."""
        self._waiting.pop(peer, None)

    def stalls(self, peer: Peer) -> None:
        """Record that the client does not read what is sent."""
        self._stalled[peer] = peer.n_unread
        self._n_unread += self._stalled[peer]
        while self._n_unread > self.limits.unread_bytes and self._stalled:
            self._end(next(iter(self._stalled)), "stalled longest when too much was unread")

    def flows(self, peer: Peer) -> None:
        """Record that the client reads again, or is gone."""
        self._n_unread -= self._stalled.pop(peer, 0)

    def sweep(self, now: float) -> None:
        """Close the connections that exceed a time limit. Call this about twice a second."""
        for peer in [*self._open, *self._ending]:
            why = peer.overdue(now)
            if why is not None:
                self._end(peer, why)
        while len(self._open) > self.limits.most and self._end_longest(now):
            pass
        self._log(now)

    def _make_room(self, now: float) -> None:
        if self._end_longest(now) or len(self._open) <= 2 * self.limits.most:
            return
        self._end(next(iter(self._waiting)), _LONGEST)

    def _end_longest(self, now: float) -> bool:
        """Close the connection that has waited or stalled longest; False if none may be closed."""
        if self._waiting:
            peer, since = next(iter(self._waiting.items()))
            if now - since >= _PATIENCE_S:
                self._end(peer, _LONGEST)
                return True
        if self._stalled:
            self._end(next(iter(self._stalled)), _LONGEST)
            return True
        return False

    def _end(self, peer: Peer, why: str) -> None:
        self.ends(peer, why)
        peer.end(why)

    def _log(self, now: float) -> None:
        """Log one line for all closed connections, so that an attacker cannot flood the log."""
        if not self._ended or now - self._logged_at < _LOG_EVERY_S:
            return
        self._logged_at = now
        counts = ", ".join(f"{n:,} {why}" for why, n in self._ended.most_common())
        self._ended.clear()
        _log.warning("Closed connections: %s", counts)
