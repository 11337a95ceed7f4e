"""Migrations: planned, run once, rolled back, and refused where they don't continue the history."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from persistence import MemoryStore, SchemaService, Table
from persistence.errors import (
    ForeignLedger,
    LedgerNeeded,
    MigrationChanged,
    MigrationError,
    MigrationFailed,
    QueryError,
    UnitOfWorkStateError,
)
from persistence.operations import PutItem
from persistence.schema.migrations import MigrationContext, MigrationStatus
from persistence.schema.progress import Progress
from persistence.stores.memory import AsyncMemoryStore
from tests.unit.schema.migrations.work import NOW, Site

THINGS = Table("things", "id")


@pytest.fixture
def site() -> Site:
    return Site()


def broken(context: MigrationContext) -> None:
    raise ValueError("no such column")


class TestRun:
    def test_runs_what_is_not_applied_in_the_order_of_numbers(self, site: Site) -> None:
        ledger = site.ledger(site.migration("10"), site.migration("9"), site.migration("011"))

        done = ledger.run()

        assert [str(each) for each in done] == ["9_step", "10_step", "011_step"]
        assert site.log == ["up 9_step", "up 10_step", "up 011_step"]
        assert site.states(ledger) == {"9": "applied", "10": "applied", "011": "applied"}

    def test_runs_each_once(self, site: Site) -> None:
        site.ledger(site.migration("1")).run()

        done = site.ledger(site.migration("1"), site.migration("2")).run()

        assert [each.id for each in done] == ["2"]
        assert site.log == ["up 1_step", "up 2_step"]

    def test_records_who_ran_what_when_and_how_long_it_took(self, site: Site) -> None:
        ledger = site.ledger(site.migration("1", "wait", work=lambda context: context.timing.sleep(1.5)))

        ledger.run()

        at = datetime.fromtimestamp(NOW + 1.5, UTC)
        assert ledger.status() == (MigrationStatus("1", "wait", "applied", "1", at, 1.5, "ann"),)

    def test_stops_after_the_one_that_is_named(self, site: Site) -> None:
        ledger = site.ledger(*map(site.migration, "123"))

        ledger.run("1_step")
        ledger.run("2")

        assert site.states(ledger) == {"1": "applied", "2": "applied", "3": "pending"}

    def test_has_nothing_to_do_where_the_named_one_is_the_last_applied(self, site: Site) -> None:
        ledger = site.ledger(*map(site.migration, "12"))
        ledger.run("1")

        assert ledger.run("1") == ()

    def test_does_not_go_back(self, site: Site) -> None:
        ledger = site.ledger(*map(site.migration, "12"))
        ledger.run()

        with pytest.raises(MigrationError, match=r"1 migration\(s\) after '1' are applied; use rollback"):
            ledger.run("1")

    def test_knows_what_it_is_asked_for(self, site: Site) -> None:
        with pytest.raises(MigrationError, match=r"no migration '7'; there are 1_step, 2_step"):
            site.ledger(*map(site.migration, "12")).run("7")

    def test_tells_how_far_it_is(self, site: Site) -> None:
        told: list[Progress] = []

        site.ledger(*map(site.migration, "12")).run(progress=told.append)

        assert told == [
            Progress("up 1_step", 0, 2, "migrations"),
            Progress("up 2_step", 1, 2, "migrations"),
            Progress("up", 2, 2, "migrations"),
        ]

    def test_gives_back_the_lock(self, site: Site) -> None:
        ledger = site.ledger(site.migration("1"))

        ledger.run()

        assert ledger.holder() is None

    def test_gives_the_migration_store_and_schema_service(self, site: Site) -> None:
        def work(context: MigrationContext) -> None:
            assert (context.application, context.migration) == ("shop", "1_fill")
            context.schema.ensure_table(THINGS)
            context.store.perform(PutItem(THINGS, {"id": {"S": "a"}}))

        site.ledger(site.migration("1", "fill", work=work)).run()

        assert SchemaService(site.store).exists(THINGS)

    def test_drives_flows(self, site: Site) -> None:
        found: list[object] = []

        def work(context: MigrationContext) -> None:
            context.schema.ensure_table(THINGS)
            found.append(context.drive(context.schema._flows().find("things")))

        site.ledger(site.migration("1", work=work)).run()

        assert found != [None]


class TestDryRun:
    def test_runs_nothing_and_makes_nothing(self, site: Site) -> None:
        ledger = site.ledger(*map(site.migration, "12"))

        planned = ledger.run("1", dry_run=True)

        assert [each.id for each in planned] == ["1"]
        assert site.log == []
        assert not SchemaService(site.store).exists(Table("persistence-migrations", "id"))
        assert site.states(ledger) == {"1": "pending", "2": "pending"}
        assert ledger.holder() is None

    def test_of_a_rollback_undoes_nothing(self, site: Site) -> None:
        ledger = site.ledger(*map(site.migration, "12"))
        ledger.run()

        undone = ledger.rollback(steps=2, dry_run=True)

        assert [each.id for each in undone] == ["2", "1"]
        assert site.states(ledger) == {"1": "applied", "2": "applied"}

    def test_checks_what_a_run_checks(self, site: Site) -> None:
        site.ledger(site.migration("1")).run()

        with pytest.raises(MigrationChanged):
            site.ledger(site.migration("1", checksum="2")).run(dry_run=True)


class TestFailure:
    def test_what_ran_before_stays_and_what_comes_after_is_not_begun(self, site: Site) -> None:
        ledger = site.ledger(site.migration("1"), site.migration("2", work=broken), site.migration("3"))

        with pytest.raises(MigrationFailed) as failed:
            ledger.run()

        assert (failed.value.migration, failed.value.direction) == ("2_step", "up")
        assert isinstance(failed.value.__cause__, ValueError)
        assert site.states(ledger) == {"1": "applied", "2": "failed", "3": "pending"}
        assert ledger.status()[1].failure == "ValueError"
        assert ledger.holder() is None

    def test_is_run_again_and_may_have_been_edited_meanwhile(self, site: Site) -> None:
        with pytest.raises(MigrationFailed):
            site.ledger(site.migration("1", work=broken)).run()
        mended = site.ledger(site.migration("1", checksum="2"))

        mended.run()

        (status,) = mended.status()
        assert (status.state, status.checksum, status.failure) == ("applied", "2", None)

    def test_an_interrupt_is_recorded_and_goes_on(self, site: Site) -> None:
        def interrupted(context: MigrationContext) -> None:
            raise KeyboardInterrupt

        ledger = site.ledger(site.migration("1", work=interrupted))

        with pytest.raises(KeyboardInterrupt):
            ledger.run()

        assert site.states(ledger) == {"1": "failed"}
        assert ledger.holder() is None

    def test_while_it_runs_it_is_running(self, site: Site) -> None:
        seen: list[dict[str, str]] = []
        ledger = site.ledger(site.migration("1", work=lambda context: seen.append(site.states(ledger))))

        ledger.run()

        assert seen == [{"1": "running"}]


class TestRollback:
    def test_undoes_steps_the_last_first(self, site: Site) -> None:
        ledger = site.ledger(*map(site.migration, "123"))
        ledger.run()
        site.log.clear()

        undone = ledger.rollback(steps=2)

        assert [each.id for each in undone] == ["3", "2"]
        assert site.log == ["down 3_step", "down 2_step"]
        assert site.states(ledger) == {"1": "applied", "2": "rolled back", "3": "rolled back"}

    def test_undoes_what_comes_after_the_one_that_is_named(self, site: Site) -> None:
        ledger = site.ledger(*map(site.migration, "123"))
        ledger.run()

        ledger.rollback("2")

        assert site.states(ledger) == {"1": "applied", "2": "applied", "3": "rolled back"}

    def test_what_was_undone_is_run_again(self, site: Site) -> None:
        ledger = site.ledger(site.migration("1"))
        ledger.run()
        ledger.rollback(steps=1)

        ledger.run()

        assert site.log == ["up 1_step", "down 1_step", "up 1_step"]

    def test_without_down_nothing_at_all_is_undone(self, site: Site) -> None:
        ledger = site.ledger(site.migration("1"), site.migration("2", down=False), site.migration("3"))
        ledger.run()

        with pytest.raises(MigrationError, match=r"2_step can't be undone: there is no down\(context\)"):
            ledger.rollback("1")

        assert site.states(ledger) == {"1": "applied", "2": "applied", "3": "applied"}

    def test_one_that_fails_stays_applied_and_can_be_undone_again(self, site: Site) -> None:
        undone = {"broken": True}

        def undo(context: MigrationContext) -> None:
            if undone["broken"]:
                raise ValueError("not empty")

        ledger = site.ledger(site.migration("1", undo=undo))
        ledger.run()

        with pytest.raises(MigrationFailed, match="failed on its way down: ValueError: not empty"):
            ledger.rollback(steps=1)
        (status,) = ledger.status()
        undone["broken"] = False
        ledger.rollback(steps=1)

        assert (status.state, status.failure) == ("applied", "ValueError")
        assert site.states(ledger) == {"1": "rolled back"}

    @pytest.mark.parametrize("steps", [0, -1, 3, None])
    def test_steps_are_some_that_were_made(self, site: Site, steps: int | None) -> None:
        ledger = site.ledger(*map(site.migration, "12"))
        ledger.run()

        with pytest.raises(MigrationError, match=r"can't be rolled back; 2 migration|either to=.* or steps"):
            ledger.rollback(steps=steps)

    def test_takes_one_of_both(self, site: Site) -> None:
        with pytest.raises(MigrationError, match="either"):
            site.ledger(site.migration("1")).rollback("1", steps=1)

    def test_goes_back_only_to_what_is_applied(self, site: Site) -> None:
        ledger = site.ledger(*map(site.migration, "12"))
        ledger.run("1")

        with pytest.raises(MigrationError, match="'2' is not applied"):
            ledger.rollback("2")


class TestHistory:
    """What was applied stays as it was."""

    def test_an_edited_migration_is_refused(self, site: Site) -> None:
        site.ledger(site.migration("1"), site.migration("2")).run()
        edited = site.ledger(site.migration("1", checksum="2"), site.migration("2"), site.migration("3"))

        with pytest.raises(MigrationChanged, match=r"1_step was changed after .* write a new") as refusal:
            edited.run()

        assert refusal.value.migrations == ("1",)
        assert site.states(edited)["3"] == "pending"

    def test_a_missing_migration_is_refused_and_shown(self, site: Site) -> None:
        site.ledger(*map(site.migration, "12")).run()
        lacking = site.ledger(site.migration("2"))

        with pytest.raises(MigrationChanged, match="1_step was applied and is missing now; put it back"):
            lacking.plan()

        assert site.states(lacking) == {"1": "applied", "2": "applied"}

    def test_one_that_comes_in_between_is_refused(self, site: Site) -> None:
        site.ledger(site.migration("1"), site.migration("3")).run()

        with pytest.raises(MigrationChanged, match=r"2_step comes before 3_step.* number after that"):
            site.ledger(*map(site.migration, "123")).run()

    def test_all_that_is_wrong_is_told_at_once(self, site: Site) -> None:
        site.ledger(*map(site.migration, "124")).run()

        with pytest.raises(MigrationChanged) as refusal:
            site.ledger(site.migration("1", checksum="2"), site.migration("3"), site.migration("4")).plan()

        assert refusal.value.migrations == ("1", "2", "3")

    def test_a_rollback_checks_it_too(self, site: Site) -> None:
        site.ledger(site.migration("1")).run()

        with pytest.raises(MigrationChanged):
            site.ledger(site.migration("1", checksum="2")).rollback(steps=1)

        assert site.log == ["up 1_step"]

    def test_one_whose_number_is_written_otherwise_is_the_same(self, site: Site) -> None:
        site.ledger(site.migration("0001")).run()
        renamed = site.ledger(site.migration("1"))

        assert renamed.run() == ()
        renamed.rollback(steps=1)
        assert site.states(renamed) == {"1": "rolled back"}
        renamed.run()

        assert site.states(renamed) == {"1": "applied"}
        assert site.log == ["up 0001_step", "down 1_step", "up 1_step"]


class TestTable:
    def test_of_another_application_is_never_touched(self, site: Site) -> None:
        site.ledger(site.migration("1")).run()
        other = site.ledger(site.migration("1"), application="bank")

        for call in (other.run, other.plan, other.status):
            with pytest.raises(ForeignLedger, match="history of the application 'shop', and this is 'bank'"):
                call()
        assert site.log == ["up 1_step"]

    def test_each_application_may_have_one_of_its_own(self, site: Site) -> None:
        site.ledger(site.migration("1")).run()

        site.ledger(site.migration("1"), application="bank", table="bank-migrations").run()

        assert site.log == ["up 1_step", "up 1_step"]

    def test_that_holds_other_items_is_no_history_table(self, site: Site) -> None:
        SchemaService(site.store).ensure_table(THINGS)
        site.store.perform(PutItem(THINGS, {"id": {"S": "a"}}))

        with pytest.raises(ForeignLedger, match=r"'things' can't hold .* it holds other items"):
            site.ledger(site.migration("1"), table="things").run()
        assert site.log == []

    def test_with_another_key_is_no_history_table(self, site: Site) -> None:
        SchemaService(site.store).ensure_table(Table("persistence-migrations", "pk", "sk"))

        with pytest.raises(ForeignLedger, match="key"):
            site.ledger(site.migration("1")).run()

    def test_that_is_foreign_is_told_by_every_call(self, site: Site) -> None:
        SchemaService(site.store).ensure_table(Table("persistence-migrations", "id", "at"))
        ledger = site.ledger(site.migration("1"))

        for call in (ledger.plan, ledger.status, ledger.holder, ledger.run, lambda: ledger.rollback(steps=1)):
            with pytest.raises(ForeignLedger):
                call()

    def test_that_is_there_and_empty_is_taken(self, site: Site) -> None:
        SchemaService(site.store).ensure_table(Table("persistence-migrations", "id"))

        site.ledger(site.migration("1")).run()

        assert site.log == ["up 1_step"]

    def test_of_another_version_is_left_alone(self, site: Site) -> None:
        table = Table("persistence-migrations", "id")
        SchemaService(site.store).ensure_table(table)
        header = {"id": {"S": "ledger"}, "application": {"S": "shop"}, "format": {"S": "9"}}
        site.store.perform(PutItem(table, header))

        with pytest.raises(ForeignLedger, match="another version"):
            site.ledger(site.migration("1")).run()


class TestSettings:
    def test_two_migrations_with_one_number_are_refused(self, site: Site) -> None:
        with pytest.raises(MigrationError, match="the same number: 1_step and 01_other"):
            site.ledger(site.migration("1"), site.migration("01", "other"))

    @pytest.mark.parametrize("lease", [float("inf"), float("nan"), 0, -1])
    def test_a_lease_takes_time(self, site: Site, lease: float) -> None:
        with pytest.raises(QueryError, match="lease"):
            site.ledger(lease=lease)

    def test_an_asynchronous_store_is_refused(self, site: Site) -> None:
        with pytest.raises(UnitOfWorkStateError, match="synchronous store"):
            site.ledger(store=AsyncMemoryStore())


class TestSchemaService:
    def test_runs_a_ledger(self, site: Site) -> None:
        done = SchemaService(site.store).migrate(site.ledger(site.migration("1")))

        assert site.log == ["up 1_step"]
        assert isinstance(done, tuple)

    def test_without_one_names_what_to_use_instead(self) -> None:
        with pytest.raises(LedgerNeeded, match=r"export.*ensure_table.*evolve"):
            SchemaService(MemoryStore()).migrate()
