"""The codec: entities to items and back."""

import datetime as dt
import enum
import inspect
import threading
import traceback
import uuid
from dataclasses import FrozenInstanceError, dataclass, field, make_dataclass
from decimal import Decimal
from typing import Any, Generic, Literal, NewType, TypeVar

import pytest

from persistence import fields
from persistence.errors import DecodeError, MappingError, ValidationFailed, WrongEntityType
from persistence.fields import validate
from persistence.mapping import MappingSchema, mapping_of
from persistence.table import GlobalIndex, Key, Table

UTC = dt.UTC
NOON = dt.datetime(2026, 1, 2, 12, 0, 0, 5, tzinfo=UTC)


class Status(enum.Enum):
    OPEN = "open"
    SHIPPED = "shipped"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


Sku = NewType("Sku", str)


@dataclass
class Line:
    sku: Sku
    quantity: int
    price: Decimal
    note: str | None = None


@dataclass
class Order:
    id: str
    customer_id: str
    placed_at: dt.datetime
    status: Status = Status.OPEN
    lines: list[Line] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    note: str | None = None
    version: int = 0


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("id")
        indexes = (GlobalIndex("by-customer", Key("customer_id", "placed_at")),)

    customer_id = fields.String(data_key="customerId", validate=validate.Length(min=2))
    version = fields.Version()
    created_at = fields.CreatedAt()
    expires_at = fields.TimeToLive()


def order(**changes: Any) -> Order:
    return Order(**{"id": "o-1", "customer_id": "c-1", "placed_at": NOON, **changes})


ITEM: dict[str, dict[str, Any]] = {
    "id": {"S": "o-1"},
    "customerId": {"S": "c-1"},
    "placed_at": {"S": "2026-01-02T12:00:00.000005Z"},
    "status": {"S": "open"},
    "lines": {"L": []},
    "version": {"N": "0"},
}


class TestEncode:
    def test_gives_tagged_values_under_the_names_of_the_table(self) -> None:
        """Whole items, exactly as they are sent: None and empty sets are left out."""
        item = OrderMapping.codec.encode(order())

        assert item == ITEM

    def test_writes_nested_entities_as_maps(self) -> None:
        item = OrderMapping.codec.encode(order(lines=[Line(Sku("a"), 2, Decimal("1.50"))]))

        line = {"sku": {"S": "a"}, "quantity": {"N": "2"}, "price": {"N": "1.5"}}
        assert item["lines"] == {"L": [{"M": line}]}

    def test_sorts_sets_so_that_requests_repeat_themselves(self) -> None:
        """Case 34: the order in which a set was filled does not alter the request."""
        one = OrderMapping.codec.encode(order(tags={"c", "a", "b"}))
        other = OrderMapping.codec.encode(order(tags={"b", "c", "a"}))

        assert one["tags"] == other["tags"] == {"SS": ["a", "b", "c"]}

    def test_leaves_out_an_empty_set(self) -> None:
        """Case 34: never an empty set; DynamoDB has none."""
        assert "tags" not in OrderMapping.codec.encode(order(tags=set()))

    def test_converts_datetimes_to_fixed_width_utc(self) -> None:
        east = dt.timezone(dt.timedelta(hours=2))

        item = OrderMapping.codec.encode(order(placed_at=dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=east)))

        assert item["placed_at"] == {"S": "2026-01-02T01:04:05.000000Z"}

    def test_reports_all_fields_at_once(self) -> None:
        """The messages have marshmallow's shape, by Python names and indexes."""
        wrong = order(customer_id="c", placed_at=NOON.replace(tzinfo=None), lines=[Line("a", True, "x")])  # type: ignore[arg-type]  # the point

        with pytest.raises(ValidationFailed) as raised:
            OrderMapping.codec.encode(wrong)

        assert raised.value.entity_type is Order
        assert raised.value.key == ("o-1",)
        assert raised.value.messages == {
            "customer_id": ["Shorter than minimum length 2."],
            "placed_at": ["Naive datetime; give it a time zone, such as datetime.now(timezone.utc)."],
            "lines": {
                0: {
                    "quantity": ["Not a valid integer."],
                    "price": ["Not a valid decimal number; expected Decimal or int."],
                }
            },
        }

    def test_never_shows_values(self) -> None:
        with pytest.raises(ValidationFailed) as raised:
            OrderMapping.codec.encode(order(note=12345678))

        assert "12345678" not in str(raised.value)

    def test_refuses_none_where_the_hint_does_not_allow_it(self) -> None:
        with pytest.raises(ValidationFailed) as raised:
            OrderMapping.codec.encode(order(status=None))

        assert raised.value.messages == {"status": ["Field may not be null."]}

    @pytest.mark.parametrize("problem", [None, "", "x" * 2049, 5], ids=["None", "empty", "long", "number"])
    def test_refuses_what_can_be_no_key(self, problem: Any) -> None:
        with pytest.raises(ValidationFailed) as raised:
            OrderMapping.codec.encode(order(id=problem))

        assert raised.value.key is None
        assert list(raised.value.messages) == ["id"]

    def test_takes_a_key_of_just_the_limit(self) -> None:
        """2048 bytes for a partition key, counted in UTF-8."""
        item = OrderMapping.codec.encode(order(id="ä" * 1024))

        assert item["id"] == {"S": "ä" * 1024}

    @pytest.mark.parametrize("value", ["", "x" * 2049])
    def test_refuses_index_keys_that_the_service_refuses(self, value: str) -> None:
        """Case 52: an empty or oversized index key is refused before sending."""

        @dataclass
        class Doc:
            id: str
            owner: str

        class DocMapping(MappingSchema[Doc]):
            class Meta:
                table = "docs"
                key = Key("id")
                indexes = (GlobalIndex("by-owner", Key("owner")),)

        with pytest.raises(ValidationFailed) as raised:
            DocMapping.codec.encode(Doc("1", value))

        assert list(raised.value.messages) == ["owner"]

    def test_refuses_entities_of_another_mapping(self) -> None:
        with pytest.raises(MappingError, match="OrderMapping maps Order, not Line"):
            OrderMapping.codec.encode(Line(Sku("a"), 1, Decimal(1)))  # type: ignore[arg-type]  # the point

    def test_refuses_entities_of_a_subclass(self) -> None:
        """What a subclass adds would be lost, and the entity would come back as its parent."""

        class Special(Order):
            pass

        with pytest.raises(MappingError, match="OrderMapping maps Order, not Special"):
            OrderMapping.codec.encode(Special("o-1", "c-1", NOON))


class TestSnapshot:
    def test_is_the_same_item_without_running_validators(self) -> None:
        short = order(customer_id="c")

        assert OrderMapping.codec.snapshot(short) == {**ITEM, "customerId": {"S": "c"}}


class TestDecode:
    def test_builds_the_entity(self) -> None:
        assert OrderMapping.codec.decode(ITEM) == order()

    def test_ignores_what_it_does_not_know(self) -> None:
        assert OrderMapping.codec.decode({**ITEM, "newer": {"BOOL": True}}) == order()

    def test_reads_an_absent_attribute_as_default_or_none(self) -> None:
        """Case 36: a missing attribute is the dataclass's default, else None if the hint allows it."""
        item = {name: ITEM[name] for name in ("id", "customerId", "placed_at")}

        assert OrderMapping.codec.decode(item) == order()

    def test_reads_null_as_none_where_the_hint_allows_it(self) -> None:
        """Case 36: NULL is not missing, but None in Python as well."""
        assert OrderMapping.codec.decode({**ITEM, "note": {"NULL": True}}).note is None

    def test_refuses_null_where_the_hint_does_not_allow_it(self) -> None:
        with pytest.raises(DecodeError) as raised:
            OrderMapping.codec.decode({**ITEM, "customerId": {"NULL": True}})

        assert (raised.value.attribute, raised.value.found) == ("customerId", "NULL")

    def test_makes_new_defaults_for_each_entity(self) -> None:
        item = {name: ITEM[name] for name in ("id", "customerId", "placed_at")}

        one, other = OrderMapping.codec.decode(item), OrderMapping.codec.decode(item)

        assert one.lines is not other.lines
        assert one.tags is not other.tags

    def test_names_entity_key_path_and_what_was_found(self) -> None:
        line = {"sku": {"N": "1"}, "quantity": {"N": "2"}, "price": {"N": "1"}}

        with pytest.raises(DecodeError) as raised:
            OrderMapping.codec.decode({**ITEM, "lines": {"L": [{"M": line}]}})

        error = raised.value
        assert (error.entity_type, error.attribute, error.expected, error.found, error.key) == (
            Order,
            "lines[0].sku",
            "a string (S)",
            "N",
            ("o-1",),
        )

    def test_says_that_a_required_attribute_is_missing(self) -> None:
        item = {name: stored for name, stored in ITEM.items() if name != "customerId"}

        with pytest.raises(DecodeError) as raised:
            OrderMapping.codec.decode(item)

        assert (raised.value.attribute, raised.value.found) == ("customerId", "nothing")

    @pytest.mark.parametrize("text", ["yesterday", "2026-01-02T12:00:00"], ids=["no date", "naive"])
    def test_refuses_what_is_no_aware_datetime(self, text: str) -> None:
        with pytest.raises(DecodeError) as raised:
            OrderMapping.codec.decode({**ITEM, "placed_at": {"S": text}})

        assert raised.value.attribute == "placed_at"
        assert text not in str(raised.value)

    @pytest.mark.parametrize("text", ["2026-01-02T12:00:00.000005+00:00", "20260102T140000.000005+0200"])
    def test_reads_any_iso_form_of_a_datetime(self, text: str) -> None:
        assert OrderMapping.codec.decode({**ITEM, "placed_at": {"S": text}}) == order()

    def test_refuses_an_unknown_enum_value(self) -> None:
        with pytest.raises(DecodeError) as raised:
            OrderMapping.codec.decode({**ITEM, "status": {"S": "lost"}})

        assert raised.value.expected == "a member of Status (S)"

    def test_lets_the_domain_refuse_what_it_can_not_be(self) -> None:
        """An error of the entity's own constructor is a DecodeError that is raised from it."""
        with pytest.raises(DecodeError) as raised:
            PickyMapping.codec.decode({"id": {"S": "1"}, "share": {"N": "0"}})

        assert str(raised.value) == (
            "Picky '1' can't be read: expected values that Picky accepts, found others: its constructor "
            "raised ZeroDivisionError"
        )
        assert isinstance(raised.value.__cause__, ZeroDivisionError)


@dataclass
class Picky:
    id: str
    share: int

    def __post_init__(self) -> None:
        self.part = 1 / self.share


class PickyMapping(MappingSchema[Picky]):
    class Meta:
        table = "picky"
        key = Key("id")


T = TypeVar("T")


@dataclass
class Everything:
    id: str
    text: str
    count: int
    ratio: float
    amount: Decimal
    flag: bool
    data: bytes
    at: dt.datetime
    day: dt.date
    time: dt.time
    span: dt.timedelta
    ref: uuid.UUID
    status: Status
    level: Level
    kind: Literal["a", "b"]
    sku: Sku
    names: list[str]
    maybe: list[int | None]
    pair: tuple[int, str]
    many: tuple[Decimal, ...]
    counts: dict[str, int]
    by_name: dict[str, Line]
    numbers: set[int]
    frozen: frozenset[Decimal]
    blobs: set[bytes]
    line: Line
    any_data: Any
    either: Status | None


class EverythingMapping(MappingSchema[Everything]):
    class Meta:
        table = "everything"
        key = Key("id")


def everything(**changes: Any) -> Everything:
    values: dict[str, Any] = {
        "id": "1",
        "text": "",
        "count": -7,
        "ratio": 0.1,
        "amount": Decimal("10.50"),
        "flag": False,
        "data": b"\x00\xff",
        "at": NOON,
        "day": dt.date(2026, 1, 2),
        "time": dt.time(1, 2, 3),
        "span": dt.timedelta(days=-1, microseconds=1),
        "ref": uuid.UUID(int=7),
        "status": Status.SHIPPED,
        "level": Level.HIGH,
        "kind": "b",
        "sku": "s",
        "names": ["x", ""],
        "maybe": [1, None],
        "pair": (1, "one"),
        "many": (Decimal(1), Decimal("0.5")),
        "counts": {"z": 1, "a": 2},
        "by_name": {"first": Line(Sku("a"), 1, Decimal(1), "n")},
        "numbers": {10, 9, -1},
        "frozen": frozenset({Decimal("1.5"), Decimal(2)}),
        "blobs": {b"b", b"a"},
        "line": Line(Sku("b"), 2, Decimal(2)),
        "any_data": {"deep": [1, 2.5, None, True, {"s": "x"}]},
        "either": None,
    }
    return Everything(**{**values, **changes})


class TestEveryHint:
    def test_is_stored_as_expected(self) -> None:
        line = {"sku": {"S": "a"}, "quantity": {"N": "1"}, "price": {"N": "1"}, "note": {"S": "n"}}

        item = EverythingMapping.codec.encode(everything())

        assert item == {
            "id": {"S": "1"},
            "text": {"S": ""},
            "count": {"N": "-7"},
            "ratio": {"N": "0.1"},
            "amount": {"N": "10.5"},
            "flag": {"BOOL": False},
            "data": {"B": b"\x00\xff"},
            "at": {"S": "2026-01-02T12:00:00.000005Z"},
            "day": {"S": "2026-01-02"},
            "time": {"S": "01:02:03"},
            "span": {"N": "-86399.999999"},
            "ref": {"S": "00000000-0000-0000-0000-000000000007"},
            "status": {"S": "shipped"},
            "level": {"N": "2"},
            "kind": {"S": "b"},
            "sku": {"S": "s"},
            "names": {"L": [{"S": "x"}, {"S": ""}]},
            "maybe": {"L": [{"N": "1"}, {"NULL": True}]},
            "pair": {"L": [{"N": "1"}, {"S": "one"}]},
            "many": {"L": [{"N": "1"}, {"N": "0.5"}]},
            "counts": {"M": {"z": {"N": "1"}, "a": {"N": "2"}}},
            "by_name": {"M": {"first": {"M": line}}},
            "numbers": {"NS": ["-1", "9", "10"]},
            "frozen": {"NS": ["1.5", "2"]},
            "blobs": {"BS": [b"a", b"b"]},
            "line": {"M": {"sku": {"S": "b"}, "quantity": {"N": "2"}, "price": {"N": "2"}}},
            "any_data": {
                "M": {
                    "deep": {
                        "L": [
                            {"N": "1"},
                            {"N": "2.5"},
                            {"NULL": True},
                            {"BOOL": True},
                            {"M": {"s": {"S": "x"}}},
                        ]
                    }
                }
            },
        }

    def test_is_read_back_as_it_was(self) -> None:
        entity = everything()

        assert EverythingMapping.codec.decode(EverythingMapping.codec.encode(entity)) == entity

    def test_keeps_the_order_of_maps(self) -> None:
        item = EverythingMapping.codec.encode(everything())

        assert list(item["counts"]["M"]) == ["z", "a"]

    def test_reads_integers_of_any_form(self) -> None:
        """Other writers may have stored 1.0 or 1E3; what has a fraction is no integer."""
        item = EverythingMapping.codec.encode(everything())

        assert EverythingMapping.codec.decode({**item, "count": {"N": "1E3"}}).count == 1000
        with pytest.raises(DecodeError):
            EverythingMapping.codec.decode({**item, "count": {"N": "1.5"}})

    def test_accepts_an_int_for_decimal_and_float(self) -> None:
        item = EverythingMapping.codec.encode(everything(amount=3, ratio=4))

        assert (item["amount"], item["ratio"]) == ({"N": "3"}, {"N": "4"})

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("count", True),
            ("count", 1.5),
            ("count", Decimal(1)),
            ("count", 2**130),
            ("ratio", float("nan")),
            ("ratio", float("-inf")),
            ("ratio", 1e200),
            ("ratio", Decimal("0.5")),
            ("amount", Decimal("NaN")),
            ("amount", Decimal("sNaN")),
            ("amount", Decimal("-Infinity")),
            ("amount", Decimal("1" * 39)),
            ("amount", 0.5),
            ("amount", False),
            ("flag", 1),
            ("text", b"x"),
            ("data", "x"),
            ("at", dt.date(2026, 1, 1)),
            ("day", NOON),
            ("ref", "00000000-0000-0000-0000-000000000007"),
            ("status", "open"),
            ("level", 2),
            ("kind", "c"),
            ("names", "text"),
            ("names", ["x", 1]),
            ("names", ["x", None]),
            ("pair", (1,)),
            ("pair", ("1", "one")),
            ("counts", {"a": True}),
            ("counts", {1: 1}),
            ("numbers", {1, "a"}),
            ("numbers", {2, True}),
            ("numbers", [1]),
            ("frozen", frozenset({Decimal("NaN")})),
            ("blobs", {b"a", "b"}),
            ("line", {"sku": "a"}),
            ("any_data", object()),
            ("any_data", {"deep": {1: 2}}),
            ("any_data", {"mixed": {1, "a"}}),
            ("any_data", {"empty": set()}),
        ],
    )
    def test_refuses_what_it_can_not_hold(self, name: str, value: Any) -> None:
        """Case 33: refused before sending, naming the field."""
        with pytest.raises(ValidationFailed) as raised:
            EverythingMapping.codec.encode(everything(**{name: value}))

        assert list(raised.value.messages) == [name]

    def test_says_which_types_a_mixed_set_has(self) -> None:
        with pytest.raises(ValidationFailed) as raised:
            EverythingMapping.codec.encode(everything(blobs={b"a", "b"}))

        assert raised.value.messages == {
            "blobs": ["A set of one type is expected, bytes (B); found bytes, str."]
        }

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (Decimal("1" * 38), "1" * 38),
            (Decimal("1E+125"), "1" + "0" * 125),
            (Decimal("1E-130"), "0." + "0" * 129 + "1"),
            (Decimal("1E+100"), "1" + "0" * 100),
            (Decimal(10**38), "1" + "0" * 38),
            (Decimal("-0"), "0"),
            (Decimal("100"), "100"),
            (Decimal("0.10"), "0.1"),
        ],
    )
    def test_keeps_numbers_exactly(self, value: Decimal, text: str) -> None:
        """Case 32: 38 digits, and magnitudes from 1E-130 to 9.9E+125."""
        item = EverythingMapping.codec.encode(everything(amount=value))

        assert item["amount"] == {"N": text}
        assert EverythingMapping.codec.decode(item).amount == value

    @pytest.mark.parametrize(
        ("value", "text"), [(2**30, str(2**30)), (-(10**20), "-1" + "0" * 20), (10**38, "1" + "0" * 38)]
    )
    def test_keeps_large_integers(self, value: int, text: str) -> None:
        item = EverythingMapping.codec.encode(everything(count=value))

        assert item["count"] == {"N": text}

    @pytest.mark.parametrize(
        ("value", "text"),
        [(1.0, "1"), (-0.0, "0"), (1e16, "1" + "0" * 16), (1e-7, "0.0000001"), (2.5, "2.5")],
    )
    def test_writes_floats_by_their_shortest_text(self, value: float, text: str) -> None:
        assert EverythingMapping.codec.encode(everything(ratio=value))["ratio"] == {"N": text}


class TestManyIntegers:
    """Where integers are many, the fast way looks at their sizes together."""

    @pytest.mark.parametrize("value", [0, -5, 2**63 - 1, -(2**63), 2**63, 10**38 - 1, -(10**37)])
    def test_survive_whatever_their_size(self, value: int) -> None:
        wide = make_dataclass("Wide", [("id", str), *((f"n{place}", int) for place in range(9))])
        codec = mapping_for(wide).codec
        entity = wide("1", *range(8), value)

        item = codec.encode(entity)

        assert item["n8"] == {"N": str(value)}
        assert codec.decode(item) == entity

    @pytest.mark.parametrize("value", [True, 1.0, 2**130, None])
    def test_refuse_what_is_none(self, value: Any) -> None:
        wide = make_dataclass("Wide", [("id", str), *((f"n{place}", int) for place in range(9))])

        with pytest.raises(ValidationFailed) as raised:
            mapping_for(wide).codec.encode(wide("1", *range(8), value))

        assert list(raised.value.messages) == ["n8"]


class TestAbsence:
    def test_keeps_none_apart_from_another_default(self) -> None:
        """None is left out, so an absent attribute would read as the default: here NULL is stored instead."""

        @dataclass
        class Doc:
            id: str
            state: str | None = "draft"

        class DocMapping(MappingSchema[Doc]):
            class Meta:
                table = "docs"
                key = Key("id")

        item = DocMapping.codec.encode(Doc("1", None))

        assert item == {"id": {"S": "1"}, "state": {"NULL": True}}
        assert DocMapping.codec.decode(item) == Doc("1", None)
        assert DocMapping.codec.decode({"id": {"S": "1"}}) == Doc("1", "draft")

    def test_reads_an_absent_set_as_empty_whatever_its_default(self) -> None:
        @dataclass
        class Doc:
            id: str
            tags: set[str] = field(default_factory=lambda: {"new"})

        class DocMapping(MappingSchema[Doc]):
            class Meta:
                table = "docs"
                key = Key("id")

        assert DocMapping.codec.decode(DocMapping.codec.encode(Doc("1", set()))) == Doc("1", set())

    def test_omits_empty_values_where_a_field_says_so(self) -> None:
        @dataclass
        class Doc:
            id: str
            text: str
            count: int
            flag: bool
            names: list[str]
            data: dict[str, str]
            kept: str = ""

        class DocMapping(MappingSchema[Doc]):
            class Meta:
                table = "docs"
                key = Key("id")

            text = fields.String(omit_empty=True)
            count = fields.Integer(omit_empty=True)
            flag = fields.Boolean(omit_empty=True)
            names = fields.List(fields.String(), omit_empty=True)
            data = fields.Dict(values=fields.String(), metadata={"omit_empty": True})

        empty = Doc("1", "", 0, False, [], {})

        item = DocMapping.codec.encode(empty)

        assert item == {"id": {"S": "1"}, "kept": {"S": ""}}
        assert DocMapping.codec.decode(item) == empty

    def test_keeps_a_sparse_index_sparse(self) -> None:
        @dataclass
        class Doc:
            id: str
            owner: str | None = None

        class DocMapping(MappingSchema[Doc]):
            class Meta:
                table = "docs"
                key = Key("id")
                indexes = (GlobalIndex("by-owner", Key("owner")),)

        assert DocMapping.codec.encode(Doc("1")) == {"id": {"S": "1"}}


@dataclass(frozen=True)
class Frozen:
    id: str
    tags: frozenset[str] = frozenset()
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class FrozenSlots:
    id: str
    count: int = 3


@dataclass(slots=True, kw_only=True)
class KeywordsOnly:
    id: str
    count: int = 3


@dataclass
class Base:
    id: str
    kind: str = "base"


@dataclass
class Derived(Base):
    extra: int = 0


@dataclass
class Box(Generic[T]):
    id: str
    content: T
    more: list[T] = field(default_factory=list)


@dataclass
class IntBox(Box[int]):
    label: str = ""


@dataclass
class Tree:
    id: str
    children: list["Tree"] = field(default_factory=list)
    left: "Tree | None" = None


@dataclass
class Counted:
    id: str
    total: int = field(init=False, default=5)
    secret: int = field(init=False, default=7)


@dataclass(frozen=True)
class Checked:
    id: str
    count: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", self.count + 1)


def mapping_for(entity: Any, **attributes: Any) -> type[MappingSchema[Any]]:
    class Made(MappingSchema[entity]):
        class Meta:
            table = "made"
            key = Key("id")

        locals().update(attributes)

    return Made


class TestKindsOfDataclass:
    @pytest.mark.parametrize(
        ("hint", "entity"),
        [
            (Frozen, Frozen("1", frozenset({"a"}), NOON)),
            (Frozen, Frozen("1")),
            (FrozenSlots, FrozenSlots("1", 4)),
            (KeywordsOnly, KeywordsOnly(id="1", count=4)),
            (Derived, Derived("1", "derived", 2)),
            (Box[Decimal], Box("1", Decimal(2), [Decimal(3)])),
            (IntBox, IntBox("1", 2, [3], "four")),
            (Tree, Tree("1", [Tree("2", [Tree("3")])], Tree("4"))),
        ],
        ids=repr,
    )
    def test_survives(self, hint: Any, entity: Any) -> None:
        codec = mapping_for(hint).codec

        assert codec.decode(codec.encode(entity)) == entity

    def test_gives_frozen_entities_that_stay_frozen(self) -> None:
        entity = mapping_for(Frozen).codec.decode({"id": {"S": "1"}})

        with pytest.raises(FrozenInstanceError):
            entity.id = "2"

    def test_calls_post_init_where_there_is_one(self) -> None:
        assert mapping_for(Checked).codec.decode({"id": {"S": "1"}, "count": {"N": "1"}}).count == 2

    def test_stores_fields_without_init_only_when_declared(self) -> None:
        mapping = mapping_for(Counted, total=fields.Integer())
        entity = Counted("1")
        entity.total = entity.secret = 9

        item = mapping.codec.encode(entity)
        read = mapping.codec.decode(item)

        assert item == {"id": {"S": "1"}, "total": {"N": "9"}}
        assert (read.total, read.secret) == (9, 7)


class TestSource:
    def test_shows_the_generated_functions(self) -> None:
        source = OrderMapping.codec.source

        assert "def encode(entity):" in source
        assert "item['customerId'][\"S\"]" in source

    def test_is_what_inspect_shows(self) -> None:
        shown = inspect.getsource(OrderMapping.codec.decode)

        assert shown.startswith("def decode(item):")
        assert shown.strip() in OrderMapping.codec.source

    def test_has_its_lines_in_tracebacks(self) -> None:
        with pytest.raises(DecodeError) as raised:
            OrderMapping.codec.decode({})

        assert "return sure_decode(item)" in "".join(traceback.format_exception(raised.value))

    def test_is_used_for_usual_entities(self) -> None:
        """Nothing that the compiler knows takes the sure way: it is switched off here."""
        usual: list[tuple[Any, Any]] = [
            (OrderMapping, order(tags={"a"}, note="n")),
            (EverythingMapping, everything()),
        ]
        for schema, entity in usual:
            codec = mapping_of(schema).codec
            names = codec.encode.__globals__
            saved = {name: names[name] for name in ("sure_encode", "sure_decode", "sure_snapshot")}
            names.update(dict.fromkeys(saved, _unwanted))
            try:
                assert codec.decode(codec.encode(entity)) == entity
                assert codec.snapshot(entity) == codec.encode(entity)
            finally:
                names.update(saved)


def _unwanted(value: object) -> None:
    raise AssertionError(f"{value!r} took the sure way")


class TestFirstUse:
    def test_compiles_once_when_many_threads_begin_together(self) -> None:
        mapping = mapping_for(Everything)
        barrier = threading.Barrier(8)
        seen: list[Any] = []

        def use() -> None:
            barrier.wait()
            seen.append(mapping.codec)

        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(seen) == 8
        assert all(codec is mapping.codec for codec in seen)

    def test_gives_one_codec_on_class_and_instance(self) -> None:
        assert OrderMapping().codec is OrderMapping.codec


SHOP = Table("shop", "PK", "SK", indexes=(GlobalIndex("GSI1", Key("GSI1PK", "GSI1SK")),))


class ShopOrder(MappingSchema[Order]):
    class Meta:
        table = SHOP
        key = Key("CUSTOMER#{customer_id}", "ORDER#{id}")
        index_keys = {"GSI1": Key("ORDER#{id}", "{placed_at}")}  # noqa: RUF012  # as users write it


class TestSingleTableDesign:
    def test_writes_keys_from_templates_and_the_discriminator(self) -> None:
        item = ShopOrder.codec.encode(order())

        keys = {name: item[name] for name in ("PK", "SK", "GSI1PK", "GSI1SK", "_type")}
        assert keys == {
            "PK": {"S": "CUSTOMER#c-1"},
            "SK": {"S": "ORDER#o-1"},
            "GSI1PK": {"S": "ORDER#o-1"},
            "GSI1SK": {"S": "2026-01-02T12:00:00.000005Z"},
            "_type": {"S": "Order"},
        }

    def test_reads_key_fields_back_from_the_key_alone(self) -> None:
        """Items of other writers may hold the fields in the key only."""
        item = ShopOrder.codec.encode(order())
        bare = {name: stored for name, stored in item.items() if name not in ("id", "customer_id")}

        assert ShopOrder.codec.decode(bare) == order()

    @pytest.mark.parametrize("mark", [{"_type": {"S": "Customer"}}, {}], ids=["another", "none"])
    def test_refuses_the_items_of_other_types(self, mark: dict[str, Any]) -> None:
        item = {name: stored for name, stored in ShopOrder.codec.encode(order()).items() if name != "_type"}

        with pytest.raises(WrongEntityType) as raised:
            ShopOrder.codec.decode({**item, **mark})

        assert raised.value.found == mark.get("_type", {}).get("S")

    def test_reports_a_key_template_that_can_not_be_filled(self) -> None:
        with pytest.raises(ValidationFailed) as raised:
            ShopOrder.codec.encode(order(id=""))

        assert raised.value.messages == {"id": ["Can't be empty: it is part of the key 'ORDER#{id}'."]}
