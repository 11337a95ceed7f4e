"""Encrypted attributes of tenants' items: bound to the key that is stored, in the one order that does so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from persistence import Key, MappingSchema, MemoryStore, Repository, UnitOfWork, fields
from persistence.encryption import LocalKeyRing
from persistence.errors import ConfigurationError, DecryptionFailed
from persistence.expressions import Path, Set, Value
from persistence.operations import GetItem, UpdateItem
from persistence.store import Store
from persistence.stores.layers import Encrypting, layered, reencrypt, reencrypt_async
from persistence.stores.memory import AsyncMemoryStore
from persistence.table import Table
from persistence.testing.recordings import Recorder

STORED = Table("patients", "id")
OLD = LocalKeyRing({"old": b"o" * 32}, current="old")
BOTH = LocalKeyRing({"old": b"o" * 32, "new": b"n" * 32}, current="new")
NEW = LocalKeyRing({"new": b"n" * 32}, current="new")


@dataclass
class Patient:
    id: str
    finding: str = ""
    ward: str = ""
    version: int = 0


class PatientMapping(MappingSchema[Patient]):
    class Meta:
        table = "patients"
        key = Key("id")
        tenant_scoped = True

    finding = fields.Encrypted()
    version = fields.Version()


def repository(store: Store) -> Repository[Patient]:
    return Repository(PatientMapping, UnitOfWork(store, scan_policy="allow"))


def of_tenant(table: MemoryStore, name: str, keys: LocalKeyRing = OLD) -> Repository[Patient]:
    return repository(layered(table, Encrypting(keys)).for_tenant(name))


def filled() -> MemoryStore:
    table = MemoryStore()
    for name in ("acme", "globex"):
        of_tenant(table, name).add(Patient("1", f"finding of {name}"))
    return table


def test_a_value_of_another_tenant_does_not_decrypt() -> None:
    """Both know their item as "1"; what is stored tells them apart."""
    table = filled()
    theirs = table.perform(GetItem(STORED, {"id": {"S": "acme#1"}})).item
    assert theirs is not None
    steal = Set(Path.of("finding"), Value(theirs["finding"]))
    table.perform(UpdateItem(STORED, {"id": {"S": "globex#1"}}, (steal,)))

    with pytest.raises(DecryptionFailed):
        of_tenant(table, "globex").get("1")
    assert of_tenant(table, "acme").get("1").finding == "finding of acme"


@pytest.mark.parametrize(
    "use",
    [
        lambda patients: patients.get("1"),
        lambda patients: patients.get_many(["1", "2"]),
        lambda patients: patients.scan().all(),
        lambda patients: patients.add(Patient("2", "plain")),
        lambda patients: patients.save(Patient("2")),
        lambda patients: patients.remove(Patient("1")),
        lambda patients: patients.patch("1").set("finding", "plain").execute(),
        lambda patients: patients.patch("1").set("ward", "b").execute(),
    ],
)
@pytest.mark.parametrize("tenant", [True, False], ids=["outside of a tenant's store", "without a tenant"])
def test_the_layer_outside_of_a_tenants_store_is_refused(
    use: Callable[[Repository[Patient]], object], tenant: bool
) -> None:
    """There it sees keys without the name, to which a value of any tenant would be bound alike."""
    recorder = Recorder()
    below = layered(filled(), recorder)
    patients = repository(layered(below.for_tenant("acme") if tenant else below, Encrypting(OLD)))

    with pytest.raises(ConfigurationError, match=r"layered\(store, Encrypting\(keys\)\)\.for_tenant"):
        use(patients)
    assert recorder.calls == ()


def test_all_tenants_are_encrypted_anew() -> None:
    table = filled()

    done = reencrypt(table, BOTH, PatientMapping)

    assert (done.read, done.changed, done.overtaken) == (2, 2, 0)
    for name in ("acme", "globex"):
        assert of_tenant(table, name, NEW).get("1") == Patient("1", f"finding of {name}")


def test_a_tenants_store_does_not_encrypt_anew() -> None:
    with pytest.raises(ConfigurationError, match="of tenant 'acme' was made from"):
        reencrypt(filled().for_tenant("acme"), BOTH, PatientMapping)
    with pytest.raises(ConfigurationError, match="of tenant 'acme' was made from"):
        asyncio.run(reencrypt_async(AsyncMemoryStore().for_tenant("acme"), BOTH, PatientMapping))
