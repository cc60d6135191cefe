"""Authentication and authorization data: API keys, scopes and the viewer of a request.

`api_key` is the format of a secret, `authenticator` maps the secret in a request's headers to a viewer, `scopes` names
what an API key can do, `viewer` is the result. May import `database`, `settings`, `models`, `errors`, `domain` and
`observability`.
"""
