"""Documents from mappings: JSON Schema, diagrams, tables of access patterns.

`SchemaService.json_schema`, `diagram` and `access_patterns` are the ways in. Loaded when it is first used:
applications don't need it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persistence.schema.documents.access_patterns import access_patterns_of as access_patterns_of
    from persistence.schema.documents.diagram import diagram_of as diagram_of
    from persistence.schema.documents.json_schema import json_schema_of as json_schema_of

_HOMES = {
    "access_patterns_of": "persistence.schema.documents.access_patterns",
    "diagram_of": "persistence.schema.documents.diagram",
    "json_schema_of": "persistence.schema.documents.json_schema",
}

__all__ = ["access_patterns_of", "diagram_of", "json_schema_of"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found
