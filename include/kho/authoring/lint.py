"""What is wrong, or not yet said, in the files of a dataset.

In: a slug. Out: `Finding`s: errors, with which it cannot run as it should, and warnings about what its
author may have forgotten. Reads files alone; asks no source and no database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from kho.anomalies.config import check_datasets, config_path, watch_of
from kho.authoring.vocabulary import personal_hint
from kho.contracts import Contract, dataset_names, load_contract
from kho.errors import ConfigurationError, ContractError
from kho.rules.suite import Rule, Suite, load_dataset_suite
from kho.settings import Settings

COUNT_FILE = "90_count_loaded.sql"
_TECHNICAL = {"_row", "_repeat", "_unreadable", "ctid"}
_PRESENCE = {"expect_column_values_to_not_be_null", "expect_column_value_to_be_present"}
_READABLE = "expect_column_value_to_be_readable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found; `where` is a file, if it is one."""

    level: Literal["error", "warning"]
    text: str
    where: str = ""


def lint(dataset: str, settings: Settings, *, style: bool = False) -> list[Finding]:
    """Everything that can be said without asking the source.

    Args:
        style: also let sqlfluff look at the SQL, where it is installed; that takes seconds.

    Raises:
        ContractError: contract or suite cannot be read; it names file and line.
    """
    contract = load_contract(dataset)
    suite = load_dataset_suite(contract)
    found = [*_contract(contract), *_suite(contract, suite), *_sql(contract, settings)]
    found += _watched(contract, settings)
    return [*found, *_style(contract, settings)] if style else found


def _watched(contract: Contract, settings: Settings) -> Iterator[Finding]:
    """Whether what is watched for unusual values is there."""
    path = config_path(settings)
    try:
        check_datasets(path, list(dataset_names()))
        watch_of(contract, path)
    except (ConfigurationError, ContractError) as error:
        yield Finding("error", error.message, error.where or path.name)


def _contract(contract: Contract) -> Iterator[Finding]:
    where = f"contracts/{contract.dataset}.yaml"
    for column in contract.columns:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", column.name):
            yield Finding("error", f"column '{column.name}': names are lower_case_with_underscores", where)
        if column.title == column.name:
            yield Finding("warning", f"column '{column.name}' has no businessName for the report", where)
        if column.key_position and not column.required:
            yield Finding("warning", f"column '{column.name}' is in the key and not required", where)
        hint = personal_hint(column.source_name) or personal_hint(column.name)
        if hint and column.classification != "personal" and column.logical_type != "integer":
            text = f"column '{column.name}' may hold personal data ({hint}) and is {column.classification}"
            yield Finding("warning", text, where)
    for name in contract.depends_on:
        if name not in dataset_names():
            yield Finding("error", f"dependsOn names '{name}', which is no dataset", where)
    if not contract.owner:
        yield Finding("warning", "no team member owns it", where)


def _suite(contract: Contract, suite: Suite) -> Iterator[Finding]:
    where = f"expectations/{contract.dataset}.yaml"
    names = {column.name for column in contract.columns}
    for rule in suite.rules:
        for name in sorted(rule.columns - names - _TECHNICAL):
            yield Finding("error", f"rule '{rule.rule_id}' reads '{name}', which is no column", rule.where)
    for rule in suite.row_rules:
        if not rule.breaks or rule.passes is None:
            yield Finding("error", f"rule '{rule.rule_id}' lacks a row that breaks or passes it", rule.where)
    for name in sorted(names - suite.sample.keys()):
        yield Finding("error", f"the sample row has no '{name}'", where)
    if not any("_repeat" in rule.columns and rule.severity == "critical" for rule in suite.rules):
        yield Finding(
            "error", "no critical rule on _repeat: losers of a repeated key have nowhere to go", where
        )
    yield from _coverage(contract, suite.rules, where)


def _coverage(contract: Contract, rules: tuple[Rule, ...], where: str) -> Iterator[Finding]:
    looked_at = {name for rule in rules for name in rule.columns}
    present = {name for rule in rules if rule.type in _PRESENCE for name in rule.columns}
    readable = {name for rule in rules if rule.type == _READABLE for name in rule.columns}
    for column in contract.columns:
        as_text = contract.source.kind != "sql" and column.logical_type != "string"
        if as_text and column.name not in readable:
            text = f"no rule says when '{column.name}' ({column.logical_type}) cannot be read"
            yield Finding("warning", text, where)
        elif column.required and column.name not in present:
            yield Finding("warning", f"'{column.name}' is required, and no rule says so", where)
        elif column.name not in looked_at:
            yield Finding("warning", f"no rule looks at '{column.name}'", where)


def _sql(contract: Contract, settings: Settings) -> Iterator[Finding]:
    folder = settings.sql_dir / "load" / contract.dataset
    files = sorted(folder.glob("*.sql"))
    where = f"sql/load/{contract.dataset}"
    if not files:
        yield Finding("error", "there is no SQL that loads it", where)
        return
    if not (folder / COUNT_FILE).is_file():
        yield Finding("error", f"{COUNT_FILE} is missing: nothing proves what was loaded", where)
    elif files[0].name == COUNT_FILE:
        yield Finding("error", f"{COUNT_FILE} runs before anything is loaded", where)
    made = {
        name
        for path in settings.migrations_dir.glob("*.sql")
        for name in re.findall(
            r"(?i)create (?:table|view|function) (\w+\.\w+)", path.read_text(encoding="utf-8")
        )
    }
    known = {column.name for column in contract.columns} | _TECHNICAL
    for path in files:
        place = f"{where}/{path.name}"
        text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
        if not re.fullmatch(r"\d\d_[a-z0-9_]+\.sql", path.name):
            yield Finding("error", "load files are named 10_verb_what.sql: the number is their order", place)
        for name in sorted(set(re.findall(r"\bdw\.\w+", text)) - made):
            yield Finding("error", f"{name} is made by no migration", place)
        for alias, name in sorted({found for found in _read_of_accepted(text) if found[1] not in known}):
            yield Finding("error", f"'{alias}.{name}' is no column of the contract", place)


def _read_of_accepted(text: str) -> Iterator[tuple[str, str]]:
    """What each statement reads of the view `accepted`, by its alias there."""
    for statement in text.split(";"):
        aliases = re.findall(r"(?i)\b(?:from|join)\s+([\w.]+)\s+as\s+(\w+)", statement)
        for alias in {alias for table, alias in aliases if table == "accepted"}:
            # An alias that stands for something else as well cannot be told apart.
            if [name for _, name in aliases].count(alias) == 1:
                yield from ((alias, name) for name in re.findall(rf"\b{alias}\.(\w+)", statement))


def _style(contract: Contract, settings: Settings) -> Iterator[Finding]:
    if find_spec("sqlfluff") is None:
        return
    from sqlfluff.core import FluffConfig, Linter  # developers have it, servers do not

    linter = Linter(config=FluffConfig.from_path(str(settings.project_root)))
    folder: Path = settings.sql_dir / "load" / contract.dataset
    for path in sorted(folder.glob("*.sql")):
        for violation in linter.lint_string(
            path.read_text(encoding="utf-8"), fname=str(path)
        ).get_violations():
            place = f"{path.relative_to(settings.project_root)}:{violation.line_no}"
            yield Finding("warning", f"{violation.rule_code()}: {violation.desc()}", place)
