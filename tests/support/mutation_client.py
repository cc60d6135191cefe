"""A test client for mutations: a method for each mutation, minimal and complete inputs, and database snapshots.

A method returns the payload of its mutation and fails on top-level errors. `database_snapshot` returns the
whole database as text; two equal snapshots show that nothing was written in between.
"""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graphql_app.database import rollup_sql
from tests.support import graphql_client

Json = dict[str, Any]

BERLIN: Json = {"name": "Sender", "country": "DE", "city": "Berlin", "postalCode": "10115"}
PARIS: Json = {"name": "Receiver", "country": "FR", "city": "Paris", "postalCode": "75001"}
KILO: Json = {"weight": {"value": "1", "unit": "KG"}}

ERRORS = """errors { __typename message code path
  ... on DuplicateError { existing { id number } }
  ... on VersionConflictError { expected current changedFields shipment { id version } }
  ... on InvalidTransitionError { from to allowed }
  ... on NotEditableError { status hint }
  ... on IdempotencyError { firstUsedAt } }"""
WARNINGS = "warnings { code message path }"
META = "meta { replayed validateOnly requestId }"
SHIPMENT = """id number externalReference version direction status phase statusAt exceptionReason allowedTransitions
  editableFields carrier { code } service incoterm declaredValue { amount currency } metadata tags archivedAt
  parties { role name company lines city region postalCode country phone email }
  packages { id seq trackingNumber status statusAt weight(unit: G) { value unit }
    dimensions(unit: MM) { length width height } items { title } }
  items { sku title quantity unit unitValue { amount currency } originCountry batch metadata package { seq } }
  references { kind value } packageCount totalWeight(unit: G) { value }
  promisedFrom promisedTo estimatedDeliveryAt readyAt pickedUpAt firstAttemptAt deliveredAt closedAt lastEventAt
  returnOf { id } createdAt updatedAt"""
EVENT = """id code reason message occurredAt timePrecision source externalEventId carrierStatusRaw applied
  notAppliedReason voidedAt voidReason corrects { id } package { id seq } shipment { id version status }"""
PAYLOAD = f"shipment {{ {SHIPMENT} }} created {ERRORS} {WARNINGS} {META}"
ROWS = f"""results {{ index clientRef created shipment {{ id number version status tags externalReference }}
  {ERRORS} {WARNINGS} }} succeeded failed {ERRORS} {META}"""
EVENTS = f"""results {{ index duplicate statusChanged event {{ {EVENT} }} {ERRORS} {WARNINGS} }}
  succeeded failed {ERRORS} {META}"""

BY = "$by: ShipmentBy!, $options: MutationOptions"
DOCUMENTS = {
    "shipmentCreate": ("$input: ShipmentCreateInput!, $options: MutationOptions", PAYLOAD),
    "shipmentUpsert": (
        "$externalReference: String!, $input: ShipmentCreateInput!, $options: MutationOptions",
        PAYLOAD,
    ),
    "shipmentUpdate": (f"{BY}, $input: ShipmentUpdateInput!", PAYLOAD),
    "shipmentConfirm": (BY, PAYLOAD),
    "shipmentCancel": (f"{BY}, $reason: String", PAYLOAD),
    "shipmentOverrideStatus": (f"{BY}, $status: ShipmentStatus!, $reason: String!", PAYLOAD),
    "shipmentArchive": (f"{BY}, $archived: Boolean! = true", PAYLOAD),
    "shipmentsBulkCreate": (
        "$inputs: [ShipmentCreateInput!]!, $errorPolicy: BulkErrorPolicy! = REJECT_FAILED_ROWS, "
        "$options: MutationOptions",
        ROWS,
    ),
    "shipmentsBulkUpdate": (
        "$inputs: [ShipmentBulkUpdateRow!]!, $errorPolicy: BulkErrorPolicy! = REJECT_FAILED_ROWS, "
        "$options: MutationOptions",
        ROWS,
    ),
    "trackingEventsRecord": (
        "$inputs: [TrackingEventInput!]!, $errorPolicy: BulkErrorPolicy! = REJECT_FAILED_ROWS, "
        "$options: MutationOptions",
        EVENTS,
    ),
    "trackingEventVoid": (
        "$id: ID!, $reason: String!, $replacement: TrackingEventInput, $options: MutationOptions",
        EVENTS,
    ),
    "carrierSave": (
        "$code: String!, $input: CarrierInput!, $options: MutationOptions",
        f"carrier {{ id code name trackingUrlTemplate }} {ERRORS} {META}",
    ),
    "carrierStatusMap": (
        "$carrier: String!, $raw: String!, $code: TrackingEventCode, $reason: ExceptionReason, "
        "$options: MutationOptions",
        f"carrier {{ id code }} {ERRORS} {META}",
    ),
    "apiKeyCreate": (
        "$input: ApiKeyCreateInput!, $options: MutationOptions",
        f"apiKey {{ id name }} secret {ERRORS} {META}",
    ),
    "apiKeyRevoke": ("$id: ID!, $options: MutationOptions", f"apiKey {{ id revokedAt }} {ERRORS} {META}"),
}
"""Mutation field -> variable definitions, selection set."""


def document(field: str) -> str:
    """The operation with this mutation field; all arguments are variables."""
    definitions, selection = DOCUMENTS[field]
    names = [part.split(":")[0].strip() for part in definitions.split(",")]
    arguments = ", ".join(f"{name[1:]}: {name}" for name in names)
    return f"mutation({definitions}) {{ {field}({arguments}) {{ {selection} }} }}"


def minimal(**fields: Any) -> Json:
    """The smallest valid ShipmentCreateInput."""
    return {"shipper": BERLIN, **fields}


def complete(**fields: Any) -> Json:
    """A ShipmentCreateInput that can be confirmed."""
    return {"shipper": BERLIN, "recipient": PARIS, "packages": [KILO], **fields}


def event(target: str | Json, code: str | None = "IN_TRANSIT", at: str = "2026-03-01T10:00:00Z", **fields: Any) -> Json:
    """A TrackingEventInput. `target`: the id of a shipment or package, or an EventTarget."""
    if isinstance(target, str):
        target = {"packageId": target} if target.startswith("pkg_") else {"shipment": {"id": target}}
    input_: Json = {"target": target, "occurred": {"instant": at}, **fields}
    return input_ if code is None else {**input_, "code": code}


def codes(payload: Json) -> list[tuple[str, str | None]]:
    """Code and path of each error."""
    return [(error["code"], None if error["path"] is None else ".".join(error["path"])) for error in payload["errors"]]


def warning_codes(payload: Json) -> list[tuple[str, str]]:
    """Code and path of each warning."""
    return [(warning["code"], ".".join(warning["path"])) for warning in payload["warnings"]]


class MutationClient:
    """The mutations as methods with short names."""

    def __init__(self, execute: graphql_client.Execute) -> None:
        self.execute = execute

    async def run(self, field: str, *, headers: dict[str, str] | None = None, **variables: Any) -> Json:
        """The payload of one mutation. Fails on top-level errors."""
        response = await self.execute(document(field), variables, headers=headers)
        assert "errors" not in response, response["errors"]
        payload: Json = response["data"][field]
        return payload

    async def create(self, options: Json | None = None, **fields: Any) -> Json:
        """shipmentCreate with a minimal input and the given fields."""
        return await self.run("shipmentCreate", input=minimal(**fields), options=options or {})

    async def created(self, **fields: Any) -> Json:
        """A shipment that was created without errors."""
        payload = await self.create(**fields)
        assert payload["errors"] == []
        shipment: Json = payload["shipment"]
        return shipment

    async def confirmed(self, packages: int = 1, **fields: Any) -> Json:
        """A confirmed shipment."""
        return await self.created(**complete(packages=[KILO] * packages, confirm=True, **fields))

    async def upsert(self, reference: str, input_: Json, **options: Any) -> Json:
        return await self.run("shipmentUpsert", externalReference=reference, input=input_, options=options)

    async def update(self, id_: str, input_: Json, **options: Any) -> Json:
        return await self.run("shipmentUpdate", by={"id": id_}, input=input_, options=options)

    async def confirm(self, id_: str, **options: Any) -> Json:
        return await self.run("shipmentConfirm", by={"id": id_}, options=options)

    async def cancel(self, id_: str, reason: str | None = None, **options: Any) -> Json:
        return await self.run("shipmentCancel", by={"id": id_}, reason=reason, options=options)

    async def override(self, id_: str, status: str, reason: str = "We know better", **options: Any) -> Json:
        return await self.run("shipmentOverrideStatus", by={"id": id_}, status=status, reason=reason, options=options)

    async def archive(self, id_: str, archived: bool = True, **options: Any) -> Json:
        return await self.run("shipmentArchive", by={"id": id_}, archived=archived, options=options)

    async def bulk_create(self, *inputs: Json, policy: str = "REJECT_FAILED_ROWS", **options: Any) -> Json:
        return await self.run("shipmentsBulkCreate", inputs=inputs, errorPolicy=policy, options=options)

    async def bulk_update(self, *inputs: Json, policy: str = "REJECT_FAILED_ROWS", **options: Any) -> Json:
        return await self.run("shipmentsBulkUpdate", inputs=inputs, errorPolicy=policy, options=options)

    async def record(self, *inputs: Json, policy: str = "REJECT_FAILED_ROWS", **options: Any) -> Json:
        return await self.run("trackingEventsRecord", inputs=inputs, errorPolicy=policy, options=options)

    async def void(
        self, id_: str, reason: str = "It was wrong", replacement: Json | None = None, **options: Any
    ) -> Json:
        return await self.run("trackingEventVoid", id=id_, reason=reason, replacement=replacement, options=options)

    async def save_carrier(self, code: str, **fields: Any) -> Json:
        return await self.run(
            "carrierSave", code=code, input={"name": code.upper()[:9].strip("\0"), **fields}, options={}
        )

    async def map_status(self, carrier: str, raw: str, code: str | None = None, reason: str | None = None) -> Json:
        return await self.run("carrierStatusMap", carrier=carrier, raw=raw, code=code, reason=reason, options={})

    async def shipment(self, id_: str) -> Json:
        """A shipment with all its fields."""
        response = await self.execute(f"query($id: ID!) {{ shipment(by: {{id: $id}}) {{ {SHIPMENT} }} }}", {"id": id_})
        shipment: Json = response["data"]["shipment"]
        return shipment

    async def events(self, id_: str) -> list[Json]:
        """All events of a shipment in order of occurrence, voided ones included."""
        query = f"""query($id: ID!) {{ shipment(by: {{id: $id}}) {{
          events(first: 250, where: {{includeVoided: true}}) {{ nodes {{ {EVENT} }} }} }} }}"""
        events: list[Json] = (await self.execute(query, {"id": id_}))["data"]["shipment"]["events"]["nodes"]
        return events


async def database_snapshot(owner: AsyncEngine, *excluded: str) -> dict[str, str]:
    """All rows of each table as one text, and the last shipment number of each account. `excluded`: table names.

    The rollups are left out: a background task derives them from the change log.
    """
    snapshot = {}
    async with owner.connect() as connection:
        tables = await connection.execute(
            text("SELECT relname FROM pg_class WHERE relkind IN ('r', 'S') AND relnamespace = 'public'::regnamespace")
        )
        for (name,) in tables.all():
            if name.startswith("shipment_number_"):
                query = f'SELECT last_value::text || is_called FROM "{name}"'
            elif name.endswith("_seq"):
                continue
            else:
                query = f"SELECT coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '') FROM \"{name}\" t"
            if name not in excluded and name not in rollup_sql.TABLES:
                snapshot[name] = (await connection.execute(text(query))).scalar_one()
    return snapshot


async def assert_versions_match_changes(owner: AsyncEngine) -> int:
    """Assert that each version equals the number of changes, which count from 1; returns the number of shipments."""
    async with owner.connect() as connection:
        rows = await connection.execute(
            text(
                "SELECT s.id, s.version, array_agg(c.shipment_seq ORDER BY c.shipment_seq) AS seqs FROM shipment s "
                "LEFT JOIN change c ON c.shipment_id = s.id GROUP BY s.id, s.version"
            )
        )
        shipments = rows.all()
    for _, version, sequences in shipments:
        assert sequences == list(range(1, version + 1))
    return len(shipments)
