"""Write conditions, key conditions, projections and updates as DynamoDB's expression strings.

One `Renderer` serves all expressions of one request, since they share their placeholders: every name stands
behind an alias (`#n0`; reserved words and dots need no thought), every value behind a placeholder (`:v0`).
The same request always gives the same text.

    renderer = Renderer()
    renderer.condition(And((equals(Path.of("status"), {"S": "open"}), AttributeExists(Path.of("lines", 0)))))
    # '#n0 = :v0 AND attribute_exists(#n1[0])'
    renderer.placeholders()
    # {'ExpressionAttributeNames': {'#n0': 'status', '#n1': 'lines'},
    #  'ExpressionAttributeValues': {':v0': {'S': 'open'}}}

What the service would refuse because of its size or shape is a `QueryError` here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_never

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
    SetOperand,
    Size,
    UpdateAction,
    Value,
)
from persistence.render.limits import (
    EXPRESSION_OPERATORS,
    refuse_heavy,
    refuse_overlaps,
    within_options,
    within_size,
)

_SET_TAGS = frozenset({"SS", "NS", "BS"})


class Renderer:
    """Writes the expressions of one request and collects the names and values that they share."""

    __slots__ = ("_aliases", "_operators", "_values")

    def __init__(self) -> None:
        self._aliases: dict[str, str] = {}
        self._values: dict[str, AttributeValue] = {}
        self._operators = 0

    def condition(self, condition: Condition) -> str:
        """Write a condition or filter expression.

        Args:
            condition: the tree; `And` and `Or` of one condition count as that condition.

        Raises:
            QueryError: it exceeds a limit of the service, or can't be written, such as an `And` of nothing.
        """
        self._operators = 0
        return self._within_size("condition", self._condition(condition))

    def key_condition(self, condition: KeyCondition) -> str:
        """Write the key condition expression of a query.

        Raises:
            QueryError: the sort key's condition is of a kind that the service does not take.
        """
        self._operators = 0
        parts = [
            f"{self._alias(name)} = {self._bound(value)}"
            for name, value in (condition.partition, *condition.also)
        ]
        if isinstance(condition.sort, Compare) and condition.sort.operator == "<>":
            raise QueryError(
                "a sort key can't be asked for with <>; use a filter, which reads and drops what differs"
            )
        if condition.sort is not None:
            parts.append(self._condition(condition.sort))
        return self._within_size("key condition", " AND ".join(parts))

    def projection(self, paths: Iterable[Path]) -> str:
        """Write a projection expression.

        Args:
            paths: one or more, none within another.

        Raises:
            QueryError: there is no path, or two overlap.
        """
        wanted = tuple(paths)
        if not wanted:
            raise QueryError("a projection needs at least one path; for the whole item give None")
        refuse_overlaps("projection", wanted)
        return self._within_size("projection", ", ".join(map(self._path, wanted)))

    def update(self, actions: Iterable[UpdateAction]) -> str:
        """Write an update expression: SET, REMOVE, ADD, DELETE, each in the order given.

        Args:
            actions: one or more, whose paths don't overlap.

        Raises:
            QueryError: there is no action, two paths overlap, or a limit of the service is exceeded.
        """
        given = tuple(actions)
        if not given:
            raise QueryError("an update needs at least one action")
        refuse_overlaps("update", tuple(action.path for action in given))
        self._operators = 0
        clauses: dict[str, list[str]] = {"SET": [], "REMOVE": [], "ADD": [], "DELETE": []}
        for action in given:
            clause, text = self._action(action)
            clauses[clause].append(text)
        text = " ".join(f"{clause} {', '.join(parts)}" for clause, parts in clauses.items() if parts)
        return self._within_size("update", text)

    def placeholders(self) -> dict[str, Any]:
        """Give the names and values of all that was written, as parameters of the request.

        Returns:
            `ExpressionAttributeNames` and `ExpressionAttributeValues`, each only if there are any.

        Raises:
            QueryError: together they are over 2 MB.
        """
        names = {alias: name for name, alias in self._aliases.items()}
        refuse_heavy(names, self._values)
        parameters: dict[str, Any] = {}
        if names:
            parameters["ExpressionAttributeNames"] = names
        if self._values:
            parameters["ExpressionAttributeValues"] = dict(self._values)
        return parameters

    # --- conditions

    def _condition(self, condition: Condition, *, enclosed: bool = False) -> str:
        # The service refuses doubled parentheses, so they are written in `_junction` and nowhere else.
        condition = _unwrapped(condition)
        match condition:
            case And(conditions):
                return self._junction(" AND ", _flat(And, conditions), enclosed=enclosed)
            case Or(conditions):
                return self._junction(" OR ", _flat(Or, conditions), enclosed=enclosed)
            case Not(inner):
                self._count(1)
                return f"NOT {self._condition(inner, enclosed=True)}"
            case _:
                self._count(1)
                return self._comparison(condition)

    def _junction(self, word: str, conditions: tuple[Condition, ...], *, enclosed: bool) -> str:
        self._count(len(conditions) - 1)
        parts = []
        for (
            condition
        ) in conditions:  # a comprehension would take one more frame of the stack per level of a deep tree
            parts.append(self._condition(condition, enclosed=True))  # noqa: PERF401
        text = word.join(parts)
        return f"({text})" if enclosed else text

    def _comparison(
        self,
        condition: Compare
        | Between
        | In
        | BeginsWith
        | Contains
        | AttributeExists
        | AttributeNotExists
        | AttributeType,
    ) -> str:
        match condition:
            case Compare(operator, left, right):
                return f"{self._operand(left)} {operator} {self._operand(right)}"
            case Between(operand, low, high):
                return f"{self._operand(operand)} BETWEEN {self._operand(low)} AND {self._operand(high)}"
            case In(operand, options):
                asked = self._operand(operand)
                return f"{asked} IN ({', '.join(map(self._operand, within_options(options)))})"
            case BeginsWith(path, prefix):
                return f"begins_with({self._path(path)}, {self._operand(prefix)})"
            case Contains(path, operand):
                return f"contains({self._path(path)}, {self._operand(operand)})"
            case AttributeExists(path):
                return f"attribute_exists({self._path(path)})"
            case AttributeNotExists(path):
                return f"attribute_not_exists({self._path(path)})"
            case AttributeType(path, tag):
                return f"attribute_type({self._path(path)}, {self._bound({'S': tag})})"
            case _:
                assert_never(condition)

    def _operand(self, operand: Operand) -> str:
        match operand:
            case Path():
                return self._path(operand)
            case Value(value):
                return self._bound(value)
            case Size(path):
                self._count(1)
                return f"size({self._path(path)})"
            case _:
                assert_never(operand)

    # --- updates

    def _action(self, action: UpdateAction) -> tuple[str, str]:
        match action:
            case Set(path, value):
                return "SET", f"{self._path(path)} = {self._set_operand(value)}"
            case Remove(path):
                return "REMOVE", self._path(path)
            case Add(path, Value(value)):
                return "ADD", f"{self._path(path)} {self._bound(value)}"
            case Discard(path, Value(value)):
                return "DELETE", f"{self._path(path)} {self._bound(value)}"
            case _:
                assert_never(action)

    def _set_operand(self, operand: SetOperand) -> str:
        match operand:
            case Path() | Value():
                return self._operand(operand)
            case IfNotExists(path, default):
                return f"if_not_exists({self._path(path)}, {self._operand(default)})"
            case ListAppend(first, second):
                return f"list_append({self._set_operand(first)}, {self._set_operand(second)})"
            case Plus(left, right):
                return self._sum(left, "+", right)
            case Minus(left, right):
                return self._sum(left, "-", right)
            case _:
                assert_never(operand)

    def _sum(self, left: SetOperand, sign: str, right: SetOperand) -> str:
        self._count(1)
        return f"{self._set_operand(left)} {sign} {self._set_operand(right)}"

    # --- names, values and limits

    def _path(self, path: Path) -> str:
        if not path.segments or isinstance(path.segments[0], int):
            raise QueryError(f"a path starts with the name of an attribute; got {path.segments!r}")
        first, *rest = path.segments
        return self._alias(first) + "".join(map(self._segment, rest))

    def _segment(self, segment: str | int) -> str:
        if isinstance(segment, str):
            return f".{self._alias(segment)}"
        if segment < 0:
            raise QueryError(f"list elements are counted from 0; DynamoDB has no index {segment}")
        return f"[{segment:d}]"

    def _alias(self, name: str | int) -> str:
        if not isinstance(name, str) or not name:
            raise QueryError(
                f"the name of an attribute or map entry is a text that is not empty; got {name!r}"
            )
        return self._aliases.setdefault(name, f"#n{len(self._aliases)}")

    def _bound(self, value: AttributeValue) -> str:
        tag, content = next(iter(value.items()))
        if tag in _SET_TAGS and not content:
            raise QueryError(
                "an empty set can't be an operand: DynamoDB has none; ask for the attribute's absence"
            )
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = value
        return placeholder

    def _within_size(self, what: str, expression: str) -> str:
        """Refuse what is too long to be sent; who only shows expressions takes all."""
        return within_size(what, expression)

    def _count(self, operators: int) -> None:
        self._operators += operators
        if self._operators > EXPRESSION_OPERATORS:
            raise QueryError(
                f"an expression has more than the {EXPRESSION_OPERATORS} operators that DynamoDB allows; "
                "ask several times, or compare with IN"
            )


def _unwrapped(condition: Condition) -> Condition:
    """Take a condition out of junctions of one and double negations."""
    negated = False
    while True:
        match condition:
            case And((only,)) | Or((only,)):
                condition = only
            case Not(inner):
                negated, condition = not negated, inner
            case _:
                return Not(condition) if negated else condition


def _flat(kind: type[And] | type[Or], conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Take up junctions of the same kind, in order; they mean the same without their parentheses."""
    flat: list[Condition] = []
    waiting = list(reversed(conditions))
    while waiting:
        condition = _unwrapped(waiting.pop())
        if isinstance(condition, kind):
            waiting.extend(reversed(condition.conditions))
        else:
            flat.append(condition)
    if not flat:
        raise QueryError(f"{kind.__name__} of no conditions means nothing; leave it out")
    return tuple(flat)
