"""The life of a server process, shown on a server that starts in milliseconds."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from persistence.testing._process import HOST, LocalServer, _reserve
from persistence.testing.servers import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = """
import http.server, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("x-amzn-RequestId", "1")
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


class Script(LocalServer):
    """Runs a Python script that gets the port as its argument."""

    script = PROGRAM

    def command(self, port: int) -> Sequence[str]:
        return [sys.executable, "-I", "-S", "-c", self.script, str(port)]


class Deaf(Script):
    """Does not end when it is asked to."""

    script = DEAF + PROGRAM


class Crashing(Script):
    """Ends before it answers."""

    script = "raise SystemExit('out of luck')"


class Silent(Script):
    """Never answers."""

    script = "import time; time.sleep(600)"


def is_listening(endpoint_url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, int(endpoint_url.rsplit(":", 1)[1]))) == 0


class TestStart:
    def test_waits_until_the_server_answers(self) -> None:
        with Script() as server:
            assert is_listening(server.endpoint_url)

    def test_of_a_running_server_does_nothing(self) -> None:
        with Script() as server:
            endpoint = server.endpoint_url

            assert server.start().endpoint_url == endpoint

    def test_gives_each_server_a_port_of_its_own(self) -> None:
        with Script() as one, Script() as other:
            assert one.endpoint_url != other.endpoint_url

    def test_takes_the_port_that_is_asked_for(self) -> None:
        with _reserve(None) as reservation:
            port = reservation.getsockname()[1]

        with Script(port=port) as server:
            assert server.endpoint_url == f"http://{HOST}:{port}"

    def test_refuses_a_port_that_another_server_holds(self) -> None:
        with Script() as server:
            port = int(server.endpoint_url.rsplit(":", 1)[1])

            with pytest.raises(ServerUnavailable, match=f"port {port}"):
                Script(port=port).start()

    def test_says_what_a_server_said_that_does_not_start(self) -> None:
        with pytest.raises(ServerUnavailable, match="Crashing did not start: out of luck"):
            Crashing().start()

    def test_gives_up_on_a_server_that_never_answers(self) -> None:
        with pytest.raises(ServerUnavailable, match="Silent did not start"):
            Silent(start_timeout=0.2).start()


class TestStop:
    def test_ends_the_process(self) -> None:
        server = Script().start()
        endpoint = server.endpoint_url

        server.stop()

        assert not is_listening(endpoint)
        with pytest.raises(RuntimeError, match="Script is not running"):
            _ = server.endpoint_url

    def test_may_be_repeated_and_followed_by_a_start(self) -> None:
        server = Script().start()
        server.stop()
        server.stop()

        with server:
            assert is_listening(server.endpoint_url)

    def test_kills_a_server_that_does_not_listen(self) -> None:
        server = Deaf().start()
        endpoint = server.endpoint_url

        server.stop()

        assert not is_listening(endpoint)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    @pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
    def test_in_a_forked_copy_of_the_owner_does_nothing(self) -> None:
        with Script() as server:
            endpoint = server.endpoint_url
            child = os.fork()
            if child == 0:
                server.stop()
                os._exit(0)
            os.waitpid(child, 0)

            assert is_listening(endpoint)
