"""The layer that encrypts marked attributes before they are sent, and decrypts them when they were read.

    keys = LocalKeyRing({"2026-11": key}, current="2026-11")
    store = layered(DynamoStore(), Encrypting(keys))

What stands below it, the recording and measuring of operations included, sees what is stored; what stands
above it sees what the application stores and reads.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar, cast

from persistence.attributes import AttributeValue, Item, NormalisedKey, normalised_key
from persistence.encryption import DataKey, KeyName, Keys, NoSuchKey, Place, sealed
from persistence.encryption.cipher import NONCE_SIZE
from persistence.errors import (
    THROTTLING_CODES,
    ConditionFailed,
    ConfigurationError,
    PersistenceError,
    TransactionCancelled,
)
from persistence.flows import Flow, perform, wait_for
from persistence.operations import (
    BatchGetItems,
    BatchGetResult,
    BatchWriteItems,
    BatchWriteResult,
    DeleteItem,
    GetItem,
    ItemResult,
    ItemsResult,
    Operation,
    Page,
    PutItem,
    QueryPage,
    ScanPage,
    TransactAction,
    TransactGet,
    TransactWrite,
    UpdateItem,
    WriteResult,
)
from persistence.stores.layers.layer import Layer
from persistence.stores.layers.opening import Found, envelope_of, keys_needed, opened_item
from persistence.stores.layers.sealing import (
    check_action,
    contents,
    names_beside,
    read_of_one,
    read_of_page,
    sealed_action,
)
from persistence.table import Table

R = TypeVar("R")
E = TypeVar("E", bound=PersistenceError)

Write = PutItem | UpdateItem | DeleteItem

REPEATED_SECONDS = 600.0
"""How long a transaction may be repeated (API reference, TransactWriteItems, ClientRequestToken)."""
REPEATED_LIMIT = 1024
"""How many transactions in doubt are kept at once."""


class Encrypting(Layer):
    """Encrypts the attributes that mappings declare as `Encrypted`.

    A value is bound to its table, its item's key and its attribute: copied to another place it does not
    decrypt. Whether attributes exist is to be seen by anybody, and how long they are; what they hold is not.

    Args:
        keys: gives the data keys: a `LocalKeyRing`, or `KmsKeys` of `persistence.stores.dynamodb`.
        table_names: table -> the name that its values are bound to, where that is not its own: a table that
            was restored from a backup of another one has the values of that.
        random: gives random bytes, for tests.
        clock: gives seconds that only grow.

    Raises:
        ConfigurationError: the keys are none.
    """

    def __init__(
        self,
        keys: Keys,
        *,
        table_names: Mapping[str, str] | None = None,
        random: Callable[[int], bytes] = os.urandom,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not hasattr(keys, "at_hand") or not hasattr(keys, "obtain"):
            raise ConfigurationError(
                f"Encrypting takes a LocalKeyRing, KmsKeys or other Keys, not {type(keys).__name__}"
            )
        self._keys = keys
        self._names = dict(table_names or {})
        self._random = random
        self._repeatable = _Repeatable(clock)

    def around(self, operation: Operation[R]) -> Flow[R]:
        """Perform an operation, with its values encrypted and those of its answer decrypted."""
        handle = _HANDLERS.get(type(operation))
        if handle is None:
            return (yield from super().around(operation))
        answer: R = yield from handle(self, operation)
        return answer

    def renewed(
        self, table: Table, key: Item, stored: Mapping[str, AttributeValue]
    ) -> Flow[dict[str, AttributeValue]]:
        """Encrypt attributes anew that the current key did not encrypt.

        Args:
            table: the declaration that says what is encrypted.
            key: the item's key, or the item.
            stored: its encrypted attributes as they are stored.

        Returns:
            What is to be stored in place of some of them; nothing for those of the current key.
        """
        name = self._name_of(table)
        current = self._keys.at_hand(name, uses=0) or (
            yield from wait_for(partial(self._keys.obtain, name, uses=0))
        )
        old = {
            each: value
            for each, value in stored.items()
            if not (found := envelope_of(value)) or found.key.key_id != current.name.key_id
        }
        (values,) = yield from self._open([Found(table, key, old)])
        put = PutItem(table, {**{each: key[each] for each in table.key_names()}, **values})
        (sealed_put,) = yield from self._seal([put])
        assert isinstance(sealed_put, PutItem)
        return {each: sealed_put.item[each] for each in old}

    # Reads

    def _get(self, get: GetItem) -> Flow[ItemResult]:
        result = yield from perform(read_of_one(get))
        if result.item is None or not get.table.encrypted:
            return result
        (item,) = yield from self._open([Found(get.table, get.key, result.item)])
        return replace(result, item=item)

    def _gets(self, operation: TransactGet | BatchGetItems) -> Flow[Any]:
        asked = operation.gets
        sent: Operation[ItemsResult | BatchGetResult] = replace(
            cast("Any", operation), gets=tuple(map(read_of_one, asked))
        )
        result = yield from perform(sent)
        found = {
            number: Found(get.table, get.key, item)
            for number, (get, item) in enumerate(zip(asked, result.items, strict=True))
            if item is not None and get.table.encrypted
        }
        opened = yield from self._open(list(found.values()))
        by_number = dict(zip(found, opened, strict=True))
        items = tuple(by_number.get(number, item) for number, item in enumerate(result.items))
        if isinstance(result, BatchGetResult):
            return replace(result, items=items, unprocessed=_as_asked(asked, result.unprocessed))
        return replace(result, items=items)

    def _page(self, page: QueryPage | ScanPage) -> Flow[Page]:
        result: Page = yield from perform(read_of_page(page))
        table = page.table
        if not table.encrypted or page.count_only:
            return result
        items = yield from self._open([Found(table, item, item) for item in result.items])
        beside = names_beside(page)
        if beside:
            items = [{name: item[name] for name in item if name not in beside} for item in items]
        return replace(result, items=items)

    def _open(self, found: Sequence[Found]) -> Flow[list[Item]]:
        known: dict[tuple[str, KeyName], DataKey] = {}
        missing: dict[tuple[str, KeyName], NoSuchKey] = {}
        for table, key in keys_needed(found):
            place = (self._name_of(table), key)
            try:
                known[place] = self._keys.at_hand(*place) or (
                    yield from wait_for(partial(self._keys.obtain, *place))
                )
            except NoSuchKey as unknown:
                missing[place] = unknown

        def key_of(table: str, key: KeyName) -> DataKey:
            place = (self._names.get(table, table), key)
            if place in missing:
                raise missing[place]
            return known[place]

        return [opened_item(each, key_of, self._name_of(each.table)) for each in found]

    # Writes

    def _write(self, write: Write) -> Flow[WriteResult]:
        check_action(write)
        if not write.table.encrypted:
            return (yield from perform(write))
        (sent,) = yield from self._seal([write])
        try:
            result = yield from perform(cast("Write", sent))
        except ConditionFailed as refused:
            raise (yield from self._open_found(refused, write)) from refused.__cause__
        if not result.attributes:
            return result
        try:
            (attributes,) = yield from self._open([Found(write.table, _key_of(write), result.attributes)])
        except PersistenceError as unread:
            vars(unread)["ambiguous"] = True  # it took effect; only what it returned can't be read
            raise
        return replace(result, attributes=attributes)

    def _open_found(self, refused: ConditionFailed, write: Write) -> Flow[ConditionFailed]:
        told = _above(refused)
        if isinstance(told.found, Mapping):
            found = Found(write.table, _key_of(write), cast("Item", told.found))
            (told.found,) = yield from self._open([found])
        return told

    def _batch(self, operation: BatchWriteItems) -> Flow[BatchWriteResult]:
        writes = operation.writes
        for write in writes:
            check_action(write)
        sent = cast("list[PutItem | DeleteItem]", (yield from self._seal(writes)))
        result = yield from perform(replace(operation, writes=tuple(sent)))
        return replace(result, unprocessed=_as_asked(writes, result.unprocessed))

    def _transact(self, operation: TransactWrite) -> Flow[Any]:
        for action in operation.actions:
            check_action(action)
        if not any(action.table.encrypted for action in operation.actions):
            return (yield from perform(operation))
        sent = self._repeatable.find(operation)
        if sent is None:
            sent = replace(operation, actions=tuple((yield from self._seal(operation.actions))))
            self._repeatable.keep(operation, sent)
        try:
            result = yield from perform(sent)
        except TransactionCancelled as cancelled:
            self._repeatable.settle(operation, cancelled)
            told = _above(cancelled)
            told.reasons = yield from self._open_reasons(cancelled, operation.actions)
            raise told from cancelled.__cause__
        except PersistenceError as failure:
            self._repeatable.settle(operation, failure)
            raise
        self._repeatable.settle(operation, None)
        return result

    def _open_reasons(
        self, cancelled: TransactionCancelled, actions: Sequence[TransactAction]
    ) -> Flow[tuple[Any, ...]]:
        reasons = list(cancelled.reasons)
        for number, (action, reason) in enumerate(zip(actions, reasons, strict=False)):
            if reason.item is not None and action.table.encrypted:
                found = Found(action.table, _key_of(action), cast("Item", reason.item))
                (item,) = yield from self._open([found])
                reasons[number] = replace(reason, item=item)
        return tuple(reasons)

    def _seal(self, actions: Sequence[TransactAction]) -> Flow[list[TransactAction]]:
        keys: dict[str, DataKey] = {}
        for table, sizes in _by_table(actions):
            name = self._name_of(table)
            ask = partial(self._keys.obtain, name, uses=len(sizes), size=sum(sizes))
            keys[table.name] = self._keys.at_hand(name, uses=len(sizes), size=sum(sizes)) or (
                yield from wait_for(ask)
            )
        return [
            sealed_action(
                action, partial(self._sealed, keys.get(action.table.name)), self._name_of(action.table)
            )
            for action in actions
        ]

    def _sealed(self, key: DataKey | None, content: bytes, place: Place) -> AttributeValue:
        assert key is not None
        return sealed(content, place, key, self._random(NONCE_SIZE))

    def _name_of(self, table: Table) -> str:
        return self._names.get(table.name, table.name)


def _above(refused: E) -> E:
    """Give an error that may be changed: the one that was raised stays as who stands below has seen it."""
    told = copy(refused)
    return told.with_traceback(refused.__traceback__)


def _by_table(actions: Sequence[TransactAction]) -> Iterator[tuple[Table, list[int]]]:
    tables: dict[str, tuple[Table, list[int]]] = {}
    for action in actions:
        sizes = list(map(len, contents(action))) if action.table.encrypted else []
        if sizes:
            tables.setdefault(action.table.name, (action.table, []))[1].extend(sizes)
    return iter(tables.values())


def _key_of(action: TransactAction) -> Item:
    return action.item if isinstance(action, PutItem) else action.key


_Asked = TypeVar("_Asked", bound=GetItem | PutItem | DeleteItem)


def _as_asked(asked: Sequence[_Asked], unprocessed: Sequence[_Asked]) -> tuple[_Asked, ...]:
    """Give the requests as they were asked for those that were sent and not done."""
    by_key = {_identity(each): each for each in asked}
    return tuple(by_key[_identity(each)] for each in unprocessed)


def _identity(request: GetItem | PutItem | DeleteItem) -> tuple[str, NormalisedKey]:
    key = request.item if isinstance(request, PutItem) else request.key
    return request.table.name, normalised_key(key, request.table.key_names())


@dataclass(frozen=True, slots=True)
class _Sent:
    asked: TransactWrite
    sent: TransactWrite
    until: float


class _Repeatable:
    """Transactions that may be repeated with their token, which must be the same bytes then."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._by_token: OrderedDict[str, _Sent] = OrderedDict()

    def find(self, asked: TransactWrite) -> TransactWrite | None:
        """Give what was sent for a transaction before; None if it is another one."""
        with self._lock:
            known = self._by_token.get(asked.token or "")
        if known is None or known.until <= self._clock():
            return None
        same = known.asked is asked or known.asked == asked
        return known.sent if same else None

    def keep(self, asked: TransactWrite, sent: TransactWrite) -> None:
        """Keep what is sent, until its outcome is known."""
        if asked.token is None:
            return
        now = self._clock()
        with self._lock:
            self._by_token[asked.token] = _Sent(asked, sent, now + REPEATED_SECONDS)
            while len(self._by_token) > REPEATED_LIMIT or next(iter(self._by_token.values())).until <= now:
                self._by_token.popitem(last=False)

    def settle(self, asked: TransactWrite, failure: PersistenceError | None) -> None:
        """Forget a transaction whose outcome is known, and which nobody repeats."""
        if asked.token is not None and not _may_be_repeated(failure):
            with self._lock:
                self._by_token.pop(asked.token, None)


def _may_be_repeated(failure: PersistenceError | None) -> bool:
    """Tell whether the same transaction may be sent again with its token."""
    if isinstance(failure, TransactionCancelled):
        return all(reason.code in _BUSY for reason in failure.reasons)
    return failure is not None and (failure.retryable or getattr(failure, "ambiguous", False))


_BUSY = frozenset({"None", "TransactionConflict", *THROTTLING_CODES})
"""Codes of reasons for which a transaction is repeated."""

_HANDLERS: Mapping[type[Operation[Any]], Callable[[Encrypting, Any], Flow[Any]]] = {
    GetItem: Encrypting._get,
    TransactGet: Encrypting._gets,
    BatchGetItems: Encrypting._gets,
    QueryPage: Encrypting._page,
    ScanPage: Encrypting._page,
    PutItem: Encrypting._write,
    UpdateItem: Encrypting._write,
    DeleteItem: Encrypting._write,
    BatchWriteItems: Encrypting._batch,
    TransactWrite: Encrypting._transact,
}
