"""Making cursors from positions, and positions from cursors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from persistence.attributes import Item
from persistence.cursors import encryption
from persistence.cursors.base64url import url_bytes, url_text
from persistence.cursors.binding import Binding
from persistence.cursors.keys import DEFAULT_MAX_LENGTH, CursorKeys
from persistence.cursors.legacy import looks_legacy, opened_legacy
from persistence.cursors.positions import (
    READERS,
    json_text,
    misfit,
    parsed_json,
    read_position,
    written_position,
)
from persistence.cursors.sealing import Form, KeyRing
from persistence.errors import ConfigurationError, InvalidCursor, QueryError

_KEY, _EXPIRES = "key", "expires"


class Cursors:
    """Seals positions into cursors and opens them again; safe to share between threads.

    Args:
        keys: the keys and what else is configured; None makes a random key, with an advice, when a cursor is
            first sealed or opened.
        clock: gives the present time, aware, for the lifetime of cursors.

    Raises:
        ConfigurationError: encryption is demanded, and `cryptography` is not installed.
    """

    def __init__(self, keys: CursorKeys | None, *, clock: Callable[[], datetime]) -> None:
        if keys is not None and keys.encrypt and not encryption.installed():
            raise ConfigurationError(
                f"encrypted cursors need cryptography, which is not installed: install {encryption.EXTRA}"
            )
        self._keys = keys
        self._clock = clock
        self._lock = threading.Lock()
        self._ring: KeyRing | None = None

    @property
    def encrypts(self) -> bool:
        """Whether new cursors are encrypted, rather than only signed."""
        demanded = None if self._keys is None else self._keys.encrypt
        return encryption.installed() if demanded is None else demanded

    def seal(self, position: Item, binding: Binding) -> str:
        """Make a cursor.

        Args:
            position: the key attributes of the table and, where one is read, of the index.
            binding: the query that the cursor is for.

        Returns:
            A text of characters that are safe in URLs.

        Raises:
            QueryError: the position has other attributes or types than the keys.
            ConfigurationError: the cursor would be longer than `max_length`.
        """
        fault = misfit(position, binding)
        if fault is not None:
            raise QueryError(f"no position in {_named(binding)} can be sealed into a cursor: {fault}")
        document: dict[str, object] = {_KEY: written_position(position)}
        ring, keys = self._in_use()
        if keys.lifetime is not None:
            document[_EXPIRES] = self._now() + keys.lifetime // _TICK
        text = url_text(ring.seal(json_text(document).encode(), binding.fingerprint))
        if len(text) > keys.max_length:
            raise ConfigurationError(
                f"a cursor of {_named(binding)} has {len(text)} characters, and the max_length of CursorKeys "
                f"is {keys.max_length}; the default is {DEFAULT_MAX_LENGTH}"
            )
        return text

    def open(self, text: object, binding: Binding) -> Item:
        """Give the position that a cursor holds.

        Args:
            text: the cursor, or anything that came in its place.
            binding: the query that it is to be used with.

        Raises:
            InvalidCursor: it is forged, of another query, expired, damaged, too long or no cursor at all.
        """
        if not isinstance(text, str):
            raise InvalidCursor("malformed")
        ring, keys = self._in_use()
        if len(text) > keys.max_length:
            raise InvalidCursor("too_long")
        if keys.legacy and looks_legacy(text):
            return opened_legacy(text, binding)
        content = ring.opened(_seal_of(text), binding.fingerprint)
        return self._position(parsed_json(content), binding)

    def _position(self, document: object, binding: Binding) -> Item:
        if not isinstance(document, dict) or not {_KEY} <= document.keys() <= {_KEY, _EXPIRES}:
            raise InvalidCursor("malformed")
        expires = document.get(_EXPIRES)
        if expires is not None and (type(expires) is not int or expires <= self._now()):
            raise InvalidCursor("expired")
        return read_position(document[_KEY], READERS, binding)

    def _now(self) -> int:
        return int(self._clock().timestamp() * 1000)

    def _in_use(self) -> tuple[KeyRing, CursorKeys]:
        with self._lock:
            if self._keys is None:
                self._keys = CursorKeys.of(None)
            if self._ring is None:
                form = Form.ENCRYPTED if self.encrypts else Form.SIGNED
                self._ring = KeyRing(self._keys.keys, form)
            return self._ring, self._keys


_TICK = timedelta(milliseconds=1)


def _seal_of(text: str) -> bytes:
    try:
        return url_bytes(text)
    except ValueError:
        raise InvalidCursor("malformed") from None


def _named(binding: Binding) -> str:
    table = f"table {binding.table.name!r}"
    return table if binding.index is None else f"index {binding.index!r} of {table}"
