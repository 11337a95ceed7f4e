"""What the unit of work gives to the items of one mapping by a commit, worked out once for all that get it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from persistence.attributes import AttributeValue, Item
from persistence.commit_plan.writes import named
from persistence.expressions import Condition, Set, Value
from persistence.mapping import RoleField


class Kept:
    """Versions and times that entities and their items get; shared, so that nobody changes it.

    Args:
        roles: the values.
        version: the field of the version; None where there is none.
        encode: gives the attribute value of a value.

    Attributes:
        roles: as it was given.
        named: the values of what entities have attributes for, by their names.
        version: the version after the commit; None where there is none.
    """

    def __init__(
        self,
        roles: Mapping[RoleField, object],
        version: RoleField | None,
        encode: Callable[[RoleField, object], AttributeValue],
    ) -> None:
        self.roles = roles
        self.named = named(roles)
        self.version = None if version is None else roles.get(version)
        self._encode = encode

    @cached_property
    def attributes(self) -> Item:
        """The attributes of the item."""
        return {role.attribute: self._encode(role, value) for role, value in self.roles.items()}

    @cached_property
    def actions(self) -> tuple[Set, ...]:
        """What sets them."""
        attributes = self.attributes
        return tuple([Set(role.path, Value(attributes[role.attribute])) for role in self.roles])


@dataclass(frozen=True, slots=True)
class Step:
    """A write of items that have one version.

    Attributes:
        expected: the version that they have, in Python.
        kept: what they get.
        condition: what is demanded of them; None where that differs from item to item. Without a version it
            is meant for changes of whole attributes only.
        by_version: whether their version is demanded, so that nothing else has to be compared.
    """

    expected: object
    kept: Kept
    condition: Condition | None
    by_version: bool
