"""Accumulators: they take values one by one, and tell what is made of all. None is passed over."""

from __future__ import annotations

from collections.abc import Callable, Set
from datetime import timedelta
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from typing import Any, Generic, Protocol, TypeVar

from persistence.attributes import NUMBER_DIGITS
from persistence.errors import QueryError

R = TypeVar("R", covariant=True)
G = TypeVar("G")
V = TypeVar("V")

# Numbers reach from 1E+126 down to 1E-167, the last of the 38 digits of 1E-130: any sum of them is exact.
_exact = Context(prec=500, traps=[Inexact])
_rounded = Context(prec=NUMBER_DIGITS)


class Accumulator(Protocol[R]):
    """Takes values, one by one."""

    def take(self, value: Any) -> None:
        """Take one more.

        Raises:
            QueryError: it can't be taken, or does not go with those before.
        """
        ...

    @property
    def result(self) -> R:
        """What is made of all values so far."""
        ...


class Count:
    """Counts values."""

    def __init__(self) -> None:
        self.result = 0

    def take(self, value: Any) -> None:
        """Take one more."""
        self.result += value is not None


class Total:
    """Adds exactly: whole numbers and Decimals to each other, floats to floats, periods to periods.

    Args:
        said: what is added, for messages.
        zero: the sum of nothing.

    Attributes:
        count: how many values were added.
        exact: the sum; of floats as a fraction.
    """

    def __init__(self, said: str, zero: Any = 0) -> None:
        self.count = 0
        self.exact: Any = Fraction(zero) if isinstance(zero, float) else zero
        self._said = said
        self._kind: type = type(zero)

    def take(self, value: Any) -> None:
        """Take one more."""
        if value is not None:
            self._kind = self._common(_kind(value, self._said))
            self.exact = self._sum(value)
            self.count += 1

    def _common(self, kind: type) -> type:
        """Give what the sum becomes; the zero of a field of unknown kind is an int, and takes any."""
        if kind is self._kind or (not self.count and self._kind is int):
            return kind
        if {kind, self._kind} == {int, Decimal}:
            return Decimal
        raise QueryError(
            f"{self._said}: {kind.__name__} can't be added to {self._kind.__name__}; only whole numbers and "
            "Decimals go together"
        )

    def _sum(self, value: Any) -> Any:
        if self._kind is Decimal:
            return _exact.add(self.exact, value)
        if self._kind is float:
            return self.exact + Fraction(value)
        return self.exact + value if self.count else value

    @property
    def result(self) -> Any:
        """The sum: int, Decimal, float or timedelta."""
        return float(self.exact) if self._kind is float else self.exact


class Average:
    """The arithmetic mean: Decimal of whole numbers and Decimals, to 38 digits; else of the values' own kind.

    Args:
        said: what it is taken of, for messages.
    """

    def __init__(self, said: str) -> None:
        self._total = Total(said)

    def take(self, value: Any) -> None:
        """Take one more."""
        self._total.take(value)

    @property
    def result(self) -> Any:
        """The mean; None of nothing."""
        total, count = self._total.exact, self._total.count
        if not count:
            return None
        match total:
            case Fraction():
                return float(total / count)
            case timedelta():
                return total / count
            case _:
                return _rounded.divide(Decimal(total), count)


def _kind(value: object, said: str) -> type:
    for kind in (Decimal, float, timedelta, int):
        if isinstance(value, kind) and not isinstance(value, bool):
            return kind
    raise QueryError(f"{said} takes numbers and periods (timedelta), and found {type(value).__name__}")


class Extreme:
    """The least or greatest value; None of nothing.

    Args:
        said: what it is taken of, for messages.
        better: whether the first value is to be taken instead of the second.
    """

    def __init__(self, said: str, better: Callable[[Any, Any], bool]) -> None:
        self.result: Any = None
        self._said = said
        self._better = better

    def take(self, value: Any) -> None:
        """Take one more."""
        if value is not None:
            held = value if self.result is None else self.result
            self.result = value if self._is_better(value, held) else held

    def _is_better(self, value: Any, held: Any) -> bool:
        try:
            if not isinstance(value, Set):  # `<` of sets is no order
                return self._better(value, held)
        except TypeError:
            pass
        kinds = " and ".join(dict.fromkeys((type(held).__name__, type(value).__name__)))
        raise QueryError(f"{self._said}: values of type {kinds} have no order")


class Several:
    """Takes tuples, and hands each part on to an accumulator of its own.

    Args:
        parts: the accumulators, in the order of the parts.
        build: makes the result of theirs.
    """

    def __init__(self, parts: tuple[Accumulator[Any], ...], build: Callable[[tuple[Any, ...]], Any]) -> None:
        self._parts = parts
        self._build = build

    def take(self, value: tuple[Any, ...]) -> None:
        """Take one more of each."""
        for part, each in zip(self._parts, value, strict=True):
            part.take(each)

    @property
    def result(self) -> Any:
        """What is made of all."""
        return self._build(tuple(part.result for part in self._parts))


class Groups(Generic[G, V]):
    """Takes pairs of a group and a value; each group that comes up has an accumulator of its own.

    Args:
        said: what is grouped, for messages.
        begin: makes the accumulator of a new group.
        at_most: how many groups may come up; None for any number.
    """

    def __init__(self, said: str, begin: Callable[[], Accumulator[V]], at_most: int | None = None) -> None:
        self._said = said
        self._begin = begin
        self._at_most = at_most
        self._groups: dict[G, Accumulator[V]] = {}

    def take(self, value: tuple[G, Any]) -> None:
        """Take one more."""
        group, part = value
        self._accumulator(group).take(part)

    def _accumulator(self, group: G) -> Accumulator[V]:
        try:
            known = self._groups.get(group)
        except TypeError:
            raise QueryError(
                f"{self._said}: {type(group).__name__} can't be a group; group by what can be the key of a "
                "dict, such as text, numbers, dates and tuples of them"
            ) from None
        return known or self._new(group)

    def _new(self, group: G) -> Accumulator[V]:
        if len(self._groups) == self._at_most:
            raise QueryError(f"{self._said} gives more groups than at_most={self._at_most}")
        self._groups[group] = self._begin()
        return self._groups[group]

    @property
    def result(self) -> dict[G, V]:
        """Group -> what is made of its values, in the order in which the groups came up."""
        return {group: accumulator.result for group, accumulator in self._groups.items()}
