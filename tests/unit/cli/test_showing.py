"""What entities look like on the terminal: as they are stored, exactly."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.attributes import Item
from persistence.cli.showing import plain_of, raw_json, shown_row
from persistence.cli.texts import cell, json_text, printable
from persistence.mapping import mapping_of
from tests.unit.cli.world import Colour, Level, Place, Thing, ThingMapping

THING = mapping_of(ThingMapping)


class TestShownRow:
    def test_shows_values_as_conditions_take_them(self) -> None:
        thing = Thing(
            "t1",
            "box",
            Colour.DARK_GREEN,
            Level.HIGH,
            3,
            Decimal("1.50"),
            0.25,
            datetime(2026, 1, 2, 3, tzinfo=UTC),
            date(2026, 1, 2),
            timedelta(minutes=1),
            UUID(int=7),
            True,
            b"\x00\xff",
            {"b", "a"},
            {3, 1},
            [Place("Rome", 2)],
            None,
            {"deep": [1, Decimal("0.1")]},
            datetime(2026, 1, 2, tzinfo=UTC),
        )

        assert shown_row(THING, vars(thing)) == {
            "id": "t1",
            "kind": "box",
            "colour": "dark green",
            "level": 2,
            "size": 3,
            "weight": Decimal("1.5"),
            "price": Decimal("0.25"),
            "made_at": "2026-01-02T03:00:00.000000Z",
            "made_on": "2026-01-02",
            "lasts": 60,
            "serial": str(UUID(int=7)),
            "good": True,
            "data": "AP8=",
            "tags": ["a", "b"],
            "numbers": [1, 3],
            "places": [{"city": "Rome", "floor": 2}],
            "note": None,
            "extra": {"deep": [1, Decimal("0.1")]},
            "expires_at": 1767312000,
        }

    def test_an_empty_set_is_an_empty_list(self) -> None:
        assert shown_row(THING, {"tags": set()}) == {"tags": []}


class TestJson:
    def test_numbers_keep_all_digits(self) -> None:
        exact = Decimal("12345678901234567890.123456789012345678")

        assert json_text({"n": [exact, Decimal("1E-20"), 10**37]}) == (
            '{"n": [12345678901234567890.123456789012345678, 0.00000000000000000001, ' + "1" + "0" * 37 + "]}"
        )

    @given(
        st.recursive(
            st.none()
            | st.booleans()
            | st.text()
            | st.integers(-(10**38), 10**38)
            | st.decimals(allow_nan=False, allow_infinity=False, places=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=8,
        )
    )
    def test_is_json_that_reads_back(self, data: object) -> None:
        assert json.loads(json_text(data), parse_float=Decimal) == data

    @pytest.mark.parametrize(
        ("encoding", "written"),
        [
            ("utf-8", '{"ü": "☃😀"}'),
            ("latin-1", '{"ü": "\\u2603\\ud83d\\ude00"}'),
            ("ascii", '{"\\u00fc": "\\u2603\\ud83d\\ude00"}'),
        ],
    )
    def test_stays_json_where_an_encoding_lacks_a_character(self, encoding: str, written: str) -> None:
        assert printable(json_text({"ü": "☃😀"}), encoding) == written
        assert json.loads(written) == {"ü": "☃😀"}

    def test_raw_items_keep_their_tags(self) -> None:
        item: Item = {
            "a": {"M": {"b": {"B": b"x"}, "l": {"L": [{"N": "1.50"}]}}},
            "s": {"BS": [b"y"]},
            "n": {"NULL": True},
        }

        assert raw_json(item) == {
            "a": {"M": {"b": {"B": "eA=="}, "l": {"L": [{"N": "1.50"}]}}},
            "s": {"BS": ["eQ=="]},
            "n": {"NULL": True},
        }

    @pytest.mark.parametrize(
        ("stored", "plain"),
        [
            ({"N": "1E2"}, 100),
            ({"N": "0.10"}, Decimal("0.10")),
            ({"NS": ["10", "9.5"]}, [Decimal("9.5"), 10]),
            ({"BS": [b"b", b"a"]}, ["YQ==", "Yg=="]),
            ({"L": [{"NULL": True}, {"M": {}}]}, [None, {}]),
        ],
    )
    def test_attribute_values_become_plain(self, stored: dict[str, object], plain: object) -> None:
        assert plain_of(stored) == plain


class TestCell:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (None, ""),
            (True, "yes"),
            (False, "no"),
            (Decimal("1.50"), "1.50"),
            (["a", 1], '["a", 1]'),
            ("x", "x"),
        ],
    )
    def test_writes_values_short(self, value: object, text: str) -> None:
        assert cell(value) == text
