"""TODO docstring."""


class StartError(Exception):
    """The process cannot start; the message is one sentence for the person who started it."""
