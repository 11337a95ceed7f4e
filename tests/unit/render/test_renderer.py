"""Expressions as DynamoDB's text; whole requests are in `tests/golden`."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import reduce
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.attributes import AttributeValue
from persistence.errors import QueryError
from persistence.expressions import (
    Add,
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    Discard,
    IfNotExists,
    In,
    KeyCondition,
    ListAppend,
    Minus,
    Not,
    Or,
    Path,
    Plus,
    Remove,
    Set,
    Size,
    UpdateAction,
    Value,
)
from persistence.render import (
    EXPRESSION_BYTES,
    EXPRESSION_OPERATORS,
    IN_OPTIONS,
    PLACEHOLDER_BYTES,
    Renderer,
)

ONE = Value({"N": "1"})
NAMES = "abcd"


def leaf(name: str) -> Condition:
    return Compare("=", Path.of(name), ONE)


def rendered(condition: Condition) -> str:
    return Renderer().condition(condition)


A, B = Path.of("a"), Path.of("b", 0, "c")
TEXTS: dict[str, Condition] = {
    "#n0 = :v0": Compare("=", A, ONE),
    "#n0 <> #n1[0].#n2": Compare("<>", A, B),
    ":v0 <= size(#n0)": Compare("<=", ONE, Size(A)),
    "#n0 BETWEEN :v0 AND size(#n1[0].#n2)": Between(A, ONE, Size(B)),
    "size(#n0) IN (:v0, #n1[0].#n2)": In(Size(A), (ONE, B)),
    "begins_with(#n0, #n1[0].#n2)": BeginsWith(A, B),
    "contains(#n0, size(#n1[0].#n2))": Contains(A, Size(B)),
    "attribute_exists(#n0[0].#n1)": AttributeExists(B),
    "attribute_not_exists(#n0[0].#n1)": AttributeNotExists(B),
    "attribute_type(#n0, :v0)": AttributeType(A, "SS"),
    "NOT #n0 = :v0": Not(leaf("a")),
    "NOT (#n0 = :v0 OR #n1 = :v1)": Not(Or((leaf("a"), leaf("b")))),
    "(#n0 = :v0 OR #n1 = :v1) AND #n2 = :v2": And((Or((leaf("a"), leaf("b"))), leaf("c"))),
}
ACTIONS: dict[str, UpdateAction] = {
    "SET #n0 = :v0": Set(A, ONE),
    "SET #n0 = #n1[0].#n2": Set(A, B),
    "SET #n0 = #n0 + :v0": Set(A, Plus(A, ONE)),
    "SET #n0 = :v0 - #n0": Set(A, Minus(ONE, A)),
    "SET #n0 = if_not_exists(#n1[0].#n2, :v0)": Set(A, IfNotExists(B, ONE)),
    "SET #n0 = list_append(if_not_exists(#n0, :v0), :v1)": Set(A, ListAppend(IfNotExists(A, ONE), ONE)),
    "REMOVE #n0[0].#n1": Remove(B),
    "ADD #n0[0].#n1 :v0": Add(B, ONE),
    "DELETE #n0[0].#n1 :v0": Discard(B, Value({"SS": ["x"]})),
}


class TestTexts:
    """Each node is written as the service's grammar has it."""

    @pytest.mark.parametrize(("text", "condition"), TEXTS.items())
    def test_of_conditions(self, text: str, condition: Condition) -> None:
        assert rendered(condition) == text

    @pytest.mark.parametrize(("text", "action"), ACTIONS.items())
    def test_of_updates(self, text: str, action: UpdateAction) -> None:
        assert Renderer().update([action]) == text

    def test_a_type_is_bound_as_a_text(self) -> None:
        renderer = Renderer()

        renderer.condition(AttributeType(A, "SS"))

        assert renderer.placeholders()["ExpressionAttributeValues"] == {":v0": {"S": "SS"}}

    def test_of_a_key_with_several_parts(self) -> None:
        asked = KeyCondition(("id", {"S": "x"}), Compare(">", Path.of("at"), ONE), (("shop", {"S": "y"}),))

        assert Renderer().key_condition(asked) == "#n0 = :v0 AND #n1 = :v1 AND #n2 > :v2"


UNKNOWN: Any = Decimal("4.04")


class TestUnknownNodes:
    """What the renderer does not know it refuses, and says what it was."""

    @pytest.mark.parametrize("tree", [UNKNOWN, Not(UNKNOWN), Compare("=", A, UNKNOWN), Contains(A, UNKNOWN)])
    def test_in_conditions(self, tree: Condition) -> None:
        with pytest.raises(AssertionError, match=r"4\.04"):
            rendered(tree)

    @pytest.mark.parametrize("action", [Set(A, UNKNOWN), SimpleNamespace(path=A, value=UNKNOWN)])
    def test_in_updates(self, action: UpdateAction) -> None:
        with pytest.raises(AssertionError, match=r"4\.04"):
            Renderer().update([action])


class TestPlaceholders:
    def test_shares_names_among_the_expressions_of_one_request(self) -> None:
        renderer = Renderer()

        key = renderer.key_condition(KeyCondition(("id", {"S": "x"})))
        filtered = renderer.condition(Compare(">", Path.of("total"), Path.of("id")))
        projected = renderer.projection([Path.of("id"), Path.of("total", "net")])

        assert (key, filtered, projected) == ("#n0 = :v0", "#n1 > #n0", "#n0, #n1.#n2")
        assert renderer.placeholders() == {
            "ExpressionAttributeNames": {"#n0": "id", "#n1": "total", "#n2": "net"},
            "ExpressionAttributeValues": {":v0": {"S": "x"}},
        }

    def test_leaves_out_what_is_empty(self) -> None:
        """The service refuses empty names and values."""
        renderer = Renderer()

        renderer.condition(AttributeExists(Path.of("id")))

        assert renderer.placeholders() == {"ExpressionAttributeNames": {"#n0": "id"}}
        assert Renderer().placeholders() == {}

    @pytest.mark.parametrize("name", ["status", "a.b", "x[0]", "#n0", ":v0", "a = b OR c", "schön", " "])
    def test_never_writes_a_name_as_it_is(self, name: str) -> None:
        """Reserved words, dots and whole expressions are names like any other."""
        renderer = Renderer()

        text = renderer.condition(AttributeExists(Path.of(name, 0, name)))

        assert text == "attribute_exists(#n0[0].#n0)"
        assert renderer.placeholders() == {"ExpressionAttributeNames": {"#n0": name}}

    @pytest.mark.parametrize(
        "value",
        [
            {"S": "é" * (PLACEHOLDER_BYTES // 2)},
            {"B": bytes(PLACEHOLDER_BYTES)},
            {"L": [{"BOOL": True}, {"M": {"x" * PLACEHOLDER_BYTES: {"NULL": True}}}]},
        ],
        ids=["bytes of a text", "binary", "name of a map entry"],
    )
    def test_refuses_more_than_2_mb(self, value: AttributeValue) -> None:
        renderer = Renderer()
        renderer.condition(Compare("=", Path.of("a"), Value(value)))

        with pytest.raises(QueryError, match=f"DynamoDB allows {PLACEHOLDER_BYTES}"):
            renderer.placeholders()

    @pytest.mark.parametrize(
        ("content", "weight"),
        [
            ({"L": []}, 1),
            ({"L": [{"BOOL": True}, {"NULL": True}]}, 1 + 5 + 5),
            ({"M": {"é": {"N": "12"}}}, 1 + 2 + 1 + 2),
            ({"BS": [b"\xff\xff", b"\xff"]}, 2 + 2 + 1),
        ],
    )
    def test_weighs_names_and_values_with_their_placeholders(
        self, content: AttributeValue, weight: int
    ) -> None:
        """Exactly 2 MB are taken, and not a byte more."""
        rest = PLACEHOLDER_BYTES - len("#n0a:v0") - weight - len("#n1:v1B")
        renderer = Renderer()
        renderer.condition(Compare("=", A, Value(content)))
        renderer.condition(Compare("=", Path.of("é" * 10), Value({"B": bytes(rest - 20)})))

        assert len(renderer.placeholders()["ExpressionAttributeValues"]) == 2

        renderer.projection([Path.of("n")])
        with pytest.raises(QueryError, match=f"take {PLACEHOLDER_BYTES + 4} bytes"):
            renderer.placeholders()

    def test_refuses_half_of_a_surrogate_pair(self) -> None:
        """It has no form in UTF-8, which is what the service takes."""
        renderer = Renderer()
        renderer.condition(Compare("=", A, Value({"S": "\ud83d"})))

        with pytest.raises(QueryError, match="half of a surrogate pair"):
            renderer.placeholders()

    def test_leaves_what_is_no_number_to_the_service(self) -> None:
        renderer = Renderer()

        renderer.condition(Compare("=", Path.of("a"), Value({"N": "many"})))

        assert renderer.placeholders()["ExpressionAttributeValues"] == {":v0": {"N": "many"}}

    @pytest.mark.parametrize("tag", ["SS", "NS", "BS"])
    def test_refuses_an_empty_set(self, tag: str) -> None:
        with pytest.raises(QueryError, match="empty set"):
            rendered(Compare("=", Path.of("a"), Value({tag: []})))


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "message"),
        [
            (Path(()), "starts with the name of an attribute"),
            (Path.of(0), "starts with the name of an attribute"),
            (Path.of(""), "a text that is not empty; got ''"),
            (Path.of("a", ""), "a text that is not empty; got ''"),
            (Path.of("a", -1), "counted from 0; DynamoDB has no index -1"),
        ],
    )
    def test_refuses_what_is_no_path(self, path: Path, message: str) -> None:
        with pytest.raises(QueryError, match=message):
            rendered(AttributeExists(path))


_leaves = st.sampled_from([leaf(name) for name in NAMES])
_trees = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=15,
)


def truth(condition: Condition, true: frozenset[str]) -> bool:
    match condition:
        case And(conditions):
            return all(truth(one, true) for one in conditions)
        case Or(conditions):
            return any(truth(one, true) for one in conditions)
        case Not(inner):
            return not truth(inner, true)
        case Compare(_, Path() as path, _):
            return path.attribute in true
        case _:
            raise AssertionError(condition)


class TestPrecedence:
    @given(_trees, st.frozensets(st.sampled_from(NAMES)))
    def test_means_what_the_tree_means(self, tree: Condition, true: frozenset[str]) -> None:
        """NOT before AND before OR, in DynamoDB as in Python, which reads the text back here."""
        renderer = Renderer()
        text = renderer.condition(tree)
        names = renderer.placeholders()["ExpressionAttributeNames"]

        python = re.sub(r"(#n\d+) = :v\d+", lambda found: str(names[found[1]] in true), text)
        for word in ("AND", "OR", "NOT"):
            python = python.replace(word, word.lower())

        assert eval(python) == truth(tree, true)

    @given(_trees)
    def test_never_doubles_parentheses(self, tree: Condition) -> None:
        """`((x))` and `(x)` as a whole are errors of the service, or waste."""
        text = rendered(tree)
        opened: list[int] = []
        pairs: set[tuple[int, int]] = set()
        for position, character in enumerate(text):
            if character == "(":
                opened.append(position)
            elif character == ")":
                pairs.add((opened.pop(), position))

        assert opened == []
        assert (0, len(text) - 1) not in pairs
        assert {(start + 1, end - 1) for start, end in pairs} & pairs == set()

    def test_flattens_across_wrappers(self) -> None:
        tree = And((And((leaf("a"),)), Or((And((leaf("b"), leaf("c"))),)), Not(Not(leaf("d")))))

        assert rendered(tree) == "#n0 = :v0 AND #n1 = :v1 AND #n2 = :v2 AND #n3 = :v3"

    @pytest.mark.parametrize("tree", [And(()), Or(()), Not(And(())), Or((And(()), And(())))])
    def test_refuses_a_junction_of_nothing(self, tree: Condition) -> None:
        with pytest.raises(QueryError, match="of no conditions"):
            rendered(tree)


def alternating(levels: int) -> Condition:
    """A tree that can't be flattened: AND within OR within AND ..."""
    kinds = (And, Or)
    return reduce(lambda tree, level: kinds[level % 2]((tree, leaf("a"))), range(levels), leaf("a"))


class TestLimits:
    def test_takes_300_operators(self) -> None:
        """150 comparisons and the 149 ORs between them, and a NOT."""
        tree = Or((Not(leaf("a")), *(leaf("a") for _ in range(149))))

        assert rendered(tree).count("=") == 150

    @pytest.mark.parametrize(
        "tree",
        [
            Or(tuple(leaf("a") for _ in range(151))),
            Or(tuple(AttributeExists(Path.of("a")) for _ in range(151))),
            Or(tuple(Compare("=", Size(Path.of("a")), ONE) for _ in range(101))),
            Or(tuple(Not(leaf("a")) for _ in range(101))),
            alternating(150),
            alternating(5000),
        ],
        ids=["comparisons", "functions", "sizes", "negations", "nesting", "nesting that no stack holds"],
    )
    def test_refuses_more(self, tree: Condition) -> None:
        with pytest.raises(QueryError, match=f"more than the {EXPRESSION_OPERATORS} operators"):
            rendered(tree)

    def test_takes_the_deepest_tree_of_300_operators(self) -> None:
        assert rendered(alternating(149)).count("(") == 148

    def test_counts_for_each_expression_anew(self) -> None:
        renderer = Renderer()
        tree = Or((Not(leaf("a")), *(leaf("a") for _ in range(149))))

        assert [len(renderer.condition(tree)) < EXPRESSION_BYTES for _ in range(2)] == [True, True]
        assert (
            renderer.key_condition(KeyCondition(("a", {"S": "x"}), Compare("=", B, ONE)))
            == "#n0 = :v300 AND #n1[0].#n2 = :v301"
        )
        assert renderer.update([Set(A, Plus(A, A))]) == "SET #n0 = #n0 + #n0"

    def test_counts_arithmetic_of_an_update(self) -> None:
        path = Path.of("a")
        actions = [Set(path.child(number), Plus(path, path)) for number in range(EXPRESSION_OPERATORS + 1)]

        with pytest.raises(QueryError, match="operators"):
            Renderer().update(actions)

    def test_takes_100_options(self) -> None:
        tree = In(Path.of("a"), (ONE,) * IN_OPTIONS)

        assert rendered(tree).count(":v") == IN_OPTIONS

    @pytest.mark.parametrize("count", [0, IN_OPTIONS + 1])
    def test_refuses_none_and_101_options(self, count: int) -> None:
        with pytest.raises(
            QueryError, match=r"^IN (needs at least one option|takes at most 100 options, got 101)"
        ):
            rendered(In(Path.of("a"), (ONE,) * count))

    @pytest.mark.parametrize(
        ("what", "write", "around"),
        [
            (
                "condition",
                lambda renderer, path: renderer.condition(AttributeExists(path)),
                "attribute_exists()",
            ),
            ("projection", lambda renderer, path: renderer.projection([path]), ""),
            ("update", lambda renderer, path: renderer.update([Remove(path)]), "REMOVE "),
            (
                "key condition",
                lambda renderer, path: renderer.key_condition(
                    KeyCondition(("a", {"S": "x"}), Compare("=", path, ONE))
                ),
                "#n0 = :v0 AND  = :v1",
            ),
        ],
    )
    def test_takes_4096_bytes_and_refuses_more(
        self, what: str, write: Callable[[Renderer, Path], str], around: str
    ) -> None:
        steps, rest = divmod(EXPRESSION_BYTES - len("#n0") - len(around), len("[0]"))
        longest = Path.of("a", *(0,) * (steps - rest), *(10,) * rest) if rest else Path.of("a", *(0,) * steps)

        assert len(write(Renderer(), longest)) == EXPRESSION_BYTES

        longer = Path.of(*longest.segments[:-1], 100)
        with pytest.raises(QueryError, match=f"^the {what} expression takes .* allows {EXPRESSION_BYTES}"):
            write(Renderer(), longer)

    def test_leaves_inverted_bounds_to_the_service(self) -> None:
        tree = Between(Path.of("a"), Value({"N": "2"}), ONE)

        assert rendered(tree) == "#n0 BETWEEN :v0 AND :v1"


class TestKeyCondition:
    def test_refuses_not_equal(self) -> None:
        condition = KeyCondition(("id", {"S": "x"}), Compare("<>", Path.of("n"), ONE))

        with pytest.raises(QueryError, match=r"^a sort key can't be asked for with <>; use a filter"):
            Renderer().key_condition(condition)


class TestProjection:
    def test_refuses_nothing(self) -> None:
        with pytest.raises(QueryError, match=r"^a projection needs at least one path"):
            Renderer().projection(())

    def test_refuses_overlapping_paths(self) -> None:
        with pytest.raises(QueryError, match=r"^two paths of the projection overlap: a and a\.b"):
            Renderer().projection([Path.of("a", "b"), Path.of("a")])


class TestUpdate:
    def test_writes_the_clauses_in_one_order_and_keeps_the_order_within(self) -> None:
        actions: list[UpdateAction] = [
            Add(Path.of("d"), ONE),
            Remove(Path.of("c")),
            Set(Path.of("b"), ONE),
            Remove(Path.of("e")),
            Set(Path.of("a"), ONE),
        ]

        text = Renderer().update(actions)

        assert text == "SET #n2 = :v1, #n4 = :v2 REMOVE #n1, #n3 ADD #n0 :v0"

    def test_refuses_nothing(self) -> None:
        with pytest.raises(QueryError, match=r"^an update needs at least one action"):
            Renderer().update(())

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (Path.of("a"), Path.of("a")),
            (Path.of("a"), Path.of("a", "b", 0)),
            (Path.of("a", 0), Path.of("a", 0, "b")),
        ],
    )
    def test_refuses_overlapping_paths(self, one: Path, other: Path) -> None:
        actions: list[UpdateAction] = [Remove(other), Set(one, ONE)]

        with pytest.raises(QueryError, match=f"^two paths of the update overlap: {re.escape(str(one))} and "):
            Renderer().update(actions)

    def test_takes_neighbours(self) -> None:
        actions = [Remove(Path.of("a", 0)), Remove(Path.of("a", 1)), Remove(Path.of("b", "0"))]

        assert Renderer().update(actions) == "REMOVE #n0[0], #n0[1], #n1.#n2"
