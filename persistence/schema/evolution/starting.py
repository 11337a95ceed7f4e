"""Setting jobs up from what users say: finding tables, checking arguments, making what a job needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from persistence.errors import MappingError, QueryError
from persistence.flows import Flow
from persistence.mapping import MappingSchema, mapping_of
from persistence.schema.base import Schema
from persistence.schema.evolution.job import BACKFILL, COPY, Job
from persistence.schema.evolution.places import Place, refuse_same, structure
from persistence.schema.evolution.report import EvolutionReport
from persistence.schema.evolution.settling import Copying, Rewriting, transforming, upgrading
from persistence.schema.evolution.transformation import Transformation
from persistence.schema.evolution.walk import Walk, one_by_one
from persistence.schema.evolution.wishes import Conduct, Wish
from persistence.schema.evolution.writing import Writer
from persistence.schema.flows import TableFlows
from persistence.schema.pace import Pace
from persistence.schema.progress import ignored
from persistence.table import Table


class Starter:
    """Sets up jobs and runs them.

    Args:
        tables: what is done to tables.
        declared: gives the declaration of a mapping's table with what other mappings add to it.
    """

    def __init__(self, tables: TableFlows, declared: Callable[[Schema], Table]) -> None:
        self._tables = tables
        self._declared = declared

    def evolve(self, wish: Wish, conduct: Conduct) -> Flow[EvolutionReport]:
        """Do what `evolve` was asked for."""
        source, items = yield from self._source(wish.source)
        target = self._target(wish.target, source)
        _refuse_other_mapping(source, target)
        in_place = target.table.name == source.table.name
        if wish.backup is not None:
            refuse_same(source.table, target.table, wish.backup)
        changes = wish.transform is not None or wish.convert is not None or not in_place
        if not changes and wish.backup is None:
            raise QueryError(
                "evolve has nothing to do: name a target, a transform or a backup; backfill(mapping) brings "
                "items of older schema versions up to date where they are"
            )
        transformation = Transformation(source, target, wish.transform, wish.convert)
        transformation.check()
        walk = self._walk(source, conduct, items, _identity(wish, source, target))
        if in_place:
            rewriting = Rewriting(source, transforming(transformation), walk.writer, conduct.dry_run)
            job = self._job("evolve", walk, conduct, rewriting)
        else:
            absent = conduct.dry_run and (yield from self._tables.find(target.table.name)) is None
            copying = Copying(transformation, walk.writer, conduct.dry_run, target_is_absent=absent)
            settle, verify = one_by_one(copying.copy), copying.verify
            job = Job(_activity("evolve", source), walk, settle, verify, COPY, conduct.dry_run)
        if not conduct.dry_run:
            if wish.backup is not None:
                yield from job.back_up(self._tables, wish.backup, copy=wish.copy)
            if not in_place:
                yield from self._tables.ensure(target.table)
        return (yield from job.run(changing=changes and wish.copy))

    def backfill(self, schema: type[MappingSchema[Any]], conduct: Conduct) -> Flow[EvolutionReport]:
        """Do what `backfill` was asked for."""
        mapping = mapping_of(schema)
        if mapping.versions is None:
            raise MappingError(
                f"backfill brings items to the schema version of their mapping, and {schema.__name__}.Meta "
                "has no schema_version; declare one, or use evolve(..., transform=...)"
            )
        source, items = yield from self._source(schema)
        identity = {
            "job": BACKFILL,
            "table": source.table.name,
            "mapping": schema.__name__,
            "schema version": mapping.versions.current,
        }
        walk = self._walk(source, conduct, items, identity)
        rewriting = Rewriting(source, upgrading(mapping), walk.writer, conduct.dry_run)
        return (yield from self._job(BACKFILL, walk, conduct, rewriting).run())

    def _job(self, activity: str, walk: Walk, conduct: Conduct, rewriting: Rewriting) -> Job:
        settle, name = one_by_one(rewriting.settle), activity if activity == BACKFILL else COPY
        return Job(_activity(activity, walk.place), walk, settle, settle, name, conduct.dry_run)

    def _walk(self, source: Place, conduct: Conduct, items: int | None, identity: Mapping[str, Any]) -> Walk:
        timing = self._tables.timing
        return Walk(
            source,
            conduct.segments,
            conduct.batch_size,
            conduct.checkpoint_of(identity),
            Writer(Pace(conduct.write_units, timing), timing),
            items,
            conduct.progress or ignored,
        )

    def _source(self, schema: Schema | str) -> Flow[tuple[Place, int | None]]:
        """Find a source, which must be there, and about how many items it has."""
        place = None if isinstance(schema, str) else self._place(schema)
        name = schema if isinstance(schema, str) else self._declared(schema).name
        description = yield from self._tables.describe(name)
        return place or Place(description.table), description.item_count or None

    def _target(self, schema: Schema | str | None, source: Place) -> Place:
        """Find a target: the source where none is named; a name stands for a table like the source."""
        if schema is None or schema == source.table.name:
            return source
        return Place(structure(source.table, schema)) if isinstance(schema, str) else self._place(schema)

    def _place(self, schema: Schema) -> Place:
        return Place(self._declared(schema), None if isinstance(schema, Table) else mapping_of(schema))


def _activity(verb: str, source: Place) -> str:
    return f"{verb} {source.table.name!r}"


def _identity(wish: Wish, source: Place, target: Place) -> dict[str, Any]:
    return {
        "job": "evolve",
        "source": source.table.name,
        "source mapping": _name_of(source),
        "target": target.table.name,
        "target mapping": _name_of(target),
        "backup": wish.backup,
        "function": getattr(wish.transform or wish.convert, "__qualname__", None),
    }


def _name_of(place: Place) -> str | None:
    return None if place.mapping is None else place.mapping.schema.__name__


def _refuse_other_mapping(source: Place, target: Place) -> None:
    if target.table.name == source.table.name and target.mapping is not source.mapping:
        raise QueryError(
            f"source and target are both table {source.table.name!r}, under different mappings: what was "
            "changed already could not be told from what was not. Give one mapping a schema_version with "
            "upcasts and call backfill(), or copy to another table"
        )
