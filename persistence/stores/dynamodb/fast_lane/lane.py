"""Serve the calls of a store inside botocore's `before-call`, over connections of our own.

A call whose answer has one meaning ends there: success, and the errors that nothing is to be repeated after.
Whatever else happens, an error of the network included, is handed to botocore as the outcome of its own first
attempt: it makes the request in its way, and gets what came here in place of sending it again. So its rules
for repeating, ours (`attempts`), and its words hold, and the service sees no request more than without the
lane.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from weakref import WeakKeyDictionary, ref

from botocore.client import BaseClient

from persistence.events import event_log
from persistence.stores.dynamodb.attempts import Attempts, current_attempts
from persistence.stores.dynamodb.fast_lane.connections import Connections, Manners
from persistence.stores.dynamodb.fast_lane.forms import Form, form_of, short_body
from persistence.stores.dynamodb.fast_lane.given import GivenHandlers, connecting_of
from persistence.stores.dynamodb.fast_lane.handlers import Foreign, MindfulEmitter, mindful_emitter_of
from persistence.stores.dynamodb.fast_lane.messages import LaneRequest, request_of
from persistence.stores.dynamodb.fast_lane.reading import HttpResponse, LaneResponse, Served, served
from persistence.stores.dynamodb.fast_lane.refusals import reason_against
from persistence.stores.dynamodb.stamps import invocation_id
from persistence.stores.dynamodb.tuning import STUBS

_ID = "persistence-fast-lane"


@dataclass(frozen=True, slots=True)
class FastLaneState:
    """Whether a store's requests take the fast lane.

    Attributes:
        used: they do.
        reason: why they don't; None if they do.
    """

    used: bool
    reason: str | None = None


class Handlers(Protocol):
    """Knows what others registered for a client's events."""

    @property
    def foreign(self) -> Foreign:
        """What others registered so far."""
        ...


@dataclass(frozen=True, slots=True)
class _Kept:
    lane: FastLane
    outcome: HttpResponse | Exception
    invocation: str


class FastLane:
    """The fast lane of one client.

    Args:
        client: a low-level client of DynamoDB.
        verify: as the client does it, if that is known; see `Manners.verify`.
    """

    def __init__(self, client: BaseClient, verify: bool | str | None = None) -> None:
        self._client = ref(client)
        self._events = client.meta.events
        emitter = mindful_emitter_of(client)
        self._handlers: Handlers = GivenHandlers(client) if emitter is None else emitter
        self._never, verify = _settled(client, verify)
        config: Any = client.meta.config
        manners = Manners(
            config.connect_timeout,
            config.read_timeout,
            config.max_pool_connections,
            bool(config.tcp_keepalive),
            verify,
        )
        self._connections = Connections(manners)
        self._told: set[str] = set()
        self._forms: dict[str, Form] = {}
        if self._never is None:
            self._attach(emitter)
        else:
            self._tell(self._never)

    @property
    def state(self) -> FastLaneState:
        """Whether requests take it now."""
        reason = self._reason()
        return FastLaneState(reason is None, reason)

    def call(
        self, client: BaseClient, method: str, parameters: Callable[[], dict[str, Any]], attempts: Attempts
    ) -> dict[str, Any]:
        """Call a method of the client, without the client itself where nobody could tell.

        Args:
            client: whose lane this is.
            method: its name.
            parameters: gives its keyword arguments, made by this library.
            attempts: those of this call.
        """
        answer = self._short_answer(client, method, parameters, attempts)
        return getattr(client, method)(**parameters()) if answer is None else answer

    def close(self) -> None:
        """Close its connections; a later request makes new ones."""
        self._connections.close()
        self._forms.clear()

    def _attach(self, emitter: MindfulEmitter | None) -> None:
        # The least specific event of the name, so that all others have been heard.
        serve: Callable[..., Any] = self._serve
        self._events.register_last("before-call", serve, unique_id=_ID)
        if emitter is None:
            self._events.register_first("before-send.dynamodb", self._replay, unique_id=f"{_ID}-replay")
        else:
            emitter.answers_first = self._replay

    def _reason(self) -> str | None:
        if self._never is not None:
            return self._never
        event = self._handlers.foreign.in_the_way
        return None if event is None else f"others wait for events that it does not emit: {event}"

    def _serve(
        self,
        model: Any,
        params: dict[str, Any],
        request_signer: Any,
        context: dict[str, Any],
        **_more: object,
    ) -> Served | None:
        attempts = current_attempts()
        if attempts is None or not attempts.fast or model.name not in STUBS:
            return None
        if isinstance(attempts.kept, _Kept) and attempts.kept.lane is self:
            context.setdefault("retries", {})["invocation-id"] = attempts.kept.invocation
            return None
        if (reason := self._reason()) is not None:
            self._tell(reason)
            return None
        request = request_of(params, request_signer, context)
        if request is None:
            return None
        invocation: str = context["retries"]["invocation-id"]
        try:
            response = self._response(request, model)
        except Exception as error:  # noqa: BLE001  # botocore takes whatever is raised for the attempt's outcome
            attempts.kept = _Kept(self, error, invocation)
            return None
        answer = None if response is None else served(response, model)
        if answer is None and response is not None:
            attempts.kept = _Kept(self, response, invocation)
        if answer is not None and self._is_nobody_asked:
            self._learn(model, params, request_signer, request)
        return answer

    @property
    def _is_nobody_asked(self) -> bool:
        foreign = self._handlers.foreign
        return not (foreign.before_call or foreign.before_send) and self._reason() is None

    def _learn(self, model: Any, params: dict[str, Any], signer: Any, request: LaneRequest) -> None:
        client = self._client()
        form = None if client is None else form_of(client, model, request, signer, params)
        if form is not None:
            self._forms[model.name] = form

    def _short_answer(
        self, client: BaseClient, method: str, parameters: Callable[[], dict[str, Any]], attempts: Attempts
    ) -> dict[str, Any] | None:
        """Give the answer to a call whose request needs nothing of botocore; None leaves the call to it."""
        api = attempts.api
        form = None if api is None else self._forms.get(api)
        if api is None or form is None or client is not self._client():
            return None
        if not (self._is_nobody_asked and form.holds_for(client, method)):
            return None
        if attempts.text is None:
            body = short_body(parameters(), accelerated=attempts.accelerated)
        else:
            body = attempts.text.encode("ascii")
        if body is None:
            return None
        signed, invocation = form.signed_by_present(), invocation_id()
        message = None if signed is None else signed.message(body, invocation)
        if signed is None or message is None:
            return None
        self._forms[api] = signed
        try:
            response = LaneResponse(form.url, self._connections.ask(form.origin, message))
        except Exception as error:  # noqa: BLE001  # it is the outcome of botocore's first attempt
            attempts.kept = _Kept(self, error, invocation)
            return None
        attempts.api = None
        answer = served(response, form.model)
        if answer is None:
            attempts.api, attempts.kept = api, _Kept(self, response, invocation)
            return None
        return self._concluded(client, form, answer)

    def _concluded(self, client: BaseClient, form: Form, answer: Served) -> dict[str, Any]:
        """End a call as botocore does."""
        (response, parsed), context, api = answer, dict(form.context), form.model.name
        self._events.emit(
            f"after-call.dynamodb.{api}",
            http_response=response,
            parsed=parsed,
            model=form.model,
            context=context,
        )
        if response.status_code >= 300:
            code = context.get("error_code_override") or parsed.get("Error", {}).get("Code")
            kind: Any = client.exceptions.from_code(code)
            raise kind(parsed, api)
        return parsed

    def _response(self, request: LaneRequest, model: Any) -> HttpResponse | None:
        """Give what a mock answers, or else the service; None where botocore has to send it."""
        if self._handlers.foreign.before_send:
            prepared = request.prepared()
            responses = self._events.emit(f"before-send.dynamodb.{model.name}", request=prepared)
            answer: HttpResponse | None = next((one for _, one in responses if one is not None), None)
            if answer is not None:
                return answer
            changed = request.changed_to(prepared)
            if changed is None:
                return None
            request = changed
        message = request.message()
        if message is None:
            return None
        return LaneResponse(request.url, self._connections.ask(request.origin, message))

    def _replay(self, **_event: object) -> Any:
        attempts = current_attempts()
        kept = None if attempts is None else attempts.kept
        if attempts is None or not isinstance(kept, _Kept) or kept.lane is not self:
            return None
        attempts.kept = None
        if isinstance(kept.outcome, Exception):
            raise kept.outcome
        return kept.outcome

    def _tell(self, reason: str) -> None:
        if reason not in self._told:
            self._told.add(reason)
            event_log().warning("fast_lane.refused", reason=reason)


def _settled(client: BaseClient, verify: bool | str | None) -> tuple[str | None, bool | str]:
    """Tell what speaks against the lane as long as the client lives, and how the client verifies."""
    reason = reason_against(client)
    if reason is not None or verify is not None:
        return reason, verify is None or verify
    connecting = connecting_of(client)
    if connecting is None:
        return "how the given client connects can't be known", True
    if connecting.proxied:
        return "requests go through a proxy", True
    if connecting.certified:
        return "the client shows a certificate of its own", True
    return None, connecting.verify


_lanes: WeakKeyDictionary[BaseClient, FastLane] = WeakKeyDictionary()
_lanes_lock = threading.Lock()


def _begin_anew() -> None:
    global _lanes_lock  # noqa: PLW0603  # the parent's may be held for ever
    _lanes_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def fast_lane_of(client: BaseClient, verify: bool | str | None = None) -> FastLane:
    """Give the fast lane of a client, which is made once.

    Args:
        client: a low-level client of DynamoDB, ours or the user's.
        verify: as the client does it, if that is known: False accepts any certificate, a path names the
            certificates to trust, True takes botocore's.
    """
    with _lanes_lock:
        lane = _lanes.get(client)
        if lane is None:
            lane = _lanes[client] = FastLane(client, verify)
        return lane
