"""Random entities of random mappings, and what else may be stored in their place."""

import dataclasses
import datetime as dt
import enum
import functools
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from persistence.attributes import number_text
from persistence.mapping import EntityMapping, MappingSchema
from persistence.mapping.compiling import compile_mapping
from persistence.table import Key

UTC = dt.UTC
SETTINGS = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    SMALL = 1
    BIG = 20


class Mixed(enum.Enum):
    TEXT = "t"
    NUMBER = 1


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


@dataclasses.dataclass
class Point:
    x: int
    y: Decimal | None = None
    names: set[str] = dataclasses.field(default_factory=set)


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    at: dt.datetime
    color: Color = Color.RED


def fits(value: Any) -> bool:
    try:
        number_text(Decimal(repr(value)) if isinstance(value, float) else value)
    except ValueError:
        return False
    return True


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
integers = st.integers(-(10**38) + 1, 10**38 - 1)
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=6)
floats = st.floats(allow_nan=False, allow_infinity=False).filter(fits)
datetimes = st.datetimes(timezones=st.just(UTC))
points = st.builds(Point, integers, st.none() | decimals, st.sets(texts, max_size=3))
marks = st.builds(Mark, datetimes, st.sampled_from(Color))
json = st.recursive(
    st.none() | st.booleans() | texts | integers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)

HINTS: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: integers,
    float: floats,
    Decimal: decimals,
    bool: st.booleans(),
    bytes: st.binary(max_size=8),
    dt.datetime: datetimes,
    dt.date: st.dates(),
    dt.time: st.times(),
    dt.timedelta: st.timedeltas(),
    uuid.UUID: st.uuids(),
    Color: st.sampled_from(Color),
    Size: st.sampled_from(Size),
    Mixed: st.sampled_from(Mixed),
    Rights: st.sampled_from([Rights.READ, Rights.WRITE, Rights.READ | Rights.WRITE]),
    Literal["a", "b"]: st.sampled_from(["a", "b"]),
    Literal[1, 2]: st.sampled_from([1, 2]),
    Literal["a", 1]: st.sampled_from(["a", 1]),
    Point: points,
    Mark: marks,
    Any: json,
    set[str]: st.sets(texts, max_size=4),
    frozenset[int]: st.frozensets(integers, max_size=4),
    set[Decimal]: st.sets(decimals, max_size=4),
    set[bytes]: st.sets(st.binary(max_size=4), max_size=4),
    set[Color]: st.sets(st.sampled_from(Color)),
    set[uuid.UUID]: st.sets(st.uuids(), max_size=3),
    dict[str, int]: st.dictionaries(texts, integers, max_size=3),
    dict[str, Point]: st.dictionaries(texts, points, max_size=3),
    list[Point]: st.lists(points, max_size=3),
    list[str | None]: st.lists(st.none() | texts, max_size=3),
    list[list[int]]: st.lists(st.lists(integers, max_size=2), max_size=2),
    list[Mark | None]: st.lists(st.none() | marks, max_size=3),
    tuple[int, ...]: st.lists(integers, max_size=3).map(tuple),
    tuple[str, Point]: st.tuples(texts, points),
    str | None: st.none() | texts,
    Point | None: st.none() | points,
    Decimal | None: st.none() | decimals,
}


@functools.cache
def mappings(*hints: Any, frozen: bool = False) -> tuple[EntityMapping[Any], EntityMapping[Any]]:
    """Make a mapping with a field of each hint, compiled and interpreted."""
    names = [(f"f{place}", hint) for place, hint in enumerate(hints)]
    entity = dataclasses.make_dataclass("Entity", [("id", str), *names], frozen=frozen)

    class Entities(MappingSchema[entity]):  # type: ignore[valid-type]  # made at run time
        class Meta:
            table = "entities"
            key = Key("id")

    return compile_mapping(Entities), compile_mapping(Entities, compiled=False)


WRONG = [
    {"S": "x"},
    {"S": "1"},
    {"N": "1"},
    {"N": "1.50"},
    {"B": b"x"},
    {"BOOL": True},
    {"NULL": True},
    {"L": [{"S": "x"}]},
    {"L": [{"N": "1"}, {"NULL": True}]},
    {"M": {"x": {"N": "1"}}},
    {"M": {"x": {"S": "1"}}},
    {"SS": ["a"]},
    {"NS": ["1"]},
    {"BS": [b"a"]},
]


def outcome(decode: Callable[[Any], Any], item: Any) -> Any:
    try:
        return decode(item)
    except Exception as error:  # noqa: BLE001  # whatever it is, both ways must agree
        return type(error), str(error)
