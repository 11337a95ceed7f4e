"""Declarations of tables: one of everything, each option alone, and any combination at random."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from persistence import GlobalIndex, Key, LocalIndex, Projection, Table
from persistence.table_options import (
    Billing,
    Encryption,
    OnDemand,
    PointInTimeRecovery,
    Provisioned,
    Replica,
    Scaling,
    TableClass,
    TableOptions,
)

SCALING = Scaling(5, 100)
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ABROAD = "arn:aws:kms:eu-west-1:123456789012:key/5678abcd-12ab-34cd-56ef-1234567890ab"

RICH = Table(
    "customer-orders",
    "PK",
    "SK",
    indexes=(
        LocalIndex("by-status", "status", Projection.keys_only()),
        GlobalIndex("by-region", Key(("country", "region"), ("year", "month")), Projection.keys_only()),
        GlobalIndex(
            "by-customer",
            Key("customerId", "placedAt"),
            Projection.include("total", "note"),
            billing=Provisioned(7, 8, read_scaling=SCALING),
            contributor_insights=False,
        ),
    ),
    types={"placedAt": "N", "year": "N", "month": "N"},
    time_to_live="expiresAt",
    options=TableOptions(
        billing=Provisioned(10, 5, read_scaling=SCALING, write_scaling=Scaling(5, 50, target=65.5)),
        stream="NEW_IMAGE",
        encryption=Encryption.customer("alias/orders"),
        point_in_time_recovery=PointInTimeRecovery(days=14),
        deletion_protection=True,
        table_class="STANDARD_INFREQUENT_ACCESS",
        contributor_insights=True,
        tags={"team": "shop", "cost ${center}": "50%{net}"},
    ),
)

WORLDWIDE = Table(
    "carts",
    "id",
    indexes=(GlobalIndex("by-owner", Key("owner")),),
    time_to_live="expiresAt",
    options=TableOptions(
        billing=OnDemand(max_read_units=1000, max_write_units=500),
        index_billing=OnDemand(max_read_units=100),
        stream="NEW_AND_OLD_IMAGES",
        encryption=Encryption.customer(KEY),
        point_in_time_recovery=PointInTimeRecovery(),
        deletion_protection=True,
        contributor_insights=True,
        tags={"team": "shop"},
        replicas=(Replica("eu-west-1", key=KEY_ABROAD),),
    ),
)

PLAIN = Table("notes", "id")

SCALED_WORLDWIDE = Table(
    "prices",
    "sku",
    indexes=(GlobalIndex("by-supplier", Key("supplier", "sku")),),
    options=TableOptions(
        billing=Provisioned(10, 5, read_scaling=SCALING, write_scaling=SCALING),
        index_billing=Provisioned(4, 5, write_scaling=SCALING),
        encryption=Encryption.managed(),
        table_class="STANDARD",
        replicas=(Replica("eu-west-1", table_class="STANDARD_INFREQUENT_ACCESS"), Replica("eu-central-1")),
    ),
)

EXAMPLES = (RICH, WORLDWIDE, PLAIN)
"""What the three formats can say."""

ALONE: tuple[TableOptions, ...] = (
    TableOptions(billing=OnDemand()),
    TableOptions(billing=OnDemand(max_read_units=5)),
    TableOptions(billing=OnDemand(max_write_units=5), index_billing=OnDemand(3, 4)),
    TableOptions(billing=Provisioned(1, 2)),
    TableOptions(billing=Provisioned(1, 2, read_scaling=SCALING), index_billing=Provisioned(3, 4)),
    TableOptions(billing=Provisioned(5, 2), index_billing=Provisioned(5, 4, write_scaling=SCALING)),
    *(TableOptions(stream=view) for view in ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")),
    TableOptions(stream="DISABLED"),
    TableOptions(encryption=Encryption.owned()),
    TableOptions(encryption=Encryption.managed()),
    TableOptions(encryption=Encryption.customer("alias/orders")),
    TableOptions(encryption=Encryption.customer(KEY)),
    TableOptions(point_in_time_recovery=PointInTimeRecovery()),
    TableOptions(point_in_time_recovery=PointInTimeRecovery(enabled=False)),
    TableOptions(point_in_time_recovery=PointInTimeRecovery(days=1)),
    TableOptions(deletion_protection=True),
    TableOptions(deletion_protection=False),
    TableOptions(table_class="STANDARD"),
    TableOptions(table_class="STANDARD_INFREQUENT_ACCESS"),
    TableOptions(contributor_insights=True),
    TableOptions(contributor_insights=False),
    TableOptions(tags={"a": "b", "c": ""}),
    TableOptions(replicas=(Replica("eu-west-1"),)),
)


def alone() -> tuple[Table, ...]:
    """Give a table for each option alone, with an index of each kind."""
    base = Table(
        "base", "id", "at", indexes=(GlobalIndex("others", Key("other")), LocalIndex("marks", "mark"))
    )
    return tuple(replace(base, name=f"alone-n{n}", options=each) for n, each in enumerate(ALONE))


names = st.text("abcXYZ019._-", min_size=3, max_size=12)
attributes = st.text("abAB01_-. $#{}%é", min_size=1, max_size=8)
key_attributes = attributes.filter(lambda name: "{" not in name)
units = st.integers(1, 1000)
flags = st.none() | st.booleans()


@st.composite
def scalings(draw: st.DrawFn) -> Scaling:
    least = draw(units)
    cooldown = st.integers(0, 600)
    return Scaling(
        least, least + draw(units), draw(st.sampled_from([20, 66.5, 90.0])), draw(cooldown), draw(cooldown)
    )


def billings(*, provisioned: bool, scaled: bool = False) -> st.SearchStrategy[Billing]:
    """Give billings of one kind, with writes that scale where that is demanded."""
    if not provisioned:
        return st.builds(OnDemand, st.none() | units, st.none() | units)
    maybe = st.none() | scalings()
    return st.builds(Provisioned, units, units, maybe, scalings() if scaled else maybe)


@st.composite
def projections(draw: st.DrawFn) -> Projection:
    simple = draw(st.sampled_from([Projection.all(), Projection.keys_only(), None]))
    if simple is not None:
        return simple
    return Projection.include(*draw(st.lists(attributes, min_size=1, max_size=4, unique=True)))


@st.composite
def tables(draw: st.DrawFn, *, provisioned_abroad: bool = True) -> Table:
    """Draw a table that the service could make."""
    sort = draw(st.booleans())
    keys = draw(st.lists(key_attributes, min_size=2, max_size=6, unique=True))
    abroad = draw(st.lists(st.sampled_from(["eu-west-1", "ap-south-1"]), unique=True, max_size=2))
    provisioned = draw(st.booleans()) and (provisioned_abroad or not abroad)
    billing = billings(provisioned=provisioned, scaled=bool(abroad))
    of_all = draw(billing if provisioned and abroad else st.none() | billing)
    declared = draw(billing if provisioned else st.none() | billing)
    encryption = draw(
        st.sampled_from([None, Encryption.owned(), Encryption.managed(), Encryption.customer(KEY)])
    )
    key = KEY_ABROAD if encryption and encryption.kind == "CUSTOMER" else None
    views = ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "DISABLED"]
    classes: st.SearchStrategy[TableClass | None]
    classes = st.sampled_from([None, "STANDARD", "STANDARD_INFREQUENT_ACCESS"])
    texts = st.text("ab ${}%é", min_size=1, max_size=6)
    options = TableOptions(
        billing=declared,
        index_billing=of_all,
        stream=draw(st.none() | st.sampled_from(["NEW_AND_OLD_IMAGES"] if abroad else views)),
        encryption=encryption,
        point_in_time_recovery=draw(
            st.none()
            | st.builds(PointInTimeRecovery, st.booleans())
            | st.builds(PointInTimeRecovery, st.just(True), st.integers(1, 35))
        ),
        deletion_protection=draw(flags),
        table_class=draw(classes),
        contributor_insights=draw(flags),
        tags=draw(st.none() | st.dictionaries(texts, texts, min_size=1, max_size=3)),
        replicas=tuple(Replica(region, key=key) for region in abroad) or None,
    )
    return Table(
        draw(names),
        keys[0],
        keys[1] if sort else None,
        indexes=tuple(draw(_indexes(keys, billing, local=sort))),
        types=draw(st.dictionaries(st.sampled_from(keys), st.sampled_from(["S", "N", "B"]))),
        time_to_live=draw(st.none() | attributes),
        options=options,
    )


@st.composite
def _indexes(
    draw: st.DrawFn, keys: list[str], billing: st.SearchStrategy[Billing], *, local: bool
) -> list[GlobalIndex | LocalIndex]:
    indexes: list[GlobalIndex | LocalIndex] = []
    for name in draw(st.lists(names, max_size=4, unique=True)):
        if local and draw(st.booleans()):
            indexes.append(LocalIndex(name, draw(st.sampled_from(keys[1:])), draw(projections())))
            continue
        parts = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=4, unique=True))
        split = draw(st.integers(1, len(parts)))
        key = Key(tuple(parts[:split]), tuple(parts[split:]) or None)
        indexes.append(GlobalIndex(name, key, draw(projections()), draw(st.none() | billing), draw(flags)))
    return indexes


def distinct(drawn: list[Table]) -> tuple[Table, ...]:
    """Leave out tables whose name came before."""
    return tuple({table.name: table for table in drawn}.values())
