"""The main job: the same business on every store, with any number of workers, however it is interrupted."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from rich.console import Console

from domain_example.__main__ import main, run, verdict
from domain_example.figures import Figures, figures_of_file
from domain_example.invoices import COLUMNS, ONLINE_RETAIL
from domain_example.job import in_parallel
from domain_example.settings import Settings, StoreKind
from persistence.testing.servers import client_for

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

LONG_ORDER = "536544"
PATIENCE = 120.0


def quiet_console() -> Console:
    return Console(file=io.StringIO(), width=100)


@pytest.fixture
def access_key_id() -> str:
    """An access key of the test's own: DynamoDB Local keeps its tables apart."""
    return f"shop{uuid4().hex}"


class TestReplay:
    @pytest.mark.slow
    @pytest.mark.parametrize("workers", [1, 4])
    def test_comes_to_what_the_file_says(self, workers: int) -> None:
        figures = run(Settings(workers=workers), quiet_console())

        assert figures == figures_of_file(ONLINE_RETAIL)

    @pytest.mark.slow
    @pytest.mark.moto
    def test_comes_to_the_same_on_moto(self) -> None:
        figures = run(Settings(store=StoreKind.MOTO, limit=12, workers=4), quiet_console())

        assert figures == figures_of_file(ONLINE_RETAIL, limit=12)

    @pytest.mark.slow
    @pytest.mark.parametrize("workers", [1, 4])
    def test_comes_to_the_same_on_dynamodb_local(
        self, dynamodb_local: str, access_key_id: str, workers: int
    ) -> None:
        """Its transactions hold 10 actions, so most invoices take several units."""
        settings = Settings(
            store=StoreKind.DYNAMODB_LOCAL,
            workers=workers,
            limit=16,
            endpoint_url=dynamodb_local,
            access_key_id=access_key_id,
        )

        assert run(settings, quiet_console()) == figures_of_file(ONLINE_RETAIL, limit=16)

    @pytest.mark.slow
    def test_does_nothing_twice(self, dynamodb_local: str, access_key_id: str) -> None:
        settings = Settings(
            store=StoreKind.DYNAMODB_LOCAL, limit=5, endpoint_url=dynamodb_local, access_key_id=access_key_id
        )
        first = run(settings, quiet_console())

        second = run(settings, quiet_console())

        assert second == first == figures_of_file(ONLINE_RETAIL, limit=5)


@pytest.mark.slow
class TestKilledRun:
    """A process is killed while it places an order of hundreds of lines; another one takes up its work."""

    @pytest.fixture
    def data(self, tmp_path: Path) -> Path:
        """A few ordinary invoices, a cancellation, and an order of 527 lines."""
        wanted = {"536365", "536370", "C536379", "C536391", "536414", LONG_ORDER}
        path = tmp_path / "invoices.csv"
        with ONLINE_RETAIL.open(encoding="utf-8", newline="") as source, path.open("w", newline="") as target:
            writer = csv.DictWriter(target, COLUMNS)
            writer.writeheader()
            writer.writerows(row for row in csv.DictReader(source) if row["invoice_no"] in wanted)
        return path

    @pytest.fixture
    def environment(self, data: Path, dynamodb_local: str, access_key_id: str) -> dict[str, str]:
        job = {"STORE": "dynamodb-local", "ENDPOINT_URL": dynamodb_local, "ACCESS_KEY_ID": access_key_id}
        return {**os.environ, **job, "DATA": str(data), "WORKERS": "2", "LIMIT": ""}

    @pytest.fixture
    def client(self, dynamodb_local: str, access_key_id: str) -> Iterator[DynamoDBClient]:
        client = client_for(dynamodb_local, access_key_id=access_key_id)
        yield client
        client.close()

    def test_ends_with_the_same_figures_when_it_is_started_again(
        self, environment: dict[str, str], client: DynamoDBClient, data: Path
    ) -> None:
        with started(environment) as job:
            wait_until(partial(has_booked, client, 50), job)
            job.send_signal(signal.SIGKILL)
            job.wait()
        left = booked_lines(client)

        figures = run(Settings.of(environment), quiet_console())

        assert 50 <= left < 527
        assert figures == figures_of_file(data)

    def test_ends_with_the_same_figures_however_often_it_is_killed(
        self, environment: dict[str, str], client: DynamoDBClient, data: Path
    ) -> None:
        for lines in (1, 100, 200):
            with started(environment) as job:
                wait_until(partial(has_booked, client, lines), job)
                job.send_signal(signal.SIGKILL)
                job.wait()

        figures = run(Settings.of(environment), quiet_console())

        assert figures == figures_of_file(data)


@contextmanager
def started(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "domain_example"]
    with subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL) as job:
        try:
            yield job
        finally:
            job.kill()


def wait_until(condition: Callable[[], bool], job: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert job.poll() is None, "the job ended before it could be killed"
        assert time.monotonic() < end, f"nothing happened within {PATIENCE} seconds"
        time.sleep(0.02)


def has_booked(client: DynamoDBClient, lines: int) -> bool:
    return booked_lines(client) >= lines


def booked_lines(client: DynamoDBClient) -> int:
    """Look for the progress of the long order in the table itself, as another process would."""
    try:
        answer = client.get_item(
            TableName="shop-orders",
            Key={"PK": {"S": f"ORDER#{LONG_ORDER}"}, "SK": {"S": "#ORDER"}},
            ConsistentRead=True,
        )
    except client.exceptions.ResourceNotFoundException:
        return 0
    return int(answer["Item"]["booked"]["N"]) if "Item" in answer else 0


class TestInParallel:
    def test_gives_results_in_the_order_of_the_jobs(self) -> None:
        done: list[None] = []

        results = in_parallel(lambda job: job * 2, [3, 1, 2], 2, lambda: done.append(None))

        assert (results, len(done)) == ([6, 2, 4], 3)

    def test_begins_no_further_job_after_a_failure(self) -> None:
        begun: list[int] = []

        def work(job: int) -> None:
            begun.append(job)
            time.sleep(0.01)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            in_parallel(work, range(1000), 1, lambda: None)

        assert len(begun) < 1000


class TestVerdict:
    FIGURES = figures_of_file(ONLINE_RETAIL, limit=3)

    def test_is_success_if_the_figures_agree(self) -> None:
        console = quiet_console()

        assert verdict(self.FIGURES, self.FIGURES, console) == 0
        assert output(console) == "The figures agree with those computed straight from the file.\n"

    def test_is_failure_if_they_differ(self) -> None:
        console, found = quiet_console(), Figures(**{**vars(self.FIGURES), "guests": 7})

        assert verdict(self.FIGURES, found, console) == 1
        assert output(console) == "WRONG guests: expected 0, found 7\n"


class TestMain:
    def test_shows_the_business_and_the_effort(self, capsys: pytest.CaptureFixture[str]) -> None:
        code = main({"LIMIT": "4"})

        shown = capsys.readouterr().out
        assert code == 0
        assert "stock received: 1 of 1\n" in shown
        assert "invoices replayed: 4 of 4\n" in shown
        assert row(shown, "orders") == "4"
        assert row(shown, "revenue") == "510.10"
        assert row(shown, "units of work committed") == "5"
        assert row(shown, "confirmed orders") == "4"
        assert "The figures agree" in shown

    @pytest.mark.parametrize(
        ("environment", "message"),
        [
            ({"STORE": "x"}, "STORE must be one of memory, moto, dynamodb-local, not 'x'"),
            (
                {"STORE": "Moto"},
                "STORE must be one of memory, moto, dynamodb-local, not 'Moto'; did you mean moto?",
            ),
            ({"WORKERS": "0"}, "WORKERS must be a whole number of at least 1, not '0'"),
            ({"LIMIT": "few"}, "LIMIT must be a whole number of at least 1, not 'few'"),
            ({"DATA": "nowhere.csv"}, "DATA must name a file, and there is none at nowhere.csv"),
            (
                {"ENDPOINT_URL": "http://127.0.0.1:1"},
                "ENDPOINT_URL goes with STORE=dynamodb-local, not with STORE=memory",
            ),
        ],
    )
    def test_refuses_settings_that_cant_be(
        self, environment: dict[str, str], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code = main(environment)

        assert (code, capsys.readouterr().err) == (2, f"{message}\n")

    @pytest.mark.slow
    def test_says_so_where_no_server_answers(self, capsys: pytest.CaptureFixture[str]) -> None:
        code = main({"STORE": "dynamodb-local", "ENDPOINT_URL": "http://127.0.0.1:9", "LIMIT": "1"})

        assert code == 2
        assert "127.0.0.1:9" in capsys.readouterr().err

    def test_refuses_a_file_that_holds_no_invoices(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "other.csv"
        path.write_text("a,b\n1,2\n", encoding="utf-8")

        code = main({"DATA": str(path)})

        assert code == 2
        assert "other.csv has no column invoice_no" in capsys.readouterr().err


class TestSettings:
    def test_have_defaults(self) -> None:
        assert Settings.of({}) == Settings(StoreKind.MEMORY, 1, ONLINE_RETAIL, None, None, "shop")

    def test_count_empty_variables_as_absent(self) -> None:
        """`make demo` passes STORE and WORKERS on, set or not."""
        assert Settings.of({"STORE": "", "WORKERS": "", "LIMIT": ""}) == Settings()

    def test_are_read_from_the_environment(self) -> None:
        given = {
            "STORE": "dynamodb-local",
            "WORKERS": "4",
            "LIMIT": "10",
            "DATA": str(ONLINE_RETAIL),
            "ENDPOINT_URL": "http://127.0.0.1:8000",
            "ACCESS_KEY_ID": "me",
        }

        assert Settings.of(given) == Settings(
            StoreKind.DYNAMODB_LOCAL, 4, ONLINE_RETAIL, 10, "http://127.0.0.1:8000", "me"
        )


def output(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def row(shown: str, name: str) -> str:
    """Give the number beside a name in the tables that were shown."""
    (line,) = (line for line in shown.splitlines() if line.startswith(f"│ {name} "))
    return line.strip("│ ").removeprefix(name).strip("│ ")
