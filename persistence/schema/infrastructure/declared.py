"""What a declaration amounts to once its defaults are filled in, for the formats that must say everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from persistence.errors import MappingError, QueryError
from persistence.schema.declarations import (
    check_billing_of_new,
    completed,
    globals_of,
    index_billing,
)
from persistence.schema.planning.live import wanted_insights
from persistence.table import GlobalIndex, LocalIndex, Table
from persistence.table_options import (
    Billing,
    OnDemand,
    Provisioned,
    Scaling,
    StreamView,
)

Dimension = Literal["Read", "Write"]


@dataclass(frozen=True, slots=True)
class Scaled:
    """Capacity that scales: of the table, or of one of its indexes."""

    dimension: Dimension
    scaling: Scaling
    index: str | None = None

    @property
    def scalable_dimension(self) -> str:
        """The service's word for what scales."""
        place = "table" if self.index is None else "index"
        return f"dynamodb:{place}:{self.dimension}CapacityUnits"

    @property
    def metric(self) -> str:
        """The metric that is held at the target."""
        return f"DynamoDB{self.dimension}CapacityUtilization"

    @property
    def target(self) -> float:
        """The target, written in one way however it was declared."""
        whole = int(self.scaling.target)
        return whole if whole == self.scaling.target else self.scaling.target

    def policy_name(self, table: str) -> str:
        """Give the name of the policy, which may have 256 characters (API reference, PutScalingPolicy)."""
        path = "" if self.index is None else f"/index/{self.index}"
        return f"{self.metric}:table/{table}{path}"[:256]


class Declared:
    """A table as it is declared, with everything in a stable order and every default filled in.

    Args:
        table: the declaration.

    Raises:
        MappingError: parts of it contradict each other, so that no such table can be made.
    """

    def __init__(self, table: Table) -> None:
        table = completed(table)
        check_billing_of_new(table)
        self.table = table
        self.name = table.name
        self.options = table.options
        self.replicas = table.options.replicas or ()
        self.billing: Billing = table.options.billing or OnDemand()
        self._check_keys_of_replicas()

    @property
    def global_indexes(self) -> tuple[GlobalIndex, ...]:
        """The global indexes by name."""
        return tuple(sorted(globals_of(self.table), key=lambda index: index.name))

    @property
    def local_indexes(self) -> tuple[LocalIndex, ...]:
        """The local indexes by name."""
        found = (index for index in self.table.indexes if isinstance(index, LocalIndex))
        return tuple(sorted(found, key=lambda index: index.name))

    @property
    def tags(self) -> dict[str, str]:
        """The tags by key."""
        return dict(sorted((self.options.tags or {}).items()))

    @property
    def stream(self) -> StreamView | None:
        """What the stream holds; None without a stream."""
        return None if self.options.stream == "DISABLED" else self.options.stream

    @property
    def scaled(self) -> tuple[Scaled, ...]:
        """All capacity that scales: the table's, then that of the indexes by name."""
        owners = [(None, self.billing), *((each.name, self.billing_of(each)) for each in self.global_indexes)]
        return tuple(scaled for index, billing in owners for scaled in _scaled(index, billing))

    def billing_of(self, index: GlobalIndex) -> Billing:
        """Give the billing of an index: its own, that of all indexes, or the table's units."""
        billing = index_billing(self.table, index)
        if billing is not None:
            return billing
        if isinstance(self.billing, OnDemand):
            return OnDemand()
        return Provisioned(self.billing.read_units, self.billing.write_units)

    def insights_of(self, index: GlobalIndex) -> bool | None:
        """Tell whether contributor insights of an index are on; None where that is not declared."""
        return wanted_insights(self.table).get(index.name)

    def _check_keys_of_replicas(self) -> None:
        encryption = self.options.encryption
        own_key = encryption is not None and encryption.kind == "CUSTOMER"
        for replica in self.replicas:
            if own_key is (replica.key is None):
                remedy = (
                    "name a key of that region, as Replica(region, key=...)"
                    if own_key
                    else "a replica has a key only where the table has Encryption.customer(...)"
                )
                raise MappingError(f"replica {replica.region!r} of table {self.name!r}: {remedy}")


def declared_tables(tables: tuple[Table, ...]) -> tuple[Declared, ...]:
    """Give the declarations by name of table.

    Raises:
        QueryError: there are none.
        MappingError: parts of one contradict each other.
    """
    if not tables:
        raise QueryError("there is no table to export: give mappings, to the service or to export()")
    return tuple(Declared(table) for table in sorted(tables, key=lambda table: table.name))


def _scaled(index: str | None, billing: Billing) -> Iterator[Scaled]:
    if isinstance(billing, Provisioned):
        for dimension in ("Read", "Write"):
            scaling: Scaling | None = getattr(billing, f"{dimension.lower()}_scaling")
            if scaling is not None:
                yield Scaled(dimension, scaling, index)
