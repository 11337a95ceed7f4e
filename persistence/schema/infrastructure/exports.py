"""Tables written for tools that manage infrastructure as code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches

from persistence.errors import QueryError
from persistence.schema.infrastructure.cdk import cdk
from persistence.schema.infrastructure.cloudformation import cloudformation
from persistence.schema.infrastructure.declared import Declared, declared_tables
from persistence.schema.infrastructure.terraform import terraform
from persistence.table import Table

FORMATS: Mapping[str, Callable[[Iterable[Declared]], str]] = {
    "cloudformation": cloudformation,
    "terraform": terraform,
    "cdk": cdk,
}


def exported(name: str, tables: Sequence[Table]) -> str:
    """Write tables in a format, the same text whatever the order of the tables.

    Args:
        name: "cloudformation", "terraform" or "cdk".
        tables: the declarations.

    Raises:
        QueryError: there is no such format, or no table.
        MappingError: parts of a declaration contradict each other.
        NotSupported: the format can't say what is declared.
    """
    if name not in FORMATS:
        close = get_close_matches(str(name).lower(), FORMATS, 1, 0.5)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise QueryError(f"there is no format {name!r} for tables, but {', '.join(FORMATS)}{hint}")
    return FORMATS[name](declared_tables(tuple(tables)))
