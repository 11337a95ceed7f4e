"""Names of tenants, and keys that begin with them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.errors import ConfigurationError, ForeignTenant
from persistence.stores.tenancy import Tenant, tenant_in, with_tenant_keys
from persistence.table import GlobalIndex, Key, Table

ORDERS = Table(
    "orders", "pk", "sk", indexes=(GlobalIndex("by-customer", Key("customer", "at")),), tenant_scoped=True
)
ACME = Tenant("acme")

names = st.from_regex(re.compile(r"[A-Za-z0-9_.:/=+@-]{1,8}"), fullmatch=True)


def text(content: str) -> dict[str, str]:
    return {"S": content}


class TestNames:
    @pytest.mark.parametrize(
        "name", ["a", "acme", "acme-eu_1", "org:12", "a@b.c", "x" * 128, "eu-central-1/acme"]
    )
    def test_takes_what_a_session_tag_may_hold(self, name: str) -> None:
        assert Tenant(name).prefix == f"{name}#"

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("", id="empty"),
            pytest.param("a#b", id="separator"),
            pytest.param("a*", id="wildcard"),
            pytest.param("a?", id="wildcard-for-one"),
            pytest.param("${aws:username}", id="policy-variable"),
            pytest.param("a b", id="blank"),
            pytest.param("acme\n", id="line-end"),
            pytest.param("\u00e4", id="not-ascii"),
            pytest.param("x" * 129, id="too-long"),
            pytest.param(b"acme", id="bytes"),
            pytest.param(None, id="none"),
            pytest.param(7, id="number"),
        ],
    )
    def test_refuses_others(self, name: object) -> None:
        with pytest.raises(ConfigurationError, match="the name of a tenant"):
            Tenant(name)  # type: ignore[arg-type]

    @given(names, st.text(min_size=1, max_size=8), names, st.text(min_size=1, max_size=8))
    def test_no_two_tenants_ever_have_one_key(self, one: str, key: str, other: str, its_key: str) -> None:
        """The first `#` of a stored key ends the name, whatever the keys are: "a" with "b#c" is not "a#b"."""
        same = Tenant(one).stored(text(key)) == Tenant(other).stored(text(its_key))

        assert same is ((one, key) == (other, its_key))

    @given(names, st.text(max_size=8), names)
    def test_a_key_is_owned_by_its_tenant_alone(self, name: str, key: str, other: str) -> None:
        stored = text(f"{name}#{key}")

        assert Tenant(other).owns(stored) is (other == name)


class TestItems:
    def test_begin_with_the_tenant_in_partition_keys_alone(self) -> None:
        item = {"pk": text("1"), "sk": text("s"), "customer": text("c"), "note": text("n")}

        stored = ACME.stored_item(item, ORDERS.tenant_keys)

        assert stored == {**item, "pk": text("acme#1"), "customer": text("acme#c")}
        assert ACME.shown_item(stored, ORDERS) == item

    def test_of_another_tenant_are_never_shown(self) -> None:
        with pytest.raises(ForeignTenant) as refused:
            ACME.shown_item({"pk": text("globex#1"), "sk": text("s")}, ORDERS)

        assert (refused.value.table, refused.value.attribute) == ("orders", "pk")
        assert "globex" not in str(refused.value)

    @pytest.mark.parametrize("stored", ["acme", "acme2#1", "1", "Acme#1", "xacme#1"])
    def test_must_begin_with_the_whole_name_and_its_end(self, stored: str) -> None:
        with pytest.raises(ForeignTenant):
            ACME.shown_item({"pk": text(stored)}, ORDERS)

    def test_stored_before_an_index_was_declared_are_shown_as_they_are(self) -> None:
        item = {"pk": text("acme#1"), "sk": text("s"), "customer": text("c")}

        assert ACME.shown_item(item, ORDERS) == {**item, "pk": text("1")}

    def test_get_the_keys_of_an_index_that_is_new(self) -> None:
        old = {"pk": text("acme#1"), "sk": text("s"), "customer": text("c")}
        new = {**old, "customer": text("acme#c")}

        assert with_tenant_keys(ORDERS, old) == new
        assert with_tenant_keys(ORDERS, new) == new

    def test_keep_what_is_no_key(self) -> None:
        """An empty text can't be a key, and must not become one; a number is refused by its type."""
        assert ACME.stored(text("")) == text("")
        assert ACME.stored({"N": "1"}) == {"N": "1"}

    def test_tell_whose_they_are(self) -> None:
        stored = {"pk": text("acme#a#b"), "sk": text("s")}

        assert tenant_in(ORDERS, stored) == ("acme", {"pk": text("a#b"), "sk": text("s")})

    @pytest.mark.parametrize("partition", [text("acme"), text("#1"), text("a b#1"), {"N": "1"}])
    def test_tell_nobody_where_they_are_nobodys(self, partition: dict[str, str]) -> None:
        with pytest.raises(ForeignTenant):
            tenant_in(ORDERS, {"pk": partition})
