"""Errors that reach a client, in two families, and the error that stops the start of the process.

A `UserError` is something wrong with one input of a mutation. It is data: an entry of `errors` in the payload, with a
code of the enum `ErrorCode` and a path in GraphQL names. The HTTP status is 200.

    UserError                               INVALID
    ├── Invalid                             INVALID
    ├── Required                            REQUIRED
    ├── LimitExceeded                       LIMIT_EXCEEDED
    ├── Forbidden                           FORBIDDEN
    ├── NotFound                            NOT_FOUND
    ├── Duplicate                           DUPLICATE
    ├── VersionConflict                     VERSION_CONFLICT
    ├── InvalidTransition                   INVALID_TRANSITION
    ├── NotEditable                         NOT_EDITABLE
    └── IdempotencyKeyReused                IDEMPOTENCY_KEY_REUSED
    InvalidInput                            several UserErrors of one input

A `RequestError` is something wrong with the request or with the server. It is a top-level GraphQL error with
`extensions.code` from a closed set. If it fails the whole request, the response has the HTTP status below. If it fails
a single field, the status is 200 and the field is null. Under `application/json` the status of a `GraphQLRequestError`
is 200 in both cases.

    RequestError                            BAD_REQUEST                     400
    ├── GraphQLRequestError                 BAD_REQUEST                     400 or 200
    │   ├── BadUserInput                    BAD_USER_INPUT                  400 or 200
    │   ├── ParseFailed                     GRAPHQL_PARSE_FAILED            400 or 200
    │   ├── ValidationFailed                GRAPHQL_VALIDATION_FAILED       400 or 200
    │   ├── OperationNotFound               OPERATION_RESOLUTION_FAILURE    400 or 200
    │   ├── InvalidCursor                   INVALID_CURSOR                  400 or 200
    │   ├── CursorExpired                   CURSOR_EXPIRED                  400 or 200
    │   ├── LimitExceeded                   LIMIT_EXCEEDED                  400 or 200
    │   ├── PersistedQueryNotFound          PERSISTED_QUERY_NOT_FOUND       400 or 200
    │   ├── PersistedQueryNotSupported      PERSISTED_QUERY_NOT_SUPPORTED   400 or 200
    │   └── DocumentNotTrusted              DOCUMENT_NOT_TRUSTED            400 or 200
    ├── Unauthenticated                     UNAUTHENTICATED                 401
    ├── Forbidden                           FORBIDDEN                       403
    ├── NotFound                            NOT_FOUND                       404
    ├── MethodNotAllowed                    METHOD_NOT_ALLOWED              405
    ├── NotAcceptable                       NOT_ACCEPTABLE                  406
    ├── RequestTimeout                      REQUEST_TIMEOUT                 408
    ├── JsonTooDeep                         LIMIT_EXCEEDED                  400
    ├── PayloadTooLarge                     PAYLOAD_TOO_LARGE               413
    ├── UnsupportedMediaType                UNSUPPORTED_MEDIA_TYPE          415
    ├── HeadersTooLarge                     HEADERS_TOO_LARGE               431
    ├── RateLimited                         RATE_LIMITED                    429, Retry-After
    ├── Conflict                            CONFLICT                        400
    ├── Timeout                             TIMEOUT                         503, Retry-After
    ├── Unavailable                         UNAVAILABLE                     503, Retry-After
    │   ├── ConnectionLost                  UNAVAILABLE                     503, Retry-After
    │   └── Overloaded                      UNAVAILABLE                     503, Retry-After
    ├── SlowConsumer                        SLOW_CONSUMER                   503, Retry-After
    └── InternalError                       INTERNAL_ERROR                  500

A `StartupError` means that the process cannot start; its subclass `UnsuitableServer` that PostgreSQL was reached, but
requests must not use it. In a running server the latter counts as a lost connection.

The docstring of an error class is its default message.

May import `domain` and `observability`.
"""
