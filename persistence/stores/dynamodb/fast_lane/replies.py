"""Read the answer to a request.

DynamoDB's answers have a head of a few lines and a length. Such a head is read here, since the general way of
`http.client`, through the parser of e-mails, takes longer than all else that is done for a request. Whatever
else comes is left to `http.client`.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any, cast

ANSWER_LIMIT = 1 << 28
"""Bytes of an answer at most: more than 16 MB of items take as JSON that escapes every character."""

_HEAD_ENDS = b"\r\n\r\n"
_STATUS = re.compile(r"HTTP/1\.1 (?!204|304)[2-9][0-9][0-9][ \r]")
_HEADERS = re.compile(r"^([^:\s]++):[ \t]*+((?:[^\r\n]*[^\r\n \t])?)[ \t]*+\r$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        status: of HTTP.
        headers: as they came; those of one name are joined by commas.
        lowered: the same under names in small letters.
        body: as it came, perhaps cut off.
        reusable: whether the connection can be asked again.
    """

    status: int
    headers: dict[str, str]
    lowered: dict[str, str]
    body: bytes
    reusable: bool


def read_reply(reader: io.BufferedReader) -> Reply:
    """Read an answer from a connection.

    Args:
        reader: stands at the beginning of the answer; nothing after it is read.

    Raises:
        OSError: of the connection.
        http.client.HTTPException: what came is no answer, or a chunk of it is missing.
    """
    seen = reader.peek()
    size = seen.find(_HEAD_ENDS) + len(_HEAD_ENDS)
    if size < len(_HEAD_ENDS):
        return _read_generally(reader)
    head = seen[: size - 2].decode("latin-1")
    headers = _HEADERS.findall(head)
    lower = {name.lower(): value for name, value in headers}
    length = lower.get("content-length", "")
    if (
        not _STATUS.match(head)
        or not len(lower) == len(headers) == head.count("\n") - 1 == head.count("\r") - 1
        or not (length.isascii() and length.isdigit())
        or "transfer-encoding" in lower
    ):
        return _read_generally(reader)
    reader.read(size)
    expected = int(length)
    _check_size(expected)
    body = reader.read(expected)
    in_step = len(body) == expected and len(seen) <= size + expected
    closes = lower.get("connection", "keep-alive").lower() != "keep-alive"
    return Reply(int(head[9:12]), dict(headers), lower, body, in_step and not closes)


def _read_generally(reader: io.BufferedReader) -> Reply:
    response = HTTPResponse(cast(Any, _Opened(reader)), method="POST")
    response.begin()
    _check_size(response.length or 0)
    headers: dict[str, str] = {}
    for name in dict.fromkeys(response.headers):
        headers[name] = ", ".join(response.headers.get_all(name, ()))
    try:
        body = response.read()
    except IncompleteRead as cut:
        if response.chunked:
            raise
        body = cut.partial
    lower = {name.lower(): value for name, value in headers.items()}
    return Reply(response.status, headers, lower, body, reusable=False)


def _check_size(size: int) -> None:
    """Refuse to make room for what no answer of the service can be."""
    if size > ANSWER_LIMIT:
        raise HTTPException(f"an answer of {size} bytes")


class _Opened:
    """Stands in for a socket whose file is open already."""

    def __init__(self, reader: io.BufferedReader) -> None:
        self._reader = reader

    def makefile(self, mode: str) -> io.BufferedReader:
        """Give that file."""
        del mode
        return self._reader
