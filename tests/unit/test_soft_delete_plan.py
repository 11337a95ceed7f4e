"""The plan of a commit for entities that removals mark: which action, on which condition, in which words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from persistence.commit_plan import CommitPlan, plan, plan_patch
from persistence.errors import UnitOfWorkStateError
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
)
from persistence.mapping import EntityMapping, mapping_of
from persistence.operations import ConditionCheck, DeleteItem, PutItem, TransactAction, UpdateItem
from persistence.patches import Patch
from persistence.store import AWS_LIMITS
from persistence.tracking import IdentityMap, State, Tracked
from persistence.visibility import USUAL, Visibility
from tests.semantics.removable import (
    FUTURE,
    MONTH,
    ComparedDraftMapping,
    Draft,
    DraftMapping,
    HiddenTicketMapping,
    KeptTicketMapping,
    Stamp,
    StampMapping,
    Ticket,
)

STAMPS, DRAFTS, TICKETS = mapping_of(StampMapping), mapping_of(DraftMapping), mapping_of(KeptTicketMapping)
KEY = {"id": {"S": "1"}}
NOW = {"S": "2100-01-02T03:04:05.000006Z"}
EARLIER = {"S": "2099-01-01T00:00:00.000000Z"}
IN_A_MONTH = {"N": str(int((FUTURE + MONTH).timestamp()))}

STAMP = {**KEY, "value": {"N": "1"}, "version": {"N": "3"}}
MARKED_STAMP = {**STAMP, "deleted_at": EARLIER}
DRAFT = {**KEY, "text": {"S": "a"}}
MARKED_DRAFT = {**DRAFT, "deleted_at": EARLIER}
TICKET = {**KEY, "seat": {"S": "a"}, "version": {"N": "3"}}
KEPT_TICKET = {
    **TICKET,
    "deleted_at": EARLIER,
    "expires_at": {"N": "5000000000"},
    "deleted_at_former_time_to_live": {"N": "6000000000"},
}

VERSION, MARK, EXPIRY = Path.of("version"), Path.of("deleted_at"), Path.of("expires_at")
FORMER = Path.of("deleted_at_former_time_to_live")
IS_VERSION_3 = Compare("=", VERSION, Value({"N": "3"}))
IS_FREE, IS_THERE = AttributeNotExists(Path.of("id")), AttributeExists(Path.of("id"))
UNMARKED, MARKED = AttributeNotExists(MARK), AttributeExists(MARK)
WAS_MARKED = Compare("=", MARK, Value(EARLIER))

VERSION_4 = Set(VERSION, Value({"N": "4"}))
MARKING = Set(MARK, Value(NOW))


def stamp(entities: IdentityMap) -> Tracked[Stamp]:
    return loaded(entities, STAMPS, STAMP)


def marked_stamp(entities: IdentityMap) -> Tracked[Stamp]:
    return loaded(entities, STAMPS, MARKED_STAMP)


def loaded(entities: IdentityMap, mapping: EntityMapping[Any], item: dict[str, Any]) -> Tracked[Any]:
    entities.load(mapping, item)
    (tracked,) = entities
    return tracked


def removed(entities: IdentityMap) -> None:
    entities.remove(STAMPS, stamp(entities).entity)


def removed_detached(entities: IdentityMap) -> None:
    entities.remove(STAMPS, Stamp("1", version=3))


def removed_and_added(entities: IdentityMap) -> None:
    removed(entities)
    entities.add(STAMPS, Stamp("1", 2, deleted_at=FUTURE))


def removed_and_restored(entities: IdentityMap) -> None:
    tracked = stamp(entities)
    entities.remove(STAMPS, tracked.entity)
    entities.restore(tracked, None)


def added_and_removed(entities: IdentityMap) -> None:
    new = Stamp("1")
    entities.add(STAMPS, new)
    entities.remove(STAMPS, new)


def watched(entities: IdentityMap) -> None:
    marked_stamp(entities)


def changed(entities: IdentityMap) -> None:
    entities.update(STAMPS, replace(marked_stamp(entities).entity, value=2))


def saved(entities: IdentityMap) -> None:
    entities.save(STAMPS, Stamp("1", 2))


def restored(entities: IdentityMap) -> None:
    entities.restore(marked_stamp(entities), None)


def restored_and_changed(entities: IdentityMap) -> None:
    restored(entities)
    (tracked,) = entities
    entities.update(STAMPS, replace(tracked.entity, value=2))


def restored_and_removed(entities: IdentityMap) -> None:
    restored(entities)
    (tracked,) = entities
    entities.remove(STAMPS, tracked.entity)


def purged(entities: IdentityMap) -> None:
    entities.purge(marked_stamp(entities), None, None)


def purged_and_added(entities: IdentityMap) -> None:
    purged(entities)
    entities.add(STAMPS, Stamp("1", 2))


def purged_and_restored(entities: IdentityMap) -> None:
    purged(entities)
    (tracked,) = entities
    entities.restore(tracked, None)


def added_and_purged(entities: IdentityMap) -> None:
    entities.add(STAMPS, Stamp("1"))
    (tracked,) = entities
    entities.purge(tracked, None, None)


def draft_removed(entities: IdentityMap) -> None:
    entities.remove(DRAFTS, loaded(entities, DRAFTS, DRAFT).entity)


def draft_removed_detached(entities: IdentityMap) -> None:
    entities.remove(DRAFTS, Draft("1"))


def draft_updated_detached(entities: IdentityMap) -> None:
    entities.update(DRAFTS, Draft("1", "b"))


def draft_restored(entities: IdentityMap) -> None:
    entities.restore(loaded(entities, DRAFTS, MARKED_DRAFT), None)


def draft_purged(entities: IdentityMap) -> None:
    entities.purge(loaded(entities, DRAFTS, MARKED_DRAFT), None, None)


def ticket_removed(entities: IdentityMap) -> None:
    entities.remove(TICKETS, loaded(entities, TICKETS, TICKET).entity)


def ticket_purged_later(entities: IdentityMap) -> None:
    entities.purge(loaded(entities, TICKETS, KEPT_TICKET), None, MONTH)


def ticket_restored(entities: IdentityMap) -> None:
    entities.restore(loaded(entities, TICKETS, KEPT_TICKET), None)


def ticket_restored_anew(entities: IdentityMap) -> None:
    tracked = loaded(entities, TICKETS, KEPT_TICKET)
    entities.restore(tracked, None)
    tracked.entity.expires_at = FUTURE + MONTH


def put(value: int, version: int, condition: Condition) -> PutItem:
    item = {**KEY, "value": {"N": str(value)}, "version": {"N": str(version)}}
    return PutItem(STAMPS.table, item, condition, item_on_failure=True)


def update(condition: Condition, *actions: UpdateAction, of: EntityMapping[Any] = STAMPS) -> UpdateItem:
    return UpdateItem(of.table, KEY, actions, condition, item_on_failure=True)


def delete(condition: Condition, of: EntityMapping[Any] = STAMPS) -> DeleteItem:
    return DeleteItem(of.table, KEY, condition, item_on_failure=True)


def number(path: str, value: int) -> Set:
    return Set(Path.of(path), Value({"N": str(value)}))


def planned(entities: IdentityMap, *, checked: bool = False) -> CommitPlan:
    return plan(entities, lambda: FUTURE, AWS_LIMITS, checked=checked)


STEP = Set(VERSION, Plus(IfNotExists(VERSION, Value({"N": "-1"})), Value({"N": "1"})))
KEEP_FORMER = Set(FORMER, IfNotExists(EXPIRY, Value({"NULL": True})))

PENDING: list[tuple[Callable[[IdentityMap], None], str, TransactAction | None]] = [
    (removed, "<mark as deleted Stamp '1'>", update(IS_VERSION_3, MARKING, VERSION_4)),
    (removed_detached, "<mark as deleted Stamp '1'>", update(IS_VERSION_3 & UNMARKED, MARKING, VERSION_4)),
    (removed_and_added, "<replace Stamp '1'>", put(2, 4, IS_VERSION_3)),
    (removed_and_restored, "", None),
    (added_and_removed, "", None),
    (watched, "", None),
    (changed, "<update Stamp '1' value>", update(IS_VERSION_3, number("value", 2), VERSION_4)),
    (saved, "<overwrite Stamp '1'>", update(UNMARKED, number("value", 2), STEP)),
    (restored, "<restore Stamp '1' deleted_at>", update(IS_VERSION_3, Remove(MARK), VERSION_4)),
    (
        restored_and_changed,
        "<restore Stamp '1' value, deleted_at>",
        update(IS_VERSION_3, number("value", 2), Remove(MARK), VERSION_4),
    ),
    (restored_and_removed, "", None),
    (purged, "<purge Stamp '1'>", delete(IS_VERSION_3)),
    (purged_and_added, "<replace Stamp '1'>", put(2, 4, IS_VERSION_3)),
    (purged_and_restored, "<restore Stamp '1' deleted_at>", update(IS_VERSION_3, Remove(MARK), VERSION_4)),
    (added_and_purged, "", None),
    (draft_removed, "<mark as deleted Draft '1'>", update(IS_THERE & UNMARKED, MARKING, of=DRAFTS)),
    (draft_removed_detached, "<mark as deleted Draft '1'>", update(IS_THERE & UNMARKED, MARKING, of=DRAFTS)),
    (
        draft_updated_detached,
        "<update Draft '1'>",
        update(IS_THERE & UNMARKED, Set(Path.of("text"), Value({"S": "b"})), of=DRAFTS),
    ),
    (draft_restored, "<restore Draft '1' deleted_at>", update(WAS_MARKED, Remove(MARK), of=DRAFTS)),
    (draft_purged, "<purge Draft '1'>", delete(WAS_MARKED, of=DRAFTS)),
    (
        ticket_removed,
        "<mark as deleted Ticket '1'>",
        update(IS_VERSION_3, MARKING, KEEP_FORMER, Set(EXPIRY, Value(IN_A_MONTH)), VERSION_4, of=TICKETS),
    ),
    (
        ticket_purged_later,
        "<purge later Ticket '1'>",
        update(IS_VERSION_3, Set(EXPIRY, Value(IN_A_MONTH)), VERSION_4, of=TICKETS),
    ),
    (
        ticket_restored,
        "<restore Ticket '1' deleted_at, deleted_at_former_time_to_live, expires_at>",
        update(
            IS_VERSION_3,
            Remove(MARK),
            Remove(FORMER),
            Set(EXPIRY, Value({"N": "6000000000"})),
            VERSION_4,
            of=TICKETS,
        ),
    ),
    (
        ticket_restored_anew,
        "<restore Ticket '1' expires_at, deleted_at, deleted_at_former_time_to_live>",
        update(
            IS_VERSION_3,
            Set(EXPIRY, Value(IN_A_MONTH)),
            Remove(MARK),
            Remove(FORMER),
            VERSION_4,
            of=TICKETS,
        ),
    ),
]


class TestPending:
    @pytest.mark.parametrize(
        ("prepare", "text", "expected"), PENDING, ids=[prepare.__name__ for prepare, *_ in PENDING]
    )
    def test_is_at_most_one_action(
        self, prepare: Callable[[IdentityMap], None], text: str, expected: TransactAction | None
    ) -> None:
        """The state of an entity decides on its one action, on what that demands, and on its word."""
        entities = IdentityMap()
        prepare(entities)

        actions = planned(entities).actions

        assert [each.action for each in actions] == ([] if expected is None else [expected])
        assert " ".join(map(repr, actions)) == text

    def test_compared_demands_all_that_was_loaded(self) -> None:
        """`concurrency = "compare"`: a mark demands what a deletion does, each thing once."""
        entities, drafts = IdentityMap(), mapping_of(ComparedDraftMapping)
        entities.remove(drafts, loaded(entities, drafts, DRAFT).entity)

        (action,) = planned(entities).actions

        assert action.action.condition == Compare("=", Path.of("text"), Value({"S": "a"})) & UNMARKED


class TestPatch:
    @pytest.mark.parametrize(("upsert", "place"), [(False, IS_THERE & UNMARKED), (True, UNMARKED)])
    def test_takes_what_is_marked_for_absent(self, upsert: bool, place: Condition) -> None:
        """And never makes an item in its place."""
        patch = Patch(DRAFTS, KEY, (Set(Path.of("text"), Value({"S": "b"})),), upsert=upsert)

        action = plan_patch(patch, lambda: FUTURE, AWS_LIMITS, lambda: "").action

        assert action.condition == place


class TestStates:
    @pytest.mark.parametrize(
        ("prepare", "state", "usual", "everything"),
        [
            (removed, State.REMOVED, False, True),
            (purged, State.REMOVED, False, False),
            (watched, State.CLEAN, False, True),
            (changed, State.DIRTY, False, True),
            (restored, State.DIRTY, True, False),
            (removed_and_restored, State.CLEAN, True, False),
            (removed_and_added, State.NEW, True, False),
        ],
    )
    def test_say_who_sees_an_entity(
        self, prepare: Callable[[IdentityMap], None], state: State, usual: bool, everything: bool
    ) -> None:
        """What is not marked is seen by all, what is marked by who asks for it, what is purged by nobody."""
        entities = IdentityMap()
        prepare(entities)
        (tracked,) = entities

        seen = tracked.seen_by(USUAL), tracked.seen_by(USUAL.with_deleted)

        assert (tracked.state, seen) == (state, (usual, usual or everything))

    def test_restoring_what_was_not_read_is_refused(self) -> None:
        """Whether it is marked is known to the store alone."""
        entities = IdentityMap()
        entities.update(STAMPS, Stamp("1", version=3))
        (tracked,) = entities

        with pytest.raises(UnitOfWorkStateError, match="without having been read"):
            entities.restore(tracked, None)

    def test_restoring_what_was_removed_unread_forgets_it(self) -> None:
        """Nothing is known of it then, and nothing is written."""
        entities = IdentityMap()
        removed_detached(entities)
        (tracked,) = entities

        entities.restore(tracked, None)

        assert len(entities) == 0

    @pytest.mark.parametrize("call", ["purge", "save"])
    def test_saving_stands_beside_nothing(self, call: str) -> None:
        """An entity that is overwritten can't be purged, one that is restored can't be overwritten."""
        entities = IdentityMap()
        (saved if call == "purge" else restored)(entities)
        (tracked,) = entities

        with pytest.raises(UnitOfWorkStateError, match=f"^{call}: "):
            if call == "purge":
                entities.purge(tracked, None, None)
            else:
                entities.save(STAMPS, tracked.entity)


class TestAbsorb:
    def test_of_a_mark_shows_it_and_forgets_the_entity(self) -> None:
        """The next read looks at what is stored."""
        entities, ticket = IdentityMap(), Ticket("1", version=3)
        entities.remove(TICKETS, ticket)

        planned(entities).absorb(entities)

        assert (ticket, len(entities)) == (Ticket("1", version=4, deleted_at=FUTURE), 0)

    def test_of_a_restored_entity_leaves_it_clean(self) -> None:
        """Its time to live is what it was before the removal."""
        entities = IdentityMap()
        ticket_restored(entities)

        planned(entities).absorb(entities)

        (tracked,) = entities
        assert (tracked.state, tracked.marked) == (State.CLEAN, False)
        assert tracked.entity == Ticket("1", "a", datetime.fromtimestamp(6e9, FUTURE.tzinfo), 4)


class TestChecks:
    @pytest.mark.parametrize(
        ("shown", "expected"),
        [
            (USUAL, IS_FREE | MARKED),
            (Visibility(deleted=True), IS_FREE),
            (USUAL.live, IS_FREE | MARKED | Compare("<=", EXPIRY, Value({"N": "4102542245"}))),
        ],
    )
    def test_of_absence_allow_what_was_not_seen(self, shown: Visibility, expected: Condition) -> None:
        """What a reader does not see may be stored where it found nothing."""
        entities, tickets = IdentityMap(), mapping_of(HiddenTicketMapping)
        entities.remember_absent(tickets, KEY, shown)
        entities.add(STAMPS, Stamp("1"))

        *_, check = planned(entities, checked=True).actions

        assert check.action == ConditionCheck(tickets.table, KEY, expected, item_on_failure=True)

    def test_of_absence_is_none_where_the_entity_is_checked(self) -> None:
        """One item, one action: what was found marked afterwards is checked as it was read."""
        entities = IdentityMap()
        entities.remember_absent(DRAFTS, KEY)
        entities.load(DRAFTS, MARKED_DRAFT)
        entities.add(STAMPS, Stamp("1"))

        texts = [repr(each) for each in planned(entities, checked=True).actions]

        assert texts == ["<create Stamp '1'>", "<check Draft '1'>"]

    def test_who_sees_more_looked_for_more(self) -> None:
        """An absence counts for those who would not have seen more."""
        entities = IdentityMap()
        entities.remember_absent(DRAFTS, KEY)
        before = entities.known_absent(DRAFTS, KEY, USUAL.with_deleted)
        entities.remember_absent(DRAFTS, KEY, USUAL.with_deleted)
        entities.remember_absent(DRAFTS, KEY)
        after = entities.known_absent(DRAFTS, KEY, USUAL.with_deleted)

        assert (before, after, entities.known_absent(DRAFTS, KEY)) == (False, True, True)
