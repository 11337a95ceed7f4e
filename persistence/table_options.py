"""What a table has beside keys and indexes: billing, stream, encryption, backups, tags, replicas.

Everything is optional. What a declaration does not say is left as the live table has it, and what it says is
compared with the live table by `SchemaService.plan`, changed by `apply` and written by `export`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_args

from persistence.errors import MappingError

StreamView = Literal["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]
Stream = StreamView | Literal["DISABLED"]
TableClass = Literal["STANDARD", "STANDARD_INFREQUENT_ACCESS"]
EncryptionKind = Literal["OWNED", "MANAGED", "CUSTOMER"]

MOST_UNITS = 2**31 - 1
TAGS_PER_TABLE = 50
RECOVERY_DAYS = 35
SCALING_TARGETS = (20.0, 90.0)
"""Percent of use that a policy for DynamoDB may aim at (Application Auto Scaling user guide)."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """Automatic scaling of provisioned capacity, by a target tracking policy of Application Auto Scaling.

    Args:
        least: capacity units below which it never goes.
        most: capacity units above which it never goes.
        target: percent of the provisioned units that shall be in use, 20 to 90.
        scale_in_cooldown, scale_out_cooldown: seconds between two changes.

    Raises:
        MappingError: numbers that the service refuses.
    """

    least: int
    most: int
    target: float = 70.0
    scale_in_cooldown: int = 60
    scale_out_cooldown: int = 60

    def __post_init__(self) -> None:
        _check_units("Scaling.least", self.least)
        _check_units("Scaling.most", self.most)
        if self.least > self.most:
            raise MappingError(f"Scaling(least={self.least}, most={self.most}): least may not be above most")
        low, high = SCALING_TARGETS
        if not _is_number(self.target) or not low <= self.target <= high:
            raise MappingError(
                f"Scaling.target is {self.target!r}; it is a percentage from {low:g} to {high:g}"
            )
        for name in ("scale_in_cooldown", "scale_out_cooldown"):
            seconds = getattr(self, name)
            if not _is_whole(seconds) or seconds < 0:
                raise MappingError(f"Scaling.{name} is {seconds!r}; it is a whole number of seconds")


@dataclass(frozen=True, slots=True)
class OnDemand:
    """Billing by request (PAY_PER_REQUEST), with limits where they are given.

    Args:
        max_read_units: read request units per second at most; None for no limit of one's own.
        max_write_units: write request units per second at most.

    Raises:
        MappingError: numbers that the service refuses.
    """

    max_read_units: int | None = None
    max_write_units: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_read_units", "max_write_units"):
            if getattr(self, name) is not None:
                _check_units(f"OnDemand.{name}", getattr(self, name))


@dataclass(frozen=True, slots=True)
class Provisioned:
    """Billing by provisioned capacity (PROVISIONED).

    Args:
        read_units: capacity units; where reads scale, those that a table is created with.
        write_units: the same for writes.
        read_scaling: how the read units follow the traffic; None leaves them.
        write_scaling: the same for writes.

    Raises:
        MappingError: numbers that the service refuses.
    """

    read_units: int
    write_units: int
    read_scaling: Scaling | None = None
    write_scaling: Scaling | None = None

    def __post_init__(self) -> None:
        _check_units("Provisioned.read_units", self.read_units)
        _check_units("Provisioned.write_units", self.write_units)
        for name in ("read_scaling", "write_scaling"):
            if getattr(self, name) is not None:
                _check_kind(f"Provisioned.{name}", getattr(self, name), Scaling)


Billing = OnDemand | Provisioned


@dataclass(frozen=True, slots=True)
class Encryption:
    """Encryption at rest; made by `owned()`, `managed()` or `customer(key)`.

    Attributes:
        kind: whose key it is: "OWNED" by AWS (free, the service's default), "MANAGED" by AWS in the account
            (`alias/aws/dynamodb`), or the "CUSTOMER"'s.
        key: ARN, id or alias of the customer's KMS key.
    """

    kind: EncryptionKind = "OWNED"
    key: str | None = None

    def __post_init__(self) -> None:
        _check_word("Encryption.kind", self.kind, get_args(EncryptionKind))
        if (self.kind == "CUSTOMER") is (self.key is None):
            raise MappingError(
                "Encryption takes a key with kind CUSTOMER and only there; write Encryption.owned(), "
                'Encryption.managed() or Encryption.customer("alias/orders")'
            )

    @classmethod
    def owned(cls) -> Encryption:
        """Encrypt with a key that AWS owns (what the service does by default)."""
        return cls("OWNED")

    @classmethod
    def managed(cls) -> Encryption:
        """Encrypt with the account's key that AWS manages, `alias/aws/dynamodb`."""
        return cls("MANAGED")

    @classmethod
    def customer(cls, key: str) -> Encryption:
        """Encrypt with a key of one's own.

        Args:
            key: ARN, id or alias of a KMS key.
        """
        return cls("CUSTOMER", key)


@dataclass(frozen=True, slots=True)
class PointInTimeRecovery:
    """Continuous backups.

    Args:
        enabled: whether they are on.
        days: how far back one can go, 1 to 35; None leaves what is set (35 if nothing is).
    """

    enabled: bool = True
    days: int | None = None

    def __post_init__(self) -> None:
        _check_kind("PointInTimeRecovery.enabled", self.enabled, bool)
        if self.days is None:
            return
        if not _is_whole(self.days) or not 1 <= self.days <= RECOVERY_DAYS:
            raise MappingError(f"PointInTimeRecovery.days is {self.days!r}; it is from 1 to {RECOVERY_DAYS}")
        if not self.enabled:
            raise MappingError("PointInTimeRecovery(enabled=False) takes no days")


@dataclass(frozen=True, slots=True)
class Replica:
    """A copy of the table in another region (global tables, version 2019.11.21).

    Args:
        region: such as "eu-west-1".
        table_class: its table class; None for the table's own.
        key: ARN of the KMS key there; only where the table is encrypted with a customer's key.
    """

    region: str
    table_class: TableClass | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.region, str) or not self.region:
            raise MappingError(f'Replica.region is {self.region!r}; it is a region such as "eu-west-1"')
        if self.table_class is not None:
            _check_word("Replica.table_class", self.table_class, get_args(TableClass))


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
        if isinstance(self.point_in_time_recovery, bool):
            object.__setattr__(
                self, "point_in_time_recovery", PointInTimeRecovery(self.point_in_time_recovery)
            )
        for name, kind in _KINDS.items():
            if getattr(self, name) is not None:
                _check_kind(f"TableOptions.{name}", getattr(self, name), kind)
        if self.stream is not None:
            _check_word("TableOptions.stream", self.stream, (*get_args(StreamView), "DISABLED"))
        if self.table_class is not None:
            _check_word("TableOptions.table_class", self.table_class, get_args(TableClass))
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

_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "billing": (OnDemand, Provisioned),
    "index_billing": (OnDemand, Provisioned),
    "encryption": Encryption,
    "point_in_time_recovery": PointInTimeRecovery,
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


def _check_units(where: str, units: object) -> None:
    if not _is_whole(units) or not 1 <= units <= MOST_UNITS:  # type: ignore[operator]  # it is an int
        raise MappingError(f"{where} is {units!r}; it is a whole number of capacity units, at least 1")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_kind(where: str, value: object, kind: type | tuple[type, ...]) -> None:
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wanted = " or ".join(each.__name__ for each in kinds)
        raise MappingError(f"{where} takes {wanted}, not {type(value).__name__}")


def _check_word(where: str, value: object, words: tuple[str, ...]) -> None:
    if value not in words:
        raise MappingError(f"{where} is {value!r}; it is one of {', '.join(words)}")


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
        _check_kind("TableOptions.replicas", replica, Replica)
    regions = [replica.region for replica in replicas]
    if len(set(regions)) < len(regions):
        raise MappingError(f"TableOptions.replicas names a region twice: {', '.join(regions)}")
    return tuple(sorted(replicas, key=lambda replica: replica.region))


NO_OPTIONS = TableOptions()
