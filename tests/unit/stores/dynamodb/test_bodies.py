"""Bodies hold what botocore would write and read, with msgspec and without."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

import msgspec  # noqa: F401  # where it is loaded it is used from the first body on
import pytest
from botocore.parsers import create_parser
from botocore.session import Session
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import QueryError
from persistence.expressions import AttributeExists, Path, equals
from persistence.operations import PutItem, TransactWrite, UpdateItem
from persistence.stores.dynamodb.bodies import body_of, content_of
from persistence.stores.dynamodb.canonical import is_canonical
from persistence.stores.dynamodb.requests import transact_write
from persistence.stores.dynamodb.stable import Settling
from persistence.table import Table

THINGS = Table("things", "id")
WAY = pytest.mark.parametrize("accelerated", [True, False], ids=["msgspec", "standard library"])

NAMES = st.one_of(st.sampled_from(["B", "BS", "S", "Items", "a"]), st.text(max_size=5))
TEXTS = st.one_of(st.sampled_from(['"B"', "null", ":null", "\u2028", "😀"]), st.text(max_size=10))
BINARIES = st.binary(max_size=8)
LEAVES = st.one_of(
    st.builds(lambda text: {"S": text}, TEXTS),
    st.builds(lambda number: {"N": str(number)}, st.integers()),
    st.builds(lambda data: {"B": data}, BINARIES),
    st.builds(lambda flag: {"BOOL": flag}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda texts: {"SS": texts}, st.lists(TEXTS, min_size=1, max_size=3)),
    st.builds(lambda texts: {"NS": texts}, st.lists(st.just("1"), min_size=1, max_size=3)),
    st.builds(lambda texts: {"BS": texts}, st.lists(BINARIES, min_size=1, max_size=3)),
)
VALUES: Any = st.recursive(
    LEAVES,
    lambda values: st.one_of(
        st.builds(lambda parts: {"L": parts}, st.lists(values, max_size=3)),
        st.builds(lambda parts: {"M": parts}, st.dictionaries(NAMES, values, max_size=3)),
    ),
    max_leaves=8,
)
ITEMS = st.dictionaries(NAMES, VALUES, max_size=4)


@cache
def model(api: str) -> Any:
    return Session().get_service_model("dynamodb").operation_model(api)


def parsed(body: bytes, api: str = "Query") -> Any:
    """Read an answer as botocore does."""
    response = {"body": body, "headers": {}, "status_code": 200}
    content = create_parser("json").parse(response, model(api).output_shape)
    return {name: value for name, value in content.items() if name != "ResponseMetadata"}


@WAY
@settings(deadline=None, max_examples=50)
@given(ITEMS)
def test_requests_read_as_what_was_written(accelerated: bool, item: dict[str, Any]) -> None:
    body = body_of({"TableName": "things", "Item": item}, accelerated=accelerated)

    assert content_of(body) == {"TableName": "things", "Item": item}
    assert parsed(body.replace(b'"Item":', b'"Attributes":', 1), "PutItem") == {"Attributes": item}


@settings(deadline=None, max_examples=100)
@given(ITEMS)
def test_what_is_certain_needs_no_look(item: dict[str, Any]) -> None:
    condition = equals(Path.of("a", 1), {"M": item})
    made = transact_write(TransactWrite((PutItem(THINGS, item, condition),), token="t"))

    assert is_canonical(made)
    settling = Settling()
    assert made.certain == (settling(item) is item)
    assert made.certain == settling.certain


@pytest.mark.parametrize(
    "action",
    [
        PutItem(THINGS, {"id": {"S": 1}}),
        PutItem(THINGS, {"id": {"S": "1"}, "n": {"N": 1}}),
        PutItem(THINGS, {"id": {"S": "1"}, "n": {"N": "1", "S": "1"}}),
        PutItem(THINGS, {"id": {"S": "1"}, "x": {"X": "1"}}),
        PutItem(THINGS, {"id": {"S": "1"}, "b": {"B": "text"}}),
        PutItem(THINGS, {"id": {"S": "1"}, "f": {"BOOL": 1}}),
        PutItem(THINGS, {"id": {"S": "1"}, "l": {"L": [{"S": 1}]}}),
        PutItem(THINGS, {"id": {"S": "1"}, "l": {"L": ({"S": "1"},)}}),
        PutItem(THINGS, {"id": {"S": "1"}, "m": {"M": {1: {"S": "1"}}}}),
        PutItem(THINGS, {"id": {"S": "1"}, "s": {"SS": ["a", 1]}}),
        PutItem(THINGS, {"id": {"S": "1"}, "s": {"BS": ["a"]}}),
        PutItem(THINGS, {"id": {"S": "1"}, "s": {"SS": ["b", "a"]}}),
        PutItem(THINGS, {"id": {"S": "1"}}, equals(Path.of("a"), {"S": 1})),
        PutItem(THINGS, {"id": {"S": "1"}}, AttributeExists(Path((5,)))),
        UpdateItem(THINGS, {"id": {"S": "1"}}, ()),
    ],
)
def test_what_is_to_be_refused_or_settled_is_not_certain(action: Any) -> None:
    try:
        made = transact_write(TransactWrite((action,), token="t"))
    except QueryError:
        return
    assert not made.certain


@pytest.mark.parametrize("token", [None, "", 5])
def test_a_transaction_without_a_token_is_not_certain(token: Any) -> None:
    put = PutItem(THINGS, {"id": {"S": "1"}})

    assert transact_write(TransactWrite((put,), token="t")).certain
    assert not transact_write(TransactWrite((put,), token=token)).certain
    assert not transact_write(TransactWrite((), token="t")).certain


@WAY
@settings(deadline=None, max_examples=50)
@given(st.lists(ITEMS, max_size=3))
def test_answers_are_read_as_botocore_reads_them(accelerated: bool, items: list[dict[str, Any]]) -> None:
    body = body_of({"TableName": "t", "TransactItems": [{"Put": {"TableName": "t", "Item": {}}}]})
    assert body
    texts = [body_of({"Item": item}, accelerated=accelerated)[8:-1].decode() for item in items]
    page = f'{{"Items":[{",".join(texts)}],"Count":{len(items)},"ScannedCount":1}}'.encode()

    assert content_of(page, accelerated=accelerated) == parsed(page)


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda parts: st.one_of(st.lists(parts, max_size=3), st.dictionaries(NAMES, parts, max_size=3)),
    max_leaves=10,
)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(NAMES.filter(lambda name: name not in {"B", "BS"}), JSON, max_size=3))
def test_both_ways_read_all_json_alike(content: dict[str, Any]) -> None:
    for ascii_only in (True, False):
        body = json.dumps(content, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")

        assert read(body, accelerated=True) == read(body, accelerated=False)


def read(body: bytes, *, accelerated: bool) -> Any:
    try:
        return content_of(body, accelerated=accelerated)
    except ValueError:
        return "refused"


@WAY
@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": {"S": "x", "S": "y"}}', {"a": {"S": "y"}}),
        (b'{"a": {"B": "AA==", "B": "AQ=="}}', {"a": {"B": b"\x01"}}),
        (b'{"a": {"BS": []}}', {"a": {"BS": []}}),
        (b'{"B": {"B": "AA=="}}', {"B": {"B": b"\x00"}}),
        (b'{"BS": {"BS": ["AA==", "AQ=="]}}', {"BS": {"BS": [b"\x00", b"\x01"]}}),
        (b'{"B": {"M": {"B": {"S": "AA=="}}}}', {"B": {"M": {"B": {"S": "AA=="}}}}),
        (b'{"a": null}', {"a": None}),
        (b' {"a": "\\u00e9\\ud83d\\ude00"} ', {"a": "é😀"}),
        (b'{"a": 0.5, "b": 1, "c": 1e3}', {"a": 0.5, "b": 1, "c": 1000.0}),
    ],
)
def test_reads(body: bytes, content: Any, accelerated: bool) -> None:
    assert content_of(body, accelerated=accelerated) == content


@WAY
@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'"x"', b"null", b"1", b"{", b"<html>", b'{"a": "\xff"}', b'{"a": {"B": "x"}}', b"{}x"],
)
def test_refuses_what_is_no_json_object(body: bytes, accelerated: bool) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of whoever finds it
        content_of(body, accelerated=accelerated)


@WAY
@pytest.mark.parametrize(
    "parameters",
    [
        {"Unknown": "x"},
        {"TableName": 1},
        {"Limit": True},
        {"ConsistentRead": 1},
        {"ExpressionAttributeNames": {"#a": 1}},
        {"TransactItems": []},
        {"TransactItems": [{"Put": {"TableName": "t"}}]},
        {"TransactItems": [{"Put": {"TableName": "t", "Item": {}, "Key": {}}}]},
        {"TransactItems": [{"Put": {"TableName": "t", "Item": {"a": {"N": 1}}}}]},
        {"TransactItems": [{"Put": {"TableName": "t", "Item": {}}, "Delete": {"TableName": "t", "Key": {}}}]},
        {"RequestItems": {}},
        {"RequestItems": {"t": []}},
        {"RequestItems": {"t": [{"PutRequest": {"Item": {"a": {"S": 1}}}}]}},
        {"RequestItems": {"t": {"Keys": []}}},
        {"RequestItems": {"t": {"ConsistentRead": True}}},
        {"Item": {"a": {"S": "x", "N": "1"}}},
        {"Item": {"a": {}}},
        {"Item": {1: {"S": "x"}}},
        {"Item": {"a": {"M": {"b": {"L": [{"BS": ["x"]}]}}}}},
    ],
)
def test_does_not_write_what_the_api_has_otherwise(parameters: dict[str, Any], accelerated: bool) -> None:
    assert not is_canonical(parameters)
    with pytest.raises(TypeError):
        body_of(parameters, accelerated=accelerated)


@WAY
def test_does_not_write_what_holds_itself(accelerated: bool) -> None:
    circle: dict[str, Any] = {}
    circle["M"] = {"a": circle}

    with pytest.raises(RecursionError):
        body_of({"Item": {"a": circle}}, accelerated=accelerated)


def test_members_of_a_structure_may_stand_in_any_order() -> None:
    for names in (("TableName", "Item"), ("Item", "TableName"), ("TableName", "Item")):
        given: dict[str, Any] = {"TableName": "t", "Item": {"a": {"S": "x"}}}
        put = {name: given[name] for name in names}
        assert is_canonical({"TransactItems": [{"Put": put}]})
        assert not is_canonical({"TransactItems": [{"Put": {**put, "TableName": 1}}]})
        assert not is_canonical({"TransactItems": [{"Put": {**put, "Item": "t"}}]})


@WAY
def test_text_that_is_no_unicode_is_never_written_wrongly(accelerated: bool) -> None:
    """A lone surrogate is escaped by the standard library, as by botocore, and refused by msgspec."""
    parameters = {"Item": {"a": {"S": "\ud800"}}}
    try:
        body = body_of(parameters, accelerated=accelerated)
    except ValueError:
        return

    assert json.loads(body) == parameters


def test_first_bodies_do_not_wait_for_msgspec_to_load() -> None:
    program = (
        "import sys\n"
        "from persistence.stores.dynamodb.bodies import content_of\n"
        "assert 'msgspec' not in sys.modules\n"
        "content_of(b'{}')\n"
        "assert 'msgspec' not in sys.modules\n"
        "for _ in range(30): content_of(b'{}')\n"
        "assert 'msgspec' in sys.modules\n"
        "assert content_of(b'{}', accelerated=False) == {}\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True)


def test_works_without_msgspec() -> None:
    program = (
        "import sys\n"
        "sys.modules['msgspec'] = None\n"
        "from persistence.stores.dynamodb import DynamoStore\n"
        "from persistence.stores.dynamodb.bodies import body_of, content_of\n"
        "assert content_of(body_of({'Item': {'a': {'S': 'x'}}})) == {'Item': {'a': {'S': 'x'}}}\n"
        "DynamoStore()\n"
        "try: DynamoStore(accelerated=True)\n"
        "except ModuleNotFoundError: pass\n"
        "else: raise AssertionError\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True)
