"""The language of conditions: what it reads, and what it refuses with a word on what to write instead."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.cli.conditions import read_conditions
from persistence.errors import QueryError
from persistence.mapping import mapping_of
from persistence.query.lowering import lower
from persistence.query.names import comparison
from persistence.query.terms import AllOf, AnyOf, Negated, Term
from tests.unit.cli.world import Colour, Level, ThingMapping

THING = mapping_of(ThingMapping)


def read(*texts: str) -> Term | None:
    return read_conditions(THING, texts)


def compared(name: str, operator: str, *values: object) -> Term:
    return comparison(name, operator, values)


class TestValues:
    @pytest.mark.parametrize(
        ("text", "name", "value"),
        [
            ("kind = box", "kind", "box"),
            ("kind = 007", "kind", "007"),
            ("kind = 'two words'", "kind", "two words"),
            ('kind = "it\'s"', "kind", "it's"),
            (r"kind = 'it\'s a \\'", "kind", "it's a \\"),
            ("kind = ''", "kind", ""),
            ("kind = 'and'", "kind", "and"),
            ("kind = ORDER#1:a@b.c/d", "kind", "ORDER#1:a@b.c/d"),
            ("kind=box", "kind", "box"),
            ("colour = red", "colour", Colour.RED),
            ("colour = DARK_GREEN", "colour", Colour.DARK_GREEN),
            ("colour = 'dark green'", "colour", Colour.DARK_GREEN),
            ("level = 2", "level", Level.HIGH),
            ("level = HIGH", "level", Level.HIGH),
            ("size = -5", "size", -5),
            ("weight = 1.50", "weight", Decimal("1.50")),
            ("weight = 12345678901234567890.123456789", "weight", Decimal("12345678901234567890.123456789")),
            ("price = 1e3", "price", 1000.0),
            ("made_at = 2026-01-02T03:04:05Z", "made_at", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
            ("made_at = 2026-01-02T03:04:05+02:00", "made_at", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
            ("made_at = 2026-01-02", "made_at", datetime(2026, 1, 2, tzinfo=UTC)),
            ("made_at = '2026-01-02 03:04'", "made_at", datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
            ("made_on = 2026-01-02", "made_on", date(2026, 1, 2)),
            ("lasts = 90", "lasts", timedelta(seconds=90)),
            ("good = false", "good", False),
            ("good = True", "good", True),
            (f"serial = {UUID(int=7)}", "serial", UUID(int=7)),
            (f"data = '{b64encode(b'abc').decode()}'", "data", b"abc"),
            ("note = none", "note", "none"),
            ("expires_at = 1767322800", "expires_at", datetime.fromtimestamp(1767322800, UTC)),
            ("expires_at = 2026-01-02T03:00:00Z", "expires_at", datetime(2026, 1, 2, 3, tzinfo=UTC)),
            ("places[0].city = Rome", "places[0].city", "Rome"),
            ("places[0].floor = 2", "places[0].floor", 2),
            ("extra = 5", "extra", 5),
            ("extra = 1.5", "extra", Decimal("1.5")),
            ("extra = true", "extra", True),
            ("extra = word", "extra", "word"),
            ("extra.deep = 5", "extra.deep", 5),
        ],
    )
    def test_is_read_by_the_field_that_it_is_compared_with(self, text: str, name: str, value: object) -> None:
        assert read(text) == compared(name, "=", value)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("size = many", "'many' is no value of Thing.size, which is stored as an integer"),
            ("size = 1.5", "is no value of Thing.size"),
            ("weight = NaN", "is no value of Thing.weight"),
            ("colour = blue", "RED, DARK_GREEN"),
            ("made_at = yesterday", "an ISO-8601 datetime"),
            ("good = maybe", "a boolean"),
            ("data = '!'", "is no value of Thing.data"),
            ("places = Rome", "is no value of Thing.places"),
        ],
    )
    def test_that_the_field_can_not_read_is_refused(self, text: str, said: str) -> None:
        with pytest.raises(QueryError) as refused:
            read(text)

        assert said in str(refused.value)


class TestOperators:
    @pytest.mark.parametrize("operator", ["=", "==", "!=", "<>", "<", "<=", ">", ">="])
    @pytest.mark.parametrize("space", [" ", ""])
    def test_compares(self, operator: str, space: str) -> None:
        assert read(f"size{space}{operator}{space}3") == compared("size", operator, 3)

    @pytest.mark.parametrize(
        ("text", "term"),
        [
            ("size between 1 and 5", compared("size", "between", 1, 5)),
            ("size BETWEEN 1 AND 5", compared("size", "between", 1, 5)),
            ("size in (1, 2,3)", compared("size", "in", 1, 2, 3)),
            ("colour in (RED)", compared("colour", "in", Colour.RED)),
            ("kind begins_with bo", compared("kind", "begins_with", "bo")),
            ("made_at begins_with 2026-01", compared("made_at", "begins_with", "2026-01")),
            ("tags contains new", compared("tags", "contains", "new")),
            ("numbers contains 3", compared("numbers", "contains", 3)),
            ("kind contains o", compared("kind", "contains", "o")),
            ("note exists", compared("note", "exists")),
            ("note not_exists", compared("note", "not_exists")),
            ("extra attribute_type S", compared("extra", "attribute_type", "S")),
            ("size(tags) > 2", compared("size(tags)", ">", 2)),
            ("size (places[0].city) = 4", compared("size(places[0].city)", "=", 4)),
            ("size(tags) between 1 and 2", compared("size(tags)", "between", 1, 2)),
        ],
    )
    def test_knows_all_that_queries_know(self, text: str, term: Term) -> None:
        assert read(text) == term

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "ends where the name of a field is expected"),
            ("size", "ends where an operator"),
            ("size =", "ends where a value is expected"),
            ("size is 3", "an operator is expected here"),
            ("size = 3 4", "the condition ends before this"),
            ("size between 1", "between takes two values"),
            ("size between 1 or 2", "between takes two values"),
            ("size in 1, 2", "in takes values in parentheses"),
            ("size in (1, 2", "')' is expected"),
            ("size in ()", "a value is expected"),
            ("(size = 1", "')' is expected"),
            ("size = 1)", "the condition ends before this"),
            ("size = 1 and", "ends where the name of a field is expected"),
            ("'size' = 1", "the name of a field is expected here"),
            ("= 1", "the name of a field is expected here"),
            ("kind = 'open", "quotes come in pairs"),
            ("siz = 1", "did you mean 'size'"),
            ("places[x].city = 1", "is no path"),
            ("size(tags) > many", "compared with a whole number"),
            ("__class__ = 1", "has no attribute '__class__'"),
            ("__import__('os').system('true') = 1", "an operator is expected here"),
        ],
    )
    def test_refuses_what_is_no_condition(self, text: str, said: str) -> None:
        with pytest.raises(QueryError) as refused:
            read(text)

        assert said in str(refused.value)


class TestCombinations:
    SMALL, LARGE, RED = (
        compared("size", "<", 3),
        compared("size", ">", 9),
        compared("colour", "=", Colour.RED),
    )

    def test_and_binds_closer_than_or(self) -> None:
        assert read("size < 3 or size > 9 and colour = RED") == AnyOf(
            (self.SMALL, AllOf((self.LARGE, self.RED)))
        )

    def test_parentheses_bind_closest(self) -> None:
        assert read("(size < 3 or size > 9) and colour = RED") == AllOf(
            (AnyOf((self.SMALL, self.LARGE)), self.RED)
        )

    def test_not_negates_what_follows_it(self) -> None:
        assert read("not size < 3 and not (colour = RED)") == AllOf((Negated(self.SMALL), Negated(self.RED)))

    def test_of_several_texts_all_must_hold(self) -> None:
        assert read("size < 3", "colour = RED or size > 9") == AllOf(
            (self.SMALL, AnyOf((self.RED, self.LARGE)))
        )

    def test_no_text_demands_nothing(self) -> None:
        assert read() is None

    def test_refuses_what_is_nested_too_deep(self) -> None:
        with pytest.raises(QueryError, match="too deep"):
            read("(" * 5000 + "size = 1" + ")" * 5000)

    @given(st.text(max_size=60))
    def test_any_text_is_read_or_refused(self, text: str) -> None:
        """Whatever is typed ends in a term that the mapping takes, or in a QueryError."""
        try:
            term = read(text)
            assert term is not None
            lower(term, THING)
        except QueryError:
            pass

    @given(
        st.lists(
            st.sampled_from(
                [
                    "size",
                    "kind",
                    "=",
                    "<",
                    "1",
                    "and",
                    "or",
                    "not",
                    "(",
                    ")",
                    "in",
                    "between",
                    ",",
                    "'a b'",
                    "exists",
                ]
            ),
            max_size=14,
        )
    )
    def test_any_row_of_words_is_read_or_refused(self, words: list[str]) -> None:
        try:
            term = read(" ".join(words))
            assert term is not None
            lower(term, THING)
        except QueryError:
            pass
