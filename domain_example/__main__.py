"""Replay the invoices of a real shop, and check what came of it against the file.

    python -m domain_example

| variable        | meaning                                                                                |
|-----------------|----------------------------------------------------------------------------------------|
| `STORE`         | memory (default), moto or dynamodb-local                                               |
| `WORKERS`       | threads that race over the same articles, 1 by default                                 |
| `LIMIT`         | how many invoices, all by default                                                      |
| `DATA`          | another file of invoices                                                               |
| `ENDPOINT_URL`  | with `STORE=dynamodb-local`: a server that runs already; else one is started and ended |
| `ACCESS_KEY_ID` | whose tables on that server, "shop" by default                                         |

A run that was interrupted, however hard, goes on where it stopped when it is started again on the same
server, with the same `DATA` and `LIMIT`:

    python -m persistence.testing run dynamodb-local --port 8000
    STORE=dynamodb-local ENDPOINT_URL=http://127.0.0.1:8000 python -m domain_example

It exits with 0 if the figures are right, 1 if not, 2 if it can't run as it was asked to.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping

from rich.console import Console

from domain_example.container import shop_on
from domain_example.display import business, counted_events, effort, progress, questions
from domain_example.figures import Figures, differences, figures_of_file
from domain_example.invoices import BadInvoices, read_invoices
from domain_example.job import replay
from domain_example.settings import BadSetting, Settings
from domain_example.stores import opened
from domain_example.tour import ask
from persistence import StoreUnavailable
from persistence.stores.layers import Metered
from persistence.testing.servers import ServerUnavailable


def main(environment: Mapping[str, str]) -> int:
    """Run the job, show what came of it, and give the exit code."""
    console = Console()
    try:
        settings = Settings.of(environment)
        figures = run(settings, console)
    except (BadSetting, BadInvoices, ServerUnavailable, StoreUnavailable) as error:
        Console(stderr=True).print(f"{error}", style="red", highlight=False, soft_wrap=True)
        return 2
    return verdict(figures_of_file(settings.data, settings.limit), figures, console)


def run(settings: Settings, console: Console) -> Figures:
    """Replay the invoices on the store that the settings name, then ask what people ask."""
    invoices = read_invoices(settings.data, settings.limit)
    with opened(settings) as store, counted_events() as events, progress(console) as stage:
        metered, begun = Metered(store), time.perf_counter()
        shop = shop_on(metered)
        figures = replay(shop, invoices, settings.workers, stage)
        seconds = time.perf_counter() - begun
        console.print(business(figures), effort(metered.totals, events, seconds))
        console.print(questions(ask(shop, invoices)))
    return figures


def verdict(expected: Figures, found: Figures, console: Console) -> int:
    """Say whether the figures are those of the file, and give the exit code."""
    wrong = differences(expected, found)
    for difference in wrong:
        console.print(f"WRONG {difference}", style="red", highlight=False, soft_wrap=True)
    if not wrong:
        console.print("The figures agree with those computed straight from the file.", style="green")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
