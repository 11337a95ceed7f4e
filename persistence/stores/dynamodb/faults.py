"""Translate the errors of the service and of botocore into ours: `FAULTS`, one table, most specific first.

Sources: API reference of each action, "Errors"; developer guide, "Error handling with DynamoDB".
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    EndpointProviderError,
    InvalidConfigError,
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
    BackupNotFound,
    ConditionFailed,
    InvalidRequest,
    ItemTooLarge,
    LimitExceeded,
    NotSupported,
    PersistenceError,
    StoreError,
    TableInUse,
    TableNotFound,
    TokenMismatch,
    TransactionBusy,
    TransactionInProgress,
)
from persistence.stores.dynamodb.echoes import without_parameters, without_values
from persistence.stores.dynamodb.failures import THROTTLING, Asked
from persistence.stores.dynamodb.fault_rows import (
    BUSY,
    Fault,
    Told,
    cancelled,
    conflict,
    in_words,
    plainly,
    reads_cancelled,
    throttled,
    unavailable,
)

_CREDENTIALS = "no usable credentials were found; configure them, or pass a client that has some"
_DENIED = (
    "the credentials were refused; check that they are complete, current and of this partition and account"
)
_EXPIRED = "the credentials have expired; refresh them"
_SIGNATURE = (
    "the signature was refused; check the secret key, and this machine's clock (5 minutes off are too much)"
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


def _codes(*names: str) -> frozenset[str]:
    return frozenset(names)


_SINGLE_WRITES = frozenset({"PutItem", "UpdateItem"})
_VALIDATION = _codes("ValidationException", "ValidationError")
_SCALING = frozenset({"DescribeScaling", "PutScaling", "DeleteScaling"})
_LOGIN = _codes(
    "LoginAuthorizationCodeError",
    "LoginError",
    "LoginInsufficientPermissions",
    "LoginRefreshRequired",
    "LoginTokenLoadError",
)
"""By their names: botocore has these classes only since `aws login` exists."""
_UNKNOWN_CHANGE = "this server does not know what was to be changed"

FAULTS = (
    # A condition, or somebody else, was in the way.
    Fault(
        conflict(ConditionFailed, "the condition is not met"),
        _codes("ConditionalCheckFailedException"),
    ),
    Fault(conflict(TransactionBusy, BUSY), _codes("TransactionConflictException")),
    Fault(
        conflict(TransactionBusy, "the item is being changed in another region; try again"),
        _codes("ReplicatedWriteConflictException"),
    ),
    Fault(reads_cancelled, _codes("TransactionCanceledException"), of=frozenset({"TransactGet"})),
    Fault(cancelled, _codes("TransactionCanceledException")),
    Fault(plainly(TransactionInProgress), _codes("TransactionInProgressException")),
    Fault(
        plainly(TokenMismatch), _codes("IdempotentParameterMismatchException", "IdempotentParameterMismatch")
    ),
    # Too much, too large.
    Fault(throttled, THROTTLING),
    Fault(
        conflict(ItemTooLarge, "the item is, or would become, larger than 400 KB"),
        _VALIDATION,
        saying="Item size",
        of=_SINGLE_WRITES,
    ),
    Fault(
        plainly(LimitExceeded, "items of one partition key and their local indexes are limited to 10 GB"),
        _codes("ItemCollectionSizeLimitExceededException"),
    ),
    Fault(plainly(LimitExceeded), _codes("LimitExceededException")),
    # The table.
    Fault(
        plainly(TableNotFound),
        _codes("ResourceNotFoundException", "TableNotFoundException", "SourceTableNotFoundException"),
    ),
    Fault(plainly(TableNotFound), _VALIDATION, saying="does not have the specified index"),
    Fault(plainly(TableNotFound), _codes("ReplicaNotFoundException")),
    Fault(
        plainly(TableInUse),
        _codes(
            "ResourceInUseException",
            "TableInUseException",
            "TableAlreadyExistsException",
            "ReplicaAlreadyExistsException",
        ),
    ),
    # Its backups.
    Fault(plainly(BackupNotFound), _codes("BackupNotFoundException")),
    Fault(
        plainly(TableInUse, "another backup or restore of it is under way"), _codes("BackupInUseException")
    ),
    Fault(
        plainly(TableInUse, "a new table takes a moment until it can be backed up"),
        _codes("ContinuousBackupsUnavailableException"),
    ),
    Fault(
        plainly(InvalidRequest, "switch on its point-in-time recovery first"),
        _codes("PointInTimeRecoveryUnavailableException"),
    ),
    Fault(plainly(InvalidRequest), _codes("InvalidRestoreTimeException")),
    # Its scaling.
    Fault(
        unavailable("a target that was registered just now is not seen everywhere yet", sent=False),
        _codes("ObjectNotFoundException"),
        of=frozenset({"PutScaling"}),
    ),
    Fault(plainly(TableNotFound), _codes("ObjectNotFoundException")),
    Fault(plainly(TableNotFound), _VALIDATION, saying="No scalable target found", of=_SCALING),
    Fault(plainly(TableNotFound), _VALIDATION, saying="does not exist", of=_SCALING),
    Fault(plainly(TableInUse), _codes("ConcurrentUpdateException")),
    Fault(plainly(AccessDenied), _codes("FailedResourceAccessException")),
    # What the server does not have. The texts are those of older ones about parameters that they don't know.
    Fault(
        plainly(NotSupported, "this server does not know the operation"),
        _codes("UnknownOperationException", "UnknownOperation", "InvalidAction"),
    ),
    Fault(plainly(NotSupported, "this server does not know the operation"), kinds=(NotImplementedError,)),
    *(
        Fault(plainly(NotSupported, _UNKNOWN_CHANGE), _VALIDATION, saying=text, of=frozenset({"UpdateTable"}))
        for text in (
            "Nothing to update",
            "At least one of ProvisionedThroughput",
            "No provisioned throughput specified for the global secondary index",
            "provisionedThroughput' failed to satisfy constraint: Member must not be null",
        )
    ),
    # The request itself.
    Fault(plainly(InvalidRequest), _VALIDATION),
    Fault(
        plainly(InvalidRequest), _codes("SerializationException", "MissingParameter", "InvalidParameterValue")
    ),
    Fault(plainly(InvalidRequest), _codes("InvalidNextTokenException")),
    Fault(plainly(InvalidRequest), kinds=(ParamValidationError,)),
    # Who asks.
    Fault(
        plainly(AccessDenied),
        _codes("AccessDeniedException", "AccessDenied", "NotAuthorized", "OptInRequired"),
    ),
    Fault(in_words(AccessDenied, _EXPIRED), _codes("ExpiredTokenException", "ExpiredToken")),
    Fault(
        in_words(AccessDenied, _SIGNATURE),
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
        in_words(AccessDenied, _DENIED),
        _codes(
            "InvalidClientTokenId",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "UnrecognizedClientException",
        ),
    ),
    Fault(
        plainly(AccessDenied, _CREDENTIALS),
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
    Fault(plainly(AccessDenied, _CREDENTIALS), _LOGIN, kinds=(BotoCoreError,)),
    # Where to.
    Fault(
        plainly(StoreError, "pass region=..., or set AWS_DEFAULT_REGION or a region in the profile"),
        kinds=(NoRegionError, InvalidRegionError),
    ),
    Fault(
        plainly(StoreError, "check the region, endpoint_url and the configuration files"),
        kinds=(EndpointProviderError, UnknownEndpointError, ConfigParseError, InvalidConfigError),
    ),
    # No answer, or none that says what happened. What ended before a connection stood was surely not sent.
    Fault(
        unavailable(),
        _codes(
            "InternalServerError",
            "InternalServiceException",
            "InternalFailure",
            "ServiceUnavailable",
            "InternalServerFailure",
        ),
    ),
    Fault(unavailable(), status=500),
    Fault(
        unavailable("is the endpoint right, and does something listen there?", sent=False),
        kinds=(EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError),
    ),
    Fault(plainly(StoreError)),
    Fault(unavailable(), kinds=(BotoCoreError, ResponseParserError, UnicodeDecodeError, RecursionError)),
)
"""Every error that a call can end in; the last two rows take what no other knows."""

KNOWN_CODES = frozenset[str]().union(*(fault.codes for fault in FAULTS))
"""The service's codes that have a row of their own."""
