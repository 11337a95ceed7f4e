"""Options of tables: what the service would refuse is refused where it is declared."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from persistence.errors import MappingError
from persistence.table_options import (
    TAGS_PER_TABLE,
    Encryption,
    OnDemand,
    PointInTimeRecovery,
    Provisioned,
    Replica,
    Scaling,
    TableOptions,
)

REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "no units": (lambda: Provisioned(0, 1), "Provisioned.read_units is 0; it is a whole number"),
    "half a unit": (lambda: Provisioned(1, 1.5), "Provisioned.write_units is 1.5"),  # type: ignore[arg-type]
    "a truth for units": (lambda: OnDemand(max_read_units=True), "OnDemand.max_read_units is True"),
    "least above most": (lambda: Scaling(5, 4), "least may not be above most"),
    "all in use": (lambda: Scaling(1, 2, target=100), "it is a percentage from 20 to 90"),
    "a text for a target": (lambda: Scaling(1, 2, target="70"), "Scaling.target is '70'"),  # type: ignore[arg-type]
    "time running back": (lambda: Scaling(1, 2, scale_in_cooldown=-1), "scale_in_cooldown is -1"),
    "other scaling": (
        lambda: Provisioned(1, 1, read_scaling=OnDemand()),  # type: ignore[arg-type]
        "Provisioned.read_scaling takes Scaling, not OnDemand",
    ),
    "a key that nobody asks for": (lambda: Encryption("OWNED", "alias/mine"), "a key with kind CUSTOMER"),
    "a customer without a key": (lambda: Encryption("CUSTOMER"), "a key with kind CUSTOMER"),
    "somebody else's key": (lambda: Encryption("THEIRS"), "it is one of"),  # type: ignore[arg-type]
    "too many days": (lambda: PointInTimeRecovery(days=36), "it is from 1 to 35"),
    "days of nothing": (lambda: PointInTimeRecovery(enabled=False, days=3), "takes no days"),
    "a replica nowhere": (lambda: Replica(""), "it is a region such as"),
    "an unknown class": (
        lambda: Replica("eu-west-1", table_class="RARE"),  # type: ignore[arg-type]
        "Replica.table_class is 'RARE'; it is one of STANDARD",
    ),
    "other billing": (
        lambda: TableOptions(billing=5),  # type: ignore[arg-type]
        "TableOptions.billing takes OnDemand or Provisioned, not int",
    ),
    "too many tags": (
        lambda: TableOptions(tags={f"t{number}": "" for number in range(TAGS_PER_TABLE + 1)}),
        "has 51 tags; DynamoDB allows 50",
    ),
    "a number for a tag": (lambda: TableOptions(tags={"team": 5}), "takes texts for texts; 'team' is int"),  # type: ignore[dict-item]
    "a tag of AWS": (lambda: TableOptions(tags={"AWS:x": ""}), "'AWS:x' can't be a tag"),
    "a replica twice": (
        lambda: TableOptions(replicas=(Replica("eu-west-1"), Replica("eu-west-1"))),
        "names a region twice: eu-west-1, eu-west-1",
    ),
    "no replica": (lambda: TableOptions(replicas=("eu-west-1",)), "takes Replica, not str"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("declare", "said"), list(REFUSED.values()), ids=list(REFUSED))
def test_what_can_not_be_is_refused(declare: Callable[[], object], said: str) -> None:
    with pytest.raises(MappingError) as refused:
        declare()

    assert said in str(refused.value)


class TestTwoDeclarations:
    def test_are_merged_where_they_say_different_things(self) -> None:
        mine = TableOptions(stream="NEW_IMAGE", tags={"team": "a"})
        theirs = TableOptions(deletion_protection=True, tags={"cost": "b"})

        assert mine.merged_with(theirs, "things") == TableOptions(
            stream="NEW_IMAGE", deletion_protection=True, tags={"team": "a", "cost": "b"}
        )

    @pytest.mark.parametrize(
        ("mine", "theirs", "said"),
        [
            (
                TableOptions(stream="NEW_IMAGE"),
                TableOptions(stream="KEYS_ONLY"),
                "disagree on its stream: 'NEW_IMAGE' and 'KEYS_ONLY'",
            ),
            (
                TableOptions(tags={"team": "a"}),
                TableOptions(tags={"team": "b"}),
                "disagree on its tag 'team'",
            ),
        ],
    )
    def test_that_disagree_are_refused(self, mine: TableOptions, theirs: TableOptions, said: str) -> None:
        with pytest.raises(MappingError, match="two declarations of table 'things'") as refused:
            mine.merged_with(theirs, "things")

        assert said in str(refused.value)
