"""Learn from botocore what it would send for an API, and as whom: forms that requests are made from.

URL, headers, user agent and the region of the signature come from a call of the client that ends where it
would be sent. Credentials are asked for again and again, since temporary ones are renewed: botocore does that
minutes before they expire, and may wait for the network then. All of it blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import botocore
import botocore.auth
from botocore.awsrequest import create_request_object
from botocore.client import BaseClient
from botocore.parsers import create_parser

from persistence.stores.dynamodb.calls import method_named
from persistence.stores.dynamodb.fast_lane import MindfulEmitter, mindful_emitter_of
from persistence.stores.dynamodb.native.suitability import obstacle_of
from persistence.stores.dynamodb.signer import SIGNATURE_VERSION
from persistence.stores.dynamodb.signing import Signatures, host_of

_learning: ContextVar[bool] = ContextVar("persistence_dynamodb_native_learning", default=False)

_WATCH = "persistence-native-forms"


class Unsuitable(Exception):
    """The requests of a client can't be sent here; the text says why."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the requests of one API have in common.

    Attributes:
        client: whose requests they are.
        api: the service's name of the action.
        model: botocore's model of it.
        parser: botocore's parser of its answers.
        request: what botocore would send, by the names of the event `before-call`.
        context: botocore's context of the call.
        signer: what signs for the client.
        signs: whether requests are signed.
        region: of the signature.
        service: of the signature.
        signatures: what their signatures share; None if there are no credentials, or nothing is signed.
        events: names of the events of a call.
        attempts: how often a request is sent at most, as a header tells it; 0 where that is not known.
        required: names of the parameters that it must have.
        host: of the endpoint, as the header of that name has it.
        emitter: the client's, if it minds what is registered.
    """

    client: BaseClient
    api: str
    model: Any
    parser: Any
    request: Mapping[str, Any]
    context: Mapping[str, Any]
    signer: Any
    signs: bool
    region: str
    service: str
    signatures: Signatures | None
    events: Events
    attempts: int
    required: tuple[str, ...]
    host: str
    emitter: MindfulEmitter | None


@dataclass(frozen=True, slots=True)
class Events:
    """The names of a call's events, in the order in which they come."""

    parameters: str
    build: str
    call: str
    send: str
    retry: str
    done: str
    failed: str

    @staticmethod
    def of(service: str, api: str) -> Events:
        """Give those of an API.

        Args:
            service: the id of the service with hyphens.
            api: the name of the action.
        """
        return Events(
            *(
                f"{name}.{service}.{api}"
                for name in (
                    "provide-client-params",
                    "before-parameter-build",
                    "before-call",
                    "before-send",
                    "needs-retry",
                    "after-call",
                    "after-call-error",
                )
            )
        )


def events_of(client: BaseClient) -> Any:
    """Give the emitter of a client's events, of which the types know only a part."""
    return client.meta.events


class _Learnt(Exception):
    def __init__(self, request: dict[str, Any], model: Any, signer: Any) -> None:
        self.request = request
        self.model = model
        self.signer = signer


def learn(client: BaseClient, api: str, parameters: Mapping[str, Any]) -> Form:
    """Learn what a client would send.

    Args:
        client: a low-level client.
        api: the service's name of the action.
        parameters: of a call of it.

    Raises:
        Unsuitable: it can't be sent here.
        Exception: as the client raises it for these parameters, or for want of credentials or a region.
    """
    obstacle = obstacle_of(client)
    if obstacle is not None:
        raise Unsuitable(obstacle)
    learnt = _dry_call(client, api, parameters)
    url = urlsplit(learnt.request["url"])
    if url.path not in {"", "/"} or url.query:
        raise Unsuitable("its endpoint has a path")
    name = client.meta.service_model.service_id.hyphenize()
    most = _completed(learnt, api, events_of(client), name)
    context = learnt.request.pop("context")
    signing = context.get("signing") or {}
    region = signing.get("region") or learnt.signer.region_name
    service = signing.get("signing_name") or learnt.signer.signing_name
    version = _signature_version(client, api, learnt.signer, context, region, service)
    form = Form(
        client=client,
        api=api,
        model=learnt.model,
        parser=create_parser("json"),
        request=learnt.request,
        context=context,
        signer=learnt.signer,
        signs=version is not botocore.UNSIGNED,
        region=region,
        service=service,
        signatures=None,
        events=Events.of(name, api),
        attempts=most,
        required=tuple(learnt.model.input_shape.required_members),
        host=host_of(learnt.request["url"]),
        emitter=mindful_emitter_of(client),
    )
    return renewed(form)


def renewed(form: Form) -> Form:
    """Give a form with credentials that are valid for some minutes more.

    Raises:
        Exception: botocore's, if it can't get them.
    """
    if not form.signs:
        return form
    auth = form.signer.get_auth_instance(
        signing_name=form.service, region_name=form.region, signature_version="v4"
    )
    if auth.credentials is None:
        return replace(form, signatures=None)
    headers = form.request["headers"]
    signatures = Signatures.of(headers, form.host, auth.credentials, form.region, form.service)
    return replace(form, signatures=signatures)


def _dry_call(client: BaseClient, api: str, parameters: Mapping[str, Any]) -> _Learnt:
    # By this name it comes before all others, also those who answer all calls, such as stubs.
    client.meta.events.register_first("before-call.*.*", _end_before_call, unique_id=_WATCH)
    token = _learning.set(True)
    try:
        getattr(client, method_named(api))(**parameters)
    except _Learnt as learnt:
        return learnt
    finally:
        _learning.reset(token)
    raise Unsuitable("its calls answer without a request")


def _end_before_call(model: Any, params: dict[str, Any], request_signer: Any, **_more: object) -> None:
    if _learning.get():
        raise _Learnt(dict(params), model, request_signer)


def _signature_version(
    client: BaseClient, api: str, signer: Any, context: Mapping[str, Any], region: str, service: str
) -> object:
    version = context.get("auth_type") or signer.signature_version
    event = f"choose-signer.{client.meta.service_model.service_id.hyphenize()}.{api}"
    _, chosen = events_of(client).emit_until_response(
        event, signing_name=service, region_name=region, signature_version=version, context=context
    )
    version = version if chosen is None else chosen
    if version is botocore.UNSIGNED:
        return version
    kind = botocore.auth.AUTH_TYPE_MAPS["v4"]
    if version not in {"v4", SIGNATURE_VERSION} or not kind.__module__.startswith("botocore."):
        raise Unsuitable(f"its requests are signed in a way of their own, {version}")
    return version


def _completed(learnt: _Learnt, api: str, events: Any, service: str) -> int:
    """Have botocore complete the request, which tells the last of its headers, and who else has a say.

    Returns:
        How often it is sent at most, as a header tells it; 0 where none does.
    """
    context = {**learnt.request["context"], "retries": {"attempt": 1, "invocation-id": ""}}
    request = create_request_object({**learnt.request, "context": context})
    headers = learnt.request["headers"]
    events.emit(f"request-created.{service}.{api}", request=request, operation_name=api)
    completed = {name: text for name, text in request.headers.items() if name.lower() not in _ITS_OWN}
    headers["User-Agent"] = completed.get("User-Agent", "")
    if completed != headers or request.url != learnt.request["url"]:
        raise Unsuitable("handlers of request-created or before-sign change its requests")
    most: int = context["retries"].get("max", 0)
    return most


_ITS_OWN = frozenset(
    {"authorization", "x-amz-date", "x-amz-security-token", "amz-sdk-invocation-id", "amz-sdk-request"}
)
"""Headers of a single request."""
