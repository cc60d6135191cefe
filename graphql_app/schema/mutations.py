"""The mutations: noun first, one for each business act. Here stand their names, arguments and meaning, in `acts.py`
what they do. An act gets the arguments as graphql-core coerced them, under their GraphQL names: absent is not null.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import strawberry
from graphql import GraphQLObjectType, GraphQLResolveInfo

from graphql_app.auth.scopes import ADMIN, EVENTS, WRITE
from graphql_app.domain import enums
from graphql_app.graphql_types import api_keys, mutation_inputs, payloads
from graphql_app.graphql_types.arguments import argument
from graphql_app.mutations import resolvers
from graphql_app.schema import authorization

UNSET = strawberry.UNSET
Run = Callable[[GraphQLResolveInfo[Any], Mapping[str, Any]], Awaitable[object]]
ACTS: dict[str, Run] = {}
"""What each mutation does, by its Python name."""


def does(run: Run, scope: str = WRITE) -> Callable[[Callable[..., Any]], Any]:
    """A mutation: the function below is its signature and its description."""

    def decorate(signature: Callable[..., Any]) -> Any:
        ACTS[signature.__name__] = run
        return strawberry.mutation(**authorization.described(signature, scope))

    return decorate


def connect(mutations: GraphQLObjectType) -> None:
    """Let the fields of the finished schema run their acts."""
    for field in mutations.fields.values():
        field.resolve = resolver(ACTS[field.extensions["strawberry-definition"].python_name])


def resolver(run: Run) -> Callable[..., Awaitable[object]]:
    async def resolve(_: object, info: GraphQLResolveInfo[Any], **arguments: Any) -> object:
        return await run(info, arguments)

    return resolve


@strawberry.type(description="All that can be done. Each mutation is one transaction, and is carried out in its turn.")
class Mutation:
    @does(resolvers.shipment_create)
    def shipment_create(
        input: mutation_inputs.Create, options: mutation_inputs.Options = UNSET
    ) -> payloads.ShipmentPayload | None:
        """Make a shipment, with all that belongs to it."""

    @does(resolvers.shipment_upsert)
    def shipment_upsert(
        external_reference: Annotated[str, argument("Your own identity of the shipment.")],
        input: mutation_inputs.Create,
        options: mutation_inputs.Options = UNSET,
    ) -> payloads.ShipmentPayload | None:
        """Make the shipment with this external reference, or make the one that exists what the input says. Fields that
        are absent are left alone; tags, metadata and further parties are added to what is there, and null takes away
        all metadata or tags; packages are told apart by their order, and none is taken away."""

    @does(resolvers.shipment_update)
    def shipment_update(
        by: mutation_inputs.By,
        input: Annotated[mutation_inputs.ShipmentUpdateInput, argument("What changes.")],
        options: mutation_inputs.Options = UNSET,
    ) -> payloads.ShipmentPayload | None:
        """Change a shipment. `editableFields` of the shipment says what may be given."""

    @does(resolvers.shipment_confirm)
    def shipment_confirm(
        by: mutation_inputs.By, options: mutation_inputs.Options = UNSET
    ) -> payloads.ShipmentPayload | None:
        """DRAFT → READY: needs a recipient and at least one package. One that is READY stays so."""

    @does(resolvers.shipment_cancel)
    def shipment_cancel(
        by: mutation_inputs.By,
        reason: Annotated[str | None, argument("Why, for the change log.")] = UNSET,
        options: mutation_inputs.Options = UNSET,
    ) -> payloads.ShipmentPayload | None:
        """DRAFT or READY → CANCELLED. One that is cancelled stays so; a later one is refused."""

    @does(resolvers.shipment_override_status)
    def shipment_override_status(
        by: mutation_inputs.By,
        status: Annotated[enums.ShipmentStatus, argument("The status that it shall have.")],
        reason: Annotated[str, argument("Why.")],
        options: mutation_inputs.Options = UNSET,
    ) -> payloads.ShipmentPayload | None:
        """Set the status against what the events say. It is an event itself: later ones go on from it, and
        `trackingEventVoid` takes it back."""

    @does(resolvers.shipment_archive)
    def shipment_archive(
        by: mutation_inputs.By,
        archived: Annotated[bool, argument("Out of the lists, or back into them.")] = True,
        options: mutation_inputs.Options = UNSET,
    ) -> payloads.ShipmentPayload | None:
        """Put a shipment out of the lists, or back into them. Nothing is deleted."""

    @does(resolvers.shipments_bulk_create)
    def shipments_bulk_create(
        inputs: Annotated[list[mutation_inputs.ShipmentCreateInput], argument("The shipments, at most 1,000.")],
        error_policy: mutation_inputs.Policy = enums.BulkErrorPolicy.REJECT_FAILED_ROWS,
        options: mutation_inputs.Options = UNSET,
    ) -> payloads.ShipmentBulkPayload | None:
        """Make many shipments by one statement."""

    @does(resolvers.shipments_bulk_update)
    def shipments_bulk_update(
        inputs: Annotated[list[mutation_inputs.ShipmentBulkUpdateRow], argument("The changes, at most 1,000.")],
        error_policy: mutation_inputs.Policy = enums.BulkErrorPolicy.REJECT_FAILED_ROWS,
        options: mutation_inputs.Options = UNSET,
    ) -> payloads.ShipmentBulkPayload | None:
        """Change many shipments. Several rows may be about one shipment: they are carried out in their order."""

    @does(resolvers.tracking_events_record, EVENTS)
    def tracking_events_record(
        inputs: mutation_inputs.Events,
        error_policy: mutation_inputs.Policy = enums.BulkErrorPolicy.REJECT_FAILED_ROWS,
        options: mutation_inputs.Options = UNSET,
    ) -> payloads.TrackingEventsPayload | None:
        """Record what happened, in any order and as often as you like: the same events give the same status."""

    @does(resolvers.tracking_event_void, EVENTS)
    def tracking_event_void(
        id: Annotated[strawberry.ID, argument("The event's opaque identity.")],
        reason: Annotated[str, argument("Why it is wrong.")],
        replacement: Annotated[mutation_inputs.TrackingEventInput | None, argument("What is right.")] = UNSET,
        options: mutation_inputs.Options = UNSET,
    ) -> payloads.TrackingEventsPayload | None:
        """Let an event count no more, and record another in its place. Both are kept. The first result is the voided
        event, the second its replacement."""

    @does(resolvers.carrier_save)
    def carrier_save(
        code: Annotated[str, argument("Its code: 2 to 32 of a-z, 0-9 and _.")],
        input: Annotated[mutation_inputs.CarrierInput, argument("What it shall be.")],
        options: mutation_inputs.Options = UNSET,
    ) -> payloads.CarrierPayload | None:
        """Make a carrier, or change the one with this code."""

    @does(resolvers.carrier_status_map)
    def carrier_status_map(
        carrier: Annotated[str, argument("Code of the carrier.")],
        raw: Annotated[str, argument("The carrier's own word, as it comes in `carrierStatusRaw`.")],
        code: Annotated[
            enums.TrackingEventCode | None, argument("What it means; absent: what ships with the program counts again.")
        ] = UNSET,
        reason: Annotated[enums.ExceptionReason | None, argument("Why, where the word says that too.")] = UNSET,
        options: mutation_inputs.Options = UNSET,
    ) -> payloads.CarrierPayload | None:
        """Say what a carrier's own word means, for events recorded from now on."""

    @does(resolvers.api_key_create, ADMIN)
    def api_key_create(
        input: Annotated[api_keys.ApiKeyCreateInput, argument("What it is for, and what it may do.")],
        options: mutation_inputs.Options = UNSET,
    ) -> api_keys.ApiKeyCreatePayload | None:
        """Make an API key of this account. Its secret is shown this once and kept nowhere: a retry with the same
        idempotency key is answered with the key that was made, without its secret. Revoke that one if it was lost."""

    @does(resolvers.api_key_revoke, ADMIN)
    def api_key_revoke(
        id: Annotated[strawberry.ID, argument("The key's opaque identity.")], options: mutation_inputs.Options = UNSET
    ) -> api_keys.ApiKeyPayload | None:
        """Let an API key of this account in no more, within a second, and end its subscriptions. One that is revoked
        stays so."""
