"""Dossiers as LGSP sends them, in any number, for measuring.

In: how many, and which night. Out: JSON pages on disk, each a whole response body. The second night
is a full re-delivery in which 5 % of the first night's dossiers changed and 1 % are new. About 1 % of
the rows break a rule, 0.1 % are sent twice.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

PAGE_ROWS = 2_000

_RECORDS = """
WITH numbered AS (
    SELECT
        i,
        hash(i) AS h,
        timestamp '2026-09-01 07:00:00' + to_seconds((i % 5000000)) AS received,
        i < $known AND i % 20 = 0 AND $night = 2 AS changed
    FROM range(cast($first AS bigint), cast($last AS bigint)) AS r(i)
),
shaped AS (
    SELECT
        i,
        received,
        changed,
        (SELECT $agencies[1 + cast(h % len($agencies) AS integer)]) AS agency,
        h
    FROM numbered
)
SELECT
    i // $page AS page,
    string_agg(to_json(struct_pack(
        MaHoSo := agency || '-' || strftime(received, '%y%m%d') || '-' || lpad(cast(i AS varchar), 8, '0'),
        MaTTHC := $procedures[1 + cast((h >> 8) % len($procedures) AS integer)],
        TenTTHC := 'Cấp bản sao trích lục hộ tịch',
        MaLinhVuc := 'LV-HT',
        ChuHoSo := 'Nguyễn Thị Hồng Vân',
        SoDinhDanh := '0511850' || lpad(cast(i % 100000 AS varchar), 5, '0'),
        MaSoThue := NULL,
        LoaiDoiTuong := '1',
        MaDVHC := $communes[1 + cast((h >> 16) % len($communes) AS integer)],
        NgayTiepNhan := CASE WHEN i % 200 = 7 THEN '31/02/2026 08:00:00'
            ELSE strftime(received, '%d/%m/%Y %H:%M:%S') END,
        NgayHenTra := strftime(received + interval 5 day, '%d/%m/%Y %H:%M:%S'),
        NgayTra := CASE WHEN i % 3 > 0 OR changed
            THEN strftime(received + interval 4 day, '%d/%m/%Y %H:%M:%S') END,
        NgayKetThucXuLy := CASE WHEN i % 3 > 0 OR changed
            THEN strftime(received + interval 3 day, '%d/%m/%Y %H:%M:%S') END,
        TrangThaiHoSo := CASE WHEN i % 200 = 11 THEN '77' WHEN i % 3 > 0 OR changed THEN '10' ELSE '4' END,
        HinhThuc := '1',
        KenhThucHien := cast(1 + i % 3 AS varchar),
        DonViXuLy := agency,
        TaiLieuNop := [{'TenGiayTo': 'Tờ khai', 'SoLuong': 1, 'DaSoHoa': true}],
        DanhSachLePhi := [{'LoaiPhi': '1', 'SoTien': 8000}],
        DanhSachHoSoBoSung := cast([] AS varchar[]),
        DanhSachGiayToKetQua := [{'TenGiayTo': 'Bản sao trích lục', 'MaGiayTo': 'KQ.G01'}],
        NgayCapNhat := strftime(received + CASE WHEN changed THEN interval 9 day ELSE interval 4 day END,
            '%d/%m/%Y %H:%M:%S')
    )), ',' ORDER BY i) AS records
FROM shaped
GROUP BY page
ORDER BY page
"""


def write_pages(
    folder: Path,
    rows: int,
    night: int,
    agencies: list[str],
    procedures: list[str],
    communes: list[str],
) -> int:
    """Write the pages of one night into `folder`; returns the number of records in them.

    Every thousandth record is repeated at the end of its page, as a stuttering source would.
    """
    folder.mkdir(parents=True, exist_ok=True)
    total_rows = rows if night == 1 else rows + rows // 100
    with duckdb.connect(config={"threads": 2, "memory_limit": "4GB"}) as duck:
        sent = 0
        step = 200_000
        for start in range(0, total_rows, step):
            result = duck.execute(
                _RECORDS,
                {
                    "first": start,
                    "last": min(start + step, total_rows),
                    "known": rows,
                    "night": night,
                    "page": PAGE_ROWS,
                    "agencies": agencies,
                    "procedures": procedures,
                    "communes": communes,
                },
            )
            for page, text in result.fetchall():
                repeats = text.split('},{"MaHoSo"', 2)[0]
                repeats = repeats if repeats.endswith("}") else repeats + "}"
                body = text + "," + repeats + "," + repeats
                count = min(PAGE_ROWS, total_rows - page * PAGE_ROWS) + 2
                sent += count
                envelope = json.dumps({"status": 1, "message": "OK", "total": count}, ensure_ascii=False)
                (folder / f"{page:06d}.json").write_text(
                    envelope[:-1] + ', "data": [' + body + "]}", encoding="utf-8"
                )
    return sent
