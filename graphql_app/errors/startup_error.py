"""The errors that stop the start of the process."""


class StartupError(Exception):
    """The process cannot start. The message says what is wrong and how to fix it, for the person who started it."""


class UnsuitableServer(StartupError, ConnectionError):
    """A connection to PostgreSQL was opened, but requests must not use it.

    It stops the start. In a running server it counts as a lost connection.

    Args:
        message: what is wrong and how to fix it, in one sentence each.
        reason: the same in a few words without a URL, for `/readyz`.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
