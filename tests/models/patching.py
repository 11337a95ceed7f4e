"""Random patches, and what a plain object would be after them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from persistence.query import PatchBuilder
from tests.models.asking import Asked, conditions, said
from tests.models.specimens import (
    ADDRESSES,
    CONTENT,
    DECIMALS,
    FLOATS,
    LINES,
    MEMBERS,
    PLAIN,
    TEXTS,
    WHOLE,
    Specimen,
)

Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True)
class Edit:
    """A call of a builder: the verb, the path, and what follows."""

    verb: str
    path: str
    operands: tuple[Any, ...] = ()

    @property
    def field(self) -> str:
        """The field that is changed, or in which something is."""
        return self.path.partition(".")[0].partition("[")[0]


@dataclass(frozen=True)
class Change:
    """A patch.

    Attributes:
        edits: what is changed.
        demand: what is demanded of the stored entity, if anything.
        version: the version that is demanded, if any.
        upsert: whether an absent entity is made.
    """

    edits: tuple[Edit, ...]
    demand: Asked | None = None
    version: int | None = None
    upsert: bool = False

    def of(self, patch: PatchBuilder[Specimen]) -> PatchBuilder[Specimen]:
        """Build it."""
        for edit in self.edits:
            patch = getattr(patch, edit.verb)(edit.path, *edit.operands)
        if self.demand is not None:
            demand = self.demand
            patch = patch.if_(lambda o: said(demand, o))
        if self.version is not None:
            patch = patch.if_version(self.version)
        return patch.if_missing() if self.upsert else patch


_NUMBERS = {"count": WHOLE, "total": DECIMALS, "ratio": FLOATS}
_LISTS = {"grades": WHOLE, "lines": LINES}
_SETS = {"tags": MEMBERS, "marks": DECIMALS}
_INNER = {
    "address.city": TEXTS,
    "address.floor": WHOLE,
    "lines[0].quantity": WHOLE,
    "lines[1].sku": TEXTS,
    "grades[0]": WHOLE,
    "grades[2]": WHOLE,
    "extra.k": PLAIN,
}


@st.composite
def edits(draw: Draw) -> Edit:
    """Give changes, nearly all of which can be."""
    verb = draw(st.sampled_from(_VERBS))
    match verb:
        case "set" | "set_if_missing":
            choices = {**CONTENT, "address": ADDRESSES, **_INNER}
            path = draw(st.sampled_from(sorted(choices)))
            return Edit(verb, path, (draw(choices[path]),))
        case "remove":
            return Edit(verb, draw(st.sampled_from([*CONTENT, *_INNER])))
        case "increment" | "decrement" | "add":
            path = draw(st.sampled_from([*_NUMBERS, "address.floor", "lines[0].quantity"]))
            return Edit(verb, path, (draw(_NUMBERS.get(path, WHOLE)),))
        case "append" | "prepend":
            path = draw(st.sampled_from(sorted(_LISTS)))
            return Edit(verb, path, tuple(draw(st.lists(_LISTS[path], min_size=1, max_size=2))))
        case "set_item":
            path = draw(st.sampled_from(sorted(_LISTS)))
            return Edit(verb, path, (draw(st.integers(0, 4)), draw(_LISTS[path])))
        case "remove_item":
            return Edit(verb, draw(st.sampled_from(sorted(_LISTS))), (draw(st.integers(0, 4)),))
        case _:
            path = draw(st.sampled_from(sorted(_SETS)))
            return Edit(verb, path, tuple(draw(st.lists(_SETS[path], min_size=1, max_size=2))))


_VERBS = (
    "set",
    "set",
    "set_if_missing",
    "remove",
    "increment",
    "decrement",
    "add",
    "append",
    "prepend",
    "set_item",
    "remove_item",
    "add_to_set",
    "discard_from_set",
)


def changes() -> st.SearchStrategy[Change]:
    """Give patches of a few edits; every third demands something."""
    return st.builds(
        Change,
        st.lists(edits(), min_size=1, max_size=4, unique_by=lambda edit: edit.field).map(tuple)
        | st.lists(edits(), min_size=1, max_size=3).map(tuple),
        st.none() | st.none() | conditions(),
        st.sampled_from([None, None, None, 0, 1]),
        st.sampled_from([False, False, False, True]),
    )


def foretold(before: Specimen | None, change: Change) -> Specimen | None:
    """Give what a plain object would be; None where it is not easily told.

    Args:
        before: what is stored, if anything.
        change: a patch that was taken.
    """
    fields = [edit.field for edit in change.edits]
    if before is None or len(set(fields)) < len(fields):
        return None
    after = replace(deepcopy(before), version=before.version + 1)
    for edit in change.edits:
        if not _changed(after, edit):
            return None
    return after


def _changed(entity: Specimen, edit: Edit) -> bool:
    """Change an object; tell whether that is easy."""
    if edit.path != edit.field:
        return False
    before = getattr(entity, edit.field)
    absent = before in (None, set())
    match edit.verb, edit.operands:
        case "set", (value,):
            after = value
        case "set_if_missing", (value,):
            after = value if absent else before
        case "remove", ():
            after = getattr(Specimen("", 0), edit.field)
        case "increment" | "add", (number,):
            after = _sum(before, number)
        case "decrement", (number,):
            after = _sum(before, -number)
        case "append", values:
            after = [*before, *values]
        case "prepend", values:
            after = [*values, *before]
        case "set_item", (place, value):
            after = [*before[:place], value, *before[place + 1 :]]
        case "remove_item", (place,):
            after = [*before[:place], *before[place + 1 :]]
        case "add_to_set", members:
            after = before | set(members)
        case "discard_from_set", members:
            after = before - set(members)
        case _:
            return False
    setattr(entity, edit.field, after)
    return True


def _sum(before: Any, number: Any) -> Any:
    """Add as the service does: in decimal numbers."""
    total = sum((Decimal(str(each)) for each in _there(before, number)), Decimal(0))
    return type(number)(total)


def _there(*numbers: Any) -> Sequence[Any]:
    return [number for number in numbers if number is not None]
