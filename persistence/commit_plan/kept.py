"""What the unit of work gives to items of one mapping by a commit, worked out once for all that get it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from persistence.attributes import AttributeValue, Item, size_at_most
from persistence.commit_plan.writes import named
from persistence.expressions import Condition, Set, Value
from persistence.json_text import plain_text, quoted
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

    __slots__ = ("_actions", "_attributes", "_encode", "_text", "_weight", "named", "roles", "version")

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
        self._attributes: Item | None = None
        self._weight: int | None = None
        self._text: str | None = None
        self._actions: tuple[Set, ...] | None = None

    @property
    def attributes(self) -> Item:
        """The attributes of the item."""
        if self._attributes is None:
            self._attributes = {
                role.attribute: self._encode(role, value) for role, value in self.roles.items()
            }
        return self._attributes

    @property
    def text(self) -> str:
        """The JSON of the attributes, with a comma before each."""
        if self._text is None:
            attributes = self.attributes.items()
            self._text = "".join([f",{quoted(name)}:{plain_text(value)}" for name, value in attributes])
        return self._text

    @property
    def weight(self) -> int:
        """Bytes that the attributes have at most."""
        if self._weight is None:
            self._weight = size_at_most(self.attributes)
        return self._weight

    @property
    def actions(self) -> tuple[Set, ...]:
        """What sets them."""
        if self._actions is None:
            attributes = self.attributes
            self._actions = tuple([Set(role.path, Value(attributes[role.attribute])) for role in self.roles])
        return self._actions


@dataclass(frozen=True, slots=True)
class Step:
    """A write of items that have one version.

    Attributes:
        expected: the version that they have, in Python.
        kept: what they get.
        condition: what is demanded of them; None where that differs from item to item. Without a version it
            is meant for changes of whole attributes only.
        by_version: whether their version is demanded, so that nothing else has to be compared.
        attributes, actions, weight: those of `kept`, at hand.
    """

    expected: object
    kept: Kept
    condition: Condition | None
    by_version: bool
    attributes: Item = field(init=False)
    actions: tuple[Set, ...] = field(init=False)
    weight: int = field(init=False)

    def __post_init__(self) -> None:
        for name in ("attributes", "actions", "weight"):
            object.__setattr__(self, name, getattr(self.kept, name))


NOTHING_KEPT = Kept({}, None, RoleField.encode)
"""What items of mappings get that have no such fields."""
