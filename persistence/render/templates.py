"""All expressions of one request, from a template where expressions of the same shape were written before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from persistence.attributes import AttributeValue
from persistence.expressions import (
    AttributeExists,
    AttributeNotExists,
    Condition,
    KeyCondition,
    Path,
    UpdateAction,
)
from persistence.render.limits import EXPRESSION_OPERATORS, PLACEHOLDER_BYTES, surely_light
from persistence.render.renderer import Renderer
from persistence.render.shapes import Tokens, Values, note, note_all

Expressions = dict[str, Any]
"""Parameters of a request: its expressions, and `ExpressionAttributeNames` and `-Values` if there are any."""

TEMPLATES = 512
"""How many templates are kept."""
MOST_TOKENS = 600
"""The length of a shape beyond which no template is kept."""

_PLACEHOLDERS = tuple(f":v{number}" for number in range(EXPRESSION_OPERATORS))


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """Expressions of one shape, without their values.

    Attributes:
        texts: parameter -> expression.
        names: alias -> name.
        room: bytes that the values may take.
        kept: what others have made of it, to make it only once.
    """

    texts: dict[str, str]
    names: dict[str, str]
    room: int
    kept: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def filled(self, values: Values) -> Expressions | None:
        """Put values in; None where that takes a closer look at them."""
        if not self.takes(values):
            return None
        found: Expressions = {**self.texts, "ExpressionAttributeNames": self.names.copy()}
        if values:
            found["ExpressionAttributeValues"] = dict(zip(_PLACEHOLDERS, values, strict=False))
        return found

    def takes(self, values: Values) -> bool:
        """Tell whether values certainly may be put in."""
        if not values:
            return True
        if not surely_light(values, self.room):
            return False
        for value in values:
            if ("SS" in value or "NS" in value or "BS" in value) and not next(iter(value.values())):
                return False
        return True


_templates: dict[tuple[Any, ...], Template] = {}


def expressions(
    *,
    key_condition: KeyCondition | None = None,
    update: tuple[UpdateAction, ...] = (),
    condition: Condition | None = None,
    filtering: Condition | None = None,
    projection: tuple[Path, ...] | None = None,
) -> Expressions:
    """Write the expressions of one request; they share their placeholders.

    Args:
        key_condition: what a query demands of keys.
        update: the actions of an update.
        condition: the condition of a write.
        filtering: the filter of a query or scan.
        projection: the paths that are read; None for whole items.

    Returns:
        The parameters, each only if there is something to say; the dicts may be changed.

    Raises:
        QueryError: one exceeds a limit of the service, or can't be written.
    """
    tokens: Tokens = [len(update)]
    values: Values = []
    try:
        if key_condition is not None:
            note(key_condition, tokens, values)
        if update:
            note_all(update, tokens, values)
        if condition is not None:
            tokens.append("condition")
            note(condition, tokens, values)
        if filtering is not None:
            tokens.append("filter")
            note(filtering, tokens, values)
        if projection is not None:
            tokens += ("projection", *(path.segments for path in projection))
        if len(tokens) == 1:
            return {}
        shape = tuple(tokens)
        template = _templates.get(shape)
    except (KeyError, TypeError, RecursionError):
        return _written(Renderer(), key_condition, update, condition, filtering, projection)
    if template is not None:
        filled = template.filled(values)
        if filled is not None:
            return filled
    renderer = Renderer()
    found = _written(renderer, key_condition, update, condition, filtering, projection)
    if template is None:
        _keep(shape, values, found)
    return found


def template_of(
    update: tuple[UpdateAction, ...], condition: Condition | None
) -> tuple[Template, Values] | None:
    """Give the template of a write's expressions, and the values that it takes.

    Args:
        update: the actions of an update.
        condition: the condition of a write.

    Returns:
        None where there is no template, or not yet: `expressions` makes one, or says what is wrong.
    """
    tokens: Tokens = [len(update)]
    values: Values = []
    try:
        if update:
            note_all(update, tokens, values)
        if condition is not None:
            tokens.append("condition")
            note(condition, tokens, values)
        template = _templates.get(tuple(tokens))
    except (KeyError, TypeError, RecursionError):
        return None
    return None if template is None or not template.takes(values) else (template, values)


def presence(condition: AttributeExists | AttributeNotExists) -> Expressions:
    """Write the condition that an attribute is there, or that it is not: most writes demand no more.

    Returns:
        The same as `expressions`; the dicts may be changed.

    Raises:
        QueryError: it exceeds a limit of the service, or can't be written.
    """
    try:
        text, names = _presences[type(condition), condition.path.segments]
    except (KeyError, TypeError):
        return _new_presence(condition)
    return {"ConditionExpression": text, "ExpressionAttributeNames": names.copy()}


def _new_presence(condition: AttributeExists | AttributeNotExists) -> Expressions:
    found = expressions(condition=condition)
    segments = condition.path.segments
    if len(segments) == 1 and type(segments[0]) is str:
        if len(_presences) >= TEMPLATES:
            _presences.clear()
        names = found["ExpressionAttributeNames"]
        _presences[type(condition), segments] = (found["ConditionExpression"], names.copy())
    return found


_presences: dict[tuple[type, tuple[str | int, ...]], tuple[str, dict[str, str]]] = {}


def _written(
    renderer: Renderer,
    key_condition: KeyCondition | None,
    update: tuple[UpdateAction, ...],
    condition: Condition | None,
    filtering: Condition | None,
    projection: tuple[Path, ...] | None,
) -> Expressions:
    found: Expressions = {}
    if key_condition is not None:
        found["KeyConditionExpression"] = renderer.key_condition(key_condition)
    if update:
        found["UpdateExpression"] = renderer.update(update)
    if condition is not None:
        found["ConditionExpression"] = renderer.condition(condition)
    if filtering is not None:
        found["FilterExpression"] = renderer.condition(filtering)
    if projection is not None:
        found["ProjectionExpression"] = renderer.projection(projection)
    found.update(renderer.placeholders())
    return found


def _keep(shape: tuple[Any, ...], values: Values, found: Expressions) -> None:
    """Keep a template of what was written, where it serves all expressions of that shape."""
    names: dict[str, str] = found.get("ExpressionAttributeNames", {})
    written: dict[str, AttributeValue] = found.get("ExpressionAttributeValues", {})
    # Equal keys must be equal texts: `True` equals 1, and a subclass of str may be written otherwise.
    plain = all(type(segment) in (str, int) for segment in _segments(shape))
    few = len(shape) <= MOST_TOKENS and len(values) <= len(_PLACEHOLDERS)
    if not (plain and few and names and list(written.values()) == values):
        return
    texts = {name: text for name, text in found.items() if name.endswith("Expression")}
    # What the names and placeholders take is surely no more than this.
    taken = sum(len(alias) + 4 * len(name) for alias, name in names.items()) + sum(map(len, written))
    room = PLACEHOLDER_BYTES - taken
    if len(_templates) >= TEMPLATES:
        _templates.clear()
    _templates[shape] = Template(texts, dict(names), room)


def _segments(shape: tuple[Any, ...]) -> Iterable[object]:
    return (segment for token in shape if isinstance(token, tuple) for segment in token)
