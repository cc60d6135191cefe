"""Decorators for types over tables: `model_type` for a type, `computed_field` for a field with arguments."""

import inspect
from collections.abc import Callable
from inspect import cleandoc
from typing import Any, TypeVar

import strawberry
from sqlmodel import SQLModel

TYPE_MODELS: dict[str, type[SQLModel]] = {}
"""Name of a GraphQL type → the model that it is declared over."""

T = TypeVar("T")


def model_type(model: type[SQLModel]) -> Callable[[type[T]], type[T]]:
    """Return a decorator that makes a class a GraphQL type over a table.

    The description of the type is the docstring of the class, by default that of the model. A field without a value of
    its own has the comment of the column with its name as description.
    """

    def decorate(cls: type[T]) -> type[T]:
        columns = model.__table__.c  # type: ignore[attr-defined]
        for name in inspect.get_annotations(cls):
            if name not in cls.__dict__ and name in columns:
                setattr(cls, name, strawberry.field(description=columns[name].comment))
        TYPE_MODELS[cls.__name__] = model
        return strawberry.type(cls, description=cleandoc(cls.__doc__ or model.__doc__ or ""))

    return decorate


def field(description: str) -> Any:
    """Return a field with its own description."""
    return strawberry.field(description=description)


def computed_field(function: Callable[..., Any]) -> Any:
    """Make a function a field with arguments that is computed in SQL, see `query_engine/computed_fields.py`.

    The function declares arguments, type and description (its docstring); it has no body and is never called.
    """
    return strawberry.field(resolver=function, description=cleandoc(function.__doc__ or ""))
