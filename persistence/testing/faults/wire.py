"""DynamoDB's protocol, as far as faults need it: what a request asks for, and what refusals look like.

Source: developer guide, "DynamoDB low-level API" and "Error handling with DynamoDB".
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any
from uuid import uuid4
from zlib import crc32

from persistence.operation_facts import API_NAMES, OperationType
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    DisableTimeToLive,
    EnableTimeToLive,
    TransactGet,
    TransactWrite,
)
from persistence.testing.faults.messages import Message
from persistence.testing.faults.rules import Cancellation, Throttling
from persistence.testing.faults.subjects import Subject

TARGET_HEADER = "x-amz-target"

_TYPES: Mapping[str, OperationType] = {api: operation for operation, api in API_NAMES.items()}
_DYNAMODB = "com.amazonaws.dynamodb.v20120810"
_CORAL = {
    "ThrottlingException": "com.amazon.coral.availability",
    "ExpiredTokenException": "com.amazon.coral.service",
}
_REASONS = {
    "ConditionalCheckFailed": "The conditional request failed",
    "TransactionConflict": "Transaction is ongoing for the item",
    "ItemCollectionSizeLimitExceeded": "Collection size exceeded.",
    "ProvisionedThroughputExceeded": "The level of configured provisioned throughput was exceeded.",
    "ThrottlingError": "Throughput exceeds the current capacity of your table or index.",
    "ValidationError": "The request was refused.",
}


def subject_of_request(request: Message) -> Subject | None:
    """Describe a request for the rules; None for what is no operation of ours."""
    operation = _TYPES.get((request.header(TARGET_HEADER) or "").rpartition(".")[2])
    if operation is None:
        return None
    try:
        return _subject(operation, request.body)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None  # what is malformed is the server's to refuse


def _subject(operation: OperationType, body: bytes) -> Subject:
    if operation in (EnableTimeToLive, DisableTimeToLive):
        enabled = json.loads(body)["TimeToLiveSpecification"]["Enabled"]
        return Subject(EnableTimeToLive if enabled else DisableTimeToLive)
    if operation in (TransactWrite, TransactGet):
        asked = json.loads(body)
        return Subject(operation, asked.get("ClientRequestToken"), len(asked["TransactItems"]))
    if operation in (BatchGetItems, BatchWriteItems):
        tables = json.loads(body)["RequestItems"]
        return Subject(operation, size=sum(len(_parts(asked)) for asked in tables.values()))
    return Subject(operation)


def server_error() -> Message:
    """Make an answer with status 500."""
    return _refusal("InternalServerError", "Internal server error", status=500)


def throttled(fault: Throttling) -> Message:
    """Make the refusal of a request because of traffic."""
    return _refusal(fault.code, "The request rate is too high; try again later")


def in_progress() -> Message:
    """Make the answer about a transaction that is still being worked on."""
    return _refusal(
        "TransactionInProgressException",
        "Transaction is in progress for the specified idempotent transaction token",
    )


def expired() -> Message:
    """Make the refusal of credentials that expired."""
    return _refusal("ExpiredTokenException", "The security token included in the request is expired")


def cancelled(subject: Subject, fault: Cancellation) -> Message:
    """Make the cancellation of a transaction, with a reason per action."""
    codes = fault.codes_for(subject.size)
    return _refusal(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(codes)}]",
        CancellationReasons=[_reason(code) for code in codes],
    )


def refusal_code(answer: Message) -> str | None:
    """Give the service's code in an answer; None if it is no refusal."""
    if answer.status < 300:
        return None
    return str(json.loads(answer.body)["__type"]).rpartition("#")[2]


def without_parts(request: Message, undone: Collection[int]) -> tuple[Message, dict[str, Any]]:
    """Take parts out of a batch.

    Args:
        request: the batch.
        undone: positions of the parts, counted over all its tables.

    Returns:
        The request without them, and the same as the service names what it left undone.
    """
    body = json.loads(request.body)
    kept, left = _split(body["RequestItems"], undone)
    return request.with_body(_json({**body, "RequestItems": kept})), left


def with_undone(subject: Subject, answer: Message, left: Mapping[str, Any]) -> Message:
    """Add to a batch's answer what was left undone; a refusal stays as it is."""
    if answer.status >= 300:
        return answer
    body = json.loads(answer.body)
    name = "UnprocessedKeys" if subject.operation is BatchGetItems else "UnprocessedItems"
    undone = dict(body.get(name, {}))
    for table, asked in left.items():
        undone[table] = _with_parts(asked, _parts(undone.get(table, [])) + _parts(asked))
    return answer.with_body(_json({**body, name: undone}))


def _split(asked: Mapping[str, Any], undone: Collection[int]) -> tuple[dict[str, Any], dict[str, Any]]:
    kept: dict[str, Any] = {}
    left: dict[str, Any] = {}
    position = 0
    for table, request in asked.items():
        numbered = list(enumerate(_parts(request), position))
        position += len(numbered)
        for side, wanted in ((kept, False), (left, True)):
            if parts := [part for number, part in numbered if (number in undone) is wanted]:
                side[table] = _with_parts(request, parts)
    return kept, left


def _parts(asked: Any) -> list[Any]:
    # Of a table, a batch of writes has a list, a batch of gets a list beside the ways to read.
    return list(asked["Keys"] if isinstance(asked, dict) else asked)


def _with_parts(asked: Any, parts: list[Any]) -> Any:
    return {**asked, "Keys": parts} if isinstance(asked, dict) else parts


def _reason(code: str) -> dict[str, str]:
    return {"Code": code} if code == "None" else {"Code": code, "Message": _REASONS.get(code, code)}


def _refusal(code: str, text: str, *, status: int = 400, **members: Any) -> Message:
    kind = f"{_CORAL.get(code, _DYNAMODB)}#{code}"
    body = _json({"__type": kind, "message": text, **members})
    head = (
        f"HTTP/1.1 {status} {'Bad Request' if status == 400 else 'Internal Server Error'}\r\n"
        "content-type: application/x-amz-json-1.0\r\n"
        f"x-amzn-RequestId: {uuid4()}\r\nx-amz-crc32: {crc32(body)}\r\ncontent-length: {len(body)}"
    )
    return Message(head.encode(), body)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
