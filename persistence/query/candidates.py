"""The tables and indexes that may answer a query: which can, how well, and why the others can't."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from persistence.errors import QueryError
from persistence.expressions import Condition, attributes_of
from persistence.query.access import AccessPath
from persistence.query.coverage import Coverage
from persistence.query.fitness import Overasked, Unfit, check_kind, check_order, check_presence
from persistence.query.keying import equalities, key_use
from persistence.query.question import Question
from persistence.table import GlobalIndex, LocalIndex


@dataclass(frozen=True, slots=True)
class Candidate:
    """A table or index that can answer.

    Attributes:
        rank: the least is the best: the number of fields that its key takes over, how far its sort key is
            pinned down, and whether something has to be fetched.
        path: how it answers.
    """

    rank: tuple[int, int, bool]
    path: AccessPath

    def beats(self, other: Candidate) -> str:
        """Say why another one loses."""
        fewer, wider, fetching = (mine != its for mine, its in zip(self.rank, other.rank, strict=True))
        if fewer:
            return "it could serve, but its key takes over fewer conditions"
        if wider:
            return "it could serve, but its sort key is pinned down less"
        if fetching:
            return "it could serve, but each item would have to be fetched"
        return "it serves as well, but comes later"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a query as a table or index would answer it.

    Attributes:
        fields: how many fields its key would take over; where another key takes over as many, that answers.
        error: what is wrong.
    """

    fields: int
    error: QueryError


@dataclass(frozen=True, slots=True)
class Candidates:
    """All of them.

    Attributes:
        found: those that can answer, as declared.
        refused: why others can't, by name.
        problems: what counts if no key takes over as much.
    """

    found: tuple[Candidate, ...]
    refused: tuple[tuple[str | None, str], ...]
    problems: tuple[Problem, ...]

    def best(self, question: Question) -> AccessPath | None:
        """Give the path of the best one; of equal ones the first, which is the table before its indexes.

        Raises:
            QueryError: more is asked of a key than it can be asked, and no other one takes over as much.
        """
        best = min(self.found, key=lambda each: each.rank, default=None)
        taken_over = 0 if best is None else -best.rank[0]
        worse = next((problem for problem in self.problems if problem.fields > taken_over), None)
        if worse is not None:
            raise worse.error
        if best is None:
            return None
        lost = [(each.path.index, best.beats(each)) for each in self.found if each is not best]
        order = sources(question)
        reasons = sorted((*self.refused, *lost), key=lambda reason: order.index(reason[0]))
        return replace(best.path, refused=tuple(reasons))


def candidates(question: Question) -> Candidates:
    """Ask the table and its indexes, or the one that is wished for.

    Raises:
        QueryError: there is no such index.
    """
    found: list[Candidate] = []
    refused: list[tuple[str | None, str]] = []
    problems: list[Problem] = []
    for index in sources(question):
        try:
            found.append(_candidate(question, index))
        except Overasked as unfit:
            refused.append((index, str(unfit)))
            problems.append(_overasked(question, index, unfit))
        except Unfit as unfit:
            refused.append((index, str(unfit)))
        except QueryError as error:
            refused.append((index, str(error)))
            problems.append(Problem(1, error))
    return Candidates(tuple(found), tuple(refused), tuple(problems))


def _overasked(question: Question, index: str | None, unfit: Overasked) -> Problem:
    partitions, _ = question.mapping.key_split(index)
    fields = unfit.fields or sum(len(part.fields) for part in partitions) + 1
    return Problem(fields, QueryError(f"{question.mapping.name}: {unfit}{question.sorting}"))


def sources(question: Question) -> list[str | None]:
    """Give the table as None and the names of its indexes, local ones first, or the one that is wished for.

    Raises:
        QueryError: there is no such index.
    """
    wished, declared = question.wish.index, question.mapping.table.indexes
    local = [index.name for index in declared if isinstance(index, LocalIndex)]
    everywhere = [index.name for index in declared if isinstance(index, GlobalIndex)]
    if wished is None:
        return [None, *local, *everywhere]
    if wished in (*local, *everywhere):
        return [wished]
    names = ", ".join(map(repr, (*local, *everywhere))) or "none"
    raise QueryError(f"{question.mapping.name} has no index {wished!r}; its indexes are: {names}")


def with_coverage(question: Question, path: AccessPath, covering: Coverage) -> AccessPath:
    """Say in a path how it gives what is needed."""
    # What a global index gave may be out of date: a fetched item must fulfil its key condition too.
    stale = covering.fetch == "by batch get"
    return replace(
        path,
        fetch=covering.fetch,
        check=question.demands if stale else covering.check,
        projection=covering.projection,
    )


def _candidate(question: Question, index: str | None) -> Candidate:
    mapping, terms = question.mapping, question.terms
    check_kind(mapping, index, consistent=question.wish.consistent)
    partitions, sorts = mapping.key_split(index)
    if not partitions:
        raise Unfit(f"it never holds a {mapping.name}: Meta.index_keys does not name it")
    use = key_use(mapping, partitions, sorts, terms)
    check_order(sorts, question.order_by, set(equalities(terms)))
    if index is not None and question.wish.index is None:
        check_presence(mapping, sorts, terms)
    condition = question.left(use.used)
    _refuse_key_filter(question, index, condition, len(use.fields))
    covering = question.covering(index, condition)
    narrows = condition is not question.system
    path = AccessPath("query", index, use.condition, covering.filter, asked=question.asked, narrows=narrows)
    rank = (-len(use.fields), use.precision, covering.fetch != "nothing")
    return Candidate(rank, with_coverage(question, path, covering))


def _refuse_key_filter(
    question: Question, index: str | None, condition: Condition | None, fields: int
) -> None:
    """Refuse filters on key attributes, as the service does (developer guide, "Filter expressions")."""
    keys = question.mapping.table.key_names(index)
    name = next((name for name in _asked_of(condition) if name in keys), None)
    if name is not None:
        raise Overasked(
            f"this condition on the key field {name} can't be asked of the key: a partition key takes `==`, "
            "a sort key one of == < <= > >= between startswith, once",
            fields,
        )


def _asked_of(condition: Condition | None) -> Iterator[str]:
    return iter(()) if condition is None else attributes_of(condition)
