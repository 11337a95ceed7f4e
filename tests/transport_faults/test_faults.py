"""On every way each fault ends as it ends without tuning: result, error, what is told of it, requests."""

from __future__ import annotations

import pytest

from persistence.errors import StoreUnavailable
from persistence.operations import ItemResult
from tests.transport_faults.faults import CLEAR, LOST, OK, OPERATIONS, UNREAD, WRITES_IN_DOUBT_END
from tests.transport_faults.misbehaving import Answer
from tests.transport_faults.ways import WAYS, Trial, Way
from tests.unit.stores.dynamodb.versions import NAMES_SHORT_ANSWERS

FAULTS = {**LOST, **CLEAR, **UNREAD}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", FAULTS)
def test_ends_as_without_tuning(operation: str, fault: str, trial: Trial) -> None:
    if NAMES_SHORT_ANSWERS and any(isinstance(answer, Answer) and answer.cut for answer in FAULTS[fault]):
        pytest.skip("this botocore names what was cut off in its own way")
    expected = trial.outcome("plain", OPERATIONS[operation], FAULTS[fault])

    for way in WAYS:
        assert trial.outcome(way, OPERATIONS[operation], FAULTS[fault]) == expected, way


@pytest.mark.parametrize("way", ["plain", *WAYS])
@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("operation", sorted(WRITES_IN_DOUBT_END))
def test_a_write_in_doubt_is_not_repeated(operation: str, fault: str, way: Way, trial: Trial) -> None:
    ended = trial.outcome(way, OPERATIONS[operation], LOST[fault])

    assert ended.error is StoreUnavailable
    assert ended.data["ambiguous"] is True
    assert ended.attempts == 1


@pytest.mark.parametrize("way", ["plain", *WAYS])
@pytest.mark.parametrize("fault", ["closed without answer", "silent", "500", "wrong checksum"])
def test_a_read_is_repeated(fault: str, way: Way, trial: Trial) -> None:
    ended = trial.outcome(way, OPERATIONS["get"], LOST[fault])

    assert ended.error is None
    assert ended.attempts == 2


@pytest.mark.parametrize("way", ["plain", *WAYS])
@pytest.mark.parametrize("fault", LOST)
def test_what_is_there_never_counts_as_absent(fault: str, way: Way, trial: Trial) -> None:
    ended = trial.outcome(way, OPERATIONS["get"], LOST[fault])

    if ended.error is None:
        assert isinstance(ended.result, ItemResult)
        assert ended.result.item is not None
    else:
        assert ended.error is StoreUnavailable
        assert ended.data["ambiguous"] is False


@pytest.mark.parametrize("way", ["plain", *WAYS])
@pytest.mark.parametrize("fault", ["throttled twice", "in progress", "cancelled for traffic"])
def test_a_transaction_with_a_token_ends_with_its_first_failed_attempt(
    fault: str, way: Way, trial: Trial
) -> None:
    ended = trial.outcome(way, OPERATIONS["transaction"], CLEAR[fault])

    assert ended.error is not None
    assert ended.attempts == 1


@pytest.mark.parametrize("way", ["plain", *WAYS])
@pytest.mark.parametrize("operation", sorted(WRITES_IN_DOUBT_END))
def test_a_write_with_a_checksum_that_is_no_number_is_in_doubt(
    operation: str, way: Way, trial: Trial
) -> None:
    ended = trial.outcome(way, OPERATIONS[operation], [Answer(OK.body, headers={"x-amz-crc32": "x"}), OK])

    assert ended.error is StoreUnavailable
    assert ended.data["ambiguous"] is True
