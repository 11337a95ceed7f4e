"""What a commit plans for one entity: the action, what it demands, and what the entity gets afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from marshmallow import post_dump

from persistence.attributes import Item, item_size
from persistence.commit_plan import Kind, PlannedAction, plan
from persistence.errors import (
    ItemTooLarge,
    KeyChanged,
    StaleEntity,
    TransactionTooLarge,
    UnitOfWorkStateError,
    ValidationFailed,
)
from persistence.expressions import (
    AttributeExists,
    AttributeNotExists,
    Condition,
    IfNotExists,
    Path,
    Plus,
    Remove,
    Set,
    UpdateAction,
    Value,
    all_of,
    equals,
)
from persistence.mapping import EntityMapping, MappingSchema, mapping_of
from persistence.operations import DeleteItem, PutItem, TransactAction, UpdateItem
from persistence.store import AWS_LIMITS, Limits
from persistence.table import Key
from persistence.tracking import IdentityMap, Intent, Loaded, State, Tracked
from tests.semantics.model import (
    Account,
    AccountMapping,
    Buyer,
    BuyerMapping,
    ComparedSettingMapping,
    HiddenMapping,
    Note,
    NoteMapping,
    Seat,
    SeatMapping,
    Setting,
    SettingMapping,
)


@dataclass
class Bare:
    """Nothing but a key."""

    id: str


class BareMapping(MappingSchema[Bare]):
    class Meta:
        table = "bare"
        key = Key("id")


class HookedMapping(BareMapping):
    @post_dump
    def finish(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {**data, "label": f"of {data['id']}"}


NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
NOW_TEXT = {"S": "2026-01-02T03:04:05.000006Z"}
LONG_AGO = {"S": "2025-01-02T03:04:05.000006Z"}
KEY = {"id": {"S": "1"}}
NOTE: Item = {
    **KEY,
    "title": {"S": "a"},
    "lines": {"L": []},
    "score": {"N": "0"},
    "extra": {"M": {}},
    "version": {"N": "3"},
    "created_at": LONG_AGO,
    "updated_at": LONG_AGO,
}
SEAT: Item = {**KEY, "holder": {"S": "a"}, "version": {"N": "3"}, "version_incarnation": {"S": "first"}}
ACCOUNT: Item = {**KEY, "balance": {"N": "1"}, "version": {"N": "3"}}
SETTING: Item = {**KEY, "value": {"S": "a"}, "lines": {"L": []}}

NOTES, SEATS, BUYERS = mapping_of(NoteMapping), mapping_of(SeatMapping), mapping_of(BuyerMapping)
HIDDEN, SETTINGS, ACCOUNTS = mapping_of(HiddenMapping), mapping_of(SettingMapping), mapping_of(AccountMapping)
COMPARED = mapping_of(ComparedSettingMapping)

VERSION = Path.of("version")
IS_VERSION_3 = equals(VERSION, {"N": "3"})
CREATED_LONG_AGO = equals(Path.of("created_at"), LONG_AGO)
STEP = Set(VERSION, Plus(IfNotExists(VERSION, Value({"N": "-1"})), Value({"N": "1"})))
STEP_STORED = Set(VERSION, Plus(IfNotExists(VERSION, Value({"N": "0"})), Value({"N": "1"})))


def held(entities: IdentityMap, mapping: EntityMapping[Any], item: Item) -> Any:
    return entities.load(mapping, item)


def sets(name: str, value: dict[str, Any]) -> Set:
    return Set(Path.of(name), Value(value))


def note_added(entities: IdentityMap) -> None:
    entities.add(NOTES, Note("1", "a", version=9))


def note_changed(entities: IdentityMap) -> None:
    held(entities, NOTES, NOTE).title = "b"


def note_detached(entities: IdentityMap) -> None:
    entities.update(NOTES, Note("1", "b", version=3))


def note_saved(entities: IdentityMap) -> None:
    entities.save(NOTES, Note("1", "b", version=3))


def note_removed(entities: IdentityMap) -> None:
    entities.remove(NOTES, held(entities, NOTES, NOTE))


def note_replaced(entities: IdentityMap) -> None:
    note_removed(entities)
    entities.add(NOTES, Note("1", "b"))


def seat_added(entities: IdentityMap) -> None:
    entities.add(SEATS, Seat("1", "a"))


def seat_changed(entities: IdentityMap) -> None:
    held(entities, SEATS, SEAT).holder = "b"


def seat_saved(entities: IdentityMap) -> None:
    entities.save(SEATS, Seat("1", "b"))


def seat_replaced(entities: IdentityMap) -> None:
    entities.remove(SEATS, held(entities, SEATS, SEAT))
    entities.add(SEATS, Seat("1", "b"))


def buyer_saved(entities: IdentityMap) -> None:
    entities.save(BUYERS, Buyer("1", "b"))


def buyer_detached(entities: IdentityMap) -> None:
    entities.update(BUYERS, Buyer("1", "b", version=3))


def hidden_changed(entities: IdentityMap) -> None:
    held(entities, HIDDEN, {**KEY, "value": {"S": "a"}, "version": {"N": "3"}}).value = "b"


def account_changed(entities: IdentityMap) -> None:
    held(entities, ACCOUNTS, ACCOUNT)
    entities.update(ACCOUNTS, Account("1", 20, version=3))


def setting_changed(entities: IdentityMap) -> None:
    held(entities, SETTINGS, SETTING).value = "b"


def setting_emptied(entities: IdentityMap) -> None:
    setting = held(entities, SETTINGS, {**SETTING, "author": {"M": {"name": {"S": "Ann"}}}})
    setting.author = None


def author_moved(entities: IdentityMap) -> None:
    setting = held(entities, SETTINGS, {**SETTING, "author": {"M": {"name": {"S": "Ann"}}}})
    setting.author.city = "Paris"


SEAT_STORED = {**KEY, "holder": {"S": "b"}, "version": {"N": "4"}, "version_incarnation": {"S": "first"}}
NEW_SEAT = {**KEY, "holder": {"S": "a"}, "version": {"N": "0"}, "version_incarnation": {"S": "random"}}
REPLACED_SEAT = {**NEW_SEAT, "holder": {"S": "b"}, "version": {"N": "4"}}
NOTE_STORED = {**NOTE, "title": {"S": "b"}, "version": {"N": "4"}, "updated_at": NOW_TEXT}
NEW_NOTE = {**NOTE, "version": {"N": "0"}, "created_at": NOW_TEXT, "updated_at": NOW_TEXT}
REPLACED_NOTE = {**NEW_NOTE, "title": {"S": "b"}, "version": {"N": "4"}}
DETACHED_NOTE = {name: value for name, value in NOTE_STORED.items() if name != "created_at"}
ALL_OF_A_NOTE = (
    sets("title", {"S": "b"}),
    sets("lines", {"L": []}),
    sets("score", {"N": "0"}),
    sets("extra", {"M": {}}),
    Remove(Path.of("body")),
    Remove(Path.of("author")),
    Remove(Path.of("tags")),
)
BUYER_KEY = {"PK": {"S": "BUYER#1"}, "SK": {"S": "PROFILE"}}
BUYER = {**BUYER_KEY, "id": {"S": "1"}, "name": {"S": "b"}, "_type": {"S": "Buyer"}}
ALL_OF_A_BUYER = (sets("id", {"S": "1"}), sets("name", {"S": "b"}), sets("_type", {"S": "Buyer"}))
IS_BUYER = equals(Path.of("_type"), {"S": "Buyer"})


def put(mapping: EntityMapping[Any], item: Item, condition: Condition | None) -> PutItem:
    return PutItem(mapping.table, item, condition, item_on_failure=True)


def update(
    mapping: EntityMapping[Any], condition: Condition | None, *actions: UpdateAction, key: Item = KEY
) -> UpdateItem:
    return UpdateItem(mapping.table, key, actions, condition, item_on_failure=condition is not None)


Told = tuple[Kind, TransactAction, dict[str, object], Item | None, object, object, list[str]]
"""Kind, action, what the entity gets, what is stored, version demanded, version after, paths changed."""

NOTHING: list[str] = []
PLANS: list[tuple[Callable[[IdentityMap], None], Told]] = [
    (
        note_added,
        (
            Kind.CREATE,
            put(NOTES, NEW_NOTE, AttributeNotExists(Path.of("id"))),
            {"version": 0, "created_at": NOW, "updated_at": NOW},
            NEW_NOTE,
            None,
            0,
            NOTHING,
        ),
    ),
    (
        note_changed,
        (
            Kind.UPDATE,
            update(
                NOTES,
                all_of(IS_VERSION_3, CREATED_LONG_AGO),
                sets("title", {"S": "b"}),
                sets("version", {"N": "4"}),
                sets("updated_at", NOW_TEXT),
            ),
            {"version": 4, "updated_at": NOW},
            NOTE_STORED,
            3,
            4,
            ["title"],
        ),
    ),
    (
        note_detached,
        (
            Kind.UPDATE,
            update(
                NOTES,
                IS_VERSION_3,
                *ALL_OF_A_NOTE,
                sets("version", {"N": "4"}),
                sets("updated_at", NOW_TEXT),
            ),
            {"version": 4, "updated_at": NOW},
            DETACHED_NOTE,
            3,
            4,
            NOTHING,
        ),
    ),
    (
        note_saved,
        (
            Kind.OVERWRITE,
            update(
                NOTES,
                None,
                *ALL_OF_A_NOTE,
                STEP,
                Set(Path.of("created_at"), IfNotExists(Path.of("created_at"), Value(NOW_TEXT))),
                sets("updated_at", NOW_TEXT),
            ),
            {},
            None,
            None,
            None,
            NOTHING,
        ),
    ),
    (
        note_removed,
        (
            Kind.REMOVE,
            DeleteItem(NOTES.table, KEY, all_of(IS_VERSION_3, CREATED_LONG_AGO), item_on_failure=True),
            {},
            None,
            3,
            None,
            NOTHING,
        ),
    ),
    (
        note_replaced,
        (
            Kind.REPLACE,
            put(NOTES, REPLACED_NOTE, all_of(IS_VERSION_3, CREATED_LONG_AGO)),
            {"version": 4, "created_at": NOW, "updated_at": NOW},
            REPLACED_NOTE,
            3,
            4,
            NOTHING,
        ),
    ),
    (
        seat_added,
        (
            Kind.CREATE,
            put(SEATS, NEW_SEAT, AttributeNotExists(Path.of("id"))),
            {"version": 0},
            NEW_SEAT,
            None,
            0,
            NOTHING,
        ),
    ),
    (
        seat_changed,
        (
            Kind.UPDATE,
            update(
                SEATS,
                all_of(IS_VERSION_3, equals(Path.of("version_incarnation"), {"S": "first"})),
                sets("holder", {"S": "b"}),
                sets("version", {"N": "4"}),
            ),
            {"version": 4},
            SEAT_STORED,
            3,
            4,
            ["holder"],
        ),
    ),
    (
        seat_saved,
        (
            Kind.OVERWRITE,
            update(
                SEATS,
                None,
                sets("holder", {"S": "b"}),
                STEP,
                Set(
                    Path.of("version_incarnation"),
                    IfNotExists(Path.of("version_incarnation"), Value({"S": "random"})),
                ),
            ),
            {},
            None,
            None,
            None,
            NOTHING,
        ),
    ),
    (
        seat_replaced,
        (
            Kind.REPLACE,
            put(
                SEATS,
                REPLACED_SEAT,
                all_of(IS_VERSION_3, equals(Path.of("version_incarnation"), {"S": "first"})),
            ),
            {"version": 4},
            REPLACED_SEAT,
            3,
            4,
            NOTHING,
        ),
    ),
    (
        buyer_saved,
        (
            Kind.OVERWRITE,
            update(
                BUYERS, AttributeNotExists(Path.of("PK")) | IS_BUYER, *ALL_OF_A_BUYER, STEP, key=BUYER_KEY
            ),
            {},
            None,
            None,
            None,
            NOTHING,
        ),
    ),
    (
        buyer_detached,
        (
            Kind.UPDATE,
            update(
                BUYERS,
                IS_VERSION_3 & IS_BUYER,
                *ALL_OF_A_BUYER,
                sets("version", {"N": "4"}),
                key=BUYER_KEY,
            ),
            {"version": 4},
            {**BUYER, "version": {"N": "4"}},
            3,
            4,
            NOTHING,
        ),
    ),
    (
        hidden_changed,
        (
            Kind.UPDATE,
            update(
                HIDDEN,
                all_of(IS_VERSION_3, AttributeNotExists(Path.of("created_at"))),
                sets("value", {"S": "b"}),
                sets("version", {"N": "4"}),
                sets("updated_at", NOW_TEXT),
            ),
            {},
            {**KEY, "value": {"S": "b"}, "version": {"N": "4"}, "updated_at": NOW_TEXT},
            3,
            4,
            ["value"],
        ),
    ),
    (
        account_changed,
        (
            Kind.UPDATE,
            update(ACCOUNTS, IS_VERSION_3, sets("balance", {"N": "20"}), sets("version", {"N": "4"})),
            {"version": 4},
            {**ACCOUNT, "balance": {"N": "20"}, "version": {"N": "4"}},
            3,
            4,
            ["balance"],
        ),
    ),
    (
        setting_changed,
        (
            Kind.UPDATE,
            update(SETTINGS, AttributeExists(Path.of("id")), sets("value", {"S": "b"})),
            {},
            {**SETTING, "value": {"S": "b"}},
            None,
            None,
            ["value"],
        ),
    ),
    (
        setting_emptied,
        (
            Kind.UPDATE,
            update(SETTINGS, AttributeExists(Path.of("id")), Remove(Path.of("author"))),
            {},
            SETTING,
            None,
            None,
            ["author"],
        ),
    ),
    (
        author_moved,
        (
            Kind.UPDATE,
            update(
                SETTINGS,
                all_of(AttributeExists(Path.of("id")), AttributeExists(Path.of("author"))),
                Set(Path(("author", "city")), Value({"S": "Paris"})),
            ),
            {},
            {**SETTING, "author": {"M": {"name": {"S": "Ann"}, "city": {"S": "Paris"}}}},
            None,
            None,
            ["author.city"],
        ),
    ),
]


def planned(entities: IdentityMap, *, checked: bool = False) -> tuple[PlannedAction[Any], ...]:
    return plan(entities, lambda: NOW, AWS_LIMITS, ids=lambda: "random", checked=checked).actions


def told(action: PlannedAction[Any]) -> Told:
    return (
        action.kind,
        action.action,
        dict(action.roles),
        action.stored,
        action.expected_version,
        action.new_version,
        [str(change.path) for change in action.changed],
    )


class TestOneEntity:
    @pytest.mark.parametrize(("prepare", "expected"), PLANS, ids=[prepare.__name__ for prepare, _ in PLANS])
    def test_is_one_action(self, prepare: Callable[[IdentityMap], None], expected: Told) -> None:
        """Each kind, with all that it demands and all that comes of it."""
        entities = IdentityMap()
        prepare(entities)
        (tracked,) = entities

        (action,) = planned(entities)

        assert told(action) == expected
        assert (action.tracked, action.entity, action.mapping) == (tracked, tracked.entity, tracked.mapping)
        assert (action.key, action.key_values) == (tracked.key, ("1",))
        assert (action.patch, action.seen) == (None, None)
        assert action.verb == action.kind.value
        assert action.entity_name == tracked.mapping.name

    @pytest.mark.parametrize("prepare", [prepare for prepare, _ in PLANS])
    def test_weighs_not_more_than_is_reckoned(self, prepare: Callable[[IdentityMap], None]) -> None:
        """One byte less than a commit has refuses it, and its size itself does not."""
        entities = IdentityMap()
        prepare(entities)
        commit = plan(entities, lambda: NOW, AWS_LIMITS, ids=lambda: "random")
        with pytest.raises(TransactionTooLarge) as refused:
            commit.check(Limits(transaction_bytes=0))
        size = refused.value.size

        with pytest.raises(TransactionTooLarge):
            commit.check(Limits(transaction_bytes=size - 1))
        commit.check(Limits(transaction_bytes=size))

    @pytest.mark.parametrize(
        ("prepare", "before", "after"),
        [
            (note_changed, {"S": "a"}, {"S": "b"}),
            (account_changed, {"N": "1"}, {"N": "20"}),
            (setting_changed, {"S": "a"}, {"S": "b"}),
            (setting_emptied, {"M": {"name": {"S": "Ann"}}}, None),
            (author_moved, None, {"S": "Paris"}),
        ],
    )
    def test_says_what_changes_from_what_to_what(
        self, prepare: Callable[[IdentityMap], None], before: object, after: object
    ) -> None:
        """A conflict tells it together with what others have changed."""
        entities = IdentityMap()
        prepare(entities)

        ((change,),) = [action.changed for action in planned(entities)]

        assert (change.stored, change.after) == (before, after)

    @pytest.mark.parametrize(
        ("prepare", "pinned"),
        [
            (note_changed, {"created_at": LONG_AGO}),
            (seat_changed, {"version_incarnation": {"S": "first"}}),
            (hidden_changed, {}),
            (setting_emptied, {}),
            (note_added, {}),
            (note_detached, {}),
        ],
    )
    def test_says_what_no_later_item_of_its_key_has(
        self, prepare: Callable[[IdentityMap], None], pinned: Item
    ) -> None:
        """Versions repeat when an item is deleted and made anew; times of creation and incarnations don't."""
        entities = IdentityMap()
        prepare(entities)

        (action,) = planned(entities)

        assert action.pinned == pinned

    @pytest.mark.parametrize("kind", [Kind.UPDATE, Kind.MARK, Kind.RESTORE, Kind.PURGE_LATER])
    def test_steps_the_version_where_a_stored_item_stays(self, kind: Kind) -> None:
        entities = IdentityMap()
        note_changed(entities)
        (action,) = planned(entities)
        action.kind = kind

        assert action.steps_version

    @pytest.mark.parametrize("kind", [Kind.CREATE, Kind.REPLACE, Kind.OVERWRITE, Kind.REMOVE, Kind.PATCH])
    def test_steps_no_version_otherwise(self, kind: Kind) -> None:
        entities = IdentityMap()
        note_changed(entities)
        (action,) = planned(entities)
        action.kind = kind

        assert not action.steps_version


class TestSeveral:
    def test_get_an_incarnation_each(self) -> None:
        """What is random is not taken from one for another."""
        entities, given = IdentityMap(), iter("abc")
        for key in ("1", "2"):
            entities.add(SEATS, Seat(key))

        actions = plan(entities, lambda: NOW, AWS_LIMITS, ids=lambda: next(given)).actions

        assert [each.stored and each.stored["version_incarnation"] for each in actions] == [
            {"S": "a"},
            {"S": "b"},
        ]

    def test_of_mappings_without_such_fields_ask_for_no_time(self) -> None:
        """The clock is asked only where it matters."""
        entities, asked = IdentityMap(), []
        entities.add(SETTINGS, Setting("1"))
        entities.add(ACCOUNTS, Account("1"))

        plan(entities, lambda: asked.append(1) or NOW, AWS_LIMITS)  # type: ignore[func-returns-value]  # it notes the call

        assert asked == []

    def test_have_what_is_stored_beside_them_behind_them(self) -> None:
        """The additions see the writes and the time of the commit."""
        entities, beside, seen = IdentityMap(), IdentityMap(), list[object]()
        note_changed(entities)
        beside.add(ACCOUNTS, Account("1", 1))

        def additions(writes: Any, now: Callable[[], datetime]) -> list[Tracked[Any]]:
            seen.extend([[repr(each) for each in writes], now()])
            return list(beside)

        actions = plan(entities, lambda: NOW, AWS_LIMITS, additions=additions).actions

        assert [repr(each) for each in actions] == ["<update Note '1' title>", "<create Account '1'>"]
        assert seen == [["<update Note '1' title>"], NOW]


class TestSaving:
    def test_what_has_nothing_beside_its_key_is_refused(self) -> None:
        """An update that sets nothing creates no absent item."""
        entities, bare = IdentityMap(), mapping_of(BareMapping)
        entities.save(bare, Bare("1"))

        with pytest.raises(UnitOfWorkStateError) as refused:
            planned(entities)

        assert str(refused.value) == ("save: Bare '1' has nothing to store beside its key; add or update it")

    def test_what_has_nothing_to_change_is_no_call(self) -> None:
        """A detached entity that is but its key has nothing to update."""
        entities, bare = IdentityMap(), mapping_of(BareMapping)
        entities.update(bare, Bare("1"))

        assert planned(entities) == ()

    def test_what_carries_an_attribute_of_a_hook_sets_it_too(self) -> None:
        """What is stored is what the encoding holds, be it a field or not."""
        entities, hooked = IdentityMap(), mapping_of(HookedMapping)
        entities.save(hooked, Bare("1"))

        (action,) = planned(entities)

        assert action.action == update(hooked, None, sets("label", {"S": "of 1"}))


def absorbed(prepare: Callable[[IdentityMap], object]) -> tuple[IdentityMap, Tracked[Any]]:
    entities = IdentityMap()
    prepare(entities)
    (tracked,) = entities
    plan(entities, lambda: NOW, AWS_LIMITS, ids=lambda: "random").absorb(entities)
    return entities, tracked


class TestAbsorbing:
    @pytest.mark.parametrize(
        ("prepare", "stored", "complete"),
        [
            (note_added, NEW_NOTE, True),
            (note_changed, NOTE_STORED, True),
            (note_detached, DETACHED_NOTE, False),
            (note_replaced, REPLACED_NOTE, True),
            (seat_changed, SEAT_STORED, True),
        ],
    )
    def test_goes_on_from_what_is_stored(
        self, prepare: Callable[[IdentityMap], None], stored: Item, complete: bool
    ) -> None:
        """What was not read may have attributes that nobody knows here; a put leaves none."""
        _, tracked = absorbed(prepare)

        assert isinstance(tracked.origin, Loaded)
        assert (tracked.origin.item, tracked.origin.complete) == (stored, complete)
        assert (tracked.intent, tracked.state) == (Intent.WATCH, State.CLEAN)

    def test_of_a_detached_entity_twice_still_knows_not_all(self) -> None:
        """The second write of an entity that was never read has not read it either."""
        entities, tracked = absorbed(note_detached)
        tracked.entity.title = "c"
        planned_again = plan(entities, lambda: NOW, AWS_LIMITS)
        (action,) = planned_again.actions
        planned_again.absorb(entities)

        assert action.action.condition == equals(VERSION, {"N": "4"})
        assert isinstance(tracked.origin, Loaded)
        assert not tracked.origin.complete

    @pytest.mark.parametrize(
        ("prepare", "versions"),
        [(note_added, (9,)), (note_changed, (3,)), (note_detached, (3,)), (seat_changed, (3,))],
    )
    def test_keeps_the_versions_that_it_has_moved_on_from(
        self, prepare: Callable[[IdentityMap], None], versions: tuple[int, ...]
    ) -> None:
        """An older copy is told from one that others have changed."""
        _, tracked = absorbed(prepare)

        assert tracked.superseded == versions

    def test_of_what_is_saved_asks_for_another_read(self) -> None:
        """Its version is known to the store only; until then it is as it was encoded."""
        entities = IdentityMap()
        held(entities, NOTES, NOTE)
        (tracked,) = entities
        entities.save(NOTES, tracked.entity)

        plan(entities, lambda: NOW, AWS_LIMITS).absorb(entities)

        assert (tracked.intent, tracked.was_read, tracked.changed) == (Intent.EXPIRED, None, False)
        tracked.entity.title = "c"
        assert tracked.changed

    def test_of_a_frozen_entity_exchanges_it(self) -> None:
        """The caller's object stays as it was; the unit finds the new one."""
        entities, first = IdentityMap(), Account("1", 5, version=9)
        entities.add(ACCOUNTS, first)
        (tracked,) = entities

        plan(entities, lambda: NOW, AWS_LIMITS).absorb(entities)

        assert (first.version, tracked.entity) == (9, Account("1", 5, version=0))
        assert entities.find_entity(ACCOUNTS, tracked.entity) is tracked

    def test_of_a_deletion_forgets_the_entity(self) -> None:
        entities, tracked = absorbed(note_removed)

        assert (len(entities), tracked.entity.version) == (0, 3)

    def test_makes_the_weight_of_items_unknown(self) -> None:
        """What was written may be heavier than what was loaded."""
        entities, _ = absorbed(note_changed)

        assert entities.heaviest is None

    def test_of_what_changed_meanwhile_leaves_it_changed(self) -> None:
        """What is absorbed is what was sent."""
        entities = IdentityMap()
        note_changed(entities)
        (tracked,) = entities
        commit = plan(entities, lambda: NOW, AWS_LIMITS)
        tracked.entity.body = "late"

        commit.absorb(entities)

        (action,) = plan(entities, lambda: NOW, AWS_LIMITS).actions
        assert repr(action) == "<update Note '1' body>"


class TestWhatIsTooMuch:
    @pytest.mark.parametrize("prepare", [note_added, note_changed, note_detached, note_saved, note_replaced])
    def test_of_an_item_is_refused(self, prepare: Callable[[IdentityMap], None]) -> None:
        """With its size, the limit, and the remedy; one byte less is not."""
        entities = IdentityMap()
        prepare(entities)
        (tracked,) = entities
        with pytest.raises(ItemTooLarge) as refused:
            plan(entities, lambda: NOW, Limits(item_bytes=10))
        (action,) = plan(entities, lambda: NOW, AWS_LIMITS).actions
        item = action.stored or action.encoded
        size_told = int(str(refused.value).split("an item of ")[1].split()[0])

        assert str(refused.value).startswith(
            f"Note '1' would be an item of {size_told} bytes; DynamoDB's limit is 10. Nothing was sent; "
            "store large values elsewhere or split the entity"
        )
        assert isinstance(item, dict)
        assert size_told == item_size(item)
        assert refused.value.entity is tracked.entity
        assert (refused.value.entity_type, refused.value.key) == (Note, ("1",))
        with pytest.raises(ItemTooLarge):
            plan(entities, lambda: NOW, Limits(item_bytes=size_told - 1))
        plan(entities, lambda: NOW, Limits(item_bytes=size_told))

    @pytest.mark.parametrize("weight", [None, 10, 100, 400 * 1024])
    def test_of_a_loaded_item_is_refused_whatever_is_known_of_its_weight(self, weight: int | None) -> None:
        """To the byte: what is known only spares the sum where it surely fits."""
        entities, sizes = IdentityMap(), []
        for key in ("1", "2"):
            setting = entities.load(SETTINGS, {**SETTING, "id": {"S": key}}, weight=weight)
            assert setting is not None
            setting.value = "x" * 500
            item = {**SETTING, "id": {"S": key}, "value": {"S": "x" * 500}}
            sizes.append(item_size(item))

        plan(entities, lambda: NOW, Limits(item_bytes=max(sizes)))
        with pytest.raises(ItemTooLarge) as refused:
            plan(entities, lambda: NOW, Limits(item_bytes=sizes[0] - 1))

        (first, _) = entities
        assert (refused.value.entity, refused.value.key) == (first.entity, ("1",))


class TestMovedEntities:
    @pytest.mark.parametrize("prepare", [note_added, note_changed, note_detached, note_saved, note_replaced])
    def test_are_refused(self, prepare: Callable[[IdentityMap], None]) -> None:
        """Keys are immutable, also those of what is not stored yet."""
        entities = IdentityMap()
        prepare(entities)
        (tracked,) = entities
        tracked.entity.id = "2"

        with pytest.raises(KeyChanged) as refused:
            planned(entities)

        assert refused.value.entity is tracked.entity
        assert (refused.value.entity_type, refused.value.key) == (Note, ("1",))
        assert refused.value.attributes == ("id",)

    @pytest.mark.parametrize("id_", ["2", None])
    def test_are_told_from_what_can_not_be_stored_besides(self, id_: str | None) -> None:
        """The key is looked at first: what has another one would be another entity."""
        entities = IdentityMap()
        note = held(entities, NOTES, NOTE)
        note.id, note.score = id_, "no number"

        with pytest.raises(KeyChanged) as refused:
            planned(entities)

        assert (refused.value.entity, refused.value.key) == (note, ("1",))
        assert refused.value.attributes == ("id",)

    def test_are_not_all_that_is_refused(self) -> None:
        entities = IdentityMap()
        held(entities, NOTES, NOTE).score = "no number"

        with pytest.raises(ValidationFailed) as refused:
            planned(entities)

        assert refused.value.messages.keys() == {"score"}


class TestWhatMustBeReadAgain:
    def test_is_not_written(self) -> None:
        entities = IdentityMap()
        held(entities, NOTES, NOTE)
        (tracked,) = entities
        tracked.intent = Intent.EXPIRED

        assert planned(entities) == ()

    def test_is_refused_where_it_was_changed(self) -> None:
        """Whether the change is based on what is stored can't be told."""
        entities = IdentityMap()
        held(entities, NOTES, NOTE).title = "b"
        (tracked,) = entities
        tracked.intent = Intent.EXPIRED

        with pytest.raises(StaleEntity) as refused:
            planned(entities)

        assert refused.value.entity is tracked.entity

    def test_is_not_checked_either(self) -> None:
        """Its version is known to the store only."""
        entities = IdentityMap()
        held(entities, NOTES, NOTE)
        (tracked,) = entities
        tracked.intent = Intent.EXPIRED
        entities.add(ACCOUNTS, Account("9"))

        assert [repr(each) for each in planned(entities, checked=True)] == ["<create Account '9'>"]


class TestSeveralCommits:
    def test_step_from_version_to_version(self) -> None:
        """All versions that the unit has moved on from are known as its own."""
        entities = IdentityMap()
        note = held(entities, NOTES, NOTE)
        (tracked,) = entities
        demanded: list[object] = []
        for title in "bcd":
            note.title = title
            commit = plan(entities, lambda: NOW, AWS_LIMITS)
            demanded += [each.expected_version for each in commit.actions]
            commit.absorb(entities)

        assert (demanded, tracked.superseded, note.version) == ([3, 4, 5], (3, 4, 5), 6)

    @pytest.mark.parametrize("prepare", [setting_emptied, author_moved, seat_changed, hidden_changed])
    def test_write_nothing_twice(self, prepare: Callable[[IdentityMap], None]) -> None:
        entities, _ = absorbed(prepare)

        assert planned(entities) == ()
