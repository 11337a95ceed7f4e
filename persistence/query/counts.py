"""Numbers that a query is given: how many results, and into how many parts a scan is divided."""

from __future__ import annotations

from persistence.errors import QueryError

MOST_SEGMENTS = 1_000_000
"""How many parts a scan has at most (API reference, "Scan")."""


def check_count(argument: str, given: object) -> int:
    """Refuse what is no positive whole number.

    Raises:
        QueryError: with what came.
    """
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        said = repr(given) if isinstance(given, int | float) else type(given).__name__
        raise QueryError(f"{argument} takes a whole number of at least 1, not {said}")
    return given


def check_segments(segments: object) -> None:
    """Refuse more parts than a scan can have.

    Raises:
        QueryError: with what came.
    """
    if check_count("segments", segments) > MOST_SEGMENTS:
        raise QueryError(f"parallel(segments={segments}): a scan has at most {MOST_SEGMENTS:,} parts")


def check_segment(number: object, of: object) -> None:
    """Refuse a part that a scan does not have.

    Raises:
        QueryError: with what came.
    """
    most = check_count("segment(of=)", of)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < most <= MOST_SEGMENTS:
        raise QueryError(
            f"segment({number!r}, of={of}): parts are counted from 0 to of - 1, and there are at most "
            f"{MOST_SEGMENTS:,}"
        )
