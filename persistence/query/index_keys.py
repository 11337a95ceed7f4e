"""Keys of indexes that are made from fields: a patch that changes such a field has to move them along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from persistence.attributes import Item
from persistence.errors import QueryError
from persistence.expressions import Path, Remove, Set, UpdateAction, Value
from persistence.mapping import EntityMapping, KeyPart
from persistence.mapping.patching import default_of
from persistence.mapping.refusal import Refused
from persistence.query.edits import Edit


def index_parts(mapping: EntityMapping[Any]) -> tuple[KeyPart, ...]:
    """Give the key parts of all indexes, one for each attribute, without those of the table's own key."""
    if not mapping.table.indexes:
        return ()
    own = mapping.table.key_names()
    parts = [part for index in mapping.table.indexes for part in mapping.key_parts(index.name)]
    return tuple({part.attribute: part for part in parts if part.attribute not in own}.values())


def check_key_value(parts: Iterable[KeyPart], action: UpdateAction) -> None:
    """Refuse what the service would not store as the key of an index.

    Raises:
        Refused: the value is empty, too long, or of another type.
    """
    for part in parts:
        if action.path != Path.of(part.attribute) or not isinstance(action, Set):
            continue
        problem = part.problem(action.value.value) if isinstance(action.value, Value) else None
        if problem is not None:
            raise Refused({part.fields[0]: [problem]})


class Known:
    """The values of an entity's fields that are known when it is patched.

    Args:
        mapping: the entity's mapping.
        key: its stored key.
        edits: what is changed.
    """

    def __init__(self, mapping: EntityMapping[Any], key: Item, edits: Iterable[Edit]) -> None:
        self._mapping = mapping
        self._values: dict[str, Any] = dict(zip(mapping.key_fields, mapping.key_values(key), strict=True))
        self._touched: set[str] = set()
        for each in edits:
            name = str(each.place.names[0])
            self._touched.add(name)
            if each.place.top_level and each.verb in ("set", "remove"):
                gone = each.verb == "remove"
                self._values[name] = default_of(mapping.plan, name) if gone else each.operand

    @property
    def values(self) -> Mapping[str, Any]:
        """Name -> value."""
        return self._values

    def step(self, part: KeyPart, *, may_create: bool) -> UpdateAction | None:
        """Give the action that brings a made part of an index key in line; None if it stays as it is.

        Args:
            part: a part that is made by a template.
            may_create: whether the item may be new.

        Raises:
            QueryError: what is needed for it is not known.
            Refused: a value can't be part of it.
        """
        if self._touched.isdisjoint(part.fields) and not may_create:
            return None
        path, unknown = Path.of(part.attribute), [name for name in part.fields if name not in self._values]
        if any(name in self._values and self._values[name] is None for name in part.fields):
            return Remove(path)
        if not unknown:
            return Set(path, Value(part.filled(self._values)))
        if self._touched.isdisjoint(part.fields) and self._left_out_of_new_items(unknown):
            return None
        raise QueryError(self._said(part, unknown))

    def _left_out_of_new_items(self, names: Iterable[str]) -> bool:
        return any(default_of(self._mapping.plan, name) is None for name in names)

    def _said(self, part: KeyPart, unknown: list[str]) -> str:
        name, listed = self._mapping.name, ", ".join(unknown)
        return (
            f"a patch of {name} can't keep {part.attribute!r} in step, an index key that is made of "
            f"{part.template!r}: the value of {listed} is not known. Set {listed} in the same patch, or load "
            "the entity, change it and commit"
        )
