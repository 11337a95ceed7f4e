"""From tables to code: dataclasses and mappings, inferred from a live table and a sample of its items.

`SchemaService.codegen` is the way in. Loaded when it is first used: applications don't need it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persistence.schema.codegen.entities import Roles as Roles
    from persistence.schema.codegen.generating import Wishes as Wishes
    from persistence.schema.codegen.generating import generated as generated
    from persistence.schema.codegen.sampling import Sample as Sample
    from persistence.schema.codegen.sampling import sampled as sampled

_HOMES = {
    "Roles": "persistence.schema.codegen.entities",
    "Sample": "persistence.schema.codegen.sampling",
    "Wishes": "persistence.schema.codegen.generating",
    "generated": "persistence.schema.codegen.generating",
    "sampled": "persistence.schema.codegen.sampling",
}

__all__ = ["Roles", "Sample", "Wishes", "generated", "sampled"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found
