"""Expectations: what a test says that is asked of a store, and what is answered.

    with ExpectingStore() as mock:
        mock.expect_get(OrderMapping, "o-1").will_return(order)
        mock.expect_commit().with_update(OrderMapping, "o-1", set={"status": Status.PAID})
        pay_order("o-1", UnitOfWork(mock))

| module         | what is in it                                                    |
|----------------|------------------------------------------------------------------|
| `store`        | `ExpectingStore` and `AsyncExpectingStore`                       |
| `board`        | all expectations of one store, and which of them comes next      |
| `reads`        | expected gets, batches and snapshots                             |
| `queries`      | expected queries and scans                                       |
| `writes`       | expected commits, batches and other operations                   |
| `changes`      | `Put`, `Update`, `Delete`, `Check`: what tests say of writes     |
| `wanted`       | the same in stored terms, compared with what came                |
| `assertions`   | `assert_committed` and the like                                  |
| `meaning`      | conditions by what they demand, `templates` by their keys        |
| `report`       | what failures say                                                |
"""

from __future__ import annotations

from persistence.testing.expecting.assertions import (
    assert_committed,
    assert_not_stored,
    assert_nothing_committed,
    assert_operations,
    assert_stored,
    async_assert_not_stored,
    async_assert_stored,
    nothing_committed,
)
from persistence.testing.expecting.changes import ANY, Change, Check, Delete, Put, Update
from persistence.testing.expecting.failures import ExpectationFailed
from persistence.testing.expecting.queries import QueryExpectation, ScanExpectation
from persistence.testing.expecting.reads import BatchGetExpectation, GetExpectation, SnapshotExpectation
from persistence.testing.expecting.store import AsyncExpectingStore, ExpectingStore
from persistence.testing.expecting.writes import (
    BatchWriteExpectation,
    CommitExpectation,
    OperationExpectation,
)

__all__ = [
    "ANY",
    "AsyncExpectingStore",
    "BatchGetExpectation",
    "BatchWriteExpectation",
    "Change",
    "Check",
    "CommitExpectation",
    "Delete",
    "ExpectationFailed",
    "ExpectingStore",
    "GetExpectation",
    "OperationExpectation",
    "Put",
    "QueryExpectation",
    "ScanExpectation",
    "SnapshotExpectation",
    "Update",
    "assert_committed",
    "assert_not_stored",
    "assert_nothing_committed",
    "assert_operations",
    "assert_stored",
    "async_assert_not_stored",
    "async_assert_stored",
    "nothing_committed",
]
