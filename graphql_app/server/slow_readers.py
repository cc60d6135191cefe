"""The part of both protocols that closes the connections of clients that do not read."""

import asyncio

STALLED_CLIENT_SECONDS = 5.0
"""Seconds after the start of a shutdown after which clients are disconnected that neither read nor send the rest of
their request. Requests that are executed have longer, see `uvicorn_protocols.GRACEFUL_SHUTDOWN_SECONDS`."""


class AbortsSlowReaders(asyncio.Protocol):
    """Aborts the connection of a client that reads nothing of what the server sends."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    read_timeout_seconds = 30.0
    """Seconds without reading after which the connection is aborted."""
    write_timer: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """Start the timer: the write buffer is full."""
        super().pause_writing()
        if self.write_timer is None:
            self.write_timer = self.loop.call_later(self.read_timeout_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the timer: the client reads again."""
        super().resume_writing()
        if self.write_timer is not None:
            self.write_timer.cancel()
            self.write_timer = None

    def is_stalled(self) -> bool:
        """Whether the client does not read what the server sends."""
        return self.write_timer is not None or (
            self.transport.is_closing() and self.transport.get_write_buffer_size() > 0
        )

    def shutdown(self) -> None:
        """Start the graceful shutdown of the connection. A client that is stalled is not waited for until its end."""
        super().shutdown()  # type: ignore[misc]
        self.loop.call_later(STALLED_CLIENT_SECONDS, self.abort_if_stalled)

    def abort_if_stalled(self) -> None:
        """Abort the connection if its client is stalled."""
        if self.is_stalled():
            self.transport.abort()
