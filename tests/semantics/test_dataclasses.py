"""Every kind of dataclass goes through add, change, replacement and removal in the same way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

import pytest

from persistence import CommitConflict, Key, MappingError, MappingSchema, Repository, fields
from tests.semantics.world import World

V = TypeVar("V")


@dataclass(slots=True)
class Slotted:
    id: str
    value: str = "none"
    version: int = 0


@dataclass(kw_only=True)
class KeywordOnly:
    id: str
    value: str = "none"
    version: int = 0


@dataclass
class Base:
    id: str
    value: str = "none"


@dataclass
class Inherited(Base):
    version: int = 0


@dataclass
class Box(Generic[V]):
    id: str
    value: V
    version: int = 0


@dataclass
class Guarded:
    """Has invariants, and something that its constructor works out."""

    id: str
    value: str = "none"
    version: int = 0
    length: int = field(init=False)

    def __post_init__(self) -> None:
        if not self.value:
            raise ValueError("a value is needed")
        self.length = len(self.value)


@dataclass(frozen=True, slots=True)
class FrozenSlotted:
    id: str
    value: str = "none"
    version: int = 0


@dataclass(eq=False)
class WithoutEquality:
    id: str
    value: str = "none"
    version: int = 0


@dataclass(unsafe_hash=True)
class EqualById:
    """Equal entities are still two objects."""

    id: str
    value: str = field(default="none", compare=False)
    version: int = field(default=0, compare=False)


class SlottedMapping(MappingSchema[Slotted]):
    class Meta:
        table = "slotted"
        key = Key("id")

    version = fields.Version()


class KeywordOnlyMapping(MappingSchema[KeywordOnly]):
    class Meta:
        table = "keyword-only"
        key = Key("id")

    version = fields.Version()


class InheritedMapping(MappingSchema[Inherited]):
    class Meta:
        table = "inherited"
        key = Key("id")

    version = fields.Version()


class BoxMapping(MappingSchema[Box[str]]):
    class Meta:
        table = "boxes"
        key = Key("id")

    version = fields.Version()


class GuardedMapping(MappingSchema[Guarded]):
    class Meta:
        table = "guarded"
        key = Key("id")

    version = fields.Version()


class FrozenSlottedMapping(MappingSchema[FrozenSlotted]):
    class Meta:
        table = "frozen-slotted"
        key = Key("id")

    version = fields.Version()


class WithoutEqualityMapping(MappingSchema[WithoutEquality]):
    class Meta:
        table = "without-equality"
        key = Key("id")

    version = fields.Version()


class EqualByIdMapping(MappingSchema[EqualById]):
    class Meta:
        table = "equal-by-id"
        key = Key("id")

    version = fields.Version()


KINDS: list[tuple[type[Any], type[MappingSchema[Any]]]] = [
    (Slotted, SlottedMapping),
    (KeywordOnly, KeywordOnlyMapping),
    (Inherited, InheritedMapping),
    (Box, BoxMapping),
    (Guarded, GuardedMapping),
    (FrozenSlotted, FrozenSlottedMapping),
    (WithoutEquality, WithoutEqualityMapping),
    (EqualById, EqualByIdMapping),
]


@dataclass
class Kind:
    """One kind of dataclass under test."""

    entity_type: type[Any]
    repository: Repository[Any]

    def change(self, entity: Any, value: str) -> None:
        """Change an entity as its kind allows."""
        if self.entity_type.__dataclass_params__.frozen:
            self.repository.update(replace(entity, value=value))
        else:
            entity.value = value


@pytest.fixture(params=KINDS, ids=lambda kind: kind[0].__name__)
def kind(request: pytest.FixtureRequest, world: World) -> Kind:
    """Each kind of dataclass."""
    entity_type, mapping = request.param
    return Kind(entity_type, world.repository(mapping))


class TestEveryKind:
    def test_is_added_changed_and_removed(self, world: World, kind: Kind) -> None:
        """One life of an entity, in three units."""
        seen = []
        with world.uow:
            kind.repository.add(kind.entity_type(id="e1", value="first"))
        for value in ("second", "third"):
            with world.uow:
                entity = kind.repository.get("e1")
                seen.append((type(entity), entity.value, entity.version))
                kind.change(entity, value)
        with world.uow:
            kind.repository.remove(kind.repository.get("e1"))

        assert seen == [(kind.entity_type, "first", 0), (kind.entity_type, "second", 1)]
        assert kind.repository.find("e1") is None
        assert [len(actions) for actions in world.writes] == [1, 1, 1, 1]

    def test_goes_on_after_an_early_commit(self, world: World, kind: Kind) -> None:
        """What was added and committed can be changed and removed in the same unit."""
        with world.uow as uow:
            kind.repository.add(kind.entity_type(id="e1", value="first"))
            uow.commit()
            kind.change(kind.repository.get("e1"), "second")
            uow.commit()
            changed = kind.repository.get("e1").version
            kind.repository.remove(kind.repository.get("e1"))

        assert changed == 1
        assert kind.repository.find("e1") is None

    def test_is_checked_for_other_writers(self, world: World, kind: Kind) -> None:
        """Of two units that read the same version the second is refused."""
        kind.repository.add(kind.entity_type(id="e1", value="first"))
        other_uow = world.unit_of_work()
        others = Kind(kind.entity_type, world.repository(kind.repository.mapping, other_uow))

        with pytest.raises(CommitConflict), world.uow:
            entity = kind.repository.get("e1")
            with other_uow:
                others.change(others.repository.get("e1"), "theirs")
            kind.change(entity, "mine")

        assert kind.repository.get("e1").value == "theirs"


class TestSubclasses:
    def test_of_a_mapped_class_are_refused(self, world: World) -> None:
        """What a subclass adds would be lost silently: it needs a mapping of its own."""

        @dataclass
        class Special(Slotted):
            extra: str = "more"

        slotted = world.repository(SlottedMapping)

        with pytest.raises(MappingError, match="Special"):
            slotted.add(Special("e1"))

        assert world.sent == []
