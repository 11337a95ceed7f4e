"""What every candidate for an access path is asked: the conditions, the order, what is needed of items."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from persistence.errors import QueryError
from persistence.expectations import type_condition
from persistence.expressions import Condition, all_of
from persistence.mapping import EntityMapping
from persistence.query.coverage import Coverage, coverage_of
from persistence.query.lowering import lower
from persistence.query.terms import Term, conjuncts
from persistence.query.wish import Wish


@dataclass(frozen=True, slots=True)
class Question:
    """A wish, looked at once for all candidates.

    Attributes:
        mapping: the entity's mapping.
        wish: what is asked for.
        terms: the conditions, all of which must hold.
        asked: the same over stored attributes.
        system: what is demanded besides: the mark of the type, and to be seen.
        order_by: the field by which a key must sort.
        sorted_by: the field by which results are sorted after reading instead.
    """

    mapping: EntityMapping[Any]
    wish: Wish
    terms: tuple[Term, ...]
    asked: Condition | None
    system: Condition | None
    order_by: str | None
    sorted_by: str | None

    @classmethod
    def of(cls, mapping: EntityMapping[Any], wish: Wish, hidden: Condition | None) -> Question:
        """Look at a wish.

        Args:
            mapping: the entity's mapping.
            wish: what is asked for.
            hidden: what items must fulfil to be seen, whatever is asked for.

        Raises:
            QueryError: names, operands or an order that can't be.
        """
        asked = None if wish.term is None else lower(wish.term, mapping)
        sorted_by = _sorted_by(mapping, wish)
        order_by = None if wish.sorted_in_memory else wish.order_by
        system = all_of(type_condition(mapping), hidden)
        return cls(mapping, wish, conjuncts(wish.term), asked, system, order_by, sorted_by)

    @property
    def demands(self) -> Condition | None:
        """All that items must fulfil."""
        return all_of(self.asked, self.system)

    @property
    def sorting(self) -> str:
        """What to do where no key sorts as is wanted; nothing where no order is."""
        return "; write .sorted_in_memory() to read everything and sort then" if self.order_by else ""

    def left(self, used: Iterable[Term]) -> Condition | None:
        """Give what is left to be demanded where a key takes some terms over.

        The conditions of the system stand outside of those that were asked.
        """
        taken = {id(term) for term in used}
        left = (term for term in self.terms if id(term) not in taken)
        return all_of(*(lower(term, self.mapping) for term in left), self.system)

    def covering(self, index: str | None, condition: Condition | None) -> Coverage:
        """Tell how a table or index gives what is needed; see `coverage_of`."""
        wish = self.wish
        return coverage_of(
            self.mapping, index, wish.selection, condition, hydrate=wish.hydrate, also=self._sorted_attributes
        )

    @property
    def _sorted_attributes(self) -> tuple[str, ...]:
        # What is part of the table's key is read anyway.
        if self.sorted_by is None or self.sorted_by in self.mapping.key_fields:
            return ()
        return (self.mapping.resolve((self.sorted_by,)).path.attribute,)


def _sorted_by(mapping: EntityMapping[Any], wish: Wish) -> str | None:
    """Give the field by which results are sorted after reading, and refuse what can't be sorted by."""
    if wish.order_by is not None:
        mapping.resolve((wish.order_by,))
    elif wish.sorted_in_memory:
        raise QueryError(f"{mapping.name}: sorted_in_memory() goes with order_by(...), which says by what")
    return wish.order_by if wish.sorted_in_memory else None
