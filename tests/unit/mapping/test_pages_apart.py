"""Pages that are taken apart in their text: the same entities, or the same error, as by way of dicts."""

from __future__ import annotations

import copy
import json
import pickle
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, make_dataclass
from decimal import Decimal
from types import GenericAlias
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import post_load

import persistence.mapping.texts as reading
from persistence import fields
from persistence.attributes import Item
from persistence.errors import DecodeError, WrongEntityType
from persistence.mapping import EntityMapping, mapping_of
from persistence.mapping.compiling import compile_mapping
from persistence.mapping.grammar import MISSES, PAUSE, PageGrammar
from persistence.operations import ScanPage
from persistence.stores.dynamodb.pages import page_content
from persistence.table import Table
from tests.unit.mapping.random_entities import HINTS, SETTINGS, WRONG, Mixed, mappings, outcome
from tests.unit.mapping.taken_apart import (
    as_before,
    body_of,
    in_parts,
    page_in_parts,
    ready,
    straight,
    text_of,
)
from tests.unit.mapping.test_pages_of_items import (
    SHOP,
    ByName,
    Counted,
    Customer,
    CustomerMapping,
    Doubled,
    Order,
    OrderMapping,
    Person,
    PersonMapping,
    Reversed,
    Slotted,
    Tree,
    damaged,
    mapping_for,
)

NEED_DICTS = {Any, Mixed, Literal["a", 1]}
"""What is nested as deep as anything, and what a field of its own converts."""

pytestmark = pytest.mark.skipif(not reading.KNOWS_POSSESSIVE, reason="dicts are read by an early Python 3.11")


def agree(mapping: EntityMapping[Any], body: bytes) -> None:
    """Check that the text of a page is read or refused in both ways alike."""
    assert outcome(lambda each: in_parts(mapping, each), body) == outcome(
        lambda each: as_before(mapping, each), body
    )


def is_plain(items: Sequence[Item]) -> bool:
    """Tell whether the text of items has no escape in it."""
    return "\\" not in text_of(items)


class TestEachHint:
    @pytest.mark.parametrize("hint", list(HINTS), ids=str)
    def test_is_read_from_the_text_of_a_page(self, hint: Any) -> None:
        mapping, _ = mappings(hint)

        @SETTINGS
        @given(st.lists(HINTS[hint], min_size=1, max_size=3))
        def check(values: list[Any]) -> None:
            entities = [mapping.entity_type(str(place), value) for place, value in enumerate(values)]
            items = [mapping.codec.encode(entity) for entity in entities]
            assert in_parts(mapping, body_of(items))["Items"] == entities
            agree(mapping, body_of(items))

        check()

    @pytest.mark.parametrize("hint", [hint for hint in HINTS if hint not in NEED_DICTS], ids=str)
    def test_is_read_without_dicts_of_items(self, hint: Any) -> None:
        mapping, _ = mappings(hint)

        @SETTINGS
        @given(HINTS[hint])
        def check(value: Any) -> None:
            entity = mapping.entity_type("1", value)
            items = [mapping.codec.encode(entity)]
            if is_plain(items) and value is not None:
                assert straight(mapping, body_of(items)) == [entity]

        check()

    @pytest.mark.parametrize("hint", list(HINTS), ids=str)
    def test_is_read_or_refused_as_in_an_item(self, hint: Any) -> None:
        mapping, _ = mappings(hint)

        @SETTINGS
        @given(st.lists(st.sampled_from(WRONG), min_size=1, max_size=3))
        def check(stored: list[Any]) -> None:
            agree(
                mapping,
                body_of([{"id": {"S": str(place)}, "f0": each} for place, each in enumerate(stored)]),
            )

        check()


@st.composite
def pages(draw: st.DrawFn) -> tuple[EntityMapping[Any], list[Item]]:
    hints = draw(st.lists(st.sampled_from(list(HINTS)), min_size=1, max_size=5))
    mapping, _ = mappings(*hints, frozen=draw(st.booleans()))
    made = [mapping.entity_type(key, *(draw(HINTS[hint]) for hint in hints)) for key in "abc"]
    return mapping, [mapping.codec.encode(entity) for entity in made]


NAMES = ["id", "f0", "f1", "f2", "more", "é", "f"]
VALUES = [*WRONG, {"M": {}}, {"L": []}, {"S": ""}, {"N": "1E2"}, {"BOOL": False}, {"S": "x", "NULL": True}]


class TestRandomPages:
    @SETTINGS
    @given(st.data(), pages())
    def test_are_read_or_refused_as_their_items_are(
        self, data: st.DataObject, page: tuple[EntityMapping[Any], list[Item]]
    ) -> None:
        mapping, items = page
        agree(mapping, body_of(items))
        items[1] = damaged(data, items[1])

        agree(mapping, body_of(items))

    @SETTINGS
    @given(st.data(), pages())
    def test_may_have_attributes_in_any_order_and_more_of_them(
        self, data: st.DataObject, page: tuple[EntityMapping[Any], list[Item]]
    ) -> None:
        """Also twice, as no service sends them: the last one counts."""
        mapping, items = page
        texts = []
        for item in items:
            more = data.draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=3))
            pairs = data.draw(st.permutations([*item.items(), *more]))
            dropped = data.draw(st.integers(0, len(pairs) * 2))
            kept = [pair for place, pair in enumerate(pairs) if place != dropped]
            texts.append(",".join(f"{text_of(name)}:{text_of(value)}" for name, value in kept))
        listed = "},{".join(texts)

        agree(mapping, f'{{"Count":3,"Items":[{{{listed}}}],"ScannedCount":3}}'.encode())

    @SETTINGS
    @given(st.data(), pages())
    def test_may_be_no_page_at_all(
        self, data: st.DataObject, page: tuple[EntityMapping[Any], list[Item]]
    ) -> None:
        mapping, items = page
        body = bytearray(body_of(items))
        pieces = [b"", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\x01", b"\xff", b"{}", b",,"]
        pieces += [b'{"', b'"}', b"null", b"\\n", b"\xed\xa0\x80", "é\U0001f600".encode()]
        for _ in range(data.draw(st.integers(1, 2))):
            place = data.draw(st.integers(0, len(body) - 1))
            taken = data.draw(st.integers(0, 2))
            body[place : place + taken] = data.draw(st.sampled_from(pieces))

        agree(mapping, bytes(body))

    @SETTINGS
    @given(st.data(), pages())
    def test_may_be_any_pieces_of_pages(
        self, data: st.DataObject, page: tuple[EntityMapping[Any], list[Item]]
    ) -> None:
        mapping, items = page
        tokens = re.findall(r'"[^"]*"|[\[\]{},:]|[^"\[\]{},:]+', body_of(items).decode())
        for _ in range(data.draw(st.integers(1, 3))):
            start, end = sorted(data.draw(st.integers(0, len(tokens))) for _ in range(2))
            at = data.draw(st.integers(0, len(tokens)))
            piece = tokens[start : min(end, start + 12)]
            if data.draw(st.booleans()):
                tokens[at:at] = piece
            else:
                del tokens[start : start + len(piece)]

        agree(mapping, "".join(tokens).encode())


FULL: Item = {
    "tags": {"SS": ["t", "u"]},
    "picture": {"B": b"\0\1"},
    "größe": {"M": {"a": {"S": "b"}, "c": {"NULL": True}}},
    "unknown": {"L": [{"B": b"x"}, {"NULL": True}, {"BOOL": False}, {"SS": ["x"]}]},
    "lines": {"L": [{"M": {"count": {"N": "2"}, "sku": {"S": "x"}}}, {"M": {"sku": {"S": "y"}}}]},
    "id": {"S": "1"},
}
WHOLE = Order("1", [], {"a": "b", "c": None}, frozenset("tu"), b"\0\1")
ORDERS = mapping_of(OrderMapping)


class TestText:
    def test_leaves_nothing_from_one_item_in_the_next(self) -> None:
        items: list[Item] = [FULL, {"id": {"S": "2"}}, {**FULL, "id": {"S": "3"}}]
        first, second, third = straight(ORDERS, body_of(items))

        assert second == Order("2")
        assert (third.id, third.lines, third.picture) == ("3", first.lines, b"\0\1")
        assert [(line.sku, line.count) for line in first.lines] == [("x", 2), ("y", None)]

    def test_gives_each_entity_values_of_its_own(self) -> None:
        first, second = straight(ORDERS, body_of([{"id": {"S": "1"}}, {"id": {"S": "2"}}]))

        first.lines.append("x")

        assert second.lines == []

    def test_may_hold_an_item_that_is_read_in_another_way(self) -> None:
        line: Item = {"sku": {"S": "x"}, "count": {"N": "1E2"}}
        unusual: Item = {"id": {"S": "2"}, "lines": {"L": [{"M": line}]}}

        entities = in_parts(ORDERS, body_of([FULL, unusual, FULL]))["Items"]

        assert [len(order.lines) for order in entities] == [2, 1, 2]
        assert entities[1].lines[0].count == 100

    def test_tells_of_the_item_that_cannot_be_read(self) -> None:
        body = body_of([FULL, {"id": {"S": "2"}, "lines": {"L": [{"M": {}}]}}, {"lines": {"L": []}}])

        with pytest.raises(DecodeError) as raised:
            in_parts(ORDERS, body)

        assert (raised.value.key, raised.value.attribute) == (("2",), "lines[0].sku")

    def test_tells_of_the_key_that_is_not_there(self) -> None:
        with pytest.raises(DecodeError) as raised:
            in_parts(ORDERS, body_of([FULL, {"größe": {"M": {}}}]))

        assert raised.value.attribute == "id"

    def test_gives_the_rest_of_the_answer_and_the_items_as_ever(self) -> None:
        body = (
            b'{"ConsumedCapacity":{"CapacityUnits":1.5,"TableName":"orders"},"Count":2,'
            b'"Items":[{"id":{"S":"\xc3\xa9"}},{"id":{"S":"2"},"picture":{"B":"AAEC"}}],'
            b'"LastEvaluatedKey":{"Items":{"B":"AAEC"}},"ScannedCount":7}'
        )
        items = page_in_parts(ORDERS, body)

        assert items["LastEvaluatedKey"] == {"Items": {"B": b"\0\1\2"}}
        assert {**items, "Items": [*items["Items"]]} == {
            "ConsumedCapacity": {"CapacityUnits": 1.5, "TableName": "orders"},
            "Count": 2,
            "Items": [{"id": {"S": "é"}}, {"id": {"S": "2"}, "picture": {"B": b"\0\1\2"}}],
            "LastEvaluatedKey": {"Items": {"B": b"\0\1\2"}},
            "ScannedCount": 7,
        }
        assert list(items) == ["ConsumedCapacity", "Count", "Items", "LastEvaluatedKey", "ScannedCount"]

    def test_lets_single_items_be_looked_at(self) -> None:
        items = page_in_parts(ORDERS, body_of([FULL, {"id": {"S": "2"}}]))["Items"]

        assert len(items) == 2
        assert (items[0], items.apart is None) == (FULL, False)
        assert (items[1], items.apart is None) == ({"id": {"S": "2"}}, True)
        assert ORDERS.codec.decode_page(items)[1] == Order("2")

    def test_of_another_mapping_is_read_as_dicts(self) -> None:
        red, blue = (
            mapping_for(make_dataclass(name, [("id", str), (name, str, "")])) for name in ("red", "blue")
        )
        assert straight(blue, body_of([{"id": {"S": "1"}, "blue": {"S": "x"}}]))[0].blue == "x"
        items = page_in_parts(red, body_of([{"id": {"S": "1"}, "red": {"S": "x"}}]))["Items"]

        assert items.apart is not None
        assert blue.codec.decode_page(items)[0].blue == ""

    @pytest.mark.parametrize(
        "body",
        [
            b'{"Items":[],"A":{"Items":[{"id":{"S":"1"}}]}}',
            b'{"A":{"Items":[{"id":{"S":"1"}}]},"Items":[]}',
            b'{"Items":[{"id":{"S":"1"}}],"Items":[]}',
            b'{"Items":[{"id":{"S":"1"}}],"Items":[{"id":{"S":"2"}}]}',
            b'{"Items":[{"id":{"S":"1"}}],"A":"\0"}',
            rb'{"Items":[{"id":{"S":"1"}}],"Items":"\u0000"}',
            rb'{"Items":[{"id":{"S":"\u00e9\n"}}]}',
            b'["Items":[{"id":{"S":"1"}}]]',
            b'{"Items":[{"id":{"S":"1"}}{"id":{"S":"2"}}]}',
            b'{"Items":[{"id":{"S":"1"}},]}',
            b'{"Items":[{"id":{"S":"1"}},{}]}',
            b'{"Items":[{"id":{"S":"1"},}]}',
            b'{"Items":[{"id":{"S":"1"}}x":{"S":"2"}}]}',
            b'{"Items":[{"id":{"S":"1"}}x":{"S":"2"},"more":{"S":"3"}},{"id":{"S":"4"}}]}',
            b'{"Items":[{"id":{"S":"1"},"lines":{"L":[{"M":{"sku":{"S":"x"}}},]}}]}',
            b'{"Items":[{"id":{"S":"1"},"lines":{"L":[{"M":{"sku":{"S":"x"}}}{"M":{"sku":{"S":"y"}}}]}}]}',
            b'{"Items":[{"id":{"S":"1"},"lines":{"L":[{"M":{"sku":{"S":"x"},}}]}}]}',
            b'{"Items":[{"id":{"S":"1"},"tags":{"SS":["x",]}}]}',
            b'{"Items":[{"id":{"S":"1"},"tags":{"SS":["x""y"]}}]}',
            b'{"Items":[{"id":{"S":"1"}}',
            b'{"Items":[{"id":{"S":"1"}}]',
            b'{"Items":[{"id":{"S":"1"}}]}}',
            b'{"Items":[{"id":{"S":"1"}}]} ',
            b'\xef\xbb\xbf{"Items":[{"id":{"S":"1"}}]}',
            b'{"Items":[{"id":{"S":"1"}},{"id":{"S":"2"},"picture":{"B":"AAE"}}]}',
            b'{"Items":[{"id":{"S":"1"}},{"id":{"S":"2"},"picture":{"B":"A AE="}}]}',
            b'{"Items":[{"id":{"S":"1\x7f\xe2\x80\xa8"}}]}',
            b'{"Items":[{"id":{"S":"1","S":"2"}}]}',
        ],
    )
    def test_is_read_as_before_where_it_is_odd(self, body: bytes) -> None:
        agree(ORDERS, body)


class TestOrder:
    def test_has_no_place_for_many_attributes_that_nobody_knows(self) -> None:
        more: Item = {f"more{number}": {"S": "x"} for number in range(1000)}

        assert straight(ORDERS, body_of([{"id": {"S": "1"}, **more}])) == [Order("1")]

    def test_of_attributes_is_learnt_from_the_first_page_and_need_not_hold(self) -> None:
        grammar, rest = ready(ORDERS), '"lines":{"L":[]}'
        usual = f'{{"id":{{"S":"1"}},"unknown":{{"N":"1"}},{rest}}}]'
        other = f'{{{rest},"id":{{"S":"1"}}}}]'

        found = [grammar.take_apart(text) for text in (usual, other, usual, f"{{{rest}}},{usual}")]

        assert [None if apart is None else apart.count for apart in found] == [1, 1, 1, 2]

    @SETTINGS
    @given(st.lists(st.permutations(list(FULL)), min_size=2, max_size=4), st.data())
    def test_may_be_another_one_from_page_to_page(self, orders: list[list[str]], data: st.DataObject) -> None:
        grammar = ready(ORDERS)
        for order in orders:
            names = data.draw(st.lists(st.sampled_from(order), unique=True))
            items = [{name: FULL[name] for name in order}, {name: FULL[name] for name in ["id", *names]}]
            page = page_content(body_of(items), 0, accelerated=False, grammar=grammar)["Items"]
            assert page.apart is not None
            assert ORDERS.codec.decode_page(page) == [ORDERS.codec.decode(item) for item in items]


class TestTime:
    """Each of these texts would take hours where the time were more than linear."""

    @pytest.mark.parametrize(
        "piece",
        [
            '{"id":{"S":"1"},"lines":{"L":[',
            '{"id":{"S":"',
            '{"größe":{"M":{"a":{"S":"b"},"größe":{"M":{',
            '"id":{"S":"1"},',
            '{"id":{"S":"1"}},',
            '{"M":{"sku":{"S":"x"}}},',
            '{"unknown":{"L":[{"L":[{"M":{"x":{"L":[',
            '{"unknown":{"M":{"x":{"M":{"y":{"S":"z"}}},',
            "{",
            '"',
            "[",
            "x",
            '"B":"AAAA',
        ],
    )
    @pytest.mark.parametrize("start", ["", '{"id":{"S":"1"},', '{"lines":{"L":[', '{"more":{"M":{"x":{"L":['])
    def test_is_linear_for_whatever_text(self, piece: str, start: str) -> None:
        text = start + piece * (2**20 // len(piece))

        assert ready(ORDERS).take_apart(text) is None

    def test_is_linear_for_a_name_that_comes_again_and_again(self) -> None:
        attributes = ",".join(['"id":{"S":"1"}'] * 100_000)
        found = ready(ORDERS).take_apart(f"{{{attributes}}}]")

        assert found is not None
        assert found.count == 1
        assert ready(ORDERS).take_apart(f'{{{attributes},"id":{{}}}}]') is None


class TestKindsOfDataclasses:
    @pytest.mark.parametrize("entity", [Slotted, ByName, Doubled])
    def test_are_built_as_they_are_from_items(self, entity: type[Any]) -> None:
        mapping = mapping_for(entity)
        items: list[Item] = [{"id": {"S": "1"}, "at": {"N": "3"}}, {"id": {"S": "2"}}]

        assert straight(mapping, body_of(items)) == [mapping.codec.decode(item) for item in items]

    def test_get_fields_that_their_constructor_does_not_take(self) -> None:
        mapping = mapping_for(Counted, total=fields.Integer())

        found = straight(mapping, body_of([{"id": {"S": "1"}, "total": {"N": "9"}}, {"id": {"S": "2"}}]))

        assert [each.total for each in found] == [9, 7]

    def test_may_hold_their_own_kind(self) -> None:
        items: list[Item] = [{"id": {"S": "1"}, "children": {"L": []}}, {"id": {"S": "2"}}]
        assert straight(mapping_for(Tree), body_of(items)) == [Tree("1"), Tree("2")]

        item: Item = {"id": {"S": "1"}}
        for _ in range(5):
            item = {"id": {"S": "1"}, "children": {"L": [{"M": item}, {"M": {"id": {"S": "2"}}}]}}
            agree(mapping_for(Tree), body_of([item]))


class TestWhatNeedsDicts:
    def check(self, mapping: EntityMapping[Any], items: list[Item]) -> None:
        assert ready(mapping).take_apart(body_of(items).partition(b"[")[2].decode()) is None
        agree(mapping, body_of(items))

    def test_fields_that_convert_their_own_values(self) -> None:
        self.check(mapping_for(Slotted, id=Reversed()), [{"id": {"S": "ab"}}])

    def test_hooks(self) -> None:
        def later(self: Any, data: Any, **_more: Any) -> Any:
            return {**data, "at": data.get("at", 0) + 1}

        self.check(mapping_for(Slotted, later=post_load(later)), [{"id": {"S": "1"}, "at": {"N": "1"}}])

    def test_names_that_json_escapes(self) -> None:
        mapping = mapping_for(Slotted, at=fields.Integer(data_key='a"b\\c'))
        self.check(mapping, [{"id": {"S": "1"}, 'a"b\\c': {"N": "4"}}])

    def test_entities_in_entities_in_entities(self) -> None:
        inner: type[Any] = Part
        for level in range(6):
            kinds: Any = [
                ("one", inner),
                ("some", GenericAlias(list, inner)),
                ("named", GenericAlias(dict, (str, inner))),
            ]
            inner = make_dataclass(f"Level{level}", [(name, kind | None, None) for name, kind in kinds])
        outer = make_dataclass("Outer", [("id", str), ("inner", inner | None, None)])
        self.check(mapping_for(outer), [{"id": {"S": "1"}, "inner": {"M": {"one": {"M": {}}}}}])

    def test_an_early_python(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Before 3.11.5 possessive repetitions may match what they should not."""
        monkeypatch.setattr(reading, "KNOWS_POSSESSIVE", False)
        self.check(mapping_for(Slotted, at=fields.Integer()), [{"id": {"S": "1"}, "at": {"N": "1"}}])

    def test_a_mapping_that_is_not_compiled(self) -> None:
        assert compile_mapping(OrderMapping, compiled=False).codec.grammar is None


class TestSharedTables:
    def item(self, **more: Any) -> Item:
        return {**CustomerMapping.codec.encode(Customer("1", "Ada")), **more}

    def test_are_read_straight(self) -> None:
        assert straight(mapping_of(CustomerMapping), body_of([self.item()])) == [Customer("1", "Ada")]
        assert SHOP.discriminator in self.item()

    def test_find_a_field_in_the_key_that_has_no_attribute(self) -> None:
        item = self.item()
        del item["customer_id"]
        page = in_parts(mapping_of(CustomerMapping), body_of([self.item(), item]))

        assert page["Items"] == [Customer("1", "Ada")] * 2

    @pytest.mark.parametrize("kind", [{"S": "Order"}, {"N": "1"}, {"S": ""}])
    def test_refuse_other_types(self, kind: Any) -> None:
        with pytest.raises(WrongEntityType):
            in_parts(mapping_of(CustomerMapping), body_of([self.item(), self.item(kind=kind)]))


class TestVersions:
    def test_before_are_brought_up_to_date(self) -> None:
        now = PersonMapping.codec.encode(Person("1", "Ada L"))
        old: Item = {"id": {"S": "2"}, "first": {"S": "B"}, "last": {"S": "C"}}
        alike: Item = {**old, "id": {"S": "3"}, "name": {"S": "wrong"}}
        mapping = mapping_of(PersonMapping)

        assert straight(mapping, body_of([now, now])) == [Person("1", "Ada L")] * 2
        entities = in_parts(mapping, body_of([now, old, alike, now]))["Items"]
        assert [person.name for person in entities] == ["Ada L", "B C", "B C", "Ada L"]


@dataclass
class Part:
    name: str
    note: str = "none"
    tags: set[str] = field(default_factory=set)


@dataclass
class Box:
    id: str
    first: Part
    others: dict[str, Part] = field(default_factory=dict)
    rows: tuple[Part, ...] = ()
    sizes: dict[str, Decimal] = field(default_factory=dict)
    names: tuple[str, ...] = ()


BOXES = mapping_for(Box)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), max_size=5)
parts = st.builds(Part, texts, texts, st.sets(texts, max_size=3))
boxes = st.builds(
    Box,
    texts.filter(bool),
    parts,
    st.dictionaries(texts, parts, max_size=3),
    st.lists(parts, max_size=3).map(tuple),
    st.dictionaries(texts, st.decimals(-1000, 1000, places=2), max_size=3),
    st.lists(texts, max_size=3).map(tuple),
)


@dataclass
class Lid:
    color: str = "white"


@dataclass
class Jar:
    id: str
    lid: Lid | None = None
    spare: list[Lid] = field(default_factory=list)


class TestNested:
    @pytest.mark.parametrize("lid", [{"color": {"N": "1"}}, {"color": {"L": []}}, {}, {"size": {"N": "1"}}])
    def test_may_lack_everything_but_not_be_something_else(self, lid: Any) -> None:
        jars, fine = mapping_for(Jar), {"M": {"color": {"S": "red"}}}
        odd: Any = {"M": lid}

        agree(jars, body_of([{"id": {"S": "1"}, "lid": odd}]))
        agree(jars, body_of([{"id": {"S": "1"}, "spare": {"L": [fine, odd]}}]))
        agree(jars, body_of([{"id": {"S": "1"}, "spare": {"L": [odd, fine]}}]))

    @SETTINGS
    @given(st.lists(boxes, min_size=1, max_size=3))
    def test_is_read_straight(self, entities: list[Box]) -> None:
        assert straight(BOXES, body_of([BOXES.codec.encode(box) for box in entities])) == entities

    @pytest.mark.parametrize(
        "part",
        [
            {"name": {"N": "1"}},
            {"note": {"S": "x"}},
            {"name": {"S": "x"}, "more": {"L": [{"NULL": True}]}},
            {"name": {"S": "x"}, "note": {"NULL": True}},
            {"name": {"S": "x"}, "tags": {"L": []}},
            {},
        ],
    )
    def test_is_read_or_refused_as_in_an_item(self, part: Any) -> None:
        fine: Any = {"M": {"name": {"S": "x"}}}
        odd: Any = {"M": part}
        one: Item = {"id": {"S": "1"}, "first": fine, "rows": {"L": [fine]}}

        for item in (
            {**one, "first": odd},
            {**one, "rows": {"L": [fine, odd]}},
            {**one, "others": {"M": {"a": odd, "b": fine}}},
        ):
            agree(BOXES, body_of([one, item, one]))


class Made:
    """Counts the texts that it is asked to take apart, and knows only one."""

    def __init__(self) -> None:
        self.asked = 0

    def taken_apart(self, text: str) -> tuple[list[str | None], int, str] | None:
        self.asked += 1
        return ([], 1, "]") if text == "known" else None

    def decoded(self, parts: Sequence[str | None], alone: Any) -> list[Any]:
        raise AssertionError(parts, alone)


class TestWhetherItIsWorthWhile:
    def test_is_not_so_for_the_first_page(self) -> None:
        made = Made()
        grammar: PageGrammar[Any] = PageGrammar(lambda _text: made)

        assert grammar.take_apart("known") is None
        assert grammar.take_apart("known") is not None
        assert made.asked == 1

    def test_is_not_so_for_pages_that_are_always_of_another_form(self) -> None:
        made = Made()
        grammar: PageGrammar[Any] = PageGrammar(lambda _text: made)
        grammar.before = 0

        for _ in range(MISSES + PAUSE):
            assert grammar.take_apart("other") is None
        assert made.asked == MISSES
        assert grammar.take_apart("known") is not None

    def test_is_so_where_pages_are_of_another_form_now_and_then(self) -> None:
        made = Made()
        grammar: PageGrammar[Any] = PageGrammar(lambda _text: made)
        grammar.before = 0

        for _ in range(PAUSE):
            assert grammar.take_apart("other") is None
            assert grammar.take_apart("known") is not None
        assert made.asked == 2 * PAUSE


class TestOperations:
    def test_are_the_same_with_and_without(self) -> None:
        table = Table("orders", partition="id")
        operation = ScanPage(table, grammar=ready(ORDERS))

        assert operation == ScanPage(table)
        assert repr(operation) == repr(ScanPage(table))
        assert pickle.loads(pickle.dumps(operation)).grammar is None
        assert copy.deepcopy(operation).grammar is None
        assert copy.copy(operation).grammar is operation.grammar


def test_the_form_of_a_page_is_json_as_the_service_writes_it() -> None:
    body = body_of([FULL])

    assert straight(ORDERS, body)[0].notes == WHOLE.notes
    spaced = json.dumps(json.loads(body)).encode()
    agree(ORDERS, spaced)
