"""Whose handlers a client's events have: an emitter that minds what is registered with it.

botocore's emitter tells nobody. A session takes an emitter, though (`event_hooks` of
`botocore.session.Session`), and gives its clients copies of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.client import BaseClient
from botocore.hooks import HierarchicalEmitter

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

Handler = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Registration:
    """A handler of an event.

    Attributes:
        event: the event, or the beginning of its name.
        handler: what is called.
        unique_id: given by who registered it.
        last: it is called after the others.
    """

    event: str
    handler: Handler
    unique_id: str | None = None
    last: bool = False


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
    module, name = _module_of(one.handler), getattr(one.handler, "__name__", "")
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
    module = _module_of(handler)
    return module.partition(".")[0] in _KNOWN and not module.startswith(_OF_EACH_ATTEMPT)


def _module_of(handler: Handler) -> str:
    while isinstance(handler, partial):
        handler = handler.func
    return getattr(handler, "__module__", None) or type(handler).__module__


def mindful_emitter_of(client: BaseClient) -> MindfulEmitter | None:
    """Give the emitter of a client, or None where it is one of botocore's own."""
    answers = client.meta.events.emit(_WHO)
    emitter = answers[0][1] if answers else None
    return emitter if isinstance(emitter, MindfulEmitter) else None


class MindfulEmitter(HierarchicalEmitter):
    """An emitter that minds what is registered, and lets one answer what is about to be sent.

    Attributes:
        answers_first: asked before all handlers of `before-send`, in whose place its answer stands.
    """

    def __init__(self) -> None:
        super().__init__()
        self._foreign: Foreign | None = None
        self.answers_first: Callable[[], object] | None = None
        self._registrations: tuple[Registration, ...] = ()

    @property
    def foreign(self) -> Foreign:
        """What others registered so far."""
        found = self._foreign
        if found is None:
            found = self._foreign = foreign_among(self._registrations)
        return found

    def emit(self, event_name: str, **kwargs: Any) -> list[tuple[Any, Any]]:
        """Emit an event; see botocore."""
        if event_name == _WHO:
            return [(None, self)]
        if self.answers_first is not None and event_name.startswith("before-send."):
            answer = self.answers_first()
            if answer is not None:
                return [(self.answers_first, answer)]
        responses: list[tuple[Any, Any]] = super().emit(event_name, **kwargs)
        return responses

    def register(
        self,
        event_name: str,
        handler: Handler,
        unique_id: str | None = None,
        unique_id_uses_count: bool = False,
    ) -> None:
        """Register a handler; see botocore."""
        super().register(event_name, handler, unique_id, unique_id_uses_count)
        self._mind(Registration(event_name, handler, unique_id))

    def register_first(
        self,
        event_name: str,
        handler: Handler,
        unique_id: str | None = None,
        unique_id_uses_count: bool = False,
    ) -> None:
        """Register a handler that is called first; see botocore."""
        super().register_first(event_name, handler, unique_id, unique_id_uses_count)
        self._mind(Registration(event_name, handler, unique_id))

    def register_last(
        self,
        event_name: str,
        handler: Handler,
        unique_id: str | None = None,
        unique_id_uses_count: bool = False,
    ) -> None:
        """Register a handler that is called last; see botocore."""
        super().register_last(event_name, handler, unique_id, unique_id_uses_count)
        self._mind(Registration(event_name, handler, unique_id, last=True))

    def unregister(
        self,
        event_name: str,
        handler: Handler | None = None,
        unique_id: str | None = None,
        unique_id_uses_count: bool = False,
    ) -> None:
        """Forget a handler; see botocore."""
        super().unregister(event_name, handler, unique_id, unique_id_uses_count)
        gone = next(
            (
                one
                for one in self._registrations
                if one.event == event_name
                and not unique_id_uses_count
                and (one.unique_id == unique_id if unique_id is not None else one.handler == handler)
            ),
            None,
        )
        self._registrations = tuple(one for one in self._registrations if one is not gone)
        self._foreign = None

    def _mind(self, registration: Registration) -> None:
        self._registrations = (*self._registrations, registration)
        self._foreign = None
