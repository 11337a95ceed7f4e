"""Which handlers an event of botocore has, in which order, and which of them can be left out (pure).

botocore's emitter walks along the parts of an event's name, without a wildcard before with one, and calls
the handlers of what it meets last first; of one name those that were registered to be first, then most, then
those to be last.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from persistence.stores.dynamodb.attempts import current_attempts
from persistence.stores.dynamodb.tuning import STUBS

Handler = Callable[..., Any]

_WITHOUT_EFFECT_ON_ITEMS = frozenset(
    {"_handle_request_validation_mode_member", "inject_api_version_header_if_needed"}
)
_TOKENS = "generate_idempotent_uuid"
_TRACES = "add_recursion_detection_header"
_USER_AGENT = "rebuild_and_replace_user_agent_handler"
_RETRIES = "needs_retry"
_TRACED = "_X_AMZN_TRACE_ID"
"""The environment has it where a trace is to be passed on, as functions of AWS Lambda do."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A handler of an event.

    Attributes:
        event: the event, or the beginning of its name.
        handler: what is called.
        unique_id: given by who registered it.
        first: it is called before the others of its event.
        last: it is called after the others of its event.
    """

    event: str
    handler: Handler
    unique_id: str | None = None
    first: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What is known of a client besides its handlers.

    Attributes:
        same_user_agent: whether the text of the `User-Agent` header is the same whenever it is built, and
            nobody else changes it.
        attempts: how often a request is sent at most.
        shared: whether others see attempts, and may change what an answer says.
    """

    same_user_agent: bool = False
    attempts: int = 1
    shared: bool = False


def called(event: str, registrations: Iterable[Registration]) -> list[Handler] | None:
    """Give the handlers of an event in the order in which botocore's emitter calls them.

    Args:
        event: its whole name.
        registrations: all that there are, in the order in which they were made.

    Returns:
        The handlers; None where the name itself has a wildcard.
    """
    parts = event.split(".")
    if "*" in parts:
        return None
    found = [(_ways(parts, one.event.split(".")), one) for one in registrations]
    matching = [(ways, one) for ways, one in found if ways is not None]
    matching.sort(key=lambda each: each[1].last - each[1].first)
    matching.sort(key=lambda each: each[0], reverse=True)
    return [one.handler for _, one in matching]


def _ways(parts: list[str], pattern: list[str]) -> tuple[bool, ...] | None:
    """Tell of each part of a pattern whether it is a wildcard; None where the pattern does not match."""
    if len(pattern) > len(parts):
        return None
    if any(asked not in (part, "*") for part, asked in zip(parts, pattern, strict=False)):
        return None
    return tuple(asked == "*" for asked in pattern)


def effective(event: str, handler: Handler, settings: Settings) -> Handler | None:
    """Give what is to be called in place of a handler: mostly itself, None where it has no effect.

    botocore registers most of its handlers for all services and actions. Those that are left out ask on each
    call for what no action on items has, or write once more what is there already. Whether to send a request
    again is asked only where it did not succeed at once, unless the first attempt was the last, or others may
    have changed what the answer says.

    Args:
        event: its whole name.
        handler: one of its handlers.
        settings: of the client.
    """
    _, service, action = f"{event}..".split(".")[:3]
    if service != "dynamodb" or action not in STUBS:
        return handler
    module, what = module_of(handler), getattr(handler, "__name__", "")
    match module:
        case "botocore.handlers":
            if what == _TRACES:
                return _where_traced(handler)
            idle = what in _WITHOUT_EFFECT_ON_ITEMS or (what == _TOKENS and action != "TransactWriteItems")
            return None if idle else handler
        case "botocore.useragent":
            return None if what == _USER_AGENT and settings.same_user_agent else handler
        case "botocore.retries.standard":
            spared = what == _RETRIES and settings.attempts > 1 and not settings.shared
            return _unless_done(handler) if spared else handler
        case _:
            return handler


def _where_traced(handler: Handler) -> Handler:
    # The environment may come to know of traces at any time.
    def tell(**given: Any) -> Any:
        return handler(**given) if _TRACED in os.environ else None

    return tell


def _unless_done(handler: Handler) -> Handler:
    def ask(**given: Any) -> Any:
        attempts = current_attempts()
        done = attempts is not None and attempts.succeeded_at_once
        return None if done else handler(**given)

    return ask


def module_of(handler: Handler) -> str:
    """Name the module that a handler is from."""
    while isinstance(handler, partial):
        handler = handler.func
    return getattr(handler, "__module__", None) or type(handler).__module__
