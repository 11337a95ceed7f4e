"""What validators demand, as data."""

from __future__ import annotations

import re

import pytest

from persistence import fields
from persistence.fields import validate
from persistence.mapping.constraints import Constraints, constraints_of


class TestConstraints:
    @pytest.mark.parametrize(
        ("validators", "expected"),
        [
            ([], Constraints()),
            ([validate.Length(min=1, max=5)], Constraints(shortest=1, longest=5)),
            ([validate.Length(equal=3)], Constraints(shortest=3, longest=3)),
            ([validate.Length(min=1), validate.Length(min=2, max=9)], Constraints(shortest=2, longest=9)),
            ([validate.Range(min=0, max=9)], Constraints(least=0, most=9)),
            ([validate.Range(0, 9, min_inclusive=False, max_inclusive=False)], Constraints(above=0, below=9)),
            ([validate.Range(min=0), validate.Range(min=3)], Constraints(least=3)),
            ([validate.OneOf(["a", "b"])], Constraints(choices=("a", "b"))),
            ([validate.OneOf(["a", "b"]), validate.OneOf(["b", "c"])], Constraints(choices=("b",))),
            ([validate.Equal(1)], Constraints(choices=(1,))),
            ([validate.NoneOf(["x"])], Constraints(excluded=("x",))),
            ([validate.ContainsOnly(["x"])], Constraints(members=("x",))),
            ([validate.Regexp("[a-z]+$")], Constraints(patterns=("[a-z]+$",))),
            ([validate.Regexp("[a-z]+$", re.IGNORECASE)], Constraints(others=1)),
            (
                [validate.And(validate.Length(min=1), validate.Regexp("a"))],
                Constraints(shortest=1, patterns=("a",)),
            ),
            ([validate.ContainsNoneOf(["x"])], Constraints(others=1)),
            ([lambda value: True], Constraints(others=1)),
        ],
    )
    def test_are_told_of_each_validator(
        self, validators: list[validate.Validator], expected: Constraints
    ) -> None:
        assert constraints_of(fields.String(validate=validators)) == expected

    @pytest.mark.parametrize(
        ("field", "text_format"),
        [
            (fields.Email(), "email"),
            (fields.Url(), "uri"),
            (fields.Url(relative=True), "uri-reference"),
            (fields.String(validate=validate.Email()), "email"),
            (fields.IPv4(), "ipv4"),
            (fields.IPv6(), "ipv6"),
            (fields.String(), None),
        ],
    )
    def test_tell_the_format_of_texts(self, field: fields.Field[object], text_format: str | None) -> None:
        assert constraints_of(field).text_format == text_format
