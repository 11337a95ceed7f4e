"""The checker, on histories made by hand: a sound one is accepted, each flaw is found and named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tests.simulation.bank.domain import GONE, LedgerEntry, Touch
from tests.simulation.checker.checker import check, violations
from tests.simulation.checker.findings import Kind
from tests.simulation.checker.history import History, Outcome, Post, Sight, Told


def touch(text: str) -> Touch:
    """Read "account/1 @1.0 = 50"."""
    item, stamp, _equals, value = text.split()
    incarnation, version = stamp.removeprefix("@").split(".")
    return Touch(item, int(incarnation), GONE if version == "gone" else int(version), int(value))


def unit(id_: str, *, reads: Iterable[str] = (), writes: Iterable[str] = (), **blind: int) -> LedgerEntry:
    added = {f"counter/{name}": amount for name, amount in blind.items()}
    return LedgerEntry(id_, "test", [*map(touch, reads)], [*map(touch, writes)], added)


def sight(id_: str, *touches: str, money: int | None = None) -> Sight:
    return Sight(id_, tuple(map(touch, touches)), money)


def told(id_: str, outcome: Outcome = Outcome.COMMITTED, *, bare: str | None = None) -> Told:
    return Told(id_, "test", outcome, bare)


def history(
    *ledger: LedgerEntry, final: Iterable[str], sights: Iterable[Sight] = (), serializable: bool = True
) -> History:
    """Make a history in which everybody was told what happened, and the money is what there is."""
    stored = {each.item: each for each in map(touch, final)}
    money = sum(each.value for each in stored.values() if each.item.startswith("account/"))
    acknowledged = tuple(told(each.id) for each in ledger)
    return History(serializable, money, acknowledged, ledger, tuple(sights), stored)


def kinds(history: History) -> list[Kind]:
    return [found.kind for found in check(history)]


OPENED = unit("setup-1", writes=["account/1 @1.0 = 50", "account/2 @1.0 = 50"])
MOVED = unit(
    "a-1",
    reads=["account/1 @1.0 = 50", "account/2 @1.0 = 50"],
    writes=["account/1 @1.1 = 40", "account/2 @1.1 = 60"],
)
SOUND = history(OPENED, MOVED, final=["account/1 @1.1 = 40", "account/2 @1.1 = 60"])

BOTH_ON = unit("setup-1", writes=["doctor/1.a @1.0 = 1", "doctor/1.b @1.0 = 1"])
PAIR = ["doctor/1.a @1.0 = 1", "doctor/1.b @1.0 = 1"]
A_LEAVES = unit("a-1", reads=PAIR, writes=["doctor/1.a @1.1 = 0"])
B_LEAVES = unit("b-1", reads=PAIR, writes=["doctor/1.b @1.1 = 0"])
SKEWED = history(
    BOTH_ON, A_LEAVES, B_LEAVES, final=["doctor/1.a @1.1 = 0", "doctor/1.b @1.1 = 0"], serializable=True
)


class TestUnits:
    def test_accepts_a_sound_history(self) -> None:
        assert check(SOUND) == ()

    def test_finds_an_acknowledged_unit_that_is_not_stored(self) -> None:
        lost = replace(SOUND, told=(*SOUND.told, told("b-1")))

        assert kinds(lost) == [Kind.LOST_UNIT]

    def test_finds_a_refused_unit_that_is_stored(self) -> None:
        refused = replace(SOUND, told=(told("setup-1"), told("a-1", Outcome.REFUSED)))

        assert kinds(refused) == [Kind.REFUSED_UNIT]

    def test_finds_a_stored_unit_that_nobody_began(self) -> None:
        unannounced = replace(SOUND, told=(told("setup-1"),))

        assert kinds(unannounced) == [Kind.UNANNOUNCED_UNIT]

    def test_accepts_unknown_units_whether_stored_or_not(self) -> None:
        """A worker that was killed, or could not find out, may have been right or wrong about either."""
        uncertain = (told("setup-1"), told("a-1", Outcome.UNKNOWN), told("b-1", Outcome.SILENT))

        assert check(replace(SOUND, told=uncertain)) == ()


class TestMoney:
    def test_finds_money_that_was_made(self) -> None:
        assert kinds(replace(SOUND, money=99)) == [Kind.MONEY]

    def test_finds_a_snapshot_that_saw_other_money(self) -> None:
        looked = sight("b-1", "account/1 @1.1 = 40", "account/2 @1.1 = 60", money=90)

        assert kinds(replace(SOUND, sights=(looked,))) == [Kind.MONEY]


class TestVersions:
    def test_finds_a_lost_update(self) -> None:
        """Two units wrote the same version: the first one's change is gone."""
        other = unit("b-1", reads=["account/1 @1.0 = 50"], writes=["account/1 @1.1 = 45"])
        lost = history(OPENED, MOVED, other, final=["account/1 @1.1 = 45", "account/2 @1.1 = 60"])

        found = check(lost)

        assert [each.kind for each in found if each.kind is not Kind.CYCLE] == [Kind.LOST_UPDATE]
        assert found[0].witnesses == ("a-1", "b-1")

    def test_finds_a_version_that_no_unit_wrote(self) -> None:
        """A step without a unit is something that was applied twice, or by nobody."""
        again = history(OPENED, MOVED, final=["account/1 @1.2 = 40", "account/2 @1.1 = 60"])

        assert Kind.UNEXPLAINED_WRITE in kinds(again)

    def test_finds_a_unit_that_took_effect_in_part(self) -> None:
        half = history(OPENED, MOVED, final=["account/1 @1.1 = 40", "account/2 @1.0 = 50"])

        assert kinds(half) == [Kind.LOST_EFFECT]

    def test_finds_a_version_with_another_value_than_was_written(self) -> None:
        other = history(OPENED, MOVED, final=["account/1 @1.1 = 41", "account/2 @1.1 = 60"])

        assert kinds(other) == [Kind.LOST_EFFECT]

    def test_finds_a_read_of_what_nobody_wrote(self) -> None:
        dreamt = unit("b-1", reads=["account/1 @1.1 = 44"])

        assert kinds(replace(SOUND, ledger=(*SOUND.ledger, dreamt), told=(*SOUND.told, told("b-1")))) == [
            Kind.FALSE_READ
        ]

    def test_accepts_an_account_that_was_closed_and_opened_again(self) -> None:
        """Versions begin anew; the number of the opening tells them apart."""
        closed = unit("a-1", reads=["account/1 @1.0 = 0"], writes=["account/1 @1.gone = 0"])
        reopened = unit("b-1", reads=["account/1 @1.gone = 0"], writes=["account/1 @2.0 = 0"])
        opened = unit("setup-1", writes=["account/1 @1.0 = 0"])

        assert check(history(opened, closed, reopened, final=["account/1 @2.0 = 0"])) == ()

    def test_finds_an_account_that_was_closed_over_a_change(self) -> None:
        closed = unit("b-1", reads=["account/1 @1.0 = 50"], writes=["account/1 @1.gone = 0"])
        lost = history(OPENED, MOVED, closed, final=["account/2 @1.1 = 60"])

        assert Kind.LOST_UPDATE in kinds(lost)

    def test_finds_an_account_that_vanished(self) -> None:
        vanished = history(OPENED, MOVED, final=["account/2 @1.1 = 60"])

        assert kinds(vanished) == [Kind.UNEXPLAINED_WRITE]


class TestBlindWrites:
    MADE = unit("setup-1", writes=["counter/c @1.0 = 0"])
    ADDED = unit("a-1", c=2)
    COUNTED = unit("b-1", reads=["counter/c @1.1 = 2"], writes=["counter/c @1.2 = 3"])

    def test_fill_the_gaps_between_known_versions(self) -> None:
        sound = history(self.MADE, self.ADDED, self.COUNTED, final=["counter/c @1.2 = 3"])

        assert check(sound) == ()

    def test_are_missed_when_they_left_no_step(self) -> None:
        lost = history(self.MADE, self.ADDED, final=["counter/c @1.0 = 0"])

        assert kinds(lost) == [Kind.LOST_EFFECT, Kind.WRONG_SUM]

    def test_are_counted_once(self) -> None:
        twice = history(self.MADE, self.ADDED, final=["counter/c @1.2 = 4"])

        assert kinds(twice) == [Kind.UNEXPLAINED_WRITE, Kind.WRONG_SUM]

    def test_without_a_ledger_are_held_against_what_workers_were_told(self) -> None:
        told_of = (
            told("a-1", bare="counter/t"),
            told("a-2", Outcome.REFUSED, bare="counter/t"),
            told("a-3", Outcome.UNKNOWN, bare="counter/t"),
        )

        def counted(number: int) -> History:
            final = f"counter/t @1.{number} = {number}"
            return replace(history(final=[final]), told=told_of)

        assert [kinds(counted(number)) for number in range(4)] == [
            [Kind.WRONG_SUM],
            [],
            [],
            [Kind.WRONG_SUM],
        ]


class TestSnapshots:
    def test_see_all_of_a_unit_or_nothing(self) -> None:
        before = sight("b-1", "account/1 @1.0 = 50", "account/2 @1.0 = 50")
        after = sight("b-2", "account/1 @1.1 = 40", "account/2 @1.1 = 60")

        assert check(replace(SOUND, sights=(before, after))) == ()

    def test_that_see_half_of_a_unit_are_found(self) -> None:
        torn = sight("b-1", "account/1 @1.1 = 40", "account/2 @1.0 = 50")

        assert Kind.FRACTURED_READ in kinds(replace(SOUND, sights=(torn,)))


class TestOrder:
    def test_finds_write_skew(self) -> None:
        """Each doctor left because the other one was on call: either must have come before the other."""
        assert kinds(SKEWED) == [Kind.NOBODY_ON_CALL, Kind.CYCLE]

    def test_does_not_hold_write_skew_against_units_that_are_not_serializable(self) -> None:
        assert violations(replace(SKEWED, serializable=False)) == ()

    def test_finds_a_worker_that_read_what_it_had_replaced(self) -> None:
        """A worker's later unit reads an older version than the one it wrote: no order has both."""
        back = unit("a-2", reads=["account/1 @1.0 = 50"])

        assert kinds(replace(SOUND, ledger=(*SOUND.ledger, back), told=(*SOUND.told, told("a-2")))) == [
            Kind.CYCLE
        ]

    def test_shows_a_counter_example_that_can_be_read(self) -> None:
        cycle = check(SKEWED)[-1]

        assert str(cycle).splitlines() == [
            "units that fit into no order: 2 of them each come before the next one",
            "    a-1 (test)",
            "        read doctor/1.a @1.0 = 1",
            "        read doctor/1.b @1.0 = 1",
            "        wrote doctor/1.a @1.1 = 0",
            "    b-1 (test)",
            "        read doctor/1.a @1.0 = 1",
            "        read doctor/1.b @1.0 = 1",
            "        wrote doctor/1.b @1.1 = 0",
            "    a-1 comes before b-1: it read doctor/1.b @1.0, which the other replaced",
            "    b-1 comes before a-1: it read doctor/1.a @1.0, which the other replaced",
        ]

    def test_finds_no_cycle_in_a_long_history(self) -> None:
        """Thousands of units in a row are no trouble."""
        counts = range(5000)
        made = unit("setup-1", writes=["counter/c @1.0 = 0"])
        added = (
            unit(f"a-{n}", reads=[f"counter/c @1.{n} = {n}"], writes=[f"counter/c @1.{n + 1} = {n + 1}"])
            for n in counts
        )

        assert check(history(made, *added, final=["counter/c @1.5000 = 5000"])) == ()


class TestMail:
    POSTED = replace(
        SOUND, mail=(Post("box", 4, (1, 2)),), letters={"box": frozenset(range(4)), "half": frozenset({0})}
    )

    def test_accepts_letters_that_are_there_and_were_seen(self) -> None:
        """Also a part of some that nobody was told are stored."""
        assert kinds(self.POSTED) == []

    def test_accepts_letters_that_nobody_looked_for(self) -> None:
        assert kinds(replace(self.POSTED, mail=(Post("box", 4, None),))) == []

    def test_finds_a_letter_that_is_not_stored(self) -> None:
        lost = replace(self.POSTED, letters={"box": frozenset({0, 1, 3})})

        assert kinds(lost) == [Kind.LOST_LETTER]

    def test_finds_a_letter_that_no_page_showed(self) -> None:
        assert kinds(replace(self.POSTED, mail=(Post("box", 4, (1,)),))) == [Kind.WRONG_PAGES]

    def test_finds_a_letter_that_two_pages_showed(self) -> None:
        assert kinds(replace(self.POSTED, mail=(Post("box", 4, (1, 2, 2)),))) == [Kind.WRONG_PAGES]
