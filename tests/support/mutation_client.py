"""What tests do through the API: a method for each mutation, and the least input that each takes.

A method answers the payload of its mutation; it fails where the answer has top-level errors. `trail` is the whole
database as text, by which a test sees whether anything was written.
"""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

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


def document(field: str) -> str:
    """The mutation with this one field, all of its arguments as variables."""
    declared, selection = DOCUMENTS[field]
    names = [part.split(":")[0].strip() for part in declared.split(",")]
    given = ", ".join(f"{name[1:]}: {name}" for name in names)
    return f"mutation({declared}) {{ {field}({given}) {{ {selection} }} }}"


def minimal(**more: Any) -> Json:
    """The least ShipmentCreateInput."""
    return {"shipper": BERLIN, **more}


def complete(**more: Any) -> Json:
    """A ShipmentCreateInput that can be confirmed."""
    return {"shipper": BERLIN, "recipient": PARIS, "packages": [KILO], **more}


def event(target: str | Json, code: str | None = "IN_TRANSIT", at: str = "2026-03-01T10:00:00Z", **more: Any) -> Json:
    """A TrackingEventInput. `target`: a shipment's or package's id, or an EventTarget."""
    if isinstance(target, str):
        target = {"packageId": target} if target.startswith("pkg_") else {"shipment": {"id": target}}
    given: Json = {"target": target, "occurred": {"instant": at}, **more}
    return given if code is None else {**given, "code": code}


def codes(payload: Json) -> list[tuple[str, str | None]]:
    """What is wrong: code and path of each error."""
    return [(one["code"], None if one["path"] is None else ".".join(one["path"])) for one in payload["errors"]]


def warned(payload: Json) -> list[tuple[str, str]]:
    """What looks odd: code and path of each warning."""
    return [(one["code"], ".".join(one["path"])) for one in payload["warnings"]]


class Deeds:
    """The mutations, by the short names of what they do."""

    def __init__(self, ask: Any) -> None:
        self.ask = ask

    async def do(self, field: str, *, headers: dict[str, str] | None = None, **variables: Any) -> Json:
        """The payload of one mutation."""
        answer = await self.ask(document(field), variables, headers=headers)
        assert "errors" not in answer, answer["errors"]
        payload: Json = answer["data"][field]
        return payload

    async def create(self, options: Json | None = None, **given: Any) -> Json:
        return await self.do("shipmentCreate", input=minimal(**given), options=options or {})

    async def made(self, **given: Any) -> Json:
        """A shipment, made without any error."""
        payload = await self.create(**given)
        assert payload["errors"] == []
        shipment: Json = payload["shipment"]
        return shipment

    async def ready(self, packages: int = 1, **given: Any) -> Json:
        """A confirmed shipment."""
        return await self.made(**complete(packages=[KILO] * packages, confirm=True, **given))

    async def upsert(self, reference: str, given: Json, **options: Any) -> Json:
        return await self.do("shipmentUpsert", externalReference=reference, input=given, options=options)

    async def update(self, id_: str, given: Json, **options: Any) -> Json:
        return await self.do("shipmentUpdate", by={"id": id_}, input=given, options=options)

    async def confirm(self, id_: str, **options: Any) -> Json:
        return await self.do("shipmentConfirm", by={"id": id_}, options=options)

    async def cancel(self, id_: str, reason: str | None = None, **options: Any) -> Json:
        return await self.do("shipmentCancel", by={"id": id_}, reason=reason, options=options)

    async def override(self, id_: str, status: str, reason: str = "We know better", **options: Any) -> Json:
        return await self.do("shipmentOverrideStatus", by={"id": id_}, status=status, reason=reason, options=options)

    async def archive(self, id_: str, archived: bool = True, **options: Any) -> Json:
        return await self.do("shipmentArchive", by={"id": id_}, archived=archived, options=options)

    async def bulk_create(self, *inputs: Json, policy: str = "REJECT_FAILED_ROWS", **options: Any) -> Json:
        return await self.do("shipmentsBulkCreate", inputs=inputs, errorPolicy=policy, options=options)

    async def bulk_update(self, *inputs: Json, policy: str = "REJECT_FAILED_ROWS", **options: Any) -> Json:
        return await self.do("shipmentsBulkUpdate", inputs=inputs, errorPolicy=policy, options=options)

    async def record(self, *inputs: Json, policy: str = "REJECT_FAILED_ROWS", **options: Any) -> Json:
        return await self.do("trackingEventsRecord", inputs=inputs, errorPolicy=policy, options=options)

    async def void(
        self, id_: str, reason: str = "It was wrong", replacement: Json | None = None, **options: Any
    ) -> Json:
        return await self.do("trackingEventVoid", id=id_, reason=reason, replacement=replacement, options=options)

    async def carrier(self, code: str, **given: Any) -> Json:
        return await self.do(
            "carrierSave", code=code, input={"name": code.upper()[:9].strip("\0"), **given}, options={}
        )

    async def map(self, carrier: str, raw: str, code: str | None = None, reason: str | None = None) -> Json:
        return await self.do("carrierStatusMap", carrier=carrier, raw=raw, code=code, reason=reason, options={})

    async def shipment(self, id_: str) -> Json:
        """All of a shipment."""
        answer = await self.ask(f"query($id: ID!) {{ shipment(by: {{id: $id}}) {{ {SHIPMENT} }} }}", {"id": id_})
        found: Json = answer["data"]["shipment"]
        return found

    async def events(self, id_: str) -> list[Json]:
        """All events of a shipment in the order in which they happened, voided ones too."""
        query = f"""query($id: ID!) {{ shipment(by: {{id: $id}}) {{
          events(first: 250, where: {{includeVoided: true}}) {{ nodes {{ {EVENT} }} }} }} }}"""
        found: list[Json] = (await self.ask(query, {"id": id_}))["data"]["shipment"]["events"]["nodes"]
        return found


async def trail(owner: AsyncEngine, *but: str) -> dict[str, str]:
    """Every row of every table as one text a table, and the last number given to a shipment."""
    found = {}
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
            if name not in but:
                found[name] = (await connection.execute(text(query))).scalar_one()
    return found


async def versions_hold(owner: AsyncEngine) -> int:
    """Asserts that every shipment's version is the number of its changes, numbered from 1; how many there are."""
    async with owner.connect() as connection:
        rows = await connection.execute(
            text(
                "SELECT s.id, s.version, array_agg(c.shipment_seq ORDER BY c.shipment_seq) AS seqs FROM shipment s "
                "LEFT JOIN change c ON c.shipment_id = s.id GROUP BY s.id, s.version"
            )
        )
        found = rows.all()
    for _, version, seqs in found:
        assert seqs == list(range(1, version + 1))
    return len(found)
