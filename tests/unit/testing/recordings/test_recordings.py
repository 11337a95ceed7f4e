from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence import (
    AsyncRepository,
    AsyncUnitOfWork,
    EntityExists,
    MemoryStore,
    Repository,
    StoreUnavailable,
    Table,
    Throttled,
    UnitOfWork,
    UnitOfWorkStateError,
)
from persistence.attributes import Item as StoredItem
from persistence.errors import CancellationReason, PersistenceError, TransactionCancelled
from persistence.expressions import And, Compare, KeyCondition, Value
from persistence.expressions import Path as DocumentPath
from persistence.operation_facts import API_NAMES
from persistence.operations import GetItem, ItemResult, Operation, Page, PutItem, QueryPage, TransactWrite
from persistence.stores.layers import layered
from persistence.stores.memory import AsyncMemoryStore
from persistence.testing.faults import FaultyStore, LostAnswer, Rule
from persistence.testing.recordings import (
    AsyncReplayStore,
    Call,
    Recorder,
    Recording,
    RecordingError,
    RecordingMismatch,
    ReplayStore,
    cassette,
)
from tests.golden.operations import OPERATIONS
from tests.unit.testing.expecting.shop import Item, ItemMapping, Order, OrderMapping, Status


def again(recording: Recording) -> Recording:
    return Recording.read(recording.lines())


def shop_work(store: Any) -> list[object]:
    uow = UnitOfWork(store, scan_policy="allow")
    orders, items = Repository(OrderMapping, uow), Repository(ItemMapping, uow)
    orders.add(Order("o-1", tags={"b", "a"}, total=3))
    with uow:
        orders.get("o-1").status = Status.PAID
        items.add(Item("pen", 2))
    told: list[object] = [
        orders.where("customer_id", "=", "c1").all(),
        orders.find_many(["o-1", "o-2"]),
        orders.scan().all(),
    ]
    with pytest.raises(EntityExists) as taken:
        items.add(Item("pen"))
    told += [str(taken.value), taken.value.found]
    return told


class TestFiles:
    @pytest.mark.parametrize("name", sorted(OPERATIONS))
    def test_operations_are_read_back_exactly(self, name: str) -> None:
        operation = OPERATIONS[name]

        assert again(Recording((Call(operation),))).calls[0].operation == operation

    def test_no_kind_of_operation_is_left_out(self) -> None:
        from persistence.testing.recordings.values import recorded_types

        known = set(recorded_types().values())

        assert set(API_NAMES) <= known
        assert {kind.__name__ for kind in API_NAMES} <= {type(each).__name__ for each in OPERATIONS.values()}

    def test_bytes_numbers_and_names_are_kept_as_they_are(self) -> None:
        item: StoredItem = {
            "$type": {"S": "QueryPage"},
            "$": {"B": b"\x00\xff"},
            "$$x": {"BS": [b"", b"a"]},
            "n": {"N": "1.0"},
            "m": {
                "M": {
                    "$bytes": {"S": "x"},
                    "l": {"L": [{"NULL": True}, {"BOOL": False}, {"NS": ["1", "2E3"]}]},
                }
            },
            "text": {"S": 'a "quoted"\nline \u2028 \U0001f600'},
        }
        page = Page((item, item), {"id": {"B": b"k"}}, 2, 5)

        call = again(Recording((Call(PutItem(Table("orders", "id"), item), page),))).calls[0]

        assert call.operation == PutItem(Table("orders", "id"), item)
        assert call.answer == page

    @pytest.mark.parametrize(
        "error",
        [
            Throttled("slow down", operation="GetItem", table="orders", code="ThrottlingException"),
            StoreUnavailable("no answer", ambiguous=False),
            TransactionCancelled(
                [
                    CancellationReason("None"),
                    CancellationReason("ConditionalCheckFailed", "failed", {"id": {"B": b"x"}}),
                ]
            ),
        ],
    )
    def test_errors_are_read_back_with_all_they_hold(self, error: PersistenceError) -> None:
        found = again(Recording((Call(GetItem(Table("orders", "id"), {"id": {"S": "1"}}), error=error),)))

        raised = found.calls[0].error
        assert type(raised) is type(error)
        assert str(raised) == str(error)
        assert vars(raised) == vars(error)

    def test_an_error_of_another_kind_is_refused(self) -> None:
        class Mine(PersistenceError):
            pass

        with pytest.raises(RecordingError, match="Mine can't be recorded"):
            list(Recording((Call(GetItem(Table("orders", "id"), {}), error=Mine("x")),)).lines())

    def test_two_declarations_of_one_table_are_told_apart(self) -> None:
        one, two = Table("orders", "id"), Table("orders", "id", "sort")
        recording = Recording(tuple(Call(GetItem(each, {})) for each in (one, two, one)))

        found = [call.operation for call in again(recording).calls]

        assert found == [GetItem(one, {}), GetItem(two, {}), GetItem(one, {})]

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("{", "line 2: it is no JSON"),
            ("[]", "an object is expected"),
            ("{}", 'a call has an "operation"'),
            ('{"operation": {"$type": "eval"}}', "not 'eval'"),
            ('{"operation": {"$type": "GetItem"}}', "can't be made of the fields"),
            ('{"operation": {"$type": "GetItem", "table": {"$table": "x"}, "key": {}}}', "does not declare"),
            ('{"operation": {"$type": "Table", "name": "x", "partition": 5}}', "Table can't be made"),
            ('{"operation": {"$type": "ListTables"}, "error": {"class": "described"}}', "not 'described'"),
            ('{"operation": {"$type": "ListTables"}, "answer": {"$bytes": "?"}}', "base64"),
            ('{"operation": {"$type": "ListTables"}, "answer": {"$time": "now"}}', "ISO 8601"),
            ('{"operation": {"$type": "ListTables"}, "answer": {"$path": [1]}}', "begins with the name"),
            ('{"table": "x", "declares": {"$type": "ListTables"}}', "declares its keys"),
        ],
    )
    def test_a_damaged_line_is_named(self, line: str, message: str) -> None:
        with pytest.raises(RecordingError, match=message) as error:
            Recording.read(['{"recording": 1}', line], "orders.jsonl")

        assert str(error.value).startswith("orders.jsonl, line 2: ")

    @pytest.mark.parametrize(
        "lines", [[], ["{}"], ['{"recording": 9}'], ['{"recording": 1, "limits": {"x": 1}}']]
    )
    def test_another_file_is_refused(self, lines: list[str]) -> None:
        with pytest.raises(RecordingError):
            Recording.read(lines)

    def test_a_missing_file_says_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(RecordingError, match="record it first"):
            ReplayStore(tmp_path / "none.jsonl")

    @settings(max_examples=100)
    @given(st.data())
    def test_whatever_a_file_says_it_is_read_or_refused(self, data: st.DataObject) -> None:
        line = list(Recording((Call(OPERATIONS[data.draw(st.sampled_from(sorted(OPERATIONS)))]),)).lines())[
            -1
        ]
        read = json.loads(line)
        place = read["operation"]
        for _ in range(data.draw(st.integers(0, 3))):
            inner = [part for part in place.values() if isinstance(part, dict)]
            if inner:
                place = data.draw(st.sampled_from(inner))
        if place:
            place[data.draw(st.sampled_from(sorted(place)))] = data.draw(
                st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
            )

        with suppress(RecordingError):
            Recording.read(['{"recording": 1}', json.dumps(read)])


class TestReplay:
    def test_a_replay_gives_the_same_results(self, tmp_path: Path) -> None:
        recorder = Recorder()
        recorded = shop_work(layered(MemoryStore(), recorder))
        recorder.save(tmp_path / "deep" / "shop.jsonl")
        replayed = ReplayStore(tmp_path / "deep" / "shop.jsonl")

        assert shop_work(replayed) == recorded
        replayed.verify()

    def test_errors_and_repetitions_are_replayed(self) -> None:
        recorder = Recorder()
        faulty = FaultyStore(MemoryStore(), [Rule(LostAnswer(), (TransactWrite,), count=1)])
        Repository(ItemMapping, UnitOfWork(layered(faulty, recorder))).add(Item("a"))
        assert [type(call.error) for call in recorder.calls] == [StoreUnavailable, type(None)]

        replayed = ReplayStore(again(recorder.recording()))
        Repository(ItemMapping, UnitOfWork(replayed)).add(Item("a"))

        replayed.verify()

    def test_what_is_recorded_is_what_it_was_then(self) -> None:
        recorder = Recorder()
        store = layered(MemoryStore(), recorder)
        items = Repository(ItemMapping, UnitOfWork(store))
        items.add(Item("a", 1))
        answer = store.perform(GetItem(Table("items", "code"), {"code": {"S": "a"}}))
        assert answer.item is not None
        answer.item["in_stock"] = {"N": "9"}

        (_, call) = recorder.calls
        assert isinstance(call.answer, ItemResult)
        assert call.answer.item == {"code": {"S": "a"}, "in_stock": {"N": "1"}}

    def test_another_operation_is_refused_with_what_differs(self) -> None:
        recorder = Recorder()
        Repository(ItemMapping, UnitOfWork(layered(MemoryStore(), recorder))).add(Item("a", 1))
        replayed = ReplayStore(recorder.recording())

        with pytest.raises(RecordingMismatch) as failure:
            Repository(ItemMapping, UnitOfWork(replayed)).add(Item("a", 2))

        report = str(failure.value)
        assert 'actions[0].item.in_stock: recorded {"N": "1"}, came {"N": "2"}' in report
        assert "PERSISTENCE_CASSETTES=record" in report
        with pytest.raises(RecordingMismatch, match="refused before"):
            replayed.verify()

    def test_an_operation_too_many_is_refused(self) -> None:
        with pytest.raises(RecordingMismatch, match="all of its 0 operations were asked before"):
            Repository(ItemMapping, UnitOfWork(ReplayStore(Recording(())))).find("a")

    def test_what_was_not_asked_is_told(self) -> None:
        recorder = Recorder()
        shop_work(layered(MemoryStore(), recorder))

        with pytest.raises(RecordingMismatch, match=r"2. get of Order\('o-1'\)"):
            ReplayStore(recorder.recording()).verify()

    def test_the_order_matters_unless_it_is_said_not_to(self) -> None:
        recorder = Recorder()
        items = Repository(ItemMapping, UnitOfWork(layered(MemoryStore(), recorder)))
        items.add(Item("a"))
        items.find("a")
        items.find("b")
        recording = recorder.recording()

        with pytest.raises(
            RecordingMismatch, match="it is number 3 of them; where the order does not matter"
        ):
            Repository(ItemMapping, UnitOfWork(ReplayStore(recording))).find("b")

        replayed = Repository(ItemMapping, UnitOfWork(ReplayStore(recording, order="any")))
        assert [replayed.find("b"), replayed.find("a")] == [None, Item("a")]
        with pytest.raises(RecordingMismatch, match="any more"):
            replayed.find("a")

    def test_another_order_is_refused(self) -> None:
        with pytest.raises(UnitOfWorkStateError, match="strict"):
            ReplayStore(Recording(()), order="loose")  # type: ignore[arg-type]

    def test_asynchronously(self) -> None:
        async def work(store: Any) -> list[object]:
            uow = AsyncUnitOfWork(store)
            orders = AsyncRepository(OrderMapping, uow)
            await orders.add(Order("o-1"))
            return [await orders.get("o-1"), await orders.find_many(["o-1", "o-2"])]

        recorder = Recorder()
        recorded = asyncio.run(work(layered(AsyncMemoryStore(), recorder)))
        replayed = AsyncReplayStore(again(recorder.recording()))

        assert asyncio.run(work(replayed)) == recorded
        replayed.verify()


class TestSameness:
    """What differs from run to run does not break a replay."""

    TABLE = Table("things", "id", time_to_live="expires")

    def matches(self, recorded: Operation[Any], came: Operation[Any], **settings: Any) -> bool:
        try:
            ReplayStore(Recording((Call(recorded),)), **settings).perform(came)
        except RecordingMismatch:
            return False
        return True

    def put(self, **item: Any) -> PutItem:
        return PutItem(self.TABLE, {"id": {"S": "1"}, **item})

    def test_tokens_do_not_matter(self) -> None:
        one, two = (TransactWrite((self.put(),), token) for token in ("one", "two"))

        assert self.matches(one, two)

    def test_times_that_units_of_work_set_do_not_matter(self) -> None:
        recorder = Recorder()
        noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
        Repository(OrderMapping, UnitOfWork(layered(MemoryStore(), recorder), clock=lambda: noon)).add(
            Order("1")
        )
        later = UnitOfWork(ReplayStore(recorder.recording()), clock=lambda: noon + timedelta(days=3))

        Repository(OrderMapping, later).add(Order("1"))

    def test_commit_records_do_not_matter(self) -> None:
        recorder = Recorder()
        uow = UnitOfWork(layered(MemoryStore(), recorder), commit_record="commits")
        Repository(ItemMapping, uow).add(Item("a"))
        replayed = UnitOfWork(ReplayStore(recorder.recording()), commit_record="commits")

        Repository(ItemMapping, replayed).add(Item("a"))

    def test_the_time_to_live_does_not_matter(self) -> None:
        assert self.matches(self.put(expires={"N": "1"}), self.put(expires={"N": "2"}))

    def test_sets_have_no_order_and_numbers_several_spellings(self) -> None:
        one = self.put(a={"SS": ["x", "y"]}, b={"NS": ["1", "20"]}, c={"L": [{"N": "10"}]})
        two = self.put(a={"SS": ["y", "x"]}, b={"NS": ["2E1", "1.0"]}, c={"L": [{"N": "1E1"}]})

        assert self.matches(one, two)

    def test_conditions_may_change_places(self) -> None:
        first, second = (Compare("=", DocumentPath.of(name), Value({"S": "x"})) for name in "ab")
        keys = KeyCondition(("id", {"S": "1"}))

        assert self.matches(
            QueryPage(self.TABLE, keys, filter=And((first, second))),
            QueryPage(self.TABLE, keys, filter=And((second, first))),
        )

    def test_values_matter_unless_their_attribute_is_ignored(self) -> None:
        one, two = self.put(a={"M": {"at": {"S": "1"}}}), self.put(a={"M": {"at": {"S": "2"}}})

        assert not self.matches(one, two)
        assert self.matches(one, two, ignoring=["at"])
        assert self.matches(one, two, ignoring="at")


class TestRedaction:
    def recorded(self, **settings: Any) -> tuple[str, Recording]:
        recorder = Recorder(**settings)
        orders = Repository(OrderMapping, UnitOfWork(layered(MemoryStore(), recorder), scan_policy="allow"))
        orders.add(Order("o-1", "secret", note="hidden"))
        orders.where("customer_id", "=", "secret").all()
        orders.scan(lambda o: o.note == "hidden").all()
        orders.patch("o-1").set("note", "hidden").if_(lambda o: o.customer_id == "secret").execute()
        with pytest.raises(EntityExists):
            orders.add(Order("o-1", "secret"))
        recording = recorder.recording()
        return "\n".join(recording.lines()), recording

    def test_values_of_named_attributes_are_nowhere(self) -> None:
        text, _ = self.recorded(redact=["customerId", "note"])

        assert "secret" not in text
        assert "hidden" not in text
        assert "<redacted>" in text

    def test_without_redaction_they_would_be(self) -> None:
        text, _ = self.recorded()

        assert "secret" in text
        assert "hidden" in text

    def test_a_function_gives_stand_ins(self) -> None:
        text, _ = self.recorded(
            redact=lambda name, value: {"S": "someone"} if name in ("customerId", "note") else value
        )

        assert "secret" not in text
        assert "someone" in text

    def test_the_recording_is_replayed_with_the_same_redaction(self) -> None:
        _, recording = self.recorded(redact=["customerId", "note"])
        replayed = ReplayStore(recording, redact=["customerId", "note"])
        orders = Repository(OrderMapping, UnitOfWork(replayed))

        orders.add(Order("o-1", "another", note="also"))

        assert orders.where("customer_id", "=", "third").all() == [
            Order("o-1", "<redacted>", note="<redacted>")
        ]


class TestCassettes:
    @pytest.fixture(autouse=True)
    def _no_mode(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("PERSISTENCE_CASSETTES", raising=False)

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "shop.jsonl"

    def test_it_is_recorded_once_and_replayed_from_then_on(self, path: Path) -> None:
        with cassette(path, MemoryStore()) as store:
            recorded = shop_work(store)

        def no_store() -> MemoryStore:
            raise AssertionError("no store is made for a replay")

        with cassette(path, no_store) as store:
            assert shop_work(store) == recorded

    def test_asynchronously(self, path: Path) -> None:
        async def work(store: Any) -> Item | None:
            items = AsyncRepository(ItemMapping, AsyncUnitOfWork(store))
            await items.add(Item("a"))
            return await items.find("a")

        for _ in range(2):
            with cassette(path, lambda: AsyncMemoryStore()) as store:
                assert asyncio.run(work(store)) == Item("a")

    def test_a_block_that_raises_leaves_no_recording(self, path: Path) -> None:
        with pytest.raises(RuntimeError), cassette(path, MemoryStore()):
            raise RuntimeError

        assert not path.exists()

    def test_a_replay_that_raises_is_not_complained_of(self, path: Path) -> None:
        with cassette(path, MemoryStore()) as store:
            shop_work(store)

        with pytest.raises(RuntimeError), cassette(path, MemoryStore()):
            raise RuntimeError

    def test_all_of_it_must_be_asked_again_unless_it_is_said_not_to(self, path: Path) -> None:
        with cassette(path, MemoryStore()) as store:
            shop_work(store)

        with pytest.raises(RecordingMismatch, match="did not come"), cassette(path, MemoryStore()):
            pass
        with cassette(path, MemoryStore(), complete=False):
            pass

    def test_the_mode_says_what_is_done(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with (
            pytest.raises(RecordingError, match="record it first"),
            cassette(path, MemoryStore(), mode="replay"),
        ):
            pass
        for mode in (None, "record"):
            with cassette(path, MemoryStore(), mode=mode) as store:
                shop_work(store)
        monkeypatch.setenv("PERSISTENCE_CASSETTES", "record")
        with cassette(path, MemoryStore()) as store:
            Repository(ItemMapping, UnitOfWork(store)).add(Item("a"))

        assert len(Recording.load(path).calls) == 1

    def test_another_mode_is_refused(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PERSISTENCE_CASSETTES", "always")

        with (
            pytest.raises(UnitOfWorkStateError, match="PERSISTENCE_CASSETTES is"),
            cassette(path, MemoryStore()),
        ):
            pass
