"""Declarations: what `Meta` may say, and what can't be mapped."""

import datetime as dt
from collections import OrderedDict
from dataclasses import InitVar, dataclass, field, make_dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

import pytest

from persistence import fields
from persistence.errors import MappingError, UnusableMapping
from persistence.mapping import MappingRegistry, MappingSchema, mapping_of
from persistence.table import GlobalIndex, Key, LocalIndex, Projection, Table

T = TypeVar("T")


@dataclass
class Doc:
    id: str
    owner: str = ""
    number: int = 0
    share: float = 0.0
    flag: bool = False
    names: list[str] = field(default_factory=list)


class Documents(MappingSchema[Doc]):
    class Meta:
        table = "documents"
        key = Key("id")


def declared(
    entity: Any = Doc, meta: dict[str, Any] | None = None, **attributes: Any
) -> type[MappingSchema[Any]]:
    """Declare a mapping as a class statement would, with these options and fields."""
    options = type("Meta", (), {"table": "documents", "key": Key("id"), **(meta or {})})
    body = {"Meta": options, **attributes}
    return type("Declared", (MappingSchema,), {"_entity": entity, **body})


class TestMeta:
    def test_refuses_unknown_options_at_once(self) -> None:
        with pytest.raises(MappingError, match="unknown option 'tabel'; did you mean 'table'"):
            declared(meta={"tabel": "x"})

    def test_merges_with_the_parents(self) -> None:
        """marshmallow alone would drop the parents' options."""

        class Parent(MappingSchema[T]):
            class Meta:
                table = "parents"
                key = Key("id")
                unknown = "exclude"

        class Child(Parent[Doc]):
            class Meta:
                concurrency = "compare"

        mapping = mapping_of(Child)

        assert (mapping.table.name, mapping.concurrency, Child.opts.unknown) == (
            "parents",
            "compare",
            "exclude",
        )

    def test_lets_a_child_override_an_option(self) -> None:
        class Child(Documents):
            class Meta:
                table = "others"

        assert (mapping_of(Child).table.name, mapping_of(Documents).table.name) == ("others", "documents")

    @pytest.mark.parametrize(
        ("meta", "text"),
        [
            ({"table": 5}, "Meta.table takes"),
            ({"key": "id"}, "Meta.key takes"),
            ({"indexes": GlobalIndex("idx", Key("owner"))}, "Meta.indexes takes a tuple"),
            ({"indexes": ("by-owner",)}, "Meta.indexes takes GlobalIndex and LocalIndex"),
            ({"index_keys": {"GSI1": "x"}}, "takes a Key"),
            ({"concurrency": "hope"}, "Meta.concurrency takes one of"),
        ],
    )
    def test_refuses_values_of_the_wrong_kind(self, meta: dict[str, Any], text: str) -> None:
        with pytest.raises(MappingError, match=text):
            declared(meta=meta)

    @pytest.mark.parametrize(
        ("meta", "text"),
        [
            ({"table": None}, "has no table"),
            ({"key": None}, "has no key"),
            ({"key": Key("ids")}, "names 'ids', but Doc has no such field; did you mean 'id'"),
            ({"key": Key("id", "nme")}, "names 'nme'"),
            ({"key": Key("names")}, "can't be a key"),
            ({"key": Key("flag")}, "can't be a key"),
            ({"key": Key("DOC#{id}")}, "needs a table that names its key attributes"),
            ({"indexes": (GlobalIndex("by-owner", Key("ownr")),)}, "did you mean 'owner'"),
            ({"index_keys": {"GSI1": Key("{id}")}}, "names the index 'GSI1'"),
        ],
    )
    def test_refuses_what_contradicts_the_entity(self, meta: dict[str, Any], text: str) -> None:
        with pytest.raises(MappingError, match=text):
            mapping_of(declared(meta=meta))

    def test_gives_the_table_in_attribute_names(self) -> None:
        schema = declared(
            meta={
                "key": Key("id", "number"),
                "indexes": (
                    GlobalIndex("by-owner", Key("owner", "share"), Projection.include("flag")),
                    LocalIndex("by-share", sort="share"),
                ),
            },
            owner=fields.String(data_key="ownerId"),
            flag=fields.Boolean(data_key="isFlag"),
            ttl=fields.TimeToLive(data_key="expires"),
        )

        assert mapping_of(schema).table == Table(
            "documents",
            "id",
            "number",
            (
                GlobalIndex("by-owner", Key("ownerId", "share"), Projection.include("isFlag")),
                LocalIndex("by-share", sort="share"),
            ),
            {"number": "N", "share": "N"},
            "expires",
            None,
        )

    @pytest.mark.parametrize(
        ("concurrency", "attributes", "expected"),
        [
            (None, {"version": fields.Version()}, "version"),
            ("version", {"version": fields.Version()}, "version"),
            ("compare", {}, "compare"),
            (None, {}, "exists"),
        ],
    )
    def test_says_how_lost_updates_are_noticed(
        self, concurrency: str | None, attributes: dict[str, Any], expected: str
    ) -> None:
        assert mapping_of(declared(meta={"concurrency": concurrency}, **attributes)).concurrency == expected

    @pytest.mark.parametrize(
        ("concurrency", "attributes"), [("compare", {"version": fields.Version()}), ("version", {})]
    )
    def test_refuses_a_concurrency_that_contradicts_the_version(
        self, concurrency: str, attributes: dict[str, Any]
    ) -> None:
        with pytest.raises(MappingError, match="Version"):
            mapping_of(declared(meta={"concurrency": concurrency}, **attributes))


class Money:
    pass


@dataclass
class Box(Generic[T]):
    id: str
    content: T


@dataclass
class WithInitVar:
    id: str
    seed: InitVar[int]


@dataclass
class WithDefaultInitVar:
    id: str
    seed: InitVar[int] = 3


@dataclass
class Lost:
    id: str
    other: "Nowhere"  # type: ignore[name-defined]  # noqa: F821  # the point


@dataclass
class Reserved:
    id: str
    fields: list[str]
    load: str
    opts: int


def with_hint(hint: Any) -> Any:
    @dataclass
    class Entity:
        id: str
        value: hint

    return Entity


class TestUnmappable:
    @pytest.mark.parametrize(
        ("hint", "text"),
        [
            (Money, r"Entity\.value: the type Money can't be mapped.*fields\.Converted"),
            (object, "can't be mapped"),
            (int | str, "union of several types"),
            (dict[int, str], "keys that are no text"),
            (set[list[str]], "can't be stored as a set"),
            (set[int | str], "can't be stored as a set"),
            (set[str | None], "can't be stored as a set"),
            (set, "can't be stored as a set"),
            (list[Money], "type Money can't be mapped"),
            (OrderedDict[str, int], "can't be mapped"),
            (complex, "can't be mapped"),
        ],
        ids=str,
    )
    def test_names_class_field_and_remedy(self, hint: Any, text: str) -> None:
        with pytest.raises(MappingError, match=text):
            mapping_of(declared(with_hint(hint)))

    def test_looks_into_nested_entities_too(self) -> None:
        with pytest.raises(MappingError, match="Money"):
            mapping_of(declared(with_hint(list[with_hint(Money)])))  # type: ignore[misc]  # made at run time

    @pytest.mark.parametrize(
        ("entity", "text"),
        [
            (Money, "no dataclass"),
            (None, "bound to no entity type"),
            (Box, "type variable ~T is not bound"),
            (WithInitVar, "seed is an InitVar without default"),
            (Lost, r"Lost\.other names 'Nowhere'"),
        ],
    )
    def test_refuses_the_entity(self, entity: Any, text: str) -> None:
        with pytest.raises(MappingError, match=text):
            mapping_of(declared(entity))

    def test_raises_only_when_the_mapping_is_used(self) -> None:
        """Declaring is free of side effects: nothing is looked at before the first use."""
        schema = declared(Money)

        with pytest.raises(MappingError):
            _ = schema.codec

    @pytest.mark.parametrize(
        ("attributes", "text"),
        [
            ({"owner": fields.String(data_key="id")}, "stores both 'id' and 'owner' as attribute 'id'"),
            ({"onwer": fields.String()}, "no such attribute; did you mean 'owner'"),
            ({"one": fields.Version(), "two": fields.Version()}, "two Version fields"),
            ({"city": fields.String(attribute="address.city")}, "can't be mapped"),
        ],
    )
    def test_refuses_fields_that_contradict_the_entity(self, attributes: dict[str, Any], text: str) -> None:
        with pytest.raises(MappingError, match=text):
            mapping_of(declared(**attributes))

    def test_refuses_to_exclude_what_has_no_default(self) -> None:
        with pytest.raises(MappingError, match="has no default"):
            mapping_of(declared(with_hint(int), meta={"exclude": ("value",)}))

    @pytest.mark.parametrize("wrong", [Doc, "Documents", None, Documents()])
    def test_says_what_to_pass(self, wrong: Any) -> None:
        with pytest.raises(MappingError, match="Pass the class itself"):
            mapping_of(wrong)


class TestFieldsWithNamesOfSchema:
    def test_need_no_declaration(self) -> None:
        entity = Reserved("1", ["a"], "b", 3)
        codec = declared(Reserved).codec

        assert codec.decode(codec.encode(entity)) == entity

    def test_are_declared_by_include(self) -> None:
        schema = declared(Reserved, meta={"include": {"load": fields.String(data_key="loaded")}})

        assert schema.codec.encode(Reserved("1", [], "b", 3))["loaded"] == {"S": "b"}


class TestInference:
    def test_skips_an_init_variable_with_default(self) -> None:
        codec = declared(WithDefaultInitVar).codec

        assert codec.decode(codec.encode(WithDefaultInitVar("1"))) == WithDefaultInitVar("1")

    def test_is_never_inherited(self) -> None:
        """Each mapping infers for its own entity."""

        class Base(MappingSchema[T]):
            class Meta:
                table = "documents"
                key = Key("id")

        class Docs(Base[Doc]):
            pass

        class Boxes(Base[Box[Decimal]]):
            pass

        assert list(Docs().fields) == ["id", "owner", "number", "share", "flag", "names"]
        assert list(Boxes().fields) == ["id", "content"]

    def test_leaves_excluded_fields_to_their_defaults(self) -> None:
        codec = declared(meta={"exclude": ("owner",)}).codec

        assert "owner" not in codec.encode(Doc("1", owner="o"))
        assert codec.decode({"id": {"S": "1"}}) == Doc("1")


class TestSharedTables:
    shop = Table("shop", "PK", "SK", indexes=(GlobalIndex("GSI1", Key("GSI1PK", "GSI1SK")),))

    @pytest.mark.parametrize(
        ("meta", "text"),
        [
            ({"key": Key("DOC#{id}")}, "has 1 parts, but the key has 2"),
            ({"key": Key("DOC#{id", "X")}, "is no key template"),
            ({"key": Key("DOC#{ids}", "X")}, "did you mean 'id'"),
            ({"key": Key("DOC#{0}", "X")}, "is no field name"),
            ({"key": Key("DOC#{id!r}", "X")}, "conversions"),
            ({"key": Key("{id}{owner}", "X")}, "touch"),
            ({"key": Key("DOC#{names}", "X")}, "only text and numbers"),
            ({"key": Key("DOC#{id}", "ownr")}, "did you mean 'owner'"),
            ({"key": None}, "write key = Key"),
            ({"key": Key("DOC#{id}", "X"), "index_keys": {"GSI2": Key("{id}", "X")}}, "did you mean 'GSI1'"),
        ],
    )
    def test_refuses_templates_that_can_not_work(self, meta: dict[str, Any], text: str) -> None:
        with pytest.raises(MappingError, match=text):
            mapping_of(declared(meta={"table": self.shop, **meta}))

    @pytest.mark.parametrize("clash", ["PK", "GSI1SK", "_type"])
    def test_refuses_fields_in_the_place_of_keys(self, clash: str) -> None:
        meta = {
            "table": self.shop,
            "key": Key("DOC#{id}", "DOC"),
            "index_keys": {"GSI1": Key("{id}", "{number:03d}")},
        }

        with pytest.raises(MappingError, match="another data_key"):
            mapping_of(declared(meta=meta, owner=fields.String(data_key=clash)))

    def test_refuses_a_key_that_keeps_only_a_part(self) -> None:
        """The key has to be parsed back; an index need not be."""

        @dataclass
        class Event:
            id: str
            at: dt.datetime

        key = {"table": self.shop, "key": Key("{at:%Y-%m}", "{id}")}
        index = {
            "table": self.shop,
            "key": Key("{id}", "E"),
            "index_keys": {"GSI1": Key("{at:%Y-%m}", "{id}")},
        }

        with pytest.raises(MappingError, match="keeps only a part"):
            mapping_of(declared(Event, meta=key))
        item = declared(Event, meta=index).codec.encode(Event("1", dt.datetime(2026, 5, 6, tzinfo=dt.UTC)))
        assert item["GSI1PK"] == {"S": "2026-05"}

    def test_finds_key_fields_by_their_attributes(self) -> None:
        """A table that is declared with the attributes of fields needs no key in Meta."""
        table = Table("documents", "id", "number", types={"number": "N"})

        mapping = mapping_of(declared(meta={"table": table, "key": None}))

        assert mapping.key_of(Doc("1", number=2)) == {"id": {"S": "1"}, "number": {"N": "2"}}
        assert mapping.discriminator is None

    def test_refuses_a_key_of_another_type(self) -> None:
        table = Table("documents", "id", "number")

        with pytest.raises(MappingError, match="declared as N, but this mapping stores S there"):
            mapping_of(
                declared(meta={"table": Table("documents", "id", types={"id": "N"}), "key": Key("id")})
            )
        assert mapping_of(declared(meta={"table": table, "key": None})).table.type_of("number") == "N"


class TestRegistry:
    def test_gives_the_mapping_of_an_entity(self) -> None:
        registry = MappingRegistry(Documents)

        assert registry.for_entity(Doc) is mapping_of(Documents)
        assert registry.mappings() == (mapping_of(Documents),)

    def test_takes_a_mapping_twice_but_no_second_one(self) -> None:
        registry = MappingRegistry(Documents, Documents)

        with pytest.raises(MappingError, match="Doc is mapped by Documents already"):
            registry.add(declared())

    def test_says_what_is_missing(self) -> None:
        with pytest.raises(MappingError, match="Doc has no mapping in this registry"):
            MappingRegistry().for_entity(Doc)

    def test_joins_the_declarations_of_a_table(self) -> None:
        one = declared(meta={"indexes": (GlobalIndex("by-owner", Key("owner")),)})

        @dataclass
        class Other:
            id: str
            city: str

        other = declared(Other, meta={"indexes": (GlobalIndex("by-city", Key("city")),)})

        tables = MappingRegistry(one, other).tables()

        indexes = (GlobalIndex("by-owner", Key("owner")), GlobalIndex("by-city", Key("city")))
        assert tables == (Table("documents", "id", indexes=indexes, discriminator=None),)

    def test_refuses_declarations_that_contradict_each_other(self) -> None:
        other = declared(with_hint(str), meta={"key": Key("id", "value")})

        with pytest.raises(MappingError, match="disagree on its key"):
            MappingRegistry(Documents, other).tables()


class TestKeysOfIndexes:
    def test_refuse_a_field_whose_none_would_have_to_be_stored(self) -> None:
        """None in an index key is left out; with another default it would come back as that."""

        @dataclass
        class Ticket:
            id: str
            queue: str | None = "inbox"

        class TicketMapping(MappingSchema[Ticket]):
            class Meta:
                table = "tickets"
                key = Key("id")
                indexes = (GlobalIndex("by-queue", Key("queue")),)

        with pytest.raises(
            MappingError, match="'queue' is a key of an index and may be None, but has another"
        ):
            mapping_of(TicketMapping)


class TestNamesOfAttributes:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("", "has a data_key of 0 bytes"),
            ("x" * 65_536, "has a data_key of 65536 bytes"),
            ("é" * 32_768, "has a data_key of 65536 bytes"),
            ("\ud800", "names of attributes are valid text"),
        ],
    )
    def test_are_what_the_service_takes(self, name: str, text: str) -> None:
        with pytest.raises(MappingError, match=text):
            mapping_of(declared(owner=fields.String(data_key=name)))

    def test_are_shorter_in_keys_and_indexes(self) -> None:
        """The limit of 255 bytes holds for the keys of tables and indexes, and for projected attributes."""
        long = fields.String(data_key="o" * 256)

        assert "o" * 256 in mapping_of(declared(owner=long)).attributes
        for meta in (
            {"key": Key("owner")},
            {"indexes": (GlobalIndex("by-owner", Key("owner")),)},
            {"indexes": (GlobalIndex("by-id", Key("id"), Projection.include("owner")),)},
        ):
            with pytest.raises(MappingError, match=r"its name has 256 bytes; such names have 1 to 255"):
                mapping_of(declared(meta=meta, owner=long))


class TestRolesOnAttributes:
    @pytest.mark.parametrize(
        ("role", "hint", "wanted"),
        [
            (fields.Version(), str, "int"),
            (fields.Version(), Decimal, "int"),
            (fields.Version(), list[int], "int"),
            (fields.CreatedAt(), int, "datetime"),
            (fields.UpdatedAt(), str | None, "datetime"),
            (fields.TimeToLive(), str, "datetime or int"),
        ],
    )
    def test_are_refused_where_the_hint_holds_none_of_their_values(
        self, role: fields.Field[Any], hint: Any, wanted: str
    ) -> None:
        entity = make_dataclass("Thing", [("id", str), ("kept", hint)])

        with pytest.raises(MappingError) as raised:
            mapping_of(declared(entity, kept=role))

        assert (
            f"is a {type(role).__name__}, whose values are of type {wanted}, but Thing.kept is hinted as"
            in str(raised.value)
        )

    @pytest.mark.parametrize(
        ("role", "hint"),
        [
            (fields.Version(), int | None),
            (fields.Version(), Any),
            (fields.CreatedAt(), dt.datetime),
            (fields.CreatedAt(), dt.date | None),
            (fields.TimeToLive(), int),
            (fields.TimeToLive(), dt.datetime | int | None),
        ],
    )
    def test_are_taken_by_what_holds_them(self, role: fields.Field[Any], hint: Any) -> None:
        entity = make_dataclass("Thing", [("id", str), ("kept", hint)])

        assert mapping_of(declared(entity, kept=role)).attributes == ("id", "kept")


class TestFieldsThatAreOnlyDumped:
    def test_are_written_and_read_as_their_default(self) -> None:
        entity = make_dataclass("Thing", [("id", str), ("seen", int, 0)])
        codec = mapping_of(declared(entity, seen=fields.Integer(dump_only=True))).codec

        item = codec.encode(entity("1", 5))

        assert item == {"id": {"S": "1"}, "seen": {"N": "5"}}
        assert codec.decode(item) == entity("1", 0)

    def test_need_a_default(self) -> None:
        entity = make_dataclass("Thing", [("id", str), ("seen", int)])

        with pytest.raises(MappingError, match=r"Thing\.seen is .*never loaded, but has no default"):
            mapping_of(declared(entity, seen=fields.Integer(dump_only=True)))


class TestUnusableMapping:
    def test_is_raised_by_the_codec_and_passed_by_when_members_are_listed(self) -> None:
        """What looks at all members of a class takes the codec for absent."""
        broken = declared(meta={"key": Key("ids")})

        with pytest.raises(UnusableMapping, match="names 'ids'"):
            _ = broken.codec
        assert not hasattr(broken, "codec")
        assert issubclass(UnusableMapping, MappingError)
