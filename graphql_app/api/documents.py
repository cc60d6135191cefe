"""Text of a document → parsed and validated, once; the parsed operation then carries its plans.

Refuses: what is not GraphQL, what exceeds a limit, what does not fit the schema.
"""

from collections import OrderedDict
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from graphql_app import errors

MOST_TOKENS, MOST_CHARACTERS = 3_000, 32_000
MOST_KEPT_TOKENS = 150_000
RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


@dataclass(frozen=True, slots=True)
class Document:
    """A document that may be run."""

    parsed: DocumentNode
    operations: dict[str | None, OperationDefinitionNode]

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation to run."""
        if name is None and len(self.operations) > 1:
            raise errors.NoSuchOperation("The document has several operations: name one in `operationName`.")
        if name is None:
            return next(iter(self.operations.values()))
        if name not in self.operations:
            raise errors.NoSuchOperation(f"The document has no operation named {name[:100]!r}.")
        return self.operations[name]


class Invalid(Exception):
    """A document that cannot be run, with the reasons."""

    def __init__(self, code: str, reasons: list[GraphQLError]) -> None:
        self.code, self.reasons = code, reasons
        super().__init__(code)


class Documents:
    """The documents seen last; how many, their tokens decide, which is what their memory goes by."""

    def __init__(self, schema: GraphQLSchema, *, suggestions: bool = True) -> None:
        self.schema, self.hide = schema, not suggestions
        self.kept: OrderedDict[str, Document] = OrderedDict()
        self.tokens = 0

    def get(self, text: str) -> Document:
        """The document of a text. Raises `Invalid` or `errors.LimitExceeded`."""
        found = self.kept.get(text)
        if found is None:
            found = self.read(text)
            self.keep(text, found)
        else:
            self.kept.move_to_end(text)
        return found

    def keep(self, text: str, document: Document) -> None:
        self.kept[text] = document
        self.tokens += document.parsed.token_count
        while self.tokens > MOST_KEPT_TOKENS:
            _, oldest = self.kept.popitem(last=False)
            self.tokens -= oldest.parsed.token_count

    def read(self, text: str) -> Document:
        """Parse and validate."""
        if len(text) > MOST_CHARACTERS:
            raise errors.LimitExceeded(f"The document has {len(text)} characters; the limit is {MOST_CHARACTERS}.")
        try:
            parsed = parse(text, max_tokens=MOST_TOKENS)
        except GraphQLSyntaxError as error:
            if "token" in error.message and str(MOST_TOKENS) in error.message:
                raise errors.LimitExceeded(f"The document has more than {MOST_TOKENS} tokens, the limit.") from None
            raise Invalid(errors.ParseFailed.code, [error.with_traceback(None)]) from None
        reasons = validate(self.schema, parsed, RULES, max_errors=20, hide_suggestions=self.hide)
        if reasons:
            raise Invalid(errors.ValidationFailed.code, reasons)
        operations = {
            one.name.value if one.name else None: one
            for one in parsed.definitions
            if isinstance(one, OperationDefinitionNode)
        }
        if not operations:
            raise errors.NoSuchOperation("The document has no operation.")
        return Document(parsed, operations)
