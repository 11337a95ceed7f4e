"""From edits in Python names to a patch in stored terms, with all that has to move along."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from persistence.attributes import ITEM_SIZE_LIMIT, Item, size_at_most, value_size
from persistence.errors import ItemTooLarge, QueryError, ValidationFailed, described
from persistence.expressions import IfNotExists, Path, Set, UpdateAction, Value
from persistence.mapping import EntityMapping, KeyPart
from persistence.mapping.patching import initial_attributes, required_names
from persistence.mapping.refusal import Refused, named_messages
from persistence.patches import Patch, refuse_overlaps
from persistence.query.edits import Edit
from persistence.query.index_keys import Known, check_key_value, index_parts
from persistence.query.lowering import lower
from persistence.query.terms import Term, dotted

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class PatchWish(Generic[T]):
    """What a patch asks for.

    Attributes:
        mapping: the entity's mapping.
        key: its stored key.
        edits: the changes.
        term: the conditions, or None.
        expected_version: the version that is demanded, or None.
        upsert: whether an absent item is made.
    """

    mapping: EntityMapping[T]
    key: Item
    edits: tuple[Edit, ...] = ()
    term: Term | None = None
    expected_version: int | None = None
    upsert: bool = False

    def with_edit(self, edit: Edit) -> PatchWish[T]:
        """Give it with a further change."""
        return PatchWish(
            self.mapping, self.key, (*self.edits, edit), self.term, self.expected_version, self.upsert
        )


def planned(wish: PatchWish[T]) -> Patch[T]:
    """Write a wish in stored terms.

    Raises:
        QueryError: it is empty, contradicts itself, or would leave an index behind.
        ValidationFailed: values that the mapping refuses, of all fields at once.
        ItemTooLarge: more bytes than an item may have.
    """
    mapping = wish.mapping
    if not wish.edits:
        raise QueryError(f"this patch of {mapping.name} changes nothing; say what, such as .set(name, value)")
    if wish.upsert and wish.expected_version is not None:
        raise QueryError(
            f"this patch of {mapping.name} has both if_missing() and if_version(); an absent item has no "
            "version, so leave one of them out"
        )
    plain = _plain_actions(wish)
    actions, fill_ins = _Actions(wish).all() if plain is None else (plain, ())
    condition = None if wish.term is None else lower(wish.term, mapping)
    return Patch(mapping, wish.key, actions, condition, wish.expected_version, wish.upsert, fill_ins)


def _plain_actions(wish: PatchWish[Any]) -> tuple[UpdateAction, ...] | None:
    """Give the actions of a wish, where nothing moves along and nothing is wrong with its values."""
    if wish.upsert or wish.mapping.table.indexes:
        return None
    try:
        actions = tuple([each.action() for each in wish.edits])
    except Refused:
        return None
    if len(actions) > 1:
        refuse_overlaps(wish.mapping, actions)
    _refuse_too_large(wish, actions)
    return actions


def _refuse_too_large(wish: PatchWish[Any], actions: Iterable[UpdateAction]) -> None:
    """Refuse values that no item could hold, whatever else it has."""
    values = [each.value.value for each in actions if isinstance(each, Set) and isinstance(each.value, Value)]
    if size_at_most(values) <= ITEM_SIZE_LIMIT:
        return
    size = sum(map(value_size, values))
    if size <= ITEM_SIZE_LIMIT:
        return
    mapping = wish.mapping
    key = mapping.key_values(wish.key)
    raise ItemTooLarge(
        f"this patch of {described(mapping.name, key)} sets {size} bytes; DynamoDB's limit for an "
        f"item is {ITEM_SIZE_LIMIT}. Nothing was sent; store large values elsewhere or split the entity",
        entity_type=mapping.entity_type,
        key=key,
    )


class _Actions:
    """Collects the update actions of a wish, and what is wrong with its values."""

    def __init__(self, wish: PatchWish[Any]) -> None:
        self._wish = wish
        self._mapping = wish.mapping
        self._parts = index_parts(wish.mapping)
        self._actions: list[UpdateAction] = []
        self._fill_ins: list[Set] = []
        self._problems: dict[Any, Any] = {}

    def all(self) -> tuple[tuple[UpdateAction, ...], tuple[Set, ...]]:
        self._add_edits()
        self._add_index_keys()
        if self._wish.upsert:
            self._noting(self._add_initial)
        if self._problems:
            key = self._mapping.key_values(self._wish.key)
            raise ValidationFailed(self._mapping.entity_type, self._problems, key)
        _refuse_too_large(self._wish, self._actions)
        return tuple(self._actions), tuple(self._fill_ins)

    def _noting(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Refused as refused:
            _merge(self._problems, named_messages(refused.messages))

    def _add_edits(self) -> None:
        for each in self._wish.edits:
            self._noting(partial(self._add_edit, each))
        refuse_overlaps(self._mapping, tuple(self._actions))
        if self._wish.upsert:
            self._refuse_incomplete()

    def _add_edit(self, edit: Edit) -> None:
        action = edit.action()
        check_key_value(self._parts, action)
        self._actions.append(action)

    def _add_index_keys(self) -> None:
        made = [part for part in self._parts if part.template is not None]
        if not made:
            return
        known = Known(self._mapping, self._wish.key, self._wish.edits)
        for part in made:
            self._noting(partial(self._add_index_key, known, part))

    def _add_index_key(self, known: Known, part: KeyPart) -> None:
        action = known.step(part, may_create=self._wish.upsert)
        if action is not None:
            self._actions.append(action)

    def _refuse_incomplete(self) -> None:
        """Refuse a patch that may make an item which is no whole entity."""
        edits, name = self._wish.edits, self._mapping.name
        inner = [each.place for each in edits if not each.place.top_level]
        if inner:
            raise QueryError(
                f"a patch of {name} with if_missing() can't change {dotted(inner[0].names)}, which is inside "
                "of what an absent item does not have; set the whole"
            )
        given = {*self._mapping.key_fields, *(each.place.names[0] for each in edits if each.gives_a_value)}
        missing = [each for each in required_names(self._mapping.plan) if each not in given]
        if missing:
            raise QueryError(
                f"a patch of {name} with if_missing() may make a new one, and lacks what every {name} has: "
                f"{', '.join(missing)}. Set that too, or leave if_missing() out"
            )

    def _add_initial(self) -> None:
        """Let a new item have what it would have if it were added; present attributes stay."""
        mapping, roles = self._mapping, self._mapping.roles
        managed = {role.attribute for role in (roles.version, roles.created_at, roles.updated_at) if role}
        mentioned = {each.place.path.attribute for each in self._wish.edits}
        left_out = {*mapping.table.key_names(), *managed, *mentioned}
        keys = dict(zip(mapping.key_fields, mapping.key_values(self._wish.key), strict=True))
        for attribute, value in initial_attributes(mapping.plan, keys, left_out):
            path = Path.of(attribute)
            self._fill_ins.append(Set(path, IfNotExists(path, Value(value))))
        if mapping.discriminator is not None:
            attribute, value = mapping.discriminator
            self._fill_ins.append(Set(Path.of(attribute), Value(value)))


def _merge(messages: dict[Any, Any], further: Mapping[Any, Any]) -> None:
    """Take in further messages; of two about the same value the first counts."""
    for name, found in further.items():
        known = messages.setdefault(name, found)
        if known is not found and isinstance(known, dict) and isinstance(found, Mapping):
            _merge(known, found)
