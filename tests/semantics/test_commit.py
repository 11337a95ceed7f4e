"""What a commit writes: new entities, changed ones and removed ones."""

from __future__ import annotations

from decimal import Decimal

import pytest

from persistence import CommitConflict, EntityNotFound, Repository, StaleEntity
from persistence.expressions import (
    And,
    AttributeExists,
    AttributeNotExists,
    Compare,
    Condition,
    Path,
    Remove,
    Set,
    Value,
)
from persistence.operations import DeleteItem, PutItem, TransactAction, UpdateItem
from tests.semantics.model import (
    Author,
    Hidden,
    HiddenMapping,
    Line,
    Note,
    NoteMapping,
    Setting,
    SettingMapping,
)
from tests.semantics.world import BEGINNING, World

BEGINNING_TEXT = {"S": "2026-01-02T03:04:05.000006Z"}
MINUTE_LATER_TEXT = {"S": "2026-01-02T03:05:05.000006Z"}


def paths_set(action: TransactAction) -> set[str]:
    assert isinstance(action, UpdateItem)
    return {str(part.path) for part in action.actions if isinstance(part, Set)}


def paths_removed(action: TransactAction) -> set[str]:
    assert isinstance(action, UpdateItem)
    return {str(part.path) for part in action.actions if isinstance(part, Remove)}


def conditions(action: TransactAction) -> list[Condition]:
    """What an action demands, in the order of the paths."""
    demanded = action.condition
    assert demanded is not None
    return sorted(demanded.conditions if isinstance(demanded, And) else [demanded], key=_path)


def _path(condition: Condition) -> str:
    return str(condition.left if isinstance(condition, Compare) else condition.path)  # type: ignore[union-attr]  # plans demand no others


class TestCreate:
    def test_stores_version_0_whatever_the_entity_says(self, world: World, notes: Repository[Note]) -> None:
        """A new item stores version 0 whatever the entity says."""
        note = Note("n1", version=41)

        with world.uow:
            notes.add(note)

        stored = world.stored(NoteMapping, "n1")
        assert stored is not None
        assert stored["version"] == {"N": "0"}
        assert note.version == 0

    def test_sets_both_timestamps_from_the_clock(self, world: World, notes: Repository[Note]) -> None:
        """`created_at` is set on create, `updated_at` on every write, from an injectable clock."""
        note = Note("n1")

        with world.uow:
            notes.add(note)

        assert (note.created_at, note.updated_at) == (BEGINNING, BEGINNING)
        assert world.stored(NoteMapping, "n1") == {
            "id": {"S": "n1"},
            "title": {"S": "untitled"},
            "lines": {"L": []},
            "score": {"N": "0"},
            "extra": {"M": {}},
            "version": {"N": "0"},
            "created_at": BEGINNING_TEXT,
            "updated_at": BEGINNING_TEXT,
        }

    def test_is_one_put_that_demands_a_free_key(self, world: World, notes: Repository[Note]) -> None:
        """The commit refuses `add` if the key is taken: the condition is that nothing has the key."""
        with world.uow:
            notes.add(Note("n1"))

        ((put,),) = world.writes
        assert isinstance(put, PutItem)
        assert put.condition == AttributeNotExists(Path.of("id"))

    def test_gives_the_entity_back(self, world: World, notes: Repository[Note]) -> None:
        """`add` returns the very entity."""
        note = Note("n1")

        with world.uow:
            assert notes.add(note) is note

    def test_keeps_version_and_timestamps_of_classes_without_them(self, world: World) -> None:
        """Version and timestamps may exist only in the table: no attribute on the dataclass is needed."""
        hidden = world.repository(HiddenMapping)
        with world.uow:
            hidden.add(Hidden("h1", "a"))
        world.clock.tick()

        with world.uow:
            hidden.get("h1").value = "b"

        assert world.stored(HiddenMapping, "h1") == {
            "id": {"S": "h1"},
            "value": {"S": "b"},
            "version": {"N": "1"},
            "created_at": BEGINNING_TEXT,
            "updated_at": MINUTE_LATER_TEXT,
        }


class TestUpdate:
    @pytest.fixture(autouse=True)
    def stored_note(self, world: World, notes: Repository[Note]) -> None:
        """A note that an earlier unit stored."""
        world.elsewhere(NoteMapping).add(
            Note(
                "n1",
                "first",
                body="text",
                author=Author("Ann", "Rome"),
                tags={"a", "b"},
                score=Decimal("1.50"),
            )
        )
        world.forget()
        world.clock.tick()

    def test_finds_a_change_without_being_told(self, world: World, notes: Repository[Note]) -> None:
        """A change is found at commit, by comparing with what was loaded."""
        with world.uow:
            notes.get("n1").title = "second"

        assert world.elsewhere(NoteMapping).get("n1").title == "second"

    def test_steps_the_version_by_one(self, world: World, notes: Repository[Note]) -> None:
        """`version` becomes +1, in the table and in the object."""
        with world.uow:
            note = notes.get("n1")
            note.title = "second"

        assert note.version == 1
        assert world.elsewhere(NoteMapping).get("n1").version == 1

    def test_moves_updated_at_but_not_created_at(self, world: World, notes: Repository[Note]) -> None:
        """`created_at` is set on create, `updated_at` on every write."""
        with world.uow:
            note = notes.get("n1")
            note.title = "second"

        assert (note.created_at, note.updated_at) == (BEGINNING, world.clock.now)
        stored = world.stored(NoteMapping, "n1")
        assert stored is not None
        assert (stored["created_at"], stored["updated_at"]) == (BEGINNING_TEXT, MINUTE_LATER_TEXT)

    def test_sets_only_what_differs(self, world: World, notes: Repository[Note]) -> None:
        """A changed entity is an `Update` of the attributes that changed, never a full put."""
        with world.uow:
            notes.get("n1").title = "second"

        ((update,),) = world.writes
        assert isinstance(update, UpdateItem)
        assert update.key == {"id": {"S": "n1"}}
        assert paths_set(update) == {"title", "version", "updated_at"}
        assert paths_removed(update) == set()

    def test_removes_what_vanished(self, world: World, notes: Repository[Note]) -> None:
        """REMOVE what vanished: None and the empty set are left out of the item."""
        with world.uow:
            note = notes.get("n1")
            note.body = None
            note.tags.clear()

        ((update,),) = world.writes
        assert paths_set(update) == {"version", "updated_at"}
        assert paths_removed(update) == {"body", "tags"}
        stored = world.stored(NoteMapping, "n1")
        assert stored is not None
        assert not {"body", "tags"} & stored.keys()

    def test_demands_the_loaded_version_and_creation_time(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """The condition is the loaded `version`, and the loaded `created_at` where the mapping has one."""
        with world.uow:
            notes.get("n1").title = "second"

        ((update,),) = world.writes
        assert conditions(update) == [
            Compare("=", Path.of("created_at"), Value(BEGINNING_TEXT)),
            Compare("=", Path.of("version"), Value({"N": "0"})),
        ]

    def test_changes_nested_dataclasses_by_path(self, world: World, notes: Repository[Note]) -> None:
        """Nested dataclasses that existed when loaded are updated by path."""
        with world.uow:
            note = notes.get("n1")
            assert note.author is not None
            note.author.name = "Bea"
            note.author.city = None

        ((update,),) = world.writes
        assert paths_set(update) == {"author.name", "version", "updated_at"}
        assert paths_removed(update) == {"author.city"}

    def test_sets_a_nested_dataclass_whole_where_there_was_none(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Only nested dataclasses that existed when loaded can be updated by path."""
        world.elsewhere(NoteMapping).add(Note("n2"))

        with world.uow:
            notes.get("n2").author = Author("Bea")

        ((update,),) = world.writes
        assert paths_set(update) == {"author", "version", "updated_at"}

    def test_replaces_plain_dicts_whole(self, world: World, notes: Repository[Note]) -> None:
        """Plain dicts are replaced whole."""
        world.elsewhere(NoteMapping).add(Note("n2", extra={"a": 1, "b": {"c": 2}}))

        with world.uow:
            notes.get("n2").extra["b"]["c"] = 3

        ((update,),) = world.writes
        assert paths_set(update) == {"extra", "version", "updated_at"}

    def test_finds_changes_inside_mutable_values(self, world: World, notes: Repository[Note]) -> None:
        """Changes are compared with what was loaded, so also those within sets, lists and dicts are found."""
        with world.uow:
            note = notes.get("n1")
            note.tags.add("c")
            note.lines.append(Line("x"))
            note.extra["k"] = [1]

        found = world.elsewhere(NoteMapping).get("n1")
        assert (found.tags, found.lines, found.extra) == ({"a", "b", "c"}, [Line("x")], {"k": [1]})

    def test_keeps_unknown_attributes(self, world: World, notes: Repository[Note]) -> None:
        """Attributes that this version of the application does not know survive, nested ones too."""
        world.amend(
            NoteMapping,
            "n1",
            colour={"S": "red"},
            author={"M": {"name": {"S": "Ann"}, "city": {"S": "Rome"}, "born": {"N": "1970"}}},
        )

        with world.uow:
            note = notes.get("n1")
            note.title = "second"
            assert note.author is not None
            note.author.name = "Bea"

        stored = world.stored(NoteMapping, "n1")
        assert stored is not None
        assert stored["colour"] == {"S": "red"}
        assert stored["author"] == {"M": {"name": {"S": "Bea"}, "city": {"S": "Rome"}, "born": {"N": "1970"}}}


class TestNoChangeNoCall:
    @pytest.fixture(autouse=True)
    def stored_note(self, world: World, notes: Repository[Note]) -> None:
        """A note whose item is not written as this mapping would write it."""
        world.elsewhere(NoteMapping).add(Note("n1", "first", score=Decimal("1.5"), tags={"a", "b"}))
        world.forget()

    def test_a_unit_that_only_reads_sends_no_write(self, world: World, notes: Repository[Note]) -> None:
        """No change, no call."""
        with world.uow:
            notes.get("n1")
            notes.find("n2")

        assert world.writes == []

    def test_an_empty_unit_sends_nothing(self, world: World, notes: Repository[Note]) -> None:
        """No change, no call."""
        with world.uow:
            pass

        assert world.sent == []

    def test_a_change_that_is_taken_back_is_none(self, world: World, notes: Repository[Note]) -> None:
        """What counts is the difference between loading and commit."""
        with world.uow:
            note = notes.get("n1")
            note.title = "second"
            note.title = "first"

        assert world.writes == []
        assert note.version == 0

    def test_values_that_are_stored_alike_are_equal(self, world: World, notes: Repository[Note]) -> None:
        """Compared as stored: numbers by value, sets without order."""
        with world.uow:
            note = notes.get("n1")
            note.score = Decimal("1.500")
            note.tags = {"b", "a"}

        assert world.writes == []

    def test_defaults_that_the_item_lacks_are_no_change(self, world: World, notes: Repository[Note]) -> None:
        """Changes are found against encode(decode(loaded item)): a default is not written back by itself."""
        world.put(NoteMapping, {"id": {"S": "n2"}, "version": {"N": "3"}})

        with world.uow:
            notes.get("n2")

        assert world.writes == []

    def test_other_spellings_of_a_stored_value_are_no_change(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Any ISO-8601 form is read; reading alone doesn't rewrite it."""
        world.amend(NoteMapping, "n1", created_at={"S": "2026-01-02T05:04:05+02:00"})

        with world.uow:
            notes.get("n1")

        assert world.writes == []


class TestRemove:
    @pytest.fixture(autouse=True)
    def stored_note(self, world: World, notes: Repository[Note]) -> None:
        """A note that an earlier unit stored."""
        world.elsewhere(NoteMapping).add(Note("n1", "first"))
        world.forget()

    def test_deletes_the_item(self, world: World, notes: Repository[Note]) -> None:
        """`remove` deletes with the version check."""
        with world.uow:
            notes.remove(notes.get("n1"))

        assert world.stored(NoteMapping, "n1") is None
        ((delete,),) = world.writes
        assert isinstance(delete, DeleteItem)
        assert Compare("=", Path.of("version"), Value({"N": "0"})) in conditions(delete)

    def test_refuses_a_stale_version(self, world: World, notes: Repository[Note]) -> None:
        """A delete of what somebody else changed meanwhile is refused."""
        others = world.elsewhere(NoteMapping)

        with pytest.raises(CommitConflict) as refused, world.uow:
            note = notes.get("n1")
            theirs = others.get("n1")
            theirs.title = "second"
            others.update(theirs)
            notes.remove(note)

        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity]
        assert world.stored(NoteMapping, "n1") is not None


class TestConditions:
    def test_use_the_loaded_values_as_they_are_stored(self, world: World, notes: Repository[Note]) -> None:
        """Expected values are the raw loaded attribute values, never re-encoded ones."""
        raw = {"S": "2026-01-02T05:04:05+02:00"}
        world.put(NoteMapping, {"id": {"S": "n1"}, "version": {"N": "7"}, "created_at": raw})

        with world.uow:
            notes.get("n1").title = "second"

        ((update,),) = world.writes
        assert Compare("=", Path.of("created_at"), Value(raw)) in conditions(update)
        assert world.elsewhere(NoteMapping).get("n1").version == 8

    def test_refuse_an_item_that_was_made_anew_with_the_same_version(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Versions can repeat when another writer deletes and re-creates an item; created_at does not."""
        others = world.elsewhere(NoteMapping)
        others.add(Note("n1", "first"))

        with pytest.raises(CommitConflict) as refused, world.uow:
            note = notes.get("n1")
            others.remove(others.get("n1"))
            world.clock.tick()
            others.add(Note("n1", "another"))
            note.title = "second"

        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity]
        assert others.get("n1").title == "another"


class TestLists:
    def test_elements_are_changed_by_index_under_a_version(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """List elements are updated by index under a version, so their unknown attributes survive."""
        world.put(
            NoteMapping,
            {
                "id": {"S": "n1"},
                "version": {"N": "0"},
                "lines": {"L": [{"M": {"sku": {"S": "a"}, "shelf": {"S": "s"}}}, {"M": {"sku": {"S": "b"}}}]},
            },
        )

        with world.uow:
            notes.get("n1").lines[0].quantity = 2

        ((update,),) = world.writes
        assert paths_set(update) == {"lines[0].quantity", "version", "updated_at"}
        stored = world.stored(NoteMapping, "n1")
        assert stored is not None
        assert stored["lines"]["L"][0] == {
            "M": {"sku": {"S": "a"}, "shelf": {"S": "s"}, "quantity": {"N": "2"}}
        }

    def test_lists_of_another_length_are_replaced(self, world: World, notes: Repository[Note]) -> None:
        """Lists whose length changed are replaced whole."""
        world.elsewhere(NoteMapping).add(Note("n1", lines=[Line("a"), Line("b")]))

        with world.uow:
            del notes.get("n1").lines[0]

        ((update,),) = world.writes
        assert paths_set(update) == {"lines", "version", "updated_at"}

    def test_lists_are_replaced_where_only_existence_is_demanded(
        self, world: World, settings: Repository[Setting]
    ) -> None:
        """Without a version another writer may have moved the elements: the list is replaced."""
        world.elsewhere(SettingMapping).add(Setting("s1", lines=[Line("a"), Line("b")]))

        with world.uow:
            settings.get("s1").lines[1].quantity = 5

        ((update,),) = world.writes
        assert paths_set(update) == {"lines"}


class TestWithoutVersion:
    def test_demands_only_that_the_item_exists(self, world: World, settings: Repository[Setting]) -> None:
        """Without a version field the condition is that the item exists."""
        world.elsewhere(SettingMapping).add(Setting("s1", "a"))

        with world.uow:
            settings.get("s1").value = "b"

        ((update,),) = world.writes
        assert conditions(update) == [AttributeExists(Path.of("id"))]

    def test_the_last_writer_wins_per_attribute(self, world: World, settings: Repository[Setting]) -> None:
        """Two writers of different attributes don't undo each other."""
        others = world.elsewhere(SettingMapping)
        others.add(Setting("s1", "a"))

        with world.uow:
            mine = settings.get("s1")
            theirs = others.get("s1")
            theirs.author = Author("Ann")
            others.update(theirs)
            mine.value = "b"

        assert others.get("s1") == Setting("s1", "b", Author("Ann"))

    def test_a_nested_set_demands_its_parent(self, world: World, settings: Repository[Setting]) -> None:
        """Without a version, a nested SET also demands that its parent map exists."""
        world.elsewhere(SettingMapping).add(Setting("s1", author=Author("Ann")))

        with world.uow:
            author = settings.get("s1").author
            assert author is not None
            author.city = "Rome"

        ((update,),) = world.writes
        assert conditions(update) == [AttributeExists(Path.of("author")), AttributeExists(Path.of("id"))]

    def test_a_vanished_parent_is_a_conflict(self, world: World, settings: Repository[Setting]) -> None:
        """A nested SET into a map that somebody removed is StaleEntity, not an error of the service."""
        others = world.elsewhere(SettingMapping)
        others.add(Setting("s1", author=Author("Ann")))

        with pytest.raises(CommitConflict) as refused, world.uow:
            author = settings.get("s1").author
            others.update(Setting("s1"))
            assert author is not None
            author.city = "Rome"

        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity]


class TestAdoption:
    """Items that have no version attribute yet are adopted at their first write, then checked."""

    @pytest.fixture(autouse=True)
    def old_item(self, world: World, notes: Repository[Note]) -> None:
        """An item of a time before versions."""
        world.put(NoteMapping, {"id": {"S": "n1"}, "title": {"S": "old"}})
        world.forget()

    def test_demands_that_there_is_still_none(self, world: World, notes: Repository[Note]) -> None:
        """The condition of the first write is that the item exists and still has no version."""
        with world.uow:
            notes.get("n1").title = "new"

        ((update,),) = world.writes
        assert AttributeExists(Path.of("id")) in conditions(update)
        assert AttributeNotExists(Path.of("version")) in conditions(update)

    def test_gives_it_a_version_that_the_next_write_checks(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Once adopted, an item is checked like any other."""
        others = world.elsewhere(NoteMapping)
        with world.uow:
            notes.get("n1").title = "new"
        adopted = others.get("n1").version

        with pytest.raises(CommitConflict), world.uow:
            mine = notes.get("n1")
            theirs = others.get("n1")
            theirs.title = "theirs"
            others.update(theirs)
            mine.title = "mine"

        assert adopted == 1
        assert others.get("n1").title == "theirs"

    def test_only_one_of_two_adopters_wins(self, world: World, notes: Repository[Note]) -> None:
        """Of two writers that loaded the unversioned item the second is stale."""
        others = world.elsewhere(NoteMapping)

        with pytest.raises(CommitConflict) as refused, world.uow:
            mine = notes.get("n1")
            theirs = others.get("n1")
            theirs.title = "theirs"
            others.update(theirs)
            mine.title = "mine"

        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity]

    def test_removes_it_only_while_there_is_none(self, world: World, notes: Repository[Note]) -> None:
        """A removal of an unversioned item demands the same."""
        with world.uow:
            notes.remove(notes.get("n1"))

        assert world.stored(NoteMapping, "n1") is None


class TestSeveralCommits:
    def test_go_on_from_what_was_written(self, world: World, notes: Repository[Note]) -> None:
        """`uow.commit()` commits early and the unit goes on, each commit writing only what changed since."""
        with world.uow as uow:
            note = notes.add(Note("n1", "first"))
            uow.commit()
            note.title = "second"
            uow.commit()
            note.body = "text"

        kinds = [type(action) for (action,) in world.writes]
        assert kinds == [PutItem, UpdateItem, UpdateItem]
        assert paths_set(world.writes[2][0]) == {"body", "version", "updated_at"}
        assert note.version == 2

    def test_a_removed_entity_is_gone_for_the_rest_of_the_unit(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """After a committed removal a read asks the table and finds nothing; a new one can be added."""
        world.elsewhere(NoteMapping).add(Note("n1", "first"))

        with world.uow as uow:
            notes.remove(notes.get("n1"))
            uow.commit()
            with pytest.raises(EntityNotFound):
                notes.get("n1")
            notes.add(Note("n1", "second"))

        assert world.elsewhere(NoteMapping).get("n1").version == 0

    def test_have_one_token_each(self, world: World, notes: Repository[Note]) -> None:
        """The request of a commit carries one client token of its own, from the injected ids."""
        ids = iter(["token-1", "token-2"])
        uow = world.unit_of_work(ids=lambda: next(ids))
        notes = world.repository(NoteMapping, uow)

        with uow:
            notes.add(Note("n1"))
            uow.commit()
            notes.add(Note("n2"))

        assert [each.token for each in world.sent if hasattr(each, "token")] == ["token-1", "token-2"]
