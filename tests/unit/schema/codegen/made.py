"""Tables with items, and the modules that are generated from them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from types import ModuleType
from typing import Any

from persistence import MappingSchema, MemoryStore, SchemaService, Table
from persistence.attributes import AttributeValue, Item, same
from persistence.mapping import mapping_of
from persistence.operations import CreateTable, PutItem
from persistence.schema.codegen import Sample, Wishes, generated

_numbers = count(1)


def s(text: str) -> AttributeValue:
    return {"S": text}


def n(number: object) -> AttributeValue:
    return {"N": str(number)}


NULL: AttributeValue = {"NULL": True}


def store_with(table: Table, items: Iterable[Item]) -> MemoryStore:
    store = MemoryStore(auto_create=False)
    store.perform(CreateTable(table))
    for item in items:
        store.perform(PutItem(table, item))
    return store


def service_with(table: Table, items: Iterable[Item]) -> SchemaService:
    return SchemaService(store_with(table, items))


def text_of(table: Table, *items: Item, **wishes: Any) -> str:
    return generated(Sample(table, items), Wishes(**wishes))


@contextmanager
def module_of(text: str) -> Iterator[ModuleType]:
    """Import a generated module, as an application would."""
    module = ModuleType(f"generated_{next(_numbers)}")
    sys.modules[module.__name__] = module
    try:
        exec(compile(text, module.__name__, "exec"), module.__dict__)
        yield module
    finally:
        del sys.modules[module.__name__]


def mapping_for(item: Item, module: ModuleType) -> type[MappingSchema[Any]]:
    """Find the mapping that an item is of: that of its mark, or the one whose keys are of its form."""
    found: list[type[MappingSchema[Any]]] = []
    for schema in module.MAPPINGS:
        mark = mapping_of(schema).discriminator
        if mark is not None and item.get(mark[0]) != mark[1]:
            continue
        try:
            if not changes(item, schema):
                found.append(schema)
        except Exception:  # noqa: BLE001  # of another type
            continue
    assert found, "no mapping reads and writes it"
    return found[0]


def changes(item: Item, schema: type[MappingSchema[Any]]) -> dict[str, object]:
    """Read and write an item, and give what came out otherwise."""
    written = schema.codec.encode(schema.codec.decode(item))
    names = {*item, *written}
    return {name: written.get(name) for name in names if not same(item.get(name), written.get(name))}


def assert_lossless(text: str, items: Iterable[Mapping[str, AttributeValue]]) -> None:
    with module_of(text) as module:
        for item in items:
            mapping_for(dict(item), module)
