"""Operations in words: their expressions with the names of attributes, and a placeholder for each value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from persistence.attributes import AttributeValue, Item
from persistence.expressions import Condition, In, KeyCondition, Path, UpdateAction
from persistence.operations import (
    BatchGetItems,
    ConditionCheck,
    DeleteItem,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    UpdateItem,
)
from persistence.render import Renderer

PLACEHOLDER = "?"
"""What stands for a value that is not shown."""


class Readable(Renderer):
    """Writes expressions for people: with names in place of aliases, and whatever their size.

    Args:
        values: whether values are shown; else each is a `?`, and the options of an IN are one `?`.
    """

    __slots__ = ("_shows_values",)

    def __init__(self, *, values: bool = False) -> None:
        super().__init__()
        self._shows_values = values

    def _comparison(self, condition: Any) -> str:
        if isinstance(condition, In) and not self._shows_values:
            return f"{self._operand(condition.operand)} IN ({PLACEHOLDER})"
        return super()._comparison(condition)

    def _alias(self, name: str | int) -> str:
        return str(name)

    def _bound(self, value: AttributeValue) -> str:
        return shown(value) if self._shows_values else PLACEHOLDER

    def _within_size(self, what: str, expression: str) -> str:
        return expression

    def _count(self, operators: int) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Clauses:
    """The expressions of one request as texts; None for those that it does not have."""

    key_condition: str | None = None
    filter: str | None = None
    update: str | None = None
    condition: str | None = None
    projection: str | None = None

    @property
    def present(self) -> dict[str, str]:
        """Name of an expression -> its text, for those that there are."""
        texts = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: text for name, text in texts.items() if text is not None}

    def __str__(self) -> str:
        return " ".join(f"{_LEADS[name]}{text}" for name, text in self.present.items())


_LEADS = {
    "key_condition": "where ",
    "filter": "filter ",
    "update": "",
    "condition": "if ",
    "projection": "select ",
}


def clauses_of(operation: Operation[Any] | ConditionCheck, *, values: bool = False) -> Clauses:
    """Write the expressions of an operation; of one with several actions those that all of them share.

    Args:
        operation: the operation, or an action of a transaction.
        values: whether values are shown.

    Raises:
        QueryError: an expression that can't be written; no store takes it either.
    """
    words = _Words(Readable(values=values))
    match operation:
        case QueryPage():
            return Clauses(
                key_condition=words.key_condition(operation.key_condition),
                filter=words.condition(operation.filter),
                projection=words.projection(operation.projection),
            )
        case ScanPage():
            return Clauses(
                filter=words.condition(operation.filter), projection=words.projection(operation.projection)
            )
        case GetItem():
            return Clauses(projection=words.projection(operation.projection))
        case BatchGetItems(gets):
            wanted = {get.projection for get in gets}
            return Clauses(projection=words.projection(wanted.pop())) if len(wanted) == 1 else Clauses()
        case UpdateItem():
            return Clauses(
                update=words.update(operation.actions), condition=words.condition(operation.condition)
            )
        case PutItem() | DeleteItem() | ConditionCheck():
            return Clauses(condition=words.condition(operation.condition))
        case _:
            return Clauses()


@dataclass(frozen=True, slots=True)
class _Words:
    """A renderer that writes nothing where there is nothing to write."""

    renderer: Readable

    def key_condition(self, condition: KeyCondition) -> str:
        return self.renderer.key_condition(condition)

    def condition(self, condition: Condition | None) -> str | None:
        return None if condition is None else self.renderer.condition(condition)

    def projection(self, paths: tuple[Path, ...] | None) -> str | None:
        return None if paths is None else self.renderer.projection(paths)

    def update(self, actions: tuple[UpdateAction, ...]) -> str | None:
        return self.renderer.update(actions) if actions else None


def shown(value: AttributeValue) -> str:
    """Write an attribute value for people, without its type where that can be seen."""
    ((tag, content),) = value.items()
    match tag:
        case "S":
            return repr(content)
        case "BOOL":
            return "true" if content else "false"
        case "NULL":
            return "null"
        case "B":
            return f"<{len(content)} bytes>"
        case "L":
            return f"[{', '.join(map(shown, content))}]"
        case "M":
            return shown_item(content)
        case "SS" | "NS" | "BS":
            return f"{tag}({', '.join(_members(tag, content))})"
        case _:
            return str(content)


def shown_item(item: Item) -> str:
    """Write an item, key or map for people."""
    return f"{{{', '.join(f'{name}: {shown(value)}' for name, value in item.items())}}}"


def _members(tag: str, members: list[Any]) -> Iterator[str]:
    return (shown({tag[0]: member}) for member in members)
