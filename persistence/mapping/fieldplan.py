"""One field of a mapping: the sure way from the entity's attribute to the item's, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any

from marshmallow import Schema, missing

from persistence import fields
from persistence.attributes import AttributeValue, Item
from persistence.encryption import EncryptedAttribute
from persistence.mapping.collecting import decoded_part
from persistence.mapping.fieldnodes import has_validators
from persistence.mapping.nodes import NO_EMPTY, Node
from persistence.mapping.plain import tagged, untagged
from persistence.mapping.pruning import left_out, pruned
from persistence.mapping.refusal import Refused, Unreadable
from persistence.mapping.untyped import Foreign, converted
from persistence.mapping.wrapping import run_validators

ABSENT: Any = object()
"""Marks a value that neither the item nor a default gives."""


@dataclass(frozen=True, eq=False)
class FieldPlan:
    """One field of a mapping.

    Attributes:
        name: the entity's attribute.
        key: the field's name in the schema, by which problems are reported.
        attribute: the name in the table.
        node: how its value is stored.
        field: the marshmallow field.
        reader: the same without validators, where it converts the values.
        optional: None may stand for its value, and is left out.
        omit_empty: an empty value is left out.
        null: None is stored as NULL, because an absent attribute reads as a default that is another value.
        default: makes the value where the attribute is absent; None where it must be there.
        on_entity: the entity has such an attribute.
        argument: it is given to the entity's constructor.
        stored, loaded: whether it is written to items and read from them.
        role: it is kept by the unit of work.
        encrypted: how it is encrypted; None where it is not.
    """

    name: str
    key: str
    attribute: str
    node: Node
    field: fields.Field[Any]
    reader: fields.Field[Any]
    optional: bool
    omit_empty: bool
    null: bool
    default: Callable[[], Any] | None
    on_entity: bool
    argument: bool
    stored: bool
    loaded: bool
    role: bool
    encrypted: EncryptedAttribute | None = None

    @property
    def foreign(self) -> bool:
        """Tell whether marshmallow's field converts the values."""
        return isinstance(self.node, Foreign)

    @property
    def validated(self) -> bool:
        """Tell whether there are validators to run on the value itself."""
        return has_validators(self.field)

    @property
    def is_set(self) -> bool:
        """Tell whether an empty value can't be stored at all."""
        return isinstance(self.node.empty, set | frozenset)

    @property
    def always(self) -> bool:
        """Tell whether the attribute is in every item."""
        return not (self.optional or self.foreign or self.omit_empty or self.is_set)

    def encode(self, entity: Any, schema: Schema, *, validate: bool) -> AttributeValue | None:
        """Give the attribute value of an entity's field, or None to leave it out.

        Raises:
            Refused: the value can't be stored.
        """
        value = self._value(entity, schema)
        if value is missing:
            return None
        if value is not None and validate and self.validated:
            run_validators(self.field._validate, value, None if self.foreign else self.node)
        if self.foreign:
            return self._foreign(value, entity, schema)
        return self.encoded(value, validate=validate)

    def encoded(self, value: Any, *, validate: bool) -> AttributeValue | None:
        """Give the attribute value of a value that no foreign field converts, or None to leave it out.

        Raises:
            Refused: the value can't be stored.
        """
        if value is None:
            return self._none()
        return None if self.is_empty(value) else self.node.encode(value, validate=validate)

    def _value(self, entity: Any, schema: Schema) -> Any:
        if self.on_entity or self.role:
            value = attribute_of(entity, self.name)
            if value is missing and not (self.role or self.optional or _is_dumped(entity)):
                raise Refused("Missing data for required field.")
            return value
        return (
            None
            if not self.field._CHECK_ATTRIBUTE
            else self.field.get_value(entity, self.key, schema.get_attribute)
        )

    def _none(self) -> AttributeValue | None:
        if not self.optional:
            raise Refused("Field may not be null.")
        return {"NULL": True} if self.null else None

    def is_empty(self, value: Any) -> bool:
        """Tell whether a value is left out because it is empty."""
        if not self.omit_empty:
            return self.is_set and not value
        return (self.node.empty is not NO_EMPTY and value == self.node.empty) or (self.foreign and not value)

    def _foreign(self, value: Any, entity: Any, schema: Schema) -> AttributeValue | None:
        if value is None and self.field._CHECK_ATTRIBUTE and not self.optional:
            raise Refused("Field may not be null.")
        if self.omit_empty and value is not None and not value:
            return None
        plain = converted(
            lambda _: self.field.serialize(self.key, entity, schema.get_attribute),
            value,
            type(self.field).__name__,
        )
        if left_out(plain):
            return {"NULL": True} if value is None and self.null else None
        return tagged(pruned(self.field, plain))

    def decode(self, item: Item, data: Mapping[str, Any]) -> Any:
        """Give the Python value of the attribute in an item, or `ABSENT`.

        Args:
            item: an item or map of attribute values.
            data: the same as plain data, for fields that look around.

        Raises:
            Unreadable: the attribute is missing or can't be read.
        """
        stored = item.get(self.attribute)
        if stored is None or ("NULL" in stored and self.optional):
            return self.missing(null=stored is not None)
        if not isinstance(self.node, Foreign):
            return decoded_part(self.attribute, self.node, stored)
        node = Foreign(
            self.node.serialize,
            lambda plain: self.reader.deserialize(plain, self.attribute, data),
            self.node.converter,
        )
        return decoded_part(self.attribute, node, stored)

    def missing(self, *, null: bool) -> Any:
        """Give the value of an attribute that is absent or NULL.

        Raises:
            Unreadable: nothing may stand for it.
        """
        if null:
            return None
        if self.default is not None:
            return self.default()
        if not self.argument:
            return ABSENT
        raise Unreadable(self.node.expected, "nothing").inside(self.attribute)


def attribute_of(entity: Any, name: str) -> Any:
    """Give an attribute of an entity or an entry of a dict that a hook gave instead, or `missing`."""
    return entity.get(name, missing) if _is_dumped(entity) else getattr(entity, name, missing)


def _is_dumped(entity: Any) -> bool:
    return isinstance(entity, Mapping) and not is_dataclass(entity)


class PlainView(Mapping[str, Any]):
    """An item as plain data, converted when asked for."""

    def __init__(self, item: Item) -> None:
        self._item = item

    def __getitem__(self, name: str) -> Any:
        return untagged(self._item[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._item)

    def __len__(self) -> int:
        return len(self._item)
