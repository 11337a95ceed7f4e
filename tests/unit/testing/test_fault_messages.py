"""HTTP messages as the proxy reads and rewrites them."""

from __future__ import annotations

import asyncio
from zlib import crc32

import pytest

from persistence.testing.faults.messages import Message, read_message

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0"


def read(data: bytes) -> list[Message]:
    """Read all messages of a connection that ends behind the data."""

    async def reading() -> list[Message]:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        found = []
        while (message := await read_message(reader)) is not None:
            found.append(message)
        return found

    return asyncio.run(reading())


class TestReading:
    def test_takes_as_much_as_the_length_says(self) -> None:
        one, two = HEAD + b"\r\nContent-Length: 2", HEAD + b"\r\ncontent-length:3"

        messages = read(one + b"\r\n\r\n{}" + two + b"\r\n\r\n123")

        assert messages == [Message(one, b"{}"), Message(two, b"123")]

    def test_gives_back_the_same_bytes(self) -> None:
        data = HEAD + b"\r\nContent-Length: 2\r\nX-Odd:   kept \r\n\r\n{}"

        (message,) = read(data)

        assert bytes(message) == data

    def test_takes_a_message_without_length_for_one_without_body(self) -> None:
        assert read(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n") == [Message(b"GET / HTTP/1.1\r\nHost: here")]

    def test_joins_chunks(self) -> None:
        """The message goes on with a length instead."""
        chunks = b"4;note=x\r\nabcd\r\n1\r\ne\r\n0\r\nTrailer: x\r\n\r\n"

        (message,) = read(HEAD + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)

        assert message == Message(HEAD + b"\r\ncontent-length: 5", b"abcde")

    @pytest.mark.parametrize(
        "cut", [HEAD, HEAD + b"\r\nContent-Length: 5\r\n\r\nabc"], ids=["in the head", "in the body"]
    )
    def test_refuses_a_message_that_is_cut_off(self, cut: bytes) -> None:
        with pytest.raises(EOFError):
            read(cut)


class TestMessage:
    def test_finds_headers_whatever_their_case(self) -> None:
        message = Message(HEAD + b"\r\nX-Amz-Target:DynamoDB_20120810.GetItem \r\nEmpty:")

        assert message.header("x-amz-target") == "DynamoDB_20120810.GetItem"
        assert (message.header("empty"), message.header("target")) == ("", None)

    def test_knows_its_status(self) -> None:
        assert Message(HEAD).status == 200

    @pytest.mark.parametrize(("value", "closes"), [(b"Close", True), (b"keep-alive", False)])
    def test_knows_whether_its_sender_hangs_up(self, value: bytes, closes: bool) -> None:
        assert Message(HEAD + b"\r\nConnection: " + value).closes is closes

    def test_takes_another_body_with_headers_that_fit(self) -> None:
        message = Message(HEAD + b"\r\nContent-Length: 2\r\nX-Amz-Crc32: 1", b"{}")

        changed = message.with_body(b"other")

        assert changed.body == b"other"
        assert changed.header("content-length") == "5"
        assert changed.header("x-amz-crc32") == str(crc32(b"other"))

    def test_gets_no_checksum_that_it_did_not_have(self) -> None:
        assert Message(HEAD).with_body(b"x").head == HEAD + b"\r\ncontent-length: 1"
