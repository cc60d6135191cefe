"""Every type, field, argument, enum value and input field of the schema has a description, written as a sentence."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    specified_scalar_types,
)

SCHEMA = build_schema((Path(__file__).parents[2] / "schema.graphql").read_text())
MIN_WORDS = 4


def descriptions() -> Iterator[tuple[str, str | None]]:
    """The coordinate (`Type.field(argument:)`) and description of each element that the schema defines."""
    for name, type_ in SCHEMA.type_map.items():
        if name.startswith("__") or name in specified_scalar_types:
            continue
        yield name, type_.description
        if isinstance(type_, GraphQLEnumType):
            yield from ((f"{name}.{key}", value.description) for key, value in type_.values.items())
        elif isinstance(type_, GraphQLInputObjectType):
            yield from ((f"{name}.{key}", field.description) for key, field in type_.fields.items())
        elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for key, output in type_.fields.items():
                yield f"{name}.{key}", output.description
                yield from ((f"{name}.{key}({arg}:)", value.description) for arg, value in output.args.items())


DESCRIPTIONS = dict(descriptions())


def test_the_whole_schema_is_covered() -> None:
    assert len(DESCRIPTIONS) > 500
    assert {"Shipment", "Shipment.status", "Query.shipments(where:)", "ShipmentStatus.DRAFT", "StringFilter.eq"} <= set(
        DESCRIPTIONS
    )


def test_every_description_has_at_least_four_words() -> None:
    assert [name for name, text in DESCRIPTIONS.items() if len((text or "").split()) < MIN_WORDS] == []


def test_every_description_ends_with_a_full_stop() -> None:
    assert [name for name, text in DESCRIPTIONS.items() if not (text or "").strip().endswith(".")] == []


@pytest.mark.parametrize("word", ["so many", "anew", "behind", "absent", "told", "whoever", "let in", "asked"])
def test_no_description_uses_a_word_of_the_old_dialect(word: str) -> None:
    padded = {name: f" {' '.join((text or '').lower().split())} " for name, text in DESCRIPTIONS.items()}
    assert [name for name, text in padded.items() if f" {word} " in text] == []
