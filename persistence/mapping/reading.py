"""The source that builds entities."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator
from typing import Any

from persistence.mapping.construction import default_source
from persistence.mapping.fieldplan import FieldPlan, PlainView
from persistence.mapping.nodes import Output, leave_fast_way
from persistence.mapping.records import RecordPlan
from persistence.mapping.source import Source

_LITERAL_FACTORIES: dict[Any, str] = {
    list: "[]",
    dict: "{}",
    set: "set()",
    tuple: "()",
    frozenset: "frozenset()",
}
_LITERAL_TYPES = (str, int, bool, type(None))


class Reading:
    """Writes the body of a function that builds an entity from `item`.

    Args:
        plan: the schema's fields.
        out: the compiler.
        item: the name of the item or map.
        in_key: fields whose attribute may be absent because a key template holds them.
    """

    def __init__(self, plan: RecordPlan, out: Output, item: str, in_key: Collection[str] = ()) -> None:
        self._plan = plan
        self._out = out
        self._item = item
        self._in_key = in_key
        self._fields = {field.name: field for field in plan.fields if field.loaded}
        self._class = out.bind(plan.entity_type, plan.entity_type.__name__)

    def source(self, finish: str = "return {}") -> Source:
        """Write the body.

        Args:
            finish: what is done with the entity at last, with braces in its place.
        """
        construction = self._plan.construction
        source = Source()
        if self._plan.hooked:
            return source.add(f"{self._out.bind(leave_fast_way, 'leave')}()")
        settable = [self._fields[field.name] for field in construction.settable if field.name in self._fields]
        for place, field in enumerate(construction.arguments):
            source.add(*self._fetched(field, place))
        values = {field.name: self._value(field, place) for place, field in enumerate(construction.arguments)}
        if construction.bypass and not construction.settable:
            return source.add(*self._bypassing(values), finish.format("entity"))
        before, after = ("entity = ", "") if settable else finish.split("{}")
        arguments = (f"    {argument}," for argument in self._arguments(values))
        source.add(f"{before}{self._class}(", *arguments, f"){after}")
        if not settable:
            return source
        for place, plan in enumerate(settable):
            source.add(*self._set(plan, f"b{place}"))
        return source.add(finish.format("entity"))

    def _stored(self, field: FieldPlan) -> str:
        """Give an expression for the attribute value of a field, which fails where it is absent."""
        return f"{self._item}[{field.attribute!r}]"

    def _found(self, field: FieldPlan) -> str:
        """Give an expression for the attribute value of a field, or None where it is absent."""
        return f"{self._item}.get({field.attribute!r})"

    def _read(self, field: FieldPlan, stored: str) -> str:
        """Give an expression for the Python value of a field, from one for its attribute value."""
        return field.node.read(self._out, stored)

    def _absentable(self, field: FieldPlan) -> bool:
        return field.default is not None and field.name not in self._in_key

    def _fetched(self, field: dataclasses.Field[Any], place: int) -> Iterator[str]:
        plan = self._fields.get(field.name)
        if plan is not None and not plan.foreign and self._absentable(plan):
            yield f"a{place} = {self._found(plan)}"

    def _value(self, field: dataclasses.Field[Any], place: int) -> str:
        plan = self._fields.get(field.name)
        if plan is None:
            return self._default(field, default_source(field))
        if plan.foreign:
            return f"{self._out.bind(self._foreign(plan), f'decode_{plan.key}')}({self._item})"
        if not self._absentable(plan):
            return self._read(plan, self._stored(plan))
        default, read = self._default(field, plan.default), self._read(plan, f"a{place}")
        return f"{default} if a{place} is None else {read}"

    def _foreign(self, plan: FieldPlan) -> Callable[[Any], Any]:
        return lambda item: plan.decode(item, PlainView(item))

    def _default(self, field: dataclasses.Field[Any], default: Callable[[], Any] | None) -> str:
        if default is None:  # fields without default are always loaded; the planner made sure of that
            return f"{self._out.bind(leave_fast_way, 'leave')}()"
        if isinstance(default, type) and default in _LITERAL_FACTORIES:
            return _LITERAL_FACTORIES[default]
        if field.default is not dataclasses.MISSING and default() is field.default:
            constant = field.default
            return (
                repr(constant)
                if type(constant) in _LITERAL_TYPES
                else self._out.bind(constant, f"default_{field.name}")
            )
        return f"{self._out.bind(default, f'make_{field.name}')}()"

    def _arguments(self, values: dict[str, str]) -> Iterator[str]:
        for field in self._plan.construction.arguments:
            by_name = field.kw_only or not self._plan.construction.positional
            yield f"{field.name}={values[field.name]}" if by_name else values[field.name]

    def _bypassing(self, values: dict[str, str]) -> Iterator[str]:
        entity_type = self._plan.entity_type
        yield f"entity = {self._out.bind(object.__new__, 'new')}({self._class})"
        if self._plan.construction.slots:
            for name, value in values.items():
                setter = self._out.bind(getattr(entity_type, name).__set__, f"set_{name}")
                yield f"{setter}(entity, {value})"
        else:
            yield "entity.__dict__.update({"
            yield from (f"    {name!r}: {value}," for name, value in values.items())
            yield "})"

    def _set(self, plan: FieldPlan, name: str) -> Iterator[str]:
        yield f"{name} = {self._found(plan)}"
        yield f"if {name} is not None:"
        value = self._read(plan, name)
        setter = self._out.bind(self._plan.construction.set, "set_attribute")
        yield f"    {setter}(entity, {plan.name!r}, {value})"
