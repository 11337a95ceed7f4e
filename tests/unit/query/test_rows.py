"""Rows: results by name, which are what was read and nothing else."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal

import pytest

from persistence.errors import NotRead, QueryError
from persistence.query.rows import Row

ROW = Row("Order", {"id": "o1", "total": Decimal(7), "address.city": "Graz", "lines[0].sku": "a"})


class TestRow:
    def test_gives_its_values_by_name(self) -> None:
        """As attributes, or as items where a name is a path."""
        assert (ROW.id, ROW.total, ROW["id"], ROW["address.city"]) == ("o1", Decimal(7), "o1", "Graz")

    def test_has_names(self) -> None:
        """It is iterated over, counted and looked into by its names, in the order of asking."""
        names = ["id", "total", "address.city", "lines[0].sku"]

        assert (list(ROW), len(ROW), "total" in ROW, "status" in ROW) == (names, 4, True, False)
        assert {"id", "total", "as_dict"} <= set(dir(ROW))
        assert "address.city" not in dir(ROW)

    def test_is_a_dict_on_request(self) -> None:
        """`as_dict` gives a dict that is the caller's own."""
        given = ROW.as_dict()
        given["id"] = "another"

        assert ROW.as_dict() == {
            "id": "o1",
            "total": Decimal(7),
            "address.city": "Graz",
            "lines[0].sku": "a",
        }

    def test_does_not_depend_on_what_it_was_made_of(self) -> None:
        """Values that are given as a dict are its own from then on."""
        cells = {"id": "o1"}
        row = Row("Order", cells)
        cells["id"] = "another"

        assert row.id == "o1"

    def test_is_equal_by_names_and_values(self) -> None:
        """As dataclasses are."""
        assert Row("Order", {"id": "o1", "total": 1}) == Row("Order", {"total": 1, "id": "o1"})
        assert Row("Order", {"id": "o1"}) != Row("Order", {"id": "o2"})
        assert Row("Order", {"id": "o1"}) != {"id": "o1"}

    def test_is_hashable_where_its_values_are(self) -> None:
        """Equal rows have one hash; a set inside has none."""
        assert len({Row("Order", {"id": "o1"}), Row("Order", {"id": "o1"})}) == 1
        with pytest.raises(TypeError, match="unhashable type: 'set'"):
            hash(Row("Order", {"tags": {"x"}}))

    def test_shows_its_values(self) -> None:
        """It is a result, and shown as one."""
        assert repr(Row("Order", {"id": "o1", "a.b": 1})) == "<row of Order: id='o1', a.b=1>"

    def test_is_copied_and_pickled(self) -> None:
        """A row goes to other processes as it is."""
        copies = [copy.copy(ROW), copy.deepcopy(ROW), pickle.loads(pickle.dumps(ROW))]

        assert copies == [ROW, ROW, ROW]

    def test_hides_no_field(self) -> None:
        """Names that a mapping or tuple would take are free for fields."""
        row = Row("Order", {name: name for name in ("items", "keys", "values", "count", "index", "_cells")})

        assert [getattr(row, name) for name in row] == list(row)


class TestWhatWasNotRead:
    def test_is_refused(self) -> None:
        """Never a default: the error says what was read, and how to read more."""
        with pytest.raises(NotRead) as caught:
            _ = ROW.status

        assert str(caught.value) == (
            "'status' was not read into this row of Order, which has id, total, address.city, lines[0].sku; "
            "add it to what is selected: 'status'"
        )
        error = caught.value
        assert (error.kind, error.attribute, error.known) == ("Order", "status", tuple(ROW))

    @pytest.mark.parametrize(("name", "part"), [("address", "address.city"), ("lines", "lines[0].sku")])
    def test_is_told_from_what_was_read_of_it(self, name: str, part: str) -> None:
        """Where only a part was read, the error says how to get that."""
        with pytest.raises(NotRead) as caught:
            getattr(ROW, name)

        assert str(caught.value).endswith(f"write row[{part!r}]")

    def test_is_no_attribute_and_no_key(self) -> None:
        """`hasattr` and `except KeyError` work as anywhere else."""
        assert not hasattr(ROW, "status")
        with pytest.raises(KeyError):
            ROW["status"]
        with pytest.raises(QueryError):
            ROW["status"]

    def test_is_told_in_other_processes_too(self) -> None:
        """The error is pickled with its data."""
        error = pickle.loads(pickle.dumps(NotRead("Order", "status", ("id",))))

        assert (error.kind, error.attribute, error.known) == ("Order", "status", ("id",))
        assert str(error).startswith("'status' was not read")


class TestChanges:
    def test_are_refused(self) -> None:
        """A row is no entity; nothing would be stored."""
        with pytest.raises(QueryError, match="a row of Order can't be changed \\(total\\); load the entity"):
            ROW.total = Decimal(8)
        with pytest.raises(QueryError, match="can't be changed"):
            del ROW.total

        assert ROW.total == Decimal(7)
