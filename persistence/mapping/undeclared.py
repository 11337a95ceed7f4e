"""How the entities of a dataclass are stored by a mapping that declares nothing: all is inferred."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

from persistence.attributes import Item
from persistence.errors import ValidationFailed
from persistence.mapping.collecting import CollectedAttributes
from persistence.mapping.declaration import Declaration
from persistence.mapping.paths import MappedPath, resolved
from persistence.mapping.planner import RecordPlans
from persistence.mapping.records import RecordPlan
from persistence.mapping.scopes import scopes_around

T = TypeVar("T")

_KEPT = 256
"""How many classes are kept inferred. A plan holds its class, so that nothing would end if all were kept."""


@dataclass(frozen=True, eq=False)
class Undeclared(Generic[T]):
    """How the fields of a dataclass are stored where no mapping says otherwise; it has no table and no key.

    Attributes:
        plan: its fields.
    """

    plan: RecordPlan

    def resolve(self, names: tuple[str | int, ...], /) -> MappedPath:
        """Find what is stored at a path in Python names.

        Raises:
            QueryError: there is no such path.
        """
        return resolved(self.plan, names)

    def snapshot(self, entity: T) -> Item:
        """Give the attributes of an entity.

        Raises:
            ValidationFailed: a value can't be stored.
        """
        parts = CollectedAttributes()
        item = self.plan.collect(entity, parts, validate=False)
        if parts.problems:
            raise ValidationFailed(self.plan.entity_type, parts.problems)
        return item


def undeclared(entity_type: type[T]) -> Undeclared[T]:
    """Infer how the entities of a dataclass are stored; of the classes asked for latest it is kept.

    Args:
        entity_type: the dataclass.

    Raises:
        MappingError: it is none, or the type of a field can't be inferred.
    """
    kind: Any = entity_type
    return cast("Undeclared[T]", _undeclared(kind))


@lru_cache(maxsize=_KEPT)
def _undeclared(entity_type: Any) -> Undeclared[Any]:
    namespace: dict[str, Any] = {
        "_entity": entity_type,
        "_scopes": scopes_around([entity_type]),
        "__module__": entity_type.__module__,
    }
    schema = type(f"{entity_type.__name__}Mapping", (Declaration,), namespace)
    return Undeclared(RecordPlans().plan(schema))
