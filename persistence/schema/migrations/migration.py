"""A migration, and what makes a sequence of them sound."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from persistence.errors import MigrationError
from persistence.schema.migrations.context import MigrationContext

Work = Callable[[MigrationContext], object]

_ID = re.compile(r"[0-9]{1,20}\Z")
_NAME = re.compile(r"\w{1,100}\Z")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step in the history of an application's data.

    It may be run again after it was interrupted or failed halfway, so it should do nothing twice that hurts.

    Args:
        id: digits, such as "0007" or "20260102"; migrations run in the order of these numbers.
        name: what it does, in a word such as "add_totals".
        up: does it.
        down: undoes it; None where it can't be undone.
        checksum: identifies what it does; by default it is made from the source of both functions.

    Raises:
        MigrationError: a part of it can't be.
    """

    id: str
    name: str
    up: Work
    down: Work | None = None
    checksum: str = ""

    def __post_init__(self) -> None:
        named = isinstance(self.id, str) and isinstance(self.name, str)
        if not named or not _ID.match(self.id) or not _NAME.match(self.name):
            raise MigrationError(
                "a migration is called by digits and a word, such as 0007 and add_totals, not by "
                f"{self.id!r} and {self.name!r}"
            )
        for direction, work in (("up", self.up), ("down", self.down)):
            if direction == "down" and work is None:
                continue
            if not callable(work):
                raise MigrationError(f"migration {self.id!r} has no function {direction}(context)")
            if inspect.iscoroutinefunction(work) or inspect.isasyncgenfunction(work):
                raise MigrationError(
                    f"{direction} of migration {self.id!r} is asynchronous; migrations run synchronously, "
                    "and are given a synchronous store"
                )
            if inspect.isgeneratorfunction(work):
                raise MigrationError(
                    f"{direction} of migration {self.id!r} is a generator, of which calling it runs nothing; "
                    "pass flows to context.drive(...) instead of yielding from them"
                )
        if not self.checksum:
            object.__setattr__(self, "checksum", checksum_of(*_sources(self)))

    @property
    def number(self) -> int:
        """Its place in the order."""
        return int(self.id)

    def __str__(self) -> str:
        return f"{self.id}_{self.name}"


def checksum_of(*sources: str) -> str:
    """Make a checksum of source text, whatever its ends of lines are."""
    text = "\n".join("\n".join(line.rstrip() for line in source.splitlines()) for source in sources)
    return hashlib.sha256(text.encode()).hexdigest()


def ordered(migrations: Iterable[Migration]) -> tuple[Migration, ...]:
    """Give migrations in their order.

    Raises:
        MigrationError: two have the same number.
    """
    found = tuple(sorted(migrations, key=lambda migration: migration.number))
    for one, other in pairwise(found):
        if one.number == other.number:
            raise MigrationError(f"two migrations have the same number: {one} and {other}; give one another")
    return found


def _sources(migration: Migration) -> list[str]:
    try:
        return [inspect.getsource(work) for work in (migration.up, migration.down) if work is not None]
    except (OSError, TypeError) as hidden:
        raise MigrationError(
            f"the source of migration {migration.id!r} can't be read, so that nobody could tell whether it "
            "was changed; give it a checksum=... of your own, such as a version"
        ) from hidden
