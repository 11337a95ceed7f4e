"""Wanted writes in stored terms, and how a write differs from one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar

from persistence.attributes import AttributeValue, Item, comparable, normalised_key, same
from persistence.commit_plan.planned import COMMIT_ID
from persistence.evaluate import value_at
from persistence.expressions import Path, Remove, Set, UpdateAction, Value
from persistence.mapping import EntityMapping
from persistence.operations import ConditionCheck, DeleteItem, PutItem, TransactAction, UpdateItem
from persistence.testing.expecting.showing import (
    differences,
    shown_actions,
    shown_item,
    shown_key,
)

WORDS: dict[type, str] = {PutItem: "Put", UpdateItem: "Update", DeleteItem: "Delete", ConditionCheck: "Check"}
"""What each kind of action is called."""

OTHER_TABLE, OTHER_KIND, OTHER_KEY = 1000, 100, 10
"""How far away an action is whose table, kind or key is another one; each other difference counts 1."""


@dataclass(frozen=True, slots=True)
class Distance:
    """How an operation or action differs from what was wanted.

    Attributes:
        lines: what differs; nothing where it is what was wanted.
        weight: how much that is.
    """

    lines: tuple[str, ...] = ()
    weight: int = 0

    @classmethod
    def of(cls, lines: Sequence[str], weight: int = 0) -> Distance:
        """Count one for each line, beside a weight."""
        return cls(tuple(lines), weight + len(lines))

    @property
    def none(self) -> bool:
        """Whether nothing differs."""
        return not self.lines


@dataclass(frozen=True, slots=True)
class Wanted(ABC):
    """A wanted action.

    Attributes:
        mapping: the mapping of its item.
        key: its stored key; None for any.
    """

    mapping: EntityMapping[Any]
    key: Item | None
    kind: ClassVar[type]

    @property
    def title(self) -> str:
        """What it is, in words: `Put Order('o-1')`."""
        key = "any key" if self.key is None else shown_key(self.key, self.mapping)
        return f"{WORDS[self.kind]} {self.mapping.name}({key})"

    @abstractmethod
    def content(self) -> list[str]:
        """Say what is wanted of its item, one line each."""

    @abstractmethod
    def _differences(self, action: Any) -> Iterator[str]:
        """Give what differs in an action of this kind."""

    def distance(self, action: TransactAction) -> Distance:
        """Tell how an action differs."""
        if action.table.name != self.mapping.table.name:
            wrong = f"table: expected {self.mapping.table.name}, came {action.table.name}"
            return Distance.of([wrong], OTHER_TABLE)
        lines, weight = [], 0
        if self.key is not None and not self._has_key(action):
            lines.append(f"key: expected {shown_key(self.key, self.mapping)}, came {self._key_of(action)}")
            weight += OTHER_KEY
        if not isinstance(action, self.kind):
            lines.append(f"expected {WORDS[self.kind]}, came {WORDS[type(action)]}")
            return Distance.of(lines, weight + OTHER_KIND)
        return Distance.of([*lines, *self._differences(action)], weight)

    def _has_key(self, action: TransactAction) -> bool:
        names, stored = self.mapping.key_names, stored_in(action)
        assert self.key is not None
        return all(name in stored for name in names) and (
            normalised_key(stored, names) == normalised_key(self.key, names)
        )

    def _key_of(self, action: TransactAction) -> str:
        stored = stored_in(action)
        return shown_key({name: stored[name] for name in self.mapping.key_names}, self.mapping)


def stored_in(action: TransactAction) -> Item:
    """Give what an action holds of its item: all of it, or the key."""
    return action.item if isinstance(action, PutItem) else action.key


@dataclass(frozen=True, slots=True)
class WantedPut(Wanted):
    """A wanted item.

    Attributes:
        item: what is stored.
        ignored: attributes that are not compared.
    """

    item: Item
    ignored: frozenset[str]
    kind = PutItem

    def content(self) -> list[str]:
        """See `Wanted.content`."""
        return shown_item(self._compared(self.item), self.mapping)

    def _compared(self, item: Item) -> Item:
        apart = {*self.mapping.managed_attributes, *self.ignored, COMMIT_ID}
        return {name: value for name, value in item.items() if name not in apart}

    def _differences(self, action: PutItem) -> Iterator[str]:
        for found in differences(self._compared(self.item), self._compared(action.item)):
            yield found.shown(self.mapping)


@dataclass(frozen=True, slots=True)
class WantedEdit:
    """A wanted change of one place.

    Attributes:
        name: the place, as it was named.
        action: the change; or the path alone, for whatever is set there.
    """

    name: str
    action: UpdateAction | Path

    @property
    def path(self) -> Path:
        """The place."""
        return self.action if isinstance(self.action, Path) else self.action.path

    def problem(self, came: Sequence[UpdateAction], mapping: EntityMapping[Any]) -> str | None:
        """Say what differs from what came; None where it is among that."""
        here = [action for action in came if action.path.overlaps(self.path)]
        if not here:
            return f"{self.name}: expected {self.wish(mapping)}, came no change of it"
        if self._is_among(here):
            return None
        return f"{self.name}: expected {self.wish(mapping)}, came {'; '.join(shown_actions(here, mapping))}"

    def wish(self, mapping: EntityMapping[Any]) -> str:
        """Say what is wanted, in words."""
        if isinstance(self.action, Path):
            return f"SET {self.name} = any value"
        return shown_actions((self.action,), mapping)[0]

    def _is_among(self, here: Sequence[UpdateAction]) -> bool:
        match self.action:
            case Path():
                return any(isinstance(action, Set) for action in here)
            case Set(path, Value(value)):
                return all(_agrees(action, path, value) for action in here)
            case Remove(path):
                return all(_agrees(action, path, None) for action in here)
            case wanted:
                return any(_form(action) == _form(wanted) for action in here)


def _agrees(action: UpdateAction, path: Path, value: AttributeValue | None) -> bool:
    """Tell whether a change leaves at a path what is wanted there, as far as it reaches."""
    match action:
        case Set(place, Value(stored)):
            came: AttributeValue | None = stored
        case Remove(place):
            came = None
        case _:
            return False
    depth = len(path.segments)
    if len(place.segments) >= depth:
        return same(_below(value, place.segments[depth:]), came)
    return same(value, _below(came, path.segments[len(place.segments) :]))


def _below(value: AttributeValue | None, segments: tuple[str | int, ...]) -> AttributeValue | None:
    return None if value is None else value_at(Path(("value", *segments)), {"value": value})


def _form(part: Any) -> Hashable:
    """Give a form of a part of an expression that is equal where it is the same as stored."""
    if is_dataclass(part) and not isinstance(part, Value):
        return type(part).__name__, *(_form(getattr(part, each.name)) for each in fields(part))
    if isinstance(part, tuple):
        return tuple(map(_form, part))
    plain: Hashable = comparable(part.value) if isinstance(part, Value) else part
    return plain


@dataclass(frozen=True, slots=True)
class WantedUpdate(Wanted):
    """A wanted update.

    Attributes:
        edits: the changes that must be among its own.
        exact: whether there may be no others.
    """

    edits: tuple[WantedEdit, ...]
    exact: bool
    kind = UpdateItem

    def content(self) -> list[str]:
        """See `Wanted.content`."""
        lines = [edit.wish(self.mapping) for edit in self.edits]
        return [*lines, "and nothing else"] if self.exact else lines

    def _differences(self, action: UpdateItem) -> Iterator[str]:
        for edit in self.edits:
            problem = edit.problem(action.actions, self.mapping)
            if problem is not None:
                yield problem
        if self.exact:
            yield from self._others(action.actions)

    def _others(self, actions: Sequence[UpdateAction]) -> Iterator[str]:
        apart = {*self.mapping.kept_apart, COMMIT_ID}
        for action in actions:
            named = any(edit.path.overlaps(action.path) for edit in self.edits)
            if not named and action.path.attribute not in apart:
                yield f"expected no other change, came {shown_actions((action,), self.mapping)[0]}"


@dataclass(frozen=True, slots=True)
class WantedDelete(Wanted):
    """A wanted deletion."""

    kind = DeleteItem

    def content(self) -> list[str]:
        """See `Wanted.content`."""
        return []

    def _differences(self, action: DeleteItem) -> Iterator[str]:
        return iter(())


@dataclass(frozen=True, slots=True)
class WantedCheck(Wanted):
    """A wanted check."""

    kind = ConditionCheck

    def content(self) -> list[str]:
        """See `Wanted.content`."""
        return []

    def _differences(self, action: ConditionCheck) -> Iterator[str]:
        return iter(())


def shown_action(action: TransactAction, mapping: EntityMapping[Any] | None) -> tuple[str, list[str]]:
    """Write an action for people: a title such as `Put Order('o-1')`, and a line for each thing it does."""
    stored = stored_in(action)
    key = {name: stored[name] for name in action.table.key_names() if name in stored}
    where = f"item of table {action.table.name}" if mapping is None else mapping.name
    title = f"{WORDS[type(action)]} {where}({shown_key(key, mapping)})"
    match action:
        case PutItem(item=item):
            apart = frozenset() if mapping is None else mapping.managed_attributes
            shown = {name: value for name, value in item.items() if name not in {*apart, COMMIT_ID}}
            return title, shown_item(shown, mapping)
        case UpdateItem(actions=actions):
            apart = frozenset() if mapping is None else mapping.kept_apart
            told = [each for each in actions if each.path.attribute not in {*apart, COMMIT_ID}]
            return title, shown_actions(told, mapping)
        case _:
            return title, []
