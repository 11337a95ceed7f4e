"""Every operation's request, compared as a whole with what is written down, and valid in the service's model.

What is written down is `requests.json`, bytes as base64. After an intended change run
`python -m tests.golden.test_requests` and read the difference.
"""

from __future__ import annotations

import base64
import inspect
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.model import ServiceModel
from botocore.session import Session
from botocore.validate import ParamValidator

from persistence import expressions, operations
from persistence.expressions import Condition, SetOperand, UpdateAction
from persistence.operations import Operation
from persistence.stores.dynamodb.faults import KNOWN_CODES
from persistence.stores.dynamodb.table_calls import CALLS
from tests.golden.operations import OPERATIONS
from tests.golden.rendering import requests_of

WRITTEN = Path(__file__).with_name("requests.json")
ACTIONS = {
    (asked.get("service", "dynamodb"), asked["api"])
    for operation in OPERATIONS.values()
    for asked in requests_of(operation)
}
"""Every action of a service that our requests ask for."""


def request(operation: Operation[Any]) -> dict[str, Any]:
    """Give its request, or its requests where it takes several."""
    asked = requests_of(operation)
    return asked[0] if len(asked) == 1 else {"requests": asked}


def as_json(value: object) -> str:
    return json.dumps(value, indent=1, default=_text) + "\n"


def _text(content: Any) -> str:
    return content.isoformat() if isinstance(content, datetime) else base64.b64encode(content).decode()


Models = dict[str, ServiceModel]


@pytest.fixture(scope="module")
def models() -> Models:
    session = Session()
    return {name: session.get_service_model(name) for name in ("dynamodb", "application-autoscaling")}


class TestRequests:
    @pytest.mark.parametrize("name", OPERATIONS)
    def test_is_what_is_written_down(self, name: str) -> None:
        written = json.loads(WRITTEN.read_text())

        rendered = as_json(request(OPERATIONS[name]))

        assert rendered == as_json(written[name])

    def test_nothing_else_is_written_down(self) -> None:
        assert list(json.loads(WRITTEN.read_text())) == list(OPERATIONS)

    @pytest.mark.parametrize("name", OPERATIONS)
    def test_fits_the_services_own_model(self, name: str, models: Models) -> None:
        """The model that botocore ships knows every parameter, its type and its bounds."""
        for rendered in requests_of(OPERATIONS[name]):
            model = models[rendered.get("service", "dynamodb")]
            shape = model.operation_model(rendered["api"]).input_shape
            assert shape is not None
            report = ParamValidator().validate(rendered["parameters"], shape)

            assert report.generate_report() == ""

    @pytest.mark.parametrize("name", OPERATIONS)
    def test_is_the_same_each_time(self, name: str) -> None:
        """The service compares repeated transactions as text."""
        assert as_json(request(OPERATIONS[name])) == as_json(request(OPERATIONS[name]))


class TestCompleteness:
    def test_every_operation_has_a_call(self) -> None:
        declared = {
            kind
            for _, kind in inspect.getmembers(operations, inspect.isclass)
            if issubclass(kind, Operation) and kind is not Operation
        }

        assert set(CALLS) == declared

    def test_every_operation_is_written_down(self) -> None:
        assert {type(operation) for operation in OPERATIONS.values()} == set(CALLS)

    @pytest.mark.parametrize("union", [Condition, UpdateAction, SetOperand])
    def test_every_expression_is_written_down(self, union: Any) -> None:
        text = repr(list(OPERATIONS.values()))

        missing = [kind.__name__ for kind in union.__args__ if f"{kind.__name__}(" not in text]

        assert missing == []
        assert all(hasattr(expressions, kind.__name__) for kind in union.__args__)

    @pytest.mark.parametrize(("service", "api"), sorted(ACTIONS))
    def test_every_error_that_the_model_names_is_in_the_table(
        self, service: str, api: str, models: Models
    ) -> None:
        """A newer botocore that names a new error fails here, rather than in production."""
        named = {shape.name for shape in models[service].operation_model(api).error_shapes}

        assert named - KNOWN_CODES == set()


if __name__ == "__main__":
    WRITTEN.write_text(as_json({name: request(operation) for name, operation in OPERATIONS.items()}))
