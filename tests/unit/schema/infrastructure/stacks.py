"""CloudFormation as moto has it.

It loads all of moto's services, some of which want packages that nothing here needs; where one of them is not
installed, an empty stand-in is there for as long as that takes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import boto3

WANTED = ("aws_xray_sdk", "docker", "graphql", "joserfc", "openapi_spec_validator")
"""What the extra `moto[cloudformation]` would install."""


class StandIns(MetaPathFinder, Loader):
    """Finds, after all others, a module in which every name is an empty class."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        wanted = name.partition(".")[0] in WANTED
        return ModuleSpec(name, self, is_package=True) if wanted else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is in it."""


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Exception,), {})


def create_stack(template: str) -> None:
    """Create a stack in the moto that is running."""
    with _stand_ins():
        import_module("moto.cloudformation.parsing")
    stacks = boto3.client("cloudformation", region_name="us-east-1")
    stacks.create_stack(StackName="tables", TemplateBody=template)
    stacks.close()


@contextmanager
def _stand_ins() -> Iterator[None]:
    finder = StandIns()
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name, module in sys.modules.items() if isinstance(module, _StandIn)]:
            del sys.modules[name]
