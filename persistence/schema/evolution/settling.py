"""What is done with each item: copied under the rule, compared and copied, or changed where it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from persistence.attributes import Item, NormalisedKey, normalised_key
from persistence.changes import replaced_attributes
from persistence.commit_plan import rewrite, upgrade
from persistence.commit_plan.writes import outgrow_an_expression
from persistence.errors import ConditionFailed, DecodeError, UnitOfWorkStateError, WrongEntityType
from persistence.expectations import unchanged
from persistence.flows import Flow, pause
from persistence.mapping import EntityMapping
from persistence.operations import PutItem, UpdateItem
from persistence.schema.evolution.items import UnfitItem, key_of, same_items
from persistence.schema.evolution.places import Place
from persistence.schema.evolution.report import Outcome
from persistence.schema.evolution.transformation import Transformation, why_unread
from persistence.schema.evolution.writing import Writer, absent_or_older
from persistence.table import Table

ATTEMPTS = 20
"""How often an item is read again that others change all the time, before it is left to the next run."""

Plan = Callable[[Item], UpdateItem | PutItem | Outcome]
"""Gives the write that changes an item where it is, or why there is none."""


@dataclass(frozen=True, slots=True)
class Copying:
    """Copies items to another table.

    Attributes:
        transformation: what becomes of an item.
        writer: asks the store.
        dry_run: only tell what would be done.
        target_is_absent: whether there is no target table, as there may be in a dry run.
    """

    transformation: Transformation
    writer: Writer
    dry_run: bool = False
    target_is_absent: bool = False

    def copy(self, item: Item) -> Flow[Outcome]:
        """Write an item unless the target has it already, or a newer one."""
        wanted = self.transformation.apply(item)
        if wanted is None:
            return Outcome.LEFT_OUT
        if self.dry_run:
            return (yield from self._compared(wanted))
        return (yield from self._put(wanted))

    def verify(self, items: Sequence[Item]) -> Flow[list[Outcome | UnfitItem]]:
        """Compare items with the target, and write what that lacks or has in an older version."""
        wanted = [self._applied(item) for item in items]
        keys = [key_of(self._table, each) for each in wanted if isinstance(each, dict)]
        stored = yield from self.writer.get_all(self._table, keys)
        outcomes: list[Outcome | UnfitItem] = []
        for each in wanted:
            if isinstance(each, dict):
                outcomes += [(yield from self._caught_up(each, stored))]
            else:
                outcomes += [each]
        return outcomes

    def _applied(self, item: Item) -> Item | Outcome | UnfitItem:
        try:
            return self.transformation.apply(item) or Outcome.LEFT_OUT
        except UnfitItem as unfit:
            return unfit

    def _caught_up(
        self, wanted: Item, stored: Mapping[NormalisedKey, Item | None]
    ) -> Flow[Outcome | UnfitItem]:
        found = stored[normalised_key(wanted, self._table.key_names())]
        outcome = Outcome.WRITTEN if found is None else self._beside(found, wanted)
        if outcome is not Outcome.WRITTEN:
            return outcome
        try:
            return (yield from self._put(wanted))
        except UnfitItem as unfit:
            return unfit

    def _compared(self, wanted: Item) -> Flow[Outcome]:
        """Tell what a write would find; WRITTEN where it would take effect."""
        table = self._table
        if self.target_is_absent:
            return Outcome.WRITTEN
        stored = yield from self.writer.get(table, key_of(table, wanted))
        return Outcome.WRITTEN if stored is None else self._beside(stored, wanted)

    def _beside(self, stored: Item, wanted: Item) -> Outcome:
        if same_items(stored, wanted):
            return Outcome.UNCHANGED
        return Outcome.WRITTEN if self._is_older(stored, wanted) else Outcome.KEPT_NEWER

    def _is_older(self, stored: Item, wanted: Item) -> bool:
        name = self._version
        if name is None or "N" not in stored.get(name, {}) or "N" not in wanted.get(name, {}):
            return False
        return Decimal(stored[name]["N"]) < Decimal(wanted[name]["N"])

    def _put(self, wanted: Item) -> Flow[Outcome]:
        table = self._table
        condition = absent_or_older(table, wanted, self._version)
        for _ in range(ATTEMPTS):
            try:
                yield from self.writer.write(PutItem(table, wanted, condition, item_on_failure=True))
            except ConditionFailed as refused:
                stored = yield from self.writer.found(refused, table, wanted)
                if stored is not None:
                    outcome = self._beside(stored, wanted)
                    # Older by now: somebody replaced it in between.
                    if outcome is not Outcome.WRITTEN:
                        return outcome
            else:
                return Outcome.WRITTEN
        raise UnfitItem("others write and delete it in the target all the time")

    @property
    def _table(self) -> Table:
        return self.transformation.target.table

    @property
    def _version(self) -> str | None:
        """The attribute that tells which of two items is newer."""
        known = (self.transformation.target.mapping, self.transformation.source.mapping)
        for mapping in known:
            if mapping is not None and mapping.roles.version is not None:
                return mapping.roles.version.attribute
        return None


@dataclass(frozen=True, slots=True)
class Rewriting:
    """Changes items where they are, on the condition that nobody else has since they were read.

    Attributes:
        place: where they are.
        plan: gives what is written.
        writer: asks the store.
        dry_run: only tell what would be done.
    """

    place: Place
    plan: Plan
    writer: Writer
    dry_run: bool = False

    def settle(self, item: Item) -> Flow[Outcome]:
        """Change an item; one that others have changed is read again."""
        present: Item | None = item
        for attempt in range(1, ATTEMPTS + 1):
            if present is None:
                return Outcome.LEFT_OUT
            write = self.plan(present)
            if isinstance(write, Outcome):
                return write
            if self.dry_run:
                return Outcome.WRITTEN
            try:
                yield from self.writer.write(write)
            except ConditionFailed:
                yield from pause(self.writer.timing.backoff(attempt))
                present = yield from self.writer.get(self.place.table, key_of(self.place.table, item))
            else:
                return Outcome.WRITTEN
        raise UnfitItem(f"others changed it {ATTEMPTS} times while it was being changed; run it again")


def transforming(transformation: Transformation) -> Plan:
    """Plan the changes of a transformation in place."""
    place = transformation.source
    table = place.table

    def plan(item: Item) -> UpdateItem | PutItem | Outcome:
        wanted = transformation.apply(item)
        if wanted is None:
            return Outcome.LEFT_OUT
        if not same_items(key_of(table, item), key_of(table, wanted)):
            raise UnfitItem("the transform changes the key; in place that can't be: copy to another table")
        if same_items(item, wanted):
            return Outcome.UNCHANGED
        transformation.refuse_repeating(wanted)
        return _rewrite(place, item, wanted)

    return plan


def upgrading(mapping: EntityMapping[Any]) -> Plan:
    """Plan the step of older items to the current schema version."""
    versions = mapping.versions
    assert versions is not None

    def plan(item: Item) -> UpdateItem | PutItem | Outcome:
        try:
            if versions.version_of(item) is None:
                mapping.current(item)  # says why that can't be
            write = upgrade(mapping, item)
        except (DecodeError, WrongEntityType) as unread:
            raise UnfitItem(why_unread(unread)) from unread
        except UnitOfWorkStateError as refused:
            raise UnfitItem(str(refused)) from refused
        if write is not None:
            return write
        return Outcome.KEPT_NEWER if versions.is_newer(item) else Outcome.UNCHANGED

    return plan


def _rewrite(place: Place, before: Item, after: Item) -> UpdateItem | PutItem:
    try:
        if place.mapping is not None:
            return rewrite(place.mapping, before, after)
        changed = replaced_attributes(before, after)
        condition = unchanged(place.table, before, changed)
    except UnitOfWorkStateError as refused:
        raise UnfitItem(str(refused)) from refused
    if outgrow_an_expression(changed):
        return PutItem(place.table, after, condition)
    actions = tuple(change.action for change in changed)
    return UpdateItem(place.table, key_of(place.table, before), actions, condition)
