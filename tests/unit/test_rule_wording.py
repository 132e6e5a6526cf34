"""Rules in words: every rule has a Vietnamese sentence, which GX shows too, and the catalogue is not stale."""

import re

import pytest
from typer.testing import CliRunner

from kho.cli.main import app
from kho.contracts import dataset_names, load_contract
from kho.quality.agreements import load_pairs
from kho.quality.measures import MEASURES
from kho.rules.catalogue import OWN_TYPES
from kho.rules.page import PRINCIPLES
from kho.rules.suite import load_dataset_suite
from kho.rules.wording import SENTENCES, sentence
from kho.settings import get_settings

RULES = [
    (contract, rule)
    for contract in map(load_contract, dataset_names())
    for rule in load_dataset_suite(contract).rules
]


def test_every_type_of_ours_has_a_sentence() -> None:
    assert OWN_TYPES.keys() <= SENTENCES.keys()


@pytest.mark.parametrize("dataset", dataset_names())
def test_the_sentence_of_a_rule_names_its_columns_by_their_titles(dataset) -> None:
    for contract, rule in RULES:
        if contract.dataset == dataset:
            titles = {column.name: column.title for column in contract.columns}
            text = sentence(rule.type, rule.kwargs, titles)
            assert not re.search(r"\$[a-z]", text)
            assert "None" not in text
            assert text[0] == "“" or text[0].isupper()
            assert all(titles[name] in text for name in rule.columns & titles.keys()), text


@pytest.mark.parametrize(
    ("kind", "kwargs", "text"),
    [
        (
            "expect_column_values_to_be_between",
            {"column": "amount", "min_value": 0, "max_value": 1_000_000},
            "“Số tiền” phải từ 0 đến 1.000.000",
        ),
        (
            "expect_column_values_to_not_be_null",
            {
                "column": "amount",
                "row_condition": {
                    "type": "comparison", "column": {"name": "state"}, "operator": "IN", "parameter": ["9", "10"],
                },
            },
            "“Số tiền” phải có giá trị, khi “state” thuộc 9, 10",
        ),
        (
            "expect_column_values_to_be_date_text",
            {"column": "amount", "formats": ["%m/%Y", "%Y-Q%q"]},
            "“Số tiền” phải viết theo mẫu MM/yyyy hoặc yyyy-Qquý và là ngày, kỳ có thật",
        ),
        (
            "expect_share_to_match_parts",
            {"column_list": ["share", "amount", "all"]},
            "“share” phải bằng 100 × “Số tiền” / “all”",
        ),
    ],
)  # fmt: skip
def test_sentences(kind: str, kwargs: dict, text: str) -> None:
    assert sentence(kind, kwargs, {"amount": "Số tiền"}) == text


def test_great_expectations_shows_our_expectations_in_vietnamese() -> None:
    from kho.rules.gx import load_gx

    load_gx()
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.registry import get_renderer_impl
    from great_expectations.render.renderer.inline_renderer import InlineRenderer

    kind, kwargs = "expect_citizen_id_to_match_birth_date", {"column_A": "citizen_id", "column_B": "born"}
    configuration = ExpectationConfiguration(type=kind, kwargs=kwargs)
    page = get_renderer_impl(kind, "renderer.prescriptive").renderer(configuration=configuration)
    inline = InlineRenderer(render_object=configuration).get_rendered_content()
    said = "Năm sinh ghi trong “citizen_id” phải là năm của “born”"
    assert page[0].string_template["template"] == said
    assert inline[0].value.template == said


def test_the_catalogue_says_what_the_suites_say(tmp_path) -> None:
    page = tmp_path / "rules.md"
    assert CliRunner().invoke(app, ["rules", "catalogue", "--output", str(page)]).exit_code == 0
    assert CliRunner().invoke(app, ["rules", "catalogue", "--check", "--output", str(page)]).exit_code == 0
    text = page.read_text(encoding="utf-8")
    for contract, rule in RULES:
        assert f"| `{rule.rule_id}` |" in text
        assert contract.owner in text
    told = text[text.index("## Đo toàn bộ dữ liệu") :]
    for measure in [*MEASURES.values(), *(pair.measure for pair in load_pairs(get_settings()))]:
        line = next(line for line in told.splitlines() if line.startswith(f"| `{measure.rule_id}` |"))
        for said in (PRINCIPLES[measure.principle], measure.title, measure.meaning, measure.remedy):
            assert f"| {said} |" in line
        assert measure.answers in line
        assert measure.example in line
    assert not re.search(r"\b(Đồng bộ|Dùng chung) 0\b", text)
    page.write_text(text.replace("Thiếu", "Thừa", 1), encoding="utf-8")
    assert CliRunner().invoke(app, ["rules", "catalogue", "--check", "--output", str(page)]).exit_code == 1
