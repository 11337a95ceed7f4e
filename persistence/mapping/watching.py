"""Changes of entities, found without encoding all of them.

What an entity was loaded with is remembered as a memento: the very objects that its attributes refer to.
Texts, numbers, times and members of enums never change, so that an attribute which refers to the same object
still is what was loaded, and so is its encoding. Only where it refers to another one both are encoded, and
compared as stored. Lists, maps, sets and nested entities do change: of those the objects inside are
remembered, and where these differ, the value is encoded and held against the stored attribute, which is read
and encoded again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from marshmallow import missing

from persistence.attributes import AttributeValue, Item, same
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.freezing import is_unchanging, never_changes, reads_alike, tells
from persistence.mapping.keys import KeyPart
from persistence.mapping.records import RecordPlan
from persistence.mapping.refusal import Refused
from persistence.mapping.tables import Placement
from persistence.mapping.untyped import Foreign

Encoder = Callable[[Any], AttributeValue | None]
"""Encodes the value of one field; None leaves it out. Whatever it raises, the sure way is asked then."""


@dataclass(slots=True, eq=False)
class Memento:
    """What an entity had when its item was loaded, or written; nobody changes it.

    Attributes:
        values: the values of the fields that never change themselves.
        contents: what was inside of those of the others that tell; None where that says nothing.
        encoded: attribute -> its encoding, where it can't be told from the item afterwards; None for absent.
    """

    values: tuple[object, ...]
    contents: tuple[Any, ...] | None
    encoded: Mapping[str, AttributeValue | None]


class Compared(NamedTuple):
    """The generated functions by which an entity is held against its memento; see `watch_source`."""

    read: Callable[[Any], tuple[object, ...]]
    replaced: Callable[[Any, tuple[object, ...]], list[tuple[int, object]]]
    contents: Callable[[Any], tuple[Any, ...]]
    touched: Callable[[Any, tuple[Any, ...]], list[int]]


@dataclass(slots=True, eq=False)
class Difference:
    """What differs between an entity and its memento; nobody changes it.

    Attributes:
        replaced: attribute -> as it is stored now, of what is replaced whole; None for absent.
        rekeyed: whether a field differs, be it only in its format, that is part of a key.
        known: the memento.
        moved: the places among its values at which another object stands now, and that object.
        before: the other attributes, as they were stored then; absent ones are left out.
        after: the same, as they are stored now.
        inside: what the new memento has for `contents` and `encoded`; None for what the old one has.
    """

    replaced: dict[str, AttributeValue | None]
    rekeyed: bool
    known: Memento
    moved: Sequence[tuple[int, object]]
    before: Item
    after: Item
    inside: tuple[tuple[Any, ...] | None, Mapping[str, AttributeValue | None]] | None = None

    @property
    def memento(self) -> Memento:
        """What the entity has now; made where it is asked for, as a unit that ends needs none."""
        known, values = self.known, self.known.values
        if self.moved:
            present = [*values]
            for place, value in self.moved:
                present[place] = value
            values = tuple(present)
        return Memento(values, *(self.inside or (known.contents, known.encoded)))


_Attributes = dict[str, AttributeValue | None]

_NOTHING_ENCODED: Mapping[str, AttributeValue | None] = {}

_NOTHING: Item = {}


class Watch:
    """Finds out what changed in the entities of a mapping.

    Attributes:
        order: attribute -> its place in encodings.

    Args:
        plan: its fields.
        placement: its keys.
        compiled: gives what is generated for the mapping: `encoders` and `watching`.
        snapshot: encodes whole entities, and says what is wrong with them.
    """

    def __init__(
        self,
        plan: RecordPlan,
        placement: Placement,
        compiled: Callable[[str], Any],
        snapshot: Callable[[Any], Item],
    ) -> None:
        self._plan = plan
        self._compiled = compiled
        self._snapshot = snapshot
        self._plain = plan.construction.plain
        encoded = _encoded_fields(plan)
        self._fields = tuple(field for field in encoded if never_changes(field.node))
        self._changing = tuple(field for field in encoded if not never_changes(field.node))
        self._telling = tuple(field for field in self._changing if tells(field.node))
        self._untold = tuple(field for field in self._changing if not tells(field.node))
        self._reread = frozenset(
            field for field in self._changing if self._plain and field.loaded and reads_alike(field.node)
        )
        parts = placement.distinct_parts()
        self._keyed = frozenset(name for part in parts for name in part.fields)
        self._made = tuple(part for part in parts if part.template is not None)
        self._formatted = frozenset(
            field.attribute for field in self._fields if any(_formats(part, field.name) for part in parts)
        )
        self._read, self._replaced, self._contents, self._touched = Compared(*compiled("watching"))
        self.order = _order(encoded, parts)

    @cached_property
    def _encoders(self) -> tuple[tuple[str, Encoder, bool], ...]:
        """The fields that never change themselves: attribute, what encodes it, whether a key has it."""
        encoders = self._compiled("encoders")
        fields = (
            (field.attribute, encoders[field.attribute], field.name in self._keyed) for field in self._fields
        )
        return (("", _refused, False), *fields)

    def _values(self, entity: Any) -> tuple[object, ...]:
        """Read the class and the values that never change themselves, as far as they are set."""
        return (type(entity), *(getattr(entity, field.name, missing) for field in self._fields))

    def _inside(self, entity: Any) -> tuple[Any, ...] | None:
        try:
            return self._contents(entity)
        except Exception:  # noqa: BLE001  # a value is of another kind; its encoding will be refused
            return None

    def _touched_fields(self, entity: Any, known: tuple[Any, ...] | None) -> Sequence[FieldPlan]:
        """Give the fields in whose values something may have changed."""
        if known is None:
            return self._changing
        try:
            places = self._touched(entity, known)
        except Exception:  # noqa: BLE001  # see `_inside`
            return self._changing
        return [*[self._telling[place] for place in places], *self._untold] if places else self._untold

    def remember(self, entity: Any, item: Item) -> Memento | None:
        """Remember an entity that was just made of an item; None where that does not tell enough."""
        try:
            values = self._read(entity)
        except AttributeError:  # not all are set
            return None
        if not self._plain and not all(map(is_unchanging, values[1:])):
            return None
        if not self._changing:
            return Memento(values, None, _NOTHING_ENCODED)
        encoded: dict[str, AttributeValue | None] = {}
        for field in self._changing:
            stored = item.get(field.attribute)
            if stored is None or "NULL" in stored or field not in self._reread:
                try:
                    encoded[field.attribute] = self._encoded(field, getattr(entity, field.name))
                except (AttributeError, Refused):
                    return None
        return Memento(values, self._inside(entity), encoded)

    def compare(self, entity: Any, item: Item, memento: Memento) -> Difference | None:
        """Compare an entity with what is remembered of it; None where nothing differs.

        Args:
            entity: the entity.
            item: what it was made of, as it is stored.
            memento: what is remembered.

        Raises:
            ValidationFailed: a value can't be stored at all.
            MappingError: it is another mapping's.
        """
        known = memento.values
        replaced: _Attributes = {}
        rekeyed = False
        try:
            moved = self._replaced(entity, known)
        except AttributeError:
            present = self._values(entity)
            moved = [(place, value) for place, value in enumerate(present) if value is not known[place]]
        for place, value in moved:
            attribute, encode, keyed = self._encoders[place]
            try:
                was, now = encode(known[place]), encode(value)
            except Exception:  # noqa: BLE001  # whatever fails in generated code is encoded, or refused, surely
                was, now = self._surely(entity, place, known[place], value)
            if was != now:  # both were just written, numbers in their one form
                replaced[attribute] = now
                rekeyed |= keyed
            elif attribute in self._formatted:  # a format may show more of a value than what is stored of it
                rekeyed = True
        if rekeyed:
            self._compare_keys(entity, known, replaced)
        if len(replaced) > 1:
            replaced = {name: replaced[name] for name in sorted(replaced, key=self.order.__getitem__)}
        touched = self._touched_fields(entity, memento.contents) if self._changing else ()
        if not touched:
            if not replaced:
                return None
            return Difference(replaced, rekeyed, memento, moved, _NOTHING, _NOTHING)
        before: _Attributes = {}
        after: _Attributes = {}
        # Read before what is inside is encoded, so that it is no newer than that.
        contents = self._inside(entity)
        encoded = self._compare_changing(entity, item, memento, touched, before, after)
        if not replaced and not after:
            return None
        inside = contents, encoded
        return Difference(replaced, rekeyed, memento, moved, _present(before), _present(after), inside)

    def _compare_changing(
        self,
        entity: Any,
        item: Item,
        memento: Memento,
        touched: Iterable[FieldPlan],
        before: _Attributes,
        after: _Attributes,
    ) -> Mapping[str, AttributeValue | None]:
        """Compare fields whose values may change, and give what is to be remembered of all such encoded."""
        encoded = memento.encoded
        for field in touched:
            name = field.attribute
            now, was = self._now(entity, field, getattr(entity, field.name, missing)), item.get(name)
            if name in memento.encoded:
                was = memento.encoded[name]
            elif was is not None and not same(was, now):
                was = self._encoded(field, field.node.decode(was))
            if _note(before, after, name, was, now):
                encoded = {known: value for known, value in encoded.items() if known != name}
                if now is None or "NULL" in now or field not in self._reread:
                    encoded[name] = now
        return encoded

    def _compare_keys(self, entity: Any, known: tuple[object, ...], replaced: _Attributes) -> None:
        """Compare what is made of fields that are part of a key; the whole says whether they can be."""
        item = self._snapshot(entity)
        then = {field.name: value for field, value in zip(self._fields, known[1:], strict=True)}
        for part in self._made:
            now = item.get(part.attribute)
            if not same(_filled(part, then), now):
                replaced[part.attribute] = now

    def _surely(
        self, entity: Any, place: int, was: object, now: object
    ) -> tuple[AttributeValue | None, AttributeValue | None]:
        if place == _CLASS:
            self._snapshot(entity)  # which refuses another class
            return None, None
        field = self._fields[place - 1]
        try:
            before = self._encoded(field, was)
        except Refused:
            before = None
        return before, self._now(entity, field, now)

    def _now(self, entity: Any, field: FieldPlan, value: object) -> AttributeValue | None:
        try:
            if value is not missing:
                return self._encoded(field, value)
        except Refused:
            pass
        return self._snapshot(entity).get(field.attribute)  # which says what is wrong

    def _encoded(self, field: FieldPlan, value: object) -> AttributeValue | None:
        try:
            stored: AttributeValue | None = self._compiled("encoders")[field.attribute](value)
            return stored
        except Exception:  # noqa: BLE001  # whatever fails in generated code is encoded, or refused, the sure way
            return field.encoded(value, validate=False)


def _note(
    before: _Attributes, after: _Attributes, name: str, was: AttributeValue | None, now: AttributeValue | None
) -> bool:
    if same(was, now):
        return False
    before[name], after[name] = was, now
    return True


_CLASS = 0
"""The place of an entity's class among its values."""


def _refused(_value: object) -> AttributeValue | None:
    raise TypeError


def _filled(part: KeyPart, values: Mapping[str, object]) -> AttributeValue | None:
    try:
        return part.filled(values)
    except Refused:  # an index is sparse: it holds what has all of its key
        return None


def _formats(part: KeyPart, name: str) -> bool:
    slots = () if part.parsed is None else part.parsed.slots
    return any(slot.spec and slot.name == name for slot in slots)


def _present(values: Mapping[str, AttributeValue | None]) -> Item:
    return {name: value for name, value in values.items() if value is not None}


def _encoded_fields(plan: RecordPlan) -> list[FieldPlan]:
    return [field for field in plan.fields if field.stored and field.on_entity]


def _order(fields: Iterable[FieldPlan], parts: Iterable[KeyPart]) -> Mapping[str, int]:
    """Give the places that attributes have in an encoding."""
    always = [field.attribute for field in fields if field.always]
    further = [field.attribute for field in fields if not field.always]
    names = dict.fromkeys((*always, *further, *(part.attribute for part in parts)))
    return {name: place for place, name in enumerate(names)}


def watchable(plan: RecordPlan, placement: Placement) -> bool:
    """Tell whether what is stored of an entity is what its fields say, each for itself, and its keys."""
    fields = _encoded_fields(plan)
    if plan.hooked or any(isinstance(field.node, Foreign) for field in plan.fields):
        return False
    known = {field.name for field in fields if never_changes(field.node)}
    kept = {field.name for field in fields if field.role}
    return all(
        known.issuperset(part.fields) and (part.template is None or kept.isdisjoint(part.fields))
        for part in placement.distinct_parts()
    )
