"""Programs that once came to something else than was foretold: each is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tests.programs.kinds import ACCOUNT, HIDDEN, NOTE, TICKET
from tests.programs.steps import (
    Change,
    Copy,
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

EXAMPLES: Mapping[str, Program] = MappingProxyType(
    {
        "the defaults that a patch with if_missing() brings along don't overlap with changes of the entity": (
            Program(
                (
                    Tamper(TICKET, "a", Change("put", "new")),
                    Enter("ann"),
                    Read("ann", TICKET, "get", "a"),
                    Edit(Ref(TICKET), Change("extra.set", 1)),
                    Patch("ann", TICKET, "a", (Change("set note", "patched"),), upsert=True),
                )
            )
        ),
        "no other object, of another version, stands in for an entity whose item is patched": (
            Program(
                (
                    Tamper(NOTE, "a", Change("put", "new")),
                    Enter("ann"),
                    Read("ann", NOTE, "get", "a"),
                    Patch("ann", NOTE, "a", (Change("set note", "patched"),)),
                    Make(NOTE, "a", (Change("version", 3),)),
                    Give("ann", "update", Ref(NOTE)),
                )
            )
        ),
        "a serializable unit that removes another object than it has read demands what it has read": (
            Program(
                (
                    Tamper(NOTE, "a", Change("put", "new")),
                    Enter("ann", "serializable"),
                    Read("ann", NOTE, "get", "a"),
                    Copy(Ref(NOTE)),
                    Give("bob", "update", Ref(NOTE)),
                    Give("ann", "remove", Ref(NOTE)),
                )
            )
        ),
        "a refused removal of a saved frozen entity changes nothing": (
            Program(
                (
                    Enter("ann"),
                    Make(ACCOUNT, "a", (Change("title", "one"),)),
                    Give("ann", "save", Ref(ACCOUNT)),
                    Make(ACCOUNT, "a", (Change("title", "two"),)),
                    Give("ann", "remove", Ref(ACCOUNT)),
                )
            )
        ),
        "a refused save of a serializable unit tells the version that was read, which it demands": (
            Program(
                (
                    Tamper(NOTE, "a", Change("put", "new")),
                    Enter("ann", "serializable"),
                    Read("ann", NOTE, "get", "a"),
                    Give("ann", "save", Ref(NOTE)),
                    Tamper(NOTE, "a", Change("version", 5)),
                    Leave("ann"),
                )
            )
        ),
        "an entity that is gone is told as gone, also if its item was patched with if_missing()": (
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
            )
        ),
        "an impossible update is the reason of a conflict, also without a transaction": (
            Program(
                (
                    Tamper(NOTE, "a", Change("put", "new")),
                    Tamper(NOTE, "a", Change("version", "one")),
                    Make(NOTE, "a"),
                    Give("ann", "save", Ref(NOTE)),
                )
            )
        ),
        "a save of a serializable unit demands the version that was read, which must be one": (
            Program(
                (
                    Tamper(HIDDEN, "b", Change("put", "new")),
                    Enter("bob", "serializable"),
                    Tamper(HIDDEN, "b", Change("version", "one")),
                    Read("bob", HIDDEN, "find", "b"),
                    Give("bob", "save", Ref(HIDDEN)),
                    Leave("bob"),
                )
            )
        ),
        "the events that an entity keeps are not told as what this unit changed in a stale entity": (
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
            )
        ),
        "an entity that is read again keeps its events": (
            Program(
                (
                    Tamper(NOTE, "a", Change("put", "new")),
                    Enter("ann"),
                    Read("ann", NOTE, "get", "a"),
                    Edit(Ref(NOTE), Change("raise", Event("note", NOTE, "a"))),
                    Give("ann", "refresh", Ref(NOTE)),
                )
            )
        ),
    }
)
