"""Scopes: who opens a unit, who joins it, who may commit it, and what its end means."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator, Iterator
from contextvars import copy_context

import pytest

from persistence import EntityNotFound, Repository, UnitOfWorkStateError
from persistence.errors import ConcurrentUse, UnitBroken, UnitClosed
from tests.semantics.model import Note, NoteMapping, Order, OrderMapping
from tests.semantics.world import World


class Trouble(Exception):
    """What goes wrong in the tests."""


class TestOneBlock:
    def test_commits_on_a_clean_exit(self, world: World, notes: Repository[Note]) -> None:
        """`with uow:` commits on a clean exit."""
        with world.uow:
            notes.add(Note("n1"))
            assert world.stored(NoteMapping, "n1") is None

        assert world.stored(NoteMapping, "n1") is not None

    def test_discards_on_an_exception(self, world: World, notes: Repository[Note]) -> None:
        """`with uow:` discards on an exception, which passes."""
        with pytest.raises(Trouble), world.uow:
            notes.add(Note("n1"))
            raise Trouble

        assert world.sent == []

    def test_writes_all_repositories_in_one_transaction(self, world: World, notes: Repository[Note]) -> None:
        """A commit is one `TransactWriteItems`."""
        orders = world.repository(OrderMapping)

        with world.uow:
            notes.add(Note("n1"))
            orders.add(Order("c1", 1))

        assert [len(actions) for actions in world.writes] == [2]

    def test_gives_the_unit_of_work(self, world: World) -> None:
        """`with uow as opened` names the unit of work itself."""
        with world.uow as opened:
            assert opened is world.uow
        with world.uow() as opened:
            assert opened is world.uow


class TestNesting:
    def test_joins_the_outer_unit(self, world: World, notes: Repository[Note]) -> None:
        """Nested `with uow:` joins the outer unit; the scope that opened it commits."""
        with world.uow:
            outer = notes.add(Note("n1"))
            with world.uow:
                assert notes.get("n1") is outer
                notes.add(Note("n2"))
            assert world.sent == []

        assert [len(actions) for actions in world.writes] == [2]

    def test_an_inner_failure_breaks_the_outer_unit_even_if_it_is_caught(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """A failure inside breaks the outer one too, even if it is caught."""
        with pytest.raises(Trouble), world.uow:
            notes.add(Note("n1"))
            with pytest.raises(Trouble), world.uow:
                raise Trouble
            with pytest.raises(UnitBroken) as broken:
                notes.add(Note("n2"))
            assert isinstance(broken.value.first_failure, Trouble)

        assert world.sent == []

    def test_only_the_opener_commits_and_rolls_back(self, world: World, notes: Repository[Note]) -> None:
        """`commit()` and `rollback()` raise in joined scopes; only the opener may call them."""
        with world.uow as uow:
            notes.add(Note("n1"))
            with uow:
                with pytest.raises(UnitOfWorkStateError, match="joined"):
                    uow.commit()
                with pytest.raises(UnitOfWorkStateError, match="joined"):
                    uow.rollback()
            uow.commit()

        assert world.stored(NoteMapping, "n1") is not None

    def test_a_joined_scope_sees_what_is_pending(self, world: World, notes: Repository[Note]) -> None:
        """A joined scope shares everything with the one that it joined."""
        with world.uow as uow:
            notes.add(Note("n1"))
            with uow():
                assert [planned.verb for planned in uow.pending] == ["create"]

    def test_two_units_of_work_nest_independently(self, world: World, notes: Repository[Note]) -> None:
        """Two `UnitOfWork` objects nest independently."""
        other = world.unit_of_work()
        other_notes = world.repository(NoteMapping, other)

        with pytest.raises(Trouble), world.uow:
            notes.add(Note("n1"))
            with other:
                other_notes.add(Note("n2"))
                assert other_notes.find("n1") is None
            raise Trouble

        assert world.stored(NoteMapping, "n1") is None
        assert world.stored(NoteMapping, "n2") is not None

    def test_a_failure_of_another_unit_of_work_does_not_break_this_one(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Two `UnitOfWork` objects nest independently."""
        other = world.unit_of_work()

        with world.uow:
            with pytest.raises(Trouble), other:
                raise Trouble
            notes.add(Note("n1"))

        assert world.stored(NoteMapping, "n1") is not None


class TestRollback:
    def test_drops_what_is_pending_and_goes_on_empty(self, world: World, notes: Repository[Note]) -> None:
        """`rollback()` detaches every entity without restoring objects; the unit goes on empty."""
        world.elsewhere(NoteMapping).add(Note("n1", "first"))

        with world.uow as uow:
            note = notes.get("n1")
            note.title = "changed"
            notes.add(Note("n2"))
            uow.rollback()

            assert note.title == "changed"
            assert uow.pending == ()
            again = notes.get("n1")
            assert (again is note, again.title) == (False, "first")
            notes.add(Note("n3"))

        assert world.stored(NoteMapping, "n2") is None
        assert world.stored(NoteMapping, "n3") is not None

    def test_forgets_absence_too(self, world: World, notes: Repository[Note]) -> None:
        """Later reads load anew."""
        with world.uow as uow:
            assert notes.find("n1") is None
            world.elsewhere(NoteMapping).add(Note("n1"))
            uow.rollback()

            assert notes.find("n1") is not None


class TestEarlyCommit:
    def test_goes_on_with_the_same_objects(self, world: World, notes: Repository[Note]) -> None:
        """`uow.commit()` commits early and the unit goes on."""
        with world.uow as uow:
            note = notes.add(Note("n1"))
            uow.commit()

            assert notes.get("n1") is note
            assert note.version == 0

        assert len(world.writes) == 1

    def test_survives_a_later_failure(self, world: World, notes: Repository[Note]) -> None:
        """What was committed early stays, whatever becomes of the rest."""
        with pytest.raises(Trouble), world.uow as uow:
            notes.add(Note("n1"))
            uow.commit()
            notes.add(Note("n2"))
            raise Trouble

        assert world.stored(NoteMapping, "n1") is not None
        assert world.stored(NoteMapping, "n2") is None


class TestOutsideAnyScope:
    @pytest.mark.parametrize(
        "call", [lambda uow: uow.commit(), lambda uow: uow.rollback(), lambda uow: uow.pending]
    )
    def test_there_is_nothing_to_commit(self, world: World, call: Callable[..., object]) -> None:
        """Calls about a unit need one."""
        with pytest.raises(UnitOfWorkStateError, match="no unit of work is open"):
            call(world.uow)


class TestAfterTheEnd:
    def test_lazy_queries_raise(self, world: World, orders: Repository[Order]) -> None:
        """Lazy queries consumed after the unit closed raise."""
        world.elsewhere(OrderMapping).add(Order("c1", 1))

        with world.uow:
            query = orders.query(lambda o: o.customer_id == "c1")

        with pytest.raises(UnitClosed):
            query.all()
        with pytest.raises(UnitClosed):
            query.count()

    def test_iterators_raise(self, world: World, orders: Repository[Order]) -> None:
        """Generators consumed after the unit closed raise, though their page is read already."""
        others = world.elsewhere(OrderMapping)
        others.add(Order("c1", 1))
        others.add(Order("c1", 2))

        with world.uow:
            results = iter(orders.query(lambda o: o.customer_id == "c1"))
            next(results)

        with pytest.raises(UnitClosed):
            next(results)

    def test_queries_of_no_unit_work_anywhere(self, world: World, orders: Repository[Order]) -> None:
        """A query that was made outside a unit belongs to none."""
        world.elsewhere(OrderMapping).add(Order("c1", 1))
        query = orders.query(lambda o: o.customer_id == "c1")

        with world.uow:
            assert query.count() == 1

        assert query.count() == 1

    def test_the_thread_may_open_another(self, world: World, notes: Repository[Note]) -> None:
        """A closed unit is left behind where its block ends."""
        with world.uow:
            notes.add(Note("n1"))

        with world.uow:
            notes.get("n1").title = "changed"
        notes.add(Note("n2"))

        assert [len(actions) for actions in world.writes] == [1, 1, 1]


class TestOneShotScopes:
    def test_serve_generators_that_end_in_another_context(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """In generators and fixtures `with uow():` may be left in another Context of the same thread."""

        def fixture() -> Iterator[None]:
            with world.uow():
                notes.add(Note("n1"))
                yield

        generator = fixture()
        copy_context().run(next, generator)
        copy_context().run(next, generator, None)

        assert world.stored(NoteMapping, "n1") is not None

    def test_discard_in_another_context_too(self, world: World, notes: Repository[Note]) -> None:
        """An exception discards, wherever the scope is left."""

        def fixture() -> Generator[None, None, None]:
            with world.uow():
                notes.add(Note("n1"))
                yield

        generator = fixture()
        copy_context().run(next, generator)
        with pytest.raises(Trouble):
            copy_context().run(generator.throw, Trouble())

        assert world.sent == []

    def test_belong_to_their_thread(self, world: World, notes: Repository[Note]) -> None:
        """Left in another thread nothing is written: `ConcurrentUse`."""
        scope = world.uow()
        scope.__enter__()
        notes.add(Note("n1"))

        error = in_thread(lambda: scope.__exit__(None, None, None))

        assert isinstance(error, ConcurrentUse)
        assert world.writes == []

    def test_may_be_left_in_another_order(self, world: World, notes: Repository[Note]) -> None:
        """Scopes of two units of work may overlap without nesting, as two fixtures do."""
        other = world.unit_of_work()
        other_notes = world.repository(NoteMapping, other)
        first, second = world.uow(), other()
        first.__enter__()
        second.__enter__()
        notes.add(Note("n1"))

        first.__exit__(None, None, None)
        other_notes.add(Note("n2"))
        pending = [planned.key_values for planned in other.pending]
        second.__exit__(None, None, None)

        assert pending == [("n2",)]
        assert world.stored(NoteMapping, "n1") is not None
        assert world.stored(NoteMapping, "n2") is not None

    def test_serve_one_statement(self, world: World) -> None:
        """A one-shot scope is entered once."""
        scope = world.uow()
        with scope:
            pass

        with pytest.raises(UnitOfWorkStateError, match="one `with` statement"), scope:
            pass

    @pytest.mark.synchronous("it leaves a block in a context of its own")
    @pytest.mark.filterwarnings("ignore:a unit of work was opened and never left:ResourceWarning")
    def test_plain_blocks_left_elsewhere_say_what_to_write(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """A plain `with uow:` left in another context commits nothing and names the remedy."""

        def fixture() -> Iterator[None]:
            with world.uow:
                notes.add(Note("n1"))
                yield

        generator = fixture()
        copy_context().run(next, generator)
        with pytest.raises(UnitOfWorkStateError, match=r"with uow\(\):"):
            copy_context().run(next, generator, None)

        assert world.sent == []


def in_thread(work: Callable[[], object]) -> BaseException | None:
    """Run work in another thread that inherited this context; give its error."""
    caught: list[BaseException | None] = []

    def target() -> None:
        try:
            work()
        except UnitOfWorkStateError as error:
            caught.append(error)
        else:
            caught.append(None)

    thread = threading.Thread(target=copy_context().run, args=(target,))
    thread.start()
    thread.join()
    return caught[0]


@pytest.mark.synchronous("threads and tasks; test_async.py has its counterpart")
class TestThreads:
    def test_another_thread_that_inherited_the_context_is_refused(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Another thread that inherited the context gets `ConcurrentUse`."""
        with world.uow as uow:
            notes.add(Note("n1"))
            errors = [
                in_thread(lambda: notes.get("n1")),
                in_thread(lambda: notes.add(Note("n2"))),
                in_thread(uow.commit),
                in_thread(lambda: uow.__enter__()),
            ]

        assert [type(error) for error in errors] == [ConcurrentUse] * 4
        assert world.stored(NoteMapping, "n1") is not None
        assert world.stored(NoteMapping, "n2") is None

    def test_a_thread_with_an_empty_context_has_units_of_its_own(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Each `with` opens a scope in a ContextVar: threads don't see each other's units."""

        def work() -> None:
            with world.uow:
                notes.add(Note("n2"))

        with pytest.raises(Trouble), world.uow:
            notes.add(Note("n1"))
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            raise Trouble

        assert world.stored(NoteMapping, "n1") is None
        assert world.stored(NoteMapping, "n2") is not None

    def test_a_call_from_a_context_whose_unit_has_closed_is_refused(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """A call from a context whose unit has closed raises; only `with uow:` opens a new one there."""
        with world.uow:
            context = copy_context()

        with pytest.raises(UnitClosed):
            context.run(notes.find, "n1")
        with pytest.raises(UnitClosed):
            context.run(notes.add, Note("n1"))

        def opening() -> None:
            with world.uow:
                notes.add(Note("n1"))
            notes.get("n1")

        context.run(opening)
        assert world.stored(NoteMapping, "n1") is not None


@pytest.mark.synchronous("threads and tasks; test_async.py has its counterpart")
class TestTasks:
    def test_of_one_loop_may_share_a_unit(self, world: World, notes: Repository[Note]) -> None:
        """Tasks of the same loop may use a unit together."""

        async def add(key: str) -> None:
            await asyncio.sleep(0)
            with world.uow:
                notes.add(Note(key))

        async def main() -> None:
            with world.uow:
                async with asyncio.TaskGroup() as group:
                    group.create_task(add("n1"))
                    group.create_task(add("n2"))

        asyncio.run(main())

        assert [len(actions) for actions in world.writes] == [2]

    def test_a_worker_thread_of_the_loop_is_refused(self, world: World, notes: Repository[Note]) -> None:
        """`asyncio.to_thread` inherits the context, not the unit: `ConcurrentUse`."""

        async def main() -> None:
            with world.uow:
                with pytest.raises(ConcurrentUse):
                    await asyncio.to_thread(notes.get, "n1")
                notes.add(Note("n1"))

        asyncio.run(main())

        assert world.stored(NoteMapping, "n1") is not None

    def test_another_loop_is_refused(self, world: World, notes: Repository[Note]) -> None:
        """A unit belongs to the thread and the event loop that opened it."""

        async def use() -> None:
            notes.get("n1")

        with world.uow, pytest.raises(ConcurrentUse):
            asyncio.run(use())

    def test_still_inside_at_the_end_break_the_unit(self, world: World, notes: Repository[Note]) -> None:
        """Tasks that joined are still inside when the opener leaves: the unit breaks, nothing is written."""

        async def linger(entered: asyncio.Event, leave: asyncio.Event) -> None:
            with world.uow:
                notes.add(Note("n2"))
                entered.set()
                await leave.wait()

        async def main() -> None:
            entered, leave = asyncio.Event(), asyncio.Event()
            with pytest.raises(UnitOfWorkStateError, match="still inside"), world.uow:
                notes.add(Note("n1"))
                task = asyncio.create_task(linger(entered, leave))
                await entered.wait()
            leave.set()
            with pytest.raises(UnitOfWorkStateError, match="still inside"):
                await task

        asyncio.run(main())

        assert world.sent == []

    def test_that_outlive_their_unit_are_refused(self, world: World, notes: Repository[Note]) -> None:
        """A task made within a unit sees that unit, also when it is closed, until it opens another."""

        async def late(go: asyncio.Event) -> None:
            await go.wait()
            with pytest.raises(UnitClosed):
                notes.find("n1")
            with world.uow:
                notes.add(Note("n1"))

        async def main() -> None:
            go = asyncio.Event()
            with world.uow:
                task = asyncio.create_task(late(go))
            go.set()
            await task

        asyncio.run(main())

        assert world.stored(NoteMapping, "n1") is not None

    def test_made_outside_have_units_of_their_own(self, world: World, notes: Repository[Note]) -> None:
        """Each task that opens a unit has its own: one's failure is not the other's."""

        async def add(key: str, *, fail: bool) -> None:
            with world.uow:
                notes.add(Note(key))
                await asyncio.sleep(0)
                if fail:
                    raise Trouble

        async def main() -> list[BaseException | None]:
            return list(
                await asyncio.gather(add("n1", fail=True), add("n2", fail=False), return_exceptions=True)
            )

        failed, done = asyncio.run(main())

        assert (type(failed), done) == (Trouble, None)
        assert world.stored(NoteMapping, "n1") is None
        assert world.stored(NoteMapping, "n2") is not None


class TestAutocommit:
    """Outside a unit the calls act at once, each as a unit of its own."""

    def test_writes_are_one_transaction_each(self, world: World, notes: Repository[Note]) -> None:
        """A unit of one write is one `TransactWriteItems` too."""
        note = notes.add(Note("n1"))
        note.title = "changed"
        notes.update(note)
        notes.save(note)
        note = notes.get("n1")
        notes.remove(note)

        assert [len(actions) for actions in world.writes] == [1, 1, 1, 1]
        assert world.stored(NoteMapping, "n1") is None

    def test_objects_move_on_with_each_write(self, world: World, notes: Repository[Note]) -> None:
        """Version and timestamps on the objects are those that are stored."""
        note = notes.add(Note("n1", version=5))
        added = note.version
        world.clock.tick()
        notes.update(note)

        assert (added, note.version, note.updated_at) == (0, 1, world.clock.now)
        assert world.elsewhere(NoteMapping).get("n1") == note

    def test_reads_find_nothing_that_is_not_stored(self, notes: Repository[Note]) -> None:
        """`get` raises `EntityNotFound` with type and key, `find` gives None."""
        with pytest.raises(EntityNotFound) as missing:
            notes.get("n1")

        assert (missing.value.entity_type, missing.value.key, missing.value.keys) == (
            Note,
            ("n1",),
            (("n1",),),
        )
        assert notes.find("n1") is None

    def test_may_be_forbidden_for_writes(self, world: World, notes: Repository[Note]) -> None:
        """`UnitOfWork(store, autocommit=False)` makes writes outside a unit an error; reads stay."""
        strict = world.unit_of_work(autocommit=False)
        notes = world.repository(NoteMapping, strict)

        for write in (notes.add, notes.update, notes.save, notes.remove):
            with pytest.raises(UnitOfWorkStateError, match="autocommit=False"):
                write(Note("n1"))
        assert notes.find("n1") is None
        assert world.writes == []

        with strict:
            notes.add(Note("n1"))
        assert world.stored(NoteMapping, "n1") is not None

    def test_a_refused_write_changes_no_object(self, notes: Repository[Note]) -> None:
        """All or nothing in memory too."""
        notes.add(Note("n1"))
        second = Note("n1", version=9)

        with pytest.raises(Exception, match="stored already"):
            notes.add(second)

        assert (second.version, second.created_at) == (9, None)
