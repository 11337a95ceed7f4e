"""Random queries and patches as they are sent: nothing is needless, and the system's rules always hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.model import ServiceModel
from botocore.session import Session
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from persistence import Key, MappingSchema, MemoryStore, PersistenceError, Repository, UnitOfWork, fields
from tests.golden.grammar import conjuncts, needless, read, requests_in
from tests.golden.rendering import requests_of
from tests.models.asking import Asked, conditions, said
from tests.models.patching import Change, changes
from tests.models.specimens import SHARED, Specimen
from tests.models.worlds import settings
from tests.semantics.world import Recording

Ask = Callable[[Repository[Specimen], Asked], object]

_PLACEHOLDER = re.compile(r"[#:][nv]\d+")
_CONDITIONS = ("FilterExpression", "ConditionExpression", "KeyConditionExpression")


class GuardedMapping(MappingSchema[Specimen]):
    """Has all that the system demands of an item: a type, a version, no mark of a deletion."""

    class Meta:
        table = SHARED
        key = Key("SPECIMEN#{id}", "NUMBER#{number:03d}")

    version = fields.Version()
    deleted_at = fields.DeletedAt()


OF_ITS_TYPE = "_type = Specimen"
NOT_DELETED = "attribute_not_exists ( deleted_at )"

ASKING: dict[str, Ask] = {
    "query": lambda r, asked: r.query(lambda o: o.id == "a").matching(lambda o: said(asked, o)).all(),
    "page": lambda r, asked: r.query(lambda o: (o.id == "a") & said(asked, o)).page(3),
    "count": lambda r, asked: r.where("id", "=", "a").matching(lambda o: said(asked, o)).count(),
    "select": lambda r, asked: r.scan(lambda o: said(asked, o)).select("id", "address.city").all(),
    "scan": lambda r, asked: r.scan(lambda o: said(asked, o)).all(),
}


@pytest.fixture(scope="module")
def model() -> ServiceModel:
    return Session().get_service_model("dynamodb")


def sent(work: Callable[[Repository[Specimen]], object]) -> list[dict[str, Any]]:
    """Do something with an empty store; give what was sent, each with its API's name."""
    store = Recording(MemoryStore())
    repository = Repository(GuardedMapping, UnitOfWork(store, scan_policy="allow"))
    # What the library refuses sends nothing; what the store refuses was sent.
    with suppress(PersistenceError):
        work(repository)
    return [request for each in store.operations for request in requests_of(each)]


def check_request(rendered: dict[str, Any], model: ServiceModel) -> None:
    """It fits the service's own model; what its expressions name is what is bound, no more and no less."""
    shape = model.operation_model(rendered["api"]).input_shape
    assert shape is not None
    assert ParamValidator().validate(rendered["parameters"], shape).generate_report() == ""
    for request in requests_in(rendered["parameters"]):
        expressions = [text for name, text in request.items() if name.endswith("Expression")]
        used = {found for text in expressions for found in _PLACEHOLDER.findall(text)}
        names = request.get("ExpressionAttributeNames", {})
        assert used == {*names, *request.get("ExpressionAttributeValues", {})}
        assert len(set(names.values())) == len(names)
        for name in _CONDITIONS:
            if name in request:
                assert needless(read(request[name])) == []


def demands(request: dict[str, Any], expression: str) -> list[str]:
    """Give what must hold, each by itself, with names and values in their places."""
    bound = {
        **request.get("ExpressionAttributeNames", {}),
        **{
            name: str(next(iter(value.values())))
            for name, value in request.get("ExpressionAttributeValues", {}).items()
        },
    }
    parts = conjuncts(read(request[expression]))
    return [_PLACEHOLDER.sub(lambda found: bound[found[0]], str(part)) for part in parts]


@settings(150)
@given(asked=conditions(), ask=st.sampled_from(sorted(ASKING)))
def test_queries_need_all_that_they_send(model: ServiceModel, asked: Asked, ask: str) -> None:
    """Type and visibility are demanded beside the user's condition, whatever that is: never within an OR."""
    for rendered in sent(lambda repository: ASKING[ask](repository, asked)):
        check_request(rendered, model)
        (request,) = requests_in(rendered["parameters"])
        assert {OF_ITS_TYPE, NOT_DELETED} <= set(demands(request, "FilterExpression"))


@settings(150)
@given(change=changes())
def test_patches_need_all_that_they_send(model: ServiceModel, change: Change) -> None:
    """So are type, visibility and version of a patch, beside its own condition."""
    for rendered in sent(lambda repository: change.of(repository.patch("a", 1)).execute()):
        check_request(rendered, model)
        for request in requests_in(rendered["parameters"]):
            found = demands(request, "ConditionExpression")
            assert NOT_DELETED in found
            if not change.upsert:
                assert OF_ITS_TYPE in found
            if change.version is not None:
                # Older items have no version yet, which counts as 0.
                wanted = (
                    "(version = 0 OR attribute_not_exists ( version ))"
                    if change.version == 0
                    else "version = 1"
                )
                assert wanted in found


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("#n0 = :v0", 0),
        ("(#n0 = :v0)", 1),
        ("(#n0 = :v0 OR #n1 = :v1) AND #n2 = :v2", 0),
        ("(#n0 = :v0 AND #n1 = :v1) AND #n2 = :v2", 1),
        ("(#n0 = :v0 AND #n1 = :v1) OR #n2 = :v2", 0),
        ("NOT (#n0 = :v0)", 1),
        ("NOT (#n0 = :v0 AND #n1 BETWEEN :v1 AND :v2)", 0),
        ("((#n0 = :v0 OR #n1 IN (:v1, :v2))) AND size(#n2) > :v2", 2),
    ],
)
def test_needless_parentheses_are_found(text: str, count: int) -> None:
    """The reader that these tests rely on sees what is needless, and what is not."""
    assert len(needless(read(text))) == count
