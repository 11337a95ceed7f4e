"""Collect what is wrong with the parts of a value, so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from persistence.attributes import AttributeValue
from persistence.mapping.nodes import Node
from persistence.mapping.plain import refuse_depth
from persistence.mapping.refusal import Refused, TooDeep, Unreadable


class Collected:
    """Collects what is wrong with the parts of a value, so that all of it is reported at once."""

    def __init__(self) -> None:
        self.problems: dict[Any, Any] = {}

    def attempt(self, name: Any, work: Callable[[], Any]) -> Any:
        """Do the work and give its result, or note under a name what was refused."""
        try:
            return work()
        except TooDeep:
            raise
        except Refused as refused:
            self.problems[name] = refused.messages
            return None

    def close(self) -> None:
        """Raise what was noted, if anything was.

        Raises:
            Refused: with the messages of all parts.
        """
        if self.problems:
            raise Refused(self.problems)


class CollectedAttributes(Collected):
    """Collects what is wrong with the attributes of an item, which are the place to count levels from."""

    def attempt(self, name: Any, work: Callable[[], Any]) -> Any:
        """Do as in any value, and note what is nested too deep."""
        try:
            stored = super().attempt(name, work)
            if stored is not None:
                refuse_depth(stored)
        except TooDeep as refused:
            self.problems[name] = refused.messages
            return None
        except RecursionError:
            self.problems[name] = TooDeep().messages
            return None
        return stored


def decoded_part(step: str | int, node: Node, stored: AttributeValue) -> Any:
    """Decode a part of a value.

    Raises:
        Unreadable: with the step in its path.
    """
    try:
        return node.decode(stored)
    except Unreadable as problem:
        raise problem.inside(step) from problem.__cause__
