"""The history of each item: its versions must follow one another, each written by exactly one unit."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.simulation.bank.domain import GONE, LedgerEntry, Stamp, Touch
from tests.simulation.checker.findings import Finding, Kind, Witness, finding
from tests.simulation.checker.history import History


@dataclass(frozen=True, slots=True)
class Write:
    """A version of an item, and the unit that wrote it.

    Attributes:
        before: the version that the unit had read.
    """

    unit: LedgerEntry
    touch: Touch
    before: Touch | None


@dataclass(slots=True)
class Chain:
    """All that is known of the versions of one item.

    Attributes:
        item: its name.
        writes: stamp -> the units that say they wrote it; more than one is a lost update.
        blind: the units that added to it without knowing its version.
        reads: who read which version.
        final: what is stored in the end; None if nothing is.
    """

    item: str
    final: Touch | None = None
    writes: dict[Stamp, list[Write]] = field(default_factory=lambda: defaultdict(list))
    blind: list[LedgerEntry] = field(default_factory=list)
    reads: list[tuple[Witness, Touch]] = field(default_factory=list)
    _sorted: list[Stamp] = field(default_factory=list)

    @property
    def stamps(self) -> list[Stamp]:
        """The versions that units wrote, in order."""
        if len(self._sorted) != len(self.writes):
            self._sorted = sorted(self.writes)
        return self._sorted

    def writer_at(self, stamp: Stamp) -> LedgerEntry | None:
        """Give the unit whose version this is, or the last known one before it."""
        position = bisect_right(self.stamps, stamp)
        return self.writes[self.stamps[position - 1]][0].unit if position else None

    def writer_after(self, stamp: Stamp) -> LedgerEntry | None:
        """Give the unit that wrote the first known version after this one."""
        position = bisect_right(self.stamps, stamp)
        return self.writes[self.stamps[position]][0].unit if position < len(self.stamps) else None


def chains_of(history: History) -> Mapping[str, Chain]:
    """Gather what is known of each item."""
    chains = {item: Chain(item, touch) for item, touch in history.final.items()}
    for unit in history.ledger:
        before = {touch.item: touch for touch in unit.reads}
        for touch in unit.reads:
            _chain(chains, touch.item).reads.append((unit, touch))
        for touch in unit.writes:
            write = Write(unit, touch, before.get(touch.item))
            _chain(chains, touch.item).writes[touch.stamp].append(write)
        for item in unit.blind:
            _chain(chains, item).blind.append(unit)
    for sight in history.sights:
        for touch in sight.touches:
            _chain(chains, touch.item).reads.append((sight, touch))
    return chains


def _chain(chains: dict[str, Chain], item: str) -> Chain:
    return chains.setdefault(item, Chain(item))


def check_chain(chain: Chain) -> Iterator[Finding]:
    """Find what is wrong with the history of one item."""
    yield from _lost_updates(chain)
    yield from _steps(chain)
    yield from _end(chain)
    yield from _false_reads(chain)
    yield from _sum(chain)


def _lost_updates(chain: Chain) -> Iterator[Finding]:
    for stamp, writes in chain.writes.items():
        if len(writes) > 1:
            what = f"{len(writes)} units wrote {chain.item} {stamp}"
            yield finding(Kind.LOST_UPDATE, what, (write.unit for write in writes))
    for write in _deletions(chain):
        later = [stamp for stamp in chain.stamps if _is_overrun(stamp, write)]
        if later:
            lost = [*(each.unit for stamp in later for each in chain.writes[stamp]), write.unit]
            yield finding(Kind.LOST_UPDATE, f"{chain.item} was deleted over a change", lost)


def _deletions(chain: Chain) -> Iterator[Write]:
    return (write for stamp in chain.stamps if stamp.version == GONE for write in chain.writes[stamp])


def _is_overrun(stamp: Stamp, deletion: Write) -> bool:
    return deletion.before is not None and deletion.before.stamp < stamp < deletion.touch.stamp


def _steps(chain: Chain) -> Iterator[Finding]:
    """Hold the steps of the stored versions against what units wrote down."""
    unexplained = [
        Stamp(incarnation, version)
        for incarnation, top in _tops(chain).items()
        for version in range(top + 1)
        if Stamp(incarnation, version) not in chain.writes
    ]
    if len(unexplained) > len(chain.blind):
        named = ", ".join(map(str, unexplained[:5]))
        around = [chain.writer_at(unexplained[0]), chain.writer_after(unexplained[0])]
        yield finding(
            Kind.UNEXPLAINED_WRITE,
            f"{chain.item} went through {len(unexplained)} versions that no unit read before writing "
            f"({named}), and {len(chain.blind)} unit(s) wrote it blindly; before and after the first one:",
            (unit for unit in around if unit is not None),
        )
    if len(unexplained) < len(chain.blind):
        what = f"{len(chain.blind)} units added to {chain.item}, and it shows {len(unexplained)} such steps"
        yield finding(Kind.LOST_EFFECT, what, chain.blind[-3:])


def _tops(chain: Chain) -> Mapping[int, int]:
    """Give the last version of each incarnation."""
    tops: dict[int, int] = {}
    for stamp in chain.stamps:
        if stamp.version != GONE:
            tops[stamp.incarnation] = max(tops.get(stamp.incarnation, 0), stamp.version)
    if chain.final is not None:
        tops[chain.final.incarnation] = chain.final.version
    return tops


def _end(chain: Chain) -> Iterator[Finding]:
    """Hold what is stored against the last thing that units wrote down."""
    for incarnation in _tops(chain):
        last = Stamp(incarnation, GONE)
        is_present = chain.final is not None and chain.final.incarnation == incarnation
        if not is_present and last not in chain.writes:
            around = chain.writer_at(last)
            what = f"{chain.item} @{incarnation} is gone, and no unit deleted it; the last one that wrote it:"
            yield finding(Kind.UNEXPLAINED_WRITE, what, () if around is None else (around,))
    if chain.final is None:
        return
    beyond = [stamp for stamp in chain.stamps if stamp > chain.final.stamp]
    if beyond:
        units = [write.unit for stamp in beyond[:3] for write in chain.writes[stamp]]
        what = f"{chain.item} is stored as {chain.final.stamp}, without what these units wrote"
        yield finding(Kind.LOST_EFFECT, what, units)


def _false_reads(chain: Chain) -> Iterator[Finding]:
    for reader, touch in chain.reads:
        writer = _contradicted(chain, touch)
        if writer is not None:
            yield finding(Kind.FALSE_READ, f"{touch} is not what was written", [*writer, reader])
    if chain.final is not None and (writer := _contradicted(chain, chain.final)):
        yield finding(Kind.LOST_EFFECT, f"{chain.final} is stored, which is not what was written", writer)


def _contradicted(chain: Chain, touch: Touch) -> Iterable[LedgerEntry] | None:
    """Give who wrote another value than the one that was read, nobody included; None if it fits."""
    writes = chain.writes.get(touch.stamp)
    if writes is None:
        return None if chain.blind else ()
    if any(write.touch.value == touch.value for write in writes):
        return None
    return [write.unit for write in writes]


def _sum(chain: Chain) -> Iterator[Finding]:
    """Add up what was done to an item that some units add to blindly, since its values form no chain."""
    if not chain.blind or chain.final is None:
        return
    writes = [write for written in chain.writes.values() for write in written]
    steps = sum(write.touch.value - (write.before.value if write.before else 0) for write in writes)
    total = steps + sum(unit.blind[chain.item] for unit in chain.blind)
    if total != chain.final.value:
        what = f"{chain.item} is {chain.final.value}, and its units added up to {total}"
        yield finding(Kind.WRONG_SUM, what)
