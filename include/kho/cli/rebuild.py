"""`kho rebuild`: the star, or a part of it, made again from the raw zone.

In: a dataset or all of them, perhaps a month or a day, who and why. Out: what differed, table by table;
through the same function as the DAG.
"""

from getpass import getuser
from typing import TYPE_CHECKING, Annotated

import typer

from kho.cli.console import say
from kho.cli.options import context_of
from kho.errors import ConfigurationError
from kho.settings import get_settings

if TYPE_CHECKING:
    from kho.pipeline import StepResult


def rebuild(
    dataset: Annotated[str, typer.Option(help="The dataset.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every dataset that has been loaded.")] = False,
    month: Annotated[
        str, typer.Option(metavar="YYYY-MM", help="Change only rows that nights of this month brought.")
    ] = "",
    day: Annotated[
        str, typer.Option(metavar="YYYY-MM-DD", help="Change only rows that this night brought.")
    ] = "",
    check: Annotated[bool, typer.Option("--check", help="Only say what would be changed.")] = False,
    by: Annotated[str, typer.Option(help="Who rebuilds; the user of this machine.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it is kept, and --check needs none.")] = "",
) -> None:
    """Load batches of the raw zone again beside the star, and mend the rows that differ."""
    from kho.contracts import load_contract
    from kho.pipeline import rebuild as rebuild_step
    from kho.rebuild import span_of

    if bool(dataset) == everything:
        raise ConfigurationError(
            "it is not said what to rebuild", next_step="name one --dataset, or say --all"
        )
    if dataset:
        load_contract(dataset)
    span = span_of(month or None, day or None)
    context, who = context_of(get_settings()), by or getuser()
    rebuild_step(dataset or None, context, span, _show, by=who, reason=reason, check=check)


def _show(result: "StepResult") -> None:
    say(f"{result.dataset:<32} {result.outcome:<10} {result.seconds:7.1f} s  {result.message}")
