"""Stores that answer what a test expects: synchronous and asynchronous."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

from persistence.errors import QueryError
from persistence.mapping import MappingSchema
from persistence.mapping.schema import mapping_of
from persistence.operations import Operation
from persistence.store import AsyncStore, Limits, Store, check_colour, tenant_of
from persistence.stores.tenancy.store import for_tenant, refuse_another
from persistence.stores.tenancy.tenant import Tenant
from persistence.testing.expecting.board import ELSEWHERE, Board, Order, told
from persistence.testing.expecting.expectation import Expectation
from persistence.testing.expecting.failures import ExpectationFailed
from persistence.testing.expecting.queries import QueryExpectation, ScanExpectation
from persistence.testing.expecting.reads import BatchGetExpectation, GetExpectation, SnapshotExpectation
from persistence.testing.expecting.writes import (
    BatchWriteExpectation,
    CommitExpectation,
    OperationExpectation,
)

T = TypeVar("T")
E = TypeVar("E", bound=Expectation)
R = TypeVar("R")
S = TypeVar("S", bound=Store | AsyncStore)

_ALONE = Limits(concurrent_requests=1)


class Expecting(Generic[S]):
    """What both stores share: making expectations, and verifying that they are met."""

    def __init__(self, order: Order, otherwise: S | None, *, check_answers: bool) -> None:
        self._otherwise = otherwise
        self._tenant: Tenant | None = None
        self._check_answers = check_answers
        self._board = Board(order, passes_on=otherwise is not None)

    @property
    def limits(self) -> Limits:
        """The limits of the other store, or AWS's."""
        return _ALONE if self._otherwise is None else self._otherwise.limits

    @property
    def tenant(self) -> str | None:
        """The tenant whose store it is, or the other store; None where it is nobody's."""
        return tenant_of(self._otherwise) if self._tenant is None else self._tenant.name

    def for_tenant(self, name: str) -> Self:
        """Give this store as one tenant has it: with the same expectations, which name no tenant.

        What nothing expects is performed by the other store for that tenant.

        Args:
            name: the tenant: 1 to 128 of the characters `A-Z a-z 0-9 _ . : / = + @ -`.

        Raises:
            ConfigurationError: another name, or it is the store of a tenant already.
        """
        if self.tenant is not None:
            refuse_another(self.tenant, name)
        own = copy(self)
        own._tenant = Tenant(name)
        if self._otherwise is not None:
            own._otherwise = for_tenant(cast("Any", self._otherwise), name)
        return own

    def _expect(self, expectation: E) -> E:
        self._board.add(expectation)
        return expectation

    def expect_get(self, mapping: type[MappingSchema[T]], *key: object, **named: object) -> GetExpectation[T]:
        """Expect that one entity is read by its key.

        Args:
            mapping: the entity's mapping.
            key: the values of its key as `get` takes them; none for any key.
            named: the same by name.
        """
        wanted = mapping_of(mapping).key_from(key, named) if key or named else None
        return self._expect(GetExpectation(mapping, wanted))

    def expect_query(self, mapping: type[MappingSchema[T]]) -> QueryExpectation[T]:
        """Expect a query; the conditions that it must ask are added by `with_condition`.

        A query whose conditions give whole keys is sent as gets, and expected so.
        """
        return self._expect(QueryExpectation(mapping, check_answers=self._check_answers))

    def expect_scan(self, mapping: type[MappingSchema[T]]) -> ScanExpectation[T]:
        """Expect a scan: one that is asked for, or a query that no key serves."""
        return self._expect(ScanExpectation(mapping, check_answers=self._check_answers))

    def expect_batch_get(
        self, mapping: type[MappingSchema[T]], keys: Iterable[object] | None = None
    ) -> BatchGetExpectation[T]:
        """Expect that several entities are read by their keys, as by `get_many`.

        Args:
            mapping: the entities' mapping.
            keys: the keys of one request, at most 100; scalars stand for keys of one field. None for any.
        """
        return self._expect(BatchGetExpectation(mapping, keys))

    def expect_snapshot(self) -> SnapshotExpectation:
        """Expect that several items are read in one transaction; they are added by `with_get`."""
        return self._expect(SnapshotExpectation())

    def expect_commit(self) -> CommitExpectation:
        """Expect a commit; the writes that it must hold are added by `with_put`, `with_update` and so on."""
        return self._expect(CommitExpectation(self._board.mappings))

    def expect_transaction(self) -> CommitExpectation:
        """Do as `expect_commit`."""
        return self.expect_commit()

    def expect_batch_write(self) -> BatchWriteExpectation:
        """Expect a batch of writes, as a bulk sends it; its writes are added by `with_put`, `with_delete`."""
        return self._expect(BatchWriteExpectation(self._board.mappings))

    def expect_operation(self, kind: type[Operation[Any]], **fields: object) -> OperationExpectation:
        """Expect any other operation, such as `DescribeTable`.

        Args:
            kind: its type, of `persistence.operations`.
            fields: those of its fields that are compared.

        Raises:
            QueryError: such operations have no such field.
        """
        known = getattr(kind, "__dataclass_fields__", {})
        unknown = [name for name in fields if name not in known]
        if unknown or not (isinstance(kind, type) and issubclass(kind, Operation)):
            what = f"{getattr(kind, '__name__', kind)}: {', '.join(unknown) or 'that'}"
            raise QueryError(f"expect_operation takes a type of operation and fields of it, not {what}")
        return self._expect(OperationExpectation(kind, fields))

    def verify(self) -> None:
        """Fail unless all that was expected came, and nothing was refused.

        Raises:
            ExpectationFailed: with what is missing, what came instead, and how they differ.
        """
        __tracebackhide__ = True
        self._board.verify()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        if failure is None:
            self._board.verify()
        elif not isinstance(failure, ExpectationFailed):
            told(self._board, failure)


class ExpectingStore(Expecting[Store]):
    """A store that answers what a test expects, and fails at once on anything else.

        with ExpectingStore() as mock:
            mock.expect_query(OrderMapping).with_condition("customer_id", "=", "c1").will_return(order)
            mock.expect_commit().with_update(OrderMapping, "o-1", set={"status": Status.PAID})
            pay_orders(UnitOfWork(mock))

    What is expected is said in Python names and values, and compared as stored; what is not said is not
    compared. Leaving the block, or `verify()`, fails where something expected did not come.

    Args:
        order: "any", or "strict" where operations must come in the order of the expectations.
        otherwise: a store that performs what nothing expects; by default that fails.
        check_answers: whether results are refused that a query would not find.
    """

    def __init__(
        self, *, order: Order = "any", otherwise: Store | None = None, check_answers: bool = True
    ) -> None:
        if otherwise is not None:
            check_colour(otherwise, asynchronous=False)
        super().__init__(order, otherwise, check_answers=check_answers)

    def perform(self, operation: Operation[R]) -> R:
        """Answer an operation as it is expected.

        Raises:
            ExpectationFailed: nothing expects it; the report shows the nearest expectation.
        """
        __tracebackhide__ = True
        answer = self._board.answer(operation)
        if answer is ELSEWHERE and self._otherwise is not None:
            return self._otherwise.perform(operation)
        return cast("R", answer)


class AsyncExpectingStore(Expecting[AsyncStore]):
    """The same as `ExpectingStore` for asynchronous code; its block is an ordinary `with` too.

    Args:
        order: "any", or "strict" where operations must come in the order of the expectations.
        otherwise: an asynchronous store that performs what nothing expects; by default that fails.
        check_answers: whether results are refused that a query would not find.
    """

    def __init__(
        self, *, order: Order = "any", otherwise: AsyncStore | None = None, check_answers: bool = True
    ) -> None:
        if otherwise is not None:
            check_colour(otherwise, asynchronous=True)
        super().__init__(order, otherwise, check_answers=check_answers)

    async def perform(self, operation: Operation[R]) -> R:
        """Answer an operation as it is expected; see `ExpectingStore.perform`."""
        __tracebackhide__ = True
        answer = self._board.answer(operation)
        if answer is ELSEWHERE and self._otherwise is not None:
            return await self._otherwise.perform(operation)
        return cast("R", answer)
