"""Write operations as the JSON text of their requests, without their parameters: `text_of`.

The text is, byte for byte, what the standard library's `json` writes of the parameters that `requests`
makes, so that it makes no difference by which way a request is sent, and sent again. What the writes of a
table have in common, names, expressions and all that is around them, is written by those once, and kept as
frames; only keys, items and values are written each time (`item_texts`). msgspec writes quicker, but not if
one counts what is to be done before: to make the parameters, and to see whether they may be sent as they are.

What is unusual has no text here: it is left to `requests`, to be settled or to be refused in its words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias, TypeGuard

import persistence.expressions as trees
import persistence.operations as operations
import persistence.render as rendering
from persistence.attributes import AttributeValue
from persistence.errors import PersistenceError
from persistence.json_text import plain_text, quoted
from persistence.operations.writes import held_item
from persistence.stores.dynamodb import requests
from persistence.stores.dynamodb.identity import DOUBLES_IN_A_BATCH, DOUBLES_IN_A_TRANSACTION, refuse_doubles
from persistence.stores.dynamodb.item_texts import NotAsSentError, item_text, value_text
from persistence.stores.dynamodb.stable import Settled
from persistence.stores.unserved import served_name
from persistence.written_items import WrittenItem

FRAMES = 512
"""How many frames are kept for conditions without values."""


_Held: TypeAlias = Mapping[str, AttributeValue] | WrittenItem
"""A key or item."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """The text around the key, or item, and the values of a write.

    Attributes:
        before: up to the key or item.
        between: from there to the values; all the rest where there are none.
        after: from there.
    """

    before: str
    between: str
    after: str

    def filled(self, held: _Held, values: list[AttributeValue]) -> str:
        """Put a key or item in, and values."""
        if not values:
            return f"{self.before}{_held_text(held)}{self.between}"
        given = ",".join([f'":v{number}":{value_text(value)}' for number, value in enumerate(values)])
        return f"{self.before}{_held_text(held)}{self.between}{{{given}}}{self.after}"


def _held_text(held: _Held) -> str:
    if type(held) is WrittenItem:
        return held.text or item_text(held.item)
    if type(held) is not dict:
        raise NotAsSentError
    return item_text(held)


def text_of(operation: object) -> str | None:
    """Write the text of an operation's request.

    Args:
        operation: any.

    Returns:
        JSON, in ASCII; None where `requests` has to be asked. Where there is a text, nothing is to be settled
        in their parameters.
    """
    write = _TEXTS.get(type(operation))
    if write is None:
        return None
    try:
        return write(operation)
    except _UNUSUAL:
        return None


_UNUSUAL = (NotAsSentError, PersistenceError, TypeError, ValueError, KeyError, AttributeError, RecursionError)


def _transaction_text(operation: operations.TransactWrite) -> str | None:
    actions, token = operation.actions, operation.token
    if not actions or type(token) is not str or not token:
        return None
    if not operation.distinct:
        refuse_doubles("TransactWrite", actions, DOUBLES_IN_A_TRANSACTION)
    texts = [*_action_texts(actions)]
    return (
        f'{{"TransactItems":[{",".join(texts)}],"ClientRequestToken":{quoted(token)},'
        f'"ReturnConsumedCapacity":"TOTAL"}}'
    )


def _action_texts(actions: Iterable[operations.TransactAction]) -> Iterator[str]:
    """Write actions, most of which are like the one before: entities of one type that are added."""
    known: tuple[operations.PutItem, _Frame] | None = None
    for action in actions:
        if type(action) is not operations.PutItem:
            yield _written(action, _ACTION)
        elif known is not None and _are_alike(action, known[0]):
            yield known[1].filled(held_item(action), _NO_VALUES)
        elif _is_simple(action.condition):
            known = action, _simple_frame(action, _ACTION)
            yield known[1].filled(held_item(action), _NO_VALUES)
        else:
            yield _written(action, _ACTION)


def _are_alike(put: operations.PutItem, other: operations.PutItem) -> bool:
    """Tell whether two puts surely differ in their items only."""
    return (
        put.condition is other.condition
        and put.table is other.table
        and put.item_on_failure is other.item_on_failure
        and put.returning == other.returning
    )


def _batch_text(operation: operations.BatchWriteItems) -> str | None:
    writes = operation.writes
    if not writes:
        return None
    if not operation.distinct:
        refuse_doubles("BatchWriteItems", writes, DOUBLES_IN_A_BATCH)
    by_table: dict[str, list[str]] = {}
    for write in writes:
        if write.condition is not None or write.returning != "none":
            return None
        if type(write) is operations.PutItem:
            asked = f'{{"PutRequest":{{"Item":{_held_text(held_item(write))}}}}}'
        elif type(write) is operations.DeleteItem:
            asked = f'{{"DeleteRequest":{{"Key":{item_text(write.key)}}}}}'
        else:
            return None  # what is no part of a batch must not pass for a deletion
        by_table.setdefault(served_name(write.table), []).append(asked)
    texts = [f"{quoted(name)}:[{','.join(each)}]" for name, each in by_table.items()]
    return f'{{"RequestItems":{{{",".join(texts)}}},"ReturnConsumedCapacity":"TOTAL"}}'


@dataclass(frozen=True, slots=True, eq=False)
class _Kind:
    """A kind of request, or of a part of one.

    Attributes:
        parameters: write -> its parameters.
        single: whether it is a request of its own, which may ask for an answer.
    """

    parameters: Callable[[Any], Mapping[str, Any]]
    single: bool


_ACTION = _Kind(lambda action: requests.action_of(action, Settled()), single=False)
_PUT = _Kind(lambda put: requests.put_item(put, Settled()), single=True)
_UPDATE = _Kind(lambda update: requests.update_item(update, Settled()), single=True)
_DELETE = _Kind(lambda delete: requests.delete_item(delete, Settled()), single=True)


def _written(write: operations.TransactAction, kind: _Kind) -> str:
    actions = write.actions if isinstance(write, operations.UpdateItem) else ()
    held: _Held = held_item(write) if isinstance(write, operations.PutItem) else write.key
    if not actions and _is_simple(write.condition):
        return _simple_frame(write, kind).filled(held, _NO_VALUES)
    found = rendering.template_of(actions, write.condition)
    if found is None:
        raise NotAsSentError
    template, values = found
    return _frame_of(template.kept, _whose(write, kind), write, kind).filled(held, values)


_NO_VALUES: list[AttributeValue] = []


def _whose(write: operations.TransactAction, kind: _Kind) -> tuple[Any, ...]:
    returning = "none" if isinstance(write, operations.ConditionCheck) else write.returning
    return (kind, type(write), served_name(write.table), returning, write.item_on_failure)


def _simple_frame(write: operations.TransactAction, kind: _Kind) -> _Frame:
    condition = write.condition
    presence = condition.path.segments if _is_presence(condition) else None
    return _frame_of(_frames, (*_whose(write, kind), type(condition), presence), write, kind)


def _is_simple(condition: trees.Condition | None) -> bool:
    """Tell whether a condition needs no values: it is none, or about the presence of an attribute."""
    return condition is None or _is_presence(condition)


def _is_presence(
    condition: trees.Condition | None,
) -> TypeGuard[trees.AttributeExists | trees.AttributeNotExists]:
    """Tell whether a condition demands no more than that an attribute is there, or that it is not."""
    return (
        isinstance(condition, (trees.AttributeExists, trees.AttributeNotExists))
        and len(condition.path.segments) == 1
        and type(condition.path.segments[0]) is str
    )


def _frame_of(
    kept: dict[tuple[Any, ...], Any], whose: tuple[Any, ...], write: operations.TransactAction, kind: _Kind
) -> _Frame:
    frame: _Frame | None = kept.get(whose)
    if frame is None:
        frame = _new_frame(write, kind)
        if len(kept) >= FRAMES:
            kept.clear()
        kept[whose] = frame
    return frame


def _new_frame(write: operations.TransactAction, kind: _Kind) -> _Frame:
    """Have a write written without its key or item, and its values."""
    if isinstance(write, operations.UpdateItem) and not write.actions and not kind.single:
        raise NotAsSentError  # the service demands some
    if isinstance(write, operations.PutItem):
        member, empty = "Item", kind.parameters(replace(write, item={}))
    else:
        member, empty = "Key", kind.parameters(replace(write, key={}))
    # In JSON no text has a quote of its own, so that each of the marks is there once.
    text = plain_text(_emptied(empty))
    before, _, rest = text.partition(f'"{member}":{{}}')
    between, values, after = rest.partition('"ExpressionAttributeValues":{}')
    label = values.removesuffix("{}")
    return _Frame(f'{before}"{member}":', f"{between}{label}", after)


def _emptied(parameters: Mapping[str, Any]) -> dict[str, Any]:
    emptied: dict[str, Any] = {}
    for name, content in parameters.items():
        if name == "ExpressionAttributeValues":
            emptied[name] = {}
        elif type(content) is dict and name not in ("ExpressionAttributeNames", "Item", "Key"):
            emptied[name] = _emptied(content)
        else:
            emptied[name] = content
    return emptied


_TEXTS: Mapping[type, Callable[[Any], str | None]] = {
    operations.TransactWrite: _transaction_text,
    operations.BatchWriteItems: _batch_text,
    operations.PutItem: partial(_written, kind=_PUT),
    operations.UpdateItem: partial(_written, kind=_UPDATE),
    operations.DeleteItem: partial(_written, kind=_DELETE),
}

_frames: dict[tuple[Any, ...], _Frame] = {}
