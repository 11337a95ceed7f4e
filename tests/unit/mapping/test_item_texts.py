"""Entities as the JSON text of their items: the same as the items, or nothing."""

import dataclasses
import datetime as dt
import enum
from decimal import Decimal
from types import new_class
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import post_dump, validate

from persistence import fields
from persistence.attributes import Item, item_size
from persistence.json_text import read_text
from persistence.mapping import EntityMapping, MappingSchema, upcast
from persistence.mapping.compiling import compile_mapping
from persistence.stable_items import stable
from persistence.table import GlobalIndex, Key, Table
from tests.unit.mapping.random_entities import HINTS, SETTINGS, Color, Mixed, Point, Rights, Size, mappings


class Word(str):
    """Text that is not of the type itself."""

    __slots__ = ()


UNUSUAL: list[Any] = [
    None,
    "",
    "x",
    'a"b\\c\u2028 \x00 \U0001f600',
    "\ud800",
    Word("word"),
    "x" * 2100,
    0,
    True,
    10**37,
    10**38 + 1,
    10**200,
    1.5,
    float("nan"),
    float("inf"),
    Decimal("1E+3"),
    Decimal("-0"),
    Decimal("1.50"),
    Decimal("NaN"),
    Decimal("1E-140"),
    b"x",
    bytearray(b"x"),
    dt.datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001  # as careless people do
    dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    dt.date(2026, 1, 2),
    [],
    ["x", None],
    [1, "x"],
    ("x",),
    {},
    {"x": "y"},
    {1: "y"},
    {"\ud800": "y"},
    {"a": {"b": [None, {"c": 1}]}},
    set(),
    {"b", "a'", 'a"', "\u00e9"},
    {2, 10},
    frozenset({3}),
    {b"x"},
    Point(1),
    Point(1, Decimal("2.0"), {"z", "y"}),
    Point("x"),  # type: ignore[arg-type]  # as careless people do
    [Point(1), Point(2, None, {"a"})],
    Color.RED,
    Size.BIG,
    Mixed.TEXT,
    Rights.READ | Rights.WRITE,
]

NEVER_AS_TEXT: frozenset[Any] = frozenset({Mixed, Literal["a", 1]})
"""Types whose values a field of marshmallow's converts."""


def item_of(mapping: EntityMapping[Any], entity: Any) -> Item | None:
    """Give the item as it is sent; None where the entity is refused."""
    try:
        return stable(mapping.codec.encode(entity))
    except Exception:  # noqa: BLE001  # in whatever words
        return None


def text_of(mapping: EntityMapping[Any], entity: Any, kept: str = "") -> Item | None:
    """Give the item that the text is read as; None where there is none."""
    write = mapping.codec.text
    assert write is not None
    text = write(entity, mapping.key_of(entity), kept)
    if text is None:
        return None
    assert text.isascii()
    item: Item = read_text(text)
    assert len(text) >= item_size(item), "the length of a text bounds the size of its item"
    return item


class TestEachHint:
    @pytest.mark.parametrize("hint", list(HINTS), ids=str)
    def test_gives_the_item(self, hint: Any) -> None:
        compiled, _ = mappings(hint)
        if hint in NEVER_AS_TEXT:
            assert compiled.codec.text is None
            return

        @SETTINGS
        @given(HINTS[hint])
        def check(value: Any) -> None:
            entity = compiled.entity_type("1", value)
            assert text_of(compiled, entity) == item_of(compiled, entity) is not None

        check()

    @pytest.mark.parametrize("hint", [hint for hint in HINTS if hint not in NEVER_AS_TEXT], ids=str)
    def test_gives_nothing_that_would_be_refused(self, hint: Any) -> None:
        compiled, _ = mappings(hint)
        for value in UNUSUAL:
            entity = compiled.entity_type("1", value)
            written = text_of(compiled, entity)
            assert written is None or written == item_of(compiled, entity), value

    def test_leaves_no_interpreted_mapping_a_text(self) -> None:
        assert mappings(str)[1].codec.text is None


class TestRandomMappings:
    @SETTINGS
    @given(
        st.data(),
        st.lists(st.sampled_from([hint for hint in HINTS if hint not in NEVER_AS_TEXT]), max_size=6),
        st.booleans(),
    )
    def test_give_the_item(self, data: st.DataObject, hints: list[Any], frozen: bool) -> None:
        compiled, _ = mappings(*hints, frozen=frozen)
        values = [data.draw(HINTS[hint] | st.sampled_from(UNUSUAL)) for hint in hints]
        entity = compiled.entity_type("1", *values)

        written = text_of(compiled, entity)

        assert written is None or written == item_of(compiled, entity)


@dataclasses.dataclass
class Optionals:
    """All of it may be absent."""

    a: str | None = None
    b: list[str] = dataclasses.field(default_factory=list)
    c: set[int] = dataclasses.field(default_factory=set)


@dataclasses.dataclass
class Order:
    tenant: str
    number: int
    state: Literal["open", "paid"]
    inner: Optionals
    note: str | None = None
    due: dt.date | None = None
    version: int = 0
    created_at: dt.datetime | None = None


class Orders(MappingSchema[Order]):
    class Meta:
        table = Table("shop", partition="PK", sort="SK", indexes=(GlobalIndex("due", Key("GPK", "GSK")),))
        key = Key("T#{tenant}", "O#{number:08}")
        index_keys: ClassVar = {"due": Key("S#{state}", "D#{due}")}

    note = fields.String(data_key="the \"note\" {x} \\ '\u00e9'", allow_none=True)
    version = fields.Version()
    created_at = fields.CreatedAt()


class PlainOrders(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("number", "tenant")
        indexes = (GlobalIndex("by-due", Key("tenant", "due")), GlobalIndex("by-version", Key("version")))

    version = fields.Version(incarnation=True)
    updated_at = fields.UpdatedAt()
    tenant = fields.String(data_key="t")


class EvolvedOrders(MappingSchema[Order]):
    class Meta:
        table = "evolved"
        key = Key("tenant", "number")
        schema_version = 2

    @staticmethod
    @upcast(1, 2)
    def changed(item: Item) -> Item:
        return item

    note = fields.String(omit_empty=True)


MAPPINGS = [compile_mapping(schema) for schema in (Orders, PlainOrders, EvolvedOrders)]

orders = st.builds(
    Order,
    st.sampled_from(["acme", "#", "\u00e9", ""]),
    st.sampled_from([0, 7, -1, 10**40]) | st.integers(0, 10**9),
    st.sampled_from(["open", "paid"]),
    st.builds(
        Optionals, st.none() | st.text(max_size=3), st.lists(st.text(max_size=3)), st.sets(st.integers())
    ),
    st.none() | st.text(max_size=5),
    st.none() | st.dates(),
    st.sampled_from([0, 5, None, "x"]),
    st.none() | st.just(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
)


class TestWholeMappings:
    @pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: mapping.schema.__name__)
    def test_give_the_item_but_for_what_is_kept(self, mapping: EntityMapping[Order]) -> None:
        managed = mapping.managed_attributes
        usual = []

        @SETTINGS
        @given(orders)
        def check(order: Order) -> None:
            usable = order if mapping.roles.version is None else dataclasses.replace(order, version=1)
            item = item_of(mapping, usable)
            if item is None:
                return
            written = text_of(mapping, order)
            assert written == {name: value for name, value in item.items() if name not in managed}
            usual.append(order)

        check()
        assert len(usual) > 5

    def test_put_what_is_kept_at_the_end(self) -> None:
        (mapping, *_), order = MAPPINGS, Order("acme", 7, "open", Optionals())

        written = text_of(mapping, order, ',"version":{"N":"1"}')

        assert written is not None
        assert written["version"] == {"N": "1"}
        assert written["inner"] == {"M": {"b": {"L": []}}}
        assert "GPK" in written
        assert "GSK" not in written

    def test_tell_their_schema_version(self) -> None:
        mapping = MAPPINGS[2]
        written = text_of(mapping, Order("acme", 7, "open", Optionals()))

        assert written is not None
        assert mapping.versions is not None
        assert written.items() >= mapping.versions.marks.items()

    @pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: mapping.schema.__name__)
    @pytest.mark.parametrize("changed", [{"tenant": "other"}, {"number": 8}, {"state": "paid"}])
    def test_have_the_key_that_is_demanded(
        self, mapping: EntityMapping[Order], changed: dict[str, Any]
    ) -> None:
        """An entity whose key was changed after it was tracked is for others to refuse."""
        order = Order("acme", 7, "open", Optionals())
        other = dataclasses.replace(order, **changed)
        write = mapping.codec.text
        assert write is not None

        same = mapping.key_of(order) == mapping.key_of(other)

        assert (write(other, mapping.key_of(order), "") is not None) is same

    def test_of_another_type_are_none(self) -> None:
        @dataclasses.dataclass
        class Special(Order):
            pass

        (mapping, *_), order = MAPPINGS, Order("acme", 7, "open", Optionals())
        write = mapping.codec.text
        assert write is not None
        special = Special(**{each.name: getattr(order, each.name) for each in dataclasses.fields(order)})

        assert write(special, mapping.key_of(order), "") is None

    def test_show_their_source(self) -> None:
        mapping = MAPPINGS[0]
        assert mapping.codec.text is not None
        assert "def json_text(entity, key, kept):" in mapping.codec.source


@dataclasses.dataclass
class Thing:
    id: str
    value: Any = None
    gone_at: dt.datetime | None = None


def _declared(**members: Any) -> EntityMapping[Thing]:
    meta = type("Meta", (), {"table": "things", "key": Key("id")})
    return compile_mapping(
        new_class("Things", (MappingSchema[Thing],), exec_body=lambda body: body.update(Meta=meta, **members))
    )


class _Odd(fields.String):
    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return f"<{value}>"


def _dumped(self: Any, data: Any, **kwargs: Any) -> Any:
    return data


@pytest.mark.parametrize(
    "members",
    [
        {"value": fields.String(validate=validate.Length(max=3))},
        {"value": fields.List(fields.String(validate=validate.Length(max=3)))},
        {"value": _Odd()},
        {"value": fields.List(fields.Raw())},
        {"finished": post_dump(_dumped)},
        {"gone_at": fields.DeletedAt()},
        {"id": _Odd()},
    ],
    ids=["validator", "inner validator", "field of the application", "any depth", "hook", "mark", "odd key"],
)
def test_what_has_to_see_the_item_has_no_text(members: dict[str, Any]) -> None:
    assert _declared(**members).codec.text is None
    assert _declared().codec.text is not None


@pytest.mark.parametrize(
    "name", ["v0", "t1", "t2", "key", "kept", "text", "texts", "quoted", "leave", "each"]
)
def test_names_of_classes_are_not_those_of_the_source(name: str) -> None:
    """Whatever a class is called, its values are usual."""
    new_enum: Any = enum.Enum
    kind = new_enum(name, {"A": 'a"', "B": "b"})
    inner = dataclasses.make_dataclass(name, [("kind", kind)])
    entity = dataclasses.make_dataclass(name, [("id", str), ("kind", kind), ("inner", list[inner])])  # type: ignore[valid-type]  # made at run time
    meta = type("Meta", (), {"table": "named", "key": Key("id")})
    schema = new_class("Named", (MappingSchema[entity],), exec_body=lambda body: body.update(Meta=meta))  # type: ignore[valid-type]  # so is this
    mapping: EntityMapping[Any] = compile_mapping(schema)
    one = entity("1", kind.A, [inner(kind.B), inner(kind.A)])

    assert text_of(mapping, one) == item_of(mapping, one) is not None


def test_wide_integers_are_looked_at_one_by_one() -> None:
    """Many integers are written at once, unless one has more than 64 bits."""
    names = [(f"n{place}", int) for place in range(10)]
    entity = dataclasses.make_dataclass("Wide", [("id", str), *names])
    meta = type("Meta", (), {"table": "wide", "key": Key("id")})
    schema = new_class("Wides", (MappingSchema[entity],), exec_body=lambda body: body.update(Meta=meta))  # type: ignore[valid-type]  # made at run time
    mapping: EntityMapping[Any] = compile_mapping(schema)
    large = entity("1", *range(9), 2**64)

    assert text_of(mapping, entity("1", *range(10))) == item_of(mapping, entity("1", *range(10)))
    assert text_of(mapping, large) is None
    assert item_of(mapping, large) is not None
