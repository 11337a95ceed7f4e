"""Expected reads: gets, queries, scans, batches and snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, Self, TypeVar

from persistence.attributes import Item, normalised_key
from persistence.mapping import EntityMapping, MappingSchema
from persistence.mapping.schema import mapping_of
from persistence.operations import (
    BatchGetItems,
    BatchGetResult,
    GetItem,
    ItemResult,
    ItemsResult,
    Operation,
    TransactGet,
)
from persistence.testing.expecting.answers import read_as_projected, stored_item
from persistence.testing.expecting.changes import ANY, as_key
from persistence.testing.expecting.declared import mapping_for
from persistence.testing.expecting.expectation import Expectation
from persistence.testing.expecting.recognising import shown_operation
from persistence.testing.expecting.showing import shown_key
from persistence.testing.expecting.wanted import OTHER_KEY, OTHER_KIND, OTHER_TABLE, Distance

T = TypeVar("T")


def other_kind(expected: str, operation: Operation[Any], mappings: Iterable[EntityMapping[Any]]) -> Distance:
    """Give the distance of an operation of another kind."""
    came = shown_operation(operation, mappings)[0]
    return Distance.of([f"expected a {expected}, came a {came}"], OTHER_KIND)


def other_table(mapping: EntityMapping[Any], came: str) -> Distance:
    """Give the distance of an operation on another table."""
    return Distance.of([f"table: expected {mapping.table.name}, came {came}"], OTHER_TABLE)


class GetExpectation(Expectation, Generic[T]):
    """An expected read of one entity by its key."""

    def __init__(self, schema: type[MappingSchema[T]], key: Item | None) -> None:
        super().__init__()
        self._mapping = mapping_of(schema)
        self._key = key

    def will_return(self, entity: T | Item | None) -> Self:
        """Answer with an entity, or an item in tagged attribute values; None for nothing.

        Said again, it is the answer to the next time.
        """
        item = None if entity is None else stored_item(entity, self._mapping)

        def found(operation: GetItem) -> ItemResult:
            return ItemResult(read_as_projected(item, operation.projection))

        return self._answering(found)

    @property
    def mappings(self) -> tuple[EntityMapping[Any], ...]:
        """See `Expectation.mappings`."""
        return (self._mapping,)

    @property
    def title(self) -> str:
        """See `Expectation.title`."""
        key = "any key" if self._key is None else shown_key(self._key, self._mapping)
        return f"get of {self._mapping.name}({key})"

    def lines(self) -> list[str]:
        """See `Expectation.lines`."""
        return []

    def distance(self, operation: Operation[Any]) -> Distance:
        """See `Expectation.distance`."""
        if not isinstance(operation, GetItem):
            return other_kind("get", operation, self.mappings)
        mapping = self._mapping
        if operation.table.name != mapping.table.name:
            return other_table(mapping, operation.table.name)
        if self._key is None or _same_key(mapping, self._key, operation.key):
            return Distance()
        expected, came = shown_key(self._key, mapping), shown_key(operation.key, mapping)
        return Distance.of([f"key: expected {expected}, came {came}"], OTHER_KEY)

    def usual_answer(self, operation: Operation[Any]) -> object:
        """See `Expectation.usual_answer`."""
        return ItemResult(None)


def _same_key(mapping: EntityMapping[Any], one: Item, other: Item) -> bool:
    return normalised_key(one, mapping.key_names) == normalised_key(other, mapping.key_names)


class ManyExpectation(Expectation):
    """An expected read of several items by their keys at once."""

    word = "batch get"
    kind: type[BatchGetItems] | type[TransactGet] = BatchGetItems

    def __init__(self) -> None:
        super().__init__()
        self._wanted: list[tuple[EntityMapping[Any], Item | None]] = []

    def _with_get(self, schema: type[MappingSchema[Any]], key: object) -> None:
        mapping = mapping_of(schema)
        self._wanted.append((mapping, None if key is ANY else mapping.key_from(as_key(key), {})))

    def _found(self, results: Iterable[object]) -> Self:
        stored: list[tuple[EntityMapping[Any], Item]] = []
        for result in results:
            if isinstance(result, dict):
                stored.append((self.mappings[0], stored_item(result, self.mappings[0])))
            else:
                mapping = mapping_for(result, known=self.mappings)
                stored.append((mapping, stored_item(result, mapping)))

        def answer(operation: BatchGetItems | TransactGet) -> object:
            return self._answer(operation, tuple(_among(get, stored) for get in operation.gets))

        return self._answering(answer)

    def _answer(self, operation: BatchGetItems | TransactGet, items: tuple[Item | None, ...]) -> object:
        return BatchGetResult(items) if isinstance(operation, BatchGetItems) else ItemsResult(items)

    @property
    def mappings(self) -> tuple[EntityMapping[Any], ...]:
        """See `Expectation.mappings`."""
        return tuple(dict.fromkeys(mapping for mapping, _ in self._wanted))

    @property
    def title(self) -> str:
        """See `Expectation.title`."""
        return f"{self.word} of {', '.join(mapping.name for mapping in self.mappings) or 'any items'}"

    def lines(self) -> list[str]:
        """See `Expectation.lines`."""
        return [
            f"{mapping.name}({shown_key(key, mapping)})" for mapping, key in self._wanted if key is not None
        ]

    def distance(self, operation: Operation[Any]) -> Distance:
        """See `Expectation.distance`."""
        if not isinstance(operation, self.kind):
            return other_kind(self.word, operation, self.mappings)
        gets: Sequence[GetItem] = operation.gets
        tables = {mapping.table.name for mapping in self.mappings}
        strange = sorted({get.table.name for get in gets} - tables) if tables else []
        if strange:
            return other_table(self.mappings[0], ", ".join(strange))
        lines = [
            f"expected {mapping.name}({shown_key(key, mapping)}), came no get of it"
            for mapping, key in self._wanted
            if key is not None and not any(_is_get(get, mapping, key) for get in gets)
        ]
        if all(key is not None for _, key in self._wanted) and self._wanted:
            lines += [
                f"expected no further key, came a {self._shown(get)}" for get in gets if self._further(get)
            ]
        return Distance.of(lines)

    def _further(self, get: GetItem) -> bool:
        return not any(key is not None and _is_get(get, mapping, key) for mapping, key in self._wanted)

    def _shown(self, get: GetItem) -> str:
        return shown_operation(get, self.mappings)[0]

    def usual_answer(self, operation: Operation[Any]) -> object:
        """See `Expectation.usual_answer`."""
        assert isinstance(operation, BatchGetItems | TransactGet)
        return self._answer(operation, (None,) * len(operation.gets))


def _is_get(get: GetItem, mapping: EntityMapping[Any], key: Item) -> bool:
    return get.table.name == mapping.table.name and _same_key(mapping, key, get.key)


def _among(get: GetItem, stored: Iterable[tuple[EntityMapping[Any], Item]]) -> Item | None:
    found = (item for mapping, item in stored if _is_get(get, mapping, item))
    return read_as_projected(next(found, None), get.projection)


class BatchGetExpectation(ManyExpectation, Generic[T]):
    """An expected batch of gets, as `get_many` and `find_many` send it for up to 100 keys."""

    def __init__(self, schema: type[MappingSchema[T]], keys: Iterable[object] | None) -> None:
        super().__init__()
        for key in [ANY] if keys is None else keys:
            self._with_get(schema, key)

    def will_return(self, *entities: T | Item) -> Self:
        """Answer with entities, or items in tagged attribute values, in any order; keys of none get nothing.

        Said again, it is the answer to the next time.
        """
        return self._found(entities)


class SnapshotExpectation(ManyExpectation):
    """An expected snapshot: several items, perhaps of several types, in one transaction."""

    word = "snapshot"
    kind = TransactGet

    def with_get(self, schema: type[MappingSchema[Any]], key: object) -> Self:
        """Expect the get of one entity.

        Args:
            schema: its mapping.
            key: the values of its key as `get` takes them, several as a tuple; `ANY` for any.
        """
        self._with_get(schema, key)
        return self

    def will_return(self, *entities: object) -> Self:
        """Answer with entities in any order; keys of none get nothing."""
        return self._found(entities)
