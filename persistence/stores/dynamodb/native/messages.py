"""Requests and answers on their way; nothing here does I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from botocore.exceptions import NoCredentialsError
from botocore.parsers import ResponseParserError

from persistence.stores.dynamodb.bodies import body_of, json_of
from persistence.stores.dynamodb.native.forms import Form, Unsuitable
from persistence.stores.dynamodb.signing import Signatures
from persistence.stores.dynamodb.stamps import timestamp
from persistence.stores.dynamodb.tuning import plainly_read
from persistence.wire_items import Grammar


class Sent(AWSPreparedRequest):
    """A request as handlers of `before-send` see it; what only they need is made when they ask for it.

    Args:
        url: where to.
        headers: all that are sent but for the host.
        body: as it is sent.
    """

    def __init__(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        self._given = headers
        self._shown: Any = None
        self.method = "POST"
        self.url = url
        self.body = body
        self.stream_output = False
        self.context: dict[str, Any] = {}

    @property
    def headers(self) -> Any:
        """The headers, which handlers may change."""
        if self._shown is None:
            self._shown = HeadersDict(self._given)
        return self._shown

    @headers.setter
    def headers(self, headers: Any) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._shown = headers

    @property
    def all_headers(self) -> Mapping[str, str]:
        """The headers to send, with the changes of handlers."""
        return self._given if self._shown is None else dict(self._shown.items())


@dataclass(frozen=True, slots=True)
class Received:
    """An answer, in the shape that botocore's events have it.

    Attributes:
        url: who answered.
        status_code: of HTTP.
        headers: by names in any case.
        content: the body.
    """

    url: str
    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8")

    @property
    def raw(self) -> BytesIO:
        """The body as a stream."""
        return BytesIO(self.content)


def with_signature(
    form: Form, headers: Mapping[str, str], body: bytes, invocation: str, attempt: int
) -> dict[str, str]:
    """Give the headers of one attempt.

    Args:
        form: what is common to requests of this API.
        headers: what the call adds or changes.
        body: as it is sent.
        invocation: the call's id.
        attempt: which one it is, from 1.

    Raises:
        NoCredentialsError: there are none to sign with.
    """
    told = {
        "amz-sdk-invocation-id": invocation,
        "amz-sdk-request": _attempt_text(attempt, form.attempts),
    }
    if not form.signs:
        return {**headers, **told}
    signatures = form.signatures
    if signatures is None:
        raise NoCredentialsError
    if headers == form.request["headers"]:
        return {**headers, **signatures.headers(body, timestamp()), **told}
    changed = Signatures.of(headers, form.host, signatures.credentials, form.region, form.service)
    return {**headers, **changed.headers(body, timestamp()), **told}


@lru_cache(maxsize=64)
def _attempt_text(attempt: int, most: int) -> str:
    return f"attempt={attempt}; max={most}" if most else f"attempt={attempt}"


def written(form: Form, parameters: Mapping[str, Any], *, accelerated: bool, certain: bool = False) -> bytes:
    """Write the body of a request.

    Args:
        form: what is common to requests of this API.
        parameters: keyword arguments of the client's method.
        accelerated: False leaves msgspec out.
        certain: whether they surely are as the API has them.

    Raises:
        Unsuitable: they are not as the API has them; botocore is to refuse them in its words.
    """
    shape = form.model.input_shape
    if not (parameters.keys() <= shape.members.keys() and all(map(parameters.__contains__, form.required))):
        raise Unsuitable("parameters that the API does not have")
    try:
        if certain:
            return json_of(accelerated=accelerated).write(parameters)
        return body_of(parameters, accelerated=accelerated)
    except (TypeError, ValueError, RecursionError) as error:
        raise Unsuitable("parameters that are not as the API has them") from error


def parsed(
    form: Form, received: Received, *, accelerated: bool, grammar: Grammar | None = None
) -> dict[str, Any]:
    """Read an answer as botocore does.

    Args:
        form: of the request.
        received: its answer.
        accelerated: False leaves msgspec out.
        grammar: takes the items of a page apart where there is no msgspec.

    Raises:
        ResponseParserError: it is none of the service.
    """
    if received.status_code < 300:
        answer = plainly_read(received.content, form.model, accelerated=accelerated, grammar=grammar)
        if answer is not None:
            answer["ResponseMetadata"] = _metadata(received)
            return answer
    try:
        return _parsed_by_botocore(form, received)
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        # What is no JSON object at all is more than its parser expects.
        raise ResponseParserError(f"the answer is none of the service: {type(error).__name__}") from error


def _metadata(received: Received) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in received.headers.items()}
    return {
        "RequestId": headers.get("x-amzn-requestid", ""),
        "HTTPStatusCode": received.status_code,
        "HTTPHeaders": headers,
        "RetryAttempts": 0,
    }


def _parsed_by_botocore(form: Form, received: Received) -> dict[str, Any]:
    response = {
        "headers": HeadersDict(received.headers),
        "status_code": received.status_code,
        "body": received.content,
        "context": {"operation_name": form.api},
    }
    answer: dict[str, Any] = form.parser.parse(response, form.model.output_shape)
    if received.status_code >= 300:
        code = answer.get("Error", {}).get("Code")
        shape = None if code is None else form.model.service_model.shape_for_error_code(code)
        if shape is not None:
            answer.update(form.parser.parse(response, shape))
    return answer
