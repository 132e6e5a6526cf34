"""Suites as Great Expectations shows them: each expectation described in Vietnamese.

In:  a contract and its suite. Out: a Great Expectations suite whose expectations say what they demand,
     what is wrong when they fail and what to do; for Data Docs, and for a project of GX's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from kho.rules.gx import load_gx
from kho.rules.gx_suite import to_gx_suite
from kho.rules.page import PRINCIPLES, SEVERITIES
from kho.rules.wording import sentence

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

    from kho.contracts.model import Contract
    from kho.rules.suite import Rule, Suite

PLUGIN = "kho_expectations.py"
_IMPORT = '''"""Registers the expectations of kho in this project; import it before anything else."""

import kho.rules.expectations  # noqa: F401
'''


def described_suite(contract: Contract, suite: Suite, params: Mapping[str, Any]) -> ExpectationSuite:
    """The suite, with descriptions and notes.

    Raises:
        SuiteError: Great Expectations refuses a rule.
    """
    titles = {column.name: column.title for column in contract.columns}
    rules = {rule.rule_id: rule for rule in suite.rules}
    made = to_gx_suite(suite, params)
    for expectation in made.expectations:
        rule = rules[str(expectation.id)]
        # Its stores of files want such ids; `meta` has the rule's own.
        expectation.id = str(uuid5(NAMESPACE_URL, f"kho/{suite.dataset}/{rule.rule_id}"))
        expectation.description = sentence(rule.type, rule.kwargs, titles)
        expectation.notes = _notes(rule)
    made.notes = f"{contract.title}. Chủ quản: {contract.owner}."
    return made


def _notes(rule: Rule) -> list[str]:
    return [
        f"Mã quy tắc: {rule.rule_id}",
        f"Nguyên tắc: {PRINCIPLES[rule.principle]}; mức: {SEVERITIES[rule.severity]}",
        f"Lỗi: {rule.title}",
        f"Cách sửa: {rule.remedy}",
    ]


def export_project(
    folder: Path, suites: Mapping[str, tuple[Contract, Suite]], params: Mapping[str, Any]
) -> Path:
    """Write all suites as a project that Great Expectations' own tools open; what is there is replaced.

    Args:
        folder: where the project's `gx` folder is made.
        suites: contract and suite by dataset.
        params: values of the suites' `$PARAMETER`s.

    Returns:
        The project's folder, `<folder>/gx`.
    """
    gx = load_gx()
    folder.mkdir(parents=True, exist_ok=True)
    context = gx.get_context(mode="file", project_root_dir=folder)
    context.enable_analytics(False)
    for contract, suite in suites.values():
        context.suites.add_or_update(described_suite(contract, suite, params))
    project = folder / "gx"
    (project / "plugins" / PLUGIN).write_text(_IMPORT, encoding="utf-8")
    return project
