"""The board behind Airflow's login: who may see it, what it says, and what can be done from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from .board_province import MORE_CASES, STATISTICS
from .board_server import EDITOR, VIEWER, Server, board_server

PAGES = (
    "/", "/agencies", f"/agencies/{STATISTICS}", "/cases?status=all", "/submissions", "/sources",
    "/datasets/population", "/search?q=population",
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with board_server(tmp_path_factory.mktemp("airflow")) as started:
        yield started


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def token_of(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found, "no form"
    return found[1]


def a_case(server: Server) -> int:
    row = server.row(
        "SELECT min(quarantine_id) AS id FROM dq.quarantine WHERE dataset = 'population' AND status = 'open'"
    )
    return int(row.id)


def test_airflow_has_the_board_in_its_menu_and_on_dags(server: Server) -> None:
    assert "/quality/" in server.views
    assert "/quality/datasets/{DAG_ID}" in server.views


@pytest.mark.parametrize(
    ("who", "status", "said"),
    [
        ({}, 401, "/auth/login?next="),
        (VIEWER | {"expired": True}, 401, "/auth/login?next="),
        ({"user": "chi", "role": None}, 403, "không được phép"),
    ],
    ids=["nobody", "expired", "without-a-role"],
)
def test_who_may_not_read_is_refused(server: Server, who: dict[str, Any], status: int, said: str) -> None:
    for path in (*PAGES, "/cases/1"):
        answer = server.ask(path, **who)
        assert answer["status"] == status
        assert said in answer["text"]
        # The way back from the login is the address that was asked for, and no more.
        told = unquote(unquote(answer["text"])).replace("&amp;", "&").replace(path, "")
        assert "population" not in told
    for path in ("/cases/1/waive", "/replay"):
        data = {"token": "x", "reason": "y", "dataset": "population"}
        assert server.ask(path, method="POST", data=data, **who)["status"] == status


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_plain_and_in_two_languages(server: Server, path: str) -> None:
    for language in ("vi", "en"):
        said = server.ask(path, cookies={"kho_language": language}, **VIEWER)
        page = said["text"]
        assert said["status"] == 200, page[:2000]
        assert f'<html lang="{language}">' in page
        assert "<script" not in page
        assert not re.search(r'(src|href)="(https?:)?//', page)
        assert " style=" not in page
        assert page.count("<h1") == page.count("<main") == 1
        assert page.count("<table") == page.count("<caption")
        assert "default-src 'none'" in said["headers"]["content-security-policy"]
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        assert all(name in ids for name in re.findall(r'(?:for|aria-labelledby)="([^"]+)"', page))


def test_the_language_is_remembered(server: Server) -> None:
    said = server.ask("/cases?status=all&lang=en", **VIEWER)
    assert said["cookies"]["kho_language"] == "en"
    assert "Quarantine" in said["text"]
    assert 'href="/quality/cases?status=all&amp;lang=vi"' in said["text"]


def test_the_night_is_told_by_stages(server: Server) -> None:
    page = server.page("/")
    (row,) = re.findall(r"<tr>\s*<th scope=\"row\"><a[^>]*/datasets/population\".*?</tr>", page, re.DOTALL)
    assert text_of(row).count("xong") == 5
    assert "Đã nạp" in text_of(row)
    assert "12" in text_of(row)
    assert "dự thảo" in text_of(page)
    earlier = server.page("/?night=2026-11-20")
    assert "Đêm 20/11/2026" in text_of(earlier)


def test_from_an_agency_down_to_a_record(server: Server) -> None:
    page = server.page("/agencies")
    assert "Thống kê &lt;tỉnh&gt;" in page
    assert '<svg class="spark" role="img"' in page
    agency = server.page(re.search(rf'"/quality(/agencies/{STATISTICS})"', page)[1])
    listed = server.page(re.search(r'"/quality(/cases\?agency=[^"]+)"', agency)[1])
    # A rule is told by its title; its id is beside it.
    told = re.search(r'"/quality/rules/population/([^"]+)" title="([^"]+)">([^<]+)<', listed)
    assert told[1] == told[2] != told[3]
    assert server.row("SELECT title_vi FROM dq.rule WHERE rule_id = :rule", rule=told[1]).title_vi == told[3]
    case = server.page(re.search(r'"/quality(/cases/\d+)"', listed)[1])
    assert "<script" not in case
    rule = server.page(re.search(r'"/quality(/rules/population/[^"]+)"', case)[1])
    batch = server.page(re.search(r'"/quality(/batches/[^"]+)"', rule)[1])
    assert "khớp" in text_of(batch)
    assert server.ask("/agencies/nobody", **VIEWER)["status"] == 404


def test_every_case_is_on_one_page_and_none_shows_a_person(server: Server) -> None:
    seen: list[str] = []
    path = "/cases?dataset=health_records&age=1"
    for _ in range(5):
        page = server.page(path)
        seen += re.findall(r'/quality/cases/(\d+)"', page)
        onward = re.search(r'rel="next" href="/quality([^"]+)"', page)
        if not onward:
            break
        path = onward[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == MORE_CASES
    case = server.page(f"/cases/{seen[0]}")
    assert "***" in case
    assert "Bí Mật" not in case
    assert "051085001234" not in case
    looks = "SELECT count(*) AS n FROM dq.access_log WHERE quarantine_id = :case AND purpose = :purpose"
    assert server.row(looks, case=seen[0], purpose=f"quality board, {VIEWER['user']}").n >= 1


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("dataset=population&status=open", 2), ("agency=" + STATISTICS, 2), ("rule=population_nothing", 0),
        ("status=waived", 0), ("status=expired", 0), ("agency=nobody&status=all", 0), ("age=3000", 0),
    ],
)  # fmt: skip
def test_filters(server: Server, query: str, count: int) -> None:
    assert len(re.findall(r'/quality/cases/\d+"', server.page(f"/cases?{query}"))) == count


@pytest.mark.parametrize(
    "path", ["/cases?status=nonsense", "/cases?after=nonsense", "/?night=soon", "/cases/x"]
)
def test_nonsense_is_refused_with_a_page(server: Server, path: str) -> None:
    said = server.ask(path, **VIEWER)
    assert said["status"] == 400
    assert "Yêu cầu không hợp lệ" in said["text"]


def test_a_waiver_is_recorded_with_the_users_name(server: Server) -> None:
    number = a_case(server)
    path = f"/cases/{number}/waive"
    assert 'name="token"' not in server.page(f"/cases/{number}")
    token = token_of(server.page(f"/cases/{number}", **EDITOR))
    form = {"token": token, "reason": "Đơn vị đã giải thể <b>", "until": ""}
    refused = [
        server.ask(path, method="POST", data=form, **VIEWER),
        server.ask(path, method="POST", data=form | {"token": "made up"}, **EDITOR),
        server.ask(path, method="POST", data=form, headers={"Sec-Fetch-Site": "cross-site"}, **EDITOR),
        server.ask(path, method="POST", data=form | {"reason": " "}, **EDITOR),
        server.ask(path, method="POST", data=form | {"until": "2020-01-01"}, **EDITOR),
    ]
    assert [said["status"] for said in refused] == [403, 403, 403, 400, 400]
    assert server.row("SELECT status FROM dq.quarantine WHERE quarantine_id = :n", n=number).status == "open"
    done = server.ask(path, method="POST", data=form, **EDITOR)
    assert done["status"] == 303
    page = server.page(done["headers"]["location"].removeprefix("/quality"))
    assert "Đã miễn đến hết" in page
    assert "binh" in page
    assert "Đơn vị đã giải thể &lt;b&gt;" in page
    event = server.row("SELECT by_whom, reason FROM dq.case_event WHERE quarantine_id = :n", n=number)
    assert tuple(event) == ("binh", "Đơn vị đã giải thể <b>")
    assert server.ask(path, method="POST", data=form, **EDITOR)["status"] == 400


def test_a_replay_is_a_run_in_the_users_name(server: Server) -> None:
    assert 'name="token"' not in server.page("/cases?dataset=population")
    token = token_of(server.page("/cases?dataset=population", **EDITOR))
    form = {"token": token, "dataset": "population", "rule": "", "reason": "Quy tắc đã đổi"}
    before = server.runs()
    refused = [
        server.ask("/replay", method="POST", data=form, **VIEWER),
        server.ask("/replay", method="POST", data=form | {"reason": ""}, **EDITOR),
        server.ask("/replay", method="POST", data=form | {"dataset": "nothing"}, **EDITOR),
    ]
    assert [said["status"] for said in refused] == [403, 400, 400]
    assert server.runs() == before
    done = server.page("/replay", method="POST", data=form, **EDITOR)
    assert re.search(r'href="/dags/replay/runs/[^"]+" target="_top"', done)
    conf = {"dataset": "population", "rule": None, "date": None, "reason": "Quy tắc đã đổi"}
    assert server.runs() == [*before, {"dag": "replay", "by": "binh", "conf": conf}]


def test_search_finds_by_name_and_number(server: Server) -> None:
    assert f"/agencies/{STATISTICS}" in server.page("/search?q=thống kê")
    assert "/rules/population/" in server.page("/search?q=population")
    assert "Không tìm thấy" in server.page("/search?q=Bí Mật")
    assert "Không tìm thấy" in server.page("/search?q=%25_%25")


# Last, for they waive and replay what the tests above count.
from .board_in_browser import *  # noqa: E402, F403
