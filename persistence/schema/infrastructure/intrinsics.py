"""What CloudFormation's functions in a template come to, as far as the template alone tells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from persistence.schema.infrastructure.facts import Unresolved

TABLE_TYPES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NOTHING = object()


class Intrinsics:
    """Resolves the values of a template.

    Args:
        template: the whole template. Parameters stand for their defaults; references to tables for names.
    """

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._parameters = _section(template, "Parameters")
        self._conditions = _section(template, "Conditions")
        self._mappings = _section(template, "Mappings")
        self._resources = _section(template, "Resources")
        self._functions: Mapping[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find,
            "Condition": lambda name: self.resolve(self._conditions.get(name)),
            "Fn::Equals": self._equals,
            "Fn::Not": lambda given: _combined(self.resolve(given), lambda found: not found[0]),
            "Fn::And": lambda given: _combined(self.resolve(given), all),
            "Fn::Or": lambda given: _combined(self.resolve(given), any),
        }

    def resolve(self, value: Any) -> Any:
        """Give a value with its functions applied, and what can't be known as `Unresolved`."""
        found = self._resolved(value)
        return None if found is _NOTHING else found

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [found for each in value if (found := self._resolved(each)) is not _NOTHING]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in self._functions:
                return self._functions[name](argument)
            if str(name).startswith("Fn::"):
                return Unresolved(str(name))
        return {
            name: found for name, each in value.items() if (found := self._resolved(each)) is not _NOTHING
        }

    def _ref(self, name: Any) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        parameter = self._parameters.get(name)
        if isinstance(parameter, Mapping) and "Default" in parameter:
            return _converted(parameter["Default"], parameter.get("Type"))
        resource = self._resources.get(name)
        if isinstance(resource, Mapping) and resource.get("Type") in TABLE_TYPES:
            named = self.resolve(_section(resource, "Properties").get("TableName"))
            return named if isinstance(named, str | Unresolved) else Unresolved(f"the name made for {name}")
        return Unresolved(f"Ref {name}")

    def _sub(self, argument: Any) -> Any:
        text, variables = argument if isinstance(argument, list) else (argument, {})
        unresolved: list[Unresolved] = []

        def value_of(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):  # stands for itself
                return f"${{{name[1:]}}}"
            value = self.resolve(variables.get(name, {"Ref": name}))
            if isinstance(value, Unresolved):
                unresolved.append(value)
            return str(value)

        filled = _VARIABLE.sub(value_of, text)
        return unresolved[0] if unresolved else filled

    def _join(self, argument: Any) -> Any:
        separator, parts = self.resolve(argument)
        return _combined(parts, lambda found: str(separator).join(map(str, found)))

    def _if(self, argument: Any) -> Any:
        condition, *branches = argument
        chosen = self.resolve({"Condition": condition})
        if isinstance(chosen, bool):
            return self._resolved(branches[0 if chosen else 1])
        one, other = map(self._resolved, branches)
        return one if one == other else Unresolved(f"Fn::If {condition}")

    def _find(self, argument: Any) -> Any:
        names = self.resolve(argument)

        def find(found: list[Any]) -> Any:
            level: Any = self._mappings
            for name in found[:3]:
                level = level.get(name) if isinstance(level, Mapping) else None
            return Unresolved("Fn::FindInMap") if level is None else level

        return _combined(names, find)

    def _equals(self, argument: Any) -> Any:
        return _combined(self.resolve(argument), lambda found: str(found[0]) == str(found[1]))


def _section(template: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = template.get(name)
    return found if isinstance(found, Mapping) else {}


def _combined(values: Any, combine: Callable[[list[Any]], Any]) -> Any:
    """Combine values, unless one of them is not known."""
    if not isinstance(values, list):
        return values if isinstance(values, Unresolved) else Unresolved("a function of something unknown")
    unknown = (value for value in values if isinstance(value, Unresolved))
    return next(unknown, None) or combine(values)


def _converted(default: Any, kind: object) -> Any:
    if kind == "Number" and isinstance(default, str):
        return float(default) if "." in default else int(default)
    return default
