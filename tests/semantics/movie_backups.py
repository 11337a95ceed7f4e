"""Backups of 4,609 movies on Amazon's local server.

Run as a program, this module exports or imports, and tells of each step, until it is done or killed.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from persistence import DynamoStore, GlobalIndex, Key, SchemaService, Store, Table
from persistence.attributes import AttributeValue, Item, number_text
from persistence.schema.progress import Progress
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS, client_for
from tests.unit.schema.portable.layers import Small

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

ROOT = Path(__file__).parents[2]
DATA = ROOT / "domain_example" / "data" / "moviedata.json.gz"
MOVIES = Table(
    "movies", "title", "year", (GlobalIndex("by-year", Key("year", "title")),), types={"year": "N"}
)
PART = 30_000


def movies() -> list[Item]:
    """Give all 4,609 movies as items."""
    with gzip.open(DATA, "rt", encoding="utf-8") as file:
        found = json.load(file, parse_float=Decimal)
    return [tagged(movie)["M"] for movie in found]


def tagged(value: Any) -> AttributeValue:
    match value:
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": number_text(value)}
        case list():
            return {"L": [tagged(part) for part in value]}
        case _:
            return {"M": {name: tagged(part) for name, part in value.items()}}


def store_over(client: DynamoDBClient) -> Store:
    """Give a store with small pages, so that there are many moments to be killed at."""
    return Small(DynamoStore(client, limits=DYNAMODB_LOCAL_2020_LIMITS), page=100)


def export(schema: SchemaService, folder: str, progress: Callable[[Progress], None]) -> None:
    schema.export_items(MOVIES, folder, part_bytes=PART, progress=progress)


def bring_back(schema: SchemaService, folder: str, progress: Callable[[Progress], None]) -> None:
    report = schema.import_items(folder, progress=progress)
    assert report.equal
    assert report.created
    assert report.written + report.unchanged == report.items


def overwrite(schema: SchemaService, folder: str, progress: Callable[[Progress], None]) -> None:
    assert schema.import_items(folder, overwrite=True, progress=progress).equal


JOBS = {"export": export, "import": bring_back, "overwrite": overwrite}


def work(job: str, endpoint: str, access_key_id: str, folder: str) -> None:
    """Do a job, and write a line for each step in which items are read or written."""
    schema = SchemaService(store_over(client_for(endpoint, access_key_id=access_key_id)))

    def tell(progress: Progress) -> None:
        if progress.activity in {"export table 'movies'", "import table 'movies'"}:
            print(progress.done, flush=True)  # noqa: T201

    JOBS[job](schema, folder, tell)


if __name__ == "__main__":
    work(*sys.argv[1:])
