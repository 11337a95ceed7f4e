"""The pytest plugin, as a user's test run sees it."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import persistence

pytest_plugins = ["pytester"]

SHOP = Path(__file__).with_name("shop.py")
PLUGIN = "persistence.testing.plugin"
CONFIGURATION = """
[pytest]
addopts = --strict-markers --strict-config -p no:cacheprovider
filterwarnings = error
"""

# A run within this process forgets what it was the first to import, and the next one would import it twice.
for _module in pkgutil.walk_packages(persistence.__path__, "persistence."):
    if not _module.name.endswith("__main__"):
        import_module(_module.name)


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A user's project with a domain, and nothing of this repository's tests."""
    pytester.makeini(CONFIGURATION)
    pytester.path.joinpath("shop.py").write_text(SHOP.read_text())
    pytester.plugins = [PLUGIN]
    pytester.syspathinsert()
    return pytester


def run(project: pytest.Pytester, tests: str, *options: str) -> pytest.RunResult:
    head = "import asyncio\nimport pytest\nfrom persistence import *\nfrom shop import *\n\n"
    project.path.joinpath("test_it.py").write_text(head + tests)
    return project.runpytest_inprocess("-p", PLUGIN, *options)


class TestFixtures:
    def test_stand_on_one_store_clock_and_ids(self, project: pytest.Pytester) -> None:
        """All of a test's fixtures see the same; the next test finds nothing of it."""
        ran = run(
            project,
            """
def test_first(uow, repository_of, memory_store, persistence_store, frozen_clock, sequential_ids):
    orders, same = repository_of(OrderMapping), repository_of(Orders)
    assert type(same) is Orders
    assert uow.store is memory_store is persistence_store
    with uow:
        orders.add(Order("o-1", "c-1"))
    assert same.get("o-1").placed_at == frozen_clock.now
    assert sequential_ids.given == ("id-1",)
    frozen_clock.advance(60)
    assert memory_store.expire() == 0

def test_second(repository_of, frozen_clock):
    assert repository_of(OrderMapping).find("o-1") is None
    assert frozen_clock.now.isoformat() == "2026-01-01T12:00:00+00:00"

def test_awaited(async_uow, async_repository_of, async_memory_store, repository_of):
    async def place():
        async with async_uow:
            await async_repository_of(OrderMapping).add(Order("o-1", "c-1"))
        return (await async_memory_store.perform(await asyncio.to_thread(ask))).item
    from persistence.operations import GetItem
    from persistence.mapping import mapping_of
    ask = lambda: GetItem(mapping_of(OrderMapping).table, {"id": {"S": "o-1"}})
    assert asyncio.run(place())["customerId"] == {"S": "c-1"}
    assert repository_of(OrderMapping).get("o-1").customer_id == "c-1"
""",
        )

        ran.assert_outcomes(passed=3)

    def test_serve_coroutines(self, project: pytest.Pytester) -> None:
        """Tests that a plugin of another library runs: budgets, scans and units are theirs, too."""
        ran = run(
            project,
            """
pytestmark = pytest.mark.anyio

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.fixture
async def pen(async_uow, async_repository_of):
    async with async_uow():
        return await async_repository_of(OrderMapping).add(Order("o-1", "c-1"))

async def test_unit(pen, async_uow, async_repository_of, cost_budget):
    with cost_budget(read_units=1, write_units=4, requests=2):
        async with async_uow:
            order = await async_repository_of(OrderMapping).get("o-1")
            order.total += 1
    assert (order.version, order.total) == (1, 1)

@pytest.mark.forbid_scans
async def test_swallowed(async_repository_of):
    try:
        await async_repository_of(OrderMapping).scan().all()
    except AssertionError:
        pass
""",
        )

        ran.assert_outcomes(passed=1, failed=1)
        ran.stdout.fnmatch_lines(["*ForbiddenScan: a scan of table 'orders'*"])

    def test_give_way_to_those_of_the_user(self, project: pytest.Pytester) -> None:
        """A fixture of the same name takes the place, and the others stand on it."""
        project.makeconftest(
            """
import pytest
from persistence import MemoryStore

@pytest.fixture
def memory_store(frozen_clock):
    return MemoryStore(clock=frozen_clock, index_delay=1)
"""
        )
        ran = run(
            project,
            """
def test_index_is_behind(repository_of, frozen_clock, cost_budget):
    orders = repository_of(OrderMapping)
    orders.add(Order("o-1", "c-1"))
    with cost_budget(requests=2):
        assert orders.query(lambda o: o.customer_id == "c-1").all() == []
        frozen_clock.advance(1)
        assert orders.query(lambda o: o.customer_id == "c-1").one().id == "o-1"
""",
        )

        ran.assert_outcomes(passed=1)

    def test_put_their_store_under_a_container(self, project: pytest.Pytester) -> None:
        """Until the test ends, for what is built already, too."""
        ran = run(
            project,
            """
container = PersistenceContainer()
orders = container.repository(OrderMapping)

def test_first(override_store, memory_store, cost_budget):
    assert override_store(container) is memory_store
    with cost_budget(write_units=4):
        orders.add(Order("o-1", "c-1"))

def test_second():
    assert orders.find("o-1") is None
""",
        )

        ran.assert_outcomes(passed=2)

    def test_load_files_from_beside_the_test(self, project: pytest.Pytester) -> None:
        """Wherever pytest was started."""
        project.path.joinpath("data").mkdir()
        project.path.joinpath("data/orders.json").write_text('[{"id": "o-1", "customer_id": "c-1"}]')
        ran = run(
            project,
            """
def test_it(load_fixture, repository_of):
    loaded = load_fixture({OrderMapping: "data/orders.json"})
    assert repository_of(OrderMapping).get("o-1") == loaded[OrderMapping][0]
""",
        )

        ran.assert_outcomes(passed=1)


class TestCostBudget:
    def test_fails_a_test_with_a_table(self, project: pytest.Pytester) -> None:
        """Of what was sent, from where, and what each cost."""
        ran = run(
            project,
            """
def test_costs(uow, repository_of, cost_budget):
    orders = repository_of(OrderMapping)
    with cost_budget(read_units=1, write_units=3):
        orders.add(Order("o-1", "c-1"))
        orders.get("o-1")
""",
        )

        ran.assert_outcomes(failed=1)
        ran.stdout.fnmatch_lines(
            [
                "*CostBudgetExceeded: the cost budget is exceeded: 4 write units of 3",
                "E*#  operation      table   items  read units  write units  sent by",
                "E*1  TransactWrite  orders      1           0            4  test_it.py:10",
                "E*2  GetItem        orders      1           1            0  test_it.py:11",
                "E*   total                      2           1            4",
            ]
        )

    def test_imported_watches_the_fixtures_too(self, project: pytest.Pytester) -> None:
        """Also those of an asynchronous unit, and each request is counted once."""
        ran = run(
            project,
            """
from persistence.testing import CostBudgetExceeded, cost_budget

def test_import(repository_of):
    with pytest.raises(CostBudgetExceeded), cost_budget(requests=0):
        repository_of(OrderMapping).find("o-1")

def test_async(async_repository_of, uow):
    async def read():
        await async_repository_of(OrderMapping).find("o-1")
    with cost_budget(read_units=1, requests=1) as spent:
        asyncio.run(read())
    assert spent.requests == 1
""",
        )

        ran.assert_outcomes(passed=2)

    def test_without_a_store_says_what_to_do(self, project: pytest.Pytester) -> None:
        ran = run(
            project,
            """
def test_it(cost_budget):
    with cost_budget(read_units=1):
        pass
""",
        )

        ran.assert_outcomes(failed=1)
        ran.stdout.fnmatch_lines(
            ["*UnitOfWorkStateError: cost_budget has no store to watch; ask for the fixture*"]
        )

    def test_does_not_watch_the_store_of_another_test(self, project: pytest.Pytester) -> None:
        """What a test leaves behind is not the next one's to pay."""
        ran = run(
            project,
            """
from persistence.testing import cost_budget
kept = []

def test_first(repository_of):
    kept.append(repository_of(OrderMapping))

def test_second(uow):
    with cost_budget(requests=0):
        kept[0].find("o-1")
""",
        )

        ran.assert_outcomes(passed=2)


class TestForbidScans:
    def test_fails_queries_and_scans(self, project: pytest.Pytester) -> None:
        """A query before anything is sent, a scan at the store, and also where the error is swallowed."""
        ran = run(
            project,
            """
from persistence.errors import ScanForbidden
pytestmark = pytest.mark.forbid_scans

def test_query(repository_of):
    with pytest.raises(ScanForbidden):
        repository_of(OrderMapping).query(lambda o: o.total > 1).all()

def test_scan(repository_of):
    repository_of(OrderMapping).scan().all()

def test_own_unit(memory_store):
    Repository(OrderMapping, UnitOfWork(memory_store, scan_policy="allow")).query(lambda o: o.total > 1).all()

def test_swallowed(repository_of):
    try:
        repository_of(OrderMapping).scan().index("by-customer").all()
    except Exception:
        pass
    except AssertionError:
        pass

def test_key(repository_of):
    repository_of(OrderMapping).find("o-1")
""",
        )

        ran.assert_outcomes(passed=2, failed=3)
        ran.stdout.fnmatch_lines(
            [
                "*ForbiddenScan: a scan of table 'orders', and scans are forbidden here; query by a key *",
                "*ForbiddenScan: a scan of index 'by-customer' of table 'orders', and scans are forbidden*",
            ]
        )

    def test_are_found_in_test_cases_of_unittest(self, project: pytest.Pytester) -> None:
        """They are run in another way than functions."""
        ran = run(
            project,
            """
import unittest

@pytest.mark.forbid_scans
class Swallowed(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def take(self, repository_of):
        self.orders = repository_of(OrderMapping)

    def test_scan(self):
        try:
            self.orders.scan().all()
        except AssertionError:
            pass

    def test_get(self):
        assert self.orders.find("o-1") is None
""",
        )

        ran.assert_outcomes(passed=1, failed=1)
        ran.stdout.fnmatch_lines(["*ForbiddenScan: a scan of table 'orders', and scans are forbidden*"])

    def test_and_costs_are_watched_in_stores_of_the_user(self, project: pytest.Pytester) -> None:
        """Without a unit of work of the plugin, and in a store that outlives the test."""
        project.makeconftest(
            """
import pytest
from persistence import MemoryStore

@pytest.fixture(scope="session")
def persistence_store():
    return MemoryStore()
"""
        )
        ran = run(
            project,
            """
@pytest.mark.forbid_scans
@pytest.mark.parametrize("n", [1, 2])
def test_forbidden(persistence_store, n):
    Repository(OrderMapping, UnitOfWork(persistence_store)).scan().all()

@pytest.mark.forbid_scans
def test_no_store():
    pass

def test_cost(persistence_store, cost_budget):
    with cost_budget(requests=1) as budget:
        Repository(OrderMapping, UnitOfWork(persistence_store)).find("o-1")
    assert budget.requests == 1

def test_nothing_is_left(persistence_store):
    assert "perform" not in vars(persistence_store)
""",
        )

        ran.assert_outcomes(passed=3, failed=2)
        ran.stdout.fnmatch_lines(["*ForbiddenScan: a scan of table 'orders', and scans are forbidden*"])

    def test_lets_others_scan(self, project: pytest.Pytester) -> None:
        """A test without the marker is not concerned."""
        ran = run(
            project,
            "def test_it(repository_of):\n    assert repository_of(OrderMapping).scan().all() == []\n",
        )

        ran.assert_outcomes(passed=1)


class TestOption:
    def test_refuses_other_names(self, project: pytest.Pytester) -> None:
        ran = run(project, "def test_it(): pass\n", "--persistence-store=redis")

        assert ran.ret == pytest.ExitCode.USAGE_ERROR
        ran.stderr.fnmatch_lines(
            ["ERROR: --persistence-store, or *, is one of memory, moto, dynamodb-local, not 'redis'"]
        )

    def test_is_read_from_the_configuration(self, project: pytest.Pytester) -> None:
        """The header says where tests stand on something else than memory; the marker overrules it."""
        project.makeini(CONFIGURATION + "persistence_store = moto\n")
        ran = run(
            project,
            """
def test_name(request):
    from persistence.testing.plugin import _configured
    assert _configured(request.config) == "moto"

@pytest.mark.persistence_store("memory")
def test_marked(uow):
    assert type(uow.store) is MemoryStore
""",
        )

        ran.assert_outcomes(passed=2)
        ran.stdout.fnmatch_lines(["persistence store: moto"])

    def test_gives_way_to_a_parameter(self, project: pytest.Pytester) -> None:
        """So one test runs on several stores."""
        ran = run(
            project,
            """
@pytest.mark.parametrize("persistence_store", ["memory", "redis"], indirect=True)
def test_it(repository_of):
    assert repository_of(OrderMapping).find("o-1") is None
""",
        )

        ran.assert_outcomes(passed=1, errors=1)
        ran.stdout.fnmatch_lines(["*the parameter of persistence_store is one of memory, *, not 'redis'"])

    def test_refuses_a_name_in_place_of_a_store(self, project: pytest.Pytester) -> None:
        """A parameter without `indirect` is the store itself: it says what to write."""
        ran = run(
            project,
            """
@pytest.mark.parametrize("persistence_store", ["memory"])
def test_unit(uow): pass

@pytest.mark.parametrize("persistence_store", ["memory"])
def test_asynchronous(async_persistence_store): pass

@pytest.mark.parametrize("async_persistence_store", ["memory"])
def test_asynchronous_unit(async_uow): pass

@pytest.mark.parametrize("persistence_store", ["memory"])
def test_container(override_store): pass

@pytest.mark.parametrize("persistence_store", ["memory"])
def test_store(persistence_store): pass
""",
        )

        ran.assert_outcomes(errors=4, failed=1)
        for number, name in enumerate(("persistence_store", "async_persistence_store")):
            told = ran.stdout.str().count(f" {name} is the text 'memory' and no store: ")
            assert told >= (4, 1)[number]
        ran.stdout.fnmatch_lines(['*"persistence_store", ?"memory", "moto"?, indirect=True), with indirect*'])

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (
                '"redis"',
                "*@pytest.mark.persistence_store is one of memory, moto, dynamodb-local, not 'redis'",
            ),
            ('"memory", "moto"', '*write @pytest.mark.persistence_store("memory"), with one name'),
            ("", '*write @pytest.mark.persistence_store("memory"), with one name'),
        ],
    )
    def test_refuses_other_markers(self, project: pytest.Pytester, arguments: str, message: str) -> None:
        ran = run(project, f"@pytest.mark.persistence_store({arguments})\ndef test_it(uow): pass\n")

        ran.assert_outcomes(errors=1)
        ran.stdout.fnmatch_lines([message])

    def test_skips_where_dynamodb_local_cant_be_had(
        self, project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the reason, each test that stands on it and no other."""
        monkeypatch.setenv("DYNAMODB_LOCAL_HOME", str(project.path))
        ran = run(
            project,
            """
def test_it(uow): pass
def test_another(uow): pass
def test_in_memory(memory_store): pass
""",
            "--persistence-store=dynamodb-local",
            "-rs",
        )

        ran.assert_outcomes(skipped=2, passed=1)
        ran.stdout.fnmatch_lines(["SKIPPED *DynamoDB Local can't be had: *"])


ON_SERVERS = """
def test_it(uow, repository_of, load_fixture, cost_budget):
    orders = repository_of(OrderMapping)
    records = [{"id": f"o-{n}", "customer_id": "c"} for n in range(60)]
    load_fixture({OrderMapping: records, CustomerMapping: [Customer("c")]})
    with cost_budget(read_units=20, write_units=8):
        with uow:
            orders.add(Order("x", "d"))
            assert repository_of(CustomerMapping).get("c") == Customer("c")
    assert orders.query(lambda o: o.customer_id == "c").count() == 60
    assert orders.query(lambda o: o.customer_id == "d").all() == [orders.get("x")]

def test_is_empty(repository_of):
    assert repository_of(OrderMapping).find("x") is None

def test_same_ids_again(repository_of):
    assert repository_of(OrderMapping).add(Order("x", "d")).version == 0

def test_awaited(async_uow, async_repository_of, repository_of):
    async def place():
        async with async_uow:
            await async_repository_of(OrderMapping).add(Order("x", "d"))
    asyncio.run(place())
    assert repository_of(OrderMapping).get("x").customer_id == "d"

@dataclass
class Row:
    id: str
    letter: str

class RowMapping(MappingSchema[Row]):
    class Meta:
        table = "orders"
        key = Key("id")
        indexes = (GlobalIndex("by-letter", Key("letter")),)

def test_one_table_of_two_mappings(repository_of, async_repository_of):
    repository_of(OrderMapping).add(Order("o-1", "d"))
    repository_of(RowMapping).add(Row("r-1", "a"))
    assert repository_of(RowMapping).query(lambda r: r.letter == "a").one().id == "r-1"
    assert repository_of(OrderMapping).query(lambda o: o.customer_id == "d").one().id == "o-1"
    found = async_repository_of(OrderMapping).query(lambda o: o.customer_id == "d")
    assert asyncio.run(found.one()).id == "o-1"

@pytest.mark.forbid_scans
def test_scan(repository_of):
    from persistence.errors import ScanForbidden
    with pytest.raises(ScanForbidden):
        repository_of(OrderMapping).query(lambda o: o.total > 1).all()
"""


@pytest.mark.slow
@pytest.mark.parametrize("store", ["moto", "dynamodb-local"])
def test_serves_the_same_on_every_store(project: pytest.Pytester, store: str, dynamodb_local: str) -> None:
    """Empty for each test, with tables that are made by their use."""
    head = "import asyncio\nimport pytest\nfrom persistence import *\nfrom shop import *\n\n"
    project.path.joinpath("test_it.py").write_text(head + ON_SERVERS)
    project.makeconftest(
        "import pytest\n\n"
        f"@pytest.fixture(scope='session')\ndef dynamodb_local():\n    return {dynamodb_local!r}\n"
    )

    ran = project.runpytest_subprocess("-p", PLUGIN, f"--persistence-store={store}")

    ran.assert_outcomes(passed=6)


class TestLoading:
    def test_imports_nothing_before_a_fixture_is_used(self) -> None:
        """The plugin is loaded in every test run of everybody who has the library installed."""
        program = (
            f"import pytest, sys; known = set(sys.modules); import {PLUGIN}; print(*set(sys.modules) - known)"
        )

        loaded = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout.split()

        assert sorted(name for name in loaded if name.partition(".")[0] == "persistence") == [
            "persistence",
            "persistence.lazy",
            "persistence.testing",
            "persistence.testing.plugin",
            "persistence.unit_of_work",
        ]
        assert not {name.partition(".")[0] for name in loaded} & {"boto3", "botocore", "marshmallow", "moto"}

    def test_describes_its_fixtures_and_markers(self, project: pytest.Pytester) -> None:
        """`pytest --fixtures` and `--markers` are where people look."""
        fixtures = run(project, "", "--fixtures", "-q").stdout.str()
        markers = run(project, "", "--markers").stdout.str()

        for name in ("uow", "repository_of", "frozen_clock", "cost_budget", "dynamodb_local", "moto_store"):
            assert f"\n{name}" in fixtures
        assert "no docstring available" not in fixtures.partition("persistence")[2]
        assert "@pytest.mark.forbid_scans: " in markers
