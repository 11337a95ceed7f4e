"""Operations that make, change, describe and delete tables, and their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from persistence.operations.items import Operation
from persistence.table import GlobalIndex, ScalarType, Table
from persistence.table_options import (
    NO_OPTIONS,
    Billing,
    Encryption,
    Replica,
    Stream,
    TableClass,
    TableOptions,
)

TableStatus = Literal[
    "CREATING",
    "UPDATING",
    "DELETING",
    "ACTIVE",
    "INACCESSIBLE_ENCRYPTION_CREDENTIALS",
    "ARCHIVING",
    "ARCHIVED",
    "REPLICATION_NOT_AUTHORIZED",
]


@dataclass(frozen=True, slots=True)
class IndexDescription:
    """A live index.

    Attributes:
        name: its name.
        status: the service's word, such as "ACTIVE".
        backfilling: whether it is still being filled.
        billing: its own capacity or limits; None for a local index, and where the store does not tell.
        item_count, size_bytes: the service's estimates, some hours old.
    """

    name: str
    status: TableStatus
    backfilling: bool = False
    billing: Billing | None = None
    item_count: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class TableDescription:
    """A live table.

    Attributes:
        table: its keys, indexes and key types as a declaration (without time to live and discriminator).
        status: the service's word, such as "ACTIVE".
        indexes: name and status of each index.
        item_count, size_bytes: the service's estimates, some hours old.
        arn: its resource name; None where the store has none.
        created_at: aware time of creation, if known.
        options: what its description tells beside keys and indexes: billing, stream ("DISABLED" without one),
            encryption, deletion protection, table class, replicas. None is what it does not tell: tags,
            recovery, insights and scaling are asked for by operations of their own.
        stream_arn: the resource name of its stream, where one is on.
        replicas: region and status of each copy elsewhere.
        restoring: whether it is being restored at this moment.
    """

    table: Table
    status: TableStatus
    indexes: tuple[IndexDescription, ...] = ()
    item_count: int = 0
    size_bytes: int = 0
    arn: str | None = None
    created_at: datetime | None = None
    options: TableOptions = NO_OPTIONS
    stream_arn: str | None = None
    replicas: tuple[ReplicaDescription, ...] = ()
    restoring: bool = False

    @property
    def active(self) -> bool:
        """True when the table and all its indexes can be used, and nothing of it is being changed."""
        parts = [index.status for index in self.indexes] + [replica.status for replica in self.replicas]
        return self.status == "ACTIVE" and all(status == "ACTIVE" for status in parts)


@dataclass(frozen=True, slots=True)
class ReplicaDescription:
    """A copy of a table in another region: the region, and the service's word for its state."""

    region: str
    status: str


@dataclass(frozen=True, slots=True)
class TableNames:
    """The answer to `ListTables`: names, and the last of them if more follow."""

    names: tuple[str, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class CreateTable(Operation[TableDescription]):
    """Create a table with its indexes and options; it may take a while until it is active.

    Of the options it takes what the service takes at once: billing, stream, encryption, deletion protection,
    table class and tags. It is billed on demand unless its options say otherwise. Time to live, point-in-time
    recovery, contributor insights, replicas and scaling have operations of their own.
    """

    table: Table


@dataclass(frozen=True, slots=True)
class DescribeTable(Operation[TableDescription]):
    """Describe the live table of that name."""

    name: str


@dataclass(frozen=True, slots=True)
class DeleteTable(Operation[None]):
    """Begin to delete a table and all that is in it; `DescribeTable` tells when it is gone."""

    name: str


@dataclass(frozen=True, slots=True)
class ListTables(Operation[TableNames]):
    """Name the tables of the account and region, in the order of their names, a page at a time.

    Attributes:
        start: the last name of the page before.
        limit: how many names to give at most, up to 100.
    """

    start: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class UpdateTable(Operation[TableDescription]):
    """Begin one change of a live table; `DescribeTable` tells when it is done.

    Exactly one of the changes is given, since the service makes one at a time: an index created or deleted, a
    replica, the stream, the billing, the encryption, the protection or the class. None stands for no change.

    Attributes:
        create_index: a global index to make, with its own billing or that of `index_billing`. The types of
            its key attributes are those of `key_types`.
        delete_index: the name of a global index to delete.
        key_types: the types of the key attributes of the index to make.
        billing: how the table is billed from now on. Where it becomes provisioned, `index_billing` must have
            the units of every global index.
        index_billing: index name -> its capacity or limits.
        stream: what the stream holds, or "DISABLED"; one that is on must be disabled before another view.
        create_replica, update_replica: a copy in another region.
        delete_replica: the region of a copy.
    """

    name: str
    create_index: GlobalIndex | None = None
    delete_index: str | None = None
    key_types: Mapping[str, ScalarType] = field(default_factory=dict, hash=False)
    billing: Billing | None = None
    index_billing: Mapping[str, Billing] = field(default_factory=dict, hash=False)
    stream: Stream | None = None
    encryption: Encryption | None = None
    deletion_protection: bool | None = None
    table_class: TableClass | None = None
    create_replica: Replica | None = None
    update_replica: Replica | None = None
    delete_replica: str | None = None
