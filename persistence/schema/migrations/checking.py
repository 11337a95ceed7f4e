"""What is to be run, told from the history and the migrations that there are; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from persistence.errors import MigrationChanged, MigrationError
from persistence.schema.migrations.migration import Migration
from persistence.schema.migrations.records import MigrationStatus

Recorded = Mapping[int, MigrationStatus]


def check_history(migrations: Sequence[Migration], recorded: Recorded) -> None:
    """Refuse migrations that don't continue the history.

    Raises:
        MigrationChanged: an applied migration was edited or is missing, or a new one comes before it.
    """
    found = dict(_contradictions(migrations, recorded))
    if found:
        raise MigrationChanged("; ".join(found.values()), found)


def to_apply(migrations: Sequence[Migration], recorded: Recorded, to: str | None) -> tuple[Migration, ...]:
    """Give the migrations to run, in their order.

    Args:
        migrations: all of them, in their order.
        recorded: the history.
        to: the id of the last one to run; None for all.

    Raises:
        MigrationError: there is no such migration, or it is applied already and others after it are too.
    """
    last = None if to is None else _number_of(to, migrations)
    beyond = [
        status for status in recorded.values() if status.applied and last is not None and status.number > last
    ]
    if beyond:
        raise MigrationError(
            f"run goes forward only, and {len(beyond)} migration(s) after {to!r} are applied; use rollback"
        )
    return tuple(
        migration
        for migration in migrations
        if not _applied(recorded, migration.number) and (last is None or migration.number <= last)
    )


def to_undo(
    migrations: Sequence[Migration], recorded: Recorded, *, to: str | None, steps: int | None
) -> tuple[Migration, ...]:
    """Give the migrations to undo, the last first.

    Args:
        migrations: all of them, in their order.
        recorded: the history.
        to: the id of the migration that shall be the last one applied.
        steps: how many to undo; exactly one of the two is given.

    Raises:
        MigrationError: neither or both are given, there is no such migration, or one can't be undone.
    """
    applied = [migration for migration in migrations if _applied(recorded, migration.number)]
    if (to is None) is (steps is None):
        raise MigrationError("rollback takes either to=... (the migration to go back to) or steps=...")
    if to is not None:
        last = _number_of(to, migrations)
        if not _applied(recorded, last):
            raise MigrationError(f"migration {to!r} is not applied, so nothing can be rolled back to it")
        undone = [migration for migration in applied if migration.number > last]
    else:
        undone = applied[-_checked_steps(steps, len(applied)) :]
    fixed = [str(migration) for migration in undone if migration.down is None]
    if fixed:
        raise MigrationError(
            f"{', '.join(fixed)} can't be undone: there is no down(context). Write one, or go forward with a "
            "migration that mends it; nothing was rolled back"
        )
    return tuple(reversed(undone))


def _applied(recorded: Recorded, number: int) -> bool:
    return number in recorded and recorded[number].applied


def _number_of(wanted: str, migrations: Sequence[Migration]) -> int:
    for migration in migrations:
        if wanted in {migration.id, str(migration)}:
            return migration.number
    known = ", ".join(map(str, migrations)) or "none"
    raise MigrationError(f"there is no migration {wanted!r}; there are {known}")


def _checked_steps(steps: int | None, applied: int) -> int:
    if not isinstance(steps, int) or not 1 <= steps <= applied:
        raise MigrationError(f"{steps!r} steps can't be rolled back; {applied} migration(s) are applied")
    return steps


def _contradictions(migrations: Sequence[Migration], recorded: Recorded) -> Iterator[tuple[str, str]]:
    applied = {number: status for number, status in recorded.items() if status.applied}
    known = {migration.number: migration for migration in migrations}
    last = max(applied, default=-1)
    for number, status in sorted(applied.items()):
        if number not in known:
            yield status.id, f"migration {status} was applied and is missing now; put it back"
        elif known[number].checksum != status.checksum:
            remedy = "put it back as it was, and write a new migration for what is to be changed"
            yield status.id, f"migration {status} was changed after it was applied; {remedy}"
    for migration in migrations:
        if migration.number < last and migration.number not in applied:
            newer = f"{applied[last]}, which is applied"
            yield migration.id, f"migration {migration} comes before {newer}; give it a number after that"
