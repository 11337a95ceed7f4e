"""Known differences between the library and the model: what is still to be mended, each with its reason.

Each comes with a program that shows it, which a test runs: when that no longer differs, the entry has to go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.programs.kinds import ACCOUNT, NOTE
from tests.programs.outcomes import Differs, Raised
from tests.programs.steps import (
    Change,
    Edit,
    Enter,
    Event,
    Give,
    Leave,
    Make,
    Patch,
    Program,
    Read,
    Ref,
    Tamper,
)
from tests.programs.values import EVENTS


@dataclass(frozen=True)
class Difference:
    """One known difference.

    Attributes:
        name: what differs.
        shows: a program that shows it.
        explains: tells whether it may be the cause of a difference.
        world: where the program shows it.
    """

    name: str
    shows: Program
    explains: Callable[[Differs], bool]
    world: str = "memory"


def _refused_removal_of_a_saved_frozen_entity(differs: Differs) -> bool:
    done = zip(differs.done.steps, differs.done.outcomes, strict=True)
    return any(
        isinstance(step, Give)
        and step.call == "remove"
        and step.ref.kind.frozen
        and outcome.result == Raised("UnitOfWorkStateError")
        for step, outcome in done
    )


def _version_of_a_read_untold(differs: Differs) -> bool:
    match differs.expected, differs.found:
        case Raised("CommitConflict", expected), Raised("CommitConflict", found):
            untold = tuple(replace(reason, expected=None) for reason in expected)
            told = zip(expected, untold, found, strict=False)
            return len(expected) == len(found) and all(it in (full, less) for full, less, it in told)
        case _:
            return False


def _gone_told_as_a_condition(differs: Differs) -> bool:
    upsert = any(isinstance(step, Patch) and step.upsert for step in differs.done.steps)
    return upsert and "EntityGone" in repr(differs.expected) and "ConditionFailed" in repr(differs.found)


def _impossible_update_refused_as_a_whole(differs: Differs) -> bool:
    return "ActionRefused" in repr(differs.expected) and differs.found == Raised("InvalidRequest")


def _events_told_as_changes(differs: Differs) -> bool:
    reasons = getattr(differs.found, "about", None)
    told = reasons if isinstance(reasons, tuple) else (reasons,)
    return any("domain_events" in getattr(reason, "by_me", ()) for reason in told)


def _events_dropped_by_reading_again(differs: Differs) -> bool:
    raised = any(isinstance(step, Edit) and step.change.what == "raise" for step in differs.done.steps)
    dropped = differs.name == "moved" and any(values.get(EVENTS) == [] for values in differs.found.values())
    return raised and dropped


KNOWN: tuple[Difference, ...] = (
    Difference(
        "a refused removal of a saved frozen entity puts its argument in the place of what is saved",
        Program(
            (
                Enter("ann"),
                Make(ACCOUNT, "a", (Change("title", "one"),)),
                Give("ann", "save", Ref(ACCOUNT)),
                Make(ACCOUNT, "a", (Change("title", "two"),)),
                Give("ann", "remove", Ref(ACCOUNT)),
            )
        ),
        _refused_removal_of_a_saved_frozen_entity,
    ),
    Difference(
        "a refused save of a serializable unit does not tell the version that was read, which it demands",
        Program(
            (
                Tamper(NOTE, "a", Change("put", "new")),
                Enter("ann", "serializable"),
                Read("ann", NOTE, "get", "a"),
                Give("ann", "save", Ref(NOTE)),
                Tamper(NOTE, "a", Change("version", 5)),
                Leave("ann"),
            )
        ),
        _version_of_a_read_untold,
    ),
    Difference(
        "an entity that is gone is told as a failed condition if its item was patched with if_missing()",
        Program(
            (
                Tamper(NOTE, "a", Change("put", "new")),
                Enter("ann"),
                Read("ann", NOTE, "get", "a"),
                Edit(Ref(NOTE), Change("title", "one")),
                Patch("ann", NOTE, "a", (Change("set note", "patched"),), upsert=True),
                Tamper(NOTE, "a", Change("delete")),
                Leave("ann"),
            )
        ),
        _gone_told_as_a_condition,
    ),
    Difference(
        "without a transaction an impossible update is an error of the request, not the reason of a conflict",
        Program(
            (
                Tamper(NOTE, "a", Change("put", "new")),
                Tamper(NOTE, "a", Change("version", "one")),
                Make(NOTE, "a"),
                Give("ann", "save", Ref(NOTE)),
            )
        ),
        _impossible_update_refused_as_a_whole,
        world="memory, conditional",
    ),
    Difference(
        "the events that an entity keeps are told as what this unit changed in a stale entity",
        Program(
            (
                Tamper(NOTE, "a", Change("put", "new")),
                Enter("ann"),
                Read("ann", NOTE, "get", "a"),
                Edit(Ref(NOTE), Change("title", "one")),
                Edit(Ref(NOTE), Change("raise", Event("note", NOTE, "a"))),
                Tamper(NOTE, "a", Change("version", 5)),
                Leave("ann"),
            )
        ),
        _events_told_as_changes,
    ),
    Difference(
        "an entity that is read again loses the events that it keeps",
        Program(
            (
                Tamper(NOTE, "a", Change("put", "new")),
                Enter("ann"),
                Read("ann", NOTE, "get", "a"),
                Edit(Ref(NOTE), Change("raise", Event("note", NOTE, "a"))),
                Give("ann", "refresh", Ref(NOTE)),
            )
        ),
        _events_dropped_by_reading_again,
    ),
)
