"""Expressions of one shape are written from a template, and as if they had no template."""

from __future__ import annotations

from typing import Any, ClassVar

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
    Operand,
    Or,
    Path,
    Plus,
    Remove,
    Set,
    Size,
    UpdateAction,
    Value,
)
from persistence.render import PLACEHOLDER_BYTES, Renderer, expressions, presence, template_of

PATHS = st.builds(
    Path.of, st.sampled_from("abc"), *[st.sampled_from(["d", "e", 0, 1])] * 1
) | st.sampled_from("abcd").map(Path.of)
VALUES = st.builds(Value, st.sampled_from([{"S": "x"}, {"N": "1"}, {"SS": ["x"]}, {"SS": []}, {"L": []}]))
OPERANDS: st.SearchStrategy[Any] = PATHS | VALUES | PATHS.map(Size)
DEFAULTED: st.SearchStrategy[Any] = PATHS | VALUES | st.builds(IfNotExists, PATHS, PATHS | VALUES)
LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Compare, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), OPERANDS, OPERANDS),
    st.builds(Between, OPERANDS, OPERANDS, OPERANDS),
    st.builds(In, OPERANDS, st.lists(OPERANDS, max_size=3).map(tuple)),
    st.builds(BeginsWith, PATHS, OPERANDS),
    st.builds(Contains, PATHS, OPERANDS),
    st.builds(AttributeExists, PATHS),
    st.builds(AttributeNotExists, PATHS),
    st.builds(AttributeType, PATHS, st.sampled_from(["S", "N"])),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=5,
)
ACTIONS: st.SearchStrategy[UpdateAction] = st.one_of(
    st.builds(
        Set,
        PATHS,
        DEFAULTED
        | st.builds(Plus, DEFAULTED, DEFAULTED)
        | st.builds(Minus, DEFAULTED, DEFAULTED)
        | st.builds(ListAppend, DEFAULTED, DEFAULTED),
    ),
    st.builds(Remove, PATHS),
    st.builds(Add, PATHS, VALUES),
    st.builds(Discard, PATHS, VALUES),
)
KEYS = st.builds(
    KeyCondition,
    st.tuples(st.sampled_from("ab"), st.just({"S": "x"})),
    st.none() | st.builds(Compare, st.sampled_from(["=", "<>", "<"]), PATHS, VALUES),
    st.lists(st.tuples(st.sampled_from("cd"), st.just({"S": "x"})), max_size=2).map(tuple),
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "key_condition": KEYS,
        "update": st.lists(ACTIONS, max_size=3).map(tuple),
        "condition": CONDITIONS,
        "filtering": CONDITIONS,
        "projection": st.lists(PATHS, max_size=3).map(tuple),
    },
)
NAME = Path.of("name")


def plainly(parts: dict[str, Any]) -> object:
    """Write the expressions of one request by a renderer alone; its refusal where it refuses."""
    renderer, found = Renderer(), {}
    try:
        if parts.get("key_condition") is not None:
            found["KeyConditionExpression"] = renderer.key_condition(parts["key_condition"])
        if parts.get("update"):
            found["UpdateExpression"] = renderer.update(parts["update"])
        if parts.get("condition") is not None:
            found["ConditionExpression"] = renderer.condition(parts["condition"])
        if parts.get("filtering") is not None:
            found["FilterExpression"] = renderer.condition(parts["filtering"])
        if parts.get("projection") is not None:
            found["ProjectionExpression"] = renderer.projection(parts["projection"])
        return {**found, **renderer.placeholders()}
    except QueryError as refused:
        return str(refused)


def quickly(parts: dict[str, Any]) -> object:
    try:
        return expressions(**parts)
    except QueryError as refused:
        return str(refused)


@given(st.lists(REQUESTS, min_size=1, max_size=4))
def test_are_what_a_renderer_writes_the_first_time_and_later(requests: list[dict[str, Any]]) -> None:
    for parts in [*requests, *requests]:
        assert quickly(parts) == plainly(parts)


def _asked(sort: Any, *also: str) -> dict[str, Any]:
    return {
        "key_condition": KeyCondition(("pk", {"S": "p"}), sort, tuple((name, {"S": name}) for name in also))
    }


ONE, TWO, SORT = Value({"N": "1"}), Value({"N": "2"}), Path.of("sk")


def _with_parts_that_differ(path: Path, first: Value, second: Value) -> list[dict[str, Any]]:
    """Give one request of each kind of node, and of each that a template could take for it."""
    conditions: list[Condition] = [
        Compare("=", path, first),
        Compare("<", path, first),
        Compare("=", first, path),
        Compare("<", first, path),
        Compare("=", path, NAME),
        Compare("=", NAME, path),
        Compare("=", Size(path), first),
        Compare("=", path, Size(NAME)),
        Between(path, first, second),
        Between(path, NAME, second),
        Between(path, first, NAME),
        Between(NAME, first, path),
        In(path, (first,)),
        In(path, (first, second)),
        In(path, (first, NAME)),
        In(first, (path, second)),
        BeginsWith(path, first),
        BeginsWith(path, NAME),
        Contains(path, first),
        Contains(path, NAME),
        AttributeExists(path),
        AttributeNotExists(path),
        AttributeType(path, "S"),
        Not(AttributeExists(path)),
        And((AttributeExists(path), AttributeExists(NAME))),
        Or((AttributeExists(path), AttributeExists(NAME))),
        And((AttributeExists(path), Or((AttributeExists(NAME), AttributeNotExists(NAME))))),
        And((AttributeExists(path), Or((AttributeExists(NAME),)), AttributeNotExists(NAME))),
    ]
    actions: list[UpdateAction] = [
        Set(path, first),
        Set(path, NAME),
        Set(path, Plus(NAME, first)),
        Set(path, Minus(NAME, first)),
        Set(path, Plus(first, NAME)),
        Set(path, IfNotExists(path, first)),
        Set(path, IfNotExists(NAME, first)),
        Set(path, IfNotExists(path, NAME)),
        Set(path, ListAppend(NAME, first)),
        Set(path, ListAppend(first, NAME)),
        Remove(path),
        Add(path, first),
        Discard(path, first),
    ]
    return [
        *({"condition": condition} for condition in conditions),
        {"filtering": conditions[0]},
        {"condition": conditions[0], "filtering": conditions[1]},
        {"condition": conditions[1], "filtering": conditions[0]},
        *({"update": (action,)} for action in actions),
        {"update": (actions[0], Remove(NAME))},
        {"update": (Remove(NAME), actions[0])},
        {"update": (actions[0],), "condition": conditions[0]},
        {"projection": (path,)},
        {"projection": (path, NAME)},
        {"filtering": conditions[0], "projection": (path,)},
    ]


SHAPES: list[dict[str, Any]] = [
    _asked(None),
    _asked(None, "also"),
    _asked(Compare("=", SORT, ONE)),
    _asked(Compare("<", SORT, ONE)),
    _asked(Compare("<", SORT, TWO)),
    _asked(Between(SORT, ONE, TWO)),
    _asked(Between(SORT, TWO, ONE)),
    _asked(BeginsWith(SORT, Value({"S": "a"}))),
    _asked(BeginsWith(SORT, Value({"S": "b"}))),
    _asked(BeginsWith(Path.of("other"), Value({"S": "b"})), "also"),
    *_with_parts_that_differ(SORT, ONE, TWO),
    *_with_parts_that_differ(Path.of("other", "part", 0), TWO, ONE),
]


class Written:
    """Counts the requests that a renderer writes."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> Renderer:
        self.count += 1
        return Renderer()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    """No template is kept as yet, and it is counted how many requests are written without one."""
    count = Written()
    monkeypatch.setattr("persistence.render.templates.Renderer", count)
    monkeypatch.setattr("persistence.render.templates._templates", {})
    monkeypatch.setattr("persistence.render.templates._presences", {})
    return count


def test_tell_shapes_apart() -> None:
    """Each has a shape of its own, and takes its own values, whichever of them was written before."""
    for parts in (*SHAPES, *reversed(SHAPES)):
        assert quickly(parts) == plainly(parts)


@pytest.mark.parametrize("parts", SHAPES)
def test_need_no_renderer_where_the_shape_was_written_before(parts: dict[str, Any], written: Written) -> None:
    """What is known is only filled in."""
    first = quickly(parts)

    assert quickly(parts) == first
    assert written.count == 1


class TestWhatIsKept:
    """Templates are worth their memory: they are few, and of moderate length."""

    def test_is_forgotten_where_it_becomes_too_much(
        self, written: Written, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("persistence.render.templates.TEMPLATES", 2)
        one, two, three = (Compare("=", Path.of(name), ONE) for name in "abc")

        for condition in (one, two, one, two):
            expressions(condition=condition)
        assert written.count == 2

        for condition in (three, three, one):
            expressions(condition=condition)
        assert written.count == 4

    @pytest.mark.parametrize(
        ("count", "renderers"), [(2, 1), (3, 2)], ids=["takes 412 tokens", "would take 616 tokens"]
    )
    def test_is_of_moderate_length(self, count: int, renderers: int, written: Written) -> None:
        condition = Or(tuple(In(Path.of(name), (NAME,) * 100) for name in "abc"[:count]))

        for _ in range(2):
            expressions(condition=condition)

        assert written.count == renderers

    def test_takes_as_many_values_as_there_are_placeholders(self, written: Written) -> None:
        several = Or(tuple(In(Path.of(name), (ONE,) * 100) for name in "abc"))

        for _ in range(2):
            assert len(expressions(condition=several)["ExpressionAttributeValues"]) == 300

        assert written.count == 1

    @pytest.mark.parametrize(
        "content",
        [
            {"SS": ["x"]},
            {"NS": ["1"]},
            {"BS": [b"x"]},
            {"S": ""},
            {"B": b""},
            {"L": []},
            {"M": {}},
            {"BOOL": False},
        ],
    )
    def test_takes_values_of_any_type(self, content: AttributeValue, written: Written) -> None:
        for each in ({"N": "1"}, content):
            found = expressions(update=(Set(NAME, Value(each)),))
            assert found["ExpressionAttributeValues"] == {":v0": each}

        assert written.count == 1

    def test_has_names(self) -> None:
        """The service refuses empty names: what has none is written anew."""
        for _ in range(2):
            assert "ExpressionAttributeNames" not in expressions(condition=Compare("=", ONE, TWO))

    def test_has_the_number_of_an_element(self) -> None:
        """`True` is 1 to a dict, to a list, and so in the text of a path."""
        for segment in (1, True, 1):
            condition = AttributeExists(Path(("name", segment)))
            assert quickly({"condition": condition}) == plainly({"condition": condition})


class TestRoom:
    """Two megabytes are what one request takes, whether or not its shape is known."""

    @pytest.mark.parametrize("name", ["n", "😀" * 1000])
    @pytest.mark.parametrize("texts", [1, 3])
    def test_is_the_same_for_a_known_shape(self, name: str, texts: int) -> None:
        def written(*values: AttributeValue) -> object:
            return quickly({"condition": In(Path.of(name), tuple(map(Value, values)))})

        taken = len(f"#n0{name}".encode()) + texts * len(":v0S")
        text, rest = "x" * ((PLACEHOLDER_BYTES - taken) // texts), (PLACEHOLDER_BYTES - taken) % texts
        most = [{"S": text}] * (texts - 1)

        assert not isinstance(written(*[{"S": "x"}] * texts), str)
        assert not isinstance(written(*most, {"S": text + "x" * rest}), str)
        assert "DynamoDB allows" in str(written(*most, {"S": text + "x" * (rest + 1)}))

    def test_is_weighed_where_a_text_is_of_a_class_of_its_own(self) -> None:
        class Text(str):
            __slots__ = ()

        assert not isinstance(quickly({"update": (Set(NAME, Value({"S": Text("x")})),)}), str)
        heavy = Value({"S": Text("x" * PLACEHOLDER_BYTES)})
        assert "DynamoDB allows" in str(quickly({"update": (Set(NAME, heavy),)}))


class TestTemplateOf:
    """Gives what a write's expressions are filled in to, for who keeps more of it than the expressions."""

    WRITES: ClassVar[list[dict[str, Any]]] = [
        {"update": (Set(NAME, ONE), Remove(SORT)), "condition": None},
        {"update": (Add(NAME, TWO),), "condition": Compare("<", NAME, ONE)},
        {"update": (), "condition": Compare("<", NAME, ONE)},
        {"update": (), "condition": AttributeExists(NAME)},
    ]

    @pytest.mark.parametrize("parts", WRITES)
    def test_of_a_known_shape_is_filled_to_the_same(self, parts: dict[str, Any], written: Written) -> None:
        assert template_of(**parts) is None

        found = expressions(**parts)

        known = template_of(**parts)
        assert known is not None
        template, values = known
        assert template.filled(values) == found
        assert written.count == 1

    @pytest.mark.parametrize("parts", WRITES)
    def test_is_the_same_for_all_of_one_shape(self, parts: dict[str, Any]) -> None:
        expressions(**parts)

        first, second = template_of(**parts), template_of(**parts)

        assert first is not None
        assert second is not None
        assert first[0] is second[0]

    @pytest.mark.parametrize("tag", ["SS", "NS", "BS"])
    def test_is_none_where_the_values_need_a_closer_look(self, tag: str) -> None:
        expressions(update=(Set(NAME, ONE),))

        assert template_of((Set(NAME, Value({tag: []})),), None) is None
        assert template_of((Set(NAME, Value({tag: ["x"]})),), None) is not None

    def test_is_none_where_it_can_not_be_written(self) -> None:
        """`expressions` says what is wrong."""
        unknown: Any = object()
        unhashable = AttributeExists(Path((["name"],)))  # type: ignore[arg-type]

        assert template_of((unknown,), None) is None
        assert template_of((), unhashable) is None


def test_take_their_values_where_the_shape_was_written_before() -> None:
    def written(value: AttributeValue) -> object:
        return expressions(condition=Compare("=", NAME, Value(value)))["ExpressionAttributeValues"]

    assert written({"S": "x"}) == {":v0": {"S": "x"}}
    assert written({"N": "1"}) == {":v0": {"N": "1"}}


def test_may_be_changed_by_who_sends_them() -> None:
    condition = Compare("=", Path.of("changed"), Value({"S": "x"}))

    for _ in range(2):
        found = expressions(condition=condition)
        found["ExpressionAttributeNames"]["#more"] = found["ExpressionAttributeValues"][":more"] = {}
        found["ConditionExpression"] = ""

    assert expressions(condition=condition) == plainly({"condition": condition})


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        ({"SS": []}, "empty set"),
        ({"NS": []}, "empty set"),
        ({"BS": []}, "empty set"),
        ({"S": "x" * PLACEHOLDER_BYTES}, "DynamoDB allows"),
    ],
)
def test_refuse_a_value_though_the_shape_is_known(refused: AttributeValue, message: str) -> None:
    def written(value: AttributeValue) -> object:
        return expressions(update=(Set(NAME, Value(value)),))

    written({"S": "x"})

    with pytest.raises(QueryError, match=message):
        written(refused)


def test_of_nothing_are_none() -> None:
    assert expressions() == {}


def test_of_no_paths_are_refused() -> None:
    with pytest.raises(QueryError, match="at least one path"):
        expressions(projection=())


@pytest.mark.parametrize("part", ["condition", "filtering"])
def test_are_written_though_their_shape_is_too_deep_to_tell(part: str) -> None:
    """Junctions of one count as that one, however many there are: the service never sees them."""
    deep: Condition = Compare("=", NAME, ONE)
    for _ in range(5000):
        deep = And((deep,))
    request = {
        **_asked(Compare("<", SORT, ONE)),
        "update": (Set(SORT, TWO),),
        "condition": AttributeExists(SORT),
        "filtering": AttributeNotExists(SORT),
        "projection": (SORT,),
        part: deep,
    }

    assert quickly(request) == plainly(request)


def test_tell_a_size_from_a_path_of_the_same_names() -> None:
    def written(operand: Operand) -> object:
        return expressions(condition=Compare("=", operand, Value({"N": "1"})))["ConditionExpression"]

    assert written(NAME) == "#n0 = :v0"
    assert written(Size(NAME)) == "size(#n0) = :v0"


def test_of_more_values_than_placeholders_are_kept_hold_all_of_them() -> None:
    several = tuple(In(Path.of(name), (Value({"N": "1"}),) * 100) for name in "abcd")

    for _ in range(2):
        assert len(expressions(condition=Or(several))["ExpressionAttributeValues"]) == 400


@pytest.mark.parametrize("kind", [AttributeExists, AttributeNotExists])
@pytest.mark.parametrize("path", [NAME, Path.of("id", "part"), Path.of("id", 1), Path.of("a.b")])
def test_writes_what_demands_an_attribute_as_any_condition(
    kind: type[AttributeExists | AttributeNotExists], path: Path
) -> None:
    condition = kind(path)
    for _ in range(3):
        found = presence(condition)
        assert found == plainly({"condition": condition})
        found["ExpressionAttributeNames"]["#other"] = "other"


@pytest.mark.parametrize("kind", [AttributeExists, AttributeNotExists])
def test_what_demands_an_attribute_is_written_once(
    kind: type[AttributeExists | AttributeNotExists], written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persistence.render.templates.TEMPLATES", 2)
    one, two, three = (kind(Path.of(name)) for name in "abc")
    first = presence(one)
    presence(two)
    # Templates are forgotten: nothing but what `presence` itself keeps is left.
    monkeypatch.setattr("persistence.render.templates._templates", {})

    assert presence(one) == first
    presence(two)
    assert written.count == 2

    presence(three)
    monkeypatch.setattr("persistence.render.templates._templates", {})
    presence(one)
    assert written.count == 4
