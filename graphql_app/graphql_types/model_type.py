"""The decorators with which types mirror tables: `mirrors` for a type, `computed` for a field with arguments."""

import inspect
from collections.abc import Callable
from inspect import cleandoc
from typing import Any, TypeVar

import strawberry
from sqlmodel import SQLModel

TYPE_MODELS: dict[str, type[SQLModel]] = {}
"""Type name → the table it mirrors."""

T = TypeVar("T")


def model_type(model: type[SQLModel]) -> Callable[[type[T]], type[T]]:
    """A type over a table, described as the table is unless it says otherwise. A field that says nothing else is the
    column of its name, described by its comment."""

    def decorate(cls: type[T]) -> type[T]:
        columns = model.__table__.c  # type: ignore[attr-defined]
        for name in inspect.get_annotations(cls):
            if name not in cls.__dict__ and name in columns:
                setattr(cls, name, strawberry.field(description=columns[name].comment))
        TYPE_MODELS[cls.__name__] = model
        return strawberry.type(cls, description=cleandoc(cls.__doc__ or model.__doc__ or ""))

    return decorate


def field(text: str) -> Any:
    """A field with a description of its own."""
    return strawberry.field(description=text)


def computed_field(function: Callable[..., Any]) -> Any:
    """A field with arguments, computed in SQL (`read/computed.py`): the function is its signature and description."""
    return strawberry.field(resolver=function, description=cleandoc(function.__doc__ or ""))
