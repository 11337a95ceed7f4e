"""What `doctor` finds, on servers that are told what to answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from persistence.cli.diagnosis import clock_finding
from persistence.cli.program import run

Answer = tuple[int, dict[str, object]]
Serve = Callable[[Callable[[str], Answer], float], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers that answer each action as they are told, with a clock that is off by some seconds."""
    running: list[ThreadingHTTPServer] = []

    def serve(answer: Callable[[str], Answer], ahead: float) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                status, body = answer(self.headers["X-Amz-Target"].partition(".")[2])
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def date_time_string(self, timestamp: float | None = None) -> str:
                return format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        running.append(server)
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield serve
    for server in running:
        server.shutdown()
        server.server_close()


Findings = dict[str, tuple[str, str]]


@pytest.fixture
def examine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, Findings]]:
    """Runs `doctor`, and gives the exit code and what was found by check."""
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE77")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "this-is-the-secret")

    def examine(*arguments: str) -> tuple[int, Findings]:
        code = run(["doctor", "--output", "json", *arguments])
        out = capsys.readouterr().out
        assert "this-is-the-secret" not in out
        assert "AKIAEXAMPLEEXAMPLE77" not in out
        return code, {row["check"]: (row["state"], row["found"]) for row in map(json.loads, out.splitlines())}

    return examine


def denied(action: str) -> Answer:
    return 400, {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "no"}


def empty(action: str) -> Answer:
    return 200, {"TableNames": []}


class TestSurroundings:
    def test_says_where_credentials_come_from_and_shows_none(
        self, serve: Serve, examine: Callable[..., tuple[int, Findings]]
    ) -> None:
        code, found = examine("--region", "eu-central-1", "--endpoint", serve(empty, 0))

        assert code == 0
        assert found["credentials"] == ("ok", "env, key AKIA...LE77")
        assert found["region"] == ("ok", "eu-central-1")
        assert found["clock"][0] == "ok"
        assert found["app"][0] == "warn"

    def test_notices_a_clock_that_is_off(
        self, serve: Serve, examine: Callable[..., tuple[int, Findings]]
    ) -> None:
        code, found = examine("--region", "eu-central-1", "--endpoint", serve(empty, 600))

        assert code == 1
        assert found["clock"][0] == "fail"

    def test_goes_by_the_clock_also_where_the_request_is_refused(
        self, serve: Serve, examine: Callable[..., tuple[int, Findings]]
    ) -> None:
        """Who may not list tables still learns that the endpoint answers, and what time it is there."""
        code, found = examine("--region", "eu-central-1", "--endpoint", serve(denied, 0))

        assert (code, found["endpoint"][0], found["clock"][0]) == (0, "ok", "ok")

    def test_names_what_is_not_permitted(
        self, serve: Serve, examine: Callable[..., tuple[int, Findings]]
    ) -> None:
        app = ("--app", "tests.unit.cli.world:CounterMapping")

        code, found = examine("--region", "eu-central-1", "--endpoint", serve(denied, 0), *app)

        assert code == 1
        assert found["table counters"] == (
            "fail",
            "not permitted: DescribeTable, DescribeTimeToLive, GetItem",
        )

    def test_notices_that_nothing_listens(self, examine: Callable[..., tuple[int, Findings]]) -> None:
        code, found = examine("--region", "eu-central-1", "--endpoint", "http://127.0.0.1:1")

        assert (code, found["endpoint"][0]) == (1, "fail")

    def test_notices_missing_credentials_and_region(
        self, examine: Callable[..., tuple[int, Findings]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

        code, found = examine()

        assert (code, found["credentials"][0], found["region"][0]) == (1, "fail", "fail")

    def test_makes_credentials_up_for_this_machine_only(
        self, serve: Serve, examine: Callable[..., tuple[int, Findings]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.setenv("PERSISTENCE_ALLOWED_ENDPOINTS", "dynamodb.example")

        _, here = examine("--endpoint", serve(empty, 0))
        _, elsewhere = examine("--endpoint", "http://dynamodb.example:8000", "--region", "eu-central-1")

        assert here["credentials"] == ("ok", "made up, for a local server, key local")
        assert elsewhere["credentials"] == ("fail", "none are found")

    def test_notices_a_profile_that_there_is_not(self, examine: Callable[..., tuple[int, Findings]]) -> None:
        code, found = examine("--profile", "nobody")

        assert (code, found["store"][0]) == (1, "fail")
        assert "nobody" in found["store"][1]

    def test_tells_of_credentials_that_can_not_be_fetched(
        self,
        examine: Callable[..., tuple[int, Findings]],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        """Those of SSO are asked for late. Without them tables are not looked at, nor called forbidden."""
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        (tmp_path / "config").write_text(
            "[profile dev]\nsso_start_url = https://example.invalid\nsso_region = eu-central-1\n"
            "sso_account_id = 123456789012\nsso_role_name = dev\nregion = eu-central-1\n"
        )

        code, found = examine("--profile", "dev", "--app", "tests.unit.cli.world:CounterMapping")

        assert (code, found["credentials"][0]) == (1, "fail")
        assert "Error loading SSO Token" in found["credentials"][1]
        assert found["tables"] == ("warn", "not looked at, since there is no way to the store")

    def test_what_is_found_does_not_send_to_the_doctor(
        self, examine: Callable[..., tuple[int, Findings]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        run(["doctor", "--profile", "nobody"])

        out = capsys.readouterr().out
        assert "nobody" in out
        assert "persistence doctor" not in out


class TestClock:
    @pytest.mark.parametrize(
        ("offset", "state"),
        [(0.4, "ok"), (-29, "ok"), (31, "warn"), (-120, "warn"), (241, "fail"), (-3600, "fail")],
    )
    def test_judges_how_far_it_is_off(self, offset: float, state: str) -> None:
        assert clock_finding(offset).state == state
