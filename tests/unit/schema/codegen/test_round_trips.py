"""Whatever is in a table: the generated mapping reads it and writes it back."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence import GlobalIndex, Key, LocalIndex, Table
from persistence.attributes import AttributeValue, Item
from tests.unit.schema.codegen.made import assert_lossless, text_of

NUMBERS = st.one_of(
    st.integers(-(10**38) + 1, 10**38 - 1).map(str),
    st.decimals(-1000, 1000, places=3).map(str),
    st.sampled_from(["0", "1E-130", "9.9E+125", "1700000000", "1E+20", "-0.5"]),
)
TEXTS = st.one_of(
    st.text(max_size=5),
    st.datetimes().map(lambda value: f"{value.isoformat(timespec='microseconds')}Z"),
    st.datetimes().map(lambda value: f"{value.isoformat(timespec='seconds')}Z"),
    st.datetimes(timezones=st.timezones()).map(lambda value: value.isoformat()),
    st.datetimes().map(lambda value: value.isoformat()),
    st.dates().map(lambda value: value.isoformat()),
    st.uuids().map(str),
    st.sampled_from(["", "0", "A#1", "A#2", "USER#x#y", "2026-02-30", "9999-12-31T23:59:59-01:00"]),
)
BYTES = st.binary(max_size=3)
# Few names, so that attributes have values of several types.
NAMES = st.one_of(
    st.sampled_from(["a", "b", "created", "version", "ttl", "type", "_type", "kind", "self", "class"]),
    st.sampled_from(["a-b", "aB", "a_b", "__init__", "load", "fields", "str", "field", "ﬁ", "fi", '"', "\n"]),
    st.text(min_size=1, max_size=4),
    st.text(string.ascii_lowercase, min_size=1, max_size=3),
)


def numbers_apart(numbers: list[str]) -> bool:
    return len({float(number) for number in numbers}) == len(numbers)


SCALARS = st.one_of(
    TEXTS.map(lambda value: {"S": value}),
    NUMBERS.map(lambda value: {"N": value}),
    BYTES.map(lambda value: {"B": value}),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.just({"NULL": True}),
    st.lists(TEXTS, min_size=1, max_size=3, unique=True).map(lambda values: {"SS": values}),
    st.lists(NUMBERS, min_size=1, max_size=3).filter(numbers_apart).map(lambda values: {"NS": values}),
    st.lists(BYTES, min_size=1, max_size=3, unique=True).map(lambda values: {"BS": values}),
)
VALUES: st.SearchStrategy[AttributeValue] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda values: {"L": values}),
        st.dictionaries(NAMES, inner, max_size=4).map(lambda values: {"M": values}),
    ),
    max_leaves=8,
)
KEYS: dict[str, st.SearchStrategy[AttributeValue]] = {
    "S": st.one_of(
        st.text(min_size=1, max_size=3),
        st.builds("{}#{}".format, st.sampled_from(["USER", "ORDER", "user", "A B"]), st.sampled_from("123")),
        st.builds("{}#{:05d}".format, st.sampled_from(["USER", "ORDER"]), st.integers(0, 9)),
        st.sampled_from(["#META", "META", "USER#1#ORDER#2", "{x}", "A#{x}", "USER#"]),
        st.dates().map(str),
    ).map(lambda value: {"S": value}),
    "N": NUMBERS.map(lambda value: {"N": value}),
    "B": st.binary(min_size=1, max_size=3).map(lambda value: {"B": value}),
}
TYPES = st.sampled_from(["S", "S", "S", "N", "B"])


@st.composite
def samples(draw: st.DrawFn) -> tuple[Table, list[Item]]:
    """A table, and items that it can hold: keys of the right type, also those of indexes."""
    # Keys of several attributes take no `{`.
    short = NAMES.filter(lambda name: len(name.encode()) < 200 and "{" not in name)
    names = draw(st.lists(short, min_size=4, max_size=4, unique=True))
    types: dict[str, Any] = {name: draw(TYPES) for name in names}
    partition, sort, first, second = names
    table = Table(
        "things",
        partition,
        draw(st.sampled_from([None, sort])),
        types=types,
        indexes=draw(
            st.sampled_from(
                [
                    (),
                    (GlobalIndex("one", Key(first)),),
                    (
                        GlobalIndex("inverted", Key(sort, partition)),
                        GlobalIndex("both", Key((first, second))),
                    ),
                ]
            )
        ),
        time_to_live=draw(st.sampled_from([None, "ttl"])),
    )
    if table.sort:
        table = Table(
            table.name,
            partition,
            sort,
            (*table.indexes, LocalIndex("local", second)),
            types,
            table.time_to_live,
        )
    shared = draw(st.lists(st.tuples(NAMES, VALUES), max_size=3))
    items = []
    for _ in range(draw(st.integers(0, 5))):
        item = draw(st.dictionaries(NAMES, VALUES, max_size=4))
        item |= {name: value for name, value in shared if draw(st.booleans())}
        for name, kind in table.key_types.items():
            if name in table.key.names or draw(st.booleans()):
                item[name] = draw(KEYS[kind])
            else:
                item.pop(name, None)
        items.append(item)
    return table, items


class TestAnything:
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(samples())
    def test_is_read_and_written_without_loss(self, sample: tuple[Table, list[Item]]) -> None:
        table, items = sample

        text = text_of(table, *items)

        assert_lossless(text, items)
