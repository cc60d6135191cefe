"""API keys: what is shown of them, what may be asked of a new one, what making and revoking one answers.

A secret leaves once, in the payload of the call that made it; its hash never.
"""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from graphql_app import auth, models
from graphql_app.actions.act import Outcome
from graphql_app.api.answering import Answer
from graphql_app.api.inputs import optional
from graphql_app.api.mirrored import computed, described, mirrors
from graphql_app.api.payloads import ERRORS, MutationMeta, UserError
from graphql_app.api.types import CURSOR, EDGES, NODES, PAGE, Limit
from graphql_app.api.values import Count, PageInfo
from graphql_app.api.writing import Call

META = "Information about the call."


@mirrors(models.ApiKey)
class ApiKey:
    id: strawberry.ID = described("ID of the API key: `key_` and 32 hexadecimal digits. Not accepted by `node`.")
    name: str = described("Purpose of the key, up to 100 characters.")
    prefix: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


@strawberry.type(description="An API key in a connection, with its cursor.")
class ApiKeyEdge:
    node: ApiKey = described("The API key at this position.")
    cursor: str = described(CURSOR)


@strawberry.type(description="A page of a list of API keys, oldest first.")
class ApiKeyConnection:
    edges: list[ApiKeyEdge] = described(EDGES)
    nodes: list[ApiKey] = described(NODES)
    page_info: PageInfo = described(PAGE)

    @computed
    def total_count(self, limit: Limit = 10000) -> Count:
        """Number of items in the whole list. Counted only if selected."""


@strawberry.input(description="The values of a new API key.")
class ApiKeyCreateInput:
    name: str = described(
        "Purpose of the key, up to 100 characters. With the prefix of the secret it identifies the actor "
        "in the change log."
    )
    scopes: list[str] = described(
        "Scopes of the key, at least one of `shipments:read`, `shipments:write`, `events:write` and "
        "`admin`. No scope implies another. A scope that the calling key does not have returns FORBIDDEN."
    )
    expires_at: datetime | None = optional(
        "When the key expires; must be in the future. If omitted or null, it never expires."
    )


@strawberry.type(description="The result of the mutation `apiKeyCreate`.")
class ApiKeyCreatePayload:
    api_key: ApiKey | None = described("The created API key. Null if none was created.")
    secret: str | None = described(
        "The secret to send as `Authorization: Bearer <secret>`. Returned only once: null if no key was "
        "created and in the result of a retry."
    )
    errors: list[UserError] = described(ERRORS)
    meta: MutationMeta = described(META)


@strawberry.type(description="The result of a mutation on an API key.")
class ApiKeyPayload:
    api_key: ApiKey | None = described("The API key in its current state. Null if there are errors.")
    errors: list[UserError] = described(ERRORS)
    meta: MutationMeta = described(META)


def created(call: Call, outcomes: Sequence[Outcome], secret: auth.Secret) -> ApiKeyCreatePayload:
    """The answer to `apiKeyCreate`."""
    shown = revoked(call, outcomes)
    new = any(outcome.api_key for outcome in outcomes) and not call.replayed
    return ApiKeyCreatePayload(
        api_key=shown.api_key, secret=secret.text if new else None, errors=shown.errors, meta=shown.meta
    )


def revoked(call: Call, outcomes: Sequence[Outcome]) -> ApiKeyPayload:
    """The answer to `apiKeyRevoke`."""
    answer, outcome = Answer(call), outcomes[0] if outcomes else Outcome()
    return ApiKeyPayload(
        api_key=answer.shown(models.ApiKey, outcome, outcome.api_key),
        errors=answer.user_errors([*call.problems, *outcome.problems]),
        meta=answer.meta,
    )
