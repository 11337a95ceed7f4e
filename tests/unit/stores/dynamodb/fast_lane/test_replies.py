"""Answers read the short way are those that `http.client` reads."""

from __future__ import annotations

import io
from http.client import BadStatusLine, HTTPException

import pytest

from persistence.stores.dynamodb.fast_lane.replies import Reply, read_reply


def read(text: bytes) -> Reply:
    return read_reply(io.BufferedReader(io.BytesIO(text)))


def test_a_plain_answer() -> None:
    reply = read(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amzn-RequestId:  A \r\n\r\n{}")

    assert reply == Reply(
        200,
        {"Content-Length": "2", "X-Amzn-RequestId": "A"},
        {"content-length": "2", "x-amzn-requestid": "A"},
        b"{}",
        reusable=True,
    )


@pytest.mark.parametrize(
    ("text", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200, b"{}"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 204 No\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", 304, b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n", 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 200 OK\r\nX: a\nY: b\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}"),
    ],
    ids=[
        "chunks",
        "HTTP/1.0",
        "until the end",
        "continue",
        "204",
        "304",
        "cut off",
        "line feeds",
        "closes",
        "something left",
        "two lengths",
        "folded",
        "two lengths in other letters",
        "a bare line feed",
    ],
)
def test_an_unusual_answer_is_read_and_its_connection_not_asked_again(
    text: bytes, status: int, body: bytes
) -> None:
    reply = read(text)

    assert (reply.status, reply.body) == (status, body)
    assert not reply.reusable


@pytest.mark.parametrize(
    ("line", "value"),
    [(b"X:", ""), (b"X: ", ""), (b"X:a", "a"), (b"X: \t a:b  c \t", "a:b  c"), (b"X: \xe9", "\xe9")],
)
def test_values_are_without_the_blanks_around_them(line: bytes, value: str) -> None:
    reply = read(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%b\r\n\r\n{}" % line)

    assert (reply.headers["X"], reply.reusable) == (value, True)


def test_headers_of_one_name_are_joined() -> None:
    assert (
        read(b"HTTP/1.1 200 OK\r\nVary: a\r\nContent-Length: 0\r\nVary: b\r\n\r\n").headers["Vary"] == "a, b"
    )


def test_a_head_may_come_in_pieces() -> None:
    class Dribbling(io.RawIOBase):
        def __init__(self) -> None:
            self._left = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            buffer[:1], self._left = self._left[:1], self._left[1:]
            return 1

    assert read_reply(io.BufferedReader(Dribbling())).body == b"{}"


@pytest.mark.parametrize("text", [b"", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_answer_is_refused(text: bytes) -> None:
    with pytest.raises(BadStatusLine):
        read(text)


def test_a_missing_chunk_is_no_answer() -> None:
    with pytest.raises(HTTPException):
        read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}")
