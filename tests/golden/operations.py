"""The operations whose requests are written down in `requests.json`, by name."""

from __future__ import annotations

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
    CreateTable,
    DeleteItem,
    DeleteTable,
    DescribeTable,
    DescribeTimeToLive,
    EnableTimeToLive,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.table import GlobalIndex, Key, LocalIndex, Projection, Table

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
}
