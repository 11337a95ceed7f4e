"""Random conditions over random items: the answer is one, whoever gives it.

What DynamoDB Local of 2020 does in another way than AWS is left out by construction: empty text and bytes,
which it refuses, and more than 99 options of IN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import reduce
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from persistence import DynamoStore, Key, MappingSchema, MemoryStore, Store
from persistence.attributes import AttributeValue, Item
from persistence.evaluate import holds
from persistence.expressions import (
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    In,
    KeyCondition,
    Not,
    Operand,
    Or,
    Path,
    Size,
    Value,
)
from persistence.mapping import mapping_of
from persistence.operations import BatchWriteItems, CreateTable, PutItem, QueryPage
from persistence.query import (
    Specification,
    attribute_type,
    begins_with,
    between,
    contains,
    exists,
    is_in,
    not_,
    not_exists,
    size,
)
from persistence.query.lowering import lower
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Part:
    text: str = "a"
    number: int = 0
    other: str | None = None


@dataclass
class Specimen:
    run: str = ""
    id: str = ""
    text: str = "a"
    other: str | None = None
    named: str | None = "b"
    number: int = 0
    price: Decimal = Decimal(0)
    data: bytes = b"a"
    flag: bool = False
    colour: Colour = Colour.RED
    at: datetime | None = None
    tags: set[str] = field(default_factory=set)
    marks: set[Decimal] = field(default_factory=set)
    words: list[str | None] = field(default_factory=list)
    part: Part | None = None
    parts: list[Part] = field(default_factory=list)
    sums: dict[str, int] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


class SpecimenMapping(MappingSchema[Specimen]):
    class Meta:
        table = "specimens"
        key = Key("run", "id")


MAPPING = mapping_of(SpecimenMapping)
RUNS = count()
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

Predicate = Callable[[Any], Any]

TEXTS = st.sampled_from(["a", "ab", "b", "ä", "\uff5e", "😀"])
NUMBERS = st.sampled_from([-1, 0, 1, 2, 10])
DECIMALS = st.sampled_from([Decimal(text) for text in ("-1", "0", "1", "1.0", "1E0", "1.5", "1E1", "-0")])
BINARIES = st.sampled_from([b"a", b"ab", b"\x00", b"\xff"])
TIMES = st.sampled_from([NOON, NOON + timedelta(hours=1), NOON.replace(microsecond=1)])
COLOURS = st.sampled_from(Colour)
PLAIN = st.recursive(
    st.one_of(TEXTS, NUMBERS, DECIMALS, BINARIES, st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["k", "l"]), inner, max_size=2)
    ),
    max_leaves=3,
)
PARTS = st.builds(Part, TEXTS, NUMBERS, st.none() | TEXTS)
SPECIMENS = st.builds(
    Specimen,
    text=TEXTS,
    other=st.none() | TEXTS,
    named=st.none() | TEXTS,
    number=NUMBERS,
    price=DECIMALS,
    data=BINARIES,
    flag=st.booleans(),
    colour=COLOURS,
    at=st.none() | TIMES,
    tags=st.sets(TEXTS, max_size=3),
    marks=st.sets(DECIMALS, max_size=3),
    words=st.lists(st.none() | TEXTS, max_size=2),
    part=st.none() | PARTS,
    parts=st.lists(PARTS, max_size=2),
    sums=st.dictionaries(st.sampled_from(["k", "l"]), NUMBERS, max_size=2),
    extra=st.dictionaries(st.sampled_from(["k", "l"]), PLAIN, max_size=2),
)


def _fields(*paths: Predicate) -> st.SearchStrategy[Predicate]:
    return st.sampled_from(paths)


TEXT_FIELDS = _fields(
    lambda o: o.text,
    lambda o: o.other,
    lambda o: o.named,
    lambda o: o.part.text,
    lambda o: o.part.other,
    lambda o: o.parts[1].text,
    lambda o: o.words[0],
    lambda o: o.extra["k"],
)
NUMBER_FIELDS = _fields(
    lambda o: o.number,
    lambda o: o.part.number,
    lambda o: o.parts[0].number,
    lambda o: o.sums["k"],
    lambda o: o.extra["l"],
)
DECIMAL_FIELDS = _fields(lambda o: o.price, lambda o: o.extra["k"])
SIZED: tuple[Predicate, ...] = (
    lambda o: o.text,
    lambda o: o.other,
    lambda o: o.data,
    lambda o: o.tags,
    lambda o: o.marks,
    lambda o: o.words,
    lambda o: o.part,
    lambda o: o.parts,
    lambda o: o.sums,
    lambda o: o.extra["k"],
)
SIZED_FIELDS = _fields(*SIZED)
SIZES = _fields(*(lambda o, path=path: size(path(o)) for path in SIZED))
ALL_FIELDS = st.one_of(
    TEXT_FIELDS,
    NUMBER_FIELDS,
    DECIMAL_FIELDS,
    SIZED_FIELDS,
    _fields(lambda o: o.flag, lambda o: o.colour, lambda o: o.at, lambda o: o.extra["k"]["l"][0]),
)

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
ANY_COMPARISON = st.sampled_from(list(COMPARE.values()))
EQUALITIES = st.sampled_from([COMPARE["=="], COMPARE["!="]])


def _with_values(
    paths: st.SearchStrategy[Predicate], values: st.SearchStrategy[Any], order: Any = None
) -> st.SearchStrategy[Predicate]:
    """Compare fields with values in all ways."""
    bounds = st.tuples(values, values).map(lambda pair: sorted(pair, key=order))
    return st.one_of(
        st.builds(lambda sign, path, given: lambda o: sign(path(o), given), ANY_COMPARISON, paths, values),
        st.builds(lambda path, pair: lambda o: between(path(o), *pair), paths, bounds),
        st.builds(
            lambda path, given: lambda o: is_in(path(o), given),
            paths,
            st.lists(values, min_size=1, max_size=4),
        ),
    )


def _with_each_other(*paths: st.SearchStrategy[Predicate]) -> st.SearchStrategy[Predicate]:
    """Compare fields with other fields."""
    some = st.lists(st.one_of(*paths), min_size=3, max_size=3, unique=True)
    return st.one_of(
        st.builds(lambda sign, three: lambda o: sign(three[0](o), three[1](o)), ANY_COMPARISON, some),
        st.builds(lambda three: lambda o: between(*(path(o) for path in three)), some),
        st.builds(lambda three: lambda o: is_in(three[0](o), [path(o) for path in three[1:]]), some),
    )


def _equal(path: Predicate, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Predicate]:
    return st.builds(lambda sign, given: lambda o: sign(path(o), given), EQUALITIES, values)


TAGS = ("S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS")
LEAVES: st.SearchStrategy[Predicate] = st.one_of(
    _with_values(TEXT_FIELDS, TEXTS, str.encode),
    _with_values(NUMBER_FIELDS, NUMBERS),
    _with_values(DECIMAL_FIELDS, DECIMALS | NUMBERS),
    _with_values(st.just(lambda o: o.data), BINARIES),
    _with_values(st.just(lambda o: o.at), TIMES),
    _with_values(SIZES, st.integers(0, 4)),
    _with_each_other(TEXT_FIELDS),
    _with_each_other(NUMBER_FIELDS, DECIMAL_FIELDS, SIZES),
    _equal(lambda o: o.flag, st.booleans()),
    _equal(lambda o: o.colour, COLOURS),
    _equal(lambda o: o.tags, st.sets(TEXTS, min_size=1, max_size=3)),
    _equal(lambda o: o.marks, st.sets(DECIMALS, min_size=1, max_size=3)),
    _equal(lambda o: o.words, st.lists(st.none() | TEXTS, max_size=2)),
    _equal(lambda o: o.words[0], st.none()),
    _equal(lambda o: o.named, st.none()),
    _equal(lambda o: o.part, PARTS),
    _equal(lambda o: o.sums, st.dictionaries(st.sampled_from(["k", "l"]), NUMBERS, max_size=2)),
    _equal(lambda o: o.extra["k"], PLAIN),
    st.builds(lambda path, given: lambda o: begins_with(path(o), given), TEXT_FIELDS, TEXTS),
    st.builds(lambda given: lambda o: begins_with(o.data, given), BINARIES),
    st.builds(
        lambda path: lambda o: begins_with(o.text, path(o)), _fields(lambda o: o.other, lambda o: o.part.text)
    ),
    st.builds(lambda given: lambda o: begins_with(o.at, given), st.sampled_from(["2026", "2026-01-02T13"])),
    st.builds(lambda path, given: lambda o: contains(path(o), given), TEXT_FIELDS, TEXTS),
    st.builds(lambda given: lambda o: contains(o.tags, given) | contains(o.words, given), TEXTS),
    st.builds(lambda given: lambda o: contains(o.marks, given), DECIMALS),
    st.builds(lambda given: lambda o: contains(o.parts, given), PARTS),
    st.builds(lambda path: lambda o: contains(o.tags, path(o)), TEXT_FIELDS),
    st.builds(lambda path: lambda o: contains(o.marks, path(o)), NUMBER_FIELDS),
    st.builds(lambda path: lambda o: exists(path(o)), ALL_FIELDS),
    st.builds(lambda path: lambda o: not_exists(path(o)), ALL_FIELDS),
    st.builds(lambda path, tag: lambda o: attribute_type(path(o), tag), ALL_FIELDS, st.sampled_from(TAGS)),
)
PREDICATES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda part: lambda o: not_(part(o)), inner),
        st.lists(inner, min_size=2, max_size=3).map(
            lambda parts: lambda o: reduce(lambda one, other: one & other, (part(o) for part in parts))
        ),
        st.lists(inner, min_size=2, max_size=3).map(
            lambda parts: lambda o: reduce(lambda one, other: one | other, (part(o) for part in parts))
        ),
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def stores(dynamodb_local_client: DynamoDBClient) -> list[Store]:
    """The memory store and DynamoDB Local, each with the table."""
    both: list[Store] = [MemoryStore(), DynamoStore(dynamodb_local_client, limits=DYNAMODB_LOCAL_2020_LIMITS)]
    for store in both:
        store.perform(CreateTable(MAPPING.table))
    return both


def put(stores: Sequence[Store], items: Sequence[Item]) -> None:
    for store in stores:
        writes = tuple(PutItem(MAPPING.table, item) for item in items)
        assert store.perform(BatchWriteItems(writes)).unprocessed == ()


def found(store: Store, run: str, condition: Condition) -> set[str]:
    key = KeyCondition(("run", {"S": run}))
    page = store.perform(QueryPage(MAPPING.table, key, filter=condition))
    assert page.last_key is None
    return {item["id"]["S"] for item in page.items}


# Nothing is shrunk: each try asks a server, and a condition among few items is small enough to be read.
UNHURRIED = settings(
    deadline=None,
    max_examples=60,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


class TestEntities:
    @given(st.lists(SPECIMENS, min_size=1, max_size=8), st.lists(PREDICATES, min_size=1, max_size=8))
    @UNHURRIED
    def test_satisfy_what_finds_them(
        self, stores: list[Store], specimens: list[Specimen], predicates: list[Predicate]
    ) -> None:
        """An entity satisfies a condition, with its mapping or without, if and only if stores find it."""
        run = f"entities-{next(RUNS)}"
        known = [replace(each, run=run, id=str(number)) for number, each in enumerate(specimens)]
        items = [MAPPING.codec.encode(each) for each in known]
        put(stores, items)

        for predicate in predicates:
            spec = Specification[Specimen](predicate)
            condition = lower(spec.term, MAPPING)
            answers = [
                {each.id for each in known if spec.is_satisfied_by(each)},
                {each.id for each in known if spec.is_satisfied_by(each, SpecimenMapping)},
                {item["id"]["S"] for item in items if holds(condition, item)},
                *(found(store, run, condition) for store in stores),
            ]
            assert answers == [answers[-1]] * len(answers), spec.describe(values=True)


def _value(tag: str) -> Callable[[Any], AttributeValue]:
    return lambda content: {tag: content}


N = st.sampled_from(["-1", "0", "1", "1.0", "1E0", "1.5", "10"])
SCALARS: dict[str, st.SearchStrategy[AttributeValue]] = {
    "S": TEXTS.map(_value("S")),
    "N": N.map(_value("N")),
    "B": BINARIES.map(_value("B")),
}
DISTINCT_N = st.lists(N, min_size=1, max_size=3, unique_by=Decimal)
VALUES: st.SearchStrategy[AttributeValue] = st.recursive(
    st.one_of(
        *SCALARS.values(),
        st.booleans().map(_value("BOOL")),
        st.just({"NULL": True}),
        st.lists(TEXTS, min_size=1, max_size=3, unique=True).map(_value("SS")),
        st.lists(BINARIES, min_size=1, max_size=3, unique=True).map(_value("BS")),
        DISTINCT_N.map(_value("NS")),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2).map(_value("L")),
        st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2).map(_value("M")),
    ),
    max_leaves=3,
)
ITEMS = st.dictionaries(st.sampled_from(["a", "b", "status"]), VALUES, max_size=3)
PATHS = st.builds(
    lambda first, rest: Path((first, *rest)),
    st.sampled_from(["a", "b", "status"]),
    st.lists(st.sampled_from(["a", "b", 0, 1]), max_size=2),
)
OPERANDS = st.one_of(PATHS, st.builds(Size, PATHS))


def _distinct(parts: tuple[Any, ...]) -> bool:
    return parts[0] not in parts[1:]


def _others(constants: st.SearchStrategy[AttributeValue]) -> st.SearchStrategy[Operand]:
    return st.one_of(OPERANDS, constants.map(Value))


def _comparisons(signs: tuple[Any, ...], constants: st.SearchStrategy[AttributeValue]) -> Any:
    sides = st.tuples(OPERANDS, _others(constants)).filter(_distinct)
    return st.builds(lambda sign, pair: Compare(sign, *pair), st.sampled_from(signs), sides)


def _ordered(bounds: list[AttributeValue]) -> bool:
    return not holds(Compare(">", *map(Value, bounds)), None)


RANGES = st.one_of(
    *(st.lists(scalars, min_size=2, max_size=2).filter(_ordered) for scalars in SCALARS.values())
).map(lambda pair: tuple(map(Value, pair)))
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(
        _comparisons(("=", "<>"), VALUES),
        _comparisons(("<", "<=", ">", ">="), st.one_of(*SCALARS.values())),
        st.builds(lambda left, pair: Between(left, *pair), OPERANDS, RANGES),
        st.tuples(OPERANDS, OPERANDS, OPERANDS).filter(_distinct).map(lambda three: Between(*three)),
        st.tuples(OPERANDS, _others(VALUES), _others(VALUES))
        .filter(_distinct)
        .map(lambda three: In(three[0], three[1:])),
        st.tuples(PATHS, st.one_of(PATHS, SCALARS["S"].map(Value), SCALARS["B"].map(Value)))
        .filter(_distinct)
        .map(lambda pair: BeginsWith(*pair)),
        st.tuples(PATHS, st.one_of(PATHS, VALUES.map(Value)))
        .filter(_distinct)
        .map(lambda pair: Contains(*pair)),
        st.builds(AttributeExists, PATHS),
        st.builds(AttributeNotExists, PATHS),
        st.builds(AttributeType, PATHS, st.sampled_from(TAGS)),
    ),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=5,
)


class TestItems:
    @given(st.lists(ITEMS, min_size=1, max_size=8), st.lists(CONDITIONS, min_size=1, max_size=8))
    @UNHURRIED
    def test_are_found_by_what_holds_of_them(
        self, stores: list[Store], items: list[Item], conditions: list[Condition]
    ) -> None:
        """Whatever attributes hold, of whichever types."""
        run = f"items-{next(RUNS)}"
        keyed = [{**item, "run": {"S": run}, "id": {"S": str(number)}} for number, item in enumerate(items)]
        put(stores, keyed)

        for condition in conditions:
            expected = {item["id"]["S"] for item in keyed if holds(condition, item)}

            assert [found(store, run, condition) for store in stores] == [expected, expected]
