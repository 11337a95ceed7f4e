"""Conditions as texts in DynamoDB's own language, with attribute names and bound values.

Nothing of a text is ever sent: it is read into the same terms that a lambda gives, so that every name gets
its alias, every value its placeholder, and precedence is a matter of structure. Source of the grammar:
developer guide, "Condition and filter expressions, operators, and functions".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from persistence.errors import QueryError
from persistence.query.raw_tokens import Token, tokens_of, unreadable
from persistence.query.terms import (
    NESTED_TERMS,
    AllOf,
    AnyOf,
    Comparison,
    Names,
    Operator,
    PathOperand,
    RawTerm,
    Term,
    negated,
)

RAW_BYTES = 4096
"""Bytes of a text; the service takes as many of an expression."""

_COMPARATORS: Mapping[str, Operator] = MappingProxyType(
    {"=": "=", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
)
_MIRRORED: Mapping[Operator, Operator] = MappingProxyType({"<": ">", "<=": ">=", ">": "<", ">=": "<="})
_FUNCTIONS: Mapping[str, tuple[Operator, int]] = MappingProxyType(
    {
        "attribute_exists": ("exists", 1),
        "attribute_not_exists": ("not_exists", 1),
        "attribute_type": ("attribute_type", 2),
        "begins_with": ("begins_with", 2),
        "contains": ("contains", 2),
    }
)
"""Function -> operator, and how many arguments it takes."""


def raw(expression: str, /, **values: object) -> RawTerm:
    """Read a condition in DynamoDB's own language.

        raw("attribute_exists(#d) AND size(tags) > :n", d="due-date", n=3)

    Names are those of attributes in the table, reserved words included; one that is no identifier stands
    behind a placeholder, `#d`. Values are never written into the text but bound to `:n`. Where the mapping
    knows the attribute they are compared with they are encoded by its field, else by their own type.

    Args:
        expression: a condition with `= <> < <= > >=`, `BETWEEN ... AND ...`, `IN (...)`, `AND`, `OR`, `NOT`,
            parentheses, and the functions `attribute_exists`, `attribute_not_exists`, `attribute_type`,
            `begins_with`, `contains` and `size`.
        values: what `:name` and `#name` stand for.

    Raises:
        QueryError: it can't be read, and where; or names and values don't fit each other.
    """
    if not isinstance(expression, str):
        raise QueryError(f"a raw condition is a text, not {type(expression).__name__}")
    if len(expression.encode(errors="replace")) > RAW_BYTES:
        raise QueryError(f"a raw condition takes at most {RAW_BYTES} bytes; ask several times")
    term = _Reader(expression, values).whole()
    return RawTerm(expression, tuple(values.items()), term)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A value that stands for `:name`."""

    value: object
    token: Token


_Side = PathOperand | _Bound


class _Reader:
    """Reads one text, from left to right, one method per rule of the grammar."""

    def __init__(self, text: str, values: Mapping[str, object]) -> None:
        self._text = text
        self._values = values
        self._used: dict[str, str] = {}
        self._tokens = tokens_of(text)
        self._next = 0
        self._open = 0

    def whole(self) -> Term:
        """Read all of it.

        Raises:
            QueryError: it can't be read, or a value is not used.
        """
        if self._token.kind == "end":
            raise QueryError("a raw condition must not be empty; leave it out where nothing is demanded")
        term = self._any_of()
        if self._token.kind != "end":
            raise self._expected("AND, OR or its end")
        unused = [name for name in self._values if name not in self._used]
        if unused:
            raise QueryError(
                f"a raw condition does not use the value(s) {', '.join(unused)}; write :{unused[0]} where it "
                "belongs, or leave it out"
            )
        return term

    # --- tokens

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    @property
    def _following(self) -> Token:
        return self._tokens[min(self._next + 1, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._token
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _take_word(self, word: str) -> bool:
        if self._token.is_word(word):
            self._take()
            return True
        return False

    def _take_sign(self, sign: str) -> bool:
        if self._token.is_sign(sign):
            self._take()
            return True
        return False

    def _demand_sign(self, sign: str) -> None:
        if not self._take_sign(sign):
            raise self._expected(f"'{sign}'")

    # --- conditions

    def _any_of(self) -> Term:
        terms = [self._all_of()]
        while self._take_word("OR"):
            terms.append(self._all_of())
        return terms[0] if len(terms) == 1 else AnyOf(tuple(terms))

    def _all_of(self) -> Term:
        terms = [self._negation()]
        while self._take_word("AND"):
            terms.append(self._negation())
        return terms[0] if len(terms) == 1 else AllOf(tuple(terms))

    def _negation(self) -> Term:
        denied = False
        while self._take_word("NOT"):
            denied = not denied
        term = self._condition()
        return negated(term) if denied else term

    def _condition(self) -> Term:
        if self._token.is_sign("("):
            return self._enclosed()
        if self._is_function() and self._token.text.lower() != "size":
            return self._function()
        return self._comparison()

    def _enclosed(self) -> Term:
        self._open += 1
        if self._open > NESTED_TERMS:
            raise self._wrong(
                f"it has more than {NESTED_TERMS} parentheses within each other", self._token.place
            )
        self._take()
        term = self._any_of()
        self._demand_sign(")")
        self._open -= 1
        return term

    def _is_function(self) -> bool:
        return self._token.kind == "name" and self._following.is_sign("(") and not self._token.is_word("IN")

    def _function(self) -> Term:
        token = self._take()
        if token.text.lower() not in _FUNCTIONS:
            raise self._unknown_function(token)
        operator, arguments = _FUNCTIONS[token.text.lower()]
        self._demand_sign("(")
        path = self._path()
        operands: tuple[object, ...] = ()
        if arguments == 2:
            self._demand_sign(",")
            operands = (_content(self._side()),)
        self._demand_sign(")")
        return Comparison(path, operator, operands)

    def _unknown_function(self, token: Token) -> QueryError:
        known = [*_FUNCTIONS, "size"]
        close = get_close_matches(token.text.lower(), known, 1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
        return self._wrong(f"there is no function {token.text}; {hint}", token.place)

    def _comparison(self) -> Term:
        left = self._side()
        token = self._take()
        if token.kind == "sign" and token.text in _COMPARATORS:
            return self._compared(left, _COMPARATORS[token.text], self._side())
        if token.is_word("BETWEEN"):
            return self._between(left)
        if token.is_word("IN"):
            return self._in(left)
        if token.is_sign("==", "!="):
            right = "=" if token.text == "==" else "<>"
            raise self._wrong(f"DynamoDB writes {right} instead of {token.text}", token.place)
        if token.is_word("NOT"):
            raise self._wrong("NOT stands before what it denies: NOT a IN (:b)", token.place)
        raise self._wrong(
            f"expected an operator (= <> < <= > >=, BETWEEN or IN), not {token.said}", token.place
        )

    def _compared(self, left: _Side, operator: Operator, right: _Side) -> Term:
        if isinstance(left, PathOperand):
            return Comparison(left.names, operator, (_content(right),), left.size)
        if isinstance(right, PathOperand):
            return Comparison(right.names, _MIRRORED.get(operator, operator), (left.value,), right.size)
        raise self._constants(left)

    def _between(self, left: _Side) -> Term:
        low = self._side()
        if not self._take_word("AND"):
            raise self._expected("AND and the upper bound of BETWEEN")
        high = self._side()
        if isinstance(left, PathOperand):
            return Comparison(left.names, "between", (_content(low), _content(high)), left.size)
        return AllOf((self._compared(low, "<=", left), self._compared(high, ">=", left)))

    def _in(self, left: _Side) -> Term:
        self._demand_sign("(")
        options = [self._side()]
        while self._take_sign(","):
            options.append(self._side())
        self._demand_sign(")")
        if isinstance(left, PathOperand):
            return Comparison(left.names, "in", tuple(map(_content, options)), left.size)
        return AnyOf(tuple(self._compared(option, "=", left) for option in options))

    # --- sides

    def _side(self) -> _Side:
        if self._token.kind == "value":
            token = self._take()
            return _Bound(self._value(token), token)
        if self._token.is_word("SIZE") and self._following.is_sign("("):
            self._take()
            self._demand_sign("(")
            path = self._path()
            self._demand_sign(")")
            return PathOperand(path, size=True)
        if self._is_function():
            raise self._wrong(f"{self._token.text}(...) is no value; only size(...) is", self._token.place)
        return PathOperand(self._path())

    def _path(self) -> Names:
        names: list[str | int] = [self._name()]
        while True:
            if self._take_sign("."):
                names.append(self._name())
            elif self._token.kind == "index":
                names.append(int(self._take().text[1:-1]))
            else:
                return tuple(names)

    def _name(self) -> str:
        token = self._take()
        if token.kind == "name":
            return token.text
        if token.kind == "alias":
            name = self._value(token)
            if isinstance(name, str) and name:
                return name
            raise self._wrong(f"{token.text} stands for the name of an attribute, a text", token.place)
        what = "an attribute or a value such as :x" if token.kind != "value" else "an attribute"
        raise self._wrong(f"expected {what}, not {token.said}", token.place)

    def _value(self, token: Token) -> object:
        sign, name = token.text[0], token.text[1:]
        if name not in self._values:
            close = get_close_matches(name, list(self._values), 1)
            hint = f"did you mean {sign}{close[0]}?" if close else f"pass {name}=... as an argument"
            raise self._wrong(f"nothing is given for {token.text}; {hint}", token.place)
        if self._used.setdefault(name, sign) != sign:
            raise self._wrong(f"#{name} and :{name} can't both stand for {name}; rename one", token.place)
        return self._values[name]

    # --- errors

    def _constants(self, left: _Bound) -> QueryError:
        return self._wrong("a comparison needs an attribute on at least one side", left.token.place)

    def _expected(self, what: str) -> QueryError:
        return self._wrong(f"expected {what}, not {self._token.said}", self._token.place)

    def _wrong(self, what: str, place: int) -> QueryError:
        return unreadable(self._text, what, place)


def _content(side: _Side) -> object:
    return side.value if isinstance(side, _Bound) else side
