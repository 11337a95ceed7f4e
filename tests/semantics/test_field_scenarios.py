"""What fields with a part to play promise: versions, timestamps, empties, times to live, stored types."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest

from persistence import Key, MappingSchema, Repository, StaleEntity, ValidationFailed, fields
from persistence.operations import UpdateItem
from tests.semantics.world import World

FUTURE = datetime(2100, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
"""Servers delete what has expired by their clock, so these tests live in a time that none has reached."""

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


class Kind(Enum):
    NEWS = "news"
    OFFER = "offer"


@dataclass
class Line:
    text: str
    weight: Decimal


@dataclass
class Letter:
    id: str
    title: str = "untitled"
    note: str | None = None
    label: str = ""
    pages: int = 1
    price: Decimal = Decimal(0)
    urgent: bool = False
    kind: Kind = Kind.NEWS
    seal: bytes | None = None
    reference: UUID | None = None
    tags: set[str] = field(default_factory=set)
    weights: set[Decimal] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


class LetterMapping(MappingSchema[Letter]):
    class Meta:
        table = "letters"
        key = Key("id")

    label = fields.String(omit_empty=True)
    expires_at = fields.TimeToLive(data_key="ttl")
    version = fields.Version()
    created_at = fields.CreatedAt()
    updated_at = fields.UpdatedAt()


@pytest.fixture(autouse=True)
def time(world: World) -> None:
    world.clock.now = FUTURE


@pytest.fixture
def letters(world: World) -> Repository[Letter]:
    return world.repository(LetterMapping)


class TestVersions:
    def test_begin_at_0_and_step_by_1(self, world: World, letters: Repository[Letter]) -> None:
        """Version 0 when it is made, 1 after the first update; also where a patch makes the second."""
        letter = letters.add(Letter("l1"))
        made = letter.version, world.stored(LetterMapping, "l1")
        with world.uow:
            letters.get("l1").title = "first"
        updated = letters.get("l1").version
        letters.patch("l1").set("title", "second").execute()

        assert (made[0], updated, letters.get("l1").version) == (0, 1, 2)
        assert made[1] is not None
        assert made[1]["version"] == {"N": "0"}

    def test_begin_at_0_whatever_the_entity_says(self, letters: Repository[Letter]) -> None:
        """What is new has no past."""
        assert letters.add(Letter("l1", version=7)).version == 0

    def test_stay_where_nothing_changes(self, world: World, letters: Repository[Letter]) -> None:
        """No change, no call, no step."""
        letters.add(Letter("l1"))
        world.forget()
        with world.uow:
            letters.get("l1").title = "untitled"

        assert world.writes == []
        assert letters.get("l1").version == 0

    def test_refuse_a_stale_update(self, world: World, letters: Repository[Letter]) -> None:
        """Who read an older version is told which is stored now, and nothing is overwritten."""
        mine = letters.add(Letter("l1"))
        theirs = world.elsewhere(LetterMapping)
        theirs.update(replace(theirs.get("l1"), title="theirs"))

        with pytest.raises(StaleEntity) as refused:
            letters.update(replace(mine, title="mine"))

        assert (refused.value.expected_version, refused.value.found_version) == (0, 1)
        stored = letters.get("l1")
        assert (stored.title, stored.version) == ("theirs", 1)

    def test_refuse_a_stale_removal(self, world: World, letters: Repository[Letter]) -> None:
        """What somebody changed since is not deleted."""
        mine = letters.add(Letter("l1"))
        world.elsewhere(LetterMapping).patch("l1").set("title", "theirs").execute()

        with pytest.raises(StaleEntity):
            letters.remove(mine)

        assert letters.get("l1").title == "theirs"

    def test_are_a_condition_of_every_change(self, world: World, letters: Repository[Letter]) -> None:
        """The version that was loaded is demanded by the request itself."""
        letters.add(Letter("l1"))
        world.forget()
        with world.uow:
            letters.get("l1").title = "new"

        ((update,),) = world.writes
        assert isinstance(update, UpdateItem)
        assert "version" in repr(update.condition)


class TestTimestamps:
    def test_created_at_is_kept_and_updated_at_moves(self, world: World, letters: Repository[Letter]) -> None:
        """Both are the time of the clock when it is made; an update moves one of them."""
        letter = letters.add(Letter("l1"))
        made = letter.created_at, letter.updated_at
        later = world.clock.tick()
        with world.uow:
            letters.get("l1").title = "new"
        changed = letters.get("l1")
        latest = world.clock.tick()
        letters.patch("l1").increment("pages").execute()
        patched = letters.get("l1")

        assert made == (FUTURE, FUTURE)
        assert (changed.created_at, changed.updated_at) == (FUTURE, later)
        assert (patched.created_at, patched.updated_at) == (FUTURE, latest)

    def test_are_not_the_entitys_to_say(self, letters: Repository[Letter]) -> None:
        """What an entity claims of them is not stored."""
        letters.add(Letter("l1", created_at=FUTURE - HOUR, updated_at=FUTURE - HOUR))

        stored = letters.get("l1")
        assert (stored.created_at, stored.updated_at) == (FUTURE, FUTURE)

    def test_a_failed_update_moves_nothing(self, world: World, letters: Repository[Letter]) -> None:
        """Version and timestamps move after the store said yes, in memory too."""
        mine = letters.add(Letter("l1"))
        world.elsewhere(LetterMapping).patch("l1").set("title", "theirs").execute()
        world.clock.tick()
        mine.title = "mine"

        with pytest.raises(StaleEntity):
            letters.update(mine)

        assert (mine.version, mine.updated_at) == (0, FUTURE)


class TestEmpties:
    def test_are_left_out_where_nothing_is_there(self, world: World, letters: Repository[Letter]) -> None:
        """None and empty sets always, others where the field says so; never 0, False or an empty list."""
        letters.add(Letter("l1"))

        stored = world.stored(LetterMapping, "l1")
        assert stored is not None
        assert set(stored) == {
            *("id", "title", "pages", "price", "urgent", "kind", "lines", "extra"),
            *("version", "created_at", "updated_at"),
        }
        assert (stored["pages"], stored["urgent"], stored["lines"]) == (
            {"N": "1"},
            {"BOOL": False},
            {"L": []},
        )

    def test_come_back_as_they_were(self, letters: Repository[Letter]) -> None:
        """What is absent loads as its default, so nothing is lost by leaving it out."""
        letter = letters.add(Letter("l1"))

        assert letters.get("l1") == letter

    def test_are_removed_when_a_value_becomes_one(self, world: World, letters: Repository[Letter]) -> None:
        """A value that becomes empty leaves the item."""
        letters.add(Letter("l1", note="n", label="l", tags={"t"}))
        with world.uow:
            letter = letters.get("l1")
            letter.note, letter.label, letter.tags = None, "", set()

        stored = world.stored(LetterMapping, "l1")
        assert stored is not None
        assert stored.keys().isdisjoint({"note", "label", "tags"})


class TestTimesToLive:
    @pytest.mark.parametrize(
        "given",
        [
            pytest.param(FUTURE + HOUR, id="utc"),
            pytest.param((FUTURE + HOUR).astimezone(timezone(timedelta(hours=-5))), id="elsewhere"),
        ],
    )
    def test_are_stored_as_a_number_of_epoch_seconds(
        self, world: World, letters: Repository[Letter], given: datetime
    ) -> None:
        """The service knows seconds since 1970 only; a fraction is dropped, a time zone does not matter."""
        letters.add(Letter("l1", expires_at=given))

        stored = world.stored(LetterMapping, "l1")
        assert stored is not None
        assert stored["ttl"] == {"N": str(int((FUTURE + HOUR).timestamp()))}
        assert letters.get("l1").expires_at == (FUTURE + HOUR).replace(microsecond=0)

    @pytest.mark.parametrize(
        "given",
        [
            pytest.param((FUTURE + HOUR).replace(tzinfo=None), id="naive"),
            pytest.param(int((FUTURE + HOUR).timestamp() * 1000), id="milliseconds"),
            pytest.param("2100-01-02T03:04:05", id="text without a time zone"),
        ],
    )
    def test_refuse_what_could_mean_another_time(
        self, world: World, letters: Repository[Letter], given: Any
    ) -> None:
        """Naive datetimes and milliseconds are refused before anything is sent, also by patches."""
        letters.add(Letter("l1"))
        world.forget()

        with pytest.raises(ValidationFailed) as added:
            letters.add(Letter("l2", expires_at=given))
        with pytest.raises(ValidationFailed) as patched:
            letters.patch("l1").set("expires_at", given).execute()

        assert [set(error.value.messages) for error in (added, patched)] == [{"expires_at"}, {"expires_at"}]
        assert world.sent == []

    def test_hide_what_has_expired_when_asked_to(self, world: World, letters: Repository[Letter]) -> None:
        """Expired items stay readable until the service deletes them; `live()` leaves them out."""
        for id_, expires_at in (("past", FUTURE + SECOND), ("future", FUTURE + HOUR), ("never", None)):
            letters.add(Letter(id_, expires_at=expires_at))
        world.clock.now = FUTURE + 2 * SECOND
        scan = letters.scan()

        shown = {each.id for each in scan}, {each.id for each in scan.live()}
        counted = scan.count(), scan.live().count()

        assert shown == ({"past", "future", "never"}, {"future", "never"})
        assert counted == (3, 2)
        assert letters.get("past").id == "past"
        assert letters.where("id", "=", "past").live().all() == []


class TestStoredTypes:
    def test_are_the_services_own(self, world: World, letters: Repository[Letter]) -> None:
        """Each value has the type that the service sorts, compares and indexes it by."""
        letters.add(
            Letter(
                "l1",
                note="n",
                label="l",
                pages=3,
                price=Decimal("1.50"),
                urgent=True,
                kind=Kind.OFFER,
                seal=b"\x00\xff",
                reference=UUID(int=1),
                tags={"t"},
                weights={Decimal("0.5")},
                lines=[Line("a", Decimal("1E+2"))],
                extra={"deep": [1, None, {"k": True}]},
                expires_at=FUTURE + HOUR,
            )
        )

        assert world.stored(LetterMapping, "l1") == {
            "id": {"S": "l1"},
            "title": {"S": "untitled"},
            "note": {"S": "n"},
            "label": {"S": "l"},
            "pages": {"N": "3"},
            "price": {"N": "1.5"},
            "urgent": {"BOOL": True},
            "kind": {"S": "offer"},
            "seal": {"B": b"\x00\xff"},
            "reference": {"S": "00000000-0000-0000-0000-000000000001"},
            "tags": {"SS": ["t"]},
            "weights": {"NS": ["0.5"]},
            "lines": {"L": [{"M": {"text": {"S": "a"}, "weight": {"N": "100"}}}]},
            "extra": {"M": {"deep": {"L": [{"N": "1"}, {"NULL": True}, {"M": {"k": {"BOOL": True}}}]}}},
            "ttl": {"N": str(int((FUTURE + HOUR).timestamp()))},
            "version": {"N": "0"},
            "created_at": {"S": "2100-01-02T03:04:05.000006Z"},
            "updated_at": {"S": "2100-01-02T03:04:05.000006Z"},
        }
