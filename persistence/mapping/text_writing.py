"""The source that writes entities as the JSON text of their items, without making the items.

The text is that of the item which `writing` would make. What is unusual, or can't be stored, makes the
function fail; then the item is made, or refused in words.
"""

from __future__ import annotations

from collections.abc import Iterator

from persistence.json_text import plain_text, quoted
from persistence.mapping import scalars
from persistence.mapping.declaration import has_hooks
from persistence.mapping.depth import unmeasured
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.keys import KeyPart
from persistence.mapping.nodes import Output, Scalar, Text
from persistence.mapping.records import RecordPlan
from persistence.mapping.roles import Roles
from persistence.mapping.source import Source
from persistence.mapping.tables import Placement
from persistence.mapping.walking import encodes_by_field, encodes_own_key, parts_of
from persistence.mapping.writing import RootWriting, Writing, surely_fits_a_key

_NOT_IN_BRACES = frozenset("'\"\\{}:!=")
"""What an expression can't have in the braces of an f-string, of Python 3.11 too."""


def writes_text(plan: RecordPlan, placement: Placement, roles: Roles) -> bool:
    """Tell whether new entities of a mapping can be written as text.

    So it is where nothing has to see the item that is made of one: neither validators nor hooks, nor a look
    at its depth or at the size of a key; and where entities have no mark of a deletion.

    Args:
        plan: the mapping's fields.
        placement: its keys.
        roles: the fields that the unit of work keeps.
    """
    if roles.deleted_at is not None or not encodes_own_key(plan):
        return False
    if not encodes_by_field(plan, placement, roles) or any(map(_is_hooked, parts_of(plan))):
        return False
    stored = {field.attribute: field for field in plan.fields if field.stored}
    own = [part.attribute for part in placement.parts[None]]
    keys = [stored[part.attribute] for part in placement.distinct_parts() if part.attribute in stored]
    return (
        all(map(surely_fits_a_key, keys))
        and all(stored[name].always for name in own if name in stored)
        and not any(unmeasured(field.node) for field in stored.values())
        and not {role.attribute for role in roles.managed}.intersection(own)
    )


def _is_hooked(part: object) -> bool:
    return isinstance(part, RecordPlan) and (part.hooked or has_hooks(type(part.schema), "pre_dump"))


class TextWriting(Writing):
    """Writes the body of a function that gives the text of a nested entity."""

    def source(self, finish: str = "return {}", around: tuple[str, str] = ("", "")) -> Source:
        """Write the body.

        Args:
            finish: what is done with the text at last, which takes the place of the braces.
            around: JSON before and behind it.
        """
        self._lines, self._taken = Source(), 0
        first = ",".join(self._member(attribute, text) for attribute, text in self._always())
        further = "".join(f"{{{name}}}" for name in self._optional())
        shown = first if first or not further else f"{{{self._kept(f'f{further!r}[1:]')}}}"
        shown += further if first else ""
        before, after = map(_as_shown, around)
        text = f"{before}{{{{{shown}}}}}{after}"
        return self._read_and_checked().extend(self._lines).add(finish.format(f"f{text!r}"))

    def _member(self, attribute: str, text: Text) -> str:
        """Write a member of the text, as it stands in an f-string."""
        before, content, after = text
        if content:
            content = f"{{{content if _NOT_IN_BRACES.isdisjoint(content) else self._kept(content)}}}"
        return f"{_as_shown(f'{quoted(attribute)}:{before}')}{content}{_as_shown(after)}"

    def _kept(self, expression: str) -> str:
        name = self._new_name()
        self._lines.add(f"{name} = {expression}")
        return name

    def _new_name(self) -> str:
        self._taken += 1
        return f"t{self._taken}"

    def _always(self) -> Iterator[tuple[str, Text]]:
        for field in self._stored:
            if field.always:
                yield field.attribute, self._text_of(field)

    def _text_of(self, field: FieldPlan) -> Text:
        name = self._variables[field.name]
        if name in self._packed:
            return scalars.INTEGER.text_of(self._out, name)
        return field.node.write_text(self._out, name)

    def _optional(self) -> Iterator[str]:
        """Give the names of members that may be absent, and are empty then; else a comma comes first."""
        for field in self._stored:
            if not field.always:
                name, text = self._new_name(), self._text_of(field)
                before = f",{quoted(field.attribute)}:{text.before}"
                written = Text(before, text.content, text.after).expression
                self._lines.add(*self._where_present(field, f"{name} = {written}"))
                if field.null:
                    absent = f',{quoted(field.attribute)}:{{"NULL":true}}'
                    self._lines.add(f"elif {self._variables[field.name]} is None:")
                    self._lines.add(f"    {name} = {absent!r}")
                self._lines.add("else:", f"    {name} = ''")
                yield name


class RootTextWriting(TextWriting, RootWriting):
    """Writes the body for an entity that is an item; it is given its `key`, and `kept` to put at the end.

    Args:
        plan: the mapping's fields.
        out: where the source is put.
        placement: its keys.
        roles: the fields that the unit of work keeps; they are left out.
    """

    def __init__(self, plan: RecordPlan, out: Output, placement: Placement, roles: Roles) -> None:
        super().__init__(plan, out, placement)
        managed = {role.attribute for role in roles.managed}
        self._stored = [field for field in self._stored if field.attribute not in managed]
        self._parts = {name: part for name, part in self._parts.items() if name not in managed}
        self._own = {part.attribute for part in placement.parts[None]}
        self._names: dict[str, str] = {}

    def _always(self) -> Iterator[tuple[str, Text]]:
        yield from super()._always()
        if self._placement.discriminator is not None:
            attribute, value = self._placement.discriminator
            yield attribute, Text(f'{{"S":{quoted(value)}}}', "", "")
        for part, required in self._parts.values():
            if required and part.attribute not in self._by_attribute:
                name = self._names[part.attribute] = self._new_name()
                self._lines.add(*self._made(part, required))
                yield part.attribute, Text("", name, "")

    def _text_of(self, field: FieldPlan) -> Text:
        if field.attribute not in self._own:
            return super()._text_of(field)
        node = field.node
        assert isinstance(node, Scalar)  # as all that can be a key
        content = self._kept(node.write_content(self._out, self._variables[field.name]))
        self._lines.add(*self._leaving(f"key[{field.attribute!r}][{node.tag!r}] != {content}"))
        return node.text_of(self._out, content)

    def _optional(self) -> Iterator[str]:
        yield from super()._optional()
        for part, required in self._parts.values():
            if not required and part.attribute not in self._by_attribute:
                name = self._names[part.attribute] = self._new_name()
                self._lines.add(f"{name} = ''", *self._made(part, required))
                yield name
        yield "kept"

    def _kept_text(self, part: KeyPart) -> Iterator[str]:
        if part.attribute in self._own:
            yield from self._leaving(f'key[{part.attribute!r}]["S"] != stored')
        yield from self._kept_key(part, Text('{"S":', f"{self._out.bind(quoted, 'quoted')}(stored)", "}"))

    def _kept_value(self, part: KeyPart, value: str) -> Iterator[str]:
        yield f"stored = {value}"
        if part.attribute in self._own:
            yield from self._leaving(f"key[{part.attribute!r}] != stored")
        yield from self._kept_key(part, Text("", f"{self._out.bind(plain_text, 'plain_text')}(stored)", ""))

    def _kept_key(self, part: KeyPart, text: Text) -> Iterator[str]:
        before, content, after = text
        comma = "" if part.attribute in self._own else f",{quoted(part.attribute)}:"
        yield f"{self._names[part.attribute]} = {Text(f'{comma}{before}', content, after).expression}"


def _as_shown(json: str) -> str:
    """Write JSON as it stands in an f-string."""
    return json.replace("{", "{{").replace("}", "}}")
