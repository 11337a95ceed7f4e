"""A path from a template is the path that the planner chooses, or is refused as the planner refuses it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from persistence import GlobalIndex, Key, LocalIndex, MappingSchema, Projection, QueryError, Table, fields
from persistence.expressions import Condition, Path, equals
from persistence.mapping import EntityMapping
from persistence.mapping.schema import mapping_of
from persistence.query import plans
from persistence.query.planner import choose
from persistence.query.plans import chosen_before
from persistence.query.selection import select_names
from persistence.query.terms import AllOf, AnyOf, Comparison, Operator, PathOperand, Term, negated
from persistence.query.wish import Wish


@dataclass
class Thing:
    owner: str
    name: str
    size: int
    at: datetime
    note: str | None = None
    tags: set[str] = field(default_factory=set)


class PlainMapping(MappingSchema[Thing]):
    class Meta:
        table = "things"
        key = Key("owner", "name")
        indexes = (
            GlobalIndex("by-size", Key("size", "note")),
            GlobalIndex("by-note", Key(("note", "size"), ("owner", "at")), Projection.keys_only()),
            LocalIndex("by-at", "at", Projection.include("size")),
        )

    owner = fields.String(data_key="o")


SHOP = Table("shop", "PK", "SK", (GlobalIndex("GSI", Key("GP", "GS")),))


class SharedMapping(MappingSchema[Thing]):
    class Meta:
        table = SHOP
        key = Key("OWNER#{owner}", "THING#{name}#{size:05d}")
        index_keys = MappingProxyType({"GSI": Key("SIZE#{size}", "{at}#{note}")})


MAPPINGS = tuple(map(mapping_of, (PlainMapping, SharedMapping)))
WHEN = datetime(2026, 1, 2, tzinfo=UTC)
VALUES: dict[str, list[Any]] = {
    "owner": ["a", "b", "", "x#y", 7],
    "name": ["a", "b", "", "\U0010ffff"],
    "size": [1, 2, 10**6, -1, "a"],
    "at": [WHEN, WHEN.replace(day=3), "a"],
    "note": ["a", "", None],
}


OPERANDS: dict[Operator, int] = {
    "=": 1,
    "<": 1,
    ">=": 1,
    "<>": 1,
    "between": 2,
    "begins_with": 1,
    "in": 2,
    "exists": 0,
}
OPERATORS: list[Operator] = ["=", "=", "=", *OPERANDS]


@st.composite
def wishes(draw: st.DrawFn) -> list[Wish]:
    """Draw wishes of one shape, or nearly of one."""
    demands = draw(
        st.lists(
            st.tuples(st.sampled_from(list(VALUES)), st.sampled_from(OPERATORS), st.sampled_from("  no")),
            min_size=1,
            max_size=3,
        )
    )
    usual = draw(st.booleans())
    more = {
        "order_by": draw(st.sampled_from([None, None, "name", "at"])),
        "index": draw(st.sampled_from([None, None, None, "by-at", "GSI"])),
        "consistent": draw(st.sampled_from([False, False, True])),
        "hydrate": draw(st.booleans()),
    }

    def term(name: str, operator: Operator, around: str) -> Term:
        values = st.sampled_from(VALUES[name][:2] if usual else [*VALUES[name], PathOperand(("note",))])
        compared = Comparison((name,), operator, draw(st.tuples(*[values] * OPERANDS[operator])))
        match around:
            case "n":
                return negated(compared)
            case "o":
                return AnyOf((compared, Comparison(("note",), "exists")))
            case _:
                return compared

    return [Wish(AllOf(tuple(term(*demand) for demand in demands)), **more) for _ in range(3)]  # type: ignore[arg-type]


HIDDEN = st.sampled_from([None, None, equals(Path.of("gone"), None), equals(Path.of("gone"), {"N": "1"})])


def told(choosing: Any, mapping: EntityMapping[Any], wish: Wish, hidden: Condition | None) -> object:
    try:
        return replace(choosing(mapping, wish, hidden), refused=(), advice=())
    except QueryError as refused:
        return str(refused)


@settings(max_examples=150)
@given(st.sampled_from(MAPPINGS), wishes(), HIDDEN, st.booleans())
def test_any_query_is_answered_as_the_planner_answers_it(
    mapping: EntityMapping[Any], asked: list[Wish], hidden: Condition | None, selects: bool
) -> None:
    if selects:
        asked = [replace(wish, selection=select_names(mapping, ["size", "at"])) for wish in asked]
    for wish in asked:
        assert told(chosen_before, mapping, wish, hidden) == told(choose, mapping, wish, hidden)


@given(st.sampled_from(MAPPINGS), st.lists(st.tuples(*map(st.sampled_from, VALUES.values())), min_size=2))
def test_values_of_all_kinds_take_turns_in_one_shape(
    mapping: EntityMapping[Any], several: list[tuple[Any, ...]]
) -> None:
    operators: tuple[Operator, ...] = ("=", ">=", "begins_with")
    for operator in operators:
        for owner, name, size, _, note in several:
            term = AllOf(
                (
                    Comparison(("owner",), "=", (owner,)),
                    Comparison(("name",), operator, (name,)),
                    Comparison(("size",), "=", (size,)),
                    Comparison(("note",), "<>", (note,)),
                )
            )
            assert told(chosen_before, mapping, Wish(term), None) == told(choose, mapping, Wish(term), None)


def test_the_planner_is_not_asked_again_for_other_values(monkeypatch: Any) -> None:
    def wish(owner: str, name: str) -> Wish:
        return Wish(AllOf((Comparison(("owner",), "=", (owner,)), Comparison(("name",), ">", (name,)))))

    mapping = MAPPINGS[0]
    chosen_before(mapping, wish("a", "b"), None)
    monkeypatch.setattr(plans, "choose", lambda *_: None)

    path = chosen_before(mapping, wish("c", "d"), None)

    assert path == choose(mapping, wish("c", "d"), None)


def test_one_condition_given_twice_is_no_other_shape_than_itself() -> None:
    """The planner tells terms apart by identity: a key takes a term over wherever it stands."""
    same, mapping = Comparison(("owner",), "=", ("a",)), MAPPINGS[0]
    twice, apart = AllOf((same, same)), AllOf((same, Comparison(("owner",), "=", ("a",))))

    for term in (twice, apart, twice):
        assert told(chosen_before, mapping, Wish(term), None) == told(choose, mapping, Wish(term), None)


def test_a_range_inside_of_a_key_template_follows_its_values() -> None:
    for day in (2, 3):
        term = AllOf((Comparison(("size",), "=", (1,)), Comparison(("at",), ">=", (WHEN.replace(day=day),))))
        for mapping in MAPPINGS:
            wish = Wish(term, hydrate=True)
            assert told(chosen_before, mapping, wish, None) == told(choose, mapping, wish, None)


def test_an_empty_end_of_a_range_is_not_asked_of_a_key() -> None:
    for name in ("a", "", "b"):
        wish = Wish(AllOf((Comparison(("owner",), "=", ("a",)), Comparison(("name",), ">=", (name,)))))
        assert told(chosen_before, MAPPINGS[0], wish, None) == told(choose, MAPPINGS[0], wish, None)


def test_threads_may_ask_while_others_have_all_templates_forgotten(monkeypatch: Any) -> None:
    """Between looking for a template and taking it another thread may empty what is kept."""

    class Name(str):
        """The name of an index, which is hashed whenever a shape is looked for."""

        __slots__ = ()

        def __hash__(self) -> int:
            looks.append(self)
            if len(looks) == 2 and plans.PLANS == 1:
                chosen_before(mapping, Wish(term, consistent=True), None)
            return str.__hash__(self)

    mapping = MAPPINGS[0]
    term = AllOf((Comparison(("owner",), "=", ("a",)), Comparison(("at",), ">", (WHEN,))))
    looks: list[str] = []
    wish = Wish(term, index=Name("by-at"))
    expected = choose(mapping, wish, None)
    chosen_before(mapping, wish, None)
    monkeypatch.setattr(plans, "PLANS", 1)
    looks.clear()

    assert chosen_before(mapping, wish, None) == expected
