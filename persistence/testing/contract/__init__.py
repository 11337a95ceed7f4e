"""What every store has to do, as test cases: run them on a store of your own.

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self) -> Store:
            return MyStore()

An asynchronous store is shown to the cases as a synchronous one:

    class TestMyAsyncStore(StoreContract):
        @pytest.fixture
        def store(self) -> Iterator[Store]:
            with SyncView(MyAsyncStore()) as store:
                yield store

Each case states one rule of the port and makes its own tables, so the fixture may give a fresh store per case
or one for all. Cases speak operations (`persistence.operations`) and errors (`persistence.errors`) only.

The tag at the end of a case's docstring says where its rule comes from:

| tag      | source                                                                    |
|----------|---------------------------------------------------------------------------|
| `[aws]`  | AWS's documentation or service model                                       |
| `[conf]` | the public DynamoDB conformance suite, which was verified against AWS      |
| `[alt]`  | ScyllaDB's alternator tests, which are written to pass on AWS too          |
| `[ack]`  | the public notes "ack-api-quirks", which were measured on AWS               |
| `[run]`  | seen on Amazon's DynamoDB Local                                            |
| `[port]` | the contract of `persistence.store.Store`, whatever the service does       |
"""

from __future__ import annotations

import pytest

# Before the cases are imported, so that a failed assertion shows both sides.
pytest.register_assert_rewrite("persistence.testing.contract.cases")

from persistence.testing.contract.base import Contract, TableMaker  # noqa: E402  see above
from persistence.testing.contract.cases.backups import (  # noqa: E402
    BackupContract,
    RestoreContract,
    RestoreToPointContract,
)
from persistence.testing.contract.cases.batches import BatchContract  # noqa: E402
from persistence.testing.contract.cases.cancellations import CancellationContract  # noqa: E402
from persistence.testing.contract.cases.capacity import CapacityContract  # noqa: E402
from persistence.testing.contract.cases.changes import ChangeContract  # noqa: E402
from persistence.testing.contract.cases.concurrency import ConcurrencyContract  # noqa: E402
from persistence.testing.contract.cases.conditions import ConditionContract  # noqa: E402
from persistence.testing.contract.cases.filters import FilterContract  # noqa: E402
from persistence.testing.contract.cases.index_capacity import (  # noqa: E402
    IndexCapacityContract,
    RepeatedCapacityContract,
)
from persistence.testing.contract.cases.indexes import IndexContract  # noqa: E402
from persistence.testing.contract.cases.items import (  # noqa: E402
    DeleteItemContract,
    GetItemContract,
    PutItemContract,
)
from persistence.testing.contract.cases.key_conditions import KeyConditionContract  # noqa: E402
from persistence.testing.contract.cases.keys_of_many import KeysOfManyContract  # noqa: E402
from persistence.testing.contract.cases.listing import ListingContract  # noqa: E402
from persistence.testing.contract.cases.multiple_keys import MultipleKeyContract  # noqa: E402
from persistence.testing.contract.cases.pages import PageContract  # noqa: E402
from persistence.testing.contract.cases.queries import PagingContract, QueryContract  # noqa: E402
from persistence.testing.contract.cases.returning import ReturnValuesContract  # noqa: E402
from persistence.testing.contract.cases.scans import ScanContract  # noqa: E402
from persistence.testing.contract.cases.selections import SelectionContract  # noqa: E402
from persistence.testing.contract.cases.sizes import SizeContract  # noqa: E402
from persistence.testing.contract.cases.table_changes import (  # noqa: E402
    IndexChangeContract,
    TableUpdateContract,
)
from persistence.testing.contract.cases.table_options import (  # noqa: E402
    BillingContract,
    TableOptionContract,
)
from persistence.testing.contract.cases.table_settings import (  # noqa: E402
    InsightContract,
    RecoveryContract,
    ScalingContract,
    TagContract,
)
from persistence.testing.contract.cases.tables import ErrorContract, TableContract  # noqa: E402
from persistence.testing.contract.cases.tokens import TokenContract  # noqa: E402
from persistence.testing.contract.cases.transactions import TransactGetContract, TransactWriteContract  # noqa: E402
from persistence.testing.contract.cases.updates import UpdateContract  # noqa: E402
from persistence.testing.contract.cases.values import (  # noqa: E402
    KeyContract,
    LimitsContract,
    NumberContract,
)
from persistence.testing.contract.differences import (  # noqa: E402
    KnownDifference,
    case_names,
    known_differences,
)
from persistence.testing.contract.views import SyncView  # noqa: E402  see above

__all__ = [
    "BackupContract",
    "BatchContract",
    "BillingContract",
    "CancellationContract",
    "CapacityContract",
    "ChangeContract",
    "ConcurrencyContract",
    "ConditionContract",
    "Contract",
    "DeleteItemContract",
    "ErrorContract",
    "FilterContract",
    "GetItemContract",
    "IndexCapacityContract",
    "IndexChangeContract",
    "IndexContract",
    "InsightContract",
    "KeyConditionContract",
    "KeyContract",
    "KeysOfManyContract",
    "KnownDifference",
    "LimitsContract",
    "ListingContract",
    "MultipleKeyContract",
    "NumberContract",
    "PageContract",
    "PagingContract",
    "PutItemContract",
    "QueryContract",
    "RecoveryContract",
    "RepeatedCapacityContract",
    "RestoreContract",
    "RestoreToPointContract",
    "ReturnValuesContract",
    "ScalingContract",
    "ScanContract",
    "SelectionContract",
    "SizeContract",
    "StoreContract",
    "SyncView",
    "TableContract",
    "TableMaker",
    "TableManagementContract",
    "TableOptionContract",
    "TableUpdateContract",
    "TagContract",
    "TokenContract",
    "TransactGetContract",
    "TransactWriteContract",
    "TransactionlessStoreContract",
    "UpdateContract",
    "case_names",
    "known_differences",
]


class TransactionlessStoreContract(
    GetItemContract,
    PutItemContract,
    DeleteItemContract,
    ReturnValuesContract,
    NumberContract,
    KeyContract,
    SizeContract,
    LimitsContract,
    ConditionContract,
    FilterContract,
    UpdateContract,
    ChangeContract,
    QueryContract,
    PagingContract,
    ScanContract,
    BatchContract,
):
    """The cases that need neither transactions nor indexes nor capacity."""


class TableManagementContract(
    TableUpdateContract,
    IndexChangeContract,
    BillingContract,
    TableOptionContract,
    RecoveryContract,
    TagContract,
    InsightContract,
    ScalingContract,
    BackupContract,
    RestoreContract,
    RestoreToPointContract,
    ListingContract,
):
    """The cases of what can be done to tables, beside making and deleting them."""


class StoreContract(
    TransactionlessStoreContract,
    IndexContract,
    KeyConditionContract,
    PageContract,
    SelectionContract,
    MultipleKeyContract,
    TransactWriteContract,
    CancellationContract,
    TokenContract,
    TransactGetContract,
    KeysOfManyContract,
    CapacityContract,
    IndexCapacityContract,
    RepeatedCapacityContract,
    TableContract,
    ErrorContract,
    TableManagementContract,
    ConcurrencyContract,
):
    """All cases: what `persistence.store.Store` promises."""
