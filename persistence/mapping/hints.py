"""What a dataclass says of its fields: resolved type hints, with type variables filled in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    ForwardRef,
    Literal,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from persistence.errors import MappingError

Hint = Any
"""A type or anything that may stand in its place in an annotation."""


def origin_of(hint: Hint) -> Any:
    """Give the class or special form behind a hint with arguments, or the hint itself."""
    return cast("Any", get_origin(hint)) or hint


def declared_bases(cls: type) -> tuple[Hint, ...]:
    """Give the bases of a class as they were written, with their type arguments."""
    # An inherited `__orig_bases__` would be the parent's.
    bases: tuple[Hint, ...] = cls.__dict__.get("__orig_bases__", cls.__bases__)
    return bases


def class_of(hint: Hint) -> type:
    """Give the class of an entity type, which may be a generic one with arguments."""
    origin = origin_of(hint)
    if not isinstance(origin, type):
        raise MappingError(f"an entity type must be a dataclass; {hint!r} is no class")
    return origin


def field_hints(entity: Hint, names: Mapping[str, Any] | None = None) -> dict[str, Hint]:
    """Resolve the type hints of a dataclass's fields.

    Args:
        entity: a dataclass, or a generic dataclass with arguments.
        names: what the function that declares the dataclass knew, where there is one.

    Raises:
        MappingError: it is no dataclass, or a hint names what can't be found.
    """
    cls = class_of(entity)
    if not dataclasses.is_dataclass(cls):
        raise MappingError(f"{cls.__name__} is no dataclass; decorate it with @dataclass to map it")
    hints = _resolved(cls, names or {})
    bindings = _bindings(entity)
    return {
        field.name: _filled(hints[field.name], bindings.get(_owner(cls, field), {}))
        for field in dataclasses.fields(cls)
    }


def _resolved(cls: type, names: Mapping[str, Any]) -> dict[str, Hint]:
    try:
        return get_type_hints(cls, localns=dict(names) if names else None)
    except NameError:
        known = {each.__name__: each for each in cls.__mro__}
    try:
        return get_type_hints(cls, localns={**known, **names})
    except NameError as error:
        having = [name for name, text in _texts(cls).items() if str(error.name) in text]
        where = f"{cls.__name__}.{having[0]}" if having else cls.__name__
        raise MappingError(
            f"the type hint of {where} names {error.name!r}, which can't be found in module "
            f"{cls.__module__!r}; import it there at run time (not behind TYPE_CHECKING), or declare the "
            "field in the mapping"
        ) from error


def _texts(cls: type) -> dict[str, str]:
    return {field.name: str(field.type) for field in dataclasses.fields(cls)}


def _owner(cls: type, field: dataclasses.Field[Any]) -> type:
    """Find the class that declares a field: subclasses share the very field object."""
    fields = [(each, each.__dict__.get("__dataclass_fields__", {})) for each in cls.__mro__]
    owners: list[type] = [each for each, known in fields if known.get(field.name) is field]
    return owners[-1]


def _bindings(entity: Hint) -> dict[type, dict[Any, Hint]]:
    """For each generic class that an entity type derives from: type variable -> what it stands for."""
    found: dict[type, dict[Any, Hint]] = {}
    _bind(entity, {}, found)
    return found


def _bind(base: Hint, outer: Mapping[Any, Hint], found: dict[type, dict[Any, Hint]]) -> None:
    cls = class_of(base)
    arguments = [_filled(argument, outer) for argument in get_args(base)]
    own = dict(zip(getattr(cls, "__parameters__", ()), arguments, strict=False))
    found.setdefault(cls, own)
    for parent in declared_bases(cls):
        if isinstance(origin_of(parent), type):
            _bind(parent, own, found)


def _filled(hint: Hint, bindings: Mapping[Any, Hint]) -> Hint:
    if isinstance(hint, TypeVar):
        return bindings.get(hint, hint)
    parameters = getattr(hint, "__parameters__", ())
    if not parameters or isinstance(hint, type) or not any(each in bindings for each in parameters):
        return hint
    return hint[tuple(bindings.get(each, each) for each in parameters)]


def unwrapped(hint: Hint) -> Hint:
    """Take a hint out of Annotated, Final, NewType and type aliases."""
    while True:
        if origin_of(hint) in (Annotated, Final):
            hint = get_args(hint)[0]
        elif hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        elif type(hint).__name__ == "TypeAliasType":  # typing has it from Python 3.12 on
            hint = hint.__value__
        elif isinstance(hint, dataclasses.InitVar):
            hint = hint.type
        else:
            return hint


def without_none(hint: Hint) -> tuple[Hint, bool]:
    """Part a hint from its None.

    Returns:
        The hint without None, and whether it allows None.
    """
    hint = unwrapped(hint)
    if hint is None or hint is NoneType:
        return NoneType, True
    if origin_of(hint) not in (Union, UnionType):
        return hint, False
    options = [option for option in get_args(hint) if option is not NoneType]
    optional = len(options) < len(get_args(hint))
    rest = options[0] if len(options) == 1 else Union[tuple(options)]  # noqa: UP007  # made at run time
    inner, nested_optional = without_none(rest) if len(options) == 1 else (rest, False)
    return inner, optional or nested_optional


def allows_none(hint: Hint) -> bool:
    """Tell whether None is a value of a hint."""
    inner, optional = without_none(hint)
    return optional or inner is Any or (origin_of(inner) is Literal and None in get_args(inner))


def named(hint: Hint) -> str:
    """Give a hint as people write it."""
    if isinstance(hint, ForwardRef):
        return hint.__forward_arg__
    text = hint.__qualname__ if isinstance(hint, type) and not get_args(hint) else str(hint)
    return text.replace("typing.", "").replace("collections.abc.", "")
