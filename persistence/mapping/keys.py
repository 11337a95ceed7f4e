"""Parts of keys: a field as it is stored, or a template that several fields fill, and that is parsed back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from string import Formatter
from typing import Any

from persistence.attributes import PARTITION_KEY_SIZE_LIMIT, SORT_KEY_SIZE_LIMIT, AttributeValue, type_of
from persistence.errors import DecodeError, MappingError, QueryError
from persistence.mapping.nodes import Node
from persistence.mapping.refusal import Refused, Unreadable, said
from persistence.mapping.untyped import Foreign
from persistence.table import ScalarType


def is_template(text: str) -> bool:
    """Tell whether a part of a key is a template rather than the name of a field."""
    return not text.isidentifier()


_Class = type


@dataclass(frozen=True)
class Slot:
    """A place in a template that a field fills.

    Attributes:
        name: the field.
        spec: its format, as in `{line_no:05d}`; empty for the field's own text.
        node: how the field is stored.
    """

    name: str
    spec: str
    node: Node = field(compare=False, repr=False)

    def text(self, value: Any) -> str:
        """Give the text of a value.

        Raises:
            Refused: the value does not fit the format.
        """
        content = _scalar_text(self.node, value)
        if not self.spec:
            return content
        try:
            text = format(value, self.spec)
        except (ValueError, TypeError) as error:
            raise Refused(
                f"Does not fit the format {self.spec!r} of its key ({type(error).__name__})."
            ) from error
        if self._width is not None and (len(text) > self._width or text.startswith("-")):
            raise Refused(
                f"Does not fit into the {self._width} digits of its key; the order of keys would break."
            )
        return text

    @cached_property
    def _width(self) -> int | None:
        found = re.fullmatch(r"0(\d+)d?", self.spec)
        return int(found[1]) if found else None

    def value(self, text: str) -> Any:
        """Read a value back from its text.

        Raises:
            Unreadable: it is not such a value's text.
        """
        (tag,) = (self.node.key_type or "S",)
        return self.node.decode({tag: text})

    @cached_property
    def restores(self) -> bool:
        """Tell whether the text holds the whole value: a part of a datetime, for example, does not."""
        return not self.spec or self.node.key_type == "N"


def _scalar_text(node: Node, value: Any) -> str:
    stored = node.encode(value, validate=False)
    tag = type_of(stored)
    if tag not in ("S", "N"):
        raise Refused(f"A value stored as {tag} can't be part of a key template; only text and numbers can.")
    return str(stored[tag])


_FORGED = "the key could not be told from another one."


@dataclass(frozen=True)
class Template:
    """A key made of literal text and fields.

    Attributes:
        source: the template as it was declared.
        literals: the texts before, between and after the slots.
        slots: the fields, in order.
    """

    source: str
    literals: tuple[str, ...]
    slots: tuple[Slot, ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What texts of this template look like, each slot as a group that takes as little as it can."""
        groups = (f"{re.escape(text)}(.+?)" for text in self.literals[:-1])
        return re.compile("".join(groups) + re.escape(self.literals[-1]), re.DOTALL)

    def render(self, values: Mapping[str, Any]) -> str:
        """Fill the template.

        Raises:
            Refused: field name -> messages: a value is empty, does not fit, or contains the template's
                separators, so that it would forge another key.
        """
        texts = [self._filled(slot, values[slot.name]) for slot in self.slots]
        text = self._joined(texts)
        for slot, before, after in zip(self.slots, texts, self._parts(text), strict=True):
            if before != after:
                raise Refused(
                    {slot.name: [f"Contains a separator of the key template {self.source!r}: {_FORGED}"]}
                )
        return text

    def _filled(self, slot: Slot, value: Any) -> str:
        try:
            text = slot.text(value)
        except Refused as refused:
            raise Refused({slot.name: refused.messages}) from refused
        if not text:
            raise Refused({slot.name: [f"Can't be empty: it is part of the key {self.source!r}."]})
        return text

    def _joined(self, texts: list[str]) -> str:
        return self.literals[0] + "".join(a + b for a, b in zip(texts, self.literals[1:], strict=True))

    def _parts(self, text: str) -> tuple[str, ...]:
        found = self.pattern.fullmatch(text)
        return found.groups() if found else ("",) * len(self.slots)

    def parse(self, text: str) -> dict[str, Any]:
        """Give the values of the fields in a text of this template.

        Raises:
            Unreadable: the text does not follow the template.
        """
        found = self.pattern.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise Unreadable(f"a key such as {self.source!r}", "another text (S)")
        pairs = zip(self.slots, found.groups(), strict=True)
        return {slot.name: slot.value(part) for slot, part in pairs if slot.restores}

    def prefix(self, values: Mapping[str, Any]) -> str:
        """Give the text up to the first field that is missing."""
        text = self.literals[0]
        for slot, literal in zip(self.slots, self.literals[1:], strict=True):
            if slot.name not in values:
                return text
            text += self._filled(slot, values[slot.name]) + literal
        return text


def parse_template(source: str, where: str, node_of: Callable[[str], Node]) -> Template:
    """Read a template.

    Args:
        source: such as `"ORDER#{order_id}#LINE#{line_no:05d}"`.
        where: where it is declared, for errors.
        node_of: gives the node of a field, or raises MappingError.

    Raises:
        MappingError: it is no template, or a field can't be part of one.
    """
    literals, slots = [""], []
    try:
        parts = list(Formatter().parse(source))
    except ValueError as error:
        raise MappingError(f"{where}: {source!r} is no key template: {error}") from error
    for literal, name, spec, conversion in parts:
        literals[-1] += literal
        if name is None:
            continue
        _check_slot(source, where, name, spec or "", conversion)
        slots.append(Slot(name, spec or "", _slot_node(source, where, name, node_of(name))))
        literals.append("")
    _refuse_touching(source, where, literals)
    return Template(source, tuple(literals), tuple(slots))


def _check_slot(source: str, where: str, name: str, spec: str, conversion: str | None) -> None:
    if not name.isidentifier():
        raise MappingError(
            f"{where}: {{{name}}} in {source!r} is no field name; write {{name}} or {{name:format}}"
        )
    if conversion or "{" in spec:
        raise MappingError(
            f"{where}: conversions and nested formats can't be used in {source!r}; write {{{name}}}"
        )


def _slot_node(source: str, where: str, name: str, node: Node) -> Node:
    if node.key_type == "B" or (node.key_type is None and not isinstance(node, Foreign)):
        raise MappingError(
            f"{where}: {name!r} in {source!r} is stored as {node.expected}; only text and numbers can be "
            "part of a key template"
        )
    return node


def _refuse_touching(source: str, where: str, literals: list[str]) -> None:
    if any(not literal for literal in literals[1:-1]):
        raise MappingError(
            f"{where}: two fields of {source!r} touch, so that the key can't be parsed back; put a "
            "separator such as '#' between them"
        )


@dataclass(frozen=True)
class KeyPart:
    """One attribute of a key, of the table or of an index.

    Attributes:
        attribute: its name in the table.
        type: "S", "N" or "B".
        fields: the entity's attributes that fill it, in order.
        template: the template as declared, or None where the attribute is a field's own.
    """

    attribute: str
    type: ScalarType
    fields: tuple[str, ...]
    template: str | None
    limit: int = field(repr=False)
    owner: _Class = field(repr=False)
    node: Node | None = field(default=None, compare=False, repr=False)
    parsed: Template | None = field(default=None, compare=False, repr=False)

    def encode(self, values: Mapping[str, object]) -> AttributeValue:
        """Give the attribute value for the values of its fields.

        Args:
            values: field name -> Python value; further names are ignored.

        Raises:
            QueryError: a value is missing, None, empty, too long, or of a wrong type.
        """
        try:
            return self.filled(values)
        except Refused as refused:
            raise self._query_error(refused) from refused

    def node_of(self, name: str) -> Node:
        """Give how one of its fields is stored."""
        if self.parsed is None:
            return self._node
        return next(slot.node for slot in self.parsed.slots if slot.name == name)

    def _query_error(self, refused: Refused) -> QueryError:
        return QueryError(f"{self.owner.__name__} can't have such a key: {said(refused.messages)}")

    def filled(self, values: Mapping[str, object]) -> AttributeValue:
        """Do as `encode`, and raise what the codec reports together with other fields.

        Raises:
            Refused: field name -> messages.
        """
        for name in self.fields:
            if values.get(name) is None:
                raise Refused({name: ["Can't be None: it is part of a key."]})
        if self.parsed is not None:
            return self._fitting({"S": self.parsed.render(values)})
        (name,) = self.fields
        try:
            stored = self._node.encode(values[name], validate=False)
        except Refused as refused:
            raise Refused({name: refused.messages}) from refused
        return self._fitting(stored)

    @property
    def _node(self) -> Node:
        if self.node is None:
            raise MappingError(
                f"the key attribute {self.attribute!r} is made by the template {self.template!r}"
            )
        return self.node

    def _fitting(self, stored: AttributeValue) -> AttributeValue:
        problem = self.problem(stored)
        if problem:
            raise Refused({name: [problem] for name in self.fields or (self.attribute,)})
        return stored

    def problem(self, stored: AttributeValue) -> str | None:
        """Say why an attribute value can't be this part of a key, or None if it can."""
        ((tag, content),) = stored.items()
        if tag != self.type:
            return f"Stored as {tag}, but the key attribute {self.attribute!r} is of type {self.type}."
        if tag == "N":
            return None
        if not content:
            return "Can't be empty: it is part of a key."
        size = len(content.encode()) if isinstance(content, str) else len(content)
        if size > self.limit:
            return f"Too long for the key attribute {self.attribute!r}: {size} bytes, more than {self.limit}."
        return None

    def parse(self, value: AttributeValue) -> dict[str, object]:
        """Give the Python values of its fields.

        Raises:
            DecodeError: the attribute value is no such key.
        """
        try:
            return self.read(value)
        except Unreadable as problem:
            raise DecodeError(self.owner, self.attribute, problem.expected, problem.found) from problem

    def read(self, value: AttributeValue) -> dict[str, object]:
        """Do as `parse`, and raise what the codec reports with the key of the item.

        Raises:
            Unreadable: the attribute value is no such key.
        """
        try:
            return self._parsed_values(value)
        except Unreadable as problem:
            raise problem.inside(self.attribute) from problem.__cause__

    def _parsed_values(self, value: AttributeValue) -> dict[str, object]:
        if self.parsed is None:
            (name,) = self.fields
            return {name: self._node.decode(value)}
        if "S" not in value:
            raise Unreadable(f"a key such as {self.template!r} (S)", type_of(value))
        return self.parsed.parse(value["S"])

    def prefix(self, values: Mapping[str, object]) -> str | None:
        """Give the text up to the first field that is missing, or None where there is no template.

        Raises:
            QueryError: a value does not fit.
        """
        try:
            return None if self.parsed is None else self.parsed.prefix(values)
        except Refused as refused:
            raise self._query_error(refused) from refused


def limit_of(*, sort: bool) -> int:
    """Give the greatest size in bytes of a partition or sort key (developer guide, "Service quotas")."""
    return SORT_KEY_SIZE_LIMIT if sort else PARTITION_KEY_SIZE_LIMIT
