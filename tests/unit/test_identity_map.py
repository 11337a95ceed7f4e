"""What a unit may do with an entity that it holds already: call by call, state by state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import post_dump

from persistence.attributes import Item
from persistence.errors import (
    EntityExists,
    KeyChanged,
    PersistenceError,
    QueryError,
    StaleEntity,
    UnitOfWorkStateError,
)
from persistence.expressions import Path, Set, Value
from persistence.mapping import EntityMapping, MappingSchema, mapping_of
from persistence.patches import Patch
from persistence.table import Key
from persistence.tracking import (
    Absence,
    Detached,
    IdentityMap,
    Intent,
    Loaded,
    LoadedOld,
    State,
    Tracked,
    heavier,
    identity_of,
    loaded_changes,
    stepped_roles,
)
from persistence.visibility import USUAL
from tests.semantics.model import (
    Account,
    AccountMapping,
    Author,
    ComparedSettingMapping,
    Hidden,
    HiddenMapping,
    Note,
    NoteMapping,
    OldNoteMapping,
    Parcel,
    ParcelMapping,
    ReadingMapping,
    SettingMapping,
)
from tests.semantics.removable import (
    MONTH,
    KeptTicketMapping,
    Page,
    PageMapping,
)
from tests.semantics.test_schema_versions import Joined

NOTES, ACCOUNTS, HIDDEN = mapping_of(NoteMapping), mapping_of(AccountMapping), mapping_of(HiddenMapping)
PAGES, PARCELS = mapping_of(PageMapping), mapping_of(ParcelMapping)
KEY = {"id": {"S": "1"}}
NOTE = {**KEY, "title": {"S": "first"}, "version": {"N": "3"}}
ACCOUNT = {**KEY, "balance": {"N": "1"}, "version": {"N": "3"}}
PAGE = {**KEY, "title": {"S": "first"}, "version": {"N": "3"}}
MARKED_PAGE = {**PAGE, "deletedAt": {"S": "2099-01-01T00:00:00.000000Z"}}


def retitled(text: str = "patched") -> Patch[Any]:
    return Patch(NOTES, KEY, (Set(Path.of("title"), Value({"S": text})),))


@dataclass
class Unit:
    """An identity map and the one entity that it holds."""

    mapping: EntityMapping[Any]
    entities: IdentityMap = field(default_factory=IdentityMap)

    @property
    def tracked(self) -> Tracked[Any]:
        (tracked,) = self.entities
        return tracked

    @property
    def entity(self) -> Any:
        return self.tracked.entity

    @property
    def other(self) -> Any:
        """Another object that says the same."""
        return replace(self.entity)


def untouched() -> Unit:
    unit = Unit(NOTES)
    unit.entities.load(NOTES, NOTE)
    return unit


def changed() -> Unit:
    unit = untouched()
    unit.entity.title = "second"
    return unit


def added() -> Unit:
    unit = Unit(NOTES)
    unit.entities.add(NOTES, Note("1", "new"))
    return unit


def detached() -> Unit:
    unit = Unit(NOTES)
    unit.entities.update(NOTES, Note("1", "second", version=3))
    return unit


def saved() -> Unit:
    unit = Unit(NOTES)
    unit.entities.save(NOTES, Note("1", "second", version=3))
    return unit


def removed() -> Unit:
    unit = untouched()
    unit.entities.remove(NOTES, unit.entity)
    return unit


def removed_detached() -> Unit:
    unit = Unit(NOTES)
    unit.entities.remove(NOTES, Note("1", version=3))
    return unit


def replaced() -> Unit:
    unit = removed()
    unit.entities.add(NOTES, Note("1", "new"))
    return unit


def expired() -> Unit:
    unit = untouched()
    unit.tracked.intent = Intent.EXPIRED
    return unit


def expired_and_changed() -> Unit:
    unit = expired()
    unit.entity.title = "second"
    return unit


def patched() -> Unit:
    unit = untouched()
    unit.entities.patch(retitled())
    return unit


def committed() -> Unit:
    """One whose version this unit has moved on."""
    unit = untouched()
    unit.tracked.superseded = (2,)
    return unit


def marked() -> Unit:
    unit = Unit(PAGES)
    unit.entities.load(PAGES, MARKED_PAGE)
    return unit


def restored() -> Unit:
    unit = marked()
    unit.entities.restore(unit.tracked, None)
    return unit


def purged_later() -> Unit:
    unit = marked()
    unit.entities.purge(unit.tracked, None, MONTH)
    return unit


def frozen() -> Unit:
    unit = Unit(ACCOUNTS)
    unit.entities.load(ACCOUNTS, ACCOUNT)
    return unit


def frozen_added() -> Unit:
    unit = Unit(ACCOUNTS)
    unit.entities.add(ACCOUNTS, Account("1", 1))
    return unit


def hidden() -> Unit:
    unit = Unit(HIDDEN)
    unit.entities.load(HIDDEN, {**KEY, "value": {"S": "a"}, "version": {"N": "3"}})
    return unit


Act = Callable[[Unit], object]


def add(unit: Unit) -> None:
    unit.entities.add(unit.mapping, unit.entity)


def add_other(unit: Unit) -> None:
    unit.entities.add(unit.mapping, unit.other)


def update(unit: Unit) -> None:
    unit.entities.update(unit.mapping, unit.entity)


def update_other(unit: Unit) -> None:
    unit.entities.update(unit.mapping, unit.other)


def update_version(version: object) -> Act:
    def act(unit: Unit) -> None:
        unit.entities.update(unit.mapping, replace(unit.entity, version=version))

    return act


def save(unit: Unit) -> None:
    unit.entities.save(unit.mapping, unit.entity)


def save_other(unit: Unit) -> None:
    unit.entities.save(unit.mapping, unit.other)


def remove(unit: Unit) -> None:
    unit.entities.remove(unit.mapping, unit.entity)


def remove_other(unit: Unit) -> None:
    unit.entities.remove(unit.mapping, unit.other)


def restore(unit: Unit) -> None:
    unit.entities.restore(unit.tracked, None)


def restore_other(unit: Unit) -> None:
    unit.entities.restore(unit.tracked, unit.other)


def purge(unit: Unit) -> None:
    unit.entities.purge(unit.tracked, None, None)


def purge_other(unit: Unit) -> None:
    unit.entities.purge(unit.tracked, unit.other, None)


def purge_later(unit: Unit) -> None:
    unit.entities.purge(unit.tracked, None, MONTH)


def patch(unit: Unit) -> None:
    unit.entities.patch(retitled())


SAVED = "it was given to save in this unit, beside which no other action can stand; commit that first"
PATCHED = "Note '1' is patched in this unit; commit that first, or make the change in the entity"
OTHER = "the unit holds another object under this key, with changes of its own; change that one instead"
STANDS_BESIDE = "save can't stand beside another action on its key; commit that first"
UNREAD = (
    "Note '1' was saved or patched in this unit and is to be written after that commit; its stored version "
    "is not known, so that this can't be checked. Get it again first"
)
UNVERSIONED = (
    "Hidden '1' is not part of this unit, and its version is in the table only ('version'), so that a change "
    "by others could not be noticed. Read it inside the unit, or give Hidden an attribute for its version"
)


def put_beside(call: str) -> Act:
    def act(unit: Unit) -> None:
        getattr(Unit(HIDDEN).entities, call)(HIDDEN, Hidden("1"))

    return act


REFUSED: list[tuple[Callable[[], Unit], Act, str]] = [
    (added, add_other, "Note '1' is already part of this unit"),
    (untouched, add_other, "Note '1' is already part of this unit"),
    (detached, add_other, "Note '1' is already part of this unit"),
    (saved, add_other, "Note '1' is already part of this unit"),
    (saved, add, f"add: Note '1': {SAVED}"),
    (marked, add, "Page '1' is marked as deleted already; restore it, or purge it"),
    (marked, add_other, "Page '1' is marked as deleted already; restore it, or purge it"),
    (patched, add, f"add: {PATCHED}"),
    (removed, update, "update: Note '1': it is removed in this unit; add a new one instead"),
    (saved, update, f"update: Note '1': {SAVED}"),
    (saved, update_other, f"update: Note '1': {SAVED}"),
    (changed, update_other, f"update: Note '1': {OTHER}"),
    (added, update_other, f"update: Note '1': {OTHER}"),
    (replaced, update_other, f"update: Note '1': {OTHER}"),
    (detached, update_other, f"update: Note '1': {OTHER}"),
    (expired, update_other, UNREAD),
    (hidden, update_other, f"update: {UNVERSIONED}"),
    (
        committed,
        update_version(2),
        "update: Note '1': this unit has committed it since, with a new version; get it again",
    ),
    (patched, update_version(4), f"update: {PATCHED}"),
    (patched, save, f"save: {PATCHED}"),
    (added, save, f"save: Note '1': {STANDS_BESIDE}"),
    (replaced, save, f"save: Note '1': {STANDS_BESIDE}"),
    (removed, save, f"save: Note '1': {STANDS_BESIDE}"),
    (detached, save, f"save: Note '1': {STANDS_BESIDE}"),
    (changed, save_other, f"save: Note '1': {STANDS_BESIDE}"),
    (restored, save, f"save: Page '1': {STANDS_BESIDE}"),
    (patched, remove, f"remove: {PATCHED}"),
    (saved, remove, f"remove: Note '1': {SAVED}"),
    (changed, remove_other, f"remove: Note '1': {OTHER}"),
    (added, remove_other, f"remove: Note '1': {OTHER}"),
    (expired, remove, UNREAD),
    (expired, remove_other, UNREAD),
    (marked, remove, "remove: Page '1': it is marked as deleted already; restore it, or purge it"),
    (
        detached,
        restore,
        "restore: Note '1': it is written in this unit without having been read; commit that first",
    ),
    (changed, restore_other, f"restore: Note '1': {OTHER}"),
    (patched, purge, f"purge: {PATCHED}"),
    (saved, purge, f"purge: Note '1': {SAVED}"),
    (changed, purge_other, f"purge: Note '1': {OTHER}"),
    (added, patch, "patch: Note '1': it is new in this unit; change the entity instead"),
    (replaced, patch, "patch: Note '1': it is new in this unit; change the entity instead"),
    (detached, patch, "patch: Note '1': it is dirty in this unit; change the entity instead"),
    (saved, patch, "patch: Note '1': it is dirty in this unit; change the entity instead"),
    (removed, patch, "patch: Note '1': it is removed in this unit; leave one of the two out"),
    (expired_and_changed, patch, UNREAD),
]


class TestRefused:
    @pytest.mark.parametrize(
        ("prepare", "act", "message"),
        REFUSED,
        ids=[f"{prepare.__name__}-{act.__name__}" for prepare, act, _ in REFUSED],
    )
    def test_is_what_contradicts_the_unit(self, prepare: Callable[[], Unit], act: Act, message: str) -> None:
        """The error names the call, the entity, what stands against it, and what to do; nothing changes."""
        unit = prepare()
        tracked = unit.tracked
        before = replace(tracked)

        with pytest.raises(PersistenceError) as refused:
            act(unit)

        assert str(refused.value).startswith(message)
        assert unit.tracked is tracked
        assert all(getattr(tracked, name) is getattr(before, name) for name in Tracked.__dataclass_fields__)

    @pytest.mark.parametrize("call", ["update", "remove"])
    def test_is_what_could_not_be_checked(self, call: str) -> None:
        """An entity that the unit has not read, and which does not show its version."""
        entities = IdentityMap()

        with pytest.raises(UnitOfWorkStateError) as refused:
            getattr(entities, call)(HIDDEN, Hidden("1"))

        assert str(refused.value) == f"{call}: {UNVERSIONED}"
        assert len(entities) == 0

    @pytest.mark.parametrize("call", ["add", "update", "save", "remove"])
    def test_is_an_entity_of_an_item_that_is_patched(self, call: str) -> None:
        """Also where the unit holds none of it yet."""
        entities = IdentityMap()
        entities.patch(retitled())

        with pytest.raises(UnitOfWorkStateError) as refused:
            getattr(entities, call)(NOTES, Note("1", version=3))

        assert str(refused.value) == f"{call}: {PATCHED}"
        assert len(entities) == 0

    @pytest.mark.parametrize("call", ["add", "update", "save", "remove"])
    def test_is_an_entity_that_was_moved(self, call: str) -> None:
        """Keys are immutable; the error names what changed, and the key that the entity is held under."""
        unit = untouched()
        unit.entity.id = "2"

        with pytest.raises(KeyChanged) as refused:
            getattr(unit.entities, call)(NOTES, unit.entity)

        assert (refused.value.entity, refused.value.entity_type) == (unit.entity, Note)
        assert (refused.value.key, refused.value.attributes) == (("1",), ("id",))

    def test_is_a_second_patch_that_contradicts_the_first(self) -> None:
        """The first one stays."""
        unit = patched()
        before = dict(unit.entities.patches)

        with pytest.raises(QueryError):
            unit.entities.patch(retitled("otherwise"))

        assert unit.entities.patches == before

    def test_addition_holds_what_stands_in_its_way(self) -> None:
        unit = untouched()
        other = unit.other

        with pytest.raises(EntityExists) as refused:
            unit.entities.add(NOTES, other)

        assert refused.value.entity is other
        assert refused.value.found is unit.entity
        assert (refused.value.entity_type, refused.value.key) == (Note, ("1",))

    def test_change_of_what_must_be_read_again_names_its_entity(self) -> None:
        unit = expired_and_changed()

        with pytest.raises(StaleEntity) as refused:
            unit.entities.patch(retitled())

        assert refused.value.entity is unit.entity
        assert (refused.value.entity_type, refused.value.key) == (Note, ("1",))


LOADED = "loaded"

ALLOWED: list[tuple[Callable[[], Unit], Act, Intent, object]] = [
    (added, add, Intent.CREATE, None),
    (untouched, add, Intent.WATCH, LOADED),
    (detached, add, Intent.WATCH, Detached(3)),
    (removed, add_other, Intent.REPLACE, LOADED),
    (removed_detached, add_other, Intent.REPLACE, Detached(3)),
    (added, update, Intent.CREATE, None),
    (untouched, update_other, Intent.WATCH, LOADED),
    (changed, update, Intent.WATCH, LOADED),
    (hidden, update, Intent.WATCH, LOADED),
    (untouched, update_version(2), Intent.WATCH, Detached(2)),
    (committed, update_version(3), Intent.WATCH, LOADED),
    (committed, update_version(4), Intent.WATCH, Detached(4)),
    (patched, update_other, Intent.WATCH, LOADED),
    (frozen, update_other, Intent.WATCH, LOADED),
    (frozen, update_version(2), Intent.WATCH, Detached(2)),
    (frozen_added, update_version(2), Intent.CREATE, None),
    (untouched, save, Intent.OVERWRITE, Detached(None)),
    (untouched, save_other, Intent.OVERWRITE, Detached(None)),
    (changed, save, Intent.OVERWRITE, Detached(None)),
    (expired, save_other, Intent.OVERWRITE, Detached(None)),
    (expired_and_changed, save, Intent.OVERWRITE, Detached(None)),
    (saved, save_other, Intent.OVERWRITE, Detached(None)),
    (untouched, remove_other, Intent.REMOVE, LOADED),
    (changed, remove, Intent.REMOVE, LOADED),
    (removed, remove, Intent.REMOVE, LOADED),
    (detached, remove, Intent.REMOVE, Detached(3)),
    (replaced, remove, Intent.REMOVE, LOADED),
    (removed, restore, Intent.WATCH, LOADED),
    (untouched, restore, Intent.WATCH, LOADED),
    (untouched, restore_other, Intent.WATCH, LOADED),
    (removed, restore_other, Intent.WATCH, LOADED),
    (restored, remove, Intent.WATCH, LOADED),
    (untouched, purge_other, Intent.PURGE, LOADED),
    (removed, purge_other, Intent.PURGE, LOADED),
    (restored, purge, Intent.PURGE, LOADED),
    (marked, purge_later, Intent.REMOVE, LOADED),
    (purged_later, purge, Intent.PURGE, LOADED),
    (purged_later, restore, Intent.WATCH, LOADED),
    (untouched, patch, Intent.WATCH, LOADED),
    (changed, patch, Intent.WATCH, LOADED),
    (expired, patch, Intent.EXPIRED, LOADED),
]


class TestAllowed:
    @pytest.mark.parametrize(
        ("prepare", "act", "intent", "origin"),
        ALLOWED,
        ids=[f"{prepare.__name__}-{act.__name__}" for prepare, act, *_ in ALLOWED],
    )
    def test_says_what_becomes_of_the_entity(
        self, prepare: Callable[[], Unit], act: Act, intent: Intent, origin: object
    ) -> None:
        """And what the write of it demands: what was loaded, or a version."""
        unit = prepare()

        act(unit)

        tracked = unit.tracked
        assert tracked.intent is intent
        assert isinstance(tracked.entity, tracked.mapping.entity_type)
        if origin is LOADED:
            assert isinstance(tracked.origin, Loaded)
        else:
            assert tracked.origin == origin

    @pytest.mark.parametrize(
        ("prepare", "call"),
        [
            (removed, "add"),
            (untouched, "update"),
            (untouched, "save"),
            (untouched, "remove"),
            (removed, "restore"),
            (untouched, "purge"),
        ],
    )
    def test_lets_the_object_that_was_given_stand_for_the_entity(
        self, prepare: Callable[[], Unit], call: str
    ) -> None:
        """The one before is no longer known, and may be tracked elsewhere."""
        unit = prepare()
        first, other = unit.entity, unit.other

        if call in ("restore", "purge"):
            getattr(unit.entities, call)(unit.tracked, other, *([None] if call == "purge" else []))
        else:
            getattr(unit.entities, call)(NOTES, other)
        first.id = "2"
        unit.entities.add(NOTES, first)

        assert [
            tracked.entity is each for tracked, each in zip(unit.entities, (other, first), strict=True)
        ] == [
            True,
            True,
        ]
        other.id = "3"
        with pytest.raises(KeyChanged):
            unit.entities.find_entity(NOTES, other)

    @pytest.mark.parametrize(
        ("prepare", "act"), [(added, remove), (added, purge), (removed_detached, restore)]
    )
    def test_leaves_nothing_of_what_only_this_unit_knows(self, prepare: Callable[[], Unit], act: Act) -> None:
        unit = prepare()
        entity = unit.entity

        act(unit)
        assert len(unit.entities) == 0

        entity.id = "2"
        unit.entities.add(NOTES, entity)
        assert unit.tracked.key == {"id": {"S": "2"}}

    @pytest.mark.parametrize("act", [save, update_version(2)])
    def test_keeps_in_mind_what_was_read(self, act: Act) -> None:
        """A serializable unit demands it also of what is written without regard to it."""
        unit = untouched()
        origin = unit.tracked.origin

        act(unit)

        assert unit.tracked.was_read is origin

    def test_keeps_nothing_in_mind_that_must_be_read_again(self) -> None:
        unit = expired()

        save(unit)

        assert unit.tracked.was_read is None

    @pytest.mark.parametrize(
        ("prepare", "act", "restored", "purge_after"),
        [
            (marked, restore, True, None),
            (untouched, restore, False, None),
            (restored, restore, True, None),
            (restored, remove, False, None),
            (restored, purge, False, None),
            (restored, purge_later, False, MONTH),
            (marked, purge_later, False, MONTH),
            (purged_later, restore, True, None),
            (purged_later, purge, False, None),
        ],
    )
    def test_says_what_becomes_of_the_mark(
        self, prepare: Callable[[], Unit], act: Act, restored: bool, purge_after: timedelta | None
    ) -> None:
        """Whether it is taken away, and how long the item is kept."""
        unit = prepare()

        act(unit)

        assert (unit.tracked.restored, unit.tracked.purge_after) == (restored, purge_after)

    def test_removes_for_good_as_long_as_the_mapping_says(self) -> None:
        """A later removal forgets how long an earlier one wanted to keep the item."""
        unit = Unit(PAGES)
        unit.entities.load(PAGES, PAGE)
        purge_later(unit)
        restore(unit)
        remove(unit)

        assert (unit.tracked.intent, unit.tracked.purge_after) == (Intent.REMOVE, None)

    def test_joins_patches_of_one_item(self) -> None:
        """One item, one action."""
        unit = patched()
        unit.entities.patch(Patch(NOTES, KEY, (Set(Path.of("body"), Value({"S": "b"})),)))

        ((identity, joined),) = unit.entities.patches.items()

        assert identity == identity_of(NOTES, KEY)
        assert [str(action.path) for action in joined.actions] == ["title", "body"]


class TestLooking:
    def test_finds_what_is_held(self) -> None:
        unit = untouched()

        found = unit.entities.find(NOTES, KEY), unit.entities.find(NOTES, {"id": {"S": "2"}})

        assert found == (unit.tracked, None)
        assert unit.entities.find_entity(NOTES, Note("1")) is unit.tracked
        assert unit.entities.at(identity_of(NOTES, KEY)) is unit.tracked

    def test_finds_nothing_where_nothing_is(self) -> None:
        entities = IdentityMap()

        assert (entities.find(NOTES, KEY), entities.find_entity(NOTES, Note("1"))) == (None, None)

    @pytest.mark.parametrize("prepare", ["held", "patched"])
    @pytest.mark.parametrize("look", ["find", "find_entity", "knows", "load"])
    def test_through_another_mapping_is_refused(self, prepare: str, look: str) -> None:
        """One item under two mappings in a unit raises, and names both."""
        entities, old = IdentityMap(), mapping_of(OldNoteMapping)
        if prepare == "held":
            entities.load(NOTES, NOTE)
        else:
            entities.patch(retitled())
        looks: dict[str, Callable[[], object]] = {
            "find": lambda: entities.find(old, KEY),
            "find_entity": lambda: entities.find_entity(old, old.codec.decode(NOTE)),
            "knows": lambda: entities.knows(old, KEY, identity_of(old, KEY)),
            "load": lambda: entities.load(old, NOTE),
        }

        with pytest.raises(UnitOfWorkStateError) as refused:
            looks[look]()

        assert str(refused.value) == (
            "OldNote '1' is the item that this unit holds as Note (mapping NoteMapping); use one mapping per "
            "item within a unit"
        )

    @pytest.mark.parametrize(
        ("prepare", "known"), [(untouched, True), (removed, True), (saved, True), (expired, False)]
    )
    def test_again_is_spared_for_what_is_known(self, prepare: Callable[[], Unit], known: bool) -> None:
        """What is to be read again is not."""
        assert prepare().entities.knows(NOTES, KEY, identity_of(NOTES, KEY)) is known

    def test_again_is_spared_for_what_was_absent(self) -> None:
        """Unless it was looked for by somebody who sees less."""
        entities, identity = IdentityMap(), identity_of(PAGES, KEY)
        before = entities.knows(PAGES, KEY, identity)

        entities.remember_absent(PAGES, KEY)

        assert before is False
        assert entities.knows(PAGES, KEY, identity) is True
        assert entities.knows(PAGES, KEY, identity, USUAL.with_deleted) is False

    def test_remembers_who_looked_for_what(self) -> None:
        """Who sees more replaces who saw less, and not the other way."""
        entities, identity = IdentityMap(), identity_of(PAGES, KEY)
        entities.remember_absent(PAGES, KEY)
        first = dict(entities.absences)
        entities.remember_absent(PAGES, KEY, USUAL.with_deleted)
        entities.remember_absent(PAGES, KEY)

        assert first == {identity: Absence(PAGES, KEY, USUAL)}
        assert entities.absences == {identity: Absence(PAGES, KEY, USUAL.with_deleted)}

    def test_forgets_until_the_next_commit_what_was_absent_or_patched(self) -> None:
        entities = IdentityMap()
        entities.remember_absent(PAGES, KEY)
        entities.patch(retitled())

        entities.settle()

        assert (entities.absences, entities.patches) == ({}, {})

    def test_gives_entities_in_the_order_in_which_they_came(self) -> None:
        """A snapshot of them, so that what is forgotten meanwhile is no matter."""
        entities = IdentityMap()
        for key in ("b", "a", "c"):
            entities.add(NOTES, Note(key))

        keys = []
        for tracked in entities:
            keys.append(tracked.entity.id)
            entities.forget(tracked)

        assert (keys, len(entities)) == (["b", "a", "c"], 0)


class TestReading:
    @pytest.mark.parametrize(("latest", "title"), [(True, "theirs"), (False, "first")])
    def test_brings_what_must_be_read_again_up_to_date_where_it_is_consistent(
        self, latest: bool, title: str
    ) -> None:
        unit = expired()
        note: Note = unit.entity

        again = unit.entities.load(NOTES, {**NOTE, "title": {"S": "theirs"}}, latest=latest)

        assert again is note
        assert (note.title, unit.tracked.known) == (title, latest)

    def test_again_is_refused_where_a_change_would_be_lost(self) -> None:
        unit = expired_and_changed()

        with pytest.raises(StaleEntity) as refused:
            unit.entities.load(NOTES, NOTE)

        assert str(refused.value).startswith(UNREAD)
        assert unit.entity.title == "second"

    def test_again_replaces_what_is_frozen(self) -> None:
        unit = frozen()
        first = unit.entity

        again = unit.entities.reload(unit.tracked, {**ACCOUNT, "balance": {"N": "2"}})

        assert (again, first.balance) == (Account("1", 2, 3), 1)
        assert unit.entity is again
        assert unit.entities.find_entity(ACCOUNTS, again) is unit.tracked

    def test_again_ends_what_was_planned(self) -> None:
        """A restored entity that is read again is as it is stored."""
        unit = restored()
        unit.tracked.intent = Intent.EXPIRED
        unit.tracked.restored = False

        unit.entities.reload(unit.tracked, PAGE)

        tracked = unit.tracked
        assert (tracked.intent, tracked.restored, tracked.marked) == (Intent.WATCH, False, False)
        assert isinstance(tracked.origin, Loaded)
        assert tracked.origin.item == PAGE

    def test_again_keeps_what_happened_to_the_object(self) -> None:
        """A list that is not stored holds domain events, which are still to be told."""
        unit = Unit(PARCELS)
        unit.entities.load(PARCELS, {**KEY, "place": {"S": "here"}, "version": {"N": "1"}})
        parcel: Parcel = unit.entity
        parcel.move("there")
        parcel.place = "here"
        events = parcel.domain_events

        unit.entities.reload(unit.tracked, {**KEY, "place": {"S": "away"}, "version": {"N": "2"}})

        assert (parcel.place, parcel.version) == ("away", 2)
        assert parcel.domain_events is events
        assert len(events) == 1

    @pytest.mark.parametrize(
        ("shown", "seen"), [(USUAL, False), (USUAL.with_deleted, True)], ids=["usual", "with deleted"]
    )
    def test_gives_what_is_marked_to_who_asks_for_it(self, shown: Any, seen: bool) -> None:
        """It is held in both cases."""
        entities = IdentityMap()

        page = entities.load(PAGES, MARKED_PAGE, shown=shown)

        assert isinstance(page, Page) is seen
        assert len(entities) == 1

    def test_knows_how_heavy_items_are_at_most(self) -> None:
        """The heaviest one counts, until there is one of unknown weight, or one is read again."""
        entities = IdentityMap()
        seen = [entities.heaviest]
        for key, weight in (("1", 300), ("2", 200), ("3", 400), ("4", None), ("5", 100)):
            entities.load(NOTES, {**NOTE, "id": {"S": key}}, weight=weight)
            seen.append(entities.heaviest)

        assert seen == [0, 300, 300, 400, None, None]

    def test_again_makes_their_weight_unknown(self) -> None:
        entities = IdentityMap()
        entities.load(NOTES, NOTE, weight=100)
        (tracked,) = entities

        entities.reload(tracked, NOTE)

        assert entities.heaviest is None

    @pytest.mark.parametrize(
        ("one", "other", "expected"), [(1, 2, 2), (2, 1, 2), (None, 1, None), (1, None, None), (2, 2, 2)]
    )
    def test_knows_the_heavier_of_two(self, one: int | None, other: int | None, expected: int | None) -> None:
        assert heavier(one, other) == expected

    def test_takes_the_place_that_the_caller_knows(self) -> None:
        """It is not worked out again."""
        entities, identity = IdentityMap(), identity_of(NOTES, KEY)

        entities.load(NOTES, NOTE, identity=identity)

        (tracked,) = entities
        assert tracked.identity is identity


class TestRoles:
    def test_that_are_stepped_move_with_every_write(self) -> None:
        """Version, time of change, and the marks of a deletion; not what an item has since it was made."""
        kept = mapping_of(KeptTicketMapping)

        assert [role.attribute for role in stepped_roles(NOTES)] == ["version", "updated_at"]
        assert [role.attribute for role in stepped_roles(kept)] == [
            "version",
            "deleted_at",
            "deleted_at_former_time_to_live",
        ]
        assert stepped_roles(PARCELS) == (PARCELS.roles.version,)


@dataclass
class Watched:
    id: str
    first: str | None = None
    second: str | None = None
    third: list[Author] = field(default_factory=list)


class WatchedMapping(MappingSchema[Watched]):
    class Meta:
        table = "watched"
        key = Key("id")


class HookedMapping(WatchedMapping):
    """What its hook makes can be told by encoding only."""

    @post_dump
    def finish(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return data


WATCHED: Item = {
    **KEY,
    "first": {"S": "a"},
    "second": {"S": "b"},
    "third": {"L": [{"M": {"name": {"S": "Ann"}}}]},
}


@pytest.mark.parametrize("schema", [WatchedMapping, HookedMapping], ids=["remembered", "encoded"])
class TestChanges:
    def changes(self, schema: type[MappingSchema[Watched]], **values: Any) -> list[tuple[str, object]]:
        """Path and new value of each change."""
        unit = Unit(mapping_of(schema))
        watched = unit.entities.load(unit.mapping, WATCHED)
        for name, value in values.items():
            setattr(watched, name, value)
        assert isinstance(unit.tracked.origin, Loaded)
        compared = loaded_changes(unit.tracked, unit.tracked.origin)
        assert unit.tracked.changed is bool(compared.changes)
        assert unit.tracked.state is (State.DIRTY if compared.changes else State.CLEAN)
        return [(str(change.path), change.after) for change in compared.changes]

    def test_are_none_at_first(self, schema: type[MappingSchema[Watched]]) -> None:
        assert self.changes(schema) == []

    def test_come_in_the_order_in_which_attributes_are_stored(
        self, schema: type[MappingSchema[Watched]]
    ) -> None:
        """Whatever the order in which they were made; what vanishes comes last."""
        assert self.changes(schema, second="y", first="x") == [("first", {"S": "x"}), ("second", {"S": "y"})]
        assert self.changes(schema, second="y", first=None) == [("second", {"S": "y"}), ("first", None)]

    def test_inside_and_beside_are_told_together(self, schema: type[MappingSchema[Watched]]) -> None:
        changes = self.changes(schema, second=None, third=[Author("Eve")])

        assert changes == [("third", {"L": [{"M": {"name": {"S": "Eve"}}}]}), ("second", None)]

    def test_to_nothing_where_nothing_was_are_none(self, schema: type[MappingSchema[Watched]]) -> None:
        unit = Unit(mapping_of(schema))
        watched = unit.entities.load(unit.mapping, KEY)
        assert watched is not None
        watched.first, watched.second = "x", None

        assert isinstance(unit.tracked.origin, Loaded)
        (change,) = loaded_changes(unit.tracked, unit.tracked.origin).changes
        assert (str(change.path), change.after) == ("first", {"S": "x"})


class TestOldItems:
    def test_are_held_as_they_are_stored_and_as_they_would_be(self) -> None:
        """The entity is made of the latter, the condition of the write of the former."""
        unit = Unit(mapping_of(Joined))
        old = {**KEY, "first": {"S": "Ada"}, "last": {"S": "King"}}
        unit.entities.load(unit.mapping, old)

        origin = unit.tracked.origin

        assert isinstance(origin, LoadedOld)
        assert (origin.item, origin.current) == (old, {**old, "full": {"S": "Ada King"}, "_v": {"N": "2"}})
        assert unit.tracked.state is State.CLEAN

    def test_become_current_by_the_first_change(self) -> None:
        """All that the upcast made is part of it."""
        unit = Unit(mapping_of(Joined))
        unit.entities.load(unit.mapping, {**KEY, "first": {"S": "Ada"}, "last": {"S": "King"}})
        unit.entity.visits = 2

        assert isinstance(unit.tracked.origin, Loaded)
        changes = loaded_changes(unit.tracked, unit.tracked.origin).changes
        assert {str(change.path): change.after for change in changes} == {
            "full": {"S": "Ada King"},
            "visits": {"N": "2"},
            "_v": {"N": "2"},
        }

    def test_of_the_current_version_are_held_once(self) -> None:
        unit = Unit(mapping_of(Joined))
        item = {**KEY, "full": {"S": "Ada King"}, "visits": {"N": "0"}, "_v": {"N": "2"}}
        unit.entities.load(unit.mapping, item)

        origin = unit.tracked.origin

        assert type(origin) is Loaded
        assert origin.current is origin.item is item


class TestElementsOfLists:
    @pytest.mark.parametrize(
        ("schema", "item", "path"),
        [
            (NoteMapping, {"version": {"N": "3"}}, "lines[0].quantity"),
            (NoteMapping, {}, "lines"),
            (SettingMapping, {}, "lines"),
            (ComparedSettingMapping, {}, "lines[0].quantity"),
        ],
        ids=["versioned", "not versioned yet", "unversioned", "compared"],
    )
    def test_are_changed_by_index_only_where_nobody_can_have_moved_them(
        self, schema: type[MappingSchema[Any]], item: Item, path: str
    ) -> None:
        """Under a version or a comparison; else the list is replaced."""
        unit = Unit(mapping_of(schema))
        line = {"M": {"sku": {"S": "a"}, "quantity": {"N": "1"}}}
        unit.entities.load(unit.mapping, {**KEY, **item, "lines": {"L": [line]}})
        unit.entity.lines[0].quantity = 2

        assert isinstance(unit.tracked.origin, Loaded)
        (change,) = loaded_changes(unit.tracked, unit.tracked.origin).changes
        assert str(change.path) == path


class TestKeysOfNumbers:
    def test_are_the_same_however_they_are_written(self) -> None:
        """What another writer stored as `1.0` is not moved by storing `1`."""
        readings = mapping_of(ReadingMapping)
        unit = Unit(readings)
        unit.entities.load(readings, {"sensor": {"N": "1.0"}, "at": {"N": "5E0"}, "version": {"N": "1"}})
        unit.entity.sensor, unit.entity.at = Decimal(1), 5

        unit.entities.update(readings, unit.entity)

        assert unit.tracked.key == {"sensor": {"N": "1.0"}, "at": {"N": "5E0"}}

    def test_are_told_by_the_part_that_changed(self) -> None:
        readings = mapping_of(ReadingMapping)
        unit = Unit(readings)
        unit.entities.load(readings, {"sensor": {"N": "1"}, "at": {"N": "5"}, "version": {"N": "1"}})
        unit.entity.at = 6

        with pytest.raises(KeyChanged) as refused:
            unit.entities.update(readings, unit.entity)

        assert refused.value.attributes == ("at",)
