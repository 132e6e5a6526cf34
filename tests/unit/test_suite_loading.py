"""A suite's mistakes are named by file and line."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kho.contracts import Contract, load_contracts
from kho.errors import ConfigurationError
from kho.rules.catalogue import rule_types
from kho.rules.references import commune_periods, reference_resolver
from kho.rules.suite import Suite, SuiteError, load_dataset_suite, load_suite
from kho.settings import get_settings

GOOD = """\
name: vouchers
meta:
  sample:
    voucher_code: CT-1
    amount: 5
    _repeat: 0
expectations:
  - id: schema
    type: expect_table_columns_to_match_set
    kwargs: {column_set: {$ref: contract.columns}, exact_match: false}
    severity: critical
    meta: {principle: correct, title: Thiếu cột, remedy: Sửa}
  - id: code_present
    type: expect_column_values_to_not_be_null
    kwargs:
      column: voucher_code
    severity: warning
    meta: {principle: complete, title: Thiếu số, remedy: Bổ sung, breaks: {voucher_code: null}, passes: {}}
  - id: amount_positive
    type: expect_column_values_to_be_between
    kwargs:
      column: amount
      max_value: {$PARAMETER: as_of}
      row_condition: {type: nullity, column: {name: _repeat}, is_null: false}
    severity: info
    meta:
      principle: correct
      title: Số tiền
      remedy: Sửa số tiền
      breaks: {amount: 0}
      passes: {amount: 1}
"""
COLUMNS = ["voucher_code", "amount"]


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Suite]:
    folder = tmp_path / "expectations"
    folder.mkdir()

    def write_and_load(text: str) -> Suite:
        path = folder / "vouchers.yaml"
        path.write_text(text, encoding="utf-8")
        return load_suite(path, reference_resolver(tmp_path, COLUMNS, "51"))

    return write_and_load


def test_good_suite(load: Callable[[str], Suite]) -> None:
    suite = load(GOOD)
    assert suite.dataset == "vouchers"
    assert [rule.rule_id for rule in suite.rules] == ["schema", "code_present", "amount_positive"]
    assert [rule.rule_id for rule in suite.dataset_rules] == ["schema"]
    schema, present, amount = suite.rules
    assert schema.kwargs["column_set"] == COLUMNS
    assert (present.severity, present.principle) == ("warning", "complete")
    assert present.breaks == {"voucher_code": None}
    assert amount.kwargs["max_value"] == {"$PARAMETER": "as_of"}
    assert amount.columns == {"amount", "_repeat"}
    assert amount.where == "expectations/vouchers.yaml:19"


def test_content_hash_follows_file_and_references(load: Callable[[str], Suite], tmp_path: Path) -> None:
    before = load(GOOD).content_sha256
    assert load(GOOD).content_sha256 == before
    assert load(GOOD + "# note\n").content_sha256 != before
    path = tmp_path / "expectations" / "vouchers.yaml"
    path.write_text(GOOD, encoding="utf-8")
    other = load_suite(path, reference_resolver(tmp_path, [*COLUMNS, "more"], "51"))
    assert other.content_sha256 != before


MISTAKES: dict[str, tuple[str, str, int, str]] = {
    # name: (text, its replacement, line that the error must name, part of the message)
    "not YAML": ("name: vouchers", "name: [vouchers", 2, "not valid YAML"),
    "key twice": ("    severity: warning", "    severity: warning\n    id: x", 18, "occurs twice"),
    "other name": ("name: vouchers", "name: receipts", 1, "file's name"),
    "unknown suite key": ("\nexpectations:", "\nexpects: 1\nexpectations:", 7, "not a key here"),
    "unknown rule key": ("    severity: warning", "    severe: warning", 17, "not a key here"),
    "missing rule key": ("    severity: warning\n", "", 13, "'severity' is missing"),
    "severity": ("severity: warning", "severity: fatal", 17, "not one of: critical"),
    "principle": ("principle: complete", "principle: perfect", 18, "not one of: correct"),
    "title": ("title: Số tiền", "title: ''", 28, "must be a text"),
    "unknown type": ("_to_not_be_null", "_to_not_be_nil", 14, "no expectation type"),
    "missing kwarg": ("      column: voucher_code", "      {}", 15, "'column' is missing"),
    "unknown kwarg": ("column: voucher_code", "column: a\n      colour: b", 17, "not a key here"),
    "mostly": ("      max_value:", "      mostly: 0.9\n      max_value:", 23, "not a key here"),
    "id twice": ("id: amount_positive", "id: schema", 19, "already used on line 8"),
    "unknown meta key": ("      remedy: Sửa số tiền", "      remedy: a\n      fix: b", 30, "not a key"),
    "breaks": ("breaks: {amount: 0}", "breaks: {sum: 0}", 30, "not a key here"),
    "breaks of a dataset rule": ("remedy: Sửa}", "remedy: Sửa, breaks: {}}", 12, "not a key here"),
    "no such file": ("contract.columns", "fruits.name", 10, "no reference file 'fruits'"),
    "ref not alone": ("{$ref: contract.columns}", "{$ref: a.b, c: 1}", 10, "stands alone"),
    "kwargs no mapping": ("    kwargs:\n      column: voucher_code", "    kwargs: 3", 15, "mapping"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistake_names_file_and_line(
    load: Callable[[str], Suite], old: str, new: str, line: int, message: str
) -> None:
    assert old in GOOD
    with pytest.raises(SuiteError) as caught:
        load(GOOD.replace(old, new, 1))
    assert caught.value.where == f"expectations/vouchers.yaml:{line}"
    assert message in caught.value.message
    assert isinstance(caught.value, ConfigurationError)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="cannot be read"):
        load_suite(tmp_path / "nothing.yaml", reference_resolver(tmp_path, [], "51"))


def test_no_expectations(load: Callable[[str], Suite]) -> None:
    with pytest.raises(SuiteError, match="at least one"):
        load("name: vouchers\nmeta: {sample: {}}\nexpectations: []\n")


def test_reference_is_distinct_and_sorted(tmp_path: Path) -> None:
    (tmp_path / "fruits.csv").write_text("code,name\nb,x\na,y\n,z\nb,w\n", encoding="utf-8")
    resolve = reference_resolver(tmp_path, [], "51")
    assert resolve("fruits.code") == ["a", "b"]
    with pytest.raises(LookupError, match="no column 'colour'"):
        resolve("fruits.colour")


def test_empty_reference_is_a_mistake(load: Callable[[str], Suite], tmp_path: Path) -> None:
    (tmp_path / "fruits.csv").write_text("code\n", encoding="utf-8")
    with pytest.raises(SuiteError, match="is empty"):
        load(GOOD.replace("contract.columns", "fruits.code"))


def test_commune_periods() -> None:
    before, since = commune_periods("51", get_settings().reference_dir)
    assert (before["valid_to"], len(_codes(before))) == ("2025-06-30", 272)
    assert (since["valid_from"], since["valid_to"]) == ("2025-07-01", None)
    assert len(_codes(since)) == 96
    assert "21025" in _codes(since)


def _codes(period: dict[str, object]) -> list[Any]:
    codes = period["codes"]
    assert isinstance(codes, list)
    return codes


def test_catalogue_tells_rows_from_datasets() -> None:
    types = rule_types()
    assert types["expect_column_values_to_be_in_set"].scope == "row"
    assert types["expect_column_pair_values_a_to_be_greater_than_b"].scope == "row"
    assert types["expect_table_row_count_to_be_between"].scope == "dataset"
    assert types["expect_column_sum_to_be_between"].scope == "dataset"
    assert types["expect_column_values_to_be_of_type"].scope == "dataset"


@pytest.mark.parametrize("contract", load_contracts(), ids=lambda contract: contract.dataset)
def test_an_unreadable_value_never_passes_for_a_present_one(contract: Contract) -> None:
    """Where one rule takes an unreadable value for given, another says that it is unreadable."""
    asked: dict[str, set[str]] = defaultdict(set)
    for rule in load_dataset_suite(contract).rules:
        if rule.kwargs.get("column_B") == "_unreadable":
            asked[rule.type].add(rule.kwargs["column_A"])
    typed = {column.name for column in contract.columns if column.logical_type != "string"}
    given = asked["expect_column_value_to_be_present"] & typed
    assert given <= asked["expect_column_value_to_be_readable"]
