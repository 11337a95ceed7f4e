"""Base64 in the one way that is canonical: no stray bits, no white space, padding only where it belongs."""

from __future__ import annotations

import base64
import binascii
import re

_URL_SAFE = re.compile(r"[A-Za-z0-9_-]*\Z")


def url_text(content: bytes) -> str:
    """Write bytes as characters that are safe in URLs, without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def url_bytes(text: str) -> bytes:
    """Read what `url_text` has written.

    Raises:
        ValueError: it would have written it in another way.
    """
    # 4 characters are 3 bytes; one alone is less than a byte.
    if not _URL_SAFE.match(text) or len(text) % 4 == 1:
        raise ValueError("no base64url without padding")
    content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if url_text(content) != text:
        raise ValueError("stray bits at the end")
    return content


def plain_text(content: bytes) -> str:
    """Write bytes in the usual alphabet, padded."""
    return base64.b64encode(content).decode("ascii")


def plain_bytes(text: str) -> bytes:
    """Read what `plain_text` has written.

    Raises:
        ValueError: it would have written it in another way.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
    if plain_text(content) != text:
        raise ValueError("stray bits at the end")
    return content
