"""Texts, numbers, times and so on that can be stored, within bounds."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, TypedDict

from hypothesis import strategies as st

from persistence.attributes import NumberRefused, number_text
from persistence.mapping.constraints import Constraints
from persistence.mapping.plain import float_text

Strategy = st.SearchStrategy[Any]

LONGEST_TEXT = 20
"""Characters of a text, and members of a container, where nothing else is said."""
MOST_MEMBERS = 4

_INTEGERS = 10**38 - 1
_FLOATS = 1e120
_SMALLEST = 1e-120
_OFFSETS = (dt.UTC, dt.timezone(dt.timedelta(hours=5, minutes=30)), dt.timezone(dt.timedelta(hours=-8)))
_EARLIEST, _LATEST = dt.datetime(1900, 1, 1), dt.datetime(2199, 12, 30)  # noqa: DTZ001  # hypothesis adds the zone

_URLS = r"https?://[a-z]{1,10}\.(?:com|org|net)(?:/[a-z0-9]{0,8}){0,2}"


def texts(constraints: Constraints, forbidden: str = "", shortest: int = 0) -> Strategy:
    """Give texts.

    Args:
        constraints: what the validators demand.
        forbidden: characters that don't occur.
        shortest: characters that there are at least.
    """
    if constraints.text_format == "email":
        return st.emails()
    if constraints.text_format is not None:
        return st.from_regex(_URLS, fullmatch=True)
    least = max(shortest, constraints.shortest or 0)
    most = least + LONGEST_TEXT if constraints.longest is None else constraints.longest
    alphabet = st.characters(exclude_categories=["Cs"], exclude_characters=forbidden)
    return st.text(alphabet, min_size=least, max_size=max(least, min(most, least + LONGEST_TEXT)))


def matching(pattern: re.Pattern[str], constraints: Constraints, forbidden: str, shortest: int) -> Strategy:
    """Give texts that a regular expression matches, as far as they also fulfil the rest."""
    found = st.from_regex(pattern, fullmatch=True, alphabet=st.characters(exclude_categories=["Cs"]))
    least = max(shortest, constraints.shortest or 0)

    def fits(text: str) -> bool:
        longest = constraints.longest
        return (
            len(text) >= least
            and (longest is None or len(text) <= longest)
            and not set(forbidden) & set(text)
        )

    return found.filter(fits)


def byte_strings(constraints: Constraints, shortest: int = 0) -> Strategy:
    """Give bytes."""
    least = max(shortest, constraints.shortest or 0)
    most = least + LONGEST_TEXT if constraints.longest is None else constraints.longest
    return st.binary(min_size=least, max_size=max(least, min(most, least + LONGEST_TEXT)))


def integers(constraints: Constraints, least: int = -_INTEGERS, most: int = _INTEGERS) -> Strategy:
    """Give integers of up to 38 digits."""
    low = max(least, _ceiling(constraints.least), _ceiling(constraints.above, beyond=1))
    high = min(most, _floor(constraints.most), _floor(constraints.below, beyond=1))
    return st.integers(low, high) if low <= high else st.nothing()


def _ceiling(bound: Any, beyond: int = 0) -> int:
    if bound is None:
        return -_INTEGERS
    whole = int(bound)
    return whole + 1 if whole < bound else whole + beyond


def _floor(bound: Any, beyond: int = 0) -> int:
    if bound is None:
        return _INTEGERS
    whole = int(bound)
    return whole - 1 if whole > bound else whole - beyond


def decimals(constraints: Constraints, places: int | None = None) -> Strategy:
    """Give decimals that DynamoDB holds exactly."""
    low, high = _bounds(constraints)
    if low is None and high is None and places is None:
        return st.builds(_scaled, st.integers(-_INTEGERS, _INTEGERS), st.integers(-60, 60))
    least = Decimal(-(10**20)) if low is None else Decimal(str(low))
    most = Decimal(10**20) if high is None else Decimal(str(high))
    if low is None:
        least = min(least, most - 10**6)
    if high is None:
        most = max(most, least + 10**6)
    fraction = 6 if places is None else places
    made = st.decimals(least, most, allow_nan=False, allow_infinity=False, places=fraction)
    return made.filter(_is_storable).filter(_within(constraints))


def _scaled(number: int, exponent: int) -> Decimal:
    return Decimal(f"{number}E{exponent}")


def floats(constraints: Constraints) -> Strategy:
    """Give floats in the range of DynamoDB's numbers."""
    low, high = _bounds(constraints)
    least = -_FLOATS if low is None else float(low)
    most = _FLOATS if high is None else float(high)
    made = st.floats(least, most, allow_nan=False, allow_infinity=False, allow_subnormal=False)
    return made.map(lambda number: 0.0 if abs(number) < _SMALLEST else number).filter(_within(constraints))


def _bounds(constraints: Constraints) -> tuple[Any, Any]:
    lows = [bound for bound in (constraints.least, constraints.above) if bound is not None]
    highs = [bound for bound in (constraints.most, constraints.below) if bound is not None]
    return max(lows, default=None), min(highs, default=None)


def _within(constraints: Constraints) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        return not (
            (constraints.least is not None and value < constraints.least)
            or (constraints.most is not None and value > constraints.most)
            or (constraints.above is not None and value <= constraints.above)
            or (constraints.below is not None and value >= constraints.below)
        )

    return fits


def _is_storable(number: Decimal | float) -> bool:
    try:
        float_text(number) if isinstance(number, float) else number_text(number)
    except NumberRefused:
        return False
    return True


def datetimes(constraints: Constraints) -> Strategy:
    """Give aware datetimes, of several time zones."""
    low, high = _bounds(constraints)
    if low is None and high is None:
        return st.datetimes(_EARLIEST, _LATEST, timezones=st.sampled_from(_OFFSETS))
    least = _EARLIEST if low is None else _naive(low)
    most = max(_LATEST, least + dt.timedelta(days=1)) if high is None else _naive(high)
    made = st.datetimes(min(least, most), most, timezones=st.just(dt.UTC))
    return made.filter(_within(constraints))


def _naive(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None)


def dates(constraints: Constraints) -> Strategy:
    """Give dates."""
    low, high = _bounds(constraints)
    least, most = low or dt.date.min, high or dt.date.max
    return st.dates(least, most).filter(_within(constraints)) if least <= most else st.nothing()


def times(constraints: Constraints) -> Strategy:
    """Give times of day."""
    low, high = _bounds(constraints)
    return st.times(low or dt.time.min, high or dt.time.max).filter(_within(constraints))


def timedeltas(constraints: Constraints) -> Strategy:
    """Give periods of time."""
    low, high = _bounds(constraints)
    return st.timedeltas(low or dt.timedelta.min, high or dt.timedelta.max).filter(_within(constraints))


def lives(*, as_seconds: bool) -> Strategy:
    """Give times to live that have not passed: epoch seconds, or datetimes of whole seconds."""
    seconds = st.integers(4_102_444_800, 7_258_118_400)
    return seconds if as_seconds else seconds.map(lambda second: dt.datetime.fromtimestamp(second, dt.UTC))


def plain() -> Strategy:
    """Give plain data as JSON has it."""
    leaves = st.none() | st.booleans() | texts(Constraints()) | integers(Constraints())
    return st.recursive(leaves, _containers, max_leaves=6)


def _containers(inner: Strategy) -> Strategy:
    lists: Strategy = st.lists(inner, max_size=MOST_MEMBERS)
    return lists | st.dictionaries(entry_names(), inner, max_size=MOST_MEMBERS)


def entry_names() -> Strategy:
    """Give names of map entries, which are not empty."""
    return texts(Constraints(), shortest=1)


class Sizes(TypedDict):
    """Bounds of the number of a container's members."""

    min_size: int
    max_size: int


def sizes(constraints: Constraints) -> Sizes:
    """Give the bounds of the number of a container's members."""
    least = constraints.shortest or 0
    most = least + MOST_MEMBERS if constraints.longest is None else constraints.longest
    return {"min_size": least, "max_size": max(least, min(most, least + MOST_MEMBERS))}


def chosen(choices: Iterable[Any]) -> Strategy:
    """Give one of several values; none where there are none."""
    listed = list(choices)
    return st.sampled_from(listed) if listed else st.nothing()
