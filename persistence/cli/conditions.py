"""The small language of conditions, such as `status = OPEN and total > 100`, read into terms.

```
condition   any of the following, joined by `and` and `or`, with `not` before them and parentheses around them
            PATH = VALUE      also !=  <>  <  <=  >  >=
            PATH between VALUE and VALUE
            PATH in (VALUE, VALUE, ...)
            PATH begins_with VALUE
            PATH contains VALUE
            PATH exists       PATH not_exists
            PATH attribute_type TAG
            size(PATH) > NUMBER
PATH        the name of a field, such as total, address.city or lines[0].sku
VALUE       a word, or in quotes what has spaces, signs or the name of an operator in it
```

Values are read by the fields that they are compared with. Nothing is ever evaluated as Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from persistence.cli.values import field_value, member_value, part_value
from persistence.errors import QueryError
from persistence.mapping import EntityMapping
from persistence.query.names import comparison, parsed
from persistence.query.terms import NESTED_TERMS, AllOf, AnyOf, Term, negated

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<sign>==|!=|<>|<=|>=|[=<>(),])
      | (?P<word>[^\s=<>!(),'"]+)
      | (?P<strange>\S)
    )""",
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS = frozenset({"=", "==", "!=", "<>", "<", "<=", ">", ">="})
_WITH_VALUE = frozenset({"begins_with", "contains", "attribute_type"})
_ALONE = frozenset({"exists", "not_exists"})
_OPERATORS = "= != < <= > >= between in begins_with contains exists not_exists attribute_type"


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    at: int
    quoted: bool = False
    sign: bool = False

    def is_word(self, *words: str) -> bool:
        return not self.quoted and not self.sign and self.text.lower() in words

    def is_sign(self, *signs: str) -> bool:
        return self.sign and self.text in signs


def read_conditions(mapping: EntityMapping[Any], texts: Iterable[str]) -> Term | None:
    """Read conditions, all of which must hold.

    Args:
        mapping: the mapping of the entities that they are about.
        texts: each a condition.

    Returns:
        The term; None for no conditions.

    Raises:
        QueryError: a text that is no condition, an unknown field, or a value that it can't read.
    """
    terms = [_Reader(mapping, text).read() for text in texts]
    if not terms:
        return None
    return terms[0] if len(terms) == 1 else AllOf(tuple(terms))


class _Reader:
    """Reads one text, from left to right."""

    def __init__(self, mapping: EntityMapping[Any], text: str) -> None:
        self._mapping = mapping
        self._text = text
        self._tokens = list(self._split())
        self._at = 0
        self._depth = 0

    def read(self) -> Term:
        term = self._any_of()
        if self._at < len(self._tokens):
            raise self._wrong("the condition ends before this")
        return term

    def _split(self) -> Iterable[_Token]:
        end = len(self._text.rstrip())
        at = 0
        while at < end:
            found = _TOKEN.match(self._text, at)
            assert found is not None, "every character that is no space is of some token"
            kind, at = found.lastgroup, found.end()
            assert kind is not None, "one of the groups matched"
            text, start = found[kind], found.start(kind)
            if kind == "strange":
                raise QueryError(
                    f"in {self._text!r}, character {start + 1}: {text!r} is out of place; quotes come in "
                    "pairs"
                )
            if kind == "quoted":
                yield _Token(re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL), start, quoted=True)
            else:
                yield _Token(text, start, sign=kind == "sign")

    # conditions

    def _any_of(self) -> Term:
        terms = [self._all_of()]
        while self._take_word("or"):
            terms.append(self._all_of())
        return terms[0] if len(terms) == 1 else AnyOf(tuple(terms))

    def _all_of(self) -> Term:
        terms = [self._one()]
        while self._take_word("and"):
            terms.append(self._one())
        return terms[0] if len(terms) == 1 else AllOf(tuple(terms))

    def _one(self) -> Term:
        self._depth += 1
        if self._depth > NESTED_TERMS:
            raise QueryError(f"a condition of more than {NESTED_TERMS} levels is too deep")
        try:
            if self._take_word("not"):
                return negated(self._one())
            if self._take_sign("("):
                term = self._any_of()
                self._demand_sign(")")
                return term
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Term:
        path, size = self._path()
        operator = self._next("an operator: " + _OPERATORS)
        word = operator.text.lower()
        if operator.is_sign(*_COMPARISONS):
            return self._made(path, size, word, [self._value(path, size, word)])
        if operator.is_word("between"):
            low = self._value(path, size, word)
            if not self._take_word("and"):
                raise self._wrong("between takes two values: between LOW and HIGH")
            return self._made(path, size, word, [low, self._value(path, size, word)])
        if operator.is_word("in"):
            return self._made(path, size, word, self._options(path, size))
        if operator.is_word(*_WITH_VALUE):
            return self._made(path, size, word, [self._value(path, size, word)])
        if operator.is_word(*_ALONE):
            return self._made(path, size, word, [])
        self._at -= 1
        raise self._wrong(f"an operator is expected here: {_OPERATORS}")

    def _path(self) -> tuple[str, bool]:
        token = self._next("the name of a field")
        if token.quoted or token.sign:
            self._at -= 1
            raise self._wrong("the name of a field is expected here")
        if token.text.lower() == "size" and self._take_sign("("):
            inner, _ = self._path()
            self._demand_sign(")")
            return inner, True
        return token.text, False

    def _options(self, path: str, size: bool) -> list[Any]:
        if not self._take_sign("("):
            raise self._wrong("in takes values in parentheses: in (a, b)")
        options = [self._value(path, size, "in")]
        while self._take_sign(","):
            options.append(self._value(path, size, "in"))
        self._demand_sign(")")
        return options

    def _value(self, path: str, size: bool, operator: str) -> Any:
        token = self._next("a value")
        if token.sign:
            self._at -= 1
            raise self._wrong("a value is expected here; what has signs in it is put in quotes")
        if size:
            return _whole(token.text)
        names = parsed(path)
        match operator:
            case "attribute_type":
                return token.text
            case "contains":
                return member_value(self._mapping, names, token.text)
            case "begins_with":
                return part_value(self._mapping, names, token.text)
            case _:
                return field_value(self._mapping, names, token.text)

    def _made(self, path: str, size: bool, operator: str, values: list[Any]) -> Term:
        return comparison(f"size({path})" if size else path, operator, tuple(values))

    # tokens

    def _next(self, expected: str) -> _Token:
        if self._at == len(self._tokens):
            raise QueryError(f"{self._text!r} ends where {expected} is expected")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take_word(self, word: str) -> bool:
        return self._take(self._at < len(self._tokens) and self._tokens[self._at].is_word(word))

    def _take_sign(self, sign: str) -> bool:
        return self._take(self._at < len(self._tokens) and self._tokens[self._at].is_sign(sign))

    def _take(self, fits: bool) -> bool:
        self._at += fits
        return fits

    def _demand_sign(self, sign: str) -> None:
        if not self._take_sign(sign):
            raise self._wrong(f"{sign!r} is expected here")

    def _wrong(self, what: str) -> QueryError:
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            return QueryError(f"in {self._text!r}, at {token.text!r} (character {token.at + 1}): {what}")
        return QueryError(f"at the end of {self._text!r}: {what}")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise QueryError(f"a size is compared with a whole number, not {text!r}") from None
