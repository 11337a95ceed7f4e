"""The plan of a table: its declaration held against what is live. Pure: nothing here asks or sends."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from persistence.errors import BlockedChange
from persistence.operations import CreateTable
from persistence.schema.declarations import check_billing_of_new, completed, globals_of
from persistence.schema.planning import billing, indexes, options
from persistence.schema.planning.live import LiveTable
from persistence.schema.planning.pair import Change, Pair, enumerated
from persistence.schema.planning.plans import PlannedStep, TablePlan
from persistence.schema.planning.replicas import replicas
from persistence.table import LocalIndex, Table

_GONE_SOON = "DELETING"


def plan_table(declared: Table, live: LiveTable | None, allow_drop: Collection[str] = ()) -> TablePlan:
    """Plan what makes a table as it is declared.

    The order is the service's: billing first, since an index is billed as its table is; of the indexes those
    that go before those that come, one at a time; the stream before the replicas that are made from it; then
    what has requests of its own. Protection is the first to be switched on, and the last to be switched off.

    Args:
        declared: how the table shall be.
        live: what there is, as `read_live` reads it for this declaration; None if there is no table. One that
            is being deleted counts as none.
        allow_drop: what may be lost, where limits depend on it: indexes named here don't count as kept.

    Raises:
        MappingError: no table can be as declared.
    """
    declared = completed(declared)
    if live is None or live.description.status == _GONE_SOON:
        check_billing_of_new(declared)
        changes: tuple[Change, ...] = tuple(_of_new_table(declared))
    else:
        changes = tuple(_of_live_table(Pair(declared, live, frozenset(allow_drop))))
    return TablePlan(
        declared,
        live,
        tuple(change for change in changes if isinstance(change, PlannedStep)),
        tuple(change for change in changes if isinstance(change, BlockedChange)),
    )


def _of_new_table(declared: Table) -> Iterator[Change]:
    yield PlannedStep(
        declared.name,
        "create_table",
        declared.name,
        CreateTable(declared),
        text=f"create table {declared.name!r} with {_described(declared)}",
        difference="it does not exist",
    )
    yield from options.steps_after_creation(declared)
    yield from billing.scaling(declared, ())


def _of_live_table(pair: Pair) -> Iterator[Change]:
    replaced = indexes.replaced_indexes(pair)
    yield from _key_changes(pair)
    yield from options.protection(pair, on=True)
    yield from billing.billing(pair, replaced)
    yield from indexes.index_changes(pair)
    pair = _without(pair, replaced)
    yield from options.stream(pair)
    yield from options.encryption(pair)
    yield from options.table_class(pair)
    yield from replicas(pair)
    yield from options.time_to_live(pair)
    yield from options.recovery(pair)
    yield from options.tags(pair)
    yield from options.insights(pair)
    yield from billing.scaling(pair.declared, pair.live.scaling or ())
    yield from options.protection(pair, on=False)


def _without(pair: Pair, indexes: Collection[str]) -> Pair:
    """Forget how some indexes are watched and scaled: they are made anew."""
    live = pair.live
    insights = {name: on for name, on in (live.insights or {}).items() if name not in indexes}
    scaling = tuple(each for each in live.scaling or () if each.index not in indexes)
    return replace(pair, live=replace(live, insights=insights, scaling=scaling))


def _key_changes(pair: Pair) -> Iterator[BlockedChange]:
    declared, live = pair.declared, pair.table
    if declared.key != live.key:
        yield pair.blocked(
            f"its key is {live.key.names}, declared is {declared.key.names}",
            "the key of a table can't be changed: declare a table of another name, and copy this one into it "
            "with SchemaService.evolve",
        )
    fixed = {*live.key.names}
    fixed.update(name for index in live.indexes if isinstance(index, LocalIndex) for name in (index.sort,))
    for name, kind in declared.key_types.items():
        if name in fixed and live.type_of(name) != kind:
            yield pair.blocked(
                f"key attribute {name!r} is of type {live.type_of(name)}, declared is {kind}",
                "the type of a key of the table or of a local index can't be changed: declare it as it is, "
                "or a table of another name, and copy this one into it with SchemaService.evolve",
            )


def _described(declared: Table) -> str:
    parts = [f"key {enumerated(declared.key.names)}"]
    number = len(globals_of(declared))
    local = len(declared.indexes) - number
    parts += [f"{number} global index{'es' if number > 1 else ''}"] if number else []
    parts += [f"{local} local index{'es' if local > 1 else ''}"] if local else []
    return ", ".join(parts)
