"""`Meta.hide_expired`: what has expired is not seen, also while the service has not deleted it yet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from persistence import (
    CommitConflict,
    ConditionFailed,
    EntityExists,
    EntityGone,
    EntityNotFound,
    Repository,
    StaleEntity,
)
from tests.semantics.removable import (
    FUTURE,
    MONTH,
    HiddenTicketMapping,
    Session,
    SessionMapping,
    ShownSessionMapping,
    Ticket,
)
from tests.semantics.world import World

SECOND = timedelta(seconds=1)
END = FUTURE.replace(microsecond=0) + timedelta(hours=1)


@pytest.fixture(autouse=True)
def time(world: World) -> None:
    world.clock.now = FUTURE


@pytest.fixture
def sessions(world: World) -> Repository[Session]:
    return world.repository(SessionMapping)


@pytest.fixture
def expired(world: World, sessions: Repository[Session]) -> Session:
    """A session that was stored, and has expired since."""
    session = sessions.add(Session("s1", "Ann", END))
    world.clock.now = END
    world.forget()
    return session


class TestReading:
    def test_finds_nothing(self, sessions: Repository[Session], expired: Session) -> None:
        """An expired entity is not found, one by one or with others."""
        sessions.add(Session("s2", expires_at=END + SECOND))

        found = sessions.find("s1"), sessions.find_many(["s1", "s2"])

        assert found[0] is None
        assert [session and session.id for session in found[1]] == [None, "s2"]
        with pytest.raises(EntityNotFound):
            sessions.get("s1")
        with pytest.raises(EntityNotFound):
            sessions.get_many(["s1", "s2"])

    def test_goes_by_whole_seconds(
        self, world: World, sessions: Repository[Session], expired: Session
    ) -> None:
        """It expires at the very second that its time to live says, and not before."""
        world.clock.now = END - timedelta(microseconds=1)
        before = sessions.find("s1")
        world.clock.now = END
        after = sessions.find("s1")

        assert (before, after) == (expired, None)

    def test_finds_what_never_expires(self, world: World, sessions: Repository[Session]) -> None:
        """Without a time to live an item stays for ever."""
        session = sessions.add(Session("s1"))

        assert sessions.find("s1") == session

    def test_finds_nothing_in_a_unit_either(
        self, world: World, sessions: Repository[Session], expired: Session
    ) -> None:
        """Its absence is remembered: the key is read once."""
        with world.uow:
            found = sessions.find("s1"), sessions.find("s1"), sessions.find_many(["s1"])

        assert (found, len(world.sent)) == ((None, None, [None]), 1)

    def test_keeps_what_the_unit_holds(self, world: World, sessions: Repository[Session]) -> None:
        """The same key is the same object, also if it expires meanwhile."""
        sessions.add(Session("s1", expires_at=END))

        with world.uow:
            session = sessions.get("s1")
            world.clock.now = END

            assert sessions.get("s1") is session

    def test_refresh_tells_that_it_is_gone(self, world: World, sessions: Repository[Session]) -> None:
        """What is read again is looked at again."""
        sessions.add(Session("s1", expires_at=END))

        with world.uow:
            session = sessions.get("s1")
            world.clock.now = END
            with pytest.raises(EntityNotFound):
                sessions.refresh(session)

    def test_snapshots_show_nothing(
        self, world: World, sessions: Repository[Session], expired: Session
    ) -> None:
        """They are reads as any other."""
        assert world.uow.snapshot(sessions.key("s1")) == (None,)

    def test_shows_it_where_the_mapping_does_not_say_so(self, world: World, expired: Session) -> None:
        """By default what has expired is seen until the service deletes it."""
        assert world.repository(ShownSessionMapping).get("s1") == expired


class TestWriting:
    def test_add_finds_the_key_taken(self, sessions: Repository[Session], expired: Session) -> None:
        """An expired item is stored until the service deletes it."""
        with pytest.raises(EntityExists):
            sessions.add(Session("s1"))

    def test_save_takes_its_place(self, sessions: Repository[Session], expired: Session) -> None:
        """What has expired may be overwritten."""
        sessions.save(Session("s1", "Bob", END + MONTH))

        assert sessions.get("s1") == Session("s1", "Bob", END + MONTH, 1)

    def test_update_may_prolong_it(self, sessions: Repository[Session], expired: Session) -> None:
        """Who holds it may write it, as long as its version holds."""
        expired.expires_at = END + MONTH

        sessions.update(expired)

        assert sessions.get("s1") == expired


class TestPatches:
    @pytest.mark.parametrize("returning", ["none", "new"])
    def test_find_it_gone(
        self, world: World, sessions: Repository[Session], expired: Session, returning: Any
    ) -> None:
        """Who could not read it neither prolongs it nor is shown it, nor makes it anew in the same place."""
        patch = sessions.patch("s1").set("expires_at", END + MONTH)

        for each in (patch, patch.if_missing(), patch.if_version(0), patch.if_(lambda s: s.user == "Ann")):
            with pytest.raises(EntityGone, match="has expired, and so counts as absent"):
                each.execute(returning)

        assert world.elsewhere(ShownSessionMapping).get("s1") == expired

    def test_find_it_where_the_mapping_shows_it(self, world: World, expired: Session) -> None:
        """A mapping that does not hide it may prolong it."""
        shown = world.repository(ShownSessionMapping)

        shown.patch("s1").set("expires_at", END + MONTH).execute()

        assert world.repository(SessionMapping).get("s1").version == 1

    def test_tell_it_from_a_condition(self, world: World, sessions: Repository[Session]) -> None:
        """Of what has not expired the caller's condition is told."""
        sessions.add(Session("s1", "Ann", END))

        with pytest.raises(ConditionFailed):
            sessions.patch("s1").set("user", "Eve").if_(lambda s: s.user == "Bob").execute()
        sessions.patch("s1").set("user", "Eve").execute()
        sessions.patch("s2").set("user", "Bob").if_missing().execute()

        assert [session.user for session in sessions.get_many(["s1", "s2"])] == ["Eve", "Bob"]

    def test_of_what_the_unit_holds_are_written(self, world: World, sessions: Repository[Session]) -> None:
        """What a unit has read does not expire for it."""
        sessions.add(Session("s1", "Ann", END))

        with world.uow:
            sessions.get("s1")
            world.clock.now = END
            sessions.patch("s1").set("expires_at", END + MONTH).execute()

        assert sessions.get("s1").expires_at == END + MONTH


class TestSerializable:
    def test_an_expired_entity_is_absent(
        self, world: World, sessions: Repository[Session], expired: Session
    ) -> None:
        """The check holds while it is expired."""
        with world.uow(isolation="serializable"):
            sessions.find("s1")
            sessions.add(Session("s2"))

        assert sessions.find("s2") is not None

    def test_a_prolonged_entity_is_not(
        self, world: World, sessions: Repository[Session], expired: Session
    ) -> None:
        """Who found nothing is told that there is something now."""
        with pytest.raises(CommitConflict) as caught, world.uow(isolation="serializable"):
            sessions.find("s1")
            sessions.add(Session("s2"))
            world.elsewhere(ShownSessionMapping).patch("s1").set("expires_at", END + SECOND).execute()

        assert [type(reason) for reason in caught.value.reasons] == [StaleEntity]


class TestBoth:
    @pytest.fixture
    def tickets(self, world: World) -> Repository[Ticket]:
        return world.repository(HiddenTicketMapping)

    def test_including_deleted_does_not_show_the_expired(
        self, world: World, tickets: Repository[Ticket]
    ) -> None:
        """What was removed is shown until its time is over too."""
        tickets.remove(tickets.add(Ticket("t1")))
        before = tickets.including_deleted().find("t1")
        world.clock.now += MONTH
        after = tickets.including_deleted().find("t1")

        assert (before is None, after) == (False, None)

    def test_are_absent_for_a_serializable_unit(self, world: World, tickets: Repository[Ticket]) -> None:
        """Whichever of both hides the item."""
        tickets.add(Ticket("t1", expires_at=END))
        tickets.remove(tickets.add(Ticket("t2")))
        world.clock.now = END

        with world.uow(isolation="serializable"):
            found = tickets.find_many(["t1", "t2"])
            tickets.add(Ticket("t3"))

        assert (found, tickets.find("t3")) == ([None, None], Ticket("t3"))
