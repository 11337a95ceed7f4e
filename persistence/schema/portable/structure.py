"""The declaration of a table as JSON data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from persistence.table import GlobalIndex, Index, Key, LocalIndex, Projection, Table
from persistence.table_options import (
    Billing,
    Encryption,
    OnDemand,
    PointInTimeRecovery,
    Provisioned,
    Replica,
    Scaling,
    TableOptions,
)

_Data = dict[str, Any]


def structure_of(table: Table) -> _Data:
    """Give a declaration as JSON data; what is not declared is left out."""
    return _given(
        name=table.name,
        partition=table.partition,
        sort=table.sort,
        types=table.key_types,
        indexes=[_index_data(index) for index in table.indexes],
        time_to_live=table.time_to_live,
        options=_options_data(table.options),
    )


def table_of_structure(data: Mapping[str, Any]) -> Table:
    """Read a declaration.

    Raises:
        TypeError, ValueError, KeyError, AttributeError: the data are no declaration.
    """
    return Table(
        data["name"],
        data["partition"],
        data.get("sort"),
        tuple(_index(each) for each in data["indexes"]),
        dict(data["types"]),
        data.get("time_to_live"),
        options=_options(data.get("options", {})),
    )


def _given(**parts: Any) -> _Data:
    return {name: part for name, part in parts.items() if part is not None}


def _index_data(index: Index) -> _Data:
    projection = _given(kind=index.projection.kind, attributes=sorted(index.projection.attributes) or None)
    if isinstance(index, LocalIndex):
        return _given(kind="local", name=index.name, sort=[index.sort], projection=projection)
    return _given(
        kind="global",
        name=index.name,
        partition=list(index.key.partitions),
        sort=list(index.key.sorts),
        projection=projection,
        billing=None if index.billing is None else _billing_data(index.billing),
        contributor_insights=index.contributor_insights,
    )


def _index(data: _Data) -> Index:
    projection = Projection(data["projection"]["kind"], tuple(data["projection"].get("attributes", ())))
    if data["kind"] == "local":
        (sort,) = data["sort"]
        return LocalIndex(data["name"], sort, projection)
    return GlobalIndex(
        data["name"],
        Key(tuple(data["partition"]), tuple(data["sort"]) or None),
        projection,
        _billing(data["billing"]) if "billing" in data else None,
        data.get("contributor_insights"),
    )


def _options_data(options: TableOptions) -> _Data:
    data = options.declared
    for name in ("billing", "index_billing"):
        if name in data:
            data[name] = _billing_data(data[name])
    for name in ("encryption", "point_in_time_recovery"):
        if name in data:
            data[name] = _given(**asdict(data[name]))
    if "tags" in data:
        data["tags"] = dict(data["tags"])
    if "replicas" in data:
        data["replicas"] = [_given(**asdict(replica)) for replica in data["replicas"]]
    return data


def _options(data: _Data) -> TableOptions:
    made = dict(data)
    for name in ("billing", "index_billing"):
        if name in made:
            made[name] = _billing(made[name])
    if "encryption" in made:
        made["encryption"] = Encryption(**made["encryption"])
    if "point_in_time_recovery" in made:
        made["point_in_time_recovery"] = PointInTimeRecovery(**made["point_in_time_recovery"])
    if "replicas" in made:
        made["replicas"] = tuple(Replica(**replica) for replica in made["replicas"])
    return TableOptions(**made)


def _billing_data(billing: Billing) -> _Data:
    mode = "PAY_PER_REQUEST" if isinstance(billing, OnDemand) else "PROVISIONED"
    return {"mode": mode, **_given(**asdict(billing))}


def _billing(data: _Data) -> Billing:
    numbers = {name: value for name, value in data.items() if name != "mode"}
    if data["mode"] == "PAY_PER_REQUEST":
        return OnDemand(**numbers)
    for name in ("read_scaling", "write_scaling"):
        if name in numbers:
            numbers[name] = Scaling(**numbers[name])
    return Provisioned(**numbers)
