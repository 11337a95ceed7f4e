"""All contenders that talk to the service."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from benchmarks.peers.way import Way

BASELINE = "boto3 client"
PLAIN = "persistence, plain"
DEFAULT = "persistence"
TYPED = "persistence, typed"
FAST = "persistence, fast lane"
FAST_TYPED = "persistence, fast lane, typed"
ASYNC = "persistence, async"
ASYNC_MANY = "persistence, async x32"
AIODYNAMO = "aiodynamo"
MAPPERS = ("boto3 + marshmallow", "PynamoDB", "dyntastic", "bloop", "pydynox")
"""Peers that make objects of what they read."""

_MODULES = {
    "boto3_client": "boto3",
    "pynamodb_models": "pynamodb",
    "dyntastic_models": "dyntastic",
    "bloop_models": "bloop",
    "pydynox_models": "pydynox",
    "aiodynamo_client": "aiodynamo",
    "ours": "persistence",
}
"""Module here -> what has to be installed."""

_OF_BOTOCORE = ("boto3_client", "ours")

_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def ways(url: str, certificate: Path | None = None) -> Iterator[tuple[Way, ...]]:
    """Give the ways to talk to a stub of all contenders that are installed; the baseline is the first one.

    Args:
        url: of the stub.
        certificate: what its TLS certificate is checked with; then only those take part that botocore tells
            what to trust.

    What is there once they are made is no matter of the garbage collector any more, as in a program that
    calls `gc.freeze()` when it has started.
    """
    trust = {} if certificate is None else {"AWS_CA_BUNDLE": str(certificate)}
    with environment(trust):
        found = [
            way
            for module, package in _MODULES.items()
            if find_spec(package) is not None and (certificate is None or module in _OF_BOTOCORE)
            for way in import_module(f"benchmarks.peers.{module}").ways(url)
        ]
        gc.collect()
        gc.freeze()
        try:
            yield tuple(found)
        finally:
            gc.unfreeze()
            for way in found:
                way.close()


@contextmanager
def environment(further: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """Let clients find credentials and a region, which nobody checks.

    Args:
        further: other variables of the environment.
    """
    wanted = {**_ENVIRONMENT, **further}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
