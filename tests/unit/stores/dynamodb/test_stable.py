"""Items in the one form that they are sent in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from persistence.attributes import Item
from persistence.stable_items import stable


def test_sorts_sets_at_any_depth_in_a_copy() -> None:
    item: Item = {
        "a": {"L": [{"M": {"b": {"SS": ["y", "x"]}}}]},
        "n": {"NS": ["2", "10"]},
        "e": {"B": b"x"},
    }

    assert stable(item) == {
        "a": {"L": [{"M": {"b": {"SS": ["x", "y"]}}}]},
        "n": {"NS": ["10", "2"]},
        "e": {"B": b"x"},
    }
    assert item["n"] == {"NS": ["2", "10"]}


def test_copies_nothing_that_is_sorted() -> None:
    item: Item = {"a": {"L": [{"M": {"b": {"SS": ["x", "y"]}}}, {"NULL": True}]}, "n": {"N": "1"}}

    assert stable(item) is item


@pytest.mark.parametrize(
    "item",
    [
        MappingProxyType({"a": {"S": "x"}}),
        {"a": MappingProxyType({"S": "x"})},
        {"a": {"M": MappingProxyType({"b": {"S": "x"}})}},
        {"a": {"L": ({"S": "x"},)}},
        {"a": {"SS": {"x"}}},
        {"a": {"L": [{"BS": (b"x",)}]}},
    ],
)
def test_makes_dicts_and_lists_of_what_is_like_them(item: Mapping[str, Any]) -> None:
    assert _of_plain_types(stable(item))


def _of_plain_types(content: object) -> bool:
    if isinstance(content, dict):
        return type(content) is dict and all(map(_of_plain_types, content.values()))
    if isinstance(content, list):
        return all(map(_of_plain_types, content))
    return isinstance(content, str | bytes)


@pytest.mark.parametrize("value", [{"SS": "ba"}, {"L": "ba"}, {"M": "ba"}, {"SS": 1}, {"X": ["b", "a"]}])
def test_passes_on_what_does_not_fit_its_tag(value: dict[str, Any]) -> None:
    assert stable({"a": value}) == {"a": value}


def test_sorts_members_of_mixed_types_for_botocore_to_refuse() -> None:
    assert stable({"a": {"SS": ["b", 1]}}) == {"a": {"SS": ["b", 1]}}
