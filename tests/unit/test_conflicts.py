"""From the store's cancellation reasons to reasons in the words of the domain."""

from __future__ import annotations

from typing import Any

import pytest

from persistence.commit_plan import plan
from persistence.conflicts import conflict, is_transient
from persistence.errors import (
    ActionRefused,
    ActionThrottled,
    CancellationReason,
    ConflictError,
    EntityExists,
    EntityGone,
    ItemTooLarge,
    StaleEntity,
    Throttled,
    TransactionBusy,
)
from persistence.mapping import mapping_of
from persistence.store import AWS_LIMITS
from persistence.tracking import IdentityMap
from persistence.unit_of_work.policies import utc_now
from tests.semantics.model import Setting, SettingMapping

SETTINGS = mapping_of(SettingMapping)
ITEM: dict[str, Any] = {"id": {"S": "changed"}, "value": {"S": "first"}, "lines": {"L": []}}
NONE = CancellationReason("None")


def refused(*reasons: CancellationReason) -> tuple[ConflictError, ...]:
    """The reasons for a commit that adds one setting and changes another."""
    entities = IdentityMap()
    entities.add(SETTINGS, Setting("added"))
    setting = entities.load(SETTINGS, ITEM)
    assert setting is not None
    setting.value = "mine"
    return conflict(plan(entities, utc_now, AWS_LIMITS), reasons).reasons


class TestReasons:
    @pytest.mark.parametrize(
        ("code", "message", "expected"),
        [
            ("ConditionalCheckFailed", None, EntityGone),
            ("TransactionConflict", None, TransactionBusy),
            ("ThrottlingError", None, ActionThrottled),
            ("ProvisionedThroughputExceeded", None, ActionThrottled),
            ("ItemCollectionSizeLimitExceeded", None, ItemTooLarge),
            ("ValidationError", "Item size to update has exceeded the maximum allowed size", ItemTooLarge),
            ("ValidationError", "Type mismatch for Index Key", ActionRefused),
            ("SomethingNew", "of next year", ActionRefused),
        ],
    )
    def test_name_the_entity_of_each_action(
        self, code: str, message: str | None, expected: type[ConflictError]
    ) -> None:
        """One entry per action that failed; a code that nobody knows is not swallowed."""
        (reason,) = refused(NONE, CancellationReason(code, message))

        assert type(reason) is expected
        assert (reason.entity_type, reason.key) == (Setting, ("changed",))
        assert isinstance(reason.entity, Setting)

    def test_of_a_taken_key_are_entity_exists(self) -> None:
        """A failed condition of an add means that the key is taken."""
        there = {**ITEM, "id": {"S": "added"}}

        (reason,) = refused(CancellationReason("ConditionalCheckFailed", None, there), NONE)

        assert isinstance(reason, EntityExists)
        assert reason.found == Setting("added", "first")

    def test_of_a_changed_item_are_stale_entity(self) -> None:
        """A failed condition that comes with an item means that somebody changed it."""
        theirs = {**ITEM, "value": {"S": "theirs"}, "colour": {"S": "red"}}

        (reason,) = refused(NONE, CancellationReason("ConditionalCheckFailed", None, theirs))

        assert isinstance(reason, StaleEntity)
        assert reason.found == Setting("changed", "theirs")
        assert reason.changed_by_me == {"value": ("first", "mine")}
        assert reason.changed_by_other == {"value": ("first", "theirs"), "colour": (None, {"S": "red"})}

    def test_of_an_item_that_can_t_be_read_hold_it_as_it_is(self) -> None:
        """What a newer version stored may not fit this mapping: no further error on top of the conflict."""
        odd = {**ITEM, "value": {"N": "1"}}

        (reason,) = refused(NONE, CancellationReason("ConditionalCheckFailed", None, odd))

        assert isinstance(reason, StaleEntity)
        assert reason.found == odd

    def test_keep_their_order(self) -> None:
        """Never flattened, in the order of the plan."""
        reasons = refused(
            CancellationReason("TransactionConflict"), CancellationReason("ConditionalCheckFailed")
        )

        assert [(type(reason), reason.key) for reason in reasons] == [
            (TransactionBusy, ("added",)),
            (EntityGone, ("changed",)),
        ]

    def test_of_throttling_are_throttled_too(self) -> None:
        """Throttling of one action is caught as any throttling."""
        (reason,) = refused(NONE, CancellationReason("ThrottlingError"))

        assert isinstance(reason, Throttled)
        assert (reason.retryable, reason.committed) == (True, False)


class TestTransientReasons:
    @pytest.mark.parametrize(
        ("codes", "expected"),
        [
            (["TransactionConflict"], True),
            (["None", "TransactionConflict", "ThrottlingError"], True),
            (["ProvisionedThroughputExceeded"], True),
            (["TransactionConflict", "ConditionalCheckFailed"], False),
            (["ConditionalCheckFailed"], False),
            (["ValidationError", "None"], False),
            (["None"], False),
            ([], False),
        ],
    )
    def test_are_traffic_and_nothing_else(self, codes: list[str], expected: bool) -> None:
        """Repeated are cancellations whose only codes are TransactionConflict or throttling."""
        assert is_transient(tuple(CancellationReason(code) for code in codes)) is expected
