"""Data Docs: made from what the warehouse knows, in Vietnamese, needing nothing from elsewhere; and GX's own tools."""

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from kho import pipeline
from kho.contracts import dataset_names
from kho.report.data_docs import export_suites
from kho.settings import get_settings

from .fixture_dataset import NIGHT, FixtureNight

GOOD = {"ma_xa": "21025", "so_ho": "4000", "dan_so": "15000", "dan_so_nam": "7400", "dan_so_nu": "7600",
        "so_sinh": "9", "so_chet": "7", "cap_nhat": "2026-11-02 09:00:00"}  # fmt: skip


def _population(month: str, people: int = 15_000, **other: str | None) -> dict[str, str | None]:
    counts = {"dan_so": str(people), "dan_so_nam": str(people - 7_600)}
    return {**GOOD, "ky": month, **counts, **other}


@pytest.fixture
def night(fixture_night: FixtureNight) -> FixtureNight:
    fixture_night.province.run("administrative_units", NIGHT)
    return fixture_night


def _text(page: Path) -> str:
    content = page.read_text(encoding="utf-8")
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?(https?:)?//""", content), "loads from elsewhere"
    assert "<script" not in content
    without_style = re.sub(r"<style.*?</style>", "", content, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", without_style)))


def test_the_pages_say_how_the_night_went(night: FixtureNight) -> None:
    records = [
        _population("2026-10"),
        _population("2026-09", ma_xa=None),
        _population("2026-08", so_chet=None),
    ]
    night.load("population", records=records)
    for _ in range(2):  # the second time takes the place of the first
        result = pipeline.build_docs(NIGHT, night.province.context)
    index = Path(result.message)
    site = night.province.context.settings.data_docs
    assert index == site / "index.html"
    assert "Dân số cấp xã population Thống kê tỉnh Quảng Ngãi" in _text(index)
    suites = {path.stem for path in (site / "expectations").glob("*.html")}
    assert suites == set(dataset_names())
    pages = {path.stem.partition("-")[0]: path for path in (site / "validations").rglob("*.html")}
    assert pages.keys() == {"administrative_units", "population"}
    said = _text(pages["population"])
    assert "“Mã đơn vị hành chính cấp xã” phải có giá trị 1 trong 3 bản ghi không đạt (33,33 %)" in said
    assert "“Dân số” phải bằng tổng của “Dân số nam” + “Dân số nữ” 3 bản ghi, đều đạt" in said
    assert "Số quy tắc không đạt 2" in said
    demanded = _text(site / "expectations" / "population.html")
    assert "Cách sửa: Bổ sung dân số cuối tháng" in demanded
    for page in (index, *site.rglob("*.html")):
        for link in re.findall(r'href="([^"#]+)"', page.read_text(encoding="utf-8")):
            assert (page.parent / link).is_file(), (page, link)


def test_results_of_an_earlier_night_can_be_shown_again(night: FixtureNight) -> None:
    night.load("population", records=[_population("2026-10")])
    night.load("population", days_later=1, records=[_population("2026-10", so_chet=None)])
    context = night.province.context
    for days, bad in ((1, "1 trong 1 bản ghi không đạt (100,00 %)"), (0, "1 bản ghi, đều đạt")):
        pipeline.build_docs(NIGHT.replace(day=NIGHT.day + days), context)
        (page,) = (context.settings.data_docs / "validations" / "population").rglob("*.html")
        assert f"“Số người chết” phải có giá trị ở nguồn {bad}" in _text(page)


def _warned(night: FixtureNight, rule_id: str) -> list[tuple[int, int]]:
    query = (
        "SELECT r.evaluated, r.failed FROM dq.rule_result AS r JOIN meta.batch AS b USING (batch_id) "
        "WHERE rule_id = :rule ORDER BY b.as_of"
    )
    with night.province.context.engine.connect() as db:
        return [tuple(row) for row in db.execute(sa.text(query), {"rule": rule_id})]


def test_a_period_is_compared_with_the_one_before_in_the_warehouse(night: FixtureNight) -> None:
    def month(number: int, people: int) -> None:
        records = [
            _population(f"2026-{number:02d}", people, dan_so_nu="7600", cap_nhat=f"2026-{number}-28 09:00:00")
        ]
        night.load("population", days_later=number, records=records)

    for number, people in ((7, 15_000), (8, 18_750), (9, 18_751), (10, 23_500), (11, 18_000)):
        month(number, people)
    # Nothing before July; August is just within a quarter more; November is more than a fifth less.
    assert _warned(night, "population_near_last_month") == [(1, 0), (1, 0), (1, 0), (1, 1), (1, 1)]
    loaded = night.province.rows("SELECT period_code, population_count FROM dw.fact_population ORDER BY 1")
    assert loaded[-2:] == [("2026-M10", 23_500), ("2026-M11", 18_000)]


_OPEN = """
import sys
import great_expectations as gx
import kho_expectations
import pandas as pd

context = gx.get_context(mode="file", project_root_dir=sys.argv[1])
suites = {suite.name: suite for suite in context.suites.all()}
frame = pd.DataFrame({"citizen_id": ["051085001234", "051085001234", "123"], "birth_date":
                      pd.to_datetime(["1985-03-04", "1986-03-04", "1985-03-04"])})
asset = context.data_sources.add_pandas("people").add_dataframe_asset("people")
batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
wanted = ("health_citizen_valid", "health_citizen_birth_matches")
for one in suites["health_records"].expectations:
    if one.meta["rule_id"] in wanted:
        print(one.meta["rule_id"], batch.validate(one).result["unexpected_count"], one.description)
print(len(suites), context.variables.config.analytics_enabled)
"""


def test_suites_open_in_great_expectations_own_tools(tmp_path: Path) -> None:
    project = export_suites(tmp_path, NIGHT, get_settings())
    assert export_suites(tmp_path, NIGHT, get_settings()) == project
    opened = subprocess.run(
        [sys.executable, "-c", _OPEN, str(tmp_path)],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(project / "plugins"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert opened.returncode == 0, opened.stderr[-2000:]
    assert opened.stdout.splitlines() == [
        (
            "health_citizen_valid 1 “Số định danh cá nhân” phải là số định danh cá nhân: 12 chữ số, "
            "ba số đầu là mã tỉnh đăng ký khai sinh"
        ),
        "health_citizen_birth_matches 1 Năm sinh ghi trong “Số định danh cá nhân” phải là năm của “Ngày sinh”",
        f"{len(dataset_names())} False",
    ]
