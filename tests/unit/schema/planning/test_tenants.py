"""Tables of tenants are planned, made and exported as any others: no live table knows of tenants."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from persistence import Key, MappingSchema, MemoryStore, SchemaService
from persistence.mapping import mapping_of


@dataclass
class Thing:
    id: str


class Plain(MappingSchema[Thing]):
    class Meta:
        table = "things"
        key = Key("id")


class Scoped(Plain):
    class Meta:
        tenant_scoped = True


def test_a_plan_is_the_same_with_tenants_and_without() -> None:
    plain, scoped = (SchemaService(MemoryStore(), [each]).plan() for each in (Plain, Scoped))

    assert scoped.fingerprint == plain.fingerprint
    assert json.loads(json.dumps(scoped.as_dict())) == json.loads(json.dumps(plain.as_dict()))


def test_a_table_that_was_made_without_tenants_is_as_declared_with_them() -> None:
    store = MemoryStore()
    SchemaService(store, [Plain]).ensure_tables()

    assert SchemaService(store, [Scoped]).plan().empty


def test_an_export_of_infrastructure_is_the_same() -> None:
    plain, scoped = (SchemaService(MemoryStore(), [each]) for each in (Plain, Scoped))

    for form in ("cloudformation", "terraform"):
        assert str(scoped.export(form)) == str(plain.export(form))


def test_its_table_is_told_from_the_same_without_tenants_by_readers_alone() -> None:
    table = mapping_of(Scoped).table

    assert table.structure == mapping_of(Plain).table.structure
    assert replace(table, time_to_live="x").tenant_scoped
