"""Pages of items: a codec makes the same of a page, or of its text, as of each of its items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import new_class
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import post_load

from persistence import fields
from persistence.attributes import Item
from persistence.errors import DecodeError, WrongEntityType
from persistence.mapping import EntityMapping, MappingSchema, mapping_of, upcast
from persistence.mapping.compiling import compile_mapping
from persistence.table import Key, Table
from tests.unit.mapping.random_entities import HINTS, SETTINGS, WRONG, mappings, outcome
from tests.unit.mapping.wired import wire

pytest.importorskip("msgspec")


def typed(mapping: EntityMapping[Any]) -> bool:
    """Tell whether a codec reads the text of pages."""
    return mapping.codec._typed is not None


def agree(mapping: EntityMapping[Any], items: list[Item]) -> None:
    """Check that pages of these items are what each item is, or the same error."""

    def one_by_one(items: Sequence[Item]) -> list[Any]:
        return [mapping.codec.decode(item) for item in items]

    expected = outcome(one_by_one, items)
    assert outcome(mapping.codec.decode_page, items) == expected
    assert outcome(mapping.codec.decode_page, tuple(items)) == expected
    if items:
        assert outcome(mapping.codec.decode_page, wire(items)) == expected


def straight(mapping: EntityMapping[Any], items: list[Item]) -> list[Any]:
    """Decode the text of a page, and check that nobody looked at the items."""
    page = wire(items)
    entities = mapping.codec.decode_page(page)
    assert page.text is not None
    return entities


class TestEachHint:
    @pytest.mark.parametrize("hint", list(HINTS), ids=str)
    def test_is_read_from_a_page_as_from_an_item(self, hint: Any) -> None:
        mapping, _ = mappings(hint)

        @SETTINGS
        @given(st.lists(HINTS[hint], min_size=1, max_size=3))
        def check(values: list[Any]) -> None:
            entities = [mapping.entity_type(str(place), value) for place, value in enumerate(values)]
            items = [mapping.codec.encode(entity) for entity in entities]
            assert mapping.codec.decode_page(items) == entities
            assert mapping.codec.decode_page(wire(items)) == entities

        check()

    @pytest.mark.parametrize("hint", list(HINTS), ids=str)
    def test_is_read_or_refused_in_a_page_as_in_an_item(self, hint: Any) -> None:
        mapping, _ = mappings(hint)

        @SETTINGS
        @given(st.lists(st.sampled_from(WRONG), max_size=3))
        def check(stored: list[Any]) -> None:
            agree(mapping, [{"id": {"S": str(place)}, "f0": each} for place, each in enumerate(stored)])

        check()


def damaged(data: st.DataObject, stored: Any) -> Any:
    """Change something somewhere in an item or attribute value."""
    if isinstance(stored, dict) and stored and data.draw(st.integers(0, 3)):
        name = data.draw(st.sampled_from(sorted(stored)))
        changed = damaged(data, stored[name])
        return {key: changed if key == name else value for key, value in stored.items()}
    if isinstance(stored, list) and stored and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(stored) - 1))
        return [damaged(data, each) if place == at else each for at, each in enumerate(stored)]
    if isinstance(stored, dict):
        kinds = [*WRONG, {"N": "1E2"}, {"S": ""}, {}, {"S": "x", "NULL": True}, {"M": {}}, {"L": []}]
        return data.draw(st.sampled_from([*kinds, {**stored, "more": {"S": "x"}}, None]))
    if isinstance(stored, bytes):  # which text would be in the text of an answer
        return data.draw(st.sampled_from([b"", b"x", True, [], {}, 5]))
    return data.draw(
        st.sampled_from(["", "x", "1", "1E2", "2026-01-02T03:04:05.1234567+01:00", True, [], {}, 5])
    )


class TestRandomPages:
    @SETTINGS
    @given(st.data(), st.lists(st.sampled_from(list(HINTS)), min_size=1, max_size=6), st.booleans())
    def test_are_what_their_items_are(self, data: st.DataObject, hints: list[Any], frozen: bool) -> None:
        mapping, _ = mappings(*hints, frozen=frozen)
        made = [mapping.entity_type(key, *(data.draw(HINTS[hint]) for hint in hints)) for key in "ab"]
        items = [mapping.codec.encode(entity) for entity in made]

        assert mapping.codec.decode_page(wire(items)) == made
        agree(mapping, items)

    @SETTINGS
    @given(st.data(), st.lists(st.sampled_from(list(HINTS)), min_size=1, max_size=4))
    def test_are_refused_as_their_items_are(self, data: st.DataObject, hints: list[Any]) -> None:
        mapping, _ = mappings(*hints)
        made = [mapping.entity_type(key, *(data.draw(HINTS[hint]) for hint in hints)) for key in "abc"]
        items = [mapping.codec.encode(entity) for entity in made]
        items[1] = damaged(data, items[1])

        agree(mapping, items)


@dataclass
class Line:
    sku: str
    count: int | None = None


@dataclass
class Order:
    id: str
    lines: list[Line] = field(default_factory=list)
    notes: dict[str, str | None] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    picture: bytes | None = None


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = "orders"
        key = Key("id")

    notes = fields.Dict(fields.String(), fields.String(allow_none=True), data_key="größe")


FULL: Item = {
    "id": {"S": "1"},
    "lines": {"L": [{"M": {"sku": {"S": "x"}, "count": {"N": "2"}}}, {"M": {"sku": {"S": "y"}}}]},
    "größe": {"M": {"a": {"S": "b"}, "c": {"NULL": True}}},
    "tags": {"SS": ["t"]},
    "picture": {"B": b"\0\1"},
    "unknown": {"M": {"x": {"B": b"x"}}},
}


class TestText:
    def test_is_read_without_any_dict(self) -> None:
        full = Order("1", [Line("x", 2), Line("y")], {"a": "b", "c": None}, frozenset("t"), b"\0\1")

        assert straight(mapping_of(OrderMapping), [FULL, {"id": {"S": "2"}}]) == [full, Order("2")]

    def test_may_say_null_where_none_is_meant(self) -> None:
        items: list[Item] = [{"id": {"S": "1"}, "picture": {"NULL": True}}]

        assert straight(mapping_of(OrderMapping), items) == [Order("1")]

    def test_gives_each_entity_values_of_its_own(self) -> None:
        first, second = straight(mapping_of(OrderMapping), [{"id": {"S": "1"}}, {"id": {"S": "2"}}])

        first.lines.append(Line("x"))

        assert second.lines == []

    def test_may_hold_an_item_that_is_read_in_another_way(self) -> None:
        """A number in another form than usual is looked at more closely, and the others are kept."""
        unusual: Item = {
            "id": {"S": "2"},
            "lines": {"L": [{"M": {"sku": {"S": "x"}, "count": {"N": "1E2"}}}]},
        }

        entities = mapping_of(OrderMapping).codec.decode_page(wire([FULL, unusual, FULL]))

        assert [len(order.lines) for order in entities] == [2, 1, 2]
        assert entities[1].lines[0].count == 100

    def test_tells_of_the_item_that_cannot_be_read(self) -> None:
        items: list[Item] = [FULL, {"id": {"S": "2"}, "lines": {"S": "x"}}, {"id": {"N": "3"}}]

        with pytest.raises(DecodeError) as raised:
            mapping_of(OrderMapping).codec.decode_page(wire(items))

        assert (raised.value.key, raised.value.attribute) == (("2",), "lines")

    def test_is_read_by_a_codec_whose_page_was_looked_at(self) -> None:
        page = wire([FULL])
        assert [*page] == [FULL]

        assert mapping_of(OrderMapping).codec.decode_page(page) == [OrderMapping.codec.decode(FULL)]


@dataclass(frozen=True, slots=True)
class Slotted:
    id: str
    at: int = 0


@dataclass(kw_only=True)
class ByName:
    at: int = 0
    id: str


@dataclass
class Counted:
    id: str
    total: int = field(init=False, default=7)


@dataclass
class Doubled:
    id: str
    at: int = 0

    def __post_init__(self) -> None:
        self.at *= 2


def mapping_for(entity: type[Any], **declared: Any) -> EntityMapping[Any]:
    bound: Any = MappingSchema[entity]  # type: ignore[valid-type]  # made at run time
    meta = type("Meta", (), {"table": "things", "key": Key("id")})
    return mapping_of(
        new_class(f"{entity.__name__}Mapping", (bound,), {}, lambda body: body.update(Meta=meta, **declared))
    )


class TestKindsOfDataclasses:
    @pytest.mark.parametrize("entity", [Slotted, ByName, Doubled])
    def test_are_built_as_they_are_from_items(self, entity: type[Any]) -> None:
        mapping, items = mapping_for(entity), [{"id": {"S": "1"}, "at": {"N": "3"}}, {"id": {"S": "2"}}]

        assert straight(mapping, items) == [mapping.codec.decode(item) for item in items]
        assert straight(mapping, items)[0].at == (6 if entity is Doubled else 3)

    def test_get_fields_that_their_constructor_does_not_take(self) -> None:
        mapping = mapping_for(Counted, total=fields.Integer())

        found = straight(mapping, [{"id": {"S": "1"}, "total": {"N": "9"}}, {"id": {"S": "2"}}])

        assert [each.total for each in found] == [9, 7]


@dataclass
class Tree:
    id: str
    children: list[Tree] = field(default_factory=list)


class Reversed(fields.String):
    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return str(super()._deserialize(value, *args, **kwargs))[::-1]


class TestWhatNeedsDicts:
    def check(self, mapping: EntityMapping[Any], items: list[Item]) -> None:
        assert not typed(mapping)
        assert mapping.codec.decode_page(wire(items)) == [mapping.codec.decode(item) for item in items]

    def test_entities_that_hold_their_own_kind(self) -> None:
        child = {"M": {"id": {"S": "2"}}}
        self.check(mapping_for(Tree), [{"id": {"S": "1"}, "children": {"L": [child]}}])

    def test_fields_that_convert_their_own_values(self) -> None:
        self.check(mapping_for(Slotted, id=Reversed()), [{"id": {"S": "ab"}}])

    def test_hooks(self) -> None:
        def later(self: Any, data: Any, **_more: Any) -> Any:
            return {**data, "at": data.get("at", 0) + 1}

        self.check(mapping_for(Slotted, later=post_load(later)), [{"id": {"S": "1"}, "at": {"N": "1"}}])

    def test_names_that_json_escapes(self) -> None:
        mapping = mapping_for(Slotted, at=fields.Integer(data_key='a"b\\c'))
        self.check(mapping, [{"id": {"S": "1"}, 'a"b\\c': {"N": "4"}}])

    def test_a_mapping_that_is_not_compiled(self) -> None:
        self.check(compile_mapping(OrderMapping, compiled=False), [FULL])


SHOP = Table("shop", partition="PK", sort="SK", discriminator="kind")


@dataclass
class Customer:
    customer_id: str
    name: str = ""


class CustomerMapping(MappingSchema[Customer]):
    class Meta:
        table = SHOP
        key = Key("CUSTOMER#{customer_id}", "PROFILE")


class TestSharedTables:
    def item(self, **more: Any) -> Item:
        return {**CustomerMapping.codec.encode(Customer("1", "Ada")), **more}

    def test_are_read_straight(self) -> None:
        assert straight(mapping_of(CustomerMapping), [self.item()]) == [Customer("1", "Ada")]

    def test_find_a_field_in_the_key_that_has_no_attribute(self) -> None:
        item = self.item()
        del item["customer_id"]

        assert CustomerMapping.codec.decode_page(wire([self.item(), item])) == [Customer("1", "Ada")] * 2

    @pytest.mark.parametrize("kind", [{"S": "Order"}, {"N": "1"}])
    def test_refuse_other_types(self, kind: Any) -> None:
        items = [self.item(), self.item(kind=kind)]

        for page in (items, wire(items)):
            with pytest.raises(WrongEntityType):
                CustomerMapping.codec.decode_page(page)


@dataclass
class Person:
    id: str
    name: str


class PersonMapping(MappingSchema[Person]):
    class Meta:
        table = "people"
        key = Key("id")
        schema_version = 2

    @staticmethod
    @upcast(1, 2)
    def join(item: Item) -> Item:
        return {"id": item["id"], "name": {"S": f"{item['first']['S']} {item['last']['S']}"}}


class TestVersions:
    def test_of_today_are_read_straight(self) -> None:
        item = PersonMapping.codec.encode(Person("1", "Ada L"))

        assert straight(mapping_of(PersonMapping), [item, item]) == [Person("1", "Ada L")] * 2

    @pytest.mark.parametrize("page", [list, wire])
    def test_before_are_brought_up_to_date(self, page: Callable[[list[Item]], Sequence[Item]]) -> None:
        """Even where they look like today's."""
        now = PersonMapping.codec.encode(Person("1", "Ada L"))
        old: Item = {"id": {"S": "2"}, "first": {"S": "B"}, "last": {"S": "C"}}
        alike: Item = {**old, "id": {"S": "3"}, "name": {"S": "wrong"}}

        entities = PersonMapping.codec.decode_page(page([now, old, alike, now]))

        assert [person.name for person in entities] == ["Ada L", "B C", "B C", "Ada L"]
