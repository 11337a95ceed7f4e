"""A diagram of tables, keys, indexes and entities, in Mermaid's words (`erDiagram`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from persistence.mapping import EntityMapping
from persistence.mapping.containers import ListOf, MapOf, SetOf, TupleOf
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.nodes import Node, Scalar
from persistence.mapping.records import Record, RecordPlan
from persistence.mapping.wrapping import Nullable, Validated
from persistence.table import GlobalIndex, Index, Table

_INDENT = "    "
_KEYS = frozenset({"PK", "FK", "UK"})
"""Words that mark keys, so that no attribute can be called so."""

_CARDINALITIES = {"one": "||--||", "perhaps": "||--o|", "many": "||--o{"}


@dataclass(frozen=True, slots=True)
class _Box:
    """An entity of the diagram, with lines such as `S id PK "partition key"`."""

    name: str
    lines: tuple[str, ...]


def diagram_of(tables: Sequence[Table], mappings: Sequence[EntityMapping[Any]]) -> str:
    """Draw tables, their indexes, and the entities that they hold.

    Args:
        tables: the tables.
        mappings: the mappings of their entities; those of other tables are left out.
    """
    drawing = _Drawing()
    for table in sorted(tables, key=lambda each: each.name):
        held = [mapping for mapping in mappings if mapping.table.name == table.name]
        drawing.table(table, sorted(held, key=lambda each: (each.name, each.schema.__name__)))
    return drawing.text()


class _Drawing:
    def __init__(self) -> None:
        self._boxes: list[_Box] = []
        self._relations: list[str] = []
        self._names: dict[object, str] = {}

    def text(self) -> str:
        """Write the diagram."""
        lines = ["erDiagram"]
        for box in self._boxes:
            lines.append(f"{_INDENT}{_quoted(box.name)} {{")
            lines += [f"{_INDENT * 2}{line}" for line in box.lines]
            lines.append(f"{_INDENT}}}")
        return "\n".join([*lines, *(f"{_INDENT}{line}" for line in self._relations)]) + "\n"

    def table(self, table: Table, mappings: Iterable[EntityMapping[Any]]) -> None:
        """Draw a table with its indexes and entities."""
        name = f"table {table.name}"
        self._boxes.append(_Box(name, tuple(_table_lines(table))))
        for index in table.indexes:
            box = f"index {index.name} of {table.name}"
            self._boxes.append(_Box(box, tuple(_index_lines(table, index))))
            self._relate(name, "one", box, _kind(index))
        for mapping in mappings:
            entity = self._entity(mapping.plan, mapping)
            self._relate(name, "many", entity, "holds")
            for index in table.indexes:
                if mapping.key_parts(index.name):
                    self._relate(f"index {index.name} of {table.name}", "many", entity, "shows")

    def _entity(self, plan: RecordPlan, mapping: EntityMapping[Any] | None = None) -> str:
        known = [each for each in plan.fields if each.stored or each.loaded]
        keys = _keys_of(mapping) if mapping is not None else {}
        made = _made_lines(mapping) if mapping is not None else ()
        lines = (*(_field_line(each, keys.get(each.name, "")) for each in known), *made)
        # What several mappings hold in the same way is drawn once.
        identity = (plan.entity_type, lines, None if mapping is None else mapping.schema)
        if identity in self._names:
            return self._names[identity]
        name = self._free_name(plan.entity_type.__name__)
        self._names[identity] = name
        self._boxes.append(_Box(name, lines))
        for each in known:
            for cardinality, inner in _records(each.node, "perhaps" if each.optional else "one"):
                self._relate(name, cardinality, self._entity(inner), each.name)
        return name

    def _free_name(self, wanted: str) -> str:
        taken = set(self._names.values())
        numbered = (f"{wanted} {number}" for number in count(2))
        return wanted if wanted not in taken else next(name for name in numbered if name not in taken)

    def _relate(self, one: str, cardinality: str, other: str, label: str) -> None:
        self._relations.append(
            f"{_quoted(one)} {_CARDINALITIES[cardinality]} {_quoted(other)} : {_quoted(label)}"
        )


def _table_lines(table: Table) -> Iterator[str]:
    yield _line(table.type_of(table.partition), table.partition, "PK", "partition key")
    if table.sort is not None:
        yield _line(table.type_of(table.sort), table.sort, "PK", "sort key")
    if table.time_to_live is not None:
        yield _line("N", table.time_to_live, "", "time to live")


def _index_lines(table: Table, index: Index) -> Iterator[str]:
    key = table.index_key(index.name)
    for name in key.names:
        part = "partition key" if name in key.partitions else "sort key"
        yield _line(table.type_of(name), name, "PK", part)
    for name in index.projection.attributes:
        yield _line("any", name, "", "projected")


def _kind(index: Index) -> str:
    kind = "global index" if isinstance(index, GlobalIndex) else "local index"
    held = {"ALL": "all attributes", "KEYS_ONLY": "keys only", "INCLUDE": "some attributes"}
    return f"{kind}, {held[index.projection.kind]}"


def _keys_of(mapping: EntityMapping[Any]) -> Mapping[str, str]:
    """Tell which fields are part of keys: "PK" of the table's, "FK" of an index's."""
    keys = {
        name: "FK"
        for index in mapping.table.indexes
        for part in mapping.key_parts(index.name)
        for name in part.fields
    }
    return {**keys, **dict.fromkeys(mapping.key_fields, "PK")}


def _made_lines(mapping: EntityMapping[Any]) -> Iterator[str]:
    """Show the attributes that are no fields: keys that templates make, and what marks the type."""
    indexes = [None, *(index.name for index in mapping.table.indexes)]
    parts = {part.attribute: part for index in indexes for part in mapping.key_parts(index) if part.template}
    for attribute, part in parts.items():
        yield _line(part.type, attribute, "", f"made as {part.template}")
    if mapping.discriminator is not None:
        attribute, value = mapping.discriminator
        yield _line("S", attribute, "", f"always {value['S']}")


def _field_line(each: FieldPlan, key: str) -> str:
    notes = [] if each.attribute == each.name else [f"stored as {each.attribute}"]
    notes += ["optional"] if each.optional and not each.role else []
    notes += [type(each.field).__name__] if each.role else []
    notes += ["in the key only"] if not each.stored else []
    return _line(_type(each.node), each.name, key, ", ".join(notes))


def _type(node: Node) -> str:
    """Give the type tag of what is stored."""
    match node:
        case Nullable() | Validated():
            return _type(node.inner)
        case Scalar():
            return node.tag
        case ListOf():
            return f"L[{_type(node.inner)}]"
        case TupleOf():
            return "L"
        case MapOf():
            return f"M[{_type(node.inner)}]"
        case SetOf():
            return node.tag
        case Record():
            return "M"
        case _:
            return "any"


def _records(node: Node, cardinality: str) -> Iterator[tuple[str, RecordPlan]]:
    """Give the nested entities that a field holds, and how many."""
    match node:
        case Record():
            yield cardinality, node.plan
        case Nullable() | Validated():
            yield from _records(node.inner, cardinality)
        case ListOf() | MapOf():
            yield from _records(node.inner, "many")
        case TupleOf():
            for inner in node.inner:
                yield from _records(inner, "many")
        case _:
            return


def _line(kind: str, name: str, key: str, comment: str) -> str:
    word = _word(name)
    notes = ", ".join(filter(None, [comment, f"called {name}" if word != name else ""]))
    return " ".join(filter(None, [kind, word, key, _quoted(notes) if notes else ""]))


def _word(name: str) -> str:
    """Make a word that can name an attribute: letters, digits and `_`, beginning with a letter."""
    word = re.sub(r"[^A-Za-z0-9_]", "_", name)
    word = word if word[:1].isalpha() else f"a{word}"
    return f"{word}_" if word.upper() in _KEYS else word


def _quoted(text: str) -> str:
    """Quote a text without what would end the quotation, begin a comment or name a character."""
    plain = re.sub(r"[\s\x00-\x1f\x7f]+", " ", text)
    return '"' + plain.translate(_SIGNS).strip() + '"'


_SIGNS = str.maketrans({'"': "'", "\\": "/", "%": "\uff05", ";": ",", "`": "'", "<": "(", ">": ")"})
