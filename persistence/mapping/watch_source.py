"""The source by which changes are found: what encodes single fields, and what lists all that is inside."""

from __future__ import annotations

from persistence.mapping.depth import unmeasured
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.freezing import inside, never_changes, tells
from persistence.mapping.nodes import Output
from persistence.mapping.plain import refuse_depth
from persistence.mapping.records import RecordPlan
from persistence.mapping.source import Source, any_of
from persistence.mapping.writing import Writing


class FieldWriting(Writing):
    """Writes a function for each field, which gives the attribute of a `value`, or None to leave it out."""

    def __init__(self, plan: RecordPlan, out: Output) -> None:
        super().__init__(plan, out)
        self._own = [field for field in self._stored if not field.foreign]
        self._variables = {field.name: "value" for field in self._own}

    def functions(self, name: str) -> str:
        """Write the functions, and a dict of them.

        Args:
            name: that of the dict: attribute -> function.
        """
        texts = [
            f"def {name}_{place}(value):\n{self._function(field).indented(1)}\n"
            for place, field in enumerate(self._own)
        ]
        entries = [f"    {field.attribute!r}: {name}_{place}," for place, field in enumerate(self._own)]
        return "\n".join([*texts, f"{name} = {{", *entries, "}\n"])

    def _function(self, field: FieldPlan) -> Source:
        source = Source()
        if field.optional:
            absent = '{"NULL": True}' if field.null else "None"
            source.add("if value is None:", f"    return {absent}")
        source.add(*self._leaving(any_of(list(self._field_guards(field)) or ["value is None"])))
        present = self._present(field, "value")
        if present not in ("True", "value is not None"):
            source.add(f"if not ({present}):", "    return None")
        source.add(f"stored = {field.node.write(self._out, 'value')}")
        if unmeasured(field.node):
            source.add(f"{self._out.bind(refuse_depth, 'refuse_depth')}(stored)")
        return source.add("return stored")


def contents_source(plan: RecordPlan, out: Output, name: str) -> str:
    """Write the function that lists what is inside of all fields of an `entity` whose values may change.

    Args:
        plan: the fields.
        out: where helpers are known.
        name: of the function.
    """
    source = Source().add("return (")
    for field in plan.fields:
        if field.stored and field.on_entity and not never_changes(field.node) and tells(field.node):
            members = inside(field.node, out, "each")
            source.add(f"    *((None,) if (each := entity.{field.name}) is None else ({members},)),")
    return f"def {name}(entity):\n{source.add(')').indented(1)}\n"
