"""Whether the requests of a client can be sent over aiohttp as it would, and how it verifies its peer."""

from __future__ import annotations

import ssl
from types import FunctionType
from typing import Any
from urllib.parse import urlsplit

import botocore.client
from botocore.client import BaseClient
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from persistence.stores.dynamodb.fast_lane.given import connecting_of

Verify = bool | str
"""As boto3 takes it: whether to verify the peer, or the path of a bundle of certificates to do it with."""


def obstacle_of(client: BaseClient) -> str | None:
    """Say why the requests of a client must go through botocore itself.

    Args:
        client: a low-level client.

    Returns:
        The reason, or None if there is none.
    """
    config: Any = client.meta.config
    if not calls_are_botocores(client):
        return "botocore's calls are wrapped or replaced, as tools for tracing and mocks do"
    if (config.retries or {}).get("mode") == "adaptive":
        return "retry mode adaptive slows senders down by blocking them"
    if config.proxies_config:
        return "proxies_config is set"
    if getattr(config, "endpoint_discovery_enabled", None) is True:
        return "endpoint discovery is enabled"
    if client.meta.service_model.metadata.get("jsonVersion") != "1.0":
        return "the service's protocol is not JSON 1.0"
    if urlsplit(client.meta.endpoint_url).scheme != "https":
        return "a proxy is set for an endpoint without TLS" if proxy_of(client) else None
    if verification_of(client) is None:
        return "how it verifies its peer can't be told"
    return None


def calls_are_botocores(client: BaseClient) -> bool:
    """Tell whether a call of a client goes the way that botocore wrote, and nobody stepped in between."""
    call = getattr(type(client), "_make_api_call", None)
    return type(call) is FunctionType and call.__module__ == botocore.client.__name__


def proxy_of(client: BaseClient) -> str | None:
    """Give the URL of the proxy of a client, from its configuration or the environment."""
    config: Any = client.meta.config
    url: str = client.meta.endpoint_url
    proxies = get_environ_proxies(url) if config.proxies is None else config.proxies
    proxy: str | None = proxies.get(urlsplit(url).scheme) or None
    if proxy is None or "://" in proxy:
        return proxy
    return f"http:{proxy}" if proxy.startswith("//") else f"http://{proxy}"


def verification_of(client: BaseClient) -> Verify | None:
    """Give what a client was told about verifying its peer; None if that can't be told.

    Where that is not as expected, the client is not served here.
    """
    connecting = connecting_of(client)
    return None if connecting is None else connecting.verify


def tls_of(client: BaseClient) -> ssl.SSLContext | None:
    """Make what TLS connections are made with as the client makes them; None for an endpoint without TLS.

    It takes some milliseconds, since certificates are read.
    """
    if urlsplit(client.meta.endpoint_url).scheme != "https":
        return None
    config: Any = client.meta.config
    verify = verification_of(client)
    if verify:
        context = ssl.create_default_context(cafile=get_cert_path(True) if verify is True else verify)
    else:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    match config.client_cert:
        case str(path):
            context.load_cert_chain(path)
        case (path, key):
            context.load_cert_chain(path, key)
        case _:
            pass
    return context
