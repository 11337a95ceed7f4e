"""Names of the functions that declare mappings and dataclasses, which postponed type hints may use.

Where annotations are postponed, a hint is a text, and the names in it are looked up later, when the function
that knew them has ended. So the names are kept from when the mapping is declared until it is compiled.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType, ModuleType, UnionType
from typing import Any, NewType, TypeVar, get_origin

Scope = tuple[str, str]
"""The module and the qualified name of a function."""
Scopes = Mapping[Scope, Mapping[str, Any]]
"""The names that functions knew."""

_LOCALS = ".<locals>"


def scopes_around(declared: Iterable[type]) -> dict[Scope, Mapping[str, Any]]:
    """Give the names of those running functions that declare these classes.

    Args:
        declared: a class that is being declared right now, and others.
    """
    wanted = {scope for cls in declared for scope in _functions_of(cls)}
    return (
        {scope: _hints_among(frame.f_locals) for scope, frame in _running() if scope in wanted}
        if wanted
        else {}
    )


def names_for(cls: type, scopes: Scopes) -> dict[str, Any]:
    """Give the names of functions that the hints of a class may use; the innermost function wins."""
    names: dict[str, Any] = {}
    for scope in _functions_of(cls):
        names = {**scopes.get(scope, {}), **names}
    return names


def _functions_of(cls: type) -> Iterator[Scope]:
    name = cls.__qualname__
    while _LOCALS in name:
        name = name.rpartition(_LOCALS)[0]
        yield cls.__module__, name


def _running() -> Iterator[tuple[Scope, FrameType]]:
    frame = inspect.currentframe()
    while frame is not None:
        yield (frame.f_globals.get("__name__", ""), frame.f_code.co_qualname), frame
        frame = frame.f_back


def _hints_among(names: Mapping[str, Any]) -> dict[str, Any]:
    # Nothing else is kept alive, and a variable that happens to be called like a type is in nobody's way.
    return {name: value for name, value in names.items() if _may_be_in_a_hint(value)}


def _may_be_in_a_hint(value: object) -> bool:
    kinds = (type, TypeVar, NewType, UnionType, ModuleType)
    return (
        isinstance(value, kinds) or get_origin(value) is not None or type(value).__name__ == "TypeAliasType"
    )
