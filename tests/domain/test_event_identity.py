"""Which two reports are the same event."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_app.domain import event_identity

REPORT: dict[str, Any] = {
    "source_name": "carrier-feed",
    "external_event_id": None,
    "package_id": UUID(int=1),
    "code": "DELIVERED",
    "occurred_at": datetime(2026, 11, 24, 9, 30, 15, tzinfo=UTC),
    "place": ("Front door", "Lyon", None, "69001", "FR", 45.75, 4.85),
    "carrier_status_raw": "D",
}


def key(**other: Any) -> bytes:
    return event_identity.dedupe_key(**{**REPORT, **other})


def test_the_same_report_is_the_same_event() -> None:
    assert key() == key()
    assert len(key()) == 32


@pytest.mark.parametrize(
    "same",
    [
        {"occurred_at": REPORT["occurred_at"] + timedelta(milliseconds=900)},
        {"occurred_at": REPORT["occurred_at"].astimezone(timezone(timedelta(hours=5)))},
        {"source_name": "another-feed"},
    ],
)
def test_parts_of_a_second_the_offset_and_the_reporter_make_no_other_event(same: dict[str, Any]) -> None:
    assert key(**same) == key()


@pytest.mark.parametrize(
    "other",
    [
        {"occurred_at": REPORT["occurred_at"] + timedelta(seconds=1)},
        {"occurred_at": REPORT["occurred_at"] - timedelta(milliseconds=1)},
        {"package_id": None},
        {"package_id": UUID(int=2)},
        {"code": "INFO"},
        {"carrier_status_raw": None},
        {"carrier_status_raw": ""},
        {"place": ("Front door", "Lyon", "69001", None, "FR", 45.75, 4.85)},
        {"place": ()},
        {"external_event_id": "E-1"},
    ],
)
def test_what_happened_where_when_and_to_what_makes_another_event(other: dict[str, Any]) -> None:
    assert key(**other) != key()


def test_the_reporters_own_identity_decides_alone() -> None:
    assert key(external_event_id="E-1") == key(external_event_id="E-1", code="INFO", package_id=None)
    assert key(external_event_id="E-1") != key(external_event_id="E-1", source_name="another-feed")
    assert key(external_event_id="E-1") != key(external_event_id="E-2")


TEXTS = st.lists(st.none() | st.text("ab-:1é", max_size=4), max_size=5)


@given(TEXTS, TEXTS)
def test_no_two_lists_of_texts_look_the_same(one: list[str | None], other: list[str | None]) -> None:
    assert (event_identity.digest(*one) == event_identity.digest(*other)) == (one == other)
