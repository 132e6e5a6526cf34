"""`kho dataset`: make a new source's files, check them, and see how sources have changed.

In: a slug. Out: what was proposed and why, or what a night would do, on standard output; exit status 1 if it
would fail.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from kho.cli.console import out
from kho.cli.options import Number, known_filters, tonight
from kho.errors import ConfigurationError
from kho.settings import get_settings

if TYPE_CHECKING:
    from kho.authoring.dry_run import DryRun
    from kho.authoring.lint import Finding
    from kho.authoring.new import NewDataset

app = typer.Typer(help="Contracts and suites: new ones, and what is wrong.", no_args_is_help=True)

DEFAULT_AGENCY = "000.00.00.H48"
"""The province's people's committee, until the owner's own code is known."""

_SIGNS = {"error": "[red]bad[/] ", "warning": "[yellow]look[/]"}


@app.command()
def new(
    slug: Annotated[str, typer.Argument(help="The dataset's name everywhere: library_loans.")],
    kind: Annotated[str | None, typer.Option(help="rest, sql or files.")] = None,
    connection: Annotated[str | None, typer.Option(help="Name of the connection.")] = None,
    table: Annotated[str | None, typer.Option(help="sql: schema.table.")] = None,
    path: Annotated[str | None, typer.Option(help="rest: path of the operation that lists records.")] = None,
    auth: Annotated[str, typer.Option(help="rest: kind of login.")] = "wso2_client_credentials",
    window: Annotated[
        str | None, typer.Option(help="rest: FROM,TO,FORMAT,MAX_DAYS: tuNgay,denNgay,%d/%m/%Y,31.")
    ] = None,
    paging: Annotated[
        str | None, typer.Option(help="rest: KIND,PARAM,LIMIT_PARAM,SIZE: page,trang,soDong,500.")
    ] = None,
    folder: Annotated[str | None, typer.Option(help="files: folder below the connection's root.")] = None,
    file_name: Annotated[
        str | None,
        typer.Option(help="files: pattern of whole file names; taken from the sample's if not given."),
    ] = None,
    sample: Annotated[
        Path | None,
        typer.Option(help="files: a form to learn from; the newest one in the folder if not given."),
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="files: the sheet whose table is wanted.")] = None,
    title: Annotated[str | None, typer.Option(help="What it is, in Vietnamese, for the report.")] = None,
    owner: Annotated[str | None, typer.Option(help="The agency that answers for it.")] = None,
    owner_agency: Annotated[str, typer.Option(help="That agency's code.")] = DEFAULT_AGENCY,
    key: Annotated[
        list[str] | None, typer.Option(help="A key column of the source; may be repeated.")
    ] = None,
    watermark: Annotated[str | None, typer.Option(help="The source's column of change times.")] = None,
    deletions: Annotated[
        bool, typer.Option("--deletions", help="sql: rows may vanish at the source.")
    ] = False,
    star: Annotated[str, typer.Option(help="A table of its own in the star: fact, dim or none.")] = "fact",
    drift: Annotated[str, typer.Option(help="When columns change: freeze, evolve or discard.")] = "discard",
    rows: Annotated[int, typer.Option(min=1, max=100_000, help="How many rows to learn from.")] = 1_000,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Any other key of the source: paging.page_size=500.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write files anew that exist.")] = False,
) -> None:
    """Learn a source from a sample and write its contract, rules, SQL, fixture, test and runbook."""
    from kho.authoring.binding import binding_of, learnt, rest_keys, sql_keys
    from kho.authoring.form_probe import learn_form
    from kho.authoring.new import new_dataset
    from kho.authoring.reference_lists import commune_codes
    from kho.authoring.write import Wanted, check_slug
    from kho.connections import EnvironmentConnections

    check_slug(slug)
    kind = _asked("kind", kind, "Kind of source (rest, sql, files)")
    given: dict[str, Any] = {"connection": _asked("connection", connection, "Name of its connection")}
    if kind == "sql":
        given |= sql_keys(_asked("table", table, "Table, as schema.table"), deletions=deletions)
    elif kind == "rest":
        path = _asked("path", path, "Path of the operation that lists records")
        window = window if window is not None else _optional("Dates: FROM,TO,FORMAT,MAX_DAYS or nothing")
        paging = paging if paging is not None else _optional("Pages: KIND,PARAM,LIMIT_PARAM,SIZE or nothing")
        given |= rest_keys(path, auth, window, paging)
    elif kind == "files":
        given |= {"folder": folder, "file_name": file_name}
    settings = get_settings()
    connections = EnvironmentConnections(settings)
    binding, evidence = learnt(binding_of(kind, given, set_ or []), connections)
    form = None
    if kind == "files" and not binding.get("form", {}).get("columns"):
        form = learn_form(binding, connections, commune_codes(settings), rows, given=sample, sheet=sheet)
        binding, evidence = form.binding, form.evidence
    made = new_dataset(
        Wanted(
            slug=slug,
            title=_asked("title", title, "What it is, in Vietnamese"),
            owner=_asked("owner", owner, "The agency that answers for it"),
            owner_agency=owner_agency,
            table=_chosen("star", star, ("fact", "dim", "none")),
            drift=_chosen("drift", drift, ("freeze", "evolve", "discard")),
            force=force,
        ),
        binding,
        connections,
        settings,
        rows=rows,
        key=key or [],
        watermark=watermark,
        learnt=form,
    )
    _print_new(slug, made, evidence)


def _optional(question: str) -> str | None:
    """An answer that may be empty; none where nobody sits before the screen."""
    return str(typer.prompt(question, default="")) or None if sys.stdin.isatty() else None


def _asked(flag: str, value: str | None, question: str) -> str:
    """The flag's value; asked for where a person sits before the screen."""
    if value:
        return value
    if not sys.stdin.isatty():
        raise ConfigurationError(f"--{flag} is missing", next_step="kho dataset new --help names the flags")
    return str(typer.prompt(question))


def _chosen(flag: str, value: str, choices: tuple[str, ...]) -> Any:
    if value not in choices:
        raise ConfigurationError(f"--{flag} is one of {', '.join(choices)}, not '{value}'")
    return value


def _print_new(slug: str, made: NewDataset, evidence: tuple[str, ...]) -> None:
    out.print(f"{slug}: {made.proposal.rows:,} rows of {made.where}", highlight=False)
    for note in (*evidence, *made.proposal.notes):
        out.print(f"  {note}", highlight=False, soft_wrap=True)
    table = _table("column", "from", "type", "privacy", "why")
    for column in made.proposal.columns:
        table.add_row(
            column.name,
            escape(column.source_name),
            column.logical_type,
            column.classification,
            escape("; ".join(column.reasons)),
        )
    out.print(table)
    critical = sum(rule.severity == "critical" for rule in made.rules)
    out.print(f"{len(made.rules)} rules, {critical} of them critical. Written:", highlight=False)
    root = get_settings().project_root
    for path in made.files:
        out.print(f"  {path.relative_to(root)}", highlight=False, soft_wrap=True)
    out.print(
        f"Next: read the contract and the rules, then\n  kho dataset check {slug}\n"
        f'  make test ARGS="-k {slug}"\n  kho run {slug}',
        highlight=False,
    )


@app.command()
def check(
    dataset: Annotated[str | None, typer.Argument(help="One dataset; without it all, and no source.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Read the files only; ask no source.")] = False,
    rows: Annotated[int, typer.Option(min=1, max=100_000, help="How many rows to ask for.")] = 1_000,
) -> None:
    """Say what is wrong with a dataset's files, then try one page of its source, dry."""
    from kho.contracts import dataset_names

    good = True
    for name in (dataset,) if dataset else dataset_names():
        good &= _check_files(name, thorough=dataset is not None)
    if dataset and not offline:
        good &= _try_source(dataset, rows)
    if not good:
        raise typer.Exit(1)


@app.command()
def changes(
    dataset: Annotated[str | None, typer.Argument()] = None,
    everything: Annotated[bool, typer.Option("--all", help="Acknowledged ones too.")] = False,
) -> None:
    """List how the columns of sources differ from their contracts."""
    from kho.quality.schema_changes import list_changes
    from kho.server.warehouse import open_warehouse

    engine = open_warehouse(get_settings())
    known_filters(engine, dataset=dataset)
    found = list_changes(engine, dataset, acknowledged=everything)
    table = _table(
        "no.", "dataset", "change", "column", "detail", "policy", "first seen", "last seen", "known to"
    )
    for one in found:
        kind = f"{one.kind}, stops" if one.stops else one.kind
        table.add_row(
            str(one.change_id),
            one.dataset,
            kind,
            one.column_name,
            one.detail,
            one.policy,
            str(one.first_seen_on),
            str(one.last_seen_on),
            one.acknowledged_by or "",
        )
    out.print(table if found else "No source has changed its columns.")


@app.command()
def acknowledge(
    change: Annotated[int, Number], by: Annotated[str, typer.Option(help="Who knows of it.")]
) -> None:
    """Take a change of a source's columns off the report."""
    from kho.quality.schema_changes import acknowledge as take_off
    from kho.server.warehouse import open_warehouse

    out.print(take_off(open_warehouse(get_settings()), change, by), highlight=False)


def _check_files(name: str, *, thorough: bool) -> bool:
    from kho.authoring.lint import lint
    from kho.contracts import load_contract
    from kho.rules.suite import load_dataset_suite

    found = lint(name, get_settings(), style=thorough)
    contract = load_contract(name)
    rules = len(load_dataset_suite(contract).rules)
    errors = sum(finding.level == "error" for finding in found)
    out.print(
        f"{name}: {len(contract.columns)} columns, {rules} rules, {errors} errors, "
        f"{len(found) - errors} warnings",
        highlight=False,
    )
    for finding in found:
        if thorough or finding.level == "error":
            _print_finding(finding)
    return errors == 0


def _print_finding(finding: Finding) -> None:
    place = f" ({finding.where})" if finding.where else ""
    out.print(f"  {_SIGNS[finding.level]} {finding.text}{place}", highlight=False, soft_wrap=True)


def _try_source(name: str, rows: int) -> bool:
    from kho.authoring.dry_run import dry_run
    from kho.authoring.sampling import sample_dataset
    from kho.connections import EnvironmentConnections
    from kho.contracts import load_contract
    from kho.quality.catalogues import loaded_codes
    from kho.rules.suite import load_dataset_suite
    from kho.server.warehouse import open_warehouse

    settings = get_settings()
    contract = load_contract(name)
    sample = sample_dataset(contract, EnvironmentConnections(settings), settings, rows)
    engine = open_warehouse(settings)
    suite = load_dataset_suite(contract, loaded_codes(engine))
    tried = dry_run(contract, suite, sample, engine, tonight(), settings)
    _print_dry_run(tried)
    return tried.passes


def _print_dry_run(tried: DryRun) -> None:
    declared = "states no total" if tried.declared is None else f"declares {tried.declared:,} in all"
    out.print(f"\nAsked {tried.where}: {tried.rows:,} rows came, the source {declared}.", highlight=False)
    if tried.drift:
        for change in tried.drift.changes:
            sign = _SIGNS["error" if change.stops else "warning"]
            out.print(f"  {sign} {change.text}", highlight=False, soft_wrap=True)
    else:
        out.print("  [green]ok[/]   its columns are those of the contract", highlight=False)
    if tried.rows == 0:
        out.print("  [yellow]look[/] no row came: rules could not be tried", highlight=False)
    if tried.columns:
        table = _table("column", "from", "type", "values", "unreadable")
        for one in tried.columns:
            lost = f"{one.unreadable:,}" if one.unreadable else ""
            table.add_row(one.name, one.source_name, one.sql_type, f"{one.given:,}", lost)
        out.print(table)
        out.print(
            f"{tried.duplicates:,} identical copies, {tried.conflicts:,} repeated keys.", highlight=False
        )
    if tried.failures:
        table = _table("rule", "severity", "rows", "of", "what is wrong")
        for rule in tried.failures:
            table.add_row(rule.rule_id, rule.severity, f"{rule.failed:,}", f"{rule.evaluated:,}", rule.title)
        out.print(table)
    if tried.passes:
        out.print(
            f"[green]The gate would open[/]: {tried.accepted:,} rows would load, "
            f"{tried.rejected:,} would wait in the quarantine.",
            highlight=False,
        )
    else:
        why = "; ".join(tried.reasons) or "the source's columns do not allow it"
        out.print(f"[red]Nothing would be loaded[/]: {why}.", highlight=False, soft_wrap=True)
    out.print("Nothing was landed or written.")


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        right = name in ("rows", "of", "values", "unreadable", "no.")
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    return table
