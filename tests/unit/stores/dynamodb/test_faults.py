"""The table of errors: what the service and botocore say, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions as foreign
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from persistence.errors import (
    AccessDenied,
    BackupNotFound,
    CancellationReason,
    ConditionFailed,
    ConflictError,
    InvalidRequest,
    ItemTooLarge,
    LimitExceeded,
    NotSupported,
    PersistenceError,
    StoreError,
    StoreUnavailable,
    TableInUse,
    TableNotFound,
    Throttled,
    TokenMismatch,
    TransactionBusy,
    TransactionCancelled,
    TransactionInProgress,
)
from persistence.stores.dynamodb.failures import Asked
from persistence.stores.dynamodb.faults import translated

PUT = Asked("PutItem", "orders", writes=True)
GET = Asked("GetItem", "orders", writes=False)
WRITE = Asked("TransactWrite", None, writes=True)
READ = Asked("TransactGet", None, writes=False)
URL = {"endpoint_url": "http://127.0.0.1:1"}


def said(code: str, message: str = "it says", status: int = 400, **members: Any) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **members,
    }
    return ClientError(answer, "PutItem")  # type: ignore[arg-type]  # as much of an answer as matters


SERVICE: list[tuple[str, type[PersistenceError]]] = [
    ("ConditionalCheckFailedException", ConditionFailed),
    ("TransactionConflictException", TransactionBusy),
    ("ReplicatedWriteConflictException", TransactionBusy),
    ("TransactionCanceledException", TransactionCancelled),
    ("TransactionInProgressException", TransactionInProgress),
    ("IdempotentParameterMismatchException", TokenMismatch),
    ("ProvisionedThroughputExceededException", Throttled),
    ("RequestLimitExceeded", Throttled),
    ("Throttling", Throttled),
    ("ThrottlingException", Throttled),
    ("ItemCollectionSizeLimitExceededException", LimitExceeded),
    ("LimitExceededException", LimitExceeded),
    ("ResourceNotFoundException", TableNotFound),
    ("ResourceInUseException", TableInUse),
    ("ValidationException", InvalidRequest),
    ("SerializationException", InvalidRequest),
    ("InvalidNextTokenException", InvalidRequest),
    ("TableNotFoundException", TableNotFound),
    ("SourceTableNotFoundException", TableNotFound),
    ("ReplicaNotFoundException", TableNotFound),
    ("ObjectNotFoundException", TableNotFound),
    ("TableAlreadyExistsException", TableInUse),
    ("TableInUseException", TableInUse),
    ("ReplicaAlreadyExistsException", TableInUse),
    ("ConcurrentUpdateException", TableInUse),
    ("BackupInUseException", TableInUse),
    ("ContinuousBackupsUnavailableException", TableInUse),
    ("BackupNotFoundException", BackupNotFound),
    ("PointInTimeRecoveryUnavailableException", InvalidRequest),
    ("InvalidRestoreTimeException", InvalidRequest),
    ("UnknownOperationException", NotSupported),
    ("UnknownOperation", NotSupported),
    ("InvalidAction", NotSupported),
    ("FailedResourceAccessException", AccessDenied),
    ("InternalServiceException", StoreUnavailable),
    ("AccessDeniedException", AccessDenied),
    ("UnrecognizedClientException", AccessDenied),
    ("ExpiredTokenException", AccessDenied),
    ("InvalidSignatureException", AccessDenied),
    ("MissingAuthenticationTokenException", AccessDenied),
    ("InternalServerError", StoreUnavailable),
    ("ServiceUnavailable", StoreUnavailable),
    ("SomethingNewException", StoreError),
]

CLIENT: list[tuple[Exception, type[PersistenceError]]] = [
    (foreign.ParamValidationError(report="Unknown parameter"), InvalidRequest),
    (foreign.NoCredentialsError(), AccessDenied),
    (foreign.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), AccessDenied),
    (foreign.CredentialRetrievalError(provider="sso", error_msg="no"), AccessDenied),
    (foreign.ProfileNotFound(profile="none"), AccessDenied),
    (foreign.NoRegionError(), StoreError),
    (foreign.EndpointProviderError(msg="no"), StoreError),
    (foreign.InvalidConfigError(error_msg="no such source_profile"), StoreError),
    # botocore has it only since `aws login` exists.
    *([(foreign.LoginRefreshRequired(), AccessDenied)] if hasattr(foreign, "LoginRefreshRequired") else []),
    (foreign.EndpointConnectionError(**URL), StoreUnavailable),
    (foreign.ConnectTimeoutError(**URL), StoreUnavailable),
    (foreign.ReadTimeoutError(**URL), StoreUnavailable),
    (foreign.ConnectionClosedError(**URL), StoreUnavailable),
    (foreign.SSLError(**URL, error=OSError()), StoreUnavailable),
    (foreign.HTTPClientError(error="no"), StoreUnavailable),
    (
        foreign.ChecksumError(checksum_type="crc", expected_checksum="1", actual_checksum="2"),
        StoreUnavailable,
    ),
    (ResponseParserError("no"), StoreUnavailable),
    (NotImplementedError("The describe_contributor_insights action has not been implemented"), NotSupported),
]


class TestTable:
    @pytest.mark.parametrize(("code", "kind"), SERVICE)
    def test_maps_the_services_codes(self, code: str, kind: type[PersistenceError]) -> None:
        assert type(translated(said(code), PUT)) is kind

    @pytest.mark.parametrize(("error", "kind"), CLIENT, ids=lambda value: type(value).__name__)
    def test_maps_botocores_exceptions(self, error: Exception, kind: type[PersistenceError]) -> None:
        assert type(translated(error, PUT)) is kind

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_takes_any_5xx_for_a_lost_answer(self, status: int) -> None:
        error = translated(said(str(status), status=status), PUT)

        assert isinstance(error, StoreUnavailable)
        assert error.ambiguous

    def test_keeps_where_and_what(self) -> None:
        error = translated(said("ResourceNotFoundException", "Requested resource not found"), GET)

        assert isinstance(error, TableNotFound)
        assert (error.operation, error.table, error.code) == (
            "GetItem",
            "orders",
            "ResourceNotFoundException",
        )
        assert str(error) == "GetItem of table 'orders': Requested resource not found"


UPDATE = Asked("UpdateTable", "orders", writes=True)
SCALE = Asked("PutScaling", "orders", writes=True)
ONE_AT_A_TIME = (
    "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
)


class TestTables:
    @pytest.mark.parametrize(
        "text",
        [
            "Nothing to update",
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled is required",
            "No provisioned throughput specified for the global secondary index",
            "'provisionedThroughput' failed to satisfy constraint: Member must not be null",
        ],
    )
    def test_a_change_that_a_server_does_not_see_is_one_that_it_does_not_know(self, text: str) -> None:
        error = translated(said("ValidationException", text), UPDATE)

        assert type(error) is NotSupported
        assert "does not know what was to be changed" in str(error)

    def test_the_same_words_about_something_else_are_a_refusal(self) -> None:
        assert type(translated(said("ValidationException", "Nothing to update"), PUT)) is InvalidRequest

    def test_a_second_index_at_a_time_is_a_limit(self) -> None:
        error = translated(said("LimitExceededException", ONE_AT_A_TIME), UPDATE)

        assert type(error) is LimitExceeded
        assert str(error) == f"UpdateTable of table 'orders': {ONE_AT_A_TIME}"

    def test_a_target_that_was_registered_just_now_is_worth_another_try(self) -> None:
        error = translated(said("ObjectNotFoundException", "No scalable target registered"), SCALE)

        assert isinstance(error, StoreUnavailable)
        assert (error.ambiguous, error.retryable) == (False, True)

    @pytest.mark.parametrize(
        "text", ["DynamoDB table does not exist: table/orders", "No scalable target found for dynamodb"]
    )
    def test_scaling_of_what_is_not_there_finds_nothing(self, text: str) -> None:
        assert type(translated(said("ValidationException", text), SCALE)) is TableNotFound


class TestAmbiguity:
    @pytest.mark.parametrize(
        ("error", "ambiguous"),
        [
            (foreign.EndpointConnectionError(**URL), False),
            (foreign.ConnectTimeoutError(**URL), False),
            (foreign.ReadTimeoutError(**URL), True),
            (foreign.ConnectionClosedError(**URL), True),
            (foreign.SSLError(**URL, error=OSError()), True),
            (foreign.HTTPClientError(error="no"), True),
            (ResponseParserError("no"), True),
            (said("InternalServerError", status=500), True),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_is_false_only_where_nothing_was_sent(self, error: Exception, ambiguous: bool) -> None:
        write, read = translated(error, PUT), translated(error, GET)

        assert isinstance(write, StoreUnavailable)
        assert isinstance(read, StoreUnavailable)
        assert (write.ambiguous, read.ambiguous) == (ambiguous, False)


class TestConditions:
    def test_pass_on_the_stored_item_but_not_in_the_message(self) -> None:
        item = {"id": {"S": "secret"}}

        error = translated(said("ConditionalCheckFailedException", Item=item), PUT)

        assert isinstance(error, ConditionFailed)
        assert error.found == item
        assert "secret" not in str(error)

    def test_have_no_item_where_none_was_asked_for(self) -> None:
        error = translated(said("ConditionalCheckFailedException"), PUT)

        assert isinstance(error, ConditionFailed)
        assert error.found is None


class TestTransactions:
    def test_keep_the_reasons_in_order(self) -> None:
        item = {"id": {"S": "1"}}
        reasons = [
            {"Code": "None"},
            {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": item},
            {"Code": "ValidationError", "Message": "Value 'secret' at 'x' failed"},
        ]

        error = translated(said("TransactionCanceledException", CancellationReasons=reasons), WRITE)

        assert isinstance(error, TransactionCancelled)
        assert error.operation == "TransactWrite"
        assert error.reasons == (
            CancellationReason("None"),
            CancellationReason("ConditionalCheckFailed", "The conditional request failed", item),
            CancellationReason("ValidationError", "Value <...> at 'x' failed"),
        )

    @pytest.mark.parametrize(
        ("codes", "kind"),
        [
            (["None", "TransactionConflict"], TransactionBusy),
            (["ThrottlingError", "TransactionConflict"], Throttled),
            (["ProvisionedThroughputExceeded"], Throttled),
            (["ValidationError", "TransactionConflict"], TransactionCancelled),
            ([], TransactionCancelled),
        ],
    )
    def test_that_read_are_busy_or_throttled(self, codes: list[str], kind: type[PersistenceError]) -> None:
        reasons = [{"Code": code} for code in codes]

        error = translated(said("TransactionCanceledException", CancellationReasons=reasons), READ)

        assert type(error) is kind


class TestValidation:
    @pytest.mark.parametrize(
        "message",
        [
            "Item size has exceeded the maximum allowed size",
            "Item size to update has exceeded the maximum allowed size",
        ],
    )
    def test_tells_items_that_are_too_large(self, message: str) -> None:
        """A single write's own error; elsewhere it is the request that is wrong."""
        assert isinstance(translated(said("ValidationException", message), PUT), ItemTooLarge)
        assert isinstance(translated(said("ValidationException", message), WRITE), InvalidRequest)

    def test_tells_a_missing_index(self) -> None:
        message = "The table does not have the specified index: by-date"

        assert isinstance(translated(said("ValidationException", message), GET), TableNotFound)


class TestAccess:
    def test_hints_at_the_clock(self) -> None:
        error = translated(
            said("InvalidSignatureException", "Signature expired: canonical x-amz-token:hunter2"), GET
        )

        assert "clock" in str(error)
        assert "hunter2" not in str(error)

    def test_hints_at_the_region(self) -> None:
        assert str(translated(foreign.NoRegionError(), GET)).endswith(
            "You must specify a region; pass region=..., or set AWS_DEFAULT_REGION or a region in the profile"
        )


class TestRetryable:
    @pytest.mark.parametrize(("code", "kind"), SERVICE)
    def test_is_what_may_succeed_later(self, code: str, kind: type[PersistenceError]) -> None:
        worth_it = {TransactionBusy, TransactionInProgress, Throttled, StoreUnavailable}

        assert translated(said(code), PUT).retryable == (kind in worth_it)

    def test_every_error_of_the_table_is_one_that_the_port_names(self) -> None:
        for code, _ in SERVICE:
            assert isinstance(translated(said(code), PUT), StoreError | ConflictError)
