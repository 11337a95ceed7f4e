"""How an application's mappings are found, and what is said where they can't be."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain_example import mappings as shop
from persistence.cli.app import App, load_app
from persistence.cli.failures import Exit, Failure, code_of
from persistence.errors import MappingError
from persistence.stores.memory import MemoryStore
from tests.unit.cli.world import CounterMapping, ThingMapping


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """What a test imports from its folder is forgotten, and so is the folder."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def load(name: str | None, folder: Path, **files: str) -> App:
    for module, text in files.items():
        (folder / f"{module}.py").write_text(text, "utf-8")
    return load_app(name, folder)


def refusal(name: str | None, folder: Path, **files: str) -> str:
    with pytest.raises(Failure) as refused:
        load(name, folder, **files)
    assert refused.value.code is Exit.USAGE
    return refused.value.message


HEAD = "from tests.unit.cli.world import CounterMapping, ThingMapping, container\n"


class TestFinds:
    def test_all_mappings_with_a_table_in_a_module_each_once(self, tmp_path: Path) -> None:
        found = load(
            "app1",
            tmp_path,
            app1=HEAD + "from persistence import MappingSchema\nagain = ThingMapping\nother = int\n",
        )

        assert found.mappings == (CounterMapping, ThingMapping)

    def test_the_example(self, tmp_path: Path) -> None:
        assert load("domain_example.mappings", tmp_path).mappings == shop.MAPPINGS

    @pytest.mark.parametrize(
        "text",
        [
            "found = [ThingMapping, CounterMapping, ThingMapping]",
            "found = (ThingMapping, CounterMapping)",
            "from persistence.mapping import MappingRegistry as R\nfound = R(ThingMapping, CounterMapping)",
            "found = lambda: [ThingMapping, CounterMapping]",
            "def found():\n    return container()",
            "class found:\n    mappings = [ThingMapping, CounterMapping]\nfound = found.mappings",
        ],
    )
    def test_what_an_attribute_holds(self, tmp_path: Path, text: str) -> None:
        assert load("app2:found", tmp_path, app2=HEAD + text).mappings == (ThingMapping, CounterMapping)

    def test_one_mapping(self, tmp_path: Path) -> None:
        assert load("app3:ThingMapping", tmp_path, app3=HEAD).mappings == (ThingMapping,)

    def test_an_attribute_of_an_attribute(self, tmp_path: Path) -> None:
        found = load("app4:Shop.all", tmp_path, app4=HEAD + "class Shop:\n    all = [ThingMapping]\n")

        assert found.mappings == (ThingMapping,)

    def test_a_container_with_its_store(self, tmp_path: Path) -> None:
        found = load("app5:made", tmp_path, app5=HEAD + "made = container()\n")

        assert found.mappings == (ThingMapping, CounterMapping)
        assert isinstance(found.store, MemoryStore)
        assert found.seals_cursors is False

    def test_the_container_inside_of_an_applications(self, tmp_path: Path) -> None:
        assert load("domain_example.container:ShopContainer", tmp_path).mappings == shop.MAPPINGS

    def test_what_the_application_prints_is_no_output(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        load(
            "app6:made",
            tmp_path,
            app6=HEAD + "print('imported')\ndef made():\n    print('called')\n    return [ThingMapping]\n",
        )

        assert capsys.readouterr() == ("", "imported\ncalled\n")


class TestRefuses:
    def test_no_name_with_a_word_on_how_to_give_one(self, tmp_path: Path) -> None:
        assert "[tool.persistence]" in refusal(None, tmp_path)

    @pytest.mark.parametrize("name", ["shop.mappings!", "shop/mappings.py", "..", "-m", "a b"])
    def test_what_is_no_name(self, tmp_path: Path, name: str) -> None:
        assert "is no name of a module" in refusal(name, tmp_path)

    def test_a_module_that_there_is_not(self, tmp_path: Path) -> None:
        assert "there is no module 'nowhere', as nowhere.mappings would need;" in refusal(
            "nowhere.mappings", tmp_path
        )
        assert "there is no module 'nowhere';" in refusal("nowhere", tmp_path)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("import nothing_like_it\n", "ModuleNotFoundError: No module named 'nothing_like_it'"),
            ("1 / 0\n", "ZeroDivisionError: division by zero"),
            ("def f(:\n", "SyntaxError"),
            ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
            ("raise Exception('no such setting')\n", "Exception: no such setting"),
        ],
    )
    def test_a_module_that_fails_with_the_cause(self, tmp_path: Path, text: str, said: str) -> None:
        message = refusal("broken", tmp_path, broken=text)

        assert "broken can't be imported" in message
        assert said in message

    def test_names_the_line_that_is_no_python(self, tmp_path: Path) -> None:
        message = refusal("broken", tmp_path, broken="import inner\n", inner="\ndef f(:\n")

        assert f"SyntaxError: invalid syntax ({tmp_path / 'inner.py'}, line 2)." in message

    def test_names_the_line_of_the_application(self, tmp_path: Path) -> None:
        message = refusal("broken", tmp_path, broken="import inner\n", inner="\n\n1 / 0\n")

        assert f"({tmp_path / 'inner.py'}, line 3)" in message

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("app:Thing_Mapping", "app has no attribute 'Thing_Mapping'; did you mean 'ThingMapping'?"),
            ("app:number", "is int; it is to be"),
            ("app:text", "is str; it is to be"),
            ("app:mixed", "holds int, which is no mapping"),
            ("app:empty", "has no mappings"),
            ("app:fails", "raised ZeroDivisionError"),
            ("app:needs", "raised TypeError"),
            ("app:plain", "is a container without a PersistenceContainer"),
            ("json", "has no mappings"),
        ],
    )
    def test_an_attribute_that_has_none(self, tmp_path: Path, name: str, said: str) -> None:
        text = (
            "from dependency_injector import containers\n"
            "number, text, mixed, empty = 7, 'x', [ThingMapping, 7], []\n"
            "def fails(): 1 / 0\n"
            "def needs(something): ...\n"
            "class plain(containers.DeclarativeContainer): ...\n"
        )

        assert said in refusal(name, tmp_path, app=HEAD + text)

    def test_a_mapping_that_can_not_be_used_keeps_its_own_error(self, tmp_path: Path) -> None:
        text = (
            "from dataclasses import dataclass\nfrom persistence import Key, MappingSchema\n"
            "@dataclass\nclass Odd:\n    id: str\n    what: object\n"
            "class OddMapping(MappingSchema[Odd]):\n    class Meta:\n"
            "        table = 'odd'\n        key = Key('id')\n"
        )
        app = load("odd", tmp_path, odd=text)

        with pytest.raises(MappingError) as refused:
            app.find("Odd")

        assert code_of(refused.value) is Exit.USAGE


class TestNames:
    APP = App("shop", shop.MAPPINGS)

    @pytest.mark.parametrize("name", ["Customer", "CustomerMapping", "shop-customers"])
    def test_finds_a_mapping_by_entity_class_or_table(self, name: str) -> None:
        assert self.APP.find(name) is shop.CustomerMapping

    @pytest.mark.parametrize("name", ["Order", "OrderLines", "OrderMapping", "shop-orders"])
    def test_finds_a_table_by_its_name_or_a_mapping(self, name: str) -> None:
        assert self.APP.table(name).name == "shop-orders"

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("customer", "did you mean 'Customer'?"),
            ("zzz", "known are Customer, Product"),
            ("shop-orders", "name one of them: OrderMapping, OrderLinesMapping"),
        ],
    )
    def test_says_what_was_meant(self, name: str, said: str) -> None:
        with pytest.raises(Failure) as refused:
            self.APP.find(name)

        assert said in refused.value.message
