"""How large a commit is, what is too large, and how many changes one update holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from persistence import fields
from persistence.attributes import Item, item_size, value_size
from persistence.commit_plan import CommitPlan, Kind, plan
from persistence.errors import TransactionTooLarge
from persistence.expressions import (
    AttributeExists,
    IfNotExists,
    ListAppend,
    Path,
    Set,
    SetOperand,
    Value,
    equals,
)
from persistence.mapping import MappingSchema, mapping_of
from persistence.operations import PutItem, UpdateItem
from persistence.patches import Patch
from persistence.store import AWS_LIMITS, Limits
from persistence.table import Key
from persistence.tracking import IdentityMap
from tests.semantics.model import Account, AccountMapping, Note, NoteMapping, Setting, SettingMapping

NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
KEY: Item = {"id": {"S": "1"}}
SETTING: Item = {**KEY, "value": {"S": "a"}, "lines": {"L": []}}
ACCOUNT: Item = {**KEY, "balance": {"N": "1"}, "version": {"N": "3"}}
SETTINGS, ACCOUNTS = mapping_of(SettingMapping), mapping_of(AccountMapping)
NOTES = mapping_of(NoteMapping)


@dataclass
class Cell:
    value: int = 0


@dataclass
class Sheet:
    id: str
    cells: dict[str, Cell] = field(default_factory=dict)
    first: str | None = None
    version: int = 0


class SheetMapping(MappingSchema[Sheet]):
    class Meta:
        table = "sheets"
        key = Key("id")

    version = fields.Version()


class LooseMapping(MappingSchema[Sheet]):
    """Has no version."""

    class Meta:
        table = "sheets"
        key = Key("id")


class ComparedMapping(LooseMapping):
    class Meta:
        concurrency = "compare"


@dataclass
class Sparse:
    id: str
    n: int
    rest: str | None = None


class SparseMapping(MappingSchema[Sparse]):
    class Meta:
        table = "sparse"
        key = Key("id")

    rest = fields.String(data_key="vanishing" * 20, allow_none=True)


def planned(entities: IdentityMap) -> CommitPlan:
    return plan(entities, lambda: NOW, AWS_LIMITS)


def size_of(commit: CommitPlan) -> int:
    with pytest.raises(TransactionTooLarge) as refused:
        commit.check(Limits(transaction_bytes=0))
    return refused.value.size


def added(entities: IdentityMap) -> None:
    entities.add(ACCOUNTS, Account("1", 1))


def changed(entities: IdentityMap) -> None:
    entities.load(ACCOUNTS, ACCOUNT)
    entities.update(ACCOUNTS, Account("1", 20, version=3))


def removed(entities: IdentityMap) -> None:
    account = entities.load(ACCOUNTS, ACCOUNT)
    assert account is not None
    entities.remove(ACCOUNTS, account)


def emptied(entities: IdentityMap) -> None:
    setting = entities.load(SETTINGS, {**SETTING, "author": {"M": {"name": {"S": "Ann"}}}})
    assert setting is not None
    setting.author = None


def saved(entities: IdentityMap) -> None:
    entities.save(ACCOUNTS, Account("1", 20))


def patched(entities: IdentityMap) -> None:
    condition = equals(Path.of("value"), {"S": "before"})
    entities.patch(Patch(SETTINGS, KEY, (Set(Path.of("value"), Value({"S": "after"})),), condition))


SIZES: list[tuple[Callable[[IdentityMap], None], int]] = [
    (added, item_size({**ACCOUNT, "version": {"N": "0"}})),
    # The key, what is set, and the value that is compared.
    (changed, item_size(KEY) + item_size({"balance": {"N": "20"}, "version": {"N": "4"}}) + 2),
    (removed, item_size(KEY) + 2),
    (emptied, item_size(KEY) + len("author")),
    # The version becomes if_not_exists(version, -1) + 1.
    (saved, item_size(KEY) + item_size({"balance": {"N": "20"}, "version": {"N": "-1"}}) + 2),
    (patched, item_size(KEY) + item_size({"value": {"S": "after"}}) + len("before")),
]

PATH, LONG = Path.of("lines"), Value({"L": [{"S": "x" * 500}]})
OPERANDS: list[SetOperand] = [
    ListAppend(PATH, LONG),
    ListAppend(LONG, PATH),
    ListAppend(IfNotExists(PATH, LONG), PATH),
    IfNotExists(PATH, LONG),
]


class TestTheSizeOfACommit:
    @pytest.mark.parametrize(("prepare", "size"), SIZES, ids=[prepare.__name__ for prepare, _ in SIZES])
    def test_is_that_of_what_it_holds(self, prepare: Callable[[IdentityMap], None], size: int) -> None:
        """Whole items that are put; of others their keys, what is set or removed, and what is compared."""
        entities = IdentityMap()
        prepare(entities)

        assert size_of(planned(entities)) == size

    def test_is_that_of_all_its_actions(self) -> None:
        entities = IdentityMap()
        added(entities)
        emptied_too = entities.load(SETTINGS, {**SETTING, "author": {"M": {"name": {"S": "Ann"}}}})
        assert emptied_too is not None
        emptied_too.author = None
        patch = Patch(SETTINGS, {"id": {"S": "2"}}, (Set(Path.of("value"), Value({"S": "x" * 50})),))
        entities.patch(patch)

        size = size_of(planned(entities))

        assert size == dict(SIZES)[added] + dict(SIZES)[emptied] + item_size(
            {"id": {"S": "2"}, "value": {"S": "x" * 50}}
        )

    @pytest.mark.parametrize("prepare", [prepare for prepare, _ in SIZES])
    @pytest.mark.parametrize("count", [1, 3])
    def test_is_refused_to_the_byte(self, prepare: Callable[[IdentityMap], None], count: int) -> None:
        """Whatever is reckoned on the way to spare the sum; beside others as well."""
        entities = IdentityMap()
        for number in range(count - 1):
            entities.save(NOTES, Note(f"n{number}", "x" * 18))
        prepare(entities)
        commit = planned(entities)
        size = size_of(commit)

        commit.check(Limits(transaction_bytes=size))
        with pytest.raises(TransactionTooLarge) as refused:
            commit.check(Limits(transaction_bytes=size - 1))

        by_type = {"Note": 2} if count == 3 else {}
        by_type[commit.actions[-1].entity_name] = 1
        assert (refused.value.actions, refused.value.size) == (count, size)
        assert (refused.value.limit, refused.value.by_type) == (f"{size - 1} bytes", by_type)

    @pytest.mark.parametrize("part", ["key", "name", "value", "compared", "item"])
    def test_leaves_no_part_of_any_action_out(self, part: str) -> None:
        """Each alone is larger than what may be reckoned too much, also behind what was weighed already."""
        entities, long = IdentityMap(), "x" * 500
        for number in range(2):
            entities.add(ACCOUNTS, Account(str(number)))
        match part:
            case "key":
                entities.remove(SETTINGS, Setting(long))
            case "item":
                entities.remove(SETTINGS, Setting("1"))
                entities.add(SETTINGS, Setting("1", long))
            case _:
                name, value = (long, "") if part == "name" else ("value", long)
                action = Set(Path.of(name), Value({"S": value if part == "value" else "a"}))
                condition = equals(Path.of("value"), {"S": long}) if part == "compared" else None
                entities.patch(Patch(SETTINGS, KEY, (action,), condition))
        commit = planned(entities)
        size = size_of(commit)

        assert size > 500
        commit.check(Limits(transaction_bytes=size))
        with pytest.raises(TransactionTooLarge):
            commit.check(Limits(transaction_bytes=size - 1))

    @pytest.mark.parametrize("operand", OPERANDS)
    def test_counts_what_an_update_computes_with(self, operand: SetOperand) -> None:
        """What is appended is sent as well as what is stored."""
        entities = IdentityMap()
        entities.patch(Patch(SETTINGS, KEY, (Set(PATH, operand),)))
        commit = planned(entities)
        size = item_size(KEY) + len("lines") + value_size(LONG.value)

        assert size_of(commit) == size
        with pytest.raises(TransactionTooLarge):
            commit.check(Limits(transaction_bytes=size - 1))

    def test_of_what_is_saved_counts_what_vanishes(self) -> None:
        """The names of attributes that are removed are sent too."""
        entities, sparse = IdentityMap(), mapping_of(SparseMapping)
        entities.save(sparse, Sparse("1", 1))
        commit = planned(entities)
        size = size_of(commit)

        assert size == item_size({**KEY, "n": {"N": "1"}}) + len("vanishing" * 20)
        with pytest.raises(TransactionTooLarge):
            commit.check(Limits(transaction_bytes=size - 1))

    def test_counts_bytes_where_there_are_not_too_many_actions(self) -> None:
        entities = IdentityMap()
        for number in range(3):
            entities.add(ACCOUNTS, Account(str(number)))

        with pytest.raises(TransactionTooLarge) as refused:
            planned(entities).check(Limits(transaction_actions=3, transaction_bytes=1))

        assert (refused.value.actions, refused.value.limit) == (3, "1 bytes")

    def test_counts_actions_first(self) -> None:
        """So many are allowed, and one more is not, however small they are."""
        entities = IdentityMap()
        for number in range(3):
            entities.add(ACCOUNTS, Account(str(number)))
        commit = planned(entities)

        commit.check(Limits(transaction_actions=3))
        with pytest.raises(TransactionTooLarge) as refused:
            commit.check(Limits(transaction_actions=2, transaction_bytes=1))

        assert (refused.value.actions, refused.value.limit) == (3, "2 actions")
        assert refused.value.size == size_of(commit)
        assert refused.value.by_type == {"Account": 3}

    @pytest.mark.parametrize(("actions", "allowed"), [(2, True), (1, False)])
    def test_is_no_matter_where_all_items_together_fit(self, actions: int, allowed: bool) -> None:
        """Then only their number counts."""
        entities = IdentityMap()
        for number in range(2):
            entities.add(ACCOUNTS, Account(str(number)))
        commit, limits = (
            planned(entities),
            Limits(transaction_actions=actions, transaction_bytes=2 * 400 * 1024),
        )

        if allowed:
            commit.check(limits)
        else:
            with pytest.raises(TransactionTooLarge):
                commit.check(limits)


def sheet(mapping: type[MappingSchema[Sheet]], count: int) -> tuple[IdentityMap, Sheet, Item]:
    """A sheet of many cells, as it is held, and as it is stored."""
    cells: Item = {f"c{number}": {"M": {"value": {"N": "1"}}} for number in range(count)}
    item: Item = {**KEY, "cells": {"M": cells}, "first": {"S": "a"}, "colour": {"S": "red"}}
    if mapping is SheetMapping:
        item["version"] = {"N": "3"}
    entities = IdentityMap()
    loaded = entities.load(mapping_of(mapping), item)
    assert loaded is not None
    return entities, loaded, item


class TestManyChanges:
    @pytest.mark.parametrize("mapping", [SheetMapping, LooseMapping])
    def test_that_one_update_holds_are_told_by_path(self, mapping: type[MappingSchema[Sheet]]) -> None:
        entities, loaded, _ = sheet(mapping, 20)
        for cell in loaded.cells.values():
            cell.value = 2

        (action,) = planned(entities).actions

        assert isinstance(action.action, UpdateItem)
        assert [str(each.path) for each in action.action.actions[:2]] == ["cells.c0.value", "cells.c1.value"]
        assert len(action.changed) == 20

    def test_that_are_too_many_make_a_put_under_the_version(self) -> None:
        """Nobody else can have changed the item, so that all of it is known; unknown attributes stay."""
        entities, loaded, item = sheet(SheetMapping, 150)
        for cell in loaded.cells.values():
            cell.value = 2
        loaded.first = None

        (action,) = planned(entities).actions

        stored: Item = {
            **KEY,
            "cells": {"M": {f"c{number}": {"M": {"value": {"N": "2"}}} for number in range(150)}},
            "colour": item["colour"],
            "version": {"N": "4"},
        }
        table = mapping_of(SheetMapping).table
        condition = equals(Path.of("version"), {"N": "3"})
        assert action.action == PutItem(table, stored, condition, item_on_failure=True)
        assert (action.kind, action.stored) == (Kind.UPDATE, stored)
        assert (action.expected_version, action.new_version, len(action.changed)) == (3, 4, 151)

    def test_that_are_too_many_are_whole_attributes_without_a_version(self) -> None:
        """Others may have changed what is unknown here."""
        entities, loaded, _ = sheet(LooseMapping, 150)
        for cell in loaded.cells.values():
            cell.value = 2

        (action,) = planned(entities).actions

        cells = Value({"M": {f"c{number}": {"M": {"value": {"N": "2"}}} for number in range(150)}})
        assert isinstance(action.action, UpdateItem)
        assert action.action.actions == (Set(Path.of("cells"), cells),)
        assert action.action.condition == AttributeExists(Path.of("id"))

    def test_that_are_too_many_compare_whole_attributes(self) -> None:
        """They still have to be what was loaded."""
        entities, loaded, item = sheet(ComparedMapping, 150)
        for cell in loaded.cells.values():
            cell.value = 2

        (action,) = planned(entities).actions

        assert action.action.condition == equals(Path.of("cells"), item["cells"])

    def test_of_a_patch_count_too(self) -> None:
        """Both alone would fit."""
        entities, loaded, _ = sheet(SheetMapping, 100)
        for cell in loaded.cells.values():
            cell.value = 2
        patch = tuple(Set(Path.of(f"attribute{number}"), Value({"N": "1"})) for number in range(60))
        entities.patch(Patch(mapping_of(SheetMapping), KEY, patch))

        (action,) = planned(entities).actions

        assert isinstance(action.action, UpdateItem)
        assert [str(each.path) for each in action.action.actions][:2] == ["cells", "attribute0"]

    def test_that_are_too_many_beside_a_patch_are_whole_attributes(self) -> None:
        """What the patch makes of the item is not known."""
        entities, loaded, _ = sheet(SheetMapping, 150)
        for cell in loaded.cells.values():
            cell.value = 2
        mapping = mapping_of(SheetMapping)
        entities.patch(Patch(mapping, KEY, (Set(Path.of("first"), Value({"S": "b"})),)))

        (action,) = planned(entities).actions

        assert isinstance(action.action, UpdateItem)
        assert [str(each.path) for each in action.action.actions] == ["cells", "first", "version"]

    def test_are_absorbed_like_few(self) -> None:
        entities, loaded, _ = sheet(SheetMapping, 150)
        for cell in loaded.cells.values():
            cell.value = 2
        commit = planned(entities)

        commit.absorb(entities)

        assert (loaded.version, len(entities)) == (4, 1)
        assert planned(entities).actions == ()
        loaded.cells["c0"].value = 3
        (action,) = planned(entities).actions
        assert (repr(action), action.expected_version) == ("<update Sheet '1' cells.c0.value>", 4)
