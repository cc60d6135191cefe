"""Types of API keys: object, input and payloads.

A secret is returned once, in the payload of the call that created the key; its hash is never returned.
"""

from datetime import datetime

import strawberry

from graphql_app import models
from graphql_app.graphql_types.arguments import optional
from graphql_app.graphql_types.model_type import field, model_type
from graphql_app.graphql_types.payloads import ERRORS_DESCRIPTION, MutationMeta, UserError

META_DESCRIPTION = "Information about the call."


@model_type(models.ApiKey)
class ApiKey:
    id: strawberry.ID = field("ID of the API key: `key_` and 32 hexadecimal digits. Not accepted by `node`.")
    name: str = field("Purpose of the key, up to 100 characters.")
    prefix: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


@strawberry.input(description="The values of a new API key.")
class ApiKeyCreateInput:
    name: str = field(
        "Purpose of the key, up to 100 characters. With the prefix of the secret it identifies the actor "
        "in the change log. Leading and trailing whitespace is removed."
    )
    scopes: list[str] = field(
        "Scopes of the key, at least one of `shipments:read`, `shipments:write`, `events:write` and "
        "`admin`. No scope implies another. A scope that the calling key does not have returns FORBIDDEN."
    )
    expires_at: datetime | None = optional(
        "When the key expires; must be in the future. If omitted or null, it never expires."
    )


@strawberry.type(description="The result of the mutation `apiKeyCreate`.")
class ApiKeyCreatePayload:
    api_key: ApiKey | None = field("The created API key. Null if none was created.")
    secret: str | None = field(
        "The secret to send as `Authorization: Bearer <secret>`. Returned only once: null if no key was "
        "created and in the result of a retry."
    )
    errors: list[UserError] = field(ERRORS_DESCRIPTION)
    meta: MutationMeta = field(META_DESCRIPTION)


@strawberry.type(description="The result of a mutation on an API key.")
class ApiKeyPayload:
    api_key: ApiKey | None = field("The API key in its current state. Null if there are errors.")
    errors: list[UserError] = field(ERRORS_DESCRIPTION)
    meta: MutationMeta = field(META_DESCRIPTION)
