"""The pages of Data Docs in Vietnamese: what frames the expectations, which describe themselves.

In:  suites and results. Out: pages, for the site builder of Great Expectations, which names these
     classes in its configuration. The builder's own pages load scripts, fonts and a logo from elsewhere;
     these load nothing.
"""

from __future__ import annotations

from typing import Any

from great_expectations.render.renderer.content_block.validation_results_table_content_block import (
    ValidationResultsTableContentBlockRenderer,
)
from great_expectations.render.renderer.page_renderer import (
    ExpectationSuitePageRenderer,
    ValidationResultsPageRenderer,
)
from great_expectations.render.view.view import DefaultJinjaPageView

from kho.settings import get_settings

_WORDS = {
    "Statistics": "Tổng hợp",
    "Evaluated Expectations": "Số quy tắc đã kiểm tra",
    "Successful Expectations": "Số quy tắc đạt",
    "Unsuccessful Expectations": "Số quy tắc không đạt",
    "Success Percent": "Tỷ lệ đạt",
    "Overview": "Tổng quan",
    "Expectation Suite:": "Bộ quy tắc:",
    "Data asset:": "Bộ dữ liệu:",
    "Status:": "Kết quả:",
    "Succeeded": "Đạt",
    "Failed": "Không đạt",
    "Info": "Thông tin",
    "Great Expectations Version": "Phiên bản Great Expectations",
    "Run Name": "Đêm nạp",
    "Run Time": "Thời điểm nhận dữ liệu",
    "Expectation Suite Name": "Bộ quy tắc",
    "Notes": "Ghi chú",
    "Notes:": "Ghi chú:",
    "Table-Level Expectations": "Quy tắc về cả bảng hoặc nhiều cột",
    "data_asset_name": "Bộ dữ liệu",
    "Batch Spec": "Đợt dữ liệu",
}
_FOLDERS = {"ExpectationSuitePageRenderer": 1, "ValidationResultsPageRenderer": 4}
"""How many folders below the first page each kind lies."""


class ResultTable(ValidationResultsTableContentBlockRenderer):
    """The results of a column's expectations."""

    @classmethod
    def _process_content_block(cls, content_block: Any, *arguments: Any, **named: Any) -> None:
        super()._process_content_block(content_block, *arguments, **named)
        content_block.header_row = ["Kết quả", "Yêu cầu", "Đã thấy"]
        content_block.header_row_options = {}

    @classmethod
    def _get_content_block_fn(cls, *arguments: Any, **named: Any) -> Any:
        make: Any = super()._get_content_block_fn(*arguments, **named)

        def rows(result: Any = None, **given: Any) -> Any:
            # What was seen in our words; some expectations have a renderer of their own for it.
            status, demanded, *_ = make(result=result, **given)[0]
            return [[status, demanded, result.result["observed_value"]]]

        return rows


class ResultPage(ValidationResultsPageRenderer):
    """How a batch fared."""

    def __init__(self, **_: Any) -> None:
        table = {"module_name": __name__, "class_name": "ResultTable"}
        section = {"class_name": "ValidationResultsColumnSectionRenderer", "table_renderer": table}
        super().__init__(column_section_renderer=section, run_info_at_end=True)

    def render(self, *arguments: Any, **named: Any) -> Any:
        """The page, with the words of its frame in Vietnamese."""
        return _translated(super().render(*arguments, **named))


class SuitePage(ExpectationSuitePageRenderer):
    """What is demanded of a dataset."""

    def __init__(self, **_: Any) -> None:
        super().__init__()

    def render(self, *arguments: Any, **named: Any) -> Any:
        """The page, with the words of its frame in Vietnamese."""
        return _translated(super().render(*arguments, **named))  # type: ignore[no-untyped-call]


class Page(DefaultJinjaPageView):
    """Puts a document into a page that needs nothing from elsewhere."""

    _template = "data_docs_page.j2"

    def __init__(self, **_: Any) -> None:
        super().__init__(custom_views_directory=str(get_settings().templates_dir))

    def render(self, document: Any, template: Any = None, **named: Any) -> Any:
        """The page's text."""
        named["depth"] = _FOLDERS[document.renderer_type]
        return super().render(document, template, **named)  # type: ignore[no-untyped-call]


def _translated(document: Any) -> Any:
    """The same document; a word of the frame is replaced where it stands by itself."""
    for section in document.sections:
        section.content_blocks = _translate(section.content_blocks)
    document.page_title = document.expectation_suite_name
    return document


def _translate(part: Any) -> Any:
    if isinstance(part, str):
        return _WORDS.get(part, part)
    if isinstance(part, list | tuple):
        return [_translate(one) for one in part]
    if isinstance(part, dict):
        return {key: one if key == "styling" else _translate(one) for key, one in part.items()}
    if hasattr(part, "content_block_type"):
        for name, one in vars(part).items():
            if name not in ("content_block_type", "styling"):
                setattr(part, name, _translate(one))
    return part
