"""The plan of marks of deletions: what sets them, what takes them away, and the time to live beside them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from persistence import fields
from persistence.attributes import Item
from persistence.commit_plan import Kind, PlannedAction, plan, plan_mark
from persistence.expressions import (
    AttributeExists,
    AttributeNotExists,
    IfNotExists,
    Path,
    Remove,
    Set,
    UpdateAction,
    Value,
    all_of,
    equals,
)
from persistence.mapping import EntityMapping, MappingSchema, mapping_of
from persistence.operations import UpdateItem
from persistence.store import AWS_LIMITS
from persistence.table import Key, Table
from persistence.tracking import IdentityMap, Intent, Tracked, identity_of
from tests.semantics.removable import (
    FUTURE,
    MONTH,
    Draft,
    DraftMapping,
    KeptTicketMapping,
    Page,
    PageMapping,
    Ticket,
    TicketMapping,
)


class SharedMapping(MappingSchema[Draft]):
    class Meta:
        table = Table("shared", partition="PK")
        key = Key("DRAFT#{id}")

    deleted_at = fields.DeletedAt()


PAGES, DRAFTS = mapping_of(PageMapping), mapping_of(DraftMapping)
TICKETS, UNPURGED = mapping_of(KeptTicketMapping), mapping_of(TicketMapping)
KEY: Item = {"id": {"S": "1"}}
NOW = {"S": "2100-01-02T03:04:05.000006Z"}
EARLIER = {"S": "2099-01-01T00:00:00.000000Z"}
IN_A_MONTH = {"N": str(int((FUTURE + MONTH).timestamp()))}
TICKET: Item = {**KEY, "seat": {"S": "a"}, "version": {"N": "3"}}
EXPIRING: Item = {**TICKET, "expires_at": {"N": "6000000000"}}
REMOVED: Item = {**TICKET, "deleted_at": EARLIER}
FORMER, EXPIRY, MARK = Path.of("deleted_at_former_time_to_live"), Path.of("expires_at"), Path.of("deleted_at")


def sets(name: str, value: dict[str, Any]) -> Set:
    return Set(Path.of(name), Value(value))


STEP = sets("version", {"N": "4"})
MARKING = sets("deleted_at", NOW)
KEEPING = Set(FORMER, IfNotExists(EXPIRY, Value({"NULL": True})))
EXPIRING_IN_A_MONTH = sets("expires_at", IN_A_MONTH)


def planned(entities: IdentityMap) -> PlannedAction[Any]:
    (action,) = plan(entities, lambda: FUTURE, AWS_LIMITS).actions
    return action


def held(entities: IdentityMap, mapping: EntityMapping[Any], item: Item) -> Tracked[Any]:
    entities.load(mapping, item)
    (tracked,) = entities
    return tracked


def actions_of(action: PlannedAction[Any]) -> tuple[UpdateAction, ...]:
    assert isinstance(action.action, UpdateItem)
    return action.action.actions


class TestMarking:
    @pytest.mark.parametrize(
        ("mapping", "item", "actions"),
        [
            (TICKETS, TICKET, (MARKING, KEEPING, EXPIRING_IN_A_MONTH, STEP)),
            (TICKETS, EXPIRING, (MARKING, KEEPING, EXPIRING_IN_A_MONTH, STEP)),
            (UNPURGED, TICKET, (MARKING, STEP)),
            (UNPURGED, EXPIRING, (MARKING, STEP)),
        ],
    )
    def test_lets_the_service_delete_what_is_kept_for_some_time_only(
        self, mapping: EntityMapping[Any], item: Item, actions: tuple[UpdateAction, ...]
    ) -> None:
        """What its time to live was is kept beside the mark."""
        entities = IdentityMap()
        tracked = held(entities, mapping, item)
        entities.remove(mapping, tracked.entity)

        action = planned(entities)

        assert (actions_of(action), action.kind) == (actions, Kind.MARK)
        assert action.roles == {"version": 4, "deleted_at": FUTURE}
        assert (action.encoded, action.stored, action.expected_version) == (None, None, 3)

    def test_of_what_is_marked_shortens_its_time_only(self) -> None:
        """It was removed when it was removed."""
        entities = IdentityMap()
        tracked = held(entities, TICKETS, REMOVED)
        entities.purge(tracked, None, MONTH)

        action = planned(entities)

        assert actions_of(action) == (KEEPING, EXPIRING_IN_A_MONTH, STEP)
        assert (action.kind, action.roles) == (Kind.PURGE_LATER, {"version": 4})

    def test_keeps_it_as_long_as_the_caller_says(self) -> None:
        """Rather than as long as the mapping does."""
        entities = IdentityMap()
        tracked = held(entities, TICKETS, TICKET)
        entities.purge(tracked, None, 2 * MONTH)

        action = planned(entities)

        later = {"N": str(int((FUTURE + 2 * MONTH).timestamp()))}
        assert actions_of(action) == (MARKING, KEEPING, sets("expires_at", later), STEP)

    def test_is_not_shown_by_what_takes_the_place(self) -> None:
        """What is put in the place of a removed entity is alive, whatever it says itself."""
        entities = IdentityMap()
        tracked = held(entities, PAGES, {**KEY, "version": {"N": "3"}, "deletedAt": EARLIER})
        entities.purge(tracked, None, None)
        page = Page("1", "new", deleted_at=FUTURE)
        entities.add(PAGES, page)
        commit = plan(entities, lambda: FUTURE, AWS_LIMITS)

        commit.absorb(entities)

        assert page == Page("1", "new", 4, FUTURE, None)
        assert commit.actions[0].stored == {
            **KEY,
            "title": {"S": "new"},
            "version": {"N": "4"},
            "updated_at": NOW,
        }

    def test_unread_demands_an_entity_of_its_type(self) -> None:
        """Items of other types may have the same key."""
        shared = mapping_of(SharedMapping)
        key: Item = {"PK": {"S": "DRAFT#1"}}
        tracked = Tracked(shared, identity_of(shared, key), key, Draft("1"), Intent.REMOVE, None)

        action = plan_mark(tracked, lambda: FUTURE, AWS_LIMITS, lambda: "")

        assert action.action.condition == all_of(
            AttributeExists(Path.of("PK")), equals(Path.of("_type"), {"S": "Draft"}), AttributeNotExists(MARK)
        )

    def test_for_some_time_needs_a_time_to_live(self) -> None:
        """Of a mapping without one nothing is deleted by the service."""
        entities = IdentityMap()
        tracked = held(entities, PAGES, {**KEY, "version": {"N": "3"}})
        entities.purge(tracked, None, MONTH)

        action = planned(entities)

        assert [str(each.path) for each in actions_of(action)] == ["deletedAt", "version", "updated_at"]

    def test_is_not_stored_by_any_other_write(self) -> None:
        """Whatever the entity shows: it is removed by `remove` only."""
        entities = IdentityMap()
        entities.update(PAGES, Page("1", version=3, deleted_at=FUTURE))

        action = planned(entities)

        assert [str(each.path) for each in actions_of(action)] == ["title", "version", "updated_at"]
        assert isinstance(action.encoded, dict)
        assert "deletedAt" not in action.encoded


class TestTakingMarksAway:
    @pytest.mark.parametrize(
        ("beside", "actions", "expires_at"),
        [
            ({}, (Remove(MARK), STEP), None),
            ({"expires_at": {"N": "6000000000"}}, (Remove(MARK), STEP), 6000000000),
            (
                {
                    "expires_at": {"N": "5000000000"},
                    "deleted_at_former_time_to_live": {"N": "6000000000"},
                },
                (Remove(MARK), Remove(FORMER), sets("expires_at", {"N": "6000000000"}), STEP),
                6000000000,
            ),
            (
                {"expires_at": {"N": "5000000000"}, "deleted_at_former_time_to_live": {"NULL": True}},
                (Remove(MARK), Remove(FORMER), Remove(EXPIRY), STEP),
                None,
            ),
        ],
        ids=["without", "kept", "had another", "had none"],
    )
    def test_gives_the_time_to_live_back(
        self, beside: Item, actions: tuple[UpdateAction, ...], expires_at: int | None
    ) -> None:
        """That which the deletion has replaced: another one, or none."""
        entities = IdentityMap()
        tracked = held(entities, TICKETS, {**REMOVED, **beside})
        entities.restore(tracked, None)
        commit = plan(entities, lambda: FUTURE, AWS_LIMITS)
        (action,) = commit.actions
        stored = action.stored

        commit.absorb(entities)

        assert (actions_of(action), action.kind) == (actions, Kind.RESTORE)
        expiry = None if expires_at is None else {"N": str(expires_at)}
        assert stored == {
            **TICKET,
            "version": {"N": "4"},
            **({} if expiry is None else {"expires_at": expiry}),
        }
        seen = None if expires_at is None else datetime.fromtimestamp(expires_at, UTC)
        assert tracked.entity == Ticket("1", "a", seen, 4)
        assert plan(entities, lambda: FUTURE, AWS_LIMITS).actions == ()

    def test_says_what_was_stored(self) -> None:
        """Each change knows the value that it replaces, as a conflict tells it."""
        entities = IdentityMap()
        beside: Item = {
            "expires_at": {"N": "5000000000"},
            "deleted_at_former_time_to_live": {"N": "6000000000"},
        }
        tracked = held(entities, TICKETS, {**REMOVED, **beside})
        entities.restore(tracked, None)

        action = planned(entities)

        assert {str(change.path): change.stored for change in action.changed} == {
            "deleted_at": EARLIER,
            **beside,
        }

    def test_keeps_a_new_time_to_live(self) -> None:
        """What the application has set meanwhile counts."""
        entities = IdentityMap()
        beside: Item = {
            "expires_at": {"N": "5000000000"},
            "deleted_at_former_time_to_live": {"N": "6000000000"},
        }
        tracked = held(entities, TICKETS, {**REMOVED, **beside})
        entities.restore(tracked, None)
        tracked.entity.expires_at = FUTURE + MONTH

        commit = plan(entities, lambda: FUTURE, AWS_LIMITS)
        commit.absorb(entities)

        assert tracked.entity.expires_at == FUTURE + MONTH
        assert commit.actions[0].stored == {**TICKET, "version": {"N": "4"}, "expires_at": IN_A_MONTH}

    def test_of_an_entity_that_does_not_show_it(self) -> None:
        """The mark is in the table only; without a version it is demanded as it was read."""
        entities = IdentityMap()
        tracked = held(entities, DRAFTS, {**KEY, "text": {"S": "a"}, "deleted_at": EARLIER})
        entities.restore(tracked, None)

        commit = plan(entities, lambda: FUTURE, AWS_LIMITS)
        commit.absorb(entities)

        assert (tracked.entity, tracked.marked) == (Draft("1", "a"), False)
        assert commit.actions[0].roles == {}

    @pytest.mark.parametrize(
        ("mapping", "entity", "vanishing"),
        [
            (TICKETS, Ticket("1", "b", version=2), (Remove(MARK), Remove(FORMER))),
            (PAGES, Page("1", "b", version=2), (Remove(Path.of("deletedAt")),)),
        ],
    )
    def test_of_what_is_written_in_another_version(
        self, mapping: EntityMapping[Any], entity: Any, vanishing: tuple[Remove, ...]
    ) -> None:
        """All that may be there of it vanishes, on the condition of the version that was given."""
        entities = IdentityMap()
        item = REMOVED if mapping is TICKETS else {**KEY, "version": {"N": "3"}, "deletedAt": EARLIER}
        tracked = held(entities, mapping, item)
        entities.restore(tracked, entity)

        action = planned(entities)

        assert action.kind is Kind.RESTORE
        assert tuple(each for each in actions_of(action) if each in vanishing) == vanishing
        assert (action.expected_version, action.new_version) == (2, 3)


class TestDetached:
    def test_removal_demands_that_nobody_has_marked_it(self) -> None:
        """Its version may be that of an entity which was marked when it was read elsewhere."""
        entities = IdentityMap()
        entities.remove(PAGES, Page("1", version=3))

        condition = planned(entities).action.condition

        assert AttributeNotExists(Path.of("deletedAt")) in getattr(condition, "conditions", ())
