"""Documents: parsed, measured and validated once, then cached. The parsed operation also carries its query plans.

A request names its document by its text, by the SHA-256 of a text sent before (automatic persisted queries, Apollo's
protocol), or by the id of a trusted document. Documents with syntax errors, documents that exceed a limit or are not
valid for the schema, and unknown hashes and ids are rejected. With `SHIPMENTS_TRUSTED_DOCUMENTS_ONLY`, so are all
documents that are not trusted.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    ValuesOfCorrectTypeRule,
    parse,
    specified_rules,
    validate,
)

from graphql_app.errors import request_errors, startup_error
from graphql_app.execution import document_limits, input_values
from graphql_app.execution import variables as variables_module
from graphql_app.execution.document_limits import Size
from graphql_app.execution.request import GraphQLRequest
from graphql_app.graphql_internals import FragmentDetails, MaybeNullValidationRule
from graphql_app.query_engine.fast_path import SingleFieldQuery, single_field_query
from graphql_app.schema import authorization
from graphql_app.schema.authorization import RequiredScopes

MAX_CACHED_TOKENS = 60_000
"""The maximum number of tokens of all cached documents. A token takes about 530 bytes of memory."""
MAX_PERSISTED_CHARACTERS = 2_000_000
"""The maximum length of all texts that are known by their hash."""
MAX_VALIDATION_ERRORS = 20
RULES = (
    *(rule for rule in specified_rules if rule is not ValuesOfCorrectTypeRule),
    input_values.InputValuesRule,
    MaybeNullValidationRule,
)


class InvalidDocument(Exception):
    """A document or its variables are invalid: the errors of graphql-core, and the error code for all of them."""

    def __init__(self, code: str, errors: list[GraphQLError]) -> None:
        self.code, self.errors = code, errors
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a valid document, with all that is derived from the document once."""

    document: DocumentNode
    node: OperationDefinitionNode
    size: Size
    name: str | None
    trusted: bool
    required_scopes: RequiredScopes
    variables: tuple[variables_module.Variable, ...]
    fragments: dict[str, FragmentDefinitionNode]
    details: dict[str, FragmentDetails]
    """The same fragments in the form that graphql-core's executor needs."""
    single_field: SingleFieldQuery | None
    """The root field for the fast path. None if the operation needs graphql-core's executor."""

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.node.operation

    @property
    def is_query(self) -> bool:
        """Whether the operation is a query."""
        return self.node.operation is OperationType.QUERY


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document and its operations by name."""

    parsed: DocumentNode
    operations: dict[str | None, Operation]

    def operation(self, name: str | None) -> Operation:
        """Return the operation with this name, or the only one if no name is given.

        Raises:
            OperationNotFound: there is none, or there are several and no name is given.
        """
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is None:
            raise request_errors.OperationNotFound(
                "The document contains several operations. Name the one to run in `operationName`."
            )
        operation = self.operations.get(name)
        if operation is None:
            raise request_errors.OperationNotFound(f"The document does not contain an operation named {name[:100]!r}.")
        return operation


class DocumentCache:
    """The most recently used documents and persisted texts, and all trusted documents.

    Takes the schema, whether introspection and suggestions are enabled, the trusted documents by id, and whether only
    these may be executed. A StartupError is raised for a trusted document that is invalid.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        introspection: bool = True,
        trusted: dict[str, str] | None = None,
        trusted_only: bool = False,
    ) -> None:
        self.schema, self.hide_suggestions, self.trusted_only = schema, not introspection, trusted_only
        self.coercers = variables_module.VariableCoercers(schema)
        self.rules = RULES if introspection else (*RULES, NoSchemaIntrospectionCustomRule)
        self.cached: OrderedDict[str, Document] = OrderedDict()
        self.tokens = 0
        self.persisted: OrderedDict[str, str] = OrderedDict()
        self.characters = 0
        self.trusted = {id_: self.parse_trusted(id_, text) for id_, text in (trusted or {}).items()}

    def operation(self, request: GraphQLRequest) -> Operation:
        """Return the operation of a request.

        Raises:
            OperationNotFound: the document does not have the operation. And all errors of `document`.
        """
        return self.document(request).operation(request.operation_name)

    def document(self, request: GraphQLRequest) -> Document:
        """Return the document of a request.

        Raises:
            RequestError: the request names no document, or two.
            DocumentNotTrusted: only trusted documents are allowed. And all errors of the `by_...` methods.
        """
        persisted = request.extensions.get("persistedQuery")
        if request.document_id is not None:
            if request.query is not None:
                raise request_errors.RequestError("Send either `query` or `documentId`, not both.")
            return self.by_document_id(request.document_id)
        if persisted is not None:
            return self.by_persisted_hash(persisted, request.query)
        if request.query is None:
            raise request_errors.RequestError("`query` is required. Send a GraphQL document in it.")
        if self.trusted_only:
            raise request_errors.DocumentNotTrusted("Only trusted documents are allowed. Send a `documentId`.")
        return self.by_text(request.query)

    def by_document_id(self, id_: str) -> Document:
        """Return the trusted document with this id, which may start with `sha256:`.

        Raises:
            DocumentNotTrusted: there is none.
        """
        document = self.trusted.get(id_.removeprefix("sha256:"))
        if document is None:
            raise request_errors.DocumentNotTrusted
        return document

    def by_persisted_hash(self, extension: object, text: str | None) -> Document:
        """Return the document with the hash in the extension `persistedQuery`, or remember the text under its hash.

        Apollo's protocol for automatic persisted queries: the client sends the hash alone, and if it is unknown, once
        more with the text.

        Raises:
            PersistedQueryNotFound: the hash is unknown.
            PersistedQueryNotSupported: it is another version of the protocol, or only trusted documents are allowed.
            RequestError: the hash is not a string, or not that of the text.
            InvalidDocument: the text is invalid.
        """
        if not isinstance(extension, dict) or extension.get("version") != 1:
            raise request_errors.PersistedQueryNotSupported
        digest = extension.get("sha256Hash")
        if not isinstance(digest, str):
            raise request_errors.RequestError("`extensions.persistedQuery.sha256Hash` must be a string.")
        if text is None and digest in self.trusted:
            return self.trusted[digest]
        if self.trusted_only:
            raise request_errors.PersistedQueryNotSupported
        if text is None:
            if digest not in self.persisted:
                raise request_errors.PersistedQueryNotFound
            self.persisted.move_to_end(digest)
            return self.by_text(self.persisted[digest])
        if hashlib.sha256(text.encode()).hexdigest() != digest:
            raise request_errors.RequestError("provided sha does not match query")  # the exact message of Apollo Server
        document = self.by_text(text)
        self.remember(digest, text)
        return document

    def remember(self, digest: str, text: str) -> None:
        """Store a text by its SHA-256, and drop the least recently used ones beyond MAX_PERSISTED_CHARACTERS."""
        if digest not in self.persisted:
            self.persisted[digest] = text
            self.characters += len(text)
        while self.characters > MAX_PERSISTED_CHARACTERS:
            _, oldest = self.persisted.popitem(last=False)
            self.characters -= len(oldest)

    def by_text(self, text: str) -> Document:
        """Return the document with this text from the cache, or parse it and cache it.

        Parsing and validation take 2.5 to 5.6 ms per document, the cache 1 µs.

        Raises: the errors of `parse`.
        """
        document = self.cached.get(text)
        if document is not None:
            self.cached.move_to_end(text)
            return document
        document = self.parse(text)
        self.cached[text] = document
        self.tokens += document.parsed.token_count
        while self.tokens > MAX_CACHED_TOKENS:
            _, oldest = self.cached.popitem(last=False)
            self.tokens -= oldest.parsed.token_count
        return document

    def parse(self, text: str, *, trusted: bool = False) -> Document:
        """Parse, measure and validate a document.

        Raises:
            LimitExceeded: it exceeds a limit.
            InvalidDocument: it has a syntax error or is not valid for the schema.
            OperationNotFound: it has no operation.
        """
        document_limits.check_limit("document", "characters", len(text), document_limits.MAX_DOCUMENT_CHARACTERS)
        parsed = parse_text(text)
        sizes = document_limits.measure(parsed)
        errors = validate(
            self.schema, parsed, self.rules, max_errors=MAX_VALIDATION_ERRORS, hide_suggestions=self.hide_suggestions
        )
        if errors:
            raise InvalidDocument(request_errors.ValidationFailed.code, errors)
        if not sizes:
            raise request_errors.OperationNotFound("The document does not contain an operation.")
        fragments = {node.name.value: node for node in parsed.definitions if isinstance(node, FragmentDefinitionNode)}
        details = {name: FragmentDetails(node) for name, node in fragments.items()}
        operations = {}
        for node in parsed.definitions:
            if isinstance(node, OperationDefinitionNode):
                name = node.name.value if node.name else None
                variables = self.coercers.variables(node, fragments)
                scopes = authorization.required_scopes(self.schema, fragments, node)
                operations[name] = Operation(
                    parsed, node, sizes[name], name, trusted, scopes, variables, fragments, details,
                    single_field_query(self.schema, node),
                )  # fmt: skip
        return Document(parsed, operations)

    def parse_trusted(self, id_: str, text: str) -> Document:
        """Parse a trusted document.

        Raises:
            StartupError: it is invalid.
        """
        try:
            return self.parse(text, trusted=True)
        except InvalidDocument as invalid:
            raise startup_error.StartupError(
                f"The trusted document {id_} is invalid: {invalid.errors[0].message}"
            ) from None
        except request_errors.RequestError as error:
            raise startup_error.StartupError(f"The trusted document {id_} is invalid: {error.message}") from None


def parse_text(text: str) -> DocumentNode:
    """Parse the text of a document.

    Raises:
        LimitExceeded: it has too many tokens.
        InvalidDocument: it has a syntax error.
    """
    try:
        return parse(text, max_tokens=document_limits.MAX_TOKENS)
    except GraphQLSyntaxError as error:
        if f"more than {document_limits.MAX_TOKENS} tokens" in error.message:
            raise request_errors.LimitExceeded(
                f"The document must have at most {document_limits.MAX_TOKENS} tokens."
            ) from None
        raise InvalidDocument(request_errors.ParseFailed.code, [error.with_traceback(None)]) from None
