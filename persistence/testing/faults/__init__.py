"""Faults on purpose: a store, or the network before a local server, in trouble by rule and seed.

    plan = [Rule(LostAnswer(), (TransactWrite,), count=2), Rule(Throttling(), probability=0.1)]

    store = FaultyStore(MemoryStore(), plan, seed=1)

    with DynamoDBLocal() as server, FaultProxy(server.endpoint_url, plan, seed=1) as proxy:
        store = DynamoStore(client_for(proxy.endpoint_url))

| what happens to an operation                  | fault                                  | has effect    |
|-----------------------------------------------|----------------------------------------|---------------|
| the answer gets lost                          | `LostAnswer`, `Abandoned`              | yes           |
| the request gets lost                         | `LostRequest`, `Unreachable` (certain) | no            |
| the request arrives when nobody expects it    | `LateArrival`                          | later         |
| it takes its time                             | `Delay`, `Trickle` (the answer does)   | yes           |
| silence, then the connection breaks           | `Stall`                                | as it says    |
| the server fails                              | `ServerError`                          | as it says    |
| too much traffic                              | `Throttling`                           | no            |
| a transaction is cancelled                    | `Cancellation`                         | no            |
| a transaction is still being worked on        | `InProgress`                           | not by itself |
| a batch is done in part                       | `Unprocessed`                          | in part       |
| the credentials expired                       | `ExpiredCredentials`                   | no            |

Layer and proxy keep a record of what they did (`injected`, `landed`) and of what they were asked
(`transactions`, `requests`), to show that every repetition of a commit is the same request.
"""

from __future__ import annotations

from persistence.testing.faults.decisions import Injected, Landed
from persistence.testing.faults.proxy import FaultProxy
from persistence.testing.faults.relay import ProxiedRequest
from persistence.testing.faults.rules import (
    Abandoned,
    Cancellation,
    Delay,
    ExpiredCredentials,
    Fault,
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
    Unreachable,
)
from persistence.testing.faults.store import AsyncFaultyStore, FaultyStore

__all__ = [
    "Abandoned",
    "AsyncFaultyStore",
    "Cancellation",
    "Delay",
    "ExpiredCredentials",
    "Fault",
    "FaultProxy",
    "FaultyStore",
    "InProgress",
    "Injected",
    "Landed",
    "LateArrival",
    "LostAnswer",
    "LostRequest",
    "ProxiedRequest",
    "Rule",
    "ServerError",
    "Stall",
    "Throttling",
    "Trickle",
    "Unprocessed",
    "Unreachable",
]
