"""Programs that once came to something else than was foretold: each is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tests.programs.kinds import NOTE, TICKET
from tests.programs.steps import Change, Copy, Edit, Enter, Give, Make, Patch, Program, Read, Ref, Tamper

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
    }
)
