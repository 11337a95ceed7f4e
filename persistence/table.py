"""Declarations of tables: keys, indexes, projections. Nothing here does anything but describe.

A `Key` in a mapping's `Meta` speaks Python names or templates; a `Table` speaks attribute names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from types import MappingProxyType
from typing import Any, Literal

from persistence.encryption import EncryptedAttribute
from persistence.errors import MappingError
from persistence.table_options import NO_OPTIONS, Billing, TableOptions, check_index_billing

ScalarType = Literal["S", "N", "B"]

DEFAULT_DISCRIMINATOR = "_type"
TENANT = "tenant"
"""What a table needs whose items belong to tenants: a store of one of them."""
TENANT_SEPARATOR = "#"
"""What stands behind the name of a tenant in a key; no name has one."""
ENCRYPTION = "encryption"
"""What a table needs that has encrypted attributes: a layer that has the keys."""
LOCAL_INDEXES_PER_TABLE = 5
GLOBAL_INDEXES_PER_TABLE = 20
PROJECTED_ATTRIBUTES_PER_TABLE = 100
"""Attributes that all indexes of a table together may project by name (developer guide, "Quotas")."""
KEY_TYPES: tuple[ScalarType, ...] = ("S", "N", "B")
ATTRIBUTES_PER_KEY = 4
"""Attributes that the partition key of a global index may have, and its sort key."""

_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}\Z")


def tenant_prefix(name: str) -> str:
    """Give what the keys of a tenant begin with in a table that is scoped to tenants."""
    return name + TENANT_SEPARATOR


@dataclass(frozen=True, slots=True)
class Key:
    """A partition key, and a sort key where there is one.

    The keys of a global index may have several attributes each, up to four: those of the partition key are
    asked for all together, those of the sort key sort one after the other (developer guide, "Multi-attribute
    keys pattern").

    Args:
        partition: name of a field or attribute, or a template such as `"CUSTOMER#{customer_id}"`; or, for a
            global index, a tuple of names.
        sort: the same for the sort key.

    Attributes:
        names: all names in order, those of the partition key first.

    Raises:
        MappingError: a name is empty or comes twice, there are too many, or a tuple has a template.
    """

    partition: str | tuple[str, ...]
    sort: str | tuple[str, ...] | None = None
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        partitions, sorts = _several(self.partition), () if self.sort is None else _several(self.sort)
        if len(partitions) == 1 and partitions == sorts:
            raise MappingError(f"partition key and sort key are both {partitions[0]!r}; they must differ")
        names = (*partitions, *sorts)
        if len(set(names)) < len(names):
            raise MappingError(f"the attributes of a key must differ, found {', '.join(names)}")
        object.__setattr__(self, "partition", _alone(partitions))
        object.__setattr__(self, "sort", _alone(sorts) if sorts else None)
        object.__setattr__(self, "names", names)

    @property
    def partitions(self) -> tuple[str, ...]:
        """The names of the partition key."""
        return (self.partition,) if isinstance(self.partition, str) else self.partition

    @property
    def sorts(self) -> tuple[str, ...]:
        """The names of the sort key; none where there is no sort key."""
        return self.names[len(self.partitions) :]

    @property
    def simple(self) -> bool:
        """True for a partition key of one attribute, with a sort key of one attribute or without."""
        return isinstance(self.partition, str) and not isinstance(self.sort, tuple)


def _several(names: str | Iterable[str]) -> tuple[str, ...]:
    several = (names,) if isinstance(names, str) else tuple(names)
    if not several or not all(several):
        raise MappingError("a key needs the name of an attribute or a template; it can't be empty")
    if len(several) > ATTRIBUTES_PER_KEY:
        raise MappingError(
            f"a key of {len(several)} attributes ({', '.join(several)}): DynamoDB allows "
            f"{ATTRIBUTES_PER_KEY} for a partition key, and as many for a sort key"
        )
    if len(several) > 1 and any("{" in name for name in several):
        raise MappingError(
            f"a key of several attributes ({', '.join(several)}) takes names, no templates; a template joins "
            "fields into one attribute"
        )
    return several


def _alone(names: tuple[str, ...]) -> str | tuple[str, ...]:
    return names[0] if len(names) == 1 else names


@dataclass(frozen=True, slots=True)
class Projection:
    """Which attributes an index holds; made by `all()`, `keys_only()` or `include(...)`.

    Attributes:
        kind: the service's word for it.
        attributes: the further attributes of an INCLUDE projection.
    """

    kind: Literal["ALL", "KEYS_ONLY", "INCLUDE"] = "ALL"
    attributes: tuple[str, ...] = ()

    @classmethod
    def all(cls) -> Projection:
        """Project every attribute (the default)."""
        return cls("ALL")

    @classmethod
    def keys_only(cls) -> Projection:
        """Project the keys of table and index only."""
        return cls("KEYS_ONLY")

    @classmethod
    def include(cls, *attributes: str) -> Projection:
        """Project the keys and the named attributes.

        Args:
            attributes: at least one name, each once.

        Raises:
            MappingError: there is none, or one comes twice.
        """
        if not attributes:
            raise MappingError(
                "Projection.include needs attribute names; for none use Projection.keys_only()"
            )
        if len(set(attributes)) < len(attributes):
            raise MappingError(f"Projection.include names an attribute twice: {', '.join(attributes)}")
        return cls("INCLUDE", attributes)


@dataclass(frozen=True, slots=True)
class GlobalIndex:
    """A global secondary index: other keys, eventually consistent.

    Args:
        name: 3 to 255 characters of `a-zA-Z0-9_.-`.
        key: its partition key and, if any, sort key; each may have several attributes.
        projection: which attributes it holds.
        billing: its own capacity or limits; None for what the table's `index_billing` says.
        contributor_insights: whether CloudWatch shows its most used keys; None for what the table's says.
    """

    name: str
    key: Key
    projection: Projection = Projection()
    billing: Billing | None = None
    contributor_insights: bool | None = None

    def __post_init__(self) -> None:
        _check_name("index", self.name)


@dataclass(frozen=True, slots=True)
class LocalIndex:
    """A local secondary index: the table's partition key with another sort key; made with the table only.

    Args:
        name: 3 to 255 characters of `a-zA-Z0-9_.-`.
        sort: its sort key.
        projection: which attributes it holds.
    """

    name: str
    sort: str
    projection: Projection = Projection()

    def __post_init__(self) -> None:
        _check_name("index", self.name)
        _check_single(f"local index {self.name!r}", self.sort)


Index = GlobalIndex | LocalIndex


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is declared: its keys, indexes and what belongs to them.

    Args:
        name: 3 to 255 characters of `a-zA-Z0-9_.-`.
        partition: attribute name of the partition key.
        sort: attribute name of the sort key, if there is one.
        indexes: global and local indexes, in attribute names.
        types: attribute name -> "S", "N" or "B" for key attributes that are no strings.
        time_to_live: the attribute that holds the time to live in epoch seconds, if any.
        discriminator: the attribute that tells entity types apart where keys are made by templates.
        options: what it has beside that: billing, stream, encryption, tags and so on.
        tenant_scoped: whether each item belongs to a tenant, whose name its partition keys begin with; see
            `store.for_tenant(name)`.
        encrypted: the attributes that a layer encrypts before anything is sent, as a mapping says.

    Attributes:
        needs: words for what must stand between the application and a store that holds this table, TENANT and
            ENCRYPTION; a store by itself refuses it.

    Raises:
        MappingError: names that the service refuses, or indexes that clash.
    """

    name: str
    partition: str
    sort: str | None = None
    indexes: tuple[Index, ...] = ()
    types: Mapping[str, ScalarType] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    time_to_live: str | None = None
    discriminator: str | None = DEFAULT_DISCRIMINATOR
    options: TableOptions = NO_OPTIONS
    tenant_scoped: bool = False
    encrypted: Mapping[str, EncryptedAttribute] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )
    needs: frozenset[str] = field(init=False, repr=False, compare=False)
    _keys: Mapping[str | None, Key] = field(init=False, repr=False, compare=False)
    _served: dict[str, Table] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_name("table", self.name)
        object.__setattr__(self, "_served", {})
        _check_single(f"table {self.name!r}", self.partition, self.sort)
        indexes = tuple(self.indexes)
        object.__setattr__(self, "indexes", indexes)
        _check_indexes(self.name, indexes)
        _check_options(self.options, indexes)
        keys = {None: Key(self.partition, self.sort)} | {index.name: self._key_of(index) for index in indexes}
        object.__setattr__(self, "_keys", MappingProxyType(keys))
        names = {name for key in keys.values() for name in key.names}
        types = {name: kind for name, kind in self.types.items() if name in names and kind != "S"}
        object.__setattr__(self, "types", MappingProxyType(types))
        object.__setattr__(self, "encrypted", MappingProxyType(dict(self.encrypted)))
        needs = {TENANT: self.tenant_scoped, ENCRYPTION: bool(self.encrypted)}
        object.__setattr__(self, "needs", frozenset(need for need, there in needs.items() if there))
        if self.tenant_scoped:
            _check_tenant_keys(self)

    def __reduce__(self) -> tuple[object, ...]:
        fields = (self.name, self.partition, self.sort, self.indexes, dict(self.types))
        more = (self.time_to_live, self.discriminator, self.options, self.tenant_scoped, dict(self.encrypted))
        return Table, (*fields, *more)

    @property
    def tenant_keys(self) -> tuple[str, ...]:
        """The attributes that begin with the tenant's name where the table is scoped to tenants.

        They are the partition keys of the table and of its global indexes, wherever else they are keys; of a
        partition key of several attributes the first.
        """
        keys = (key for name, key in self._keys.items() if name is None or not self._is_local(name))
        return tuple(dict.fromkeys(key.partitions[0] for key in keys))

    def _is_local(self, name: str) -> bool:
        return isinstance(self.index(name), LocalIndex)

    def served(self, need: str) -> Table:
        """Give the same table with one need less, always the same object: for who serves that need."""
        known = self._served.get(need)
        if known is None:
            less: dict[str, Any] = {"tenant_scoped": False} if need == TENANT else {"encrypted": {}}
            # Of two threads that come here at once, both get what the first of them has put there.
            known = self._served.setdefault(need, replace(self, **less))
        return known

    @property
    def key(self) -> Key:
        """The table's own key."""
        return self._keys[None]

    def index(self, name: str) -> Index:
        """Find a declared index.

        Raises:
            KeyError: no index of that name is declared.
        """
        for index in self.indexes:
            if index.name == name:
                return index
        raise KeyError(name)

    def index_key(self, name: str | None) -> Key:
        """Give the key of an index, or the table's own for None.

        Raises:
            KeyError: no index of that name is declared.
        """
        return self._keys[name]

    def key_names(self, index: str | None = None) -> tuple[str, ...]:
        """Give the attribute names of a key: of the table's, or of an index."""
        return self.index_key(index).names

    def _key_of(self, index: Index) -> Key:
        return index.key if isinstance(index, GlobalIndex) else Key(self.partition, index.sort)

    def type_of(self, attribute: str) -> ScalarType:
        """Give the declared type of a key attribute."""
        return self.types.get(attribute, "S")

    @property
    def key_types(self) -> dict[str, ScalarType]:
        """The type of every attribute that is part of a key of the table or of an index."""
        names = chain(self.key_names(), *(self.key_names(index.name) for index in self.indexes))
        return {name: self.type_of(name) for name in names}

    @property
    def structure(self) -> Table:
        """The keys, indexes and types alone: without options, time to live, and what readers agree on."""
        indexes = tuple(
            replace(index, billing=None, contributor_insights=None)
            if isinstance(index, GlobalIndex)
            else index
            for index in self.indexes
        )
        return Table(self.name, self.partition, self.sort, indexes, self.types)

    def merged_with(self, other: Table) -> Table:
        """Join two declarations of one table: the indexes of both.

        Raises:
            MappingError: the declarations contradict each other.
        """
        if self == other:
            return self
        _refuse_contradictions(self, other)
        mine = {index.name for index in self.indexes}
        added = tuple(index for index in other.indexes if index.name not in mine)
        return replace(
            self,
            indexes=self.indexes + added,
            types={**self.types, **other.types},
            time_to_live=self.time_to_live or other.time_to_live,
            options=self.options.merged_with(other.options, self.name),
            encrypted={**other.encrypted, **self.encrypted},
        )


def _check_name(kind: str, name: str) -> None:
    if not isinstance(name, str) or not _NAME.match(name):
        raise MappingError(
            f"{name!r} is no valid {kind} name: DynamoDB takes 3 to 255 characters of a-z, A-Z, 0-9, '_', "
            "'-' and '.'"
        )


def _check_single(owner: str, *keys: object) -> None:
    for key in keys:
        if key is not None and not isinstance(key, str):
            raise MappingError(
                f"a key of {owner} is one attribute, found {key!r}; keys of several attributes are for "
                "global indexes"
            )


def _check_indexes(table: str, indexes: Iterable[Index]) -> None:
    seen: set[str] = set()
    for index in indexes:
        if index.name in seen:
            raise MappingError(f"table {table!r} declares two indexes named {index.name!r}")
        seen.add(index.name)
    local = sum(isinstance(index, LocalIndex) for index in indexes)
    if local > LOCAL_INDEXES_PER_TABLE:
        raise MappingError(
            f"table {table!r} declares {local} local indexes; DynamoDB allows {LOCAL_INDEXES_PER_TABLE}"
        )


def _check_tenant_keys(table: Table) -> None:
    for name in table.tenant_keys:
        if table.type_of(name) != "S":
            raise MappingError(
                f"table {table.name!r} is scoped to tenants, whose names its partition keys begin with, and "
                f"{name!r} is stored as {table.type_of(name)}: store it as text, by a field of texts or a "
                'template such as Key("{number:010d}", ...)'
            )


def _check_options(options: TableOptions, indexes: Iterable[Index]) -> None:
    if not isinstance(options, TableOptions):
        raise MappingError(f"Table(options=...) takes TableOptions, not {type(options).__name__}")
    for index in indexes:
        if isinstance(index, GlobalIndex):
            check_index_billing(options.billing, index.billing)


def _refuse_contradictions(one: Table, other: Table) -> None:
    for what in ("name", "key", "discriminator", "tenant_scoped"):
        if getattr(one, what) != getattr(other, what):
            raise MappingError(
                f"two declarations of table {one.name!r} disagree on its {what}: "
                f"{getattr(one, what)!r} and {getattr(other, what)!r}"
            )
    if one.time_to_live and other.time_to_live and one.time_to_live != other.time_to_live:
        raise MappingError(
            f"two declarations of table {one.name!r} disagree on its time to live: "
            f"{one.time_to_live!r} and {other.time_to_live!r}"
        )
    for name in one.encrypted.keys() & other.encrypted.keys():
        if one.encrypted[name].accept_plaintext is not other.encrypted[name].accept_plaintext:
            raise MappingError(
                f"two declarations of table {one.name!r} disagree on whether the encrypted attribute "
                f"{name!r} accepts plaintext"
            )
    by_name = {index.name: index for index in one.indexes}
    for index in other.indexes:
        if by_name.get(index.name, index) != index:
            raise MappingError(f"two declarations of table {one.name!r} disagree on its index {index.name!r}")
    for name in one.key_types.keys() & other.key_types.keys():
        if one.type_of(name) != other.type_of(name):
            raise MappingError(
                f"two declarations of table {one.name!r} disagree on the type of key attribute {name!r}: "
                f"{one.type_of(name)} and {other.type_of(name)}"
            )
