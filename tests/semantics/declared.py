"""Random declarations of one table, and what one needs to apply them to a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from persistence import GlobalIndex, Key, LocalIndex, MemoryStore, Projection, SchemaService, Table
from persistence.schema.planning.plans import PlannedStep, SchemaPlan
from persistence.table import Index, ScalarType
from persistence.table_options import (
    OPTION_NAMES,
    Billing,
    Encryption,
    OnDemand,
    PointInTimeRecovery,
    Provisioned,
    Scaling,
    TableOptions,
)
from tests.semantics.world import Pauses

KINDS: tuple[ScalarType, ...] = ("S", "N", "B")
VIEWS = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "DISABLED")
INDEXES = ("by-a", "by-b", "by-c", "by-d")
ATTRIBUTES = ("a", "b", "c")
ENCRYPTIONS = (Encryption.owned(), Encryption.managed(), Encryption.customer("alias/one"))
RECOVERIES = (PointInTimeRecovery(), PointInTimeRecovery(enabled=False))


@dataclass(frozen=True)
class Server:
    """What a server has, so that it is asked for no more.

    Attributes:
        options: the options that it has.
        scaling: whether capacity can scale.
        limits: whether billing on demand has limits.
        days: whether it keeps how far back recovery goes.
        time_to_live: whether it has one.
        multiple: whether keys of indexes may have several attributes.
        views: what a stream may hold; one only for moto, which enables none where one was disabled.
        shared: whether indexes may share attributes. On DynamoDB Local (2020) an index stays DELETING for
            ever whose partition key was also that of one that was deleted before.
    """

    options: frozenset[str]
    scaling: bool = True
    limits: bool = True
    days: bool = True
    time_to_live: bool = True
    multiple: bool = True
    views: tuple[str, ...] = VIEWS
    shared: bool = True


MEMORY = Server(frozenset(OPTION_NAMES) - {"replicas"})
MOTO = Server(
    frozenset(
        {"billing", "index_billing", "stream", "point_in_time_recovery", "deletion_protection", "tags"}
    ),
    limits=False,
    multiple=False,
    views=("KEYS_ONLY",),
)
LOCAL = Server(
    frozenset({"billing", "index_billing", "stream"}),
    scaling=False,
    limits=False,
    multiple=False,
    shared=False,
)


@st.composite
def tables(draw: st.DrawFn, server: Server, name: str, locals_of: tuple[LocalIndex, ...] = ()) -> Table:
    """Declare a table `name` of key `id`, `at` with global indexes and options that the server has."""
    provisioned = draw(st.sampled_from([None, True, False])) if "billing" in server.options else None
    chosen = draw(st.lists(st.sampled_from(INDEXES), unique=True, max_size=4))
    indexes: tuple[Index, ...] = tuple(draw(_indexes(server, each, provisioned)) for each in chosen)
    types = {attribute: draw(st.sampled_from(KINDS)) for attribute in ATTRIBUTES}
    ttl = draw(st.sampled_from([None, "expires", "until"])) if server.time_to_live else None
    options = draw(_options(server, provisioned))
    return Table(name, "id", "at", (*locals_of, *indexes), types, ttl, options=options)


def _indexes(server: Server, name: str, provisioned: bool | None) -> st.SearchStrategy[GlobalIndex]:
    own = name.removeprefix("by-")
    keys = [st.sampled_from([Key(own), Key(own, "at"), Key(own, "id")])]
    if server.shared:
        keys += [st.builds(Key, st.sampled_from(ATTRIBUTES)), st.sampled_from([Key("a", "b"), Key("b", "c")])]
    if server.multiple:
        keys.append(st.sampled_from([Key(("a", "b"), "at"), Key(("c", "a"), ("id", "at"))]))
    projections = st.sampled_from(
        [Projection.all(), Projection.keys_only(), Projection.include("x"), Projection.include("y", "x")]
    )
    billing = _billings(server, provisioned) if provisioned is not None else st.none()
    insights = st.sampled_from([None, True, False]) if _has(server, "contributor_insights") else st.none()
    return st.builds(GlobalIndex, st.just(name), st.one_of(keys), projections, billing, insights)


def _billings(server: Server, provisioned: bool) -> st.SearchStrategy[Billing | None]:
    units = st.integers(1, 4)
    if provisioned:
        low = st.integers(1, 3)
        scaling: st.SearchStrategy[Scaling | None] = st.none()
        if server.scaling:
            scaling = st.none() | st.builds(Scaling, low, st.just(5), st.sampled_from([50.0, 70.0]))
        return st.none() | st.builds(Provisioned, units, units, scaling, scaling)
    if server.limits:
        return st.none() | st.builds(OnDemand, st.none() | units, st.none() | units)
    return st.none() | st.just(OnDemand())


def _options(server: Server, provisioned: bool | None) -> st.SearchStrategy[TableOptions]:
    billing = st.none() if provisioned is None else _billings(server, provisioned).filter(bool)
    index_billing = st.none() if provisioned is None else _billings(server, provisioned)
    days = st.builds(PointInTimeRecovery, st.just(True), st.integers(1, 35)) if server.days else st.nothing()
    known: dict[str, st.SearchStrategy[Any]] = {
        "billing": billing,
        "index_billing": index_billing,
        "stream": st.sampled_from(server.views),
        "encryption": st.sampled_from(ENCRYPTIONS),
        "point_in_time_recovery": st.sampled_from(RECOVERIES) | days,
        "deletion_protection": st.booleans(),
        "table_class": st.sampled_from(["STANDARD", "STANDARD_INFREQUENT_ACCESS"]),
        "contributor_insights": st.booleans(),
        "tags": st.dictionaries(st.sampled_from(["team", "stage"]), st.sampled_from(["x", "y"]), min_size=1),
    }
    given = {
        name: values if name in {"billing"} else st.none() | values
        for name, values in known.items()
        if name in server.options
    }
    return st.builds(TableOptions, **given)


def _has(server: Server, option: str) -> bool:
    return option in server.options


def consent(plan: SchemaPlan) -> set[str]:
    """Name what has to be lost so that tables become as declared, and nothing else.

    That is what a needed step loses, and the indexes that are in the way: undeclared ones that hold an
    attribute as another type.
    """
    steps = [step for step in plan.destructive if step.needed or plan.blocked]
    return {step.consent for step in steps if step.consent is not None}


def migrated(schema: SchemaService, table: Table) -> tuple[PlannedStep, ...]:
    """Apply a declaration with all consent that it needs."""
    plan = schema.plan(table)
    return schema.apply(plan, allow_drop=consent(plan))


def slow(delay: float = 3.0) -> tuple[MemoryStore, Pauses]:
    """Make a store whose tables take their time, and the time that they take."""
    pauses = Pauses()
    return MemoryStore(auto_create=False, clock=lambda: sum(pauses.seconds), table_delay=delay), pauses
