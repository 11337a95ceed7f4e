"""The options of a mapping's `Meta`: marshmallow's and ours, merged with those of the parents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from marshmallow import SchemaOpts

from persistence.errors import MappingError
from persistence.table import GlobalIndex, Index, Key, LocalIndex, Table
from persistence.table_options import TableOptions

MARSHMALLOW_OPTIONS = frozenset(
    {
        "fields",
        "exclude",
        "include",
        "dateformat",
        "datetimeformat",
        "timeformat",
        "render_module",
        "index_errors",
        "load_only",
        "dump_only",
        "unknown",
        "register",
        "many",
    }
)
OWN_OPTIONS = frozenset(
    {
        "table",
        "table_options",
        "key",
        "indexes",
        "index_keys",
        "concurrency",
        "discriminator",
        "hide_expired",
        "schema_version",
        "schema_compatible_from",
        "schema_version_attribute",
        "tenant_scoped",
    }
)
CONCURRENCIES = ("version", "compare", "exists")


class MappingOptions(SchemaOpts):
    """What a mapping's `Meta` says.

    Attributes:
        table: the name of the table, or its declaration.
        table_options: what a table named by a text has beside keys and indexes; a `Table` has its own.
        key: the key of the entity in Python names or templates.
        indexes: indexes of the table in Python names.
        index_keys: index name -> key in Python names or templates, for indexes that a `Table` declares.
        concurrency: "version", "compare" or "exists"; by default "version" with a Version field, else
            "exists".
        discriminator: what marks this entity type in a table with templates for keys; by default the class
            name.
        hide_expired: whether readers don't see items whose time to live has passed; by default they do, until
            the service deletes them.
        schema_version: the version of what is stored; older items are upcast when they are read. By default
            items have none.
        schema_compatible_from: the oldest schema version whose mapping can read and write what this one
            stores; by default none but its own.
        schema_version_attribute: where items say their version, "_v" by default.
        tenant_scoped: whether each entity belongs to a tenant, whose name its partition keys begin with; by
            default what the table says, and False for one that is named by a text.
    """

    def __init__(self, meta: type) -> None:
        self.table: str | Table | None = getattr(meta, "table", None)
        self.table_options: TableOptions | None = getattr(meta, "table_options", None)
        self.key: Key | None = getattr(meta, "key", None)
        self.indexes: tuple[Index, ...] = tuple(getattr(meta, "indexes", ()))
        self.index_keys: Mapping[str, Key] = dict(getattr(meta, "index_keys", {}))
        self.concurrency: str | None = getattr(meta, "concurrency", None)
        self.discriminator: str | None = getattr(meta, "discriminator", None)
        self.hide_expired: bool = getattr(meta, "hide_expired", False)
        self.schema_version: int | None = getattr(meta, "schema_version", None)
        self.schema_compatible_from: int | None = getattr(meta, "schema_compatible_from", None)
        self.schema_version_attribute: str | None = getattr(meta, "schema_version_attribute", None)
        self.tenant_scoped: bool | None = getattr(meta, "tenant_scoped", None)
        super().__init__(meta)
        # Schemas are found by class, never by name: marshmallow's registry of names would only grow.
        self.register: bool = getattr(meta, "register", False)


def own_options(meta: type) -> Iterator[tuple[str, Any]]:
    """Give the options that a Meta class sets, its parents' first."""
    for cls in reversed(meta.__mro__[:-1]):
        yield from ((name, value) for name, value in vars(cls).items() if not name.startswith("__"))


def check_options(schema: str, options: Mapping[str, Any]) -> None:
    """Refuse options that nobody knows, and values of the wrong kind.

    Args:
        schema: name of the mapping class, for errors.
        options: option name -> value.

    Raises:
        MappingError: an unknown option or a wrong value.
    """
    known = sorted(MARSHMALLOW_OPTIONS | OWN_OPTIONS)
    for name in options:
        if name not in known and not name.startswith("_"):
            close = get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
            raise MappingError(f"{schema}.Meta has an unknown option {name!r}; {hint}")
    _check_kind(
        schema, options, "table", (str, Table), 'the name of a table, or Table("name", partition=...)'
    )
    _check_kind(schema, options, "table_options", TableOptions, "TableOptions(...)")
    _check_kind(schema, options, "key", Key, 'Key("id") or Key("partition", "sort")')
    _check_kind(schema, options, "index_keys", Mapping, 'a dict such as {"GSI1": Key("ORDER#{id}")}')
    _check_kind(schema, options, "discriminator", str, "a text")
    _check_kind(schema, options, "hide_expired", bool, "True or False")
    _check_version(schema, options, "schema_version")
    _check_version(schema, options, "schema_compatible_from")
    _check_kind(schema, options, "schema_version_attribute", str, "the name of an attribute")
    _check_kind(schema, options, "tenant_scoped", bool, "True or False")
    for index in _sequence(schema, options):
        if not isinstance(index, GlobalIndex | LocalIndex):
            raise MappingError(
                f"{schema}.Meta.indexes takes GlobalIndex and LocalIndex, not {type(index).__name__}"
            )
    for index_name, key in options.get("index_keys", {}).items():
        _check_kind(f"{schema}.Meta.index_keys", {index_name: key}, index_name, Key, "a Key")
    concurrency = options.get("concurrency")
    if concurrency is not None and concurrency not in CONCURRENCIES:
        raise MappingError(f"{schema}.Meta.concurrency takes one of {', '.join(CONCURRENCIES)}")


def _check_version(schema: str, options: Mapping[str, Any], name: str) -> None:
    value = options.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise MappingError(f"{schema}.Meta.{name} takes a whole number from 1 on, not {value!r}")


def _sequence(schema: str, options: Mapping[str, Any]) -> tuple[Any, ...]:
    indexes = options.get("indexes", ())
    if not isinstance(indexes, tuple | list):
        raise MappingError(f"{schema}.Meta.indexes takes a tuple of indexes; write (GlobalIndex(...),)")
    return tuple(indexes)


def _check_kind(
    schema: str, options: Mapping[str, Any], name: str, kind: type | tuple[type, ...], wanted: str
) -> None:
    value = options.get(name)
    if value is not None and not isinstance(value, kind):
        where = f"{schema}.Meta.{name}" if "." not in schema else f"{schema}[{name!r}]"
        raise MappingError(f"{where} takes {wanted}, not {type(value).__name__}")
