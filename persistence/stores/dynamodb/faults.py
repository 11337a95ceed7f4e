"""Translate the errors of the service and of botocore into ours: `FAULTS`, one table, most specific first.

Sources: API reference of each action, "Errors"; developer guide, "Error handling with DynamoDB".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    EndpointProviderError,
    InvalidRegionError,
    MetadataRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    SSOError,
    TokenRetrievalError,
    UnknownEndpointError,
)
from botocore.parsers import ResponseParserError

from persistence.errors import (
    AccessDenied,
    CancellationReason,
    ConditionFailed,
    ConflictError,
    InvalidRequest,
    ItemTooLarge,
    LimitExceeded,
    PersistenceError,
    StoreError,
    StoreUnavailable,
    TableInUse,
    TableNotFound,
    Throttled,
    ThrottlingReason,
    TokenMismatch,
    TransactionBusy,
    TransactionCancelled,
    TransactionInProgress,
)
from persistence.stores.dynamodb.echoes import without_parameters, without_values

FOREIGN_ERRORS = (ClientError, BotoCoreError, ResponseParserError)
"""What a call of boto3's client raises for reasons of the service, the network or the configuration."""

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

_CREDENTIALS = "no usable credentials were found; configure them, or pass a client that has some"
_DENIED = (
    "the credentials were refused; check that they are complete, current and of this partition and account"
)
_EXPIRED = "the credentials have expired; refresh them"
_SIGNATURE = (
    "the signature was refused; check the secret key, and this machine's clock (5 minutes off are too much)"
)


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


@dataclass(frozen=True, slots=True)
class Told:
    """What an error says, of whatever kind it is.

    Attributes:
        kind: the exception's class.
        code: the service's error code, or the name of the exception's class.
        text: its message without stored values.
        status: the HTTP status, or 0 without an answer.
        body: the rest of the service's answer.
    """

    kind: type[Exception]
    code: str
    text: str
    status: int
    body: dict[str, Any]


Make = Callable[[Told, Asked], PersistenceError]


@dataclass(frozen=True, slots=True)
class Fault:
    """A row of the table: which errors it is about, and what becomes of them.

    Attributes:
        make: gives our error.
        codes: the service's codes; empty for any.
        kinds: exception classes, subclasses included.
        saying: what the message must contain.
        of: names of the operations that it is about; empty for all.
        status: the least HTTP status.
    """

    make: Make
    codes: frozenset[str] = frozenset()
    kinds: tuple[type[Exception], ...] = (ClientError,)
    saying: str = ""
    of: frozenset[str] = frozenset()
    status: int = 0

    def covers(self, told: Told, asked: Asked) -> bool:
        """Tell whether the row is about this error."""
        return (
            issubclass(told.kind, self.kinds)
            and (not self.codes or told.code in self.codes)
            and self.saying in told.text
            and (not self.of or asked.operation in self.of)
            and told.status >= self.status
        )


def translated(error: Exception, asked: Asked) -> PersistenceError:
    """Give our error for one of `FOREIGN_ERRORS`, to be raised `from` it.

    Args:
        error: as boto3's client raised it.
        asked: what was being done.
    """
    told = _told(error)
    fault = next(fault for fault in FAULTS if fault.covers(told, asked))
    return fault.make(told, asked)


def _told(error: Exception) -> Told:
    if isinstance(error, ClientError):
        return _told_by_service(error)
    name = type(error).__name__
    text = (
        without_parameters(str(error))
        if isinstance(error, ParamValidationError)
        else without_values(str(error))
    )
    return Told(type(error), name, text, 0, {})


def _told_by_service(error: ClientError) -> Told:
    response: dict[str, Any] = dict(error.response)
    said = response.get("Error", {})
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return Told(type(error), said.get("Code", ""), without_values(said.get("Message", "")), status, response)


# --- what becomes of them


def _as(kind: type[StoreError], hint: str = "") -> Make:
    def make(told: Told, asked: Asked) -> PersistenceError:
        text = "; ".join(part for part in (told.text, hint) if part) or told.code
        return kind(text, **asked.where, code=told.code)

    return make


def _saying(kind: type[StoreError], text: str) -> Make:
    # Where the foreign text could hold parts of signed requests, or says nothing.
    def make(told: Told, asked: Asked) -> PersistenceError:
        return kind(text, **asked.where, code=told.code)

    return make


def _conflict(kind: type[ConflictError], text: str) -> Make:
    def make(told: Told, asked: Asked) -> PersistenceError:
        where = f"{asked.operation} of table {asked.table!r}" if asked.table else asked.operation
        return kind(f"{where}: {text}", found=told.body.get("Item"))

    return make


def _unavailable(hint: str = "", *, sent: bool = True) -> Make:
    def make(told: Told, asked: Asked) -> PersistenceError:
        text = "; ".join(part for part in (told.text, hint) if part) or told.code
        return StoreUnavailable(text, ambiguous=sent and asked.writes, **asked.where, code=told.code)

    return make


def _throttled(told: Told, asked: Asked) -> PersistenceError:
    # The service's model spells the member in two ways.
    given = told.body.get("ThrottlingReasons") or told.body.get("throttlingReasons") or ()
    reasons = [ThrottlingReason(reason.get("reason", ""), reason.get("resource")) for reason in given]
    return Throttled(told.text or told.code, **asked.where, code=told.code, throttling=reasons)


def _cancelled(told: Told, asked: Asked) -> PersistenceError:
    reasons = [
        CancellationReason(reason.get("Code", "None"), _reason_text(reason), reason.get("Item"))
        for reason in told.body.get("CancellationReasons", ())
    ]
    return TransactionCancelled(reasons, operation=asked.operation)


def _reason_text(reason: dict[str, Any]) -> str | None:
    message = reason.get("Message")
    return None if message is None else without_values(message)


def _reads_cancelled(told: Told, asked: Asked) -> PersistenceError:
    codes = {reason.get("Code", "None") for reason in told.body.get("CancellationReasons", ())} - {"None"}
    if codes and codes <= {"TransactionConflict"}:
        return _conflict(TransactionBusy, _BUSY)(told, asked)
    if codes and codes <= THROTTLING | {"TransactionConflict"}:
        return _as(Throttled)(told, asked)
    return _cancelled(told, asked)


def _codes(*codes: str) -> frozenset[str]:
    return frozenset(codes)


_BUSY = "a transaction is working on the item; try again"
_SINGLE_WRITES = frozenset({"PutItem", "UpdateItem"})
_VALIDATION = _codes("ValidationException", "ValidationError")

FAULTS = (
    # A condition, or somebody else, was in the way.
    Fault(
        _conflict(ConditionFailed, "the condition is not met"),
        _codes("ConditionalCheckFailedException"),
    ),
    Fault(_conflict(TransactionBusy, _BUSY), _codes("TransactionConflictException")),
    Fault(
        _conflict(TransactionBusy, "the item is being changed in another region; try again"),
        _codes("ReplicatedWriteConflictException"),
    ),
    Fault(_reads_cancelled, _codes("TransactionCanceledException"), of=frozenset({"TransactGet"})),
    Fault(_cancelled, _codes("TransactionCanceledException")),
    Fault(_as(TransactionInProgress), _codes("TransactionInProgressException")),
    Fault(_as(TokenMismatch), _codes("IdempotentParameterMismatchException", "IdempotentParameterMismatch")),
    # Too much, too large.
    Fault(_throttled, THROTTLING),
    Fault(
        _conflict(ItemTooLarge, "the item is, or would become, larger than 400 KB"),
        _VALIDATION,
        saying="Item size",
        of=_SINGLE_WRITES,
    ),
    Fault(
        _as(LimitExceeded, "items of one partition key and their local indexes are limited to 10 GB"),
        _codes("ItemCollectionSizeLimitExceededException"),
    ),
    Fault(_as(LimitExceeded), _codes("LimitExceededException")),
    # The table.
    Fault(_as(TableNotFound), _codes("ResourceNotFoundException", "TableNotFoundException")),
    Fault(_as(TableNotFound), _VALIDATION, saying="does not have the specified index"),
    Fault(
        _as(TableInUse),
        _codes("ResourceInUseException", "TableInUseException", "TableAlreadyExistsException"),
    ),
    # The request itself.
    Fault(_as(InvalidRequest), _VALIDATION),
    Fault(_as(InvalidRequest), _codes("SerializationException", "MissingParameter", "InvalidParameterValue")),
    Fault(
        _as(InvalidRequest, "this server does not know the operation"),
        _codes("UnknownOperationException", "UnknownOperation", "InvalidAction"),
    ),
    Fault(_as(InvalidRequest), kinds=(ParamValidationError,)),
    # Who asks.
    Fault(
        _as(AccessDenied), _codes("AccessDeniedException", "AccessDenied", "NotAuthorized", "OptInRequired")
    ),
    Fault(_saying(AccessDenied, _EXPIRED), _codes("ExpiredTokenException", "ExpiredToken")),
    Fault(
        _saying(AccessDenied, _SIGNATURE),
        _codes(
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidSignatureException",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
        ),
    ),
    Fault(
        _saying(AccessDenied, _DENIED),
        _codes(
            "InvalidClientTokenId",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "UnrecognizedClientException",
        ),
    ),
    Fault(
        _as(AccessDenied, _CREDENTIALS),
        kinds=(
            NoCredentialsError,
            PartialCredentialsError,
            CredentialRetrievalError,
            MetadataRetrievalError,
            NoAuthTokenError,
            TokenRetrievalError,
            SSOError,
            ProfileNotFound,
        ),
    ),
    # Where to.
    Fault(
        _as(StoreError, "pass region=..., or set AWS_REGION or a region in the profile"),
        kinds=(NoRegionError, InvalidRegionError),
    ),
    Fault(
        _as(StoreError, "check the region, endpoint_url and the configuration files"),
        kinds=(EndpointProviderError, UnknownEndpointError, ConfigParseError),
    ),
    # No answer, or none that says what happened. What ended before a connection stood was surely not sent.
    Fault(
        _unavailable(),
        _codes("InternalServerError", "InternalFailure", "ServiceUnavailable", "InternalServerFailure"),
    ),
    Fault(_unavailable(), status=500),
    Fault(
        _unavailable("is the endpoint right, and does something listen there?", sent=False),
        kinds=(EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError),
    ),
    Fault(_as(StoreError)),
    Fault(_unavailable(), kinds=(BotoCoreError, ResponseParserError)),
)
"""Every error that a call can end in; the last two rows take what no other knows."""

KNOWN_CODES = frozenset[str]().union(*(fault.codes for fault in FAULTS))
"""The service's codes that have a row of their own."""
