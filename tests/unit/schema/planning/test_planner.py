"""Plans of single tables: pure, from a declaration and what is live."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from persistence import GlobalIndex, Key, LocalIndex, MappingError, Projection, Table
from persistence.operations import (
    CreateTable,
    DisableTimeToLive,
    EnableTimeToLive,
    IndexDescription,
    PutScaling,
    ScalingDescription,
    TableDescription,
    TagTable,
    UpdateInsights,
    UpdateRecovery,
    UpdateTable,
)
from persistence.schema.planning.live import LiveTable
from persistence.schema.planning.planner import plan_table
from persistence.schema.planning.plans import TablePlan
from persistence.table_options import (
    Billing,
    Encryption,
    OnDemand,
    PointInTimeRecovery,
    Provisioned,
    Replica,
    Scaling,
    TableOptions,
)

BY_KIND = GlobalIndex("by-kind", Key("kind", "at"))
BY_NAME = GlobalIndex("by-name", Key("name"))
TABLE = Table("things", "id", "at", (BY_KIND,))
SCALING = Scaling(5, 50)


def live(table: Table = TABLE, *, index_billing: Billing | None = None, **more: Any) -> LiveTable:
    """Give the live table that a declaration would have led to."""
    indexes = tuple(
        IndexDescription(index.name, "ACTIVE", billing=index_billing)
        for index in table.indexes
        if isinstance(index, GlobalIndex)
    )
    options = replace(table.options, tags=None, point_in_time_recovery=None, contributor_insights=None)
    return LiveTable(TableDescription(table.structure, "ACTIVE", indexes, options=options), **more)


def having(table: Table = TABLE, **options: Any) -> Table:
    return replace(table, options=TableOptions(**options))


def changes(plan: TablePlan) -> list[tuple[str, str]]:
    return [(step.kind, step.subject) for step in plan.changes]


def blocked(plan: TablePlan) -> list[str]:
    return [change.what for change in plan.blocked]


class TestOfANewTable:
    def test_creates_it_with_all_that_is_declared(self) -> None:
        """CreateTable takes what it can; what it doesn't take follows."""
        declared = having(
            replace(TABLE, time_to_live="expires"),
            billing=Provisioned(5, 5, SCALING),
            tags={"team": "shop"},
            point_in_time_recovery=True,
            contributor_insights=True,
            deletion_protection=True,
        )

        plan = plan_table(declared, None)

        assert [step.operation for step in plan.steps] == [
            CreateTable(declared),
            EnableTimeToLive("things", "expires"),
            UpdateRecovery("things", PointInTimeRecovery()),
            UpdateInsights("things", enabled=True),
            UpdateInsights("things", enabled=True, index="by-kind"),
            PutScaling("things", "reads", SCALING),
        ]
        assert plan.steps == plan.changes
        assert (plan.status, plan.empty, plan.destructive, plan.blocked) == ("ABSENT", False, (), ())

    def test_does_not_switch_off_what_is_off(self) -> None:
        """A new table has neither recovery nor insights."""
        declared = having(point_in_time_recovery=False, contributor_insights=False, stream="DISABLED")

        assert changes(plan_table(declared, None)) == [("create_table", "things")]

    def test_counts_a_table_that_is_being_deleted_as_none(self) -> None:
        """It is made anew when it is gone."""
        going = live()
        going = replace(going, description=replace(going.description, status="DELETING"))

        plan = plan_table(TABLE, going)

        assert changes(plan) == [("create_table", "things")]
        assert str(plan).startswith("table 'things', which is DELETING: nothing of it is changed until that")


class TestOfWhatIsThere:
    def test_has_nothing_to_do_for_a_table_as_declared(self) -> None:
        """The plan is empty, whatever the table has that is not declared."""
        more = having(replace(TABLE, indexes=(BY_KIND, BY_NAME)), stream="NEW_IMAGE", tags={"a": "b"})

        plan = plan_table(TABLE, live(more))

        assert plan.empty
        assert plan.steps == ()
        assert changes(plan) == [("drop_index", "by-name")]

    def test_creates_missing_indexes_one_by_one(self) -> None:
        """Each index is a step of its own, with the types of its keys and what it is billed."""
        declared = replace(
            having(index_billing=OnDemand(100)), indexes=(BY_KIND, BY_NAME), types={"kind": "N"}
        )

        plan = plan_table(declared, live(replace(TABLE, indexes=())))

        assert [step.operation for step in plan.steps] == [
            UpdateTable(
                "things",
                create_index=replace(BY_KIND, billing=OnDemand(100)),
                key_types={"kind": "N", "at": "S"},
            ),
            UpdateTable(
                "things", create_index=replace(BY_NAME, billing=OnDemand(100)), key_types={"name": "S"}
            ),
        ]

    @pytest.mark.parametrize(
        "there",
        [
            GlobalIndex("by-kind", Key("kind")),
            GlobalIndex("by-kind", Key("kind", "at"), Projection.keys_only()),
        ],
    )
    def test_makes_an_index_again_with_consent(self, there: GlobalIndex) -> None:
        """An index of another key or projection is dropped and made again: a loss that is needed."""
        plan = plan_table(TABLE, live(replace(TABLE, indexes=(there,))))

        assert changes(plan) == [("drop_index", "by-kind"), ("create_index", "by-kind")]
        assert plan.chosen(()) == plan.steps == plan.changes[1:]
        assert plan.chosen({"by-kind"}) == plan.chosen({"things/by-kind"}) == plan.changes
        assert not plan.empty
        assert [step.consent for step in plan.needed] == ["by-kind", None]

    def test_watches_and_scales_an_index_that_is_made_again_anew(self) -> None:
        """What was set for an index is gone with it."""
        billing = Provisioned(5, 5, SCALING)
        there = GlobalIndex("by-kind", Key("other"))
        declared = having(billing=Provisioned(5, 5), index_billing=billing, contributor_insights=True)
        present = live(
            replace(declared, indexes=(there,)),
            index_billing=Provisioned(5, 5),
            insights={None: True, "by-kind": True},
            scaling=(ScalingDescription("reads", SCALING, "by-kind"),),
        )

        assert changes(plan_table(declared, present)) == [
            ("drop_index", "by-kind"),
            ("create_index", "by-kind"),
            ("set_insights", "by-kind"),
            ("set_scaling", "by-kind"),
        ]

    def test_bills_before_it_makes_indexes(self) -> None:
        """An index is billed as its table is, so that the table comes first."""
        declared = having(
            replace(TABLE, indexes=(BY_KIND, BY_NAME)),
            billing=Provisioned(5, 5),
            index_billing=Provisioned(1, 1),
        )

        plan = plan_table(declared, live(having(billing=OnDemand()), index_billing=OnDemand()))

        assert [step.operation for step in plan.steps] == [
            UpdateTable("things", billing=Provisioned(5, 5), index_billing={"by-kind": Provisioned(1, 1)}),
            UpdateTable(
                "things",
                create_index=replace(BY_NAME, billing=Provisioned(1, 1)),
                key_types={"name": "S"},
            ),
        ]

    @pytest.mark.parametrize(
        ("declared", "there", "same"),
        [
            (OnDemand(), OnDemand(), True),
            (OnDemand(), OnDemand(100), False),
            (OnDemand(100), OnDemand(100), True),
            (OnDemand(), Provisioned(1, 1), False),
            (Provisioned(5, 5), Provisioned(5, 5), True),
            (Provisioned(5, 5), Provisioned(5, 6), False),
            (Provisioned(5, 5, None, SCALING), Provisioned(5, 17), True),
            (Provisioned(5, 5, None, SCALING), Provisioned(6, 17), False),
        ],
    )
    def test_compares_billing_but_for_units_that_scale(
        self, declared: Billing, there: Billing, same: bool
    ) -> None:
        """Units that scale are not what was declared at some time, and that is right."""
        scaling = (ScalingDescription("writes", SCALING),)

        plan = plan_table(having(billing=declared), live(having(billing=there), scaling=scaling))

        assert plan.empty is same

    def test_replaces_a_stream_with_consent(self) -> None:
        """Another view needs a new stream, and readers lose what they have not read: with consent."""
        plan = plan_table(having(stream="NEW_IMAGE"), live(having(stream="KEYS_ONLY")))

        assert [(step.operation, step.consent) for step in plan.changes] == [
            (UpdateTable("things", stream="DISABLED"), "stream"),
            (UpdateTable("things", stream="NEW_IMAGE"), None),
        ]

    def test_moves_time_to_live_with_consent(self) -> None:
        """Another attribute needs it to be switched off first, so that nothing expires meanwhile."""
        plan = plan_table(replace(TABLE, time_to_live="expires"), live(time_to_live="until"))

        assert [(step.operation, step.consent) for step in plan.changes] == [
            (DisableTimeToLive("things", "until"), "time_to_live"),
            (EnableTimeToLive("things", "expires"), None),
        ]

    @pytest.mark.parametrize(
        ("declared", "there", "consent"),
        [
            (PointInTimeRecovery(), PointInTimeRecovery(enabled=False), [None]),
            (PointInTimeRecovery(days=35), PointInTimeRecovery(days=7), [None]),
            (PointInTimeRecovery(), PointInTimeRecovery(days=7), []),
            (PointInTimeRecovery(days=7), PointInTimeRecovery(), ["point_in_time_recovery"]),
            (PointInTimeRecovery(enabled=False), PointInTimeRecovery(), ["point_in_time_recovery"]),
            (PointInTimeRecovery(enabled=False), PointInTimeRecovery(enabled=False), []),
        ],
    )
    def test_shortens_recovery_with_consent(
        self, declared: PointInTimeRecovery, there: PointInTimeRecovery, consent: list[str | None]
    ) -> None:
        """Times that one could go back to are lost when recovery ends or is shortened."""
        plan = plan_table(having(point_in_time_recovery=declared), live(recovery=there))

        assert [step.consent for step in plan.changes] == consent

    def test_sets_tags_that_differ_and_leaves_others(self) -> None:
        """Tags that are not named are somebody else's."""
        declared = having(tags={"team": "shop", "stage": "test"})

        plan = plan_table(declared, live(tags={"team": "shop", "stage": "live", "cost": "7"}))

        assert [step.operation for step in plan.steps] == [TagTable("things", {"stage": "test"})]

    @pytest.mark.parametrize(
        ("declared", "there", "same"),
        [
            (Encryption.owned(), None, True),
            (Encryption.owned(), Encryption.managed(), False),
            (Encryption.customer("alias/a"), Encryption.customer("arn:aws:kms:eu:1:key/7"), True),
            (Encryption.customer("7"), Encryption.customer("arn:aws:kms:eu:1:key/7"), True),
            (Encryption.customer("8"), Encryption.customer("arn:aws:kms:eu:1:key/7"), False),
            (Encryption.customer("alias/a"), Encryption.customer("alias/b"), False),
            (Encryption.managed(), Encryption.managed(), True),
            (Encryption.managed(), Encryption.owned(), False),
            (Encryption.managed(), Encryption.customer("arn:aws:kms:eu:1:key/7"), True),
            (Encryption.managed(), Encryption.customer("alias/a"), False),
        ],
    )
    def test_compares_keys_as_far_as_the_service_tells_them(
        self, declared: Encryption, there: Encryption | None, same: bool
    ) -> None:
        """The service tells the ARN of a key, however the key was named."""
        plan = plan_table(having(encryption=declared), live(having(encryption=there)))

        assert plan.empty is same

    def test_keeps_replicas_that_are_not_declared(self) -> None:
        """Where replicas are declared, others are dropped with consent only; a stream is implied."""
        here = having(stream="NEW_AND_OLD_IMAGES", replicas=(Replica("eu-west-1"), Replica("us-east-2")))
        declared = having(
            replicas=(Replica("eu-west-1", "STANDARD_INFREQUENT_ACCESS"), Replica("eu-north-1"))
        )

        plan = plan_table(declared, live(here))

        assert [(step.kind, step.subject, step.consent) for step in plan.changes] == [
            ("drop_replica", "us-east-2", "us-east-2"),
            ("create_replica", "eu-north-1", None),
            ("update_replica", "eu-west-1", None),
        ]
        assert plan_table(declared, None).declared.options.stream == "NEW_AND_OLD_IMAGES"
        assert plan_table(having(), live(here)).changes == ()

    def test_protects_first_and_unprotects_last(self) -> None:
        """Deletion protection is on while the rest is done."""
        on, off = having(deletion_protection=True), having(deletion_protection=False)
        more = replace(TABLE, indexes=(BY_KIND, BY_NAME))

        assert (
            changes(plan_table(having(more, deletion_protection=True), live(off)))[0][0] == "set_protection"
        )
        assert (
            changes(plan_table(having(more, deletion_protection=False), live(on)))[-1][0] == "set_protection"
        )


class TestOfWhatCantBeChanged:
    @pytest.mark.parametrize(
        ("declared", "there", "what"),
        [
            (TABLE, Table("things", "name", "at", (BY_KIND,)), "its key is ('name', 'at'), declared is"),
            (TABLE, replace(TABLE, types={"id": "N"}), "key attribute 'id' is of type N, declared is S"),
            (replace(TABLE, indexes=(LocalIndex("loc", "x"),)), TABLE, "local index 'loc' is missing"),
            (
                replace(TABLE, indexes=(LocalIndex("loc", "x"),)),
                replace(TABLE, indexes=(LocalIndex("loc", "y"),)),
                "local index 'loc' has another key or projection than declared",
            ),
            (
                replace(TABLE, indexes=(LocalIndex("loc", "x"),)),
                replace(TABLE, indexes=(GlobalIndex("loc", Key("id", "x")),)),
                "index 'loc' is a global one, declared is a local one",
            ),
            (
                replace(TABLE, indexes=(GlobalIndex("loc", Key("id", "x")),)),
                replace(TABLE, indexes=(LocalIndex("loc", "x"),)),
                "index 'loc' is a local one, declared is a global one",
            ),
            (
                replace(TABLE, indexes=(replace(BY_KIND, billing=Provisioned(1, 1)),)),
                having(billing=OnDemand()),
                "index 'by-kind' is declared to be provisioned with 1 read and 1 write units, but the table",
            ),
        ],
    )
    def test_says_what_to_do_instead(self, declared: Table, there: Table, what: str) -> None:
        """Each is told with a remedy, and makes the plan one that is not empty."""
        plan = plan_table(declared, live(there))

        assert not plan.empty
        assert blocked(plan)[0].startswith(what)
        assert all(change.remedy for change in plan.blocked)

    def test_counts_indexes_that_are_kept(self) -> None:
        """A table has 20 global indexes; those that are not declared count unless they may be dropped."""
        old = tuple(GlobalIndex(f"old-{number}", Key("x")) for number in range(15))
        new = tuple(GlobalIndex(f"new-{number}", Key("x")) for number in range(6))
        declared, there = Table("things", "id", indexes=new), live(Table("things", "id", indexes=old))

        assert blocked(plan_table(declared, there)) == [
            "it would have 21 global indexes, and DynamoDB allows 20"
        ]
        assert blocked(plan_table(declared, there, {"old-3"})) == []

    def test_counts_projected_attributes_that_are_kept(self) -> None:
        """The 100 attributes of projections are those of all indexes of the table."""
        names = [f"attribute-{number}" for number in range(60)]
        old = GlobalIndex("old", Key("x"), Projection.include(*names))
        new = GlobalIndex("new", Key("x"), Projection.include(*names))
        declared = Table("things", "id", indexes=(new,))

        plan = plan_table(declared, live(Table("things", "id", indexes=(old,))))

        assert blocked(plan) == [
            "its indexes would project 120 attributes by name, and DynamoDB allows 100 in all"
        ]
        assert "'old'" in plan.blocked[0].remedy

    def test_tells_who_holds_an_attribute_as_another_type(self) -> None:
        """An attribute has one type in all keys of a table; an undeclared index may be in the way."""
        old = Table("things", "id", indexes=(GlobalIndex("old", Key("total")),))
        new = Table("things", "id", indexes=(GlobalIndex("new", Key("total")),), types={"total": "N"})

        assert blocked(plan_table(new, live(old))) == [
            "index 'new' needs attribute 'total' as N, but index 'old', which is not declared, has it as S"
        ]
        assert blocked(plan_table(new, live(old), {"old"})) == []

    def test_makes_indexes_again_whose_attribute_has_another_type(self) -> None:
        """The type of an attribute that only global indexes hold changes with them."""
        old = Table("things", "id", indexes=(BY_NAME, BY_KIND))
        new = replace(old, types={"name": "N"})

        plan = plan_table(new, live(old))

        assert changes(plan) == [("drop_index", "by-name"), ("create_index", "by-name")]
        assert plan.changes[0].difference == (
            "index 'by-name': key attribute 'name' is of type S, declared is N"
        )


class TestOfWhatNoTableCanBe:
    @pytest.mark.parametrize(
        ("declared", "message"),
        [
            (
                Table("things", "id", indexes=tuple(GlobalIndex(f"by-{n}", Key("x")) for n in range(21))),
                "declares 21 global indexes; DynamoDB allows 20",
            ),
            (
                Table(
                    "things",
                    "id",
                    indexes=tuple(
                        GlobalIndex(f"by-{n}", Key("x"), Projection.include(*(f"p{n}{m}" for m in range(51))))
                        for n in range(2)
                    ),
                ),
                "names 102 attributes in the projections",
            ),
            (Table("things", "id", types={"id": "BOOL"}), "'id' to be of type 'BOOL'; keys are of type S, N"),  # type: ignore[dict-item]  # that is the subject
            (
                Table("things", "id", indexes=(LocalIndex("loc", "x"),)),
                "no sort key, which the local index 'loc'",
            ),
            (
                having(replicas=(Replica("eu-west-1"),), stream="KEYS_ONLY"),
                "has replicas, whose stream must hold NEW_AND_OLD_IMAGES, but declares KEYS_ONLY",
            ),
            (
                having(index_billing=Provisioned(1, 1)),
                "Declare the table's billing too; a table without is made on demand",
            ),
        ],
    )
    def test_is_refused_before_anything_is_asked(self, declared: Table, message: str) -> None:
        """What the service would refuse is a MappingError that says what to do."""
        with pytest.raises(MappingError, match=message):
            plan_table(declared, None)
