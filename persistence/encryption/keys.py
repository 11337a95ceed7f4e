"""What gives data keys, and a ring of keys that the application brings itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from persistence.encryption.cipher import KEY_SIZE, Cipher
from persistence.errors import ConfigurationError

KEY_ID_LIMIT = 2048
"""Bytes of the name of a key, as KMS has it (API reference, Decrypt: KeyId)."""


class KeyName(NamedTuple):
    """Which data key sealed something.

    Attributes:
        key_id: the name of the key, or of the key that wraps it.
        wrapped: the data key itself, encrypted; empty where the name alone is enough.
    """

    key_id: str
    wrapped: bytes = b""


class DataKey:
    """A key that seals and opens values; it is not shown.

    Args:
        name: how what it sealed tells it.
        key: 32 bytes.
    """

    __slots__ = ("cipher", "name")

    def __init__(self, name: KeyName, key: bytes) -> None:
        self.name = name
        self.cipher = Cipher(key)

    def __repr__(self) -> str:
        return f"DataKey({self.name.key_id!r})"

    def __reduce__(self) -> str:
        raise TypeError("data keys are not pickled")


class NoSuchKey(LookupError):
    """The key that sealed something is not known, or does not fit; the text says which."""


class Keys(Protocol):
    """Gives data keys. It may be asked by any number of threads at once."""

    def at_hand(
        self, table: str, name: KeyName | None = None, *, uses: int = 1, size: int = 0
    ) -> DataKey | None:
        """Give a key without waiting for anything; None where it has to be obtained.

        Args:
            table: the table whose values it is for.
            name: the key that sealed something; None for the one that seals now.
            uses: how many values it is to seal.
            size: bytes of them.

        Raises:
            NoSuchKey: there is no such key, nor can it be obtained.
        """
        ...

    def obtain(self, table: str, name: KeyName | None = None, *, uses: int = 1, size: int = 0) -> DataKey:
        """Give a key, if need be from elsewhere, which takes a while.

        Raises:
            NoSuchKey: there is no such key.
            StoreError: it could not be got.
        """
        ...


class LocalKeyRing:
    """Keys that the application brings itself, by names of its own.

    To change the key, add a new one and name it as the current one. The old one is needed for as long as
    something is stored that it sealed.

    Args:
        keys: name -> 32 random bytes. Names are stored beside what they seal, in the clear.
        current: the name of the key that seals.

    Raises:
        ConfigurationError: a key is not 32 bytes, a name can't be stored, or the current one is unknown.
    """

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        for name, key in keys.items():
            _check(name, key)
        if current not in keys:
            raise ConfigurationError(
                f"the current key is {current!r}, which the ring does not have; it has {', '.join(keys)}"
            )
        self._keys = {name: DataKey(KeyName(name), key) for name, key in keys.items()}
        self._current = self._keys[current]

    def __repr__(self) -> str:
        return f"LocalKeyRing(<{len(self._keys)} keys>, current={self._current.name.key_id!r})"

    def at_hand(self, table: str, name: KeyName | None = None, *, uses: int = 1, size: int = 0) -> DataKey:
        """Give a key; see `Keys`."""
        if name is None:
            return self._current
        found = self._keys.get(name.key_id)
        if found is None or name.wrapped:
            raise NoSuchKey("no key of the ring")
        return found

    def obtain(self, table: str, name: KeyName | None = None, *, uses: int = 1, size: int = 0) -> DataKey:
        """Do the same as `at_hand`: all keys are here."""
        return self.at_hand(table, name)


def _check(name: object, key: object) -> None:
    if not isinstance(name, str) or not 1 <= len(name.encode(errors="replace")) <= KEY_ID_LIMIT:
        raise ConfigurationError(f"the name of a key is a text of 1 to {KEY_ID_LIMIT} bytes")
    if not isinstance(key, bytes) or len(key) != KEY_SIZE:
        found = f"{len(key)} bytes" if isinstance(key, bytes) else type(key).__name__
        raise ConfigurationError(
            f"the key {name!r} is {found}; a key is {KEY_SIZE} random bytes, as of secrets.token_bytes(32)"
        )
