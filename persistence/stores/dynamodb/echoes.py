"""Cut stored values out of foreign messages: some of the service's, and botocore's, quote what was sent."""

from __future__ import annotations

import re

CUT = "<...>"
"""Stands where a value was cut out."""

# What follows a value in a message is lost with it wherever the value's own text could forge the end.
_ECHOES: tuple[tuple[re.Pattern[str], str], ...] = (
    # Value '[...]' at 'transactItems' failed to satisfy constraint: ...
    (re.compile(r"Value ['\"].*['\"] at (?=['\"])", re.DOTALL), f"Value {CUT} at "),
    # Input collection [a, a] contains duplicates
    (re.compile(r"collection \[.*\]", re.DOTALL), f"collection {CUT}"),
    # lower bound operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {N:3}
    (re.compile(r"bound operand: .*\}", re.DOTALL), f"bound operand: {CUT}"),
    # The parameter cannot be converted to a numeric value: x
    (re.compile(r"numeric value: .*", re.DOTALL), f"numeric value: {CUT}"),
    # Invalid attribute type name found; type: x, valid types: {...}
    (
        re.compile(r"type name found; type: .*, valid types", re.DOTALL),
        f"type name found; type: {CUT}, valid types",
    ),
    # Any other attribute value: {S: x,}, {N:5}, {"S": "x"}
    (re.compile(r"\{\"?(?:S|N|B|SS|NS|BS|M|L|BOOL|NULL)\"?\s?[:=].*\}", re.DOTALL), CUT),
)

# Invalid type for parameter Item.id.S, value: 5, type: <class 'int'>, valid types: <class 'str'>
_PARAMETER = re.compile(r", value: .*, type: (?=<class )", re.DOTALL)


def without_values(message: str) -> str:
    """Give a message of the service without the values that it quotes."""
    for pattern, replacement in _ECHOES:
        message = pattern.sub(replacement, message)
    return message


def without_parameters(message: str) -> str:
    """Give a message of botocore's parameter validation without the values that it quotes."""
    return _PARAMETER.sub(f", value: {CUT}, type: ", message)
