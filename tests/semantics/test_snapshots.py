"""`uow.snapshot(...)`: entities of several repositories as they were at one moment."""

from __future__ import annotations

import pytest

from persistence import QueryError, Repository, StaleEntity, TransactionBusy, TransactionTooLarge
from persistence.errors import Throttled
from persistence.operations import TransactGet
from persistence.testing.faults import Cancellation, Rule, Throttling
from tests.semantics.model import Account, Note, NoteMapping
from tests.semantics.world import World


@pytest.fixture(autouse=True)
def stored(world: World, notes: Repository[Note], accounts: Repository[Account]) -> None:
    notes.add(Note("n1", "first"))
    accounts.add(Account("a1", 5))
    world.forget()


def busy(count: int | None) -> Rule:
    return Rule(Cancellation(("None", "TransactionConflict")), (TransactGet,), count=count)


class TestSnapshot:
    def test_is_one_transactional_read(
        self, world: World, notes: Repository[Note], accounts: Repository[Account]
    ) -> None:
        """The entities come in the order of the keys, None for what is not stored."""
        found = world.uow.snapshot(notes.key("n1"), accounts.key("a1"), notes.key("n9"))

        assert found[0] is not None
        assert (found[0].title, found[1], found[2]) == ("first", Account("a1", 5), None)
        (read,) = world.sent
        assert isinstance(read, TransactGet)

    def test_answers_a_key_twice_and_asks_once(self, world: World, notes: Repository[Note]) -> None:
        """The service refuses duplicates; the caller need not know."""
        first, second = world.uow.snapshot(notes.key("n1"), notes.key(id="n1"))

        (read,) = world.sent
        assert isinstance(read, TransactGet)
        assert len(read.gets) == 1
        assert first is second

    def test_of_nothing_is_nothing(self, world: World) -> None:
        """No key, no call."""
        assert world.uow.snapshot() == ()
        assert world.sent == []

    def test_tracks_within_a_unit(self, world: World, notes: Repository[Note]) -> None:
        """In a unit: same key, same object; absences are remembered."""
        with world.uow:
            note, absent = world.uow.snapshot(notes.key("n1"), notes.key("n9"))
            assert note is not None
            assert notes.get("n1") is note
            assert (absent, notes.find("n9")) == (None, None)
            note.title = "changed"

        assert [type(each).__name__ for each in world.sent] == ["TransactGet", "TransactWrite"]
        assert world.elsewhere(NoteMapping).get("n1").title == "changed"

    def test_is_protected_under_serializable(self, world: World, notes: Repository[Note]) -> None:
        """What a snapshot read counts as read."""
        with world.uow(isolation="serializable"):
            world.uow.snapshot(notes.key("n1"), notes.key("n9"))
            notes.add(Note("n2"))

        assert [len(actions) for actions in world.writes] == [3]

    def test_refuses_what_the_unit_read_at_another_moment(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """An entity that was read before and changed since is not of one moment with the rest."""
        with world.uow:
            notes.get("n1")
            others = world.elsewhere(NoteMapping)
            theirs = others.get("n1")
            theirs.title = "theirs"
            others.update(theirs)

            with pytest.raises(StaleEntity, match="of one moment"):
                world.uow.snapshot(notes.key("n1"))

    def test_refuses_what_the_unit_found_absent(self, world: World, notes: Repository[Note]) -> None:
        """The same for a key that was looked up in vain."""
        with world.uow:
            assert notes.find("n9") is None
            world.elsewhere(NoteMapping).add(Note("n9"))

            with pytest.raises(StaleEntity, match="of one moment"):
                world.uow.snapshot(notes.key("n9"))

    def test_gives_the_tracked_object_and_leaves_out_removed_ones(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """First loaded wins; what the unit removed is absent, what it added is there."""
        with world.uow:
            mine = notes.get("n1")
            mine.title = "mine"
            assert world.uow.snapshot(notes.key("n1")) == (mine,)
            notes.remove(mine)
            added = notes.add(Note("n2"))
            assert world.uow.snapshot(notes.key("n1"), notes.key("n2")) == (None, added)

    def test_waits_for_transactions(
        self, world: World, notes: Repository[Note], accounts: Repository[Account]
    ) -> None:
        """The service's conflicts are retried."""
        uow, _layer = world.faulty(busy(2))

        found = uow.snapshot(notes.key("n1"), accounts.key("a1"))

        assert found[1] == Account("a1", 5)
        assert len(world.pauses.seconds) == 2

    def test_gives_up_at_the_deadline(
        self, world: World, notes: Repository[Note], accounts: Repository[Account]
    ) -> None:
        """The entities of which one is held are named; the store does not tell which."""
        uow, _layer = world.faulty(busy(None))

        with pytest.raises(TransactionBusy) as refused:
            uow.snapshot(notes.key("n1"), accounts.key("a1"))

        assert "Note 'n1', Account 'a1'" in str(refused.value)
        assert sum(world.pauses.seconds) < 8

    def test_says_that_it_was_throttled(self, world: World, notes: Repository[Note]) -> None:
        """Throttling is retried, and then told as such."""
        uow, _layer = world.faulty(Rule(Throttling(), (TransactGet,)))

        with pytest.raises(Throttled):
            uow.snapshot(notes.key("n1"))

    def test_is_never_split(self, world: World, notes: Repository[Note]) -> None:
        """Chunk-free, up to what one transaction takes."""
        limit = world.store.limits.transaction_actions
        found = world.uow.snapshot(*(notes.key(f"n{number}") for number in range(limit)))
        world.forget()

        with pytest.raises(TransactionTooLarge, match="reads"):
            world.uow.snapshot(*(notes.key(f"n{number}") for number in range(limit + 1)))

        assert len(found) == limit
        assert world.sent == []

    def test_takes_keys_only(self, world: World) -> None:
        """What is no key is refused with the remedy."""
        with pytest.raises(QueryError, match=r"orders\.key"):
            world.uow.snapshot("n1")  # type: ignore[call-overload]  # on purpose
