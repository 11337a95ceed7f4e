"""`doctor`: looks into what a run depends on, and says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict

import click

from persistence.cli.diagnosis import Finding, surroundings, versions
from persistence.cli.failures import Exit, Failure, said
from persistence.cli.session import Session
from persistence.cli.tablehealth import table_findings
from persistence.errors import PersistenceError

Examination = Callable[[Session], Iterator[Finding]]


@click.command()
@click.pass_context
def doctor(ctx: click.Context) -> int:
    """Check versions, application, credentials, region, endpoint, clock and tables, and say what to do.

    Nothing is changed, and no secret is shown. Exit code 1 if a check failed; warnings are no failures.
    """
    session = Session.of(ctx)
    findings = list(_findings(session))
    if session.output.json:
        session.output.rows([asdict(finding) for finding in findings])
    else:
        session.output.rows([row for finding in findings for row in _rows(finding)])
    failed = sum(finding.state == "fail" for finding in findings)
    warned = sum(finding.state == "warn" for finding in findings)
    session.output.say(f"\n{len(findings)} checks, {failed} failed, {warned} warning(s)")
    return Exit.DIFFERENCES if failed else Exit.OK


def _findings(session: Session) -> Iterator[Finding]:
    reachable = True
    for name, examine in EXAMINATIONS:
        if name == "tables" and not reachable:
            if session.settings.app:
                yield Finding(name, "warn", "not looked at, since there is no way to the store")
            return
        for finding in examined(session, name, examine):
            yield finding
            reachable = reachable and not (finding.check in THE_WAY and finding.state == "fail")


def _rows(finding: Finding) -> Iterator[dict[str, str]]:
    yield {"state": finding.state, "check": finding.check, "found": finding.found}
    if finding.remedy:
        yield {"found": f"to do: {finding.remedy}"}


def examined(session: Session, name: str, examine: Examination) -> Iterator[Finding]:
    """Make an examination; what ends it is a finding too."""
    try:
        yield from examine(session)
    except (Failure, PersistenceError) as error:
        first, *others = "\n".join(said(error)).splitlines()
        yield Finding(name, "fail", first, " ".join(line.strip() for line in others))


def application(session: Session) -> Iterator[Finding]:
    """Look at the mappings."""
    if not session.settings.app:
        yield Finding("app", "warn", "no application is named, so that no tables are checked", "add --app")
        return
    tables = session.app.tables
    yield Finding(
        "app", "ok", f"{session.app.name}: {len(session.app.mappings)} mappings, {len(tables)} tables"
    )
    yield _cursor_keys(session)


def _cursor_keys(session: Session) -> Finding:
    if session.app.seals_cursors is None:
        return Finding(
            "cursor keys", "ok", "not looked at: the app is no container, whose unit of work is known"
        )
    if session.app.seals_cursors:
        return Finding("cursor keys", "ok", "configured")
    return Finding(
        "cursor keys",
        "warn",
        "none are configured: cursors of pages are good in one process only",
        "configure cursor_keys, a secret that all processes of the application share",
    )


THE_WAY = frozenset({"store", "credentials", "region", "endpoint"})
"""The checks without which no table can be asked for."""

EXAMINATIONS: tuple[tuple[str, Examination], ...] = (
    ("versions", lambda _: versions()),
    ("app", application),
    ("store", surroundings),
    ("tables", table_findings),
)
