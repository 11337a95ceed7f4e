"""A copy that the operating system kills, and that goes on: the target is as after an undisturbed one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from persistence import DynamoStore, MemoryStore, Store
from persistence.attributes import Item, comparable
from persistence.mapping import mapping_of
from persistence.operations import ScanPage
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS, client_for
from tests.evolution.movies import ACCESS_KEY, FilmMapping, copy, fill

MOVIES = 4609
PAGES = 45
"""Fewer than a pass has."""


@pytest.fixture
def store(dynamodb_local: str) -> Iterator[Store]:
    client = client_for(dynamodb_local, access_key_id=ACCESS_KEY)
    store = DynamoStore(client, limits=DYNAMODB_LOCAL_2020_LIMITS)
    fill(store)
    yield store
    client.close()


@pytest.fixture
def undisturbed() -> dict[object, object]:
    """What an undisturbed run leaves, in memory."""
    store = MemoryStore(auto_create=False)
    fill(store)
    report = copy(store, None)
    assert (report.read, report.written, report.failed, report.settled) == (MOVIES, MOVIES, 0, True)
    return contents(store)


def contents(store: Store) -> dict[object, object]:
    table, start = mapping_of(FilmMapping).table, None
    found: dict[object, object] = {}
    while True:
        page = store.perform(ScanPage(table, consistent=True, start=start))
        found |= {item["id"]["S"]: hashable(item) for item in page.items}
        start = page.last_key
        if start is None:
            return found


def hashable(item: Item) -> object:
    return comparable({"M": item})


def run(endpoint: str, checkpoint: Path, *, pages: int | None) -> str:
    """Run the copy in a process of its own, and kill it after so many pages; give what it said last."""
    command = [sys.executable, "-m", "tests.evolution.movies", endpoint, str(checkpoint)]
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for number, line in enumerate(process.stdout, 1):
            last = line.strip()
            if number == pages:
                process.kill()
                break
    return last


@pytest.mark.slow
def test_a_killed_copy_that_goes_on_leaves_what_an_undisturbed_one_does(
    store: Store, undisturbed: dict[object, object], dynamodb_local: str, tmp_path: Path
) -> None:
    chance, checkpoint = Random(1), tmp_path / "copy.checkpoint"
    for _ in range(2):
        run(dynamodb_local, checkpoint, pages=chance.randrange(1, PAGES // 2))
        assert 0 < len(contents(store)) < MOVIES
        assert checkpoint.exists()
    said = run(dynamodb_local, checkpoint, pages=None)
    assert said.startswith(f"{MOVIES:,} read")
    assert contents(store) == undisturbed
    assert not checkpoint.exists()
