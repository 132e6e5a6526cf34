"""The board in a headless Chromium: what a person sees and does, by mouse, by keyboard, and in Airflow's frame.

`test_board.py` collects these tests: a second province and a second api-server would cost a minute.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kho.settings import get_settings

from .board_province import STATISTICS
from .board_server import EDITOR, VIEWER, Server

expect.set_options(timeout=30_000)
_PHONE, _DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
_NOBODY = {"user": "chi", "role": None}
_RULE = "population_commune_present"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Its own sandbox cannot be had by root."""
    program = shutil.which("chromium")
    assert program, "apt-get install chromium"
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program)
        yield started
        started.close()


def visit(browser: Browser, server: Server, user: dict[str, Any] | None, **options: Any) -> Page:
    """A new window of a user, in which every complaint of the browser fails the test that closes it."""
    context = browser.new_context(
        base_url=server.url, viewport=_DESK, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", **options
    )
    if user:
        token = server.session_of(user)
        context.add_cookies([{"name": "_token", "value": token, "url": server.url}])
    context.set_default_timeout(30_000)
    return context.new_page()


@pytest.fixture
def editor(browser: Browser, server: Server) -> Iterator[Page]:
    page = visit(browser, server, EDITOR)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def looking(browser: Browser, server: Server) -> Iterator[Page]:
    page = visit(browser, server, EDITOR)
    yield page
    page.context.close()


def open_case(server: Server) -> int:
    """A case of a table with personal data that nobody has decided about."""
    row = server.row(
        "SELECT min(quarantine_id) AS id FROM dq.quarantine WHERE dataset = 'health_records' AND status = 'open'"
    )
    return int(row.id)


_PAGES = {
    "tonight": "/",
    "agencies": "/agencies",
    "agency": f"/agencies/{STATISTICS}",
    "cases": "/cases?dataset=population&status=all",
    "case": "/cases/1",
    "submissions": "/submissions",
    "sources": "/sources",
    "dataset": "/datasets/population",
    "rule": f"/rules/population/{_RULE}",
    "batch": "/batches/{batch}",
    "search": "/search?q=population",
    "nowhere": "/agencies/nobody",
}


@pytest.mark.parametrize("name", _PAGES)
def test_a_page_can_be_read_by_everyone_in_light_and_dark_and_on_a_phone(
    looking: Page, server: Server, name: str
) -> None:
    batch = server.row("SELECT max(batch_id) AS id FROM meta.batch WHERE dataset = 'population'").id
    complaints: list[str] = []
    looking.once("pageerror", lambda error: complaints.append(str(error)))
    looking.goto("/quality" + _PAGES[name].format(batch=batch))
    pictures = get_settings().home / "board"
    for scheme in ("light", "dark"):
        looking.emulate_media(color_scheme=scheme)
        looking.screenshot(path=pictures / f"{name}-{scheme}.png", full_page=True)
        # What a page is made of is the same in both; colours are not.
        options = {} if scheme == "light" else {"runOnly": ["color-contrast"]}
        found = Axe().run(looking, options=options).response["violations"]
        assert not [(fault["id"], fault["impact"], fault["nodes"][0]["html"]) for fault in found]
    ground = looking.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, re.findall(r"\d+", ground))) < 64
    looking.set_viewport_size(_PHONE)
    looking.screenshot(path=pictures / f"{name}-phone.png")
    # Tables scroll in their own place, never the whole page.
    assert looking.evaluate("document.documentElement.scrollWidth") <= _PHONE["width"]
    looking.set_viewport_size(_DESK)
    assert not complaints


def test_a_person_clicks_from_the_night_down_to_a_batch(editor: Page) -> None:
    editor.goto("/quality/")
    editor.get_by_role("link", name="Cơ quan").click()
    editor.get_by_role("link", name="Thống kê <tỉnh>").click()
    editor.get_by_role("link", name="Bản ghi cách ly của cơ quan").click()
    expect(editor.get_by_label("Cơ quan")).to_have_value(STATISTICS)
    editor.locator("tbody tr").first.get_by_role("rowheader").get_by_role("link").click()
    expect(editor.get_by_role("heading", level=1)).to_contain_text("Bản ghi cách ly số")
    editor.locator("main ul a").first.click()
    editor.locator("tbody tr").first.get_by_role("link").click()
    expect(editor.get_by_role("cell", name="khớp")).to_be_visible()


def test_a_person_filters_the_quarantine(editor: Page) -> None:
    editor.goto("/quality/cases")
    editor.get_by_label("Bộ dữ liệu").select_option(label="Dân số cấp xã")
    editor.get_by_label("Trạng thái").select_option(label="Tất cả")
    editor.get_by_role("button", name="Xem").click()
    rows = editor.locator("main table tbody tr")
    expect(rows).to_have_count(2)
    editor.get_by_label("Quy tắc", exact=True).fill(_RULE)
    editor.keyboard.press("Enter")
    expect(rows).to_have_count(1)
    editor.get_by_label("Đã có ít nhất (ngày)").fill("3000")
    editor.get_by_role("button", name="Xem").click()
    expect(editor.get_by_text("Không có bản ghi nào phù hợp")).to_be_visible()


def test_a_person_pages_through_the_quarantine(editor: Page) -> None:
    editor.goto("/quality/cases?dataset=health_records")
    numbers = editor.locator("tbody th a").all_inner_texts()
    editor.get_by_role("link", name="Trang sau").click()
    assert not set(numbers) & set(editor.locator("tbody th a").all_inner_texts())


def test_the_language_stays_as_it_was_chosen(editor: Page) -> None:
    editor.goto("/quality/submissions?dataset=population")
    editor.get_by_role("link", name="English").click()
    expect(editor.get_by_role("heading", level=1)).to_contain_text("Submissions")
    expect(editor.get_by_label("Dataset")).to_have_value("population")
    editor.get_by_role("link", name="Agencies").click()
    expect(editor.locator("html")).to_have_attribute("lang", "en")
    editor.get_by_role("link", name="Tiếng Việt").click()
    expect(editor.locator("html")).to_have_attribute("lang", "vi")


def test_a_case_is_waived_without_a_mouse(editor: Page, server: Server) -> None:
    number = open_case(server)
    editor.goto("/quality/cases?dataset=health_records")
    press = editor.keyboard.press
    press("Tab")
    expect(editor.get_by_role("link", name="Đến nội dung chính")).to_be_in_viewport()
    press("Enter")
    expect(editor.locator("main")).to_be_focused()
    _tab_to(editor, str(number))
    press("Enter")
    editor.wait_for_url(f"**/cases/{number}")
    _tab_to(editor, "reason")
    editor.keyboard.type("Đơn vị đã giải thể")
    press("Enter")
    expect(editor.get_by_role("status")).to_contain_text("Đã miễn đến hết")
    expect(editor.get_by_text("binh: Đơn vị đã giải thể")).to_be_visible()
    row = server.row("SELECT status, waived_by FROM dq.quarantine WHERE quarantine_id = :n", n=number)
    assert (row.status, row.waived_by) == ("waived", "binh")


def _tab_to(page: Page, wanted: str) -> None:
    """Press Tab until the element of that id or text has the focus, which can be seen."""
    for _ in range(80):
        page.keyboard.press("Tab")
        here = page.evaluate("[document.activeElement.id, document.activeElement.textContent.trim()]")
        if wanted in here:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"no way to {wanted} by the keyboard")


def test_an_empty_reason_is_asked_for(editor: Page, server: Server) -> None:
    number = open_case(server)
    editor.goto(f"/quality/cases/{number}")
    editor.get_by_role("button", name="Miễn sửa bản ghi này").click()
    assert editor.evaluate("document.activeElement.validity.valueMissing")
    expect(editor.get_by_role("status")).to_have_count(0)


def test_a_replay_is_asked_for_by_mouse(editor: Page, server: Server) -> None:
    before = len(server.runs())
    editor.goto("/quality/cases?dataset=population")
    editor.get_by_label("Lý do").fill("Quy tắc đã đổi")
    editor.get_by_role("button", name="Kiểm tra lại").click()
    expect(editor.get_by_role("status")).to_contain_text("“Dân số cấp xã” đã được tạo")
    assert len(server.runs()) == before + 1
    link = editor.get_by_role("link", name="Mở trong Airflow")
    assert "/dags/replay/runs/" in str(link.get_attribute("href"))


def test_who_may_only_look_is_shown_no_forms(browser: Browser, server: Server) -> None:
    page = visit(browser, server, VIEWER)
    for path in ("/cases/1", "/cases?dataset=population"):
        page.goto("/quality" + path)
        expect(page.locator("form[method=post]")).to_have_count(0)
    page.context.close()


def test_who_may_not_look_is_told_so(browser: Browser, server: Server) -> None:
    page = visit(browser, server, _NOBODY)
    page.goto("/quality/cases")
    expect(page.get_by_role("heading", level=1)).to_have_text("Không có quyền")
    expect(page.get_by_role("table")).to_have_count(0)
    page.context.close()


def test_an_expired_session_logs_in_and_finds_its_page_again(browser: Browser, server: Server) -> None:
    page = visit(browser, server, EDITOR | {"expired": True})
    page.goto("/quality/cases?dataset=population&status=all")
    expect(page.get_by_role("heading", level=1)).to_have_text("Phiên làm việc đã hết")
    page.get_by_role("link", name="Đăng nhập").click()
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(server.password())
    page.keyboard.press("Enter")
    expect(page.get_by_label("Bộ dữ liệu")).to_have_value("population")
    expect(page.get_by_label("Trạng thái")).to_have_value("all")
    page.context.close()


def test_the_tab_of_a_dag_works_inside_airflows_frame(editor: Page, server: Server) -> None:
    number = open_case(server)
    editor.goto("/dags/population/plugin/quality-dataset", wait_until="commit")
    frame = editor.frame_locator("iframe")
    expect(frame.get_by_role("heading", level=1)).to_have_text("Dân số cấp xã")
    # Nothing there leads to Airflow within Airflow.
    expect(frame.locator("a[target=_top], a[href^='/dags']")).to_have_count(0)
    frame.locator("tbody tr").first.get_by_role("link").click()
    expect(frame.get_by_role("heading", level=1)).to_contain_text("lô của đêm")
    editor.screenshot(path=get_settings().home / "board" / "frame.png")
    frame.get_by_role("link", name="Bản ghi cách ly").click()
    frame.get_by_label("Bộ dữ liệu").select_option("health_records")
    frame.get_by_role("button", name="Xem").click()
    frame.get_by_role("link", name=str(number), exact=True).click()
    # The page before has a reason to fill in, too.
    expect(frame.get_by_role("heading", level=1)).to_contain_text("số")
    frame.get_by_label("Lý do").fill("Đã xử lý ở nơi khác")
    frame.get_by_role("button", name="Miễn sửa bản ghi này").click()
    expect(frame.get_by_role("status")).to_contain_text("Đã miễn đến hết")
    assert editor.url.endswith("/dags/population/plugin/quality-dataset")
