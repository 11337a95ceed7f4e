"""Show what a store is asked and what it answers, in words."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from persistence.attributes import item_size
from persistence.events import event_log, is_heard
from persistence.operations import ListBackups, ListTables, Operation, PutItem, QueryPage, ScanPage
from persistence.stores.layers.facts import ItemAction, actions_in, items_in, tables_of
from persistence.stores.layers.observing import Observer, Performed
from persistence.stores.layers.table_wording import subject_of
from persistence.stores.layers.wording import clauses_of, shown_item

Facts = dict[str, Any]


class Echo(Observer):
    """A layer that shows each operation when it is over: its expressions, counts, sizes and price.

    Without `write` it logs `operation.performed` and `operation.failed`, at the level of everyday work. Keys
    and values are shown on demand only; then the log has them as `key`, `actions` and `found`.

    Args:
        values: whether keys, items and values are shown; for development, never for production.
        write: gets a text for each operation, in place of the log; `print` is one.
        clock: gives seconds that only grow.
    """

    def __init__(
        self,
        *,
        values: bool = False,
        write: Callable[[str], object] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.clock = clock
        self._values = values
        self._write = write

    def performed(self, call: Performed) -> None:
        """Show an operation."""
        if self._write is not None:
            self._write(_in_words(call, values=self._values))
            return
        log = event_log()
        if is_heard(log, logging.DEBUG):
            event = "operation.performed" if call.error is None else "operation.failed"
            log.debug(event, **_in_facts(call, values=self._values))


def _in_facts(call: Performed, *, values: bool) -> Facts:
    facts: Facts = {"operation": call.name, "table": _tables(call), "index": call.index}
    facts |= clauses_of(call.operation, values=values).present
    facts["subject"] = subject_of(call.operation)
    facts |= _settings(call.operation)
    facts["actions"] = _actions(call.operation, values=values)
    if values:
        facts |= {"key": _key(call.operation), "found": _found(call)}
    facts |= _outcome(call)
    return {name: fact for name, fact in facts.items() if fact} | {"seconds": round(call.seconds, 6)}


def _in_words(call: Performed, *, values: bool) -> str:
    where = "/".join(part for part in (_tables(call), call.index) if part)
    asked = [call.name, where, str(clauses_of(call.operation, values=values))]
    asked.append(subject_of(call.operation))
    asked += [_in_a_word(name, fact) for name, fact in _settings(call.operation).items()]
    asked.append(_key(call.operation) if values else "")
    told = [_in_a_word(name, fact) for name, fact in _outcome(call).items()]
    told.append(f"{call.seconds * 1000:.1f} ms")
    below = _actions(call.operation, values=values) + (_found(call) if values else [])
    first = f"{_joined(asked)} -> {', '.join(told)}"
    return "\n    ".join([first, *below])


def _in_a_word(name: str, fact: object) -> str:
    """Write a fact for people: `descending`, `limit 20`, `read units 1.5`, or an error's name alone."""
    if name == "error":
        return str(fact)
    word = name.replace("_", " ")
    return word if fact is True else f"{word} {fact}"


def _tables(call: Performed) -> str:
    return ", ".join(tables_of(call.operation))


def _settings(operation: Operation[Any]) -> Facts:
    """Give what was asked beside expressions, where it is not the default."""
    settings: Facts = {"consistent": getattr(operation, "consistent", False)}
    if isinstance(operation, QueryPage | ScanPage):
        settings["limit"] = operation.limit
        settings["continued"] = operation.start is not None
        settings["count_only"] = operation.count_only
    if isinstance(operation, ListTables | ListBackups):
        settings["limit"] = operation.limit
        settings["continued"] = operation.start is not None
    if isinstance(operation, QueryPage):
        settings["descending"] = operation.descending
    if isinstance(operation, ScanPage) and operation.segments:
        settings["segment"] = f"{operation.segment} of {operation.segments}"
    return {name: setting for name, setting in settings.items() if setting}


def _outcome(call: Performed) -> Facts:
    if call.failure is not None:
        return {"error": call.failure}
    amounts = call.amounts
    outcome = {
        "items": amounts.items,
        "scanned": amounts.scanned,
        "bytes": _bytes(call),
        "read_units": amounts.read_units,
        "write_units": amounts.write_units,
    }
    return {name: amount for name, amount in outcome.items() if amount}


def _bytes(call: Performed) -> int:
    """Weigh the items that were put or came back."""
    put = [action.item for action in actions_in(call.operation) if isinstance(action, PutItem)]
    return sum(map(item_size, [*put, *items_in(call.answer)]))


def _actions(operation: Operation[Any], *, values: bool) -> list[str]:
    """Give what an operation of several actions consists of."""
    actions = actions_in(operation)
    return [] if actions == (operation,) else [_action(action, values=values) for action in actions]


def _action(action: ItemAction, *, values: bool) -> str:
    clauses = str(clauses_of(action, values=values))
    return _joined([type(action).__name__, action.table.name, clauses, _content(action) if values else ""])


def _key(operation: Operation[Any]) -> str:
    """Give the key, or the item, of an operation on one item."""
    actions = actions_in(operation)
    return _content(actions[0]) if actions == (operation,) else ""


def _content(action: ItemAction) -> str:
    return shown_item(action.item if isinstance(action, PutItem) else action.key)


def _found(call: Performed) -> list[str]:
    return [shown_item(item) for item in items_in(call.answer)]


def _joined(words: list[str]) -> str:
    return " ".join(word for word in words if word)
