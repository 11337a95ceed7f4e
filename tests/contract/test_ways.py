"""Every way sends the same: so a case of what the server makes of a request need not run on each of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TypeVar

import msgspec  # noqa: F401  # where it is loaded it is used from the first body on
import pytest
from botocore.exceptions import ParamValidationError
from botocore.model import ServiceModel
from botocore.serialize import create_serializer
from botocore.session import Session

from persistence.errors import QueryError
from persistence.operation_facts import api_name
from persistence.operations import Operation
from persistence.store import Limits, Store
from persistence.stores.dynamodb.bodies import body_of
from persistence.stores.dynamodb.fast_lane.forms import short_body
from persistence.stores.dynamodb.item_calls import ITEM_CALLS
from persistence.stores.dynamodb.stable import Settled
from persistence.stores.memory import MemoryStore
from tests.contract.ways import ItemContract

R = TypeVar("R")


class Bodies:
    """Writes the bodies of requests on every way."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._botocore = create_serializer("json", include_validation=True)

    def plain(self, operation: Operation[Any]) -> Any:
        """What botocore sends on its own way; None if nothing is sent."""
        try:
            parameters = ITEM_CALLS[type(operation)].parameters(operation)
            model = self._model.operation_model(api_name(type(operation)))
            request = self._botocore.serialize_to_request(parameters, model)
        except (QueryError, ParamValidationError):
            return None
        return json.loads(request["body"])

    def others(self, operation: Operation[Any]) -> Iterator[Any]:
        """What is sent on the other ways, as far as they don't leave it to botocore."""
        call = ITEM_CALLS[type(operation)]
        parameters = call.parameters(operation)
        for accelerated in (True, False):
            with suppress(TypeError):
                yield json.loads(body_of(parameters, accelerated=accelerated))
            short = short_body(parameters, accelerated=accelerated)
            if short is not None:
                yield json.loads(short)
        text = None if call.text is None else call.text(operation)
        if text is not None:
            yield json.loads(text)
            yield json.loads(body_of(call.parameters(operation, Settled())))


class Comparing:
    """A memory store that looks, for each operation on items, whether it is the same request on every way."""

    def __init__(self, bodies: Bodies) -> None:
        self._below = MemoryStore(auto_create=False)
        self._bodies = bodies

    @property
    def limits(self) -> Limits:
        return self._below.limits

    def perform(self, operation: Operation[R]) -> R:
        if type(operation) in ITEM_CALLS and (plain := self._bodies.plain(operation)) is not None:
            others = list(self._bodies.others(operation))
            assert others == [plain] * len(others)
        return self._below.perform(operation)


@pytest.fixture(scope="module")
def bodies() -> Bodies:
    return Bodies(Session().get_service_model("dynamodb"))


class TestRequests(ItemContract):
    @pytest.fixture
    def store(self, bodies: Bodies) -> Store:
        return Comparing(bodies)
