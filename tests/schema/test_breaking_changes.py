"""What clients were promised: the exported schema against the last released one, and dates on what will go.

`released.graphql` is a copy of `schema.graphql`, made with every release. A change that is meant to break is named in
ACCEPTED with its reason, and stays there until the next release.
"""

import re
from pathlib import Path

from graphql import build_schema
from graphql.utilities import find_breaking_changes, find_dangerous_changes

ACCEPTED: dict[str, str] = {}
HERE = Path(__file__).parent
RELEASED, NOW = (HERE / "released.graphql").read_text(), (HERE.parents[1] / "schema.graphql").read_text()
REMOVAL = re.compile(r"\. Removal on \d{4}-\d\d-\d\d\.$")


def changes(released: str, now: str) -> list[str]:
    """What breaks clients, or may surprise them, in words."""
    before, after = build_schema(released), build_schema(now)
    found = [*find_breaking_changes(before, after), *find_dangerous_changes(before, after)]
    return [f"{change.type.name}: {change.description}" for change in found]


def undated(sdl: str) -> list[str]:
    """Deprecations that do not say when they end."""
    schema = build_schema(sdl)
    reasons = [
        (f"{name}.{key}", part.deprecation_reason)
        for name, type_ in schema.type_map.items()
        for key, part in {**getattr(type_, "fields", {}), **getattr(type_, "values", {})}.items()
    ]
    return [place for place, reason in reasons if reason is not None and not REMOVAL.search(reason)]


def test_nothing_breaks_the_clients_of_the_last_release() -> None:
    found = [one for one in changes(RELEASED, NOW) if one not in ACCEPTED]
    assert not found, "breaks clients of the last release:\n" + "\n".join(found)


def test_what_is_accepted_is_still_a_change() -> None:
    assert set(ACCEPTED) <= set(changes(RELEASED, NOW))


def test_breaking_and_dangerous_changes_are_named() -> None:
    removed = re.sub(r'\n  """[^"]*"""\n  incoterm: String\n', "\n", NOW, count=1)
    assert removed != NOW
    assert any("FIELD_REMOVED" in one and "incoterm" in one for one in changes(NOW, removed))
    nullable = NOW.replace("packageCount: Int!", "packageCount: Int", 1)
    assert any("FIELD_CHANGED_KIND" in one and "packageCount" in one for one in changes(NOW, nullable))
    grown = NOW.replace("enum CountPrecision {", "enum CountPrecision {\n  GUESSED", 1)
    assert any("VALUE_ADDED_TO_ENUM" in one and "GUESSED" in one for one in changes(NOW, grown))


def test_a_deprecation_says_when_it_ends() -> None:
    assert undated(NOW) == []
    vague = NOW.replace("  incoterm: String\n", '  incoterm: String @deprecated(reason: "Use something else.")\n', 1)
    dated = vague.replace("something else.", "something else. Removal on 2027-01-31.", 1)
    assert undated(vague)
    assert not undated(dated)
