"""Infers in which order values were written, and finds what the levels of reading rule out.

| what | unit | snapshot | query | index |
|---|---|---|---|---|
| only values of units that took effect, in their one order, all of a unit's or none | yes | yes | yes | yes |
| all that had been acknowledged before it began | yes | yes | yes | |
| several items fit into one order with all units | serializable | yes | | |

The smallest counter-example comes first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from tests.simulation.checker.order import Link, graph_of, knots, shortest_cycle
from tests.simulation.histories.model import Anomaly, Txn, Values

_SHOWN = 3


def check_lists(
    txns: Sequence[Txn], final: Mapping[str, Values], *, serializable: bool
) -> tuple[Anomaly, ...]:
    """Find what is wrong with a history of lists.

    Args:
        txns: all that was done.
        final: what is stored in the end.
        serializable: whether units had that isolation.

    Returns:
        Anomalies, those of the fewest transactions first.
    """
    found = _Lists(txns, final, serializable).anomalies()
    return tuple(sorted(found, key=lambda anomaly: len(anomaly.txns)))


def check_registers(
    txns: Sequence[Txn], final: Mapping[str, int], *, serializable: bool
) -> tuple[Anomaly, ...]:
    """Find what is wrong with a history of registers, each of which is read before it is written.

    Args:
        txns: all that was done; a register has the value 0 in the beginning.
        final: what is stored in the end.
        serializable: whether units had that isolation.
    """
    chains = {key: _chain(key, txns, final[key]) for key in final}
    forks = [fork for key in final for fork in _forks(key, txns)]
    as_lists = [_with_prefixes(txn, chains) for txn in txns]
    stored = {key: tuple(chain) for key, chain in chains.items()}
    found = check_lists(as_lists, stored, serializable=serializable)
    return tuple(sorted([*forks, *found], key=lambda anomaly: len(anomaly.txns)))


def _successors(key: str, txns: Iterable[Txn]) -> Mapping[int, list[tuple[int, Txn]]]:
    successors: dict[int, list[tuple[int, Txn]]] = defaultdict(list)
    for txn in txns:
        read = dict(txn.reads).get(key)
        for value in [value for written, value in txn.writes if written == key]:
            if read and txn.fate != "refused":
                successors[read[0]].append((value, txn))
    return successors


def _chain(key: str, txns: Sequence[Txn], last: int) -> list[int]:
    """Infer the order of a register's values from what each writer had read, from the last one backwards."""
    before = {value: read for read, nexts in _successors(key, txns).items() for value, _txn in nexts}
    chain = [last]
    while chain[-1] in before and before[chain[-1]] not in chain:
        chain.append(before[chain[-1]])
    return [value for value in reversed(chain) if value != 0]


def _forks(key: str, txns: Sequence[Txn]) -> Iterator[Anomaly]:
    for value, nexts in _successors(key, txns).items():
        certain = [txn for _value, txn in nexts if txn.fate == "committed"]
        if len(certain) > 1:
            yield Anomaly("lost update", f"{key} was {value} for all of them", tuple(certain))


def _with_prefixes(txn: Txn, chains: Mapping[str, list[int]]) -> Txn:
    """Say of a register that was read all values that it had up to then."""
    reads = []
    for key, values in txn.reads:
        (value,) = values
        chain = chains.get(key, [])
        known = tuple(chain[: chain.index(value) + 1]) if value in chain else (value,)
        reads.append((key, () if value == 0 else known))
    return Txn(txn.id, txn.worker, txn.level, txn.begun, txn.ended, txn.fate, tuple(reads), txn.writes)


class _Lists:
    def __init__(self, txns: Sequence[Txn], final: Mapping[str, Values], serializable: bool) -> None:
        self._txns = txns
        self._final = final
        self._serializable = serializable
        self._writers = {(key, value): txn for txn in txns for key, value in txn.writes}

    def anomalies(self) -> Iterator[Anomaly]:
        for key, values in self._final.items():
            yield from self._of_values(key, values, ())
        yield from self._lost()
        for txn in self._txns:
            if txn.fate != "refused" or txn.level != "unit":
                for key, values in txn.reads:
                    yield from self._of_read(txn, key, values)
        yield from self._cycles()

    def _of_values(self, key: str, values: Values, reader: tuple[Txn, ...]) -> Iterator[Anomaly]:
        for value, times in Counter(values).items():
            writer = self._writers.get((key, value))
            known = () if writer is None else (writer,)
            if times > 1:
                yield Anomaly("duplicate", f"{key} has {value} {times} times", (*known, *reader))
            if writer is None:
                yield Anomaly("value from nowhere", f"{key} has {value}", reader)
            elif writer.fate == "refused":
                yield Anomaly("aborted write", f"{key} has {value}, which was refused", (writer, *reader))

    def _lost(self) -> Iterator[Anomaly]:
        for (key, value), writer in self._writers.items():
            if writer.fate == "committed" and value not in self._final.get(key, ()):
                yield Anomaly("lost write", f"{key} lacks {value}, which was acknowledged", (writer,))

    def _of_read(self, txn: Txn, key: str, values: Values) -> Iterator[Anomaly]:
        order = self._final.get(key, ())
        if order[: len(values)] != values:
            yield from self._of_values(key, values, (txn,))
            yield Anomaly("incompatible order", f"{key} came to be {[*order]}", (txn,))
            return
        if values and len(values) < len(order):
            last, following = (self._writers.get((key, each)) for each in (values[-1], order[len(values)]))
            if last is not None and last is following:
                yield Anomaly("intermediate read", f"{txn.id} read half of what was written", (last, txn))
        if txn.level != "index":
            yield from self._stale(txn, key, len(values))

    def _stale(self, txn: Txn, key: str, seen: int) -> Iterator[Anomaly]:
        for value in self._final.get(key, ())[seen:]:
            writer = self._writers.get((key, value))
            if writer is not None and writer.fate == "committed" and writer.ended < txn.begun:
                what = f"{txn.id} did not see {value} in {key}, which had been acknowledged"
                yield Anomaly("stale read", what, (writer, txn))
                return

    def _cycles(self) -> Iterator[Anomaly]:
        by_id = {txn.id: txn for txn in self._txns}
        graph = graph_of([*self._links_of_values(), *self._links_of_reads(), *self._links_of_workers()])
        for knot, _number in zip(knots(graph), range(_SHOWN), strict=False):
            cycle = shortest_cycle(graph, knot)
            members = tuple(by_id[link.before] for link in cycle)
            yield Anomaly("cycle", f"{len(members)} that fit into no order", members, tuple(map(str, cycle)))

    def _links_of_values(self) -> Iterator[Link]:
        for key, order in self._final.items():
            for earlier, later in pairwise(order):
                before, after = self._writers.get((key, earlier)), self._writers.get((key, later))
                if before is not None and after is not None:
                    yield Link(before.id, after.id, f"it wrote {earlier} to {key}, and the other one {later}")

    def _links_of_reads(self) -> Iterator[Link]:
        for txn in self._txns:
            if txn.level in ("query", "index") or txn.fate != "committed":
                continue
            for key, values in txn.reads:
                order = self._final.get(key, ())
                if values and (writer := self._writers.get((key, values[-1]))) is not None:
                    yield Link(writer.id, txn.id, f"it wrote {values[-1]} to {key}, which the other read")
                if self._protects(txn, key) and len(values) < len(order):
                    following = self._writers.get((key, order[len(values)]))
                    if following is not None:
                        why = f"it read {key} before {order[len(values)]}, which the other wrote"
                        yield Link(txn.id, following.id, why)

    def _protects(self, txn: Txn, key: str) -> bool:
        """Tell whether what was read stays so until the transaction takes effect."""
        return self._serializable or txn.level == "snapshot" or any(key == each for each, _ in txn.writes)

    def _links_of_workers(self) -> Iterator[Link]:
        done: dict[int, list[Txn]] = defaultdict(list)
        for txn in self._txns:
            if txn.fate == "committed" and txn.level in ("unit", "snapshot"):
                done[txn.worker].append(txn)
        for each in done.values():
            for before, after in pairwise(sorted(each, key=lambda txn: txn.begun)):
                yield Link(before.id, after.id, "their worker did one after the other")
