"""What single options of a table are; loaded when one of them is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from persistence.errors import MappingError
from persistence.table_options.checks import (
    RECOVERY_DAYS,
    SCALING_TARGETS,
    EncryptionKind,
    TableClass,
    check_kind,
    check_units,
    check_word,
    is_number,
    is_whole,
)


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
        check_units("Scaling.least", self.least)
        check_units("Scaling.most", self.most)
        if self.least > self.most:
            raise MappingError(f"Scaling(least={self.least}, most={self.most}): least may not be above most")
        low, high = SCALING_TARGETS
        if not is_number(self.target) or not low <= self.target <= high:
            raise MappingError(
                f"Scaling.target is {self.target!r}; it is a percentage from {low:g} to {high:g}"
            )
        for name in ("scale_in_cooldown", "scale_out_cooldown"):
            seconds = getattr(self, name)
            if not is_whole(seconds) or seconds < 0:
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
                check_units(f"OnDemand.{name}", getattr(self, name))


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
        check_units("Provisioned.read_units", self.read_units)
        check_units("Provisioned.write_units", self.write_units)
        for name in ("read_scaling", "write_scaling"):
            if getattr(self, name) is not None:
                check_kind(f"Provisioned.{name}", getattr(self, name), Scaling)


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
        check_word("Encryption.kind", self.kind, get_args(EncryptionKind))
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
        check_kind("PointInTimeRecovery.enabled", self.enabled, bool)
        if self.days is None:
            return
        if not is_whole(self.days) or not 1 <= self.days <= RECOVERY_DAYS:
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
            check_word("Replica.table_class", self.table_class, get_args(TableClass))
