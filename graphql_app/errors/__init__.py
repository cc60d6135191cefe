"""Errors that reach a client, in two families, and the error that stops the start of the process.

`user_errors.Problem`: something is wrong with one input. It is data: an entry of a payload's `errors`, with a path in
GraphQL names. `request_errors.RequestError`: something is wrong with the request. It is a top-level GraphQL error with
`extensions.code` from a closed set. `startup_error.StartError`: the process cannot start. The docstring of an error
class is its message unless another one is given.

May import `domain` and `observability`.
"""
