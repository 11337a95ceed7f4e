"""Which API performs which operation on items, as pure functions around a client's method.

Reading an item is here. The other operations on items are in `item_calls`, those on tables in `table_calls`;
each is loaded when the first of them is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from typing import Any

from botocore import xform_name

import persistence.operations as operations
from persistence.errors import InvalidRequest, QueryError
from persistence.operation_facts import api_name, can_write, table_of
from persistence.operations import GetItem, Operation
from persistence.stores.dynamodb import answers, requests
from persistence.stores.dynamodb.attempts import Repeats
from persistence.stores.dynamodb.exchanges import Exchange
from persistence.stores.dynamodb.failures import Asked
from persistence.stores.dynamodb.stable import Settled
from persistence.wire_items import Grammar


@dataclass(frozen=True, slots=True)
class Call:
    """How one type of operation is performed.

    Attributes:
        parameters: operation -> keyword arguments of the client's method; where the text of the request is
            there, a `Settled` beside it says that nothing is to be settled.
        answer: operation, the method's answer -> the operation's own answer.
        repeats: which failed attempts botocore may repeat.
        text: operation -> the text of its request, where it is written without the parameters; see `texts`.
    """

    parameters: Callable[..., dict[str, Any]]
    answer: Callable[[Any, Mapping[str, Any]], Any]
    repeats: Repeats = "always"
    text: Callable[[Any], str | None] | None = None

    def request(
        self, operation: Operation[Any], question: Asked, *, as_text: bool
    ) -> tuple[Callable[[], dict[str, Any]], str | None]:
        """Give what makes the parameters of an operation, and the text of its request where that is there.

        Args:
            operation: the operation.
            question: what it asks, for errors.
            as_text: whether a text is wanted, where it can be written without the parameters.

        Raises:
            InvalidRequest: the service would refuse it because of its shape.
        """
        text = self.text(operation) if as_text and self.text is not None else None
        if text is not None:
            return partial(self.parameters, operation, Settled()), text
        try:
            return partial(as_given, self.parameters(operation)), None
        except QueryError as refused:
            raise InvalidRequest(str(refused), **question.where) from refused


def as_given(parameters: dict[str, Any]) -> dict[str, Any]:
    """Give parameters that are there already."""
    return parameters


@dataclass(frozen=True, slots=True)
class Talk:
    """How a type of operation is performed that takes several requests.

    Attributes:
        exchange: operation -> its requests, one after the other, and the operation's own answer.
        repeats: which failed attempts of the request that does it botocore may repeat.
    """

    exchange: Callable[[Any], Exchange[Any]]
    repeats: Repeats = "always"


def method_of(operation: type[Operation[Any]]) -> str:
    """Give the name of the client's method for a type of operation."""
    return method_named(api_name(operation))


@cache
def method_named(api: str) -> str:
    """Give the name of the client's method for an action of a service."""
    return str(xform_name(api))


_HERE = __name__.rpartition(".")[0]

READING = Call(requests.get_item, answers.item)
"""How an item is read."""


def call_of(kind: type[Operation[Any]]) -> Call | Talk | None:
    """Say how a type of operation is performed; None if it is not known."""
    return READING if kind is GetItem else _item_calls().get(kind) or _all_calls().get(kind)


@cache
def _item_calls() -> Mapping[type[Operation[Any]], Call]:
    calls: Mapping[type[Operation[Any]], Call] = import_module(f"{_HERE}.item_calls").ITEM_CALLS
    return calls


@cache
def _all_calls() -> Mapping[type[Operation[Any]], Call | Talk]:
    calls: Mapping[type[Operation[Any]], Call | Talk] = import_module(f"{_HERE}.table_calls").CALLS
    return calls


def repeats_of(operation: Operation[Any], call: Call) -> Repeats:
    """Say which failed attempts of an operation botocore may repeat.

    A transaction without a client token gets one from botocore, which nobody else could repeat it under.
    """
    if isinstance(operation, GetItem):
        return call.repeats
    has_token = isinstance(operation, operations.TransactWrite) and operation.token is not None
    return "never" if has_token else call.repeats


def grammar_of(operation: Operation[Any]) -> Grammar | None:
    """Give what takes the items of an answer apart in its text; None for what gives no pages, or dicts."""
    grammar: Grammar | None = getattr(operation, "grammar", None)
    return grammar


def asked(operation: Operation[Any]) -> Asked:
    """Describe an operation for errors."""
    kind = type(operation)
    table = operation.table.name if isinstance(operation, GetItem) else table_of(operation)
    return Asked(kind.__name__, table, can_write(kind))
