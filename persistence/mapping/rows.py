"""Several values of stored entities at once, read by a function that is generated for them.

It does what picks do one by one. Whatever is unusual makes it fail, and the picks take over, which handle it
or say what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from persistence.attributes import Item
from persistence.mapping.codegen import Compiler, nested_source, page_loop
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.picking import Pick
from persistence.mapping.records import RecordPlan
from persistence.mapping.source import Source

Values = tuple[Any, ...]
ReadRows = Callable[[Sequence[Item]], list[Values]]

READERS = 64
"""How many of them a mapping keeps."""


def rows_reader(picks: tuple[Pick, ...]) -> ReadRows:
    """Give a function that reads the values of picks from each of several items.

    Args:
        picks: one or more of one mapping.

    Returns:
        The function; it raises what a pick raises, where an item can't be read.
    """
    readers: dict[object, ReadRows] = picks[0].mapping.row_readers
    names = tuple(each.names for each in picks)
    found = readers.get(names)
    if found is None:
        # Names of entries and places of elements are without end; nothing is generated for them.
        fixed = all(isinstance(step, FieldPlan) for each in picks for step in each.steps)
        found = RowCompiler(picks).compiled("read_rows") if fixed else _one_by_one(picks)
        if len(readers) >= READERS:
            readers.clear()
        readers[names] = found
    return found


def _one_by_one(picks: tuple[Pick, ...]) -> ReadRows:
    return lambda items: [_sure_row(picks, item) for item in items]


def _sure_row(picks: tuple[Pick, ...], item: Item) -> Values:
    return tuple(each.read(item) for each in picks)


class RowCompiler(Compiler):
    """Writes the function that reads some values.

    Args:
        picks: the values.
    """

    def __init__(self, picks: tuple[Pick, ...]) -> None:
        super().__init__(
            f"rows of {picks[0].mapping.name}", {"sure_row": lambda item: _sure_row(picks, item)}
        )
        self._picks = picks

    def root(self, name: str) -> str:
        """Write the function; see `Compiler`."""
        values = ", ".join(self._value(each, place) for place, each in enumerate(self._picks))
        body = Source().add(f"append(({values},))")
        return page_loop(f"def {name}(items):", "items", body, "sure_row(item)")

    def nested(self, record: RecordPlan, purpose: str, name: str) -> str:
        """Write the function for a nested entity; see `Compiler`."""
        return nested_source(self, record, purpose, name)

    def _value(self, each: Pick, place: int) -> str:
        *around, last = each.steps
        assert isinstance(last, FieldPlan)
        if last.foreign:
            return f"{self.bind(each.read, f'read_{last.name}')}(item)"
        if around:
            inside = "".join(f'[{step.attribute!r}]["M"]' for step in around if isinstance(step, FieldPlan))
            return last.node.read(self, f"item{inside}[{last.attribute!r}]")
        # What is absent may be in the key, have a default, or be an error; the pick knows.
        absent = f"{self.bind(each.read, f'read_{last.name}')}(item)"
        read = last.node.read(self, f"a{place}")
        return f"{absent} if (a{place} := item.get({last.attribute!r})) is None else {read}"
