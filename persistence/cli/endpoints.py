"""Which endpoints the command line may be sent to: a wrong one gets signed requests, and items."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from contextlib import suppress
from urllib.parse import urlsplit

from persistence.cli.failures import Failure

AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws")
"""Ends of the names of AWS's hosts."""

_NEVER = (ipaddress.ip_network("169.254.0.0/16"), ipaddress.ip_network("fe80::/10"))
"""Link-local addresses: those of the metadata services, which give credentials (EC2 and ECS user guides)."""
_NEVER_ONE = frozenset({ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("fd00:ec2::23")})
_STRANGE = re.compile(r"[\s\\\x00-\x1f\x7f@]")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check_endpoint(endpoint: str, source: str, allowed: Collection[str]) -> None:
    """Refuse an endpoint that is neither this machine, nor AWS, nor allowed by name.

    Args:
        endpoint: the URL.
        source: where it was said, for the message.
        allowed: hosts, each with a port or without.

    Raises:
        Failure: with the remedy.
    """
    host, port = _host_of(endpoint, source)
    address = _address(host)
    if address is not None and _gives_credentials(address):
        raise Failure(
            f"{source} is {endpoint!r}, an address of metadata services, which is never a DynamoDB; nothing "
            "was sent"
        )
    if _is_here(host, address) or host.endswith(AWS_HOSTS):
        return
    if not {host, f"{host}:{port}"} & {each.lower() for each in allowed}:
        raise Failure(
            f"{source} is {endpoint!r}, which is neither this machine nor AWS, so that nothing was sent; if "
            f'it is meant, write allowed_endpoints = ["{host}"] under [tool.persistence]'
        )


def _host_of(endpoint: str, source: str) -> tuple[str, int | None]:
    host, port, scheme = "", None, ""
    with suppress(ValueError):
        parts = urlsplit(endpoint)
        host, port, scheme = (parts.hostname or "").rstrip("."), parts.port, parts.scheme
    if scheme not in ("http", "https") or not host or port == 0 or _STRANGE.search(endpoint):
        raise Failure(f"{source} is {endpoint!r}; it is a URL such as http://localhost:8000")
    return host, port


def _address(host: str) -> Address | None:
    try:
        found: Address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _gives_credentials(address: Address) -> bool:
    return address in _NEVER_ONE or any(
        address in network for network in _NEVER if network.version == address.version
    )


def _is_here(host: str, address: Address | None) -> bool:
    return address.is_loopback if address is not None else host == "localhost" or host.endswith(".localhost")
