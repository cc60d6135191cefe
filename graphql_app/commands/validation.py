"""What a value must be before anything is written. In flow the client's values, out flow clean ones.

Nothing here raises: what is wrong is gathered, each problem with its path in GraphQL names, so that a client sees all
that is wrong with an input at once. Inputs are mappings under their GraphQL names; a name that is absent was not given.
"""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from graphql_app.domain import iso_codes
from graphql_app.errors import user_errors

Input = Mapping[str, Any]

UNSTORABLE_CHARACTERS = re.compile("[\x00\ud800-\udfff]")
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
MAX_METADATA_BYTES = 16_384
MAX_KEY_CHARACTERS, MAX_KEYS = 100, 1_000
MAX_METADATA_DEPTH = 8


class Warning(NamedTuple):
    """Something that looks wrong and is accepted all the same."""

    code: str
    message: str
    path: user_errors.Path


class Validator:
    """A place in an input, and the problems and warnings found so far in all of it."""

    __slots__ = ("errors", "path", "warnings")

    def __init__(self, *path: str | int, outer: "Validator | None" = None) -> None:
        self.path = path
        self.errors: list[user_errors.UserError] = [] if outer is None else outer.errors
        self.warnings: list[Warning] = [] if outer is None else outer.warnings

    def at(self, *names: str | int) -> "Validator":
        """A place further in."""
        inner = Validator.__new__(Validator)  # past __init__: a bulk call makes ten for every row
        inner.path, inner.errors, inner.warnings = self.path + names, self.errors, self.warnings
        return inner

    def path_of(self, names: tuple[str | int, ...]) -> user_errors.Path:
        """A place here or further in, as clients are told it."""
        return tuple(map(str, self.path + names))

    def checkpoint(self) -> tuple[int, int]:
        """How much was found so far, to come back to it."""
        return len(self.errors), len(self.warnings)

    def rollback(self, mark: tuple[int, int]) -> None:
        """Forget what was found since."""
        del self.errors[mark[0] :], self.warnings[mark[1] :]

    def add_warning(self, code: str, message: str, *names: str | int) -> None:
        """Note what looks odd here, or further in."""
        self.warnings.append(Warning(code, message, self.path_of(names)))

    def add_error(self, problem: user_errors.UserError, *names: str | int) -> None:
        """Note what is wrong here, or further in."""
        problem.path = self.path_of(names)
        self.errors.append(problem)

    def text(self, given: Input, name: str, most: int, *, required: bool = False, filled: bool = False) -> str | None:
        """A text without blanks around it; None for one that is absent, null, blank, or wrong.

        `filled`: one that is given must not be blank, because leaving it out means something else.
        """
        value: str | None = given.get(name)
        if value is None:
            if required:
                self.add_error(user_errors.Required(), name)
            return None
        if not self.check_text(value, name):
            return None
        value = value.strip()
        if len(value) > most:
            self.add_error(user_errors.LimitExceeded(f"At most {most} characters fit; these are {len(value)}."), name)
            return None
        if not value and (filled or required):
            self.add_error(user_errors.Invalid("This is blank.") if filled else user_errors.Required(), name)
        return value or None

    def check_text(self, value: str, *names: str | int) -> bool:
        """Whether PostgreSQL can hold the text."""
        if UNSTORABLE_CHARACTERS.search(value) is None:
            return True
        self.add_error(
            user_errors.Invalid("This contains U+0000 or half of a surrogate pair, which no text can hold."), *names
        )
        return False

    def slug(self, given: Input, name: str, most: int, example: str) -> str | None:
        """Lower case letters, digits and underscores; required."""
        value = self.text(given, name, most, required=True)
        if value is not None and not re.fullmatch(r"[a-z0-9_]+", value, re.ASCII):
            self.add_error(user_errors.Invalid(f"Write lower case letters, digits and _, such as {example}."), name)
        return value

    def decimal(self, given: Input, name: str, whole: int, places: int, *, above_zero: bool = False) -> Decimal | None:
        """A decimal of so many digits before and behind the point, from 0; None for one that is absent or wrong."""
        value: Decimal | None = given.get(name)
        if value is None:
            return None
        if value < 0 or (above_zero and not value):
            self.add_error(
                user_errors.Invalid(f"This must be {'above' if above_zero else 'at least'} 0; it was {value:f}."), name
            )
            return None
        if value >= 10**whole or value != round(value, places):
            self.add_error(
                user_errors.Invalid(f"At most {whole} digits and {places} decimal places fit; it was {value:f}."), name
            )
            return None
        return value

    def instant(self, given: Input, name: str) -> datetime | None:
        """An instant in a range in which things are shipped."""
        value: datetime | None = given.get(name)
        if value is not None and not EARLIEST <= value < LATEST:
            self.add_error(user_errors.Invalid("This must lie in the years from 1900 to 2999."), name)
            return None
        return value

    def country(self, given: Input, name: str) -> str | None:
        value: str | None = given.get(name)
        if value is not None and value not in iso_codes.COUNTRIES:
            self.add_error(user_errors.Invalid(f"{value} is not the code of a country (ISO 3166-1 alpha-2)."), name)
        return value

    def money(self, given: Input, name: str) -> tuple[Decimal | None, str | None]:
        """Amount and currency."""
        inner = given.get(name)
        if inner is None:
            return None, None
        check, currency = self.at(name), inner["currency"]
        if currency not in iso_codes.CURRENCIES:
            check.add_error(user_errors.Invalid(f"{currency} is not the code of a currency (ISO 4217)."), "currency")
        return check.decimal(inner, "amount", 14, 4), currency

    def texts(self, given: Input, name: str, most: int, longest: int, *, once: bool = True) -> list[str]:
        """A list of texts without blanks around them, none blank, each once unless told otherwise."""
        found = []
        for at, value in enumerate(given.get(name) or ()):
            if self.check_text(value, name, at) and (text := value.strip()):
                found.append(text)
                if len(text) > longest:
                    self.add_error(
                        user_errors.LimitExceeded(f"At most {longest} characters fit; these are {len(text)}."), name, at
                    )
        if once:
            found = list(dict.fromkeys(found))
        if len(found) > most:
            self.add_error(user_errors.LimitExceeded(f"At most {most} fit; these are {len(found)}."), name)
        return found

    def keys(self, given: Input, name: str) -> list[str]:
        """Names of metadata, as they are: blanks count."""
        found = list(dict.fromkeys(given.get(name) or ()))
        for at, key in enumerate(found):
            if self.check_text(key, name, at) and len(key) > MAX_KEY_CHARACTERS:
                self.add_error(
                    user_errors.LimitExceeded(f"At most {MAX_KEY_CHARACTERS} characters fit; these are {len(key)}."),
                    name,
                    at,
                )
        if len(found) > MAX_KEYS:
            self.add_error(user_errors.LimitExceeded(f"At most {MAX_KEYS} fit; these are {len(found)}."), name)
        return found

    def rows(self, given: Input, name: str, most: int) -> Iterator[tuple["Validator", Input]]:
        """The objects of a list with their places; none of a list that is too long."""
        rows = given.get(name) or ()
        if len(rows) > most:
            self.add_error(user_errors.LimitExceeded(f"At most {most} fit; these are {len(rows)}."), name)
            return
        for at, row in enumerate(rows):
            yield self.at(name, at), row

    def metadata(self, given: Input, name: str) -> dict[str, Any]:
        """An object of JSON, small and not deep."""
        value = given.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.add_error(user_errors.Invalid('This must be an object, such as {"project": "A-17"}.'), name)
            return {}
        if problem := metadata_error(value):
            self.add_error(problem, name)
            return {}
        return value


def metadata_error(value: Any, depth: int = 0) -> user_errors.UserError | None:
    """Why an object cannot be kept; None if it can."""
    if depth > MAX_METADATA_DEPTH:
        return user_errors.LimitExceeded(f"At most {MAX_METADATA_DEPTH} levels fit.")
    if isinstance(value, str) and UNSTORABLE_CHARACTERS.search(value):
        return user_errors.Invalid("A text in it contains U+0000 or half of a surrogate pair.")
    if isinstance(value, float) and not math.isfinite(value):
        return user_errors.Invalid("A number in it is not finite.")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return user_errors.Invalid("A whole number in it has more than 64 bits; write it as a text.")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or len(key) > MAX_KEY_CHARACTERS or UNSTORABLE_CHARACTERS.search(key):
                return user_errors.Invalid(f"Keys must be texts of at most {MAX_KEY_CHARACTERS} characters.")
        inner: Any = value.values()
    else:
        inner = value if isinstance(value, list) else ()
    for one in inner:
        if problem := metadata_error(one, depth + 1):
            return problem
    if depth == 0 and (size := len(orjson.dumps(value))) > MAX_METADATA_BYTES:
        return user_errors.LimitExceeded(f"At most {MAX_METADATA_BYTES} bytes fit; these are {size}.")
    return None
