"""Pages without msgspec: every way of a store takes their items apart for who makes entities of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

import pytest

import persistence.mapping.texts as reading
from persistence import (
    AsyncDynamoStore,
    AsyncRepository,
    AsyncUnitOfWork,
    Key,
    MappingSchema,
    Repository,
    UnitOfWork,
)
from persistence.errors import DecodeError, PersistenceError
from persistence.flows import Flow, perform
from persistence.mapping import mapping_of
from persistence.operations import Operation, Page, ScanPage
from persistence.stores.dynamodb import DynamoStore
from persistence.stores.layers import Layer, layered
from persistence.wire_items import WireItems
from tests.unit.stores.dynamodb.scripted import Answer, scripted

R = TypeVar("R")

COUNT = 200

pytestmark = pytest.mark.skipif(not reading.KNOWS_POSSESSIVE, reason="dicts are read by an early Python 3.11")


@dataclass
class Sale:
    shop: str
    number: int
    price: Decimal
    note: str | None = None


class SaleMapping(MappingSchema[Sale]):
    class Meta:
        table = "sales"
        key = Key("shop", "number")


TABLE = mapping_of(SaleMapping).table
SALES = [Sale("é", number, Decimal(number) / 4, "x" * (number % 3) or None) for number in range(COUNT)]


class Compact(Answer):
    """An answer in the form of the service, without blanks."""

    @property
    def text(self) -> bytes:
        body = json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()
        head = f"HTTP/1.1 200 X\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
        return head.encode() + body[: len(body) - self.cut]


def page(items: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    found = [SaleMapping.codec.encode(sale) for sale in SALES] if items is None else items
    return {"Count": len(found), "Items": found, **more, "ScannedCount": len(found)}


class Keeping(Layer):
    """Keeps the items of pages."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    def around(self, operation: Operation[R]) -> Flow[R]:
        answer = yield from perform(operation)
        if isinstance(answer, Page):
            self.items.append(answer.items)
        return answer

    def apart(self) -> list[bool]:
        """Tell of each page whether it was taken apart, and nobody looked at the items."""
        return [isinstance(items, WireItems) and items.apart is not None for items in self.items]


@pytest.fixture(autouse=True)
def _ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    vars(mapping_of(SaleMapping).codec).pop("grammar", None)
    mapping_of(SaleMapping).codec.grammar.before = 0  # type: ignore[union-attr]  # it is compiled


def store_at(url: str, **settings: Any) -> DynamoStore:
    given = {"region": "us-east-1", "attempts": 1, "accelerated": False, **settings}
    return DynamoStore(endpoint_url=url, **given)


WAYS = pytest.mark.parametrize("settings", [{}, {"fast_lane": True}], ids=["default", "fast lane"])


def asked(
    settings: dict[str, Any], answers: Sequence[Answer], ask: Callable[[Repository[Sale]], Any]
) -> tuple[Any, list[bool]]:
    """Give what a repository gives, and what became of the pages."""
    keeping = Keeping()
    with scripted(list(answers)) as server, store_at(server.endpoint_url, **settings) as store:
        given = ask(Repository(SaleMapping, UnitOfWork(layered(store, keeping))))
    return given, keeping.apart()


class TestQueries:
    @WAYS
    def test_make_entities_without_dicts(self, settings: dict[str, Any]) -> None:
        def ask(sales: Repository[Sale]) -> list[Sale]:
            return sales.where("shop", "=", "é").untracked().all()

        last = {"shop": {"S": "é"}, "number": {"N": "199"}}
        answers = [Compact(page(LastEvaluatedKey=last)), Compact(page())]

        assert asked(settings, answers, ask) == ([*SALES, *SALES], [True, True])

    @WAYS
    def test_of_segments_do_so_too(self, settings: dict[str, Any]) -> None:
        def ask(sales: Repository[Sale]) -> list[Sale]:
            return sales.scan().parallel(2, workers=1).untracked().all()

        assert asked(settings, [Compact(page()), Compact(page())], ask) == ([*SALES, *SALES], [True, True])

    @WAYS
    def test_tell_of_an_item_that_cannot_be_read(self, settings: dict[str, Any]) -> None:
        items = page()["Items"]
        items[150] = {**items[150], "price": {"N": "much"}}

        with pytest.raises(DecodeError) as raised:
            asked(settings, [Compact(page(items))], lambda sales: sales.scan().untracked().all())

        assert (raised.value.key, raised.value.attribute) == (("é", 150), "price")

    @pytest.mark.parametrize(
        "ask",
        [
            lambda sales: sales.scan().select("number").all(),
            lambda sales: sales.scan().count(),
        ],
    )
    def test_that_want_dicts_get_them(self, ask: Callable[[Repository[Sale]], Any]) -> None:
        _, apart = asked({}, [Compact(page())], ask)

        assert apart == [False]

    def test_within_a_unit_get_dicts(self) -> None:
        keeping = Keeping()
        with scripted([Compact(page())]) as server, store_at(server.endpoint_url) as store:
            uow = UnitOfWork(layered(store, keeping))
            with uow:
                assert Repository(SaleMapping, uow).scan().all() == SALES

        assert keeping.apart() == [False]


class TestStores:
    @WAYS
    @pytest.mark.parametrize("damage", [{"cut": 40}, {"body": {**page(), "Odd": 1}}])
    def test_refuse_or_read_what_is_odd_as_ever(
        self, settings: dict[str, Any], damage: dict[str, Any]
    ) -> None:
        operation = ScanPage(TABLE)
        grammar = mapping_of(SaleMapping).codec.grammar
        answer = Compact(**{"body": page(), **damage})

        found = [
            outcome_of(answer, each, settings) for each in (operation, replace(operation, grammar=grammar))
        ]

        assert found[0] == found[1]

    def test_give_the_same_page_without_msgspec_and_with(self) -> None:
        pytest.importorskip("msgspec")
        grammar = mapping_of(SaleMapping).codec.grammar
        ways: list[dict[str, Any]] = [{}, {"accelerated": True}, {"tuned": False}]

        first, *others = (outcome_of(Compact(page()), ScanPage(TABLE, grammar=grammar), way) for way in ways)

        assert others == [first, first]
        assert first.count == COUNT

    @pytest.mark.parametrize("native", [True, False])
    def test_that_are_asynchronous_do_so_too(self, native: bool) -> None:
        pytest.importorskip("aiohttp")
        keeping = Keeping()

        async def ask(url: str) -> list[Sale]:
            async with AsyncDynamoStore(
                endpoint_url=url, region="us-east-1", accelerated=False, native=native
            ) as store:
                sales = AsyncRepository(SaleMapping, AsyncUnitOfWork(layered(store, keeping)))
                return await sales.where("shop", "=", "é").untracked().all()

        with scripted([Compact(page())]) as server:
            assert asyncio.run(ask(server.endpoint_url)) == SALES
        assert keeping.apart() == [True]


def outcome_of(answer: Answer, operation: ScanPage, settings: dict[str, Any]) -> Any:
    with scripted([answer]) as server, store_at(server.endpoint_url, **settings) as store:
        try:
            found = store.perform(operation)
        except PersistenceError as error:
            return type(error), str(error).replace(server.endpoint_url, "")  # it has a port of its own
        return replace(found, items=tuple(found.items))
