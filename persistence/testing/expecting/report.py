"""Reports of what came and was not expected, and of what was expected and did not come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from persistence.mapping import EntityMapping
from persistence.operations import Operation
from persistence.testing.expecting.expectation import Expectation
from persistence.testing.expecting.recognising import shown_operation
from persistence.testing.expecting.showing import counted, indented
from persistence.testing.expecting.suggesting import suggestion

Mappings = Iterable[EntityMapping[Any]]

_SHOWN = 20
"""How many expectations or operations a report lists."""


def unexpected(
    operation: Operation[Any],
    expectations: Sequence[Expectation],
    turn: Expectation | None,
    mappings: Mappings,
) -> str:
    """Report an operation that nothing expects.

    Args:
        operation: what came.
        expectations: all of them, in their order.
        turn: the one whose turn it is, where the order is strict.
        mappings: the mappings that they name.
    """
    lines = ["an operation came that is not expected:", ""]
    lines += indented(shown_operation(operation, mappings))
    lines += ["", *_why(operation, expectations, turn)]
    if expectations:
        lines += ["", "all expectations:", "", *_listed(expectations)]
    lines += ["", *_remedy(operation, mappings)]
    return "\n".join(lines)


def _why(
    operation: Operation[Any], expectations: Sequence[Expectation], turn: Expectation | None
) -> list[str]:
    fitting = [each for each in expectations if each.distance(operation).none]
    if turn is not None:
        lines = [f"the order is strict, and it is the turn of the {_where(turn)}:", "", *_shown(turn)]
        differing = _differing(turn, operation)
        if fitting and turn not in fitting:
            differing.append(f"it would have met the {_where(fitting[0])}: {fitting[0].how_often}")
        return [*lines, "", *differing]
    if fitting:
        return [f"it is one time too many for the {_where(fitting[-1])}: {fitting[-1].how_often}"]
    nearest = min(expectations, key=lambda each: each.distance(operation).weight, default=None)
    if nearest is None:
        return ["nothing at all is expected."]
    lines = [f"nearest is the {_where(nearest)}: {nearest.how_often}", "", *_shown(nearest)]
    return [*lines, "", *_differing(nearest, operation)]


def _differing(expectation: Expectation, operation: Operation[Any]) -> list[str]:
    found = expectation.distance(operation).lines
    return ["it differs:", "", *indented(found)] if found else []


def _where(expectation: Expectation) -> str:
    return f"expectation made at {expectation.made_at}"


def _shown(expectation: Expectation) -> list[str]:
    return indented([expectation.title, *indented(expectation.lines())])


def _listed(expectations: Sequence[Expectation]) -> list[str]:
    shown = [
        f"    {place}. [{'x' if each.met else ' '}] {each.title} ({each.made_at}): {each.how_often}"
        for place, each in enumerate(expectations[:_SHOWN], 1)
    ]
    left = len(expectations) - _SHOWN
    return [*shown, f"    and {left} more"] if left > 0 else shown


def _remedy(operation: Operation[Any], mappings: Mappings) -> list[str]:
    made = suggestion(operation, mappings)
    if made is None:
        return [
            "If the code is right, expect it, or pass otherwise=MemoryStore() to answer what is not expected."
        ]
    return ["If the code is right, expect it:", "", *indented(made)]


def unmet(open_ones: Sequence[Expectation], came: Sequence[Operation[Any]], mappings: Mappings) -> str:
    """Report expectations that were not met.

    Args:
        open_ones: those.
        came: all operations that came.
        mappings: the mappings that expectations name.
    """
    lines = [f"{counted(len(open_ones), 'expectation')} not met:"]
    for each in open_ones:
        lines += [
            "",
            f"the {_where(each)}: {each.how_often}",
            "",
            *_shown(each),
            "",
            *_nearest(each, came, mappings),
        ]
    lines += ["", *_all_that_came(came, mappings)]
    return "\n".join(lines)


def _nearest(expectation: Expectation, came: Sequence[Operation[Any]], mappings: Mappings) -> list[str]:
    measured = [(expectation.distance(operation), operation) for operation in came]
    apart = [(distance, operation) for distance, operation in measured if not distance.none]
    if not apart:
        return ["nothing like it came."]
    distance, operation = min(apart, key=lambda pair: pair[0].weight)
    lines = ["nearest came:", "", *indented(shown_operation(operation, mappings))]
    return [*lines, "", "which differs:", "", *indented(distance.lines)]


def _all_that_came(came: Sequence[Operation[Any]], mappings: Mappings) -> list[str]:
    if not came:
        return ["no operation came at all. Does the code under test use this store?"]
    titles = [
        f"    {place}. {shown_operation(operation, mappings)[0]}"
        for place, operation in enumerate(came[:_SHOWN], 1)
    ]
    left = len(came) - _SHOWN
    return ["all that came:", "", *titles, *([f"    and {left} more"] if left > 0 else [])]
