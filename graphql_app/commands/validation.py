"""Validation of input values before anything is written: takes the values of a client, returns validated ones.

Nothing here raises: errors are collected, each with its path in GraphQL names, so that a client sees all errors of an
input at once. Inputs are mappings by GraphQL field name; an omitted field is not in the mapping.
"""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from graphql_app.domain import iso_codes, normal_forms
from graphql_app.domain.invalid_text import InvalidText
from graphql_app.errors import user_errors

Input = Mapping[str, Any]
"""The fields of an input object by GraphQL name."""

UNSTORABLE_CHARACTERS = re.compile("[\x00\ud800-\udfff]")
"""Characters that PostgreSQL's text type cannot hold: U+0000 and unpaired surrogates."""
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""The first accepted instant."""
LATEST = datetime(3000, 1, 1, tzinfo=UTC)
"""Accepted instants are before this one."""
OUT_OF_RANGE = "Must be in the years 1900 to 2999."
"""The message for an instant that is not accepted."""
MAX_METADATA_BYTES = 16_384
"""Maximum size of metadata as JSON."""
MAX_METADATA_KEY_CHARACTERS = 100
"""Maximum length of a metadata key."""
MAX_METADATA_KEYS = 1_000
"""Maximum number of metadata keys in one `metadataUnset`."""
MAX_METADATA_DEPTH = 8
"""Maximum nesting of metadata below the outermost object."""


class InputWarning(NamedTuple):
    """A warning: the value looks wrong but is accepted."""

    code: str
    message: str
    path: user_errors.Path


class Validator:
    """A path in an input, with the errors and warnings collected so far for the whole input."""

    __slots__ = ("errors", "path", "warnings")

    def __init__(self, *path: str | int, outer: "Validator | None" = None) -> None:
        self.path = path
        self.errors: list[user_errors.UserError] = [] if outer is None else outer.errors
        self.warnings: list[InputWarning] = [] if outer is None else outer.warnings

    def at(self, *names: str | int) -> "Validator":
        """A validator for a nested path that shares the errors and warnings."""
        inner = Validator.__new__(Validator)  # without __init__: a bulk call creates ten validators per row
        inner.path, inner.errors, inner.warnings = self.path + names, self.errors, self.warnings
        return inner

    def path_of(self, names: tuple[str | int, ...]) -> user_errors.Path:
        """The path of a nested field as it appears in the payload: strings only."""
        return tuple(map(str, self.path + names))

    def checkpoint(self) -> tuple[int, int]:
        """The current number of errors and warnings, for `rollback`."""
        return len(self.errors), len(self.warnings)

    def rollback(self, mark: tuple[int, int]) -> None:
        """Discard the errors and warnings added since the checkpoint."""
        del self.errors[mark[0] :], self.warnings[mark[1] :]

    def add_warning(self, code: str, message: str, *names: str | int) -> None:
        """Add a warning at this path or at a nested one."""
        self.warnings.append(InputWarning(code, message, self.path_of(names)))

    def add_error(self, error: user_errors.UserError, *names: str | int) -> None:
        """Add an error and set its path to this path or to a nested one."""
        error.path = self.path_of(names)
        self.errors.append(error)

    def parsed(self, fields: Input, name: str) -> Any:
        """The value of a custom scalar; None if it is omitted, null or an InvalidText, which is an error."""
        value = fields.get(name)
        if type(value) is InvalidText:
            self.add_error(user_errors.Invalid(value.problem), name)
            return None
        return value

    def text(
        self, fields: Input, name: str, max_characters: int, *, required: bool = False, reject_blank: bool = False
    ) -> str | None:
        """A text in its normal form (`normal_forms.text`); None if it is omitted, null, blank or invalid.

        `reject_blank`: a blank text is an error, for fields in which no value has another meaning than a blank one.
        """
        value: str | None = fields.get(name)
        if value is None:
            if required:
                self.add_error(user_errors.Required(), name)
            return None
        if not self.check_text(value, name):
            return None
        value = normal_forms.text(value)
        if len(value) > max_characters:
            self.add_error(too_long(value, max_characters), name)
            return None
        if not value and (reject_blank or required):
            blank = user_errors.Invalid("Must not be blank. Use null for no value.")
            self.add_error(blank if reject_blank else user_errors.Required(), name)
        return value or None

    def check_text(self, value: str, *names: str | int) -> bool:
        """Whether PostgreSQL can store the text; adds an error if not."""
        if UNSTORABLE_CHARACTERS.search(value) is None:
            return True
        self.add_error(user_errors.Invalid(f"The text {unstorable_problem(value)}"), *names)
        return False

    def slug(self, fields: Input, name: str, max_characters: int, example: str) -> str | None:
        """A required text of lowercase ASCII letters, digits and underscores."""
        value = self.text(fields, name, max_characters, required=True)
        if value is not None and not re.fullmatch(r"[a-z0-9_]+", value, re.ASCII):
            message = f"Must be lowercase letters (a-z), digits and underscores, for example {example}."
            self.add_error(user_errors.Invalid(message), name)
        return value

    def decimal(
        self, fields: Input, name: str, integer_digits: int, decimal_places: int, *, positive: bool = False
    ) -> Decimal | None:
        """A decimal from 0 (above 0 if `positive`) that fits the digits; None if it is omitted or invalid."""
        value: Decimal | None = self.parsed(fields, name)
        if value is None:
            return None
        if value < 0 or (positive and not value):
            rule = "greater than" if positive else "at least"
            self.add_error(user_errors.Invalid(f"Must be {rule} 0 (was {value:f})."), name)
            return None
        if value >= 10**integer_digits or value != round(value, decimal_places):
            message = (
                f"Must have at most {integer_digits} digits before the decimal point and {decimal_places} after it "
                f"(was {value:f})."
            )
            self.add_error(user_errors.Invalid(message), name)
            return None
        return value

    def instant(self, fields: Input, name: str) -> datetime | None:
        """An instant in the years 1900 to 2999; None if it is omitted or out of range."""
        value: datetime | None = self.parsed(fields, name)
        if value is not None and not EARLIEST <= value < LATEST:
            self.add_error(user_errors.Invalid(OUT_OF_RANGE), name)
            return None
        return value

    def country(self, fields: Input, name: str) -> str | None:
        """A country code (ISO 3166-1 alpha-2)."""
        value: str | None = self.parsed(fields, name)
        if value is not None and (problem := iso_codes.country_problem(value)):
            self.add_error(user_errors.Invalid(problem), name)
        return value

    def money(self, fields: Input, name: str) -> tuple[Decimal | None, str | None]:
        """Amount and currency code (ISO 4217) of a MoneyInput; both None if it is omitted."""
        money = fields.get(name)
        if money is None:
            return None, None
        validator = self.at(name)
        currency = validator.parsed(money, "currency")
        if currency is not None and currency not in iso_codes.CURRENCIES:
            validator.add_error(user_errors.Invalid(f"{currency} is not an ISO 4217 currency code."), "currency")
        return validator.decimal(money, "amount", 14, 4), currency

    def texts(
        self, fields: Input, name: str, max_entries: int, max_characters: int, *, unique: bool = True
    ) -> list[str]:
        """A list of texts in their normal form without blank entries; `unique` drops repetitions."""
        texts = []
        for index, value in enumerate(fields.get(name) or ()):
            if self.check_text(value, name, index) and (text := normal_forms.text(value)):
                texts.append(text)
                if len(text) > max_characters:
                    self.add_error(too_long(text, max_characters), name, index)
        if unique:
            texts = list(dict.fromkeys(texts))
        if len(texts) > max_entries:
            self.add_error(too_many(texts, max_entries), name)
        return texts

    def metadata_keys(self, fields: Input, name: str) -> list[str]:
        """Keys of metadata in NFC: whitespace is significant."""
        keys = list(dict.fromkeys(map(normal_forms.nfc, fields.get(name) or ())))
        for index, key in enumerate(keys):
            if self.check_text(key, name, index) and len(key) > MAX_METADATA_KEY_CHARACTERS:
                self.add_error(too_long(key, MAX_METADATA_KEY_CHARACTERS), name, index)
        if len(keys) > MAX_METADATA_KEYS:
            self.add_error(too_many(keys, MAX_METADATA_KEYS), name)
        return keys

    def rows(self, fields: Input, name: str, max_entries: int) -> Iterator[tuple["Validator", Input]]:
        """The objects of a list with their validators; nothing if the list is too long, which is an error."""
        rows = fields.get(name) or ()
        if len(rows) > max_entries:
            self.add_error(too_many(rows, max_entries), name)
            return
        for index, row in enumerate(rows):
            yield self.at(name, index), row

    def metadata(self, fields: Input, name: str) -> dict[str, Any]:
        """A JSON object within the limits of size and depth, its texts in NFC; empty if it is omitted or invalid."""
        value = fields.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            message = 'Must be a JSON object, for example {"project": "A-17"}.'
            self.add_error(user_errors.Invalid(message), name)
            return {}
        if error := metadata_error(value):
            self.add_error(error, name)
            return {}
        normalized = normal_forms.metadata(value)
        assert isinstance(normalized, dict)
        return normalized


def unstorable_problem(text: str) -> str | None:
    """Why PostgreSQL cannot store a text, as the end of a sentence; None if it can."""
    if (match := UNSTORABLE_CHARACTERS.search(text)) is None:
        return None
    name = "the character U+0000 (NUL)" if match[0] == "\0" else "an unpaired surrogate"
    return f"must not contain {name}, which PostgreSQL cannot store."


def too_long(text: str, max_characters: int) -> user_errors.LimitExceeded:
    """The error for a text with too many characters."""
    return user_errors.LimitExceeded(f"Must be at most {max_characters} characters (was {len(text)}).")


def too_many(entries: Any, max_entries: int) -> user_errors.LimitExceeded:
    """The error for a list with too many entries."""
    return user_errors.LimitExceeded(f"Must have at most {max_entries} entries (had {len(entries)}).")


def metadata_error(value: Any, depth: int = 0) -> user_errors.UserError | None:
    """The first reason why metadata cannot be stored; None if it can."""
    if depth > MAX_METADATA_DEPTH:
        return user_errors.LimitExceeded(f"Must be nested at most {MAX_METADATA_DEPTH} levels deep.")
    if isinstance(value, str) and (problem := unstorable_problem(value)):
        return user_errors.Invalid(f"A string {problem}")
    if isinstance(value, float) and not math.isfinite(value):
        return user_errors.Invalid("Numbers must be finite.")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return user_errors.Invalid("Integers must fit in 64 bits. Send larger numbers as strings.")
    if isinstance(value, dict):
        for key in value:
            if len(key) > MAX_METADATA_KEY_CHARACTERS:
                return user_errors.Invalid(f"Keys must be at most {MAX_METADATA_KEY_CHARACTERS} characters.")
            if problem := unstorable_problem(key):
                return user_errors.Invalid(f"The key {key!r} {problem}")
        children: Any = value.values()
    else:
        children = value if isinstance(value, list) else ()
    for child in children:
        if error := metadata_error(child, depth + 1):
            return error
    if depth == 0 and (size := len(orjson.dumps(value))) > MAX_METADATA_BYTES:
        return user_errors.LimitExceeded(f"Must be at most {MAX_METADATA_BYTES} bytes of JSON (was {size}).")
    return None
