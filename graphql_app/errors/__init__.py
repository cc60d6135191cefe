"""What can go wrong, in the domain's words. Two families, and nothing else ever reaches a client.

`Problem`: something about one input; it is data, an entry of a payload's `errors`, with a path in GraphQL names.
`RequestError`: something about the request; a top-level GraphQL error with `extensions.code`, from a closed set.
The docstring is the message unless a better one is given.
"""

from graphql_app.errors.problems import *  # noqa: F403
from graphql_app.errors.refusals import *  # noqa: F403
