"""A function for AWS Lambda, as an application would write it; tests run it in processes of its own."""

from __future__ import annotations

from typing import Any

from persistence.serverless import lambda_init, optimize_for_cold_start, with_deadline

optimize_for_cold_start()

from persistence.errors import CommitOutcomeUnknown, DeadlineExceeded  # noqa: E402
from tests.unit.serverless.functions_mappings import Visit, VisitMapping  # noqa: E402

shop = lambda_init(VisitMapping)
visits = shop.repository(VisitMapping)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Count a visit, if there is time for it."""
    try:
        with with_deadline(context, buffer=event.get("buffer", 1.0)), shop.uow:
            visit = visits.find(event["id"])
            if visit is None:
                visit = visits.add(Visit(event["id"]))
            visit.count += 1
    except DeadlineExceeded as late:
        return {"error": "DeadlineExceeded", "committed": late.committed}
    except CommitOutcomeUnknown as unknown:
        return {"error": "CommitOutcomeUnknown", "committed": unknown.committed}
    return {"count": visit.count}
