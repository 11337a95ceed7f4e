"""`fields.DeletedAt()`: a removal marks the entity; who does not ask for it does not see it any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
from persistence.errors import MappingError, QueryError, UnitOfWorkStateError
from persistence.operations import DeleteItem, GetItem, PutItem, UpdateItem
from tests.semantics.model import Setting, SettingMapping
from tests.semantics.removable import (
    FUTURE,
    MONTH,
    ComparedDraftMapping,
    Draft,
    DraftMapping,
    KeptTicketMapping,
    Page,
    PageMapping,
    Stamp,
    StampMapping,
    Ticket,
    TicketMapping,
)
from tests.semantics.world import World

MARK = {"S": "2100-01-02T03:05:05.000006Z"}
"""A minute after the beginning."""


def seconds(after: timedelta) -> dict[str, str]:
    return {"N": str(int((FUTURE + after).timestamp()))}


@pytest.fixture(autouse=True)
def time(world: World) -> None:
    world.clock.now = FUTURE


@pytest.fixture
def pages(world: World) -> Repository[Page]:
    return world.repository(PageMapping)


@pytest.fixture
def drafts(world: World) -> Repository[Draft]:
    return world.repository(DraftMapping)


@pytest.fixture
def removed(world: World, pages: Repository[Page]) -> Page:
    """A page that was stored, and removed a minute later."""
    page = pages.add(Page("p1", "first"))
    world.clock.tick()
    pages.remove(page)
    world.forget()
    return page


@pytest.fixture
def removed_draft(world: World, drafts: Repository[Draft]) -> Draft:
    draft = drafts.add(Draft("d1", "first"))
    drafts.remove(draft)
    world.forget()
    return draft


class TestRemove:
    def test_marks_instead_of_deleting(self, world: World, pages: Repository[Page], removed: Page) -> None:
        """The item stays, with the time of its removal and a version of its own."""
        assert world.stored(PageMapping, "p1") == {
            "id": {"S": "p1"},
            "title": {"S": "first"},
            "version": {"N": "1"},
            "updated_at": MARK,
            "deletedAt": MARK,
        }

    def test_is_one_update_under_the_version(self, world: World, pages: Repository[Page]) -> None:
        """A removal is one action, which says what it does."""
        pages.add(Page("p1"))
        world.forget()

        with world.uow:
            pages.remove(pages.get("p1"))
            pending = repr(world.uow.pending)

        ((action,),) = world.writes
        assert (type(action), pending) == (UpdateItem, "(<mark as deleted Page 'p1'>,)")

    def test_shows_in_the_entity(self, world: World, removed: Page) -> None:
        """The object is as it is stored, so that it can be restored later."""
        assert removed == Page("p1", "first", 1, world.clock.now, world.clock.now)

    def test_leaves_the_entity_alone_until_it_is_committed(
        self, world: World, pages: Repository[Page]
    ) -> None:
        """A unit that is discarded changes nothing, in memory neither."""
        page = pages.add(Page("p1"))

        with pytest.raises(RuntimeError), world.uow:
            pages.remove(page)
            raise RuntimeError

        assert (page.version, page.deleted_at, pages.get("p1")) == (0, None, page)

    def test_is_refused_of_a_changed_entity(self, world: World, pages: Repository[Page]) -> None:
        """The version is checked as for a deletion."""
        pages.add(Page("p1"))

        with pytest.raises(CommitConflict) as caught, world.uow:
            pages.remove(pages.get("p1"))
            world.elsewhere(PageMapping).patch("p1").set("title", "other").execute()

        (reason,) = caught.value.reasons
        assert isinstance(reason, StaleEntity)

    def test_tells_who_was_faster(self, world: World, pages: Repository[Page]) -> None:
        """Two removals at once: the second is stale, and its message says why."""
        page = pages.add(Page("p1"))
        world.elsewhere(PageMapping).remove(replace(page))

        with pytest.raises(StaleEntity, match="was marked as deleted by somebody else since it was loaded"):
            pages.remove(page)

    def test_of_an_added_entity_is_nothing(self, world: World, pages: Repository[Page]) -> None:
        """What was never stored needs no mark."""
        world.forget()

        with world.uow:
            pages.remove(pages.add(Page("p1")))

        assert (world.writes, world.stored(PageMapping, "p1")) == ([], None)

    def test_and_add_of_one_key_is_a_replacement(self, world: World, pages: Repository[Page]) -> None:
        """The mark never appears: the new entity is put under the version of the old one."""
        pages.add(Page("p1", "old"))
        world.forget()

        with world.uow:
            pages.remove(pages.get("p1"))
            new = pages.add(Page("p1", "new", deleted_at=FUTURE))

        ((action,),) = world.writes
        item = world.stored(PageMapping, "p1")
        assert isinstance(action, PutItem)
        assert item is not None
        assert (item["title"], item["version"], "deletedAt" in item) == ({"S": "new"}, {"N": "1"}, False)
        assert (new.version, new.deleted_at) == (1, None)

    def test_of_what_is_marked_is_refused(self, world: World, pages: Repository[Page], removed: Page) -> None:
        """A marked entity is removed already, for units as for calls outside of them."""
        with pytest.raises(EntityGone):
            pages.remove(removed)
        with pytest.raises(UnitOfWorkStateError, match="marked as deleted already"), world.uow:
            pages.remove(pages.including_deleted().get("p1"))

    def test_without_a_version_demands_that_it_is_there(
        self, world: World, drafts: Repository[Draft], removed_draft: Draft
    ) -> None:
        """Where no version tells of it, the mark itself is checked."""
        with pytest.raises(EntityGone, match="is marked as deleted"):
            drafts.remove(removed_draft)

    def test_of_a_frozen_entity_marks_it(self, world: World) -> None:
        """Frozen entities are not changed, their items are."""
        stamps = world.repository(StampMapping)
        stamp = stamps.add(Stamp("s1"))

        stamps.remove(stamp)

        assert (stamp, stamps.find("s1")) == (Stamp("s1"), None)

    def test_keeps_what_the_mapping_does_not_know(self, world: World, pages: Repository[Page]) -> None:
        """Nothing is lost by a removal."""
        page = pages.add(Page("p1"))
        world.amend(PageMapping, "p1", colour={"S": "red"})

        pages.remove(page)
        pages.restore("p1")

        item = world.stored(PageMapping, "p1")
        assert item is not None
        assert item["colour"] == {"S": "red"}

    def test_works_without_a_transaction(self, world: World) -> None:
        """A unit of one write may be one conditional update."""
        uow = world.unit_of_work(single_write="conditional")
        pages = world.repository(PageMapping, uow)
        page = pages.add(Page("p1"))
        world.forget()

        pages.remove(page)

        assert [type(each) for each in world.sent] == [UpdateItem]
        assert pages.find("p1") is None


class TestReading:
    def test_finds_nothing(self, pages: Repository[Page], removed: Page) -> None:
        """A marked entity is not found, one by one or with others."""
        pages.add(Page("p2"))

        found = pages.find("p1"), pages.find_many(["p1", "p2"])

        assert found[0] is None
        assert [page and page.id for page in found[1]] == [None, "p2"]
        with pytest.raises(EntityNotFound):
            pages.get("p1")
        with pytest.raises(EntityNotFound) as caught:
            pages.get_many(["p1", "p2"])
        assert caught.value.keys == (("p1",),)

    def test_finds_nothing_in_a_unit_either(
        self, world: World, pages: Repository[Page], removed: Page
    ) -> None:
        """Its absence is remembered: the key is read once."""
        with world.uow:
            found = pages.find("p1"), pages.find("p1"), pages.find_many(["p1"])

        assert (found, len(world.sent)) == ((None, None, [None]), 1)

    def test_finds_nothing_once_it_is_removed(self, world: World, pages: Repository[Page]) -> None:
        """Before the commit and after it."""
        pages.add(Page("p1"))

        with world.uow:
            pages.remove(pages.get("p1"))
            before = pages.find("p1")
            world.uow.commit()
            after = pages.find("p1")

        assert (before, after) == (None, None)

    def test_refresh_tells_that_it_is_gone(self, world: World, pages: Repository[Page]) -> None:
        """A removal by others is found like a deletion."""
        pages.add(Page("p1"))

        with world.uow:
            page = pages.get("p1")
            world.elsewhere(PageMapping).remove(replace(page))
            with pytest.raises(EntityNotFound):
                pages.refresh(page)

    def test_snapshots_show_nothing(self, world: World, pages: Repository[Page], removed: Page) -> None:
        """Unless the keys are those of who sees it."""
        shown = pages.including_deleted().key("p1")

        found = world.uow.snapshot(pages.key("p1"), shown)

        assert found == (None, removed)


class TestIncludingDeleted:
    def test_shows_what_is_marked(self, pages: Repository[Page], removed: Page) -> None:
        """And what is not."""
        other = pages.add(Page("p2"))
        everything = pages.including_deleted()

        found = everything.get("p1"), everything.find("p2"), everything.get_many(["p2", "p1"])

        assert found == (removed, other, [other, removed])

    def test_is_a_repository_of_the_same_kind(self, world: World) -> None:
        """It has the finders of the class, and leaves the repository alone."""

        class Pages(Repository[Page]):
            mapping = PageMapping

            def first(self) -> Page | None:
                return self.find("p1")

        uow = world.elsewhere(PageMapping)._uow
        world.repository(PageMapping)
        pages = Pages(uow)
        pages.remove(pages.add(Page("p1")))

        everything = pages.including_deleted()

        assert type(everything) is Pages
        assert (everything.first() is None, pages.first()) == (False, None)

    def test_belongs_to_the_unit(self, world: World, pages: Repository[Page], removed: Page) -> None:
        """The same key is the same object, for who sees it."""
        everything = pages.including_deleted()

        with world.uow:
            absent, page = pages.find("p1"), everything.get("p1")

            assert (absent, pages.find("p1"), everything.get("p1") is page) == (None, None, True)

    def test_gives_entities_that_can_be_changed(
        self, world: World, pages: Repository[Page], removed: Page
    ) -> None:
        """They stay marked."""
        with world.uow:
            pages.including_deleted().get("p1").title = "second"

        page = pages.including_deleted().get("p1")
        assert (page.title, page.version, page.deleted_at, pages.find("p1")) == (
            "second",
            2,
            removed.deleted_at,
            None,
        )

    def test_can_t_be_changed_by_the_attribute(
        self, world: World, pages: Repository[Page], removed: Page
    ) -> None:
        """The unit of work keeps the mark, as it keeps the version."""
        world.forget()

        with world.uow:
            pages.including_deleted().get("p1").deleted_at = None

        assert world.writes == []

    def test_shows_what_the_unit_removes(self, world: World, pages: Repository[Page]) -> None:
        """A removal of the unit itself can be looked at, and taken back."""
        pages.add(Page("p1"))

        with world.uow:
            page = pages.get("p1")
            pages.remove(page)

            assert pages.including_deleted().find("p1") is page


class TestWriting:
    def test_add_finds_the_key_taken(self, world: World, pages: Repository[Page], removed: Page) -> None:
        """A marked entity still has its key; the error says how to go on."""
        with pytest.raises(EntityExists, match="marked as deleted; restore it, or purge it first") as caught:
            pages.add(Page("p1"))

        assert caught.value.found == removed

    def test_add_is_refused_at_once_where_the_unit_knows(
        self, world: World, pages: Repository[Page], removed: Page
    ) -> None:
        """Of another object, and of the very same."""
        with pytest.raises(EntityExists), world.uow:
            pages.including_deleted().get("p1")
            pages.add(Page("p1"))
        with pytest.raises(EntityExists), world.uow:
            pages.add(pages.including_deleted().get("p1"))

    def test_update_is_stale(self, world: World, pages: Repository[Page]) -> None:
        """An entity that was loaded before it was removed has an older version, detached or not."""
        page = pages.add(Page("p1"))
        world.elsewhere(PageMapping).remove(replace(page))

        with pytest.raises(StaleEntity) as caught:
            pages.update(replace(page, title="second"))

        assert (caught.value.expected_version, caught.value.found_version) == (0, 1)

    def test_update_of_a_tracked_entity_is_stale(self, world: World, pages: Repository[Page]) -> None:
        """A removal by others is noticed as any change."""
        pages.add(Page("p1"))

        with pytest.raises(CommitConflict) as caught, world.uow:
            page = pages.get("p1")
            world.elsewhere(PageMapping).remove(replace(page))
            page.title = "second"

        assert [type(reason) for reason in caught.value.reasons] == [StaleEntity]

    @pytest.mark.parametrize("mapping", [DraftMapping, ComparedDraftMapping])
    def test_update_without_a_version_finds_it_gone(self, world: World, mapping: Any) -> None:
        """The mark is checked where no version tells of it."""
        drafts = world.repository(mapping)
        draft = drafts.add(Draft("d1"))
        drafts.remove(draft)

        with pytest.raises(EntityGone, match="is marked as deleted"):
            drafts.update(Draft("d1", "second"))

    @pytest.mark.parametrize("mapping", [DraftMapping, ComparedDraftMapping])
    def test_update_of_a_tracked_entity_without_a_version_finds_it_gone(
        self, world: World, mapping: Any
    ) -> None:
        """The same, in a unit."""
        drafts = world.repository(mapping)
        drafts.add(Draft("d1"))

        with pytest.raises(CommitConflict) as caught, world.uow:
            draft = drafts.get("d1")
            world.elsewhere(mapping).remove(replace(draft))
            draft.text = "second"

        assert [type(reason) for reason in caught.value.reasons] == [EntityGone]

    def test_save_never_brings_it_back(self, world: World, pages: Repository[Page], removed: Page) -> None:
        """An upsert would store it unseen."""
        before = world.stored(PageMapping, "p1")

        with pytest.raises(EntityGone, match="is marked as deleted"):
            pages.save(Page("p1", "second"))

        assert world.stored(PageMapping, "p1") == before

    @pytest.mark.parametrize("if_missing", [False, True])
    def test_patch_finds_it_gone(
        self, world: World, pages: Repository[Page], removed: Page, if_missing: bool
    ) -> None:
        """A patch that may make the entity does not make it where a marked one is."""
        before = world.stored(PageMapping, "p1")
        patch = pages.patch("p1").set("title", "second")

        with pytest.raises(EntityGone, match="is marked as deleted"):
            (patch.if_missing() if if_missing else patch).execute()

        assert world.stored(PageMapping, "p1") == before

    def test_patch_that_returns_finds_it_gone(self, pages: Repository[Page], removed: Page) -> None:
        """A patch with an answer is no other one."""
        with pytest.raises(EntityGone):
            pages.patch("p1").set("title", "second").execute(returning="new")

    def test_patch_can_t_set_the_mark(self, pages: Repository[Page]) -> None:
        """Removing and restoring do."""
        with pytest.raises(QueryError, match="removing an entity sets it"):
            pages.patch("p1").set("deleted_at", FUTURE)

    def test_patch_of_a_loaded_one_is_refused(
        self, world: World, pages: Repository[Page], removed: Page
    ) -> None:
        """Before anything is sent."""
        with pytest.raises(UnitOfWorkStateError, match="restore it first"), world.uow:
            pages.including_deleted().get("p1")
            pages.patch("p1").set("title", "second").execute()

    def test_adding_never_stores_a_mark(self, world: World, pages: Repository[Page]) -> None:
        """A new entity is not removed, whatever it says."""
        page = pages.add(Page("p1", deleted_at=FUTURE))

        assert (page.deleted_at, pages.get("p1")) == (None, page)


class TestRestore:
    def test_by_key(self, world: World, pages: Repository[Page], removed: Page) -> None:
        """It is there again, in a new version."""
        world.clock.tick()

        page = pages.restore("p1")

        assert page == Page("p1", "first", 2, world.clock.now)
        assert page == pages.get("p1")
        assert "deletedAt" not in (world.stored(PageMapping, "p1") or {})

    def test_by_entity(self, pages: Repository[Page], removed: Page) -> None:
        """The object that was removed can be restored."""
        restored = pages.restore(removed)

        assert (restored is removed, removed.deleted_at, removed.version) == (True, None, 2)
        assert pages.get("p1") == removed

    def test_saves_the_changes_of_the_entity(self, pages: Repository[Page], removed: Page) -> None:
        """As `update` does."""
        removed.title = "second"

        pages.restore(removed)

        assert pages.get("p1").title == "second"

    def test_in_a_unit_is_part_of_its_commit(
        self, world: World, pages: Repository[Page], removed: Page
    ) -> None:
        """One action, which says what it does; it can be read at once."""
        with world.uow:
            page = pages.restore("p1")
            page.title = "second"
            found = pages.get("p1")
            pending = repr(world.uow.pending)

        ((action,),) = world.writes
        assert (found is page, type(action)) == (True, UpdateItem)
        assert pending == "(<restore Page 'p1' title, deletedAt>,)"
        assert pages.get("p1") == Page("p1", "second", 2, world.clock.now)

    def test_of_a_loaded_entity_reads_nothing(
        self, world: World, pages: Repository[Page], removed: Page
    ) -> None:
        """What the unit holds it need not read again; the object shows no mark after the commit."""
        with world.uow:
            page = pages.including_deleted().get("p1")
            pages.restore(page)

        assert (page.deleted_at, len([each for each in world.sent if isinstance(each, GetItem)])) == (None, 1)

    def test_goes_with_a_patch(self, world: World, pages: Repository[Page], removed: Page) -> None:
        """What is restored can be patched in the same unit, by the same action."""
        with world.uow:
            pages.restore("p1")
            pages.patch("p1").set("title", "second").execute()

        assert (len(world.writes), pages.get("p1").title) == (1, "second")

    def test_takes_a_removal_back(self, world: World, pages: Repository[Page]) -> None:
        """A removal of the same unit is as if it had not been."""
        pages.add(Page("p1"))
        world.forget()

        with world.uow:
            page = pages.get("p1")
            pages.remove(page)
            pages.restore(page)
            found = pages.find("p1")

        assert (found is page, world.writes) == (True, [])

    def test_is_taken_back_by_a_removal(self, world: World, pages: Repository[Page], removed: Page) -> None:
        """Restored and removed again in one unit, it stays marked."""
        with world.uow:
            pages.remove(pages.restore("p1"))
            found = pages.find("p1")

        assert (found, world.writes) == (None, [])

    def test_of_what_is_not_marked_is_nothing(self, world: World, pages: Repository[Page]) -> None:
        """To repeat it does no harm."""
        page = pages.add(Page("p1"))
        world.forget()

        restored = pages.restore("p1")

        assert (restored, world.writes) == (page, [])

    def test_of_what_is_not_stored_is_refused(self, pages: Repository[Page]) -> None:
        """There is nothing to restore."""
        with pytest.raises(EntityNotFound):
            pages.restore("p1")

    def test_of_another_version_is_stale(self, world: World, pages: Repository[Page], removed: Page) -> None:
        """An entity brings its version."""
        with pytest.raises(StaleEntity):
            pages.restore(replace(removed, version=0))

    def test_meets_another_one(self, world: World, pages: Repository[Page], removed: Page) -> None:
        """Who comes second is stale."""
        with pytest.raises(CommitConflict) as caught, world.uow:
            pages.restore("p1")
            world.elsewhere(PageMapping).restore("p1")

        assert [type(reason) for reason in caught.value.reasons] == [StaleEntity]

    def test_without_a_version(self, world: World, drafts: Repository[Draft], removed_draft: Draft) -> None:
        """The condition is the mark that was read."""
        with pytest.raises(CommitConflict) as caught, world.uow:
            drafts.restore("d1")
            world.elsewhere(DraftMapping).purge("d1")
        drafts.add(removed_draft)
        drafts.remove(removed_draft)
        drafts.restore("d1")

        assert [type(reason) for reason in caught.value.reasons] == [EntityGone]
        assert drafts.get("d1") == removed_draft

    def test_of_a_frozen_entity_gives_the_stored_one(self, world: World) -> None:
        """Frozen entities are replaced."""
        stamps = world.repository(StampMapping)
        stamps.remove(stamps.add(Stamp("s1")))

        restored = stamps.restore("s1")

        assert (restored, stamps.get("s1")) == (Stamp("s1", version=2), Stamp("s1", version=2))

    def test_needs_the_role(self, world: World) -> None:
        """Where removals delete there is nothing to restore."""
        settings: Repository[Setting] = world.repository(SettingMapping)

        with pytest.raises(MappingError, match=r"SettingMapping has no field fields.DeletedAt\(\)"):
            settings.restore("s1")


class TestPurge:
    @pytest.mark.parametrize(
        "given",
        [lambda page: ("p1",), lambda page: (page,)],
        ids=["by key", "by entity"],
    )
    def test_deletes_what_is_marked(
        self,
        world: World,
        pages: Repository[Page],
        removed: Page,
        given: Callable[[Page], tuple[Any, ...]],
    ) -> None:
        """Nothing remains, and the key is free."""
        pages.purge(*given(removed))

        ((action,),) = world.writes
        assert (type(action), world.stored(PageMapping, "p1")) == (DeleteItem, None)
        assert pages.add(Page("p1")).version == 0

    def test_by_key_refuses_what_is_not_marked(self, world: World, pages: Repository[Page]) -> None:
        """Nobody deletes a live entity for good by its key alone."""
        page = pages.add(Page("p1"))

        with pytest.raises(ConditionFailed, match="is not marked as deleted"):
            pages.purge("p1")

        assert pages.get("p1") == page

    def test_deletes_a_live_entity_that_is_given(self, world: World, pages: Repository[Page]) -> None:
        """For good, and at once."""
        page = pages.add(Page("p1"))

        pages.purge(page)

        assert world.stored(PageMapping, "p1") is None

    def test_in_a_unit_is_part_of_its_commit(
        self, world: World, pages: Repository[Page], removed: Page
    ) -> None:
        """Nobody finds it from then on, who sees the deleted neither."""
        with world.uow:
            pages.purge("p1")
            found = pages.including_deleted().find("p1")
            pending = repr(world.uow.pending)

        assert (found, pending) == (None, "(<purge Page 'p1'>,)")
        assert world.stored(PageMapping, "p1") is None

    def test_and_add_of_one_key_is_a_replacement(
        self, world: World, pages: Repository[Page], removed: Page
    ) -> None:
        """The way to take the key of a marked entity."""
        with world.uow:
            pages.purge("p1")
            pages.add(Page("p1", "new"))

        ((action,),) = world.writes
        assert (type(action), pages.get("p1")) == (PutItem, Page("p1", "new", 2, world.clock.now))

    def test_is_refused_of_another_version(
        self, world: World, pages: Repository[Page], removed: Page
    ) -> None:
        """Who restored it meanwhile keeps it."""
        with pytest.raises(CommitConflict) as caught, world.uow:
            pages.purge("p1")
            world.elsewhere(PageMapping).restore("p1")

        assert [type(reason) for reason in caught.value.reasons] == [StaleEntity]
        assert pages.find("p1") is not None

    def test_of_an_added_entity_is_nothing(self, world: World, pages: Repository[Page]) -> None:
        """What was never stored need not be deleted."""
        world.forget()

        with world.uow:
            pages.purge(pages.add(Page("p1")))

        assert world.writes == []

    def test_of_what_is_not_stored_is_refused(self, pages: Repository[Page]) -> None:
        """There is nothing to delete."""
        with pytest.raises(EntityNotFound):
            pages.purge("p1")

    def test_of_a_patched_entity_is_refused(
        self, world: World, pages: Repository[Page], removed: Page
    ) -> None:
        """One item, one action."""
        with pytest.raises(UnitOfWorkStateError, match="is patched in this unit"), world.uow:
            pages.patch("p1").set("title", "second").execute()
            pages.purge("p1")

    @pytest.mark.parametrize("after", [timedelta(0), timedelta(days=-1), 30])
    def test_refuses_what_is_no_duration(self, pages: Repository[Page], after: Any) -> None:
        """`after` is a timedelta of more than 0."""
        with pytest.raises(QueryError, match="takes a timedelta of more than 0"):
            pages.purge("p1", after=after)

    def test_later_needs_a_time_to_live(self, pages: Repository[Page]) -> None:
        """The service deletes by it alone."""
        with pytest.raises(MappingError, match=r"PageMapping has no field fields.TimeToLive\(\)"):
            pages.purge("p1", after=MONTH)


class TestPurgeLater:
    @pytest.fixture
    def tickets(self, world: World) -> Repository[Ticket]:
        return world.repository(TicketMapping)

    def test_sets_the_time_to_live(self, world: World, tickets: Repository[Ticket]) -> None:
        """The mark stays, and the service deletes the item in time."""
        ticket = tickets.add(Ticket("t1"))
        tickets.remove(ticket)
        before = world.stored(TicketMapping, "t1")
        assert before is not None

        with world.uow:
            tickets.purge("t1", after=MONTH)
            pending = repr(world.uow.pending)

        assert pending == "(<purge later Ticket 't1'>,)"
        assert world.stored(TicketMapping, "t1") == {
            **before,
            "version": {"N": "2"},
            "expires_at": seconds(MONTH),
            "deleted_at_former_time_to_live": {"NULL": True},
        }

    def test_marks_a_live_entity(self, world: World, tickets: Repository[Ticket]) -> None:
        """Until it is deleted, nobody sees it."""
        ticket = tickets.add(Ticket("t1"))

        tickets.purge(ticket, after=MONTH)

        item = world.stored(TicketMapping, "t1")
        assert item is not None
        assert (tickets.find("t1"), item["expires_at"]) == (None, seconds(MONTH))

    def test_can_be_put_off(self, world: World, tickets: Repository[Ticket]) -> None:
        """The later call counts, and restoring gives back what was before the first."""
        ticket = tickets.add(Ticket("t1", expires_at=FUTURE.replace(microsecond=0) + 3 * MONTH))
        tickets.purge(ticket, after=MONTH)
        tickets.purge("t1", after=2 * MONTH)

        item = world.stored(TicketMapping, "t1")
        restored = tickets.restore("t1")

        assert item is not None
        assert item["expires_at"] == seconds(2 * MONTH)
        assert restored.expires_at == FUTURE.replace(microsecond=0) + 3 * MONTH

    def test_leaves_a_time_to_live_of_the_entity_s_own(
        self, world: World, tickets: Repository[Ticket]
    ) -> None:
        """A removal that sets none changes none, and restoring does not either."""
        ticket = tickets.add(Ticket("t1", expires_at=FUTURE.replace(microsecond=0) + MONTH))

        tickets.remove(ticket)
        tickets.restore("t1")

        assert tickets.get("t1").expires_at == FUTURE.replace(microsecond=0) + MONTH


class TestPurgeAfter:
    @pytest.fixture
    def tickets(self, world: World) -> Repository[Ticket]:
        return world.repository(KeptTicketMapping)

    def test_lets_a_removal_set_the_time_to_live(self, world: World, tickets: Repository[Ticket]) -> None:
        """`DeletedAt(purge_after=...)` is a purge in time."""
        tickets.remove(tickets.add(Ticket("t1")))

        item = world.stored(KeptTicketMapping, "t1")
        assert item is not None
        assert item["expires_at"] == seconds(MONTH)

    @pytest.mark.parametrize("before", [None, FUTURE.replace(microsecond=0) + 3 * MONTH])
    def test_is_undone_by_restoring(self, world: World, tickets: Repository[Ticket], before: Any) -> None:
        """The time to live is what it was, in the table and in the object."""
        ticket = tickets.add(Ticket("t1", expires_at=before))
        stored = world.stored(KeptTicketMapping, "t1")
        assert stored is not None
        tickets.remove(ticket)

        with world.uow:
            restored = tickets.restore("t1")
            world.uow.commit()
            pending = world.uow.pending

        assert (restored, pending) == (Ticket("t1", expires_at=before, version=2), ())
        assert world.stored(KeptTicketMapping, "t1") == {**stored, "version": {"N": "2"}}

    def test_gives_way_to_a_new_time_to_live(self, world: World, tickets: Repository[Ticket]) -> None:
        """Who restores may decide anew."""
        tickets.remove(tickets.add(Ticket("t1")))

        with world.uow:
            tickets.restore("t1").expires_at = FUTURE.replace(microsecond=0) + 2 * MONTH

        assert tickets.get("t1").expires_at == FUTURE.replace(microsecond=0) + 2 * MONTH

    def test_is_told_from_the_call(self, world: World, tickets: Repository[Ticket]) -> None:
        """The duration that `purge` is given counts, and a purge without one deletes."""
        tickets.purge(tickets.add(Ticket("t1")), after=2 * MONTH)
        item = world.stored(KeptTicketMapping, "t1")
        tickets.purge("t1")

        assert item is not None
        assert (item["expires_at"], world.stored(KeptTicketMapping, "t1")) == (seconds(2 * MONTH), None)


class TestSerializable:
    def write(self, world: World, pages: Repository[Page], meanwhile: Callable[[], object]) -> None:
        """Look at p1, and write p2."""
        with world.uow(isolation="serializable"):
            pages.find("p1")
            pages.add(Page("p2"))
            meanwhile()

    def test_a_marked_entity_is_absent(self, world: World, pages: Repository[Page], removed: Page) -> None:
        """The check holds while the mark is there, and where the item is deleted."""
        self.write(world, pages, lambda: None)
        pages.purge(pages.get("p2"))
        self.write(world, pages, lambda: world.elsewhere(PageMapping).purge("p1"))

        assert pages.find("p2") is not None

    def test_a_restored_entity_is_not(self, world: World, pages: Repository[Page], removed: Page) -> None:
        """Who found nothing is told that there is something now."""
        with pytest.raises(CommitConflict) as caught:
            self.write(world, pages, lambda: world.elsewhere(PageMapping).restore("p1"))

        assert [type(reason) for reason in caught.value.reasons] == [StaleEntity]

    def test_an_absent_key_stays_absent(self, world: World, pages: Repository[Page]) -> None:
        """Where nothing was stored nothing may be added."""
        with pytest.raises(CommitConflict):
            self.write(world, pages, lambda: world.elsewhere(PageMapping).add(Page("p1")))

    def test_who_sees_the_deleted_relies_on_them(
        self, world: World, pages: Repository[Page], removed: Page
    ) -> None:
        """What was read marked must be as it was; it contradicts no absence for who does not see it."""
        with world.uow(isolation="serializable"):
            pages.find("p1")
            pages.including_deleted().get("p1")
            pages.add(Page("p2"))

        with pytest.raises(CommitConflict) as caught, world.uow(isolation="serializable"):
            pages.including_deleted().get("p1")
            pages.add(Page("p3"))
            world.elsewhere(PageMapping).purge("p1")

        assert [type(reason) for reason in caught.value.reasons] == [EntityGone]

    def test_a_read_entity_must_not_be_removed(self, world: World, pages: Repository[Page]) -> None:
        """A mark is a change."""
        page = pages.add(Page("p1"))

        with pytest.raises(CommitConflict, match="was marked as deleted by somebody else"):
            self.write(world, pages, lambda: world.elsewhere(PageMapping).remove(replace(page)))
