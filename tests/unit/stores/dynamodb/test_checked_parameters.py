"""Parameters of the client that a store makes are checked as botocore checks them, by whoever does it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ParamValidationError
from hypothesis import given
from hypothesis import strategies as st

from persistence import DynamoStore, Table
from persistence.operations import DeleteItem, GetItem, Operation, TransactWrite
from persistence.stores.dynamodb.client import ClientSettings, make_client
from persistence.stores.dynamodb.fast_lane import MindfulEmitter, mindful_emitter_of

THERE = "http://localhost:1"


def answered(client: BaseClient) -> list[tuple[str, bytes]]:
    """Have a client's requests answered with nothing, and give the table of their URLs and bodies."""
    sent: list[tuple[str, bytes]] = []

    def answer(request: Any, **_: object) -> Any:
        sent.append((request.url, request.body))
        return type("Answer", (), {"status_code": 200, "headers": {}, "content": b"{}", "raw": None})()

    client.meta.events.register("before-send", answer)
    return sent


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture(scope="module")
def clients() -> tuple[Any, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        plain = boto3.client("dynamodb", region_name="us-east-1", endpoint_url=THERE)
        made = DynamoStore(region="us-east-1", endpoint_url=THERE).client
        for client in (plain, made):
            answered(client)
    return plain, made


def told(client: Any, method: str, parameters: dict[str, Any]) -> tuple[Any, object]:
    try:
        return dict, getattr(client, method)(**parameters).keys()
    except Exception as error:  # noqa: BLE001  # whatever it is, it shall be the same
        return type(error), str(error)


_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.binary(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["S", "N", "L", "M", "TableName", "Key", "id"]), inner, max_size=2),
    ),
    max_leaves=5,
)
_names = ["TableName", "Key", "Item", "TransactItems", "RequestItems", "Limit", "ConsistentRead", "Strange"]


@given(
    st.sampled_from(
        [
            "get_item",
            "put_item",
            "query",
            "transact_write_items",
            "batch_get_item",
            "describe_table",
            "list_tables",
            "create_table",
        ]
    ),
    st.dictionaries(st.sampled_from(_names), _values, max_size=4),
)
def test_the_same_is_refused_in_the_same_words(
    clients: tuple[Any, Any], method: str, parameters: dict[str, Any]
) -> None:
    plain, made = (told(client, method, parameters) for client in clients)

    # Where the rules lose their way among parameters that can't be, botocore fails before it checks them.
    assert made == plain or (made[0] is ParamValidationError and plain[0] is not dict)


def test_requests_to_be_signed_for_others_are_checked(clients: tuple[Any, Any]) -> None:
    _, made = clients

    with pytest.raises(ParamValidationError):
        made.generate_presigned_url("get_item", Params={"TableName": "t"})


TABLE = Table("things", partition="id")
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/things"
GET = GetItem(TABLE, {"id": {"S": "1"}})


def naming(arn: str) -> Any:
    """Give a handler that has another table asked."""

    def name(params: dict[str, Any], **_: object) -> None:
        for each in (params, *(action["Delete"] for action in params.get("TransactItems", ()))):
            if "TableName" in each:
                each["TableName"] = arn

    return name


@pytest.mark.parametrize("name", ["things", ARN])
def test_what_others_see_of_a_request_is_whole(name: str) -> None:
    store = DynamoStore(region="us-east-1", endpoint_url=THERE)
    seen: list[dict[str, Any]] = []
    sent = answered(store.client)

    def see(params: dict[str, Any], **_: object) -> None:
        seen.append(params)

    store.client.meta.events.register("provide-client-params", naming(name))
    store.client.meta.events.register("before-call", see)
    store.perform(GET)

    (body,) = [body for _, body in sent]
    assert [each["body"] for each in seen] == [body]
    assert json.loads(body)["TableName"] == name
    assert json.loads(body)["Key"] == {"id": {"S": "1"}}


@pytest.mark.parametrize("event", ["before-endpoint-resolution", "before-endpoint-resolution.dynamodb"])
def test_who_is_called_after_the_store_is_told_the_table(event: str) -> None:
    store = DynamoStore(region="us-east-1", endpoint_url=THERE)
    seen: list[Any] = []
    answered(store.client)

    def see(params: dict[str, Any], **_: object) -> None:
        seen.append(dict(params))

    store.perform(GET)
    store.client.meta.events.register_last(event, see)
    store.perform(GET)

    assert [each["TableName"] for each in seen] == ["things"]


@pytest.mark.parametrize("tuned", [True, False])
@pytest.mark.parametrize("name", [None, ARN])
def test_the_way_is_the_same(name: str | None, tuned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account's own endpoint is found by the table's ARN, or by the credentials."""
    monkeypatch.setenv("AWS_ACCOUNT_ID", "999999999999")
    store = DynamoStore(region="us-east-1", tuned=tuned)
    sent = answered(store.client)
    if name is not None:
        store.client.meta.events.register("provide-client-params", naming(name))
    delete = DeleteItem(TABLE, {"id": {"S": "1"}})
    operations: list[Operation[Any]] = [GET, delete, TransactWrite((delete,), "token")]

    for operation in operations * 2:
        store.perform(operation)

    account = "999999999999" if name is None else "123456789012"
    assert {url for url, _ in sent} == {f"https://{account}.ddb.us-east-1.amazonaws.com/"}


def test_who_wants_no_checks_gets_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile may say so; then the service refuses, as it would with botocore's own client."""
    profile = tmp_path / "config"
    profile.write_text("[default]\nparameter_validation = false\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profile))
    client: Any = DynamoStore(region="us-east-1", endpoint_url=THERE).client
    sent = answered(client)

    client.get_item(TableName="t")

    assert [body for _, body in sent] == [b'{"TableName": "t"}']


def test_only_the_client_that_a_store_makes_leaves_them_to_others() -> None:
    def checks(client: BaseClient) -> bool:
        emitter = mindful_emitter_of(client)
        assert emitter is not None
        return emitter.checks

    assert not checks(DynamoStore(region="us-east-1").client)
    assert checks(DynamoStore(region="us-east-1", tuned=False, fast_lane=True).client)
    assert checks(make_client(ClientSettings(region="us-east-1"), event_hooks=MindfulEmitter()))
