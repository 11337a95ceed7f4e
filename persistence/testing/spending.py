"""What is sent to a store and what each of it costs: noted one by one, with the line that asked for it."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import PurePath

from persistence.flows import Flow, perform
from persistence.operations import Operation
from persistence.stores.layers.facts import actions_in, amounts_of, index_of, tables_of
from persistence.stores.layers.layer import Layer, R
from persistence.stores.layers.tabular import Row, text_table

_OURS = ("persistence", "contextlib", "asyncio", "concurrent", "threading")
"""Packages between a store and the application that asks it."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One request, and what it cost.

    Attributes:
        operation: its name, such as "QueryPage".
        tables: the names of its tables.
        index: the name of the index that it reads, if any.
        parts: reads and writes of single items in it; of queries and scans the items that were read.
        read_units, write_units: capacity as the store bills it; nothing where it failed, since then stores
            don't tell.
        failure: the name of the error's class; None if it was answered.
        sent_by: file and line that asked for it, outside of this library; empty where no such line is known.
    """

    operation: str
    tables: tuple[str, ...]
    index: str | None
    parts: int
    read_units: float
    write_units: float
    failure: str | None = None
    sent_by: str = ""

    def row(self, number: int) -> Row:
        """Give the row of a table."""
        place = ", ".join(self.tables) + (f" / {self.index}" if self.index else "")
        return {
            "#": number,
            "operation": self.operation,
            "table": place,
            "items": self.parts,
            "read_units": self.read_units,
            "write_units": self.write_units,
            "failed": self.failure or "",
            "sent_by": self.sent_by,
        }


_noting: ContextVar[object] = ContextVar("persistence_spending", default=None)


class Spending(Layer):
    """A layer that notes each operation with its price."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._charges: list[Charge] = []

    @property
    def charges(self) -> tuple[Charge, ...]:
        """What was sent so far, in the order of the answers."""
        with self._lock:
            return tuple(self._charges)

    def around(self, operation: Operation[R]) -> Flow[R]:
        """Pass an operation on, and note its price."""
        if _noting.get() is self:  # one store passes on to another one that is watched, too
            return (yield from perform(operation))
        sender, before = _sender(), _noting.get()
        _noting.set(self)
        try:
            answer = yield from perform(operation)
        except BaseException as error:
            self._note(_charge(operation, None, sender, type(error).__name__))
            raise
        finally:
            _noting.set(before)  # not reset: what is abandoned may end in another context
        self._note(_charge(operation, answer, sender))
        return answer

    def _note(self, charge: Charge) -> None:
        with self._lock:
            self._charges.append(charge)


def charges_table(charges: Sequence[Charge]) -> str:
    """Show charges as a table with their sum."""
    rows = [charge.row(number) for number, charge in enumerate(charges, start=1)]
    total: Row = {
        "#": None,
        "operation": "total",
        "table": "",
        "items": sum(charge.parts for charge in charges),
        "read_units": sum(charge.read_units for charge in charges),
        "write_units": sum(charge.write_units for charge in charges),
        "failed": "",
        "sent_by": "",
    }
    shown = [*rows, total]
    if not any(charge.failure for charge in charges):
        shown = [{name: cell for name, cell in row.items() if name != "failed"} for row in shown]
    return text_table(shown)


def _charge(operation: Operation[R], answer: object, sender: str, failure: str | None = None) -> Charge:
    amounts = amounts_of(answer)
    return Charge(
        type(operation).__name__,
        tables_of(operation),
        index_of(operation),
        len(actions_in(operation)) or amounts.scanned,
        amounts.read_units,
        amounts.write_units,
        failure,
        sender,
    )


def _sender() -> str:
    frame = inspect.currentframe()
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in _OURS:
            return f"{PurePath(frame.f_code.co_filename).name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
