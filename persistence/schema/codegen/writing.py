"""The text of a generated module: imports, classes, mappings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from token import NAME
from tokenize import generate_tokens
from types import MappingProxyType

from persistence.schema.codegen.declaring import (
    MISSING,
    comments,
    dataclass_lines,
    declarations,
    enum_lines,
    mapped_records,
    nested_mapping,
)
from persistence.schema.codegen.entities import Entity
from persistence.schema.codegen.kinds import Enumeration, Record
from persistence.schema.codegen.names import literal
from persistence.schema.codegen.source import INDENT, WIDTH, Call, Group, Source, call, laid_out, several
from persistence.table import DEFAULT_DISCRIMINATOR, GlobalIndex, Index, Key, Table

_HOMES = MappingProxyType(
    {
        "dataclasses": ("dataclass", "field"),
        "datetime": ("date", "datetime"),
        "decimal": ("Decimal",),
        "enum": ("Enum",),
        "typing": ("Any",),
        "uuid": ("UUID",),
        "persistence": ("GlobalIndex", "Key", "LocalIndex", "MappingSchema", "Projection", "Table", "fields"),
    }
)


@dataclass(frozen=True, slots=True)
class Module:
    """What a generated module says.

    Attributes:
        doc: the lines of its docstring.
        table: the table; without the indexes that can't be declared.
        shared: whether the table is declared by itself, rather than by its only mapping.
        discriminator: the attribute that names entity types, where mappings write it.
        enumerations, records: classes that entities hold, inner ones first.
        entities: the entity types.
        notes: what is uncertain about the table.
    """

    doc: Sequence[str]
    table: Table
    shared: bool
    discriminator: str | None
    enumerations: Sequence[Enumeration]
    records: Sequence[Record]
    entities: Sequence[Entity]
    notes: Sequence[str] = ()

    def text(self) -> str:
        """Write the module."""
        blocks = [enum_lines(each) for each in self.enumerations]
        classes = [*self.records, *(entity.record for entity in self.entities)]
        if any(field.missing for each in classes for field in each.fields):
            blocks.append(MISSING)
        blocks += [dataclass_lines(each) for each in classes]
        if self.shared:
            blocks.append(self._table())
        mapped = mapped_records(classes)
        blocks += [nested_mapping(each) for each in self.records if each.name in mapped]
        blocks += [self._mapping(each) for each in self.entities]
        names = tuple(f"{entity.record.name}Mapping" for entity in self.entities)
        blocks.append(laid_out("MAPPINGS = ", several(names)))
        body = "\n\n\n".join("\n".join(block) for block in blocks)
        head = ['"""' + self.doc[0], *self.doc[1:], '"""'] if len(self.doc) > 1 else [f'"""{self.doc[0]}"""']
        return (
            "\n".join([*head, "", "from __future__ import annotations", "", *_imports(body), "", ""])
            + f"\n{body}\n"
        )

    def _table(self) -> list[str]:
        table = self.table
        types = {name: kind for name, kind in table.key_types.items() if kind != "S"}
        discriminator: str | None = None
        if any(entity.sources for entity in self.entities) and self.discriminator != DEFAULT_DISCRIMINATOR:
            discriminator = "None" if self.discriminator is None else literal(self.discriminator)
        declared = call(
            "Table",
            literal(table.name),
            partition=literal(table.partition),
            sort=None if table.sort is None else literal(table.sort),
            indexes=several(_index(each, str) for each in table.indexes) if table.indexes else None,
            types=Group(tuple((literal(name), literal(kind)) for name, kind in types.items()), braces=True)
            if types
            else None,
            time_to_live=None if table.time_to_live is None else literal(table.time_to_live),
            discriminator=discriminator,
        )
        return [*comments(self.notes, ""), *laid_out("TABLE = ", declared)]

    def _mapping(self, entity: Entity) -> list[str]:
        name = entity.record.name
        lines = [f"class {name}Mapping(MappingSchema[{name}]):", f"{INDENT}class Meta:"]
        inside = INDENT * 2
        if self.shared:
            lines.append(f"{inside}table = TABLE")
        else:
            lines += [*comments(self.notes, inside), f"{inside}table = {literal(self.table.name)}"]
        key = Key(self.table.partition, self.table.sort)
        lines += laid_out(f"{inside}key = ", _key(key, lambda each: entity.part(each) or each))
        lines += self._indexes(entity, inside)
        if entity.mark is not None and entity.mark != name:
            lines += laid_out(f"{inside}discriminator = ", literal(entity.mark))
        return [*lines, *declarations(entity.record)]

    def _indexes(self, entity: Entity, inside: str) -> list[str]:
        def part(attribute: str) -> str:
            return entity.part(attribute) or attribute

        if not self.shared:
            indexes = [_index(each, part) for each in self.table.indexes]
            return laid_out(f"{inside}indexes = ", several(indexes)) if indexes else []
        made: list[tuple[str | None, Source]] = []
        for index in self.table.indexes:
            names = self.table.key_names(index.name)
            templates = [
                name for name in names if name in entity.sources and name not in self.table.key.names
            ]
            if templates and all(entity.part(name) for name in names):
                made.append((literal(index.name), _key(self.table.index_key(index.name), part)))
        return laid_out(f"{inside}index_keys = ", Group(tuple(made), braces=True)) if made else []


def _key(key: Key, part: Callable[[str], str]) -> Call:
    texts: dict[str, str] = {}
    for name in key.names:
        text = part(name)
        texts[name] = _twin(text) if text in texts.values() else text

    def several_of(names: Sequence[str]) -> Source:
        parts = [literal(texts[name]) for name in names]
        return parts[0] if len(parts) == 1 else several(parts)

    sorts = [several_of(key.sorts)] if key.sorts else []
    return call("Key", several_of(key.partitions), *sorts)


def _twin(template: str) -> str:
    """Write a template in another way: a key can't name one twice."""
    head, _, rest = template.partition("}")
    return f"{head[:-1]}}}{rest}" if head.endswith("d") and ":0" in head else f"{head}:}}{rest}"


def _index(index: Index, part: Callable[[str], str]) -> Call:
    projection: Source | None = None
    if index.projection.kind == "KEYS_ONLY":
        projection = "Projection.keys_only()"
    elif index.projection.kind == "INCLUDE":
        projection = call(
            "Projection.include", *(literal(part(name)) for name in index.projection.attributes)
        )
    if isinstance(index, GlobalIndex):
        return call("GlobalIndex", literal(index.name), _key(index.key, part), projection=projection)
    return call("LocalIndex", literal(index.name), sort=literal(part(index.sort)), projection=projection)


def _imports(body: str) -> Iterator[str]:
    used = {token.string for token in generate_tokens(StringIO(body).readline) if token.type == NAME}
    for home, names in _HOMES.items():
        imported = [name for name in names if name in used]
        if home == "persistence":
            yield ""
        if imported:
            yield from _import(home, imported)


def _import(home: str, names: Sequence[str]) -> list[str]:
    line = f"from {home} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return [line]
    return [f"from {home} import (", *(f"{INDENT}{name}," for name in names), ")"]
