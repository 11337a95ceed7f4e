"""All options of a table together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, TypedDict, get_args

from persistence.errors import MappingError
from persistence.table_options.checks import (
    TAGS_PER_TABLE,
    Stream,
    StreamView,
    TableClass,
    check_kind,
    check_word,
)

if TYPE_CHECKING:
    from persistence.table_options.parts import Billing, Encryption, PointInTimeRecovery, Replica


@dataclass(frozen=True, slots=True)
class TableOptions:
    """What a table has beside its keys and indexes; None for what is left as it is.

    Args:
        billing: `OnDemand(...)` or `Provisioned(...)`; a table for which it is not said is made on demand.
        index_billing: the same for global indexes that don't say their own. Where it is not given, new
            indexes of a provisioned table get the table's units.
        stream: what its stream holds of each change, or "DISABLED".
        encryption: whose key encrypts it at rest.
        point_in_time_recovery: continuous backups; True and False stand for on and off.
        deletion_protection: whether DeleteTable is refused.
        table_class: "STANDARD" or "STANDARD_INFREQUENT_ACCESS".
        contributor_insights: whether CloudWatch shows its most used keys; also for global indexes that don't
            say their own.
        tags: tag key -> value. Tags that are not named stay.
        replicas: its copies in other regions; the region of the table itself is not among them.

    Raises:
        MappingError: a value that can't be.
    """

    billing: Billing | None = None
    index_billing: Billing | None = None
    stream: Stream | None = None
    encryption: Encryption | None = None
    point_in_time_recovery: PointInTimeRecovery | None = None
    deletion_protection: bool | None = None
    table_class: TableClass | None = None
    contributor_insights: bool | None = None
    tags: Mapping[str, str] | None = field(default=None, hash=False)
    replicas: tuple[Replica, ...] | None = None

    if TYPE_CHECKING:  # what is made of what is given: checkers take the types of fields for both

        def __init__(
            self,
            billing: Billing | None = None,
            index_billing: Billing | None = None,
            stream: Stream | None = None,
            encryption: Encryption | None = None,
            point_in_time_recovery: PointInTimeRecovery | bool | None = None,
            deletion_protection: bool | None = None,
            table_class: TableClass | None = None,
            contributor_insights: bool | None = None,
            tags: Mapping[str, str] | None = None,
            replicas: tuple[Replica, ...] | list[Replica] | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        if not self.declared:
            return
        if isinstance(self.point_in_time_recovery, bool):
            recovery = _parts().PointInTimeRecovery(self.point_in_time_recovery)
            object.__setattr__(self, "point_in_time_recovery", recovery)
        for name, kind in _kinds().items():
            if getattr(self, name) is not None:
                check_kind(f"TableOptions.{name}", getattr(self, name), kind)
        if self.stream is not None:
            check_word("TableOptions.stream", self.stream, (*get_args(StreamView), "DISABLED"))
        if self.table_class is not None:
            check_word("TableOptions.table_class", self.table_class, get_args(TableClass))
        check_index_billing(self.billing, self.index_billing)
        if self.tags is not None:
            object.__setattr__(self, "tags", MappingProxyType(_checked_tags(self.tags)))
        if self.replicas is not None:
            object.__setattr__(self, "replicas", _checked_replicas(self.replicas))

    def __reduce__(self) -> tuple[object, ...]:
        given = {name: getattr(self, name) for name in OPTION_NAMES}
        return _rebuilt, ({**given, "tags": None if self.tags is None else dict(self.tags)},)

    @property
    def declared(self) -> dict[str, Any]:
        """The options that are given, by name."""
        return {name: value for name in OPTION_NAMES if (value := getattr(self, name)) is not None}

    def merged_with(self, other: TableOptions, table: str) -> TableOptions:
        """Join the options of two declarations of one table.

        Args:
            other: the options of the other declaration.
            table: the table's name, for errors.

        Raises:
            MappingError: they contradict each other.
        """
        mine, theirs = self.declared, other.declared
        for name in mine.keys() & theirs.keys():
            if name != "tags" and mine[name] != theirs[name]:
                raise MappingError(
                    f"two declarations of table {table!r} disagree on its {name}: "
                    f"{mine[name]!r} and {theirs[name]!r}"
                )
        tags = {**theirs.get("tags", {}), **mine.get("tags", {})}
        for name, value in theirs.get("tags", {}).items():
            if tags[name] != value:
                raise MappingError(
                    f"two declarations of table {table!r} disagree on its tag {name!r}: "
                    f"{tags[name]!r} and {value!r}"
                )
        return TableOptions(**{**theirs, **mine, "tags": tags or None})


class OptionArguments(TypedDict, total=False):
    """The options of `TableOptions` as keyword arguments."""

    billing: Billing
    index_billing: Billing
    stream: Stream
    encryption: Encryption
    point_in_time_recovery: PointInTimeRecovery | bool
    deletion_protection: bool
    table_class: TableClass
    contributor_insights: bool
    tags: Mapping[str, str]
    replicas: tuple[Replica, ...] | list[Replica]


OPTION_NAMES = tuple(each.name for each in fields(TableOptions))


@cache
def _parts() -> ModuleType:
    return import_module("persistence.table_options.parts")


@cache
def _kinds() -> Mapping[str, type | tuple[type, ...]]:
    parts = _parts()
    return {
        "billing": (parts.OnDemand, parts.Provisioned),
        "index_billing": (parts.OnDemand, parts.Provisioned),
        "encryption": parts.Encryption,
        "point_in_time_recovery": parts.PointInTimeRecovery,
        "deletion_protection": bool,
        "contributor_insights": bool,
        "tags": Mapping,
        "replicas": (tuple, list),
    }


def _rebuilt(given: dict[str, Any]) -> TableOptions:
    return TableOptions(**given)


def check_index_billing(table: Billing | None, index: Billing | None) -> None:
    """Refuse an index that is billed in another way than its table, which the service does not have.

    Args:
        table: the billing that is declared for the table, if any.
        index: the billing that is declared for an index, if any.

    Raises:
        MappingError: one is on demand, the other provisioned.
    """
    if table is not None and index is not None and type(table) is not type(index):
        raise MappingError(
            f"a table and its indexes are billed in the same way, not {type(table).__name__} and "
            f"{type(index).__name__}"
        )


def _checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    if len(tags) > TAGS_PER_TABLE:
        raise MappingError(f"TableOptions.tags has {len(tags)} tags; DynamoDB allows {TAGS_PER_TABLE}")
    for name, value in tags.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise MappingError(f"TableOptions.tags takes texts for texts; {name!r} is {type(value).__name__}")
        if not 1 <= len(name) <= 128 or len(value) > 256 or name.lower().startswith("aws:"):
            raise MappingError(
                f"TableOptions.tags: {name[:40]!r} can't be a tag; keys have 1 to 128 characters and don't "
                "start with aws:, values have up to 256"
            )
    return dict(tags)


def _checked_replicas(replicas: tuple[Replica, ...] | list[Replica]) -> tuple[Replica, ...]:
    for replica in replicas:
        check_kind("TableOptions.replicas", replica, _parts().Replica)
    regions = [replica.region for replica in replicas]
    if len(set(regions)) < len(regions):
        raise MappingError(f"TableOptions.replicas names a region twice: {', '.join(regions)}")
    return tuple(sorted(replicas, key=lambda replica: replica.region))


NO_OPTIONS = TableOptions()
