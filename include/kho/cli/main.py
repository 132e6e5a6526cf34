"""`kho`, the command line.

In: a command. Out: its result on standard output; what went wrong as one line on standard error, with
exit status 1. `--debug` shows the whole traceback instead.
"""

import os
import sys
from contextlib import suppress
from typing import Annotated

import typer
from rich.markup import escape

from kho.cli import (
    alerts,
    anomaly,
    dataset,
    docs,
    gate,
    machine,
    night,
    privacy,
    quarantine,
    rebuild,
    report,
    rules,
    scores,
    submissions,
)
from kho.cli.console import err
from kho.errors import KhoError
from kho.settings import get_settings

INTERRUPTED = 130

app = typer.Typer(
    help="The nightly load of the socio-economic master database.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (
    rebuild.rebuild,
    night.nightly,
    machine.up,
    machine.down,
    machine.url,
    machine.migrate,
    night.run,
    scores.score,
    scores.invariants,
    machine.doctor,
):
    app.command()(command)
for name, group in {
    "sandbox": machine.sandbox_app,
    "submissions": submissions.app,
    "dataset": dataset.app,
    "quarantine": quarantine.app,
    "rules": rules.app,
    "gate": gate.app,
    "report": report.app,
    "docs": docs.app,
    "anomaly": anomaly.app,
    "alerts": alerts.app,
    "privacy": privacy.app,
}.items():
    app.add_typer(group, name=name)


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,  # noqa: ARG001
) -> None:
    """Options of all commands; `--debug` itself is read by `main`."""
    _keep_temporary_files_home()


def _keep_temporary_files_home() -> None:
    """Let libraries, and what they start, put temporary files into the state directory."""
    if os.environ.get("TMPDIR"):
        return
    folder = get_settings().home / "tmp"
    # Where it cannot be made, the command itself says so better.
    with suppress(OSError):
        # Nobody else may look, but the database server that tests start as root has to pass through.
        folder.mkdir(parents=True, exist_ok=True, mode=0o711)
        os.environ["TMPDIR"] = str(folder)


def main() -> None:
    """Run the command line; the entry point of `kho`."""
    debug = "--debug" in sys.argv[1:]
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        app(args=arguments, prog_name="kho")
    except KhoError as error:
        if debug:
            raise
        err.print(f"[red]error:[/] {escape(' '.join(str(error).split()))}", highlight=False, soft_wrap=True)
        raise SystemExit(1) from None
    except SystemExit as leaving:
        if leaving.code == INTERRUPTED:
            err.print("stopped; the same command goes on from there")
        raise
