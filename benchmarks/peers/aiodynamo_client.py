"""aiodynamo over aiohttp: a client without models. What it finds becomes entities by hand here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import aiohttp
from aiodynamo.client import Client
from aiodynamo.credentials import Credentials, StaticCredentials
from aiodynamo.credentials import Key as AccessKey
from aiodynamo.expressions import F, HashKey
from aiodynamo.http.aiohttp import AIOHTTP
from aiodynamo.models import BatchWriteRequest
from aiodynamo.operations import Put
from yarl import URL

from benchmarks.peers.way import Way, ways_awaited
from benchmarks.service.models import PARTITION, Shape
from benchmarks.shapes import ENTITIES, Line, Simple, Status

NAME = "aiodynamo"


def ways(url: str) -> Iterator[Way]:
    """Give the ways to talk to a stub."""
    loop = asyncio.new_event_loop()
    session = loop.run_until_complete(_session())
    credentials: Credentials = StaticCredentials(AccessKey("testing", "testing"))
    client = Client(AIOHTTP(session), credentials, "us-east-1", URL(url), Decimal)

    def close() -> None:
        loop.run_until_complete(session.close())
        loop.close()

    yield from ways_awaited(NAME, loop, lambda shape: _jobs(client, shape), close)


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


def _values(entity: Any) -> dict[str, Any]:
    return {name: _value(value) for name, value in asdict(entity).items() if value is not None}


def _value(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case _:
            return value


def _loaded(shape: Shape) -> Callable[[Any], object]:
    kind = type(ENTITIES[shape.name])
    if shape.name == "simple":
        return lambda item: Simple(
            item["id"],
            item["name"],
            int(item["age"]),
            item["active"],
            item["balance"],
            datetime.fromisoformat(item["created_at"]),
        )
    if shape.name == "wide":
        return lambda item: kind(
            **{name: value if isinstance(value, str) else int(value) for name, value in item.items()}
        )
    return lambda item: kind(
        id=item["id"],
        customer_id=item["customer_id"],
        placed_at=datetime.fromisoformat(item["placed_at"]),
        status=Status(item["status"]),
        total=item["total"],
        lines=[
            Line(line["sku"], line["title"], int(line["quantity"]), line["price"]) for line in item["lines"]
        ],
        labels=item["labels"],
        tags=item.get("tags", set()),
        note=item.get("note"),
        discount=item.get("discount"),
        version=int(item.get("version", 0)),
    )


def _jobs(client: Client, shape: Shape) -> Iterator[tuple[str, Callable[[], Awaitable[object]]]]:
    table, load = client.table(shape.name), _loaded(shape)
    entity, entities = shape.entity(PARTITION, 0), shape.entities(100)
    key = {name: getattr(entity, name) for name in (shape.partition, shape.sort)}
    ((tag, content),) = shape.given.items()
    change = F(shape.changes).set(int(content) if tag == "N" else content)
    absent, present = F(shape.partition).does_not_exist(), F(shape.partition).exists()

    async def get() -> object:
        return load(await table.get_item(key))

    async def bulk() -> None:
        for start in range(0, len(entities), 25):
            items = [_values(each) for each in entities[start : start + 25]]
            await client.batch_write({shape.name: BatchWriteRequest(items_to_put=items)})

    def query(count: int) -> Callable[[], Awaitable[object]]:
        async def read() -> object:
            return [load(item) async for item in table.query(HashKey(shape.partition, str(count)))]

        return read

    def commit(count: int) -> Callable[[], Awaitable[object]]:
        async def write() -> None:
            puts = [Put(shape.name, _values(each), absent) for each in entities[:count]]
            await client.transact_write_items(puts, request_token="00000000-0000-0000-0000-000000000000")

        return write

    yield "get", get
    yield "put", lambda: table.put_item(_values(entity), condition=absent)
    yield "update", lambda: table.update_item(key, change, condition=present)
    yield "query 100", query(100)
    yield "query 1000", query(1000)
    for count in (10, 25, 100):
        yield f"commit of {count}", commit(count)
    yield "bulk of 100", bulk
