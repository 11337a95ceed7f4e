"""Terraform configurations in JSON syntax: their blocks, and what expressions in them come to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from persistence.schema.infrastructure.facts import Unresolved
from persistence.schema.infrastructure.terraform import KEY, SCALABLE_TARGET, TABLE

_EXPRESSION = re.compile(r"(\$\$|%%)\{|\$\{([^}]*)\}|%\{")


def blocks_of(value: object) -> Iterator[Mapping[str, Any]]:
    """Give blocks, which stand in JSON alone or in a list."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, Mapping):
            yield each


class Configuration:
    """A configuration in JSON syntax, whose values are filled in as far as it tells them itself.

    Args:
        content: what stands in its files. Variables stand for their defaults.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content

    def resources(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Give label and arguments of each resource of a type, with what is known of the arguments."""
        for kinds in blocks_of(self._content.get("resource")):
            for named in blocks_of(kinds.get(kind)):
                for label, bodies in named.items():
                    yield from ((label, self.resolve(body)) for body in blocks_of(bodies))

    def resolve(self, value: Any) -> Any:
        """Give a value with the expressions in its texts filled in, as far as the configuration tells."""
        match value:
            case str():
                return self._filled(value)
            case list():
                return [self.resolve(each) for each in value]
            case {}:
                return {self._filled(name): self.resolve(each) for name, each in value.items()}
            case _:
                return value

    def _filled(self, text: str) -> Any:
        whole = re.fullmatch(r"\$\{([^{}]*)\}", text)
        if whole:
            return self._value(whole[1].strip())
        unknown: list[Unresolved] = []

        def replace(found: re.Match[str]) -> str:
            if found[1]:
                return f"{found[1][0]}{{"
            value = self._value((found[2] or "").strip()) if found[2] else Unresolved(found[0])
            if isinstance(value, Unresolved):
                unknown.append(value)
            return str(value)

        filled = _EXPRESSION.sub(replace, text)
        return unknown[0] if unknown else filled

    def _value(self, expression: str) -> Any:
        match expression.split("."):
            case ["var", name]:
                found = next((each for each in self._named("variable", name) if "default" in each), {})
                return self.resolve(found["default"]) if found else Unresolved(expression)
            case ["local", name]:
                sections = (each for each in blocks_of(self._content.get("locals")) if name in each)
                section = next(sections, None)
                return Unresolved(expression) if section is None else self.resolve(section[name])
            case ["data", kind, label, "arn"] if kind == KEY:
                return self._argument("data", kind, label, "key_id", expression)
            case [kind, label, argument] if kind in {TABLE, SCALABLE_TARGET}:
                named = "name" if (kind, argument) == (TABLE, "id") else argument
                return self._argument("resource", kind, label, named, expression)
            case _:
                return Unresolved(expression)

    def _argument(self, section: str, kind: str, label: str, argument: str, expression: str) -> Any:
        for kinds in blocks_of(self._content.get(section)):
            for named in blocks_of(kinds.get(kind)):
                for body in blocks_of(named.get(label)):
                    if argument in body:
                        return self.resolve(body[argument])
        return Unresolved(expression)

    def _named(self, section: str, name: str) -> Iterator[Mapping[str, Any]]:
        for kinds in blocks_of(self._content.get(section)):
            yield from blocks_of(kinds.get(name))
