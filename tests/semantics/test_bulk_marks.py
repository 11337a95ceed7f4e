"""Bulks of entities whose removal marks them, or which may have expired."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from persistence import EntityGone, Repository, StaleEntity
from persistence.bulk import removal_paths
from persistence.errors import EntityExists
from persistence.mapping import mapping_of
from persistence.operations import GetItem, ScanPage, UpdateItem
from persistence.testing.faults import LostAnswer, Rule
from tests.semantics.removable import (
    FUTURE,
    MONTH,
    ComparedDraftMapping,
    Draft,
    DraftMapping,
    HiddenTicketMapping,
    KeptTicketMapping,
    Page,
    PageMapping,
    Session,
    SessionMapping,
    ShownSessionMapping,
    Stamp,
    StampMapping,
    Ticket,
)
from tests.semantics.world import World


@pytest.fixture(autouse=True)
def time(world: World) -> None:
    world.clock.now = FUTURE


@pytest.fixture
def pages(world: World) -> Repository[Page]:
    return world.repository(PageMapping)


def outcome(bulk: Any) -> tuple[int, int, dict[object, type[Exception]]]:
    """Give how many were written and removed, and what failed and why."""
    report = bulk.report
    return report.written, report.removed, {each.key[0]: type(each.error) for each in report.failed}


class TestRemovals:
    def test_mark_under_the_version(self, world: World, pages: Repository[Page]) -> None:
        """One write each, which counts as a removal; who holds an old or removed entity is told so."""
        others = world.elsewhere(PageMapping)
        kept, stale, removed = (others.add(Page(key)) for key in "abc")
        others.update(replace(stale, title="newer"))
        others.remove(again := replace(removed))
        world.forget()

        with pages.bulk(raise_on_failure=False) as bulk:
            for page in (kept, stale, removed, again):
                bulk.remove(page)

        assert [type(each) for each in world.sent if not isinstance(each, GetItem)] == [UpdateItem] * 4
        (written, removals, _), errors = outcome(bulk), [type(each.error) for each in bulk.report.failed]
        assert (written, removals, errors) == (0, 1, [StaleEntity, StaleEntity, EntityGone])
        assert (kept.version, kept.deleted_at) == (1, FUTURE)
        assert pages.find("a") is None
        assert pages.including_deleted().get("a") == kept
        assert pages.restore("a").title == "untitled"

    def test_by_key_mark_whatever_is_stored(self, world: World, pages: Repository[Page]) -> None:
        """Versions step on; what is absent or marked already is as good as removed."""
        others = world.elsewhere(PageMapping)
        for page in [others.add(Page(key)) for key in "abc"][2:]:
            others.remove(page)
        world.clock.tick()

        with pages.bulk() as bulk:
            bulk.remove_key("a")
            bulk.remove_key("nothing")
            bulk.remove_all([pages.key("b"), pages.key("c")])

        assert outcome(bulk) == (0, 4, {})
        found = pages.including_deleted().find_many(["a", "b", "c", "nothing"])
        assert [page and (page.version, page.deleted_at) for page in found] == [
            (1, world.clock.now),
            (1, world.clock.now),
            (1, FUTURE),
            None,
        ]

    def test_of_items_that_were_read_mark_them_as_they_were(
        self, world: World, pages: Repository[Page]
    ) -> None:
        """Key, version and mark are read; what changed since stays, unless it was removed."""
        others = world.elsewhere(PageMapping)
        kept, stale, removed, marked = (others.add(Page(key)) for key in "abcd")
        others.remove(replace(marked))
        paths = removal_paths(mapping_of(PageMapping))
        items = world.store.below.perform(ScanPage(mapping_of(PageMapping).table, projection=paths)).items
        others.update(replace(stale, title="newer"))
        others.remove(replace(removed))
        later = world.clock.tick()

        with pages.bulk(raise_on_failure=False) as bulk:
            for item in items:
                bulk.remove_item(item)

        assert outcome(bulk) == (0, 2, {"b": StaleEntity})
        found = pages.including_deleted().get_many([kept.id, stale.id, removed.id, marked.id])
        assert [page.deleted_at for page in found] == [later, None, FUTURE, FUTURE]

    @pytest.mark.parametrize("overwrite", [False, True])
    @pytest.mark.parametrize("mapping", [DraftMapping, ComparedDraftMapping])
    def test_without_a_version_mark_whatever_is_stored(
        self, world: World, mapping: Any, overwrite: bool
    ) -> None:
        """Nothing is demanded but that it is there, unmarked; nothing else is as good as removed."""
        drafts: Repository[Draft] = world.repository(mapping)
        for key in "abc":
            world.elsewhere(mapping).add(Draft(key))
        world.elsewhere(mapping).remove(Draft("c"))

        with drafts.bulk(overwrite=overwrite) as bulk:
            bulk.remove(Draft("a", "other"))
            bulk.remove_all([Draft("b"), Draft("c"), Draft("nothing")])

        assert outcome(bulk) == (0, 4, {})
        assert drafts.find_many(["a", "b", "c", "nothing"]) == [None] * 4
        assert [each and each.text for each in drafts.including_deleted().find_many(["a", "nothing"])] == [
            "none",
            None,
        ]

    def test_leave_frozen_entities_as_they_are(self, world: World) -> None:
        """They are marked all the same."""
        stamps = world.repository(StampMapping)
        stamp = world.elsewhere(StampMapping).add(Stamp("s"))

        with stamps.bulk() as bulk:
            bulk.remove(stamp)

        assert stamps.including_deleted().get("s") == Stamp("s", 0, 1, FUTURE)
        assert stamp == Stamp("s")

    def test_that_overwrite_demand_no_version(self, world: World, pages: Repository[Page]) -> None:
        """Whoever holds the entity finds it changed: its version steps on."""
        held = world.elsewhere(PageMapping).add(Page("a"))

        with pages.bulk(overwrite=True) as bulk:
            bulk.remove(Page("a", version=77))

        assert outcome(bulk) == (0, 1, {})
        assert pages.including_deleted().get("a").version == 1
        with pytest.raises(StaleEntity):
            pages.update(held)

    def test_keep_what_was_the_time_to_live(self, world: World) -> None:
        """The service deletes what is marked after the time that the mapping says; restoring undoes that."""
        tickets = world.repository(KeptTicketMapping)
        end = FUTURE.replace(microsecond=0) + MONTH * 12
        for key in "ab":
            world.elsewhere(KeptTicketMapping).add(Ticket(key, expires_at=end))

        with tickets.bulk() as bulk:
            bulk.remove_key("a")
        report = tickets.scan(lambda t: t.id == "b").delete()
        again = tickets.including_deleted().scan().delete()

        assert (outcome(bulk), report.removed, again.given) == ((0, 1, {}), 1, 0)
        marked = tickets.including_deleted().get_many(["a", "b"])
        assert [each.expires_at for each in marked] == [FUTURE.replace(microsecond=0) + MONTH] * 2
        assert [tickets.restore(key).expires_at for key in "ab"] == [end, end]

    def test_make_up_for_lost_answers(self, world: World) -> None:
        """A mark is found by its commit id, whatever version it met."""
        uow, _ = world.faulty(Rule(LostAnswer(), (UpdateItem,), count=2))
        pages = world.repository(PageMapping, uow)
        held = world.elsewhere(PageMapping).add(Page("a"))
        world.elsewhere(PageMapping).add(Page("b"))

        with pages.bulk() as bulk:
            bulk.remove(held)
            bulk.remove_key("b")

        assert outcome(bulk) == (0, 2, {})
        assert [page.version for page in pages.including_deleted().get_many(["a", "b"])] == [1, 1]


class TestQueries:
    def test_delete_what_is_not_marked_yet(self, world: World, pages: Repository[Page]) -> None:
        """`Query.delete` marks its results, each under what was read of it."""
        for key in "abc":
            world.elsewhere(PageMapping).add(Page(key, "old" if key != "c" else "new"))
        world.elsewhere(PageMapping).remove(world.elsewhere(PageMapping).get("a"))

        report = pages.scan(lambda p: p.title == "old").delete()

        assert (report.given, report.removed) == (1, 1)
        assert [page.id for page in pages.scan()] == ["c"]
        assert [page.version for page in pages.including_deleted().get_many(["a", "b"])] == [1, 1]

    def test_do_not_delete_what_has_expired(self, world: World) -> None:
        """What a query does not show it does not delete; the service will."""
        sessions = world.repository(SessionMapping)
        for number in range(3):
            sessions.add(Session(f"s{number}", expires_at=FUTURE + MONTH * number))
        world.clock.now = FUTURE + MONTH

        assert sessions.scan().delete().removed == 1
        assert {each.id for each in world.repository(ShownSessionMapping).scan()} == {"s0", "s1"}

        with sessions.bulk() as bulk:
            bulk.remove_key("s0")
        assert {each.id for each in world.repository(ShownSessionMapping).scan()} == {"s1"}


class TestWrites:
    def test_of_a_marked_key_are_refused(self, world: World) -> None:
        """As by a repository: it is taken for `add`, and absent for `update` and `save`, version or not."""
        kinds: list[tuple[Any, Any]] = [
            (PageMapping, Page),
            (DraftMapping, Draft),
            (HiddenTicketMapping, Ticket),
        ]
        for mapping, made in kinds:
            entities: Repository[Any] = world.repository(mapping)
            held = [world.elsewhere(mapping).add(made(key)) for key in "abc"]
            for each in held:
                world.elsewhere(mapping).remove(replace(each))

            with entities.bulk(raise_on_failure=False) as bulk:
                bulk.add(held[0])
                bulk.update(held[1])
                bulk.save(held[2])

            gone = EntityGone if made is Draft else StaleEntity
            assert outcome(bulk) == (0, 0, {"a": EntityExists, "b": gone, "c": EntityGone})
            assert entities.find_many(["a", "b", "c"]) == [None] * 3

    def test_that_overwrite_take_the_place_of_what_is_marked(
        self, world: World, pages: Repository[Page]
    ) -> None:
        """They demand nothing, so that an import replaces removed entities too."""
        removed = world.elsewhere(PageMapping).add(Page("a"))
        world.elsewhere(PageMapping).remove(removed)

        with pages.bulk(overwrite=True) as bulk:
            bulk.save(Page("a", "anew"))

        assert outcome(bulk) == (1, 0, {})
        assert (pages.get("a").title, pages.get("a").deleted_at) == ("anew", None)
