"""Look into a client that was made elsewhere, which tells nobody what the fast lane must know.

This is the one place that looks at what botocore keeps to itself, for the native way too. It only reads, and
where anything is not as it was when this was written, it knows nothing, and both ways refuse themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath
from types import FunctionType, MethodType
from typing import Any

import botocore.client
from botocore.client import BaseClient
from botocore.history import get_global_history_recorder
from botocore.hooks import HierarchicalEmitter
from botocore.httpsession import URLLib3Session

from persistence.stores.dynamodb.fast_lane.dispatch import Registration
from persistence.stores.dynamodb.fast_lane.handlers import Foreign, foreign_among

_CONVERSION = "boto3.dynamodb.transform"
_BOTOCORE = str(PurePath(botocore.client.__file__).parent)
_SURPRISES = (AttributeError, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Connecting:
    """How a client connects.

    Attributes:
        verify: False accepts any certificate; a path names those to trust; True takes botocore's.
        proxied: requests to its endpoint go through a proxy.
        certified: it shows a certificate of its own.
    """

    verify: bool | str
    proxied: bool
    certified: bool


def connecting_of(client: BaseClient) -> Connecting | None:
    """Tell how a client connects, or None where that can't be known."""
    inside: Any = client
    try:
        session: Any = inside._endpoint.http_session
        if _kind(session) is not URLLib3Session:
            return None
        proxy = session._proxy_config.proxy_url_for(client.meta.endpoint_url)
        verify = session._verify
        if not isinstance(verify, bool | str):
            return None
        return Connecting(verify, proxy is not None, session._cert_file is not None)
    except _SURPRISES:
        return None


def converts_values(client: BaseClient) -> bool:
    """Tell whether a client is that of a boto3 resource, which takes and gives Python values, not items."""
    events: Any = client.meta.events
    try:
        registrations = tuple(_registrations(events._emitter._handlers._root, ()))
    except _SURPRISES:
        return False
    return any(getattr(one.handler, "__module__", None) == _CONVERSION for one in registrations)


Path = tuple[object, object]
"""The functions that a call of a client goes through."""


def path_of(client: BaseClient, method: str) -> Path | None:
    """Give the functions that a call goes through; None where it goes through something else.

    Args:
        client: a low-level client.
        method: the name of the method that is called.
    """
    bound = getattr(client, method, None)
    call = getattr(type(client), "_make_api_call", None)
    # What wraps a function may pass for it in all but its type, as that of tracers does.
    if type(bound) is not MethodType or type(call) is not FunctionType or "_make_api_call" in vars(client):
        return None
    return bound.__func__, call


@lru_cache(maxsize=32)
def is_botocores(path: Path) -> bool:
    """Tell whether botocore wrote the functions of a path, and nobody stepped in between."""
    return all(type(one) is FunctionType and _file_of(one).startswith(_BOTOCORE) for one in path)


def is_recorded() -> bool:
    """Tell whether botocore's history of the process hears of calls, with their parameters."""
    enabled: bool = getattr(get_global_history_recorder(), "_enabled", True)
    return enabled


def _file_of(function: FunctionType) -> str:
    return function.__code__.co_filename


def _kind(something: object) -> type[object]:
    return type(something)


class GivenHandlers:
    """The handlers of a given client's events, looked at anew when some were added."""

    def __init__(self, client: BaseClient) -> None:
        self._events: Any = client.meta.events  # not the client itself, which would live for ever then
        self._seen: object = None
        self._foreign = Foreign()

    @property
    def foreign(self) -> Foreign:
        """What others than botocore and this library registered."""
        try:
            emitter = self._events._emitter
            # botocore replaces it with each change.
            version = emitter._lookup_cache
            if version is not self._seen:
                self._foreign = self._looked_at(emitter)
                self._seen = version
        except _SURPRISES:
            return Foreign("events that can't be looked at")
        return self._foreign

    def _looked_at(self, emitter: Any) -> Foreign:
        if _kind(emitter) is not HierarchicalEmitter:
            return Foreign("events of another kind of emitter")
        found = foreign_among(_registrations(emitter._handlers._root, ()))
        # A mock that was asked once can't be kept from being asked again here.
        return Foreign("before-send") if found.in_the_way is None and found.before_send else found


def _registrations(node: Any, path: tuple[str, ...]) -> Iterator[Registration]:
    here = path if node["chunk"] is None else (*path, node["chunk"])
    if node["values"] is not None:
        for section in ("first", "middle", "last"):
            for handler in getattr(node["values"], section):
                yield Registration(".".join(here), handler, last=section == "last")
    for child in node["children"].values():
        yield from _registrations(child, here)
