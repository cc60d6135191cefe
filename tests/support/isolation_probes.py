"""What can be asked with somebody else's values, found by introspection: every place of every argument of the schema.

A place is a leaf of an argument, however deep; the rest of the argument is the least that GraphQL lets stand there. The
answer to an attack shows everything that lies below its field. Whatever is added to the schema is attacked too, or said
to be something for which there is no attack yet.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)

from graphql_app.schema import build

CORE = build.build()._schema
LEAST: dict[str, Any] = {
    "ID": "shp_" + "0" * 32,
    "String": "x",
    "Int": 1,
    "Float": 1.5,
    "Boolean": True,
    "DateTime": "2026-03-02T00:00:00Z",
    "LocalDateTime": "2026-03-02T00:00:00",
    "Date": "2026-03-02",
    "TimeZone": "Europe/Berlin",
    "Decimal": "1",
    "CountryCode": "DE",
    "CurrencyCode": "EUR",
    "JSON": {},
}
"""A value of each scalar."""
OTHERS: dict[str, list[Any]] = {
    "Int": [0, 250],
    "Boolean": [True, False],
    "DateTime": ["1900-01-01T00:00:00Z", "2999-01-01T00:00:00Z"],
    "Decimal": ["0", "999999"],
}
"""What a place of these is asked with, where nothing of somebody else fits: conditions that all or none fulfil."""
WRAPPED = {"nodes", "pageInfo", "totalCount", "results", "errors", "warnings"}
"""Fields that are no step away from what was asked for."""
FEW = {"id", "cursor", "count", "code", "endCursor"}
"""What shows of a page which rows it has, and how many there are."""
MOST_WORDS = 2
Path = tuple[str, ...]
Make = Callable[[Any], Any]


class Place(NamedTuple):
    """Where a value can stand: the argument and the names below it, the leaf's type, and the argument with a value."""

    path: Path
    leaf: str
    make: Make


class Attack(NamedTuple):
    """A request that names what belongs to somebody else."""

    name: str
    document: str
    variables: dict[str, Any]


def known(name: str, words: Mapping[str, Any], what: str) -> Any:
    """Fails for what nobody has thought of."""
    assert name in words, f"say how {name} is {what}"
    return words[name]


def one_of(type_: GraphQLInputObjectType) -> bool:
    return bool(type_.extensions["strawberry-definition"].is_one_of)


def least(type_: GraphQLInputType) -> Any:
    """The least valid value of a type."""
    bare: Any = get_nullable_type(type_)
    if is_list_type(bare):
        return [least(bare.of_type)]
    if isinstance(bare, GraphQLEnumType):
        return next(iter(bare.values))
    if isinstance(bare, GraphQLInputObjectType):
        if one_of(bare):
            name, field = next(iter(bare.fields.items()))
            return {name: least(field.type)}
        return {name: least(field.type) for name, field in bare.fields.items() if is_required_input_field(field)}
    return known(bare.name, LEAST, "written")


def places(type_: GraphQLInputType, within: Path = ()) -> Iterator[Place]:
    """All places below an input. Conditions within AND, OR and NOT are the same conditions."""
    bare: Any = get_nullable_type(type_)
    if is_list_type(bare):
        for path, leaf, make in places(bare.of_type, within):
            yield Place(path, leaf, lambda value, make=make: [make(value)])
    elif isinstance(bare, GraphQLInputObjectType):
        rest = {} if one_of(bare) else least(bare)
        for name, field in bare.fields.items():
            if get_named_type(field.type) is bare:
                continue
            for path, leaf, make in places(field.type, (*within, name)):
                yield Place(path, leaf, lambda value, name=name, make=make: {**rest, name: make(value)})
    else:
        yield Place(within, bare.name, lambda value: value)


def values(leaf: str, path: Path, loot: Mapping[str, list[Any]]) -> list[Any]:
    """With what a place is asked: by what is known of the victim, or by all there is."""
    if leaf == "String" and path[-1] in ("after", "before"):
        return loot["cursors"]
    if leaf in loot or leaf in OTHERS:
        return [*loot.get(leaf, ()), *OTHERS.get(leaf, ())]
    type_ = CORE.type_map[leaf]
    return list(type_.values)[:MOST_WORDS] if isinstance(type_, GraphQLEnumType) else [LEAST[leaf]]


def selection(type_: GraphQLOutputType, depth: int = 1, apart: Collection[str] = ()) -> str:
    """Everything that can be seen of a type, down to some depth. `apart`: fields that other types have otherwise."""
    bare: Any = get_named_type(type_)
    if is_leaf_type(bare):
        return ""
    if isinstance(bare, GraphQLInterfaceType):
        possible = CORE.get_possible_types(bare)
        shapes = Counter({(name, str(field.type)) for one in possible for name, field in one.fields.items()})
        names = Counter(name for name, _ in shapes)
        shown = [f"... on {one.name} {selection(one, depth, {n for n in names if names[n] > 1})}" for one in possible]
        return f"{{ __typename {' '.join(shown)} }}"
    assert isinstance(bare, GraphQLObjectType), f"say how {bare} is shown"
    parts = []
    for name, field in bare.fields.items():
        below = get_named_type(field.type)
        assert not any(map(is_required_argument, field.args.values())), f"say how {bare.name}.{name} is shown"
        if name == "edges":
            parts.append("edges { cursor }")
        elif is_leaf_type(below) and (depth >= 0 or name in FEW):
            parts.append(f"{bare.name}_{name}: {name}" if name in apart else name)
        elif not is_leaf_type(below) and (name in WRAPPED or depth > 0):
            page = "(first: 3)" if "first" in field.args else ""
            parts.append(f"{name}{page} {selection(field.type, depth - (name not in WRAPPED))}")
    return f"{{ {' '.join(parts) or '__typename'} }}"


def document(kind: str, name: str, field: GraphQLField, given: Mapping[str, Any], around: str = "%s") -> str:
    """An operation with one field, whose arguments are variables of the same names."""
    declared = ", ".join(f"${one}: {field.args[one].type}" for one in given)
    passed = ", ".join(f"{one}: ${one}" for one in given)
    depth = -1 if {"where", "orderBy"} & given.keys() else 1
    body = f"{name}{f'({passed})' if passed else ''} {selection(field.type, depth)}"
    return f"{kind}{f'({declared})' if declared else ''} {{ {around % body} }}"


def against(
    kind: str, name: str, field: GraphQLField, base: Mapping[str, Any], loot: Mapping[str, list[Any]],
    around: str = "%s", label: str = "",
) -> Iterator[Attack]:  # fmt: skip
    """All attacks on one field, whose other arguments are those of `base`."""
    for argument, definition in field.args.items():
        for place in places(definition.type, (argument,)):
            for value in values(place.leaf, place.path, loot):
                given = {**base, argument: filled(base.get(argument), place.make(value))}
                if place.path[-1] == "before":
                    given["last"] = 3
                named = f"{label or name} {'.'.join(place.path[:])} {value!r}"
                yield Attack(named, document(kind, name, field, given, around), given)


def filled(base: Any, value: Any) -> Any:
    """What is attacked, within what is asked otherwise: only a value below it is another."""
    if isinstance(base, list) and isinstance(value, list) and base:
        return [filled(base[0], value[0]), *base[1:]]
    if isinstance(base, dict) and isinstance(value, dict) and not ONE_OF & value.keys():
        return {**base, **{name: filled(base.get(name), one) for name, one in value.items()}}
    return value


ONE_OF = {
    name
    for type_ in CORE.type_map.values()
    if isinstance(type_, GraphQLInputObjectType) and one_of(type_)
    for name in type_.fields
}


def least_arguments(field: GraphQLField) -> dict[str, Any]:
    return {name: least(one.type) for name, one in field.args.items() if is_required_argument(one)}


def questions(loot: Mapping[str, list[Any]], own: Mapping[str, str]) -> Iterator[Attack]:
    """All attacks by queries; below objects, too, which are reached by identities of one's own, by the type's name."""
    assert CORE.query_type is not None
    for name, field in CORE.query_type.fields.items():
        base = least_arguments(field)
        yield Attack(name, document("query", name, field, base), base)
        yield from against("query", name, field, base, loot)
    reached = set()
    for type_ in CORE.get_possible_types(CORE.type_map["Node"]):  # type: ignore[arg-type]
        around = f'node(id: "{known(type_.name, own, "reached")}") {{ ... on {type_.name} {{ %s }} }}'
        for name, field in type_.fields.items():
            reached.add((type_.name, name))
            yield from against("query", name, field, {}, loot, around, f"{type_.name}.{name}")
    for type_ in CORE.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith(("__", "Query", "Mutation", "Subscr")):
            for name, field in type_.fields.items():
                harmless = all(get_named_type(one.type).name not in loot for one in field.args.values())
                assert harmless or (type_.name, name) in reached, f"say how {type_.name}.{name} is attacked"
