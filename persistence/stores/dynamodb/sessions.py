"""A botocore session that is made quickly, for the clients of one store.

What it finds is what botocore's own session finds: credentials, profiles, `~/.aws/config`, variables of the
environment, data of the user in `~/.aws/models` and `AWS_DATA_PATH`. Only three things are done in a shorter
way: of its data files those of a service that is asked for are looked up, instead of those of all 400; of the
list of endpoints that service is read; and the text of the `User-Agent` header is built once for a client,
and not twice for each call.
"""

from __future__ import annotations

import gzip
import json
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import DataNotFoundError
from botocore.hooks import BaseEventHooks
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session

from persistence.stores.dynamodb.endpoints import read_endpoints

_DATA_LOADER = "data_loader"
"""botocore's name of the component that reads its data files."""

_ENDPOINTS = "endpoints"
"""botocore's name of the file that lists the endpoints of all services."""


class PlainFileLoader(JSONFileLoader):
    """Reads JSON into plain dicts, which keep their order as well as botocore's `OrderedDict`, and faster."""

    def load_file(self, file_path: str) -> Any:
        """Read a file, compressed or not.

        Args:
            file_path: without the ending.

        Returns:
            What it holds; None if it does not exist.
        """
        with suppress(FileNotFoundError, NotADirectoryError):
            content = Path(f"{file_path}.json").read_bytes()
            return (read_endpoints if Path(file_path).name == _ENDPOINTS else json.loads)(content)
        with suppress(FileNotFoundError, NotADirectoryError):
            return json.loads(gzip.decompress(Path(f"{file_path}.json.gz").read_bytes()))
        return None


class DirectLoader(Loader):
    """Finds the data of a service without looking through those of all others first."""

    def __init__(self, data_path: str | None = None) -> None:
        folders = [] if data_path is None else data_path.split(os.pathsep)
        super().__init__(
            extra_search_paths=[os.path.expanduser(os.path.expandvars(folder)) for folder in folders],  # noqa: PTH111
            file_loader=PlainFileLoader(),
        )
        self._wanted = threading.local()

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        """Give the data of a service, as botocore does.

        Args:
            service_name: such as "dynamodb".
            type_name: such as "service-2".
            api_version: the latest one if None.

        Raises:
            UnknownServiceError: there is none of that name.
        """
        with suppress(DataNotFoundError):
            self.list_api_versions(service_name, type_name)
            self._wanted.name = service_name
        try:
            return super().load_service_model(service_name, type_name, api_version)
        finally:
            self._wanted.name = None

    def list_available_services(self, type_name: str) -> list[str]:
        """Name the services that there are; while one of them is being loaded, only that one."""
        name: str | None = getattr(self._wanted, "name", None)
        return super().list_available_services(type_name) if name is None else [name]


def make_session(event_hooks: BaseEventHooks | None = None) -> Session:
    """Make a botocore session.

    Args:
        event_hooks: the emitter that its handlers are registered with; None for botocore's own.
    """
    session = Session(event_hooks=event_hooks)
    session.register_component(_DATA_LOADER, DirectLoader(session.get_config_variable("data_path")))
    return session


def with_user_agent(config: Config, session: Session) -> Config:
    """Give a configuration with the text of the `User-Agent` header, so that it is built only once.

    It is the text that botocore builds for each call of a client with this configuration, but for the part
    that tells AWS of the single call (`m/...`).

    Args:
        config: of the client to make. A text that it, or the session's own configuration, has stays.
        session: whose client it will be.
    """
    usual = session.get_default_client_config()
    whole: Any = config if usual is None else usual.merge(config)
    if whole.user_agent is not None or session.get_config_variable("endpoint_discovery_enabled") is True:
        return config
    app = getattr(whole, "user_agent_appid", None) or session.get_config_variable("user_agent_appid")
    options: dict[str, Any] = {"user_agent_appid": app, "user_agent_extra": None}
    text = _text_of(session, whole.merge(Config(**options)))
    return config if text is None else config.merge(Config(user_agent=text))


def _text_of(session: Session, config: Config) -> str | None:
    """Have botocore build the text; None where this botocore does it in another way.

    What the session adds to the text is left out: botocore adds that to a given text again.
    """
    builder: Any = session.get_component("user_agent_creator")
    try:
        builder.set_session_config(session.user_agent_name, session.user_agent_version, None)
        text = builder.with_client_config(config).to_string()
    except (AttributeError, TypeError):
        return None
    return text if isinstance(text, str) else None
