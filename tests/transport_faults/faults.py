"""The faults: what a service, a network and what stands between them do, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from persistence.expressions import Add, AttributeNotExists, Path, Value
from persistence.operations import (
    DeleteItem,
    GetItem,
    Operation,
    PutItem,
    ScanPage,
    TransactWrite,
    UpdateItem,
)
from persistence.table import Table
from tests.transport_faults.misbehaving import (
    Answer,
    HalfClosed,
    Raw,
    ResetOnArrival,
    Silence,
    Step,
    refusal,
)

TABLE = Table("things", "id")
KEY = {"id": {"S": "1"}}
ITEM = {"id": {"S": "1"}, "n": {"N": "7"}, "data": {"B": "AAEC"}, "name": {"S": "Zoë"}}
CREATE = PutItem(TABLE, {**KEY, "data": {"B": b"\0\1\2"}}, AttributeNotExists(Path.of("id")))
OPERATIONS: Mapping[str, Operation[Any]] = {
    "get": GetItem(TABLE, KEY),
    "scan": ScanPage(TABLE),
    "create": CREATE,
    "add one": UpdateItem(TABLE, KEY, (Add(Path.of("n"), Value({"N": "1"})),)),
    "delete": DeleteItem(TABLE, KEY),
    "transaction": TransactWrite((CREATE,), token="token-1"),
    "transaction without token": TransactWrite((CREATE,)),
}
WRITES_IN_DOUBT_END = frozenset({"create", "add one", "delete", "transaction"})
"""The operations that are never repeated after an attempt which may have taken effect."""

OK = Answer({"Item": ITEM, "Items": [ITEM], "Count": 1, "ScannedCount": 1})
THROTTLED = refusal("ProvisionedThroughputExceededException", "slow down")
EXPIRED = refusal("ExpiredTokenException", "The security token included in the request is expired")
SERVER_ERROR = refusal("InternalServerError", "try again", status=500)
PROXY_PAGE = b"<html><body><h1>503 Service Unavailable</h1></body></html>"
OF_A_PROXY = Answer(PROXY_PAGE, 503, {"Content-Type": "text/html"}, checksum="none")

LOST: Mapping[str, Sequence[Step]] = {
    "closed without answer": [Raw(), OK],
    "half closed": [HalfClosed(), OK],
    "half closed within the head": [HalfClosed(b"HTTP/1.1 200 OK\r\nContent-Le"), OK],
    "reset after the request was read": [Raw(resets=True), OK],
    "reset within the body": [Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", resets=True), OK],
    "silent": [Silence(), OK],
    "stalls within the body": [Answer(OK.body, stalls=0.5), OK],
    "no HTTP": [Raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), OK],
    "cut off": [Answer(OK.body, cut=3), OK],
    "cut off, without checksum": [Answer(OK.body, cut=3, checksum="none"), OK],
    "cut off within a chunk": [Answer(OK.body, cut=12, chunked=True), OK],
    "wrong checksum": [Answer(OK.body, checksum="wrong"), OK],
    "wrong checksum of nothing": [Answer(checksum="wrong"), OK],
    "500": [SERVER_ERROR, OK],
    "503": [refusal("ServiceUnavailable", status=503), OK],
    "HTML 503 of a proxy": [OF_A_PROXY, OK],
    "empty 502": [Answer(b"", 502, checksum="none"), OK],
    "no JSON": [Answer(b"hello"), OK],
    "HTML 200 of a proxy": [
        Answer(b"<html></html>", 200, {"Content-Type": "text/html"}, checksum="none"),
        OK,
    ],
    "empty 200": [Answer(b""), OK],
    "500 for ever": [SERVER_ERROR] * 5,
    "closed for ever": [Raw()] * 5,
}
"""The first attempt may have taken effect."""

CLEAR: Mapping[str, Sequence[Step]] = {
    "success": [OK],
    "nothing": [Answer({"Count": 0, "ScannedCount": 0})],
    "success in chunks": [Answer(OK.body, chunked=True)],
    "success without checksum": [Answer(OK.body, checksum="none")],
    "connection that closes": [Answer(OK.body, headers={"Connection": "close"}, closes=True)],
    "headers in small letters": [
        Answer(OK.body, headers={"x-amzn-requestid": "small", "vary": "a", "Vary": "b"})
    ],
    "throttled twice": [THROTTLED, THROTTLED, OK],
    "throttled for ever": [THROTTLED] * 5,
    "condition failed": [refusal("ConditionalCheckFailedException", "The conditional request failed")],
    "condition failed, with the item": [
        refusal("ConditionalCheckFailedException", "The conditional request failed", Item=ITEM)
    ],
    "condition failed, cut off": [
        Answer(refusal("ConditionalCheckFailedException", "The condition").body, 400, cut=3),
        OK,
    ],
    "condition failed, wrong checksum": [
        Answer(refusal("ConditionalCheckFailedException").body, 400, checksum="wrong"),
        OK,
    ],
    "cancelled": [
        refusal(
            "TransactionCanceledException",
            "Transaction cancelled [ConditionalCheckFailed]",
            CancellationReasons=[{"Code": "ConditionalCheckFailed", "Message": "it failed", "Item": ITEM}],
        )
    ],
    "cancelled for traffic": [
        refusal("TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}]),
        OK,
    ],
    "in progress": [refusal("TransactionInProgressException", "wait"), OK],
    "conflict": [refusal("TransactionConflictException", "wait"), OK],
    "no table": [refusal("ResourceNotFoundException", "Requested resource not found")],
    "invalid": [refusal("ValidationException", "One or more parameter values were invalid")],
    "denied": [refusal("AccessDeniedException", "not authorized")],
    "expired": [EXPIRED, OK],
    "clock skew": [refusal("InvalidSignatureException", "Signature not yet current: 2026 is later"), OK],
    "clock skew, 403": [refusal("RequestTimeTooSkewed", "the difference is too large", status=403), OK],
    "unknown": [refusal("SomethingNewException", "?")],
    "redirected": [Answer(b"", 307, {"Location": "http://127.0.0.1:9/"}, checksum="none"), OK],
    "moved": [Answer({}, 301, {"Location": "http://127.0.0.1:9/"}), OK],
    "not modified": [Answer(b"", 304, checksum="none"), OK],
    "compressed": [Answer(OK.body, zipped=True), OK],
    "no UTF-8": [Answer(b'{"Item": {"id": {"S": "\xff"}}}'), OK],
    "strange status": [Answer(OK.body, 299)],
    "accepted": [Answer(OK.body, 202)],
    "HTML 400": [Answer(b"<html>bad</html>", 400, checksum="none"), OK],
    "empty 400": [Answer(b"", 400, checksum="none"), OK],
}
"""What came says what happened, or says something that botocore takes for an end."""

UNREAD: Mapping[str, Sequence[Step]] = {"reset on arrival": [ResetOnArrival(), OK]}
"""How the client notices depends on who is quicker; it may have sent all of the request."""
