"""The order of units: who must come before whom, and whether that can be."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from tests.simulation.bank.domain import LedgerEntry, Stamp
from tests.simulation.checker.chains import Chain
from tests.simulation.checker.findings import Finding, Kind, Witness, finding
from tests.simulation.checker.history import History, Outcome, worker_and_number

SHOWN = 3
"""How many cycles are reported at most: one is enough to know, and they tend to come in swarms."""


class Link(NamedTuple):
    """One unit or snapshot that must come before another one.

    Attributes:
        why: in words.
    """

    before: str
    after: str
    why: str

    def __str__(self) -> str:
        return f"{self.before} comes before {self.after}: {self.why}"


Graph = Mapping[str, Mapping[str, Link]]
"""Who -> whom it must precede -> why."""


def check_order(history: History, chains: Mapping[str, Chain]) -> Iterator[Finding]:
    """Find units and snapshots that fit into no order.

    Serializable units have one in which each of them reads what those before it wrote, each worker's in the
    order in which it did them.
    """
    everybody: list[Witness] = [*history.ledger, *history.sights]
    witnesses = {witness.id: witness for witness in everybody}
    graph = graph_of([*_links_of_items(chains), *_links_of_workers(history)])
    for knot, _number in zip(knots(graph), range(SHOWN), strict=False):
        cycle = shortest_cycle(graph, knot)
        members = [witnesses[link.before] for link in cycle]
        what = f"{len(members)} of them each come before the next one"
        yield finding(Kind.CYCLE, what, members, map(str, cycle))


def check_snapshots(history: History, chains: Mapping[str, Chain]) -> Iterator[Finding]:
    """Find snapshots that saw one write of a unit, and not another one of its."""
    for sight in history.sights:
        seen = {touch.item: touch.stamp for touch in sight.touches}
        for touch in sight.touches:
            for write in chains[touch.item].writes.get(touch.stamp, ())[:1]:
                missed = _missed(write.unit, seen)
                if missed is not None:
                    what = f"{sight.id} saw {touch.item} as {write.unit.id} left it, but not its {missed}"
                    yield finding(Kind.FRACTURED_READ, what, (write.unit, sight))


def _missed(unit: LedgerEntry, seen: Mapping[str, Stamp]) -> str | None:
    return next(
        (
            f"{touch.item} {touch.stamp}"
            for touch in unit.writes
            if touch.item in seen and seen[touch.item] < touch.stamp
        ),
        None,
    )


def _links_of_items(chains: Mapping[str, Chain]) -> Iterator[Link]:
    for chain in chains.values():
        yield from _links_of_writers(chain)
        for reader, touch in chain.reads:
            writer, replacer = chain.writer_at(touch.stamp), chain.writer_after(touch.stamp)
            if writer is not None:
                yield Link(writer.id, reader.id, f"it wrote {chain.item} {touch.stamp}, which the other read")
            if replacer is not None:
                yield Link(
                    reader.id, replacer.id, f"it read {chain.item} {touch.stamp}, which the other replaced"
                )


def _links_of_writers(chain: Chain) -> Iterator[Link]:
    for earlier, later in pairwise(chain.stamps):
        for before in chain.writes[earlier]:
            for after in chain.writes[later]:
                why = f"it wrote {chain.item} {earlier}, and the other one {later}"
                yield Link(before.unit.id, after.unit.id, why)


def _links_of_workers(history: History) -> Iterator[Link]:
    """Let a worker's units and snapshots follow one another, as far as it knew that they had happened."""
    acknowledged = {told.id for told in history.told if told.outcome is Outcome.COMMITTED}
    done: list[Witness] = [unit for unit in history.ledger if unit.id in acknowledged]
    done.extend(history.sights)
    by_worker: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for witness in done:
        worker, number = worker_and_number(witness.id)
        by_worker[worker].append((number, witness.id))
    for ids in by_worker.values():
        ordered = [id_ for _number, id_ in sorted(ids)]
        for before, after in pairwise(ordered):
            yield Link(before, after, "their worker did one after the other")


def graph_of(links: Iterable[Link]) -> Graph:
    """Make a graph of links."""
    graph: dict[str, dict[str, Link]] = defaultdict(dict)
    for link in links:
        if link.before != link.after:
            graph[link.before].setdefault(link.after, link)
            graph[link.after]  # a defaultdict: the look-up makes the node
    return graph


def knots(graph: Graph) -> Iterator[frozenset[str]]:
    """Give the strongly connected components of more than one node (Tarjan's algorithm)."""
    search = _Tarjan(graph)
    for node in graph:
        if node not in search.index:
            yield from (frozenset(found) for found in search.from_node(node) if len(found) > 1)


class _Tarjan:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.index: dict[str, int] = {}
        self._low: dict[str, int] = {}
        self._stack: list[str] = []
        self._on_stack: set[str] = set()

    def from_node(self, start: str) -> Iterator[list[str]]:
        path = [(start, iter(self._enter(start)))]
        while path:
            node, successors = path[-1]
            successor = next(successors, None)
            if successor is None:
                path.pop()
                yield from self._leave(node, path[-1][0] if path else None)
            elif successor not in self.index:
                path.append((successor, iter(self._enter(successor))))
            elif successor in self._on_stack:
                self._low[node] = min(self._low[node], self.index[successor])

    def _enter(self, node: str) -> Iterable[str]:
        self.index[node] = self._low[node] = len(self.index)
        self._stack.append(node)
        self._on_stack.add(node)
        return self._graph[node]

    def _leave(self, node: str, parent: str | None) -> Iterator[list[str]]:
        if parent is not None:
            self._low[parent] = min(self._low[parent], self._low[node])
        if self._low[node] == self.index[node]:
            found = [self._stack.pop()]
            while found[-1] != node:
                found.append(self._stack.pop())
            self._on_stack.difference_update(found)
            yield found


def shortest_cycle(graph: Graph, knot: frozenset[str]) -> list[Link]:
    """Find a short cycle in a knot: the shortest one through any of its first nodes."""
    starts = sorted(knot)[:50]
    return min((_cycle_through(graph, knot, start) for start in starts), key=len)


def _cycle_through(graph: Graph, knot: frozenset[str], start: str) -> list[Link]:
    came_by: dict[str, Link] = {}
    waiting = deque([start])
    while start not in came_by:
        for successor, link in graph[waiting[0]].items():
            if successor in knot and successor not in came_by:
                came_by[successor] = link
                waiting.append(successor)
        waiting.popleft()
    cycle = [came_by[start]]
    while cycle[0].before != start:
        cycle.insert(0, came_by[cycle[0].before])
    return cycle
