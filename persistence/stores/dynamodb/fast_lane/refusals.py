"""What speaks against the fast lane on a client: reasons, in words for the log."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from botocore.client import BaseClient
from botocore.utils import get_environ_proxies


def reason_against(client: BaseClient) -> str | None:
    """Tell why a client's requests can't take the fast lane, as far as its configuration says.

    Args:
        client: a low-level client of DynamoDB.

    Returns:
        The reason, None where there is none.
    """
    config: Any = client.meta.config
    url = urlsplit(client.meta.endpoint_url)
    proxies = get_environ_proxies(client.meta.endpoint_url) if config.proxies is None else config.proxies
    if proxies.get(url.scheme):
        return "requests go through a proxy"
    if config.client_cert is not None:
        return "the client shows a certificate of its own"
    if config.signature_version not in {None, "v4"}:
        return f"requests are signed in another way: {config.signature_version}"
    if getattr(config, "auth_scheme_preference", None):
        return "the configuration prefers a way to sign"
    if "dax-clusters" in (url.hostname or ""):
        return "the endpoint is one of DAX"
    return None
