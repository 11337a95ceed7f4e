"""Bulks: many writes that need not happen as a whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from persistence import (
    CommitOutcomeUnknown,
    EntityGone,
    Repository,
    StaleEntity,
    StoreUnavailable,
    Throttled,
    UnitOfWorkStateError,
    ValidationFailed,
)
from persistence.bulk import BulkProgress, BulkReport, removal_paths
from persistence.errors import BulkFailed, BulkFailure, ItemTooLarge
from persistence.mapping import mapping_of
from persistence.operations import (
    BatchWriteItems,
    DeleteItem,
    Operation,
    PutItem,
    ScanPage,
    UpdateItem,
)
from persistence.testing.faults import (
    LostAnswer,
    LostRequest,
    Rule,
    ServerError,
    Throttling,
    Unprocessed,
)
from tests.semantics.model import (
    Account,
    AccountMapping,
    Hidden,
    HiddenMapping,
    Note,
    NoteMapping,
    Reading,
    ReadingMapping,
    Seat,
    SeatMapping,
    Setting,
    SettingMapping,
)
from tests.semantics.world import BEGINNING, World

SINGLES: tuple[type[Operation[Any]], ...] = (PutItem, UpdateItem, DeleteItem)


def many(count: int) -> list[Setting]:
    return [Setting(f"s{number:03d}", f"value {number}") for number in range(count)]


def batch_sizes(world: World) -> list[int]:
    return sorted(len(each.writes) for each in world.sent if isinstance(each, BatchWriteItems))


def kinds(world: World) -> set[str]:
    return {type(each).__name__ for each in world.sent}


def scanned(world: World, mapping: type[Any]) -> list[dict[str, Any]]:
    """Read a whole table, past all repositories."""
    items: list[dict[str, Any]] = []
    start = None
    while True:
        page = world.store.below.perform(ScanPage(mapping_of(mapping).table, start=start, consistent=True))
        items += page.items
        if (start := page.last_key) is None:
            return sorted(items, key=lambda item: str(item["id"]["S"]))


class TestWithoutAVersion:
    def test_saves_in_batches_of_25(self, world: World, settings: Repository[Setting]) -> None:
        """250 entities are 10 requests; each entity is stored."""
        entities = many(250)
        world.forget()

        with settings.bulk() as bulk:
            for each in entities:
                bulk.save(each)

        assert batch_sizes(world) == [25] * 10
        assert kinds(world) == {"BatchWriteItems"}
        assert bulk.report == BulkReport(
            given=250, written=250, requests=10, write_units=bulk.report.write_units
        )
        assert settings.get_many([each.id for each in entities]) == entities

    def test_takes_the_later_of_two_writes_of_one_key_23(
        self, world: World, settings: Repository[Setting]
    ) -> None:
        """Case 23: the same key twice in a batch: the last one wins, and no neighbour is lost."""
        world.forget()

        with settings.bulk() as bulk:
            for each in (Setting("a", "first"), Setting("b"), Setting("a", "last"), Setting("c")):
                bulk.save(each)
            bulk.remove(Setting("c"))

        assert batch_sizes(world) == [3]
        assert settings.find_many(["a", "b", "c"]) == [Setting("a", "last"), Setting("b"), None]
        report = bulk.report
        assert (report.given, report.written, report.removed, report.superseded) == (5, 2, 1, 2)

    def test_takes_equal_numbers_for_one_key_23(self, world: World) -> None:
        """Number keys `1`, `1.0` and `1E0` are one: never twice in a batch, in whichever form."""
        readings = world.repository(ReadingMapping)
        world.forget()

        with readings.bulk(overwrite=True) as bulk:
            for number, sensor in enumerate(("1", "1.0", "1E0", "2")):
                bulk.save(Reading(Decimal(sensor), 7, Decimal(number)))

        assert batch_sizes(world) == [2]
        assert [each and each.value for each in readings.find_many([(1, 7), (2, 7)])] == [2, 3]

    def test_keeps_the_order_of_one_key_between_requests(
        self, world: World, settings: Repository[Setting]
    ) -> None:
        """What is in the table in the end does not depend on the size of the buffer."""
        with settings.bulk(buffer=2) as bulk:
            for number in range(9):
                bulk.save(Setting("a", f"{number}"))
                bulk.save(Setting(f"other {number}"))

        assert settings.get("a").value == "8"

    def test_removes_in_batches(self, world: World, settings: Repository[Setting]) -> None:
        """By entity or by key; what is not stored is no failure."""
        with settings.bulk() as bulk:
            for each in many(30):
                bulk.save(each)
        world.forget()

        with settings.bulk(buffer=100) as bulk:
            for each in many(20):
                bulk.remove(each)
            for number in range(20, 40):
                bulk.remove_key(f"s{number:03d}")

        assert batch_sizes(world) == [15, 25]
        assert (bulk.report.removed, scanned(world, SettingMapping)) == (40, [])

    def test_adds_in_batches_which_demand_nothing(self, world: World, settings: Repository[Setting]) -> None:
        """A batch has no conditions: an `add` without a version takes the place of what is stored."""
        world.elsewhere(SettingMapping).add(Setting("a", "of somebody else"))
        world.forget()

        with settings.bulk() as bulk:
            for number in range(30):
                bulk.add(Setting(f"s{number}", "mine"))
            bulk.add(Setting("a", "mine"))

        assert batch_sizes(world) == [6, 25]
        assert settings.get("a").value == "mine"

    def test_updates_under_the_condition_that_it_is_stored(
        self, world: World, settings: Repository[Setting]
    ) -> None:
        """`update` never makes an item, and keeps what the mapping does not know."""
        world.elsewhere(SettingMapping).add(Setting("a"))
        world.amend(SettingMapping, "a", unknown={"S": "kept"})

        with pytest.raises(BulkFailed) as raised, settings.bulk() as bulk:
            bulk.update(Setting("a", "new"))
            bulk.update(Setting("b", "new"))

        assert [type(each.error) for each in raised.value.failures] == [EntityGone]
        item = world.stored(SettingMapping, "a")
        assert item is not None
        assert (item["value"], item["unknown"]) == ({"S": "new"}, {"S": "kept"})

    def test_puts_what_is_left_unprocessed_again(self, world: World) -> None:
        """Unprocessed writes are sent again with full jitter, until all are done."""
        uow, layer = world.faulty(Rule(Unprocessed(left=10), (BatchWriteItems,), count=4))
        settings = world.repository(SettingMapping, uow)

        with settings.bulk() as bulk:
            for each in many(60):
                bulk.save(each)

        assert len(scanned(world, SettingMapping)) == 60
        assert len(layer.injected) == 4
        assert bulk.report.written == 60
        assert bulk.report.retries == len(world.pauses.seconds) >= 2

    def test_repeats_a_batch_whose_answer_is_lost(self, world: World) -> None:
        """To put the same again changes nothing."""
        uow, _ = world.faulty(
            Rule(LostAnswer(), (BatchWriteItems,), count=1), Rule(LostRequest(), (BatchWriteItems,), count=1)
        )
        settings = world.repository(SettingMapping, uow)

        with settings.bulk() as bulk:
            bulk.save(Setting("a"))
            bulk.remove_key("b")

        assert (bulk.report.written, bulk.report.removed, bulk.report.requests) == (1, 1, 3)
        assert settings.get("a") == Setting("a")

    def test_ends_with_exactly_what_was_not_written(self, world: World) -> None:
        """A table that takes nothing more: patience ends, nothing more is sent, and the error lists all."""
        uow, layer = world.faulty(Rule(Throttling(), (BatchWriteItems,), after=2))
        settings = world.repository(SettingMapping, uow)

        with pytest.raises(BulkFailed) as raised, settings.bulk(buffer=100) as bulk:
            for each in many(250):
                bulk.save(each)

        stored = {item["id"]["S"] for item in scanned(world, SettingMapping)}
        failed = {key for failure in raised.value.failures for key in failure.key}
        report = raised.value.report
        assert len(stored) == report.written == 50
        assert (failed, stored & failed) == ({f"s{number:03d}" for number in range(100)} - stored, set())
        assert {type(failure.error) for failure in raised.value.failures} <= {Throttled, StoreUnavailable}
        assert all(failure.committed is False for failure in raised.value.failures)
        assert bulk.report == report
        assert raised.value.committed is None
        assert not [each.id for each in many(250) if each.id in str(raised.value)]
        assert layer.injected

    def test_says_of_a_lost_answer_that_nobody_knows(self, world: World) -> None:
        """No answer came until the end: perhaps they are stored."""
        uow, _ = world.faulty(Rule(LostAnswer(), (BatchWriteItems,)))
        settings = world.repository(SettingMapping, uow)

        with pytest.raises(BulkFailed) as raised, settings.bulk() as bulk:
            bulk.save(Setting("a"))

        assert [each.committed for each in raised.value.failures] == [None]

    def test_is_used_up_after_the_store_failed(self, world: World) -> None:
        """Every later call shows the same failure, and sends nothing."""
        uow, _ = world.faulty(Rule(ServerError(), (BatchWriteItems,)))
        settings = world.repository(SettingMapping, uow)

        with pytest.raises(BulkFailed), settings.bulk(buffer=1) as bulk:
            with pytest.raises(BulkFailed):
                bulk.save(Setting("a"))
            requests = bulk.report.requests
            with pytest.raises(BulkFailed):
                bulk.save(Setting("b"))

        assert bulk.report.requests == requests

    def test_parts_requests_by_bytes(self, world: World, settings: Repository[Setting]) -> None:
        """25 items of 390 KB are less than 16 MB; with control characters they are more on their way."""
        world.forget()

        with settings.bulk() as bulk:
            for number in range(25):
                bulk.save(Setting(f"{number}", "\x01" * 390_000))

        assert batch_sizes(world) == [4, 7, 7, 7]
        assert bulk.report.written == 25


class TestUnderAVersion:
    def test_adds_new_items_as_a_unit_of_work_does(self, world: World, notes: Repository[Note]) -> None:
        """Version 0 whatever the entity says, timestamps set; each under the condition that it is new."""
        one, two = Note("n1", version=7), Note("n2")
        world.forget()

        with notes.bulk() as bulk:
            bulk.add(one)
            bulk.add(two)
            assert (one.version, one.created_at) == (7, None)

        assert kinds(world) == {"PutItem"}
        assert (one.version, one.created_at, one.updated_at) == (0, BEGINNING, BEGINNING)
        assert notes.get_many(["n1", "n2"]) == [one, two]
        assert (bulk.report.given, bulk.report.written, bulk.report.requests) == (2, 2, 2)

    def test_updates_what_was_loaded(self, world: World, notes: Repository[Note]) -> None:
        """Under the version that was loaded, which moves on in the table and in the object."""
        note = world.elsewhere(NoteMapping).add(Note("n1"))
        world.amend(NoteMapping, "n1", unknown={"S": "kept"})
        note.title = "changed"
        later = world.clock.tick()

        with notes.bulk() as bulk:
            bulk.update(note)

        item = world.stored(NoteMapping, "n1")
        assert item is not None
        assert (item["title"], item["version"], item["unknown"]) == (
            {"S": "changed"},
            {"N": "1"},
            {"S": "kept"},
        )
        assert (note.version, note.created_at, note.updated_at) == (1, BEGINNING, later)

    def test_goes_on_after_conflicts_and_lists_them(self, world: World, notes: Repository[Note]) -> None:
        """Conditions that fail in the middle: the others are written; versions move only for those."""
        others = world.elsewhere(NoteMapping)
        loaded = [others.add(Note(f"n{number:02d}")) for number in range(30)]
        others.update(replace(loaded[3], title="of another"))
        others.remove(replace(loaded[20]))
        for note in loaded:
            note.title = "changed"

        with pytest.raises(BulkFailed) as raised, notes.bulk() as bulk:
            for note in loaded:
                bulk.update(note)

        failures = {each.key: each for each in raised.value.failures}
        assert {key: type(each.error) for key, each in failures.items()} == {
            ("n03",): StaleEntity,
            ("n20",): EntityGone,
        }
        assert failures["n03",].entity is loaded[3]
        assert failures["n03",] == BulkFailure(loaded[3], ("n03",), failures["n03",].error)
        assert [note.version for note in loaded] == [0 if at in (3, 20) else 1 for at in range(30)]
        assert (bulk.report.written, len(bulk.report.failed), bulk.report.unsettled) == (28, 2, 0)
        assert others.get("n03").title == "of another"

    def test_removes_under_the_version(self, world: World, notes: Repository[Note]) -> None:
        """A changed or vanished entity is a failure; what is deleted by its key is not looked at."""
        others = world.elsewhere(NoteMapping)
        kept, gone, stale, keyed = (others.add(Note(key)) for key in "abcd")
        others.remove(replace(gone))
        others.update(replace(stale, title="newer"))

        with notes.bulk(raise_on_failure=False) as bulk:
            for note in (kept, gone, stale):
                bulk.remove(note)
            bulk.remove_key(keyed.id)

        assert {failure.key: type(failure.error) for failure in bulk.report.failed} == {
            ("b",): EntityGone,
            ("c",): StaleEntity,
        }
        assert bulk.report.removed == 2
        assert [item["id"]["S"] for item in scanned(world, NoteMapping)] == ["c"]

    def test_saves_whatever_is_stored(self, world: World, notes: Repository[Note]) -> None:
        """Without a check, and without a batch: the stored version steps on, unknown attributes are kept."""
        others = world.elsewhere(NoteMapping)
        others.update(replace(others.add(Note("n1")), title="newer"))
        world.amend(NoteMapping, "n1", unknown={"S": "kept"})
        world.forget()

        with notes.bulk() as bulk:
            bulk.save(Note("n1", "mine"))
            bulk.save(Note("n2", "mine"))

        assert kinds(world) == {"UpdateItem"}
        item = world.stored(NoteMapping, "n1")
        assert item is not None
        assert (item["version"], item["unknown"]) == ({"N": "2"}, {"S": "kept"})
        assert [note.version for note in notes.get_many(["n1", "n2"])] == [2, 0]

    def test_writes_one_entity_twice_in_order(self, world: World, notes: Repository[Note]) -> None:
        """A second write of a key waits for the first, so that its version is the new one."""
        note = Note("n1", "first")

        with notes.bulk() as bulk:
            bulk.add(note)
            note.title = "second"
            bulk.update(note)
            bulk.remove(note)

        assert (bulk.report.written, bulk.report.removed) == (2, 1)
        assert note.version == 1
        assert world.stored(NoteMapping, "n1") is None

    def test_leaves_frozen_entities_as_they_are(self, world: World, accounts: Repository[Account]) -> None:
        """They are stored with their next version, which a read gives."""
        account = world.elsewhere(AccountMapping).add(Account("a"))

        with accounts.bulk() as bulk:
            bulk.update(replace(account, balance=5))

        assert accounts.get("a") == Account("a", 5, version=1)

    def test_refuses_what_it_cannot_check(self, world: World) -> None:
        """An entity that does not carry its version can't be updated or removed by a bulk."""
        hidden = world.repository(HiddenMapping)

        with hidden.bulk() as bulk:
            bulk.add(Hidden("h"))
            with pytest.raises(UnitOfWorkStateError, match="version is in the table only"):
                bulk.remove(Hidden("h"))

        assert world.stored(HiddenMapping, "h") is not None

    def test_makes_up_for_a_lost_answer(self, world: World) -> None:
        """What took effect is found out by reading it back."""
        uow, _ = world.faulty(Rule(LostAnswer(), SINGLES, count=2))
        notes = world.repository(NoteMapping, uow)

        with notes.bulk() as bulk:
            bulk.add(Note("n1"))
            bulk.add(Note("n2"))

        assert (bulk.report.written, bulk.report.failed) == (2, ())
        assert bulk.report.retries == 2

    def test_reports_as_unknown_what_nobody_can_find_out(self, world: World) -> None:
        """A lost request is not repeated where it could take effect twice; the others are written."""
        uow, _ = world.faulty(Rule(LostRequest(), SINGLES, count=1))
        notes = world.repository(NoteMapping, uow)
        entities = [Note(f"n{number}") for number in range(4)]

        with notes.bulk(raise_on_failure=False) as bulk:
            for note in entities:
                bulk.add(note)

        (failure,) = bulk.report.failed
        assert isinstance(failure.error, CommitOutcomeUnknown)
        assert failure.committed is None
        assert bulk.report.written == 3

    @pytest.mark.parametrize("applied", [True, False])
    def test_may_resume_what_nobody_could_find_out(self, world: World, applied: bool) -> None:
        """`resume` takes the error of a failure: it looks again, and sends what can't take effect twice."""
        fault = LostAnswer() if applied else LostRequest()
        uow, _ = world.faulty(Rule(fault, SINGLES, count=1), deadline=0.01)
        notes = world.repository(NoteMapping, uow)
        kept = world.elsewhere(NoteMapping).add(Note("n1"))
        item = world.stored(NoteMapping, kept.id)
        assert item is not None
        changed = replace(kept, title="changed")

        with notes.bulk(raise_on_failure=False) as bulk:
            if applied:
                bulk.update(changed)
            else:
                bulk.remove_item(item)
        (failure,) = bulk.report.failed
        assert isinstance(failure.error, CommitOutcomeUnknown)
        assert (changed.version, failure.committed) == (0, None)

        assert uow.resume(failure.error).committed

        assert world.elsewhere(NoteMapping).find(kept.id) == (changed if applied else None)
        assert changed.version == (1 if applied else 0)

    def test_gives_incarnations(self, world: World) -> None:
        """What a unit of work stores beside the version, a bulk does too."""
        seats = world.repository(SeatMapping)

        with seats.bulk() as bulk:
            bulk.add(Seat("s1"))
        with seats.bulk(overwrite=True) as bulk:
            bulk.add(Seat("s2"))

        items = scanned(world, SeatMapping)
        assert all(item["version_incarnation"]["S"] for item in items)
        assert len({item["version_incarnation"]["S"] for item in items}) == 2


class TestOverwriting:
    def test_puts_everything_in_batches(self, world: World, notes: Repository[Note]) -> None:
        """`add`, `update` and `save` all take the place of whatever is stored."""
        world.elsewhere(NoteMapping).add(Note("n0", "before"))
        world.forget()

        with notes.bulk(overwrite=True) as bulk:
            bulk.add(Note("n0", "after"))
            bulk.update(Note("n1"))
            bulk.save(Note("n2"))
            bulk.remove(Note("n3", version=12))

        assert kinds(world) == {"BatchWriteItems"}
        assert [note.title for note in notes.get_many(["n0", "n1", "n2"])] == [
            "after",
            "untitled",
            "untitled",
        ]

    def test_is_noticed_by_everybody_who_loaded_the_entity(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """The new version is none that anybody can hold, so that no later update takes it for the old one."""
        others = world.elsewhere(NoteMapping)
        held = [others.add(Note("n1"))]
        held.append(others.update(replace(held[0], title="second")))
        note = Note("n1", "overwritten")

        with notes.bulk(overwrite=True) as bulk:
            bulk.save(note)

        for each in held:
            with pytest.raises(StaleEntity):
                others.update(replace(each))
        note.title = "and updated"
        notes.update(note)
        assert others.get("n1").title == "and updated"

    def test_gives_ever_higher_versions(self, world: World, notes: Repository[Note]) -> None:
        """The time of the write in microseconds, or one more than the entity's own."""
        note = Note("n1")
        expected = (BEGINNING - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000

        with notes.bulk(overwrite=True, buffer=1) as bulk:
            bulk.save(note)
            first = note.version
            bulk.save(note)

        assert (first, note.version) == (expected, expected + 1)

    def test_keeps_the_time_of_creation_that_an_entity_has(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """A loaded entity is not a new one; one without that time is."""
        note = world.elsewhere(NoteMapping).add(Note("n1"))
        later = world.clock.tick()

        with notes.bulk(overwrite=True) as bulk:
            bulk.save(note)
            bulk.save(Note("n2"))

        one, two = notes.get_many(["n1", "n2"])
        assert (one.created_at, one.updated_at, two.created_at) == (BEGINNING, later, later)
        assert note == one


class TestWhatIsGiven:
    def test_is_written_as_it_is_then(self, world: World, settings: Repository[Setting]) -> None:
        """Later changes of the object are not; nothing but its version and timestamps is set afterwards."""
        setting = Setting("a", "as given")

        with settings.bulk() as bulk:
            bulk.save(setting)
            setting.value = "changed"

        assert settings.get("a").value == "as given"

    def test_is_refused_at_once_where_it_cannot_be_stored(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Invalid or over 400 KB: refused before anything is sent; who catches that goes on."""
        world.forget()

        with notes.bulk() as bulk:
            bulk.add(Note("n1"))
            with pytest.raises(ValidationFailed):
                bulk.add(Note("n2", "a title that is far too long"))
            with pytest.raises(ItemTooLarge):
                bulk.add(Note("n3", body="x" * 410_000))
            assert world.sent == []

        assert (bulk.report.given, bulk.report.written) == (1, 1)

    def test_is_sent_as_the_buffer_fills(self, world: World, settings: Repository[Setting]) -> None:
        """Memory is bounded by the buffer; `flush` sends at once; progress is told each time."""
        told: list[BulkProgress] = []
        world.forget()

        with settings.bulk(buffer=10, progress=told.append) as bulk:
            for each in many(25):
                bulk.save(each)
            bulk.flush()
            bulk.save(Setting("last"))

        assert batch_sizes(world) == [1, 5, 10, 10]
        assert told == [
            BulkProgress(10, 0, 10),
            BulkProgress(20, 0, 20),
            BulkProgress(25, 0, 25),
            BulkProgress(26, 0, 26),
        ]

    def test_of_an_abandoned_block_is_not_sent(self, world: World, settings: Repository[Setting]) -> None:
        """An exception inside: nothing more is sent; it says how much was written, as the report does."""
        failure = RuntimeError("changed my mind")

        with pytest.raises(RuntimeError) as raised, settings.bulk(buffer=2) as bulk:
            for each in many(5):
                bulk.save(each)
            raise failure

        assert raised.value is failure
        (note,) = failure.__notes__
        assert "4 were written" in note
        assert "1 were not sent" in note
        assert (bulk.report.given, bulk.report.written, bulk.report.unsettled) == (5, 4, 1)
        assert len(scanned(world, SettingMapping)) == 4

    def test_is_nothing(self, world: World, settings: Repository[Setting]) -> None:
        """An empty bulk sends nothing."""
        world.forget()

        with settings.bulk() as bulk:
            pass

        assert (world.sent, bulk.report) == ([], BulkReport())

    @pytest.mark.synchronous
    def test_may_come_from_several_threads(self, world: World, settings: Repository[Setting]) -> None:
        """One call at a time gives something to a bulk; nothing is lost."""
        entities = many(200)

        with settings.bulk(buffer=7) as bulk:

            def give(part: list[Setting]) -> None:
                for each in part:
                    bulk.save(each)

            threads = [
                threading.Thread(target=give, args=(entities[start::4],), name=f"giver {start}")
                for start in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        assert bulk.report.written == 200
        assert len(scanned(world, SettingMapping)) == 200


class TestRemovingAll:
    @pytest.fixture
    def stored(self, world: World, notes: Repository[Note]) -> list[Note]:
        with notes.bulk() as bulk:
            for note in (stored := [Note(f"n{number:02d}") for number in range(30)]):
                bulk.add(note)
        return stored

    def test_takes_any_iterable(self, world: World, notes: Repository[Note], stored: list[Note]) -> None:
        """Entities under their versions; those that are gone by now are as good as removed."""
        others = world.elsewhere(NoteMapping)
        others.remove(replace(stored[4]))
        others.update(replace(stored[5], title="newer"))

        def found() -> Iterator[Note]:
            yield from stored

        with notes.bulk(raise_on_failure=False) as bulk:
            bulk.remove_all(found())

        assert bulk.report.removed == 29
        assert [(each.key, type(each.error)) for each in bulk.report.failed] == [(("n05",), StaleEntity)]
        assert [item["id"]["S"] for item in scanned(world, NoteMapping)] == ["n05"]

    def test_takes_keys(self, world: World, notes: Repository[Note], stored: list[Note]) -> None:
        """Of keys no version is known: whatever is stored is deleted, in batches."""
        keys = [notes.key(note.id) for note in stored]
        world.forget()

        with notes.bulk() as bulk:
            bulk.remove_all(keys)

        assert kinds(world) == {"BatchWriteItems"}
        assert (bulk.report.removed, scanned(world, NoteMapping)) == (30, [])

    def test_takes_items_of_which_little_was_read(
        self, world: World, notes: Repository[Note], stored: list[Note]
    ) -> None:
        """A key, a version and a time of creation are enough to delete no item but the one that was read."""
        others = world.elsewhere(NoteMapping)
        paths = removal_paths(mapping_of(NoteMapping))
        page = world.store.below.perform(ScanPage(mapping_of(NoteMapping).table, projection=paths))
        others.update(replace(stored[5], title="newer"))
        others.remove(replace(stored[6]))
        others.remove(replace(stored[7]))
        world.clock.tick()
        others.add(Note("n07", "anew"))

        with notes.bulk(raise_on_failure=False) as bulk:
            for item in page.items:
                bulk.remove_item(item)

        assert {name for item in page.items for name in item} == {"id", "version", "created_at"}
        assert {each.key: type(each.error) for each in bulk.report.failed} == {
            ("n05",): StaleEntity,
            ("n07",): StaleEntity,
        }
        assert (bulk.report.removed, len(scanned(world, NoteMapping))) == (28, 2)


class TestUnits:
    def test_are_not_what_a_bulk_belongs_to(self, world: World, settings: Repository[Setting]) -> None:
        """A bulk is not atomic: inside an open unit it is refused, wherever it was opened."""
        with world.uow, pytest.raises(UnitOfWorkStateError, match="not part of it"):  # noqa: SIM117
            with settings.bulk():
                pass

        with settings.bulk() as bulk:  # noqa: SIM117
            with world.uow, pytest.raises(UnitOfWorkStateError, match="not part of it"):
                bulk.save(Setting("a"))

        assert scanned(world, SettingMapping) == []

    def test_are_not_needed_for_it(self, world: World) -> None:
        """Where writes outside of units are errors, a bulk may: it says what it is."""
        uow = world.unit_of_work(autocommit=False)
        settings = world.repository(SettingMapping, uow)

        with settings.bulk() as bulk:
            bulk.save(Setting("a"))

        assert settings.get("a") == Setting("a")

    def test_a_bulk_is_used_inside_its_block_only(self, world: World, settings: Repository[Setting]) -> None:
        """Once, and neither before nor after."""
        bulk = settings.bulk()

        with pytest.raises(UnitOfWorkStateError, match="not open"):
            bulk.save(Setting("a"))
        with bulk:
            pass
        with pytest.raises(UnitOfWorkStateError, match="not open"):
            bulk.remove_key("a")
        with pytest.raises(UnitOfWorkStateError, match="one `with` statement"):
            bulk.__enter__()
