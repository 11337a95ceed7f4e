"""What is to be known of failures before there is one; the table of them is loaded with the first."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from persistence.errors import PersistenceError

FOREIGN_ERRORS = (
    ClientError,
    BotoCoreError,
    ResponseParserError,
    UnicodeDecodeError,
    RecursionError,
    NotImplementedError,
)
"""What a call of boto3's client raises for reasons of the service, the network or the configuration.

`UnicodeDecodeError` is of answers that are no text, such as those that a proxy compressed.
`RecursionError` is of answers that are nested deeper than anything of the service is.
`NotImplementedError` is of imitations of the service within the process, which lack an action.
"""

THROTTLING = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
"""Codes of refusals because of too much traffic, of whole requests and of single actions of a transaction."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked when a fault happened.

    Attributes:
        operation: name of the operation's type, such as "GetItem".
        table: name of its table, if it concerns just one.
        writes: whether it can change anything.
    """

    operation: str
    table: str | None
    writes: bool

    @property
    def where(self) -> dict[str, str | None]:
        """The arguments of a `StoreError` that say where it happened."""
        return {"operation": self.operation, "table": self.table}


def translated(error: Exception, asked: Asked) -> PersistenceError:
    """Give our error for one of `FOREIGN_ERRORS`, to be raised `from` it, by the table of faults.

    Args:
        error: as boto3's client raised it.
        asked: what was being done.
    """
    ours: PersistenceError = import_module("persistence.stores.dynamodb.faults").translated(error, asked)
    return ours
