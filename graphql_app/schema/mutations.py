"""The root type of mutations: names (noun first), arguments, descriptions and scopes.

Their resolvers are in `mutations/resolvers.py`. A resolver receives the arguments as graphql-core coerced them, under
their GraphQL names: an omitted argument has no key, which differs from null.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import strawberry
from graphql import GraphQLObjectType

from graphql_app.auth.scopes import ADMIN, EVENTS, WRITE
from graphql_app.domain import enums
from graphql_app.graphql_internals import python_name
from graphql_app.graphql_types import api_keys, mutation_inputs, payloads
from graphql_app.graphql_types.arguments import argument
from graphql_app.mutations import resolvers
from graphql_app.operation_context import Info
from graphql_app.schema import authorization

UNSET = strawberry.UNSET
MutationResolver = Callable[[Info, Mapping[str, Any]], Awaitable[object]]
RESOLVERS: dict[str, MutationResolver] = {}
"""The resolver of each mutation, by the Python name of its field."""


def resolved_by(resolve: MutationResolver, scope: str = WRITE) -> Callable[[Callable[..., Any]], Any]:
    """Declare a mutation with a resolver. The decorated function is its signature, its docstring the description."""

    def decorate(signature: Callable[..., Any]) -> Any:
        RESOLVERS[signature.__name__] = resolve
        return strawberry.mutation(**authorization.field_options(signature, scope))

    return decorate


def connect(mutations: GraphQLObjectType) -> None:
    """Replace the resolvers of the built schema, which are Strawberry's, by those of `RESOLVERS`."""
    for field in mutations.fields.values():
        field.resolve = with_mapping(RESOLVERS[python_name(field)])


def with_mapping(resolve: MutationResolver) -> Callable[..., Awaitable[object]]:
    """Adapt a resolver, which takes the arguments as one mapping, to graphql-core, which passes them as keywords."""

    async def resolve_field(_: object, info: Info, **arguments: Any) -> object:
        return await resolve(info, arguments)

    return resolve_field


@strawberry.type(
    description="The root of all mutations. Each mutation field is one transaction; the fields of an operation run "
    "one after the other. Errors in the input are returned in `errors` of the payload, except for values of the wrong "
    "type. Leading and trailing whitespace is removed from all texts that are stored, except from metadata."
)
class Mutation:
    @resolved_by(resolvers.shipment_create)
    def shipment_create(
        input: mutation_inputs.CreateArgument, options: mutation_inputs.OptionsArgument = UNSET
    ) -> payloads.ShipmentPayload | None:
        """Creates a shipment with its parties, packages, items and references, in status DRAFT, or READY if `confirm`
        is true. An external reference in use returns DUPLICATE with the existing shipment; an unknown carrier or
        `returnOf` returns NOT_FOUND."""

    @resolved_by(resolvers.shipment_upsert)
    def shipment_upsert(
        external_reference: Annotated[str, argument("Your own ID of the shipment, up to 128 characters.")],
        input: mutation_inputs.CreateArgument,
        options: mutation_inputs.OptionsArgument = UNSET,
    ) -> payloads.ShipmentPayload | None:
        """Creates the shipment with this external reference, or updates it if it exists. In an update, omitted fields
        are left unchanged and null clears a field. Tags, metadata keys and parties are merged with the
        existing ones; null removes all tags or all metadata. Items and references are replaced. Packages are matched by
        their position; further packages are added, and no package is removed. A change that the status does not allow
        returns NOT_EDITABLE. Safe to retry without an idempotency key."""

    @resolved_by(resolvers.shipment_update)
    def shipment_update(
        by: mutation_inputs.ByArgument,
        input: Annotated[mutation_inputs.ShipmentUpdateInput, argument("The changes to the shipment.")],
        options: mutation_inputs.OptionsArgument = UNSET,
    ) -> payloads.ShipmentPayload | None:
        """Updates a shipment. A change that the status does not allow returns NOT_EDITABLE (see `editableFields`), an
        external reference in use returns DUPLICATE, and a version other than `expectedVersion` returns
        VERSION_CONFLICT. If there is any error, nothing is written."""

    @resolved_by(resolvers.shipment_confirm)
    def shipment_confirm(
        by: mutation_inputs.ByArgument, options: mutation_inputs.OptionsArgument = UNSET
    ) -> payloads.ShipmentPayload | None:
        """Confirms a shipment in status DRAFT: its status becomes READY. A shipment without a recipient or
        without packages returns REQUIRED. Confirming a shipment in status READY has no effect; any other status returns
        INVALID_TRANSITION."""

    @resolved_by(resolvers.shipment_cancel)
    def shipment_cancel(
        by: mutation_inputs.ByArgument,
        reason: Annotated[
            str | None, argument("The reason, up to 500 characters. It is stored in the change log.")
        ] = UNSET,
        options: mutation_inputs.OptionsArgument = UNSET,
    ) -> payloads.ShipmentPayload | None:
        """Cancels a shipment in status DRAFT or READY. Cancelling a cancelled shipment has no effect; any other status
        returns INVALID_TRANSITION."""

    @resolved_by(resolvers.shipment_override_status)
    def shipment_override_status(
        by: mutation_inputs.ByArgument,
        status: Annotated[enums.ShipmentStatus, argument("The new status: any but DRAFT and PARTIALLY_DELIVERED.")],
        reason: Annotated[str, argument("The reason, up to 500 characters. Must not be blank.")],
        options: mutation_inputs.OptionsArgument = UNSET,
    ) -> payloads.ShipmentPayload | None:
        """Sets the status of a shipment regardless of its tracking events. The override is itself an event: later
        events continue from it, and `trackingEventVoid` undoes it. A shipment in status DRAFT or CANCELLED returns
        INVALID_TRANSITION, and so do the target statuses DRAFT and PARTIALLY_DELIVERED."""

    @resolved_by(resolvers.shipment_archive)
    def shipment_archive(
        by: mutation_inputs.ByArgument,
        archived: Annotated[bool, argument("`true` archives the shipment, `false` restores it. Default true.")] = True,
        options: mutation_inputs.OptionsArgument = UNSET,
    ) -> payloads.ShipmentPayload | None:
        """Archives a shipment in any status, which excludes it from lists by default, or restores it. Nothing is
        deleted. Archiving an archived shipment has no effect."""

    @resolved_by(resolvers.shipments_bulk_create)
    def shipments_bulk_create(
        inputs: Annotated[
            list[mutation_inputs.ShipmentCreateInput], argument("The shipments to create: between 1 and 1,000.")
        ],
        error_policy: mutation_inputs.PolicyArgument = enums.BulkErrorPolicy.REJECT_FAILED_ROWS,
        options: mutation_inputs.OptionsArgument = UNSET,
    ) -> payloads.ShipmentBulkPayload | None:
        """Creates up to 1,000 shipments. Each row has its own result with the errors of `shipmentCreate`. If several
        rows have the same external reference, the first row is created and the others return DUPLICATE."""

    @resolved_by(resolvers.shipments_bulk_update)
    def shipments_bulk_update(
        inputs: Annotated[
            list[mutation_inputs.ShipmentBulkUpdateRow], argument("The updates to apply: between 1 and 1,000.")
        ],
        error_policy: mutation_inputs.PolicyArgument = enums.BulkErrorPolicy.REJECT_FAILED_ROWS,
        options: mutation_inputs.OptionsArgument = UNSET,
    ) -> payloads.ShipmentBulkPayload | None:
        """Updates up to 1,000 shipments. Each row has its own result with the errors of `shipmentUpdate`. Several rows
        for the same shipment are applied in their order."""

    @resolved_by(resolvers.tracking_events_record, EVENTS)
    def tracking_events_record(
        inputs: mutation_inputs.EventsArgument,
        error_policy: mutation_inputs.PolicyArgument = enums.BulkErrorPolicy.REJECT_FAILED_ROWS,
        options: mutation_inputs.OptionsArgument = UNSET,
    ) -> payloads.TrackingEventsPayload | None:
        """Records up to 1,000 tracking events and updates the status of their shipments. Events can be sent in any
        order and repeatedly: the same events always lead to the same status. A duplicate succeeds with the recorded
        event."""

    @resolved_by(resolvers.tracking_event_void, EVENTS)
    def tracking_event_void(
        id: Annotated[strawberry.ID, argument("The ID of the event.")],
        reason: Annotated[str, argument("The reason, up to 500 characters. Must not be blank.")],
        replacement: Annotated[
            mutation_inputs.TrackingEventInput | None,
            argument("The event that replaces the voided event. It must be for the same shipment."),
        ] = UNSET,
        options: mutation_inputs.OptionsArgument = UNSET,
    ) -> payloads.TrackingEventsPayload | None:
        """Voids an event, which removes its effect on the status, and optionally records a replacement. Both events are
        kept. The first result is the voided event, the second its replacement; if either has an error, nothing is
        written. An unknown event returns NOT_FOUND, a replacement for another shipment returns INVALID. Voiding a
        voided event has no effect."""

    @resolved_by(resolvers.carrier_save)
    def carrier_save(
        code: Annotated[str, argument("Code of the carrier: 2 to 32 lower-case letters, digits and underscores.")],
        input: Annotated[mutation_inputs.CarrierInput, argument("The values of the carrier.")],
        options: mutation_inputs.OptionsArgument = UNSET,
    ) -> payloads.CarrierPayload | None:
        """Creates the carrier with this code, or updates it if it exists."""

    @resolved_by(resolvers.carrier_status_map)
    def carrier_status_map(
        carrier: Annotated[str, argument("The code of the carrier.")],
        raw: Annotated[
            str,
            argument(
                "The carrier's own status code, as in `carrierStatusRaw`, up to 128 characters. Case and the "
                "number of spaces are ignored."
            ),
        ],
        code: Annotated[
            enums.TrackingEventCode | None,
            argument("The event code to map to. If omitted or null, the built-in mapping applies again."),
        ] = UNSET,
        reason: Annotated[
            enums.ExceptionReason | None, argument("The exception reason to map to. Requires `code`.")
        ] = UNSET,
        reapply: Annotated[
            bool, argument("Whether to apply the mapping to recorded events as well. Default false.")
        ] = False,
        options: mutation_inputs.OptionsArgument = UNSET,
    ) -> payloads.CarrierPayload | None:
        """Maps a carrier's own status code to a tracking event code, for events recorded from now on. An unknown
        carrier returns NOT_FOUND. With `reapply`, recorded events of the carrier's shipments with this status code
        take the event code, too, and the status of their shipments is calculated again: events that are not voided and
        whose code was derived from the status code, but not those that were reported with a `code`. This happens after
        the mapping is committed, in transactions of up to 200 events and up to 1,000 events per call; `reapplied` says
        whether to call again. Each changed event is a change `tracking_event.remapped`."""

    @resolved_by(resolvers.api_key_create, ADMIN)
    def api_key_create(
        input: Annotated[api_keys.ApiKeyCreateInput, argument("Name, scopes and expiry of the key.")],
        options: mutation_inputs.OptionsArgument = UNSET,
    ) -> api_keys.ApiKeyCreatePayload | None:
        """Creates an API key of this account. Its secret is returned only once: a retry with the same idempotency key
        returns the created key without its secret. If the secret was lost, revoke the key."""

    @resolved_by(resolvers.api_key_revoke, ADMIN)
    def api_key_revoke(
        id: Annotated[strawberry.ID, argument("The ID of the API key.")],
        options: mutation_inputs.OptionsArgument = UNSET,
    ) -> api_keys.ApiKeyPayload | None:
        """Revokes an API key of this account. Within one second its requests are rejected and its subscriptions end.
        Revoking a revoked key has no effect; an unknown key returns NOT_FOUND."""
