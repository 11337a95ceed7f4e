"""What a compiled mapping knows: keys, paths, roles, shapes."""

import datetime as dt
import enum
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from persistence import fields
from persistence.attributes import normalised_key
from persistence.errors import DecodeError, QueryError, ValidationFailed
from persistence.expressions import Path
from persistence.mapping import ListShape, MappingSchema, MapShape, RecordShape, mapping_of
from persistence.table import GlobalIndex, Key, LocalIndex, Table

UTC = dt.UTC
NOON = dt.datetime(2026, 1, 2, 12, tzinfo=UTC)


class Status(enum.Enum):
    OPEN = "open"


@dataclass
class Address:
    city: str
    street: str | None = None


@dataclass
class Line:
    sku: str
    price: Decimal = Decimal(1)


@dataclass
class Order:
    customer: str
    number: int
    at: dt.datetime = NOON
    status: Status = Status.OPEN
    address: Address | None = None
    lines: list[Line] = field(default_factory=list)
    by_name: dict[str, Line] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    total: Decimal = Decimal(0)
    data: Any = None
    ref: uuid.UUID | None = None
    owner: str | None = None
    version: int = 0
    expires_at: dt.datetime | None = None


class Orders(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("customer", "number")
        indexes = (GlobalIndex("by-owner", Key("owner", "at")), LocalIndex("by-status", sort="status"))

    customer = fields.String(data_key="customerId")
    address = fields.Nested(lambda: AddressMapping())
    version = fields.Version()
    created_at = fields.CreatedAt(data_key="createdAt")
    updated_at = fields.UpdatedAt()
    expires_at = fields.TimeToLive()


class AddressMapping(MappingSchema[Address]):
    city = fields.String(data_key="town")


class ShopOrders(MappingSchema[Order]):
    class Meta:
        table = Table(
            "shop",
            "PK",
            "SK",
            indexes=(GlobalIndex("GSI1", Key("GSI1PK")), GlobalIndex("GSI2", Key("GSI2PK"))),
        )
        key = Key("CUSTOMER#{customer}", "ORDER#{customer}#{number:05d}")
        index_keys = {"GSI1": Key("OWNER#{owner}")}  # noqa: RUF012  # as users write it


mapping = mapping_of(Orders)
shop = mapping_of(ShopOrders)


class TestKeyOf:
    def test_gives_the_key_attributes_only(self) -> None:
        assert mapping.key_of(Order("c", 1)) == {"customerId": {"S": "c"}, "number": {"N": "1"}}

    def test_fills_templates(self) -> None:
        assert shop.key_of(Order("c", 7)) == {"PK": {"S": "CUSTOMER#c"}, "SK": {"S": "ORDER#c#00007"}}

    @pytest.mark.parametrize(
        ("changes", "field_name"),
        [
            ({"customer": None}, "customer"),
            ({"customer": ""}, "customer"),
            ({"customer": "x" * 2049}, "customer"),
            ({"customer": ["c"]}, "customer"),
            ({"number": True}, "number"),
            ({"number": None}, "number"),
        ],
    )
    def test_names_the_field_that_can_be_no_key(self, changes: dict[str, Any], field_name: str) -> None:
        with pytest.raises(ValidationFailed) as raised:
            mapping.key_of(Order(**{"customer": "c", "number": 1, **changes}))

        assert list(raised.value.messages) == [field_name]


class TestKeyFrom:
    def test_takes_fields_in_order_or_by_name(self) -> None:
        expected = {"customerId": {"S": "c"}, "number": {"N": "1"}}

        assert mapping.key_from(("c", 1), {}) == expected
        assert mapping.key_from(("c",), {"number": 1}) == expected
        assert mapping.key_from((), {"number": 1, "customer": "c"}) == expected

    def test_takes_a_field_of_several_templates_once(self) -> None:
        assert shop.key_from(("c", 1), {}) == {"PK": {"S": "CUSTOMER#c"}, "SK": {"S": "ORDER#c#00001"}}

    @pytest.mark.parametrize(
        ("args", "kwargs"),
        [((), {}), (("c",), {}), (("c", 1, 2), {}), (("c", 1), {"number": 1}), (("c",), {"nr": 1})],
    )
    def test_shows_the_signature(self, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        with pytest.raises(QueryError, match=r"the key of Order is \(customer, number\)"):
            mapping.key_from(args, kwargs)

    @pytest.mark.parametrize("args", [(("c", 1),), (["c"], 1), ({"c"}, 1), (None, 1), ("", 1), ("c", "1")])
    def test_refuses_what_can_be_no_key(self, args: tuple[object, ...]) -> None:
        """A sequence is one argument; unhashable and mutable values are no keys."""
        with pytest.raises(QueryError):
            mapping.key_from(args, {})

    def test_knows_equal_numbers_as_one_key(self) -> None:
        """Case 35: 1, 1.0 and 1E0 are one identity."""

        @dataclass
        class Doc:
            id: Decimal

        class Docs(MappingSchema[Doc]):
            class Meta:
                table = "docs"
                key = Key("id")

        keys = [mapping_of(Docs).key_from((value,), {}) for value in (1, Decimal("1.0"), Decimal("1E0"))]

        assert keys == [{"id": {"N": "1"}}] * 3
        assert len({normalised_key(key, ("id",)) for key in keys}) == 1


class TestKeyValues:
    def test_gives_what_get_takes(self) -> None:
        for each in (mapping, shop):
            key = each.key_of(Order("c", 1))

            assert each.key_values(key) == ("c", 1)
            assert each.key_from(each.key_values(key), {}) == key

    def test_takes_whole_items(self) -> None:
        assert shop.key_values(shop.codec.encode(Order("c", 1))) == ("c", 1)

    @pytest.mark.parametrize("key", [{}, {"PK": {"S": "X"}, "SK": {"S": "ORDER#c#1"}}, {"PK": {"N": "1"}}])
    def test_refuses_other_keys(self, key: dict[str, Any]) -> None:
        with pytest.raises(DecodeError):
            shop.key_values(key)


class TestKeyParts:
    def test_say_what_fills_them(self) -> None:
        partition, sort = shop.key_parts()

        assert (partition.attribute, partition.type, partition.fields) == ("PK", "S", ("customer",))
        assert (sort.attribute, sort.fields, sort.template) == (
            "SK",
            ("customer", "number"),
            "ORDER#{customer}#{number:05d}",
        )

    def test_of_plain_fields_have_no_template(self) -> None:
        owner, at = mapping.key_parts("by-owner")

        assert (owner.attribute, owner.template, at.attribute, at.type) == ("owner", None, "at", "S")

    def test_of_a_local_index_begin_with_the_tables_partition_key(self) -> None:
        assert [part.attribute for part in mapping.key_parts("by-status")] == ["customerId", "status"]

    def test_are_none_for_an_index_that_never_holds_the_entity(self) -> None:
        assert shop.key_parts("GSI2") == ()

    def test_refuse_unknown_indexes(self) -> None:
        with pytest.raises(QueryError, match="did you mean 'by-owner'"):
            mapping.key_parts("by-ownr")

    def test_give_the_text_up_to_the_first_missing_field(self) -> None:
        _, sort = shop.key_parts()

        assert sort.prefix({}) == "ORDER#"
        assert sort.prefix({"customer": "c"}) == "ORDER#c#"
        assert sort.prefix({"customer": "c", "number": 3}) == "ORDER#c#00003"
        assert mapping.key_parts()[0].prefix({"customer": "c"}) is None


class TestTemplates:
    def test_are_parsed_back(self) -> None:
        _, sort = shop.key_parts()

        assert sort.parse(sort.encode({"customer": "c", "number": 42})) == {"customer": "c", "number": 42}

    def test_refuse_values_that_would_forge_another_key(self) -> None:
        """`a#00001` + 2 would read as `a` + something else."""
        with pytest.raises(ValidationFailed) as raised:
            shop.codec.encode(Order("a#00001", 2))

        assert "separator" in raised.value.messages["customer"][0]

    def test_take_a_separator_where_it_is_harmless(self) -> None:
        """A value that is parsed back as it was is not in danger of being taken for another."""
        (part,) = shop.key_parts("GSI1")

        assert part.parse(part.encode({"owner": "a#b"})) == {"owner": "a#b"}

    @pytest.mark.parametrize("number", [100_000, -1])
    def test_refuse_numbers_that_would_break_the_order(self, number: int) -> None:
        with pytest.raises(ValidationFailed):
            shop.key_of(Order("c", number))

    def test_keep_an_index_sparse(self) -> None:
        assert "GSI1PK" not in shop.codec.encode(Order("c", 1))
        assert shop.codec.encode(Order("c", 1, owner="o"))["GSI1PK"] == {"S": "OWNER#o"}

    def test_refuse_what_is_too_long(self) -> None:
        with pytest.raises(ValidationFailed):
            shop.codec.encode(Order("x" * 1020, 1))


class TestResolve:
    @pytest.mark.parametrize(
        ("names", "path"),
        [
            (("customer",), Path.of("customerId")),
            (("address", "city"), Path.of("address", "town")),
            (("lines", 0, "sku"), Path.of("lines", 0, "sku")),
            (("by_name", "first", "price"), Path.of("by_name", "first", "price")),
            (("data", "deep", 3), Path.of("data", "deep", 3)),
            (("created_at",), Path.of("createdAt")),
        ],
    )
    def test_gives_the_stored_path(self, names: tuple[str | int, ...], path: Path) -> None:
        assert mapping.resolve(names).path == path

    @pytest.mark.parametrize(
        ("names", "text"),
        [
            (("custmer",), "did you mean 'customer'"),
            (("customerId",), "did you mean 'customer'"),
            (("address", "town"), "Address has no attribute 'town'"),
            (("customer", "x"), "has no such part"),
            (("lines", "sku"), "has no such part"),
            (("lines", -1), "no negative indexes"),
            (("tags", 0), "has no such part"),
            ((), "begins with the name"),
        ],
    )
    def test_refuses_unknown_paths(self, names: tuple[str | int, ...], text: str) -> None:
        with pytest.raises(QueryError, match=text):
            mapping.resolve(names)

    @pytest.mark.parametrize(
        ("names", "operand", "stored"),
        [
            (("status",), Status.OPEN, {"S": "open"}),
            (("at",), NOON, {"S": "2026-01-02T12:00:00.000000Z"}),
            (("total",), 5, {"N": "5"}),
            (("ref",), uuid.UUID(int=1), {"S": "00000000-0000-0000-0000-000000000001"}),
            (("lines", 0), Line("a"), {"M": {"sku": {"S": "a"}, "price": {"N": "1"}}}),
            (("tags",), {"b", "a"}, {"SS": ["a", "b"]}),
            (("created_at",), NOON, {"S": "2026-01-02T12:00:00.000000Z"}),
            (("expires_at",), NOON, {"N": "1767355200"}),
        ],
    )
    def test_encodes_operands_as_they_are_stored(
        self, names: tuple[str, ...], operand: Any, stored: Any
    ) -> None:
        assert mapping.resolve(names).encode(operand) == stored

    @pytest.mark.parametrize(
        ("name", "operand"),
        [
            ("status", "open"),
            ("at", NOON.replace(tzinfo=None)),
            ("number", "1"),
            ("number", True),
            ("tags", set()),
            ("tags", {"a", 1}),
            ("total", float("nan")),
            ("owner", None),
        ],
    )
    def test_refuses_operands_that_are_never_stored_there(self, name: str, operand: Any) -> None:
        with pytest.raises(QueryError, match=f"Order.{name}"):
            mapping.resolve((name,)).encode(operand)

    def test_encodes_members(self) -> None:
        assert mapping.resolve(("tags",)).element("a") == {"S": "a"}
        assert mapping.resolve(("customer",)).element("part") == {"S": "part"}
        assert mapping.resolve(("lines",)).element(Line("a")) == {
            "M": {"sku": {"S": "a"}, "price": {"N": "1"}}
        }
        with pytest.raises(QueryError, match="only sets, lists, text and bytes"):
            mapping.resolve(("total",)).element(1)


class TestRoles:
    def test_are_found_by_their_fields(self) -> None:
        roles = mapping.roles

        assert roles.version is not None
        assert (roles.version.name, roles.version.attribute) == ("version", "version")
        assert roles.created_at is not None
        assert (roles.created_at.name, roles.created_at.attribute) == (None, "createdAt")
        assert roles.time_to_live is not None
        assert roles.time_to_live.name == "expires_at"
        assert shop.roles.version is None

    def test_convert_their_values(self) -> None:
        role = mapping.roles.updated_at
        assert role is not None

        stored = role.encode(NOON)

        assert stored == {"S": "2026-01-02T12:00:00.000000Z"}
        assert mapping.read_role(role, {"updated_at": stored}) == NOON
        assert mapping.read_role(role, {}) is None

    def test_report_what_they_can_not_read(self) -> None:
        role = mapping.roles.version
        assert role is not None

        with pytest.raises(DecodeError):
            mapping.read_role(role, {"version": {"S": "1"}})


@dataclass(frozen=True, slots=True)
class Frozen:
    id: str
    version: int = 0


class FrozenMapping(MappingSchema[Frozen]):
    class Meta:
        table = "frozen"
        key = Key("id")

    version = fields.Version()


class TestAssign:
    def test_sets_attributes_in_place_and_skips_what_is_not_there(self) -> None:
        order = Order("c", 1)

        assert mapping.assign(order, {"version": 2, "created_at": NOON}) is order
        assert order.version == 2
        assert not hasattr(order, "created_at")

    def test_gives_a_changed_copy_of_a_frozen_entity(self) -> None:
        frozen = Frozen("1")

        assert mapping_of(FrozenMapping).assign(frozen, {"version": 2}) == Frozen("1", 2)
        assert frozen == Frozen("1", 0)


@dataclass
class Tree:
    id: str
    children: list["Tree"] = field(default_factory=list)


class Trees(MappingSchema[Tree]):
    class Meta:
        table = "trees"
        key = Key("id")


class TestShape:
    def test_shows_where_nested_entities_are(self) -> None:
        shape = mapping.shape

        assert isinstance(shape.fields["address"], RecordShape)
        assert isinstance(shape.fields["lines"], ListShape)
        assert isinstance(shape.fields["by_name"], MapShape)
        assert shape.fields["tags"] is None
        assert shape.fields.get("unknown") is None

    def test_ends_nowhere_in_recursive_entities(self) -> None:
        shape: Any = mapping_of(Trees).shape

        assert isinstance(shape.fields["children"].element.fields["children"], ListShape)
