"""Scans that processes share, as a module of an application has them."""

from __future__ import annotations

import os
from dataclasses import dataclass

from persistence import DynamoStore, Key, MappingSchema, MemoryStore, Repository, UnitOfWork
from persistence.errors import EntityNotFound
from persistence.query import Query
from persistence.testing.servers import client_for

ENDPOINT = "PERSISTENCE_PART_SCANS_ENDPOINT"
COUNT = 500


@dataclass
class Parcel:
    id: str
    grams: int
    label: bytes = b""


class ParcelMapping(MappingSchema[Parcel]):
    class Meta:
        table = "parcels"
        key = Key("id")


def parcels(store: MemoryStore | DynamoStore) -> Repository[Parcel]:
    return Repository(ParcelMapping, UnitOfWork(store))


def fill(repository: Repository[Parcel]) -> None:
    with repository.bulk() as bulk:
        for number in range(COUNT):
            bulk.add(Parcel(f"p-{number}", number, b"\x00\xff" * 50))


def heavy_in_memory() -> Query[Parcel]:
    """Give the scan of a table that each process makes for itself, the same everywhere."""
    repository = parcels(MemoryStore(auto_create=True))
    fill(repository)
    return repository.scan(lambda parcel: parcel.grams >= 100)


def store_at_the_service() -> DynamoStore:
    return DynamoStore(client_for(os.environ[ENDPOINT], access_key_id="parcels"))


def heavy_at_the_service() -> Query[Parcel]:
    return parcels(store_at_the_service()).scan(lambda parcel: parcel.grams >= 100)


def of_a_key() -> Query[Parcel]:
    return parcels(MemoryStore(auto_create=True)).query(lambda parcel: parcel.id == "p-1")


def limited() -> Query[Parcel]:
    return heavy_in_memory().limit(3)


def grams(part: Query[Parcel]) -> int:
    total: int = part.sum(lambda parcel: parcel.grams)
    return total


def failing(part: Query[Parcel]) -> int:
    raise EntityNotFound(Parcel, [("p-1",)])


def process_of(part: Query[Parcel]) -> int:
    return os.getpid()
