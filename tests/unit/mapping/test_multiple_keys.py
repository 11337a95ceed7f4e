"""Indexes whose keys are made of several fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from persistence import MemoryStore, Repository, UnitOfWork, fields
from persistence.errors import MappingError, QueryError
from persistence.expressions import KeyCondition
from persistence.mapping import MappingSchema, mapping_of
from persistence.operations import QueryPage
from persistence.table import GlobalIndex, Key, Table


@dataclass
class Match:
    id: str
    tournament: str
    region: str
    round: int
    winner: str | None = None


class MatchMapping(MappingSchema[Match]):
    class Meta:
        table = "matches"
        key = Key("id")
        indexes = (GlobalIndex("by-round", Key(("tournament", "region"), ("round", "winner"))),)

    tournament = fields.String(data_key="t")


class TestMultipleKeys:
    def test_are_declared_in_names_of_fields(self) -> None:
        mapping = mapping_of(MatchMapping)

        assert mapping.table.index_key("by-round") == Key(("t", "region"), ("round", "winner"))
        assert mapping.table.types == {"round": "N"}

    def test_split_into_partition_and_sort(self) -> None:
        partition, sort = mapping_of(MatchMapping).key_split("by-round")

        assert [part.attribute for part in partition] == ["t", "region"]
        assert [part.attribute for part in sort] == ["round", "winner"]
        assert [part.fields for part in mapping_of(MatchMapping).key_split()[0]] == [("id",)]

    def test_are_sparse(self) -> None:
        """A field that is None leaves the entity out, like an absent attribute."""
        store = MemoryStore()
        matches = Repository(MatchMapping, UnitOfWork(store))
        matches.add(Match("m1", "t", "eu", 1))
        matches.add(Match("m2", "t", "eu", 1, "ann"))

        condition = KeyCondition(("t", {"S": "t"}), also=(("region", {"S": "eu"}),))
        found = store.perform(QueryPage(mapping_of(MatchMapping).table, condition, index="by-round")).items

        assert [item["id"] for item in found] == [{"S": "m2"}]

    def test_are_not_asked_by_a_part_of_the_partition_key(self) -> None:
        """All attributes of it have to be fixed."""
        matches = Repository(MatchMapping, UnitOfWork(MemoryStore()))

        with pytest.raises(QueryError, match="its partition key needs an equality on region"):
            matches.where("tournament", "=", "t").index("by-round").all()

    def test_belong_to_global_indexes_only(self) -> None:
        class Wrong(MappingSchema[Match]):
            class Meta:
                table = "matches"
                key = Key(("id", "region"))

        with pytest.raises(MappingError, match="for global indexes only"):
            mapping_of(Wrong)

    def test_of_a_shared_table_are_filled_by_as_many_fields(self) -> None:
        shared = Table("shared", "PK", indexes=(GlobalIndex("GSI1", Key(("A", "B"), "C")),))

        class Wrong(MappingSchema[Match]):
            class Meta:
                table = shared
                key = Key("MATCH#{id}")
                index_keys: ClassVar[dict[str, Key]] = {"GSI1": Key("tournament", ("region", "round"))}

        with pytest.raises(
            MappingError, match="1 partition and 2 sort attributes, but the key has 2 partition"
        ):
            mapping_of(Wrong)
