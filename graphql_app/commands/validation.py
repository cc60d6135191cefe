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

Given = Mapping[str, Any]

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
MOST_METADATA = 16_384
MOST_KEY, MOST_KEYS = 100, 1_000
DEEPEST = 8


class Warning(NamedTuple):
    """Something that looks wrong and is accepted all the same."""

    code: str
    message: str
    path: user_errors.Path


class Check:
    """A place in an input, and the problems and warnings found so far in all of it."""

    __slots__ = ("path", "problems", "warnings")

    def __init__(self, *path: str | int, outer: "Check | None" = None) -> None:
        self.path = path
        self.problems: list[user_errors.UserError] = [] if outer is None else outer.problems
        self.warnings: list[Warning] = [] if outer is None else outer.warnings

    def at(self, *names: str | int) -> "Check":
        """A place further in."""
        inner = Check.__new__(Check)  # past __init__: a bulk call makes ten for every row
        inner.path, inner.problems, inner.warnings = self.path + names, self.problems, self.warnings
        return inner

    def place(self, names: tuple[str | int, ...]) -> user_errors.Path:
        """A place here or further in, as clients are told it."""
        return tuple(map(str, self.path + names))

    def mark(self) -> tuple[int, int]:
        """How much was found so far, to come back to it."""
        return len(self.problems), len(self.warnings)

    def back_to(self, mark: tuple[int, int]) -> None:
        """Forget what was found since."""
        del self.problems[mark[0] :], self.warnings[mark[1] :]

    def warn(self, code: str, message: str, *names: str | int) -> None:
        """Note what looks odd here, or further in."""
        self.warnings.append(Warning(code, message, self.place(names)))

    def add(self, problem: user_errors.UserError, *names: str | int) -> None:
        """Note what is wrong here, or further in."""
        problem.path = self.place(names)
        self.problems.append(problem)

    def text(self, given: Given, name: str, most: int, *, required: bool = False, filled: bool = False) -> str | None:
        """A text without blanks around it; None for one that is absent, null, blank, or wrong.

        `filled`: one that is given must not be blank, because leaving it out means something else.
        """
        value: str | None = given.get(name)
        if value is None:
            if required:
                self.add(user_errors.Required(), name)
            return None
        if not self.storable(value, name):
            return None
        value = value.strip()
        if len(value) > most:
            self.add(user_errors.LimitExceeded(f"At most {most} characters fit; these are {len(value)}."), name)
            return None
        if not value and (filled or required):
            self.add(user_errors.Invalid("This is blank.") if filled else user_errors.Required(), name)
        return value or None

    def storable(self, value: str, *names: str | int) -> bool:
        """Whether PostgreSQL can hold the text."""
        if UNSTORABLE.search(value) is None:
            return True
        self.add(
            user_errors.Invalid("This contains U+0000 or half of a surrogate pair, which no text can hold."), *names
        )
        return False

    def slug(self, given: Given, name: str, most: int, example: str) -> str | None:
        """Lower case letters, digits and underscores; required."""
        value = self.text(given, name, most, required=True)
        if value is not None and not re.fullmatch(r"[a-z0-9_]+", value, re.ASCII):
            self.add(user_errors.Invalid(f"Write lower case letters, digits and _, such as {example}."), name)
        return value

    def decimal(self, given: Given, name: str, whole: int, places: int, *, above_zero: bool = False) -> Decimal | None:
        """A decimal of so many digits before and behind the point, from 0; None for one that is absent or wrong."""
        value: Decimal | None = given.get(name)
        if value is None:
            return None
        if value < 0 or (above_zero and not value):
            self.add(
                user_errors.Invalid(f"This must be {'above' if above_zero else 'at least'} 0; it was {value:f}."), name
            )
            return None
        if value >= 10**whole or value != round(value, places):
            self.add(
                user_errors.Invalid(f"At most {whole} digits and {places} decimal places fit; it was {value:f}."), name
            )
            return None
        return value

    def instant(self, given: Given, name: str) -> datetime | None:
        """An instant in a range in which things are shipped."""
        value: datetime | None = given.get(name)
        if value is not None and not EARLIEST <= value < LATEST:
            self.add(user_errors.Invalid("This must lie in the years from 1900 to 2999."), name)
            return None
        return value

    def country(self, given: Given, name: str) -> str | None:
        value: str | None = given.get(name)
        if value is not None and value not in iso_codes.COUNTRIES:
            self.add(user_errors.Invalid(f"{value} is not the code of a country (ISO 3166-1 alpha-2)."), name)
        return value

    def money(self, given: Given, name: str) -> tuple[Decimal | None, str | None]:
        """Amount and currency."""
        inner = given.get(name)
        if inner is None:
            return None, None
        check, currency = self.at(name), inner["currency"]
        if currency not in iso_codes.CURRENCIES:
            check.add(user_errors.Invalid(f"{currency} is not the code of a currency (ISO 4217)."), "currency")
        return check.decimal(inner, "amount", 14, 4), currency

    def texts(self, given: Given, name: str, most: int, longest: int, *, once: bool = True) -> list[str]:
        """A list of texts without blanks around them, none blank, each once unless told otherwise."""
        found = []
        for at, value in enumerate(given.get(name) or ()):
            if self.storable(value, name, at) and (text := value.strip()):
                found.append(text)
                if len(text) > longest:
                    self.add(
                        user_errors.LimitExceeded(f"At most {longest} characters fit; these are {len(text)}."), name, at
                    )
        if once:
            found = list(dict.fromkeys(found))
        if len(found) > most:
            self.add(user_errors.LimitExceeded(f"At most {most} fit; these are {len(found)}."), name)
        return found

    def keys(self, given: Given, name: str) -> list[str]:
        """Names of metadata, as they are: blanks count."""
        found = list(dict.fromkeys(given.get(name) or ()))
        for at, key in enumerate(found):
            if self.storable(key, name, at) and len(key) > MOST_KEY:
                self.add(
                    user_errors.LimitExceeded(f"At most {MOST_KEY} characters fit; these are {len(key)}."), name, at
                )
        if len(found) > MOST_KEYS:
            self.add(user_errors.LimitExceeded(f"At most {MOST_KEYS} fit; these are {len(found)}."), name)
        return found

    def rows(self, given: Given, name: str, most: int) -> Iterator[tuple["Check", Given]]:
        """The objects of a list with their places; none of a list that is too long."""
        rows = given.get(name) or ()
        if len(rows) > most:
            self.add(user_errors.LimitExceeded(f"At most {most} fit; these are {len(rows)}."), name)
            return
        for at, row in enumerate(rows):
            yield self.at(name, at), row

    def metadata(self, given: Given, name: str) -> dict[str, Any]:
        """An object of JSON, small and not deep."""
        value = given.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.add(user_errors.Invalid('This must be an object, such as {"project": "A-17"}.'), name)
            return {}
        if problem := unfit(value):
            self.add(problem, name)
            return {}
        return value


def unfit(value: Any, depth: int = 0) -> user_errors.UserError | None:
    """Why an object cannot be kept; None if it can."""
    if depth > DEEPEST:
        return user_errors.LimitExceeded(f"At most {DEEPEST} levels fit.")
    if isinstance(value, str) and UNSTORABLE.search(value):
        return user_errors.Invalid("A text in it contains U+0000 or half of a surrogate pair.")
    if isinstance(value, float) and not math.isfinite(value):
        return user_errors.Invalid("A number in it is not finite.")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return user_errors.Invalid("A whole number in it has more than 64 bits; write it as a text.")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or len(key) > MOST_KEY or UNSTORABLE.search(key):
                return user_errors.Invalid(f"Keys must be texts of at most {MOST_KEY} characters.")
        inner: Any = value.values()
    else:
        inner = value if isinstance(value, list) else ()
    for one in inner:
        if problem := unfit(one, depth + 1):
            return problem
    if depth == 0 and (size := len(orjson.dumps(value))) > MOST_METADATA:
        return user_errors.LimitExceeded(f"At most {MOST_METADATA} bytes fit; these are {size}.")
    return None
