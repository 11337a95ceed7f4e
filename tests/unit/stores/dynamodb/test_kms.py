"""Data keys from KMS: made and unwrapped there, cached here, and failures that say what to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from moto import mock_aws

from persistence.encryption import KeyName, NoSuchKey
from persistence.errors import ConfigurationError, DecryptionFailed, KeyRefused, KeyUnavailable
from persistence.expressions import Path, Set, Value
from persistence.operations import GetItem, PutItem, UpdateItem
from persistence.stores.dynamodb import KmsKeys
from persistence.stores.layers import Encrypting, layered
from persistence.stores.layers.sealing import bare
from persistence.stores.memory import MemoryStore
from tests.unit.stores.layers.test_encrypting import TABLE, key


class Kms:
    """Counts what is asked of a client, and fails once it is told to."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[str] = []
        self.failure: Exception | None = None

    def generate_data_key(self, **parameters: Any) -> Any:
        return self._asked("generate_data_key", parameters)

    def decrypt(self, **parameters: Any) -> Any:
        return self._asked("decrypt", parameters)

    def _asked(self, name: str, parameters: dict[str, Any]) -> Any:
        self.calls.append(name)
        if self.failure is not None:
            raise self.failure
        return getattr(self._client, name)(**parameters)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("kms", "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture(scope="module")
def arn(client: Any) -> str:
    made: str = client.create_key()["KeyMetadata"]["Arn"]
    return made


@pytest.fixture
def kms(client: Any) -> Kms:
    return Kms(client)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class TestKeys:
    def test_seal_and_open_by_way_of_kms(self, kms: Kms, arn: str) -> None:
        memory = MemoryStore()
        put = PutItem(TABLE, {**key(), "email": {"S": "x"}})
        layered(memory, Encrypting(KmsKeys(arn, kms))).perform(put)  # type: ignore[arg-type]

        fresh = layered(memory, Encrypting(KmsKeys(arn, kms)))  # type: ignore[arg-type]
        assert fresh.perform(GetItem(TABLE, key())).item == put.item
        assert kms.calls == ["generate_data_key", "decrypt"]

    def test_are_asked_for_once_in_a_while(self, kms: Kms, arn: str, clock: Clock) -> None:
        keys = KmsKeys(arn, kms, cache_seconds=300, clock=clock)  # type: ignore[arg-type]
        first = keys.obtain("t")

        assert keys.at_hand("t") is first
        assert keys.at_hand("t", first.name) is first
        clock.now = 300
        assert keys.at_hand("t") is None
        assert keys.at_hand("t", first.name) is None
        assert keys.obtain("t").name != first.name
        assert keys.obtain("t", first.name).name == first.name

    def test_seal_so_much_and_no_more(self, kms: Kms, arn: str) -> None:
        keys = KmsKeys(arn, kms, max_uses=5, max_bytes=100)  # type: ignore[arg-type]
        first = keys.obtain("t", uses=3, size=10)

        assert keys.at_hand("t", uses=3) is None
        assert keys.at_hand("t", uses=1, size=91) is None
        assert keys.at_hand("t", uses=2, size=90) is first
        assert keys.at_hand("t") is None

    def test_are_kept_up_to_a_number(self, kms: Kms, arn: str) -> None:
        keys = KmsKeys(arn, kms, max_keys=2)  # type: ignore[arg-type]
        names = {table: keys.obtain(table).name for table in ("a", "b", "c")}

        kept = [table for table, name in names.items() if keys.at_hand(table, name) is not None]
        assert kept == ["b", "c"]

    def test_are_got_once_for_all_that_wait(self, kms: Kms, arn: str) -> None:
        keys = KmsKeys(arn, kms)  # type: ignore[arg-type]
        gate = threading.Barrier(8)

        def obtain(_: int) -> Any:
            gate.wait()
            return keys.obtain("t")

        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(obtain, range(8)))

        assert len(found) == 1
        assert kms.calls == ["generate_data_key"]

    def test_belong_to_their_table(self, kms: Kms, arn: str) -> None:
        """KMS itself unwraps a data key for the table only that it was made for."""
        name = KmsKeys(arn, kms).obtain("orders").name  # type: ignore[arg-type]

        with pytest.raises(NoSuchKey):
            KmsKeys(arn, kms).obtain("customers", name)  # type: ignore[arg-type]

    def test_of_strangers_are_never_asked_for(self, kms: Kms, client: Any, arn: str) -> None:
        """Who can write the table could name a KMS key of his own, under which he can forge values."""
        other = client.create_key()["KeyMetadata"]["Arn"]
        name = KmsKeys(other, kms).obtain("t").name  # type: ignore[arg-type]
        kms.calls.clear()

        for unknown in (name, KeyName(arn)):
            with pytest.raises(NoSuchKey):
                KmsKeys(arn, kms).at_hand("t", unknown)  # type: ignore[arg-type]
        assert kms.calls == []
        assert KmsKeys(arn, kms, also=[other]).obtain("t", name).name == name  # type: ignore[arg-type]

    def test_are_not_shown(self, kms: Kms, arn: str) -> None:
        keys = KmsKeys(arn, kms)  # type: ignore[arg-type]
        assert repr(keys) == f"KmsKeys({arn!r})"
        assert repr(keys.obtain("t")) == f"DataKey({arn!r})"

    @pytest.mark.parametrize(
        "settings", [{"cache_seconds": -1}, {"max_uses": 0}, {"max_bytes": 0}, {"max_keys": 0}], ids=str
    )
    def test_refuse_settings_that_cannot_be(self, settings: Any) -> None:
        with pytest.raises(ConfigurationError):
            KmsKeys("arn", **settings)
        with pytest.raises(ConfigurationError):
            KmsKeys("")


def refusal(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "GenerateDataKey",
    )


class TestFailures:
    @pytest.mark.parametrize(
        ("failure", "kind"),
        [
            (refusal("ThrottlingException"), KeyUnavailable),
            (refusal("KMSInternalException", 500), KeyUnavailable),
            (refusal("Whatever", 503), KeyUnavailable),
            (EndpointConnectionError(endpoint_url="https://kms"), KeyUnavailable),
            (refusal("AccessDeniedException"), KeyRefused),
            (refusal("DisabledException"), KeyRefused),
            (refusal("NotFoundException"), KeyRefused),
            (NoCredentialsError(), KeyRefused),
        ],
        ids=lambda each: each.__name__ if isinstance(each, type) else str(each)[:60],
    )
    def test_say_whether_to_try_again(self, kms: Kms, failure: Exception, kind: type[Exception]) -> None:
        kms.failure = failure
        store = layered(MemoryStore(), Encrypting(KmsKeys("arn:of-key", kms)))  # type: ignore[arg-type]

        with pytest.raises(kind, match="KMS") as caught:
            store.perform(PutItem(TABLE, {**key(), "email": {"S": "canary"}}))
        assert caught.value.__cause__ is failure
        assert "canary" not in str(caught.value)
        assert getattr(caught.value, "retryable", None) is (kind is KeyUnavailable)
        assert not getattr(caught.value, "ambiguous", False)

    def test_of_a_key_for_another_table_are_failed_decryptions(self, kms: Kms, arn: str) -> None:
        kms.failure = None
        memory = MemoryStore()
        store = layered(memory, Encrypting(KmsKeys(arn, kms)))  # type: ignore[arg-type]
        store.perform(PutItem(TABLE, {**key(), "email": {"S": "x"}}))
        kms.failure = refusal("InvalidCiphertextException")
        other = layered(memory, Encrypting(KmsKeys(arn, kms)))  # type: ignore[arg-type]

        with pytest.raises(DecryptionFailed) as caught:
            other.perform(GetItem(TABLE, key()))
        assert caught.value.key_id == arn

    def test_after_a_write_took_effect_leave_it_in_doubt(self, kms: Kms, arn: str) -> None:
        """A write must not be told as refused, or repeated, because what it returned can't be read."""
        memory = MemoryStore()
        layered(memory, Encrypting(KmsKeys(arn, kms))).perform(  # type: ignore[arg-type]
            PutItem(TABLE, {**key(), "email": {"S": "x"}})
        )
        kms.failure = refusal("ThrottlingException")
        other = layered(memory, Encrypting(KmsKeys(arn, kms)))  # type: ignore[arg-type]
        update = UpdateItem(TABLE, key(), (Set(Path.of("name"), Value({"S": "n"})),), returning="new")

        with pytest.raises(KeyUnavailable) as caught:
            other.perform(update)
        assert caught.value.ambiguous
        item = memory.perform(GetItem(bare(TABLE), key())).item
        assert item is not None
        assert item["name"] == {"S": "n"}
