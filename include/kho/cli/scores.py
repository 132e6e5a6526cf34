"""`kho score` and `kho invariants`: what a night or a day scores, and whether the star holds together.

In: a night, or a day. Out: tables without personal data; exit status 1 if an invariant is broken.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from kho.cli.console import out
from kho.cli.options import Limit, Night, context_of, parse_date, tonight
from kho.errors import ConfigurationError
from kho.quality.index import IndexLine
from kho.quality.invariants import Invariant
from kho.quality.weighting import Weighting
from kho.settings import get_settings


def score(
    night: Night = None,
    day: Annotated[
        date | None,
        typer.Option(
            "--as-of",
            parser=parse_date,
            metavar="YYYY-MM-DD",
            help="The weighted index of that day, made again.",
        ),
    ] = None,
    weights: Annotated[
        date | None,
        typer.Option(
            "--weights-of", parser=parse_date, metavar="YYYY-MM-DD", help="By the weights of another day."
        ),
    ] = None,
    limit: Limit = 15,
) -> None:
    """Show the night's counts, and the scores by dataset and principle; or the weighted index of a day."""
    from kho.quality.index import index_on
    from kho.score import render_scoreboard, scoreboard
    from kho.server.warehouse import open_warehouse

    if day or weights:
        with open_warehouse(get_settings()).connect() as db:
            weighting, lines = index_on(db, day or tonight(), weights)
        if not lines:
            raise ConfigurationError(
                f"there is no evidence up to {day or tonight()}",
                next_step="run kho nightly, or name another day",
            )
        _print_index(weighting, lines, limit)
        return
    as_of = night or tonight()
    board = scoreboard(open_warehouse(get_settings()), as_of)
    if not board.lines:
        raise ConfigurationError(
            f"nothing has run up to the night of {as_of}", next_step="run kho nightly, or name --date"
        )
    render_scoreboard(board, out)


def invariants() -> None:
    """Ask what always has to hold in the star, and show what breaks it; status 1 if something does."""
    from kho.pipeline import check_star

    found = check_star(context_of(get_settings()))
    _print_invariants(found)
    if any(one.broken for one in found):
        raise typer.Exit(1)


def _print_index(weighting: Weighting, lines: list[IndexLine], limit: int) -> None:
    """Print the province's index, the datasets', the lowest agencies', and the master keys."""
    out.print(f"weights in force since {weighting.valid_from}: {weighting.source}", highlight=False)
    for level, title in (
        ("province", "province"),
        ("dataset", "dataset"),
        ("agency", "agency, lowest first"),
        ("master_key", "master key"),
    ):
        found = sorted(
            (line for line in lines if line.level == level), key=lambda line: (line.score, _name(line))
        )
        table = Table(box=None, pad_edge=False)
        table.add_column(title, min_width=34)
        for name in ("index", "coverage", "checks", "failed"):
            table.add_column(name, justify="right")
        for line in found[:limit]:
            table.add_row(
                escape(_name(line)), str(line.score), f"{line.coverage} %", f"{line.evaluated:,}",
                f"{line.failed:,}",
            )  # fmt: skip
        if found:
            out.print(table)


def _print_invariants(found: Sequence[Invariant]) -> None:
    """Print a line for each invariant, and under a broken one the first rows that break it."""
    for one in found:
        state = f"[red]{one.broken} broken[/]" if one.broken else "[green]holds[/]"
        out.print(f"{one.name}: {state}  {one.seconds:.1f} s", highlight=False)
        if one.broken:
            out.print(f"  must hold: {escape(one.purpose)}", highlight=False)
        for row in one.rows:
            out.print(f"  {escape(f'{row.relation}: {row.subject}: {row.problem}')}", highlight=False)


def _name(line: IndexLine) -> str:
    if line.level == "agency":
        return line.agency_code or "(platform)"
    return line.dataset or line.master_key or line.level
