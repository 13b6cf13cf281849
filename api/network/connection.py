"""A client's connection, with limits on the time to send requests and to read responses."""

import asyncio
from asyncio import CancelledError
from typing import ClassVar

from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from api.network.connections import IDLE, Connections
from api.network.receiver import Receiver, Refusal
from api.problems import blank_problem, raw_response

_MAX_PATH = 1000

_LATE = "sent a request too slowly"
_REFUSED = "sent a request that was not read completely"
_UNREAD = "did not read a response"


class Connection(Receiver):
    """Closes itself when the client is too slow, and cancels the work when the client is gone."""

    peers: ClassVar[Connections]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.limits = self.peers.limits
        self._since = self.loop.time()
        self._idle_s = self.limits.head_s
        self._stalled_since: float | None = None
        self._ends_at: float | None = None
        self._running: RequestResponseCycle | None = None
        self._task: asyncio.Task[None] | None = None
        self.peers.add(self, self._since)

    def connection_lost(self, exc: Exception | None) -> None:
        self.peers.remove(self)
        self.pipeline.clear()
        super().connection_lost(exc)
        self._drop()

    def _drop(self) -> None:
        """Cancel the current request: nobody can read its response. A question that waits is
        dropped; a running search cannot be stopped."""
        if self._running is None or self._at_rest():
            return
        self._running.disconnected = True
        self._running.message_event.set()
        if self._task is not None:
            self._task.cancel()

    def _at_rest(self) -> bool:
        """Whether all received requests are answered."""
        return self._running is None or self._running.response_complete

    def _rest(self) -> None:
        self._since = self.loop.time()
        self._idle_s = self.limits.idle_s
        self.peers.waits(self, self._since)

    # What comes in

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._since = self.loop.time()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._since = self.loop.time()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self.in_head:  # it is parsed once more
            return
        if self._at_rest():
            self._rest()
        else:
            self.peers.works(self)

    # What goes out

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """As in uvicorn, except that the task is stored, to cancel it."""
        self._running = cycle
        task = self.loop.create_task(cycle.run_asgi(_until_disconnected(app, cycle)))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)
        self._task = task

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._at_rest() and not self.in_body and not self.transport.is_closing():
            self._rest()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled_since = self.loop.time()
        self.peers.stalls(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stalled_since = None
        self.peers.flows(self)

    @property
    def n_unread(self) -> int:
        return int(self.transport.get_write_buffer_size())

    # Its end

    def refuse(self, refusal: Refusal) -> None:
        """Send a problem and parse nothing more. Responses to earlier requests are sent first."""
        if self.transport.is_closing():
            return
        self.refused = True
        self.n_received = 0
        self.peers.ends(self, _REFUSED)
        if not self._at_rest() and not (self.in_body and self._running is self.cycle):
            cycle = self.pipeline[0][0] if self.pipeline else self._running
            assert cycle is not None
            cycle.keep_alive = False
        elif self.in_body and self.cycle.response_started:
            self.transport.close()
        else:
            self._drop()
            self._say(refusal)

    def _say(self, refusal: Refusal) -> None:
        problem = blank_problem(refusal.status, refusal.detail, self._path())
        self.transport.write(raw_response(problem))
        self._ends_at = self.loop.time() + self.limits.linger_s
        # Closing at once would reset the connection of a client that still sends, and the client
        # would not read the response.
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _path(self) -> str:
        """Return the path of the request that is being received; `/` if it is not known."""
        path = self.url.partition(b"?")[0] if self.in_head or self.in_body else b""
        return path.decode("ascii", "replace")[:_MAX_PATH] if path.startswith(b"/") else "/"

    def overdue(self, now: float) -> str | None:
        """Return the reason to end the connection at the time `now`, or None."""
        if self._ends_at is None and self.transport.is_closing():
            self._ends_at = now + self.limits.stall_s  # to take what is left
        if self._ends_at is not None:
            return _UNREAD if now > self._ends_at else None
        if self._stalled_since is not None:
            return _UNREAD if now - self._stalled_since > self.limits.stall_s else None
        if self.refused:
            return None  # it ends with the answer that is under way
        if self.in_head or self.in_body:
            limit_s = self.limits.head_s if self.in_head else self.limits.body_s
            if self.uploads:
                limit_s += self.n_received / self.limits.upload_bytes_a_s
            return _LATE if now - self._since > limit_s else None
        if not self._at_rest():
            return None  # it is the client who waits
        return IDLE if now - self._since > self._idle_s else None

    def end(self, why: str) -> None:
        """Close the connection. A client that sends too slowly gets status 408 first."""
        if why == _LATE:
            self.refuse(
                Refusal(408, "the request took too long to arrive; send it again without pauses")
            )
        elif why == IDLE and not self.n_unread:
            self.transport.close()
        else:
            self.transport.abort()


def _until_disconnected(app: ASGI3Application, cycle: RequestResponseCycle) -> ASGI3Application:
    """Wrap the app so that a cancellation because the client is gone raises no error."""

    async def run(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        try:
            await app(scope, receive, send)
        except CancelledError:
            if not cycle.disconnected:
                raise

    return run
