"""Where a member that botocore keeps to itself is missing, or of another kind, nothing is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.hooks import HierarchicalEmitter

from persistence.stores.dynamodb.fast_lane.given import GivenHandlers, connecting_of
from persistence.stores.dynamodb.native.suitability import obstacle_of


def given(*, verify: bool | None = None) -> BaseClient:
    return boto3.client(
        "dynamodb",
        endpoint_url="https://127.0.0.1:1",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        verify=verify,
    )


def http_session(client: Any) -> Any:
    return client._endpoint.http_session


class TestHowAClientConnects:
    def test_is_known(self) -> None:
        connecting = connecting_of(given(verify=False))

        assert connecting is not None
        assert connecting.verify is False

    @pytest.mark.parametrize("member", ["_verify", "_proxy_config", "_cert_file"])
    def test_is_not_known_without_a_member(self, member: str) -> None:
        client = given()
        delattr(http_session(client), member)

        assert connecting_of(client) is None
        assert obstacle_of(client) == "how it verifies its peer can't be told"

    def test_is_not_known_without_an_endpoint(self) -> None:
        client: Any = given()
        del client._endpoint

        assert connecting_of(client) is None
        assert obstacle_of(client) is not None

    def test_is_not_known_where_it_is_said_in_another_way(self) -> None:
        client = given()
        http_session(client)._verify = object()

        assert connecting_of(client) is None


def without(member: str, emitter: Any) -> Any:
    delattr(emitter, member)
    return SimpleNamespace(_emitter=emitter)


@pytest.mark.parametrize(
    "events",
    [
        SimpleNamespace(),
        SimpleNamespace(_emitter=SimpleNamespace(_lookup_cache={})),
        without("_lookup_cache", HierarchicalEmitter()),
        without("_handlers", HierarchicalEmitter()),
        SimpleNamespace(_emitter=SimpleNamespace(_lookup_cache={}, _handlers=SimpleNamespace(_root={}))),
    ],
)
def test_handlers_that_can_not_be_looked_at_are_in_the_way(events: Any) -> None:
    client: Any = SimpleNamespace(meta=SimpleNamespace(events=events))

    assert GivenHandlers(client).foreign.in_the_way is not None
