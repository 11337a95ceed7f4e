"""Patches as values: changes of one item that is not read. Every call gives a new one, `execute` sends it."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Generic, Literal, Self, TypeVar, get_args, overload

from persistence.entity_flows import EntityFlows
from persistence.errors import QueryError, described
from persistence.flows import Flow
from persistence.operations import Returning
from persistence.patches import Patch
from persistence.query.edits import Edit, Verb, addition, edit
from persistence.query.names import comparison, parsed
from persistence.query.patching import PatchWish, planned
from persistence.query.raw_conditions import raw
from persistence.query.recorder import record
from persistence.query.terms import AllOf, Comparison, Names, Term, conjuncts, dotted
from persistence.unit_of_work import AsyncUnitOfWork, UnitOfWork
from persistence.unit_of_work.base import UnitOfWorkBase
from persistence.unit_of_work.unit import Unit

T = TypeVar("T")
U = TypeVar("U", bound=UnitOfWorkBase[Any])

_RETURNING = get_args(Returning)


@dataclass(frozen=True, slots=True, repr=False)
class PatchBuilderBase(Generic[T, U]):
    """A change of one item that is not read: what synchronous and asynchronous patches share.

    Names are Python names, or dotted paths such as "address.city" and "lines[0].sku". See `PatchBuilder`.
    """

    _flows: EntityFlows[T]
    _uow: U
    _unit: Unit[Any] | None
    _wish: PatchWish[T]

    def __repr__(self) -> str:
        mapping = self._wish.mapping
        return f"<patch of {described(mapping.name, mapping.key_values(self._wish.key))}>"

    def set(self, name: str, value: object) -> Self:
        """Set a value, as the mapping validates and stores it: None and empty sets are left out.

        Args:
            name: what to set.
            value: the Python value.

        Raises:
            QueryError: there is no such place, or it is not to be patched: keys, version, timestamps.
        """
        return self._and("set", parsed(name), value)

    def set_if_missing(self, name: str, value: object) -> Self:
        """Set a value where none is stored; one that is there stays."""
        return self._and("set_if_missing", parsed(name), value)

    def remove(self, name: str) -> Self:
        """Remove a value; the entity then has its default.

        Raises:
            QueryError: the entity can't be without it.
        """
        return self._and("remove", parsed(name))

    def add(self, name: str, value: int | float | Decimal | Set[Any]) -> Self:
        """Add a number to a number, or members to a set; what is absent counts as 0 or as empty."""
        return self._with(addition(self._wish.mapping, parsed(name), value))

    def increment(self, name: str, by: int | float | Decimal | timedelta = 1) -> Self:
        """Add to a number; an absent one counts from 0. The sum is not validated."""
        return self._and("increment", parsed(name), by)

    def decrement(self, name: str, by: int | float | Decimal | timedelta = 1) -> Self:
        """Take from a number; an absent one counts from 0. The difference is not validated."""
        return self._and("decrement", parsed(name), by)

    def append(self, name: str, *values: object) -> Self:
        """Put elements at the end of a list; an absent one is begun."""
        return self._and("append", parsed(name), _some("append", name, values))

    def prepend(self, name: str, *values: object) -> Self:
        """Put elements at the beginning of a list, in this order; an absent one is begun."""
        return self._and("prepend", parsed(name), _some("prepend", name, values))

    def set_item(self, name: str, at: int | str, value: object) -> Self:
        """Set one element of a list, or one entry of a map.

        Args:
            name: the list or map, which must be there.
            at: the index, counted from 0, where one beyond the end appends; or the key, as it is.
            value: the element or entry.
        """
        return self._and("set", _item("set_item", name, at), value)

    def remove_item(self, name: str, at: int | str) -> Self:
        """Remove one element of a list, so that those behind it move up, or one entry of a map."""
        return self._and("remove", _item("remove_item", name, at))

    def add_to_set(self, name: str, *members: object) -> Self:
        """Put members into a set; an absent one is begun."""
        return self._and("add_to_set", parsed(name), _members("add_to_set", name, members))

    def discard_from_set(self, name: str, *members: object) -> Self:
        """Take members out of a set; those that are not in it don't matter."""
        return self._and("discard_from_set", parsed(name), _members("discard_from_set", name, members))

    def if_(self, predicate: Callable[[T], bool]) -> Self:
        """Demand something of the stored entity; `ConditionFailed` says that it did not hold.

        Args:
            predicate: a lambda over the entity, as for `Repository.query`, or a `Specification`. It is asked
                of what is stored before the patch.
        """
        return self._if(record(predicate))

    def if_where(self, name: str, operator: str, *values: object) -> Self:
        """Demand something of the stored entity, by name; see `Query.where`."""
        return self._if(comparison(name, operator, values))

    def if_filter(self, expression: str, /, **params: object) -> Self:
        """Demand something of the stored entity, in DynamoDB's own condition language; see `Query.filter`."""
        return self._if(raw(expression, **params))

    def if_exists(self, name: str | None = None) -> Self:
        """Demand that an attribute is stored; without a name that the entity is, which is the default."""
        if name is None:
            return self._wishing(upsert=False)
        return self._if(Comparison(parsed(name), "exists"))

    def if_missing(self, name: str | None = None) -> Self:
        """Demand that an attribute is absent; without a name let the entity itself be so, and make it then.

        A new entity has what the patch sets, and its defaults for the rest.
        """
        if name is None:
            return self._wishing(upsert=True)
        return self._if(Comparison(parsed(name), "not_exists"))

    def if_version(self, version: int) -> Self:
        """Demand the stored version; `StaleEntity` says that it is another one.

        Raises:
            QueryError: entities of this mapping have no version, or it is no whole number.
        """
        mapping = self._wish.mapping
        if mapping.roles.version is None:
            raise QueryError(
                f"if_version: {mapping.schema.__name__} has no Version field; demand something else"
            )
        if isinstance(version, bool) or not isinstance(version, int) or version < 0:
            raise QueryError(f"if_version takes a version, a whole number from 0 on, not {version!r}")
        return self._wishing(expected_version=version)

    def explain(self) -> Patch[T]:
        """Give the patch in stored terms, without sending it.

        Raises:
            QueryError: it is empty, its paths overlap, or an index could not be kept in step.
            ValidationFailed: the mapping refuses values.
        """
        return planned(self._wish)

    def _executed(self, returning: Returning) -> Flow[Any]:
        if returning not in _RETURNING:
            raise QueryError(f"returning is one of {', '.join(_RETURNING)}, not {returning!r}")
        if self._unit is not None:
            self._unit.check()
        patch = self.explain()
        if returning == "none":
            return self._flows.patch(patch)
        return self._flows.patch_returning(patch, returning)

    def _and(self, verb: Verb, names: Names, operand: Any = None) -> Self:
        return self._with(edit(self._wish.mapping, verb, names, operand))

    def _with(self, further: Edit) -> Self:
        # Every change of a patch comes here; `replace` takes several times as long.
        return type(self)(self._flows, self._uow, self._unit, self._wish.with_edit(further))

    def _if(self, term: Term) -> Self:
        terms = (*conjuncts(self._wish.term), *conjuncts(term))
        return self._wishing(term=terms[0] if len(terms) == 1 else AllOf(terms))

    def _wishing(self, **changes: Any) -> Self:
        return replace(self, _wish=replace(self._wish, **changes))


@dataclass(frozen=True, slots=True, repr=False)
class PatchBuilder(PatchBuilderBase[T, UnitOfWork]):
    """A change of one item that is not read; made by `Repository.patch`.

        orders.patch("o-1").increment("views").set("status", Status.SHIPPED).execute()

    Every call gives a new patch; nothing happens before `execute`. Inside a unit of work the patch becomes a
    part of its commit, and what the unit knows of the entity is read again afterwards. Outside, it acts at
    once. The version and `updated_at` move along; the entity's own code does not run.
    """

    @overload
    def execute(self, returning: Literal["none"] = "none") -> None: ...
    @overload
    def execute(self, returning: Literal["old", "new"]) -> T | None: ...
    @overload
    def execute(self, returning: Literal["updated_old", "updated_new"]) -> dict[str, Any]: ...
    def execute(self, returning: Returning = "none") -> Any:
        """Send the patch, or make it a part of the unit that is open here.

        Args:
            returning: "none"; or outside a unit "old" or "new" for the entity before or after it,
                "updated_old" or "updated_new" for the values of the attributes that it changes.

        Returns:
            None, the entity (None if there was none), or name -> value.

        Raises:
            EntityGone: there is no such entity, and the patch does not say `if_missing()`.
            StaleEntity: it has another version than `if_version` demands.
            ConditionFailed: a condition does not hold.
            ValidationFailed: the mapping refuses values; nothing was sent.
            QueryError: the patch can't be; nothing was sent.
            CommitOutcomeUnknown: its answer was lost.
            UnitOfWorkStateError: the unit adds, removes or saves the entity, or `returning` inside a unit.
        """
        return self._uow.perform(self._executed(returning))


@dataclass(frozen=True, slots=True, repr=False)
class AsyncPatchBuilder(PatchBuilderBase[T, AsyncUnitOfWork]):
    """A change of one item that is not read; made by `AsyncRepository.patch`. See `PatchBuilder`."""

    @overload
    async def execute(self, returning: Literal["none"] = "none") -> None: ...
    @overload
    async def execute(self, returning: Literal["old", "new"]) -> T | None: ...
    @overload
    async def execute(self, returning: Literal["updated_old", "updated_new"]) -> dict[str, Any]: ...
    async def execute(self, returning: Returning = "none") -> Any:
        """Send the patch, or make it a part of the unit that is open here; see `PatchBuilder.execute`."""
        return await self._uow.perform(self._executed(returning))


def _some(verb: Verb, name: str, values: tuple[object, ...]) -> tuple[object, ...]:
    if not values:
        raise QueryError(f"{verb}({name!r}) takes at least one value")
    return values


def _members(verb: Verb, name: str, members: tuple[object, ...]) -> frozenset[object]:
    try:
        return frozenset(_some(verb, name, members))
    except TypeError:
        kinds = ", ".join(dict.fromkeys(type(member).__name__ for member in members))
        raise QueryError(
            f"{verb}({name!r}, ...) takes members, one argument each, not {kinds}; write "
            f"{verb}({name!r}, *members)"
        ) from None


def _item(call: str, name: str, at: int | str) -> Names:
    if isinstance(at, bool) or not isinstance(at, int | str):
        raise QueryError(
            f"{call}({dotted(parsed(name))!r}, ...) takes the index of a list or the key of a map, not "
            f"{type(at).__name__}"
        )
    if at == "":
        raise QueryError(f"{call}({dotted(parsed(name))!r}, ...): the key of a map is never empty")
    return (*parsed(name), at)
