"""Whole entities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from hypothesis import strategies as st

from persistence import fields
from persistence.errors import MappingError, QueryError
from persistence.mapping import EntityMapping, KeyPart, MappingSchema
from persistence.mapping.declaration import did_you_mean, subject_of
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.hints import allows_none
from persistence.mapping.records import RecordPlan
from persistence.mapping.schema import mapping_of
from persistence.query.fitness import width_of
from persistence.testing.strategies.scalars import Strategy
from persistence.testing.strategies.values import Surroundings, values_of

T = TypeVar("T")


def entities(mapping: type[MappingSchema[T]], **overrides: st.SearchStrategy[Any]) -> st.SearchStrategy[T]:
    """Give entities that a mapping stores, and reads back as they are.

    Values are made by the types of the fields and by their validators: Length, Range, OneOf, NoneOf, Equal,
    Regexp, Email, URL and ContainsOnly. What other validators refuse, or the entity's own constructor, is
    left out. Where that is most of what is made, pass strategies for the fields concerned.

    Args:
        mapping: the mapping.
        overrides: field -> strategy, for fields whose values you know better.

    Raises:
        QueryError: there is no such field, or what was passed is no strategy.
        MappingError: the mapping can't be used, or nothing says what the values of a field are; also when
            examples are made, and all of them are refused.
    """
    compiled = mapping_of(mapping)
    _check_overrides(compiled, overrides)
    storing = _Patience(f"refused by {mapping.__name__}")
    made = _Records(compiled).entity(overrides)
    return made.filter(lambda entity: storing.allows(lambda: compiled.codec.encode(entity)))


def register(*mappings: type[MappingSchema[Any]]) -> None:
    """Let `st.from_type`, `st.builds` and `@given` make the entities of mappings by `entities`."""
    for mapping in mappings:
        st.register_type_strategy(mapping_of(mapping).entity_type, entities(mapping))


def _check_overrides(mapping: EntityMapping[Any], overrides: Mapping[str, object]) -> None:
    known = [field.name for field in mapping.plan.fields if field.on_entity]
    for name, strategy in overrides.items():
        if name not in known:
            raise QueryError(f"{mapping.name} has no field {name!r}; {did_you_mean(name, known)}")
        if not isinstance(strategy, st.SearchStrategy):
            raise QueryError(
                f"{name}: a strategy is expected, not {type(strategy).__name__}; for one value write "
                f"{name}=st.just(...)"
            )


class _Patience:
    """Leaves out what is refused, unless everything is: then it says why.

    Args:
        refused: what is said of what is refused.
    """

    def __init__(self, refused: str) -> None:
        self._refused = refused
        self._refusals = 0
        self._allows_some = False

    def allows(self, work: Callable[[], object]) -> bool:
        """Tell whether something can be done.

        Raises:
            MappingError: nothing of all that was tried so far could be.
        """
        try:
            work()
        except Exception as refusal:  # validators and entities are the user's code, and refuse in any way
            self._refusals += 1
            if self._refusals >= _ENOUGH and not self._allows_some:
                raise MappingError(
                    f"the first {self._refusals} entities that were made were all {self._refused}, the last "
                    f"with {type(refusal).__name__}: {refusal}. Pass strategies for the fields concerned: "
                    "entities(..., field=st...)"
                ) from refusal
            return False
        self._allows_some = True
        return True


_ENOUGH = 60
"""How many refusals without anything else show that it will go on like that."""


class _Records:
    """The strategies of an entity and of all that is nested in it."""

    def __init__(self, mapping: EntityMapping[Any]) -> None:
        self._mapping = mapping
        self._made: dict[int, Strategy] = {}

    def entity(self, overrides: Mapping[str, Strategy]) -> Strategy:
        """Give the strategy of the entity itself."""
        return self._record(self._mapping.plan, overrides, top=True)

    def nested(self, plan: RecordPlan) -> Strategy:
        """Give the strategy of a nested entity; entities may hold their own kind."""
        known = self._made.get(id(plan))
        if known is None:
            known = st.deferred(lambda: self._record(plan, {}))
            self._made[id(plan)] = known
        return known

    def _record(self, plan: RecordPlan, overrides: Mapping[str, Strategy], *, top: bool = False) -> Strategy:
        hints = subject_of(type(plan.schema)).hints
        made = {
            field.name: self._field(plan, field, hints.get(field.name, Any), top)
            for field in plan.fields
            if _is_set(field) and field.name not in overrides
        }
        making = _Patience(f"refused by {plan.entity_type.__name__} itself")
        possible = st.fixed_dictionaries({**made, **overrides}).filter(
            lambda values: making.allows(lambda: plan.construction.build(values))
        )
        return possible.map(plan.construction.build)

    def _field(self, plan: RecordPlan, field: FieldPlan, hint: Any, top: bool) -> Strategy:
        if isinstance(field.field, fields.DeletedAt):
            return st.none()
        where = f"{plan.entity_type.__name__}.{field.name}"
        around = Surroundings(self.nested, where, hint)
        if top:
            around = self._in_keys(field, around)
        made = values_of(field.node, field.field, around)
        may_be_none = allows_none(hint) if field.role else field.optional
        if may_be_none and not self._in_own_key(field, top=top):
            return st.none() | made
        return made

    def _in_own_key(self, field: FieldPlan, *, top: bool) -> bool:
        return top and field.name in self._mapping.key_fields

    def _in_keys(self, field: FieldPlan, around: Surroundings) -> Surroundings:
        parts = [part for part in self._key_parts() if field.name in part.fields]
        if not parts:
            return around
        slots = [
            (part.parsed, slot)
            for part in parts
            if part.parsed is not None
            for slot in part.parsed.slots
            if slot.name == field.name
        ]
        separators = {char for template, _ in slots for literal in template.literals[1:] for char in literal}
        widths = [width for _, slot in slots if slot.spec and (width := width_of(slot)) is not None]
        return Surroundings(
            around.record,
            around.where,
            around.hint,
            "".join(sorted(separators)),
            True,
            min(widths, default=None),
        )

    def _key_parts(self) -> Iterator[KeyPart]:
        for index in (None, *(index.name for index in self._mapping.table.indexes)):
            yield from self._mapping.key_parts(index)


def _is_set(field: FieldPlan) -> bool:
    """Tell whether the mapping reads a field back, so that an entity may have any value there."""
    return field.on_entity and field.stored and field.loaded
