"""The bodies of requests and answers: DynamoDB's JSON from and to plain data.

The parameters of a data action are its body, and the body of an answer is its data, but for binary values,
which are base64 in JSON and `bytes` in Python. Where msgspec is installed it reads and writes, several times
faster and to the same effect. To load it takes longer than a first answer should wait for: that is done with
the first body after a few, unless somebody has loaded it before.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import count
from typing import Any

from persistence.stores.dynamodb.canonical import is_canonical
from persistence.wire_items import with_bytes


@dataclass(frozen=True, slots=True)
class Json:
    """A way to write and read JSON.

    Attributes:
        write: plain data -> text in UTF-8, binary values as base64; `ValueError` for text that has no UTF-8.
        read: text in UTF-8 -> plain data; `ValueError` if it is none.
    """

    write: Callable[[object], bytes]
    read: Callable[[bytes], Any]


def body_of(parameters: Mapping[str, Any], *, accelerated: bool = True) -> bytes:
    """Write the body of a request.

    Args:
        parameters: keyword arguments of a method of boto3's client.
        accelerated: False leaves msgspec out.

    Raises:
        TypeError: something is not known, or not of the one type that the API has for it.
        ValueError: a text is not Unicode.
    """
    if not is_canonical(parameters):
        raise TypeError("the parameters are not in the form that their API has")
    return json_of(accelerated=accelerated).write(parameters)


def content_of(body: bytes, *, accelerated: bool = True) -> dict[str, Any]:
    """Read the body of an answer.

    Args:
        body: JSON text in UTF-8.
        accelerated: False leaves msgspec out.

    Returns:
        The same data as botocore's own parser gives, as far as its model knows the members.

    Raises:
        ValueError: it is no JSON, or no object.
    """
    content: object
    try:
        if b'"B"' in body or b'"BS"' in body:
            content = json.loads(body.decode(), object_hook=with_bytes)
        else:
            content = json_of(accelerated=accelerated).read(body)
    except RecursionError as error:
        raise ValueError("nested deeper than anything of the service") from error
    if not isinstance(content, dict):
        raise ValueError("an answer is an object")  # noqa: TRY004  # it is about the text
    return content


def plain_text(value: object) -> str:
    """Write plain data as the standard library does, in ASCII; see `Json.write`."""
    return _ENCODER.encode(value)


def json_of(*, accelerated: bool) -> Json:
    """Give the way to read and write JSON.

    Args:
        accelerated: False for the standard library's.
    """
    if accelerated and ("msgspec" in sys.modules or next(_BODIES) >= _BODIES_BEFORE):
        return _fastest()
    return _STANDARD


@cache
def _fastest() -> Json:
    try:
        msgspec = import_module("msgspec")
    except ImportError:
        return _STANDARD
    decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode
    refusal: type[Exception] = msgspec.MsgspecError

    def read(body: bytes) -> Any:
        try:
            return decode(body)
        except refusal as error:  # a `ValueError` of itself only in later versions
            raise ValueError(str(error)) from error

    return Json(msgspec.json.Encoder().encode, read)


def _written(value: object) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} has no place in a request")


_BODIES = count()
_BODIES_BEFORE = 16

# A circle ends the check of the form; to look for one once more takes a fifth of the time.
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False, default=_written)
_STANDARD = Json(
    lambda value: plain_text(value).encode("ascii"),
    lambda body: json.loads(body.decode()),
)
