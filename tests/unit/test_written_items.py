"""Items that are nothing but text until somebody looks, in operations, plans and units of work."""

import copy
import dataclasses
import datetime as dt
import json
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from marshmallow import validate

from persistence import EntityExists, MemoryStore, Repository, UnitOfWork, fields
from persistence.attributes import item_size
from persistence.commit_plan import Creation, Kind, plan
from persistence.errors import CommitConflict, ItemTooLarge, KeyChanged, QueryError, ValidationFailed
from persistence.expressions import AttributeNotExists, Path
from persistence.json_text import plain_text
from persistence.mapping import MappingSchema, mapping_of
from persistence.operations import BatchWriteItems, GetItem, Operation, PutItem, TransactWrite
from persistence.operations.writes import held_item
from persistence.store import AWS_LIMITS, Limits, takes_text
from persistence.stores.dynamodb import AsyncDynamoStore, DynamoStore
from persistence.stores.dynamodb.texts import text_of
from persistence.stores.layers import Echo, ItemSizes, layered
from persistence.table import Key, Table
from persistence.tracking import IdentityMap, Written
from persistence.unit_of_work import Committed
from persistence.written_items import WrittenItem

R = TypeVar("R")
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
TABLE = Table("things", "id")
ITEM = {"id": {"S": "1"}, "data": {"B": b"\x00"}, "more": {"L": [{"BS": [b"a"]}, {"NULL": True}]}}
TEXT = '{"id":{"S":"1"},"data":{"B":"AA=="},"more":{"L":[{"BS":["YQ=="]},{"NULL":true}]}}'


def put(held: Any) -> PutItem:
    return PutItem(TABLE, held, AttributeNotExists(Path.of("id")), "none", True)


class TestWrittenItem:
    def test_is_read_when_somebody_looks(self) -> None:
        written = WrittenItem(TEXT)
        assert written.text == TEXT

        assert written.item == ITEM
        assert written.item is written.item
        assert written.text is None
        assert "read" in repr(written)

    def test_gets_another_value_of_an_attribute(self) -> None:
        """No name is twice in a text: services refuse it, or take one of the two."""
        assert WrittenItem(TEXT).having("id", {"S": "2"}) == {**ITEM, "id": {"S": "2"}}

    def test_gets_one_more_whatever_its_texts_are(self) -> None:
        written = WrittenItem(plain_text({"id": {"S": '"more":'}}))

        more = written.having("more", {"S": "x"})

        assert isinstance(more, WrittenItem)
        assert more.item == {"id": {"S": '"more":'}, "more": {"S": "x"}}

    def test_shows_nothing_of_its_content(self) -> None:
        assert repr(WrittenItem(TEXT)) == f"<WrittenItem: {len(TEXT)} characters>"

    def test_gets_one_attribute_more(self) -> None:
        written = WrittenItem(TEXT)

        more = written.having("_é", {"S": "x"})

        assert isinstance(more, WrittenItem)
        assert more.item == {**ITEM, "_é": {"S": "x"}}
        assert written.text == TEXT
        assert written.item == ITEM
        assert written.having("_é", {"S": "x"}) == more.item


class TestPutItem:
    """To everybody but its writer it is the same as one that was given an item."""

    @pytest.mark.parametrize(
        "look",
        [
            lambda one: one.item,
            lambda one: one == put(ITEM),
            lambda one: put(ITEM) == one,
            repr,
            copy.copy,
            copy.deepcopy,
            lambda one: pickle.loads(pickle.dumps(one)),  # our own
            lambda one: dataclasses.replace(one, returning="old"),
            lambda one: [getattr(one, field.name) for field in dataclasses.fields(one)],
        ],
    )
    def test_is_a_put_of_an_item(self, look: Callable[[PutItem], Any]) -> None:
        assert look(put(WrittenItem(TEXT))) == look(put(ITEM))

    def test_matches(self) -> None:
        match put(WrittenItem(TEXT)):
            case PutItem(table, item):
                assert (table, item) == (TABLE, ITEM)

    def test_can_not_be_changed(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            put(WrittenItem(TEXT)).item = {}  # type: ignore[misc]

    def test_is_written_as_it_is(self) -> None:
        """Nobody has to look in order to send it."""
        action = put(WrittenItem(TEXT))
        request = TransactWrite((action,), "token", distinct=True)

        text = text_of(request)

        assert text is not None
        assert json.loads(text)["TransactItems"][0]["Put"]["Item"] == json.loads(TEXT)
        assert isinstance(held_item(action), WrittenItem)
        assert text_of(TransactWrite((put(ITEM),), "token", distinct=True)) == text
        assert text_of(put(WrittenItem(TEXT))) == text_of(put(ITEM))

    def test_is_written_with_what_somebody_changed(self) -> None:
        """A layer that is wrong to change an item is not ignored: what it sees is what is sent."""
        action = put(WrittenItem(TEXT))
        action.item["more"] = {"S": "changed"}

        text = text_of(BatchWriteItems((dataclasses.replace(action, condition=None),)))

        assert text is not None
        (request,) = json.loads(text)["RequestItems"]["things"]
        assert request["PutRequest"]["Item"]["more"] == {"S": "changed"}


@dataclasses.dataclass
class Thing:
    id: str
    number: int = 0
    tags: set[str] = dataclasses.field(default_factory=set)
    version: int = 0
    created_at: dt.datetime | None = None


class ThingMapping(MappingSchema[Thing]):
    class Meta:
        table = "things"
        key = Key("id")

    version = fields.Version(incarnation=True)
    created_at = fields.CreatedAt()
    updated_at = fields.UpdatedAt()


class Sent(MemoryStore):
    """A store that says it takes texts, and notes how it was given items."""

    takes_text = True

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Any] = []

    def perform(self, operation: Operation[R]) -> R:
        actions = getattr(operation, "actions", None) or getattr(operation, "writes", None) or (operation,)
        self.held += [held_item(each) for each in actions if isinstance(each, PutItem)]
        return super().perform(operation)


def planned(entities: IdentityMap, limits: Limits = AWS_LIMITS, *, texts: bool) -> Any:
    return plan(entities, lambda: NOW, limits, ids=lambda: "incarnation", texts=texts)


def added(*things: Any) -> IdentityMap:
    entities = IdentityMap()
    for thing in things:
        entities.add(mapping_of(ThingMapping), thing)
    return entities


class TestPlans:
    def test_are_the_same(self) -> None:
        things = [Thing(str(number), number, {"b", "a'", 'a"'}, created_at=NOW) for number in range(3)]

        written, made = planned(added(*things), texts=True), planned(added(*things), texts=False)

        assert all(isinstance(held_item(each.action), WrittenItem) for each in written.actions)
        assert not any(isinstance(held_item(each.action), WrittenItem) for each in made.actions)
        assert all(each.weight >= item_size(each.action.item) for each in written.actions)
        tags = {"SS": sorted(["b", "a'", 'a"'], key=repr)}
        for each, other in zip(written.actions, made.actions, strict=True):
            assert each.action == dataclasses.replace(other.action, item={**other.action.item, "tags": tags})
            assert each.stored == each.action.item
            assert isinstance(each.encoded, Written)
            assert each.encoded.item == each.encoded.snapshot == each.action.item
            assert (each.kind, each.key, each.roles, each.new_version) == (
                other.kind,
                other.key,
                other.roles,
                other.new_version,
            )

    @pytest.mark.parametrize(
        ("thing", "error"),
        [
            (Thing("1", "x"), ValidationFailed),  # type: ignore[arg-type]  # which is what is tested
            (Thing("1", int("1" * 39)), ValidationFailed),
            (Thing("1", 1, {""} | {f"{number:0300}" for number in range(1400)}), ItemTooLarge),
        ],
    )
    def test_refuse_the_same(self, thing: Thing, error: type[Exception]) -> None:
        told = []
        for texts in (True, False):
            with pytest.raises(error) as refused:
                planned(added(thing), texts=texts)
            told.append(str(refused.value))

        assert told[0] == told[1]

    def test_refuse_a_changed_key(self) -> None:
        thing = Thing("1")
        entities = added(thing)
        thing.id = "2"

        with pytest.raises(KeyChanged):
            planned(entities, texts=True)

    def test_make_the_items_of_what_is_unusual(self) -> None:
        """A subclass of str is stored as the text that it is."""

        class Word(str):
            __slots__ = ()

        (action,) = planned(added(Thing("1", tags={Word("w")})), texts=True).actions

        assert action.action.item["tags"] == {"SS": ["w"]}

    def test_weigh_what_is_nearly_too_large(self) -> None:
        """JSON is longer than an item; what is too long as JSON is made, weighed and stored."""
        thing = Thing("1", tags={"\u00e9" * 100_000})

        (action,) = planned(added(thing), texts=True).actions

        assert not isinstance(held_item(action.action), WrittenItem)
        assert action.weight <= AWS_LIMITS.item_bytes

    def test_of_one_alone_are_the_same(self) -> None:
        mapping, thing = mapping_of(ThingMapping), Thing("1", 1)
        given = (lambda: NOW, AWS_LIMITS, lambda: "incarnation")

        written, made = Creation(mapping, thing, *given, texts=True), Creation(mapping, thing, *given)

        held = held_item(written.action)
        assert isinstance(held, WrittenItem)
        (one,), (other,) = written.plan.actions, made.plan.actions
        assert held.text is not None  # nobody has looked
        assert (one.kind, one.key, one.weight) == (
            Kind.CREATE,
            other.key,
            len(held.text),
        )
        assert written.action == made.action
        assert written.done.actions[0].key == made.done.actions[0].key == {"id": {"S": "1"}}

    @pytest.mark.parametrize("thing", [Thing(""), Thing("1", None), Thing(None)])  # type: ignore[arg-type]  # the same
    def test_of_one_alone_refuse_the_same(self, thing: Thing) -> None:
        told = []
        for texts in (True, False):
            with pytest.raises(ValidationFailed) as refused:
                Creation(mapping_of(ThingMapping), thing, lambda: NOW, AWS_LIMITS, lambda: "i", texts=texts)
            told.append(str(refused.value))

        assert told[0] == told[1]

    def test_of_one_alone_tell_of_an_entity_before_the_clock(self) -> None:
        """A clock without a zone is refused after what is wrong in the entity, however it is written."""
        mapping, naive = mapping_of(ThingMapping), NOW.replace(tzinfo=None)
        for texts in (True, False):
            with pytest.raises(ValidationFailed):
                Creation(mapping, Thing("1", None), lambda: naive, AWS_LIMITS, str, texts=texts)  # type: ignore[arg-type]  # the same
            with pytest.raises(QueryError):
                Creation(mapping, Thing("1"), lambda: naive, AWS_LIMITS, str, texts=texts)


class TestUnits:
    def test_send_texts_to_stores_that_take_them(self) -> None:
        store = Sent()
        uow = UnitOfWork(store)
        things = Repository(ThingMapping, uow)

        with uow:
            things.add(Thing("1"))
            things.add(Thing("2"))
        things.add(Thing("3"))
        with things.bulk(overwrite=True) as bulk:
            bulk.save(Thing("4", version=3, created_at=NOW))

        assert [type(held) for held in store.held] == [WrittenItem] * 4
        assert sorted(thing.id for thing in things.scan().all()) == ["1", "2", "3", "4"]
        assert things.get("4") == Thing("4", version=things.get("4").version, created_at=NOW)
        assert things.get("4").version > 3

    def test_go_on_with_what_they_have_written(self) -> None:
        store = Sent()
        uow = UnitOfWork(store)
        things = Repository(ThingMapping, uow)

        with uow:
            thing = things.add(Thing("1", 1))
            uow.commit()
            thing.number = 2
            uow.commit()
            thing.tags.add("x")
        assert (thing.version, things.get("1")) == (2, thing)

        with pytest.raises(CommitConflict) as refused, uow:
            things.add(Thing("1"))
        assert isinstance(refused.value.reasons[0], EntityExists)

    def test_show_items_to_who_asks(self) -> None:
        uow = UnitOfWork(Sent())
        things = Repository(ThingMapping, uow)

        with uow:
            things.add(Thing("1", 7))
            (action,) = uow.pending
            assert isinstance(action.action, PutItem)
            assert action.action.item["number"] == {"N": "7"}

    @pytest.mark.parametrize("store", [Sent, MemoryStore])
    def test_show_what_they_have_put(self, store: type[MemoryStore]) -> None:
        """The outcome of a commit tells what is stored as long as it tells what was sent."""
        uow = UnitOfWork(store())
        things = Repository(ThingMapping, uow)

        with uow:
            things.add(Thing("1", 7))
        together = uow.last_outcome
        things.add(Thing("2", 8))
        alone = uow.last_outcome

        for outcome, number in ((together, "7"), (alone, "8")):
            assert isinstance(outcome, Committed)
            (planned,) = outcome.planned
            assert isinstance(planned.action, PutItem)
            assert planned.stored is planned.action.item
            assert planned.stored["number"] == {"N": number}
            assert planned.entity is planned.encoded is None

    def test_write_by_one_conditional_write(self) -> None:
        store = Sent()
        things = Repository(ThingMapping, UnitOfWork(store, single_write="conditional"))

        things.add(Thing("1", 7))

        (held,) = store.held
        assert isinstance(held, WrittenItem)
        assert set(held.item) >= {"_commit_id", "number"}
        assert things.get("1").number == 7


@dataclasses.dataclass
class Few:
    id: str
    number: int = 0
    version: int = 0
    created_at: dt.datetime | None = None


class FewMapping(MappingSchema[Few]):
    class Meta:
        table = "few"
        key = Key("id")

    version = fields.Version()
    created_at = fields.CreatedAt()


class CheckedFewMapping(FewMapping):
    class Meta(FewMapping.Meta):
        pass

    version = fields.Version(validate=validate.Range(max=100))


@pytest.mark.parametrize("store", [Sent, MemoryStore])
class TestOverwriting:
    """What a bulk gives to entities in its own stead comes after what is usual, and after all checks."""

    def overwrite(self, store: type[MemoryStore], schema: type[MappingSchema[Few]], few: Few) -> Few:
        clock = (NOW + dt.timedelta(seconds=seconds) for seconds in range(9))
        things = Repository(schema, UnitOfWork(store(), clock=lambda: next(clock)))
        with things.bulk(overwrite=True) as bulk:
            bulk.save(few)
        assert things.get(few.id) == few
        return few

    def test_validates_no_version_of_its_own(self, store: type[MemoryStore]) -> None:
        assert self.overwrite(store, CheckedFewMapping, Few("1", version=3)).version > 100

    def test_takes_the_version_from_the_time_after_that_of_creation(self, store: type[MemoryStore]) -> None:
        few = self.overwrite(store, FewMapping, Few("1"))

        assert few.created_at == NOW
        assert few.version == (NOW + dt.timedelta(seconds=1)).timestamp() * 1_000_000

    def test_keeps_the_time_of_creation(self, store: type[MemoryStore]) -> None:
        known = NOW - dt.timedelta(days=1)

        assert self.overwrite(store, FewMapping, Few("1", created_at=known)).created_at == known

    def test_refuses_a_time_of_creation_last(self, store: type[MemoryStore]) -> None:
        naive = NOW.replace(tzinfo=None)

        with pytest.raises(QueryError, match="created_at: Naive"):
            self.overwrite(store, FewMapping, Few("1", created_at=naive))
        with pytest.raises(ValidationFailed, match=r"number: Not a valid integer\.\n"):
            self.overwrite(store, FewMapping, Few("1", "x", created_at=naive))  # type: ignore[arg-type]  # the same

    def test_refuses_a_key_before_a_version(self, store: type[MemoryStore]) -> None:
        nan: Any = Decimal("NaN")

        with pytest.raises(ValidationFailed, match="id: "):
            self.overwrite(store, FewMapping, Few("", version=nan))


class TestLayers:
    def test_see_items(self) -> None:
        store, seen = Sent(), ItemSizes()
        uow = UnitOfWork(layered(store, seen))
        things = Repository(ThingMapping, uow)

        with uow:
            things.add(Thing("1", 7, {"x"}))

        (held,) = store.held
        assert isinstance(held, WrittenItem)
        assert held.text is None
        assert held.item == things_item(store)
        assert things.get("1").tags == {"x"}


def things_item(store: MemoryStore) -> Any:
    return store.perform(GetItem(mapping_of(ThingMapping).table, {"id": {"S": "1"}})).item


class TestStores:
    def test_take_texts_where_they_write_requests_themselves(self) -> None:
        assert takes_text(DynamoStore(region="eu-central-1"))
        assert takes_text(DynamoStore(region="eu-central-1", fast_lane=True))
        assert takes_text(AsyncDynamoStore(region="eu-central-1"))
        assert takes_text(AsyncDynamoStore(region="eu-central-1", native=False))
        assert not takes_text(DynamoStore(region="eu-central-1", tuned=False))
        assert not takes_text(AsyncDynamoStore(region="eu-central-1", tuned=False))
        assert not takes_text(AsyncDynamoStore(DynamoStore(region="eu-central-1").client))
        assert not takes_text(MemoryStore())
        assert takes_text(layered(DynamoStore(region="eu-central-1"), Echo(), ItemSizes()))
        assert not takes_text(layered(MemoryStore(), Echo()))
        assert not takes_text(object())
