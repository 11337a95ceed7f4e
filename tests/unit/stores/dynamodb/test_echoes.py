"""Foreign messages that quote values."""

from __future__ import annotations

import pytest

from persistence.stores.dynamodb.echoes import without_parameters, without_values

INVALID = "One or more parameter values were invalid: "
BETWEEN = "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
PARAMETER = "Parameter validation failed:\nInvalid type for parameter Item.a.S, value: "


class TestServiceMessages:
    @pytest.mark.parametrize(
        ("message", "without"),
        [
            (
                f"{INVALID}Input collection [SECRET, SECRET] contains duplicates.",
                f"{INVALID}Input collection <...> contains duplicates.",
            ),
            (
                f"{INVALID}Input collection [a] SECRET, [b]] contains duplicates.",
                f"{INVALID}Input collection <...> contains duplicates.",
            ),
            (
                "The parameter cannot be converted to a numeric value: SECRET\nSECRET",
                "The parameter cannot be converted to a numeric value: <...>",
            ),
            (
                f"{BETWEEN}lower bound operand: AttributeValue: {{S:X}}, upper bound operand: {{S:X}}",
                f"{BETWEEN}lower bound operand: <...>",
            ),
            (
                "1 validation error detected: Value '[SECRET's]' at 'items' failed to satisfy constraint",
                "1 validation error detected: Value <...> at 'items' failed to satisfy constraint",
            ),
            (
                "Invalid attribute type name found; type: SECRET, valid types: {SS,S}",
                "Invalid attribute type name found; type: <...>, valid types: {SS,S}",
            ),
            ('Unexpected value {"S": "SECRET}"} here', "Unexpected value <...> here"),
        ],
    )
    def test_lose_what_they_quote(self, message: str, without: str) -> None:
        assert without_values(message) == without

    @pytest.mark.parametrize(
        "message",
        [
            f"{INVALID}Type mismatch for key id expected: S actual: N",
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v1}",
            "Incorrect operand type for operator or function; operator: +, operand type: S",
            "User: arn:aws:iam::1:user/x is not authorized to perform: dynamodb:GetItem on resource: x",
        ],
    )
    def test_keep_the_rest(self, message: str) -> None:
        assert without_values(message) == message


class TestParameterMessages:
    def test_lose_what_they_quote(self) -> None:
        """A value may contain what looks like the message's own end."""
        end = "type: <class 'int'>, valid types: <class 'str'>"

        assert without_parameters(f"{PARAMETER}SECRET, type: x SECRET, {end}") == f"{PARAMETER}<...>, {end}"
