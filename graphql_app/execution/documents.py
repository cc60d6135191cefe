"""Text of a document → parsed, measured and validated, once; the parsed operation then carries its plans.

A request names its document by its text, by the SHA-256 of a text sent before (automatic persisted queries, as Apollo
does it), or by the id of a trusted document. Refuses: what is not GraphQL, what exceeds a limit, what does not fit the
schema, hashes that are not known; all but trusted documents where the settings say so.
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
    parse,
    specified_rules,
    validate,
)
from graphql.execution.collect_fields import FragmentDetails
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from graphql_app.errors import request_errors, startup_error
from graphql_app.execution import document_limits, request
from graphql_app.execution import variables as variables_module
from graphql_app.execution.document_limits import Size
from graphql_app.query_engine.fast_path import SingleFieldQuery, single_field_query
from graphql_app.schema import authorization
from graphql_app.schema.authorization import RequiredScopes

MAX_CACHED_TOKENS, MAX_PERSISTED_CHARACTERS = 60_000, 2_000_000
"""What the documents, and the texts known by hash, may come to: a token takes some 530 bytes of memory."""
MAX_VALIDATION_ERRORS = 20
RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


class InvalidDocument(Exception):
    """graphql-core's reasons not to run a document, and the code that they go by."""

    def __init__(self, code: str, errors: list[GraphQLError]) -> None:
        self.code, self.errors = code, errors
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document that may be run."""

    document: DocumentNode
    node: OperationDefinitionNode
    size: Size
    name: str | None
    trusted: bool
    required_scopes: RequiredScopes
    variables: tuple[variables_module.Variable, ...]
    fragments: dict[str, FragmentDefinitionNode]
    details: dict[str, FragmentDetails]
    """The fragments once more, as graphql-core's executor wants them too."""
    single_field: SingleFieldQuery | None
    """The one question that it is, where it is no more than that."""

    @property
    def kind(self) -> OperationType:
        return self.node.operation

    @property
    def is_query(self) -> bool:
        return self.node.operation is OperationType.QUERY


@dataclass(frozen=True, slots=True)
class Document:
    """A document that may be run."""

    parsed: DocumentNode
    operations: dict[str | None, Operation]

    def operation(self, name: str | None) -> Operation:
        """The operation to run."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is None:
            raise request_errors.OperationNotFound("The document has several operations: name one in `operationName`.")
        found = self.operations.get(name)
        if found is None:
            raise request_errors.OperationNotFound(f"The document has no operation named {name[:100]!r}.")
        return found


class DocumentCache:
    """The documents seen last, and the trusted ones for good."""

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        introspection: bool = True,
        trusted: dict[str, str] | None = None,
        trusted_only: bool = False,
    ) -> None:
        self.schema, self.hide_suggestions, self.trusted_only = schema, not introspection, trusted_only
        self.types = variables_module.InputCoercers()
        self.rules = RULES if introspection else (*RULES, NoSchemaIntrospectionCustomRule)
        self.cached: OrderedDict[str, Document] = OrderedDict()
        self.tokens = 0
        self.persisted: OrderedDict[str, str] = OrderedDict()
        self.characters = 0
        self.trusted = {name: self.parse_trusted(name, text) for name, text in (trusted or {}).items()}

    def operation(self, asked: request.GraphQLRequest) -> Operation:
        """The operation that a request asks for."""
        return self.document(asked).operation(asked.operation_name)

    def document(self, asked: request.GraphQLRequest) -> Document:
        persisted = asked.extensions.get("persistedQuery")
        if asked.document_id is not None:
            if asked.query is not None:
                raise request_errors.RequestError("Send `query` or `documentId`, not both.")
            return self.by_document_id(asked.document_id)
        if persisted is not None:
            return self.by_persisted_hash(persisted, asked.query)
        if asked.query is None:
            raise request_errors.RequestError("The request has no `query`.")
        if self.trusted_only:
            raise request_errors.DocumentNotTrusted("Only trusted documents are run here: send their `documentId`.")
        return self.by_text(asked.query)

    def by_document_id(self, name: str) -> Document:
        """A trusted document."""
        found = self.trusted.get(name.removeprefix("sha256:"))
        if found is None:
            raise request_errors.DocumentNotTrusted
        return found

    def by_persisted_hash(self, extension: object, text: str | None) -> Document:
        """Apollo's protocol: the hash alone, and where it is not known, once more with the text."""
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
            raise request_errors.RequestError("provided sha does not match query")
        document = self.by_text(text)
        self.remember(digest, text)
        return document

    def remember(self, digest: str, text: str) -> None:
        if digest not in self.persisted:
            self.persisted[digest] = text
            self.characters += len(text)
        while self.characters > MAX_PERSISTED_CHARACTERS:
            _, oldest = self.persisted.popitem(last=False)
            self.characters -= len(oldest)

    def by_text(self, text: str) -> Document:
        """The document of a text. Raises `Refused` or `errors.RequestError`."""
        found = self.cached.get(text)
        if found is not None:
            self.cached.move_to_end(text)
            return found
        found = self.parse(text)
        self.cached[text] = found
        self.tokens += found.parsed.token_count
        while self.tokens > MAX_CACHED_TOKENS:
            _, oldest = self.cached.popitem(last=False)
            self.tokens -= oldest.parsed.token_count
        return found

    def parse(self, text: str, *, trusted: bool = False) -> Document:
        """Parse, measure, validate."""
        document_limits.check_limit("document", "characters", len(text), document_limits.MAX_DOCUMENT_CHARACTERS)
        parsed = parse_text(text)
        sizes = document_limits.measure(parsed)
        reasons = validate(
            self.schema, parsed, self.rules, max_errors=MAX_VALIDATION_ERRORS, hide_suggestions=self.hide_suggestions
        )
        if reasons:
            raise InvalidDocument(request_errors.ValidationFailed.code, reasons)
        if not sizes:
            raise request_errors.OperationNotFound("The document has no operation.")
        fragments = {node.name.value: node for node in parsed.definitions if isinstance(node, FragmentDefinitionNode)}
        details = {name: FragmentDetails(node) for name, node in fragments.items()}
        operations = {}
        for node in parsed.definitions:
            if isinstance(node, OperationDefinitionNode):
                name = node.name.value if node.name else None
                variables = variables_module.variable_coercers(self.schema, self.types, node.variable_definitions or ())
                needs = authorization.required_scopes(self.schema, fragments, node)
                operations[name] = Operation(
                    parsed, node, sizes[name], name, trusted, needs, variables, fragments, details,
                    single_field_query(self.schema, node),
                )  # fmt: skip
        return Document(parsed, operations)

    def parse_trusted(self, name: str, text: str) -> Document:
        """One of the file of trusted documents. A mistake in it ends the start."""
        try:
            return self.parse(text, trusted=True)
        except InvalidDocument as refused:
            raise startup_error.StartupError(
                f"The trusted document {name} is refused: {refused.errors[0].message}"
            ) from None
        except request_errors.RequestError as error:
            raise startup_error.StartupError(f"The trusted document {name} is refused: {error.message}") from None


def parse_text(text: str) -> DocumentNode:
    """The document that a text spells."""
    try:
        return parse(text, max_tokens=document_limits.MAX_TOKENS)
    except GraphQLSyntaxError as error:
        if f"more than {document_limits.MAX_TOKENS} tokens" in error.message:
            raise request_errors.LimitExceeded(
                f"The document has more than {document_limits.MAX_TOKENS} tokens, the limit."
            ) from None
        raise InvalidDocument(request_errors.ParseFailed.code, [error.with_traceback(None)]) from None
