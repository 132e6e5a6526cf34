"""A night under way, to look at: a live table on a terminal, plain lines elsewhere.

In: a `Progress` as it changes. Out: text.
"""

from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from kho.night.outcome import FIGURES
from kho.night.progress import LAST, STAGES, Progress, Run

_SIGNS = {
    "": ("·", "dim"),
    "scheduled": ("·", "dim"),
    "queued": ("·", "dim"),
    "running": ("▶", "cyan"),
    "success": ("✓", "green"),
    "failed": ("✗", "red"),
    "up_for_retry": ("↻", "yellow"),
    "skipped": ("-", "dim"),
    "upstream_failed": ("-", "red"),
}
_REFRESH_PER_SECOND = 2


class Display(Protocol):
    """Something that shows a night."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last state on the screen."""

    def show(self, progress: Progress, changed: list[str]) -> None:
        """Show the night as it is; `changed` are the news, a line each."""


def display_for(console: Console) -> Display:
    """Return the display that suits the console."""
    return LiveTable(console) if console.is_terminal else PlainLines(console)


class PlainLines:
    """A line for each piece of news, with the seconds since the beginning."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def show(self, progress: Progress, changed: list[str]) -> None:
        """Print what is new."""
        for line in changed:
            self._console.print(
                f"{progress.seconds:6.1f} s  {line}", markup=False, highlight=False, soft_wrap=True
            )


class LiveTable:
    """Datasets down, stages across, drawn again as they change."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=_REFRESH_PER_SECOND, transient=False)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def show(self, progress: Progress, changed: list[str]) -> None:  # noqa: ARG002
        """Draw the table."""
        self._live.update(_table(progress))


def _table(progress: Progress) -> RenderableType:
    table = Table(title=f"{progress.phase}, {progress.seconds:.0f} s", title_justify="left")
    table.add_column("dataset")
    for stage in STAGES:
        table.add_column(stage, justify="center")
    for figure in FIGURES:
        table.add_column(figure, justify="right")
    table.add_column("time", justify="right")
    for dataset in progress.datasets:
        run = progress.run(dataset)
        counts = progress.counts.get(dataset)
        figures = counts.figures if counts and not run.unchanged else ("",) * len(FIGURES)
        signs = (_sign(run, stage) for stage in STAGES)
        table.add_row(_name(dataset, run), *signs, *figures, _time(run))
    table.add_section()
    for dag, task in LAST.items():
        run = progress.run(dag)
        cells = [_sign(run, task)] + [Text()] * (len(STAGES) - 1 + len(FIGURES))
        table.add_row(_name(dag, run), *cells, _time(run))
    return table


def _name(dag: str, run: Run) -> Text:
    return Text(dag, style="red" if run.state == "failed" else "")


def _sign(run: Run, task: str) -> Text:
    sign, style = _SIGNS.get(run.task(task), ("?", ""))
    return Text(sign, style=style)


def _time(run: Run) -> Text:
    return Text("" if run.seconds is None else f"{run.seconds:.0f} s", style="dim")
