"""Requests that use another account's values in every argument of the schema, found by introspection.

An argument path leads to a leaf of an argument, at any depth; the rest of the argument is the smallest valid value. A
probe selects all fields below its field. A new argument or type is probed automatically, or the assertion
"say how ..." fails until a value for it is given here.
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
SMALLEST_VALUES: dict[str, Any] = {
    "ID": "shp_" + "0" * 32,
    "String": "x",
    "Int": 1,
    "Float": 1.5,
    "Boolean": True,
    "DateTime": "2026-03-02T00:00:00Z",
    "LocalDateTime": "2026-03-02T00:00:00",
    "Date": "2026-03-02",
    "Duration": "P1D",
    "TimeZone": "Europe/Berlin",
    "Decimal": "1",
    "CountryCode": "DE",
    "CurrencyCode": "EUR",
    "JSON": {},
}
"""A valid value of each scalar."""
GENERAL_VALUES: dict[str, list[Any]] = {
    "Int": [0, 250],
    "Boolean": [True, False],
    "DateTime": ["1900-01-01T00:00:00Z", "2999-01-01T00:00:00Z"],
    "Decimal": ["0", "999999"],
}
"""Values for leaves where no value of the victim fits: conditions that match all or no rows."""
CLOCK_FIELDS = {"age", "lateBy", "asOf"}
"""Fields whose values change from one request to the next."""
REQUIRED_ARGUMENTS = {
    "ShipmentMeasures.metadataNumber": '(key: "x")',
    "ShipmentItemMeasures.metadataNumber": '(key: "x")',
}
"""The arguments of fields that require some. The key selects a value of rows that are restricted to the account."""
FACETS = """{ shipments(first: 1) { facets(metadataKey: "x", by: [STATUS, PHASE, LATENESS, CARRIER, SERVICE, DIRECTION,
  ORIGIN_COUNTRY, DESTINATION_COUNTRY, DESTINATION_CITY, EXCEPTION_REASON, INCOTERM, CURRENCY, TAG, METADATA]) {
  dimension values { value label count } } } }"""
"""All facets. They are too expensive below every list."""
SAME_LEVEL_FIELDS = {
    "nodes", "pageInfo", "totalCount", "results", "errors", "warnings", "total", "groups", "keys", "measures",
}  # fmt: skip
"""Fields that do not count as a level of depth."""
COUNTING_FIELDS = {"id", "cursor", "count", "code", "endCursor"}
"""Fields that show which rows a page has, and how many there are."""
MAX_ENUM_VALUES = 2
"""Enum values to try per enum."""
Path = tuple[str, ...]
BuildArgument = Callable[[Any], Any]


class ArgumentPath(NamedTuple):
    """An argument path, the type of its leaf, and a function that builds the argument around a value."""

    path: Path
    leaf: str
    build: BuildArgument


class Probe(NamedTuple):
    """A request with values that belong to the other account."""

    name: str
    document: str
    variables: dict[str, Any]


def table_entry(name: str, table: Mapping[str, Any], purpose: str) -> Any:
    """`table[name]`; fails if the table has no entry for a name of the schema."""
    assert name in table, f"say how {name} is {purpose}"
    return table[name]


def is_one_of(type_: GraphQLInputObjectType) -> bool:
    """Whether an input object is a @oneOf input."""
    return bool(type_.extensions["strawberry-definition"].is_one_of)


def smallest_value(type_: GraphQLInputType) -> Any:
    """The smallest valid value of a type."""
    named: Any = get_nullable_type(type_)
    if is_list_type(named):
        return [smallest_value(named.of_type)]
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    if isinstance(named, GraphQLInputObjectType):
        if is_one_of(named):
            name, field = next(iter(named.fields.items()))
            return {name: smallest_value(field.type)}
        return {
            name: smallest_value(field.type) for name, field in named.fields.items() if is_required_input_field(field)
        }
    return table_entry(named.name, SMALLEST_VALUES, "written")


def argument_paths(type_: GraphQLInputType, parents: Path = ()) -> Iterator[ArgumentPath]:
    """All paths below an input. AND, OR and NOT hold the same conditions again and are skipped."""
    named: Any = get_nullable_type(type_)
    if is_list_type(named):
        for path, leaf, make in argument_paths(named.of_type, parents):
            yield ArgumentPath(path, leaf, lambda value, make=make: [make(value)])
    elif isinstance(named, GraphQLInputObjectType):
        others = {} if is_one_of(named) else smallest_value(named)
        for name, field in named.fields.items():
            if get_named_type(field.type) is named:
                continue
            for path, leaf, make in argument_paths(field.type, (*parents, name)):
                yield ArgumentPath(path, leaf, lambda value, name=name, make=make: {**others, name: make(value)})
    else:
        yield ArgumentPath(parents, named.name, lambda value: value)


def values_to_try(leaf: str, path: Path, victim_values: Mapping[str, list[Any]]) -> list[Any]:
    """The values to try at a leaf: the victim's values of that type, or general ones."""
    if leaf == "String" and path[-1] in ("after", "before"):
        return victim_values["cursors"]
    if leaf in victim_values or leaf in GENERAL_VALUES:
        return [*victim_values.get(leaf, ()), *GENERAL_VALUES.get(leaf, ())]
    type_ = CORE.type_map[leaf]
    return list(type_.values)[:MAX_ENUM_VALUES] if isinstance(type_, GraphQLEnumType) else [SMALLEST_VALUES[leaf]]


def selection(type_: GraphQLOutputType, depth: int = 1, aliased: Collection[str] = ()) -> str:
    """A selection set with all fields of a type, down to a depth. `aliased`: fields that need an alias, because
    other types define them differently.
    """
    named: Any = get_named_type(type_)
    if is_leaf_type(named):
        return ""
    if isinstance(named, GraphQLInterfaceType):
        possible = CORE.get_possible_types(named)
        shapes = Counter({(name, str(field.type)) for type_ in possible for name, field in type_.fields.items()})
        names = Counter(name for name, _ in shapes)
        fragments = [
            f"... on {type_.name} {selection(type_, depth, {n for n in names if names[n] > 1})}" for type_ in possible
        ]
        return f"{{ __typename {' '.join(fragments)} }}"
    assert isinstance(named, GraphQLObjectType), f"say how {named} is shown"
    parts = []
    for name, field in named.fields.items():
        field_type = get_named_type(field.type)
        coordinate = f"{named.name}.{name}"
        if name in CLOCK_FIELDS or coordinate == "ShipmentConnection.facets":
            continue
        arguments = REQUIRED_ARGUMENTS.get(coordinate, "")
        assert arguments or not any(map(is_required_argument, field.args.values())), f"say how {coordinate} is shown"
        if name == "edges":
            parts.append("edges { cursor }")
        elif is_leaf_type(field_type) and (depth >= 0 or name in COUNTING_FIELDS):
            parts.append(f"{named.name}_{name}: {name}" if name in aliased else name)
        elif not is_leaf_type(field_type) and (name in SAME_LEVEL_FIELDS or depth > 0):
            page = "(first: 3)" if "first" in field.args else ""
            parts.append(f"{name}{arguments or page} {selection(field.type, depth - (name not in SAME_LEVEL_FIELDS))}")
    return f"{{ {' '.join(parts) or '__typename'} }}"


def document(kind: str, name: str, field: GraphQLField, arguments: Mapping[str, Any], wrapper: str = "%s") -> str:
    """An operation with one field, whose arguments are variables of the same names."""
    definitions = ", ".join(f"${argument}: {field.args[argument].type}" for argument in arguments)
    passed = ", ".join(f"{argument}: ${argument}" for argument in arguments)
    depth = -1 if {"where", "orderBy"} & arguments.keys() else 1
    body = f"{name}{f'({passed})' if passed else ''} {selection(field.type, depth)}"
    return f"{kind}{f'({definitions})' if definitions else ''} {{ {wrapper % body} }}"


def field_probes(
    kind: str, name: str, field: GraphQLField, base: Mapping[str, Any], victim_values: Mapping[str, list[Any]],
    wrapper: str = "%s", label: str = "",
) -> Iterator[Probe]:  # fmt: skip
    """All probes of one field; its other arguments are those of `base`."""
    for argument, definition in field.args.items():
        for argument_path in argument_paths(definition.type, (argument,)):
            for value in values_to_try(argument_path.leaf, argument_path.path, victim_values):
                arguments = {**base, argument: replaced(base.get(argument), argument_path.build(value))}
                if argument_path.path[-1] == "before":
                    arguments["last"] = 3
                probe_name = f"{label or name} {'.'.join(argument_path.path[:])} {value!r}"
                yield Probe(probe_name, document(kind, name, field, arguments, wrapper), arguments)


def replaced(base: Any, value: Any) -> Any:
    """`base` with one value below it replaced."""
    if isinstance(base, list) and isinstance(value, list) and base:
        return [replaced(base[0], value[0]), *base[1:]]
    if isinstance(base, dict) and isinstance(value, dict) and not ONE_OF_FIELDS & value.keys():
        return {**base, **{name: replaced(base.get(name), part) for name, part in value.items()}}
    return value


ONE_OF_FIELDS = {
    name
    for type_ in CORE.type_map.values()
    if isinstance(type_, GraphQLInputObjectType) and is_one_of(type_)
    for name in type_.fields
}
"""The fields of all @oneOf inputs: they exclude each other."""


def smallest_arguments(field: GraphQLField) -> dict[str, Any]:
    """The smallest valid value of each required argument."""
    return {
        name: smallest_value(argument.type) for name, argument in field.args.items() if is_required_argument(argument)
    }


def query_probes(victim_values: Mapping[str, list[Any]], own_ids: Mapping[str, str]) -> Iterator[Probe]:
    """All probes by queries, also below `node` with the attacker's own ids (`own_ids`: type name -> id)."""
    assert CORE.query_type is not None
    for name, field in CORE.query_type.fields.items():
        arguments = smallest_arguments(field)
        yield Probe(name, document("query", name, field, arguments), arguments)
        yield from field_probes("query", name, field, arguments, victim_values)
    yield Probe("facets", FACETS, {})
    probed = {("ShipmentConnection", "facets"), *(tuple(name.split(".")) for name in REQUIRED_ARGUMENTS)}
    for type_ in CORE.get_possible_types(CORE.type_map["Node"]):  # type: ignore[arg-type]
        wrapper = f'node(id: "{table_entry(type_.name, own_ids, "reached")}") {{ ... on {type_.name} {{ %s }} }}'
        for name, field in type_.fields.items():
            probed.add((type_.name, name))
            yield from field_probes("query", name, field, {}, victim_values, wrapper, f"{type_.name}.{name}")
    for type_ in CORE.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith(("__", "Query", "Mutation", "Subscr")):
            for name, field in type_.fields.items():
                takes_no_victim_value = all(
                    get_named_type(argument.type).name not in victim_values for argument in field.args.values()
                )
                assert takes_no_victim_value or (type_.name, name) in probed, f"say how {type_.name}.{name} is attacked"
