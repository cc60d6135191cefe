"""API keys: what is shown of them, what may be asked of a new one, what making and revoking one answers.

A secret leaves once, in the payload of the call that made it; its hash never.
"""

from datetime import datetime

import strawberry

from graphql_app import models
from graphql_app.graphql_types.arguments import optional
from graphql_app.graphql_types.connections import CURSOR, EDGES, NODES, PAGE, Limit
from graphql_app.graphql_types.model_type import computed, described, mirrors
from graphql_app.graphql_types.payloads import ERRORS, MutationMeta, UserError
from graphql_app.graphql_types.value_types import Count, PageInfo

META = "About the call itself."


@mirrors(models.ApiKey)
class ApiKey:
    id: strawberry.ID = described("Opaque identity. `node` does not find API keys.")
    name: str = described("What the key is for.")
    prefix: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


@strawberry.type(description="An API key in a connection.")
class ApiKeyEdge:
    node: ApiKey = described("The API key.")
    cursor: str = described(CURSOR)


@strawberry.type(description="A page of API keys, oldest first.")
class ApiKeyConnection:
    edges: list[ApiKeyEdge] = described(EDGES)
    nodes: list[ApiKey] = described(NODES)
    page_info: PageInfo = described(PAGE)

    @computed
    def total_count(self, limit: Limit = 10000) -> Count:
        """How many there are in all. Counted only when asked for."""


@strawberry.input(description="A new API key.")
class ApiKeyCreateInput:
    name: str = described("What it is for: at most 100 characters. With the prefix it is the actor in the change log.")
    scopes: list[str] = described(
        "What it may do: shipments:read, shipments:write, events:write, admin; none implies another. Only what the key "
        "may do that asks for it."
    )
    expires_at: datetime | None = optional("When it stops to work; absent: never.")


@strawberry.type(description="What became of a new API key.")
class ApiKeyCreatePayload:
    api_key: ApiKey | None = described("The key; null where none was made.")
    secret: str | None = described(
        "What clients send as `Authorization: Bearer <secret>`. Shown this once; null where no key was made, and in "
        "the answer to a retry."
    )
    errors: list[UserError] = described(ERRORS)
    meta: MutationMeta = described(META)


@strawberry.type(description="What became of an API key.")
class ApiKeyPayload:
    api_key: ApiKey | None = described("The key as it is now; null where there is none.")
    errors: list[UserError] = described(ERRORS)
    meta: MutationMeta = described(META)
