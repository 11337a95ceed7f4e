"""The session in which a store makes its clients: quicker than botocore's own, and otherwise the same."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.hooks import HierarchicalEmitter
from botocore.loaders import Loader
from botocore.session import Session

from persistence.stores.dynamodb.client import ClientMaker, ClientSettings, LazyClient, make_client
from persistence.stores.dynamodb.sessions import DirectLoader, make_session, with_user_agent

PER_CALL = re.compile(r" m/\S+")
"""What tells AWS of the features of a single call."""


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


class _Raw:
    def stream(self, **_: object) -> Any:
        return iter([b"{}"])


def headers_of_a_call(client: Any) -> dict[str, str]:
    """Give the headers that a client sends."""
    sent: dict[str, str] = {}

    def answer(request: Any, **_: object) -> AWSResponse:
        sent.update({name: _text(value) for name, value in request.headers.items()})
        return AWSResponse(request.url, 200, {}, _Raw())  # type: ignore[arg-type]

    client.meta.events.register("before-send.*.*", answer)
    client.list_tables() if hasattr(client, "list_tables") else client.get_caller_identity()
    return sent


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


class TestLoader:
    @pytest.mark.parametrize("service", ["dynamodb", "application-autoscaling", "sts", "sso", "s3"])
    def test_loads_what_botocore_loads(self, service: str) -> None:
        for kind in ("service-2", "paginators-1", "endpoint-rule-set-1"):
            expected = _loaded(Loader(), service, kind)
            assert json.dumps(_loaded(DirectLoader(), service, kind)) == json.dumps(expected)

    @pytest.mark.parametrize("name", ["endpoints", "partitions", "_retry", "sdk-default-configuration"])
    def test_loads_other_data(self, name: str) -> None:
        assert DirectLoader().load_data(name) == Loader().load_data(name)

    def test_knows_all_services(self) -> None:
        loader = DirectLoader()
        loader.load_service_model("dynamodb", "service-2")

        assert loader.list_available_services("service-2") == Loader().list_available_services("service-2")

    def test_refuses_unknown_services_as_botocore_does(self) -> None:
        with pytest.raises(UnknownServiceError) as expected:
            Loader().load_service_model("dinamodb", "service-2")
        with pytest.raises(UnknownServiceError) as refused:
            DirectLoader().load_service_model("dinamodb", "service-2")

        assert str(refused.value) == str(expected.value)

    def test_finds_data_of_the_user_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """`AWS_DATA_PATH` shadows botocore's own data, as ever."""
        folder = tmp_path / "dynamodb" / "2012-08-10"
        folder.mkdir(parents=True)
        (folder / "waiters-2.json").write_text('{"version": 2, "waiters": {}}')
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("AWS_DATA_PATH", f"{tmp_path / 'absent'}{os.pathsep}~")

        loader = make_session().get_component("data_loader")

        assert loader.load_service_model("dynamodb", "waiters-2") == {"version": 2, "waiters": {}}

    def test_does_not_look_through_all_services(self, monkeypatch: pytest.MonkeyPatch) -> None:
        looked_at: list[str] = []
        real = os.listdir

        def listdir(path: str) -> list[str]:
            looked_at.append(path)
            return real(path)

        monkeypatch.setattr(os, "listdir", listdir)

        DirectLoader().load_service_model("dynamodb", "service-2")

        assert {Path(path).name for path in looked_at} == {"dynamodb"}


def _loaded(loader: Loader, service: str, kind: str) -> Any:
    try:
        return loader.load_service_model(service, kind)
    except (DataNotFoundError, UnknownServiceError) as error:
        return str(error)


class TestUserAgent:
    @pytest.mark.parametrize(
        ("variables", "options", "extra"),
        [
            ({}, {}, ""),
            ({"AWS_EXECUTION_ENV": "AWS_Lambda_python3.12"}, {}, ""),
            ({"AWS_SDK_UA_APP_ID": "my shop"}, {}, ""),
            ({"AWS_SDK_UA_APP_ID": "other"}, {"user_agent_appid": "shop/1"}, ""),
            ({}, {"user_agent_extra": "shop/1.0"}, ""),
            ({}, {"user_agent_extra": "shop/1.0"}, "framework/2"),
            ({}, {"retries": {"mode": "adaptive"}}, "framework/2"),
            ({}, {"user_agent": "mine"}, ""),
            ({"AWS_ENABLE_ENDPOINT_DISCOVERY": "true"}, {}, ""),
        ],
    )
    def test_is_what_botocore_sends(
        self, variables: dict[str, str], options: dict[str, Any], extra: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All parts are kept: the SDK's, the user's, the environment's; only those of the call are not."""
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        config = Config(**{"retries": {"mode": "standard"}, **options})
        usual, ours = Session(), make_session()
        usual.user_agent_extra = ours.user_agent_extra = extra
        expected = headers_of_a_call(usual.create_client("dynamodb", config=config))
        sent = headers_of_a_call(ours.create_client("dynamodb", config=with_user_agent(config, ours)))

        assert PER_CALL.sub("", sent["User-Agent"]) == PER_CALL.sub("", expected["User-Agent"])

    def test_of_the_session_s_own_configuration_stays(self) -> None:
        session = make_session()
        session.set_default_client_config(Config(user_agent="theirs"))

        assert with_user_agent(Config(), session).user_agent is None  # type: ignore[attr-defined]

    def test_is_left_to_a_botocore_that_builds_it_otherwise(self) -> None:
        session = make_session()
        session.register_component("user_agent_creator", object())

        assert with_user_agent(Config(), session).user_agent is None  # type: ignore[attr-defined]


class TestClients:
    def test_find_profiles_and_their_settings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "config").write_text(
            "[profile shop]\nregion = ap-south-1\naws_access_key_id = p\naws_secret_access_key = q\n"
            "services = local\n\n[services local]\ndynamodb =\n  endpoint_url = http://localhost:4711\n"
        )
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        monkeypatch.setenv("AWS_PROFILE", "shop")

        client = make_client(ClientSettings())

        assert (client.meta.region_name, client.meta.endpoint_url) == ("ap-south-1", "http://localhost:4711")
        assert "Credential=p/" in headers_of_a_call(client)["Authorization"]

    def test_find_the_endpoint_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://localhost:4712")

        assert make_client(ClientSettings()).meta.endpoint_url == "http://localhost:4712"

    def test_of_one_store_share_a_session(self) -> None:
        """Credentials are looked for once."""
        emitters: list[HierarchicalEmitter] = []

        def emitter() -> HierarchicalEmitter:
            emitters.append(HierarchicalEmitter())
            return emitters[-1]

        maker = ClientMaker(ClientSettings(), emitter)
        services = [maker.make().meta, maker.make("application-autoscaling").meta]

        assert [meta.service_model.service_name for meta in services] == [
            "dynamodb",
            "application-autoscaling",
        ]
        assert len(emitters) == 1

    def test_are_made_with_new_credentials_when_they_were_forgotten(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        maker = ClientMaker(ClientSettings())
        maker.make()
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "new")
        assert "Credential=x/" in headers_of_a_call(maker.make())["Authorization"]

        maker.forget()

        assert "Credential=new/" in headers_of_a_call(maker.make())["Authorization"]

    def test_register_their_handlers_with_a_given_emitter(self) -> None:
        """Who wants to know whose handlers a client has watches them being registered."""
        seen: list[str] = []

        class Watching(HierarchicalEmitter):
            def register_first(self, event_name: str, *args: Any, **kwargs: Any) -> None:
                seen.append(event_name)
                super().register_first(event_name, *args, **kwargs)

        client = make_client(ClientSettings(), event_hooks=Watching())
        assert seen

        assert client.meta.service_model.service_name == "dynamodb"

    def test_are_made_without_boto3(self) -> None:
        program = (
            "import sys; from persistence.stores.dynamodb import DynamoStore; "
            "DynamoStore(region='eu-central-1').client; print('boto3' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

        assert done.stdout.strip() == "False"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_makes_a_client_of_its_own() -> None:
    """The connections are the parent's, and so is a lock that one of its threads holds."""
    made: list[object] = []

    def make() -> Any:
        made.append(object())
        return made[-1]

    lazy = LazyClient(make)
    first: object = lazy.get()
    lazy._lock.acquire()
    try:
        child = os.fork()
        if child == 0:
            code = 2
            try:
                signal.alarm(10)
                code = 0 if lazy.get() is not first and len(made) == 2 else 1
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
    finally:
        lazy._lock.release()

    assert os.waitstatus_to_exitcode(status) == 0
    assert lazy.get() is first
