"""Public IDs: a prefix that names the type, followed by the row's UUIDv7 (RFC 9562) as 32 hexadecimal digits."""

import random
import re
import time
from uuid import UUID

from sqlmodel import SQLModel

from graphql_app import models

PREFIXES: dict[type[SQLModel], str] = {
    models.Account: "acc_",
    models.ApiKey: "key_",
    models.Carrier: "car_",
    models.Package: "pkg_",
    models.Shipment: "shp_",
    models.ShipmentItem: "itm_",
    models.TrackingEvent: "evt_",
}
MODELS = {prefix: model for model, prefix in PREFIXES.items()}
ID_PATTERN = re.compile(r"[a-z]{3}_[0-9a-f]{32}", re.ASCII)


def encode(model: type[SQLModel], id_: UUID) -> str:
    """Return the public ID of a row."""
    return PREFIXES[model] + id_.hex


def decode(public: str) -> tuple[type[SQLModel], UUID] | None:
    """Return the model and the UUID of a public ID; None if the text is not a public ID."""
    if not ID_PATTERN.fullmatch(public) or public[:4] not in MODELS:
        return None
    return MODELS[public[:4]], UUID(public[4:])


def decode_as(model: type[SQLModel], public: str) -> UUID | None:
    """Return the UUID of a public ID of this model; None if the text is not one."""
    decoded = decode(public)
    return decoded[1] if decoded and decoded[0] is model else None


last_timestamp = 0
"""Timestamp of the newest ID: milliseconds since 1970 and 12 bits of their fraction."""


def new() -> UUID:
    """Return a new UUIDv7 in the format of PostgreSQL's uuidv7(), greater than all earlier ones of this process."""
    global last_timestamp
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    last_timestamp = max(last_timestamp + 1, milliseconds << 12 | (rest << 12) // 1_000_000)
    return UUID(
        int=(last_timestamp >> 12) << 80
        | 0x7 << 76
        | (last_timestamp & 0xFFF) << 64
        | 0b10 << 62
        | random.getrandbits(62)
    )
