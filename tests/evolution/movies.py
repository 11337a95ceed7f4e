"""4,609 movies under an older and a newer mapping. Run as a program, it copies from one to the other."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.resources import files
from typing import Any

from persistence import (
    DynamoStore,
    GlobalIndex,
    Key,
    MappingSchema,
    Repository,
    SchemaService,
    Store,
    UnitOfWork,
)
from persistence.schema.evolution import EvolutionReport
from persistence.schema.progress import Progress
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS, client_for

ACCESS_KEY = "movies"
BATCH = 100
"""So that there are not too many checkpoints to be written."""


@dataclass
class Movie:
    year: int
    title: str
    info: dict[str, Any] = field(default_factory=dict)


class MovieMapping(MappingSchema[Movie]):
    class Meta:
        table = "movies"
        key = Key("year", "title")


@dataclass
class Film:
    id: str
    title: str
    year: int
    rank: int
    rating: Decimal | None = None
    directors: list[str] = field(default_factory=list)
    genres: set[str] = field(default_factory=set)
    plot: str | None = None


class FilmMapping(MappingSchema[Film]):
    class Meta:
        table = "films"
        key = Key("id")
        indexes = (GlobalIndex("by-year", Key("year", "rank")),)


def movies() -> Iterator[Movie]:
    archive = files("domain_example") / "data" / "moviedata.json.gz"
    for entry in json.loads(gzip.decompress(archive.read_bytes()), parse_float=Decimal):
        yield Movie(entry["year"], entry["title"], entry["info"])


def film_of(movie: Movie) -> Film:
    info = movie.info
    return Film(
        f"{movie.title} ({movie.year})",
        movie.title,
        movie.year,
        info["rank"],
        info.get("rating"),
        info.get("directors", []),
        set(info.get("genres", [])),
        info.get("plot"),
    )


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def fill(store: Store) -> None:
    SchemaService(store, [MovieMapping]).ensure_tables()
    with Repository(MovieMapping, UnitOfWork(store)).bulk(overwrite=True) as bulk:
        for movie in movies():
            bulk.save(movie)


def copy(store: Store, checkpoint: str | None) -> EvolutionReport:
    def tell(progress: Progress) -> None:
        say(f"{progress.activity} {progress.done}")

    service = SchemaService(store, [MovieMapping])
    return service.evolve(
        MovieMapping,
        target=FilmMapping,
        convert=film_of,
        batch_size=BATCH,
        segments=4,
        checkpoint=checkpoint,
        progress=tell,
    )


if __name__ == "__main__":
    endpoint, path = sys.argv[1:]
    client = client_for(endpoint, access_key_id=ACCESS_KEY)
    say(str(copy(DynamoStore(client, limits=DYNAMODB_LOCAL_2020_LIMITS), path)))
