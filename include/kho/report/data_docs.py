"""Data Docs: Great Expectations' own pages about the rules and how the last night fared by them.

In:  contracts, suites, and the results in `dq`. Out: a site of static pages below `KHO_HOME/data_docs`.

The results come from the warehouse and go through a context in memory; beside the pages nothing is
written, and what an earlier night showed is in `dq`, from where its pages can be made again. They hold
counts, no values.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from kho.contracts import load_contracts
from kho.rules.gx import load_gx
from kho.rules.suite import load_dataset_suite
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.contracts.model import Contract
    from kho.rules.suite import Suite
    from kho.settings import Settings

SITE = "kho"
_PAGES = "kho.report.data_docs_pages"


def build_data_docs(engine: sa.Engine, as_of: date, settings: Settings) -> Path:
    """Make the pages of all suites and of their last results up to a night; returns the first page.

    The site is made beside the old one and takes its place at the end, so readers never see half of it.
    """
    from kho.rules.described import described_suite

    suites = suites_of(settings)
    params = _params(as_of, suites)
    site = settings.data_docs
    fresh = site.with_name(f"{site.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    context = _context(fresh)
    described = {}
    for dataset, (contract, suite) in suites.items():
        described[dataset] = context.suites.add(described_suite(contract, suite, params))
    results = _results(engine, as_of)
    for dataset, rows in results.items():
        if dataset in described:
            _keep(context, described[dataset], *suites[dataset], rows)
    context.build_data_docs(build_index=False)
    _write_index(fresh, as_of, suites, results, settings)
    shutil.rmtree(site, ignore_errors=True)
    fresh.rename(site)
    return site / "index.html"


def export_suites(folder: Path, as_of: date, settings: Settings) -> Path:
    """Write all suites as a project of Great Expectations' own, without results; returns its folder."""
    from kho.rules.described import export_project

    suites = suites_of(settings)
    return export_project(folder, suites, _params(as_of, suites))


def suites_of(settings: Settings) -> dict[str, tuple[Contract, Suite]]:
    """Contract and suite of every dataset that has rules."""
    return {
        contract.dataset: (contract, load_dataset_suite(contract))
        for contract in load_contracts()
        if (settings.expectations_dir / f"{contract.dataset}.yaml").is_file()
    }


def _params(as_of: date, suites: Mapping[str, tuple[Contract, Suite]]) -> dict[str, Any]:
    """The night's parameters, as JSON has them; what the period before was would fill pages."""
    wanted = [
        rule.kwargs["previous"]["$PARAMETER"]
        for _, suite in suites.values()
        for rule in suite.rules
        if "previous" in rule.kwargs
    ]
    night = as_of.isoformat()
    return {"as_of": night, "as_of_end": f"{night} 23:59:59", **{key: {} for key in wanted}}


def _context(folder: Path) -> Any:
    gx = load_gx()
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    pages = {
        "class_name": "DefaultSiteSectionBuilder",
        "view": {"module_name": _PAGES, "class_name": "Page"},
    }
    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        "site_section_builders": {
            "expectations": {**pages, "renderer": {"module_name": _PAGES, "class_name": "SuitePage"}},
            "validations": {**pages, "renderer": {"module_name": _PAGES, "class_name": "ResultPage"}},
        },
    }
    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            data_docs_sites={SITE: site},
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )


def _results(engine: sa.Engine, as_of: date) -> dict[str, list[sa.Row[Any]]]:
    found: dict[str, list[sa.Row[Any]]] = defaultdict(list)
    with engine.connect() as db:
        for row in run_file(db, "quality/latest_results.sql", as_of=as_of):
            found[row.dataset].append(row)
    return dict(found)


def _keep(
    context: Any, described: Any, contract: Contract, suite: Suite, rows: Sequence[sa.Row[Any]]
) -> None:
    """Put a batch's results into the context, as if Great Expectations had judged it itself."""
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    whole_table = {rule.rule_id for rule in suite.dataset_rules}
    configurations = {one.meta["rule_id"]: one.configuration for one in described.expectations}
    results = [
        ExpectationValidationResult(
            success=not row.failed,
            expectation_config=configurations[row.rule_id],
            result={
                "element_count": row.evaluated,
                "unexpected_percent": 100 * row.failed / row.evaluated if row.evaluated else 0.0,
                "observed_value": _observed(row, row.rule_id in whole_table),
            },
            exception_info={
                "raised_exception": False,
                "exception_message": None,
                "exception_traceback": None,
            },
        )
        for row in rows
        if row.rule_id in configurations
    ]
    good = sum(bool(result.success) for result in results)
    first = rows[0]
    run = RunIdentifier(run_name=f"{first.as_of:%Y-%m-%d}", run_time=first.landed_at)
    whole = ExpectationSuiteValidationResult(
        success=good == len(results),
        results=results,
        suite_name=described.name,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": good,
            "unsuccessful_expectations": len(results) - good,
            "success_percent": 100 * good / len(results) if results else None,
        },
        meta={"run_id": run, "batch_spec": {"data_asset_name": contract.title}},
    )
    identifier = ValidationResultIdentifier(
        expectation_suite_identifier=ExpectationSuiteIdentifier(described.name),
        run_id=run,
        batch_identifier=first.batch_id,
    )
    context.validation_results_store.set(identifier, whole)


def _write_index(
    folder: Path,
    as_of: date,
    suites: Mapping[str, tuple[Contract, Suite]],
    results: Mapping[str, Sequence[sa.Row[Any]]],
    settings: Settings,
) -> None:
    """The first page; the site builder's own is a script that loads others."""
    pages = {path.stem: path.relative_to(folder) for path in (folder / "validations").rglob("*.html")}
    lines = [
        {
            "dataset": dataset,
            "title": contract.title,
            "owner": contract.owner,
            "rules": len(suite.rules),
            "suite_page": f"expectations/{dataset}.html",
            **_latest(results.get(dataset), pages),
        }
        for dataset, (contract, suite) in suites.items()
    ]
    environment = Environment(
        loader=FileSystemLoader(settings.templates_dir), autoescape=select_autoescape(["html.j2"])
    )
    text = environment.get_template("data_docs_index.html.j2").render(night=f"{as_of:%d/%m/%Y}", lines=lines)
    (folder / "index.html").write_text(text, encoding="utf-8")


def _latest(rows: Sequence[sa.Row[Any]] | None, pages: Mapping[str, Path]) -> dict[str, Any]:
    if not rows or rows[0].batch_id not in pages:
        return {}
    return {
        "result_page": pages[rows[0].batch_id].as_posix(),
        "night": f"{rows[0].as_of:%d/%m/%Y}",
        "rules_judged": len(rows),
        "failing": sum(row.failed > 0 for row in rows),
    }


def _observed(row: sa.Row[Any], is_whole_table: bool) -> str:
    if is_whole_table:
        return "không đạt" if row.failed else "đạt"
    if not row.failed:
        return f"{_count(row.evaluated)} bản ghi, đều đạt"
    share = f"{100 * row.failed / row.evaluated:.2f}".replace(".", ",")
    of = f" của {row.agencies} cơ quan" if row.agencies else ""
    return f"{_count(row.failed)} trong {_count(row.evaluated)} bản ghi không đạt ({share} %){of}"


def _count(number: int) -> str:
    return f"{number:,}".replace(",", ".")
