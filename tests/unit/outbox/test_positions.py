"""Positions: the order of entries, and no entry in another one's place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.outbox.positions import (
    FIRST,
    LAST,
    Aggregate,
    Stretch,
    behind,
    delivered,
    group_of,
    key_texts,
    pending,
    position,
    shard_of,
    stretches,
)

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ORDER = Aggregate("Order", ("o-1",))

texts = st.text(st.sampled_from("ab#%,$0é"), max_size=6)
aggregates = st.builds(Aggregate, texts, st.lists(texts, min_size=1, max_size=3).map(tuple))
versions = st.none() | st.integers(0, 10**12)
times = st.datetimes(timezones=st.just(UTC))


class Colour(Enum):
    RED = "red"


class TestPosition:
    @pytest.mark.parametrize(
        ("aggregate", "version", "expected"),
        [
            (ORDER, 3, "a#Order#o-1#00000000000000000003#2026-01-02T12:00:00.000000Z#0007#id"),
            (ORDER, None, "a#Order#o-1#00000000000000000000#2026-01-02T12:00:00.000000Z#0007#id"),
            (None, None, "e#2026-01-02T12:00:00.000000Z#0007#id"),
            (
                Aggregate("Line", ("o#1", "50%,2")),
                12,
                "a#Line#o%231,50%25%2C2#00000000000000000012#2026-01-02T12:00:00.000000Z#0007#id",
            ),
        ],
    )
    def test_says_what_orders_the_entry(
        self, aggregate: Aggregate | None, version: int | None, expected: str
    ) -> None:
        assert position(aggregate, version, NOON, 7, "id") == expected

    def test_sorts_by_version_before_time(self) -> None:
        """The clock of the machine that made the later commit may be slow."""
        earlier = position(ORDER, 9, NOON, 0, "b")
        later = position(ORDER, 10, NOON - timedelta(hours=1), 0, "a")

        assert earlier < later

    def test_sorts_by_place_within_a_commit(self) -> None:
        made = [position(ORDER, 3, NOON, index, f"id-{-index}") for index in range(100)]

        assert made == sorted(made)

    def test_sorts_entries_without_an_aggregate_by_time(self) -> None:
        elsewhere = NOON.astimezone(timezone(timedelta(hours=-8)))

        assert position(None, None, NOON, 1, "a") < position(
            None, None, elsewhere + timedelta(seconds=1), 0, "a"
        )

    @given(aggregates, aggregates, versions, versions, times, times, texts)
    def test_keeps_aggregates_apart(
        self,
        one: Aggregate,
        other: Aggregate,
        first: int | None,
        second: int | None,
        at: datetime,
        then: datetime,
        event_id: str,
    ) -> None:
        """Whatever separators a type, key or id contains: a group is an aggregate."""
        left = group_of(position(one, first, at, 0, event_id))
        right = group_of(position(other, second, then, 1, event_id))

        assert (left == right) == (one == other)

    @given(aggregates, aggregates, versions, times, texts)
    def test_puts_all_of_a_group_before_what_is_behind_it(
        self, one: Aggregate, other: Aggregate, version: int | None, at: datetime, event_id: str
    ) -> None:
        """Jumping over one aggregate leaves out no other one's entries that come later."""
        mine = position(one, version, at, 0, event_id)
        theirs = position(other, version, at, 0, event_id)
        end = behind(group_of(mine))

        assert group_of(mine) <= mine < end
        assert (group_of(theirs) < end) == (theirs < end)

    @given(st.none() | aggregates, versions, times, texts)
    def test_lies_between_first_and_last(
        self, aggregate: Aggregate | None, version: int | None, at: datetime, event_id: str
    ) -> None:
        assert FIRST < position(aggregate, version, at, 0, event_id) < LAST

    @pytest.mark.parametrize("letter", ["x", "é", "#"])
    def test_fits_into_a_sort_key_whatever_the_aggregate_is_called(self, letter: str) -> None:
        """A sort key has at most 1024 bytes; a partition key of the aggregate may have 2048."""
        key = letter * (2048 // len(letter.encode()))
        made = position(Aggregate("Order", (key,)), 10**19, NOON, 99, "i" * 36)
        other = position(Aggregate("Order", (key[1:],)), 10**19, NOON, 99, "i" * 36)

        assert len(made.encode()) <= 1024
        assert group_of(made) != group_of(other)


class TestGroup:
    def test_is_the_whole_position_of_an_entry_without_an_aggregate(self) -> None:
        alone = position(None, None, NOON, 0, "id")

        assert group_of(alone) == alone


class TestKeyTexts:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("o-1", "o-1"),
            (Colour.RED, "red"),
            (b"\x00\xff", "00ff"),
            (7, "7"),
            (7.0, "7"),
            (Decimal("7.00"), "7"),
            (Decimal("1E3"), "1000"),
            (datetime(2026, 1, 2, 13, tzinfo=timezone(timedelta(hours=1))), "2026-01-02T12:00:00.000000Z"),
            (date(2026, 1, 2), "2026-01-02"),
            (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ],
    )
    def test_are_the_same_for_keys_that_are_one(self, value: object, text: str) -> None:
        assert key_texts((value, "x")) == (text, "x")


class TestShard:
    def test_is_the_same_in_every_process(self) -> None:
        """Python's own hash of a text differs from process to process."""
        found = [shard_of(Aggregate("Order", (f"o-{number}",)), "id", 4) for number in range(8)]

        assert found == [2, 1, 2, 3, 3, 2, 3, 3]

    def test_is_one_for_all_events_of_an_aggregate(self) -> None:
        assert len({shard_of(ORDER, f"id-{number}", 16) for number in range(50)}) == 1

    def test_spreads_events_without_an_aggregate(self) -> None:
        assert {shard_of(None, f"id-{number}", 4) for number in range(50)} == {0, 1, 2, 3}

    def test_names_its_partitions(self) -> None:
        assert (pending(3), delivered(pending(3))) == ("pending#3", "delivered#3")


class TestStretches:
    def test_are_the_whole_shards(self) -> None:
        assert stretches(2, None) == (Stretch(0, FIRST, LAST), Stretch(1, FIRST, LAST))

    def test_begin_where_they_are_told_to_and_end_there(self) -> None:
        assert stretches(3, (1, "a#Order#o-1")) == (
            Stretch(1, "a#Order#o-1", LAST),
            Stretch(2, FIRST, LAST),
            Stretch(0, FIRST, LAST),
            Stretch(1, FIRST, "a#Order#o-1"),
        )

    def test_shrink_until_they_are_empty(self) -> None:
        whole = Stretch(0, "a#Order#b", "a#Order#m")

        left = [whole, whole.after("a#Order#b"), whole.after("a#Order#m")]

        assert [stretch.empty for stretch in left] == [False, False, True]
        assert all(before.low < after.low for before, after in pairwise(left))
