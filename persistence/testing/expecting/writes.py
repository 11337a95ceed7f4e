"""Expected writes: commits, batches, and any other operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from persistence.attributes import Item, same
from persistence.errors import CancellationReason, ConditionFailed, TransactionCancelled
from persistence.mapping import EntityMapping
from persistence.operations import (
    BatchWriteItems,
    BatchWriteResult,
    DeleteItem,
    Operation,
    PutItem,
    TransactAction,
    TransactWrite,
    TransactWriteResult,
    UpdateItem,
    WriteResult,
)
from persistence.testing.expecting.answers import stored_item
from persistence.testing.expecting.changes import (
    ANY,
    Change,
    Check,
    Delete,
    Put,
    Schema,
    Update,
    check_changes,
)
from persistence.testing.expecting.declared import mapping_for
from persistence.testing.expecting.expectation import Expectation
from persistence.testing.expecting.pairing import Missing, paired
from persistence.testing.expecting.reads import other_kind
from persistence.testing.expecting.recognising import mapping_of_action, shown_operation
from persistence.testing.expecting.showing import indented
from persistence.testing.expecting.wanted import Distance, Wanted, shown_action

SingleWrite = PutItem | UpdateItem | DeleteItem


class WritesExpectation(Expectation):
    """What expected commits and batches have in common."""

    word = "commit"

    def __init__(self, known: Iterable[EntityMapping[Any]]) -> None:
        super().__init__()
        self._known = tuple(known)
        self._wanted: list[Wanted] = []
        self._alone = False

    def with_change(self, *changes: Change) -> Self:
        """Expect writes: `Put`, `Update`, `Delete` or `Check`. Others may come beside those that are named.

        Raises:
            MappingError: no mapping maps an entity, or several do.
            QueryError: there are no such fields, or a value can't be stored in one.
        """
        check_changes(changes)
        for change in changes:
            self._wanted.append(change.wanted(self._known))
        return self

    def with_put(
        self, entity: object, *, mapping: Schema | None = None, ignoring: Iterable[str] = ()
    ) -> Self:
        """Expect that a whole entity is written; see `Put`."""
        return self.with_change(Put(entity, mapping, ignoring))

    def with_delete(self, of: object, key: object = ANY, *, mapping: Schema | None = None) -> Self:
        """Expect that an item is deleted; see `Delete`."""
        return self.with_change(Delete(of, key, mapping))

    def and_nothing_else(self) -> Self:
        """Accept no writes beside those that are named."""
        self._alone = True
        return self

    @property
    def mappings(self) -> tuple[EntityMapping[Any], ...]:
        """See `Expectation.mappings`."""
        return tuple(dict.fromkeys(wanted.mapping for wanted in self._wanted))

    @property
    def title(self) -> str:
        """See `Expectation.title`."""
        return self.word

    def lines(self) -> list[str]:
        """See `Expectation.lines`."""
        lines: list[str] = []
        for wanted in self._wanted:
            lines += [wanted.title, *indented(wanted.content())]
        return [*lines, "and nothing else"] if self._alone else lines

    def distance(self, operation: Operation[Any]) -> Distance:
        """See `Expectation.distance`."""
        actions = self._actions(operation)
        if actions is None:
            return other_kind(self.word, operation, self.mappings)
        pairs = paired(self._wanted, actions)
        lines = [line for missing in pairs.missing for line in _missing(missing)]
        weight = sum(missing.distance.weight for missing in pairs.missing)
        if self._alone:
            lines += [f"expected nothing else, came {self._title(action)}" for action in pairs.others]
        return Distance.of(lines, weight)

    def _actions(self, operation: Operation[Any]) -> tuple[TransactAction, ...] | None:
        raise NotImplementedError

    def _title(self, action: TransactAction) -> str:
        return shown_action(action, mapping_of_action(action, self._known))[0]


def _missing(missing: Missing) -> list[str]:
    if missing.nearest is None:
        return [f"expected {missing.wanted.title}, came no such write"]
    return [f"{missing.wanted.title}:", *indented(missing.distance.lines)]


class CommitExpectation(WritesExpectation):
    """An expected commit: one transaction, or the single write of `single_write="conditional"`."""

    def with_update(
        self,
        of: object,
        key: object = ANY,
        *,
        set: Mapping[str, object] | None = None,  # noqa: A002  # the service's own word
        removed: Iterable[str] = (),
        incremented: Mapping[str, Any] | None = None,
        added: Mapping[str, object] | None = None,
        appended: Mapping[str, Any] | None = None,
        exact: bool = False,
        mapping: Schema | None = None,
    ) -> Self:
        """Expect that attributes of an item are changed; see `Update`."""
        change = Update(
            of, key, set or {}, removed, incremented or {}, added or {}, appended or {}, exact, mapping
        )
        return self.with_change(change)

    def with_check(self, of: object, key: object = ANY, *, mapping: Schema | None = None) -> Self:
        """Expect that something is demanded of an item that is not written; see `Check`."""
        return self.with_change(Check(of, key, mapping))

    def will_return(self, entity: object = None) -> Self:
        """Answer that it took effect.

        Args:
            entity: what a patch with `returning=` gets: an entity, or an item in tagged attribute values.
        """
        if entity is None:
            return self._answering(self.usual_answer)
        mappings = self.mappings or self._known
        mapping = mappings[0] if isinstance(entity, dict) else mapping_for(entity, known=mappings)
        item = stored_item(entity, mapping)

        def answer(operation: Operation[Any]) -> object:
            if not isinstance(operation, PutItem | UpdateItem | DeleteItem):
                return TransactWriteResult()
            return WriteResult(_returned(operation, item))

        return self._answering(answer)

    def will_refuse(self, found: object = None) -> Self:
        """Answer as the service does where conditions fail: a `CommitConflict` comes of it.

        All writes that are named are refused, or all of the commit where none is named.

        Args:
            found: the entity, or item in tagged attribute values, that is stored instead, where there is one.
        """

        def answer(operation: Operation[Any]) -> object:
            actions = self._actions(operation) or ()
            found_item = None
            if found is not None:
                mapping = None if isinstance(found, dict) else mapping_for(found, known=self.mappings)
                found_item = found if mapping is None else stored_item(found, mapping)
            if isinstance(operation, PutItem | UpdateItem | DeleteItem):
                raise ConditionFailed("the condition of a write was not met", found=found_item)
            raise TransactionCancelled([self._reason(action, found_item) for action in actions])

        return self._answering(answer)

    def _reason(self, action: TransactAction, found: Any) -> CancellationReason:
        named = not self._wanted or any(wanted.distance(action).none for wanted in self._wanted)
        if not named:
            return CancellationReason("None")
        item = found if found is not None and _is_of(found, action) else None
        return CancellationReason("ConditionalCheckFailed", "The conditional request failed", item)

    def _actions(self, operation: Operation[Any]) -> tuple[TransactAction, ...] | None:
        if isinstance(operation, TransactWrite):
            return operation.actions
        return (operation,) if isinstance(operation, PutItem | UpdateItem | DeleteItem) else None

    def usual_answer(self, operation: Operation[Any]) -> object:
        """See `Expectation.usual_answer`."""
        return TransactWriteResult() if isinstance(operation, TransactWrite) else WriteResult()


def _is_of(item: Item, action: TransactAction) -> bool:
    stored = action.item if isinstance(action, PutItem) else action.key
    return all(same(item.get(name), stored.get(name)) for name in action.table.key_names())


def _returned(write: SingleWrite, item: Item) -> Item | None:
    match write.returning:
        case "none":
            return None
        case "updated_old" | "updated_new":
            changed = {each.path.attribute for each in write.actions} if isinstance(write, UpdateItem) else ()
            return {name: value for name, value in item.items() if name in changed}
        case _:
            return dict(item)


class BatchWriteExpectation(WritesExpectation):
    """An expected batch of puts and deletes, as bulks send it."""

    word = "batch write"

    def will_leave(self, number: int) -> Self:
        """Answer that the last writes of the batch, this many, were not done, so that they are sent again."""

        def answer(operation: BatchWriteItems) -> object:
            return BatchWriteResult(operation.writes[len(operation.writes) - number :] if number else ())

        return self._answering(answer)

    def will_return(self) -> Self:
        """Answer that all writes were done."""
        return self._answering(self.usual_answer)

    def _actions(self, operation: Operation[Any]) -> tuple[TransactAction, ...] | None:
        return operation.writes if isinstance(operation, BatchWriteItems) else None

    def usual_answer(self, operation: Operation[Any]) -> object:
        """See `Expectation.usual_answer`."""
        return BatchWriteResult()


class OperationExpectation(Expectation):
    """Any expected operation, such as one on a table."""

    def __init__(self, kind: type[Operation[Any]], fields: Mapping[str, object]) -> None:
        super().__init__()
        self._kind = kind
        self._fields = fields

    def will_return(self, answer: object) -> Self:
        """Answer with this, of the operation's own type: a `TableDescription` for `DescribeTable`."""
        return self._answering(lambda operation: answer)

    @property
    def title(self) -> str:
        """See `Expectation.title`."""
        return self._kind.__name__

    def lines(self) -> list[str]:
        """See `Expectation.lines`."""
        return [f"{name} = {value!r}" for name, value in self._fields.items()]

    def distance(self, operation: Operation[Any]) -> Distance:
        """See `Expectation.distance`."""
        if not isinstance(operation, self._kind):
            came = shown_operation(operation, ())[0]
            return Distance.of([f"expected {self.title}, came a {came}"], 100)
        lines = [
            f"{name}: expected {value!r}, came {getattr(operation, name)!r}"
            for name, value in self._fields.items()
            if getattr(operation, name) != value
        ]
        return Distance.of(lines)

    def usual_answer(self, operation: Operation[Any]) -> object:
        """See `Expectation.usual_answer`."""
        return None
