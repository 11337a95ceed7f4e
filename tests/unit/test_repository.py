"""How repositories are made: by mapping, by subclass, in memory for tests of services."""

from __future__ import annotations

from typing import Any

import pytest

from persistence import MappingError, MemoryStore, Query, Repository, UnitOfWork, UnitOfWorkStateError
from persistence.testing import InMemoryRepository
from tests.semantics.model import Note, NoteMapping, Setting, SettingMapping


class NoteRepository(Repository[Note]):
    mapping = NoteMapping

    def titled(self, title: str) -> Query[Note]:
        return self.scan(lambda note: note.title == title)


@pytest.fixture
def uow() -> UnitOfWork:
    return UnitOfWork(MemoryStore())


class TestConstruction:
    def test_takes_mapping_and_unit_of_work(self, uow: UnitOfWork) -> None:
        """`Repository(OrderMapping, uow)`, each also by keyword."""
        for notes in (
            Repository(NoteMapping, uow),
            Repository(NoteMapping, uow=uow),
            Repository(mapping=NoteMapping, uow=uow),
        ):
            notes.save(Note("n1"))
            assert notes.get("n1").id == "n1"

    def test_takes_the_mapping_of_the_class(self, uow: UnitOfWork) -> None:
        """`mapping = OrderMapping` in a subclass, which may have finders of its own."""
        notes = NoteRepository(uow)
        note = notes.add(Note("n1", "wanted"))
        NoteRepository(uow=uow).add(Note("n2", "other"))

        assert notes.titled("wanted").all() == [note]

    @pytest.mark.parametrize(
        ("kind", "args", "kwargs"),
        [
            (Repository, (), {}),
            (Repository, (NoteMapping,), {}),
            (Repository, (NoteMapping, None, None), {}),
            (Repository, (NoteMapping,), {"other": 1}),
            (NoteRepository, (), {}),
            (NoteRepository, (NoteMapping,), {"uow": None, "mapping": NoteMapping}),
        ],
    )
    def test_refuses_other_arguments(
        self, kind: type[Repository[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """What is missing or too much is said at once."""
        with pytest.raises((MappingError, UnitOfWorkStateError), match=r"uow|takes"):
            kind(*args, **kwargs)

    def test_refuses_a_unit_of_work_that_is_none(self) -> None:
        """A store in the place of the unit of work is told apart."""
        with pytest.raises(UnitOfWorkStateError, match="UnitOfWork"):
            Repository(NoteMapping, MemoryStore())  # type: ignore[call-overload]  # that is the subject

    def test_refuses_what_is_no_mapping(self, uow: UnitOfWork) -> None:
        """Entities of another mapping, or an entity class itself, are told at construction."""
        with pytest.raises(MappingError):
            Repository(Note, uow)  # type: ignore[arg-type]  # that is the subject


class TestInMemoryRepository:
    def test_is_a_repository_of_its_own(self) -> None:
        """A repository over a store and unit of its own, for a service's test."""
        first, second = InMemoryRepository(NoteMapping), InMemoryRepository(NoteMapping)

        with first.uow:
            first.add(Note("n1"))

        assert (first.get("n1").id, second.find("n1")) == ("n1", None)

    def test_may_share_a_unit(self) -> None:
        """Several repositories that shall share a unit take the same one."""
        notes = InMemoryRepository(NoteMapping)
        settings = InMemoryRepository(SettingMapping, notes.uow)

        with notes.uow:
            notes.add(Note("n1"))
            settings.add(Setting("s1"))
            notes.uow.rollback()

        assert (notes.find("n1"), settings.find("s1")) == (None, None)
