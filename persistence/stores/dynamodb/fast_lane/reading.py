"""Read answers that have one meaning: success, and errors that botocore never repeats a request after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.parsers import create_parser

from persistence.stores.dynamodb.attempts import is_whole
from persistence.stores.dynamodb.fast_lane.replies import Reply
from persistence.stores.dynamodb.tuning import content_read

_PARSER = create_parser("json")
_SERVED_ERRORS = frozenset(
    {
        "ConditionalCheckFailedException",
        "ResourceNotFoundException",
        "TransactionCanceledException",
        "ValidationException",
    }
)


class HttpResponse(Protocol):
    """A response as botocore has it, and as mocks make it."""

    @property
    def status_code(self) -> int:
        """The status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""
        ...

    @property
    def content(self) -> bytes:
        """The body."""
        ...


Served = tuple[HttpResponse, dict[str, Any]]
"""A response, and what was read from it."""


class LaneResponse(AWSResponse):
    """A response of the fast lane, as botocore has them."""

    def __init__(self, url: str, reply: Reply) -> None:
        self.url = url
        self.status_code = reply.status
        self.raw = _Raw(reply.body)
        self.lowered = reply.lowered
        self._reply = reply
        self._headers: HeadersDict | None = None

    @property
    def headers(self) -> HeadersDict:  # type: ignore[override]  # made when somebody looks at them
        """The headers, under names in any letters."""
        if self._headers is None:
            self._headers = HeadersDict(self._reply.headers)
        return self._headers

    @property
    def content(self) -> bytes:
        """The body."""
        return self._reply.body


class _Raw:
    """What botocore's responses read their body from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_amount: object) -> Iterator[bytes]:
        """Give the body, all at once."""
        yield self._body

    def read(self, *_amount: object) -> bytes:
        """Give the body."""
        return self._body


def served(response: HttpResponse, model: Any) -> Served | None:
    """Read an answer.

    Args:
        response: the answer.
        model: botocore's, of the operation.

    Returns:
        It, with what botocore would have read from it at a first attempt; None where it is left to botocore.
    """
    status, body = response.status_code, response.content
    lowered = (
        response.lowered
        if isinstance(response, LaneResponse)
        else {str(name).lower(): value for name, value in response.headers.items()}
    )
    is_plain = lowered.get("content-encoding", "identity") == "identity"
    if status not in {200, 400} or not is_plain or not is_whole(lowered, body):
        return None
    if status == 400:
        return _served_error(response, body, model)
    content = content_read(body, model)
    if content is None:
        return None
    metadata: dict[str, Any] = {}
    if (request_id := lowered.get("x-amzn-requestid")) is not None:
        metadata["RequestId"] = request_id
    metadata.update(HTTPStatusCode=status, HTTPHeaders=lowered, RetryAttempts=0)
    content["ResponseMetadata"] = metadata
    return response, content


def _served_error(response: HttpResponse, body: bytes, model: Any) -> Served | None:
    answer = {
        "headers": response.headers,
        "status_code": response.status_code,
        "context": {"operation_name": model.name},
        "body": body,
    }
    try:
        parsed: dict[str, Any] = _PARSER.parse(answer, model.output_shape)
        code = parsed.get("Error", {}).get("Code")
        if code not in _SERVED_ERRORS:
            return None
        shape = model.service_model.shape_for_error_code(code)
        if shape is not None:
            parsed.update(_PARSER.parse(answer, shape))
    except Exception:  # noqa: BLE001  # botocore reads it again, and fails in its own way
        return None
    parsed["ResponseMetadata"]["RetryAttempts"] = 0
    return response, parsed
