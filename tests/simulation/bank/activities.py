"""What the bank's workers do, each activity the work of one unit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random

from tests.simulation.bank.domain import Account, Counter, Doctor, Registration, Watched
from tests.simulation.bank.tellers import Teller
from tests.simulation.bank.unit import Unit

ACCOUNTS = tuple(str(number) for number in range(8))
TILLS = ACCOUNTS[-2:]
"""Accounts that are closed and opened again all the time, so that their versions repeat."""

COUNTERS = ("visits", "calls", "letters")
PAIRS = ("heart", "bones")
TALLIES = ("doors", "coins")
BALANCE = 100
MONEY = BALANCE * len(ACCOUNTS)

Activity = Callable[[Unit, Random], Awaitable[None]]


async def transfer(unit: Unit, chance: Random) -> None:
    """Move money from one account to another, as far as there is some."""
    source, target = await unit.accounts(_some(2, chance))
    if source is not None and target is not None:
        _move(source, target, chance.randint(1, 40))


async def spread(unit: Unit, chance: Random) -> None:
    """Move money from one account to up to three others."""
    source, *targets = await unit.accounts(_some(4, chance))
    for target in targets:
        if source is not None and target is not None:
            _move(source, target, chance.randint(1, 10))


async def close(unit: Unit, chance: Random) -> None:
    """Close a till; if there is money in it, another account gets that."""
    till_id, heir_id = _till_and_other(chance)
    (till,) = await unit.accounts([till_id])
    if till is None:
        return
    if till.balance:
        (heir,) = await unit.accounts([heir_id])
        if heir is None:
            return
        _move(till, heir, till.balance)
    await unit.remove(till)


async def reopen(unit: Unit, chance: Random) -> None:
    """Open a till that is closed, sometimes with money from another account in it."""
    till_id, sponsor_id = _till_and_other(chance)
    registration = await unit.find(Registration, till_id)
    (present,) = await unit.accounts([till_id])
    if present is not None or registration is None:
        return
    registration.openings += 1
    till = Account(till_id, 0, registration.openings)
    if chance.random() < 0.5:
        (sponsor,) = await unit.accounts([sponsor_id])
        if sponsor is not None:
            _move(sponsor, till, chance.randint(1, 20))
    await unit.add(till)


async def count(unit: Unit, chance: Random) -> None:
    """Let a counter grow that another one is not ahead of by far; both are read."""
    growing, other = [await unit.find(Counter, id_) for id_ in chance.sample(COUNTERS, 2)]
    if growing is not None and other is not None and growing.value < other.value + 50:
        growing.value += chance.randint(1, 3)


async def count_blindly(unit: Unit, chance: Random) -> None:
    """Let a counter grow without reading it, beside a change of another one that is read."""
    blind, other = chance.sample(COUNTERS, 2)
    await unit.count(blind, chance.randint(1, 3))
    known = await unit.find(Counter, other)
    if known is not None:
        known.value += 1


async def take_turns(unit: Unit, chance: Random) -> None:
    """Let a doctor leave if the other one stays, or come back."""
    pair = chance.choice(PAIRS)
    one, other = [await unit.find(Doctor, f"{pair}.{letter}") for letter in chance.sample("ab", 2)]
    if one is not None and other is not None:
        one.on_call = not one.on_call if other.on_call else True


async def read(unit: Unit, chance: Random) -> None:
    """Read some accounts and a counter, and change nothing."""
    await unit.accounts(chance.sample(ACCOUNTS, 2))
    await unit.find(Counter, chance.choice(COUNTERS))


ACTIVITIES: dict[Activity, int] = {
    transfer: 30,
    spread: 6,
    close: 10,
    reopen: 14,
    count: 9,
    count_blindly: 6,
    take_turns: 18,
    read: 5,
}
"""Each activity and how often it is chosen, in proportion."""


def _some(number: int, chance: Random) -> list[str]:
    """Choose accounts, tills seldom: what is closed as it was opened has the version of all before it."""
    return chance.sample(ACCOUNTS if chance.random() < 0.25 else ACCOUNTS[: -len(TILLS)], number)


def _till_and_other(chance: Random) -> tuple[str, str]:
    till = chance.choice(TILLS)
    return till, chance.choice([id_ for id_ in ACCOUNTS if id_ != till])


def _move(source: Account, target: Account, wanted: int) -> None:
    amount = min(wanted, source.balance)
    source.balance -= amount
    target.balance += amount


async def open_bank(teller: Teller, prefix: str) -> tuple[str, ...]:
    """Put in everything that is there at the beginning, by units like all others.

    Args:
        teller: does it.
        prefix: how the ids of the units begin.

    Returns:
        The ids of the units.
    """
    beginnings: list[list[Watched]] = []
    beginnings.extend([Registration(id_, 1), Account(id_, BALANCE, 1)] for id_ in ACCOUNTS)
    beginnings.extend([Counter(id_)] for id_ in (*COUNTERS, *TALLIES))
    beginnings.extend([Doctor(f"{pair}.a"), Doctor(f"{pair}.b")] for pair in PAIRS)
    ids = (f"{prefix}setup-{number}" for number in range(len(beginnings)))
    return tuple([await _put_in(teller, id_, each) for id_, each in zip(ids, beginnings, strict=True)])


async def _put_in(teller: Teller, id_: str, entities: list[Watched]) -> str:
    async with teller.unit(id_):
        unit = Unit(teller, id_, "opening")
        for entity in entities:
            await unit.add(entity)
        await unit.write_down()
    return id_
