"""Which attributes can hold the values of the roles that the unit of work and the service keep."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType, UnionType
from typing import Any, TypeVar, Union, get_args

from persistence import fields
from persistence.errors import MappingError
from persistence.mapping.hints import Hint, named, origin_of, unwrapped

_VALUES: Mapping[type[fields.Field[Any]], tuple[type, ...]] = MappingProxyType(
    {
        fields.Version: (int,),
        fields.CreatedAt: (dt.datetime,),
        fields.UpdatedAt: (dt.datetime,),
        fields.DeletedAt: (dt.datetime,),
        fields.TimeToLive: (dt.datetime, int),
    }
)
ROLES = tuple(_VALUES)
"""Fields that are kept by the unit of work or the service, and may be absent from the entity."""


def refuse_role(where: str, field: fields.Field[Any], attribute: str, hint: Hint) -> None:
    """Refuse a role on an attribute that can't hold its values.

    Args:
        where: the declaration, such as `OrderMapping.version`.
        field: the field that is declared there; any field.
        attribute: the entity's attribute, such as `Order.version`.
        hint: its type hint.

    Raises:
        MappingError: the hint allows no value of the role.
    """
    role = next((kind for kind in ROLES if isinstance(field, kind)), None)
    if role is None or any(_holds(hint, value) for value in _VALUES[role]):
        return
    wanted = " or ".join(value.__name__ for value in _VALUES[role])
    written = f"{attribute.split('.')[-1]}: {_VALUES[role][0].__name__}"
    raise MappingError(
        f"{where} is a {role.__name__}, whose values are of type {wanted}, but {attribute} is hinted as "
        f"{named(hint)}. Write `{written}` in the entity, or declare the {role.__name__} under a name that "
        "the entity does not have: it may exist in the table only"
    )


def _holds(hint: Hint, value: type) -> bool:
    hint = unwrapped(hint)
    if hint is Any or isinstance(hint, TypeVar):
        return True
    if origin_of(hint) in (Union, UnionType):
        return any(_holds(option, value) for option in get_args(hint))
    return isinstance(hint, type) and issubclass(value, hint)
