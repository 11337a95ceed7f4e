"""Random conditions, and three ways to say each: as a lambda, by name, and in DynamoDB's own language."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import strategies as st

from persistence.query import (
    attribute_type,
    begins_with,
    between,
    contains,
    exists,
    is_in,
    not_,
    not_exists,
    size,
)
from tests.models.specimens import (
    CONTENTS,
    DECIMALS,
    FLAGS,
    FLOATS,
    MEMBERS,
    MOMENTS,
    PLAIN,
    STATUSES,
    TEXTS,
    UIDS,
    WHOLE,
)

Names = tuple[str | int, ...]
ATTRIBUTES: Mapping[str, str] = {"total": "the total"}
"""Field -> the attribute that it is stored as, where that has another name."""

COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TAGS = ("S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS")


@dataclass(frozen=True)
class Place:
    """A field, or something inside of one; or its size."""

    names: Names
    sized: bool = False

    def of(self, entity: Any) -> Any:
        """Point at it in a lambda."""
        for name in self.names:
            inside = isinstance(name, int) or (self.names[0] == "extra" and name != "extra")
            entity = entity[name] if inside else getattr(entity, str(name))
        return size(entity) if self.sized else entity


@dataclass(frozen=True)
class Leaf:
    """A comparison; operands are values or places."""

    place: Place
    operator: str
    operands: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Tree:
    """Several conditions in one."""

    kind: Literal["and", "or", "not"]
    parts: tuple[Asked, ...]


Asked = Leaf | Tree


def said(asked: Asked, entity: Any) -> Any:
    """Say it in a lambda over an entity."""
    if isinstance(asked, Leaf):
        return _compared(asked, entity)
    parts = [said(part, entity) for part in asked.parts]
    if asked.kind == "not":
        return not_(parts[0])
    joined = parts[0]
    for part in parts[1:]:
        joined = joined & part if asked.kind == "and" else joined | part
    return joined


def _compared(leaf: Leaf, entity: Any) -> Any:
    place = leaf.place.of(entity)
    operands = [each.of(entity) if isinstance(each, Place) else each for each in leaf.operands]
    calls: dict[str, Callable[..., Any]] = {
        **COMPARED,
        "between": between,
        "begins_with": begins_with,
        "contains": contains,
        "exists": exists,
        "not_exists": not_exists,
        "attribute_type": attribute_type,
    }
    return is_in(place, operands) if leaf.operator == "in" else calls[leaf.operator](place, *operands)


class Written:
    """A condition in DynamoDB's language: its text, and what its placeholders stand for."""

    def __init__(self, asked: Asked) -> None:
        self.values: dict[str, Any] = {}
        self.text = self._tree(asked)

    def _tree(self, asked: Asked) -> str:
        if isinstance(asked, Leaf):
            return self._leaf(asked)
        if asked.kind == "not":
            return f"NOT ({self._tree(asked.parts[0])})"
        return f" {asked.kind.upper()} ".join(f"({self._tree(part)})" for part in asked.parts)

    def _leaf(self, leaf: Leaf) -> str:
        place = self._operand(leaf.place)
        operands = [self._operand(each) for each in leaf.operands]
        match leaf.operator:
            case "between":
                return f"{place} BETWEEN {operands[0]} AND {operands[1]}"
            case "in":
                return f"{place} IN ({', '.join(operands)})"
            case "exists" | "not_exists":
                return f"attribute_{leaf.operator}({place})"
            case "attribute_type" | "begins_with" | "contains":
                return f"{leaf.operator}({place}, {operands[0]})"
            case _:
                return f"{place} {leaf.operator} {operands[0]}"

    def _operand(self, operand: Any) -> str:
        if not isinstance(operand, Place):
            return f":{self._placeholder(operand)}"
        path = "".join(self._segment(name) for name in self._attributes(operand.names)).removeprefix(".")
        return f"size({path})" if operand.sized else path

    def _attributes(self, names: Names) -> Names:
        first = str(names[0])
        return (ATTRIBUTES.get(first, first), *names[1:])

    def _segment(self, name: str | int) -> str:
        return f"[{name}]" if isinstance(name, int) else f".#{self._placeholder(name)}"

    def _placeholder(self, value: Any) -> str:
        name = f"p{len(self.values)}"
        self.values[name] = value
        return name


def by_name(asked: Asked) -> list[tuple[Any, ...]] | None:
    """Give the arguments of `where` for each part; None if it can't be said by name."""
    parts = asked.parts if isinstance(asked, Tree) and asked.kind == "and" else (asked,)
    if not all(isinstance(part, Leaf) and _is_nameable(part) for part in parts):
        return None
    return [_named(part) for part in parts if isinstance(part, Leaf)]


def _is_nameable(leaf: Leaf) -> bool:
    plain = not any(isinstance(name, str) and set(name) & set(".[]") for name in leaf.place.names)
    return plain and not any(isinstance(each, Place) for each in leaf.operands)


def _named(leaf: Leaf) -> tuple[Any, ...]:
    path = "".join(f"[{name}]" if isinstance(name, int) else f".{name}" for name in leaf.place.names)[1:]
    return (f"size({path})" if leaf.place.sized else path, leaf.operator, *leaf.operands)


# --- strategies

_GRADE = ("grades", 0)
_SKU, _QUANTITY = ("lines", 0, "sku"), ("lines", 1, "quantity")
_CITY, _FLOOR = ("address", "city"), ("address", "floor")
_PLAIN = ("extra", "k")

_TEXTS: Mapping[Names, st.SearchStrategy[Any]] = {
    ("name",): TEXTS,
    ("size",): TEXTS,
    _CITY: TEXTS,
    _SKU: MEMBERS,
}
_NUMBERS: Mapping[Names, st.SearchStrategy[Any]] = {
    ("count",): WHOLE,
    ("total",): DECIMALS | WHOLE,
    ("ratio",): FLOATS,
    ("version",): st.integers(0, 1),
    _GRADE: WHOLE,
    _QUANTITY: WHOLE,
    _FLOOR: WHOLE,
}
_ORDERED: Mapping[Names, st.SearchStrategy[Any]] = {
    **_TEXTS,
    **_NUMBERS,
    ("content",): CONTENTS,
    ("moment",): MOMENTS,
}
_EQUATED: Mapping[Names, st.SearchStrategy[Any]] = {
    **_ORDERED,
    ("flag",): FLAGS,
    ("status",): STATUSES,
    ("uid",): UIDS,
    ("tags",): st.sets(MEMBERS, min_size=1, max_size=2),
    ("grades",): st.lists(WHOLE, max_size=2),
    _PLAIN: PLAIN,
}
_SIZED: tuple[Names, ...] = (
    ("name",),
    ("content",),
    ("tags",),
    ("marks",),
    ("grades",),
    ("lines",),
    ("address",),
    ("extra",),
    _SKU,
    _PLAIN,
)
_MEMBERS: Mapping[Names, st.SearchStrategy[Any]] = {
    ("tags",): MEMBERS,
    ("marks",): DECIMALS,
    ("grades",): WHOLE,
    ("name",): TEXTS,
    ("content",): CONTENTS,
    _PLAIN: TEXTS | WHOLE,
}
_ANY: tuple[Names, ...] = (*_EQUATED, ("marks",), ("lines",), ("address",), ("extra",), ("extra", "l.m"))
_ORDER = st.sampled_from(["<", "<=", ">", ">="])
_EQUALITY = st.sampled_from(["=", "<>"])

Draw = Callable[[st.SearchStrategy[Any]], Any]


def _place(draw: Draw, among: Mapping[Names, Any] | tuple[Names, ...]) -> Place:
    return Place(draw(st.sampled_from(sorted(among, key=str))))


@st.composite
def leaves(draw: Draw) -> Leaf:
    """Give comparisons, nearly all of which make sense."""
    match draw(st.sampled_from(sorted(_KINDS))):
        case "order" | "equality" as kind:
            places = _ORDERED if kind == "order" else _EQUATED
            place = _place(draw, places)
            return Leaf(place, draw(_ORDER if kind == "order" else _EQUALITY), (draw(places[place.names]),))
        case "between":
            place = _place(draw, _ORDERED)
            ends = [draw(_ORDERED[place.names]) for _ in range(2)]
            return Leaf(place, "between", tuple(sorted(ends)))
        case "in":
            place = _place(draw, _EQUATED)
            options = st.lists(_EQUATED[place.names], min_size=1, max_size=3)
            return Leaf(place, "in", tuple(draw(options)))
        case "sizes":
            place = Place(draw(st.sampled_from(_SIZED)), sized=True)
            return Leaf(place, draw(_EQUALITY | _ORDER), (draw(st.integers(0, 3)),))
        case "fields":
            kind = draw(st.sampled_from([_TEXTS, _NUMBERS]))
            return Leaf(_place(draw, kind), draw(_EQUALITY | _ORDER), (_place(draw, kind),))
        case "beginning":
            place = _place(draw, {**_TEXTS, ("content",): CONTENTS, ("moment",): st.just("2026-01-02")})
            prefixes = {**_TEXTS, ("content",): CONTENTS, ("moment",): st.just("2026-01-02")}
            return Leaf(place, "begins_with", (draw(prefixes[place.names]),))
        case "member":
            place = _place(draw, _MEMBERS)
            return Leaf(place, "contains", (draw(_MEMBERS[place.names]),))
        case "type":
            return Leaf(_place(draw, _ANY), "attribute_type", (draw(st.sampled_from(TAGS)),))
        case _:
            return Leaf(_place(draw, _ANY), draw(st.sampled_from(["exists", "not_exists"])))


_KINDS = (
    "order",
    "equality",
    "between",
    "in",
    "sizes",
    "fields",
    "beginning",
    "member",
    "type",
    "existence",
)


def conditions(leaf: st.SearchStrategy[Leaf] | None = None) -> st.SearchStrategy[Asked]:
    """Give conditions of a few comparisons."""
    joined = st.sampled_from(["and", "or"])
    return st.recursive(
        leaves() if leaf is None else leaf,
        lambda inner: st.one_of(
            inner.map(lambda part: Tree("not", (part,))),
            st.builds(Tree, joined, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        ),
        max_leaves=5,
    )
