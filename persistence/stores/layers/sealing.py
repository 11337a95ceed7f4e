"""What is encrypted of operations on items, and what may not be asked of it; nothing here does I/O.

Each function gives an operation that a store may have: with a declaration that has nothing encrypted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from persistence.attributes import AttributeValue, Item
from persistence.encryption import Place
from persistence.encryption.content import to_bytes
from persistence.errors import ConfigurationError, QueryError
from persistence.expressions import (
    And,
    AttributeExists,
    AttributeNotExists,
    Condition,
    IfNotExists,
    Not,
    Or,
    Path,
    Remove,
    Set,
    UpdateAction,
    Value,
)
from persistence.expressions.conditions import operands_of
from persistence.operations import (
    GetItem,
    PutItem,
    QueryPage,
    ScanPage,
    TransactAction,
    UpdateItem,
)
from persistence.table import ENCRYPTION, Table

Paged = TypeVar("Paged", bound=QueryPage | ScanPage)

Seal = Callable[[bytes, Place], AttributeValue]
"""Encrypts a value for a place."""


def bare(table: Table) -> Table:
    """Give a declaration without what is encrypted: the same one each time, by which stores know it.

    Raises:
        ConfigurationError: keys are not as they are stored yet, so that values can't be bound to them.
    """
    if not table.encrypted:
        return table
    if table.tenant_scoped:
        raise ConfigurationError(
            f"nothing was sent for table {table.name!r}: its items belong to tenants, and its encrypted "
            "attributes are bound to keys as they are stored, with the tenant's name; use "
            'layered(store, Encrypting(keys)).for_tenant("...")'
        )
    return table.served(ENCRYPTION)


def place_of(table: Table, key: Item, attribute: str, name: str | None = None) -> Place:
    """Give the place of an attribute.

    Args:
        table: the declaration of the table.
        key: the item's key, or the item.
        attribute: its name.
        name: what the table is called where values are bound to it; None for its own name.
    """
    return Place(name or table.name, key, table.key_names(), attribute)


def contents(action: TransactAction) -> Iterator[bytes]:
    """Give the values that a write has to encrypt, as bytes; after it was checked."""
    encrypted = action.table.encrypted
    if isinstance(action, PutItem):
        yield from (to_bytes(action.item[name]) for name in encrypted if name in action.item)
    elif isinstance(action, UpdateItem):
        for each in action.actions:
            if each.path.attribute in encrypted and isinstance(each, Set):
                yield to_bytes(_constant(each).value)


def sealed_action(action: TransactAction, seal: Seal, name: str | None) -> TransactAction:
    """Encrypt what a write stores.

    Args:
        action: the write; it was checked.
        seal: encrypts.
        name: what the table is called where values are bound to it; None for its own name.
    """
    table = action.table
    encrypted = table.encrypted
    if not encrypted:
        return action
    if isinstance(action, PutItem):
        item = action.item
        values = {
            each: seal(to_bytes(item[each]), place_of(table, item, each, name))
            for each in encrypted
            if each in item
        }
        return replace(action, table=bare(table), item={**item, **values})
    if isinstance(action, UpdateItem):
        actions = tuple(
            _sealed(each, seal, place_of(table, action.key, each.path.attribute, name))
            if each.path.attribute in encrypted and isinstance(each, Set)
            else each
            for each in action.actions
        )
        return replace(action, table=bare(table), actions=actions)
    return replace(action, table=bare(table))


def _sealed(action: Set, seal: Seal, place: Place) -> Set:
    value = Value(seal(to_bytes(_constant(action).value), place))
    if isinstance(action.value, IfNotExists):
        return replace(action, value=replace(action.value, default=value))
    return replace(action, value=value)


def _constant(action: Set) -> Value:
    value = action.value.default if isinstance(action.value, IfNotExists) else action.value
    assert isinstance(value, Value)
    return value


def check_action(action: TransactAction) -> None:
    """Refuse a write that asks more of encrypted attributes than to be replaced.

    Raises:
        QueryError: it compares, computes with or reaches into one.
    """
    encrypted = action.table.encrypted
    check_condition(action.condition, action.table)
    if encrypted and isinstance(action, UpdateItem):
        for each in action.actions:
            _check_update(each, action.table)


def check_condition(condition: Condition | None, table: Table) -> None:
    """Refuse a condition on encrypted attributes, but for whether they exist.

    Raises:
        QueryError: it compares one.
    """
    if condition is None or not table.encrypted:
        return
    match condition:
        case And(parts) | Or(parts):
            for part in parts:
                check_condition(part, table)
        case Not(inner):
            check_condition(inner, table)
        case AttributeExists(path) | AttributeNotExists(path):
            check_path(path, table)
        case _:
            for operand in operands_of(condition):
                if not isinstance(operand, Value):
                    asked = operand if isinstance(operand, Path) else operand.path
                    if asked.attribute in table.encrypted:
                        raise _refusal(table, asked, "compared")


def check_path(path: Path, table: Table) -> None:
    """Refuse a path that reaches into an encrypted attribute.

    Raises:
        QueryError: it does.
    """
    if path.attribute in table.encrypted and len(path.segments) > 1:
        raise _refusal(table, path, "reached into")


def _check_update(action: UpdateAction, table: Table) -> None:
    encrypted, path = table.encrypted, action.path
    check_path(path, table)
    if path.attribute not in encrypted:
        if isinstance(action, Set):
            for read in _paths_read(action.value):
                if read.attribute in encrypted:
                    raise _refusal(table, read, "copied or computed with")
        return
    match action:
        case Remove() | Set(_, Value()):
            return
        case Set(_, IfNotExists(same, Value())) if same == path:
            return
        case _:
            raise _refusal(table, path, "copied or computed with")


def _paths_read(operand: object) -> Iterator[Path]:
    if isinstance(operand, Path):
        yield operand
    elif not isinstance(operand, Value):
        for part in ("path", "default", "first", "second", "left", "right"):
            inner = getattr(operand, part, None)
            if inner is not None:
                yield from _paths_read(inner)


def _refusal(table: Table, path: Path, what: str) -> QueryError:
    owner = table.encrypted[path.attribute].entity_type.__name__
    return QueryError(
        f"attribute {path.attribute!r} of {owner} (table {table.name!r}) is encrypted: it can't be {what} by "
        "the service; read it, and do that in Python. Units of work that check what they read need a "
        "fields.Version() for that"
    )


def read_of_one(get: GetItem) -> GetItem:
    """Give a read of one item that a store may have.

    Raises:
        QueryError: it reaches into an encrypted attribute.
    """
    _check_projection(get.projection, get.table)
    return replace(get, table=bare(get.table)) if get.table.encrypted else get


def read_of_page(page: Paged) -> Paged:
    """Give the read of a page that a store may have; it reads the key too, which tells the place.

    Raises:
        QueryError: it compares or reaches into an encrypted attribute.
    """
    table = page.table
    check_condition(page.filter, table)
    _check_projection(page.projection, table)
    if not table.encrypted:
        return page
    projection = page.projection
    if projection is not None:
        projection += tuple(Path.of(name) for name in names_beside(page))
    return replace(page, table=bare(table), projection=projection)


def names_beside(page: QueryPage | ScanPage) -> tuple[str, ...]:
    """Name the key attributes that a page has to read beside its projection."""
    if page.projection is None:
        return ()
    asked = {path.attribute for path in page.projection}
    if asked.isdisjoint(page.table.encrypted):
        return ()
    return tuple(name for name in page.table.key_names() if name not in asked)


def _check_projection(projection: tuple[Path, ...] | None, table: Table) -> None:
    for path in projection or ():
        check_path(path, table)
