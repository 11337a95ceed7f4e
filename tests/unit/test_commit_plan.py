"""The plan of a commit, by the state of an entity: which action, on which condition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from persistence.commit_plan import CommitPlan, plan
from persistence.errors import ItemTooLarge, KeyChanged, TransactionTooLarge, ValidationFailed
from persistence.expressions import (
    AttributeExists,
    AttributeNotExists,
    Compare,
    Condition,
    IfNotExists,
    Path,
    Plus,
    Remove,
    Set,
    UpdateAction,
    Value,
    all_of,
)
from persistence.mapping import EntityMapping, MappingSchema, mapping_of
from persistence.operations import DeleteItem, PutItem, TransactAction, TransactWrite, UpdateItem
from persistence.store import AWS_LIMITS, Limits
from persistence.tracking import IdentityMap, State
from tests.semantics.model import (
    Account,
    AccountMapping,
    ComparedSettingMapping,
    Note,
    NoteMapping,
    Setting,
    SettingMapping,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
ACCOUNTS = mapping_of(AccountMapping)
TABLE = ACCOUNTS.table
KEY = {"id": {"S": "a1"}}
ITEM = {**KEY, "balance": {"N": "1"}, "version": {"N": "3"}}

VERSION = Path.of("version")
IS_VERSION_3 = Compare("=", VERSION, Value({"N": "3"}))
IS_THERE = AttributeExists(Path.of("id"))
IS_FREE = AttributeNotExists(Path.of("id"))


def number(path: str, value: int) -> Set:
    return Set(Path.of(path), Value({"N": str(value)}))


def planned(entities: IdentityMap, limits: Limits = AWS_LIMITS) -> CommitPlan:
    return plan(entities, lambda: NOW, limits)


def load(entities: IdentityMap, item: dict[str, Any] = ITEM) -> Account:
    account = entities.load(ACCOUNTS, item)
    assert account is not None
    return account


def untouched(entities: IdentityMap) -> None:
    load(entities)


def added(entities: IdentityMap) -> None:
    entities.add(ACCOUNTS, Account("a1", 1, version=9))


def changed(entities: IdentityMap) -> None:
    load(entities)
    entities.update(ACCOUNTS, Account("a1", 2, version=3))


def adopted(entities: IdentityMap) -> None:
    load(entities, {**KEY, "balance": {"N": "1"}})
    entities.update(ACCOUNTS, Account("a1", 2, version=0))


def detached(entities: IdentityMap) -> None:
    entities.update(ACCOUNTS, Account("a1", 2, version=3))


def saved(entities: IdentityMap) -> None:
    entities.save(ACCOUNTS, Account("a1", 2, version=3))


def removed(entities: IdentityMap) -> None:
    entities.remove(ACCOUNTS, load(entities))


def removed_detached(entities: IdentityMap) -> None:
    entities.remove(ACCOUNTS, Account("a1", version=3))


def replaced(entities: IdentityMap) -> None:
    entities.remove(ACCOUNTS, load(entities))
    entities.add(ACCOUNTS, Account("a1", 2))


def added_and_removed(entities: IdentityMap) -> None:
    account = Account("a1")
    entities.add(ACCOUNTS, account)
    entities.remove(ACCOUNTS, account)


def put(balance: int, version: int, condition: Condition) -> PutItem:
    item = {**KEY, "balance": {"N": str(balance)}, "version": {"N": str(version)}}
    return PutItem(TABLE, item, condition, item_on_failure=True)


def update(condition: Condition | None, *actions: UpdateAction) -> UpdateItem:
    return UpdateItem(TABLE, KEY, actions, condition, item_on_failure=condition is not None)


STEP = Set(VERSION, Plus(IfNotExists(VERSION, Value({"N": "-1"})), Value({"N": "1"})))


class TestOneEntity:
    @pytest.mark.parametrize(
        ("prepare", "expected"),
        [
            (untouched, []),
            (added_and_removed, []),
            (added, [put(1, 0, IS_FREE)]),
            (changed, [update(IS_VERSION_3, number("balance", 2), number("version", 4))]),
            (
                adopted,
                [update(IS_THERE & AttributeNotExists(VERSION), number("balance", 2), number("version", 1))],
            ),
            (detached, [update(IS_VERSION_3, number("balance", 2), number("version", 4))]),
            (saved, [update(None, number("balance", 2), STEP)]),
            (removed, [DeleteItem(TABLE, KEY, IS_VERSION_3, item_on_failure=True)]),
            (removed_detached, [DeleteItem(TABLE, KEY, IS_VERSION_3, item_on_failure=True)]),
            (replaced, [put(2, 4, IS_VERSION_3)]),
        ],
    )
    def test_is_at_most_one_action(
        self, prepare: Callable[[IdentityMap], None], expected: list[TransactAction]
    ) -> None:
        """The state of an entity decides on its one action and on what that demands."""
        entities = IdentityMap()
        prepare(entities)

        assert [each.action for each in planned(entities).actions] == expected

    def test_without_a_version_demands_existence(self) -> None:
        """Without a version field the condition is that the item exists."""
        entities, settings = IdentityMap(), mapping_of(SettingMapping)
        setting = entities.load(settings, {"id": {"S": "s1"}, "value": {"S": "a"}, "lines": {"L": []}})
        assert setting is not None
        setting.value = "b"

        (action,) = planned(entities).actions

        assert action.action == UpdateItem(
            settings.table,
            {"id": {"S": "s1"}},
            (Set(Path.of("value"), Value({"S": "b"})),),
            IS_THERE,
            item_on_failure=True,
        )

    def test_compared_demands_the_loaded_values_of_what_changed(self) -> None:
        """`concurrency = "compare"`: the changed attributes still hold their loaded values."""
        entities, settings = IdentityMap(), mapping_of(ComparedSettingMapping)
        setting = entities.load(settings, {"id": {"S": "s1"}, "value": {"S": "a"}, "lines": {"L": []}})
        assert setting is not None
        setting.value = "b"

        (action,) = planned(entities).actions

        assert action.action.condition == Compare("=", Path.of("value"), Value({"S": "a"}))

    def test_compared_demands_existence_where_nothing_was_loaded(self) -> None:
        """An attribute that must still be absent does not prove that the item exists."""
        entities, settings = IdentityMap(), mapping_of(ComparedSettingMapping)
        setting = entities.load(settings, {"id": {"S": "s1"}})
        assert setting is not None
        setting.value = "b"

        (action,) = planned(entities).actions

        assert action.action.condition == IS_THERE & AttributeNotExists(Path.of("value"))

    def test_detached_removes_what_it_lacks(self) -> None:
        """A detached update sets every known attribute and removes absent ones."""
        entities, settings = IdentityMap(), mapping_of(SettingMapping)
        entities.update(settings, Setting("s1", "b"))

        (action,) = planned(entities).actions

        assert isinstance(action.action, UpdateItem)
        assert action.action.actions == (
            Set(Path.of("value"), Value({"S": "b"})),
            Set(Path.of("lines"), Value({"L": []})),
            Remove(Path.of("author")),
        )

    def test_demands_the_raw_loaded_creation_time(self) -> None:
        """Expected values are the raw loaded attribute values, never re-encoded ones."""
        entities, notes = IdentityMap(), mapping_of(NoteMapping)
        raw = {"S": "2026-01-02T05:04:05+02:00"}
        note = entities.load(notes, {"id": {"S": "n1"}, "version": {"N": "01"}, "created_at": raw})
        assert note is not None
        note.title = "second"

        (action,) = planned(entities).actions

        assert action.action.condition == all_of(
            Compare("=", VERSION, Value({"N": "01"})), Compare("=", Path.of("created_at"), Value(raw))
        )

    def test_refuses_a_version_that_is_no_number(self) -> None:
        """The entity's own version may be anything; only a whole number can be stepped."""
        entities = IdentityMap()
        entities.update(ACCOUNTS, Account("a1", version="three"))  # type: ignore[arg-type]  # that is the subject

        with pytest.raises(ValidationFailed) as refused:
            planned(entities)

        assert refused.value.messages.keys() == {"version"}


class TestTheWhole:
    def test_keeps_the_order_in_which_entities_came(self) -> None:
        """Actions keep one order from plan to cancellation reasons."""
        entities = IdentityMap()
        for key in ("c", "a", "b"):
            entities.add(ACCOUNTS, Account(key))

        keys = [each.key_values for each in planned(entities).actions]

        assert keys == [("c",), ("a",), ("b",)]

    def test_is_one_request_with_the_token(self) -> None:
        """The request of a commit is made once and carries one client token."""
        entities = IdentityMap()
        entities.add(ACCOUNTS, Account("a1", 1))

        assert planned(entities).request("token-1") == TransactWrite((put(1, 0, IS_FREE),), "token-1")

    def test_spares_stores_to_look_for_doubles(self) -> None:
        """A unit holds one entity or patch per key; what is stored beside them may have one of their keys."""
        entities, beside = IdentityMap(), IdentityMap()
        entities.add(ACCOUNTS, Account("a1", 1))
        beside.add(ACCOUNTS, Account("a1", 2))

        assert planned(entities).request("t").distinct
        with_more = plan(entities, lambda: NOW, AWS_LIMITS, additions=lambda _writes, _now: list(beside))
        assert not with_more.request("t").distinct

    def test_asks_the_clock_once(self) -> None:
        """All entities of a commit have one time."""
        entities, asked = IdentityMap(), []
        entities.add(mapping_of(NoteMapping), Note("n1"))
        entities.add(mapping_of(NoteMapping), Note("n2"))

        plan(entities, lambda: asked.append(1) or NOW, AWS_LIMITS)  # type: ignore[func-returns-value]  # it notes the call

        assert asked == [1]

    def test_counts_actions_by_type(self) -> None:
        """Too many actions are counted by entity type."""
        entities = IdentityMap()
        entities.add(mapping_of(SettingMapping), Setting("s1"))
        for key in range(3):
            entities.add(ACCOUNTS, Account(f"a{key}"))

        with pytest.raises(TransactionTooLarge) as refused:
            planned(entities).check(Limits(transaction_actions=3))

        assert (refused.value.actions, refused.value.by_type) == (4, {"Setting": 1, "Account": 3})

    def test_counts_bytes(self) -> None:
        """So are too many bytes."""
        entities = IdentityMap()
        entities.add(mapping_of(SettingMapping), Setting("s1", "x" * 600))
        entities.add(mapping_of(SettingMapping), Setting("s2", "x" * 600))

        with pytest.raises(TransactionTooLarge) as refused:
            planned(entities).check(Limits(transaction_bytes=1200))

        assert refused.value.limit == "1200 bytes"
        assert refused.value.size > 1200

    def test_counts_bytes_of_changes(self) -> None:
        """An attribute that is set counts by what it becomes."""
        entities, settings = IdentityMap(), mapping_of(SettingMapping)
        for key in ("s1", "s2"):
            setting = entities.load(settings, {"id": {"S": key}, "value": {"S": "-"}})
            assert setting is not None
            setting.value = "x" * 600
        commit = planned(entities)

        with pytest.raises(TransactionTooLarge) as refused:
            commit.check(Limits(transaction_bytes=1200))

        assert refused.value.size > 1200
        commit.check(Limits(transaction_bytes=1500, item_bytes=1500))

    def test_refuses_a_large_item(self) -> None:
        """An item over the limit is refused with its entity."""
        entities = IdentityMap()
        setting = Setting("s1", "x" * 600)
        entities.add(mapping_of(SettingMapping), setting)

        with pytest.raises(ItemTooLarge) as refused:
            planned(entities, Limits(item_bytes=500))

        assert (refused.value.entity, refused.value.key) == (setting, ("s1",))

    def test_refuses_a_moved_entity(self) -> None:
        """Keys are immutable."""
        entities, notes = IdentityMap(), mapping_of(NoteMapping)
        note = entities.load(notes, {"id": {"S": "n1"}})
        assert note is not None
        note.id = "n2"

        with pytest.raises(KeyChanged):
            planned(entities)

    def test_changes_nothing_in_memory(self) -> None:
        """Nothing changes in memory until the plan is absorbed."""
        entities = IdentityMap()
        note = Note("n1", version=9)
        entities.add(mapping_of(NoteMapping), note)

        planned(entities)

        assert note == Note("n1", version=9)


@dataclass
class Absorbed:
    """What an identity map holds after a commit."""

    entities: IdentityMap
    mapping: EntityMapping[Any]

    @classmethod
    def of(cls, mapping: type[MappingSchema[Any]], prepare: Callable[[IdentityMap], object]) -> Absorbed:
        entities = IdentityMap()
        prepare(entities)
        planned(entities).absorb(entities)
        return cls(entities, mapping_of(mapping))


class TestAbsorb:
    def test_gives_objects_their_versions_and_times(self) -> None:
        """Versions and timestamps move once the store said yes."""
        note = Note("n1", version=9)

        absorbed = Absorbed.of(NoteMapping, lambda entities: entities.add(mapping_of(NoteMapping), note))

        assert (note.version, note.created_at, note.updated_at) == (0, NOW, NOW)
        assert [tracked.state for tracked in absorbed.entities] == [State.CLEAN]

    @pytest.mark.parametrize("prepare", [added, changed, adopted, detached, replaced])
    def test_leaves_written_entities_clean(self, prepare: Callable[[IdentityMap], None]) -> None:
        """A second commit has nothing to send."""
        absorbed = Absorbed.of(AccountMapping, prepare)

        assert planned(absorbed.entities).actions == ()
        assert len(absorbed.entities) == 1

    @pytest.mark.parametrize("prepare", [removed, removed_detached])
    def test_forgets_what_was_deleted(self, prepare: Callable[[IdentityMap], None]) -> None:
        """It is no longer tracked."""
        assert len(Absorbed.of(AccountMapping, prepare).entities) == 0

    def test_keeps_what_has_to_be_read_anew(self) -> None:
        """What was stored with a version that only the store knows can't be used without reading it again."""
        (tracked,) = Absorbed.of(AccountMapping, saved).entities

        assert (tracked.known, tracked.state) == (False, State.CLEAN)

    def test_keeps_unknown_attributes_in_mind(self) -> None:
        """The next condition compares with what is stored, unknown attributes included."""

        def change_what_a_newer_version_stored(entities: IdentityMap) -> None:
            load(entities, {**ITEM, "colour": {"S": "red"}})
            entities.update(ACCOUNTS, Account("a1", 2, version=3))

        (tracked,) = Absorbed.of(AccountMapping, change_what_a_newer_version_stored).entities

        assert tracked.origin is not None
        assert tracked.origin.item == {  # type: ignore[union-attr]  # it was loaded
            **KEY,
            "balance": {"N": "2"},
            "version": {"N": "4"},
            "colour": {"S": "red"},
        }


class TestText:
    @pytest.mark.parametrize(
        ("prepare", "text"),
        [
            (added, "<create Account 'a1'>"),
            (changed, "<update Account 'a1' balance>"),
            (saved, "<overwrite Account 'a1'>"),
            (removed, "<remove Account 'a1'>"),
            (replaced, "<replace Account 'a1'>"),
        ],
    )
    def test_of_an_action_names_what_happens_without_values(
        self, prepare: Callable[[IdentityMap], None], text: str
    ) -> None:
        """What will be sent can be printed, without values."""
        entities = IdentityMap()
        prepare(entities)

        assert [repr(each) for each in planned(entities).actions] == [text]
