"""How a query is answered: the access path, as data that prints well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from persistence.advice import Advice
from persistence.attributes import Item
from persistence.expressions import BeginsWith, Between, Compare, Condition, KeyCondition, Path, attributes_of
from persistence.query.costs import NOTHING_KNOWN, Expected, expected_of_keys, expected_of_pages

Kind = Literal["get", "batch get", "query", "scan"]
Fetch = Literal["nothing", "by the service", "by batch get"]


@dataclass(frozen=True, slots=True)
class AccessPath:
    """How a query is answered.

    Attributes:
        kind: "get" for one key, "batch get" for several, "query" for one partition, "scan" for a whole table
            or index.
        index: the index that is read, None for the table.
        key_condition: what is demanded of the key; None for a batch get or a scan.
        filter: applied by the service after reading; what it drops is paid for.
        refused: index name (None: the table) -> why it can't answer, or why another one is better.
        keys: the keys that are read, of a get or batch get.
        check: applied here to what was read, where the service can't.
        asked: the conditions of the query itself, those on the key included.
        narrows: whether less may be found than is read: some of them, or the types of a whole table, are left
            to be checked, or keys may be absent.
        projection: the paths that are read; None for all.
        fetch: how attributes are read that the index does not hold.
        descending: whether the greatest sort key comes first.
        consistent: whether the read is strongly consistent.
        sorted_by: the field by which results are sorted here, after all were read; None if they need not be.
        segment: which part of a scan, of how many.
        expected: what it reads and costs, as far as that is known.
        advice: what would be cheaper.
        tenant: whose entities are read, where they are a tenant's: partition keys begin with the name.
    """

    kind: Kind
    index: str | None
    key_condition: KeyCondition | None
    filter: Condition | None
    refused: tuple[tuple[str | None, str], ...] = ()
    keys: tuple[Item, ...] = ()
    check: Condition | None = None
    asked: Condition | None = field(default=None, repr=False)
    narrows: bool = field(default=False, repr=False)
    projection: tuple[Path, ...] | None = None
    fetch: Fetch = "nothing"
    descending: bool = False
    consistent: bool = False
    sorted_by: str | None = None
    segment: tuple[int, int] | None = None
    expected: Expected = NOTHING_KNOWN
    advice: tuple[Advice, ...] = ()
    tenant: str | None = None

    @property
    def discards(self) -> bool:
        """Whether there may be fewer results than items, or keys, that are read."""
        return self.filter is not None or self.check is not None or self.kind == "batch get"

    def expecting(self, limit: int | None, item_bytes: int | None, per_batch: int) -> AccessPath:
        """Give the same with what it is expected to read and cost.

        Args:
            limit: how many results are wanted; None for all.
            item_bytes: the mean size of the items, if known.
            per_batch: how many keys a batch get takes.
        """
        if self.keys:
            per_request = 1 if self.kind == "get" else per_batch
            expected = expected_of_keys(len(self.keys), per_request, item_bytes, consistent=self.consistent)
        else:
            expected = expected_of_pages(
                None if self.discards or self.sorted_by else limit,
                item_bytes,
                consistent=self.consistent,
                fetching=self.fetch != "nothing",
                per_request=per_batch if self.fetch == "by batch get" else None,
            )
        return replace(self, expected=expected)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        source = f"index {self.index!r}" if self.index else "the table"
        yield f"{self.kind} of {source}"
        if self.key_condition is not None:
            pairs = (self.key_condition.partition, *self.key_condition.also)
            yield f"  partition key: {', '.join(f'{name} =' for name, _ in pairs)}"
            yield f"  sort key: {_sort_in_words(self.key_condition.sort)}"
        if self.keys:
            yield f"  keys: {len(self.keys)}"
        yield f"  filter: {_filter_in_words(self.filter, 'after reading: ')}"
        if self.check is not None:
            yield f"  checked here: {_filter_in_words(self.check, '')}"
        yield f"  reads: {_projection_in_words(self.projection)}"
        yield from self._further()
        yield f"  expected: {self.expected}"
        yield from (f"  not {name or 'the table'}: {reason}" for name, reason in self.refused)
        yield from (f"  advice: {advice}" for advice in self.advice)
        yield "  pending changes of the unit are not seen; tracked entities come as they are in memory"

    def _further(self) -> Iterator[str]:
        if self.tenant is not None:
            yield f"  tenant: {self.tenant!r}, whose name and # partition keys begin with"
        if self.fetch != "nothing":
            yield f"  fetches what the index does not hold, {self.fetch}: each item costs a read"
        if self.sorted_by is not None:
            yield f"  sorted in memory by {self.sorted_by}: everything is read first"
        if self.segment is not None:
            yield "  segment: {} of {}".format(*self.segment)
        yield f"  consistency: {'strong, at twice the price' if self.consistent else 'eventual'}"


def _sort_in_words(condition: Compare | Between | BeginsWith | None) -> str:
    match condition:
        case None:
            return "any"
        case Compare():
            return f"{condition.left} {condition.operator}"
        case Between():
            return f"{condition.operand} between"
        case BeginsWith():
            return f"{condition.path} begins with"


def _filter_in_words(condition: Condition | None, when: str) -> str:
    if condition is None:
        return "none"
    names = ", ".join(dict.fromkeys(attributes_of(condition)))
    return f"{names} ({when}what it drops is paid for all the same)"


def _projection_in_words(projection: tuple[Path, ...] | None) -> str:
    return "all attributes" if projection is None else ", ".join(map(str, projection))
