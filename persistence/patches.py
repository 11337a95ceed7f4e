"""Changes to items that were not read: what `repository.patch(...)` asks for, in stored terms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import persistence.expressions as expressions
from persistence.attributes import Item
from persistence.errors import QueryError, described
from persistence.mapping import EntityMapping

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Patch(Generic[T]):
    """Update actions on one item, whatever else is stored there.

    Version and `updated_at` move along when it is written; they are no part of the actions.

    Attributes:
        mapping: the entity's mapping.
        key: its stored key.
        actions: in the order in which they were asked for; no two overlap.
        condition: what the caller demands besides; None for nothing.
        expected_version: the version that must be stored; None for any.
        upsert: whether an absent item is made instead of refused.
        fill_ins: what an item that is made gets beside the actions.
    """

    mapping: EntityMapping[T]
    key: Item
    actions: tuple[expressions.UpdateAction, ...]
    condition: expressions.Condition | None = None
    expected_version: int | None = None
    upsert: bool = False
    fill_ins: tuple[expressions.Set, ...] = ()

    def __repr__(self) -> str:
        name = described(self.mapping.name, self.mapping.key_values(self.key))
        paths = ", ".join(f"{type(action).__name__.lower()} {action.path}" for action in self.actions)
        return f"<patch of {name}: {paths}>"

    def joined(self, other: Patch[T]) -> Patch[T]:
        """Give one patch that does what this one and a later one of the same item do.

        Raises:
            QueryError: their paths overlap, they expect different versions, or only one may make the item.
        """
        refuse_overlaps(self.mapping, (*self.actions, *other.actions))
        versions = {self.expected_version, other.expected_version} - {None}
        if len(versions) > 1:
            raise QueryError(f"two patches of one {self.mapping.name} expect different versions")
        if self.upsert != other.upsert:
            raise QueryError(
                f"two patches of one {self.mapping.name} disagree about if_missing(); say it in both "
                "or in neither"
            )
        actions = (*self.actions, *other.actions)
        return replace(
            self,
            actions=actions,
            condition=expressions.all_of(self.condition, other.condition),
            expected_version=versions.pop() if versions else None,
            fill_ins=_beside(actions, (*self.fill_ins, *other.fill_ins)),
        )


def _beside(
    actions: tuple[expressions.UpdateAction, ...], fill_ins: tuple[expressions.Set, ...]
) -> tuple[expressions.Set, ...]:
    """Give the fill-ins of attributes that no action touches, each once."""
    touched = {action.path.attribute for action in actions}
    return tuple({each.path: each for each in fill_ins if each.path.attribute not in touched}.values())


def refuse_overlaps(mapping: EntityMapping[T], actions: tuple[expressions.UpdateAction, ...]) -> None:
    """Refuse actions on paths of which one is the other or lies within it, or that take a map for a list.

    Raises:
        QueryError: with both paths; the service would refuse them too ("Two document paths overlap with each
            other", "... conflict with each other").
    """
    for position, action in enumerate(actions):
        for other in actions[:position]:
            if action.path.overlaps(other.path):
                raise QueryError(
                    f"{mapping.name}: one update can't change both {other.path} and {action.path}, which "
                    "overlap; change one of them, or commit in between"
                )
            if action.path.contradicts(other.path):
                raise QueryError(
                    f"{mapping.name}: one update can't change both {other.path} and {action.path}, since "
                    "nothing is both a list and a map; change one of them"
                )
