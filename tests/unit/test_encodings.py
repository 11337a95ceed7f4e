"""How often a commit encodes an entity, and what it may take an earlier encoding for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from marshmallow import ValidationError, post_dump, pre_dump, validate, validates_schema

from persistence import fields
from persistence.attributes import Item
from persistence.commit_plan import CommitPlan, plan
from persistence.errors import DecodeError, KeyChanged, TransactionTooLarge, ValidationFailed
from persistence.expressions import Path, Set, Value, all_of, equals
from persistence.mapping import MappingSchema, mapping_of
from persistence.operations import PutItem, UpdateItem
from persistence.patches import Patch
from persistence.store import AWS_LIMITS, Limits
from persistence.table import GlobalIndex, Key, Table
from persistence.tracking import IdentityMap, Loaded

NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
NOW_TEXT = "2026-01-02T03:04:05.000006Z"


@dataclass
class Counted:
    id: str
    text: str
    rest: dict[str, str] = field(default_factory=dict)
    version: int = 0


CONVERTED: list[Any] = []


def noted(value: str) -> str:
    CONVERTED.append(value)
    return value


class CountedMapping(MappingSchema[Counted]):
    class Meta:
        table = "counted"
        key = Key("id")

    text = fields.Converted(noted, str)
    version = fields.Version()


class ShortMapping(MappingSchema[Counted]):
    class Meta:
        table = "counted"
        key = Key("id")

    text = fields.String(validate=validate.Length(max=5))
    version = fields.Version()


class WholeMapping(CountedMapping):
    @validates_schema
    def check(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data["version"] == 4 and data["text"] == "odd":
            raise ValidationError("the version after the commit is even")


class PreparedMapping(CountedMapping):
    @pre_dump
    def prepare(self, entity: Counted, **_kwargs: Any) -> Counted:
        return Counted(entity.id, f"{entity.text} of {entity.version}", entity.rest, entity.version)


class FinishedMapping(CountedMapping):
    @post_dump
    def finish(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {**data, "label": f"v{data['version']}"}


@dataclass
class Dated:
    id: str
    text: str
    updated_at: datetime | None = None


@dataclass
class Stamped:
    id: str
    updated_at: datetime | None = None


class StampedMapping(MappingSchema[Stamped]):
    class Meta:
        table = "stamped"
        key = Key("id")

    updated_at = fields.UpdatedAt()


class HiddenMapping(MappingSchema[Stamped]):
    class Meta:
        table = "hidden"
        key = Key("id")

    version = fields.Version()


@dataclass
class Created:
    id: str
    text: str
    version: int = 0
    created_at: datetime | None = None


class CreatedMapping(MappingSchema[Created]):
    class Meta:
        table = "created"
        key = Key("id")

    version = fields.Version()
    created_at = fields.CreatedAt()


BY_TIME = Table("dated", partition="PK", indexes=(GlobalIndex("by-time", Key("GSI1PK")),))


class DatedMapping(MappingSchema[Dated]):
    class Meta:
        table = BY_TIME
        key = Key("DATED#{id}")
        index_keys = {"by-time": Key("AT#{updated_at}")}  # noqa: RUF012  # marshmallow's Meta

    updated_at = fields.UpdatedAt()


ITEM: Item = {"id": {"S": "c1"}, "text": {"S": "first"}, "rest": {"M": {}}, "version": {"N": "3"}}


@pytest.fixture(autouse=True)
def none_converted() -> None:
    CONVERTED.clear()


def planned(entities: IdentityMap) -> CommitPlan:
    return plan(entities, lambda: NOW, AWS_LIMITS)


def changed(schema: type[MappingSchema[Any]], item: Item = ITEM, **values: Any) -> IdentityMap:
    entities, mapping = IdentityMap(), mapping_of(schema)
    entity = entities.load(mapping, item)
    for name, value in values.items():
        setattr(entity, name, value)
    CONVERTED.clear()
    return entities


def sets(commit: CommitPlan) -> dict[str, Any]:
    (action,) = commit.actions
    assert isinstance(action.action, UpdateItem)
    made = [each for each in action.action.actions if isinstance(each, Set)]
    return {each.path.attribute: each.value.value for each in made if isinstance(each.value, Value)}


class TestAnEntityIsEncoded:
    def test_once_where_it_has_changed(self) -> None:
        """Finding the change and writing it take one encoding, and absorbing it takes none."""
        entities = changed(CountedMapping, text="second")

        planned(entities).absorb(entities)

        assert CONVERTED == ["second"]

    def test_once_where_it_has_not(self) -> None:
        """To know that there is nothing to do takes one."""
        assert planned(changed(CountedMapping)).actions == ()
        assert CONVERTED == ["first"]

    def test_once_where_it_is_added(self) -> None:
        """Its key is known without."""
        entities = IdentityMap()
        entities.add(mapping_of(CountedMapping), Counted("c1", "new"))

        planned(entities).absorb(entities)

        assert CONVERTED == ["new"]

    def test_not_again_for_a_patch_beside_it(self) -> None:
        """Whether a patch stands alone is known once the changes are planned."""
        mapping = mapping_of(CountedMapping)
        entities = changed(CountedMapping, text="second")
        entities.patch(Patch(mapping, {"id": {"S": "c1"}}, (Set(Path.of("x"), Value({"S": "y"})),)))
        CONVERTED.clear()

        (action,) = planned(entities).actions

        assert action.patch is not None
        assert CONVERTED == ["second"]


class TestWhatIsNew:
    @pytest.mark.parametrize("version", [7, 10**40, "seven", None])
    def test_is_stored_in_the_first_version(self, version: Any) -> None:
        """Whatever version it brings along, one that can't be stored included."""
        entities = IdentityMap()
        entities.add(mapping_of(CountedMapping), Counted("c1", "new", version=version))

        (action,) = planned(entities).actions

        assert isinstance(action.action, PutItem)
        assert action.action.item["version"] == {"N": "0"}
        assert action.roles == {"version": 0}

    @pytest.mark.parametrize("time", [None, datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 1)])  # noqa: DTZ001  # that is the subject
    def test_is_stored_with_the_time_of_the_commit(self, time: datetime | None) -> None:
        """Whatever time it brings along, also one without a time zone."""
        entities = IdentityMap()
        entities.add(mapping_of(StampedMapping), Stamped("s1", time))

        (action,) = planned(entities).actions

        assert isinstance(action.action, PutItem)
        assert action.action.item == {"id": {"S": "s1"}, "updated_at": {"S": NOW_TEXT}}


class TestSeveralOfOneMapping:
    def test_demand_and_get_versions_of_their_own(self) -> None:
        """What is worked out for one version is not taken for another."""
        entities, mapping = IdentityMap(), mapping_of(CountedMapping)
        for number, version in enumerate(("3", "4", "3")):
            item = {**ITEM, "id": {"S": f"c{number}"}, "version": {"N": version}}
            loaded = entities.load(mapping, item)
            assert loaded is not None
            loaded.text = "second"

        actions = planned(entities).actions

        versions = [(each.expected_version, each.new_version) for each in actions]
        assert versions == [(3, 4), (4, 5), (3, 4)]
        assert [each.action.condition for each in actions] == [
            equals(Path.of("version"), {"N": text}) for text in ("3", "4", "3")
        ]
        assert [each.stored and each.stored["version"]["N"] for each in actions] == ["4", "5", "4"]

    def test_demand_the_creation_of_their_own(self) -> None:
        """Two items of one version were made at different times."""
        entities, mapping = IdentityMap(), mapping_of(CreatedMapping)
        times = ("2025-01-02T03:04:05.000006Z", "2025-02-02T03:04:05.000006Z")
        for time in times:
            item = {"id": {"S": time}, "text": {"S": "a"}, "version": {"N": "1"}, "created_at": {"S": time}}
            loaded = entities.load(mapping, item)
            assert loaded is not None
            loaded.text = "b"

        assert [each.action.condition for each in planned(entities).actions] == [
            all_of(equals(Path.of("version"), {"N": "1"}), equals(Path.of("created_at"), {"S": time}))
            for time in times
        ]

    def test_are_refused_where_their_version_is_no_number(self) -> None:
        """Also after one that has none."""
        entities, mapping = IdentityMap(), mapping_of(HiddenMapping)
        for key, version in (("h1", {}), ("h2", {"version": {"S": "x"}})):
            loaded = entities.load(mapping, {"id": {"S": key}, "updated_at": {"S": NOW_TEXT}, **version})
            assert loaded is not None
            loaded.updated_at = None

        with pytest.raises(DecodeError):
            planned(entities)


class TestTheBytesOfACommit:
    @pytest.mark.parametrize("schema", [CountedMapping, CreatedMapping], ids=lambda each: each.__name__)
    @pytest.mark.parametrize("call", ["add", "change", "save", "remove"])
    def test_are_never_taken_for_fewer(self, schema: type[MappingSchema[Any]], call: str) -> None:
        """A limit of one byte less than a commit has refuses it, and the limit itself does not."""
        entities, mapping = IdentityMap(), mapping_of(schema)
        for number in range(3):
            entity: Any = Counted(f"c{number}", "x" * number, version=1)
            if schema is CreatedMapping:
                entity = Created(f"c{number}", "x" * number, version=1, created_at=NOW)
            if call in ("add", "save"):
                getattr(entities, call)(mapping, entity)
                continue
            loaded: Any = entities.load(mapping, mapping.codec.encode(entity))
            if call == "remove":
                entities.remove(mapping, loaded)
            else:
                loaded.text = "changed"
        commit = planned(entities)
        with pytest.raises(TransactionTooLarge) as refused:
            commit.check(Limits(transaction_bytes=0))
        size = refused.value.size

        with pytest.raises(TransactionTooLarge):
            commit.check(Limits(transaction_bytes=size - 1))
        commit.check(Limits(transaction_bytes=size))


class TestWhatDependsOnTheVersion:
    def test_is_stored_as_it_is_after_the_commit(self) -> None:
        """The entity itself keeps its version until the store has said yes."""
        entities = changed(CountedMapping, text="second")
        (tracked,) = entities

        assert sets(planned(entities)) == {"text": {"S": "second"}, "version": {"N": "4"}}
        assert tracked.entity.version == 3

    def test_may_be_made_by_a_hook_before(self) -> None:
        """A hook sees the version that will be stored."""
        item = {**ITEM, "text": {"S": "first of 3"}}

        assert sets(planned(changed(PreparedMapping, item, text="b")))["text"] == {"S": "b of 4"}

    def test_may_be_made_by_a_hook_afterwards(self) -> None:
        """So does one that sees what is stored."""
        assert sets(planned(changed(FinishedMapping, text="b")))["label"] == {"S": "v4"}

    def test_may_be_demanded_by_a_validator(self) -> None:
        """Validators see the entity as it will be."""
        with pytest.raises(ValidationFailed):
            planned(changed(WholeMapping, text="odd"))

    def test_may_be_the_key_of_an_index(self) -> None:
        """A key that is made of the time of change moves along."""
        item = {
            "PK": {"S": "DATED#d1"},
            "GSI1PK": {"S": "AT#2025-01-02T03:04:05.000006Z"},
            "_type": {"S": "Dated"},
            "id": {"S": "d1"},
            "text": {"S": "a"},
            "updated_at": {"S": "2025-01-02T03:04:05.000006Z"},
        }

        made = sets(planned(changed(DatedMapping, item, text="b")))

        assert (made["GSI1PK"], made["updated_at"]) == ({"S": f"AT#{NOW_TEXT}"}, {"S": NOW_TEXT})


class TestValidators:
    def test_run_before_a_changed_entity_is_written(self) -> None:
        """What has changed is validated."""
        with pytest.raises(ValidationFailed):
            planned(changed(ShortMapping, text="too long"))

    def test_do_not_run_on_what_is_as_it_was_read(self) -> None:
        """What is stored against them may be read, and left alone."""
        item = {**ITEM, "text": {"S": "stored before there was a limit"}}

        assert planned(changed(ShortMapping, item)).actions == ()


class TestTheKeyOfAnEntity:
    @pytest.mark.parametrize("key", ["c2", None, 7, ""])
    def test_may_not_change(self, key: Any) -> None:
        """Be it another key, or none at all."""
        with pytest.raises(KeyChanged):
            planned(changed(CountedMapping, id=key))


class TestWhatWasLoaded:
    def test_is_held_once_where_the_entity_says_the_same(self) -> None:
        """An item and the encoding of its entity are one, so that a unit needs half the memory."""
        (tracked,) = changed(CountedMapping)

        assert isinstance(tracked.origin, Loaded)
        assert tracked.origin.snapshot is tracked.origin.item

    def test_is_told_apart_where_it_was_written_otherwise(self) -> None:
        """What was stored in another way, or is unknown, is no change of the entity."""
        item = {**ITEM, "version": {"N": "3"}, "unknown": {"S": "x"}, "rest": {"M": {"a": {"S": "b"}}}}
        entities = changed(CountedMapping, item)
        (tracked,) = entities

        assert isinstance(tracked.origin, Loaded)
        assert tracked.origin.snapshot is not None
        assert "unknown" not in tracked.origin.snapshot
        assert tracked.origin.snapshot["rest"] is item["rest"]
        assert planned(entities).actions == ()

    def test_is_not_changed_by_a_commit(self) -> None:
        """The item belongs to whoever read it."""
        item = {name: dict(value) for name, value in ITEM.items()}

        entities = changed(CountedMapping, item, text="second")
        planned(entities).absorb(entities)

        assert item == ITEM


class TestSeveralCommitsOfOneUnit:
    def test_go_on_from_what_was_written(self) -> None:
        """What a commit has stored is what the next one compares with, and demands."""
        entities = changed(CountedMapping, text="second")
        planned(entities).absorb(entities)
        (tracked,) = entities

        assert planned(entities).actions == ()
        tracked.entity.text = "third"

        assert sets(planned(entities)) == {"text": {"S": "third"}, "version": {"N": "5"}}

    def test_go_on_from_what_was_added(self) -> None:
        """So it is with a new entity."""
        entities, mapping = IdentityMap(), mapping_of(CountedMapping)
        entity = Counted("c1", "new")
        entities.add(mapping, entity)
        commit = planned(entities)
        commit.absorb(entities)
        assert isinstance(commit.actions[0].action, PutItem)
        entity.text = "newer"

        assert sets(planned(entities)) == {"text": {"S": "newer"}, "version": {"N": "1"}}


def test_mappings_tell_what_an_encoding_depends_on() -> None:
    """Only where nothing looks at the version may an encoding from before be taken."""
    looking: tuple[type[MappingSchema[Any]], ...] = (
        ShortMapping,
        WholeMapping,
        PreparedMapping,
        FinishedMapping,
        DatedMapping,
    )

    assert mapping_of(CountedMapping).encodes_by_field
    assert not any(mapping_of(each).encodes_by_field for each in looking)
