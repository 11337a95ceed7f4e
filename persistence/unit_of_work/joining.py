"""Scopes that join a unit: what they may demand, and how they are left."""

from __future__ import annotations

from typing import Any

from persistence.errors import UnitClosed, UnitOfWorkStateError
from persistence.unit_of_work.policies import Isolation
from persistence.unit_of_work.unit import Unit


def refuse_to_tighten(unit: Unit[Any], isolation: Isolation, commit_id: str | None) -> None:
    """Refuse a scope that joins a unit and demands more than that was opened with.

    Raises:
        UnitOfWorkStateError: with the remedy.
    """
    if isolation == "serializable" and unit.isolation != isolation:
        raise UnitOfWorkStateError(
            "this scope wants isolation='serializable' and joins a unit that was opened without it, so that "
            "earlier reads may be of any isolation; open the outer unit with it"
        )
    if commit_id is not None:
        raise UnitOfWorkStateError(
            "this scope has a commit_id and joins a unit, which has an id of its own; give it where the unit "
            "is opened"
        )


def leave_joined(unit: Unit[Any], failure: BaseException | None) -> None:
    """Leave an inner scope; one that ends well says so only if its unit did not fail meanwhile."""
    unit.check_owner()
    unit.joined -= 1
    if failure is not None:
        unit.break_with(failure)
        return
    unit.raise_first_failure()
    if unit.closed:
        raise UnitClosed(
            f"the unit that this scope joined was left before it ({unit.state.value}); nothing was written"
        )


def refuse_joined(unit: Unit[Any]) -> None:
    """Refuse to end a unit that others are inside of.

    Raises:
        UnitOfWorkStateError: with the remedy.
    """
    if unit.joined:
        raise UnitOfWorkStateError(
            f"the unit's block was left while {unit.joined} scope(s) that joined it were still inside; "
            "nothing was "
            "written. Await the tasks that use a unit before leaving its block"
        )
