"""The cases of updates that break naive implementations: old values, old numbers, misfits, limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from persistence import (
    CommitConflict,
    CommitOutcomeUnknown,
    ConditionFailed,
    EntityGone,
    Key,
    MappingSchema,
    QueryError,
    Repository,
    StaleEntity,
    ValidationFailed,
    fields,
)
from persistence.errors import ActionRefused, ItemTooLarge, UnitOfWorkStateError
from persistence.operations import GetItem, TransactWrite, UpdateItem
from persistence.query import PatchBuilder, Specification, exists, not_
from persistence.testing.faults import LostAnswer, LostRequest, Rule
from tests.semantics.model import Author, Line, Note, NoteMapping, Setting, SettingMapping
from tests.semantics.world import World

Patching = Callable[[PatchBuilder[Any]], PatchBuilder[Any]]

ABC = [Line("a"), Line("b"), Line("c")]


@dataclass
class Mood:
    """Tells None from nothing: what is absent is calm."""

    id: str
    word: str | None = "calm"
    strength: int = 0
    version: int = 0


class MoodMapping(MappingSchema[Mood]):
    class Meta:
        table = "moods"
        key = Key("id")

    version = fields.Version()


@pytest.fixture
def stored(world: World, notes: Repository[Note]) -> Note:
    note = Note("n1", "first", author=Author("ann"), lines=ABC, score=Decimal(5), extra={"word": "x"})
    world.elsewhere(NoteMapping).add(note)
    world.forget()
    return note


def present(world: World, id_: str = "n1") -> Note:
    return world.elsewhere(NoteMapping).get(id_)


class TestCase36:
    def test_none_and_nothing_are_told_apart(self, world: World) -> None:
        """None is stored where the default is another value; what is removed has the default; NULL exists."""
        moods = world.repository(MoodMapping)
        moods.add(Mood("m", "merry"))
        here = moods.patch("m")

        here.set("word", None).execute()
        assert moods.get("m").word is None
        here.increment("strength").if_exists("word").if_where("word", "=", None).execute()
        here.remove("word").execute()
        assert moods.get("m").word == "calm"
        here.increment("strength").if_missing("word").if_(lambda m: m.word != "merry").execute()
        with pytest.raises(ConditionFailed):
            here.increment("strength").if_where("word", "=", None).execute()

        assert moods.get("m") == Mood("m", "calm", strength=2, version=4)


class TestCase37:
    def test_conditions_are_about_what_was_stored_before(self, world: World, stored: Note) -> None:
        """An update sees the old values everywhere; an absent attribute differs from everything."""
        notes = world.repository(NoteMapping, create=False)
        patch = notes.patch("n1").set("score", 1).set("body", "b")

        patch.if_(lambda n: (n.score == 5) & (n.body != "b")).execute()

        with pytest.raises(ConditionFailed):
            patch.if_(lambda n: n.score == 5).execute()
        with pytest.raises(ConditionFailed):
            patch.if_(lambda n: not_(n.body == "b")).execute()
        assert (present(world).score, present(world).body) == (Decimal(1), "b")

    def test_elements_keep_their_numbers_during_an_update(self, world: World, stored: Note) -> None:
        """Removals and settings use the old numbering; beyond the end elements are appended in order."""
        notes = world.repository(NoteMapping, create=False)

        notes.patch("n1").remove_item("lines", 0).remove_item("lines", 2).execute()
        assert present(world).lines == [Line("b")]

        notes.patch("n1").set("lines", ABC).execute()
        notes.patch("n1").remove_item("lines", 0).set_item("lines", 1, Line("B")).execute()
        assert present(world).lines == [Line("B"), Line("c")]

        notes.patch("n1").set_item("lines", 9, Line("nine")).set_item("lines", 8, Line("eight")).execute()
        notes.patch("n1").remove_item("lines", 77).execute()
        assert present(world).lines == [Line("B"), Line("c"), Line("eight"), Line("nine")]


def test_case_39_groups_of_one_need_no_parentheses(world: World, stored: Note) -> None:
    """However conditions are nested: no redundant parentheses are sent, which the service would refuse."""
    notes = world.repository(NoteMapping, create=False)
    five = Specification[Note](lambda n: n.score == 5)

    patch = notes.patch("n1").set("title", "new").if_(lambda n: not_(not_((five & five)(n))))
    patch.if_(five | ~five).if_(lambda n: (n.score == 5) | ((n.title == "x") & exists(n.body))).if_filter(
        "((score = :five))", five=5
    ).execute()

    assert present(world).title == "new"


def test_case_41_what_is_too_long_is_refused_before_it_is_sent(world: World, stored: Note) -> None:
    """4,096 bytes, 300 operators and 100 options: the same error on each store, and nothing is sent."""
    notes = world.repository(NoteMapping, create=False)
    long, many = notes.patch("n1"), notes.patch("n1").increment("score")
    for number in range(301):
        long = long.set_item("extra", f"entry {number}", number)
        many = many.if_where("title", "=", "first")
    counting = notes.patch("n1")
    for number in range(100):
        counting = counting.increment(f"extra.entry{number}")
    options = many.if_where("title", "in", [f"{number}" for number in range(101)])

    for patch, why in (
        (long, "4096"),
        (counting, "4096"),
        (many, "300 operators"),
        (options, "1 to 100 options"),
    ):
        with pytest.raises(QueryError, match=why):
            patch.execute()
        with pytest.raises(QueryError, match=why):
            patch.execute("new")
        with pytest.raises(QueryError, match=why), world.uow:
            notes.get("n1").body = "changed"
            patch.execute()

    assert [each for each in world.sent if not isinstance(each, GetItem)] == []


UNFIT: list[tuple[Patching, str]] = [
    (lambda p: p.set("author.city", "Graz"), r"what is around author\.city is not stored.*set the whole"),
    (lambda p: p.set_item("lines", 0, Line("a")), r"what is around lines\[0\] is not stored.*if_exists"),
    (lambda p: p.increment("extra.deep.hits"), r"what is around extra\.deep\.hits is not stored"),
    (lambda p: p.remove("author.city"), r"what is around author\.city is not stored"),
    (lambda p: p.increment("extra.word"), r"a value of another type than is worked on, in extra\.word;"),
    (lambda p: p.add("extra.word", 1), r"a value of another type.*set it as a whole"),
    (lambda p: p.append("extra.word", 1), r"a value of another type"),
    (lambda p: p.set("body", "b").add_to_set("extra.word", 1), r"worked on, in extra\.word;"),
    (lambda p: p.increment("score", Decimal("1e50")), "of more than 38 digits or out of range, in score;"),
    (lambda p: p.add("score", Decimal("1e-100")), "of more than 38 digits"),
]


class TestWhatDoesNotFit:
    def test_is_told_of_the_entity(self, world: World, notes: Repository[Note]) -> None:
        """A path that leads nowhere, a value of another type, a number out of range; and the remedy."""
        number, word = {"N": "0"}, {"M": {"word": {"S": "secret"}}}
        world.put(NoteMapping, {"id": {"S": "n1"}, "version": number, "score": {"N": "5"}, "extra": word})

        for patching, why in UNFIT:
            for returning in ("none", "new"):
                with pytest.raises(ActionRefused, match=why) as refused:
                    patching(notes.patch("n1")).execute(returning)
                assert (refused.value.entity_type, refused.value.key) == (Note, ("n1",))
                assert "secret" not in str(refused.value)

        assert present(world).version == 0

    def test_is_too_large(self, world: World, notes: Repository[Note]) -> None:
        """Each value is small enough, but not all of them together."""
        notes.add(Note("n1", body="x" * 250_000))

        for returning in ("none", "new"):
            with pytest.raises(ItemTooLarge) as refused:
                notes.patch("n1").set_item("extra", "more", "x" * 250_000).execute(returning)
            assert (refused.value.entity_type, refused.value.key) == (Note, ("n1",))

        assert present(world).version == 0


def test_what_can_never_be_stored_is_not_sent(world: World, stored: Note) -> None:
    """Numbers that DynamoDB doesn't have, keys of maps that are empty, a list that is also a map."""
    notes = world.repository(NoteMapping, create=False)
    patch = notes.patch("n1")

    for number in (Decimal("1" * 39), Decimal("NaN"), Decimal("Infinity"), True):
        with pytest.raises(ValidationFailed) as failed:
            patch.increment("score", number).execute()
        assert failed.value.messages.keys() == {"score"}
    with pytest.raises(QueryError, match="the key of a map is never empty"):
        patch.set_item("extra", "", 1)
    with pytest.raises(QueryError, match="nothing is both a list and a map"):
        patch.set("extra.new.entry", 1).set("extra.new[0]", 1).execute()

    assert world.sent == []


class TestReturning:
    def test_gives_what_an_upsert_meets_or_makes(self, world: World, notes: Repository[Note]) -> None:
        """Nothing before, the first version after; then the one before, and the one after."""
        now = world.clock.now
        made: dict[str, Any] = {"title": "t", "score": Decimal(1), "version": 0, "updated_at": now}
        after = {**made, "score": Decimal(2), "version": 1}
        expected: dict[Any, tuple[Any, Any]] = {
            "updated_old": ({}, made),
            "updated_new": (made, after),
            "old": (None, Note("old", created_at=now, **made)),
            "new": (Note("new", created_at=now, **made), Note("new", created_at=now, **after)),
        }

        for returning, answers in expected.items():
            patch = notes.patch(returning).increment("score").set("title", "t").if_missing()
            assert (patch.execute(returning), patch.execute(returning)) == answers

    def test_is_given_once_where_the_answer_is_lost(self, world: World, stored: Note) -> None:
        """What is stored tells of the commit: of "new" the answer is made up for, of "old" it is unknown."""
        uow, _ = world.faulty(Rule(LostAnswer(), (UpdateItem,), count=2))
        notes = world.repository(NoteMapping, uow, create=False)

        new = notes.patch("n1").increment("score").execute("updated_new")
        with pytest.raises(CommitOutcomeUnknown) as unknown:
            notes.patch("n1").increment("score").execute("old")

        assert new == {"score": Decimal(6), "version": 1, "updated_at": world.clock.now}
        assert "it did take effect" in unknown.value.__notes__[0]
        assert uow.resume(unknown.value).committed
        assert (present(world).score, present(world).version) == (Decimal(7), 2)

    def test_is_unknown_where_nobody_can_tell(self, world: World, stored: Note) -> None:
        """A request that may still arrive is not repeated, since it would count twice."""
        uow, _ = world.faulty(Rule(LostRequest(), (UpdateItem,), count=1))
        notes = world.repository(NoteMapping, uow, create=False)

        with pytest.raises(CommitOutcomeUnknown):
            notes.patch("n1").increment("score").execute("new")

        assert present(world).score == Decimal(5)


class TestLostAnswers:
    @pytest.mark.parametrize("in_a_unit", [False, True])
    def test_are_made_up_for(self, world: World, stored: Note, in_a_unit: bool) -> None:
        """The same request with the same token counts once, however often it is sent."""
        uow, _ = world.faulty(
            Rule(LostAnswer(), (TransactWrite,), count=2), Rule(LostRequest(), (TransactWrite,), count=1)
        )
        notes = world.repository(NoteMapping, uow, create=False)

        if in_a_unit:
            with uow:
                notes.get("n1").title = "changed"
                notes.patch("n1").increment("score").execute()
        else:
            notes.patch("n1").increment("score").execute()

        assert (present(world).score, present(world).version) == (Decimal(6), 1)

    def test_may_be_resumed(self, world: World, stored: Note) -> None:
        """A patch whose outcome is unknown is committed by `resume`, once."""
        uow, _ = world.faulty(Rule(LostAnswer(), (TransactWrite,), count=1), deadline=0.01)
        notes = world.repository(NoteMapping, uow, create=False)
        with pytest.raises(CommitOutcomeUnknown) as unknown:
            notes.patch("n1").increment("score").execute()

        assert uow.resume(unknown.value).committed

        assert (present(world).score, present(world).version) == (Decimal(6), 1)


class TestRetries:
    def test_read_again_and_patch_again(self, world: World, stored: Note) -> None:
        """A patch beside a change that was stale is a part of the next attempt, and of no other one."""
        notes = world.repository(NoteMapping, create=False)
        others = world.elsewhere(NoteMapping)

        def work() -> None:
            note = notes.get("n1")
            if note.title == "first":
                others.patch("n1").set("title", "theirs").execute()
            note.body = "mine"
            notes.patch("n1").increment("score").execute()

        world.uow.run(work)

        found = present(world)
        assert (found.title, found.body, found.score, found.version) == ("theirs", "mine", Decimal(6), 2)

    def test_are_not_for_conditions_of_patches(self, world: World, stored: Note) -> None:
        """What the caller demands does not come true by asking again."""
        notes = world.repository(NoteMapping, create=False)
        calls = []

        def work() -> None:
            calls.append(notes.get("n1"))
            notes.patch("n1").increment("score").if_(lambda n: n.score > 100).execute()

        with pytest.raises(CommitConflict):
            world.uow.run(work)

        assert len(calls) == 1


class TestSerializable:
    def test_patch_demands_what_was_read(self, world: World, stored: Note) -> None:
        """The check of what was read is folded into the patch: one action per item."""
        notes = world.repository(NoteMapping, create=False)
        notes.add(Note("n2"))
        world.forget()

        with world.uow(isolation="serializable"):
            notes.get("n1")
            notes.get("n2")
            notes.patch("n1").increment("score").execute()
            assert [each.verb for each in world.uow.pending] == ["patch", "check"]
        assert [len(actions) for actions in world.writes] == [2]

        with pytest.raises(CommitConflict) as refused, world.uow(isolation="serializable"):
            notes.get("n1")
            world.elsewhere(NoteMapping).patch("n1").set("title", "theirs").execute()
            notes.patch("n1").increment("score").execute()
        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity]
        assert present(world).score == Decimal(6)

    def test_patch_of_what_was_absent(self, world: World, notes: Repository[Note]) -> None:
        """It is made if it still is absent, and only if the patch may make it."""
        with world.uow(isolation="serializable"):
            assert notes.find("n1") is None
            notes.patch("n1").increment("score").if_missing().execute()
        assert present(world).score == Decimal(1)

        with pytest.raises(CommitConflict) as gone, world.uow(isolation="serializable"):
            assert notes.find("n2") is None
            notes.patch("n2").increment("score").execute()
        with pytest.raises(CommitConflict) as late, world.uow(isolation="serializable"):
            assert notes.find("n3") is None
            world.elsewhere(NoteMapping).add(Note("n3"))
            notes.patch("n3").increment("score").if_missing().execute()
        reasons = (*gone.value.reasons, *late.value.reasons)
        assert [type(reason) for reason in reasons] == [EntityGone, StaleEntity]

    def test_patch_of_an_entity_without_version(self, world: World, settings: Repository[Setting]) -> None:
        """What was read is compared, since no version tells of changes."""
        settings.add(Setting("s1"))

        with pytest.raises(CommitConflict) as refused, world.uow(isolation="serializable"):
            settings.get("s1")
            world.elsewhere(SettingMapping).patch("s1").set("value", "theirs").execute()
            settings.patch("s1").set("author", Author("me")).execute()

        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity]


class TestInAUnit:
    def test_is_not_seen_before_the_commit(self, world: World, stored: Note) -> None:
        """`get` after a patch gives what is stored; a change of that and the patch are one update."""
        notes = world.repository(NoteMapping, create=False)

        with world.uow:
            notes.patch("n1").increment("score").execute()
            note = notes.get("n1")
            assert (note.score, note.version) == (Decimal(5), 0)
            note.title = "changed"

        assert [len(actions) for actions in world.writes] == [1]
        found = present(world)
        assert (found.score, found.title, found.version) == (Decimal(6), "changed", 1)

    def test_refuses_a_removed_entity_with_the_remedy(self, world: World, stored: Note) -> None:
        """What is removed is not to be changed."""
        notes = world.repository(NoteMapping, create=False)

        with pytest.raises(UnitOfWorkStateError, match="leave one of the two out"), world.uow:
            notes.remove(notes.get("n1"))
            notes.patch("n1").increment("score").execute()

        assert world.writes == []
