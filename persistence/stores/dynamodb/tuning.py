"""Take a shorter way through botocore's client where the result is the same: `tune`.

botocore checks parameters and writes and reads JSON by walking over the shapes of its model, in Python, at a
multiple of the cost of the rest of a call. The data actions need no such walk. By botocore's events:

- The body of a request is written from the full parameters when all handlers of others have seen them,
  perhaps changed them, and the way to the service is about to be found. What botocore then checks and writes
  is a stub, which names the table since that may decide the way. Of a client that checks no parameters, since
  that is done here where there is no stub, it names nothing but an ARN, unless others may see it. Before
  anybody sees the request it gets its body.
- An answer of success is read as what it is. What is odd about one is left to botocore, as are all errors.
- The key that signs is derived once a day.

Only the calls that a store performs are written so, and only where all parameters are as the API has them:
what is not is left to botocore, to be refused in its words. All answers of the client are read so.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator

from persistence.errors import StoreError
from persistence.stores.dynamodb.attempts import Attempts, current_attempts
from persistence.stores.dynamodb.bodies import body_of, content_of, json_of
from persistence.stores.dynamodb.pages import page_content
from persistence.stores.dynamodb.signer import sign_quickly
from persistence.wire_items import Grammar

Parameters = dict[str, Any]

WRITTEN = "persistence_written"
"""The key of botocore's context under which a body waits for its request."""

_ID = "persistence-tuning"
_PAGES = ("Query", "Scan")
_NULL = re.compile(rb"[:,\[]\s*null")
_PARSERS = logging.getLogger("botocore.parsers")


@dataclass(frozen=True, slots=True)
class Written:
    """A body that waits for its request.

    Attributes:
        body: what is to be sent.
        parameters: botocore's own, of which a stub is left for now.
        full: what they were.
        stub: what is left.
        text: what botocore writes for that.
    """

    body: bytes
    parameters: Parameters
    full: Parameters
    stub: Parameters
    text: bytes


def tune(client: BaseClient, *, seen: Callable[[], bool] | None = None) -> None:
    """Have a client take the shorter way; doing it again changes nothing.

    Args:
        client: a low-level client of DynamoDB, ours or the user's.
        seen: tells whether others see calls before they are sent; given where parameters are to be checked
            here, as botocore checks them, since the client does not.
    """
    events = client.meta.events
    events.register_last(
        "before-endpoint-resolution.dynamodb",
        _write_request if seen is None else partial(_write_or_check, seen),
        unique_id=f"{_ID}-before-endpoint-resolution",
    )
    events.register_last("before-parse.dynamodb", _read_answer, unique_id=f"{_ID}-before-parse")
    # The longer names come first, and of those the one of wildcards.
    events.register_first("before-call.*.*", _put_body, unique_id=f"{_ID}-before-call")
    sign_quickly(client)


def _write_request(params: Parameters, model: Any, context: dict[str, Any], **_more: object) -> None:
    _write(params, model, context, named=True)


def _write_or_check(
    seen: Callable[[], bool], params: Parameters, model: Any, context: dict[str, Any], **_more: object
) -> None:
    if not _write(params, model, context, named=seen()) and model.input_shape is not None:
        report = ParamValidator().validate(params, model.input_shape)
        if report.has_errors():
            raise ParamValidationError(report=report.generate_report())


def _write(params: Parameters, model: Any, context: dict[str, Any], *, named: bool) -> bool:
    """Write the body of a request, and leave a stub, with its table or not; tell whether that was done."""
    attempts = current_attempts()
    if attempts is None or attempts.api != model.name:
        return False
    # Whatever else is called on the way, such as by a handler, is not the store's.
    attempts.api = None
    written = _written(params, model, attempts, named=named)
    if written is None:
        return False
    context[WRITTEN] = written
    attempts.written = model.name
    params.clear()
    params.update(written.stub)
    return True


def _written(params: Parameters, model: Any, attempts: Attempts, *, named: bool) -> Written | None:
    if not (attempts.certain or _has_its_members(params, model.input_shape)):
        return None
    try:
        body = _body(params, attempts)
        table = STUBS[model.name].table(params)
        told = table if named or table.startswith("arn:") else None
        stub, text = _stub(model.name, told), _text_of_stub(model.name, told)
    except (AttributeError, TypeError, ValueError, KeyError, RecursionError):
        return None
    return Written(body, params, dict(params), stub, text)


def _has_its_members(params: Parameters, shape: Any) -> bool:
    return params.keys() <= shape.members.keys() and all(name in params for name in shape.required_members)


def _body(params: Parameters, attempts: Attempts) -> bytes:
    if not attempts.certain:
        return body_of(params, accelerated=attempts.accelerated)
    if attempts.text is not None:
        return attempts.text.encode("ascii")
    return json_of(accelerated=attempts.accelerated).write(params)


def _put_body(params: dict[str, Any], context: dict[str, Any], **_more: object) -> None:
    written = context.pop(WRITTEN, None)
    if not isinstance(written, Written):
        return
    written.parameters.clear()
    written.parameters.update(written.full)
    body = params["body"]
    if body != written.text and not _is_body_of(written.stub, body):
        raise StoreError(
            "a handler of before-call changes the body before the store gives it; register it when the store "
            "is made, or use DynamoStore(client, tuned=False)"
        )
    params["body"] = written.body


def _is_body_of(stub: Parameters, body: object) -> bool:
    """Tell whether a body says the same as a stub, in whatever form of JSON."""
    try:
        return isinstance(body, bytes | str) and json.loads(body) == stub
    except ValueError:
        return False


def plainly_read(
    body: bytes, model: Any, *, accelerated: bool, ours: bool = True, grammar: Grammar | None = None
) -> Parameters | None:
    """Read the body of an answer of success, if that gives what botocore's parser gives.

    Args:
        body: as it came.
        model: botocore's model of the action.
        accelerated: False leaves msgspec out.
        ours: whether a store gets the answer, so that the items of a page may stay text.
        grammar: takes the items of a page apart where there is no msgspec.

    Returns:
        The answer, or None where botocore is to read it.
    """
    if b"null" in body and _NULL.search(body):
        return None
    try:
        if ours and model.name in _PAGES:
            content = page_content(body, accelerated=accelerated, grammar=grammar)
        else:
            content = content_of(body, accelerated=accelerated)
    except ValueError:
        return None
    return content if content.keys() <= model.output_shape.members.keys() else None


def _read_answer(
    operation_model: Any,
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_more: object,
) -> None:
    if operation_model.name not in STUBS or response_dict["status_code"] >= 300:
        return
    content = content_read(response_dict["body"], operation_model)
    if content is not None:
        customized_response_dict.update(content)
        response_dict["body"] = b"{}"


def content_read(body: bytes, model: Any) -> dict[str, Any] | None:
    """Read the body of a success of a data action.

    Args:
        body: as it came.
        model: botocore's, of the operation.

    Returns:
        What botocore would read from it; None where it is left to botocore.
    """
    if _PARSERS.isEnabledFor(logging.DEBUG):
        return None  # it shows the body
    attempts = current_attempts()
    accelerated = attempts is None or attempts.accelerated
    ours = attempts is not None and attempts.api is None
    grammar = None if attempts is None else attempts.grammar
    return plainly_read(body, model, accelerated=accelerated, ours=ours, grammar=grammar)


@dataclass(frozen=True, slots=True)
class Stub:
    """What botocore needs of the parameters of a data action: that it has all it must, and whose table it is.

    No stub would change anything if it were sent.

    Attributes:
        table: parameters -> the name of the table that they are about, the first one if there are several.
        named: the name of a table -> the stub.
    """

    table: Callable[[Parameters], str]
    named: Callable[[str], Parameters]


def stub_of(api: str, table: str) -> Parameters:
    """Give what botocore gets in place of parameters whose text is there, and that nobody looks at.

    Args:
        api: the data action, a write.
        table: the name of the only table that it is about.
    """
    stub = STUBS[api].named(table)
    # botocore would make a token of its own otherwise, which takes long, and is not sent.
    return {**stub, "ClientRequestToken": "-"} if api == "TransactWriteItems" else stub


def _stub(api: str, table: str | None) -> Parameters:
    """Give the stub of an action; None for one that names no table, which is not to be checked."""
    if table is not None:
        return STUBS[api].named(table)
    # The rules that lead the way ask a batch for its tables.
    return {"RequestItems": {}} if api.startswith("Batch") else {}


@lru_cache(maxsize=256)
def _text_of_stub(api: str, table: str | None) -> bytes:
    """Give what botocore writes for a stub."""
    return json.dumps(_stub(api, table)).encode()


def _of_actions(table: str, kind: str) -> Parameters:
    action = {kind: {"TableName": table, "Key": {}}}
    # On the way to the service botocore looks for ARNs in lists only, which takes long.
    return {"TransactItems": [action] if table.startswith("arn:") else (action,)}


def _table_of_actions(parameters: Parameters) -> str:
    (action,) = parameters["TransactItems"][0].values()
    name: str = action["TableName"]
    return name


def _table_of_batch(parameters: Parameters) -> str:
    name: str = next(iter(parameters["RequestItems"]))
    return name


_table: Callable[[Parameters], str] = itemgetter("TableName")
_KEY = Stub(_table, lambda table: {"TableName": table, "Key": {}})
_PAGE = Stub(_table, lambda table: {"TableName": table})

STUBS: Mapping[str, Stub] = {
    "GetItem": _KEY,
    "PutItem": Stub(_table, lambda table: {"TableName": table, "Item": {}}),
    "UpdateItem": _KEY,
    "DeleteItem": _KEY,
    "Query": _PAGE,
    "Scan": _PAGE,
    "BatchGetItem": Stub(_table_of_batch, lambda table: {"RequestItems": {table: {"Keys": [{}]}}}),
    "BatchWriteItem": Stub(_table_of_batch, lambda table: {"RequestItems": {table: [{}]}}),
    "TransactGetItems": Stub(_table_of_actions, lambda table: _of_actions(table, "Get")),
    "TransactWriteItems": Stub(_table_of_actions, lambda table: _of_actions(table, "Delete")),
}
"""The stub of each data action."""
