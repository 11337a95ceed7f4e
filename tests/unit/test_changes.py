"""What differs between two encodings of an entity, as update actions."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from persistence import Key, MappingSchema
from persistence.attributes import Item
from persistence.changes import Change, changes
from persistence.expressions import Path, Remove, Set, Value
from persistence.mapping import mapping_of
from tests.semantics.model import Author, Line, Note, NoteMapping

NOTES = mapping_of(NoteMapping)


def note(**attributes: Any) -> Item:
    """The encoding of a note."""
    return NOTES.codec.encode(Note("n1", **attributes))


def found(before: Item, after: Item, *, stored: Item | None = None, by_index: bool = True) -> dict[str, Any]:
    """The differing paths -> the value to store, None for a removal."""
    given = changes(stored or before, before, after, NOTES.shape, by_index=by_index)
    return {str(change.path): change.after for change in given}


class TestWhatDiffers:
    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            pytest.param({}, {}, {}, id="nothing"),
            pytest.param({"title": "a"}, {"title": "b"}, {"title": {"S": "b"}}, id="a value"),
            pytest.param({}, {"body": "b"}, {"body": {"S": "b"}}, id="a new attribute"),
            pytest.param({"body": "b"}, {}, {"body": None}, id="a vanished attribute"),
            pytest.param({"score": Decimal("1.50")}, {"score": Decimal("1.5")}, {}, id="numbers by value"),
            pytest.param({"tags": {"a", "b"}}, {"tags": {"b", "a"}}, {}, id="sets without order"),
            pytest.param({"tags": {"a"}}, {"tags": set()}, {"tags": None}, id="an emptied set"),
            pytest.param(
                {"extra": {"a": 1, "b": 2}},
                {"extra": {"a": 1, "b": 3}},
                {"extra": {"M": {"a": {"N": "1"}, "b": {"N": "3"}}}},
                id="a plain dict whole",
            ),
            pytest.param(
                {"author": Author("Ann")},
                {"author": Author("Bea", "Rome")},
                {"author.name": {"S": "Bea"}, "author.city": {"S": "Rome"}},
                id="a nested entity by path",
            ),
            pytest.param(
                {"author": Author("Ann", "Rome")},
                {"author": Author("Ann")},
                {"author.city": None},
                id="a vanished nested attribute",
            ),
            pytest.param(
                {},
                {"author": Author("Ann")},
                {"author": {"M": {"name": {"S": "Ann"}}}},
                id="a new nested entity whole",
            ),
            pytest.param({"author": Author("Ann")}, {}, {"author": None}, id="a vanished nested entity"),
            pytest.param(
                {"lines": [Line("a"), Line("b")]},
                {"lines": [Line("a"), Line("b", 2)]},
                {"lines[1].quantity": {"N": "2"}},
                id="an element by index",
            ),
            pytest.param(
                {"lines": [Line("a")]},
                {"lines": []},
                {"lines": {"L": []}},
                id="a list of another length whole",
            ),
        ],
    )
    def test_is_found_by_path(
        self, before: dict[str, Any], after: dict[str, Any], expected: dict[str, Any]
    ) -> None:
        """Set what differs, remove what vanished; nested entities by path, all else whole."""
        assert found(note(**before), note(**after)) == expected

    def test_inside_lists_replaces_the_list_where_elements_may_have_moved(self) -> None:
        """List elements are addressed by index only where nobody else can have moved them."""
        before, after = note(lines=[Line("a")]), note(lines=[Line("b")])

        assert found(before, after, by_index=False) == {"lines": after["lines"]}

    def test_leaves_out_what_is_ignored(self) -> None:
        """What the unit of work manages itself is not compared."""
        given = changes(note(), note(), note(title="b"), NOTES.shape, ignoring={"title"})

        assert given == ()


@dataclass
class Shelf:
    id: str
    places: dict[str, Line]


class ShelfMapping(MappingSchema[Shelf]):
    class Meta:
        table = "shelves"
        key = Key("id")


class TestDictsOfEntities:
    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            ({"a": Line("x"), "b": Line("y")}, {"a": Line("x", 5), "b": Line("y")}, ["places.a.quantity"]),
            ({"a": Line("x")}, {"a": Line("x"), "b": Line("y")}, ["places"]),
            ({"a": Line("x"), "b": Line("y")}, {"a": Line("x")}, ["places"]),
        ],
    )
    def test_are_changed_by_path_while_they_have_the_same_keys(
        self, before: dict[str, Line], after: dict[str, Line], expected: list[str]
    ) -> None:
        """Nested entities keep their unknown attributes; a dict whose keys changed is replaced whole."""
        mapping = mapping_of(ShelfMapping)
        loaded, now = (mapping.codec.encode(Shelf("s1", places)) for places in (before, after))

        assert [str(each.path) for each in changes(loaded, loaded, now, mapping.shape)] == expected


class TestAgainstWhatIsStored:
    def test_unknown_attributes_are_no_change(self) -> None:
        """Compared are two encodings: what the mapping does not know is in neither."""
        stored = {**note(author=Author("Ann")), "colour": {"S": "red"}}
        stored["author"] = {"M": {"name": {"S": "Ann"}, "born": {"N": "1970"}}}

        assert found(note(author=Author("Ann")), note(author=Author("Bea")), stored=stored) == {
            "author.name": {"S": "Bea"}
        }

    def test_a_nested_entity_that_is_not_stored_is_set_whole(self) -> None:
        """A default that the item lacks can't be updated by path."""
        stored = note()

        assert found(note(author=Author("Ann")), note(author=Author("Bea")), stored=stored) == {
            "author": {"M": {"name": {"S": "Bea"}}}
        }

    def test_what_is_neither_stored_nor_wanted_is_no_change(self) -> None:
        """There is nothing to remove."""
        assert found(note(body="default"), note(), stored=note()) == {}

    def test_a_change_holds_the_stored_value(self) -> None:
        """Conditions compare with the raw stored value, however it is spelled."""
        stored = {**note(), "score": {"N": "1.50"}}

        (change,) = changes(stored, note(score=Decimal("1.5")), note(score=Decimal(2)), NOTES.shape)

        assert change == Change(Path.of("score"), {"N": "1.50"}, {"N": "2"})

    def test_comparing_changes_nothing(self) -> None:
        """The three documents stay as they are."""
        documents = note(), note(author=Author("Ann")), note(author=Author("Bea"), lines=[Line("a")])
        before = copy.deepcopy(documents)

        changes(*documents, NOTES.shape)

        assert documents == before


class TestActions:
    def test_are_set_and_remove(self) -> None:
        """A value is SET, an absent one REMOVEd."""
        path = Path.of("author", "city")

        assert Change(path, None, {"S": "Rome"}).action == Set(path, Value({"S": "Rome"}))
        assert Change(path, {"S": "Rome"}, None).action == Remove(path)
