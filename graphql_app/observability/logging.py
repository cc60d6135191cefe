"""Log format, and the request id in log lines. Of a request, only its id and the messages of its errors are logged."""

import logging
import time
from contextvars import ContextVar
from typing import Any

import orjson

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Id of the request that the current task handles. Log lines in JSON contain it."""


class LogFormatter(logging.Formatter):
    """Formats a log record as text: time in UTC, level, logger, message."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self.converter = time.gmtime


class JsonLogFormatter(LogFormatter):
    """Formats a log record as one line of JSON: `at`, `level`, `logger`, `message`, `request_id` and `trace` if any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON. Line breaks of messages and tracebacks are escaped."""
        line: dict[str, Any] = {
            "at": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (current_request_id := request_id.get()) is not None:
            line["request_id"] = current_request_id
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def configure(level: str, log_format: str) -> None:
    """Send log lines to standard error: those of this package from `level` on, those of libraries from warnings on.

    `level` is `debug`, `info`, `warning` or `error`; `log_format` is `text` or `json`.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLogFormatter() if log_format == "json" else LogFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("graphql_app").setLevel(level.upper())
    # SQLAlchemy logs under the name of the pool class, which is in this package.
    logging.getLogger("graphql_app.database.pool.Pool").setLevel(logging.WARNING)
