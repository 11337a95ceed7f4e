"""Ranges of fields inside of key templates: what a filter over all would give, and no other types."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence import Key, MappingSchema, MemoryStore, Query, Repository, Table, UnitOfWork
from persistence.errors import QueryError
from persistence.expressions import BeginsWith, Between, Compare, Path, Value
from persistence.mapping import mapping_of
from persistence.mapping.refusal import Refused
from persistence.operations import PutItem
from persistence.query.keying import RANGE_OPERATORS, key_use
from persistence.query.terms import Comparison

MARKED = Table("marked", partition="PK", sort="SK")
UNMARKED = Table("unmarked", partition="PK", sort="SK", discriminator=None)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
NOON_TEXT = "2026-01-02T12:00:00.000000Z"
LAST = "\U0010ffff"
NOBODY = UUID(int=0)


@dataclass
class Entry:
    owner: str
    at: datetime
    number: int
    name: str
    day: date = date(2026, 1, 2)
    trace: UUID = NOBODY


def mapping_for(template: str, table: Table = MARKED) -> type[MappingSchema[Entry]]:
    """Map entries with a sort key of their own."""
    sort = template
    shared = table

    class EntryMapping(MappingSchema[Entry]):
        class Meta:
            table = shared
            key = Key("OWNER#{owner}", sort)

    return EntryMapping


def sort_condition(template: str, *terms: Comparison) -> tuple[object, bool]:
    """Give what is demanded of the sort key, and whether that takes the last term over."""
    mapping = mapping_of(mapping_for(template))
    parts = mapping.key_parts()
    use = key_use(mapping, parts[:1], parts[1:], (Comparison(("owner",), "=", ("ann",)), *terms))
    return use.condition.sort, terms[-1] in use.used


def asked(name: str, sign: Any, *operands: object) -> Comparison:
    return Comparison((name,), sign, operands)


def text(value: str) -> Value:
    return Value({"S": value})


SK = Path.of("SK")


def within(low: str, high: str) -> Between:
    return Between(SK, text(low), text(high))


class TestConditions:
    @pytest.mark.parametrize(
        ("template", "term", "condition"),
        [
            # Something follows: all that begins with the bound is as great as the bound.
            ("E#{at}#{name}", asked("at", ">", NOON), within(f"E#{NOON_TEXT}{LAST}", f"E#{LAST}")),
            ("E#{at}#{name}", asked("at", ">=", NOON), within(f"E#{NOON_TEXT}", f"E#{LAST}")),
            ("E#{at}#{name}", asked("at", "<=", NOON), within("E#", f"E#{NOON_TEXT}{LAST}")),
            ("E#{at}#{name}", asked("at", "<", NOON), within("E#", f"E#{NOON_TEXT[:-1]}Y{LAST}")),
            (
                "E#{at}#{name}",
                asked("at", "between", NOON, NOON + timedelta(microseconds=1)),
                within(f"E#{NOON_TEXT}", f"E#2026-01-02T12:00:00.000001Z{LAST}"),
            ),
            ("E#{at}#{name}", asked("at", "begins_with", "2026-01"), BeginsWith(SK, text("E#2026-01"))),
            ("E#{number:04d}#END", asked("number", ">", 7), within(f"E#0007{LAST}", f"E#{LAST}")),
            # Nothing follows: bounds are whole keys.
            ("E#{name}", asked("name", ">", "m"), within("E#m\0", f"E#{LAST}")),
            ("E#{name}", asked("name", ">=", "m"), within("E#m", f"E#{LAST}")),
            ("E#{name}", asked("name", "<=", "m"), within("E#", "E#m")),
            ("E#{name}", asked("name", "<", "m"), within("E#", f"E#l{LAST}")),
            ("E#{name}", asked("name", "<", "m\0"), within("E#", "E#m")),
            ("E#{name}", asked("name", "<", "\ue000"), within("E#", f"E#\ud7ff{LAST}")),
            ("E#{name}", asked("name", "between", "a", "m"), within("E#a", "E#m")),
            ("E#{name}", asked("name", "begins_with", "m#x"), BeginsWith(SK, text("E#m#x"))),
            # Nothing precedes: no other end is needed.
            ("{number:04d}", asked("number", ">", 7), Compare(">", SK, text("0007"))),
            ("{number:04d}", asked("number", "<", 7), Compare("<", SK, text("0007"))),
            ("{at}#{name}", asked("at", "<=", NOON), Compare("<=", SK, text(NOON_TEXT + LAST))),
            ("{at}#{name}", asked("at", ">=", NOON), Compare(">=", SK, text(NOON_TEXT))),
            # All dates and ids are as long.
            ("{day}#{name}", asked("day", ">", NOON.date()), Compare(">", SK, text(f"2026-01-02{LAST}"))),
            ("{trace}-{name}", asked("trace", "<", UUID(int=1)), Compare("<", SK, text(str(UUID(int=1))))),
        ],
    )  # fmt: skip
    def test_lie_between_texts_that_begin_alike(
        self, template: str, term: Comparison, condition: object
    ) -> None:
        """A range of a field is one of texts behind what stands before it; other types are not read."""
        assert sort_condition(template, term) == (condition, True)

    def test_follow_the_fields_that_are_fixed(self) -> None:
        """Equalities from the left are part of what all texts begin with."""
        term = asked("number", ">=", 7)

        assert sort_condition("E#{name}#{number:04d}", asked("name", "=", "ink"), term) == (
            within("E#ink#0007", f"E#ink#{LAST}"),
            True,
        )

    def test_take_over_one_of_two(self) -> None:
        """A key is asked one thing; the other end is left to a filter."""
        after, before = asked("at", ">=", NOON), asked("at", "<", NOON + timedelta(days=1))

        condition, _ = sort_condition("E#{at}#{name}", before, after)

        assert condition == sort_condition("E#{at}#{name}", before)[0]

    @pytest.mark.parametrize(
        ("template", "term"),
        [
            # Behind `a` comes `a b`, but `a b#` comes before `a#`.
            ("E#{name}#{at}", asked("name", ">", "m")),
            ("E#{name}#END", asked("name", "begins_with", "m")),
            # As text, 10 comes before 9.
            ("E#{number}", asked("number", ">", 7)),
            # The text goes on behind the field: `2026-01-02-x` is no beginning of a date.
            ("{day}-{name}", asked("day", "begins_with", "2026-01-02-x")),
            # What is asked is not what comes first.
            ("E#{at}#{name}", asked("name", ">", "m")),
            ("E#{name}", asked("name", ">", "")),
            ("{name}", asked("name", "begins_with", "")),
            ("E#{name}", asked("name", ">", LAST)),
        ],
    )
    def test_are_none_where_texts_sort_otherwise(self, template: str, term: Comparison) -> None:
        """Then all that begins alike is read, and a filter has the last word."""
        before = template.partition("{")[0]

        condition = BeginsWith(SK, text(before)) if before else None
        assert sort_condition(template, term) == (condition, False)

    @pytest.mark.parametrize("number", [-1, 10_000])
    def test_refuse_what_is_no_such_key(self, number: int) -> None:
        """A number that does not fit its digits has no place in the order of keys."""
        with pytest.raises(QueryError, match=r"Entry\.number can't be compared with this int in a key"):
            sort_condition("E#{number:04d}", asked("number", ">", number))


# Random templates, items and ranges

TEMPLATES = [
    mapping_for(template, table)
    for table in (MARKED, UNMARKED)
    for template in (
        "E#{at}",
        "E#{at}#{name}",
        "E#{number:04d}",
        "E#{number:04d}#{name}#END",
        "E#{name}",
        "E#{name}#{at}",
        "E#{name}#{number:04d}#{at}",
        "E#{at}-{number}",
    )
]
BARE = [mapping_for(template) for template in ("{at}#{name}", "{number:04d}", "{number:04d} {name}")]

NAMES = st.text("a !#-\u00e90\uffff\U0001f600\0", min_size=1, max_size=3)
TIMES = st.builds(lambda steps: NOON + steps * timedelta(microseconds=333_333), st.integers(-3, 3))
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "at": TIMES,
    "number": st.sampled_from([0, 1, 9, 10, 99, 100, 9999]),
    "name": NAMES,
}
ENTRIES = st.lists(st.builds(Entry, st.just("ann"), TIMES, VALUES["number"], NAMES), max_size=12)
OTHERS = ("D", "E", "E!", "E$", "E#", f"E{LAST}", "F", "0", "0009", "2026", "9", "\0")
HOLDS: Mapping[str, Callable[..., bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "between": lambda value, low, high: low <= value <= high,
    "begins_with": lambda value, beginning: str(value).startswith(beginning),
}


@st.composite
def demands(draw: st.DrawFn) -> list[tuple[str, str, list[Any]]]:
    """Equalities on some fields, and one or two ranges of another."""
    ranged = draw(st.sampled_from(sorted(VALUES)))
    fixed = draw(st.sets(st.sampled_from(sorted(set(VALUES) - {ranged}))))
    made: list[tuple[str, str, list[Any]]] = [(name, "=", [draw(VALUES[name])]) for name in sorted(fixed)]
    for _ in range(draw(st.integers(1, 2))):
        signs = sorted(RANGE_OPERATORS - (set() if ranged == "name" else {"begins_with"}))
        sign = draw(st.sampled_from(signs))
        operands = [draw(VALUES[ranged]) for _ in range(2 if sign == "between" else 1)]
        made.append((ranged, sign, sorted(operands)))
    return made


def _key(known: Any, entry: Entry) -> Any:
    try:
        return {part.attribute: part.filled(vars(entry)) for part in known.key_parts()}
    except Refused:
        return None


def _can_have_key(query: Query[Entry]) -> bool:
    """Tell whether a whole key that a query gives, if any, is one that an entry may have."""
    try:
        query.explain()
    except QueryError as refused:
        return "can't have such a key" not in str(refused)
    return True


def _is_apart(sort: str) -> bool:
    """Tell whether another type's key begins otherwise, where nothing else tells the types apart."""
    return not sort.startswith("E#")


class TestRanges:
    @settings(max_examples=100, deadline=None)
    @given(st.sampled_from([*TEMPLATES, *BARE]), ENTRIES, demands())
    def test_give_what_a_filter_over_all_would(
        self,
        mapping: type[MappingSchema[Entry]],
        entries: list[Entry],
        wanted: list[tuple[str, str, list[Any]]],
    ) -> None:
        """Whatever the key is asked, no entry is lost or gained, and none of another type comes along."""
        known, store = mapping_of(mapping), MemoryStore()
        repository = Repository(mapping, UnitOfWork(store))
        by_key = {key["SK"]["S"]: entry for entry in entries if (key := _key(known, entry))}
        for sort in OTHERS if known.discriminator else filter(_is_apart, OTHERS):
            other = {"PK": {"S": "OWNER#ann"}, "SK": {"S": sort}, "_type": {"S": "Other"}}
            store.perform(PutItem(known.table, other))
        for entry in by_key.values():
            store.perform(PutItem(known.table, known.codec.encode(entry)))
        query = repository.where("owner", "=", "ann")
        for name, sign, operands in wanted:
            query = query.where(name, sign, *operands)

        expected = [
            by_key[key]
            for key in sorted(by_key)
            if all(HOLDS[sign](getattr(by_key[key], name), *operands) for name, sign, operands in wanted)
        ]

        if _can_have_key(query):
            assert (query.all(), query.count()) == (expected, len(expected))
        else:
            assert expected == []
