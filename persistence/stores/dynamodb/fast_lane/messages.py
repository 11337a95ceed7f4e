"""What the fast lane sends: the request that botocore would send at its first attempt, signed as it signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, HeadersDict

from persistence.stores.dynamodb.fast_lane.connections import Origin
from persistence.stores.dynamodb.signing import host_of, signed
from persistence.stores.dynamodb.stamps import invocation_id, timestamp

_CONTENT_TYPE = "application/x-amz-json-1.0"


@dataclass(frozen=True, slots=True)
class LaneRequest:
    """A request to be sent.

    Attributes:
        url: where to; its path is `/`.
        origin: the same, taken apart.
        headers: with the signature, without the host.
        body: as it is sent.
    """

    url: str
    origin: Origin
    headers: Mapping[str, str]
    body: bytes

    def prepared(self) -> AWSPreparedRequest:
        """Give it in botocore's form, as handlers of `before-send` take it."""
        headers: Any = HeadersDict({name: value.encode() for name, value in self.headers.items()})
        return AWSPreparedRequest("POST", self.url, headers, self.body, stream_output=False)

    def changed_to(self, prepared: AWSPreparedRequest) -> LaneRequest | None:
        """Take over what handlers did to that form; None if that can't be sent here any more."""
        origin = origin_of(prepared.url)
        if origin is None or not isinstance(prepared.body, bytes):
            return None
        headers = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in prepared.headers.items()
        }
        return LaneRequest(prepared.url, origin, headers, prepared.body)

    def message(self) -> bytes | None:
        """Give the text that goes over the connection; None if a header holds a line break."""
        lines = lines_of(self.headers)
        return None if lines is None else f"{first_lines(self.url)}{lines}\r\n".encode() + self.body


def request_of(params: dict[str, Any], request_signer: Any, context: dict[str, Any]) -> LaneRequest | None:
    """Make a request of what botocore gives to handlers of `before-call`.

    Args:
        params: the request's parts.
        request_signer: the client's.
        context: of the call; it gets the identifier that all attempts of the call bear.

    Returns:
        None where it is not the plain kind of request that the fast lane knows.
    """
    body, headers, origin = params["body"], params["headers"], origin_of(params["url"])
    signing = context.get("signing") or {}
    if (
        origin is None
        or not isinstance(body, bytes)
        or params["method"] != "POST"
        or params["url_path"] not in {"", "/"}
        or params["query_string"]
        or headers.get("Content-Type") != _CONTENT_TYPE
        or (context.get("auth_type") or request_signer.signature_version) != "v4"
        or context.get("read_timeout") is not None
        or not all(isinstance(value, str) for value in headers.values())
        or not signing.keys()
        <= {"region", "signing_name", "signingRegion", "signingName", "disableDoubleEncoding"}
    ):
        return None
    region, service = signing_of(context, request_signer)
    try:
        credentials = request_signer.get_auth_instance(service, region, "v4").credentials
    except Exception:  # noqa: BLE001  # botocore finds the same, and says so in its own way
        return None
    if credentials is None:
        return None
    sent = signed(
        headers,
        body,
        host=host_of(params["url"]),
        credentials=credentials,
        region=region,
        timestamp=timestamp(),
        service=service,
    )
    retries = context.setdefault("retries", {})
    if "invocation-id" not in retries:
        retries["invocation-id"] = invocation_id()
    sent["amz-sdk-invocation-id"] = retries["invocation-id"]
    sent["amz-sdk-request"] = attempt_of(context)
    sent["Content-Length"] = str(len(body))
    return LaneRequest(params["url"], origin, sent, body)


class Signing(NamedTuple):
    """As whose service, and where, requests are signed."""

    region: str
    service: str


def signing_of(context: Mapping[str, Any], request_signer: Any) -> Signing:
    """Tell as whose service, and where, the requests of a call are signed."""
    signing = context.get("signing") or {}
    return Signing(
        signing.get("region") or request_signer.region_name,
        signing.get("signing_name") or request_signer.signing_name,
    )


def lines_of(headers: Mapping[str, object]) -> str | None:
    """Give the lines of headers; None if one holds a line break."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return lines if lines.count("\n") == lines.count("\r") == len(headers) else None


@lru_cache(maxsize=32)
def first_lines(url: str) -> str:
    """Give the lines that all requests to a URL begin with."""
    return f"POST / HTTP/1.1\r\nHost: {host_of(url)}\r\nAccept-Encoding: identity\r\n"


def attempt_of(context: Mapping[str, Any]) -> str:
    """Give the header of a first attempt that numbers it."""
    most = (context["client_config"].retries or {}).get("total_max_attempts")
    return "attempt=1" if most is None else f"attempt=1; max={most}"


@lru_cache(maxsize=32)
def origin_of(url: str) -> Origin | None:
    """Give the origin of a URL; None where its path is not `/`, or it is neither of HTTP nor of HTTPS."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or parts.path not in {"", "/"} or parts.query or parts.username:
        return None
    encrypted = parts.scheme == "https"
    return Origin(url, parts.hostname or "", parts.port or (443 if encrypted else 80), encrypted)
