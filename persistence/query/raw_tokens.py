"""The words of a condition that is given as a text, and the error that shows where one of them is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from persistence.errors import QueryError

_WINDOW = 40
_WORD = re.compile(
    r"""
    (?P<space>\s+)
    |(?P<value>:\w+)
    |(?P<alias>\#\w+)
    |(?P<index>\[\s*\d+\s*\])
    |(?P<number>[+-]?\d[\w.]*)
    |(?P<name>[^\W\d]\w*)
    |(?P<text>'[^']*'?|"[^"]*"?)
    |(?P<sign><>|<=|>=|!=|==|[=<>(),.])
    """,
    re.VERBOSE,
)
_MISPLACED: Mapping[str, str] = MappingProxyType({"number": "a number", "text": "a text in quotes"})


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign.

    Attributes:
        kind: value (`:x`), alias (`#x`), index (`[0]`), name, sign, or end.
        text: as it is written.
        place: the number of characters before it.
    """

    kind: str
    text: str
    place: int

    def is_word(self, word: str) -> bool:
        """Tell whether it is a word of the language, in any case."""
        return self.kind == "name" and self.text.upper() == word

    def is_sign(self, *signs: str) -> bool:
        """Tell whether it is one of some signs."""
        return self.kind == "sign" and self.text in signs

    @property
    def said(self) -> str:
        """What it is, for messages."""
        return "its end" if self.kind == "end" else f"{self.text!r}"


def tokens_of(text: str) -> tuple[Token, ...]:
    """Part a text into its words; the last one stands for its end.

    Raises:
        QueryError: there is something in it that is no word of the language.
    """
    return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    place = 0
    while place < len(text):
        found = _WORD.match(text, place)
        kind = "" if found is None else str(found.lastgroup)
        if found is None or kind in _MISPLACED:
            raise unreadable(text, _misplaced(text[place], kind), place)
        if kind != "space":
            yield Token(kind, found.group(), place)
        place = found.end()
    yield Token("end", "", len(text))


def _misplaced(character: str, kind: str) -> str:
    if kind:
        return f"{_MISPLACED[kind]} is not written into it; bind it: `:x`, and x=... as an argument"
    if character == "[":
        return "an index is a whole number from 0 on, as in lines[0]"
    return f"{character!r} means nothing here"


def unreadable(text: str, what: str, place: int) -> QueryError:
    """Make the error that shows a place of a text.

    Args:
        text: the whole text.
        what: what is wrong.
        place: the number of characters before it.
    """
    begin = max(0, place - _WINDOW)
    shown = re.sub(r"\s", " ", text[begin : place + _WINDOW])
    return QueryError(
        f"a raw condition can't be read: {what} (at character {place + 1})\n"
        f"  {shown}\n  {' ' * (place - begin)}^"
    )
