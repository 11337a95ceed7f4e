"""The side of the schema service that changes data: copies that transform, and backfills."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from persistence.mapping import MappingSchema
from persistence.schema import evolution
from persistence.schema.base import Schema, SchemaBase

if TYPE_CHECKING:
    from persistence.schema.evolution.report import EvolutionReport
    from persistence.schema.evolution.wishes import Convert, Transform
    from persistence.schema.progress import ProgressCallback

BATCH_SIZE = 25
SEGMENTS = 8
BACKFILL_BATCH_SIZE = 100


class EvolutionMethods(SchemaBase):
    """Data: copied, transformed, brought up to date."""

    def evolve(
        self,
        source: Schema | str,
        *,
        target: Schema | str | None = None,
        backup: str | None = None,
        copy: bool = True,
        transform: Transform | None = None,
        convert: Convert | None = None,
        batch_size: int = BATCH_SIZE,
        segments: int = SEGMENTS,
        write_units: float | None = None,
        dry_run: bool = False,
        checkpoint: str | os.PathLike[str] | None = None,
        progress: ProgressCallback | None = None,
    ) -> EvolutionReport:
        """Copy items to another table, or change them where they are, while the application works.

        The target, and the backup, are made if they are absent; no table is ever deleted or emptied. An item
        is written where the target has none, or one of a lower version, by the `Version` field of the
        mappings; without one, where the target has none. Then the source is gone over again, at most five
        times, until nothing is left to do. In place, without a target, an item is written on the condition
        that it is as it was read, and read again if it is not.

        A mapping as source means its entities only; items of older schema versions are upcast first. What
        `transform` or `convert` does it does in several threads, and again after an interruption.

        Args:
            source: a mapping, a `Table`, or the name of a table.
            target: the same; None changes the items in place. A name alone stands for a table with the keys
                and indexes of the source.
            backup: the name of a table to which the items are copied first, as they are.
            copy: False makes the tables only.
            transform: gets an item, a copy as tagged attribute values, and gives what is to be stored; None
                leaves it out. In place it leaves alone what it has changed already.
            convert: the same over entities, where source and target are mappings. Without either, entities
                of one class are stored as the target's mapping says, and other items are copied as they are.
            batch_size: how many items of a segment are read at a time, and done before that is kept.
            segments: in how many parts at a time the source is read, at most 1,000,000.
            write_units: capacity units that may be written per second; None for no limit.
            dry_run: read and transform everything, tell what would be done, and write nothing.
            checkpoint: a file that keeps how far the job is. The same call goes on there after an
                interruption, and after failures retries only what failed. It is removed at the end.
            progress: called after each batch; it may be called from several threads, one at a time.

        Returns:
            What has become of how many items.

        Raises:
            CopyIncomplete: the rest is done, but some items could not be transformed or stored.
            CheckpointMismatch: the checkpoint is of another job.
            TableNotFound: there is no source.
            TableInUse: the backup's table has items that are not of this job.
            SchemaMismatch: the target or the backup has another key.
            QueryError: the arguments contradict each other.
        """
        conduct = evolution.Conduct(segments, batch_size, write_units, dry_run, checkpoint, progress)
        wish = evolution.Wish(source, target, backup, copy, transform, convert)
        return self._drive(self._starter().evolve(wish, conduct))

    def backfill(
        self,
        mapping: type[MappingSchema[Any]],
        *,
        segments: int = SEGMENTS,
        write_units: float | None = None,
        dry_run: bool = False,
        checkpoint: str | os.PathLike[str] | None = None,
        progress: ProgressCallback | None = None,
    ) -> EvolutionReport:
        """Store all items of older schema versions as current ones, while the application works.

        Each is written on the condition that it is as it was read, and read again if it is not. Its version
        moves on, its `updated_at` does not.

        Args:
            mapping: a mapping with a `Meta.schema_version`.
            segments: in how many parts at a time the table is read.
            write_units: capacity units that may be written per second; None for no limit.
            dry_run: read and upcast everything, tell what would be done, and write nothing.
            checkpoint: a file that keeps how far the job is; see `evolve`.
            progress: called after each batch.

        Returns:
            What has become of how many items; `kept_newer` are those of later schema versions.

        Raises:
            MappingError: the mapping has no schema version.
            CopyIncomplete: the rest is done, but some items could not be upcast.
            CheckpointMismatch: the checkpoint is of another job.
            TableNotFound: there is no such table.
        """
        conduct = evolution.Conduct(segments, BACKFILL_BATCH_SIZE, write_units, dry_run, checkpoint, progress)
        return self._drive(self._starter().backfill(mapping, conduct))

    def _starter(self) -> evolution.Starter:
        return evolution.Starter(self._flows(), self._table)
