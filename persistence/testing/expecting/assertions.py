"""Assertions about what a unit of work committed, what a store holds, and what it was asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from persistence.errors import CommitOutcomeUnknown, PersistenceError, UnitOfWorkStateError
from persistence.flows import Flow, perform, run, run_async
from persistence.mapping import EntityMapping, MappingSchema
from persistence.mapping.schema import mapping_of
from persistence.operations import ConditionCheck, GetItem, TransactAction
from persistence.store import AsyncStore, Store
from persistence.stores.layers import AsyncMetered, Metered
from persistence.testing.expecting.changes import Change, as_key, check_changes
from persistence.testing.expecting.failures import ExpectationFailed
from persistence.testing.expecting.pairing import Missing, paired
from persistence.testing.expecting.recognising import shown_actions
from persistence.testing.expecting.showing import counted, differences, indented, shown_item, shown_key
from persistence.testing.expecting.wanted import WantedCheck
from persistence.unit_of_work import Committed
from persistence.unit_of_work.base import UnitOfWorkBase

T = TypeVar("T")

_ARRANGED = (
    "If that was done to arrange the test, arrange with another UnitOfWork over the same store, or write "
    "`with nothing_committed(uow):` around what must not commit."
)


def assert_committed(uow: UnitOfWorkBase[Any], changes: Iterable[Change]) -> None:
    """Fail unless the latest commit of a unit of work consists of these writes, in any order.

    `assert_committed(uow, [Put(order), Update(StockMapping, "pen", set={"in_stock": 3})])`

    Checks are compared only where one is named; commit records and the entries of an outbox, only where an
    entity of theirs is.

    Args:
        uow: the unit of work; of several commits the latest counts.
        changes: `Put`, `Update`, `Delete` and `Check`, each as exact as it says.

    Raises:
        ExpectationFailed: with what is missing, what came instead, and how they differ.
        MappingError: no mapping maps an entity, or several do.
        QueryError: the changes are no list of such descriptions.
        UnitOfWorkStateError: it is no unit of work.
    """
    __tracebackhide__ = True
    listed = list(changes) if isinstance(changes, Iterable) else changes
    check_changes(listed)
    committed = _committed(uow)
    known = tuple(dict.fromkeys(planned.mapping for planned in committed.planned))
    wanted = [change.wanted(known) for change in listed]
    kept_apart = _kept_apart(uow) - {each.mapping for each in wanted}
    with_checks = any(isinstance(each, WantedCheck) for each in wanted)
    came = [
        planned.action
        for planned in committed.planned
        if planned.mapping not in kept_apart
        and (with_checks or not isinstance(planned.action, ConditionCheck))
    ]
    pairs = paired(wanted, came)
    if pairs.missing or pairs.others:
        met = len(wanted) - len(pairs.missing)
        raise ExpectationFailed("\n".join(_not_committed(pairs.missing, pairs.others, met, known)))


def _committed(uow: UnitOfWorkBase[Any]) -> Committed:
    __tracebackhide__ = True
    outcome = _latest(uow)
    if isinstance(outcome, Committed):
        return outcome
    if outcome is None:
        raise ExpectationFailed(
            "nothing was committed: this unit of work never sent a commit. Does the code under test use it, "
            "and does it change anything inside `with uow:`?"
        )
    raise ExpectationFailed(_failed(outcome)) from outcome


def _latest(uow: UnitOfWorkBase[Any]) -> Committed | PersistenceError | None:
    __tracebackhide__ = True
    if not isinstance(uow, UnitOfWorkBase):
        raise UnitOfWorkStateError(
            f"expected the unit of work that commits, not {type(uow).__name__}; what a store holds is "
            "asserted with assert_stored(store, OrderMapping, order)"
        )
    return uow.last_outcome


def _failed(outcome: PersistenceError) -> str:
    if isinstance(outcome, CommitOutcomeUnknown):
        return f"nobody knows whether the latest commit took effect: {outcome}"
    return f"nothing was committed: the latest commit failed with {type(outcome).__name__}: {outcome}"


def _kept_apart(uow: UnitOfWorkBase[Any]) -> set[EntityMapping[Any]]:
    """Give the mappings of what a commit stores beside its entities."""
    policies = uow.policies
    apart = set() if policies.records is None else {policies.records}
    return apart if policies.outbox is None else {*apart, mapping_of(policies.outbox)}


def _not_committed(
    missing: Sequence[Missing],
    others: Sequence[TransactAction],
    met: int,
    known: Sequence[EntityMapping[Any]],
) -> Iterator[str]:
    yield "the latest commit is not what was expected:"
    for each in missing:
        yield from ("", f"  - not committed: {each.wanted.title}", *indented(each.wanted.content(), 8))
        if each.nearest is not None:
            yield "      nearest is, and differs:"
            yield from indented(shown_actions([each.nearest], known), 8)
            yield from indented((f"! {line}" for line in each.distance.lines), 8)
    shown = [each.nearest for each in missing]
    for action in others:
        if any(action is nearest for nearest in shown):
            continue
        title, *content = shown_actions([action], known)
        yield from ("", f"  + not expected: {title}", *indented(content))
    yield from ("", f"  as expected: {counted(met, 'write')}")


def assert_nothing_committed(uow: UnitOfWorkBase[Any]) -> None:
    """Fail where a unit of work has committed something, whenever that was.

    Raises:
        ExpectationFailed: with what its latest commit wrote, or because nobody knows its outcome.
    """
    __tracebackhide__ = True
    outcome = _latest(uow)
    if isinstance(outcome, Committed | CommitOutcomeUnknown):
        raise ExpectationFailed("\n".join([*_something(outcome), "", _ARRANGED]))


@contextmanager
def nothing_committed(uow: UnitOfWorkBase[Any]) -> Iterator[None]:
    """Fail where a unit of work commits something inside of the block; what was before does not count.

    Raises:
        ExpectationFailed: with what the latest commit wrote, or because nobody knows its outcome.
    """
    __tracebackhide__ = True
    before = _latest(uow)
    yield
    outcome = _latest(uow)
    if outcome is not before and isinstance(outcome, Committed | CommitOutcomeUnknown):
        raise ExpectationFailed("\n".join(_something(outcome)))


def _something(outcome: Committed | CommitOutcomeUnknown) -> Iterator[str]:
    if isinstance(outcome, CommitOutcomeUnknown):
        yield f"nobody knows whether something was committed: {outcome}"
        return
    yield "expected that nothing is committed, and this was:"
    yield ""
    known = tuple(dict.fromkeys(planned.mapping for planned in outcome.planned))
    yield from indented(shown_actions([planned.action for planned in outcome.planned], known))


def assert_stored(
    store: Store, mapping: type[MappingSchema[T]], entity: T, *, ignoring: Iterable[str] = ()
) -> None:
    """Fail unless a store holds an entity as it is.

    All fields are compared, but for those that the unit of work keeps: version and times. Attributes that
    the mapping does not know may be stored beside them.

    Args:
        store: a synchronous store; for an asynchronous one there is `async_assert_stored`.
        mapping: the entity's mapping.
        entity: what should be stored under its key.
        ignoring: fields that are not compared.

    Raises:
        ExpectationFailed: nothing is stored under its key, or something else.
    """
    __tracebackhide__ = True
    run(_stored(mapping_of(mapping), entity, ignoring), store)


async def async_assert_stored(
    store: AsyncStore, mapping: type[MappingSchema[T]], entity: T, *, ignoring: Iterable[str] = ()
) -> None:
    """Fail unless an asynchronous store holds an entity as it is; see `assert_stored`."""
    __tracebackhide__ = True
    await run_async(_stored(mapping_of(mapping), entity, ignoring), store)


def _stored(mapping: EntityMapping[T], entity: T, ignoring: Iterable[str]) -> Flow[None]:
    __tracebackhide__ = True
    key = mapping.key_of(entity)
    found = (yield from perform(GetItem(mapping.table, key, consistent=True))).item
    title = f"{mapping.name}({shown_key(key, mapping)})"
    if found is None:
        raise ExpectationFailed(f"{title} is not stored in table {mapping.table.name}")
    apart = {*mapping.managed_attributes, *(mapping.resolve((name,)).path.attribute for name in ignoring)}
    wanted = {name: value for name, value in mapping.codec.snapshot(entity).items() if name not in apart}
    compared = frozenset(mapping.attributes) - apart
    stored = {name: value for name, value in found.items() if name in compared}
    lines = [each.shown(mapping, "stored is") for each in differences(wanted, stored)]
    if lines:
        raise ExpectationFailed("\n".join([f"{title} is stored, and differs:", "", *indented(lines)]))


def assert_not_stored(store: Store, mapping: type[MappingSchema[Any]], key: object) -> None:
    """Fail where a store holds something under a key.

    Args:
        store: a synchronous store; for an asynchronous one there is `async_assert_not_stored`.
        mapping: the entity's mapping.
        key: the values of the key as `get` takes them, several as a tuple.

    Raises:
        ExpectationFailed: something is stored there.
    """
    __tracebackhide__ = True
    run(_not_stored(mapping_of(mapping), key), store)


async def async_assert_not_stored(store: AsyncStore, mapping: type[MappingSchema[Any]], key: object) -> None:
    """Fail where an asynchronous store holds something under a key; see `assert_not_stored`."""
    __tracebackhide__ = True
    await run_async(_not_stored(mapping_of(mapping), key), store)


def _not_stored(mapping: EntityMapping[Any], key: object) -> Flow[None]:
    __tracebackhide__ = True
    wanted = mapping.key_from(as_key(key), {})
    found = (yield from perform(GetItem(mapping.table, wanted, consistent=True))).item
    if found is not None:
        title = f"{mapping.name}({shown_key(wanted, mapping)})"
        lines = indented(shown_item(found, mapping))
        raise ExpectationFailed("\n".join([f"expected that {title} is not stored, and it is:", "", *lines]))


def assert_operations(store: Metered | AsyncMetered, calls: Mapping[str, int]) -> None:
    """Fail unless a store was asked for these operations, and for no others.

    `assert_operations(store, {"GetItem": 1, "TransactWrite": 1})`

    Args:
        store: a store with a meter around it, which counts from its making on.
        calls: name of an operation's type -> how often it came; repetitions count too.

    Raises:
        ExpectationFailed: with the operations whose numbers differ.
    """
    __tracebackhide__ = True
    came = {name: totals.calls for name, totals in store.totals.items()}
    names = [name for name in dict.fromkeys((*calls, *came)) if calls.get(name, 0) != came.get(name, 0)]
    if names:
        lines = [f"{name}: expected {calls.get(name, 0)}, came {came.get(name, 0)}" for name in names]
        raise ExpectationFailed("\n".join(["the store was asked for something else:", "", *indented(lines)]))
