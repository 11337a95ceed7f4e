"""Everything that can be asked of a store, as frozen values named after the service's own actions.

An operation carries the declaration of its table, so that every store knows keys, types and indexes. Its
type parameter is the type of the answer: `store.perform(GetItem(...))` is an `ItemResult`.

Items, keys and values are tagged attribute values. They belong to the operation that holds them: whoever
makes an operation doesn't change them afterwards, and stores never do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, TypeVar

from persistence.attributes import Item
from persistence.expressions import Condition, KeyCondition, Path, UpdateAction
from persistence.table import GlobalIndex, ScalarType, Table
from persistence.table_options import (
    NO_OPTIONS,
    Billing,
    Encryption,
    PointInTimeRecovery,
    Replica,
    Scaling,
    Stream,
    TableClass,
    TableOptions,
)

R = TypeVar("R")

Returning = Literal["none", "old", "new", "updated_old", "updated_new"]
ScalingDimension = Literal["reads", "writes"]
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


class Operation(Generic[R]):
    """Something a store can perform; `R` is the type of the answer."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ConsumedCapacity:
    """What an operation consumed of one table, indexes included.

    Attributes:
        table: the table's name.
        read_units, write_units: capacity units as the service bills them.
    """

    table: str
    read_units: float = 0.0
    write_units: float = 0.0


Capacity = tuple[ConsumedCapacity, ...]


@dataclass(frozen=True, slots=True)
class ItemResult:
    """The answer to `GetItem`: the item, or None."""

    item: Item | None
    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class ItemsResult:
    """The answer to `TransactGet`: for each get its item or None, in the order asked."""

    items: tuple[Item | None, ...]
    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class BatchGetResult:
    """The answer to `BatchGetItems`.

    Attributes:
        items: for each get its item or None, in the order asked; None too for what is unprocessed.
        unprocessed: the gets that the service did not answer; ask again.
    """

    items: tuple[Item | None, ...]
    unprocessed: tuple[GetItem, ...] = ()
    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The answer to a single write: the attributes that `returning` asked for, or None."""

    attributes: Item | None = None
    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class BatchWriteResult:
    """The answer to `BatchWriteItems`: the writes that the service did not do; ask again."""

    unprocessed: tuple[PutItem | DeleteItem, ...] = ()
    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class TransactWriteResult:
    """The answer to `TransactWrite`: it took effect as a whole."""

    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query or scan.

    Attributes:
        items: what matched; empty when only a count was asked for. It may be empty although more follows.
        last_key: where the next page starts; only None means that nothing follows.
        count: number of items that matched.
        scanned_count: number of items that were read before the filter.
    """

    items: tuple[Item, ...]
    last_key: Item | None
    count: int
    scanned_count: int
    capacity: Capacity = ()


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
class RecoveryDescription:
    """Point-in-time recovery of a table.

    Attributes:
        recovery: whether it is on, and how many days it goes back.
        earliest, latest: the aware times between which the table can be restored; None while it is off.
    """

    recovery: PointInTimeRecovery
    earliest: datetime | None = None
    latest: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScalingDescription:
    """How the reads or writes of a table, or of an index, scale."""

    dimension: ScalingDimension
    scaling: Scaling
    index: str | None = None


@dataclass(frozen=True, slots=True)
class BackupDescription:
    """An on-demand backup.

    Attributes:
        arn: its resource name.
        name: the name that it was given.
        table: the name of the table that it is of.
        status: the service's word.
        created_at: aware time of creation.
        size_bytes: its size, where known.
    """

    arn: str
    name: str
    table: str
    status: Literal["CREATING", "AVAILABLE", "DELETED"]
    created_at: datetime
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class BackupPage:
    """The answer to `ListBackups`: backups, the oldest first, and where the next page starts, if any."""

    backups: tuple[BackupDescription, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class GetItem(Operation[ItemResult]):
    """Read one item by its key.

    Attributes:
        key: the key attributes, no others.
        consistent: strongly consistent (twice the price of an eventual read).
        projection: the paths wanted; None for the whole item.
    """

    table: Table
    key: Item
    consistent: bool = False
    projection: tuple[Path, ...] | None = None


@dataclass(frozen=True, slots=True)
class BatchGetItems(Operation[BatchGetResult]):
    """Read up to 100 items by their keys, from one or more tables; all keys differ.

    The gets of one table agree on `consistent` and `projection`.
    """

    gets: tuple[GetItem, ...]


@dataclass(frozen=True, slots=True)
class TransactGet(Operation[ItemsResult]):
    """Read up to 100 items as one serialisable snapshot."""

    gets: tuple[GetItem, ...]


@dataclass(frozen=True, slots=True)
class PutItem(Operation[WriteResult]):
    """Write a whole item, replacing what has its key.

    Attributes:
        condition: must hold for the item that is there now, if any.
        returning: "none" or "old".
        item_on_failure: pass the stored item on when the condition fails.
    """

    table: Table
    item: Item
    condition: Condition | None = None
    returning: Returning = "none"
    item_on_failure: bool = False


@dataclass(frozen=True, slots=True)
class UpdateItem(Operation[WriteResult]):
    """Change attributes of one item; without a condition on its existence, one that is absent is created.

    Attributes:
        key: the key attributes, no others.
        actions: the changes; their paths don't overlap.
    """

    table: Table
    key: Item
    actions: tuple[UpdateAction, ...]
    condition: Condition | None = None
    returning: Returning = "none"
    item_on_failure: bool = False


@dataclass(frozen=True, slots=True)
class DeleteItem(Operation[WriteResult]):
    """Delete one item; an absent one is no error unless the condition says so."""

    table: Table
    key: Item
    condition: Condition | None = None
    returning: Returning = "none"
    item_on_failure: bool = False


@dataclass(frozen=True, slots=True)
class ConditionCheck:
    """Demand something of an item that a transaction does not write; only part of a `TransactWrite`."""

    table: Table
    key: Item
    condition: Condition
    item_on_failure: bool = False


TransactAction = PutItem | UpdateItem | DeleteItem | ConditionCheck


@dataclass(frozen=True, slots=True)
class TransactWrite(Operation[TransactWriteResult]):
    """Do all actions or none, at most one per item.

    Attributes:
        actions: in the order in which cancellation reasons come back.
        token: the client token, 1 to 36 characters; repeating the same request with it within 10 minutes
            has no further effect. None: the store makes one per call.
    """

    actions: tuple[TransactAction, ...]
    token: str | None = None


@dataclass(frozen=True, slots=True)
class BatchWriteItems(Operation[BatchWriteResult]):
    """Do up to 25 puts and deletes without conditions, not atomically; all keys differ."""

    writes: tuple[PutItem | DeleteItem, ...]


@dataclass(frozen=True, slots=True)
class QueryPage(Operation[Page]):
    """Read one page of the items of one partition of a table or index, in sort key order.

    Attributes:
        index: name of the index, or None for the table itself.
        filter: applied after reading; what it drops is paid for all the same.
        projection: the paths wanted; None for all that the table or index holds.
        limit: how many items to read at most, before the filter; None for as many as a page holds (1 MB).
        start: the `last_key` of the page before.
        count_only: give the counts but no items.
        whole: give all attributes: a local index fetches from the table what it does not hold, at the price
            of reading the items; a global one must hold them. A filter sees what the index holds all the
            same. Not together with `projection` or `count_only`.
    """

    table: Table
    key_condition: KeyCondition
    index: str | None = None
    filter: Condition | None = None
    projection: tuple[Path, ...] | None = None
    descending: bool = False
    limit: int | None = None
    start: Item | None = None
    consistent: bool = False
    count_only: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class ScanPage(Operation[Page]):
    """Read one page of a whole table or index, in no particular order.

    Attributes:
        segment, segments: which part of how many, for parallel scans; both or neither.
        (the others as in `QueryPage`)
    """

    table: Table
    index: str | None = None
    filter: Condition | None = None
    projection: tuple[Path, ...] | None = None
    limit: int | None = None
    start: Item | None = None
    consistent: bool = False
    count_only: bool = False
    segment: int | None = None
    segments: int | None = None
    whole: bool = False


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


@dataclass(frozen=True, slots=True)
class DescribeTimeToLive(Operation[str | None]):
    """Ask which attribute holds the time to live; None if it is not switched on."""

    name: str


@dataclass(frozen=True, slots=True)
class EnableTimeToLive(Operation[None]):
    """Switch time to live on for an attribute that holds epoch seconds."""

    name: str
    attribute: str


@dataclass(frozen=True, slots=True)
class DisableTimeToLive(Operation[None]):
    """Switch time to live off; the attribute is the one that it is on for."""

    name: str
    attribute: str


@dataclass(frozen=True, slots=True)
class DescribeRecovery(Operation[RecoveryDescription]):
    """Ask whether point-in-time recovery is on, and for which times."""

    name: str


@dataclass(frozen=True, slots=True)
class UpdateRecovery(Operation[RecoveryDescription]):
    """Switch point-in-time recovery on or off, or change how far back it goes."""

    name: str
    recovery: PointInTimeRecovery


@dataclass(frozen=True, slots=True)
class ListTags(Operation[Mapping[str, str]]):
    """Give all tags of a table, by its resource name (`TableDescription.arn`)."""

    arn: str


@dataclass(frozen=True, slots=True)
class TagTable(Operation[None]):
    """Set tags of a table, by its resource name; others stay."""

    arn: str
    tags: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class UntagTable(Operation[None]):
    """Remove tags of a table, by its resource name."""

    arn: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DescribeInsights(Operation[bool]):
    """Ask whether contributor insights are on (or being switched on), of a table or of one of its indexes."""

    name: str
    index: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateInsights(Operation[None]):
    """Switch contributor insights on or off, of a table or of one of its indexes."""

    name: str
    enabled: bool
    index: str | None = None


@dataclass(frozen=True, slots=True)
class DescribeScaling(Operation[tuple[ScalingDescription, ...]]):
    """Give how the capacity of a table and of its indexes scales; none for what does not scale."""

    name: str


@dataclass(frozen=True, slots=True)
class PutScaling(Operation[None]):
    """Let the reads or writes of a table, or of an index, scale: a target, and its policy."""

    name: str
    dimension: ScalingDimension
    scaling: Scaling
    index: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteScaling(Operation[None]):
    """Let the reads or writes of a table, or of an index, scale no more; its capacity stays as it is then."""

    name: str
    dimension: ScalingDimension
    index: str | None = None


@dataclass(frozen=True, slots=True)
class CreateBackup(Operation[BackupDescription]):
    """Begin an on-demand backup of a table.

    Attributes:
        name: the table.
        backup: the name of the backup, 3 to 255 characters of `a-zA-Z0-9_.-`; several may have the same.
    """

    name: str
    backup: str


@dataclass(frozen=True, slots=True)
class DescribeBackup(Operation[BackupDescription]):
    """Describe a backup by its resource name."""

    arn: str


@dataclass(frozen=True, slots=True)
class ListBackups(Operation[BackupPage]):
    """List backups, of one table or of all, a page at a time.

    Attributes:
        name: the table; None for all.
        start: the `next` of the page before.
        limit: how many to give at most, up to 100.
    """

    name: str | None = None
    start: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteBackup(Operation[None]):
    """Delete a backup by its resource name."""

    arn: str


@dataclass(frozen=True, slots=True)
class RestoreBackup(Operation[TableDescription]):
    """Begin to restore a backup into a new table, whose name must be free.

    Stream, time to live, tags, point-in-time recovery, scaling and insights are not restored (developer
    guide, "Restoring a table from a backup").
    """

    arn: str
    target: str


@dataclass(frozen=True, slots=True)
class RestoreToPoint(Operation[TableDescription]):
    """Begin to restore a table as it was at a time into a new table, whose name must be free.

    Attributes:
        name: the table whose point-in-time recovery is on.
        target: the new table.
        at: an aware time; None for the latest that can be restored.
    """

    name: str
    target: str
    at: datetime | None = None
