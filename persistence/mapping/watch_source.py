"""The source by which changes are found: what encodes single fields, and what tells objects apart."""

from __future__ import annotations

from persistence.mapping.depth import unmeasured
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.freezing import differing, inside, never_changes, tells
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


def watch_source(plan: RecordPlan, out: Output, name: str) -> str:
    """Write the functions by which an entity is held against what is remembered of it, and a tuple of them.

    `values` reads its class and the values that never change themselves, `contents` what is inside of the
    others that tell. `replaced` gives the places in the former at which another object stands now, and that
    object; `touched` gives those in the latter.

    Args:
        plan: the fields.
        out: where helpers are known.
        name: that of the tuple.
    """
    watched = [field for field in plan.fields if field.stored and field.on_entity]
    fixed = [field for field in watched if never_changes(field.node)]
    telling = [field for field in watched if not never_changes(field.node) and tells(field.node)]
    values, replaced = Source().add("return (", "    entity.__class__,"), Source()
    replaced.add(f"kind, {''.join(f'was_{place}, ' for place, _ in enumerate(fixed, 1))}= known")
    replaced.add("moved = []", "if entity.__class__ is not kind:", "    moved.append((0, entity.__class__))")
    for place, field in enumerate(fixed, 1):
        values.add(f"    entity.{field.name},")
        replaced.add(f"if entity.{field.name} is not was_{place}:")
        replaced.add(f"    moved.append(({place}, entity.{field.name}))")
    contents, touched = Source().add("return ("), Source().add("places = []")
    for place, field in enumerate(telling):
        contents.add(f"    None if (each := entity.{field.name}) is None else {inside(field.node, 'each')},")
        touched.add(f"each, was = entity.{field.name}, known[{place}]")
        touched.add("if each is None or was is None:", "    if each is not was:")
        touched.add(f"        places.append({place})")
        touched.add(*differing(field.node, out, "each", "was", f"places.append({place})"))
    functions = {
        f"{name}_values(entity)": values.add(")"),
        f"{name}_replaced(entity, known)": replaced.add("return moved"),
        f"{name}_contents(entity)": contents.add(")"),
        f"{name}_touched(entity, known)": touched.add("return places"),
    }
    texts = [f"def {head}:\n{body.indented(1)}\n" for head, body in functions.items()]
    return "\n\n".join([*texts, f"{name} = ({', '.join(head.partition('(')[0] for head in functions)})\n"])
