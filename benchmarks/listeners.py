"""A process of many minimal WebSocket clients. Each line on standard input prints the messages since the last as JSON.

A client library would cost more CPU than the server. These clients receive 20,000 frames per second with half a core.
"""

import asyncio
import json
import os
import struct
import sys
import time

HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\nAuthorization: Bearer %s\r\n\r\n"
)
QUERY = "subscription { shipmentChanged { cursor op shipmentSeq shipment { id number status version } } }"
MARK = b'"cursor":"'


def frame(message: object) -> bytes:
    """A masked text frame; the mask is zero."""
    body = json.dumps(message).encode()
    return (
        b"\x81"
        + (bytes([0x80 | len(body)]) if len(body) < 126 else struct.pack(">BH", 0xFE, len(body)))
        + bytes(4)
        + body
    )


class Listener(asyncio.Protocol):
    """One client. `arrived`: cursor and arrival time of each message."""

    def __init__(self, query: str, key: str) -> None:
        self.query, self.key = query, key
        self.buffer = b""
        self.upgraded = False
        self.arrived: list[tuple[bytes, float]] = []
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.end_reason = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.transport.write(HANDSHAKE % self.key.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self.end_reason = self.end_reason or "connection lost"

    def data_received(self, data: bytes) -> None:
        now = time.time()
        data = self.buffer + data
        position = 0
        if not self.upgraded:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self.buffer = data
                return
            position, self.upgraded = end + 4, True
            self.transport.write(frame({"type": "connection_init"}))
        while len(data) - position >= 2:
            size, start = data[position + 1] & 0x7F, position + 2
            if size == 126:
                if len(data) - position < 4:
                    break
                size, start = int.from_bytes(data[position + 2 : position + 4], "big"), position + 4
            if len(data) - start < size:
                break
            self.message(data[position] & 15, data[start : start + size], now)
            position = start + size
        self.buffer = data[position:]

    def message(self, opcode: int, body: bytes, now: float) -> None:
        """Process one frame."""
        if opcode == 9:
            self.transport.write(bytes([0x8A, 0x80 | len(body)]) + bytes(4) + body)
        elif opcode != 1:
            self.end_reason = f"closed: {body[2:].decode(errors='replace')}"
        elif (position := body.find(MARK)) >= 0 and b'"next"' in body[:30]:
            self.arrived.append((body[position + len(MARK) : position + len(MARK) + 28], now))
        elif b"connection_ack" in body:
            self.transport.write(frame({"id": "1", "type": "subscribe", "payload": {"query": self.query}}))
            self.ready.set_result(None)
        else:
            self.end_reason = body.decode()


async def main(port: int, number: int, key: str) -> None:
    """Connect, print `ready`; for each line on standard input print the messages since the last one."""
    loop = asyncio.get_running_loop()
    listeners = []
    for _ in range(number):
        _, listener = await loop.create_connection(lambda: Listener(QUERY, key), "127.0.0.1", port)
        listeners.append(listener)
        if len(listeners) % 50 == 0:
            await asyncio.gather(*(listener.ready for listener in listeners))
    await asyncio.gather(*(listener.ready for listener in listeners))
    print("ready", flush=True)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        arrived = [[(cursor.decode(), at) for cursor, at in listener.arrived] for listener in listeners]
        ended = sorted({listener.end_reason for listener in listeners if listener.end_reason})
        times = os.times()
        print(json.dumps({"arrived": arrived, "over": ended, "cpu": times.user + times.system}), flush=True)
        for listener in listeners:
            listener.arrived.clear()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
