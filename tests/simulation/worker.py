"""A worker: does one thing after the other, and notes what it is told about each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from random import Random
from typing import NamedTuple

from persistence import CommitConflict, CommitOutcomeUnknown, ConflictError, PersistenceError
from tests.simulation.bank.activities import ACCOUNTS, ACTIVITIES, COUNTERS, PAIRS, TALLIES, Activity
from tests.simulation.bank.domain import (
    Account,
    Counter,
    Doctor,
    Letter,
    Registration,
    Touch,
    Watched,
    gone,
    item_name,
    touch_of,
)
from tests.simulation.bank.tellers import Teller
from tests.simulation.bank.unit import Unit
from tests.simulation.checker.history import Outcome
from tests.simulation.journal import Journal
from tests.simulation.settings import Allowance

ATTEMPTS = 4
"""How often a unit that met a conflict is done anew."""

RESUMPTIONS = 50
"""How often a commit whose outcome is unknown is resumed at most."""


class Legacy(NamedTuple):
    """A unit that a worker left in doubt when it was killed."""

    unit: str
    unknown: CommitOutcomeUnknown


class Worker:
    """One who works at the bank until its allowance is used up, or it is killed.

    Args:
        teller: its access to the bank.
        journal: its notes.
        chance: decides what it does.
        mail: whether it posts letters.
    """

    def __init__(self, teller: Teller, journal: Journal, chance: Random, *, mail: bool) -> None:
        self._teller = teller
        self._journal = journal
        self._chance = chance
        self._present: str | None = None
        self._kept: Counter | None = None
        self._chores: dict[Callable[[], Awaitable[None]], int] = {
            **{partial(self._do, activity): weight for activity, weight in ACTIVITIES.items()},
            self._edit: 6,
            self._tally: 4,
            self._look_at_accounts: 6,
            self._look_around: 8,
            **({self._post: 8} if mail else {}),
        }

    async def work(self, allowance: Allowance) -> None:
        """Work."""
        while allowance.left:
            allowance.spend()
            (chore,) = self._chance.choices(list(self._chores), list(self._chores.values()))
            await chore()

    def die(self, death: BaseException) -> Legacy | None:
        """Note with its last breath what is known of the present unit.

        A commit that was interrupted left word. Where there is none, nothing had been sent, so that the unit
        must not take effect.

        Returns:
            The unit whose outcome is unknown, if there is one.
        """
        unit = self._present
        unknown = next((each for each in _contexts(death) if isinstance(each, CommitOutcomeUnknown)), None)
        self._told(Outcome.REFUSED if unknown is None else Outcome.UNKNOWN)
        return None if unit is None or unknown is None else Legacy(unit, unknown)

    async def find_out(self, legacy: Legacy) -> None:
        """Find out about a unit of a worker that was killed, and note it."""
        self._present = legacy.unit
        self._told(await self._resumed(legacy.unknown))

    async def ask_about(self, id_: str) -> None:
        """Ask for the commit record of a unit of a worker that was killed; a record stays for good."""
        try:
            if await self._teller.was_committed(id_):
                self._journal.told(id_, Outcome.COMMITTED)
        except PersistenceError:
            return  # nobody knows more than before

    async def _do(self, activity: Activity) -> None:
        """Do a unit, anew with fresh reads if it meets a conflict."""
        await self._settle(activity.__name__, lambda unit: activity(unit, self._chance))

    async def _edit(self) -> None:
        """Change a counter that was read long before, as somebody does who had it on the screen.

        Who meets a conflict tries again with the same object, which can't succeed: it still has the version
        that it had.
        """
        counter, self._kept = self._kept or await self._counter_on_screen(), None
        if counter is None:
            return
        shown = counter.value

        async def change(unit: Unit) -> None:
            read = Touch(touch_of(counter).item, 1, counter.version, shown)
            counter.value = shown + self._chance.randint(1, 3)
            await unit.update(counter, read)

        if await self._settle("edit", change) is Outcome.COMMITTED:
            self._kept = counter

    async def _counter_on_screen(self) -> Counter | None:
        try:
            return await self._teller.find(Counter, self._chance.choice(COUNTERS))
        except PersistenceError:
            return None

    async def _tally(self) -> None:
        """Add 1 to an item without reading it, and without a ledger entry."""
        tally = self._chance.choice(TALLIES)
        await self._settle("tally", lambda unit: unit.tally(tally), bare=item_name(Counter, tally))

    async def _look_at_accounts(self) -> None:
        """See all accounts at one moment."""
        seen = await self._see([(Account, id_) for id_ in ACCOUNTS])
        touches = [touch_of(account) for account in seen if account is not None]
        if seen:
            self._journal.saw(touches, sum(touch.value for touch in touches))

    async def _look_around(self) -> None:
        """See some accounts with their registrations, all counters and a pair of doctors at one moment."""
        ids, pair = self._chance.sample(ACCOUNTS, 2), self._chance.choice(PAIRS)
        accounts = [(kind, id_) for id_ in ids for kind in (Account, Registration)]
        counters = [(Counter, id_) for id_ in COUNTERS]
        doctors = [(Doctor, f"{pair}.{letter}") for letter in "ab"]
        seen = await self._see([*accounts, *counters, *doctors])
        if seen:
            self._journal.saw(_touches_of(seen), None)

    async def _post(self) -> None:
        """Post some letters in bulk, and read the urgent ones page by page."""
        box = self._journal.new_box()
        letters = [Letter.numbered(box, number) for number in range(self._chance.randint(6, 12))]
        try:
            await self._teller.post(letters)
            self._journal.posted(box, len(letters))
            self._journal.browsed(box, await self._browse(box))
        except PersistenceError:
            return  # a part of them may be there, or the last pages were not read

    async def _browse(self, box: str) -> list[int]:
        found, cursor = await self._teller.urgent_letters(box, None)
        while cursor is not None:
            page, cursor = await self._teller.urgent_letters(box, cursor)
            found += page
        return [letter.number for letter in found]

    async def _see(self, items: list[tuple[type, str]]) -> tuple[Watched | None, ...]:
        try:
            return await self._teller.snapshot(items)
        except PersistenceError:
            return ()

    async def _settle(
        self, name: str, work: Callable[[Unit], Awaitable[None]], *, bare: str | None = None
    ) -> Outcome:
        """Have a unit done, anew if it meets a conflict, and note how it ended."""
        for attempt in range(1, ATTEMPTS + 1):
            outcome, again = await self._attempt(name, work, bare)
            if not again or attempt == ATTEMPTS:
                break
        return outcome

    async def _attempt(
        self, name: str, work: Callable[[Unit], Awaitable[None]], bare: str | None
    ) -> tuple[Outcome, bool]:
        self._present = self._journal.begin(name, bare=bare)
        again = False
        try:
            async with self._teller.unit(self._present):
                unit = Unit(self._teller, self._present, name)
                await work(unit)
                await self._think()
                if bare is None:
                    await unit.write_down()
            outcome = Outcome.COMMITTED
        except CommitOutcomeUnknown as unknown:
            outcome = await self._resumed(unknown)
        except CommitConflict as refused:
            outcome, again = Outcome.REFUSED, refused.retryable
        except PersistenceError:
            outcome = Outcome.REFUSED
        self._told(outcome)
        return outcome, again

    async def _think(self) -> None:
        """Take some time at times, in which others change what was read."""
        if self._chance.random() < 0.1:
            await self._teller.pause(self._chance.uniform(0, 0.4))

    async def _resumed(self, unknown: CommitOutcomeUnknown) -> Outcome:
        for _time in range(RESUMPTIONS):
            try:
                await self._teller.resume(unknown)
            except CommitOutcomeUnknown:
                continue
            except ConflictError:
                self._journal.resolved()
                return Outcome.REFUSED
            self._journal.resolved()
            return Outcome.COMMITTED
        return Outcome.UNKNOWN

    def _told(self, outcome: Outcome) -> None:
        if self._present is not None:
            self._journal.told(self._present, outcome)
            self._present = None


def _touches_of(seen: tuple[Watched | None, ...]) -> list[Touch]:
    """Describe what was seen, accounts that are closed included, as far as their registrations were seen."""
    touches = [touch_of(each) for each in seen if each is not None]
    present = {each.id for each in seen if isinstance(each, Account)}
    registered = (each for each in seen if isinstance(each, Registration))
    return [*touches, *(gone(each.id, each.openings) for each in registered if each.id not in present)]


def _contexts(error: BaseException) -> Iterator[BaseException]:
    """Give an error and all that was being handled when it was raised."""
    each: BaseException | None = error
    while each is not None:
        yield each
        each = each.__context__
