"""Reading rendered conditions back, down to their parentheses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

_TOKEN = re.compile(r"\s*([(),]|<>|<=|>=|[=<>]|[^\s(),=<>]+)")

Kind = Literal["comparison", "and", "or", "not", "parentheses"]


@dataclass(frozen=True)
class Node:
    """A part of a condition, as it is written.

    Attributes:
        kind: what it is.
        text: of a comparison, its words with single blanks.
        parts: of anything else, what it is made of.
    """

    kind: Kind
    text: str = ""
    parts: tuple[Node, ...] = ()

    def __str__(self) -> str:
        inner = [str(part) for part in self.parts]
        match self.kind:
            case "comparison":
                return self.text
            case "not":
                return f"NOT {inner[0]}"
            case "parentheses":
                return f"({inner[0]})"
            case _:
                return f" {self.kind.upper()} ".join(inner)

    def walk(self) -> Iterator[Node]:
        """Give this node and all below."""
        yield self
        for part in self.parts:
            yield from part.walk()


def read(text: str) -> Node:
    """Read a condition, filter or key condition."""
    reader = _Reader(_TOKEN.findall(text))
    node = reader.junction()
    assert not reader.tokens, f"left over: {reader.tokens}"
    return node


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    @property
    def _next(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def junction(self) -> Node:
        return self._joined("or", "OR", lambda: self._joined("and", "AND", self._negation))

    def _joined(self, kind: Kind, word: str, part: Any) -> Node:
        parts = [part()]
        while self._next == word:
            self.tokens.pop(0)
            parts.append(part())
        return parts[0] if len(parts) == 1 else Node(kind, parts=tuple(parts))

    def _negation(self) -> Node:
        if self._next == "NOT":
            self.tokens.pop(0)
            return Node("not", parts=(self._negation(),))
        if self._next == "(":
            self.tokens.pop(0)
            inner = self.junction()
            assert self.tokens.pop(0) == ")"
            return Node("parentheses", parts=(inner,))
        return self._comparison()

    def _comparison(self) -> Node:
        taken: list[str] = []
        depth, between = 0, False
        while self.tokens:
            token = self._next
            if depth == 0 and (token in ("OR", ")") or (token == "AND" and not between)):
                break
            between = (between or token == "BETWEEN") and token != "AND"
            depth += (token == "(") - (token == ")")
            taken.append(self.tokens.pop(0))
        return Node("comparison", " ".join(taken))


def conjuncts(node: Node) -> tuple[Node, ...]:
    """Give what must hold, each by itself."""
    return node.parts if node.kind == "and" else (node,)


def needless(node: Node) -> list[Node]:
    """Find parentheses without which the same would be meant, and as plainly.

    Those around AND within OR stay: readers need them, though the grammar does not.
    """
    found = [node] if node.kind == "parentheses" else []
    for each in node.walk():
        found += [
            part
            for part in each.parts
            if part.kind == "parentheses"
            and (
                each.kind in ("parentheses", part.parts[0].kind)
                or part.parts[0].kind in ("comparison", "not", "parentheses")
            )
        ]
    return found


def requests_in(parameters: Any) -> Iterator[dict[str, Any]]:
    """Find what has expressions, with the names and values that they share."""
    if isinstance(parameters, dict):
        if any(name.endswith("Expression") for name in parameters):
            yield parameters
        else:
            for each in parameters.values():
                yield from requests_in(each)
    elif isinstance(parameters, list | tuple):
        for each in parameters:
            yield from requests_in(each)
