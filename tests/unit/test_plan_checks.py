"""The plan of a serializable unit: what was read is demanded, of what is written and of what is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from persistence.attributes import Item
from persistence.commit_plan import Kind, PlannedAction, plan
from persistence.errors import CommitConflict, StaleEntity
from persistence.expressions import (
    AttributeExists,
    AttributeNotExists,
    Compare,
    Condition,
    Path,
    Set,
    Value,
    all_of,
    equals,
)
from persistence.mapping import mapping_of
from persistence.operations import ConditionCheck
from persistence.patches import Patch
from persistence.store import AWS_LIMITS
from persistence.tracking import IdentityMap
from persistence.visibility import USUAL
from tests.semantics.model import (
    Account,
    AccountMapping,
    Note,
    NoteMapping,
    Setting,
    SettingMapping,
)
from tests.semantics.removable import Draft, DraftMapping, Session, SessionMapping, StampMapping

NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
LONG_AGO = {"S": "2025-01-02T03:04:05.000006Z"}
KEY: Item = {"id": {"S": "1"}}
NOTE: Item = {**KEY, "title": {"S": "a"}, "version": {"N": "3"}, "created_at": LONG_AGO}
SETTING: Item = {**KEY, "value": {"S": "a"}, "lines": {"L": []}}

NOTES, SETTINGS, ACCOUNTS = mapping_of(NoteMapping), mapping_of(SettingMapping), mapping_of(AccountMapping)
DRAFTS, STAMPS, SESSIONS = mapping_of(DraftMapping), mapping_of(StampMapping), mapping_of(SessionMapping)

IS_THERE, IS_FREE = AttributeExists(Path.of("id")), AttributeNotExists(Path.of("id"))
AS_READ = all_of(equals(Path.of("version"), {"N": "3"}), equals(Path.of("created_at"), LONG_AGO))
SETTING_AS_READ = all_of(
    equals(Path.of("value"), {"S": "a"}),
    AttributeNotExists(Path.of("author")),
    equals(Path.of("lines"), {"L": []}),
)
ADDED = "<create Account '9'>"


def planned(entities: IdentityMap, *, checked: bool = True) -> tuple[PlannedAction[Any], ...]:
    return plan(entities, lambda: NOW, AWS_LIMITS, checked=checked).actions


def note(entities: IdentityMap) -> Any:
    return entities.load(NOTES, NOTE)


def setting(entities: IdentityMap) -> Any:
    return entities.load(SETTINGS, SETTING)


def writing() -> IdentityMap:
    """A unit that writes something, so that what it read matters."""
    entities = IdentityMap()
    entities.add(ACCOUNTS, Account("9"))
    return entities


class TestChecks:
    def test_demand_what_was_read_behind_the_writes(self) -> None:
        """The version of what has one, all loaded attributes of what has none, absent ones included."""
        entities = IdentityMap()
        note(entities)
        setting(entities)
        entities.add(ACCOUNTS, Account("9"))
        noted, set_, _ = entities

        _, first, second = planned(entities)

        assert first.action == ConditionCheck(NOTES.table, KEY, AS_READ, item_on_failure=True)  # type: ignore[arg-type]  # there is one
        assert second.action.condition == SETTING_AS_READ
        assert [(each.kind, each.tracked, each.expected_version) for each in (first, second)] == [
            (Kind.CHECK, noted, 3),
            (Kind.CHECK, set_, None),
        ]
        assert (first.key, first.mapping, first.writes, first.steps_version) == (KEY, NOTES, False, False)

    def test_are_none_where_nothing_is_written(self) -> None:
        """A unit that only reads sends nothing."""
        entities = IdentityMap()
        note(entities)
        entities.remember_absent(NOTES, {"id": {"S": "2"}})

        assert planned(entities) == ()

    def test_are_none_where_nobody_asks_for_them(self) -> None:
        entities = writing()
        note(entities)
        entities.remember_absent(NOTES, {"id": {"S": "2"}})

        assert [repr(each) for each in planned(entities, checked=False)] == [ADDED]

    def test_are_folded_into_the_write_of_the_item(self) -> None:
        """One item, one action: an unversioned write demands all that was read."""
        entities = writing()
        note(entities).title = "b"
        setting(entities).value = "b"

        _, first, second = planned(entities)

        assert (first.kind, first.action.condition) == (Kind.UPDATE, AS_READ)
        assert (second.kind, second.action.condition) == (Kind.UPDATE, SETTING_AS_READ)

    def test_are_none_for_what_was_not_read(self) -> None:
        """A detached entity is written, and a saved one is to be read again."""
        entities = writing()
        entities.update(NOTES, Note("2", version=3))
        entities.save(NOTES, Note("3"))

        assert [repr(each) for each in planned(entities)] == [
            ADDED,
            "<update Note '2'>",
            "<overwrite Note '3'>",
        ]

    def test_of_absence_demand_that_nothing_is_there(self) -> None:
        entities = writing()
        entities.remember_absent(NOTES, KEY)

        _, check = planned(entities)

        assert check.action == ConditionCheck(NOTES.table, KEY, IS_FREE, item_on_failure=True)
        assert (check.kind, check.mapping, check.key) == (Kind.CHECK_ABSENCE, NOTES, KEY)
        assert (check.tracked, check.entity, check.writes) == (None, None, False)
        assert repr(check) == "<check absence of Note '1'>"

    def test_of_absence_are_none_where_the_entity_was_added_since(self) -> None:
        """Its own condition demands the same."""
        entities = writing()
        entities.remember_absent(NOTES, KEY)
        entities.add(NOTES, Note("1"))

        assert [repr(each) for each in planned(entities)] == [ADDED, "<create Note '1'>"]

    def test_change_nothing_in_memory(self) -> None:
        """What was checked stays as it was read."""
        entities = writing()
        note(entities)
        entities.remember_absent(NOTES, {"id": {"S": "2"}})
        _, tracked = entities
        origin = tracked.origin

        plan(entities, lambda: NOW, AWS_LIMITS, checked=True).absorb(entities)

        assert tracked.origin is origin
        assert len(entities) == 2


class TestContradictions:
    def test_are_told_before_anything_is_sent(self) -> None:
        """A key was found absent, and an entity was found under it later."""
        entities = writing()
        entities.remember_absent(NOTES, KEY)
        note(entities)
        _, tracked = entities

        with pytest.raises(CommitConflict) as refused:
            planned(entities)

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert str(reason).startswith(
            "Note '1' was not stored when this unit looked, and was found later; read both again and retry"
        )
        assert reason.entity is tracked.entity
        assert (reason.entity_type, reason.key) == (Note, ("1",))

    @pytest.mark.parametrize(
        ("item", "contradicts"),
        [
            ({**KEY, "version": {"N": "1"}}, True),
            ({**KEY, "version": {"N": "1"}, "deleted_at": LONG_AGO}, False),
        ],
    )
    def test_are_none_of_what_was_hidden(self, item: Item, contradicts: bool) -> None:
        """Who does not see what is marked may find it later, when asking for it."""
        entities = writing()
        entities.remember_absent(STAMPS, KEY)
        entities.load(STAMPS, item)

        if contradicts:
            with pytest.raises(CommitConflict):
                planned(entities)
        else:
            assert [repr(each) for each in planned(entities)] == [ADDED, "<check Stamp '1'>"]

    def test_are_none_of_what_the_unit_put_there(self) -> None:
        """A new or a detached entity was not found."""
        entities = writing()
        for key in ("1", "2"):
            entities.remember_absent(NOTES, {"id": {"S": key}})
        entities.add(NOTES, Note("1"))
        entities.update(NOTES, Note("2", version=3))

        assert len(planned(entities)) == 3


def saved(entities: IdentityMap) -> None:
    entities.save(NOTES, note(entities))


def saved_setting(entities: IdentityMap) -> None:
    entities.save(SETTINGS, setting(entities))


def of_another_version(entities: IdentityMap) -> None:
    note(entities)
    entities.update(NOTES, Note("1", "b", version=2))


def removed_of_another_version(entities: IdentityMap) -> None:
    note(entities)
    entities.remove(NOTES, Note("1", "b", version=2))


def replaced_of_another_version(entities: IdentityMap) -> None:
    removed_of_another_version(entities)
    entities.add(NOTES, Note("1", "c"))


def removed_setting(entities: IdentityMap) -> None:
    entities.remove(SETTINGS, setting(entities))


def replaced_setting(entities: IdentityMap) -> None:
    removed_setting(entities)
    entities.add(SETTINGS, Setting("1", "b"))


def removed_draft(entities: IdentityMap) -> None:
    draft = entities.load(DRAFTS, {**KEY, "text": {"S": "a"}})
    assert draft is not None
    entities.remove(DRAFTS, draft)


def saved_after_absence(entities: IdentityMap) -> None:
    entities.remember_absent(NOTES, KEY)
    entities.save(NOTES, Note("1"))


def updated_after_absence(entities: IdentityMap) -> None:
    entities.remember_absent(SETTINGS, KEY)
    entities.update(SETTINGS, Setting("1"))


def removed_after_absence(entities: IdentityMap) -> None:
    entities.remember_absent(SETTINGS, KEY)
    entities.remove(SETTINGS, Setting("1"))


def marked_after_absence(entities: IdentityMap) -> None:
    entities.remember_absent(DRAFTS, KEY)
    entities.remove(DRAFTS, Draft("1"))


def patched(entities: IdentityMap) -> None:
    note(entities)
    entities.patch(Patch(NOTES, KEY, (Set(Path.of("title"), Value({"S": "p"})),)))


def patched_after_absence(entities: IdentityMap) -> None:
    entities.remember_absent(NOTES, KEY)
    entities.patch(Patch(NOTES, KEY, (Set(Path.of("title"), Value({"S": "p"})),), upsert=True))


def patched_after_one_had_expired(entities: IdentityMap) -> None:
    entities.remember_absent(SESSIONS, KEY, USUAL.live)
    entities.save(SESSIONS, Session("1"))


IS_VERSION_2 = equals(Path.of("version"), {"N": "2"})
UNMARKED = AttributeNotExists(Path.of("deleted_at"))
EXPIRED = Compare("<=", Path.of("expires_at"), Value({"N": str(int(NOW.timestamp()))}))


class TestWhatWasRead:
    @pytest.mark.parametrize(
        ("prepare", "condition", "plainly", "version"),
        [
            (saved, AS_READ, None, 3),
            (saved_setting, SETTING_AS_READ, None, None),
            (of_another_version, all_of(IS_VERSION_2, AS_READ), IS_VERSION_2, 2),
            (removed_of_another_version, all_of(IS_VERSION_2, AS_READ), IS_VERSION_2, 2),
            (replaced_of_another_version, all_of(IS_VERSION_2, AS_READ), IS_VERSION_2, 2),
            (removed_setting, SETTING_AS_READ, IS_THERE, None),
            (replaced_setting, SETTING_AS_READ, IS_THERE, None),
            (removed_draft, equals(Path.of("text"), {"S": "a"}) & UNMARKED, IS_THERE & UNMARKED, None),
            (saved_after_absence, IS_FREE, None, None),
            (updated_after_absence, IS_THERE & IS_FREE, IS_THERE, None),
            (removed_after_absence, IS_THERE & IS_FREE, IS_THERE, None),
            (
                marked_after_absence,
                all_of(IS_THERE, UNMARKED, IS_FREE | AttributeExists(Path.of("deleted_at"))),
                IS_THERE & UNMARKED,
                None,
            ),
            (patched, all_of(IS_THERE, AS_READ), IS_THERE, 3),
            (patched_after_absence, IS_FREE, None, None),
            (patched_after_one_had_expired, IS_FREE | EXPIRED, None, None),
        ],
    )
    def test_is_demanded_of_what_is_written_without_regard_to_it(
        self,
        prepare: Callable[[IdentityMap], None],
        condition: Condition,
        plainly: Condition | None,
        version: object,
    ) -> None:
        """In a serializable unit only."""
        entities = IdentityMap()
        prepare(entities)

        (checked,) = planned(entities)
        (plain,) = planned(entities, checked=False)

        assert (checked.action.condition, checked.expected_version) == (condition, version)
        assert plain.action.condition == plainly
        assert plain.expected_version == (version if plainly == IS_VERSION_2 else None)

    def test_is_not_demanded_of_what_must_be_read_again(self) -> None:
        """After a commit that saved it only the store knows its version."""
        entities = IdentityMap()
        saved(entities)
        plan(entities, lambda: NOW, AWS_LIMITS, checked=True).absorb(entities)
        entities.patch(Patch(NOTES, KEY, (Set(Path.of("title"), Value({"S": "p"})),)))

        (action,) = planned(entities)

        assert (action.action.condition, action.expected_version) == (IS_THERE, None)
