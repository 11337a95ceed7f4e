"""The keys of cursors: how they are given, and what is refused or advised."""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from persistence import AsyncMemoryStore, AsyncUnitOfWork, MemoryStore, UnitOfWork
from persistence.cursors import CursorKeys, Cursors
from persistence.errors import ConfigurationError, InvalidCursor
from tests.unit.cursors.samples import NOON, OTHER_SECRET, POSITIONS, SECRET, Clock

UnitsOfWork = Callable[..., UnitOfWork | AsyncUnitOfWork]


@pytest.fixture(params=["synchronous", "asynchronous"])
def make_uow(request: pytest.FixtureRequest) -> UnitsOfWork:
    """Makes units of work of both kinds."""
    if request.param == "synchronous":
        return lambda **policies: UnitOfWork(MemoryStore(), **policies)
    return lambda **policies: AsyncUnitOfWork(AsyncMemoryStore(), **policies)


@pytest.fixture(autouse=True)
def advice(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Gives the advice that was given so far."""
    caplog.set_level(logging.WARNING, "persistence")
    return lambda: [record.getMessage() for record in caplog.records]


class TestKeys:
    @pytest.mark.parametrize(
        ("given", "keys"),
        [
            ("a secret of 16 bytes", (b"a secret of 16 bytes",)),
            (b"a secret of 16 bytes", (b"a secret of 16 bytes",)),
            ([SECRET.decode(), OTHER_SECRET], (SECRET, OTHER_SECRET)),
            ((SECRET, OTHER_SECRET), (SECRET, OTHER_SECRET)),
            ("ein Schl\u00fcssel, geheim", "ein Schl\u00fcssel, geheim".encode()),
        ],
        ids=["text", "bytes", "list", "tuple", "other characters"],
    )
    def test_are_given_as(self, given: Any, keys: Any) -> None:
        """One key or several, as text or bytes."""
        assert CursorKeys.of(given) == CursorKeys(keys if isinstance(keys, tuple) else (keys,))

    def test_are_given_with_further_settings(self) -> None:
        """What is complete is taken as it is."""
        keys = CursorKeys((SECRET,), lifetime=timedelta(hours=1), max_length=2000, encrypt=False, legacy=True)

        assert CursorKeys.of(keys) is keys

    @pytest.mark.parametrize(
        ("given", "fault"),
        [
            ("", "key 1 is empty"),
            (b"", "key 1 is empty"),
            ([], "at least one key"),
            ((), "at least one key"),
            ([SECRET, ""], "key 2 is empty"),
            ([SECRET, None], "key 2 is text or bytes, not NoneType"),
            ([1], "key 1 is text or bytes, not int"),
            (1, "not int"),
            (bytearray(SECRET), "not bytearray"),
            ({"key": SECRET}, "not dict"),
            ({SECRET}, "not set"),
        ],
    )
    def test_are_refused(self, given: Any, fault: str) -> None:
        """No key, an empty one, or something else is a fault of the configuration; no key is shown."""
        with pytest.raises(ConfigurationError, match=fault) as refused:
            CursorKeys.of(given)

        assert SECRET.decode() not in str(refused.value)

    @pytest.mark.parametrize(
        "settings",
        [
            {"keys": [SECRET]},
            {"keys": ()},
            {"keys": (SECRET.decode(),)},
            {"lifetime": 10},
            {"lifetime": timedelta(0)},
            {"lifetime": timedelta(seconds=-1)},
            {"max_length": 0},
            {"max_length": True},
            {"max_length": "10"},
            {"encrypt": "yes"},
            {"encrypt": 1},
            {"legacy": None},
        ],
    )
    def test_refuse_other_settings(self, settings: dict[str, Any]) -> None:
        """Each argument says what it takes."""
        with pytest.raises(ConfigurationError):
            CursorKeys(**{"keys": (SECRET,), **settings})

    def test_are_never_shown(self) -> None:
        """Neither by themselves nor by what holds them."""
        keys = CursorKeys((SECRET, OTHER_SECRET))

        shown = [repr(keys), str(keys), repr(Cursors(keys, clock=Clock())), f"{keys}"]

        assert shown[0] == (
            "CursorKeys(<2 secret>, lifetime=None, max_length=16384, encrypt=None, legacy=False)"
        )
        assert not any("first" in text or "other" in text for text in shown)

    def test_of_any_length_give_ids_that_tell_nothing(self) -> None:
        """Cursors name their key by bytes that are derived from it, and don't contain it."""
        binding, position = POSITIONS["partition key"]

        text = Cursors(CursorKeys((b"key",), encrypt=False), clock=Clock()).seal(position, binding)

        assert b"key" not in text.encode()


class TestAdvice:
    def test_is_given_for_a_random_key(self, advice: Callable[[], list[str]]) -> None:
        """A key that nobody else knows is made, and said so."""
        one, other = CursorKeys.of(None), CursorKeys.of(None)

        assert one != other
        assert len(one.keys[0]) == 32
        assert advice() == ["advice.given code='cursor_key_missing'"] * 2

    @pytest.mark.parametrize("given", ["short", CursorKeys((b"short",)), [SECRET, b"short"]])
    def test_is_given_for_a_short_key(self, advice: Callable[[], list[str]], given: Any) -> None:
        """A key that may be guessed is taken, and said so."""
        CursorKeys.of(given)

        assert advice() == ["advice.given code='cursor_key_short' keys=1"]

    def test_is_not_given_for_good_keys(self, advice: Callable[[], list[str]]) -> None:
        """16 bytes are enough."""
        CursorKeys.of([os.urandom(16)])

        assert advice() == []


class TestPolicy:
    BINDING, POSITION = POSITIONS["partition key"]

    def test_gives_a_unit_of_work_its_cursors(self, make_uow: UnitsOfWork) -> None:
        """Units of work with the same keys open each other's cursors."""
        text = make_uow(cursor_keys=SECRET).cursors.seal(self.POSITION, self.BINDING)

        rotated = make_uow(cursor_keys=[OTHER_SECRET, SECRET])

        assert rotated.cursors.open(text, self.BINDING) == self.POSITION

    def test_takes_the_clock_of_the_unit_of_work(self, make_uow: UnitsOfWork) -> None:
        """The lifetime of cursors goes by the injected clock."""
        clock = Clock()
        cursors = make_uow(
            clock=clock, cursor_keys=CursorKeys((SECRET,), lifetime=timedelta(minutes=1))
        ).cursors
        text = cursors.seal(self.POSITION, self.BINDING)

        clock.now = NOON + timedelta(minutes=1)

        with pytest.raises(InvalidCursor, match="lifetime is over"):
            cursors.open(text, self.BINDING)

    def test_is_checked_at_once(self, make_uow: UnitsOfWork) -> None:
        """Keys that can't be are refused where the unit of work is made."""
        with pytest.raises(ConfigurationError, match="cursor key 1 is empty"):
            make_uow(cursor_keys="")

    def test_makes_a_random_key_when_the_first_cursor_is_sealed(
        self, make_uow: UnitsOfWork, advice: Callable[[], list[str]]
    ) -> None:
        """Who does not page needs no keys and gets no advice; who does gets it once."""
        uow = make_uow()
        encrypts, before = uow.cursors.encrypts, advice()

        texts = [uow.cursors.seal(self.POSITION, self.BINDING) for _ in range(3)]

        assert (encrypts, before) == (True, [])
        assert [uow.cursors.open(text, self.BINDING) for text in texts] == [self.POSITION] * 3
        assert advice() == ["advice.given code='cursor_key_missing'"]

    def test_makes_a_random_key_when_the_first_cursor_is_opened(
        self, make_uow: UnitsOfWork, advice: Callable[[], list[str]]
    ) -> None:
        """A cursor of before a restart is refused, and the advice says why that may be."""
        text = make_uow().cursors.seal(self.POSITION, self.BINDING)
        restarted = make_uow()

        with pytest.raises(InvalidCursor) as refused:
            restarted.cursors.open(text, self.BINDING)

        assert refused.value.reason == "unknown_key"
        assert advice() == ["advice.given code='cursor_key_missing'"] * 2


class TestInvalidCursor:
    def test_is_a_value_error_that_can_be_sent_on(self) -> None:
        """It survives pickling with its reason."""
        error = InvalidCursor("expired")

        copy: InvalidCursor = pickle.loads(pickle.dumps(error))

        assert (type(copy), str(copy), copy.reason) == (InvalidCursor, str(error), "expired")
        assert issubclass(InvalidCursor, ValueError)
