"""What is to be done about the billing and scaling of a table and its indexes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from persistence.operations import PutScaling, ScalingDescription, ScalingDimension, UpdateTable
from persistence.schema.declarations import globals_of, index_billing
from persistence.schema.planning.pair import Change, Pair
from persistence.schema.planning.plans import PlannedStep
from persistence.table import Table
from persistence.table_options import Billing, OnDemand, Provisioned, Scaling


def billing(pair: Pair, replaced: Collection[str]) -> Iterator[Change]:
    """Plan the change of the billing of a table, and of its indexes that stay.

    Args:
        pair: declaration and live table.
        replaced: the indexes that are made again; they get their billing then.
    """
    yield from _contradictions(pair)
    wanted = pair.declared.options.billing
    own = wanted if wanted is not None and not same_billing(wanted, pair.options.billing) else None
    changes = _index_changes(pair, table_changes=own is not None)
    indexes = {name: wanted for name, wanted in changes if name not in replaced}
    if own is None and not indexes:
        return
    yield pair.step(
        "set_billing",
        pair.name,
        UpdateTable(pair.name, billing=own, index_billing=indexes),
        "; ".join(_texts(own, indexes)),
        "; ".join(_differences(pair, own, indexes)),
    )


def scaling(declared: Table, live: Sequence[ScalingDescription]) -> Iterator[PlannedStep]:
    """Plan how capacity shall scale, of a table and of its global indexes; what is not declared stays."""
    there = {(each.index, each.dimension): each.scaling for each in live}
    for index, dimension, wanted in declared_scaling(declared):
        if there.get((index, dimension)) != wanted:
            what = dimension if index is None else f"{dimension} of index {index!r}"
            yield PlannedStep(
                declared.name,
                "set_scaling",
                index or declared.name,
                PutScaling(declared.name, dimension, wanted, index),
                text=f"let the {what} scale from {wanted.least} to {wanted.most} units",
                difference=f"the {what} do not scale as declared",
            )


def same_billing(declared: Billing, live: Billing | None) -> bool:
    """Tell whether a live billing is as declared; units that scale are the scaling's business."""
    match declared, live:
        case OnDemand(), OnDemand():
            return declared == live
        case Provisioned(), Provisioned():
            reads = declared.read_scaling is not None or declared.read_units == live.read_units
            return reads and (declared.write_scaling is not None or declared.write_units == live.write_units)
        case _:
            return False


def performable(declared: Billing, live: Billing | None) -> Billing:
    """Give the billing to send: units that scale stay as they are, where the table is provisioned already."""
    if not isinstance(declared, Provisioned) or not isinstance(live, Provisioned):
        return declared
    reads = live.read_units if declared.read_scaling else declared.read_units
    writes = live.write_units if declared.write_scaling else declared.write_units
    return replace(declared, read_units=reads, write_units=writes)


def billing_text(billing: Billing | None) -> str:
    """Say how something is billed."""
    match billing:
        case None:
            return "not told"
        case Provisioned(reads, writes):
            return f"provisioned with {reads} read and {writes} write units"
        case OnDemand(None, None):
            return "on demand"
        case OnDemand(reads, writes):
            limits = [
                f"{units} {what} units" for units, what in ((reads, "read"), (writes, "write")) if units
            ]
            return f"on demand up to {' and '.join(limits)} per second"


def _contradictions(pair: Pair) -> Iterator[Change]:
    for index in globals_of(pair.declared):
        wanted = index_billing(pair.declared, index)
        if wanted is not None and type(wanted) is not type(pair.billing):
            yield pair.blocked(
                f"index {index.name!r} is declared to be {billing_text(wanted)}, but the table is "
                f"{billing_text(pair.billing)}",
                "an index is billed as its table is: declare the table's billing too",
            )


def _index_changes(pair: Pair, *, table_changes: bool) -> Iterator[tuple[str, Billing]]:
    """Give the billing of live indexes to set: where it differs, or where all get another with the table."""
    all_change = table_changes and type(pair.options.billing) is not type(pair.declared.options.billing)
    for index in globals_of(pair.declared):
        wanted, live = index_billing(pair.declared, index), pair.live_index(index.name)
        if wanted is None or live is None or type(wanted) is not type(pair.billing):
            continue
        if all_change or not same_billing(wanted, live.billing):
            yield index.name, wanted


def declared_scaling(declared: Table) -> Iterator[tuple[str | None, ScalingDimension, Scaling]]:
    """Give the scaling that is declared of a table (None) and of its global indexes."""
    billings: list[tuple[str | None, Billing | None]] = [(None, declared.options.billing)]
    billings += [(index.name, index_billing(declared, index)) for index in globals_of(declared)]
    for index, billed in billings:
        if isinstance(billed, Provisioned):
            if billed.read_scaling is not None:
                yield index, "reads", billed.read_scaling
            if billed.write_scaling is not None:
                yield index, "writes", billed.write_scaling


def _texts(own: Billing | None, indexes: dict[str, Billing]) -> Iterator[str]:
    if own is not None:
        yield f"bill the table {billing_text(own)}"
    for name, wanted in indexes.items():
        yield f"bill index {name!r} {billing_text(wanted)}"


def _differences(pair: Pair, own: Billing | None, indexes: dict[str, Billing]) -> Iterator[str]:
    if own is not None:
        yield f"it is billed {billing_text(pair.options.billing)}, declared is {billing_text(own)}"
    for name, wanted in indexes.items():
        live = pair.live_index(name)
        there = billing_text(live.billing if live else None)
        yield f"index {name!r} is billed {there}, declared is {billing_text(wanted)}"
