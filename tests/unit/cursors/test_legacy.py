"""Cursors of DynamORM and TableTheory: read strictly, where that is asked for, and never written."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from persistence.cursors import Binding
from persistence.errors import InvalidCursor
from persistence.table import GlobalIndex, Key, Table
from tests.unit.cursors.samples import DIGEST, FILES, FOLDER, NOTES, POSITIONS, cursors_of

USERS = Table("users", "PK", "SK", indexes=(GlobalIndex("gsi-email", Key("SK", "PK")),))
# The only cursor in the contract tests of TableTheory, for all its languages: of gsi-email, ascending.
PUBLISHED = (
    "eyJsYXN0S2V5Ijp7IlBLIjp7IlMiOiJVU0VSIzEifSwiU0siOnsiUyI6IlBST0ZJTEUifX0sImluZGV4IjoiZ3NpLWVtYWlsIiwic29y"
    "dCI6IkFTQyJ9"
)
PUBLISHED_POSITION = {"PK": {"S": "USER#1"}, "SK": {"S": "PROFILE"}}


def legacy(document: Any) -> str:
    """Write a cursor as TableTheory does."""
    return encoded(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode()


def refusal(text: str, binding: Binding) -> str:
    with pytest.raises(InvalidCursor) as refused:
        cursors_of(legacy=True).open(text, binding)
    return refused.value.reason


class TestReading:
    def test_gives_the_position_of_a_published_cursor(self) -> None:
        """The example in the project's own tests is read."""
        cursors = cursors_of(legacy=True)

        assert cursors.open(PUBLISHED, Binding(USERS, "gsi-email", DIGEST)) == PUBLISHED_POSITION

    @pytest.mark.parametrize("kind", POSITIONS)
    def test_gives_positions_of_all_types(self, kind: str) -> None:
        """Keys of every type, of tables and indexes of every kind, are read."""
        binding, position = POSITIONS[kind]
        written = {
            name: {
                tag: base64.b64encode(content).decode() if tag == "B" else content
                for tag, content in value.items()
            }
            for name, value in position.items()
        }

        text = legacy({"lastKey": written, "index": binding.index or "", "sort": "ASC"})

        assert cursors_of(legacy=True).open(text, binding) == position

    @pytest.mark.parametrize("named", [{}, {"index": "by-size"}, {"sort": "DESC"}, {"sort": "desc"}])
    def test_needs_neither_index_nor_direction(self, named: dict[str, str]) -> None:
        """What the cursor does not name is not compared."""
        binding = Binding(FILES, "by-size", DIGEST, descending=True)
        position = {**FOLDER, "size": {"N": "1"}}

        assert cursors_of(legacy=True).open(legacy({"lastKey": position, **named}), binding) == position

    def test_gives_numbers_as_the_service_writes_them(self) -> None:
        """Any text of a number is read."""
        position = {**FOLDER, "number": {"N": "+7.0e0"}}

        opened = cursors_of(legacy=True).open(legacy({"lastKey": position}), Binding(FILES, None, DIGEST))

        assert opened == FOLDER

    def test_takes_texts_whose_padding_was_cut_off(self) -> None:
        """TableTheory pads; some of its clients cut that off."""
        binding = Binding(NOTES, None, DIGEST)
        texts = [legacy({"lastKey": {"id": {"S": "n" * size}}}) for size in range(1, 4)]

        for size, text in enumerate(texts, 1):
            for given in (text, text.rstrip("=")):
                assert cursors_of(legacy=True).open(given, binding) == {"id": {"S": "n" * size}}

    def test_reads_our_own_cursors_too(self) -> None:
        """What is written meanwhile is sealed."""
        binding, position = POSITIONS["partition key"]
        cursors = cursors_of(legacy=True)

        text = cursors.seal(position, binding)

        assert cursors.open(text, binding) == cursors_of().open(text, binding) == position

    def test_is_off_unless_asked_for(self) -> None:
        """An unsigned cursor is a forged one."""
        with pytest.raises(InvalidCursor) as refused:
            cursors_of().open(PUBLISHED, Binding(USERS, "gsi-email", DIGEST))

        assert refused.value.reason == "malformed"


KEY = {"folder": {"S": "a"}, "number": {"N": "7"}}


class TestRefusing:
    @pytest.mark.parametrize(
        "binding",
        [
            Binding(USERS, None, DIGEST),
            Binding(USERS, "gsi-email", DIGEST, descending=True),
            Binding(NOTES, None, DIGEST),
        ],
        ids=["index", "direction", "key"],
    )
    def test_another_query(self, binding: Binding) -> None:
        """Index and direction, where the cursor names them, and the key attributes are the query's."""
        assert refusal(PUBLISHED, binding) == "foreign"

    @pytest.mark.parametrize(
        "key",
        [
            {},
            {"folder": {"S": "a"}},
            {**KEY, "more": {"S": "a"}},
            {**KEY, "number": {"S": "7"}},
            {**KEY, "number": {"N": "NaN"}},
            {**KEY, "number": {"N": "Infinity"}},
            {**KEY, "number": {"N": "7_0"}},
            {**KEY, "number": {"N": "\u0667"}},
            {**KEY, "number": {"N": " 7"}},
            {**KEY, "number": {"N": "1E999999999"}},
            {**KEY, "number": {"N": "1" * 39}},
            {**KEY, "number": {"N": ""}},
            {**KEY, "folder": {"S": ""}},
            {**KEY, "folder": {"S": "\ud800"}},
            {**KEY, "folder": {"S": "a" * 2049}},
            {**KEY, "folder": {"B": "YQ=="}},
        ],
    )
    def test_a_position_that_the_table_cannot_have(self, key: dict[str, Any]) -> None:
        """Names, types, sizes and numbers are those of the table's key."""
        text = encoded(json.dumps({"lastKey": key}))

        assert refusal(text, Binding(FILES, None, DIGEST)) == "foreign"

    @pytest.mark.parametrize(
        "key",
        [
            None,
            [],
            "a",
            {**KEY, "number": {"N": 7}},
            {**KEY, "number": {}},
            {**KEY, "number": 7},
            {**KEY, "number": {"N": "7", "S": "7"}},
            {**KEY, "folder": {"s": "YQ=="}},
            {**KEY, "folder": {"BOOL": True}},
            {**KEY, "folder": {"NULL": True}},
            {**KEY, "folder": {"M": {"x": {"S": "y"}}}},
            {**KEY, "folder": {"SS": ["a"]}},
            {**KEY, "folder": {"S": None}},
            {**KEY, "folder": {"X": "a"}},
            {**KEY, "folder": {"B": "YQ"}},
            {**KEY, "folder": {"B": "YR=="}},
            {**KEY, "folder": {"B": "-_=="}},
            {**KEY, "folder": {"B": "Y Q=="}},
            {**KEY, "folder": {"B": "\u00e9"}},
        ],
    )
    def test_what_is_no_position(self, key: Any) -> None:
        """Text, numbers as text and padded base64 under one tag are the only values."""
        assert refusal(legacy({"lastKey": key}), Binding(FILES, None, DIGEST)) == "malformed"

    @pytest.mark.parametrize(
        "text",
        [
            encoded('{"lastKey":'),
            encoded("{}"),
            encoded('{"index":"by-size"}'),
            legacy({"lastKey": KEY, "more": 1}),
            legacy({"lastKey": KEY, "index": None}),
            legacy({"lastKey": KEY, "sort": 1}),
            encoded('{"lastKey":{"folder":{"S":"a"},"folder":{"S":"b"},"number":{"N":"7"}}}'),
            encoded('{"lastKey":{"folder":{"S":"a","S":"b"},"number":{"N":"7"}}}'),
            encoded('{"lastKey":{},"lastKey":{}}'),
            encoded('{"lastKey":{"folder":{"S":"\ud800"},"number":{"N":"7"}}}'),
            encoded('{"lastKey":' + "9" * 5000 + "}"),
            encoded('{"lastKey":' + "[" * 11_000),
            encoded('{"lastKey":' + '{"M":' * 2_000),
            legacy({"lastKey": KEY}) + "=",
            legacy({"lastKey": KEY}).rstrip("=") + "====",
            legacy({"lastKey": KEY}) + "\n",
            "e",
            "eyJ!",
        ],
    )
    def test_what_is_no_such_cursor(self, text: str) -> None:
        """Unknown, missing and repeated members, broken JSON and text that TableTheory would not write."""
        assert refusal(text, Binding(FILES, None, DIGEST)) == "malformed"

    def test_a_text_that_is_too_long(self) -> None:
        """The bound holds for them too."""
        text = legacy({"lastKey": {"id": {"S": "n" * 20_000}}})

        assert refusal(text, Binding(NOTES, None, DIGEST)) == "too_long"
