"""A store on moto's imitation of DynamoDB, made fit for a whole shop and several workers."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeVar
from unittest.mock import patch

from moto import mock_aws
from moto.dynamodb.models.table import Table

from persistence import DynamoStore, Store
from persistence.operations import Operation
from persistence.store import Limits
from persistence.testing.servers import client_for

R = TypeVar("R")

AWS_ENDPOINT = "https://dynamodb.us-east-1.amazonaws.com"


class OneAtATime:
    """A layer that lets one operation through at a time: moto has no locks, so threads would lose writes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()

    @property
    def limits(self) -> Limits:
        return self._store.limits

    def perform(self, operation: Operation[R]) -> R:
        with self._lock, _tables_copied_once():
            return self._store.perform(operation)


@contextmanager
def moto_store() -> Iterator[Store]:
    """Give an empty store that ends with the block."""
    with mock_aws(), closing(client_for(AWS_ENDPOINT)) as client:
        yield OneAtATime(DynamoStore(client))


@contextmanager
def _tables_copied_once() -> Iterator[None]:
    """Let moto back up each table once per transaction; it does so for each of its actions, before the first.

    With thousands of articles in a table that takes many times longer.
    """
    copies: dict[int, Table] = {}

    def copy_once(table: Table, memo: dict[int, Any]) -> Table:
        if id(table) not in copies:
            copies[id(table)] = memo[id(table)] = clone = copy.copy(table)
            vars(clone).update(copy.deepcopy(vars(table), memo))
        return copies[id(table)]

    with patch.object(Table, "__deepcopy__", copy_once, create=True):
        yield
