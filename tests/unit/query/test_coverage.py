"""What a table or index gives of what is needed, and how the rest is read."""

from __future__ import annotations

import pytest

from persistence.expressions import (
    And,
    AttributeExists,
    AttributeNotExists,
    Compare,
    Condition,
    Not,
    Or,
    Path,
    Value,
)
from persistence.query.coverage import Coverage, coverage_of
from persistence.query.fitness import Unfit
from persistence.query.selection import select_items, select_names
from tests.unit.query.deliveries import DELIVERIES

HEAVY = Compare(">", Path.of("weight"), Value({"N": "3"}))
IN_TOWN = AttributeExists(Path.of("town"))
NOTED = AttributeExists(Path.of("note"))
KEYS = ("courier", "number")
BARE = AttributeNotExists(Path.of("remark"))


def paths(*names: str) -> tuple[Path, ...]:
    return tuple(map(Path.of, names))


class TestTablesAndWholeIndexes:
    @pytest.mark.parametrize("index", [None, "by-weight"])
    def test_filter_by_everything(self, index: str | None) -> None:
        """They hold all attributes."""
        assert coverage_of(DELIVERIES, index, None, And((HEAVY, NOTED))) == Coverage(And((HEAVY, NOTED)))

    def test_read_what_is_shown_with_the_keys(self) -> None:
        """A cursor needs the keys of both, and what is done here needs what it looks at."""
        selection = select_names(DELIVERIES, ["town"])

        covering = coverage_of(DELIVERIES, "by-weight", selection, NOTED, also=("remark", "town"))

        assert covering == Coverage(NOTED, None, paths("courier", "number", "town", "weight", "remark"))


class TestSmallerIndexes:
    @pytest.mark.parametrize(
        ("condition", "answered", "left"),
        [
            (None, None, None),
            (HEAVY, HEAVY, None),
            (NOTED, None, NOTED),
            (And((HEAVY, NOTED, IN_TOWN, BARE)), And((HEAVY, IN_TOWN)), And((NOTED, BARE))),
            # A part that asks of both is no part that the index can answer, whatever it says.
            (Or((HEAVY, NOTED)), None, Or((HEAVY, NOTED))),
            (Not(NOTED), None, Not(NOTED)),
            (And((HEAVY, Or((IN_TOWN, BARE)))), HEAVY, Or((IN_TOWN, BARE))),
        ],
    )
    def test_part_a_condition(
        self, condition: Condition | None, answered: Condition | None, left: Condition | None
    ) -> None:
        """To an index, what it lacks looks absent: only what asks of what it holds is its to answer."""
        local = coverage_of(DELIVERIES, "by-town-of-courier", None, condition)
        everywhere = coverage_of(DELIVERIES, "by-town", None, condition, hydrate=True)

        assert local == Coverage(answered, left, None, "by the service")
        assert everywhere == Coverage(answered, condition, paths(*KEYS, "town", "due"), "by batch get")

    def test_refuse_what_they_lack(self) -> None:
        """By name, once each: of the selection, the filter, and what is needed besides."""
        selection = select_names(DELIVERIES, ["note", "weight", "courier"])

        with pytest.raises(Unfit) as unfit:
            coverage_of(DELIVERIES, "towns", selection, And((HEAVY, BARE)), also=("due",))

        assert str(unfit.value) == (
            "it holds only some attributes (KEYS_ONLY), and it lacks note, weight, remark, due; hydrate() "
            "reads the rest"
        )

    def test_show_what_they_hold(self) -> None:
        """A local one fetches nothing then either."""
        selection = select_names(DELIVERIES, ["number", "due"])

        assert coverage_of(DELIVERIES, "by-due", selection, None) == Coverage(
            None, projection=paths("courier", "number", "due")
        )

    def test_are_asked_for_items_as_for_rows(self) -> None:
        """A removal reads attributes of which it makes nothing."""
        held, lacking = select_items(paths("courier", "number", "weight")), select_items(paths("note"))

        covering = coverage_of(DELIVERIES, "by-town", held, None)

        assert covering.projection == paths("courier", "number", "weight", "town", "due")
        with pytest.raises(Unfit, match="it lacks note"):
            coverage_of(DELIVERIES, "by-town", lacking, None)
