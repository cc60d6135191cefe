"""Authentication and authorization data: API keys, scopes and the viewer of a request.

`api_key` is the format of a secret, `authenticator` finds the viewer of a request by it, `scopes` names what a key may
do, `viewer` is the result. May import `database`, `settings`, `models`, `errors`, `domain` and `observability`.
"""
