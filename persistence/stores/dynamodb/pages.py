"""Answers to queries and scans whose items stay the text that they came as, until somebody looks at them.

With msgspec installed the text of an answer is only looked through; a codec then reads entities from it
without any dict between. Without it, whoever asks may give a grammar, which takes the items apart in the
text. Where there is none, or a page is small or unusual, it is read as any other answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from types import GenericAlias
from typing import Any

from persistence.attributes import Item
from persistence.stores.dynamodb.bodies import content_of
from persistence.wire_items import Grammar, WireItems

LEAST_BYTES = 8192
"""Smaller answers are read at once: it is not worth while to load and prepare anything for them."""

_FRONT = 32
"""Bytes in which the first item begins."""


_ITEMS = b'"Items":[{'
_STAND_IN = "\0"
"""Stands for the items when the rest is read; text without escapes has no such string."""

_STAND_IN_TEXT = json.dumps(_STAND_IN).encode()


def page_content(
    body: bytes, least: int = LEAST_BYTES, *, accelerated: bool = True, grammar: Grammar | None = None
) -> dict[str, Any]:
    """Read the body of an answer to a query or scan.

    Args:
        body: JSON text in UTF-8.
        least: bytes that it has at least where its items are left as they are.
        accelerated: False leaves msgspec out.
        grammar: takes the items apart where there is no msgspec; None for dicts.

    Returns:
        The same data as `content_of` gives, but for `Items`, which may be `WireItems`.

    Raises:
        ValueError: it is no JSON.
    """
    if len(body) < least:
        return content_of(body, accelerated=accelerated)
    text = _text_reader() if accelerated else None
    if text is not None:
        return _looked_through(body, text)
    content = None if grammar is None else _taken_apart(body, grammar)
    return content_of(body, accelerated=accelerated) if content is None else content


def _looked_through(body: bytes, text: _TextReader) -> dict[str, Any]:
    parts = text.members(body)
    items = parts.pop("Items", None)
    if items is None or not all(map(str.isidentifier, parts)):
        return content_of(body)
    others = b",".join(b'"%b":%b' % (name.encode(), bytes(part)) for name, part in parts.items())
    content = content_of(b"{%b}" % others)
    count, front = content.get("Count"), bytes(items[:_FRONT]).translate(None, b" \t\r\n")
    if type(count) is not int or count < 1 or not front.startswith(b"[{"):
        return content_of(body)
    return {"Items": WireItems(items, count, items_of, text.elements), **content}


def _taken_apart(body: bytes, grammar: Grammar) -> dict[str, Any] | None:
    """Read an answer of the usual form; None for any other."""
    start = body.find(_ITEMS) + len(_ITEMS) - 1
    if start < len(_ITEMS) or b"\\" in body:
        return None
    try:
        apart = grammar.take_apart(body[start:].decode())
        if apart is None:
            return None
        rest = apart.rest.encode()
        content = content_of(b"%b%b%b" % (body[: start - 1], _STAND_IN_TEXT, rest[1:]), accelerated=False)
    except ValueError:
        return None
    if content.get("Items") != _STAND_IN or not rest.startswith(b"]"):
        return None
    end = len(body) - len(rest) + 1
    items = memoryview(body)[start - 1 : end]
    return {**content, "Items": WireItems(items, apart.count, _standard_items_of, apart=apart)}


def _standard_items_of(text: bytes) -> Sequence[Item]:
    return items_of(text, accelerated=False)


def items_of(text: bytes, *, accelerated: bool = True) -> Sequence[Item]:
    """Read the text of a page's items.

    Args:
        text: a JSON array of items in UTF-8.
        accelerated: False leaves msgspec out.
    """
    items: list[Item] = content_of(b'{"Items":%b}' % text, accelerated=accelerated)["Items"]
    return items


class _TextReader:
    """Takes JSON apart into the texts of its parts, which are checked, but not read."""

    def __init__(self) -> None:
        msgspec = import_module("msgspec")
        self._members = msgspec.json.Decoder(GenericAlias(dict, (str, msgspec.Raw)))
        self._elements = msgspec.json.Decoder(GenericAlias(list, msgspec.Raw))
        self._refusal: type[Exception] = msgspec.MsgspecError

    def members(self, body: bytes) -> dict[str, memoryview]:
        """Give the members of an object; nothing for what is none, or no JSON."""
        try:
            if not body.isascii():
                body.decode()  # texts are only looked through, which does not tell
            parts: Mapping[str, Any] = self._members.decode(body)
        except (self._refusal, UnicodeDecodeError, RecursionError):
            return {}
        return {name: memoryview(part) for name, part in parts.items()}

    def elements(self, text: bytes | memoryview) -> list[memoryview]:
        """Give the elements of an array."""
        return [memoryview(part) for part in self._elements.decode(text)]


@cache
def _text_reader() -> _TextReader | None:
    try:
        return _TextReader()
    except ModuleNotFoundError:
        return None
