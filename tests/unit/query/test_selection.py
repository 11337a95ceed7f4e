"""Selections: which paths a query has to read for what was asked, and what it makes of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from marshmallow import post_load

from persistence import GlobalIndex, Key, MappingSchema, Table, fields
from persistence.attributes import Item
from persistence.errors import DecodeError, QueryError
from persistence.evaluate import project
from persistence.expressions import Path
from persistence.mapping import mapping_of
from persistence.query import size, value
from persistence.query.rows import Row
from persistence.query.selection import Selection, select_names, select_one, select_recorded

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@dataclass
class Country:
    code: str


@dataclass
class Address:
    city: str
    street: str | None = None
    district: str = "centre"
    country: Country = field(default_factory=lambda: Country("AT"))


@dataclass
class Line:
    sku: str
    quantity: int = 1


@dataclass
class Order:
    id: str
    customer_id: str
    address: Address
    billing: Address | None = None
    lines: list[Line] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    size_of: tuple[int, Decimal] | None = None
    tags: set[str] = field(default_factory=set)
    status: str = "open"
    total: Decimal = Decimal(0)
    extra: Any = None
    version: int = 0


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("id")

    customer_id = fields.String(data_key="customerId")
    version = fields.Version()
    created_at = fields.CreatedAt()


ORDERS = mapping_of(OrderMapping)
ORDER = Order(
    "o1",
    "c1",
    Address("Graz"),
    Address("Linz", "Ring", "north", Country("DE")),
    [Line("a"), Line("b", 2)],
    {"colour": "red"},
    (1, Decimal("2.5")),
    {"x"},
    "paid",
    Decimal(7),
    {"note": [1, {"deep": True}]},
)
STORED = ORDERS.codec.encode(ORDER)
SPARSE: Item = {
    "id": {"S": "o2"},
    "customerId": {"S": "c2"},
    "address": {"M": {"city": {"S": "Wels"}}},
}


def read(selection: Selection[Any], item: Item) -> Any:
    """Read what a store would give of an item."""
    return selection.read(project(item, selection.projection))


def paths(*paths: tuple[str | int, ...]) -> tuple[Path, ...]:
    return tuple(map(Path, paths))


class TestRows:
    def test_have_what_was_asked_for(self) -> None:
        """Names are Python names or paths; a row has their values under these names."""
        selection = select_names(ORDERS, ("id", "customer_id", "address.city", "lines[1].sku"))

        row = read(selection, STORED)

        wanted = {"id": "o1", "customer_id": "c1", "address.city": "Graz", "lines[1].sku": "b"}
        assert row.as_dict() == wanted
        assert selection.names == (("id",), ("customer_id",), ("address", "city"), ("lines", 1, "sku"))

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("total", Decimal(7)),
            ("tags", {"x"}),
            ("address", Address("Graz")),
            ("address.country.code", "AT"),
            ("billing.street", "Ring"),
            ("lines", [Line("a"), Line("b", 2)]),
            ("lines[0]", Line("a")),
            ("lines[1].quantity", 2),
            ("labels.colour", "red"),
            ("size_of[1]", Decimal("2.5")),
            ("extra.note[1].deep", True),
        ],
    )
    def test_values_are_those_of_the_entity(self, name: str, expected: object) -> None:
        """What is stored goes through the mapping, wherever it lies."""
        assert read(select_names(ORDERS, (name,)), STORED)[name] == expected

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("total", Decimal(0)),
            ("status", "open"),
            ("tags", set()),
            ("billing", None),
            ("version", 0),
            ("created_at", None),
            ("address.street", None),
            ("address.district", "centre"),
            ("address.country.code", "AT"),
            ("billing.street", None),
            ("billing.district", None),
            ("billing.city", None),
            ("billing.country.code", None),
            ("lines[0]", None),
            ("lines[0].sku", None),
            ("labels.colour", None),
            ("size_of[0]", None),
            ("extra.note[0]", None),
        ],
    )
    def test_absent_values_are_what_the_entity_would_have(self, name: str, expected: object) -> None:
        """Its default; of an absent parent the default's part; None where there is no such part."""
        assert read(select_names(ORDERS, (name,)), SPARSE)[name] == expected

    @pytest.mark.parametrize("item", [STORED, SPARSE])
    def test_have_what_the_whole_entity_has(self, item: Item) -> None:
        """Every field, read alone, is what it is in the entity."""
        entity = ORDERS.codec.decode(item)

        for name in (each.name for each in dataclasses.fields(Order)):
            assert read(select_one(ORDERS, name), item) == getattr(entity, name)

    def test_read_what_lives_in_the_table_only(self) -> None:
        """A timestamp that the entity's class does not have can be read alone."""
        stored = {**STORED, "created_at": {"S": "2026-01-02T12:00:00.000000Z"}}

        assert read(select_names(ORDERS, ("created_at",)), stored).created_at == NOON


class TestProjection:
    @pytest.mark.parametrize(
        ("names", "projection"),
        [
            (("total",), paths(("total",))),
            (("id",), ()),
            (("customer_id",), paths(("customerId",))),
            (("address.city",), paths(("address", "city"))),
            (("address.street",), paths(("address",))),
            (("address.city", "labels.x"), paths(("address", "city"), ("labels", "x"))),
            (("address.city", "address"), paths(("address",))),
            (("billing.street",), paths(("billing", "street"))),
            (("billing.city",), paths(("billing",))),
            (("billing.district",), paths(("billing",))),
            (("labels.colour",), paths(("labels", "colour"))),
            (("extra.note[1].deep",), paths(("extra", "note"))),
        ],
    )
    def test_is_no_wider_than_it_has_to_be(
        self, names: tuple[str, ...], projection: tuple[Path, ...]
    ) -> None:
        """The key and the paths, none inside another.

        More is read only where an absent part alone would not tell the value: `billing.city` is None without
        a billing address, and an error in one without a city.
        """
        assert select_names(ORDERS, names).projection == (Path.of("id"), *projection)

    @pytest.mark.parametrize("name", ["lines[1].sku", "lines[1]", "size_of[0]"])
    def test_has_whole_lists(self, name: str) -> None:
        """Projected elements of a list move up, so that a list is read as a whole."""
        (_, whole) = select_names(ORDERS, (name,)).projection

        assert len(whole.segments) == 1

    def test_tells_what_an_index_lacks(self) -> None:
        """Given the attributes that an index holds, a selection tells what could not be read of it."""
        selection = select_names(ORDERS, ("id", "customer_id", "address.city"))

        assert selection.lacking({"id", "customerId"}) == (("address", "city"),)
        assert selection.lacking({"id", "customerId", "address"}) == ()


class TestWhatCannotBeRead:
    @pytest.mark.parametrize(
        ("name", "item", "attribute", "expected", "found"),
        [
            ("total", {"total": {"S": "x"}}, "total", "a number (N)", "S"),
            ("customer_id", {}, "customerId", "a string (S)", "nothing"),
            ("address.city", {"address": {"M": {}}}, "address.city", "a string (S)", "nothing"),
            ("address.city", {"address": {"M": {"city": {"N": "1"}}}}, "address.city", "a string (S)", "N"),
            ("billing.city", {"billing": {"M": {}}}, "billing.city", "a string (S)", "nothing"),
            ("lines[0].sku", {"lines": {"L": [{"M": {}}]}}, "lines[0].sku", "a string (S)", "nothing"),
            ("size_of[0]", {"size_of": {"L": [{"N": "1"}]}}, "size_of", "a list of 2 (L)", "a list of 1 (L)"),
            ("labels.colour", {"labels": {"S": "red"}}, "labels", "a map (M)", "S"),
        ],
    )
    def test_is_told_with_its_place(
        self, name: str, item: Item, attribute: str, expected: str, found: str
    ) -> None:
        """The error names the entity, its key, the attribute, what was expected and what is there."""
        with pytest.raises(DecodeError) as caught:
            select_names(ORDERS, (name,)).read({"id": {"S": "o1"}, **item})

        error = caught.value
        assert (error.entity_type, error.key) == (Order, ("o1",))
        assert (error.attribute, error.expected, error.found) == (attribute, expected, found)


class Summary(NamedTuple):
    id: str
    total: Decimal


class TestRecorded:
    @pytest.mark.parametrize(
        ("chosen", "expected"),
        [
            (lambda o: o.total, Decimal(7)),
            (lambda o: (o.id, o.total), ("o1", Decimal(7))),
            (lambda o: (o.total,), (Decimal(7),)),
            (lambda o: (o.id, o.id), ("o1", "o1")),
            (lambda o: (o.address.city, o.lines[0].sku), ("Graz", "a")),
            (lambda o: o.labels["colour"], "red"),
            (lambda o: value(o.billing).city, "Linz"),
            (lambda o: Summary(o.id, o.total), Summary("o1", Decimal(7))),
        ],
    )
    def test_gives_what_the_lambda_picks(self, chosen: Callable[[Any], Any], expected: object) -> None:
        """One field gives its value, a tuple a tuple, a NamedTuple its own kind."""
        found = read(select_recorded(ORDERS, chosen), STORED)

        assert (type(found), found) == (type(expected), expected)

    @pytest.mark.parametrize(
        ("chosen", "message"),
        [
            (lambda o: o.total > 1, "the lambda gave a condition; pick one field"),
            (lambda o: (o.id, o.total > 1), "the lambda's tuple has a condition"),
            (lambda o: 1, "the lambda gave int instead of fields"),
            (lambda o: (o.id, "x"), "the lambda's tuple has str instead of fields"),
            (lambda o: {"id": o.id}, "the lambda gave dict instead of fields"),
            (lambda o: [o.id], "the lambda gave list instead of fields; .* a tuple, as in"),
            (lambda o: (), "the lambda gave an empty tuple"),
            (lambda o: (o.id, (o.total,)), "the lambda's tuple has a tuple in a tuple"),
            (lambda o: Line(o.id, o.total), "the dataclass Line, whose own code must not see stand-ins"),
            (lambda o: o, "the whole Order; leave out select"),
            (lambda o: (o.id, o), "the whole Order; leave out select"),
            (lambda o: size(o.lines), "size\\(lines\\) can be asked in conditions only"),
            (lambda o: o.total * 2, "can't be computed with in a query"),
            (lambda o: o.status.upper(), "status.upper\\(\\) can't be recorded"),
            (lambda o: o.statsu, "no attribute 'statsu' .* did you mean 'status'"),
            (lambda o: o.total.real, "which has no such part"),
            ("id", "not str"),
        ],
    )
    def test_refuses_what_is_no_field(self, chosen: Any, message: str) -> None:
        """A lambda picks fields; what it gives instead is named, with what to write."""
        with pytest.raises(QueryError, match=message):
            select_recorded(ORDERS, chosen)


class TestNames:
    @pytest.mark.parametrize(
        ("names", "message"),
        [
            ((), "takes at least one name"),
            (("id", "total", "id"), "each name is given once"),
            (("totl",), "did you mean 'total'"),
            (("address.town",), "Address has no attribute 'town'"),
            (("lines.sku",), "which has no such part"),
            (("lines[-1]",), "is no path"),
            (("",), "is no path"),
            ("id", "write select\\('id'\\)"),
        ],
    )
    def test_are_checked_before_anything_is_read(self, names: Any, message: str) -> None:
        """What can't be read is refused when it is asked for."""
        with pytest.raises(QueryError, match=message):
            select_names(ORDERS, names)

    def test_of_one_value_are_one_name_or_a_lambda(self) -> None:
        """Aggregates take one value each."""
        found = [read(select_one(ORDERS, of), STORED) for of in ("address.city", lambda o: o.address.city)]

        assert found == ["Graz", "Graz"]
        with pytest.raises(QueryError, match="one value of Order is wanted here"):
            select_one(ORDERS, lambda o: (o.total,))


SHOP = Table("shop", partition="PK", sort="SK", indexes=(GlobalIndex("GSI1", Key("GSI1PK")),))


@dataclass
class Purchase:
    buyer_id: str
    number: int
    total: Decimal = Decimal(0)


class PurchaseMapping(MappingSchema[Purchase]):
    class Meta:
        table = SHOP
        key = Key("BUYER#{buyer_id}", "PURCHASE#{number:05d}")

    buyer_id = fields.String(load_only=True)


PURCHASES = mapping_of(PurchaseMapping)


class TestKeysMadeOfFields:
    def test_hold_fields_that_have_no_attribute(self) -> None:
        """A field of a key template that is not stored itself is read from the key."""
        selection = select_recorded(PURCHASES, lambda p: (p.buyer_id, p.number))
        stored = PURCHASES.codec.encode(Purchase("b1", 3))

        assert "buyer_id" not in stored
        assert read(selection, stored) == ("b1", 3)
        assert selection.projection == paths(("PK",), ("SK",), ("number",))

    def test_stand_in_for_attributes_that_are_absent(self) -> None:
        """An item that lacks the field's own attribute, or an index that does, has it in the key."""
        selection = select_recorded(PURCHASES, lambda p: (p.buyer_id, p.number))

        assert selection.read({"PK": {"S": "BUYER#b1"}, "SK": {"S": "PURCHASE#00003"}}) == ("b1", 3)
        assert selection.lacking({"PK", "SK"}) == ()

    def test_need_no_attributes_that_an_index_lacks(self) -> None:
        """An index that holds keys only is asked for nothing else, and gives the same."""
        selection = select_recorded(PURCHASES, lambda p: (p.buyer_id, p.number)).within({"PK", "SK"})

        assert selection.projection == paths(("PK",), ("SK",))
        assert read(selection, PURCHASES.codec.encode(Purchase("b1", 3))) == ("b1", 3)

    def test_are_told_if_they_are_other_keys(self) -> None:
        """A key that does not follow the template can't be read."""
        with pytest.raises(DecodeError, match=r"a key such as 'BUYER#.*' in attribute 'PK'"):
            select_one(PURCHASES, "buyer_id").read({"PK": {"S": "x"}, "SK": {"S": "PURCHASE#00003"}})


class Initials(fields.Field[Any]):
    """Converts a value on its own."""

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return value.lower()

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return value.upper()


class Beside(Initials):
    """Looks at what is stored beside it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return value + data.get("name", "")


@dataclass
class Part:
    name: str
    note: Any = "none"


class PartSchema(MappingSchema[Part]):
    note = Beside()


@dataclass
class Hooked:
    name: str


class HookedSchema(MappingSchema[Hooked]):
    @post_load
    def _shout(self, data: Any, **_: Any) -> Any:
        data["name"] = data["name"].upper()
        return data


@dataclass
class Person:
    id: str
    name: str = "nobody"
    initials: str = "NN"
    note: str = "none"
    part: Part | None = None
    hooked: Hooked | None = None
    spot: Any = None


class PersonMapping(MappingSchema[Person]):
    class Meta:
        table = "people"
        key = Key("id")

    initials = Initials()
    note = Beside()
    part = fields.Nested(PartSchema)
    hooked = fields.Nested(HookedSchema)
    spot = fields.Converted(lambda spot: {"x": spot[0]}, lambda stored: (stored["x"],))


class HookedMapping(MappingSchema[Hooked]):
    class Meta:
        table = "hooked"
        key = Key("name")

    @post_load
    def _shout(self, data: Any, **_: Any) -> Any:
        return data


PEOPLE = mapping_of(PersonMapping)
PERSON: Item = {
    "id": {"S": "p1"},
    "name": {"S": "Ann"},
    "initials": {"S": "aa"},
    "note": {"S": "of "},
    "part": {"M": {"name": {"S": "wheel"}, "note": {"S": "big "}}},
    "hooked": {"M": {"name": {"S": "bea"}}},
    "spot": {"M": {"x": {"N": "1"}}},
}


class TestConverted:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("initials", "AA"),
            ("spot", (1,)),
            ("hooked", Hooked("BEA")),
            ("part.note", "big wheel"),
        ],
    )
    def test_fields_are_read_where_they_tell_the_value(self, name: str, expected: object) -> None:
        """A field of the application's own converts its own value, a hook its own entity."""
        assert read(select_one(PEOPLE, name), PERSON) == expected

    @pytest.mark.parametrize("name", ["spot.x", "hooked.name"])
    def test_parts_of_what_is_converted_as_a_whole_are_refused(self, name: str) -> None:
        """Nobody knows how such parts are stored; the whole can be asked for."""
        with pytest.raises(QueryError, match=r"is converted as a whole by .*; ask for Person\.\w+ and take"):
            select_one(PEOPLE, name)

    def test_fields_that_look_around_are_refused(self) -> None:
        """A field that reads other attributes than its own can't be read alone."""
        with pytest.raises(QueryError, match=r"Person.note can't be read alone: what Beside reads"):
            read(select_one(PEOPLE, "note"), PERSON)

    def test_entities_with_hooks_are_refused(self) -> None:
        """Hooks make the entity of its whole item, so that no field of it can be read alone."""
        with pytest.raises(QueryError, match="HookedMapping has hooks"):
            select_names(mapping_of(HookedMapping), ("name",))


class TestComposition:
    def test_two_selections_are_read_as_one(self) -> None:
        """`beside` reads both, in one projection."""
        both = select_one(ORDERS, "status").beside(select_one(ORDERS, "total"))

        assert read(both, STORED) == ("paid", Decimal(7))
        assert both.projection == paths(("id",), ("status",), ("total",))

    def test_a_row_is_made_of_plain_values(self) -> None:
        """`then` makes something else of what is read."""
        selection = select_one(ORDERS, "total").then(lambda total: Row("Order", {"twice": total * 2}))

        assert read(selection, STORED) == Row("Order", {"twice": Decimal(14)})
