"""Encryption around stores: what is stored, what is read, and what is refused before anything is sent."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path as File
from typing import Any

import pytest

from persistence import (
    DynamoStore,
    GlobalIndex,
    Key,
    MappingSchema,
    MemoryStore,
    Repository,
    UnitOfWork,
    fields,
)
from persistence.attributes import Item
from persistence.encryption import LocalKeyRing
from persistence.errors import (
    CommitConflict,
    CommitOutcomeUnknown,
    ConfigurationError,
    DecodeError,
    DecryptionFailed,
    ItemTooLarge,
    PersistenceError,
    QueryError,
    StaleEntity,
    StoreUnavailable,
)
from persistence.expressions import (
    Add,
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
    KeyCondition,
    ListAppend,
    Not,
    Path,
    Plus,
    Remove,
    Set,
    Size,
    UpdateAction,
    Value,
)
from persistence.flows import Flow, perform
from persistence.mapping import mapping_of
from persistence.operations import (
    BatchGetItems,
    BatchGetResult,
    BatchWriteItems,
    BatchWriteResult,
    ConditionCheck,
    DeleteItem,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.query import exists
from persistence.schema import SchemaService
from persistence.store import Store
from persistence.stores.layers import Encrypting, Layer, layered, reencrypt, reencrypt_async
from persistence.stores.layers.sealing import bare
from persistence.stores.memory import AsyncMemoryStore
from persistence.table import Projection
from tests.unit.stores.layers.colours import Colour, Refusing

RING = LocalKeyRing({"2026-11": b"n" * 32, "2025-01": b"o" * 32}, current="2026-11")
OLD = LocalKeyRing({"2025-01": b"o" * 32}, current="2025-01")


@dataclass
class Card:
    number: str
    months: list[int] = field(default_factory=list)


@dataclass
class Customer:
    id: str
    name: str = ""
    card: Card | None = None
    mail: str = ""
    photo: bytes = b""
    tags: set[str] = field(default_factory=set)
    visits: int = 0
    version: int = 0


class CustomerMapping(MappingSchema[Customer]):
    class Meta:
        table = "customers"
        key = Key("id")
        indexes = (GlobalIndex("by-name", Key("name"), Projection.include("card")),)

    card = fields.Encrypted()
    mail = fields.Encrypted(fields.String(data_key="email"))
    photo = fields.Encrypted()
    tags = fields.Encrypted()
    visits = fields.Encrypted()
    version = fields.Version()


TABLE = mapping_of(CustomerMapping).table
BARE = bare(TABLE)
ANN = Customer("c1", "Ann", Card("4111", [1, 2]), "ann@example.com", b"\xff\xd8", {"a", "b"}, 3)
ENCRYPTED = {"card", "email", "photo", "tags", "visits"}


def key(name: str = "c1") -> Item:
    return {"id": {"S": name}}


class Seeing(Layer):
    """Keeps what it passes on; put below the encryption it sees what a store sees."""

    def __init__(self) -> None:
        self.seen: list[Operation[Any]] = []

    def around(self, operation: Operation[Any]) -> Flow[Any]:
        self.seen.append(operation)
        return (yield from perform(operation))


class Losing(Layer):
    """Performs the first transaction, and loses its answer."""

    def __init__(self, times: int = 1) -> None:
        self.left = times

    def around(self, operation: Operation[Any]) -> Flow[Any]:
        answer = yield from perform(operation)
        if isinstance(operation, TransactWrite) and self.left:
            self.left -= 1
            raise StoreUnavailable("lost")
        return answer


@pytest.fixture
def below() -> Seeing:
    return Seeing()


@pytest.fixture
def store(colour: Colour, below: Seeing) -> Store:
    return colour.over_memory(Encrypting(RING), below)


@pytest.fixture
def uow(below: Seeing) -> UnitOfWork:
    return UnitOfWork(layered(MemoryStore(), Encrypting(RING), below))


@pytest.fixture
def customers(uow: UnitOfWork) -> Repository[Customer]:
    return Repository(CustomerMapping, uow)


def stored(below: Seeing) -> Item:
    """What the last transaction stores."""
    (action,) = [each for each in below.seen if isinstance(each, TransactWrite)][-1].actions
    if isinstance(action, PutItem):
        return action.item
    assert isinstance(action, UpdateItem)
    return {
        each.path.attribute: each.value.value
        for each in action.actions
        if isinstance(each, Set) and isinstance(each.value, Value)
    }


class TestEntities:
    def test_are_stored_encrypted_and_read_as_they_were(
        self, customers: Repository[Customer], below: Seeing
    ) -> None:
        customers.add(replace(ANN))

        assert {name for name, value in stored(below).items() if value.get("B")} == ENCRYPTED
        assert b"4111" not in repr(below.seen).encode()
        assert customers.get("c1") == ANN

    def test_change_by_whole_attributes_and_only_those_that_changed(
        self, uow: UnitOfWork, customers: Repository[Customer], below: Seeing
    ) -> None:
        customers.add(replace(ANN))
        with uow:
            ann = customers.get("c1")
            assert ann.card is not None
            ann.card.number = "5500"
            ann.name = "Anne"

        assert stored(below).keys() == {"card", "name", "version"}
        assert customers.get("c1").card == Card("5500", [1, 2])

    def test_that_did_not_change_are_not_written(
        self, uow: UnitOfWork, customers: Repository[Customer], below: Seeing
    ) -> None:
        """The same value encrypted anew would be another one."""
        customers.add(replace(ANN))
        sent = len(below.seen)
        with uow:
            customers.get("c1").tags = {"b", "a"}

        assert [type(each) for each in below.seen[sent:]] == [GetItem]

    def test_are_replaced_set_and_removed_by_patches(self, customers: Repository[Customer]) -> None:
        customers.add(replace(ANN))

        changed = (
            customers.patch("c1")
            .set("mail", "x@example.com")
            .set_if_missing("photo", b"other")
            .remove("card")
            .execute(returning="new")
        )

        assert changed == replace(ANN, mail="x@example.com", card=None, version=1)

    def test_of_conflicts_are_decrypted(self, uow: UnitOfWork, customers: Repository[Customer]) -> None:
        customers.add(replace(ANN))
        with pytest.raises(CommitConflict) as caught, uow:
            mine = customers.get("c1")
            Repository(CustomerMapping, UnitOfWork(uow.store)).save(replace(ANN, mail="other@example.com"))
            mine.mail = "mine@example.com"

        (reason,) = caught.value.reasons
        assert isinstance(reason, StaleEntity)
        assert isinstance(reason.found, Customer)
        assert reason.found.mail == "other@example.com"
        assert reason.changed_by_other["mail"] == ("ann@example.com", "other@example.com")

    def test_are_queried_selected_and_scanned(self, customers: Repository[Customer]) -> None:
        customers.add(replace(ANN))

        by_name = customers.query(lambda o: o.name == "Ann")
        assert by_name.index("by-name").hydrate().all() == [ANN]
        assert by_name.index("by-name").select(lambda o: o.card).all() == [ANN.card]
        assert customers.scan().select("mail").all()[0].as_dict() == {"mail": ANN.mail}
        assert customers.scan(lambda o: exists(o.mail)).count() == 1
        assert customers.find_many(["c1", "c2"]) == [ANN, None]

    def test_without_a_version_are_not_protected_by_comparison(self, below: Seeing) -> None:
        """A serializable unit checks what it read; what is encrypted can't be compared, and that is said."""

        @dataclass
        class Note:
            id: str
            text: str = ""

        class NoteMapping(MappingSchema[Note]):
            class Meta:
                table = "notes"
                key = Key("id")

            text = fields.Encrypted()

        uow = UnitOfWork(layered(MemoryStore(), Encrypting(RING), below))
        notes = Repository(NoteMapping, uow)
        notes.add(Note("n1", "a"))
        notes.add(Note("n2", "b"))
        sent = len(below.seen)
        with pytest.raises(QueryError, match="Version"), uow(isolation="serializable"):
            notes.get("n1")
            notes.get("n2").text = "c"

        assert {type(each) for each in below.seen[sent:]} == {GetItem}

    def test_are_exported_as_they_are_stored(
        self, uow: UnitOfWork, customers: Repository[Customer], tmp_path: File
    ) -> None:
        customers.add(replace(ANN))

        SchemaService(uow.store, [CustomerMapping]).export_items(CustomerMapping, tmp_path / "out")

        files = [gzip.decompress(file.read_bytes()) for file in (tmp_path / "out").rglob("*.gz")]
        assert b"Ann" in b"".join(files)
        assert b"4111" not in b"".join(files)

    def test_are_written_in_bulk(self, customers: Repository[Customer]) -> None:
        with customers.bulk() as bulk:
            for number in range(30):
                bulk.save(replace(ANN, id=f"c{number}"))

        assert {each.mail for each in customers.scan()} == {ANN.mail}

    def test_repeat_a_lost_transaction_byte_for_byte(self, below: Seeing) -> None:
        store = layered(MemoryStore(), Encrypting(RING), below, Losing())
        customers = Repository(CustomerMapping, UnitOfWork(store))

        customers.add(replace(ANN))

        first, again = [each for each in below.seen if isinstance(each, TransactWrite)]
        assert first == again
        assert customers.get("c1") == ANN

    def test_resume_an_unknown_outcome_byte_for_byte(self, below: Seeing) -> None:
        losing = Losing(times=1000)
        store = layered(MemoryStore(), Encrypting(RING), below, losing)
        uow = UnitOfWork(store, deadline=0.01)
        customers = Repository(CustomerMapping, uow)
        with pytest.raises(CommitOutcomeUnknown) as caught:
            customers.add(replace(ANN))
        losing.left = 0

        uow.resume(caught.value)

        sent = [each for each in below.seen if isinstance(each, TransactWrite)]
        assert len(sent) > 1
        assert all(each == sent[0] for each in sent)


class TestFailsClosed:
    @pytest.mark.parametrize(
        "operation",
        [
            GetItem(TABLE, key()),
            PutItem(TABLE, key()),
            UpdateItem(TABLE, key(), (Set(Path.of("email"), Value({"S": "canary"})),)),
            DeleteItem(TABLE, key()),
            QueryPage(TABLE, KeyCondition(("id", {"S": "c1"}))),
            ScanPage(TABLE),
            TransactWrite((ConditionCheck(TABLE, key(), AttributeExists(Path.of("id"))),)),
            TransactGet((GetItem(TABLE, key()),)),
            BatchGetItems((GetItem(TABLE, key()),)),
            BatchWriteItems((PutItem(TABLE, key()),)),
        ],
        ids=lambda operation: type(operation).__name__,
    )
    @pytest.mark.parametrize("make", [MemoryStore, DynamoStore], ids=["memory", "dynamodb"])
    def test_no_store_takes_what_is_to_be_encrypted(
        self, make: Callable[[], Store], operation: Operation[Any]
    ) -> None:
        with pytest.raises(ConfigurationError, match=r"layered\(store, Encrypting\(keys\)\)"):
            make().perform(operation)


class TestRefusals:
    @pytest.mark.parametrize(
        "condition",
        [
            Compare("=", Path.of("email"), Value({"S": "x"})),
            Compare("=", Path.of("id"), Path.of("email")),
            Compare(">", Size(Path.of("email")), Value({"N": "1"})),
            Not(Between(Path.of("visits"), Value({"N": "1"}), Value({"N": "2"}))),
            In(Path.of("email"), (Value({"S": "x"}),)),
            BeginsWith(Path.of("email"), Value({"S": "x"})),
            Contains(Path.of("tags"), Value({"S": "x"})),
            AttributeType(Path.of("email"), "S"),
            AttributeExists(Path.of("card", "number")),
            AttributeExists(Path.of("id")) & AttributeNotExists(Path.of("card", "number")),
            Compare("=", Path.of("x"), Value({"S": "x"})) | Compare("=", Path.of("email"), Value({"S": "x"})),
        ],
        ids=repr,
    )
    @pytest.mark.parametrize(
        "ask",
        [
            lambda condition: PutItem(TABLE, key(), condition),
            lambda condition: UpdateItem(TABLE, key(), (), condition),
            lambda condition: DeleteItem(TABLE, key(), condition),
            lambda condition: TransactWrite((ConditionCheck(TABLE, key(), condition),)),
            lambda condition: ScanPage(TABLE, filter=condition),
            lambda condition: QueryPage(TABLE, KeyCondition(("id", {"S": "c1"})), filter=condition),
        ],
        ids=["put", "update", "delete", "check", "scan", "query"],
    )
    def test_comparisons(
        self, store: Store, below: Seeing, ask: Callable[[Condition], Operation[Any]], condition: Condition
    ) -> None:
        with pytest.raises(QueryError, match="is encrypted"):
            store.perform(ask(condition))
        assert below.seen == []

    @pytest.mark.parametrize(
        "action",
        [
            Set(Path.of("card", "number"), Value({"S": "x"})),
            Remove(Path.of("card", "number")),
            Add(Path.of("visits"), Value({"N": "1"})),
            Discard(Path.of("tags"), Value({"SS": ["a"]})),
            Set(Path.of("visits"), Plus(Path.of("visits"), Value({"N": "1"}))),
            Set(
                Path.of("tags"), ListAppend(IfNotExists(Path.of("tags"), Value({"L": []})), Value({"L": []}))
            ),
            Set(Path.of("email"), Path.of("name")),
            Set(Path.of("name"), Path.of("email")),
            Set(Path.of("name"), IfNotExists(Path.of("email"), Value({"S": "x"}))),
            Set(Path.of("email"), IfNotExists(Path.of("photo"), Value({"S": "x"}))),
        ],
        ids=repr,
    )
    def test_changes_in_part(self, store: Store, below: Seeing, action: UpdateAction) -> None:
        update = UpdateItem(TABLE, key(), (action,))
        operations: list[Operation[Any]] = [update, TransactWrite((update,))]
        for operation in operations:
            with pytest.raises(QueryError, match="is encrypted"):
                store.perform(operation)
        assert below.seen == []

    def test_projections_in_part(self, store: Store, below: Seeing) -> None:
        part = (Path.of("card", "number"),)
        reads: list[Operation[Any]] = [
            GetItem(TABLE, key(), projection=part),
            ScanPage(TABLE, projection=part),
        ]
        for operation in reads:
            with pytest.raises(QueryError, match="reached into"):
                store.perform(operation)
        assert below.seen == []

    @pytest.mark.parametrize(
        "ask",
        [
            lambda orders: orders.query(lambda o: o.mail == "x").all(),
            lambda orders: orders.where("mail", "=", "x").all(),
            lambda orders: orders.scan().filter("email = :x", x="x").all(),
            lambda orders: orders.scan().filter("size(email) > :x", x=1).all(),
            lambda orders: orders.scan().filter("#id = email", names={"#id": "id"}).all(),
            lambda orders: orders.scan().select("card.number").all(),
            lambda orders: orders.patch("c1").increment("visits"),
            lambda orders: orders.patch("c1").append("tags", "x"),
            lambda orders: orders.patch("c1").set("card.number", "x"),
            lambda orders: orders.patch("c1").add_to_set("tags", "x"),
        ],
        ids=["lambda", "where", "filter", "size", "paths", "select", "increment", "append", "part", "set"],
    )
    def test_are_told_by_repositories(
        self, customers: Repository[Customer], below: Seeing, ask: Callable[[Repository[Customer]], Any]
    ) -> None:
        with pytest.raises(QueryError):
            ask(customers)
        assert below.seen == []


class TestTampering:
    @pytest.fixture
    def memory(self) -> MemoryStore:
        return MemoryStore()

    @pytest.fixture
    def secured(self, memory: MemoryStore) -> Store:
        store = layered(memory, Encrypting(RING))
        store.perform(PutItem(TABLE, {**key("c1"), "email": {"S": "canary"}, "name": {"S": "n"}}))
        store.perform(PutItem(TABLE, {**key("c2"), "email": {"S": "second"}, "name": {"S": "n"}}))
        return store

    def move(self, memory: MemoryStore, to: str, attribute: str) -> None:
        item = memory.perform(GetItem(BARE, key())).item
        assert item is not None
        moved = Set(Path.of(attribute), Value(item["email"]))
        memory.perform(UpdateItem(BARE, key(to), (moved,)))

    @pytest.mark.parametrize(
        ("to", "attribute"), [("c2", "email"), ("c1", "card")], ids=["item", "attribute"]
    )
    def test_a_copy_elsewhere_is_not_read(
        self, memory: MemoryStore, secured: Store, to: str, attribute: str
    ) -> None:
        self.move(memory, to, attribute)

        reads: list[Operation[Any]] = [
            GetItem(TABLE, key(to)),
            TransactGet((GetItem(TABLE, key(to)),)),
            BatchGetItems((GetItem(TABLE, key(to)),)),
            QueryPage(TABLE, KeyCondition(("id", {"S": to}))),
            QueryPage(TABLE, KeyCondition(("id", {"S": to})), projection=(Path.of(attribute),)),
            ScanPage(TABLE),
            DeleteItem(TABLE, key(to), returning="old"),
        ]
        for operation in reads:
            with pytest.raises(DecryptionFailed) as caught:
                secured.perform(operation)
            assert (caught.value.attribute, caught.value.key_id) == (attribute, "2026-11")
            assert caught.value.entity_type is Customer
            assert caught.value.key == (to,)
            assert "canary" not in str(caught.value)

    def test_another_table_is_another_place(self, memory: MemoryStore, secured: Store) -> None:
        other = replace(TABLE, name="restored")
        item = memory.perform(GetItem(BARE, key())).item
        assert item is not None
        memory.perform(PutItem(bare(other), item))

        with pytest.raises(DecryptionFailed):
            secured.perform(GetItem(other, key()))
        bound = layered(memory, Encrypting(RING, table_names={"restored": "customers"}))
        read = bound.perform(GetItem(other, key())).item
        assert read is not None
        assert read["email"] == {"S": "canary"}

    def test_an_unknown_key_is_told(self, memory: MemoryStore, secured: Store) -> None:
        with pytest.raises(DecryptionFailed, match="2026-11"):
            layered(memory, Encrypting(OLD)).perform(GetItem(TABLE, key()))

    def test_another_key_of_that_name_is_told(self, memory: MemoryStore, secured: Store) -> None:
        other = LocalKeyRing({"2026-11": b"x" * 32}, "2026-11")
        with pytest.raises(DecryptionFailed, match="altered, copied from elsewhere, or has another key"):
            layered(memory, Encrypting(other)).perform(GetItem(TABLE, key()))

    def test_plaintext_is_refused_unless_it_is_accepted(self, memory: MemoryStore, secured: Store) -> None:
        memory.perform(UpdateItem(BARE, key(), (Set(Path.of("email"), Value({"S": "plain"})),)))
        accepting = replace(
            TABLE,
            encrypted={name: replace(each, accept_plaintext=True) for name, each in TABLE.encrypted.items()},
        )

        with pytest.raises(DecodeError, match=r"found plaintext \(S\)") as caught:
            secured.perform(GetItem(TABLE, key()))
        assert not isinstance(caught.value, DecryptionFailed)
        item = secured.perform(GetItem(accepting, key())).item
        assert item is not None
        assert item["email"] == {"S": "plain"}

    def test_old_keys_are_read_and_new_ones_written(self, memory: MemoryStore) -> None:
        layered(memory, Encrypting(OLD)).perform(PutItem(TABLE, {**key(), "email": {"S": "old"}}))
        store = layered(memory, Encrypting(RING))
        item = store.perform(GetItem(TABLE, key())).item
        assert item == {**key(), "email": {"S": "old"}}

        store.perform(PutItem(TABLE, item))

        with pytest.raises(DecryptionFailed):
            layered(memory, Encrypting(OLD)).perform(GetItem(TABLE, key()))


class TestOperations:
    def test_give_what_the_store_gives(self, store: Store) -> None:
        put = {**key(), "email": {"S": "x"}, "name": {"S": "n"}}
        plain = Path.of("email")
        assert store.perform(PutItem(TABLE, put)).attributes is None
        assert store.perform(PutItem(TABLE, put, returning="old")).attributes == put

        changed = store.perform(
            UpdateItem(TABLE, key(), (Set(plain, Value({"S": "y"})),), returning="updated_new")
        )
        assert changed.attributes == {"email": {"S": "y"}}
        missing = Set(plain, IfNotExists(plain, Value({"S": "z"})))
        kept = store.perform(UpdateItem(TABLE, key(), (missing,), returning="new")).attributes
        assert kept == {**put, "email": {"S": "y"}}

        page = store.perform(ScanPage(TABLE, projection=(plain,)))
        assert (page.items, page.count) == ([{"email": {"S": "y"}}], 1)
        assert store.perform(ScanPage(TABLE, count_only=True)).count == 1
        read = store.perform(TransactGet((GetItem(TABLE, key("none")), GetItem(TABLE, key()))))
        assert read.items == (None, kept)
        assert store.perform(GetItem(TABLE, key(), projection=(Path.of("name"),))).item == {
            "name": {"S": "n"}
        }

    def test_take_conditions_on_existence(self, store: Store) -> None:
        store.perform(PutItem(TABLE, {**key(), "email": {"S": "x"}}))

        page = store.perform(ScanPage(TABLE, filter=AttributeExists(Path.of("email"))))
        assert page.count == 1
        assert store.perform(ScanPage(TABLE, filter=AttributeNotExists(Path.of("email")))).count == 0

    def test_ask_again_for_what_was_asked(self, colour: Colour, below: Seeing) -> None:
        """Unprocessed requests come back as the caller made them, without the encryption's traces."""

        class Lazy(Layer):
            def around(self, operation: Operation[Any]) -> Flow[Any]:
                yield from ()
                match operation:
                    case BatchWriteItems(writes):
                        return BatchWriteResult(writes)
                    case BatchGetItems(gets):
                        return BatchGetResult((None,) * len(gets), gets)
                    case _:
                        raise AssertionError(operation)

        store = colour.over_memory(Encrypting(RING), Lazy())
        writes = (PutItem(TABLE, {**key(), "email": {"S": "x"}}), DeleteItem(TABLE, key("c2")))
        gets = (GetItem(TABLE, key(), projection=(Path.of("email"),)),)

        assert store.perform(BatchWriteItems(writes)).unprocessed == writes
        assert store.perform(BatchGetItems(gets)).unprocessed == gets

    def test_leave_other_tables_alone(self, store: Store, below: Seeing) -> None:
        put = PutItem(BARE, {**key(), "email": {"S": "x"}})
        store.perform(put)
        store.perform(TransactWrite((put,), token="t"))

        assert below.seen[0] is put
        assert below.seen[1] == TransactWrite((put,), token="t")

    def test_of_a_transaction_are_made_anew_once_it_is_settled(self, store: Store, below: Seeing) -> None:
        write = TransactWrite((PutItem(TABLE, {**key(), "email": {"S": "x"}}),), token="t")
        store.perform(write)
        with pytest.raises(PersistenceError):  # the memory store knows the token, and other bytes
            store.perform(write)

        assert below.seen[0] != below.seen[1]

    def test_weigh_what_is_stored(self, store: Store) -> None:
        """An item may be too large only by what encryption adds to it."""
        item = {**key(), "email": {"S": "x" * (409_600 - 10)}}
        MemoryStore().perform(PutItem(BARE, item))

        with pytest.raises(ItemTooLarge):
            store.perform(PutItem(TABLE, item))

    def test_use_a_nonce_for_each_value(self) -> None:
        numbers = count()
        ring = Encrypting(RING, random=lambda size: next(numbers).to_bytes(size, "big"))
        memory = MemoryStore()
        layered(memory, ring).perform(PutItem(TABLE, {**key(), "email": {"S": "x"}, "card": {"S": "x"}}))

        item = memory.perform(GetItem(BARE, key())).item
        assert item is not None
        assert {item[name]["B"][15:39] for name in ("email", "card")} == {bytes(24), bytes(23) + b"\x01"}
        assert next(numbers) == 2


class TestReencrypt:
    def test_writes_what_older_keys_encrypted_and_nothing_else(self, colour: Colour, below: Seeing) -> None:
        memory = MemoryStore()
        for ring, name in ((OLD, "c1"), (RING, "c2"), (OLD, "c3")):
            put = PutItem(TABLE, {**key(name), "email": {"S": name}, "version": {"N": "7"}})
            layered(memory, Encrypting(ring)).perform(put)
        memory.perform(PutItem(BARE, key("c4")))

        first = reencrypt(layered(memory, below), RING, CustomerMapping)
        again = reencrypt(layered(memory, below), RING, CustomerMapping)

        assert (first.read, first.changed, first.overtaken) == (4, 2, 0)
        assert (again.read, again.changed) == (4, 0)
        only_new = layered(memory, Encrypting(LocalKeyRing({"2026-11": b"n" * 32}, "2026-11")))
        found = {item["id"]["S"]: item for item in only_new.perform(ScanPage(TABLE)).items}
        assert [found[name]["email"]["S"] for name in ("c1", "c2", "c3")] == ["c1", "c2", "c3"]
        assert found["c1"]["version"] == {"N": "7"}

    def test_encrypts_plaintext_that_is_accepted(self) -> None:
        @dataclass
        class Note:
            id: str
            text: str

        class NoteMapping(MappingSchema[Note]):
            class Meta:
                table = "notes"
                key = Key("id")

            text = fields.Encrypted(accept_plaintext=True)

        memory = MemoryStore()
        table = mapping_of(NoteMapping).table
        memory.perform(PutItem(bare(table), {**key("n1"), "text": {"S": "plain"}}))

        done = asyncio.run(reencrypt_async(AsyncMemoryStore(memory), RING, NoteMapping))

        assert done.changed == 1
        item = memory.perform(GetItem(bare(table), key("n1"))).item
        assert item is not None
        assert "B" in item["text"]
        assert layered(memory, Encrypting(RING)).perform(GetItem(table, key("n1"))).item == {
            **key("n1"),
            "text": {"S": "plain"},
        }

    def test_leaves_alone_what_somebody_wrote_in_between(self) -> None:
        memory = MemoryStore()
        layered(memory, Encrypting(OLD)).perform(PutItem(TABLE, {**key(), "email": {"S": "old"}}))

        class Overtaking(Layer):
            def around(self, operation: Operation[Any]) -> Flow[Any]:
                if isinstance(operation, UpdateItem):
                    put = PutItem(TABLE, {**key(), "email": {"S": "newer"}})
                    layered(memory, Encrypting(RING)).perform(put)
                return (yield from perform(operation))

        done = reencrypt(layered(memory, Overtaking()), RING, CustomerMapping)

        assert (done.changed, done.overtaken) == (0, 1)
        item = layered(memory, Encrypting(RING)).perform(GetItem(TABLE, key())).item
        assert item == {**key(), "email": {"S": "newer"}}


class TestOnMoto:
    def test_the_service_sees_bytes(self, moto_client: Any) -> None:
        store = layered(DynamoStore(moto_client), Encrypting(RING))
        SchemaService(store, [CustomerMapping]).ensure_table(CustomerMapping)
        uow = UnitOfWork(store)
        customers = Repository(CustomerMapping, uow)
        customers.add(replace(ANN))
        with uow:
            customers.get("c1").mail = "new@example.com"

        item = moto_client.get_item(TableName="customers", Key=key())["Item"]
        assert {name for name, value in item.items() if "B" in value} == ENCRYPTED
        assert customers.query(lambda o: o.id == "c1").one() == replace(
            ANN, mail="new@example.com", version=1
        )


def test_errors_of_the_store_pass(colour: Colour) -> None:
    store = colour.over_memory(Encrypting(RING), Refusing([StoreUnavailable("gone")]))
    with pytest.raises(StoreUnavailable, match="gone"):
        store.perform(GetItem(TABLE, key()))


def test_takes_keys_alone() -> None:
    with pytest.raises(ConfigurationError, match="LocalKeyRing, KmsKeys or other Keys, not str"):
        Encrypting("secret")  # type: ignore[arg-type]
