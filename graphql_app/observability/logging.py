"""What is worth knowing → a line in the log, a number in /metrics. Takes nothing from a request but its id."""

import logging
import time
from contextvars import ContextVar
from typing import Any

import orjson

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Set by whoever answers a request; every line logged meanwhile carries it."""


class LogFormatter(logging.Formatter):
    """A record as text: when, how grave, from where, for which request, what."""

    default_time_format, default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self.converter = time.gmtime


class JsonLogFormatter(LogFormatter):
    """A record as one line of JSON, traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (asking := request_id.get()) is not None:
            line["request_id"] = asking
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def configure(level: str, style: str) -> None:
    """Send the log to standard error: our own from this level on, that of libraries from warnings on."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLogFormatter() if style == "json" else LogFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("graphql_app").setLevel(level.upper())
    logging.getLogger("graphql_app.database.pool.Pool").setLevel(logging.WARNING)  # SQLAlchemy speaks under its name
