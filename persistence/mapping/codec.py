"""From entities to items and back: the compiled way, and the sure one behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from persistence.attributes import AttributeValue, Item
from persistence.errors import DecodeError, MappingError, ValidationFailed, WrongEntityType
from persistence.expressions import Path
from persistence.mapping.codegen import compiled
from persistence.mapping.containers import CollectedAttributes
from persistence.mapping.keys import KeyPart
from persistence.mapping.records import RecordPlan
from persistence.mapping.refusal import Refused, Unreadable, named_messages
from persistence.mapping.tables import Placement
from persistence.mapping.upcasting import SchemaVersions

T = TypeVar("T")

_FUNCTIONS = ("encode", "snapshot", "decode")


class Codec(Generic[T]):
    """Converts the entities of one mapping to items and back.

    Attributes:
        source: the generated Python that does it; tracebacks and `inspect.getsource` show its lines.
    """

    encode: Callable[[T], Item]
    """Give the item of an entity, after its validators ran.

    Raises:
        ValidationFailed: with the messages of all fields at once.
    """
    snapshot: Callable[[T], Item]
    """Give the item of an entity without running validators, as the baseline right after a load.

    Raises:
        ValidationFailed: a value can't be stored at all.
    """
    decode: Callable[[Item], T]
    """Build the entity that an item describes; attributes that the mapping does not know are ignored.

    Raises:
        DecodeError: an attribute is missing or can't be read.
        WrongEntityType: the item is marked as another type's.
    """

    def __init__(
        self,
        plan: RecordPlan,
        placement: Placement,
        sure: SureWay,
        *,
        fast: bool = True,
        versions: SchemaVersions | None = None,
    ) -> None:
        self.source = ""
        self.encode, self.snapshot, self.decode = sure.encode, sure.snapshot, sure.decode
        if fast:
            self.source, functions = compiled(plan, placement, sure)
            self.encode, self.snapshot, self.decode = (functions[name] for name in _FUNCTIONS)
        if versions is not None:
            self.encode, self.snapshot = _marking(versions, self.encode), _marking(versions, self.snapshot)
            self.decode = _upcasting(versions, self.decode, sure)


def _marking(versions: SchemaVersions, encode: Callable[[T], Item]) -> Callable[[T], Item]:
    marks = versions.marks

    def marked(entity: T) -> Item:
        item = encode(entity)
        item.update(marks)
        return item

    return marked


def _upcasting(versions: SchemaVersions, decode: Callable[[Item], T], sure: SureWay) -> Callable[[Item], T]:
    attribute, current = versions.attribute, versions.marks[versions.attribute]

    def decoded(item: Item) -> T:
        return decode(item if item.get(attribute) == current else versions.upcast(item, sure.known_key))

    return decoded


class SureWay:
    """Encodes and decodes with all checks, and says what is wrong."""

    def __init__(self, plan: RecordPlan, placement: Placement) -> None:
        self._plan = plan
        self._placement = placement
        by_attribute = {field.attribute for field in plan.fields if field.stored}
        own = {part.attribute for part in placement.parts[None]}
        # Indexes are sparse: only the table itself demands its key attributes.
        parts = [(part, part.attribute in own) for part in placement.distinct_parts()]
        self._stored_parts = [pair for pair in parts if pair[0].attribute in by_attribute]
        self._made_parts = [pair for pair in parts if pair[0].attribute not in by_attribute]

    def encode(self, entity: Any) -> Item:
        """Give the item of an entity, after its validators ran."""
        return self._encoded(entity, validate=True)

    def snapshot(self, entity: Any) -> Item:
        """Give the item of an entity without running validators."""
        return self._encoded(entity, validate=False)

    def _encoded(self, entity: Any, *, validate: bool) -> Item:
        self._refuse_stranger(entity)
        parts = CollectedAttributes()
        item = self._plan.collect(entity, parts, validate=validate)
        problems = parts.problems
        self._add_keys(entity, item, problems)
        if problems:
            raise ValidationFailed(self._plan.entity_type, problems, self._key_values(entity, problems))
        if self._placement.discriminator is not None:
            attribute, value = self._placement.discriminator
            item[attribute] = {"S": value}
        return item

    def _refuse_stranger(self, entity: Any) -> None:
        wanted = self._plan.entity_type
        if type(entity) is not wanted:
            raise MappingError(
                f"{type(self._plan.schema).__name__} maps {wanted.__name__}, not {type(entity).__name__}; "
                "use the repository of that type"
            )

    def _add_keys(self, entity: Any, item: Item, problems: dict[Any, Any]) -> None:
        for part, required in self._stored_parts:
            stored = item.get(part.attribute)
            problem = part.problem(stored) if stored is not None else _ABSENT_KEY if required else None
            if problem:
                problems.setdefault(part.fields[0], [problem])
        for part, required in self._made_parts:
            values = {name: getattr(entity, name, None) for name in part.fields}
            if not required and None in values.values():
                continue
            try:
                item[part.attribute] = part.filled(values)
            except Refused as refused:
                for name, messages in named_messages(refused.messages).items():
                    problems.setdefault(name, messages)

    def _key_values(self, entity: Any, problems: Mapping[Any, Any]) -> tuple[object, ...] | None:
        names = key_fields(self._placement.parts[None])
        return (
            None
            if any(name in problems for name in names)
            else tuple(getattr(entity, name) for name in names)
        )

    def key(self, entity: Any) -> Item:
        """Give the stored key of an entity.

        Raises:
            ValidationFailed: a value of it can't be part of a key.
        """
        self._refuse_stranger(entity)
        key: Item = {}
        problems: dict[Any, Any] = {}
        for part in self._placement.parts[None]:
            try:
                key[part.attribute] = part.filled({name: getattr(entity, name, None) for name in part.fields})
            except Refused as refused:
                problems.update(named_messages(refused.messages))
        if problems:
            raise ValidationFailed(self._plan.entity_type, problems)
        return key

    def decode(self, item: Item) -> Any:
        """Build the entity that an item describes."""
        self._refuse_foreign(item)
        try:
            return self._plan.decode(self._with_key_fields(item))
        except Unreadable as problem:
            raise DecodeError(
                self._plan.entity_type,
                str(Path(problem.path)) if problem.path else "",
                problem.expected,
                problem.found,
                self.known_key(item),
            ) from (problem.__cause__ or problem)

    def known_key(self, item: Item) -> tuple[object, ...] | None:
        """Give the key of an item for errors: its values as `get` takes them, else what is stored."""
        parts = self._placement.parts[None]
        stored = [item[part.attribute] for part in parts if part.attribute in item]
        if len(stored) < len(parts):
            return tuple(map(_content, stored)) or None
        try:
            values = read_key(parts, item)
        except Unreadable:
            return tuple(map(_content, stored))
        return tuple(values[name] for name in key_fields(parts))

    def _refuse_foreign(self, item: Item) -> None:
        if self._placement.discriminator is None:
            return
        attribute, value = self._placement.discriminator
        found = item.get(attribute, {}).get("S")
        if found != value:
            raise WrongEntityType(self._plan.entity_type, self.known_key(item) or (), found)

    def _with_key_fields(self, item: Item) -> Item:
        """Fill in what the key says of fields that have no attribute of their own in the item."""
        missing = {field.name: field for field in self._plan.fields if field.attribute not in item}
        added: Item = {}
        for part in self._placement.parts[None]:
            if part.attribute in item and not missing.keys().isdisjoint(part.fields):
                values = part.read(item[part.attribute])
                named = (
                    (missing[name], values[name])
                    for name in part.fields
                    if name in missing and name in values
                )
                added.update(
                    {field.attribute: field.node.encode(value, validate=False) for field, value in named}
                )
        return {**item, **added} if added else item


_ABSENT_KEY = "Can't be None or empty: it is part of a key."


def _content(stored: AttributeValue) -> object:
    return next(iter(stored.values()))


def read_key(parts: tuple[KeyPart, ...], item: Item) -> dict[str, object]:
    """Give the values of a key's fields from an item that has them.

    Raises:
        Unreadable: it is another kind of key.
    """
    values: dict[str, object] = {}
    for part in parts:
        values.update(part.read(item[part.attribute]))
    return values


def key_fields(parts: tuple[KeyPart, ...]) -> tuple[str, ...]:
    """Give the names of a key's fields in the order of their first appearance."""
    return tuple(dict.fromkeys(name for part in parts for name in part.fields))
