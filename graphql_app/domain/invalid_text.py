"""Texts that are not valid for the type of their field, such as `CANADA` for a country code."""


class InvalidText:
    """A text in the place of a parsed value, and what is wrong with it as a sentence.

    The scalars of the schema return it instead of raising, so that one invalid text in an input of a mutation does not
    reject the whole operation: `commands.validation.Validator.parsed` reports it as an error with its path. Arguments
    of queries and subscriptions never contain it, because `execution/input_values.py` rejects it there.
    """

    __slots__ = ("problem", "text")

    def __init__(self, text: str, problem: str) -> None:
        self.text, self.problem = text, problem

    def __str__(self) -> str:
        """Return the text as the client sent it. The hash of an idempotency key contains it."""
        return self.text

    def __eq__(self, other: object) -> bool:
        """Whether the other object is the same text with the same problem."""
        return isinstance(other, InvalidText) and (self.text, self.problem) == (other.text, other.problem)

    def __hash__(self) -> int:
        """Return a hash that is equal for equal objects."""
        return hash((self.text, self.problem))
