"""The plan of patches: alone, and beside a change of the same entity."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from persistence.attributes import Item
from persistence.commit_plan import Creations, Kind, PlannedAction, plan, plan_mark, plan_patch
from persistence.errors import QueryError, UnitOfWorkStateError
from persistence.expressions import (
    AttributeExists,
    AttributeNotExists,
    Compare,
    Condition,
    IfNotExists,
    Path,
    Plus,
    Set,
    UpdateAction,
    Value,
    all_of,
    equals,
)
from persistence.mapping import EntityMapping, mapping_of
from persistence.operations import PutItem, UpdateItem
from persistence.patches import Patch
from persistence.store import AWS_LIMITS
from persistence.tracking import IdentityMap, Intent, Tracked, identity_of
from tests.semantics.model import (
    BuyerMapping,
    Note,
    NoteMapping,
    Seat,
    SeatMapping,
    SettingMapping,
)
from tests.semantics.removable import (
    MONTH,
    Draft,
    DraftMapping,
    KeptTicketMapping,
    PageMapping,
    SessionMapping,
    Stamp,
    StampMapping,
    Ticket,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
NOW_TEXT = {"S": "2026-01-02T03:04:05.000006Z"}
NOW_SECONDS = {"N": str(int(NOW.timestamp()))}
LONG_AGO = {"S": "2025-01-02T03:04:05.000006Z"}
KEY: Item = {"id": {"S": "1"}}
NOTE: Item = {**KEY, "title": {"S": "a"}, "version": {"N": "3"}, "created_at": LONG_AGO}
SEAT: Item = {**KEY, "holder": {"S": "a"}, "version": {"N": "3"}, "version_incarnation": {"S": "first"}}
SETTING: Item = {**KEY, "value": {"S": "a"}, "lines": {"L": []}}

NOTES, SEATS, SETTINGS = mapping_of(NoteMapping), mapping_of(SeatMapping), mapping_of(SettingMapping)
BUYERS, PAGES, DRAFTS = mapping_of(BuyerMapping), mapping_of(PageMapping), mapping_of(DraftMapping)
SESSIONS, STAMPS = mapping_of(SessionMapping), mapping_of(StampMapping)

VERSION = Path.of("version")
IS_VERSION_3 = equals(VERSION, {"N": "3"})
IS_THERE, IS_FREE = AttributeExists(Path.of("id")), AttributeNotExists(Path.of("id"))
BUYER_KEY: Item = {"PK": {"S": "BUYER#1"}, "SK": {"S": "PROFILE"}}
IS_BUYER = equals(Path.of("_type"), {"S": "Buyer"})
WAS_CREATED = equals(Path.of("created_at"), LONG_AGO)
HAS_BODY = AttributeExists(Path.of("body"))


def sets(name: str, value: dict[str, Any]) -> Set:
    return Set(Path.of(name), Value(value))


def if_none(name: str, value: dict[str, Any]) -> Set:
    return Set(Path.of(name), IfNotExists(Path.of(name), Value(value)))


def stepped(before: str) -> Set:
    return Set(VERSION, Plus(IfNotExists(VERSION, Value({"N": before})), Value({"N": "1"})))


TITLE = sets("title", {"S": "p"})
HOLDER = sets("holder", {"S": "p"})
VALUE = sets("value", {"S": "p"})


def patch_of(mapping: EntityMapping[Any], *actions: UpdateAction, **more: Any) -> Patch[Any]:
    key = BUYER_KEY if mapping is BUYERS else KEY
    return Patch(mapping, key, actions, **more)


def alone(patch: Patch[Any]) -> PlannedAction[Any]:
    return plan_patch(patch, lambda: NOW, AWS_LIMITS, lambda: "random")


ALONE: list[tuple[Patch[Any], Condition | None, tuple[UpdateAction, ...]]] = [
    (patch_of(NOTES, TITLE), IS_THERE, (TITLE, stepped("0"), sets("updated_at", NOW_TEXT))),
    (
        patch_of(NOTES, TITLE, upsert=True, fill_ins=(sets("score", {"N": "0"}),)),
        None,
        (
            TITLE,
            sets("score", {"N": "0"}),
            stepped("-1"),
            if_none("created_at", NOW_TEXT),
            sets("updated_at", NOW_TEXT),
        ),
    ),
    (
        patch_of(NOTES, TITLE, expected_version=3),
        IS_THERE & IS_VERSION_3,
        (TITLE, stepped("0"), sets("updated_at", NOW_TEXT)),
    ),
    (
        patch_of(NOTES, TITLE, expected_version=0),
        IS_THERE & (equals(VERSION, {"N": "0"}) | AttributeNotExists(VERSION)),
        (TITLE, stepped("0"), sets("updated_at", NOW_TEXT)),
    ),
    (
        patch_of(NOTES, TITLE, condition=HAS_BODY),
        IS_THERE & HAS_BODY,
        (TITLE, stepped("0"), sets("updated_at", NOW_TEXT)),
    ),
    (patch_of(SEATS, HOLDER), IS_THERE, (HOLDER, stepped("0"))),
    (
        patch_of(SEATS, HOLDER, upsert=True),
        None,
        (HOLDER, stepped("-1"), if_none("version_incarnation", {"S": "random"})),
    ),
    (patch_of(SETTINGS, VALUE), IS_THERE, (VALUE,)),
    (
        patch_of(BUYERS, sets("name", {"S": "p"})),
        AttributeExists(Path.of("PK")) & IS_BUYER,
        (sets("name", {"S": "p"}), stepped("0")),
    ),
    (
        patch_of(BUYERS, sets("name", {"S": "p"}), upsert=True),
        AttributeNotExists(Path.of("PK")) | IS_BUYER,
        (sets("name", {"S": "p"}), stepped("-1")),
    ),
    (
        patch_of(PAGES, TITLE),
        IS_THERE & AttributeNotExists(Path.of("deletedAt")),
        (TITLE, stepped("0"), sets("updated_at", NOW_TEXT)),
    ),
    (
        patch_of(SESSIONS, sets("user", {"S": "p"})),
        IS_THERE & ~Compare("<=", Path.of("expires_at"), Value(NOW_SECONDS)),
        (sets("user", {"S": "p"}), stepped("0")),
    ),
]


class TestAlone:
    @pytest.mark.parametrize(("patch", "condition", "actions"), ALONE)
    def test_is_one_update(
        self, patch: Patch[Any], condition: Condition | None, actions: tuple[UpdateAction, ...]
    ) -> None:
        """Version and time move along; a patch demands existence, unless it may make the item."""
        planned = alone(patch)

        assert planned.action == UpdateItem(
            patch.mapping.table, patch.key, actions, condition, item_on_failure=condition is not None
        )
        assert (planned.kind, planned.mapping, planned.key) == (Kind.PATCH, patch.mapping, patch.key)
        assert (planned.tracked, planned.entity, planned.encoded, planned.stored) == (None,) * 4
        assert planned.patch is patch
        assert planned.expected_version == patch.expected_version

    @pytest.mark.parametrize(
        ("mapping", "seen"),
        [
            (NOTES, None),
            (PAGES, AttributeNotExists(Path.of("deletedAt"))),
            (SESSIONS, ~Compare("<=", Path.of("expires_at"), Value(NOW_SECONDS))),
        ],
    )
    def test_says_what_readers_see(self, mapping: EntityMapping[Any], seen: Condition | None) -> None:
        """So that a refusal can tell what is hidden from what is otherwise."""
        assert alone(patch_of(mapping, VALUE)).seen == seen

    def test_names_what_it_does(self) -> None:
        assert repr(alone(patch_of(NOTES, TITLE))) == "<patch Note '1' title>"

    @pytest.mark.parametrize("count", [100, 400])
    def test_that_no_request_holds_is_refused(self, count: int) -> None:
        """With what is too much of it; one that is long, but fits, is not."""
        actions = [sets(f"attribute{number}", {"N": "1"}) for number in range(count)]

        if count == 100:
            assert len(alone(patch_of(SETTINGS, *actions)).action.actions) == count  # type: ignore[union-attr]  # it is an update
            return
        with pytest.raises(QueryError) as refused:
            alone(patch_of(SETTINGS, *actions))
        assert str(refused.value).startswith("the patch of Setting '1' is too much for one request: ")

    def test_that_demands_what_no_request_holds_is_refused(self) -> None:
        conditions = [Compare("=", Path.of(f"a{number}"), Value({"N": "1"})) for number in range(301)]
        patch = patch_of(SETTINGS, VALUE, condition=all_of(*conditions))

        with pytest.raises(QueryError, match=r"^the patch of Setting '1' is too much for one request: "):
            alone(patch)


def planned(entities: IdentityMap, *, checked: bool = False) -> tuple[PlannedAction[Any], ...]:
    return plan(entities, lambda: NOW, AWS_LIMITS, ids=lambda: "random", checked=checked).actions


def noted(entities: IdentityMap, item: Item = NOTE) -> Note:
    note = entities.load(NOTES, item)
    assert note is not None
    return note


class TestInAUnit:
    def test_of_what_is_held_unchanged_is_a_patch(self) -> None:
        """The entity is to be read again afterwards; until then it is as it was."""
        entities = IdentityMap()
        noted(entities)
        (tracked,) = entities
        entities.patch(patch_of(NOTES, TITLE))
        commit = plan(entities, lambda: NOW, AWS_LIMITS)
        (action,) = commit.actions

        commit.absorb(entities)

        assert (action.kind, action.action.condition, action.tracked) == (Kind.PATCH, IS_THERE, tracked)
        assert (tracked.intent, tracked.changed) == (Intent.EXPIRED, False)

    def test_comes_behind_the_writes_of_entities(self) -> None:
        """In the order in which patches were asked for."""
        entities = IdentityMap()
        entities.patch(Patch(SETTINGS, {"id": {"S": "9"}}, (VALUE,)))
        entities.patch(Patch(SETTINGS, {"id": {"S": "8"}}, (VALUE,)))
        noted(entities).body = "x"

        assert [repr(each) for each in planned(entities)] == [
            "<update Note '1' body>",
            "<patch Setting '9' value>",
            "<patch Setting '8' value>",
        ]

    def test_beside_a_change_is_one_update(self) -> None:
        """Actions concatenated, conditions joined by AND, one version step."""
        entities = IdentityMap()
        noted(entities).body = "x"
        (tracked,) = entities
        patch = patch_of(NOTES, TITLE, condition=HAS_BODY)
        entities.patch(patch)

        (action,) = planned(entities)

        assert action.action == UpdateItem(
            NOTES.table,
            KEY,
            (
                sets("body", {"S": "x"}),
                TITLE,
                sets("version", {"N": "4"}),
                sets("updated_at", NOW_TEXT),
            ),
            all_of(IS_VERSION_3, WAS_CREATED, HAS_BODY),
            item_on_failure=True,
        )
        assert (action.kind, action.patch, action.stored) == (Kind.UPDATE, patch, None)
        assert (action.expected_version, action.new_version) == (3, 4)
        assert repr(action) == "<update Note '1' body, title>"
        assert action.tracked is tracked

    def test_beside_a_change_leaves_the_entity_to_be_read_again(self) -> None:
        entities = IdentityMap()
        noted(entities).body = "x"
        (tracked,) = entities
        entities.patch(patch_of(NOTES, TITLE))

        plan(entities, lambda: NOW, AWS_LIMITS).absorb(entities)

        assert (tracked.known, tracked.changed, tracked.entity.version) == (False, False, 3)

    def test_overlapping_a_change_is_refused(self) -> None:
        entities = IdentityMap()
        noted(entities).title = "b"
        entities.patch(patch_of(NOTES, TITLE))

        with pytest.raises(QueryError, match="can't change both title and title"):
            planned(entities)

    @pytest.mark.parametrize("changed", [False, True])
    @pytest.mark.parametrize("version", [2, 3, 4, 0])
    def test_that_expects_another_version_than_was_loaded_is_refused(
        self, version: int, changed: bool
    ) -> None:
        """Before anything is sent."""
        entities = IdentityMap()
        note = noted(entities)
        if changed:
            note.body = "x"
        entities.patch(patch_of(NOTES, TITLE, expected_version=version))

        if version == 3:
            assert len(planned(entities)) == 1
            return
        with pytest.raises(UnitOfWorkStateError) as refused:
            planned(entities)
        assert str(refused.value) == (
            f"patch: Note '1' is expected in version {version}, but this unit has loaded version 3; one of "
            "them is wrong. Read it in a new unit, or leave out if_version()"
        )

    def test_may_expect_the_first_version_of_what_has_none(self) -> None:
        """An item that never had a version reads as version 0."""
        entities = IdentityMap()
        noted(entities, KEY)
        entities.patch(patch_of(NOTES, TITLE, expected_version=0))

        (action,) = planned(entities)

        assert action.expected_version == 0

    def test_may_expect_any_version_of_what_is_to_be_read_again(self) -> None:
        """Only the store knows which one it has."""
        entities = IdentityMap()
        noted(entities)
        (tracked,) = entities
        tracked.intent = Intent.EXPIRED
        entities.patch(patch_of(NOTES, TITLE, expected_version=7))

        (action,) = planned(entities)

        assert (action.expected_version, action.action.condition) == (
            7,
            IS_THERE & equals(VERSION, {"N": "7"}),
        )

    def test_of_what_is_marked_as_deleted_is_refused(self) -> None:
        """It takes that for absent."""
        entities = IdentityMap()
        entities.load(PAGES, {**KEY, "version": {"N": "3"}, "deletedAt": LONG_AGO})
        entities.patch(patch_of(PAGES, TITLE))

        with pytest.raises(UnitOfWorkStateError) as refused:
            planned(entities)

        assert str(refused.value) == (
            "patch: Page '1' is marked as deleted, and a patch takes it for absent; restore it first"
        )

    def test_of_what_the_unit_holds_does_not_see_it_expire(self) -> None:
        """Only what it has not read, or has to read again, may have expired."""
        entities = IdentityMap()
        entities.load(SESSIONS, {**KEY, "version": {"N": "3"}, "expires_at": {"N": "5"}})
        (tracked,) = entities
        entities.patch(patch_of(SESSIONS, sets("user", {"S": "p"})))

        (held,) = planned(entities)
        tracked.intent = Intent.EXPIRED
        (expired,) = planned(entities)

        assert (held.seen, held.action.condition) == (None, IS_THERE)
        assert expired.seen == ~Compare("<=", Path.of("expires_at"), Value(NOW_SECONDS))


class TestAtOnce:
    """What is planned outside any unit."""

    def test_a_new_entity_is_a_put(self) -> None:
        seat = Seat("1", "a", version=9)

        action = Creations(SEATS, lambda: NOW, AWS_LIMITS, lambda: "random").plan(seat)

        item = {**KEY, "holder": {"S": "a"}, "version": {"N": "0"}, "version_incarnation": {"S": "random"}}
        assert action.action == PutItem(SEATS.table, item)
        assert (action.kind, action.entity, action.new_version) == (Kind.OVERWRITE, seat, 0)

    def test_a_new_entity_that_removals_mark_shows_no_mark(self) -> None:
        """Whatever it says itself."""
        action = Creations(STAMPS, lambda: NOW, AWS_LIMITS, lambda: "").plan(Stamp("1", deleted_at=NOW))

        assert isinstance(action.action, PutItem)
        assert action.action.item == {**KEY, "value": {"N": "0"}, "version": {"N": "0"}}
        assert action.roles == {"version": 0, "deleted_at": None}

    @pytest.mark.parametrize(
        ("mapping", "entity", "condition", "actions", "shown"),
        [
            (
                STAMPS,
                Stamp("1"),
                IS_THERE & AttributeNotExists(Path.of("deleted_at")),
                (sets("deleted_at", NOW_TEXT), stepped("0")),
                {"deleted_at": NOW},
            ),
            (
                DRAFTS,
                Draft("1"),
                IS_THERE & AttributeNotExists(Path.of("deleted_at")),
                (sets("deleted_at", NOW_TEXT),),
                {},
            ),
            (
                mapping_of(KeptTicketMapping),
                Ticket("1"),
                IS_THERE & AttributeNotExists(Path.of("deleted_at")),
                (
                    sets("deleted_at", NOW_TEXT),
                    Set(
                        Path.of("deleted_at_former_time_to_live"),
                        IfNotExists(Path.of("expires_at"), Value({"NULL": True})),
                    ),
                    sets("expires_at", {"N": str(int((NOW + MONTH).timestamp()))}),
                    stepped("0"),
                ),
                {"deleted_at": NOW},
            ),
        ],
    )
    def test_a_mark_is_an_update_of_whatever_is_stored(
        self,
        mapping: EntityMapping[Any],
        entity: object,
        condition: Condition,
        actions: tuple[UpdateAction, ...],
        shown: dict[str, object],
    ) -> None:
        """Unless that is marked already."""
        tracked = Tracked(mapping, identity_of(mapping, KEY), KEY, entity, Intent.REMOVE, None)

        action = plan_mark(tracked, lambda: NOW, AWS_LIMITS, lambda: "")

        assert action.action == UpdateItem(mapping.table, KEY, actions, condition, item_on_failure=True)
        assert (action.kind, action.roles) == (Kind.MARK, shown)
