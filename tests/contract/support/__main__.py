"""Try everything on every server, and write the page."""

from __future__ import annotations

from contextlib import ExitStack

import boto3
from moto import mock_aws

from persistence.stores.dynamodb import DynamoStore
from persistence.stores.memory import MemoryStore
from persistence.testing.servers import Dynalite, DynamoDBLocal, client_for
from tests.contract.support.page import PAGE, Verdicts, verdicts, written


def _on_moto() -> Verdicts:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        scaling = boto3.client("application-autoscaling", region_name="us-east-1")
        return verdicts(DynamoStore(client, scaling_client=scaling))


def main() -> None:
    """Write the page."""
    with ExitStack() as stack:
        local, dynalite = (stack.enter_context(server) for server in (DynamoDBLocal(), Dynalite()))
        PAGE.write_text(
            written(
                {
                    "memory": verdicts(MemoryStore()),
                    "moto": _on_moto(),
                    "DynamoDB Local": verdicts(DynamoStore(client_for(local.endpoint_url))),
                    "dynalite": verdicts(DynamoStore(client_for(dynalite.endpoint_url))),
                }
            )
        )


if __name__ == "__main__":
    main()
