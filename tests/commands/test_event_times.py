"""The time of an event: its three forms, and the columns that follow from each."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_app.commands.tracking_events import times
from graphql_app.commands.validation import Validator
from graphql_app.domain.enums import TimePrecision


def valid_time(**fields: Any) -> times.ParsedEventTime:
    """The columns of a valid `EventTime`."""
    validator = Validator("occurred")
    parsed = times.parse_event_time(validator, fields)
    assert validator.errors == []
    assert parsed is not None
    return parsed


def errors(**fields: Any) -> list[tuple[str, str]]:
    """Path and message of the errors of an `EventTime`."""
    validator = Validator("inputs", "3", "occurred")
    assert times.parse_event_time(validator, fields) is None
    return [(".".join(error.path), error.message) for error in validator.errors]


def local(at: datetime, zone: str = "Europe/Berlin") -> dict[str, object]:
    """The `local` field of an `EventTime`."""
    return {"at": at, "timeZone": zone}


def test_an_instant_keeps_its_local_time_and_offset() -> None:
    at = datetime(2026, 11, 24, 9, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert valid_time(instant=at) == (
        datetime(2026, 11, 24, 14, 30, tzinfo=UTC), datetime(2026, 11, 24, 9, 30), -300, TimePrecision.EXACT
    )  # fmt: skip


def test_a_local_time_is_read_in_its_time_zone() -> None:
    assert valid_time(local=local(datetime(2026, 7, 1, 9, 30))) == (
        datetime(2026, 7, 1, 7, 30, tzinfo=UTC), datetime(2026, 7, 1, 9, 30), 120, TimePrecision.ZONE_ASSUMED
    )  # fmt: skip


def test_a_date_is_sorted_at_the_end_of_its_day() -> None:
    assert valid_time(date=date(2026, 11, 24)) == (
        datetime(2026, 11, 24, 23, 59, 59, tzinfo=UTC), None, None, TimePrecision.DATE_ONLY
    )  # fmt: skip


def test_an_ambiguous_local_time_is_the_first_instant() -> None:
    assert valid_time(local=local(datetime(2026, 10, 25, 2, 30))).occurred_at == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_a_skipped_local_time_uses_the_offset_before_the_change() -> None:
    parsed = valid_time(local=local(datetime(2026, 3, 29, 2, 30)))
    assert parsed[:3] == (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime(2026, 3, 29, 2, 30), 60)


@given(
    st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_the_instant_is_the_local_time_minus_the_offset(at: datetime, zone: str) -> None:
    parsed = valid_time(local=local(at, zone))
    assert parsed.occurred_local == at
    assert parsed.occurred_at.replace(tzinfo=None) == at - timedelta(minutes=parsed.utc_offset_min or 0)


def test_offsets_with_seconds_are_rounded_and_the_instant_is_exact() -> None:
    parsed = valid_time(local=local(datetime(1910, 1, 1), "Europe/Amsterdam"))
    offset = datetime(1910, 1, 1, tzinfo=times.time_zone("Europe/Amsterdam")).utcoffset()
    assert offset is not None
    assert parsed.occurred_at == datetime(1910, 1, 1, tzinfo=UTC) - offset
    assert parsed.utc_offset_min == round(offset.total_seconds() / 60)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Factory", "localtime", "America", "../etc/passwd", "right/UTC"])
def test_an_unknown_time_zone_is_rejected_with_an_example(zone: str) -> None:
    message = f"{zone!r} is not a time zone. Use an IANA name, for example Europe/Berlin."
    assert errors(local=local(datetime(2026, 1, 1), zone)) == [("inputs.3.occurred.local.timeZone", message)]


def test_a_time_zone_in_the_wrong_case_is_rejected_with_a_suggestion() -> None:
    (error,) = errors(local=local(datetime(2026, 1, 1), "europe/berlin"))
    assert error[1].endswith("Did you mean Europe/Berlin?")


def test_exactly_one_form_is_required() -> None:
    both = {"instant": datetime(2026, 1, 1, tzinfo=UTC), "date": date(2026, 1, 1)}
    for fields in ({}, both, {"date": None}):
        assert errors(**fields) == [("inputs.3.occurred", "Exactly one of `instant`, `local` and `date` is required.")]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"date": date(1899, 12, 31)}, "date"),
        ({"date": date(3000, 1, 1)}, "date"),
        ({"date": date(9999, 12, 31)}, "date"),
        ({"instant": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))}, "instant"),
        ({"instant": datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-14)))}, "instant"),
        ({"local": local(datetime(1, 1, 1))}, "local.at"),
        ({"local": local(datetime(9999, 12, 31, 23, 59))}, "local.at"),
    ],
)
def test_years_outside_1900_to_2999_are_rejected(fields: dict[str, Any], path: str) -> None:
    assert errors(**fields) == [(f"inputs.3.occurred.{path}", "Must be in the years 1900 to 2999.")]


def test_both_fields_of_a_local_time_are_validated() -> None:
    paths = [path for path, _ in errors(local=local(datetime(1, 1, 1), "Nowhere"))]
    assert paths == ["inputs.3.occurred.local.timeZone", "inputs.3.occurred.local.at"]


def test_an_offset_above_18_hours_is_rejected() -> None:
    at = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=18, minutes=1)))
    assert errors(instant=at) == [("inputs.3.occurred.instant", "The UTC offset must be between -18:00 and +18:00.")]


def test_every_listed_time_zone_can_be_loaded() -> None:
    assert len(times.zone_names()) > 500
    assert all(times.time_zone(name) for name in times.zone_names())
