"""A client whose requests are answered as a test says, in this process, at the end of botocore's way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any
from zlib import crc32

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.session import Session

ONE_SECRET = "secret"


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        body: its text.
        status: of HTTP.
        wrong_checksum: the checksum does not fit.
        cut: bytes that are missing at its end.
    """

    body: bytes = b"{}"
    status: int = 200
    wrong_checksum: bool = False
    cut: int = 0


def reply(content: Any, status: int = 200) -> Reply:
    """Answer with JSON."""
    return Reply(json.dumps(content).encode(), status)


def refusal(code: str, status: int = 400, **members: Any) -> Reply:
    """Answer with an error."""
    return reply({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no", **members}, status)


class _Raw(BytesIO):
    def stream(self, **_: object) -> list[bytes]:
        return [self.read()]


@dataclass
class Wire:
    """What answers, and what it was asked.

    Attributes:
        replies: one for each request; the last one for all further ones.
        requests: those that arrived.
    """

    replies: Sequence[Reply] = (Reply(),)
    requests: list[Any] = field(default_factory=list)

    def __call__(self, request: AWSPreparedRequest, **_: object) -> Any:
        answer = self.replies[min(len(self.requests), len(self.replies) - 1)]
        self.requests.append(request)
        headers: Any = {
            "content-type": "application/x-amz-json-1.0",
            "content-length": str(len(answer.body)),
            "x-amz-crc32": str(crc32(answer.body) + answer.wrong_checksum),
            "x-amzn-requestid": "REQUEST",
        }
        raw: Any = _Raw(answer.body[: len(answer.body) - answer.cut])
        return AWSResponse(request.url, answer.status, headers, raw)

    @property
    def contents(self) -> list[Any]:
        """What the requests say, as data."""
        return [json.loads(request.body) for request in self.requests]


@cache
def _session(token: str | None) -> Any:
    # It keeps what it has loaded, which takes most of the time of making a client.
    session: Any = Session()
    session.set_credentials("key", ONE_SECRET, token)
    return session


def wired(wire: Wire, service: str = "dynamodb", **config: Any) -> Any:
    """Make a client whose requests go to a wire.

    Args:
        wire: what answers.
        service: whose client it is.
        **config: settings of botocore.
    """
    client = _session(config.pop("token", None)).create_client(
        service, region_name="eu-central-1", config=Config(retries={"mode": "standard"}, **config)
    )
    client.meta.events.register("before-send", wire)
    return client
