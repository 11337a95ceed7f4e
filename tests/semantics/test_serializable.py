"""`uow(isolation="serializable")`: what was read is demanded to be unchanged."""

from __future__ import annotations

import logging
from dataclasses import field, make_dataclass
from typing import Any

import pytest

from persistence import (
    CommitConflict,
    EntityGone,
    Key,
    MappingSchema,
    Repository,
    StaleEntity,
    TransactionTooLarge,
)
from persistence.errors import UnitOfWorkStateError
from persistence.expressions import And, AttributeNotExists, Compare, Path
from persistence.operations import ConditionCheck, PutItem, UpdateItem
from tests.semantics.model import (
    Account,
    AccountMapping,
    Line,
    Note,
    NoteMapping,
    Setting,
    SettingMapping,
)
from tests.semantics.world import World


@pytest.fixture(autouse=True)
def stored(world: World, notes: Repository[Note], settings: Repository[Setting]) -> None:
    """Two notes of version 0 and a setting without one."""
    notes.add(Note("n1", "first"))
    notes.add(Note("n2", "second"))
    settings.add(Setting("s1", "on", lines=[Line("a")]))
    world.forget()


def retitle(world: World, id_: str, title: str = "theirs") -> None:
    """Change a note as another writer."""
    others = world.elsewhere(NoteMapping)
    note = others.get(id_)
    note.title = title
    others.update(note)


class TestChecks:
    def test_are_added_for_what_was_read_and_not_written(self, world: World, notes: Repository[Note]) -> None:
        """A `ConditionCheck` for every entity that was read and not written, behind the writes."""
        with world.uow(isolation="serializable"):
            notes.get("n1")
            notes.get("n2").title = "changed"

        ((update, check),) = world.writes
        assert isinstance(update, UpdateItem)
        assert isinstance(check, ConditionCheck)
        assert check.key == {"id": {"S": "n1"}}
        assert _compared(check) == {"version", "created_at"}

    def test_are_not_there_without_it(self, world: World, notes: Repository[Note]) -> None:
        """The default demands nothing of what was only read."""
        with world.uow:
            notes.get("n1")
            notes.get("n2").title = "changed"

        assert [len(actions) for actions in world.writes] == [1]

    def test_forbid_write_skew(self, world: World, notes: Repository[Note]) -> None:
        """Two units that each read both and write one can't both commit."""
        with pytest.raises(CommitConflict) as refused, world.uow(isolation="serializable"):
            if notes.get("n1").title == "first":
                notes.get("n2").title = "changed"
            retitle(world, "n1")

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert (reason.key, reason.expected_version, reason.found_version) == (("n1",), 0, 1)
        assert reason.changed_by_other == {"title": ("first", "theirs")}
        assert world.elsewhere(NoteMapping).get("n2").title == "second"

    def test_find_a_deleted_entity(self, world: World, notes: Repository[Note]) -> None:
        """What was read and deleted by others is gone."""
        with pytest.raises(CommitConflict) as refused, world.uow(isolation="serializable"):
            notes.get("n1")
            notes.get("n2").title = "changed"
            others = world.elsewhere(NoteMapping)
            others.remove(others.get("n1"))

        assert [type(reason) for reason in refused.value.reasons] == [EntityGone]

    def test_cover_absences(self, world: World, notes: Repository[Note]) -> None:
        """`find` = None becomes an absence check."""
        with pytest.raises(CommitConflict) as refused, world.uow(isolation="serializable"):
            assert notes.find("n3") is None
            notes.get("n2").title = "changed"
            world.elsewhere(NoteMapping).add(Note("n3"))

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert (reason.entity, reason.entity_type, reason.key) == (None, Note, ("n3",))
        assert "was not stored when this unit looked" in str(reason)

    def test_cover_absences_of_many(self, world: World, notes: Repository[Note]) -> None:
        """`find_many` remembers what is absent as well."""
        with world.uow(isolation="serializable"):
            notes.find_many(["n1", "n3"])
            notes.get("n2").title = "changed"

        ((_update, check, absence),) = world.writes
        assert isinstance(check, ConditionCheck)
        assert isinstance(absence, ConditionCheck)
        assert absence.condition == AttributeNotExists(Path.of("id"))

    def test_compare_loaded_attributes_without_a_version(
        self, world: World, notes: Repository[Note], settings: Repository[Setting]
    ) -> None:
        """An unversioned read is checked by its loaded attributes, absent ones included."""
        with pytest.raises(CommitConflict) as refused, world.uow(isolation="serializable"):
            settings.get("s1")
            notes.get("n2").title = "changed"
            world.amend(SettingMapping, "s1", author={"M": {"name": {"S": "somebody"}}})

        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity]
        assert world.elsewhere(NoteMapping).get("n2").title == "second"

    def test_let_unknown_attributes_change(
        self, world: World, notes: Repository[Note], settings: Repository[Setting]
    ) -> None:
        """What the mapping does not know was not read."""
        with world.uow(isolation="serializable"):
            settings.get("s1")
            notes.get("n2").title = "changed"
            world.amend(SettingMapping, "s1", unknown={"S": "x"})

        assert world.elsewhere(NoteMapping).get("n2").title == "changed"

    def test_are_folded_into_writes_of_the_same_item(
        self, world: World, settings: Repository[Setting]
    ) -> None:
        """The write of an unversioned entity demands all that was read of it, not only what it changes."""
        with pytest.raises(CommitConflict), world.uow(isolation="serializable"):
            settings.get("s1").value = "off"
            world.amend(SettingMapping, "s1", lines={"L": []})

        assert world.elsewhere(SettingMapping).get("s1").value == "on"

    def test_fold_the_read_of_an_entity_that_is_saved(
        self, world: World, settings: Repository[Setting]
    ) -> None:
        """`save` overwrites what is stored, but not what the unit has read differently."""
        with pytest.raises(CommitConflict), world.uow(isolation="serializable"):
            setting = settings.get("s1")
            setting.value = "off"
            settings.save(setting)
            world.amend(SettingMapping, "s1", lines={"L": []})

        assert world.elsewhere(SettingMapping).get("s1").value == "on"

    def test_fold_an_absence_into_a_save(self, world: World, settings: Repository[Setting]) -> None:
        """What was found absent must still be, also for an upsert."""
        with pytest.raises(CommitConflict), world.uow(isolation="serializable"):
            assert settings.find("s2") is None
            settings.save(Setting("s2", "mine"))
            world.elsewhere(SettingMapping).add(Setting("s2", "theirs"))

        assert world.elsewhere(SettingMapping).get("s2").value == "theirs"

    def test_an_added_entity_needs_none(self, world: World, notes: Repository[Note]) -> None:
        """The put of a new entity demands a free key already."""
        with world.uow(isolation="serializable"):
            assert notes.find("n3") is None
            notes.add(Note("n3"))

        ((put,),) = world.writes
        assert isinstance(put, PutItem)

    def test_stay_when_an_addition_is_taken_back(self, world: World, notes: Repository[Note]) -> None:
        """An absence that was relied on counts, whatever came and went there in the unit."""
        with world.uow(isolation="serializable"):
            assert notes.find("n3") is None
            note = notes.add(Note("n3"))
            notes.remove(note)
            notes.get("n2").title = "changed"

        ((_update, absence),) = world.writes
        assert isinstance(absence, ConditionCheck)

    def test_refuse_what_appeared_between_two_reads(self, world: World, notes: Repository[Note]) -> None:
        """Absent, then there: no order of units explains that, so nothing is sent."""
        with pytest.raises(CommitConflict, match="was found later"), world.uow(isolation="serializable"):
            assert notes.find("n3") is None
            world.elsewhere(NoteMapping).add(Note("n3"))
            assert len(notes.scan(lambda note: note.title == "untitled").all()) == 1
            notes.get("n2").title = "changed"

        assert world.writes == []

    def test_leave_out_untracked_reads(self, world: World, notes: Repository[Note]) -> None:
        """`untracked()` reads without tracking, and so without protection."""
        with world.uow(isolation="serializable"):
            notes.scan().untracked().all()
            notes.get("n2").title = "changed"

        assert [len(actions) for actions in world.writes] == [1]

    def test_count_toward_the_limit(self, world: World, notes: Repository[Note]) -> None:
        """Checks count toward the 100."""
        limit = world.store.limits.transaction_actions

        with pytest.raises(TransactionTooLarge) as refused, world.uow(isolation="serializable"):
            notes.find_many([f"x{number}" for number in range(limit)])
            notes.get("n2").title = "changed"

        assert (refused.value.actions, refused.value.by_type) == (limit + 1, {"Note": limit + 1})
        assert world.writes == []

    def test_are_shown_before_they_are_sent(self, world: World, notes: Repository[Note]) -> None:
        """`uow.pending` lists them, in words."""
        with world.uow(isolation="serializable"):
            notes.get("n1")
            notes.find("n3")
            notes.get("n2").title = "changed"
            pending = str(world.uow.pending)

        assert pending == ("(<update Note 'n2' title>, <check Note 'n1'>, <check absence of Note 'n3'>)")

    def test_hold_for_frozen_entities(self, world: World, accounts: Repository[Account]) -> None:
        """The map holds a replaced copy; the read that it stands on is what counts."""
        accounts.add(Account("a1"))
        accounts.add(Account("a2"))

        with pytest.raises(CommitConflict) as refused, world.uow(isolation="serializable"):
            accounts.get("a1")
            accounts.update(Account("a2", 5, accounts.get("a2").version))
            others = world.elsewhere(AccountMapping)
            others.update(Account("a1", 7, 0))

        assert [(type(each), each.key) for each in refused.value.reasons] == [(StaleEntity, ("a1",))]

    def test_begin_anew_after_an_early_commit(self, world: World, notes: Repository[Note]) -> None:
        """What was read stays read; absences are looked up again."""
        with world.uow(isolation="serializable"):
            notes.get("n1")
            notes.find("n3")
            notes.get("n2").title = "changed"
            world.uow.commit()
            notes.get("n2").title = "again"

        first, second = world.writes
        assert [type(action) for action in first] == [UpdateItem, ConditionCheck, ConditionCheck]
        assert [type(action) for action in second] == [UpdateItem, ConditionCheck]


class TestReads:
    def test_stay_when_an_early_commit_had_nothing_to_send(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Nothing was sent, so nothing was checked: an absence still counts."""
        with pytest.raises(CommitConflict), world.uow(isolation="serializable"):
            assert notes.find("n3") is None
            world.uow.commit()
            world.elsewhere(NoteMapping).add(Note("n3"))
            notes.get("n2").title = "changed"

    @pytest.mark.parametrize("again", [False, True], ids=["removed", "replaced"])
    def test_count_for_a_removal_of_another_object(
        self, world: World, notes: Repository[Note], again: bool
    ) -> None:
        """Removing by an object from elsewhere does not undo what the unit has read."""
        with pytest.raises(CommitConflict), world.uow(isolation="serializable"):
            notes.get("n1")
            retitle(world, "n1")
            notes.remove(world.elsewhere(NoteMapping).get("n1"))
            if again:
                notes.add(Note("n1", "mine"))

        assert world.elsewhere(NoteMapping).get("n1").title == "theirs"

    def test_of_too_many_attributes_need_a_version(self, world: World) -> None:
        """Without a version all attributes are compared; an expression holds 300 operators."""
        kind = make_dataclass("Wide", [("id", str), *((f"f{n}", int, field(default=0)) for n in range(160))])
        meta = type("Meta", (), {"table": "wide", "key": Key("id")})
        mapping = type("WideMapping", (MappingSchema,), {"Meta": meta, "_entity": kind})
        wide: Repository[Any] = world.repository(mapping)
        wide.add(kind("w1"))
        world.forget()

        with pytest.raises(UnitOfWorkStateError, match="Version"), world.uow(isolation="serializable"):
            wide.get("w1")
            world.repository(NoteMapping).get("n2").title = "changed"

        assert world.writes == []


class TestRunning:
    def test_takes_the_isolation_of_each_unit(self, world: World, notes: Repository[Note]) -> None:
        """`run(work, isolation="serializable")` and `attempts(isolation=...)`."""
        calls: list[int] = []

        def work() -> None:
            calls.append(1)
            notes.get("n1")
            if len(calls) == 1:
                retitle(world, "n1")
            notes.get("n2").title = "changed"

        world.uow.run(work, isolation="serializable")

        assert len(calls) == 2
        assert [len(actions) for actions in world.writes] == [2, 2]

    def test_repeats_a_snapshot_that_was_overtaken(self, world: World, notes: Repository[Note]) -> None:
        """A snapshot's conflict is a conflict too."""
        calls: list[int] = []

        def work() -> None:
            calls.append(1)
            notes.get("n1")
            if len(calls) == 1:
                retitle(world, "n1")
            world.uow.snapshot(notes.key("n1"))

        world.uow.run(work)

        assert len(calls) == 2


class TestReadOnly:
    def test_sends_nothing(self, world: World, notes: Repository[Note]) -> None:
        """A unit that only reads sends nothing; consistent multi-reads are `snapshot()`."""
        with world.uow(isolation="serializable"):
            notes.get("n1")
            notes.find("n3")
            retitle(world, "n1")

        assert world.writes == []


class TestPredicates:
    def test_are_not_protected_and_an_advice_says_so(
        self, world: World, notes: Repository[Note], caplog: pytest.LogCaptureFixture
    ) -> None:
        """Predicates, counts and projections are not protected."""
        with caplog.at_level(logging.WARNING, "persistence"), world.uow(isolation="serializable"):
            notes.scan(lambda note: note.title == "first").count()

        assert any("predicate_unprotected" in record.getMessage() for record in caplog.records)


class TestJoining:
    def test_with_a_stricter_isolation_raises(self, world: World) -> None:
        """Joining with a stricter isolation than the outer unit's raises."""
        with (
            pytest.raises(UnitOfWorkStateError, match="serializable"),
            world.uow,
            world.uow(isolation="serializable"),
        ):
            raise AssertionError("it was entered")

    def test_with_a_laxer_one_takes_the_outer(self, world: World, notes: Repository[Note]) -> None:
        """The unit has one isolation, that of the scope that opened it."""
        with world.uow(isolation="serializable"):
            with world.uow:
                notes.get("n1")
            with world.uow(isolation="serializable"):
                notes.get("n2").title = "changed"

        assert [len(actions) for actions in world.writes] == [2]

    def test_refuses_other_words(self, world: World) -> None:
        """The isolations are named in the error."""
        with pytest.raises(UnitOfWorkStateError, match="serializable"):
            world.uow(isolation="snapshot")  # type: ignore[arg-type]  # on purpose


def _compared(check: ConditionCheck) -> set[str]:
    condition = check.condition
    parts = condition.conditions if isinstance(condition, And) else (condition,)
    return {str(part.left) for part in parts if isinstance(part, Compare)}
