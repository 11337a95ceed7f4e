"""`--tenant`: whose entities the command line reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from dependency_injector import providers

from persistence import Key, MappingSchema, MemoryStore, Repository, UnitOfWork
from persistence.cli.program import run
from persistence.container import PersistenceContainer
from persistence.stores.tenancy import for_tenant


@dataclass
class Thing:
    id: str
    name: str


class TenantsThingMapping(MappingSchema[Thing]):
    class Meta:
        table = "tenants-things"
        key = Key("id")
        tenant_scoped = True


def container() -> PersistenceContainer:
    store = MemoryStore()
    for tenant in ("acme", "globex"):
        Repository(TenantsThingMapping, UnitOfWork(for_tenant(store, tenant))).add(Thing("1", f"of {tenant}"))
    made = PersistenceContainer()
    made.store.override(providers.Object(store))
    made.mappings.override(providers.Object((TenantsThingMapping,)))
    return made


@pytest.fixture(autouse=True)
def _application(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PERSISTENCE_APP", f"{__name__}:container")


@pytest.mark.parametrize(
    "arguments",
    ["get Thing 1", "get Thing 1 --raw", "scan Thing", "scan Thing --raw", "query Thing \"id = '1'\""],
)
def test_entities_are_those_of_the_tenant(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = arguments.replace("\"id = '1'\"", "id='1'").split(" ")

    assert run(["--tenant", "acme", *words]) == 0

    shown = capsys.readouterr().out
    assert "of acme" in shown
    assert "globex" not in shown
    assert "acme#" not in shown


@pytest.mark.parametrize("words", [["get", "Thing", "1"], ["scan", "Thing"]])
def test_without_a_tenant_nothing_is_read(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) != 0

    ended = capsys.readouterr()
    assert "belong to tenants" in ended.err
    assert "of acme" not in ended.out


def test_a_name_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--tenant", "a#b", "get", "Thing", "1"]) != 0

    assert "the name of a tenant" in capsys.readouterr().err


def test_tables_need_no_tenant(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tables"]) == 0

    assert "tenants-things" in capsys.readouterr().out
