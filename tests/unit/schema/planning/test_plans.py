"""Plans as data: what they say, and how they are kept."""

from __future__ import annotations

import json
from dataclasses import replace

from persistence import GlobalIndex, Key, MemoryStore, SchemaService, Table
from persistence.schema.planning.plans import SchemaPlan
from persistence.table_options import PointInTimeRecovery, TableOptions
from tests.semantics.world import Pauses

BY_KIND = GlobalIndex("by-kind", Key("kind"))
BY_NAME = GlobalIndex("by-name", Key("name"))
TABLE = Table("things", "id", indexes=(BY_KIND,))


def service(live: Table | None = None) -> SchemaService:
    schema = SchemaService(MemoryStore(auto_create=False), timing=Pauses().timing)
    if live is not None:
        schema.create_table(live)
    return schema


class TestText:
    def test_lists_what_is_done_what_is_kept_and_what_is_blocked(self) -> None:
        """A plan is read by people before it is applied."""
        there = replace(TABLE, indexes=(BY_NAME,), options=TableOptions(stream="KEYS_ONLY"))
        wanted = replace(TABLE, types={"id": "N"}, options=TableOptions(stream="NEW_IMAGE"))

        assert str(service(there).plan(wanted, Table("others", "id"))) == (
            "table 'things'\n"
            "  1. create index 'by-kind' on kind, holding all attributes\n"
            "  2. switch the stream off; what its readers have not read is lost to them "
            "[needs allow_drop={'stream'}]\n"
            "  3. switch a stream of NEW_IMAGE on\n"
            "  blocked: key attribute 'id' is of type S, declared is N; the type of a key of the table or of "
            "a local index can't be changed: declare it as it is, or a table of another name, and copy this "
            "one into it with SchemaService.evolve\n"
            "  not declared, and kept unless allow_drop has 'by-name': by-name\n"
            "table 'others'\n"
            "  1. create table 'others' with key 'id'"
        )

    def test_says_that_there_is_nothing_to_do(self) -> None:
        """An empty plan says so."""
        assert str(service(TABLE).plan(TABLE)) == "table 'things': nothing to do"
        assert str(SchemaPlan(())) == "no tables"


class TestData:
    def test_is_json_and_tells_everything(self) -> None:
        """A plan can be kept in a file, and be looked at."""
        declared = Table("things", "id", options=TableOptions(point_in_time_recovery=PointInTimeRecovery()))
        plan = service().plan(declared)

        data = json.loads(json.dumps(plan.as_dict()))

        assert data == plan.as_dict()
        assert data["fingerprint"] == plan.fingerprint
        assert (data["format"], data["empty"]) == (1, False)
        (table,) = data["tables"]
        assert (table["table"], table["status"], table["blocked"]) == ("things", "ABSENT", [])
        assert table["steps"][1] == {
            "kind": "set_recovery",
            "subject": "things",
            "consent": None,
            "needed": True,
            "text": "switch point-in-time recovery on",
            "difference": "",
            "operation": {"UpdateRecovery": {"name": "things", "recovery": {"enabled": True}}},
        }

    def test_has_the_same_fingerprint_for_the_same_steps(self) -> None:
        """It does not depend on the order in which tags or types were written, nor on who made the plan."""
        one = replace(TABLE, options=TableOptions(tags={"a": "1", "b": "2"}))
        same = replace(TABLE, options=TableOptions(tags={"b": "2", "a": "1"}))

        assert service().plan(one).fingerprint == service().plan(same).fingerprint
        assert service().plan(one).as_dict() == service().plan(same).as_dict()

    def test_has_another_fingerprint_for_other_steps(self) -> None:
        """Whatever else would be done shows: a tag's value, a dropped index, a blocked change."""
        wider = replace(TABLE, indexes=(BY_KIND, BY_NAME))
        plans = [
            service().plan(TABLE),
            service().plan(wider),
            service().plan(replace(TABLE, options=TableOptions(tags={"a": "1"}))),
            service().plan(replace(TABLE, options=TableOptions(tags={"a": "2"}))),
            service(TABLE).plan(TABLE),
            service(wider).plan(TABLE),
            service(TABLE).plan(wider),
            service(TABLE).plan(replace(TABLE, types={"id": "N"})),
        ]

        assert len({plan.fingerprint for plan in plans}) == len(plans)
