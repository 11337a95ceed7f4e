"""The lines of generated classes and of the fields that mappings declare for them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from persistence.schema.codegen.kinds import (
    ANYTHING,
    Enumeration,
    Field,
    Kind,
    ListOf,
    MapOf,
    Record,
    SetOf,
    data_key,
    declaration_of,
    hint_of,
)
from persistence.schema.codegen.names import literal
from persistence.schema.codegen.source import INDENT, WIDTH, Call, Source, laid_out

MISSING = [
    "class Missing(Enum):",
    f'{INDENT}"""Stands for an attribute that an item lacks, where others have NULL."""',
    "",
    f'{INDENT}MISSING = "missing"',
    "",
    "",
    "def _present(value: Any) -> Any:",
    f"{INDENT}return None if value is Missing.MISSING else value",
    "",
    "",
    "def _as_stored(value: Any) -> Any:",
    f"{INDENT}return value",
]
"""What keeps an absent attribute apart from NULL."""

_ROLE_HINTS = {"Version": "int", "TimeToLive": "datetime", "CreatedAt": "datetime", "UpdatedAt": "datetime"}


def comments(notes: Iterable[str], indent: str) -> list[str]:
    """Write notes as comments."""
    lead = f"{indent}# "
    return [
        line
        for note in notes
        for line in textwrap.wrap(note, WIDTH, initial_indent=lead, subsequent_indent=lead)
    ]


def enum_lines(made: Enumeration) -> list[str]:
    """Write an enum."""
    lines = [f"class {made.name}(Enum):"]
    for name, value in made.members:
        lines += laid_out(f"{INDENT}{name} = ", literal(value))
    return lines


def dataclass_lines(record: Record) -> list[str]:
    """Write a dataclass, the fields without default first."""
    lines = ["@dataclass", f"class {record.name}:", f'{INDENT}"""{record.doc}"""', ""]
    written = [(_annotation(each), each.note) for each in record.fields]
    for line, note in sorted(written, key=lambda pair: " = " in pair[0]):
        lines += comments([note] if note else [], INDENT)
        # What is too long here is a hint, which no formatter breaks well.
        lines.append(line if len(line) <= WIDTH else f"{line}  # fmt: skip")
    return lines


def _annotation(field: Field) -> str:
    hint = _ROLE_HINTS.get(field.role or "") or hint_of(field.kind)
    optional = hint if hint == ANYTHING.hint else f"{hint} | None"
    if field.missing:
        hint, default = ANYTHING.hint, " = Missing.MISSING"
    elif field.presence == "always":
        default = ""
    elif isinstance(field.kind, SetOf):
        hint = hint if field.presence == "sometimes" else optional
        default = " = field(default_factory=set)"
    else:
        hint, default = optional, " = None" if field.presence == "sometimes" else ""
    return f"{INDENT}{field.name}: {hint}{default}"


def declarations(record: Record) -> list[str]:
    """Write the fields that a mapping declares, behind an empty line."""
    declared = [each for each in record.fields if each.declared]
    lines = [line for each in declared for line in laid_out(f"{INDENT}{each.name} = ", _declaration(each))]
    return ["", *lines] if lines else []


def _declaration(field: Field) -> Call:
    key = data_key(field)
    if field.role is not None:
        return Call(f"fields.{field.role}", key)
    if field.missing:
        return Call(
            "fields.Converted", ((None, "_present"), (None, "_as_stored"), ("allow_none", "True"), *key)
        )
    arguments: list[tuple[str, Source]] = list(key)
    if field.of_key:
        arguments.append(("load_only", "True"))
    if field.presence == "null" and not isinstance(field.kind, SetOf):
        arguments += [("required", "True"), ("allow_none", "True")]
    return declaration_of(field.kind, *arguments)


def nested_mapping(record: Record) -> list[str]:
    """Write the mapping of a class that others hold."""
    doc = f'{INDENT}"""How {record.name} is stored inside of others."""'
    return [f"class {record.name}Mapping(MappingSchema[{record.name}]):", doc, *declarations(record)]


def mapped_records(classes: Iterable[Record]) -> set[str]:
    """Give the names of the nested classes that declared fields hold, and so need a mapping."""
    fields = (field for each in classes for field in each.fields if field.declared and not field.missing)
    return {name for field in fields for name in _inside(field.kind)}


def _inside(kind: Kind) -> Iterator[str]:
    match kind:
        case Record():
            yield kind.name
        case ListOf() | MapOf():
            yield from _inside(kind.inner)
        case _:
            return
