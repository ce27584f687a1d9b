"""The command line: ``python -m bench [SUBJECT...]`` measures, prints a table and writes ``.lab/bench.json``.

Exit code 1 where a bar is missed or a subject could not be measured. Knows no subject by name.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from rich.console import Console
from rich.table import Table

from bench import subjects
from bench.figure import Figure, number

ROOT = Path(__file__).parents[1]
RESULT = ROOT / ".lab" / "bench.json"

Measure = Callable[[], Iterable[Figure]]


def known() -> dict[str, Measure]:
    """Every subject and its function ``figures``."""
    names = sorted(module.name for module in iter_modules(subjects.__path__))
    return {name: import_module(f"{subjects.__name__}.{name}").figures for name in names}


def run(chosen: Mapping[str, Measure], console: Console, result: Path) -> bool:
    """Measure, print and write to ``result``; gives whether all bars were kept.

    A subject that raises is shown with its traceback and counts as missed, and the others are measured all the same.
    """
    report: dict[str, list[Figure]] = {}
    for name, measure in chosen.items():
        try:
            with console.status(f"measuring {name}"):
                report[name] = list(measure())
        except Exception:  # noqa: BLE001 - whatever one subject meets, the others are still measured
            console.print_exception()
            continue
        console.print(_table(name, report[name]))
    _write(report, result)
    return len(report) == len(chosen) and all(figure.holds for figures in report.values() for figure in figures)


def _table(name: str, figures: Iterable[Figure]) -> Table:
    table = Table(title=name, title_justify="left", title_style="bold", header_style="dim")
    table.add_column("figure", overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("bar", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for figure in figures:
        verdict = "" if not figure.bar else "[green]holds[/]" if figure.holds else "[bold red]missed[/]"
        table.add_row(figure.name, number(figure.value), figure.unit, figure.bar, verdict)
    return table


def _write(report: Mapping[str, Iterable[Figure]], result: Path) -> None:
    result.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpus": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version()},
        "subjects": {
            name: [{**asdict(figure), "holds": figure.holds} for figure in figures] for name, figures in report.items()
        },
    }
    result.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> int:
    """Return the exit code."""
    subjects_here = known()
    parser = argparse.ArgumentParser(prog="bench", description="Measures the lab on this machine.")
    parser.add_argument("subject", nargs="*", help=f"which to measure, all without: {', '.join(subjects_here)}")
    wanted: list[str] = parser.parse_args().subject
    for name in wanted:
        if name not in subjects_here:
            parser.error(f"there is no subject '{name}'; there are {', '.join(subjects_here)}")
    console = Console()
    console.print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors (seconds mean little on a busy one)")
    return 0 if run({name: subjects_here[name] for name in wanted or subjects_here}, console, RESULT) else 1


if __name__ == "__main__":
    sys.exit(main())
