"""The keys of cursors, and what else is configured for them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from persistence.errors import ConfigurationError
from persistence.events import event_log

DEFAULT_MAX_LENGTH = 16_384
"""Characters: more than the longest keys of a table and an index together need."""

RANDOM_KEY_SIZE = 32
SHORT_KEY_SIZE = 16
"""Bytes below which a key may be guessed."""


@dataclass(frozen=True, slots=True, repr=False)
class CursorKeys:
    """The secret keys of cursors, and how cursors are made and read with them.

    Args:
        keys: secrets of the application, at least 16 random bytes each. The first one seals new cursors, all
            of them open: to change the key, put the new one in front, and drop the old one later.
        lifetime: how long a new cursor can be used; None for as long as its key is known.
        max_length: characters of the longest cursor that is made or read.
        encrypt: None encrypts where `cryptography` is installed and signs elsewhere, True demands that it is
            installed, False signs only. What is only signed can be read by anybody who gets it.
        legacy: also read the unsigned cursors of DynamORM and TableTheory. Anybody can make those, so leave
            it on only while old ones are in use, and not where cursors must keep tenants apart.

    Raises:
        ConfigurationError: no keys, an empty one, or an argument of another type.
    """

    keys: tuple[bytes, ...]
    lifetime: timedelta | None = None
    max_length: int = DEFAULT_MAX_LENGTH
    encrypt: bool | None = None
    legacy: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.keys, tuple) or not self.keys:
            raise ConfigurationError("cursor keys are a tuple of at least one key")
        for number, key in enumerate(self.keys, 1):
            _check_key(key, number)
        if self.lifetime is not None and not _is_time(self.lifetime):
            raise ConfigurationError("the lifetime of cursors is a timedelta over 0, or None")
        if type(self.max_length) is not int or self.max_length < 1:
            raise ConfigurationError("the max_length of cursors is a number of characters")
        if not isinstance(self.encrypt, bool | None):
            raise ConfigurationError("encrypt is True, False, or None for where cryptography is installed")
        if not isinstance(self.legacy, bool):
            raise ConfigurationError("legacy is True or False")

    def __repr__(self) -> str:
        return (
            f"CursorKeys(<{len(self.keys)} secret>, lifetime={self.lifetime!r}, "
            f"max_length={self.max_length}, encrypt={self.encrypt}, legacy={self.legacy})"
        )

    @classmethod
    def of(cls, given: KeySource | None) -> CursorKeys:
        """Give the keys for what was configured.

        Args:
            given: the keys, one key as text or bytes, or several of them, the one that seals first; None for
                a random key, whose cursors nobody else can open.

        Raises:
            ConfigurationError: no keys, an empty one, or something else than keys.
        """
        if given is None:
            event_log().warning("advice.given", code="cursor_key_missing")
            return cls((os.urandom(RANDOM_KEY_SIZE),))
        keys = given if isinstance(given, cls) else cls(tuple(map(_key_bytes, _listed(given))))
        keys._advise()
        return keys

    def _advise(self) -> None:
        short = sum(len(key) < SHORT_KEY_SIZE for key in self.keys)
        if short:
            event_log().warning("advice.given", code="cursor_key_short", keys=short)


KeySource = CursorKeys | str | bytes | Sequence[str | bytes]
"""What keys can be given as; see `CursorKeys.of`."""


def _listed(given: object) -> Sequence[object]:
    if isinstance(given, str | bytes):
        return (given,)
    if isinstance(given, Sequence) and not isinstance(given, bytearray | memoryview):
        return given
    raise ConfigurationError(
        f"cursor keys are a text, bytes, several of them, or CursorKeys, not {type(given).__name__}"
    )


def _key_bytes(key: object) -> bytes:
    # What is neither is refused by the constructor, with its place among the keys.
    return key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key  # type: ignore[return-value]


def _check_key(key: object, number: int) -> None:
    if not isinstance(key, bytes):
        raise ConfigurationError(f"cursor key {number} is text or bytes, not {type(key).__name__}")
    if not key:
        raise ConfigurationError(f"cursor key {number} is empty; a key is at least {SHORT_KEY_SIZE} bytes")


def _is_time(lifetime: object) -> bool:
    return isinstance(lifetime, timedelta) and lifetime > timedelta(0)
