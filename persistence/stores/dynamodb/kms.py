"""Data keys from AWS's Key Management Service, cached."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004

from persistence.encryption import DataKey, KeyName, NoSuchKey
from persistence.encryption.cipher import KEY_SIZE
from persistence.errors import ConfigurationError, KeyRefused, KeyUnavailable, StoreError
from persistence.stores.dynamodb.failures import THROTTLING
from persistence.stores.dynamodb.sessions import make_session

TABLE_CONTEXT = "persistence:table"
"""The entry of the encryption context that names the table."""

_PASSING = THROTTLING | {
    "DependencyTimeoutException",
    "KeyUnavailableException",
    "KMSInternalException",
    "LimitExceededException",
}
"""Codes of failures that pass (KMS API reference, GenerateDataKey and Decrypt, "Errors")."""
_NOT_OURS = frozenset({"IncorrectKeyException", "InvalidCiphertextException"})
"""Codes that say that a data key was not wrapped by this key, or for another table."""


@dataclass(slots=True)
class _Sealing:
    """The data key that seals now, and what is left for it to seal."""

    key: DataKey
    until: float
    uses: int
    size: int


class KmsKeys:
    """Data keys of 256 bits that KMS makes and wraps with one of its keys (`GenerateDataKey`, `Decrypt`).

    Each table has data keys of its own: its name is part of the encryption context. A data key is stored,
    wrapped, beside each value that it sealed, so that a value of any age can be read by whoever may use the
    KMS key. In between it is kept in memory, and used for a while without asking KMS again.

    Args:
        key_id: the KMS key, best by its ARN: an alias may be pointed at another key, which then does not
            unwrap what the first one wrapped.
        client: a boto3 client for "kms"; None makes one.
        cache_seconds: how long a data key is used, to seal and to open; 0 asks KMS each time.
        max_uses: how many values a data key seals.
        max_bytes: how many bytes it seals.
        max_keys: how many data keys are kept to open with; the one that was used longest ago is forgotten.
        also: other KMS keys whose data keys are opened, such as one that was used before.
        context: more entries of the encryption context; they are seen in CloudTrail.
        clock: gives seconds that only grow.

    Raises:
        ConfigurationError: a setting that can't be.
    """

    def __init__(
        self,
        key_id: str,
        client: BaseClient | None = None,
        cache_seconds: float = 300.0,
        max_uses: int = 100_000,
        *,
        max_bytes: int = 1 << 30,
        max_keys: int = 1000,
        also: Iterable[str] = (),
        context: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not isinstance(key_id, str) or not key_id:
            raise ConfigurationError("key_id is the ARN, id or alias of a KMS key")
        if cache_seconds < 0 or min(max_uses, max_bytes, max_keys) < 1:
            raise ConfigurationError(
                "cache_seconds is not negative; max_uses, max_bytes and max_keys are over 0"
            )
        self._key_id = key_id
        self._known = frozenset((key_id, *also))
        self._given = client
        self._cache_seconds = cache_seconds
        self._most = max_uses, max_bytes
        self._max_keys = max_keys
        self._context = dict(context or {})
        self._clock = clock
        self._lock = threading.Lock()
        self._turns: dict[object, threading.Lock] = {}
        self._sealing: dict[str, _Sealing] = {}
        self._opening: OrderedDict[tuple[str, KeyName], tuple[DataKey, float]] = OrderedDict()

    def __repr__(self) -> str:
        return f"KmsKeys({self._key_id!r})"

    def at_hand(
        self, table: str, name: KeyName | None = None, *, uses: int = 1, size: int = 0
    ) -> DataKey | None:
        """Give a data key that is kept; see `persistence.encryption.Keys`."""
        if name is not None and (name.key_id not in self._known or not name.wrapped):
            raise NoSuchKey("no KMS key that is known")
        now = self._clock()
        with self._lock:
            if name is not None:
                return self._kept(table, name, now)
            current = self._sealing.get(table)
            if current is None or current.until <= now or uses > current.uses or size > current.size:
                return None
            current.uses -= uses
            current.size -= size
            return current.key

    def obtain(self, table: str, name: KeyName | None = None, *, uses: int = 1, size: int = 0) -> DataKey:
        """Give a data key, from KMS where it is not kept; see `persistence.encryption.Keys`.

        Raises:
            KeyUnavailable: KMS did not answer, or asks for patience.
            KeyRefused: it refuses the key.
        """
        with self._turn((table, name)):
            known = self.at_hand(table, name, uses=uses, size=size)
            if known is not None:
                return known
            return self._made(table, uses, size) if name is None else self._unwrapped(table, name)

    def _turn(self, of: object) -> threading.Lock:
        """Give the lock under which a key is got, so that many who need it ask KMS once."""
        with self._lock:
            if len(self._turns) > self._max_keys:
                self._turns.clear()
            return self._turns.setdefault(of, threading.Lock())

    def _kept(self, table: str, name: KeyName, now: float) -> DataKey | None:
        found = self._opening.get((table, name))
        if found is None or found[1] <= now:
            self._opening.pop((table, name), None)
            return None
        self._opening.move_to_end((table, name))
        return found[0]

    def _made(self, table: str, uses: int, size: int) -> DataKey:
        answer = self._ask(
            "generate_data_key", KeyId=self._key_id, NumberOfBytes=KEY_SIZE, EncryptionContext=self._of(table)
        )
        key = DataKey(KeyName(self._key_id, bytes(answer["CiphertextBlob"])), bytes(answer["Plaintext"]))
        until = self._clock() + self._cache_seconds
        most_uses, most_bytes = self._most
        with self._lock:
            self._sealing[table] = _Sealing(key, until, most_uses - uses, most_bytes - size)
        self._keep(table, key, until)
        return key

    def _unwrapped(self, table: str, name: KeyName) -> DataKey:
        answer = self._ask(
            "decrypt",
            KeyId=name.key_id,
            CiphertextBlob=name.wrapped,
            EncryptionContext=self._of(table),
        )
        key = DataKey(name, bytes(answer["Plaintext"]))
        self._keep(table, key, self._clock() + self._cache_seconds)
        return key

    def _keep(self, table: str, key: DataKey, until: float) -> None:
        with self._lock:
            self._opening[table, key.name] = key, until
            while len(self._opening) > self._max_keys:
                self._opening.popitem(last=False)

    def _of(self, table: str) -> dict[str, str]:
        return {**self._context, TABLE_CONTEXT: table}

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client, method)(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise _translated(error, self._key_id) from error
        return answer

    @property
    def _client(self) -> BaseClient:
        with self._lock:
            if self._given is None:
                retries: Any = {"mode": "standard", "total_max_attempts": 3}
                config = Config(connect_timeout=2.0, read_timeout=5.0, retries=retries)
                self._given = make_session().create_client("kms", config=config)
            return self._given


def _translated(error: ClientError | BotoCoreError, key_id: str) -> StoreError | NoSuchKey:
    if not isinstance(error, ClientError):
        if isinstance(error, HTTPClientError | ConnectionError):
            return KeyUnavailable(f"KMS did not answer ({type(error).__name__})", code=type(error).__name__)
        return KeyRefused(f"KMS can't be asked for a data key of {key_id!r}: {error}")
    response: Any = error.response
    code = str(response.get("Error", {}).get("Code", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _NOT_OURS:
        return NoSuchKey("no data key of this KMS key and table")
    if code in _PASSING or status >= 500:
        return KeyUnavailable(f"KMS gives no data key of {key_id!r} just now: {code}", code=code)
    return KeyRefused(
        f"KMS refuses a data key of {key_id!r}: {code}. Allow kms:GenerateDataKey and "
        "kms:Decrypt, and see that the key is enabled",
        code=code,
    )
