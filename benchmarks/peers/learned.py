"""The requests that our unit of work sends, so that others can send the very same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.peers import ours
from benchmarks.peers.way import Job
from benchmarks.service.models import SHAPES
from benchmarks.service.sent import Sent, taken_from
from persistence import DynamoStore, UnitOfWork

Content = dict[str, Any]


def requests_of(url: str) -> Mapping[Job, tuple[Sent, ...]]:
    """Do each job once, and give what it sent.

    Args:
        url: of a stub.
    """
    store = DynamoStore(endpoint_url=url, region="us-east-1")
    found: dict[Job, tuple[Sent, ...]] = {}
    try:
        for shape in SHAPES.values():
            jobs = ours.jobs(UnitOfWork(store), shape, UnitOfWork(store, single_write="conditional"))
            for what, job in jobs:
                taken_from(url)
                job()
                found[f"{what} {shape.name}"] = taken_from(url)
    finally:
        store.close()
    return found


def content_of(sent: Sent) -> Content:
    """Give the parameters of a request, without the token that each has to have anew."""
    return {name: value for name, value in sent.content.items() if name != "ClientRequestToken"}
