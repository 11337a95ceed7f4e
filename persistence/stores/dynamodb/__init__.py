"""DynamoDB itself, over boto3's low-level client; the only room of the library that knows boto3.

| module         | what it does                                                       |
|----------------|--------------------------------------------------------------------|
| `store`        | `DynamoStore`: the port, made of what follows                      |
| `asynchronous` | `AsyncDynamoStore`: the same, awaited                              |
| `workers`      | the threads in which that one waits                                |
| `client`       | the client that a store makes when it is given none                |
| `sessions`     | the session that it is made in                                     |
| `endpoints`    | botocore's list of endpoints, read by the service                  |
| `calls`        | operation type -> API, its parameters, its answer                  |
| `item_calls`   | the table of that for operations on items                          |
| `table_calls`  | the same for all else; each is loaded when it is first needed      |
| `exchanges`    | operations that take several requests, as generators (pure)        |
| `requests`     | operations of items -> parameters (pure)                           |
| `answers`      | answers about items -> results (pure)                              |
| `bodies`       | the bodies of requests and answers: JSON from and to data (pure)   |
| `signing`      | Signature Version 4, its derived key kept (pure)                   |
| `tables`       | both, for operations of tables and backups (pure)                  |
| `identity`     | which table, which key: tells items apart (pure)                   |
| `fast_lane`    | requests for items past most of botocore, on request               |
| `attempts`     | watches botocore's own retries, and ends those that could do harm  |
| `failures`     | what is to be known of them before there is one                    |
| `faults`       | errors of the service and of botocore -> ours: one table           |
| `fault_rows`   | what that table is made of                                         |
| `echoes`       | cuts stored values out of foreign messages                         |
| `kms`          | `KmsKeys`: data keys for encrypted fields                          |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.stores.dynamodb.asynchronous import AsyncDynamoStore
    from persistence.stores.dynamodb.kms import KmsKeys
    from persistence.stores.dynamodb.store import DynamoStore

__all__ = ["AsyncDynamoStore", "DynamoStore", "KmsKeys"]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.stores.dynamodb.asynchronous": ("AsyncDynamoStore",),
        "persistence.stores.dynamodb.kms": ("KmsKeys",),
        "persistence.stores.dynamodb.store": ("DynamoStore",),
    },
)
