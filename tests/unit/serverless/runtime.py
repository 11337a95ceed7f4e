"""A runtime like AWS Lambda's: a process for a function, its variables, and events one after the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]

VARIABLES = {
    "AWS_LAMBDA_FUNCTION_NAME": "visits",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "ASIAX",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "session",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
}

PROGRAM = """
import json, sys, time
from importlib import import_module

{before}
begun = time.monotonic()
handler = import_module("tests.unit.serverless.functions").handler


class Context:
    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self):
        return int(max(0.0, self.end - time.monotonic()) * 1000)


for event in json.load(sys.stdin):
    context = Context(event["seconds"])
    answer = handler(event, context)
    answer["left"] = context.get_remaining_time_in_millis() / 1000
    print(json.dumps(answer))
{after}
"""


def run_function(
    endpoint_url: str, *events: dict[str, Any], before: str = "", after: str = "", **variables: str
) -> list[Any]:
    """Run the function for some events, in a new process.

    Args:
        endpoint_url: where it finds DynamoDB.
        events: each with the seconds that it may take.
        before: statements that run before the function is imported.
        after: statements that run after the last event; what they print as JSON is given too.
        variables: further variables of the environment.

    Returns:
        The answers.
    """
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **VARIABLES}
    environment |= {"AWS_ENDPOINT_URL_DYNAMODB": endpoint_url, **variables}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(before=before, after=after)],
        input=json.dumps(events),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
