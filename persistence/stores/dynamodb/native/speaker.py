"""The attempts of one call: its events, its requests over a line, and what becomes of its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from persistence.stores.dynamodb.attempts import Attempts, damaged_answer, in_doubt, is_damaged, watched
from persistence.stores.dynamodb.failures import FOREIGN_ERRORS, translated
from persistence.stores.dynamodb.native.forms import Form, events_of
from persistence.stores.dynamodb.native.messages import (
    Received,
    Sent,
    parsed,
    with_signature,
    written,
)
from persistence.stores.dynamodb.requests import Made
from persistence.stores.dynamodb.stamps import invocation_id

Send = Callable[[str, Mapping[str, str], bytes], Awaitable[Received]]
"""Sends a request by its URL, headers and body, and raises botocore's errors."""

Parameters = Callable[[], dict[str, Any]]
"""Gives the parameters of a call, which are not needed where its text is written, and nobody sees them."""

Renew = Callable[[Form], Awaitable[Form]]
"""Gives a form with credentials that were fetched anew."""

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException"})


@dataclass(slots=True)
class _Attempt:
    received: Received | None = None
    answer: dict[str, Any] | None = None
    error: Exception | None = None
    is_fine: bool = False

    @property
    def response(self) -> tuple[Received, dict[str, Any]] | None:
        return None if self.received is None or self.answer is None else (self.received, self.answer)

    @property
    def has_expired(self) -> bool:
        return self.answer is not None and self.answer.get("Error", {}).get("Code") in _EXPIRED


async def call(
    form: Form, parameters: Parameters, attempts: Attempts, send: Send, renew: Renew
) -> dict[str, Any]:
    """Perform a call as a method of botocore's client does.

    Args:
        form: what requests of this API have in common.
        parameters: gives those of the call.
        attempts: which attempts may be repeated; they are noted there.
        send: sends a request.
        renew: fetches credentials.

    Returns:
        What the method returns.

    Raises:
        PersistenceError: what the call ended in.
        Unsuitable: the parameters must be refused by botocore; nothing was sent.
    """
    try:
        return await _called(form, parameters, attempts, send, renew)
    except FOREIGN_ERRORS as error:
        raise in_doubt(translated(error, attempts.asked), attempts) from error


async def _called(
    form: Form, parameters: Parameters, attempts: Attempts, send: Send, renew: Renew
) -> dict[str, Any]:
    emit, events = events_of(form.client), form.events
    request = _request(form, parameters, attempts)
    context = request["context"]
    handed = emit.emit_until_response(
        events.call, model=form.model, params=request, request_signer=form.signer, context=context
    )[1]
    if handed is None:
        try:
            received, answer = await _sent(form, request, attempts, send, renew)
        except Exception as error:
            emit.emit(events.failed, exception=error, context=context)
            raise
    else:
        received, answer = handed
    emit.emit(events.done, http_response=received, parsed=answer, model=form.model, context=context)
    if received.status_code >= 300:
        code = context.get("error_code_override") or answer.get("Error", {}).get("Code")
        kind: Any = form.client.exceptions.from_code(code)
        raise kind(answer, form.api)
    if attempts.damaged:
        raise damaged_answer(attempts.asked)
    return answer


def _request(form: Form, parameters: Parameters, attempts: Attempts) -> dict[str, Any]:
    context = dict(form.context)
    request = dict(form.request)
    request["headers"] = dict(form.request["headers"])
    unseen = _is_nobody_asked(form)
    if unseen and attempts.text is not None:
        request["body"] = attempts.text.encode("ascii")
    else:
        given = parameters()
        certain = unseen and isinstance(given, Made) and given.certain
        if not certain:
            given = _seen_by_others(form, given, context)
        request["body"] = written(form, given, accelerated=attempts.accelerated, certain=certain)
    request["context"] = context
    return request


def _is_nobody_asked(form: Form) -> bool:
    """Tell whether nobody but botocore would see the parameters, which changes none."""
    return form.emitter is not None and not form.emitter.foreign.before_call


def _seen_by_others(form: Form, parameters: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    emit = events_of(form.client)
    told = emit.emit(form.events.parameters, params=parameters, model=form.model, context=context)
    parameters = next((answer for _, answer in told if answer is not None), parameters)
    emit.emit(form.events.build, params=parameters, model=form.model, context=context)
    return parameters


async def _sent(
    form: Form, request: dict[str, Any], attempts: Attempts, send: Send, renew: Renew
) -> tuple[Received, dict[str, Any]]:
    invocation = invocation_id()
    retries: dict[str, Any] = {"attempt": 1, "invocation-id": invocation}
    request["context"]["retries"] = retries
    may_renew = True
    while True:
        headers = with_signature(form, request["headers"], request["body"], invocation, retries["attempt"])
        attempt = await _attempted(form, Sent(request["url"], headers, request["body"]), attempts, send)
        if attempt.is_fine and attempt.error is None:
            attempts.damaged = False
            break
        if attempt.has_expired and may_renew:
            may_renew, held = False, form.signatures
            form = await renew(form)
            if form.signatures != held:
                continue  # botocore would have had them at once
        delay = _delay(form, attempt, request, attempts, retries["attempt"])
        if delay is None:
            break
        await asyncio.sleep(delay)
        retries["attempt"] += 1
    return _outcome(attempt, retries["attempt"])


async def _attempted(form: Form, sent: Sent, attempts: Attempts, send: Send) -> _Attempt:
    attempt = _Attempt()
    try:
        told = events_of(form.client).emit(form.events.send, request=sent)
        received = next((answer for _, answer in told if answer is not None), None)
        if received is None:
            received = await send(sent.url, sent.all_headers, cast(bytes, sent.body))
        attempt.received = received
        attempt.is_fine = received.status_code < 300 and not is_damaged(received, form.model)
        is_read = attempt.is_fine or received.status_code >= 300
        attempt.answer = _read(form, received, attempts) if is_read else {}
    except Exception as error:  # noqa: BLE001  # botocore's handlers decide about it, and it is raised
        attempt.error = error
    return attempt


def _read(form: Form, received: Received, attempts: Attempts) -> dict[str, Any]:
    return parsed(form, received, accelerated=attempts.accelerated, grammar=attempts.grammar)


def _delay(
    form: Form, attempt: _Attempt, request: dict[str, Any], attempts: Attempts, number: int
) -> float | None:
    asking = partial(
        events_of(form.client).emit,
        form.events.retry,
        response=attempt.response,
        endpoint=None,
        operation=form.model,
        attempts=number,
        caught_exception=attempt.error,
        request_dict=request,
    )
    told = watched(attempts, asking)
    delay = next((answer for _, answer in told if answer is not None), None)
    return None if delay is None or delay is False else float(delay)


def _outcome(attempt: _Attempt, number: int) -> tuple[Received, dict[str, Any]]:
    if attempt.error is not None:
        raise attempt.error
    response = attempt.response
    assert response is not None
    response[1].setdefault("ResponseMetadata", {})["RetryAttempts"] = number - 1
    return response
