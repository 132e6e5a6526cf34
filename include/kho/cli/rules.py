"""`kho rules`: what is demanded of the data.

In: nothing. Out: the catalogue of all rules as a page; exit status 1 if the page that is there is stale.
"""

from pathlib import Path
from typing import Annotated

import typer

from kho.errors import ConfigurationError

app = typer.Typer(help="The rules of all datasets.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The rules of all datasets."""


@app.command()
def catalogue(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail if the page is stale.")
    ] = False,
    output: Annotated[Path | None, typer.Option(help="The page; docs/rules.md.")] = None,
) -> None:
    """Write the catalogue of all rules, with what breaks each, to docs/rules.md."""
    from kho.contracts import dataset_names, load_contract
    from kho.quality.agreements import load_pairs
    from kho.quality.measures import MEASURES
    from kho.rules.page import page
    from kho.rules.suite import load_dataset_suite
    from kho.settings import get_settings

    settings = get_settings()
    contracts = [
        load_contract(name)
        for name in dataset_names()
        if (settings.expectations_dir / f"{name}.yaml").is_file()
    ]
    text = page(
        {contract.dataset: (contract, load_dataset_suite(contract)) for contract in contracts},
        tuple(MEASURES.values()),
        load_pairs(settings),
    )
    path = output or settings.expectations_dir.parent / "docs" / "rules.md"
    if not check:
        path.write_text(text, encoding="utf-8")
        typer.echo(f"{path}: {len(contracts)} datasets")
    elif not path.is_file() or path.read_text(encoding="utf-8") != text:
        raise ConfigurationError(
            "the catalogue of rules is not what contracts, suites, measures and agreements say",
            where=str(path),
            next_step="run .venv/bin/kho rules catalogue, and commit the page",
        )
