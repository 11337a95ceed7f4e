"""Random patches of random items: every store takes the same, refuses the same, and keeps the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence import MappingSchema, PersistenceError
from persistence.attributes import Item
from persistence.commit_plan import COMMIT_ID
from persistence.mapping import mapping_of
from persistence.operations import GetItem
from tests.models.patching import Change, changes, foretold
from tests.models.specimens import SharedSpecimenMapping, Specimen, SpecimenMapping, contents
from tests.models.worlds import World, new_partition, settings

MAPPINGS: tuple[type[MappingSchema[Specimen]], ...] = (SpecimenMapping, SharedSpecimenMapping)

Returning = Literal["none", "old", "new", "updated_old", "updated_new"]
RETURNING: tuple[Returning, ...] = ("none", "none", "old", "new", "updated_old", "updated_new")

SAME = {"InvalidRequest": "ActionRefused"}
"""DynamoDB Local refuses a transaction as a whole where the service tells which action it can't do."""

OWN = ("id", "PK", COMMIT_ID)
"""Attributes that are another in each world."""


def patched(
    world: World, mapping: type[MappingSchema[Specimen]], key: tuple[str, int], change: Change, how: Returning
) -> tuple[object, Item | None]:
    """Patch an item; give the result or the kind of refusal, and what is stored then."""
    outcome: object
    try:
        outcome = change.of(world.repository(mapping).patch(*key)).execute(how)
    except PersistenceError as error:
        outcome = SAME.get(type(error).__name__, type(error).__name__)
    known = mapping_of(mapping)
    get = GetItem(known.table, known.key_from(key, {}), consistent=True)
    return outcome, settled(world.store.perform(get).item)


def settled(item: Item | None) -> Item | None:
    """Give an item with its sets sorted, since those of a store come in any order.

    Their numbers are spelled in one way: DynamoDB Local keeps the spelling of one that is added to a set.
    """
    return None if item is None else _sorted(item)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: sorted(map(Decimal, content) if name == "NS" else content)
            if name in ("SS", "NS", "BS")
            else _sorted(content)
            for name, content in value.items()
        }
    return [_sorted(each) for each in value] if isinstance(value, list) else value


@pytest.mark.slow
class TestPatches:
    @settings(130)
    @given(
        mapping=st.sampled_from(MAPPINGS),
        content=st.none() | contents() | contents(),
        change=changes(),
        how=st.sampled_from(RETURNING),
    )
    def test_come_to_the_same_everywhere(
        self,
        memory_worlds: tuple[World, World],
        local_worlds: tuple[World, World],
        mapping: type[MappingSchema[Specimen]],
        content: dict[str, Any] | None,
        change: Change,
        how: Returning,
    ) -> None:
        """Every verb, nested paths and conditions: the same result and item, or the same refusal."""
        found = {}
        for world in (*memory_worlds, *local_worlds):
            key = ("same", 1) if content is None and not change.upsert else (new_partition(), 1)
            if content is not None:
                world.put(mapping, [mapping_of(mapping).codec.encode(Specimen(*key, **content))])
            found[world.name] = without_key(patched(world, mapping, key, change, how))

        for name, outcome in found.items():
            assert (name, outcome) == (name, found["memory"])

    @settings(700)
    @given(content=contents(), change=changes())
    def test_come_to_what_a_plain_object_would(
        self, memory_worlds: tuple[World, World], content: dict[str, Any], change: Change
    ) -> None:
        """A patch is the change that an entity would make of itself, and one step of the version."""
        world = memory_worlds[0]
        before = Specimen(new_partition(), 1, **content)
        world.put(SpecimenMapping, [mapping_of(SpecimenMapping).codec.encode(before)])

        outcome, _ = patched(world, SpecimenMapping, (before.id, 1), change, "none")

        after = world.repository(SpecimenMapping).get(before.id, 1)
        if outcome is not None:
            assert (outcome, after) == (outcome, before)
        else:
            assert foretold(before, change) in (after, None)


def without_key(found: tuple[object, Item | None]) -> tuple[object, Item | None]:
    """Leave out what differs from world to world."""
    outcome, item = found
    if isinstance(outcome, Specimen):
        outcome.id = "any"
    if item is not None:
        item = {name: value for name, value in item.items() if name not in OWN}
    return outcome, item
