"""What a patch does in one place of an entity: checked when it is asked for, encoded when it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, assert_never

from persistence.attributes import AttributeValue
from persistence.errors import QueryError
from persistence.expressions import (
    Add,
    Discard,
    IfNotExists,
    ListAppend,
    Minus,
    Plus,
    Remove,
    Set,
    UpdateAction,
    Value,
)
from persistence.mapping import EntityMapping
from persistence.mapping.patching import Place, PlaceKind, place_of
from persistence.query.terms import Names, dotted

Verb = Literal[
    "set",
    "set_if_missing",
    "remove",
    "increment",
    "decrement",
    "add",
    "append",
    "prepend",
    "add_to_set",
    "discard_from_set",
]

_WANTED: Mapping[Verb, PlaceKind] = MappingProxyType(
    {
        "increment": "number",
        "decrement": "number",
        "add": "number",
        "append": "list",
        "prepend": "list",
        "add_to_set": "set",
        "discard_from_set": "set",
    }
)
_INSTEAD: Mapping[PlaceKind, str] = MappingProxyType(
    {
        "number": "increment, decrement or set",
        "list": "append, prepend, set_item, remove_item or set",
        "set": "add_to_set, discard_from_set or set",
        "plain": "set",
        "other": "set",
    }
)
_NOTHING = Value({"N": "0"})
_EMPTY_LIST = Value({"L": []})


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """One change.

    Attributes:
        verb: the method of the builder that asked for it.
        place: where.
        operand: a Python value: for lists a tuple, for sets a frozenset; None for `remove`.
    """

    verb: Verb
    place: Place
    operand: Any = None

    def action(self) -> UpdateAction:
        """Give the update action.

        Raises:
            Refused: the operand can't be stored there.
            QueryError: it is nothing that could be stored.
        """
        place, path = self.place, self.place.path
        match self.verb:
            case "set":
                stored = place.encode(self.operand)
                return Remove(path) if stored is None else Set(path, Value(stored))
            case "set_if_missing":
                return Set(path, IfNotExists(path, Value(self._something())))
            case "remove":
                return Remove(path)
            case "add":
                return Add(path, Value(place.number(self.operand)))
            case "increment":
                return Set(path, Plus(IfNotExists(path, _NOTHING), Value(place.number(self.operand))))
            case "decrement":
                return Set(path, Minus(IfNotExists(path, _NOTHING), Value(place.number(self.operand))))
            case "append":
                present = IfNotExists(path, _EMPTY_LIST)
                return Set(path, ListAppend(present, Value(place.elements(self.operand))))
            case "prepend":
                present = IfNotExists(path, _EMPTY_LIST)
                return Set(path, ListAppend(Value(place.elements(self.operand)), present))
            case "add_to_set":
                return Add(path, Value(place.members(self.operand)))
            case "discard_from_set":
                return Discard(path, Value(place.members(self.operand)))
            case _:
                assert_never(self.verb)

    @property
    def gives_a_value(self) -> bool:
        """Whether there is a value afterwards, also where there was none."""
        return self.verb not in ("remove", "discard_from_set")

    def _something(self) -> AttributeValue:
        stored = self.place.encode(self.operand)
        if stored is None:
            raise QueryError(
                f"{self.verb}({dotted(self.place.names)!r}): {_described(self.operand)} is never stored, so "
                "there is nothing to set"
            )
        return stored


def _described(operand: object) -> str:
    return "None" if operand is None else f"an empty {type(operand).__name__}"


def edit(mapping: EntityMapping[Any], verb: Verb, names: Names, operand: Any = None) -> Edit:
    """Ask for one change.

    Args:
        mapping: the entity's mapping.
        verb: what is done.
        names: where, in Python names.
        operand: see `Edit`.

    Raises:
        QueryError: there is no such place, it is not to be patched, or that can't be done there.
    """
    return Edit(verb, _place(mapping, verb, names), operand)


@lru_cache(maxsize=512)
def _place(mapping: EntityMapping[Any], verb: Verb, names: Names) -> Place:
    """Find the place of a change, and see whether it can be changed so."""
    _refuse_kept(mapping, verb, names)
    place = place_of(mapping.plan, names)
    if verb == "remove" and not place.removable:
        raise QueryError(f"remove({dotted(names)!r}): {place.said} can't be absent; set another value")
    wanted = _WANTED.get(verb)
    if wanted is not None and place.field is not None and place.field.encrypted is not None:
        raise QueryError(
            f"{verb}({dotted(names)!r}): {place.said} is encrypted, so that the service can only replace it; "
            "load the entity, change it and commit, or write set(...)"
        )
    if wanted is not None and place.kind not in (wanted, "plain"):
        raise QueryError(
            f"{verb}({dotted(names)!r}): {place.said} is stored as {place.node.expected}, and {verb} takes a "
            f"{wanted}; write {_INSTEAD[place.kind]}"
        )
    return place


def addition(mapping: EntityMapping[Any], names: Names, value: Any) -> Edit:
    """Ask for `add`: of a number to a number, or of members to a set.

    Raises:
        QueryError: as `edit` does, or the value is neither.
    """
    if isinstance(value, set | frozenset):
        return edit(mapping, "add_to_set", names, frozenset(value))
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise QueryError(f"add({dotted(names)!r}, ...) takes a number or a set, not {type(value).__name__}")
    return edit(mapping, "add", names, value)


def _refuse_kept(mapping: EntityMapping[Any], verb: Verb, names: Names) -> None:
    """Refuse what the key, the unit of work and the table keep."""
    name, roles = str(names[0]), mapping.roles
    attribute = next((field.attribute for field in mapping.plan.fields if field.name == name), name)
    why = None
    if name in mapping.key_fields:
        why = (
            "it is part of the key, and keys are immutable; remove the entity and add a copy with another key"
        )
    elif mapping.discriminator is not None and name == mapping.discriminator[0]:
        why = "it marks the type of the entity"
    elif roles.version is not None and attribute == roles.version.attribute:
        why = "the version moves along with every write; demand one with if_version(...)"
    elif roles.deleted_at is not None and attribute == roles.deleted_at.attribute:
        why = "removing an entity sets it, and restoring it takes it away"
    elif attribute in {role.attribute for role in (roles.created_at, roles.updated_at) if role is not None}:
        why = "the unit of work keeps it"
    if why is not None:
        raise QueryError(f"{verb}({dotted(names)!r}): {mapping.name}.{name} can't be patched: {why}")
