"""Results as plots of the documentation: SVG, the same for the same results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from benchmarks.service.answers import SCANNED
from benchmarks.tables import PLOTTED, Result

_OURS, _OTHERS, _BASELINE = "#2a6f97", "#c2c2c2", "#6b6b6b"
_SHOWN: Mapping[str, tuple[str, ...]] = {
    "single": ("get simple", "put simple", "update simple"),
    "pages": ("query 100 simple", "query 1000 complex", "query 1000 wide"),
    "commits": ("commit of 10 simple", "commit of 100 simple", "commit of 100 complex"),
}


def write(content: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw the suites that have plots.

    Args:
        content: what `--json` writes.
        folder: where the files go, named after the suites.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mpl.rcParams.update({"svg.hashsalt": "benchmarks", "svg.fonttype": "none", "font.size": 9})
    written = []
    for name in PLOTTED:
        found = content["suites"].get(name, ())
        if found:
            figure = _lines(found) if name == "scaling" else _bars(found, _SHOWN[name])
            FigureCanvasSVG(figure)
            file = folder / f"{name}.svg"
            figure.savefig(file, format="svg", metadata={"Date": None}, bbox_inches="tight")
            written.append(file)
    return written


def _bars(found: Sequence[Result], titles: Sequence[str]) -> Figure:
    chosen = [each for each in found if each["title"] in titles]
    longest = max(len(each["contenders"]) for each in chosen)
    figure = Figure(figsize=(4.2 * len(chosen), 0.7 + 0.25 * longest), layout="constrained")
    for place, result in enumerate(chosen, 1):
        axes = figure.add_subplot(1, len(chosen), place)
        names = list(result["contenders"])[::-1]
        ratios = [result["contenders"][name]["ratio"] for name in names]
        bars = axes.barh(names, ratios, color=[_colour(name, result) for name in names])
        axes.bar_label(bars, fmt="%.2f", padding=2)
        axes.axvline(1, color=_BASELINE, linewidth=0.8)
        axes.set(title=result["title"], xlabel="processor time, raw client = 1")
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.15)
    return figure


def _colour(name: str, result: Result) -> str:
    if name in (result["baseline"], result["floor"]):
        return _BASELINE
    return _OURS if name.startswith("persistence") else _OTHERS


def _lines(found: Sequence[Result]) -> Figure:
    latencies = sorted({each["title"].rpartition(", ")[2] for each in found})
    figure = Figure(figsize=(5.2 * len(latencies), 3.6), layout="constrained")
    for place, latency in enumerate(latencies, 1):
        axes = figure.add_subplot(1, len(latencies), place)
        for result in (each for each in found if each["title"].endswith(latency)):
            workers = [int(name.split()[0]) for name in result["contenders"]]
            rates = [SCANNED / each["median"] for each in result["contenders"].values()]
            label = result["title"].removesuffix(f", {latency}").partition(", ")[2]
            style = "--" if "processes" in label else "-"
            axes.plot(workers, rates, marker="o", label=label, linestyle=style)
        axes.set(title=latency, xlabel="workers", ylabel="items per second", xticks=workers)
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=7)
    return figure
