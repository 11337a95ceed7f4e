"""Frozen dataclasses whose constructor sets their slots at once are dataclasses as all others."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, fields, replace

import pytest

from persistence.quick_init import made_quickly


@made_quickly
@dataclass(frozen=True, slots=True)
class Quick:
    one: int
    two: str
    three: tuple[int, ...] = ()
    four: bool = False


@dataclass(frozen=True, slots=True)
class Usual:
    one: int
    two: str
    three: tuple[int, ...] = ()
    four: bool = False


class TestConstructor:
    def test_takes_places_names_and_defaults(self) -> None:
        made = [Quick(1, "a"), Quick(two="a", one=1), Quick(1, "a", (), False), Quick(1, two="a", four=False)]

        assert [(each.one, each.two, each.three, each.four) for each in made] == [(1, "a", (), False)] * 4
        assert Quick(1, "a", (2,), True).three == (2,)

    def test_has_the_signature_that_it_would_have(self) -> None:
        usual, quick = inspect.signature(Usual), inspect.signature(Quick)

        assert quick == usual
        assert Quick.__init__.__qualname__ == "Quick.__init__"
        assert Quick.__init__.__module__ == __name__

    @pytest.mark.parametrize("arguments", [{}, {"one": 1}, {"one": 1, "two": "a", "five": 5}])
    def test_refuses_what_does_not_fit(self, arguments: dict[str, object]) -> None:
        with pytest.raises(TypeError, match=r"two|one|five"):
            Quick(**arguments)  # type: ignore[arg-type]


class TestInstances:
    def test_stay_frozen(self) -> None:
        made = Quick(1, "a")

        with pytest.raises(FrozenInstanceError):
            made.one = 2  # type: ignore[misc]

    def test_compare_hash_show_copy_and_pickle(self) -> None:
        made = Quick(1, "a", (2,))

        assert made == Quick(1, "a", (2,)) != Quick(1, "b", (2,))
        assert hash(made) == hash(Quick(1, "a", (2,)))
        assert repr(made) == "Quick(one=1, two='a', three=(2,), four=False)"
        assert replace(made, two="b") == Quick(1, "b", (2,))
        assert copy.copy(made) == copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == made
        assert [field.name for field in fields(made)] == ["one", "two", "three", "four"]
