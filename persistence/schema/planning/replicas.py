"""What is to be done about the copies of a table in other regions."""

from __future__ import annotations

from collections.abc import Iterator

from persistence.operations import UpdateTable
from persistence.schema.planning.pair import Pair
from persistence.schema.planning.plans import PlannedStep
from persistence.table_options import Replica, TableClass


def replicas(pair: Pair) -> Iterator[PlannedStep]:
    """Plan the copies, where they are declared; those in regions that are not named go with consent only."""
    wanted = pair.declared.options.replicas
    if wanted is None:
        return
    there = {replica.region: replica for replica in pair.options.replicas or ()}
    named = {replica.region for replica in wanted}
    for region in sorted(there.keys() - named):
        drop = pair.step(
            "drop_replica",
            region,
            UpdateTable(pair.name, delete_replica=region),
            f"drop the replica in {region}, with what it holds",
        )
        yield pair.loss(drop, region, needed=False)
    for replica in wanted:
        live = there.get(replica.region)
        if live is None:
            yield created_replica(pair.name, replica)
        elif not _same(replica, live, pair.options.table_class or "STANDARD"):
            yield pair.step(
                "update_replica",
                replica.region,
                UpdateTable(pair.name, update_replica=replica),
                f"change the class or key of the replica in {replica.region}",
                f"the replica in {replica.region} has another table class or key than declared",
            )


def created_replica(table: str, replica: Replica) -> PlannedStep:
    """Plan a copy in another region."""
    return PlannedStep(
        table,
        "create_replica",
        replica.region,
        UpdateTable(table, create_replica=replica),
        text=f"create a replica in {replica.region}",
        difference=f"there is no replica in {replica.region}",
    )


def _same(declared: Replica, live: Replica, table_class: TableClass) -> bool:
    classes = declared.table_class in {None, live.table_class or table_class}
    return classes and declared.key in {None, live.key}
