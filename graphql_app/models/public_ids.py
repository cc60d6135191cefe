"""Public ids: a prefix that names the kind, then the row's UUIDv7 as 32 hex digits. Whatever else comes in is no id."""

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
SHAPE = re.compile(r"[a-z]{3}_[0-9a-f]{32}", re.ASCII)


def encode(model: type[SQLModel], id_: UUID) -> str:
    """The public id of a row."""
    return PREFIXES[model] + id_.hex


def decode(public: str) -> tuple[type[SQLModel], UUID] | None:
    """The kind and the row that a public id names; None when it is not one."""
    if not SHAPE.fullmatch(public) or public[:4] not in MODELS:
        return None
    return MODELS[public[:4]], UUID(public[4:])


def decode_as(model: type[SQLModel], public: str) -> UUID | None:
    """The row of this kind that a public id names; None when it names none."""
    found = decode(public)
    return found[1] if found and found[0] is model else None


last = 0


def new() -> UUID:
    """A new identity: a UUIDv7 as PostgreSQL's uuidv7() makes them, each behind all that this process made before."""
    global last
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    last = max(last + 1, milliseconds << 12 | (rest << 12) // 1_000_000)
    return UUID(int=(last >> 12) << 80 | 0x7 << 76 | (last & 0xFFF) << 64 | 0b10 << 62 | random.getrandbits(62))
