"""Operations on settings of live tables, such as recovery, tags and scaling, and their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from persistence.operations.items import Operation
from persistence.table_options import PointInTimeRecovery, Scaling

ScalingDimension = Literal["reads", "writes"]


@dataclass(frozen=True, slots=True)
class RecoveryDescription:
    """Point-in-time recovery of a table.

    Attributes:
        recovery: whether it is on, and how many days it goes back.
        earliest, latest: the aware times between which the table can be restored; None while it is off.
    """

    recovery: PointInTimeRecovery
    earliest: datetime | None = None
    latest: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScalingDescription:
    """How the reads or writes of a table, or of an index, scale."""

    dimension: ScalingDimension
    scaling: Scaling
    index: str | None = None


@dataclass(frozen=True, slots=True)
class DescribeTimeToLive(Operation[str | None]):
    """Ask which attribute holds the time to live; None if it is not switched on."""

    name: str


@dataclass(frozen=True, slots=True)
class EnableTimeToLive(Operation[None]):
    """Switch time to live on for an attribute that holds epoch seconds."""

    name: str
    attribute: str


@dataclass(frozen=True, slots=True)
class DisableTimeToLive(Operation[None]):
    """Switch time to live off; the attribute is the one that it is on for."""

    name: str
    attribute: str


@dataclass(frozen=True, slots=True)
class DescribeRecovery(Operation[RecoveryDescription]):
    """Ask whether point-in-time recovery is on, and for which times."""

    name: str


@dataclass(frozen=True, slots=True)
class UpdateRecovery(Operation[RecoveryDescription]):
    """Switch point-in-time recovery on or off, or change how far back it goes."""

    name: str
    recovery: PointInTimeRecovery


@dataclass(frozen=True, slots=True)
class ListTags(Operation[Mapping[str, str]]):
    """Give all tags of a table, by its resource name (`TableDescription.arn`)."""

    arn: str


@dataclass(frozen=True, slots=True)
class TagTable(Operation[None]):
    """Set tags of a table, by its resource name; others stay."""

    arn: str
    tags: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class UntagTable(Operation[None]):
    """Remove tags of a table, by its resource name."""

    arn: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DescribeInsights(Operation[bool]):
    """Ask whether contributor insights are on (or being switched on), of a table or of one of its indexes."""

    name: str
    index: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateInsights(Operation[None]):
    """Switch contributor insights on or off, of a table or of one of its indexes."""

    name: str
    enabled: bool
    index: str | None = None


@dataclass(frozen=True, slots=True)
class DescribeScaling(Operation[tuple[ScalingDescription, ...]]):
    """Give how the capacity of a table and of its indexes scales; none for what does not scale."""

    name: str


@dataclass(frozen=True, slots=True)
class PutScaling(Operation[None]):
    """Let the reads or writes of a table, or of an index, scale: a target, and its policy."""

    name: str
    dimension: ScalingDimension
    scaling: Scaling
    index: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteScaling(Operation[None]):
    """Let the reads or writes of a table, or of an index, scale no more; its capacity stays as it is then."""

    name: str
    dimension: ScalingDimension
    index: str | None = None
