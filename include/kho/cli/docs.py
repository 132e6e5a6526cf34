"""`kho docs`: pages about the rules and about the warehouse.

In: a night, a folder. Out: the pages' paths; exit status 1 if a page that is there is stale.
"""

from pathlib import Path
from typing import Annotated

import typer

from kho.cli.options import Night, context_of, tonight
from kho.errors import ConfigurationError
from kho.settings import get_settings

app = typer.Typer(help="Pages about rules and about the warehouse.", no_args_is_help=True)


@app.command()
def build(night: Night = None) -> None:
    """Make Great Expectations' pages of all rules and their last results, and print the first one's path."""
    from kho.pipeline import build_docs

    print(build_docs(night or tonight(), context_of(get_settings())).message)


@app.command()
def export(folder: Path) -> None:
    """Write all suites into FOLDER/gx, as a project that Great Expectations' own tools open."""
    from kho.report.data_docs import export_suites

    print(export_suites(folder, tonight(), get_settings()))


@app.command()
def warehouse(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if a page is stale.")] = False,
) -> None:
    """Write the data dictionary, the lineage and the diagram of the star into docs/."""
    from kho.server.warehouse import open_warehouse
    from kho.warehouse_docs.build import stale_pages, write_pages

    settings = get_settings()
    folder = settings.project_root / "docs"
    with open_warehouse(settings).connect() as db:
        if not check:
            for path in write_pages(db, folder):
                print(path)
        elif stale := stale_pages(db, folder):
            raise ConfigurationError(
                f"not what the warehouse is: {', '.join(stale)}",
                where=str(folder),
                next_step="run .venv/bin/kho docs warehouse, and commit the pages",
            )
