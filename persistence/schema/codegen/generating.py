"""From a sample to a module that reads and writes it without loss."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from persistence.schema.codegen.entities import Entity, Roles, entity_of
from persistence.schema.codegen.grouping import Grouping, grouped
from persistence.schema.codegen.inference import Inference
from persistence.schema.codegen.names import Names, class_name
from persistence.schema.codegen.sampling import Sample
from persistence.schema.codegen.trial import imported, lost
from persistence.schema.codegen.writing import Module
from persistence.table import Table

PLAINEST = 2

Plain = dict[tuple[int, str], int]
"""Entity type and attribute -> how plain its field has to be, where more was found not to hold."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked of generated code.

    Attributes:
        discriminator: the attribute that names entity types; it is looked for where it is not given.
        enums: attributes whose texts become members of an enum.
        roles: the attributes that the unit of work may keep.
    """

    discriminator: str | None = None
    enums: Collection[str] = ()
    roles: Roles = field(default_factory=Roles)


def generated(sample: Sample, wishes: Wishes = Wishes()) -> str:
    """Write a module with the dataclasses and mappings of a table.

    Before it is given it is tried: each sampled item is read and written back, and fields by which an item
    comes out changed are made plainer until none does.

    Args:
        sample: the table and some of its items.
        wishes: what is asked of it.
    """
    grouping = grouped(sample, wishes.discriminator)
    plain: Plain = {}
    while True:
        module = _module(sample, grouping, wishes, plain)
        text = module.text()
        failing = _failing(text, module, grouping)
        if not failing:
            return text
        if all(plain.get(each, 0) >= PLAINEST for each in failing):
            # Any value is read and written back as it is, and keys are of their types: it is something else.
            failing = {
                (place, name)
                for place, group in enumerate(grouping.groups)
                for item in group.items
                for name in item
                if plain.get((place, name), 0) < PLAINEST
            }
            assert failing, f"table {sample.table.name!r} can't be mapped without loss"
        for each in failing:
            plain[each] = plain.get(each, 0) + 1


def _failing(text: str, module: Module, grouping: Grouping) -> set[tuple[int, str]]:
    pairs = list(zip(module.entities, grouping.groups, strict=True))
    with imported(text) as made:
        return {
            (place, name)
            for place, (entity, group) in enumerate(pairs)
            for name in lost(entity, group.items, made)
        }


def _module(
    sample: Sample, grouping: Grouping, wishes: Wishes, plain: Mapping[tuple[int, str], int]
) -> Module:
    names = Names()
    classes = [
        names.free(class_name(group.name, one=group.mark is None), "Mapping") for group in grouping.groups
    ]
    inference = Inference(names, wishes.enums, sample.table.name)
    entities = [
        entity_of(
            sample.table,
            group,
            name,
            inference,
            wishes.roles,
            grouping.discriminator,
            {attribute: level for (each, attribute), level in plain.items() if each == place},
            alone=len(classes) == 1,
        )
        for place, (group, name) in enumerate(zip(grouping.groups, classes, strict=True))
    ]
    table, notes = _declarable(sample.table, entities)
    if len(entities) > 1 and grouping.discriminator is None:
        notes.append("no attribute names the entity type: a mapping fails at an item of another type")
    return Module(
        doc=_doc(sample),
        table=table,
        shared=len(entities) > 1 or bool(entities[0].sources) or not _projected(table, entities[0]),
        discriminator=grouping.discriminator,
        enumerations=inference.enumerations,
        records=inference.records,
        entities=entities,
        notes=notes,
    )


def _declarable(table: Table, entities: Collection[Entity]) -> tuple[Table, list[str]]:
    """Leave out the indexes whose key attributes some entity type stores in another way."""
    unfit = {
        index.name
        for index in table.indexes
        if not all(entity.fits(table, name) for entity in entities for name in table.key_names(index.name))
    }
    notes = [
        f"index {name!r} is left out: a key attribute of it is not of its type in all items"
        for name in sorted(unfit)
    ]
    return replace(table, indexes=tuple(each for each in table.indexes if each.name not in unfit)), notes


def _projected(table: Table, entity: Entity) -> bool:
    """Tell whether the only entity type has fields for all attributes that indexes name."""
    names = (name for index in table.indexes for name in index.projection.attributes)
    return all(entity.part(name) is not None for name in names)


def _doc(sample: Sample) -> list[str]:
    count = len(sample.items)
    what = {0: "its description; it was empty", 1: "its description and 1 item"}.get(
        count, f"its description and {count} items"
    )
    return [
        f"Dataclasses and mappings for table {sample.table.name!r}.",
        "",
        f"Made by persistence from {what}." if count < 2 else f"Made by persistence from {what} of it.",
        "Each of these items is read and written back without loss. Others may differ:",
        "look at the types, the names and the comments before you rely on them.",
    ]
