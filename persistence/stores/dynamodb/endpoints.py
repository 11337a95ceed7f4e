"""botocore's list of the endpoints of all services, of which only those are read that are asked for.

It has more than a megabyte, and a client needs one service of it. The file is laid out regularly, one service
after the other, so the text of one is found without reading the others. Where a file is laid out in another
way it is read as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_SERVICES = b'\n    "services" : '
_END_OF_SERVICES = b"\n    }"
_SERVICE = b"\n      %s : "
_END_OF_SERVICE = b"\n      }"


def read_endpoints(content: bytes) -> Any:
    """Read the list: the same as the JSON in it, with services that are read when they are asked for.

    Args:
        content: of the file.

    Raises:
        ValueError: it is no JSON.
    """
    texts: list[bytes] = []
    kept: list[bytes] = []
    at = 0
    while (start := content.find(_SERVICES + b"{\n", at)) >= 0:
        begin, end = start + len(_SERVICES), content.find(_END_OF_SERVICES, start) + len(_END_OF_SERVICES)
        if end < begin:
            break
        kept += [content[at:begin], b"%d" % len(texts)]
        texts.append(content[begin:end])
        at = end
    try:
        found = json.loads(b"".join((*kept, content[at:])))
        return {**found, "partitions": [_with_services(each, texts) for each in found["partitions"]]}
    except (IndexError, KeyError, TypeError, ValueError):
        return json.loads(content)


def _with_services(partition: dict[str, Any], texts: list[bytes]) -> dict[str, Any]:
    services = partition["services"]
    return partition if isinstance(services, dict) else {**partition, "services": Services(texts[services])}


class Services(Mapping[str, Any]):
    """The services of a partition by their names.

    Args:
        text: the JSON object that they are.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._known: dict[str, Any] = {}
        self._complete = False

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = self._found(name)
        return self._known[name]

    def _found(self, name: str) -> Any:
        head = _SERVICE % json.dumps(name).encode()
        begin = self._text.find(head + b"{\n")
        end = self._text.find(_END_OF_SERVICE, begin + len(head)) + len(_END_OF_SERVICE)
        try:
            return self._all()[name] if begin < 0 else json.loads(self._text[begin + len(head) : end])
        except ValueError:
            return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> dict[str, Any]:
        if not self._complete:
            self._known, self._complete = json.loads(self._text), True
        return self._known
