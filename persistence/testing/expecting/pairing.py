"""Which wanted action is which that came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from persistence.operations import TransactAction
from persistence.testing.expecting.wanted import Distance, Wanted


@dataclass(frozen=True, slots=True)
class Missing:
    """A wanted action that did not come.

    Attributes:
        wanted: what was wanted.
        nearest: the action that comes nearest to it, of those that nobody else wants; None if there is none.
        distance: how that differs.
    """

    wanted: Wanted
    nearest: TransactAction | None
    distance: Distance


@dataclass(frozen=True, slots=True)
class Pairing:
    """What came of what was wanted.

    Attributes:
        missing: what did not come.
        others: what came and was not wanted, in order.
    """

    missing: tuple[Missing, ...]
    others: tuple[TransactAction, ...]


def paired(wanted: Sequence[Wanted], came: Sequence[TransactAction]) -> Pairing:
    """Find an action for each wanted one, so that as many as possible have one of their own."""
    fits = [[place for place, action in enumerate(came) if each.distance(action).none] for each in wanted]
    owner: dict[int, int] = {}
    for each in range(len(wanted)):
        _find(each, fits, owner, set())
    found = set(owner.values())
    others = [action for place, action in enumerate(came) if place not in owner]
    missing = [_missing(each, others) for number, each in enumerate(wanted) if number not in found]
    return Pairing(tuple(missing), tuple(others))


def _find(each: int, fits: Sequence[Sequence[int]], owner: dict[int, int], tried: set[int]) -> bool:
    """Find an action for a wanted one; those that have one already may take another one."""
    for place in fits[each]:
        if place in tried:
            continue
        tried.add(place)
        if place not in owner or _find(owner[place], fits, owner, tried):
            owner[place] = each
            return True
    return False


def _missing(wanted: Wanted, others: Sequence[TransactAction]) -> Missing:
    measured = [(wanted.distance(action), action) for action in others]
    nearest = min(measured, key=lambda pair: pair[0].weight, default=None)
    return Missing(wanted, None, Distance()) if nearest is None else Missing(wanted, nearest[1], nearest[0])
