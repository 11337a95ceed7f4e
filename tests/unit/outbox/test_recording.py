"""From recorded events to entries, and back to events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, make_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence import Key, MappingError, MappingSchema, MemoryStore, Table, UnitOfWork, fields
from persistence.errors import DecodeError, ValidationFailed
from persistence.mapping import mapping_of
from persistence.outbox import (
    OutboxEntry,
    OutboxMapping,
    Recorded,
    check_event,
    check_outbox,
    entries,
)
from persistence.outbox.declaration import catalogue_of
from persistence.repository import Repository
from tests.unit.outbox.shop import (
    NOON,
    OrderCancelled,
    OrderPlaced,
    ShardedOutbox,
    ShopOutbox,
    counted,
    placed,
)


class Status(Enum):
    OPEN = "open"
    SHIPPED = "shipped"


@dataclass(frozen=True)
class Money:
    amount: Decimal
    currency: Literal["EUR", "USD"] = "EUR"


@dataclass(frozen=True)
class Line:
    sku: str
    price: Money
    quantity: int | None = None


@dataclass(frozen=True)
class Everything:
    """An event with a field of every kind."""

    text: str
    number: Decimal
    real: float
    truth: bool
    raw: bytes
    moment: datetime
    day: date
    hour: time
    span: timedelta
    key: UUID
    status: Status
    lines: list[Line]
    first: Line | None
    pair: tuple[str, int]
    labels: set[str]
    numbers: frozenset[Decimal]
    prices: dict[str, Money]
    plain: Any


class EverythingOutbox(OutboxMapping):
    class Meta:
        table = "everything"

    events = (Everything,)


numbers = st.decimals(-(10**9), 10**9, places=4)
money = st.builds(Money, numbers, st.sampled_from(["EUR", "USD"]))
lines = st.builds(Line, st.text(), money, st.none() | st.integers(-5, 5))
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
everything = st.builds(
    Everything,
    text=st.text(),
    number=numbers,
    real=st.floats(-1e100, 1e100).filter(lambda value: value == 0 or abs(value) > 1e-100),
    truth=st.booleans(),
    raw=st.binary(),
    moment=st.datetimes(timezones=st.just(UTC)),
    day=st.dates(),
    hour=st.times(),
    span=st.timedeltas(timedelta(days=-1000), timedelta(days=1000)),
    key=st.uuids(),
    status=st.sampled_from(Status),
    lines=st.lists(lines, max_size=3),
    first=st.none() | lines,
    pair=st.tuples(st.text(), st.integers(-9, 9)),
    labels=st.sets(st.text(), max_size=3),
    numbers=st.frozensets(numbers, max_size=3),
    prices=st.dictionaries(st.text(), money, max_size=3),
    plain=plain,
)


def event_of(mapping: type[OutboxMapping], entry: OutboxEntry) -> object:
    kind = catalogue_of(mapping).find(entry.type)
    assert kind is not None
    return kind.event(entry.payload, entry.id)


class TestEntries:
    def test_say_what_happened_to_which_aggregate(self) -> None:
        (made,) = entries(ShopOutbox, [placed("o-1", 3, 42)], NOON, counted())

        assert made == OutboxEntry(
            partition="pending#0",
            position="a#Order#o-1#00000000000000000003#2026-01-02T12:00:00.000000Z#0000#id-1",
            id="id-1",
            type="OrderPlaced",
            payload={"order_id": "o-1", "number": 42},
            recorded_at=NOON,
            aggregate_type="Order",
            aggregate_key=("o-1",),
            aggregate_version=3,
        )

    def test_may_be_of_no_aggregate(self) -> None:
        (made,) = entries(ShopOutbox, [Recorded(OrderCancelled("o-1"))], NOON, counted())

        assert made == OutboxEntry(
            partition="pending#0",
            position="e#2026-01-02T12:00:00.000000Z#0000#id-1",
            id="id-1",
            type="OrderCancelled",
            payload={"order_id": "o-1"},
            recorded_at=NOON,
        )

    def test_are_the_same_for_the_same_commit(self) -> None:
        recorded = [placed("o-1", 3), placed("o-2", 1), Recorded(OrderCancelled("o-1"))]

        once, again = (entries(ShardedOutbox, recorded, NOON, counted()) for _ in range(2))

        assert once == again
        assert [entry.id for entry in once] == ["id-1", "id-2", "id-3"]

    def test_keep_an_aggregate_in_one_shard(self) -> None:
        recorded = [placed(f"o-{number % 20}", number) for number in range(100)]

        made = entries(ShardedOutbox, recorded, NOON, counted())

        pairs = {(entry.aggregate_key, entry.partition) for entry in made}
        assert len(pairs) == 20
        assert {partition for _, partition in pairs} == {"pending#0", "pending#1", "pending#2", "pending#3"}

    def test_are_entities_of_the_mapping(self) -> None:
        """An entry is stored and read like any other entity."""
        uow = UnitOfWork(MemoryStore())
        outbox = Repository(ShopOutbox, uow)
        (made,) = entries(ShopOutbox, [placed("o-1", 3)], NOON, counted())

        outbox.add(made)

        assert outbox.get(made.partition, made.position) == made

    def test_refuse_values_that_cant_be_stored(self) -> None:
        """All of them at once, before anything is sent."""
        wrong = OrderPlaced(order_id=1, number="x")  # type: ignore[arg-type]  # that is the subject

        with pytest.raises(ValidationFailed) as refused:
            entries(ShopOutbox, [Recorded(wrong)], NOON, counted())

        assert refused.value.entity_type is OrderPlaced
        assert set(refused.value.messages) == {"order_id", "number"}

    def test_hide_the_payload_in_their_text(self) -> None:
        (made,) = entries(ShopOutbox, [placed("o-1", 3, 424242)], NOON, counted())

        assert "424242" not in repr(made)


class TestPayload:
    @given(everything)
    def test_gives_the_event_back(self, event: Everything) -> None:
        """Numbers, times, enums, nested dataclasses and sets come back as they were, through the table."""
        (made,) = entries(EverythingOutbox, [Recorded(event)], NOON, counted())

        codec = mapping_of(EverythingOutbox).codec
        stored = codec.decode(codec.encode(made))

        assert event_of(EverythingOutbox, stored) == event

    def test_is_plain_data_for_consumers_in_other_languages(self) -> None:
        kind = catalogue_of(ShopOutbox).type_of(OrderPlaced("o-1"))

        assert kind.payload(OrderPlaced("o-1", 7)) == {"order_id": "o-1", "number": 7}

    def test_of_an_older_version_gets_defaults(self) -> None:
        kind = catalogue_of(ShopOutbox).find("OrderPlaced")

        assert kind is not None
        assert kind.event({"order_id": "o-1", "removed_since": 1}, "id-1") == OrderPlaced("o-1", 0)

    def test_that_lacks_something_says_what(self) -> None:
        kind = catalogue_of(ShopOutbox).find("OrderPlaced")
        assert kind is not None

        with pytest.raises(DecodeError) as unreadable:
            kind.event({"number": 1}, "id-1")

        found = unreadable.value
        assert (found.entity_type, found.attribute, found.found) == (OrderPlaced, "order_id", "nothing")
        assert found.key == ("id-1",)


class TestEvents:
    def test_that_are_not_declared_are_refused(self) -> None:
        @dataclass
        class Stranger:
            id: str

        with pytest.raises(MappingError, match=r"events = \(\.\.\., Stranger\)"):
            check_event(ShopOutbox, Stranger("x"))

    @pytest.mark.parametrize("event", ["text", 7, None, {"a": 1}, object()])
    def test_are_dataclasses(self, event: object) -> None:
        class AnyOutbox(OutboxMapping):
            class Meta:
                table = "any"

        with pytest.raises(MappingError, match="are dataclasses"):
            check_event(AnyOutbox, event)

    def test_that_cant_be_mapped_are_refused_when_they_are_recorded(self) -> None:
        """Nested types are looked at too, whether or not this event holds any."""

        @dataclass
        class Part:
            what: object

        @dataclass
        class Made:
            parts: list[Part] = field(default_factory=list)

        class FactoryOutbox(OutboxMapping):
            class Meta:
                table = "factory"

            events = (Made,)

        with pytest.raises(MappingError, match=r"Part\.what"):
            check_event(FactoryOutbox, Made())

    def test_may_have_names_that_outlive_their_classes(self) -> None:
        """The first name is written; all are read."""

        class RenamedOutbox(OutboxMapping):
            class Meta:
                table = "renamed"

            events = {"order-placed": OrderPlaced, "OrderPlaced": OrderPlaced}  # noqa: RUF012  # as users write it

        (made,) = entries(RenamedOutbox, [Recorded(OrderPlaced("o-1"))], NOON, counted())
        (old,) = entries(ShopOutbox, [Recorded(OrderPlaced("o-1"))], NOON, counted())

        assert (made.type, old.type) == ("order-placed", "OrderPlaced")
        assert event_of(RenamedOutbox, made) == event_of(RenamedOutbox, old) == OrderPlaced("o-1")

    def test_may_be_given_by_a_mapping(self) -> None:
        """Where type hints do not say how to store a field, a mapping of the event does."""

        @dataclass(frozen=True)
        class Moved:
            where: complex

        class MovedMapping(MappingSchema[Moved]):
            where = fields.Converted(lambda value: [value.real, value.imag], lambda parts: complex(*parts))

        class MapOutbox(OutboxMapping):
            class Meta:
                table = "map"

            events = (MovedMapping,)

        (made,) = entries(MapOutbox, [Recorded(Moved(1 + 2j))], NOON, counted())

        assert (made.type, made.payload) == ("Moved", {"where": [1, 2]})
        assert event_of(MapOutbox, made) == Moved(1 + 2j)

    def test_of_one_name_need_names(self) -> None:
        other = make_dataclass("OrderPlaced", [("id", str)])

        with pytest.raises(MappingError, match="two types named 'OrderPlaced'"):
            type("TwiceOutbox", (OutboxMapping,), {"events": (OrderPlaced, other)})

    @pytest.mark.parametrize("declared", ["OrderPlaced", 7, {OrderPlaced}])
    def test_are_a_tuple_or_a_dict(self, declared: Sequence[type]) -> None:
        with pytest.raises(MappingError, match="takes a tuple of event types"):
            type("WrongOutbox", (OutboxMapping,), {"events": declared})

    @pytest.mark.parametrize("name", [OrderPlaced, 1, ""])
    def test_have_texts_for_names(self, name: object) -> None:
        with pytest.raises(MappingError, match="a name is a text"):
            type("WrongOutbox", (OutboxMapping,), {"events": {name: OrderPlaced}})

    def test_are_inherited(self) -> None:
        class InvoiceOutbox(ShopOutbox):
            class Meta:
                table = "invoice-outbox"

        check_event(InvoiceOutbox, OrderPlaced("o-1"))

        assert mapping_of(InvoiceOutbox).table == Table(
            "invoice-outbox", "partition", "position", time_to_live="expires_at", discriminator=None
        )


class TestUndeclaredEvents:
    """An outbox that declares no events takes any dataclass, and finds it again by module and name."""

    class AnyOutbox(OutboxMapping):
        class Meta:
            table = "any"

    def test_are_known_by_module_and_name(self) -> None:
        (made,) = entries(self.AnyOutbox, [Recorded(OrderPlaced("o-1"))], NOON, counted())

        assert made.type == f"{OrderPlaced.__module__}:OrderPlaced"
        assert event_of(self.AnyOutbox, made) == OrderPlaced("o-1")

    def test_must_be_found_by_that_name(self) -> None:
        @dataclass
        class Local:
            id: str

        with pytest.raises(MappingError, match=r"declare it: events = \(Local,\)"):
            check_event(self.AnyOutbox, Local("x"))

    @pytest.mark.parametrize(
        "name",
        [
            "not.loaded:OrderPlaced",
            f"{OrderPlaced.__module__}:Shop.commit",
            f"{OrderPlaced.__module__}:ShopOutbox",
            f"{__name__}:OrderPlaced",
            "subprocess:Popen",
            "OrderPlaced",
            "",
        ],
    )
    def test_are_nothing_but_dataclasses_in_modules_that_are_loaded(self, name: str) -> None:
        """A name in the table makes nothing happen, whoever wrote it there."""
        assert catalogue_of(self.AnyOutbox).find(name) is None


class TestOutbox:
    @pytest.mark.parametrize("shards", [0, -1, 1.0, True, "2"])
    def test_has_a_whole_number_of_shards(self, shards: object) -> None:
        with pytest.raises(MappingError, match="whole number of at least 1"):
            type("WrongOutbox", (OutboxMapping,), {"shards": shards})

    @pytest.mark.parametrize("mapping", [OrderPlaced, MappingSchema, ShopOutbox(), None])
    def test_is_a_subclass_of_its_mapping(self, mapping: Any) -> None:
        with pytest.raises(MappingError, match="subclass of OutboxMapping"):
            check_outbox(mapping)

    def test_needs_a_table(self) -> None:
        with pytest.raises(MappingError, match="has no table"):
            check_outbox(OutboxMapping)

    def test_keeps_its_keys(self) -> None:
        class KeyedOutbox(OutboxMapping):
            class Meta:
                table = "keyed"
                key = Key("partition", "id")

        with pytest.raises(MappingError, match="partition and position"):
            check_outbox(KeyedOutbox)

    def test_may_share_a_table(self) -> None:
        class SharedOutbox(ShopOutbox):
            class Meta:
                table = Table("shop", partition="PK", sort="SK")
                key = Key("OUTBOX#{partition}", "{position}#")

        (made,) = entries(SharedOutbox, [placed("o-1", 3)], NOON, counted())

        stored = check_outbox(SharedOutbox).codec.encode(made)

        assert stored["PK"] == {"S": "OUTBOX#pending#0"}
        assert stored["SK"] == {"S": f"{made.position}#"}
