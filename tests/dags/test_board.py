"""The board behind Airflow's login: who may see it, what it says, and what can be done from it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kho.night.airflow_environment import airflow_environment
from kho.settings import get_settings
from tests.integration.fixture_dataset import FixtureNight

from .board_province import MORE_CASES, STATISTICS, board_province

VIEWER, EDITOR = {"user": "an", "role": "viewer"}, {"user": "binh", "role": "admin"}
PAGES = (
    "/", "/agencies", f"/agencies/{STATISTICS}", "/cases?status=all", "/submissions", "/sources",
    "/datasets/population", "/search?q=population",
)  # fmt: skip


class Server:
    """Airflow's api-server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], night: FixtureNight) -> None:
        self._process, self.night = process, night
        self.views: list[str] = json.loads(self._said())

    def _said(self) -> str:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("answer: "):
                return line.removeprefix("answer: ")
        raise AssertionError("the server has died")

    def _tell(self, line: str) -> Any:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return json.loads(self._said())

    def ask(self, path: str, **more: Any) -> dict[str, Any]:
        return self._tell(json.dumps({"path": path, **more}))

    def page(self, path: str, **more: Any) -> str:
        said = self.ask(path, **(VIEWER | more))
        assert said["status"] == 200, (path, said["text"][:2000])
        return said["text"]

    def runs(self) -> list[dict[str, Any]]:
        return self._tell("runs")

    def row(self, query: str, **about: Any) -> sa.Row[Any]:
        with self.night.province.context.engine.connect() as db:
            return db.execute(sa.text(query), about).one()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("airflow")
    with board_province() as night:
        settings = night.province.context.settings
        given = {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "PYTHONPYCACHEPREFIX": str(get_settings().home / "cache" / "python"),
            "KHO_WAREHOUSE_URL": str(settings.warehouse_url),
        }
        environment = airflow_environment(settings, 8080, {**os.environ, **given})
        with (home / "stderr").open("w+") as errors, subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("ask_board.py")), str(settings.project_root / "dags")],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        ) as process:  # fmt: skip
            try:
                yield Server(process, night)
            finally:
                assert process.stdin
                process.stdin.close()
                process.wait(30)
                sys.stderr.write(Path(errors.name).read_text()[-12000:])


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
        assert "population" not in answer["text"].replace("/datasets/population", "").replace(
            "q=population", ""
        )
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


def test_links_to_airflow_do_not_ask_to_leave_a_frame_that_keeps_them(server: Server) -> None:
    for headers, target in (({}, "_top"), ({"Sec-Fetch-Dest": "iframe"}, "_self")):
        page = server.page("/datasets/population", headers=headers)
        assert f'href="/dags/population" target="{target}"' in page


def test_search_finds_by_name_and_number(server: Server) -> None:
    assert f"/agencies/{STATISTICS}" in server.page("/search?q=thống kê")
    assert "/rules/population/" in server.page("/search?q=population")
    assert "Không tìm thấy" in server.page("/search?q=Bí Mật")
    assert "Không tìm thấy" in server.page("/search?q=%25_%25")
