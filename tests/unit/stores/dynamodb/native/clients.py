"""Clients of servers in this process, and a store that does not fall back to threads."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3

from persistence.operations import Operation
from persistence.stores.dynamodb import DynamoStore


class NoThreads(DynamoStore):
    """A store of which only the client is used."""

    def perform(self, operation: Operation[Any]) -> Any:
        raise AssertionError("this went to a thread")


@cache
def session() -> boto3.session.Session:
    """Give a session with credentials."""
    return boto3.session.Session(aws_access_key_id="x", aws_secret_access_key="y", region_name="us-east-1")
