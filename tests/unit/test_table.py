"""Keys of one attribute and of several, as they are declared."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from persistence.errors import MappingError
from persistence.schema.planning.comparison import differences
from persistence.table import GlobalIndex, Key, LocalIndex, Projection, Table

SEVERAL = Key(("tenant", "region"), ("day", "id"))


class TestKey:
    def test_has_names_of_both_parts(self) -> None:
        assert (SEVERAL.names, SEVERAL.partitions, SEVERAL.sorts) == (
            ("tenant", "region", "day", "id"),
            ("tenant", "region"),
            ("day", "id"),
        )
        assert (Key("a").names, Key("a").partitions, Key("a").sorts) == (("a",), ("a",), ())

    def test_of_one_attribute_is_the_same_however_it_is_written(self) -> None:
        assert Key(("a",), ("b",)) == Key("a", "b")
        assert Key(("a",), ("b",)).simple
        assert not Key("a", ("b", "c")).simple
        assert not Key(("a", "b")).simple

    @pytest.mark.parametrize(
        ("partition", "sort", "message"),
        [
            ("", None, "can't be empty"),
            ("a", "", "can't be empty"),
            ((), None, "can't be empty"),
            (("a", ""), None, "can't be empty"),
            ("a", (), "can't be empty"),
            ("a", "a", "both 'a'"),
            (("a", "b"), ("c", "a"), "must differ"),
            (tuple("abcde"), None, "DynamoDB allows 4"),
            ("a", tuple("bcdef"), "DynamoDB allows 4"),
            (("a", "B#{b}"), None, "no templates"),
        ],
    )
    def test_refuses_what_can_be_no_key(self, partition: Any, sort: Any, message: str) -> None:
        with pytest.raises(MappingError, match=message):
            Key(partition, sort)


class TestTable:
    def test_gives_the_names_and_types_of_all_attributes(self) -> None:
        table = Table("things", "id", indexes=(GlobalIndex("several", SEVERAL),), types={"day": "N"})

        assert table.key_names("several") == ("tenant", "region", "day", "id")
        assert table.key_types == {"id": "S", "tenant": "S", "region": "S", "day": "N"}
        assert pickle.loads(pickle.dumps(table)) == table

    @pytest.mark.parametrize(
        "declare",
        [
            lambda: Table("things", ("a", "b")),  # type: ignore[arg-type]  # that is the case
            lambda: Table("things", "a", ("b", "c")),  # type: ignore[arg-type]  # that is the case
            lambda: LocalIndex("local", ("b", "c")),  # type: ignore[arg-type]  # that is the case
        ],
    )
    def test_has_keys_of_several_attributes_in_global_indexes_only(self, declare: Any) -> None:
        with pytest.raises(MappingError, match="are for global indexes"):
            declare()

    def test_differs_by_the_order_of_a_key(self) -> None:
        """The order of the sort attributes is that of the items."""
        declared = Table("things", "id", indexes=(GlobalIndex("several", SEVERAL),))
        live = Table(
            "things", "id", indexes=(GlobalIndex("several", Key(("tenant", "region"), ("id", "day"))),)
        )

        assert differences(declared, declared) == ()
        assert differences(declared, live) == ("index 'several' has another key or projection than declared",)


class TestProjection:
    def test_names_each_attribute_once(self) -> None:
        """The service refuses a name that comes twice."""
        with pytest.raises(MappingError, match="names an attribute twice: x, y, x"):
            Projection.include("x", "y", "x")


class TestLocalIndexes:
    def test_are_at_most_5(self) -> None:
        six = tuple(LocalIndex(f"index-{number}", "x") for number in range(6))

        assert Table("users", "id", "n", six[1:]).indexes == six[1:]
        with pytest.raises(MappingError, match="declares 6 local indexes; DynamoDB allows 5"):
            Table("users", "id", "n", six)


class TestNames:
    DECLARATIONS = (
        lambda name: Table(name, "id"),
        lambda name: GlobalIndex(name, Key("x")),
        lambda name: LocalIndex(name, "x"),
    )

    @pytest.mark.parametrize("declare", DECLARATIONS, ids=["table", "global-index", "local-index"])
    @pytest.mark.parametrize("name", ["abc", "A-Z_a.z-09", "x" * 255])
    def test_of_tables_and_indexes_have_3_to_255_characters(self, declare: Any, name: str) -> None:
        assert declare(name).name == name

    @pytest.mark.parametrize("declare", DECLARATIONS, ids=["table", "global-index", "local-index"])
    @pytest.mark.parametrize("name", ["", "ab", "x" * 256, "a b c", "a/b/c", "äbc", "abc\n"])
    def test_of_other_characters_are_refused(self, declare: Any, name: str) -> None:
        with pytest.raises(MappingError, match="takes 3 to 255 characters"):
            declare(name)
