"""Values that can't be stored, or could not be read back: refused with the place, on every way."""

import datetime as dt
import enum
import time
from dataclasses import dataclass, field
from decimal import Decimal
from types import new_class
from typing import Any, Literal

import marshmallow
import pytest

from persistence import fields
from persistence.errors import DecodeError, MappingError, QueryError, ValidationFailed
from persistence.mapping import EntityMapping, MappingSchema, mapping_of
from persistence.table import Key

LONE = "\ud800"
NO_TEXT = ["Not valid text: half of a surrogate pair has no form in UTF-8."]
TOO_DEEP = ["Nested deeper than 32 levels, or contains itself."]


@dataclass
class Part:
    name: str


@dataclass
class Special(Part):
    weight: int = 0


@dataclass
class Tree:
    id: str
    children: "list[Tree]" = field(default_factory=list)


@dataclass
class Doc:
    id: str
    text: str = ""
    anything: Any = None
    some: list[Any] = field(default_factory=list)
    named: dict[str, int] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    sets: list[set[str]] = field(default_factory=list)
    numbers: dict[str, set[int]] = field(default_factory=dict)
    part: Part | None = None
    parts: list[Part] = field(default_factory=list)
    by_name: dict[str, Part] = field(default_factory=dict)
    pair: tuple[Part, int] | None = None


@dataclass
class Numbers:
    id: str
    whole: int = 0
    exact: Decimal = Decimal(0)
    rough: float = 0.0
    period: dt.timedelta = dt.timedelta(0)
    anything: Any = None


def mapped(entity: type, key: Key = Key("id"), **declared: Any) -> EntityMapping[Any]:  # noqa: B008  # a value
    meta = type("Meta", (), {"table": "things", "key": key})
    bound = MappingSchema[entity]  # type: ignore[valid-type]  # a parameter
    schema = new_class(f"{entity.__name__}Mapping", (bound,), {}, lambda d: d.update(Meta=meta, **declared))
    return mapping_of(schema)


DOCS = mapped(Doc)


def refusal(mapping: EntityMapping[Any], entity: object) -> dict[str, Any]:
    with pytest.raises(ValidationFailed) as raised:
        mapping.codec.encode(entity)
    return raised.value.messages


class TestTextWithoutUtf8:
    @pytest.mark.parametrize(
        ("values", "messages"),
        [
            ({"text": LONE}, {"text": NO_TEXT}),
            ({"anything": LONE}, {"anything": NO_TEXT}),
            ({"some": ["a", {"b": LONE}]}, {"some": {1: {"b": NO_TEXT}}}),
            ({"named": {LONE: 1}}, {"named": {LONE: {"key": NO_TEXT}}}),
            ({"tags": {"a", LONE}}, {"tags": NO_TEXT}),
            ({"sets": [{"a"}, {LONE}]}, {"sets": {1: NO_TEXT}}),
            ({"part": Part(LONE)}, {"part": {"name": NO_TEXT}}),
        ],
    )
    def test_is_refused(self, values: dict[str, Any], messages: dict[str, Any]) -> None:
        assert refusal(DOCS, Doc("1", **values)) == messages

    def test_is_refused_in_keys(self) -> None:
        assert refusal(DOCS, Doc(LONE)) == {"id": NO_TEXT}
        with pytest.raises(QueryError, match="half of a surrogate pair"):
            DOCS.key_from((LONE,), {})

    def test_is_refused_as_an_operand(self) -> None:
        with pytest.raises(QueryError, match="half of a surrogate pair"):
            DOCS.resolve(("text",)).encode(LONE)
        with pytest.raises(QueryError, match="half of a surrogate pair"):
            DOCS.resolve(("text",)).prefix(LONE)

    def test_never_makes_a_message_unprintable(self) -> None:
        with pytest.raises(ValidationFailed) as raised:
            DOCS.codec.encode(Doc("1", named={LONE: 1}))

        assert str(raised.value).encode() == (
            b"Doc '1' can't be stored: named.\\ud800.key: Not valid text: half of a surrogate pair "
            b"has no form in UTF-8."
        )

    def test_is_told_from_all_other_text(self) -> None:
        doc = Doc("é", "\U0001f600", named={"ü": 1}, tags={"ß"})

        assert DOCS.codec.decode(DOCS.codec.encode(doc)) == doc


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def chain(length: int) -> Tree:
    tree = Tree("leaf")
    for _ in range(length):
        tree = Tree("node", [tree])
    return tree


class TestDepth:
    """An item has 32 levels, itself included (developer guide, "Service quotas": nested attributes)."""

    def test_of_32_levels_is_stored(self) -> None:
        doc, tree = Doc("1", anything=nested(31), some=nested(31)), chain(15)

        assert DOCS.codec.decode(DOCS.codec.encode(doc)) == doc
        assert mapped(Tree).codec.decode(mapped(Tree).codec.encode(tree)) == tree

    @pytest.mark.parametrize("name", ["anything", "some"])
    def test_of_33_levels_is_refused(self, name: str) -> None:
        deep: dict[str, Any] = {name: nested(32)}

        assert refusal(DOCS, Doc("1", **deep)) == {name: TOO_DEEP}

    @pytest.mark.parametrize("length", [16, 100, 5_000])
    def test_of_entities_inside_their_own_kind_is_limited(self, length: int) -> None:
        assert refusal(mapped(Tree), chain(length)) == {"children": TOO_DEEP}

    def test_is_endless_where_a_value_contains_itself(self) -> None:
        """It is found at once, also where there are many ways around."""
        loop: list[Any] = []
        loop += [loop, loop, loop]
        tree = Tree("1")
        tree.children.append(tree)

        assert refusal(DOCS, Doc("1", anything=loop)) == {"anything": TOO_DEEP}
        assert refusal(DOCS, Doc("1", some=loop)) == {"some": TOO_DEEP}
        assert refusal(mapped(Tree), tree) == {"children": TOO_DEEP}

    def test_is_reported_beside_other_fields(self) -> None:
        assert refusal(DOCS, Doc("1", text=LONE, anything=nested(40))) == {
            "text": NO_TEXT,
            "anything": TOO_DEEP,
        }


class TestEmptySetsInside:
    def test_are_refused_with_their_place(self) -> None:
        """An attribute that would be empty is left out; an element of a list or entry of a map can't be."""
        empty = ["An empty set: DynamoDB has none."]

        assert refusal(DOCS, Doc("1", sets=[{"a"}, set()])) == {"sets": {1: empty}}
        assert refusal(DOCS, Doc("1", numbers={"a": set()})) == {"numbers": {"a": {"value": empty}}}


class TestNestedSubclasses:
    @pytest.mark.parametrize(
        ("values", "place"),
        [
            ({"part": Special("a")}, ["part"]),
            ({"parts": [Part("a"), Special("b")]}, ["parts", 1]),
            ({"by_name": {"a": Special("a")}}, ["by_name", "a", "value"]),
            ({"pair": (Special("a"), 1)}, ["pair", 0]),
        ],
    )
    def test_are_refused(self, values: dict[str, Any], place: list[Any]) -> None:
        """What the subclass adds would be lost without a word."""
        messages: Any = refusal(DOCS, Doc("1", **values))

        for step in place:
            messages = messages[step]

        assert messages == ["Not a Part itself, but a Special: it would be read back as a Part."]


class TestNumbersOutOfRange:
    @pytest.mark.parametrize("name", ["whole", "exact", "rough", "period", "anything"])
    @pytest.mark.parametrize("text", ["9" * 3_000, "9" * 10_000, "1E+999999999"])
    def test_are_refused_on_reading_at_once(self, name: str, text: str) -> None:
        """No store holds them; they are never expanded to find that out."""
        codec = mapped(Numbers).codec
        began = time.thread_time()

        with pytest.raises(DecodeError) as raised:
            codec.decode({"id": {"S": "1"}, name: {"N": text}})

        assert (raised.value.attribute, raised.value.key) == (name, ("1",))
        assert time.thread_time() - began < 1

    def test_are_told_from_the_greatest_and_the_longest(self) -> None:
        greatest = Numbers("1", 10**125, Decimal("9" * 38 + "E87"), 1e125, anything=Decimal("1E-130"))
        codec = mapped(Numbers).codec

        assert codec.decode(codec.encode(greatest)) == greatest


class TestKeysThatAreIntegers:
    def test_are_given_as_any_equal_number(self) -> None:
        """Case 35: `1`, `1.0` and `1E0` are one key."""
        numbers = mapped(Numbers, Key("whole"))

        keys = [numbers.key_from((key,), {}) for key in (1, 1.0, Decimal("1.0"), Decimal("1E0"))]

        assert keys == [{"whole": {"N": "1"}}] * 4

    @pytest.mark.parametrize("key", [True, 1.5, Decimal("1.5"), float("nan"), float("inf"), "1"])
    def test_are_nothing_else(self, key: object) -> None:
        with pytest.raises(QueryError, match="Not a valid integer"):
            mapped(Numbers, Key("whole")).key_from((key,), {})


class Tuples(enum.Enum):
    A = (1, 2)


class Dates(enum.Enum):
    A = dt.date(2026, 1, 2)


class WithNone(enum.Enum):
    A = "a"
    B = None


class Tenths(enum.Enum):
    A = 0.1


class Huge(enum.Enum):
    A = 10**40 + 1


class Mixed(enum.Enum):
    A = 1
    B = "b"
    C = Decimal("1.5")
    D = True + 4


class TestEnumsThatCanNotBeReadBack:
    @pytest.mark.parametrize("kind", [Tuples, Dates, WithNone, Tenths, Huge])
    def test_are_refused_when_the_mapping_is_first_used(self, kind: type[enum.Enum]) -> None:
        @dataclass
        class Holder:
            id: str
            kind: Any

        Holder.__annotations__["kind"] = list[kind]  # type: ignore[valid-type]  # a parameter of the test

        with pytest.raises(MappingError, match=rf"HolderMapping\.kind: {kind.__name__}\.. .*by_value=False"):
            mapped(Holder)

    @pytest.mark.parametrize("kind", [Tuples, Dates, WithNone, Tenths, Huge])
    def test_are_stored_by_name(self, kind: type[enum.Enum]) -> None:
        numbers = mapped(Numbers, anything=fields.Enum(kind, by_value=False))

        item = numbers.codec.encode(Numbers("1", anything=kind["A"]))

        assert item["anything"] == {"S": "A"}
        assert numbers.codec.decode(item).anything is kind["A"]

    def test_are_not_those_of_several_plain_types(self) -> None:
        numbers = mapped(Numbers, anything=fields.Enum(Mixed, by_value=True))

        for member in Mixed:
            item = numbers.codec.encode(Numbers("1", anything=member))
            assert numbers.codec.decode(item).anything is member


@dataclass
class Maybe:
    id: str
    note: str | None = None


@dataclass
class Never:
    id: str
    note: str


class TestNone:
    def test_is_refused_where_the_declared_field_is_required(self) -> None:
        required = mapped(Maybe, note=fields.String(required=True))

        assert refusal(required, Maybe("1")) == {"note": ["Field may not be null."]}

    def test_is_read_back_where_the_declared_field_allows_it(self) -> None:
        allowing = mapped(Never, note=fields.String(allow_none=True))

        item = allowing.codec.encode(Never("1", None))  # type: ignore[arg-type]  # the point

        assert item == {"id": {"S": "1"}}
        assert allowing.codec.decode(item).note is None

    def test_is_stored_where_the_attribute_is_required(self) -> None:
        both = mapped(Maybe, note=fields.String(required=True, allow_none=True))

        item = both.codec.encode(Maybe("1"))

        assert item == {"id": {"S": "1"}, "note": {"NULL": True}}
        assert both.codec.decode(item) == Maybe("1")


class Failing(marshmallow.fields.Field[Any]):
    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        raise OSError("no such luck")

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        raise OSError("no such luck")


class TestFieldsThatFail:
    def test_raise_their_own_error_with_the_place_on_writing(self) -> None:
        with pytest.raises(OSError, match="no such luck") as raised:
            mapped(Maybe, note=Failing()).codec.encode(Maybe("1", "a"))

        assert raised.value.__notes__ == ["raised while Maybe.note was being stored"]

    def test_raise_a_decode_error_from_theirs_on_reading(self) -> None:
        with pytest.raises(DecodeError) as raised:
            mapped(Maybe, note=Failing()).codec.decode({"id": {"S": "1"}, "note": {"S": "a"}})

        assert (raised.value.attribute, raised.value.key) == ("note", ("1",))
        assert isinstance(raised.value.__cause__, OSError)


class TestMessages:
    def test_of_literals_count_their_values(self) -> None:
        @dataclass
        class Choosing:
            id: str
            one: Literal["a"] = "a"
            several: Literal["a", "b"] = "a"
            mixed: Literal["a", 1] = "a"

        assert refusal(mapped(Choosing), Choosing("1", "z", "z", "z")) == {  # type: ignore[arg-type]  # the point
            "one": ["Must be its Literal's value."],
            "several": ["Must be one of the 2 values of its Literal."],
            "mixed": ["Must be one of the 2 values of its Literal."],
        }

    def test_of_enums_name_their_members(self) -> None:
        numbers = mapped(Numbers, anything=fields.Enum(enum.Enum("Colour", "RED GREEN"), by_value=True))

        assert refusal(numbers, Numbers("1", anything="RED")) == {
            "anything": ["Must be a member of Colour: RED, GREEN."]
        }

    def test_of_conversions_say_that_they_failed(self) -> None:
        numbers = mapped(Numbers, anything=fields.Converted(int, str))

        assert refusal(numbers, Numbers("1", anything="x")) == {
            "anything": ["Converted can't convert it (ValueError)."]
        }
