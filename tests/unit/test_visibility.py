"""What readers see: conditions on stored items, written for the store and answered here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from persistence.expressions import AttributeExists, AttributeNotExists, Compare, Condition, Not, Path, Value
from persistence.mapping import mapping_of
from persistence.visibility import USUAL, Visibility, hidden, hidden_filter, hides, sees
from tests.semantics.model import SettingMapping
from tests.semantics.removable import FUTURE, HiddenTicketMapping, TicketMapping

TICKETS, HIDDEN, SETTINGS = (
    mapping_of(TicketMapping),
    mapping_of(HiddenTicketMapping),
    mapping_of(SettingMapping),
)
SECONDS = 4102542245
MARK = Path.of("deleted_at")
IS_OVER = Compare("<=", Path.of("expires_at"), Value({"N": str(SECONDS)}))


class TestHiddenFilter:
    @pytest.mark.parametrize(
        ("shown", "visible", "unseen"),
        [
            (Visibility(deleted=True), None, None),
            (USUAL, AttributeNotExists(MARK), AttributeExists(MARK)),
            (Visibility(deleted=True, expired=False), Not(IS_OVER), IS_OVER),
            (USUAL.live, AttributeNotExists(MARK) & Not(IS_OVER), AttributeExists(MARK) | IS_OVER),
        ],
    )
    def test_is_what_visible_items_fulfil(
        self, shown: Visibility, visible: Condition | None, unseen: Condition | None
    ) -> None:
        """And its opposite what the others do."""
        found = hidden_filter(TICKETS, FUTURE, shown), hidden(TICKETS, FUTURE, shown)

        assert found == (visible, unseen)
        assert hides(TICKETS, shown) is (visible is not None)

    def test_is_none_where_no_field_has_the_role(self) -> None:
        """Mappings without marks and times to live hide nothing."""
        assert (hidden_filter(SETTINGS, FUTURE, USUAL.live), hidden(SETTINGS, FUTURE, USUAL.live)) == (
            None,
            None,
        )
        assert not hides(SETTINGS, USUAL.live)


class TestSees:
    @pytest.mark.parametrize(
        ("item", "expected"),
        [
            ({}, True),
            ({"deleted_at": {"S": "2099-01-01T00:00:00.000000Z"}}, False),
            ({"expires_at": {"N": str(SECONDS - 1)}}, False),
            ({"expires_at": {"N": str(SECONDS)}}, False),
            ({"expires_at": {"N": str(SECONDS + 1)}}, True),
            ({"expires_at": {"S": "yesterday"}}, True),
            ({"expires_at": {"NULL": True}}, True),
        ],
    )
    def test_goes_by_marks_and_whole_seconds(self, item: dict[str, Any], expected: bool) -> None:
        """A time to live that is no number never passes, as for the service."""
        assert sees(HIDDEN, Visibility.of(HIDDEN), item, lambda: FUTURE) is expected

    def test_asks_no_clock_where_nothing_is_hidden(self) -> None:
        """Most mappings cost nothing."""

        def clock() -> datetime:
            raise AssertionError("asked")

        assert sees(SETTINGS, USUAL, {}, clock)

    def test_goes_by_the_time_before_the_epoch_too(self) -> None:
        """Seconds are cut towards the past, as time goes."""
        before = datetime(1970, 1, 1, tzinfo=FUTURE.tzinfo) - timedelta(milliseconds=1)

        found = hidden(TICKETS, before, Visibility(deleted=True, expired=False))

        assert found == Compare("<=", Path.of("expires_at"), Value({"N": "-1"}))


class TestOf:
    def test_hides_what_is_expired_where_the_mapping_says_so(self) -> None:
        """Else it is shown; what is marked never is."""
        assert (Visibility.of(TICKETS), Visibility.of(HIDDEN)) == (
            Visibility(deleted=False, expired=True),
            Visibility(deleted=False, expired=False),
        )
