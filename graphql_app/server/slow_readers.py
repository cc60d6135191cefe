"""The part of both protocols that closes the connections of clients that do not read."""

import asyncio


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
