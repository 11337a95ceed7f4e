"""The operations whose requests are written down in `requests.json`, by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from persistence.attributes import Item
from persistence.expressions import (
    Add,
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    Discard,
    IfNotExists,
    In,
    KeyCondition,
    ListAppend,
    Minus,
    Not,
    Or,
    Path,
    Plus,
    Remove,
    Set,
    Size,
    UpdateAction,
    Value,
)
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    ConditionCheck,
    CreateBackup,
    CreateTable,
    DeleteBackup,
    DeleteItem,
    DeleteScaling,
    DeleteTable,
    DescribeBackup,
    DescribeInsights,
    DescribeRecovery,
    DescribeScaling,
    DescribeTable,
    DescribeTimeToLive,
    DisableTimeToLive,
    EnableTimeToLive,
    GetItem,
    ListBackups,
    ListTables,
    ListTags,
    Operation,
    PutItem,
    PutScaling,
    QueryPage,
    RestoreBackup,
    RestoreToPoint,
    ScanPage,
    TagTable,
    TransactGet,
    TransactWrite,
    UntagTable,
    UpdateInsights,
    UpdateItem,
    UpdateRecovery,
    UpdateTable,
)
from persistence.table import GlobalIndex, Key, LocalIndex, Projection, Table
from persistence.table_options import (
    Encryption,
    OnDemand,
    PointInTimeRecovery,
    Provisioned,
    Replica,
    Scaling,
    TableOptions,
)

ORDERS = Table(
    "orders",
    "customer",
    "number",
    indexes=(
        GlobalIndex("by-status", Key("status", "placed_at")),
        GlobalIndex("by-total", Key("total"), Projection.include("status", "lines")),
        LocalIndex("by-date", "placed_at", Projection.keys_only()),
    ),
    types={"number": "N", "total": "N"},
)
MATCHES = Table(
    "matches",
    "id",
    indexes=(GlobalIndex("by-round", Key(("tournament", "region"), ("round", "bracket"))),),
    types={"round": "N"},
)
EVENTS = Table("events", "id", types={"id": "B"})
BY_STATUS, BY_TOTAL = GlobalIndex("by-status", Key("status")), GlobalIndex("by-total", Key("total"))
ARN = "arn:aws:dynamodb:eu-central-1:000000000000:table/orders"
BACKUP_ARN = f"{ARN}/backup/01600000000000-0a1b2c3d"
KEY_ARN = "arn:aws:kms:eu-central-1:000000000000:key/0a1b2c3d"


def orders_with(*indexes: GlobalIndex, **options: Any) -> Table:
    """Declare a table with options."""
    return Table("orders", "customer", indexes=indexes, types={"total": "N"}, options=TableOptions(**options))


KEY = {"customer": {"S": "c-1"}, "number": {"N": "7"}}
OTHER_KEY = {"customer": {"S": "c-1"}, "number": {"N": "8"}}
EVENT_KEY = {"id": {"B": b"\x00\xff"}}
EVERY_TYPE: Item = {
    "B": {"B": b"\x01"},
    "BOOL": {"BOOL": True},
    "BS": {"BS": [b"b", b"a"]},
    "L": {"L": [{"SS": ["y", "x"]}, {"NULL": True}]},
    "M": {"M": {"tags": {"SS": ["y", "x"]}}},
    "N": {"N": "1.5"},
    "NS": {"NS": ["2", "1"]},
    "S": {"S": ""},
    "SS": {"SS": ["b", "a"]},
}

STATUS, VERSION, TAGS = Path.of("status"), Path.of("version"), Path.of("tags")
SKU = Path.of("lines", 0, "sku")
DOTTED = Path.of("a.b", "c[0]")
OPEN, ONE, TWO = Value({"S": "open"}), Value({"N": "1"}), Value({"N": "2"})
IS_OPEN, IS_FIRST = Compare("=", STATUS, OPEN), Compare("=", VERSION, ONE)
HAS_TAGS = AttributeExists(TAGS)

CONDITIONS: dict[str, Condition] = {
    "equal": IS_OPEN,
    "not equal": Compare("<>", STATUS, OPEN),
    "less": Compare("<", VERSION, TWO),
    "less or equal": Compare("<=", VERSION, TWO),
    "greater": Compare(">", VERSION, ONE),
    "greater or equal": Compare(">=", VERSION, ONE),
    "two paths": Compare("=", SKU, DOTTED),
    "size": Compare(">", Size(TAGS), ONE),
    "between": Between(VERSION, ONE, TWO),
    "in": In(STATUS, (OPEN, Value({"S": "paid"}), SKU)),
    "begins with": BeginsWith(SKU, Value({"S": "A-"})),
    "contains": Contains(TAGS, Value({"S": "gift"})),
    "attribute exists": HAS_TAGS,
    "attribute not exists": AttributeNotExists(SKU),
    "attribute type": AttributeType(TAGS, "SS"),
    "and": And((IS_OPEN, IS_FIRST, HAS_TAGS)),
    "or": Or((IS_OPEN, IS_FIRST)),
    "or within and": And((Or((IS_OPEN, IS_FIRST)), HAS_TAGS)),
    "and within or": Or((And((IS_OPEN, IS_FIRST)), HAS_TAGS)),
    "and within and": And((And((IS_OPEN, IS_FIRST)), HAS_TAGS)),
    "not": Not(IS_OPEN),
    "not of a function": Not(HAS_TAGS),
    "not of and": Not(And((IS_OPEN, IS_FIRST))),
    "not of or within and": And((Not(Or((IS_OPEN, IS_FIRST))), HAS_TAGS)),
    "junctions of one": And((Or((And((IS_OPEN,)),)),)),
    "not not": Not(And((Not(IS_OPEN),))),
    "set operand": Compare("=", TAGS, Value({"SS": ["b", "a"]})),
}

UPDATES: dict[str, tuple[UpdateAction, ...]] = {
    "set": (Set(STATUS, OPEN),),
    "set nested": (Set(SKU, Value({"S": "A-1"})), Set(DOTTED, ONE)),
    "set to another path": (Set(STATUS, SKU),),
    "if not exists": (Set(VERSION, IfNotExists(VERSION, ONE)),),
    "list append": (Set(Path.of("lines"), ListAppend(Path.of("lines"), Value({"L": [{"N": "1"}]}))),),
    "list prepend to none": (
        Set(
            Path.of("lines"),
            ListAppend(Value({"L": [{"N": "1"}]}), IfNotExists(Path.of("lines"), Value({"L": []}))),
        ),
    ),
    "plus": (Set(VERSION, Plus(IfNotExists(VERSION, Value({"N": "-1"})), ONE)),),
    "minus": (Set(Path.of("stock"), Minus(Path.of("stock"), TWO)),),
    "remove": (Remove(TAGS), Remove(Path.of("lines", 1))),
    "add": (Add(VERSION, ONE), Add(TAGS, Value({"SS": ["b", "a"]}))),
    "discard": (Discard(TAGS, Value({"SS": ["b", "a"]})),),
    "all clauses, mixed": (
        Discard(TAGS, Value({"SS": ["x"]})),
        Add(Path.of("views"), ONE),
        Remove(SKU),
        Set(STATUS, OPEN),
        Remove(DOTTED),
        Set(VERSION, Plus(VERSION, ONE)),
    ),
}

_PARTITION = ("customer", {"S": "c-1"})
_NUMBER = Path.of("number")
_PUT = PutItem(ORDERS, {**KEY, "status": {"S": "open"}})
_EXISTS = AttributeExists(Path.of("customer"))

OPERATIONS: dict[str, Operation[Any]] = {
    "get": GetItem(ORDERS, KEY),
    "get, consistent": GetItem(ORDERS, KEY, consistent=True),
    "get, projection": GetItem(ORDERS, KEY, projection=(STATUS, SKU, DOTTED)),
    "get, binary key": GetItem(EVENTS, EVENT_KEY),
    "batch get": BatchGetItems(
        (GetItem(ORDERS, KEY), GetItem(EVENTS, EVENT_KEY), GetItem(ORDERS, OTHER_KEY))
    ),
    "batch get, consistent": BatchGetItems((GetItem(ORDERS, KEY, consistent=True),)),
    "batch get, projection widened by the key": BatchGetItems(
        (GetItem(ORDERS, KEY, projection=(STATUS, _NUMBER)),)
    ),
    "transact get": TransactGet((GetItem(ORDERS, KEY, projection=(STATUS,)), GetItem(EVENTS, EVENT_KEY))),
    "put": _PUT,
    "put, every type": PutItem(ORDERS, {**KEY, **EVERY_TYPE}),
    "put, returning the old": PutItem(ORDERS, KEY, returning="old"),
    "put, conditional with the item on failure": PutItem(
        ORDERS, KEY, AttributeNotExists(Path.of("customer")), item_on_failure=True
    ),
    **{f"put if {name}": PutItem(ORDERS, KEY, condition) for name, condition in CONDITIONS.items()},
    **{f"update: {name}": UpdateItem(ORDERS, KEY, actions) for name, actions in UPDATES.items()},
    "update, conditional": UpdateItem(
        ORDERS, KEY, (Set(VERSION, TWO),), IS_FIRST, returning="new", item_on_failure=True
    ),
    "update, returning updated old": UpdateItem(ORDERS, KEY, (Remove(TAGS),), returning="updated_old"),
    "update, returning updated new": UpdateItem(ORDERS, KEY, (Remove(TAGS),), returning="updated_new"),
    "delete": DeleteItem(ORDERS, KEY),
    "delete, conditional": DeleteItem(ORDERS, KEY, IS_FIRST, returning="old", item_on_failure=True),
    "transact write": TransactWrite(
        (
            PutItem(ORDERS, KEY, AttributeNotExists(Path.of("customer")), item_on_failure=True),
            UpdateItem(ORDERS, OTHER_KEY, (Set(VERSION, TWO),), IS_FIRST, item_on_failure=True),
            DeleteItem(ORDERS, {**KEY, "number": {"N": "9"}}, IS_FIRST),
            ConditionCheck(EVENTS, EVENT_KEY, AttributeExists(Path.of("id")), item_on_failure=True),
        ),
        token="token-1",
    ),
    "transact write, no token": TransactWrite((_PUT,)),
    "batch write": BatchWriteItems((_PUT, DeleteItem(EVENTS, EVENT_KEY), DeleteItem(ORDERS, OTHER_KEY))),
    "query": QueryPage(ORDERS, KeyCondition(_PARTITION)),
    "query, sort equal": QueryPage(ORDERS, KeyCondition(_PARTITION, Compare("=", _NUMBER, ONE))),
    "query, sort between": QueryPage(ORDERS, KeyCondition(_PARTITION, Between(_NUMBER, ONE, TWO))),
    "query, everything": QueryPage(
        ORDERS,
        KeyCondition(("status", {"S": "open"}), BeginsWith(Path.of("placed_at"), Value({"S": "2026-"}))),
        index="by-status",
        filter=Or((_EXISTS, Compare(">", Path.of("total"), ONE))),
        projection=(STATUS, SKU),
        descending=True,
        limit=10,
        start={**KEY, "status": {"S": "open"}, "placed_at": {"S": "2026-01-01"}},
    ),
    "query, consistent count": QueryPage(
        ORDERS, KeyCondition(_PARTITION), index="by-date", consistent=True, count_only=True
    ),
    "query, whole": QueryPage(
        ORDERS, KeyCondition(_PARTITION), index="by-date", filter=HAS_TAGS, limit=5, whole=True
    ),
    "query, several attributes": QueryPage(
        MATCHES,
        KeyCondition(
            ("tournament", {"S": "t"}),
            BeginsWith(Path.of("bracket"), Value({"S": "u"})),
            (("region", {"S": "eu"}), ("round", {"N": "1"})),
        ),
        index="by-round",
    ),
    "query, several attributes equal": QueryPage(
        MATCHES, KeyCondition(("tournament", {"S": "t"}), also=(("region", {"S": "eu"}),)), index="by-round"
    ),
    "scan": ScanPage(ORDERS),
    "scan, everything": ScanPage(
        ORDERS,
        index="by-date",
        filter=HAS_TAGS,
        projection=(STATUS,),
        limit=5,
        start=KEY,
        consistent=True,
        segment=0,
        segments=4,
    ),
    "scan, count": ScanPage(ORDERS, projection=(STATUS,), count_only=True),
    "scan, whole": ScanPage(ORDERS, index="by-date", whole=True),
    "create table": CreateTable(EVENTS),
    "create table, indexes": CreateTable(ORDERS),
    "create table, several attributes": CreateTable(MATCHES),
    "describe table": DescribeTable("orders"),
    "delete table": DeleteTable("orders"),
    "describe time to live": DescribeTimeToLive("orders"),
    "enable time to live": EnableTimeToLive("orders", "expires_at"),
    "create table, on demand with limits": CreateTable(
        orders_with(
            BY_STATUS,
            replace(BY_TOTAL, billing=OnDemand(max_write_units=7)),
            billing=OnDemand(10, 20),
            index_billing=OnDemand(max_read_units=5),
        )
    ),
    "create table, on demand with one limit": CreateTable(
        orders_with(BY_STATUS, billing=OnDemand(max_read_units=10))
    ),
    "create table, provisioned": CreateTable(orders_with(BY_STATUS, billing=Provisioned(10, 20))),
    "create table, provisioned with units of indexes": CreateTable(
        orders_with(
            BY_STATUS,
            replace(BY_TOTAL, billing=Provisioned(3, 4)),
            billing=Provisioned(10, 20, Scaling(5, 50)),
            index_billing=Provisioned(1, 2),
        )
    ),
    "create table, everything": CreateTable(
        orders_with(
            stream="NEW_AND_OLD_IMAGES",
            encryption=Encryption.customer("alias/orders"),
            point_in_time_recovery=True,
            deletion_protection=True,
            table_class="STANDARD_INFREQUENT_ACCESS",
            contributor_insights=True,
            tags={"team": "orders", "cost": ""},
            replicas=(Replica("eu-west-1"),),
        )
    ),
    "create table, nothing beside": CreateTable(
        orders_with(
            stream="DISABLED",
            encryption=Encryption.owned(),
            deletion_protection=False,
            table_class="STANDARD",
        )
    ),
    "create table, managed key": CreateTable(orders_with(encryption=Encryption.managed())),
    "list tables": ListTables(),
    "list tables, further": ListTables("orders", 10),
    "update table: create index": UpdateTable(
        "orders",
        create_index=GlobalIndex("by-x", Key("x", "y"), Projection.include("z")),
        key_types={"y": "N"},
    ),
    "update table: create index with units": UpdateTable(
        "orders", create_index=BY_STATUS, index_billing={"by-status": Provisioned(1, 2)}
    ),
    "update table: create index with units of its own": UpdateTable(
        "orders", create_index=replace(BY_STATUS, billing=Provisioned(3, 4))
    ),
    "update table: create index with a limit": UpdateTable(
        "orders", create_index=replace(BY_STATUS, billing=OnDemand(max_read_units=3))
    ),
    "update table: delete index": UpdateTable("orders", delete_index="by-status"),
    "update table: provisioned": UpdateTable(
        "orders",
        billing=Provisioned(1, 2),
        index_billing={"by-status": Provisioned(3, 4), "by-total": Provisioned(5, 6)},
    ),
    "update table: on demand": UpdateTable("orders", billing=OnDemand()),
    "update table: on demand with one limit": UpdateTable("orders", billing=OnDemand(max_read_units=10)),
    "update table: limits of an index": UpdateTable(
        "orders", index_billing={"by-status": OnDemand(max_write_units=10)}
    ),
    "update table: stream": UpdateTable("orders", stream="KEYS_ONLY"),
    "update table: no stream": UpdateTable("orders", stream="DISABLED"),
    "update table: managed key": UpdateTable("orders", encryption=Encryption.managed()),
    "update table: own key": UpdateTable("orders", encryption=Encryption.customer(KEY_ARN)),
    "update table: owned key": UpdateTable("orders", encryption=Encryption.owned()),
    "update table: protection": UpdateTable("orders", deletion_protection=False),
    "update table: class": UpdateTable("orders", table_class="STANDARD"),
    "update table: create replica": UpdateTable(
        "orders", create_replica=Replica("eu-west-1", "STANDARD_INFREQUENT_ACCESS", KEY_ARN)
    ),
    "update table: update replica": UpdateTable("orders", update_replica=Replica("eu-west-1", "STANDARD")),
    "update table: delete replica": UpdateTable("orders", delete_replica="eu-west-1"),
    "disable time to live": DisableTimeToLive("orders", "expires_at"),
    "describe recovery": DescribeRecovery("orders"),
    "update recovery": UpdateRecovery("orders", PointInTimeRecovery(days=7)),
    "update recovery, off": UpdateRecovery("orders", PointInTimeRecovery(enabled=False)),
    "list tags": ListTags(ARN),
    "tag table": TagTable(ARN, {"team": "orders", "cost": ""}),
    "untag table": UntagTable(ARN, ("team", "cost")),
    "describe insights": DescribeInsights("orders"),
    "describe insights of an index": DescribeInsights("orders", "by-status"),
    "update insights": UpdateInsights("orders", enabled=True),
    "update insights of an index": UpdateInsights("orders", enabled=False, index="by-status"),
    "describe scaling": DescribeScaling("orders"),
    "put scaling": PutScaling("orders", "reads", Scaling(5, 50, 75, 30, 10)),
    "put scaling of an index": PutScaling("orders", "writes", Scaling(1, 10), "by-status"),
    "delete scaling": DeleteScaling("orders", "reads"),
    "delete scaling of an index": DeleteScaling("orders", "writes", "by-status"),
    "create backup": CreateBackup("orders", "before-the-release"),
    "describe backup": DescribeBackup(BACKUP_ARN),
    "list backups": ListBackups(),
    "list backups, further": ListBackups("orders", BACKUP_ARN, 10),
    "delete backup": DeleteBackup(BACKUP_ARN),
    "restore backup": RestoreBackup(BACKUP_ARN, "restored"),
    "restore to point, the latest": RestoreToPoint("orders", "restored"),
    "restore to point": RestoreToPoint(
        "orders", "restored", datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    ),
}
