"""How entities come to be: from values by field name, by the dataclass's own rules."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping
from functools import cached_property
from inspect import getattr_static
from types import MemberDescriptorType
from typing import Any

from persistence.errors import MappingError

MISSING = dataclasses.MISSING


class _Plain:
    """An object with attributes, and nothing of its own beside them."""


_COPYING = (
    "__copy__",
    "__reduce__",
    "__reduce_ex__",
    "__getstate__",
    "__setstate__",
    "__getnewargs__",
    "__getnewargs_ex__",
    "__slots__",
)
"""What takes part in the copying of objects."""


@dataclasses.dataclass(frozen=True)
class Construction:
    """How the entities of a dataclass are built.

    Attributes:
        entity_type: the dataclass.
        arguments: fields that its constructor takes, in order.
        settable: fields that it does not take; they are set after construction.
        bypass: its constructor does nothing but store its arguments, slowly because it is frozen, so that it
            need not be called.
        slots: the instances have no `__dict__`.
        positional: its constructor was made by the decorator, so that it takes its fields in their order.
    """

    entity_type: type[Any]
    arguments: tuple[dataclasses.Field[Any], ...]
    settable: tuple[dataclasses.Field[Any], ...]
    bypass: bool
    slots: bool
    positional: bool

    @property
    def fields(self) -> tuple[dataclasses.Field[Any], ...]:
        """All fields of the dataclass."""
        return (*self.arguments, *self.settable)

    @cached_property
    def frozen(self) -> bool:
        """Tell whether attributes of its instances can't be set."""
        return bool(self.entity_type.__dataclass_params__.frozen)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all fields of the dataclass."""
        return frozenset(field.name for field in self.fields)

    @cached_property
    def plain(self) -> bool:
        """Tell whether entities have what they are built with, so that no code of theirs has a say in it."""
        kind: Any = self.entity_type
        return bool(
            self.positional
            and not hasattr(kind, "__post_init__")
            and kind.__new__ is object.__new__
            and type(kind).__call__ is type.__call__
            and kind.__getattribute__ is object.__getattribute__
            and (self.frozen or kind.__setattr__ is object.__setattr__)
            and not any(map(self._is_computed, self.names))
        )

    def _is_computed(self, name: str) -> bool:
        found = getattr_static(self.entity_type, name, None)
        return hasattr(type(found), "__get__") and not isinstance(found, MemberDescriptorType)

    def copy(self, entity: Any) -> Any:
        """Make a shallow copy, as `copy.copy` does."""
        if not self._copied_by_attributes:
            return copy.copy(entity)
        kind: Any = self.entity_type
        made = kind.__new__(kind)
        made.__dict__.update(entity.__dict__)
        return made

    @cached_property
    def _copied_by_attributes(self) -> bool:
        """Whether `copy.copy` would do nothing but take the attributes over; it finds that out each time."""
        plain = _Plain
        return self.entity_type.__dictoffset__ != 0 and all(
            getattr(self.entity_type, name, None) is getattr(plain, name, None) for name in _COPYING
        )

    def set(self, entity: Any, name: str, value: Any) -> None:
        """Set an attribute, also of a frozen entity."""
        if self.frozen:
            object.__setattr__(entity, name, value)
        else:
            setattr(entity, name, value)

    def build(self, values: Mapping[str, Any]) -> Any:
        """Make an entity.

        Args:
            values: field name -> value; fields that are left out get their defaults.
        """
        taken = {field.name: values[field.name] for field in self.arguments if field.name in values}
        entity = self.entity_type(**taken)
        for field in self.settable:
            if field.name in values:
                self.set(entity, field.name, values[field.name])
        return entity


def construction_of(entity_type: type[Any]) -> Construction:
    """Look at a dataclass's constructor.

    Raises:
        MappingError: it demands an InitVar, which can't be stored.
    """
    _refuse_init_variables(entity_type)
    fields = dataclasses.fields(entity_type)
    arguments = tuple(field for field in fields if field.init)
    settable = tuple(field for field in fields if not field.init)
    return Construction(
        entity_type,
        arguments,
        settable,
        bypass=_bypassable(entity_type),
        slots=_has_only_slots(entity_type),
        positional=_own_init(entity_type) and not _init_variables(entity_type),
    )


def _refuse_init_variables(entity_type: type[Any]) -> None:
    for name, field in _init_variables(entity_type).items():
        if _default_of(field) is MISSING:
            raise MappingError(
                f"{entity_type.__name__}.{name} is an InitVar without default: it is not kept by the "
                "entity, so it can't be stored, and the entity can't be built without it. Give it a "
                "default, or make it a field"
            )


def _init_variables(entity_type: type[Any]) -> dict[str, dataclasses.Field[Any]]:
    # `dataclasses.fields` leaves these pseudo-fields out, and there is no public way to list them.
    marker: object = vars(dataclasses)["_FIELD_INITVAR"]
    return {
        name: field
        for name, field in entity_type.__dataclass_fields__.items()
        if getattr(field, "_field_type", None) is marker
    }


def _default_of(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default is not MISSING else field.default_factory


def default_source(field: dataclasses.Field[Any]) -> Callable[[], Any] | None:
    """Give what makes the default of a dataclass field, or None where it has none."""
    if field.default_factory is not MISSING:
        return field.default_factory
    if field.default is MISSING:
        return None
    default = field.default
    return lambda: default


def _bypassable(entity_type: type[Any]) -> bool:
    parameters = entity_type.__dataclass_params__
    return bool(
        parameters.frozen
        and parameters.init
        and not hasattr(entity_type, "__post_init__")
        and "__new__" not in {name for cls in entity_type.__mro__[:-1] for name in vars(cls)}
        and type(entity_type).__call__ is type.__call__
        and _own_init(entity_type)
    )


def _own_init(entity_type: type[Any]) -> bool:
    """Tell whether the constructor was made by the decorator for this very class."""
    parameters = entity_type.__dict__.get("__dataclass_params__")
    return parameters is not None and parameters.init


def _has_only_slots(entity_type: type[Any]) -> bool:
    classes = [vars(cls) for cls in entity_type.__mro__[:-1]]
    return all("__slots__" in cls and "__dict__" not in cls["__slots__"] for cls in classes)
