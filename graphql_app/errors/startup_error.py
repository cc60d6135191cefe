"""The error that stops the start of the process."""


class StartupError(Exception):
    """The process cannot start. The message says what is wrong and how to fix it, for the person who started it."""
