"""Whatever a query demands, an expectation of the same is met by it, and one of something else is not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from persistence import MappingSchema, QueryError, Repository, UnitOfWork
from persistence.mapping import mapping_of
from persistence.testing import ExpectationFailed, ExpectingStore
from tests.unit.testing.expecting.shop import NOON, OrderMapping, Status, VisitMapping
from tests.unit.testing.strategies.wild import PlacedMapping

QUICK = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

NAMES = ["a", "ab", "b"]
MOMENTS = [NOON, NOON + timedelta(microseconds=1), NOON + timedelta(days=40)]
DAYS = [date(2026, 1, 2), date(2026, 1, 3), date(2027, 1, 2)]
NUMBERS = [0, 7, 70, 12345]

FIELDS: dict[type[MappingSchema[Any]], dict[str, list[Any]]] = {
    VisitMapping: {"customer": NAMES, "at": MOMENTS, "place": NAMES, "seconds": NUMBERS},
    PlacedMapping: {"customer": NAMES, "number": NUMBERS, "day": DAYS, "name": NAMES},
    OrderMapping: {
        "id": NAMES,
        "customer_id": NAMES,
        "total": NUMBERS,
        "status": list(Status),
        "note": NAMES,
        "address.city": NAMES,
    },
}
OPERATORS = ["=", "=", "=", "<>", "<", "<=", ">", ">=", "between", "in", "begins_with"]

Condition = tuple[str, str, tuple[Any, ...]]


@st.composite
def conditions(draw: st.DrawFn, schema: type[MappingSchema[Any]]) -> list[Condition]:
    fields = FIELDS[schema]
    made: list[Condition] = []
    names = draw(st.lists(st.sampled_from(list(fields)), min_size=1, max_size=4, unique=True))
    for name in names:
        operator = draw(st.sampled_from(OPERATORS))
        values = draw(st.lists(st.sampled_from(fields[name]), min_size=2, max_size=2, unique=True))
        if operator == "between":
            assume(not isinstance(values[0], Status))
            made.append((name, operator, tuple(sorted(values))))
        elif operator == "in":
            made.append((name, operator, (values,)))
        else:
            made.append((name, operator, (values[0],)))
    return made


def ask(schema: type[MappingSchema[Any]], store: ExpectingStore, asked: list[Condition]) -> None:
    query = Repository(schema, UnitOfWork(store, scan_policy="forbid")).where(*_flat(asked[0]))
    for condition in asked[1:]:
        query = query.where(*_flat(condition))
    query.all()


def _flat(condition: Condition) -> tuple[Any, ...]:
    name, operator, values = condition
    return (name, operator, *values)


def expecting(schema: type[MappingSchema[Any]], expected: list[Condition]) -> ExpectingStore:
    mock = ExpectingStore()
    expectation = mock.expect_query(schema)
    for condition in expected:
        expectation.with_condition(*_flat(condition))
    return mock


def is_query(schema: type[MappingSchema[Any]], asked: list[Condition]) -> bool:
    """Tell whether it is one that can be asked, without a scan."""
    try:
        ask(schema, ExpectingStore(), asked)
    except ExpectationFailed:
        return True
    except QueryError:
        return False
    raise AssertionError("nothing was expected")


def has_whole_keys(schema: type[MappingSchema[Any]], asked: list[Condition]) -> bool:
    """Tell whether a query is sent as gets, so that its other conditions are not sent at all."""
    fixed = {name for name, operator, _ in asked if operator in ("=", "in")}
    return fixed >= set(mapping_of(schema).key_fields)


@QUICK
@given(st.data(), st.sampled_from(list(FIELDS)))
def test_an_expectation_of_the_same_is_met(data: st.DataObject, schema: type[MappingSchema[Any]]) -> None:
    asked = data.draw(conditions(schema))
    assume(is_query(schema, asked))
    expected = data.draw(st.permutations(asked))

    mock = expecting(schema, expected)
    ask(schema, mock, asked)

    mock.verify()


@QUICK
@given(st.data(), st.sampled_from(list(FIELDS)))
def test_an_expectation_of_another_value_is_not(
    data: st.DataObject, schema: type[MappingSchema[Any]]
) -> None:
    asked = data.draw(conditions(schema))
    assume(is_query(schema, asked))
    place = data.draw(st.integers(0, len(asked) - 1))
    name, operator, values = asked[place]
    assume(operator in ("=", "<", ">", "<>"))
    assume(name in mapping_of(schema).key_fields or not has_whole_keys(schema, asked))
    another = data.draw(st.sampled_from([value for value in FIELDS[schema][name] if value != values[0]]))
    expected = [*asked[:place], (name, operator, (another,)), *asked[place + 1 :]]

    try:
        ask(schema, expecting(schema, expected), asked)
    except ExpectationFailed:
        return
    raise AssertionError(f"{expected} was met by {asked}")
