"""The source that encodes entities."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from struct import Struct
from typing import Any

from persistence.mapping import scalars
from persistence.mapping.collecting import Collected
from persistence.mapping.depth import unmeasured
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.keys import KeyPart, Slot
from persistence.mapping.nodes import NO_EMPTY, Output, leave_fast_way
from persistence.mapping.plain import refuse_depth
from persistence.mapping.records import RecordPlan
from persistence.mapping.source import Source, any_of
from persistence.mapping.tables import Placement
from persistence.mapping.untyped import Plain

# A character takes up to four bytes in UTF-8: keys of a quarter of the limit surely fit, others are measured.
_BYTES_PER_CHARACTER = 4
# Packing fails for what takes more than 64 bits: the fastest look at the sizes of many integers. Larger ones,
# which go the sure way, are rare where integers are many.
_MANY_INTEGERS = 8
_ALWAYS_FITTING = (scalars.UUID, scalars.DATETIME, scalars.DATE, scalars.TIME)


def surely_fits_a_key(field: FieldPlan) -> bool:
    """Tell whether what passed the guards of a field is not too long for a key."""
    return field.node in (scalars.STRING, scalars.BINARY, *_ALWAYS_FITTING) or field.node.key_type == "N"


class Writing:
    """Writes the body of a function that gives the attributes of `entity`."""

    def __init__(self, plan: RecordPlan, out: Output) -> None:
        self._plan = plan
        self._out = out
        self._stored = [field for field in plan.fields if field.stored and (field.on_entity or field.foreign)]
        self._variables = {field.name: f"v{place}" for place, field in enumerate(self._stored)}

    def source(self, finish: str = "return item") -> Source:
        """Write the body.

        Args:
            finish: what is done with `item` at last.
        """
        if self._plan.hooked:
            return Source().add(*self._leaving("True"))
        source = self._read_and_checked().add(*self._validations())
        entries = [*self._entries(), *self._constants()]
        further = [line for field in self._stored for line in self._further(field)]
        further += [*self._keys(), *self._depths()]
        shown = ["item = {", *(f"    {entry}," for entry in entries), "}"]
        return source.add(*shown, *further, finish)

    def _read_and_checked(self) -> Source:
        """Write what reads the fields, and looks whether all is as usual."""
        kind = self._out.bind(self._plan.entity_type, self._plan.entity_type.__name__)
        source = Source().add(*self._leaving(f"type(entity) is not {kind}"))
        read = [field for field in self._stored if not field.foreign or field.name in self._key_names()]
        source.add(
            *(f"{self._variables[field.name]} = entity.{field.name}" for field in read if field.on_entity)
        )
        return source.add(*self._leaving(any_of(list(self._guards()))), *self._sizes())

    def _leaving(self, condition: str) -> Iterator[str]:
        if condition:
            yield f"if {condition}:"
            yield f"    {self._out.bind(leave_fast_way, 'leave')}()"

    def _key_names(self) -> frozenset[str]:
        return frozenset()

    def _constants(self) -> Iterator[str]:
        yield from ()

    def _keys(self) -> Iterator[str]:
        yield from ()

    def _depths(self) -> Iterator[str]:
        yield from ()

    def _key_guards(self, field: FieldPlan) -> Iterator[str]:
        yield from ()

    def _guards(self) -> Iterator[str]:
        for field in self._stored:
            if not field.foreign and not field.optional:
                guards = [*self._field_guards(field), *self._key_guards(field)]
                yield from guards
                if not guards:
                    yield f"{self._variables[field.name]} is None"

    def _field_guards(self, field: FieldPlan) -> Iterator[str]:
        guard = field.node.guard(self._out, self._variables[field.name])
        if guard and guard != "False":
            yield guard

    def _validations(self) -> Iterator[str]:
        if not self._out.validating:
            return
        for field in self._stored:
            if field.validated and not field.foreign:
                name = self._variables[field.name]
                call = f"{self._out.bind(field.field._validate, f'validate_{field.name}')}({name})"
                yield f"if {name} is not None: {call}" if field.optional else call
        if self._plan.field_validators or self._plan.entity_validators:
            yield f"{self._out.bind(self._run_methods, 'validate')}(entity)"

    def _run_methods(self, entity: Any) -> None:
        parts = Collected()
        self._plan.run_methods(entity, parts)
        parts.close()

    def _entries(self) -> Iterator[str]:
        for field in self._stored:
            if field.always:
                name = self._variables[field.name]
                small = name in self._packed
                written = f'{{"N": f"{{{name}}}"}}' if small else field.node.write(self._out, name)
                yield f"{field.attribute!r}: {written}"

    @cached_property
    def _packed(self) -> list[str]:
        """The variables of integers whose size is looked at together, where they are many."""
        integers = [field for field in self._stored if field.always and field.node is scalars.INTEGER]
        return [self._variables[field.name] for field in integers] if len(integers) >= _MANY_INTEGERS else []

    def _sizes(self) -> Iterator[str]:
        if self._packed:
            pack = self._out.bind(Struct(f"{len(self._packed)}q").pack, "pack")
            yield f"{pack}({', '.join(self._packed)})"

    def _further(self, field: FieldPlan) -> Iterator[str]:
        if field.always:
            return
        name = self._variables[field.name]
        target = f"item[{field.attribute!r}]"
        if field.foreign:
            yield f"stored = {self._out.bind(self._foreign(field), f'encode_{field.key}')}(entity)"
            yield f"if stored is not None: {target} = stored"
            return
        yield from self._where_present(field, f"{target} = {field.node.write(self._out, name)}")
        if field.null:
            yield f"elif {name} is None:"
            yield f'    {target} = {{"NULL": True}}'

    def _where_present(self, field: FieldPlan, *lines: str) -> Iterator[str]:
        yield f"if {self._present(field, self._variables[field.name])}:"
        guards = [*self._field_guards(field), *self._key_guards(field)] if field.optional else []
        yield from (f"    {line}" for line in (*self._leaving(any_of(guards)), *lines))

    def _foreign(self, field: FieldPlan) -> Any:
        schema, validate = self._plan.schema, self._out.validating
        return lambda entity: field.encode(entity, schema, validate=validate)

    def _present(self, field: FieldPlan, name: str) -> str:
        present = [f"{name} is not None"] if field.optional else []
        if field.omit_empty and field.node.empty is not NO_EMPTY:
            present.append(f"{name} != {self._out.bind(field.node.empty, f'empty_{field.name}')}")
        elif field.is_set:
            # An empty container that is no set would pass for one here; its type is looked at first.
            present.append(f"({name} or {field.node.guard(self._out, name)})" if field.optional else name)
        return " and ".join(present) or "True"


class RootWriting(Writing):
    """Writes the body for an entity that is an item: with keys and discriminator."""

    def __init__(self, plan: RecordPlan, out: Output, placement: Placement) -> None:
        super().__init__(plan, out)
        self._placement = placement
        self._by_attribute = {field.attribute: field for field in self._stored}
        own = {part.attribute for part in placement.parts[None]}
        self._parts = {part.attribute: (part, part.attribute in own) for part in placement.distinct_parts()}

    def _key_names(self) -> frozenset[str]:
        return frozenset(name for part, _ in self._parts.values() for name in part.fields)

    def _constants(self) -> Iterator[str]:
        if self._placement.discriminator is not None:
            attribute, value = self._placement.discriminator
            yield f'{attribute!r}: {{"S": {value!r}}}'

    def _key_guards(self, field: FieldPlan) -> Iterator[str]:
        part, _ = self._parts.get(field.attribute, (None, False))
        name = self._variables[field.name]
        if part is not None and field.node in (scalars.STRING, scalars.BINARY):
            yield f"not 0 < len({name}) <= {part.limit // _BYTES_PER_CHARACTER}"

    def _keys(self) -> Iterator[str]:
        for part, required in self._parts.values():
            field = self._by_attribute.get(part.attribute)
            if field is not None and field.stored:
                yield from self._measured(field, part, required)
            else:
                yield from self._made(part, required)

    def _depths(self) -> Iterator[str]:
        refuse = self._out.bind(refuse_depth, "refuse_depth")
        for field in self._stored:
            if unmeasured(field.node):
                present = "" if field.always else f"if {field.attribute!r} in item: "
                yield f"{present}{refuse}(item[{field.attribute!r}])"

    def _measured(self, field: FieldPlan, part: KeyPart, required: bool) -> Iterator[str]:
        if (field.optional and required) or (field.omit_empty and required) or (field.foreign and required):
            yield from self._leaving(f"{part.attribute!r} not in item")
        if not surely_fits_a_key(field):
            problem = self._out.bind(part.problem, f"problem_of_{field.key}")
            yield from self._leaving(f"{part.attribute!r} in item and {problem}(item[{part.attribute!r}])")

    def _made(self, part: KeyPart, required: bool) -> Iterator[str]:
        absent = [f"{self._variable(name)} is None" for name in part.fields if self._may_be_none(name)]
        if absent and required:
            yield from self._leaving(any_of(absent))
        lines = list(self._inlined(part) if self._simple(part) else self._called(part))
        if absent and not required:
            yield f"if not ({any_of(absent)}):"
            lines = [f"    {line}" for line in lines]
        yield from lines

    def _variable(self, name: str) -> str:
        return self._variables.get(name, f"entity.{name}")

    def _field(self, name: str) -> FieldPlan | None:
        return next((field for field in self._stored if field.name == name), None)

    def _may_be_none(self, name: str) -> bool:
        field = self._field(name)
        return field is None or field.optional or field.foreign or isinstance(field.node, Plain)

    def _simple(self, part: KeyPart) -> bool:
        template = part.parsed
        if template is None:
            return False
        literals = template.literals[1:]
        return bool(template.slots) and all(
            self._simple_slot(slot, literal) for slot, literal in zip(template.slots, literals, strict=True)
        )

    def _simple_slot(self, slot: Slot, literal: str) -> bool:
        field = self._field(slot.name)
        if slot.spec or field is None:
            return False
        return slot.node is scalars.STRING or (
            slot.node is scalars.INTEGER and literal[:1] not in "-0123456789"
        )

    def _inlined(self, part: KeyPart) -> Iterator[str]:
        template = part.parsed
        if template is None:
            return
        pieces = [repr(template.literals[0])] if template.literals[0] else []
        for slot, literal in zip(template.slots, template.literals[1:], strict=True):
            name = self._variable(slot.name)
            if slot.node is scalars.STRING:
                separator = f" or {literal[0]!r} in {name}" if literal else ""
                yield from self._leaving(f"not {name}{separator}")
                pieces.append(name)
            else:
                pieces.append(f"{scalars.INTEGER.write_content(self._out, name)}".join("()"))
            pieces.extend([repr(literal)] if literal else [])
        yield f"stored = {' + '.join(pieces)}"
        yield from self._leaving(f"len(stored) > {part.limit // _BYTES_PER_CHARACTER}")
        yield from self._kept_text(part)

    def _called(self, part: KeyPart) -> Iterator[str]:
        values = ", ".join(f"{name!r}: {self._variable(name)}" for name in part.fields)
        filled = self._out.bind(part.filled, f"key_{len(self._parts)}")
        yield from self._kept_value(part, f"{filled}({{{values}}})")

    def _kept_text(self, part: KeyPart) -> Iterator[str]:
        """Keep the text `stored` as the attribute of a key part."""
        yield f'item[{part.attribute!r}] = {{"S": stored}}'

    def _kept_value(self, part: KeyPart, value: str) -> Iterator[str]:
        """Keep an attribute value as the attribute of a key part."""
        yield f"item[{part.attribute!r}] = {value}"
