"""What is tried on every server: each probe does something to a table, and looks whether it was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from persistence.errors import InvalidRequest, TableInUse
from persistence.operations import (
    CreateBackup,
    CreateTable,
    DeleteBackup,
    DeleteScaling,
    DeleteTable,
    DescribeBackup,
    DescribeInsights,
    DescribeRecovery,
    DescribeScaling,
    DisableTimeToLive,
    EnableTimeToLive,
    ListBackups,
    ListTables,
    ListTags,
    PutScaling,
    RestoreBackup,
    RestoreToPoint,
    ScalingDescription,
    TagTable,
    UntagTable,
    UpdateInsights,
    UpdateRecovery,
)
from persistence.schema import SchemaService
from persistence.table import LocalIndex, Table
from persistence.table_options import (
    Encryption,
    OnDemand,
    PointInTimeRecovery,
    Provisioned,
    Replica,
    Scaling,
)
from tests.contract.support.bench import BY_X, Bench, Differs, expect

UNITS, MORE = Provisioned(5, 6), Provisioned(7, 8)
LIMITS = OnDemand(10, 20)
INFREQUENT = "STANDARD_INFREQUENT_ACCESS"
KEY = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that is tried.

    Attributes:
        section: what it belongs to.
        what: what is tried, in a few words.
        attempt: does it; it raises where it can't, or is not done.
    """

    section: str
    what: str
    attempt: Callable[[Bench], None]


PROBES: list[Probe] = []

_Attempt = Callable[[Bench], None]


def _probe(section: str, what: str) -> Callable[[_Attempt], _Attempt]:
    def keep(attempt: _Attempt) -> _Attempt:
        PROBES.append(Probe(section, what, attempt))
        return attempt

    return keep


@_probe("Making tables", "on demand, with global and local indexes")
def _(bench: Bench) -> None:
    table = bench.table(BY_X, LocalIndex("by-y", "y"), sort="n")
    found = bench.described(table)
    expect(found.table.structure == table.structure, "it is described in another way")
    expect(found.options.billing == OnDemand(), "it is billed in another way")


@_probe("Making tables", "a name that is taken is refused")
def _(bench: Bench) -> None:
    table = bench.table()
    try:
        bench.perform(CreateTable(table))
    except TableInUse:
        return
    raise Differs("it is made a second time")


@_probe("Making tables", "limits on demand")
def _(bench: Bench) -> None:
    expect(bench.described(bench.table(billing=LIMITS)).options.billing == LIMITS, "the limits are others")


@_probe("Making tables", "limits of indexes")
def _(bench: Bench) -> None:
    table = bench.table(BY_X, billing=OnDemand(), index_billing=LIMITS)
    expect(bench.index_billing(table) == LIMITS, "the limits are others")


@_probe("Making tables", "provisioned, with units of indexes")
def _(bench: Bench) -> None:
    table = bench.table(BY_X, billing=UNITS, index_billing=MORE)
    expect(bench.described(table).options.billing == UNITS, "the units are others")
    expect(bench.index_billing(table) == MORE, "the units of the index are others")


@_probe("Making tables", "a stream")
def _(bench: Bench) -> None:
    found = bench.described(bench.table(stream="NEW_IMAGE"))
    expect(found.options.stream == "NEW_IMAGE", "it has another stream")
    expect(found.stream_arn is not None, "the stream has no resource name")


@_probe("Making tables", "encryption with a key that AWS manages")
def _(bench: Bench) -> None:
    found = bench.described(bench.table(encryption=Encryption.managed()))
    expect(found.options.encryption != Encryption.owned(), "it is encrypted in another way")


@_probe("Making tables", "encryption with a customer's key")
def _(bench: Bench) -> None:
    found = bench.described(bench.table(encryption=Encryption.customer(KEY)))
    expect(found.options.encryption == Encryption.customer(KEY), "it is encrypted in another way")


@_probe("Making tables", "deletion protection")
def _(bench: Bench) -> None:
    table = bench.table(deletion_protection=True)
    try:
        bench.perform(DeleteTable(table.name))
    except InvalidRequest:
        return
    raise Differs("a protected table is deleted")


@_probe("Making tables", "the table class")
def _(bench: Bench) -> None:
    found = bench.described(bench.table(table_class=INFREQUENT))
    expect(found.options.table_class == INFREQUENT, "it is of another class")


@_probe("Making tables", "tags")
def _(bench: Bench) -> None:
    table = bench.table(tags={"team": "orders"})
    expect(bench.perform(ListTags(bench.arn(table))) == {"team": "orders"}, "the tags are others")


@_probe("Making tables", "tables are listed, page by page")
def _(bench: Bench) -> None:
    wanted = {bench.table().name, bench.table().name}
    found: set[str] = set()
    start = None
    while True:
        page = bench.perform(ListTables(start, limit=1))
        expect(len(page.names) <= 1, "a page holds more than was asked for")
        found |= set(page.names)
        start = page.next
        if start is None:
            break
    expect(wanted <= found, "some are missing")


@_probe("Making tables", "the schema service ensures a table, again and again")
def _(bench: Bench) -> None:
    service = SchemaService(bench.store)
    table = Table(bench.new_name(), "id", indexes=(BY_X,))
    for _attempt in range(2):
        expect(service.ensure_table(table).active, "it is not active")
    service.delete_table(table)
    expect(not service.exists(table), "it is still there")


@_probe("Making tables", "a deleted table is gone")
def _(bench: Bench) -> None:
    table = bench.table()
    bench.perform(DeleteTable(table.name))
    expect(bench.going(table.name), "it is still there")


@_probe("Changing tables", "a global index is added")
def _(bench: Bench) -> None:
    table = bench.table()
    bench.fill(table)
    bench.change(table, create_index=BY_X)
    expect(bench.described(table).table.indexes == (BY_X,), "it is not there")


@_probe("Changing tables", "a global index is added to a provisioned table")
def _(bench: Bench) -> None:
    table = bench.table(billing=UNITS)
    bench.change(table, create_index=BY_X, index_billing={BY_X.name: MORE})
    expect(bench.index_billing(table) == MORE, "its units are others")


@_probe("Changing tables", "a global index is deleted")
def _(bench: Bench) -> None:
    table = bench.table(BY_X)
    bench.change(table, delete_index=BY_X.name)
    expect(bench.index(table) is None, "it is still there")


@_probe("Changing tables", "from on demand to provisioned")
def _(bench: Bench) -> None:
    table = bench.table(BY_X)
    found = bench.change(table, billing=UNITS, index_billing={BY_X.name: MORE})
    expect(found.options.billing == UNITS, "the units are others")
    expect(bench.index_billing(table) == MORE, "the units of the index are others")


@_probe("Changing tables", "from provisioned to on demand")
def _(bench: Bench) -> None:
    found = bench.change(bench.table(BY_X, billing=UNITS), billing=OnDemand())
    expect(found.options.billing == OnDemand(), "it is billed in another way")


@_probe("Changing tables", "units of a table")
def _(bench: Bench) -> None:
    found = bench.change(bench.table(billing=UNITS), billing=MORE)
    expect(found.options.billing == MORE, "the units are others")


@_probe("Changing tables", "units of an index")
def _(bench: Bench) -> None:
    table = bench.table(BY_X, billing=UNITS)
    bench.change(table, index_billing={BY_X.name: MORE})
    expect(bench.index_billing(table) == MORE, "the units are others")


@_probe("Changing tables", "limits on demand")
def _(bench: Bench) -> None:
    table = bench.table()
    expect(bench.change(table, billing=LIMITS).options.billing == LIMITS, "the limits are others")
    expect(bench.change(table, billing=OnDemand()).options.billing == OnDemand(), "they are not removed")


@_probe("Changing tables", "limits of an index")
def _(bench: Bench) -> None:
    table = bench.table(BY_X)
    bench.change(table, index_billing={BY_X.name: LIMITS})
    expect(bench.index_billing(table) == LIMITS, "the limits are others")


@_probe("Changing tables", "a stream is switched on and off")
def _(bench: Bench) -> None:
    table = bench.table()
    expect(bench.change(table, stream="KEYS_ONLY").options.stream == "KEYS_ONLY", "it has another stream")
    expect(bench.change(table, stream="DISABLED").options.stream == "DISABLED", "it stays on")


@_probe("Changing tables", "encryption")
def _(bench: Bench) -> None:
    found = bench.change(bench.table(), encryption=Encryption.customer(KEY))
    expect(found.options.encryption == Encryption.customer(KEY), "it is encrypted in another way")


@_probe("Changing tables", "deletion protection")
def _(bench: Bench) -> None:
    found = bench.change(bench.table(), deletion_protection=True)
    expect(found.options.deletion_protection is True, "it is not protected")


@_probe("Changing tables", "the table class")
def _(bench: Bench) -> None:
    found = bench.change(bench.table(), table_class=INFREQUENT)
    expect(found.options.table_class == INFREQUENT, "it is of another class")


@_probe("Changing tables", "a copy in another region")
def _(bench: Bench) -> None:
    found = bench.change(bench.table(stream="NEW_AND_OLD_IMAGES"), create_replica=Replica("eu-west-1"))
    expect(found.options.replicas == (Replica("eu-west-1"),), "it is not there")


@_probe("What has a setting of its own", "time to live is switched on")
def _(bench: Bench) -> None:
    table = bench.table()
    expect(bench.time_to_live(table) is None, "it is on from the start")
    bench.perform(EnableTimeToLive(table.name, "expires_at"))
    expect(bench.time_to_live(table) == "expires_at", "it is not on")


@_probe("What has a setting of its own", "time to live is switched off")
def _(bench: Bench) -> None:
    table = bench.table()
    bench.perform(EnableTimeToLive(table.name, "expires_at"))
    bench.perform(DisableTimeToLive(table.name, "expires_at"))
    expect(bench.time_to_live(table) is None, "it is still on")


@_probe("What has a setting of its own", "tags are set, listed and removed")
def _(bench: Bench) -> None:
    arn = bench.arn(bench.table())
    bench.perform(TagTable(arn, {"team": "orders", "cost": ""}))
    expect(bench.perform(ListTags(arn)) == {"team": "orders", "cost": ""}, "they are others")
    bench.perform(UntagTable(arn, ("team",)))
    expect(bench.perform(ListTags(arn)) == {"cost": ""}, "they are not removed")


@_probe("What has a setting of its own", "point-in-time recovery")
def _(bench: Bench) -> None:
    table = bench.table()
    bench.perform(UpdateRecovery(table.name, PointInTimeRecovery(days=7)))
    found = bench.perform(DescribeRecovery(table.name))
    expect(found.recovery == PointInTimeRecovery(days=7), "it is not on for as many days")
    expect(found.earliest is not None and found.latest is not None, "it has no times")
    bench.perform(UpdateRecovery(table.name, PointInTimeRecovery(enabled=False)))
    expect(not bench.perform(DescribeRecovery(table.name)).recovery.enabled, "it is still on")


@_probe("What has a setting of its own", "contributor insights")
def _(bench: Bench) -> None:
    table = bench.table(BY_X)
    for index in (None, BY_X.name):
        bench.perform(UpdateInsights(table.name, enabled=True, index=index))
        expect(bench.perform(DescribeInsights(table.name, index)), "they are not on")
        bench.perform(UpdateInsights(table.name, enabled=False, index=index))
        expect(not bench.perform(DescribeInsights(table.name, index)), "they are still on")


@_probe("What has a setting of its own", "scaling of tables and indexes")
def _(bench: Bench) -> None:
    table = bench.table(BY_X, billing=UNITS)
    scaling = Scaling(1, 10, 50, 30, 10)
    bench.perform(PutScaling(table.name, "reads", scaling))
    bench.perform(PutScaling(table.name, "writes", scaling, BY_X.name))
    found = bench.perform(DescribeScaling(table.name))
    of_index = ScalingDescription("writes", scaling, BY_X.name)
    expect(found == (ScalingDescription("reads", scaling), of_index), "it is described in another way")
    bench.perform(DeleteScaling(table.name, "reads"))
    expect(bench.perform(DescribeScaling(table.name)) == (of_index,), "it is not deleted")


@_probe("Backups", "made, described, listed and deleted")
def _(bench: Bench) -> None:
    table = bench.table()
    made = bench.perform(CreateBackup(table.name, "nightly"))
    found = bench.perform(DescribeBackup(made.arn))
    expect((found.name, found.table) == ("nightly", table.name), "it is described in another way")
    listed = bench.perform(ListBackups(table.name)).backups
    expect([backup.arn for backup in listed] == [made.arn], "it is not listed")
    bench.perform(DeleteBackup(made.arn))
    expect(bench.perform(ListBackups(table.name)).backups == (), "it is still there")


@_probe("Backups", "restored into a new table")
def _(bench: Bench) -> None:
    table = bench.table(BY_X)
    bench.fill(table)
    made = bench.perform(CreateBackup(table.name, "nightly"))
    target = bench.new_name()
    bench.perform(RestoreBackup(made.arn, target))
    found = bench.settled(target)
    bench.perform(DeleteBackup(made.arn))
    expect(bench.holds(target), "items are missing")
    expect(found.table.structure.indexes == (BY_X,), "indexes are missing")


@_probe("Backups", "a table restored to the latest point in time")
def _(bench: Bench) -> None:
    table = bench.table(BY_X)
    bench.perform(UpdateRecovery(table.name, PointInTimeRecovery()))
    bench.fill(table)
    target = bench.new_name()
    bench.perform(RestoreToPoint(table.name, target))
    found = bench.settled(target)
    expect(bench.holds(target), "items are missing")
    expect(found.table.structure.indexes == (BY_X,), "indexes are missing")


@_probe("Backups", "a table without recovery can't be restored")
def _(bench: Bench) -> None:
    table = bench.table()
    try:
        bench.perform(RestoreToPoint(table.name, bench.new_name()))
    except InvalidRequest:
        return
    raise Differs("it is restored")
