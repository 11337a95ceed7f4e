"""A real handler, in a process of its own with Lambda's variables, against servers good and bad."""

from __future__ import annotations

import json

import pytest

from persistence.testing.servers import client_for
from tests.unit.serverless.runtime import run_function
from tests.unit.stores.dynamodb.scripted import Answer, Held, scripted

ITEM = {"id": {"S": "v1"}, "count": {"N": "41"}, "version": {"N": "3"}}


class TestAHandler:
    def test_answers_its_events_over_one_store(self) -> None:
        """The connection is opened before the first event; then each event is a read and a commit."""
        steps = [Answer({}), Answer({"Item": ITEM}), Answer({}), Answer({}), Answer({})]
        with scripted(steps) as server:
            answers = run_function(
                server.endpoint_url, {"id": "v1", "seconds": 30}, {"id": "v2", "seconds": 30}
            )

        assert [answer["count"] for answer in answers] == [42, 1]
        sent = [json.loads(body) for body in server.requests]
        assert ["TransactItems" in each for each in sent] == [False, False, True, False, True]
        assert [each["Key"] for each in sent if "Key" in each] == [
            {"id": {"S": key}} for key in ("-", "v1", "v2")
        ]

    def test_ends_before_it_is_killed_while_it_reads(self) -> None:
        """The service does not answer; the client would wait for 5 seconds, the function has 1.5."""
        held = Held()
        with scripted([Answer({}), held]) as server:
            try:
                (answer,) = run_function(server.endpoint_url, {"id": "v1", "seconds": 1.5, "buffer": 0.8})
            finally:
                held.released.set()

        assert (answer["error"], answer["committed"]) == ("DeadlineExceeded", False)
        assert answer["left"] > 0

    def test_says_that_a_commit_may_have_taken_effect(self) -> None:
        held = Held()
        with scripted([Answer({}), Answer({"Item": ITEM}), held]) as server:
            try:
                (answer,) = run_function(server.endpoint_url, {"id": "v1", "seconds": 4.0, "buffer": 0.8})
            finally:
                held.released.set()

        assert (answer["error"], answer["committed"]) == ("CommitOutcomeUnknown", None)
        assert answer["left"] > 0

    def test_begins_nothing_without_time(self) -> None:
        with scripted([Answer({})]) as server:
            (answer,) = run_function(server.endpoint_url, {"id": "v1", "seconds": 0.5})

        assert (answer["error"], answer["committed"]) == ("DeadlineExceeded", False)
        assert len(server.requests) == 1

    def test_goes_on_where_nobody_answers_at_its_start(self) -> None:
        """The function starts all the same; its event tells what is wrong."""
        with scripted([]) as server:
            endpoint_url = server.endpoint_url
        (answer,) = run_function(endpoint_url, {"id": "v1", "seconds": 1.2, "buffer": 1.0})

        assert answer["error"] == "DeadlineExceeded"


HOOKS = """
import sys, types

hooks = types.ModuleType("snapshot_restore_py")
hooks.before, hooks.after = [], []
hooks.register_before_snapshot = hooks.before.append
hooks.register_after_restore = hooks.after.append
sys.modules["snapshot_restore_py"] = hooks
"""

RESTORED = """
import os, random
from tests.unit.serverless.functions import VisitMapping, lambda_init

store = lambda_init(VisitMapping).store
old = store.client
for hook in hooks.before:
    hook()
random.seed(1)
state = random.getstate()
os.environ["AWS_ACCESS_KEY_ID"] = "ASIAY"
for hook in hooks.after:
    hook()
key = signed_by(store.client)
print(json.dumps({"new": store.client is not old, "key": key, "chance": random.getstate() != state}))
"""


def test_a_restored_process_has_connections_credentials_and_chance_of_its_own() -> None:
    helper = (
        "\ndef signed_by(client):\n"
        "    seen = []\n"
        "    client.meta.events.register('before-send.dynamodb', "
        "lambda request, **_: seen.append(request.headers['Authorization']))\n"
        "    client.describe_limits()\n"
        "    text = seen[0].decode() if isinstance(seen[0], bytes) else seen[0]\n"
        "    return text.split('Credential=')[1].split('/')[0]\n"
    )
    steps = [Answer({}), Answer({"Item": ITEM}), Answer({}), Answer({}), Answer({})]
    with scripted(steps) as server:
        *_, found = run_function(
            server.endpoint_url, {"id": "v1", "seconds": 30}, before=HOOKS, after=helper + RESTORED
        )

    assert found == {"new": True, "key": "ASIAY", "chance": True}
    assert len(server.requests) == 5, "one more connection was opened after the restore, by a read"


@pytest.mark.parametrize(("memory", "connections"), [("128", 5), ("1024", 10), ("3008", 20)])
def test_a_function_has_connections_by_its_memory(memory: str, connections: int) -> None:
    after = (
        "from tests.unit.serverless.functions import VisitMapping, lambda_init\n"
        "from persistence.serverless import memory_stats\n"
        "store = lambda_init(VisitMapping).store\n"
        "found = memory_stats()\n"
        "print(json.dumps([store.connections, found.limit, found.collector.frozen > 10_000]))"
    )
    steps = [Answer({}), Answer({"Item": ITEM}), Answer({})]
    with scripted(steps) as server:
        _, found = run_function(
            server.endpoint_url,
            {"id": "v1", "seconds": 30},
            after=after,
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE=memory,
        )

    assert found == [connections, float(memory), True]


def test_counts_in_dynamodb_local(dynamodb_local: str) -> None:
    client = client_for(dynamodb_local)
    client.create_table(
        TableName="visits",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    try:
        event = {"id": "v1", "seconds": 30}
        answers = run_function(
            dynamodb_local,
            event,
            event,
            event,
            AWS_ACCESS_KEY_ID="local",
            AWS_SESSION_TOKEN="",
            AWS_DEFAULT_REGION="us-east-1",
        )
    finally:
        client.delete_table(TableName="visits")
        client.close()

    assert [answer["count"] for answer in answers] == [1, 2, 3]
