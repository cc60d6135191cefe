"""The texts of filters: their limits, their normal forms, and the bounds and patterns that search by them.

Each function takes a text of a client and returns the parameter of a statement.
"""

import re
from collections.abc import Sequence

from graphql_app.domain import normal_forms
from graphql_app.errors import request_errors

MAX_FILTER_CHARACTERS = 1_000
"""Maximum length of a string in a filter."""
LAST_CHARACTER = "\U0010ffff"
"""The Unicode character that sorts last."""
SURROGATE = re.compile("[\ud800-\udfff]")
"""A surrogate, which is not a character."""


def checked_text(text: str) -> str:
    """Return a string of a filter unchanged if PostgreSQL can store it and it is not too long.

    Raises:
        LimitExceeded: it has more than `MAX_FILTER_CHARACTERS`.
        BadUserInput: it contains U+0000 or an unpaired surrogate.
    """
    if len(text) > MAX_FILTER_CHARACTERS:
        raise request_errors.LimitExceeded(
            f"A filter value must be at most {MAX_FILTER_CHARACTERS} characters (was {len(text)})."
        )
    if "\0" in text:
        raise request_errors.BadUserInput("A filter value must not contain U+0000.")
    if not text.isascii() and SURROGATE.search(text):
        raise request_errors.BadUserInput("A filter value must not contain an unpaired surrogate.")
    return text


def checked_texts(texts: Sequence[str]) -> list[str]:
    """Return strings of a filter as `checked_text` does."""
    return [checked_text(text) for text in texts]


def normalized_text(text: str) -> str:
    """Return a string of a filter in the normal form of stored texts, after `checked_text`."""
    return normal_forms.text(checked_text(text))


def normalized_texts(texts: Sequence[str]) -> list[str]:
    """Return strings of a filter as `normalized_text` does."""
    return [normalized_text(text) for text in texts]


def normalized_metadata_text(text: str) -> str:
    """Return a key or string of metadata in its normal form, after `checked_text`: whitespace is significant."""
    return normal_forms.nfc(checked_text(text))


def metadata_keys(keys: Sequence[str]) -> list[str]:
    """Return keys of metadata as `normalized_metadata_text` does."""
    return [normalized_metadata_text(key) for key in keys]


def prefix_upper_bound(prefix: str) -> str:
    """Return the smallest string that sorts after all strings with a prefix, in the order of code points.

    For an empty prefix, which would match everything, it is the empty string: no string sorts before it.
    """
    if not prefix:
        return ""
    stem = prefix.rstrip(LAST_CHARACTER)
    if not stem:
        return LAST_CHARACTER * 8
    next_code_point = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if 0xD800 <= next_code_point <= 0xDFFF else next_code_point)


def contains_pattern(text: str) -> str | None:
    """Return a LIKE pattern for strings that contain a text; None, which matches nothing, for an empty text."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%" if text else None
