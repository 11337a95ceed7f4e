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
