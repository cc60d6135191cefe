"""Compatibility: the exported schema compared with the last release, and the removal dates of deprecated elements.

`released.graphql` is a copy of `schema.graphql`, updated with every release. An intended breaking change is listed in
ACCEPTED with its reason until the next release.
"""

import re
from pathlib import Path

from graphql import build_schema
from graphql.utilities import find_breaking_changes, find_dangerous_changes

ADDED_ORDERS = "DELIVERED_AT DELIVERY_DELAY LATENESS RECIPIENT_NAME STATUS TOTAL_WEIGHT".split()
ADDED_FILTERS = "carrierStatusRaw exceptionReason incoterm items lateBy lateness packageCount recipient".split()
ACCEPTED: dict[str, str] = {
    **{
        f"VALUE_ADDED_TO_ENUM: Enum value ShipmentOrderField.{name} was added.": "an input only"
        for name in ADDED_ORDERS
    },
    **{
        f"OPTIONAL_INPUT_FIELD_ADDED: An optional field {type_}.{name} was added.": "null means no condition"
        for type_, names in (("ShipmentWhere", ADDED_FILTERS), ("TrackingEventWhere", ["carrierStatusRaw"]))
        for name in names
    },
    "VALUE_ADDED_TO_ENUM: Enum value TimePrecision.LOCAL was added.": "only for reports in the new form without zone",
    **{
        f"OPTIONAL_INPUT_FIELD_ADDED: An optional field {type_}.deliveryTimeZone was added.": "only for days"
        for type_ in ("ShipmentCreateInput", "ShipmentUpdateInput", "TrackingEventInput")
    },
    "OPTIONAL_ARG_ADDED: An optional argument Mutation.carrierStatusMap(reapply:) was added.": "omitted means false",
}
HERE = Path(__file__).parent
RELEASED, NOW = (HERE / "released.graphql").read_text(), (HERE.parents[1] / "schema.graphql").read_text()
REMOVAL = re.compile(r"\. Removal on \d{4}-\d\d-\d\d\.$")


def changes(released: str, now: str) -> list[str]:
    """The breaking and dangerous changes between two schemas, as text."""
    before, after = build_schema(released), build_schema(now)
    breaking_and_dangerous = [*find_breaking_changes(before, after), *find_dangerous_changes(before, after)]
    return [f"{change.type.name}: {change.description}" for change in breaking_and_dangerous]


def deprecated_without_date(sdl: str) -> list[str]:
    """The deprecated elements without a removal date."""
    schema = build_schema(sdl)
    reasons = [
        (f"{name}.{key}", part.deprecation_reason)
        for name, type_ in schema.type_map.items()
        for key, part in {**getattr(type_, "fields", {}), **getattr(type_, "values", {})}.items()
    ]
    return [name for name, reason in reasons if reason is not None and not REMOVAL.search(reason)]


def test_the_schema_has_no_breaking_changes_since_the_last_release() -> None:
    breaking = [change for change in changes(RELEASED, NOW) if change not in ACCEPTED]
    assert not breaking, "breaks clients of the last release:\n" + "\n".join(breaking)


def test_every_accepted_change_exists() -> None:
    assert set(ACCEPTED) <= set(changes(RELEASED, NOW))


def test_breaking_and_dangerous_changes_are_detected() -> None:
    removed = re.sub(r'\n  """[^"]*"""\n  incoterm: String\n', "\n", NOW, count=1)
    assert removed != NOW
    assert any("FIELD_REMOVED" in change and "incoterm" in change for change in changes(NOW, removed))
    nullable = NOW.replace("packageCount: Int!", "packageCount: Int", 1)
    assert any("FIELD_CHANGED_KIND" in change and "packageCount" in change for change in changes(NOW, nullable))
    grown = NOW.replace("enum CountPrecision {", "enum CountPrecision {\n  GUESSED", 1)
    assert any("VALUE_ADDED_TO_ENUM" in change and "GUESSED" in change for change in changes(NOW, grown))


def test_a_deprecation_names_its_removal_date() -> None:
    assert deprecated_without_date(NOW) == []
    vague = NOW.replace("  incoterm: String\n", '  incoterm: String @deprecated(reason: "Use something else.")\n', 1)
    dated = vague.replace("something else.", "something else. Removal on 2027-01-31.", 1)
    assert deprecated_without_date(vague)
    assert not deprecated_without_date(dated)
