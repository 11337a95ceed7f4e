"""Items as lines: everything that the service can hold comes back, and nothing else is taken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.attributes import ITEM_SIZE_LIMIT, Item, comparable, item_size
from persistence.schema.portable.digests import Digest
from persistence.schema.portable.lines import LONGEST_LINE, InvalidLine, item_of, line_of
from tests.unit.schema.portable.specimens import EVERY_TYPE, NAMES, values


def as_map(item: Item) -> Any:
    return comparable({"M": item})


class TestLines:
    def test_are_dynamodb_json(self) -> None:
        """The form of AWS's own export: binary as base64, numbers as text."""
        item: Item = {"b": {"B": b"\x00\xff"}, "a": {"N": "38"}, "c": {"L": [{"BS": [b"x", b"a"]}]}}

        line = line_of(item)

        assert line == b'{"Item":{"a":{"N":"38"},"b":{"B":"AP8="},"c":{"L":[{"BS":["YQ==","eA=="]}]}}}'

    def test_hold_every_type_exactly(self) -> None:
        """Numbers of 38 digits, empty texts, line feeds, binary, sets, NULL."""
        assert as_map(item_of(line_of(EVERY_TYPE))) == as_map(EVERY_TYPE)
        assert b"\n" not in line_of(EVERY_TYPE)

    @given(st.dictionaries(NAMES, values(), min_size=1, max_size=5))
    def test_come_back_as_they_were(self, item: Item) -> None:
        """Any item, and a line is the same when it is written again."""
        back = item_of(line_of(item))

        assert as_map(back) == as_map(item)
        assert line_of(back) == line_of(item)

    def test_are_equal_for_equal_items(self) -> None:
        """Order of attributes and set members, and the text of numbers, make no difference."""
        one: Item = {"a": {"NS": ["1", "2.50"]}, "b": {"SS": ["x", "y"]}, "c": {"N": "1E3"}}
        other: Item = {"c": {"N": "1000"}, "b": {"SS": ["y", "x"]}, "a": {"NS": ["2.5", "1.0"]}}

        assert line_of(one) == line_of(other)

    def test_of_the_largest_items_can_be_read(self) -> None:
        """The bound of a line leaves room for what takes the most text for its size."""
        count = (ITEM_SIZE_LIMIT - 10) // 2
        digits = [f"{number % 9 + 1}E-130" for number in range(count)]

        longest = line_of({"numbers": {"NS": digits}})

        assert item_size({"numbers": {"NS": ["1E-130"]}}) == len("numbers") + 2
        assert len(longest) < LONGEST_LINE


class TestInvalidLines:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "no JSON"),
            ("{", "no JSON"),
            ("[1]", "form"),
            ('{"id": {"S": "x"}}', "form"),
            ('{"Item": {}, "more": 1}', "form"),
            ('{"Item": []}', "no object"),
            ('{"Item": {}}', "no object"),
            ('{"Item": {"a": "x"}}', "one type tag"),
            ('{"Item": {"a": {}}}', "one type tag"),
            ('{"Item": {"a": {"S": "x", "N": "1"}}}', "one type tag"),
            ('{"Item": {"a": {"X": "x"}}}', "unknown type tag"),
            ('{"Item": {"a": {"S": 1}}}', "no string"),
            ('{"Item": {"a": {"S": "\\ud800"}}}', "Unicode"),
            ('{"Item": {"a": {"N": 1}}}', "no string"),
            ('{"Item": {"a": {"N": "NaN"}}}', "number"),
            ('{"Item": {"a": {"N": "1E126"}}}', "number"),
            ('{"Item": {"a": {"N": "' + "1" * 39 + '"}}}', "number"),
            ('{"Item": {"a": {"B": "?"}}}', "base64"),
            ('{"Item": {"a": {"B": "é"}}}', "base64"),
            ('{"Item": {"a": {"BOOL": "true"}}}', "BOOL"),
            ('{"Item": {"a": {"NULL": false}}}', "NULL"),
            ('{"Item": {"a": {"L": {}}}}', "list"),
            ('{"Item": {"a": {"M": []}}}', "map"),
            ('{"Item": {"a": {"SS": []}}}', "set"),
            ('{"Item": {"a": {"NS": ["x"]}}}', "number"),
            ('{"Item": {"a": {"BS": "YQ=="}}}', "set"),
            ('{"Item": {"a": ' + '{"L": [' * 40 + "]}" * 40 + "}}", "deeper"),
            ("[" * 100_000, "deeply"),
            ("9" * 5000, "no JSON"),
        ],
    )
    def test_are_refused(self, text: str, reason: str) -> None:
        """Whatever is no item in DynamoDB JSON; the reason has nothing of the content."""
        with pytest.raises(InvalidLine, match=reason):
            item_of(text.encode())

    def test_that_are_no_utf_8_are_refused(self) -> None:
        """JSON is Unicode."""
        with pytest.raises(InvalidLine, match="no JSON"):
            item_of(b'{"Item": {"a": {"S": "\xff"}}}')

    def test_don_t_show_values(self) -> None:
        """Reasons go into reports."""
        with pytest.raises(InvalidLine) as refused:
            item_of(json.dumps({"Item": {"a": {"N": "secret"}}}).encode())

        assert "secret" not in str(refused.value)


class TestDigest:
    LINES = (b"a", b"b", b"c", b"c")

    def test_does_not_depend_on_the_order(self) -> None:
        """The sum is the same, in whatever order and parts."""
        at_once, in_parts, part = Digest(), Digest(), Digest()

        at_once.add(self.LINES)
        in_parts.add(reversed(self.LINES[2:]))
        part.add(self.LINES[:2])
        in_parts.merge(part)

        assert (in_parts.text, in_parts.items) == (at_once.text, at_once.items)
        assert Digest(at_once.text, 4).text == at_once.text

    @pytest.mark.parametrize(
        "lines", [(b"a", b"b", b"c"), (b"a", b"b", b"c", b"d"), (b"a", b"b", b"b", b"c")]
    )
    def test_tells_other_lines(self, lines: tuple[bytes, ...]) -> None:
        """One less, another one, one twice."""
        one, other = Digest(), Digest()

        one.add(self.LINES)
        other.add(lines)

        assert one.text != other.text
        assert len(one.text) == 64
