"""What is fuzzed: each target takes bytes, and fails only where a promise of the library is broken."""

from __future__ import annotations

import enum
import io
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from http.client import HTTPException
from typing import Any

from botocore.session import Session

from persistence import GlobalIndex, Key, MappingSchema, Table, fields
from persistence.attributes import NumberRefused, canonical_number, normalised_key
from persistence.cli.conditions import read_conditions
from persistence.cursors import Binding, CursorKeys, Cursors
from persistence.encryption import DataKey, Envelope, KeyName, Place, opened, sealed
from persistence.encryption.cipher import NotOpened
from persistence.encryption.content import to_bytes
from persistence.errors import (
    DecodeError,
    InvalidCursor,
    MappingError,
    QueryError,
    ValidationFailed,
    WrongEntityType,
)
from persistence.expressions import (
    Add,
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    Discard,
    IfNotExists,
    In,
    ListAppend,
    Minus,
    Not,
    Or,
    Path,
    Plus,
    Remove,
    Set,
    Size,
    UpdateAction,
    Value,
)
from persistence.mapping import mapping_of
from persistence.mapping.keys import parse_template
from persistence.mapping.refusal import Refused, Unreadable
from persistence.mapping.scalars import INTEGER, STRING
from persistence.query.lowering import lower
from persistence.query.raw_conditions import raw
from persistence.render import expressions
from persistence.stores.dynamodb.bodies import content_of
from persistence.stores.dynamodb.fast_lane.replies import read_reply
from persistence.stores.dynamodb.pages import page_content
from persistence.stores.dynamodb.tuning import plainly_read
from tests.fuzz.data import Data

Target = Callable[[bytes], str]
"""Takes any bytes, and gives a word for what came of them."""


class State(enum.Enum):
    OPEN = "open"
    SHUT = "shut"


@dataclass
class Line:
    sku: str
    count: int = 1


@dataclass
class Thing:
    id: str
    number: int = 0
    name: str | None = None
    at: datetime | None = None
    state: State = State.OPEN
    lines: list[Line] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    data: Any = None
    price: Decimal = Decimal(0)
    blob: bytes = b""


class ThingMapping(MappingSchema[Thing]):
    class Meta:
        table = "things"
        key = Key("id")

    name = fields.String(validate=fields.validate.Length(max=5))


SHOP = Table("shop", "PK", "SK", indexes=(GlobalIndex("by-state", Key("state")),))


class ShopMapping(MappingSchema[Thing]):
    class Meta:
        table = SHOP
        key = Key("A#{id}", "A#{id}#{number:05d}")


def decode(content: bytes) -> str:
    """An item becomes an entity that can be written and read again, or an error of ours."""
    data = Data(content)
    mapping: type[MappingSchema[Thing]] = data.pick((ThingMapping, ShopMapping))
    codec, item = mapping.codec, data.item()
    item.setdefault("id", {"S": "1"})
    try:
        thing = codec.decode(item)
    except (DecodeError, WrongEntityType) as error:
        _check_page(codec, [item], type(error))
        return type(error).__name__
    _check_page(codec, [item], None)
    try:
        written = codec.encode(thing)
    except ValidationFailed:
        return "not valid"
    assert codec.decode(written) == thing
    return "read"


def _check_page(codec: Any, items: list[Any], error: type[Exception] | None) -> None:
    try:
        codec.decode_page(items)
    except (DecodeError, WrongEntityType) as found:
        raised: type[Exception] | None = type(found)
    else:
        raised = None
    assert raised is error


NOW = datetime(2026, 1, 1, tzinfo=UTC)
BINDING = Binding(SHOP, "by-state", bytes(32))
CURSORS = [
    Cursors(CursorKeys((b"k" * 32,), encrypt=encrypt, legacy=legacy), clock=lambda: NOW)
    for encrypt in (True, False)
    for legacy in (False, True)
]


def cursor(content: bytes) -> str:
    """What was not sealed is never opened, but for unsigned ones where those are let in."""
    data = Data(content)
    cursors = data.pick(CURSORS)
    position = {name: {"S": data.text() or "x"} for name in ("PK", "SK", "state")}
    try:
        sealed_text = cursors.seal(position, BINDING)
    except QueryError:
        sealed_text = ""
    text = _altered(data, sealed_text)
    try:
        found = cursors.open(text, BINDING)
    except InvalidCursor as error:
        return error.reason
    if cursors in CURSORS[::2]:
        assert text == sealed_text
        assert found == position
    return "opened"


def _altered(data: Data, text: str) -> str:
    match data.below(5):
        case 0:
            return text
        case 1:
            at = data.below(max(1, len(text)))
            return text[:at] + data.text() + text[at + 1 :]
        case 2:
            return text[: data.below(max(1, len(text)))]
        case 3:
            return data.rest().decode("utf-8", "surrogateescape")
        case _:
            return text + data.text()


NODES: Mapping[str, Any] = {"id": STRING, "n": INTEGER}


def template(content: bytes) -> str:
    """A template is refused, or gives back what it was filled with; what it reads it also writes."""
    data = Data(content)
    pieces = (
        "{id}",
        "{n}",
        "{n:05d}",
        "{n:d}",
        "{id!r}",
        "{id:.3}",
        "{n:{id}}",
        "#",
        "A",
        "{{",
        "}}",
        "{",
        "}",
        "{0}",
    )
    source = "".join(data.pick(pieces) if data.below(4) else data.text() for _ in range(data.below(7)))
    try:
        made = parse_template(source, "M.Meta.key", _node)
    except MappingError:
        return "refused"
    values = {"id": data.text(), "n": data.below(200) - 100}
    outcome = "unfilled"
    with suppress(Refused):
        text = made.render(values)
        read = made.parse(text)
        assert all(read[name] == values[name] for name in read)
        outcome = "filled"
    text = data.text()
    with suppress(Unreadable):
        again = made.parse(text)
        if all(slot.restores for slot in made.slots):
            with suppress(Refused):
                assert made.parse(made.render(again)) == again
        outcome += ", read"
    return outcome


def _node(name: str) -> Any:
    if name not in NODES:
        raise MappingError(f"no field {name!r}")
    return NODES[name]


ALIASED = re.compile(
    r"(?:#[A-Za-z0-9_]+|:[A-Za-z0-9_]+|SET|REMOVE|ADD|DELETE|AND|OR|NOT|BETWEEN|IN|size|contains|begins_with|"
    r"attribute_exists|attribute_not_exists|attribute_type|if_not_exists|list_append|\[\d+\]|<>|[=<>+\-(),.]|\s)*"
)


def render(content: bytes) -> str:
    """Conditions and updates of any names and values become expressions of aliases, all bound and used."""
    data = Data(content)
    condition = _condition(data, 0) if data.below(3) else None
    update = tuple(_update(data) for _ in range(data.below(4)))
    projection = tuple(_path(data) for _ in range(data.below(4))) or None
    try:
        found = expressions(condition=condition, update=update, projection=projection)
        again = expressions(condition=condition, update=update, projection=projection)
    except QueryError:
        return "refused"
    assert found == again
    texts = [text for name, text in found.items() if name.endswith("Expression")]
    for text in texts:
        assert ALIASED.fullmatch(text), text
    used = set(re.findall(r"[#:][A-Za-z0-9_]+", " ".join(texts)))
    bound = {*found.get("ExpressionAttributeNames", {}), *found.get("ExpressionAttributeValues", {})}
    assert used == bound
    return f"{len(texts)} rendered"


def _path(data: Data) -> Path:
    more: list[str | int] = []
    for _ in range(data.below(3)):
        steps: tuple[str | int, ...] = (0, 7, data.text() or "x")
        more.append(data.pick(steps))
    return Path((data.text() or "a", *more))


def _operand(data: Data) -> Any:
    match data.below(3):
        case 0:
            return _path(data)
        case 1:
            return Value(data.value())
        case _:
            return Size(_path(data))


def _condition(data: Data, depth: int) -> Condition:
    kind = data.below(11) if depth < 60 and data.left else 4
    match kind:
        case 0:
            return And(tuple(_condition(data, depth + 1) for _ in range(2 + data.below(2))))
        case 1:
            return Or(tuple(_condition(data, depth + 1) for _ in range(2 + data.below(2))))
        case 2:
            return Not(_condition(data, depth + 1))
        case 3:
            return Compare(data.pick(("=", "<>", "<", "<=", ">", ">=")), _operand(data), _operand(data))
        case 4:
            return AttributeExists(_path(data))
        case 5:
            return AttributeNotExists(_path(data))
        case 6:
            return AttributeType(_path(data), data.pick(("S", "N", "M")))
        case 7:
            return Between(_operand(data), _operand(data), _operand(data))
        case 8:
            return In(_operand(data), tuple(_operand(data) for _ in range(data.below(120))))
        case 9:
            return BeginsWith(_path(data), _operand(data))
        case _:
            return Contains(_path(data), _operand(data))


def _update(data: Data) -> UpdateAction:
    path, value = _path(data), Value(data.value())
    match data.below(8):
        case 0:
            return Remove(path)
        case 1:
            return Add(path, value)
        case 2:
            return Discard(path, value)
        case 3:
            return Set(path, IfNotExists(_path(data), value))
        case 4:
            return Set(path, ListAppend(IfNotExists(_path(data), value), value))
        case 5:
            return Set(path, Plus(_path(data), value))
        case 6:
            return Set(path, Minus(value, _path(data)))
        case _:
            return Set(path, value)


def _name(data: Data, text: str) -> dict[str, object]:
    return {"a": data.text()} if "#a" in text else {}


RAW_COMPARISONS = (
    "id = :v",
    "NOT id <> :v",
    "(state = :v)",
    "attribute_exists(data)",
    "size(tags) > :v",
    "data.#a = :v",
    "id BETWEEN :v AND :v",
    "id IN (:v, :v)",
    "contains(data, :v)",
    "data[0] < :v",
    "begins_with(id, :v)",
)
CLI_COMPARISONS = (
    "id = 1",
    "not id != x",
    "(state = open)",
    "data exists",
    "size(tags) > 2",
    "lines[0].sku = 'a b'",
    "id between 1 and 2",
    "id in (1, 2)",
    "tags contains x",
    "price <= 1.5",
    "id begins_with a",
    "at = 2026-01-02T03:04:05Z",
)


def _sentence(data: Data, comparisons: tuple[str, ...], words: tuple[str, ...]) -> str:
    """Give comparisons that are joined, with some words out of place."""
    parts: list[str] = []
    for _ in range(data.below(5)):
        parts += [data.pick(comparisons), data.pick(("and", "or", "AND", "OR"))]
    parts = parts[:-1]
    for _ in range(max(0, data.below(6) - 2)):
        at = data.below(len(parts) + 1)
        parts[at:at] = [data.pick(words) if data.below(3) else data.text()]
    return " ".join(parts)


def raw_condition(content: bytes) -> str:
    """A raw condition is read and rendered by aliases, or refused with the place."""
    data = Data(content)
    words = (
        "id",
        "data",
        "#a",
        ":v",
        "=",
        "<>",
        "<",
        "(",
        ")",
        "AND",
        "or",
        "NOT",
        "BETWEEN",
        "IN",
        ",",
        "size",
        "attribute_exists",
        "contains",
        ".",
        "[0]",
        "[",
        "]",
        "'",
        '"',
        ";",
        "state",
    )
    text = _sentence(data, RAW_COMPARISONS, words)
    try:
        term = raw(text, v=data.pick(("x", 1, "open", None, b"x", [1], State.OPEN)), **_name(data, text))
        found = expressions(condition=lower(term, mapping_of(ThingMapping)))
    except QueryError:
        return "refused"
    assert ALIASED.fullmatch(found["ConditionExpression"])
    return "read"


def cli_condition(content: bytes) -> str:
    """A condition of the command line is read and rendered, or refused."""
    data = Data(content)
    words = (
        "id",
        "price",
        "data",
        "lines[0].sku",
        "tags",
        "=",
        "!=",
        "<",
        "(",
        ")",
        "and",
        "or",
        "not",
        "between",
        "in",
        ",",
        "size(",
        "exists",
        "contains",
        "'a b'",
        "1",
        "open",
        "begins_with",
        "attribute_type",
        "S",
    )
    text = _sentence(data, CLI_COMPARISONS, words)
    try:
        term = read_conditions(mapping_of(ThingMapping), [text])
        found = {} if term is None else expressions(condition=lower(term, mapping_of(ThingMapping)))
    except QueryError:
        return "refused"
    assert ALIASED.fullmatch(found.get("ConditionExpression", ""))
    return "read"


@cache
def _models() -> Mapping[str, Any]:
    service = Session().get_service_model("dynamodb")
    return {name: service.operation_model(name) for name in ("GetItem", "Query", "TransactGetItems")}


def wire_body(content: bytes) -> str:
    """A body is read alike in every way, or in none."""
    data = Data(content)
    body = _body(data)
    outcome = "no answer"
    try:
        plain: Any = content_of(body, accelerated=False)
    except ValueError:
        plain = None
    try:
        fast: Any = content_of(body, accelerated=True)
    except ValueError:
        fast = None
    if plain is not None and fast is not None:
        assert plain == fast
        outcome = "read"
    try:
        page = page_content(body, least=0)
    except ValueError:
        page = {}
    if page and plain is not None:
        assert _listed(page) == _listed(plain)
        outcome = "page"
    for model in _models().values():
        plainly_read(body, model, accelerated=bool(data.below(2)))
    return outcome


def _listed(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {**answer, "Items": list(answer.get("Items", []))}


def _body(data: Data) -> bytes:
    if data.below(4) == 0:
        return data.rest()
    items = [data.item() for _ in range(data.below(4))]
    answer = data.pick(
        (
            {"Items": items, "Count": len(items), "ScannedCount": 7},
            {"Item": items[0] if items else {}},
            {"Responses": items},
            {"Count": "x", "Items": items},
        )
    )
    text = json.dumps(answer, default=lambda each: each.hex()).encode()
    at, what = data.below(256) * len(text) // 256, data.below(6)
    if what == 1:
        return text[:at]
    if what == 2:
        return text[:at] + data.binary() + text[at:]
    return text


def wire_head(content: bytes) -> str:
    """The head of an answer is read, or refused; what is announced is no more than what came."""
    data = Data(content)
    lines = (
        "HTTP/1.1 200 OK",
        "HTTP/1.1 400 x",
        "HTTP/1.0 200",
        "HTTP/1.1 204 x",
        "content-length: 5",
        "Content-Length: 7",
        "content-length: -1",
        "content-length: 99999999999999999999",
        "transfer-encoding: chunked",
        "connection: close",
        "x:",
        ": x",
        "x: \t y \t",
        "5",
        "0",
        "hello",
        "",
    )
    text = b"\r\n".join(
        data.pick(lines).encode() if data.below(5) else data.binary() for _ in range(data.below(12))
    )
    reader: Any = io.BufferedReader(io.BytesIO(text + b"\r\n\r\n" + data.rest()))
    try:
        reply = read_reply(reader)
    except (OSError, HTTPException, ValueError) as error:
        return type(error).__name__
    assert len(reply.body) <= len(content) + 4096
    return "reusable" if reply.reusable else "last"


KEY = DataKey(KeyName("k", b"wrapped"), bytes(range(32)))
PLACE = Place("t", {"id": {"S": "1"}}, ("id",), "a")


def envelope(content: bytes) -> str:
    """What was altered, in whatever way, does not open."""
    data = Data(content)
    value = {"S": data.text().encode("utf-8", "replace").decode()}
    whole = sealed(to_bytes(value), PLACE, KEY, bytes(24))["B"]
    at, kind = data.below(len(whole)), data.below(5)
    altered = {
        0: lambda: whole,
        1: lambda: whole[:at],
        2: lambda: whole[:at] + data.binary() + whole[at + 1 :],
        3: lambda: whole + data.binary(),
        4: data.rest,
    }[kind]()
    try:
        found = opened(Envelope.of(altered), PLACE, KEY)
    except NotOpened:
        return "shut"
    assert altered == whole
    assert found == value
    return "opened"


def number(content: bytes) -> str:
    """A number has one canonical form, which is equal to it; keys of equal numbers are equal."""
    data = Data(content)
    pieces = ("0", "1", "9", "00", "-", "+", ".", "e", "E", "5", "_", " ", "Infinity", "NaN", "E-130", "E125")
    text = "".join(data.pick(pieces) if data.below(8) else data.text() for _ in range(data.below(45)))
    try:
        found = canonical_number(text)
    except NumberRefused:
        return "refused"
    assert canonical_number(found) == found
    assert Decimal(found) == Decimal(text)
    assert normalised_key({"k": {"N": text}}, ["k"]) == normalised_key({"k": {"N": found}}, ["k"])
    return "read"


TARGETS: Mapping[str, Target] = {
    target.__name__: target
    for target in (
        decode,
        cursor,
        template,
        render,
        raw_condition,
        cli_condition,
        wire_body,
        wire_head,
        envelope,
        number,
    )
}
