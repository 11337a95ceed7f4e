"""What attributes become: the narrowest type that reads and writes all that was found."""

from __future__ import annotations

import pytest

from persistence import Table
from persistence.attributes import AttributeValue
from tests.unit.schema.codegen.made import NULL, assert_lossless, n, s, text_of

THINGS = Table("things", "id")


def fields_of(*values: AttributeValue | None, name: str = "x") -> list[str]:
    """Give the lines that a module has for an attribute, of which each item has one of the values."""
    items = [
        {"id": s(str(place)), **({} if value is None else {name: value})}
        for place, value in enumerate(values)
    ]
    text = text_of(THINGS, *items)
    assert_lossless(text, items)
    lines = text[text.index("class Thing:") :].splitlines()
    return [line.strip() for line in lines if line.strip().startswith(("x:", "x ="))]


class TestTexts:
    @pytest.mark.parametrize(
        ("texts", "hint"),
        [
            (["a", "2026-01-02"], "str"),
            (["", ""], "str"),
            (["2026-01-02", "0001-12-31"], "date"),
            (["2026-02-30"], "str"),
            (["20260102"], "str"),
            (["2026-W01-1"], "str"),
            (["7f0c7e4c-6b1f-4a37-9ab4-d3ba3e1b4f5c"], "UUID"),
            (["7F0C7E4C-6B1F-4A37-9AB4-D3BA3E1B4F5C"], "str"),
            (["7f0c7e4c6b1f4a379ab4d3ba3e1b4f5c"], "str"),
            (["2026-01-02T03:04:05.000006Z", "2026-01-02T03:04:05.000000Z"], "datetime"),
            (["2026-01-02T03:04:05.000006Z", "2026-01-02T24:00:00.000000Z"], "str"),
            (["2026-01-02T03:04:05", "2026-01-02T03:04:05+01:00"], "str"),
            (["2026-01-02T03:04Z"], "str"),
        ],
    )
    def test_are_what_is_written_back_as_it_was(self, texts: list[str], hint: str) -> None:
        assert fields_of(*map(s, texts)) == [f"x: {hint}"]

    @pytest.mark.parametrize(
        ("texts", "write"),
        [
            (["2026-01-02T03:04:05Z"], 'lambda value: f"{fields.utc_text(value)[:19]}Z"'),
            (
                ["2026-01-02T03:04:05.123Z", "2026-01-02T03:04:05.000Z"],
                'lambda value: f"{fields.utc_text(value)[:23]}Z"',
            ),
            (["2026-01-02T03:04:05+00:00"], 'lambda value: f"{fields.utc_text(value)[:19]}+00:00"'),
            (["2026-01-02T03:04:05.000006+00:00", "2026-01-02T03:04:05+00:00"], "datetime.isoformat"),
            (["2026-01-02T03:04:05+02:00"], "datetime.isoformat"),
            (["2026-01-02T03:04:05"], "datetime.isoformat"),
        ],
    )
    def test_are_datetimes_in_their_own_form(self, texts: list[str], write: str) -> None:
        """A form that is not the library's own is declared, with the functions that keep it."""
        items = [{"id": s(str(place)), "x": s(text)} for place, text in enumerate(texts)]

        text = text_of(THINGS, *items)

        assert_lossless(text, items)
        assert "    x: datetime\n" in text
        assert f"{write}," in text or f"Converted({write}" in text


class TestNumbers:
    @pytest.mark.parametrize(
        ("numbers", "hint"),
        [
            (["1", "-2", "99999999999999999999999999999999999999"], "int"),
            (["1", "0.5"], "Decimal"),
            (["1E+60"], "Decimal"),
            (["1E-130"], "Decimal"),
        ],
    )
    def test_are_int_unless_one_has_a_fraction(self, numbers: list[str], hint: str) -> None:
        assert fields_of(*map(n, numbers)) == [f"x: {hint}"]


class TestCollections:
    @pytest.mark.parametrize(
        ("values", "line"),
        [
            ([{"SS": ["a"]}, None], "x: set[str] = field(default_factory=set)"),
            ([{"SS": ["a"]}, NULL, None], "x: set[str] | None = field(default_factory=set)"),
            ([{"NS": ["1", "2"]}], "x: set[int]"),
            ([{"NS": ["1", "2.5"]}], "x: set[Decimal]"),
            ([{"BS": [b"a"]}], "x: set[bytes]"),
            ([{"L": [s("a")]}, {"L": []}], "x: list[str]"),
            ([{"L": [n(1), NULL]}, {"L": []}], "x: list[int | None]"),
            ([{"L": [n(1), s("a")]}], "x: list[Any]"),
            ([{"L": []}], "x: list[Any]"),
            ([{"L": [{"L": [s("a")]}]}], "x: list[list[str]]"),
            ([{"M": {"2026-01-01": n(1)}}, {"M": {"2026-01-02": n(2)}}], "x: dict[str, int]"),
            ([{"M": {"": n(1)}}], "x: dict[str, int]"),
            ([{"M": {}}], "x: dict[str, Any]"),
            ([{"M": {"de": s("a")}}, {"M": {"en": s("a")}}, {"M": {"fr": s("a")}}], "x: dict[str, str]"),
            ([{"M": {"city": s("a")}}, {"M": {"city": s("b")}}], "x: X"),
            ([{"L": [{"M": {"sku": s("a")}}, {"M": {"sku": s("b")}}]}], "x: list[X]"),
            ([{"BOOL": True}], "x: bool"),
            ([{"B": b"a"}], "x: bytes"),
        ],
    )
    def test_are_as_their_contents_are(self, values: list[AttributeValue | None], line: str) -> None:
        assert fields_of(*values)[0] == line

    def test_are_classes_within_classes(self) -> None:
        line = {"M": {"sku": s("a"), "price": {"M": {"amount": n("1.5"), "currency": s("EUR")}}}}

        text = text_of(THINGS, {"id": s("1"), "lines": {"L": [line, line]}})

        assert "    amount: Decimal\n    currency: str\n" in text
        assert "    price: Price\n    sku: str\n" in text
        assert "    lines: list[Line]\n" in text

    def test_share_a_class_where_they_are_the_same(self) -> None:
        line = {"L": [{"M": {"sku": s("a")}}]}

        text = text_of(THINGS, {"id": s("1"), "lines": line, "open": {"M": {"lines": line}}})

        assert text.count("sku: str") == 1


class TestPresence:
    @pytest.mark.parametrize(
        ("values", "lines"),
        [
            ([s("a"), s("b")], ["x: str"]),
            ([s("a"), None], ["x: str | None = None"]),
            ([s("a"), NULL], ["x: str | None", "x = fields.String(required=True, allow_none=True)"]),
            ([NULL, NULL], ["x: Any", "x = fields.Raw(required=True, allow_none=True)"]),
            (
                [s("a"), NULL, None],
                ["x: Any = Missing.MISSING", "x = fields.Converted(_present, _as_stored, allow_none=True)"],
            ),
            (
                [s(""), n(0), NULL, None],
                ["x: Any = Missing.MISSING", "x = fields.Converted(_present, _as_stored, allow_none=True)"],
            ),
        ],
    )
    def test_tells_what_is_absent_from_what_is_null(
        self, values: list[AttributeValue | None], lines: list[str]
    ) -> None:
        """Both are None in Python, so that what was absent must not be written as NULL, nor the reverse."""
        assert fields_of(*values) == lines

    def test_holds_inside_of_maps(self) -> None:
        maps = [{"M": {"a": s("1"), "b": NULL}}, {"M": {"a": NULL, "b": n(1)}}, {"M": {"b": n(2)}}]
        items = [{"id": s(str(place)), "inside": value} for place, value in enumerate(maps)]

        assert_lossless(text_of(THINGS, *items), items)


class TestTypesThatDiffer:
    def test_become_anything_with_a_comment(self) -> None:
        text = text_of(THINGS, {"id": s("1"), "x": s("a")}, {"id": s("2"), "x": n(1)})

        assert "    # of several types: N, S\n    x: Any\n" in text


class TestEnums:
    ITEMS = (
        {"id": s("1"), "status": s("on hold")},
        {"id": s("2"), "status": s("1st")},
        {"id": s("3"), "status": s("")},
    )

    def test_are_never_guessed(self) -> None:
        assert "    status: str\n" in text_of(THINGS, *self.ITEMS)

    def test_are_made_where_they_are_asked_for(self) -> None:
        text = text_of(THINGS, *self.ITEMS, enums=["status"])

        assert_lossless(text, self.ITEMS)
        assert 'class Status(Enum):\n    EMPTY = ""\n    N1ST = "1st"\n    ON_HOLD = "on hold"\n' in text
        assert "    status: Status\n" in text


class TestRoles:
    TABLE = Table("things", "id", time_to_live="ttl")

    def test_are_given_to_the_time_to_live_and_the_version(self) -> None:
        text = text_of(self.TABLE, {"id": s("1"), "ttl": n(1790000000), "version": n(3)})

        assert "    ttl: datetime\n" in text
        assert "    ttl = fields.TimeToLive()\n    version = fields.Version()\n" in text

    @pytest.mark.parametrize("value", [n(1790000000000), n("1.5"), n(-1), s("1790000000"), NULL])
    def test_are_not_given_to_what_is_no_time_to_live(self, value: AttributeValue) -> None:
        items = [{"id": s("1"), "ttl": value}]

        text = text_of(self.TABLE, *items)

        assert_lossless(text, items)
        assert "TimeToLive()" not in text
        assert "# " in text

    @pytest.mark.parametrize("value", [n(-1), n("1.5"), n("1E+20"), s("1"), {"BOOL": True}])
    def test_are_not_given_to_what_is_no_version(self, value: AttributeValue) -> None:
        items = [{"id": s("1"), "version": value}]

        text = text_of(THINGS, *items)

        assert_lossless(text, items)
        assert "fields.Version" not in text

    def test_stay_for_a_time_to_live_that_no_item_has(self) -> None:
        text = text_of(self.TABLE, {"id": s("1")})

        assert "    ttl: datetime | None = None\n" in text
        assert "    ttl = fields.TimeToLive()\n" in text
