"""Keys: templates where they are regular, fields of their own where they are not."""

from __future__ import annotations

import pytest

from persistence import GlobalIndex, Key, LocalIndex, Projection, Table
from persistence.attributes import Item
from persistence.mapping import mapping_of
from tests.unit.schema.codegen.made import assert_lossless, mapping_for, module_of, n, s, text_of

SHOP = Table("shop", "PK", "SK", indexes=(GlobalIndex("GSI1", Key("GSI1PK", "GSI1SK")),))


def keys_in(text: str) -> list[str]:
    return [
        line.strip() for line in text.splitlines() if line.strip().startswith(("key = ", "index_keys = "))
    ]


class TestTemplates:
    def test_are_filled_by_attributes_that_hold_the_same(self) -> None:
        items = [{"PK": s(f"USER#{each}"), "SK": s("PROFILE"), "id": s(each)} for each in ("u1", "u2")]

        text = text_of(SHOP, *items)

        assert_lossless(text, items)
        assert keys_in(text) == ['key = Key("USER#{id}", "PROFILE")']
        assert "    id: str\n" in text
        assert "load_only" not in text

    def test_are_filled_by_fields_that_only_the_key_has(self) -> None:
        """They are read from the key, and never stored beside it."""
        items = [{"PK": s(f"USER#{each}"), "SK": s(f"ORDER#{each}x")} for each in ("u1", "u2")]

        text = text_of(SHOP, *items)

        assert_lossless(text, items)
        assert keys_in(text) == ['key = Key("USER#{user_id}", "ORDER#{id}")']
        assert "    user_id = fields.String(load_only=True)\n" in text

    def test_keep_numbers_of_one_width(self) -> None:
        items = [{"PK": s("LOG#a"), "SK": s(f"LINE#{number:05d}"), "n": n(number)} for number in (7, 10)]

        text = text_of(SHOP, *items)

        assert_lossless(text, items)
        assert keys_in(text) == ['key = Key("LOG#{log_id}", "LINE#{n:05d}")']

    def test_make_a_number_of_one_width_where_no_attribute_has_it(self) -> None:
        items = [{"PK": s("LOG#a"), "SK": s(f"LINE#{number:03d}")} for number in (7, 10)]

        text = text_of(SHOP, *items)

        assert_lossless(text, items)
        assert keys_in(text) == ['key = Key("LOG#{log_id}", "LINE#{line_number:03d}")']

    def test_may_be_the_same_for_both_keys(self) -> None:
        items = [{"PK": s(f"USER#{each}"), "SK": s(f"USER#{each}")} for each in ("u1", "u2")]

        text = text_of(SHOP, *items)

        assert_lossless(text, items)
        assert keys_in(text) == ['key = Key("USER#{id}", "USER#{id:}")']

    def test_reach_into_indexes(self) -> None:
        items = [
            {
                "PK": s(f"USER#{each}"),
                "SK": s("#META"),
                "GSI1PK": s("USERS"),
                "GSI1SK": s(f"at-{each}"),
                "at": s(f"at-{each}"),
            }
            for each in ("u1", "u2")
        ]

        text = text_of(SHOP, *items)

        assert_lossless(text, items)
        assert 'index_keys = {"GSI1": Key("USERS", "{at}")}' in keys_in(text)

    def test_are_not_made_for_indexes_that_are_sparse_in_another_way(self) -> None:
        """A template would put every entity that has the field into the index."""
        items: list[Item] = [
            {"PK": s(f"USER#{each}"), "SK": s("#META"), "at": s(each)} for each in ("u1", "u2")
        ]
        items[0] |= {"GSI1PK": s("USERS"), "GSI1SK": s("u1")}

        text = text_of(SHOP, *items)

        assert_lossless(text, items)
        assert "index_keys" not in text

    @pytest.mark.parametrize(
        "sorts",
        [
            ["LINE#00001", "LINE#2"],
            ["A#", "A#x"],
            ["#", "##"],
            ["{x}#1", "{x}#2"],
            ["a", "b#c"],
            ["Profile", "Profile"],
            ["2026-01-02T03:04:05Z", "2026-01-03T03:04:05Z"],
        ],
    )
    def test_are_given_up_where_keys_are_irregular(self, sorts: list[str]) -> None:
        items = [{"PK": s(f"USER#{place}"), "SK": s(sort)} for place, sort in enumerate(sorts)]

        assert_lossless(text_of(SHOP, *items), items)

    def test_quote_what_is_special_in_them(self) -> None:
        items = [{"PK": s(f"{{U}}\"'\n#{each}"), "SK": s(f"ORDER#{each}")} for each in ("u1", "u2")]

        assert_lossless(text_of(SHOP, *items), items)


class TestEntityTypes:
    MARKED = (
        {"PK": s("C#1"), "SK": s("#A"), "_type": s("Customer"), "name": s("a")},
        {"PK": s("C#1"), "SK": s("O#1"), "_type": s("PurchaseOrder"), "total": n(1)},
        {"PK": s("C#1"), "SK": s("O#2"), "_type": s("PurchaseOrder"), "total": n(2)},
    )

    def test_are_told_apart_by_the_attribute_that_names_them(self) -> None:
        text = text_of(SHOP, *self.MARKED)

        assert_lossless(text, self.MARKED)
        assert "MAPPINGS = (CustomerMapping, PurchaseOrderMapping)\n" in text
        assert "_type" not in text  # it is the default
        with module_of(text) as module:
            marks = [mapping_of(schema).discriminator for schema in module.MAPPINGS]
        assert marks == [("_type", s("Customer")), ("_type", s("PurchaseOrder"))]

    def test_keep_marks_that_are_no_names_of_classes(self) -> None:
        items = [{**item, "kind": s(f"{item['_type']['S'].lower()}.v1")} for item in self.MARKED]
        items = [{name: value for name, value in item.items() if name != "_type"} for item in items]

        text = text_of(SHOP, *items)

        assert_lossless(text, items)
        assert '    discriminator="kind",\n' in text
        assert '        discriminator = "customer.v1"\n' in text

    def test_are_told_apart_by_an_attribute_that_is_named(self) -> None:
        items = [{**item, "what": item["_type"]} for item in self.MARKED]

        text = text_of(SHOP, *items, discriminator="what")

        assert_lossless(text, items)
        assert '    discriminator="what",\n' in text

    def test_are_told_apart_by_prefixes(self) -> None:
        items = [{name: value for name, value in item.items() if name != "_type"} for item in self.MARKED]

        text = text_of(SHOP, *items)

        assert_lossless(text, items)
        assert "discriminator=None" in text
        assert "# no attribute names the entity type" in text
        with module_of(text) as module:
            assert len({mapping_for(item, module) for item in items}) == 2

    def test_are_one_in_a_table_with_plain_keys(self) -> None:
        """An attribute `type` is no entity type there."""
        items = [{"id": s(each), "type": s(kind)} for each, kind in (("a", "X"), ("b", "Y"))]

        text = text_of(Table("things", "id"), *items)

        assert_lossless(text, items)
        assert "MAPPINGS = (ThingMapping,)\n" in text

    def test_are_one_where_there_would_be_too_many(self) -> None:
        items = [
            {"PK": s(f"{chr(65 + place // 26)}{chr(65 + place % 26)}#1"), "SK": s("x")}
            for place in range(100)
        ]

        text = text_of(SHOP, *items)

        assert_lossless(text, items)
        assert "MAPPINGS = (ShopMapping,)\n" in text


class TestIndexes:
    def test_speak_the_names_of_fields(self) -> None:
        table = Table(
            "orders",
            "orderId",
            "line",
            indexes=(
                GlobalIndex("by-customer", Key("customerId", "at"), Projection.include("total")),
                LocalIndex("by-total", "total", Projection.keys_only()),
                GlobalIndex("by-place", Key(("tenant", "region"), ("day", "line"))),
            ),
            types={"line": "N", "total": "N"},
        )
        items = [{"orderId": s("1"), "line": n(1), "customerId": s("c"), "at": s("x"), "total": n("1.5")}]

        text = text_of(table, *items)

        with module_of(text) as module:
            declared = mapping_of(module.OrderMapping).table
        assert declared.structure == table.structure
        assert 'GlobalIndex("by-place", Key(("tenant", "region"), ("day", "line")))' in text

    def test_are_declared_with_the_table_where_they_name_what_no_item_has(self) -> None:
        table = Table("orders", "id", indexes=(GlobalIndex("by-x", Key("x"), Projection.include("y", "z")),))

        text = text_of(table, {"id": s("1")})

        with module_of(text) as module:
            assert mapping_of(module.OrderMapping).table.structure == table.structure

    @pytest.mark.parametrize("value", [n(1), {"NULL": True}])
    def test_are_left_out_where_an_attribute_is_not_of_its_type(self, value: dict[str, object]) -> None:
        """An index that was made later skips such items."""
        table = Table("orders", "id", indexes=(GlobalIndex("by-x", Key("x")), GlobalIndex("by-y", Key("y"))))
        items = [{"id": s("1"), "x": value}, {"id": s("2"), "x": s("a")}]

        text = text_of(table, *items)

        assert_lossless(text, items)
        assert "# index 'by-x' is left out" in text
        assert '"by-y"' in text


class TestFewItems:
    @pytest.mark.parametrize("types", [{}, {"PK": "N"}, {"SK": "B", "GSI1SK": "N"}])
    def test_an_empty_table_has_its_keys(self, types: dict[str, str]) -> None:
        table = Table("shop", "PK", "SK", SHOP.indexes, types)  # type: ignore[arg-type]  # they are such types

        text = text_of(table)

        with module_of(text) as module:
            assert mapping_of(module.ShopMapping).table.structure == table.structure

    def test_one_item_is_enough(self) -> None:
        items = [{"PK": s("USER#1"), "SK": s("#META"), "name": s("a")}]

        text = text_of(SHOP, *items)

        assert_lossless(text, items)
        assert keys_in(text) == ['key = Key("USER#{id}", "#META")']

    def test_items_of_keys_only(self) -> None:
        items = [{"PK": s("x"), "SK": s("y")}]

        assert_lossless(text_of(SHOP, *items), items)
