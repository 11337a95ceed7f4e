"""Whose handlers a client's events have: an emitter that minds what is registered with it.

botocore's emitter tells nobody. A session takes an emitter, though (`event_hooks` of
`botocore.session.Session`), and gives its clients copies of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import RLock
from typing import Any

from botocore.client import BaseClient
from botocore.hooks import HierarchicalEmitter

from persistence.stores.dynamodb.fast_lane.dispatch import (
    Handler,
    Registration,
    Settings,
    called,
    effective,
    module_of,
)

_OF_ATTEMPTS = frozenset(
    {"request-created", "choose-signer", "before-sign", "before-parse", "response-received", "needs-retry"}
)
"""Events of each attempt to send a request, which the fast lane does not emit."""
_BEFORE_CALLS = frozenset(
    {"*", "before-call", "before-endpoint-resolution", "before-parameter-build", "provide-client-params"}
)
"""Events of a call before anything is sent."""
_WITHOUT_A_SAY = frozenset(
    {
        "_handle_request_validation_mode_member",
        "add_recursion_detection_header",
        "generate_idempotent_uuid",
        "inject_api_version_header_if_needed",
    }
)
"""What botocore has done in those events, and has no effect on data actions, or is done here as well."""
_KNOWN = frozenset({"botocore", "boto3", "persistence"})
_OF_EACH_ATTEMPT = ("botocore.discovery", "botocore.retries.adaptive")
"""Parts of botocore that have to see each attempt."""
_WHO = "persistence-who-emits"
_MOST_KEPT = 512
_HOOKS = logging.getLogger("botocore.hooks")


@dataclass(frozen=True, slots=True)
class Foreign:
    """What others registered.

    Attributes:
        in_the_way: the first event that the fast lane does not emit, though others wait for it.
        before_send: whether others wait for requests that are about to be sent.
        before_call: whether somebody has a say in what is to be sent, such as botocore's own stubs.
    """

    in_the_way: str | None = None
    before_send: bool = False
    before_call: bool = False


def foreign_among(registrations: Iterable[Registration]) -> Foreign:
    """Find what others than botocore and this library registered for DynamoDB.

    Args:
        registrations: all that there are.
    """
    concerning = [one for one in registrations if _concerns_dynamodb(one.event)]
    foreign = [one for one in concerning if not _is_known(one.handler)]
    in_the_way = next((one.event for one in foreign if _is_in_the_way(one)), None)
    return Foreign(
        in_the_way,
        before_send=any(one.event.startswith(("before-send", "*")) for one in foreign),
        before_call=any(map(_has_a_say, concerning)),
    )


def _has_a_say(one: Registration) -> bool:
    module, name = module_of(one.handler), getattr(one.handler, "__name__", "")
    return one.event.partition(".")[0] in _BEFORE_CALLS and not (
        module.startswith("persistence.") or (module == "botocore.handlers" and name in _WITHOUT_A_SAY)
    )


def _is_in_the_way(one: Registration) -> bool:
    event = one.event.partition(".")[0]
    return event in _OF_ATTEMPTS or event == "*" or (event == "before-call" and one.last)


def _concerns_dynamodb(event: str) -> bool:
    _, _, service = event.partition(".")
    return service.partition(".")[0] in {"", "*", "dynamodb"}


def _is_known(handler: Handler) -> bool:
    module = module_of(handler)
    return module.partition(".")[0] in _KNOWN and not module.startswith(_OF_EACH_ATTEMPT)


def mindful_emitter_of(client: BaseClient) -> MindfulEmitter | None:
    """Give the emitter of a client, or None where it is one of botocore's own."""
    answers = client.meta.events.emit(_WHO)
    emitter = answers[0][1] if answers else None
    return emitter if isinstance(emitter, MindfulEmitter) else None


class MindfulEmitter(HierarchicalEmitter):
    """An emitter that minds what is registered, and lets one answer what is about to be sent.

    It keeps for each event whom it calls, without those of botocore's handlers that have no effect there.
    Where its list could differ from that of its base, or something is to be logged, its base calls them.

    Attributes:
        answers_first: asked before all handlers of `before-send`, in whose place its answer stands.
        same_user_agent: whether the client's configuration has the text of the `User-Agent` header.
        attempts: how often the client sends a request at most.
        checks: whether the client checks parameters.
    """

    def __init__(self) -> None:
        super().__init__()
        self.answers_first: Callable[[], object] | None = None
        self.same_user_agent = False
        self.attempts = 1
        self.checks = True
        self._registrations: tuple[Registration, ...] = ()
        self._changing = RLock()
        # Of those registrations: another thread may make further ones while they are looked at.
        self._foreign: tuple[tuple[Registration, ...], Foreign] = (self._registrations, Foreign())
        self._is_certain = True
        # Replaced with each change, never emptied: a copy of the emitter begins with the same one.
        self._kept: dict[str, tuple[Handler, ...]] = {}

    @property
    def foreign(self) -> Foreign:
        """What others registered so far."""
        registrations = self._registrations
        looked_at, found = self._foreign
        if looked_at is not registrations:
            found = foreign_among(registrations)
            self._foreign = (registrations, found)
        return found

    def hears_others(self) -> bool:
        """Tell whether others than botocore and this library see calls before they are sent."""
        return self.foreign.before_call

    def emit(self, event_name: str, **kwargs: Any) -> list[tuple[Any, Any]]:
        """Emit an event; see botocore."""
        handlers = self._kept.get(event_name)
        if handlers is None or (self.answers_first is not None and event_name.startswith("before-send.")):
            return self._emitted(event_name, kwargs)
        if not handlers:
            return []
        if _HOOKS.isEnabledFor(logging.DEBUG):
            return self._emitted(event_name, kwargs)
        kwargs["event_name"] = event_name
        responses: list[tuple[Any, Any]] = []
        for handler in handlers:
            responses.append((handler, handler(**kwargs)))  # noqa: PERF401  # a frame less
        return responses

    def emit_until_response(self, event_name: str, **kwargs: Any) -> tuple[Any, Any]:
        """Emit an event until somebody answers; see botocore."""
        handlers = self._kept.get(event_name)
        if handlers is None or _HOOKS.isEnabledFor(logging.DEBUG):
            self._keep(event_name)
            answer: tuple[Any, Any] = super().emit_until_response(event_name, **kwargs)
            return answer
        kwargs["event_name"] = event_name
        handler = response = None
        for handler in handlers:  # the last one is named, if nobody answers
            response = handler(**kwargs)
            if response is not None:
                break
        return handler, response

    def _emitted(self, event_name: str, kwargs: dict[str, Any]) -> list[tuple[Any, Any]]:
        if event_name == _WHO:
            return [(None, self)]
        if self.answers_first is not None and event_name.startswith("before-send."):
            answer = self.answers_first()
            if answer is not None:
                return [(self.answers_first, answer)]
        self._keep(event_name)
        responses: list[tuple[Any, Any]] = super().emit(event_name, **kwargs)
        return responses

    def _keep(self, event_name: str) -> None:
        """Keep whom an event calls, from its next time on."""
        kept = self._kept
        if not self._is_certain or event_name in kept or len(kept) >= _MOST_KEPT:
            return
        handlers = called(event_name, self._registrations)
        if handlers is not None:
            settings = self._settings()
            found = [effective(event_name, one, settings) for one in handlers]
            kept[event_name] = tuple(one for one in found if one is not None)

    def _settings(self) -> Settings:
        foreign = self.foreign
        shared = foreign.in_the_way is not None
        return Settings(self.same_user_agent and not (shared or foreign.before_call), self.attempts, shared)

    def register(
        self,
        event_name: str,
        handler: Handler,
        unique_id: str | None = None,
        unique_id_uses_count: bool = False,
    ) -> None:
        """Register a handler; see botocore."""
        with self._changing:
            super().register(event_name, handler, unique_id, unique_id_uses_count)
            self._mind(Registration(event_name, handler, unique_id), counts=unique_id_uses_count)

    def register_first(
        self,
        event_name: str,
        handler: Handler,
        unique_id: str | None = None,
        unique_id_uses_count: bool = False,
    ) -> None:
        """Register a handler that is called first; see botocore."""
        with self._changing:
            super().register_first(event_name, handler, unique_id, unique_id_uses_count)
            self._mind(Registration(event_name, handler, unique_id, first=True), counts=unique_id_uses_count)

    def register_last(
        self,
        event_name: str,
        handler: Handler,
        unique_id: str | None = None,
        unique_id_uses_count: bool = False,
    ) -> None:
        """Register a handler that is called last; see botocore."""
        with self._changing:
            super().register_last(event_name, handler, unique_id, unique_id_uses_count)
            self._mind(Registration(event_name, handler, unique_id, last=True), counts=unique_id_uses_count)

    def unregister(
        self,
        event_name: str,
        handler: Handler | None = None,
        unique_id: str | None = None,
        unique_id_uses_count: bool = False,
    ) -> None:
        """Forget a handler; see botocore."""
        with self._changing:
            was_certain, self._is_certain = self._is_certain, False
            super().unregister(event_name, handler, unique_id, unique_id_uses_count)
            registrations = self._registrations
            gone = next(
                (one for one in registrations if _is_meant(one, event_name, handler, unique_id)), None
            )
            self._is_certain = was_certain and not unique_id_uses_count and self._is_only_one(gone, unique_id)
            if not unique_id_uses_count:
                self._registrations = tuple(one for one in registrations if one is not gone)
            self._kept = {}

    def _is_only_one(self, gone: Registration | None, unique_id: str | None) -> bool:
        """Tell whether the base has certainly forgotten the same handler, and its id."""
        if gone is None:
            return unique_id is None or all(one.unique_id != unique_id for one in self._registrations)
        alike = [
            one for one in self._registrations if one.event == gone.event and one.handler == gone.handler
        ]
        return len(alike) == 1 and gone.unique_id == unique_id

    def _mind(self, registration: Registration, *, counts: bool) -> None:
        unique_id = registration.unique_id
        if counts:
            self._is_certain = False
        known = unique_id is not None and any(one.unique_id == unique_id for one in self._registrations)
        if known and self._is_certain:
            return  # the base has ignored it
        self._registrations = (*self._registrations, registration)
        self._kept = {}


def _is_meant(one: Registration, event: str, handler: Handler | None, unique_id: str | None) -> bool:
    if one.event != event:
        return False
    return one.unique_id == unique_id if unique_id is not None else one.handler == handler
