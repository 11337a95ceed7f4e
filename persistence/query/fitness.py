"""What makes a table or an index fit for a query, apart from its partition key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from persistence.mapping import EntityMapping, KeyPart
from persistence.mapping.keys import Slot
from persistence.mapping.nodes import Node
from persistence.mapping.paths import bare
from persistence.mapping.scalars import DATE, DATETIME, INTEGER, UUID
from persistence.query.terms import Comparison, Operator, PathOperand, Term
from persistence.table import GlobalIndex

_DEMAND_NO_VALUE: frozenset[Operator] = frozenset({"<>", "exists", "not_exists", "attribute_type"})
"""Operators that may hold of an attribute that is absent or NULL."""

_WIDTHS: Mapping[Node, int] = {DATE: 10, DATETIME: 27, UUID: 36}
"""How many characters a value's text has, where that is the same for all values."""


class Unfit(Exception):
    """Why a table or index can't answer a query."""


class Overasked(Unfit):
    """More is asked of a key than it takes: an error, unless another key takes over as much.

    Attributes:
        fields: how many fields of the key are narrowed down; 0 for the partition key and one more.
    """

    def __init__(self, message: str, fields: int = 0) -> None:
        super().__init__(message)
        self.fields = fields


def is_plain(term: Term) -> bool:
    """Tell whether a term compares a field of the entity itself with values."""
    return (
        isinstance(term, Comparison)
        and len(term.names) == 1
        and not term.size
        and not any(operand is None or isinstance(operand, PathOperand) for operand in term.operands)
    )


def implied(part: KeyPart, terms: tuple[Term, ...]) -> tuple[Comparison, ...]:
    """Give the terms that hold of all that has this part of a key: `exists` of a field that is the part."""
    if part.template is not None:
        return ()
    return tuple(
        term
        for term in terms
        if isinstance(term, Comparison) and term.operator == "exists" and term.names == part.fields
    )


def check_kind(mapping: EntityMapping[Any], index: str | None, *, consistent: bool) -> None:
    """Refuse indexes that can't be read as is wanted.

    Raises:
        Unfit: it is such an index.
    """
    if index is not None and consistent and isinstance(mapping.table.index(index), GlobalIndex):
        raise Unfit("a global index can't be read consistently; leave consistent() out")


def check_presence(mapping: EntityMapping[Any], sorts: tuple[KeyPart, ...], terms: tuple[Term, ...]) -> None:
    """Refuse an index from which entities that match may be absent, for want of a part of its sort key.

    Raises:
        Unfit: the conditions don't imply that all fields of the sort key are there.
    """
    there = {*mapping.key_fields}.union(*(_present(sort, terms) for sort in sorts))
    fields = dict.fromkeys(name for sort in sorts for name in sort.fields)
    lacking = [name for name in fields if name not in there and mapping.may_be_absent(name)]
    if lacking:
        raise Unfit(
            f"it leaves out entities without {', '.join(lacking)}; name it with .index(...) if that is meant"
        )


def _present(sort: KeyPart, terms: tuple[Term, ...]) -> set[str]:
    """Give the fields of which a value is demanded."""
    demands = [term for term in terms if isinstance(term, Comparison) and is_plain(term)]
    compared = {str(term.names[0]) for term in demands if term.operator not in _DEMAND_NO_VALUE}
    return compared | {str(term.names[0]) for term in demands if term in implied(sort, terms)}


def check_order(sorts: tuple[KeyPart, ...], order_by: str | None, fixed: set[str]) -> None:
    """Refuse a sort key that does not sort by a field.

    Args:
        sorts: the attributes of the sort key, if any.
        order_by: the field by which results are to be sorted, if any.
        fixed: the fields that are the same in all results.

    Raises:
        Unfit: it sorts otherwise.
    """
    if order_by is None:
        return
    free = [sort for sort in sorts if not fixed.issuperset(sort.fields) or order_by in sort.fields]
    if not free or order_by not in free[0].fields:
        raise Unfit(f"it is not sorted by {order_by}")
    (sort, *_) = free
    if sort.parsed is None or order_by in fixed:
        return
    slot = next(slot for slot in sort.parsed.slots if slot.name not in fixed)
    if slot.name != order_by:
        raise Unfit(f"it is not sorted by {order_by}, but by {slot.name} first")
    if not sorts_like_its_values(slot):
        raise Unfit(
            f"it is not sorted by {order_by}, but by the text that {sort.template!r} makes of it; text sorts "
            f"whole numbers if they are padded, as in {{{order_by}:010d}}"
        )
    if not is_last(slot, sort) and width_of(slot) is None:
        raise Unfit(
            f"it is not sorted by {order_by}: what follows it in {sort.template!r} may put a longer text "
            "before a shorter one; text sorts where it ends a key"
        )


def is_last(slot: Slot, sort: KeyPart) -> bool:
    """Tell whether nothing follows a field in the template of a sort key."""
    assert sort.parsed is not None
    return slot is sort.parsed.slots[-1] and not sort.parsed.literals[-1]


def width_of(slot: Slot) -> int | None:
    """Tell how many characters all texts of a field have; None where some are longer than others.

    Where all are as long, what follows them in a key can't change their order.
    """
    if slot.spec:
        padded = re.fullmatch(r"0(\d+)d?", slot.spec)
        return int(padded[1]) if padded else None
    return _WIDTHS.get(bare(slot.node))


def sorts_like_its_values(slot: Slot) -> bool:
    """Tell whether the texts of a field sort as its values do."""
    if not slot.spec:
        return slot.node.key_type == "S"
    return bool(re.fullmatch(r"0\d+d", slot.spec)) or (
        slot.node is INTEGER and bool(re.fullmatch(r"0\d+", slot.spec))
    )
