"""Our own fields, as fields of a mapping and of any marshmallow schema."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import marshmallow
import pytest

from persistence import fields
from persistence.errors import DecodeError, ValidationFailed
from persistence.mapping import MappingSchema
from persistence.table import Key

UTC = dt.UTC
NOON = dt.datetime(2026, 1, 2, 12, 0, 0, 999_999, tzinfo=UTC)


@dataclass
class Session:
    id: str
    expires: Any = None
    color: Any = None


class Sessions(MappingSchema[Session]):
    class Meta:
        table = "sessions"
        key = Key("id")

    expires = fields.TimeToLive()
    color = fields.Converted(lambda value: f"#{value:06x}", lambda text: int(text[1:], 16), allow_none=True)


@dataclass
class Countdown:
    id: str
    expires: int


class Countdowns(MappingSchema[Countdown]):
    class Meta:
        table = "countdowns"
        key = Key("id")

    expires = fields.TimeToLive()


class TestTimeToLive:
    """Case 56."""

    def test_stores_a_datetime_as_whole_epoch_seconds(self) -> None:
        item = Sessions.codec.encode(Session("1", NOON))

        assert item["expires"] == {"N": "1767355200"}
        assert Sessions.codec.decode(item).expires == NOON.replace(microsecond=0)

    def test_takes_epoch_seconds_and_gives_what_the_hint_says(self) -> None:
        item = Countdowns.codec.encode(Countdown("1", 1767355200))

        assert item["expires"] == {"N": "1767355200"}
        assert Countdowns.codec.decode(item) == Countdown("1", 1767355200)

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (
                NOON.replace(tzinfo=None),
                "Naive datetime; give it a time zone, such as datetime.now(timezone.utc).",
            ),
            (1767355200000, "Not epoch seconds: a number this large looks like milliseconds."),
            (1767355200.5, "Not a time to live; expected an aware datetime, or an int of epoch seconds."),
            (True, "Not a time to live; expected an aware datetime, or an int of epoch seconds."),
        ],
    )
    def test_refuses_naive_datetimes_and_milliseconds(self, value: Any, message: str) -> None:
        with pytest.raises(ValidationFailed) as raised:
            Sessions.codec.encode(Session("1", value))

        assert raised.value.messages == {"expires": [message]}

    def test_is_left_out_when_none(self) -> None:
        assert Sessions.codec.encode(Session("1")) == {"id": {"S": "1"}}

    def test_says_what_it_can_not_read(self) -> None:
        with pytest.raises(DecodeError) as raised:
            Sessions.codec.decode({"id": {"S": "1"}, "expires": {"S": "soon"}})

        assert raised.value.expected == "a time to live in epoch seconds (N)"


class TestConverted:
    def test_stores_what_the_function_gives(self) -> None:
        item = Sessions.codec.encode(Session("1", color=255))

        assert item["color"] == {"S": "#0000ff"}
        assert Sessions.codec.decode(item).color == 255

    def test_names_the_field_where_a_function_fails(self) -> None:
        with pytest.raises(ValidationFailed) as written:
            Sessions.codec.encode(Session("1", color="red"))
        with pytest.raises(DecodeError) as read:
            Sessions.codec.decode({"id": {"S": "1"}, "color": {"S": "#zzz"}})

        assert list(written.value.messages) == ["color"]
        assert read.value.attribute == "color"


class TestInAnySchema:
    """Outside of mappings the fields are marshmallow fields like any other."""

    class Any(marshmallow.Schema):
        at = fields.DateTime()
        span = fields.TimeDelta()
        data = fields.Binary()
        tags = fields.StringSet()
        numbers = fields.NumberSet(fields.Integer(), frozen=True)
        expires = fields.TimeToLive()

    def test_dump_and_load_what_they_hold(self) -> None:
        values = {
            "at": NOON,
            "span": dt.timedelta(seconds=1, microseconds=5),
            "data": b"x",
            "tags": {"a"},
            "numbers": frozenset({1, 2}),
            "expires": NOON.replace(microsecond=0),
        }

        dumped = self.Any().dump(values)

        assert dumped == {
            "at": "2026-01-02T12:00:00.999999Z",
            "span": Decimal("1.000005"),
            "data": b"x",
            "tags": {"a"},
            "numbers": {1, 2},
            "expires": 1767355200,
        }
        assert self.Any().load(dumped) == values

    def test_read_an_absent_set_as_empty(self) -> None:
        assert self.Any().load({}) == {"tags": set(), "numbers": frozenset()}

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("at", "2026-01-02T12:00:00"),
            ("span", "long"),
            ("data", "text"),
            ("tags", "text"),
            ("expires", "soon"),
            ("expires", 10**30),
        ],
    )
    def test_refuse_what_they_can_not_read(self, name: str, value: object) -> None:
        with pytest.raises(marshmallow.ValidationError) as raised:
            self.Any().load({name: value})

        assert list(raised.value.messages_dict) == [name]

    def test_refuse_naive_datetimes(self) -> None:
        with pytest.raises(marshmallow.ValidationError):
            self.Any().dump({"at": NOON.replace(tzinfo=None)})


class TestNames:
    def test_has_all_of_marshmallows_fields(self) -> None:
        assert set(marshmallow.fields.__all__) <= set(fields.__all__)

    def test_offers_the_validators(self) -> None:
        assert fields.validate is marshmallow.validate

    @pytest.mark.parametrize("name", sorted(set(marshmallow.fields.__all__) - {"Field", "Number", "Mapping"}))
    def test_each_knows_omit_empty(self, name: str) -> None:
        """All but the abstract ones."""
        arguments: dict[str, tuple[Any, ...]] = {
            "Constant": (1,),
            "Enum": (HTTPStatus,),
            "List": (fields.String(),),
            "Nested": (Sessions,),
            "Pluck": (Sessions, "id"),
            "Tuple": ((fields.String(),),),
        }

        made = getattr(fields, name)(*arguments.get(name, ()), omit_empty=True)

        assert made.metadata["omit_empty"] is True
