"""The kinds of entities that programs are about, as data; their classes and mappings are in `entities`.

All kinds have the same body, so that a rule which holds for one of them can be tried on each. They differ in
what protects them against lost updates.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of entities.

    Attributes:
        name: as it is written in programs.
        versioned: its items have a version.
        shown: the entities show version and times too, rather than the table only.
        timed: its items have the times of their creation and last change.
        frozen: its entities are never changed, but replaced.
        compared: a write demands that what it changes is as it was loaded.
        incarnated: a random id beside the version tells items apart that were made anew.
        raising: its entities keep domain events.
    """

    name: str
    versioned: bool = False
    shown: bool = True
    timed: bool = False
    frozen: bool = False
    compared: bool = False
    incarnated: bool = False
    raising: bool = False

    def __repr__(self) -> str:
        return self.name


NOTE = Kind("note", versioned=True, timed=True, raising=True)
SETTING = Kind("setting")
ACCOUNT = Kind("account", versioned=True, frozen=True)
CHOICE = Kind("choice", compared=True)
HIDDEN = Kind("hidden", versioned=True, shown=False, timed=True)
TICKET = Kind("ticket", versioned=True, incarnated=True)

KINDS = (NOTE, SETTING, ACCOUNT, CHOICE, HIDDEN, TICKET)
KEYS = ("a", "b", "c")
WRITERS = ("ann", "bob")
"""Two units of work over one store; they know nothing of each other."""

TITLE_LENGTH = 20
"""Longer titles are invalid."""

MOST_ACTIONS = 6
"""What the stores of these tests take in one transaction: few, so that programs come to the limit."""
