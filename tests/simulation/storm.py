"""The weather: what happens to operations on their way, and how often."""

from __future__ import annotations

from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    GetItem,
    QueryPage,
    TransactGet,
    TransactWrite,
)
from persistence.testing.faults import (
    Abandoned,
    Cancellation,
    Delay,
    InProgress,
    LateArrival,
    LostAnswer,
    LostRequest,
    Rule,
    ServerError,
    Stall,
    Throttling,
    Trickle,
    Unprocessed,
)

READS = (GetItem, BatchGetItems, TransactGet, QueryPage)

STORM = (
    Rule(LostAnswer(), (TransactWrite,), probability=0.04),
    Rule(Abandoned(), (TransactWrite,), probability=0.02),
    Rule(LostRequest(), (TransactWrite,), probability=0.03),
    Rule(LateArrival(1), (TransactWrite,), probability=0.02),
    Rule(LateArrival(4), (TransactWrite,), probability=0.02),
    Rule(LateArrival(25), (TransactWrite,), probability=0.01),
    Rule(ServerError(applied=True), (TransactWrite,), probability=0.02),
    Rule(ServerError(applied=False), (TransactWrite,), probability=0.02),
    Rule(Stall(0.02, applied=True), (TransactWrite,), probability=0.01),
    Rule(Stall(0.02, applied=False), (TransactWrite,), probability=0.01),
    Rule(Delay(0.01), (TransactWrite,), probability=0.03),
    Rule(Throttling(), (TransactWrite,), probability=0.02),
    Rule(InProgress(), (TransactWrite,), probability=0.02),
    Rule(Cancellation(("TransactionConflict",)), (TransactWrite,), probability=0.02),
    Rule(Cancellation((None, "TransactionConflict", "ThrottlingError")), (TransactWrite,), probability=0.02),
    Rule(Unprocessed(1), (BatchGetItems,), probability=0.05),
    Rule(LostAnswer(), READS, probability=0.005),
    Rule(ServerError(), READS, probability=0.005),
    Rule(Throttling(), READS, probability=0.005),
    Rule(Cancellation(("TransactionConflict",)), (TransactGet,), probability=0.02),
    Rule(Unprocessed(3), (BatchWriteItems,), probability=0.2),
    Rule(Unprocessed(25), (BatchWriteItems,), probability=0.1),
    Rule(Trickle(0.01, pieces=4), (TransactWrite, GetItem, QueryPage), probability=0.01),
    Rule(Throttling(), (BatchWriteItems,), probability=0.05),
    Rule(LostAnswer(), (BatchWriteItems,), probability=0.03),
    Rule(LostRequest(), (BatchWriteItems,), probability=0.03),
    Rule(ServerError(applied=True), (BatchWriteItems,), probability=0.02),
)
"""One commit in three meets a fault; repetitions meet them just as often."""
