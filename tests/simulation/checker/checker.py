"""Holds what workers were told against what is stored, and finds what can't be.

The rules, in the words of a bank:

- no money is made or lost, and one doctor of each pair is on call;
- a unit that was acknowledged is in the ledger, one that was refused is not, and nobody else's is;
- what has a commit record was committed, and the other way round;
- letters that were posted in bulk are there, and pages show each of them once;
- the versions of an item follow one another, each written by one unit: two of them would be a lost update,
  a version without a unit something that was applied twice;
- what is read is what was written, and a snapshot sees all of a unit or nothing;
- serializable units fit into one order in which each reads what those before it wrote.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from tests.simulation.bank.domain import Letter, Touch
from tests.simulation.checker.chains import chains_of, check_chain
from tests.simulation.checker.findings import Finding, Kind, finding
from tests.simulation.checker.history import History, Outcome
from tests.simulation.checker.order import check_order, check_snapshots


def check(history: History) -> tuple[Finding, ...]:
    """Find all that is wrong with a run.

    Anomalies that the isolation of the run does not rule out are found as well; `Kind.needs_serializable`
    tells them apart.
    """
    bare = {told.bare for told in history.told if told.bare is not None}
    chains = {item: chain for item, chain in chains_of(history).items() if item not in bare}
    return (
        *_check_units(history),
        *_check_records(history),
        *_check_bare(history, bare),
        *_check_mail(history),
        *_check_money(history),
        *_check_on_call(history),
        *(found for chain in chains.values() for found in check_chain(chain)),
        *check_snapshots(history, chains),
        *check_order(history, chains),
    )


def violations(history: History) -> tuple[Finding, ...]:
    """Find all that breaks a promise: what `check` finds, as far as the isolation of the run rules it out."""
    found = check(history)
    return tuple(each for each in found if history.serializable or not each.kind.needs_serializable)


def _check_units(history: History) -> Iterator[Finding]:
    """Hold what workers were told against the ledger."""
    told = {each.id: each for each in history.told}
    stored = {unit.id: unit for unit in history.ledger}
    for each in history.told:
        if each.bare is None and each.outcome is Outcome.COMMITTED and each.id not in stored:
            yield Finding(Kind.LOST_UNIT, f"{each.id} ({each.activity})", (each.id,))
        if each.outcome is Outcome.REFUSED and each.id in stored:
            yield finding(Kind.REFUSED_UNIT, each.id, (stored[each.id],))
    for unit in history.ledger:
        if unit.id not in told:
            yield finding(Kind.UNANNOUNCED_UNIT, unit.id, (unit,))


def _check_records(history: History) -> Iterator[Finding]:
    """Hold commit records against the ledger; for units without an entry against what workers were told."""
    if history.records is None:
        return
    stored = {unit.id: unit for unit in history.ledger}
    for id_ in sorted(stored.keys() - history.records):
        yield finding(Kind.WRONG_RECORD, f"{id_} has none", (stored[id_],))
    bare = {told.id: told for told in history.told if told.bare is not None}
    for id_ in sorted(history.records - stored.keys()):
        if id_ not in bare or bare[id_].outcome is Outcome.REFUSED:
            yield Finding(Kind.WRONG_RECORD, f"{id_} has one, and was not committed", (id_,))


def _check_bare(history: History, items: set[str]) -> Iterator[Finding]:
    """Count the units that only add 1 to an item: each acknowledged one must be in it, once."""
    for item in sorted(items):
        outcomes = Counter(told.outcome for told in history.told if told.bare == item)
        least = outcomes[Outcome.COMMITTED]
        most = least + outcomes[Outcome.UNKNOWN] + outcomes[Outcome.SILENT]
        if history.records is not None:
            least = most = sum(told.bare == item and told.id in history.records for told in history.told)
        found = history.final.get(item, Touch(item, 1, 0, 0))
        if not least <= found.value <= most or found.value != found.version:
            what = f"{item} counts {found.value} at version {found.version}, and should count {least}"
            yield Finding(Kind.WRONG_SUM, what + (f" to {most}" if most > least else ""))


def _check_mail(history: History) -> Iterator[Finding]:
    """Look for each letter that was posted, where it is stored and in the pages that were read."""
    for post in history.mail:
        lost = set(range(post.letters)) - history.letters.get(post.box, frozenset())
        if lost:
            yield Finding(Kind.LOST_LETTER, f"of {post.letters} in {post.box}: {sorted(lost)}", (post.box,))
        urgent = [each for each in range(post.letters) if Letter.numbered(post.box, each).urgent]
        if post.browsed is not None and list(post.browsed) != urgent:
            what = f"{post.box} has {urgent}, and its pages {list(post.browsed)}"
            yield Finding(Kind.WRONG_PAGES, what, (post.box,))


def _check_money(history: History) -> Iterator[Finding]:
    total = sum(touch.value for touch in history.final.values() if touch.item.startswith("account/"))
    if total != history.money:
        yield Finding(Kind.MONEY, f"there are {total}, and should be {history.money}")
    for sight in history.sights:
        if sight.money is not None and sight.money != history.money:
            what = f"{sight.id} saw {sight.money}, and there are {history.money}"
            yield finding(Kind.MONEY, what, (sight,))


def _check_on_call(history: History) -> Iterator[Finding]:
    for pair in _deserted(history.final):
        yield Finding(Kind.NOBODY_ON_CALL, f"{pair}, in the end")
    for sight in history.sights:
        for pair in _deserted({touch.item: touch for touch in sight.touches}):
            yield finding(Kind.NOBODY_ON_CALL, f"{pair}, when {sight.id} looked", (sight,))


def _deserted(seen: Mapping[str, Touch]) -> list[str]:
    """Name the pairs of doctors of whom both were seen and none is on call."""
    pairs: dict[str, list[int]] = defaultdict(list)
    for touch in seen.values():
        if touch.item.startswith("doctor/"):
            pairs[touch.item.rpartition(".")[0]].append(touch.value)
    return sorted(pair for pair, on_call in pairs.items() if len(on_call) == 2 and not any(on_call))
