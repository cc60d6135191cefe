"""TODO docstring."""


class StartupError(Exception):
    """The process cannot start; the message is one sentence for the person who started it."""
