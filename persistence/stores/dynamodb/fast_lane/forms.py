"""What the requests of one action have in common, so that it is asked of botocore only now and then.

A form is filled in from a request that botocore made up to the point where it would be sent. It holds for the
actions, endpoint, headers and configuration of one client, for half a minute, as long as nobody steps in
between: the credentials are asked of botocore for each request.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from botocore.client import BaseClient
from botocore.handlers import add_recursion_detection_header

from persistence.stores.dynamodb.bodies import body_of, json_of
from persistence.stores.dynamodb.calls import method_named
from persistence.stores.dynamodb.fast_lane.connections import Origin
from persistence.stores.dynamodb.fast_lane.given import Path, is_botocores, path_of
from persistence.stores.dynamodb.fast_lane.messages import (
    LaneRequest,
    Signing,
    attempt_of,
    first_lines,
    lines_of,
    origin_of,
    signing_of,
)
from persistence.stores.dynamodb.requests import Made
from persistence.stores.dynamodb.signing import Signatures, host_of
from persistence.stores.dynamodb.stamps import timestamp

FRESH_SECONDS = 30.0
"""How long what botocore said of an endpoint is believed."""

_HEADERS = frozenset({"content-type", "user-agent", "x-amz-target"})
_TRACE = "x-amzn-trace-id"
_TRACED = "_X_AMZN_TRACE_ID"
_BOTOCORE = logging.getLogger("botocore")


class Who(NamedTuple):
    """Whose credentials sign."""

    access_key: str
    secret_key: str
    token: str | None


@dataclass(frozen=True, slots=True)
class Form:
    """What the requests of one action have in common.

    Attributes:
        model: botocore's, of the action.
        context: botocore's, of a call.
        url: where to.
        origin: the same, taken apart.
        headers: of all requests, but for those of the signature and of the single request.
        signer: botocore's.
        signing: as whose service, and where, requests are signed.
        attempt: what the header says that numbers attempts.
        path: the way that a call takes through botocore.
        since: when botocore said so.
        who: whose credentials sign; None for nobody's so far.
        signatures: what their signatures share.
        head: the text of a request up to its signature.
    """

    model: Any
    context: Mapping[str, Any]
    url: str
    origin: Origin
    headers: Mapping[str, str]
    signer: Any
    signing: Signing
    attempt: str
    path: Path
    since: float
    who: Who | None = None
    signatures: Signatures | None = None
    head: str = ""

    def holds_for(self, client: BaseClient, method: str) -> bool:
        """Tell whether a call of a client would make the same of it now.

        Args:
            client: the low-level client that the form is of.
            method: the name of the action's method.
        """
        return (
            time.monotonic() - self.since < FRESH_SECONDS
            and path_of(client, method) == self.path
            and not _BOTOCORE.isEnabledFor(logging.DEBUG)
        )

    def signed_by_present(self) -> Form | None:
        """Give it with the present credentials; None where there are none."""
        signing = self.signing
        try:
            found = self.signer.get_auth_instance(signing.service, signing.region, "v4").credentials
        except Exception:  # noqa: BLE001  # botocore finds the same, and says so in its own way
            return None
        if found is None:
            return None
        who = Who(found.access_key, found.secret_key, found.token)
        if who == self.who:
            return self
        shared = Signatures.of(self.headers, host_of(self.url), who, signing.region, signing.service)
        lines = lines_of(shared.sent)
        if lines is None:
            return None
        return replace(self, who=who, signatures=shared, head=f"{first_lines(self.url)}{lines}")

    def message(self, body: bytes, invocation: str) -> bytes | None:
        """Give the text of a request that goes over the connection; None if a header holds a line break.

        Args:
            body: as it is sent.
            invocation: the id of the call.
        """
        assert self.signatures is not None
        own = {
            **self.signatures.headers(body, timestamp()),
            "amz-sdk-invocation-id": invocation,
            "amz-sdk-request": self.attempt,
            "Content-Length": len(body),
        }
        if _TRACED in os.environ:
            add_recursion_detection_header({"headers": own})
        lines = lines_of(own)
        return None if lines is None else f"{self.head}{lines}\r\n".encode() + body


def form_of(
    client: BaseClient, model: Any, request: LaneRequest, signer: Any, params: Mapping[str, Any]
) -> Form | None:
    """Fill in a form from a request.

    Args:
        client: whose request it is.
        model: botocore's, of the action.
        request: as it was sent.
        signer: botocore's.
        params: what the request was made of, as handlers of `before-call` have it.

    Returns:
        None where requests of that kind can't be made from forms.
    """
    context, path, origin = (
        params["context"],
        path_of(client, method_named(model.name)),
        origin_of(request.url),
    )
    headers = {name: value for name, value in params["headers"].items() if name.lower() != _TRACE}
    if (
        path is None
        or not is_botocores(path)
        or origin is None
        or {name.lower() for name in headers} != _HEADERS
        or lines_of(headers) is None
    ):
        return None
    return Form(
        model=model,
        context={name: value for name, value in context.items() if name != "retries"},
        url=request.url,
        origin=origin,
        headers=headers,
        signer=signer,
        signing=signing_of(context, signer),
        attempt=attempt_of(context),
        path=path,
        since=time.monotonic(),
    )


def short_body(parameters: Mapping[str, Any], *, accelerated: bool) -> bytes | None:
    """Write the body of a request that needs nothing of botocore; None where it needs something.

    Args:
        parameters: keyword arguments of a method of boto3's client, made here.
        accelerated: False leaves msgspec out.
    """
    if "TransactItems" in parameters and not _is_complete(parameters):
        return None
    try:
        if isinstance(parameters, Made) and parameters.certain:
            return json_of(accelerated=accelerated).write(parameters)
        return body_of(parameters, accelerated=accelerated)
    except (TypeError, ValueError, RecursionError):
        return None


def _is_complete(parameters: Mapping[str, Any]) -> bool:
    """Tell whether botocore would neither refuse a transaction nor give it a token."""
    actions = parameters["TransactItems"]
    return bool(actions) and ("ClientRequestToken" in parameters or "Get" in actions[0])
