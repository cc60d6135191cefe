"""The events and change log of the seed data: every code, precision and reason; voided, corrected and override
events.
"""

import hashlib
from datetime import timedelta
from typing import Any

from graphql_app.domain import enums
from tests.support.seed_values import CODES, EPOCH, REASONS, STATUSES, TEXTS, at, pick, uid

Row = dict[str, Any]
PRECISIONS = list(enums.TimePrecision)
NOT_APPLIED_REASONS = [None, *(reason for reason in enums.NotAppliedReason if reason != "VOIDED")]
PLACES: list[Row] = [
    {},
    {"place_name": 'Hub "Nord"', "city": "Hamburg", "country_code": "DE", "latitude": 53.5511, "longitude": 9.9937},
    {"city": "東京", "region": "13", "postal_code": "100-0001", "country_code": "JP"},
    {"latitude": -0.5, "longitude": -180},
    {"country_code": "US"},
    {"place_name": "\x01\\"},
    {"latitude": 90, "longitude": 1.5},
]
OPS = ["shipment.created", "shipment.confirmed", "shipment.updated", "events.recorded", "shipment.archived"]


def events(rows: dict[str, list[Row]], shipment: Row, packages: list[Row], n: int, key: int) -> None:
    """Append the events of a shipment: some at the same time, some recorded late, some replaced by a later one."""
    previous: Row | None = None
    for i in range(0 if n % 10 == 9 else n % 8):
        id_, voided, override = uid("event", 10 * key + i), i % 4 == 2, i % 6 == 5
        day = 86400 * (n % 30) + 3600 * (i - i % 2)  # pairs share their time
        place = {
            "place_name": None,
            "city": None,
            "region": None,
            "postal_code": None,
            "country_code": None,
            "latitude": None,
            "longitude": None,
        } | pick(PLACES, n + i)
        offset = pick([None, 0, 60, -570, 1080, -1], n + i)
        moment = EPOCH + timedelta(seconds=day, microseconds=pick([0, 500000, 123456, 1], n + i))
        not_applied_reason = "VOIDED" if voided else pick(NOT_APPLIED_REASONS, n + i)
        rows["tracking_event"].append(
            {
                "id": id_,
                "account_id": shipment["account_id"],
                "shipment_id": shipment["id"],
                "package_id": None if i % 3 == 0 or not packages else pick(packages, i)["id"],
                "seq": len(rows["tracking_event"]) + 1,
                "position": pick([7, -5, 7, 2**62], n + i // 2),
                "code": pick(CODES, 3 * n + i),
                "reason": pick([None, *REASONS], n + i),
                "message": pick([None, *TEXTS], n + i),
                "occurred_at": moment.isoformat(),
                "occurred_local": None
                if offset is None
                else (moment + timedelta(minutes=offset)).replace(tzinfo=None).isoformat(),
                "utc_offset_min": offset,
                "time_precision": pick(PRECISIONS, n + i),
                "recorded_at": at(day + 40000 * (i % 3)),
                "source": "OVERRIDE" if override else "REPORT",
                "source_name": pick(["api", "dhl", "DHL\\é"], n + i),
                "external_event_id": pick([None, f"e{n}'\"{i}"], i),
                "carrier_status_raw": pick([None, "OK", "\t"], i),
                "code_mapped": False,
                "reason_mapped": False,
                **place,
                "estimated_delivery_at": at(day + 99999) if i % 5 == 1 else None,
                "override_status": pick(STATUSES, n + i) if override else None,
                "dedupe_key": "\\x" + hashlib.sha256(id_.bytes).hexdigest(),
                "applied": not_applied_reason is None,
                "not_applied_reason": not_applied_reason,
                "voided_at": at(day + 5000) if voided else None,
                "voided_by": "world" if voided else None,
                "void_reason": pick(TEXTS, n + i) if voided else None,
                "corrects_event_id": previous["id"] if previous and previous["voided_at"] and n % 2 else None,
                "raw": None,
            }
        )
        previous = rows["tracking_event"][-1]
        if not_applied_reason is None and shipment["status_source"] != "COMMAND":
            shipment["status_event_id"] = id_


def changes(rows: dict[str, list[Row]], shipment: Row, n: int) -> None:
    """Append a change for each version, in transactions that ended long ago, and sometimes one of a carrier."""
    log = rows["change"]
    for number in range(1, shipment["version"] + 1):
        seq = len(log) + 1
        log.append(
            {
                "seq": seq,
                "log_position": 10 + seq // 3 - 2 * (seq % 7 == 0),
                "account_id": shipment["account_id"],
                "entity": "shipment",
                "entity_id": shipment["id"],
                "shipment_id": shipment["id"],
                "shipment_seq": number,
                "op": pick(OPS, number - 1),
                "changed": {"status": [None, pick(TEXTS, n)], "tags": [[], ["x"]]},
                "actor": pick(["default", 'key "1"'], n),
                "request_id": pick([None, "req-1"], number),
                "at": at(600 * n + number),
            }
        )
    if n % 20 == 0:
        log.append(
            log[-1]
            | {"seq": len(log) + 1, "entity": "carrier", "shipment_id": None, "shipment_seq": 0, "op": "carrier.saved"}
        )
