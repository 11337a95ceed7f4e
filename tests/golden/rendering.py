"""The requests that an operation is sent as."""

from __future__ import annotations

from typing import Any

from persistence.operation_facts import API_NAMES
from persistence.operations import Operation
from persistence.stores.dynamodb.calls import Talk
from persistence.stores.dynamodb.table_calls import CALLS

_TABLE = {
    "TableName": "orders",
    "TableStatus": "CREATING",
    "KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-status",
            "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "DeletionProtectionEnabled": False,
}
ANSWERS: dict[str, dict[str, Any]] = {
    "CreateTable": {"TableDescription": _TABLE},
    "UpdateTable": {"TableDescription": _TABLE},
    "DescribeTable": {"Table": _TABLE},
    "DescribeScalableTargets": {
        "ScalableTargets": [
            {"ResourceId": "table/orders", "ScalableDimension": "dynamodb:table:ReadCapacityUnits"}
        ]
    },
}
"""What a service answers to a request on which another one follows."""


def requests_of(operation: Operation[Any]) -> list[dict[str, Any]]:
    """Give the requests of an operation in order, each with its service if that is not DynamoDB."""
    kind = type(operation)
    call = CALLS[kind]
    if not isinstance(call, Talk):
        return [{"api": API_NAMES[kind], "parameters": call.parameters(operation)}]
    exchange = call.exchange(operation)
    asked = []
    request = next(exchange)
    while True:
        service = {} if request.service == "dynamodb" else {"service": request.service}
        asked.append({"api": request.api, **service, "parameters": request.parameters})
        try:
            request = exchange.send(ANSWERS.get(request.api, {}))
        except StopIteration:
            return asked
