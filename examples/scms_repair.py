"""Repair shipments that an earlier version of the import created with the service `n_a`, from the mode N/A of USAID's
raw export: the service is unknown, so it is null.

The service of a shipment can be changed only before the carrier has it. So the status is overridden for the time of the
change, and the override is voided afterwards, which restores the status. If the program stops in between, the next
import continues: the override is recognized by its reason.
"""

from typing import Any

from retrying_client import Client, RequestRejected

Json = dict[str, Any]

WRONG_SERVICE = "n_a"
REASON = "SCMS import: remove the service n_a"
"""The reason of the override, by which an interrupted repair is recognized."""
OVERRIDE = """
mutation Reopen($id: ID!, $reason: String!) {
  shipmentOverrideStatus(by: {id: $id}, status: READY, reason: $reason) {
    shipment { statusExplanation { decidedBy { id } } }
    errors { code message }
  }
}"""
CLEAR = """
mutation Clear($id: ID!) { shipmentUpdate(by: {id: $id}, input: {service: null}) { errors { code message } } }"""
VOID = """
mutation Void($id: ID!, $reason: String!) {
  trackingEventVoid(id: $id, reason: $reason) { results { errors { code message } } errors { code message } }
}"""


async def repair(client: Client, shipment: Json) -> bool:
    """Remove the service `n_a` of a shipment. Returns whether there was anything to do.

    `shipment` has the fields `id`, `service`, `phase` and `statusExplanation { decidedBy { id message } }`.

    Raises:
        RequestRejected: the API returned an error.
    """
    decided_by = shipment["statusExplanation"]["decidedBy"]
    override: str | None = decided_by["id"] if decided_by and decided_by["message"] == REASON else None
    if shipment["service"] != WRONG_SERVICE and override is None:
        return False
    if shipment["service"] == WRONG_SERVICE:
        if override is None and shipment["phase"] != "PLANNING":
            variables = {"id": shipment["id"], "reason": REASON}
            payload = checked((await client.mutate(OVERRIDE, variables))["shipmentOverrideStatus"])
            override = payload["shipment"]["statusExplanation"]["decidedBy"]["id"]
        checked((await client.mutate(CLEAR, {"id": shipment["id"]}))["shipmentUpdate"])
    if override is not None:
        payload = checked((await client.mutate(VOID, {"id": override, "reason": REASON}))["trackingEventVoid"])
        for result in payload["results"]:
            checked(result)
    return True


def checked(payload: Json) -> Json:
    """The payload, if it has no errors.

    Raises:
        RequestRejected: it has errors.
    """
    if payload["errors"]:
        raise RequestRejected(payload["errors"])
    return payload
