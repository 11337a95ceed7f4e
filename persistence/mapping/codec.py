"""From entities to items and back: the compiled way, and the sure one behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any, Generic, Protocol, TypeVar

from persistence.attributes import NESTING_LIMIT, AttributeValue, Item
from persistence.errors import DecodeError, MappingError, ValidationFailed, WrongEntityType
from persistence.expressions import Path
from persistence.json_text import plain_text, quoted
from persistence.mapping.checking import runs_validators
from persistence.mapping.codegen import FUNCTIONS, JSON_TEXT, CodecCompiler
from persistence.mapping.collecting import CollectedAttributes
from persistence.mapping.grammar import PageGrammar
from persistence.mapping.keys import KeyPart
from persistence.mapping.records import RecordPlan
from persistence.mapping.refusal import Refused, Unreadable, named_messages
from persistence.mapping.roles import roles_of
from persistence.mapping.tables import Placement
from persistence.mapping.text_writing import writes_text
from persistence.mapping.upcasting import SchemaVersions
from persistence.mapping.watching import Watch, watchable
from persistence.wire_items import WireItems

T = TypeVar("T")


class Codec(Generic[T]):
    """Converts the entities of one mapping to items and back.

    Its functions are generated when they are first used.

    Args:
        plan: the fields.
        placement: the keys.
        sure: what the generated functions turn to.
        fast: whether functions are generated at all.
        versions: the versions of what is stored, if there are any.
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
        self._plan = plan
        self._placement = placement
        self._sure = sure
        self._versions = versions
        self._compiler = self._made_compiler() if fast else None

    def _made_compiler(self) -> CodecCompiler:
        sure = {
            "encode": self._sure.encode,
            "snapshot": self._sure.snapshot,
            "decode": self._sure.decode,
            "decode_page": self._decode_alone,
        }
        return CodecCompiler(self._plan, self._placement, self._versions, sure)

    def _decode_alone(self, item: Item) -> T:
        return self.decode(item)

    @property
    def source(self) -> str:
        """The generated Python; tracebacks and `inspect.getsource` show its lines."""
        if self._compiler is None:
            return ""
        return self._compiler.source_of(*FUNCTIONS, *(() if self.text is None else (JSON_TEXT,)))

    @cached_property
    def encode(self) -> Callable[[T], Item]:
        """Give the item of an entity, after its validators ran.

        Raises:
            ValidationFailed: with the messages of all fields at once.
        """
        encode: Callable[[T], Item]
        encode = self._sure.encode if self._compiler is None else self._compiler.compiled("encode")
        return encode if self._versions is None else _marking(self._versions, encode)

    @cached_property
    def snapshot(self) -> Callable[[T], Item]:
        """Give the item of an entity without running validators, as the baseline right after a load.

        Raises:
            ValidationFailed: a value can't be stored at all.
        """
        if not runs_validators(self._plan):
            return self.encode
        snapshot = self._sure.snapshot if self._compiler is None else self._compiler.compiled("snapshot")
        return snapshot if self._versions is None else _marking(self._versions, snapshot)

    @cached_property
    def text(self) -> Callable[[T, Item, str], str | None] | None:
        """Write the JSON text of the item of a new entity; None where only its item can be made.

        It takes the entity, its key, and what the unit of work keeps of it, each with a comma before.
        It gives None for an entity that is unusual, can't be stored, or has another key.
        """
        compiler, plan, placement = self._compiler, self._plan, self._placement
        if compiler is None or not writes_text(plan, placement, roles_of(plan, placement)):
            return None
        text: Callable[[T, Item, str], str | None] = compiler.compiled(JSON_TEXT)
        if self._versions is None:
            return text
        marks = "".join(
            f",{quoted(name)}:{plain_text(value)}" for name, value in self._versions.marks.items()
        )
        return lambda entity, key, kept: text(entity, key, marks + kept)

    @cached_property
    def decode(self) -> Callable[[Item], T]:
        """Build the entity that an item describes; attributes that the mapping does not know are ignored.

        Raises:
            DecodeError: an attribute is missing or can't be read.
            WrongEntityType: the item is marked as another type's.
        """
        decode = self._sure.decode if self._compiler is None else self._compiler.compiled("decode")
        return decode if self._versions is None else _upcasting(self._versions, decode, self._sure)

    @cached_property
    def watch(self) -> Watch | None:
        """What finds changes of entities by their mementos; None where only their encodings tell."""
        if self._compiler is None or self._versions is not None or not watchable(self._plan, self._placement):
            return None
        return Watch(self._plan, self._placement, self._compiler.compiled, self.snapshot)

    def decode_page(self, items: Sequence[Item]) -> list[T]:
        """Build the entities that the items of a page describe, in their order; the same as `decode` of each.

        Args:
            items: a page's items; where it still is the text of an answer, that is read straight.

        Raises:
            DecodeError: an attribute is missing or can't be read; the first such item is told.
            WrongEntityType: an item is marked as another type's.
        """
        if isinstance(items, WireItems):
            apart, grammar = items.apart, self.grammar
            if apart is not None and grammar is not None and apart.grammar is grammar:
                return grammar.decode(apart, items, self.decode)
            if items.text is not None and self._typed is not None:
                return self._typed(items, self.decode)
        return self._decode_items(items)

    @cached_property
    def grammar(self) -> PageGrammar[T] | None:
        """What takes the text of pages apart where there is no msgspec; None where nothing is generated."""
        if self._compiler is None:
            return None
        return PageGrammar(
            lambda text: import_module("persistence.mapping.texts").text_pages(
                self._plan, self._placement, self._versions, text
            )
        )

    @cached_property
    def _decode_items(self) -> Callable[[Sequence[Item]], list[T]]:
        if self._compiler is None:
            return lambda items: [self.decode(item) for item in items]
        decode_items: Callable[[Sequence[Item]], list[T]] = self._compiler.compiled("decode_page")
        return decode_items

    @cached_property
    def _typed(self) -> TypedPages[T] | None:
        """What reads the text of pages, where this mapping allows it."""
        if self._compiler is None:
            return None
        try:
            typed = import_module("persistence.mapping.typed")
        except ModuleNotFoundError:  # msgspec is an option
            return None
        made: TypedPages[T] | None = typed.typed_pages(
            self._plan, self._placement, self._versions, self._decode_items
        )
        return made


class TypedPages(Protocol[T]):
    """Reads the text of pages."""

    def __call__(self, items: WireItems, alone: Callable[[Item], T]) -> list[T]:
        """Build the entities of a page; `alone` builds one from an item."""
        ...


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
        except RecursionError as error:
            raise DecodeError(
                self._plan.entity_type, "", f"at most {NESTING_LIMIT} levels", "more", self.known_key(item)
            ) from error
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
