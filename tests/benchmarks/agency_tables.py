"""Tables of agencies' databases in any size, for measuring.

In: a running PostgreSQL or MariaDB, how many rows. Out: `thua_dat` (land parcels, fourteen columns) on PostgreSQL
and `ho_so` (health records, eleven columns) on either, filled by the server itself.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncmy

from kho.connections import Connection
from kho.contracts import Contract, SqlSource
from kho.server.databases import Server
from kho.server.mariadb import MariaDb
from tests.integration.agency import Agency, a_contract, mariadb_agency, postgres_agency

PARCEL_COLUMNS = {
    "ma_thua": "string", "ma_xa": "string", "so_to": "integer", "so_thua": "integer", "dien_tich": "number",
    "loai_dat": "string", "ten_chu": "string", "so_dinh_danh": "string", "dia_chi": "string",
    "ngay_cap": "date", "so_gcn": "string", "gia_dat": "number", "thoi_han": "date", "ghi_chu": "string",
}  # fmt: skip
_PARCEL = """
    'TD' || lpad(i::text, 9, '0') AS ma_thua, (20000 + i % 96)::text AS ma_xa, (i / 900)::integer AS so_to,
    (i % 900)::integer AS so_thua, (50 + i % 4000 + 0.25)::numeric(12, 2) AS dien_tich,
    (ARRAY['ODT', 'ONT', 'LUC', 'CLN', 'RSX'])[1 + i % 5] AS loai_dat,
    'Nguyễn Thị Hồng ' || (i % 4000)::text AS ten_chu, lpad((51185000000 + i)::text, 12, '0') AS so_dinh_danh,
    'Thôn ' || (i % 12)::text || ', xã Trà Bồng, tỉnh Quảng Ngãi' AS dia_chi,
    date '1995-01-01' + (i % 11000)::integer AS ngay_cap, 'CH ' || lpad((i * 7)::text, 8, '0') AS so_gcn,
    ((i % 90) * 125000)::numeric(18, 2) AS gia_dat,
    CASE WHEN i % 5 = 4 THEN date '2043-10-15' END AS thoi_han,
    CASE WHEN i % 3 = 0 THEN 'Đất đang thế chấp tại ngân hàng' END AS ghi_chu
"""
HEALTH_COLUMNS = {
    "ma": "string", "ho_ten": "string", "so_dinh_danh": "string", "ngay_sinh": "date", "gioi": "integer",
    "don_vi": "string", "so_tien": "number", "trang_thai": "string", "ghi_chu": "string",
    "cap_nhat": "timestamp", "lan_kham": "integer",
}  # fmt: skip


def parcels(server: Server, rows: int) -> Agency:
    """Land parcels in the database `bench` on PostgreSQL."""
    agency = _postgres(server)
    agency.run(
        "DROP TABLE IF EXISTS thua_dat",
        f"CREATE TABLE thua_dat AS SELECT {_PARCEL} FROM generate_series(1, {rows}::bigint) AS i",
        "ALTER TABLE thua_dat ADD PRIMARY KEY (ma_thua)",
        "ANALYZE thua_dat",
    )
    return agency


def change_parcels(agency: Agency, rows: int) -> None:
    """Change 0.8 %, delete 0.1 % and add 0.1 % of the parcels."""
    agency.run(
        "UPDATE thua_dat SET gia_dat = gia_dat + 1 WHERE so_thua % 125 = 7",
        "DELETE FROM thua_dat WHERE so_thua = 450",
        f"INSERT INTO thua_dat SELECT {_PARCEL} FROM generate_series({rows} + 1, {rows + rows // 1000}::bigint) i",
    )


def parcel_contract() -> Contract:
    """A contract for the parcels: snapshot only."""
    return a_contract({"table": "thua_dat", "snapshot": "row_hash"}, PARCEL_COLUMNS, ("ma_thua",))


def health_contract() -> Contract:
    """A contract for the health records, read by their whole span."""
    return a_contract({"watermark": {"column": "cap_nhat", "lookback_days": 0}}, HEALTH_COLUMNS)


def health_on_postgres(server: Server, rows: int) -> Agency:
    """Health records on PostgreSQL."""
    agency = _postgres(server)
    agency.run(
        "DROP TABLE IF EXISTS ho_so",
        "CREATE TABLE ho_so AS SELECT 'HS' || lpad(i::text, 9, '0') AS ma, 'Nguyễn Thị Hồng ' || i % 1000 AS ho_ten, "
        "lpad(i::text, 12, '0') AS so_dinh_danh, date '1950-01-01' + (i % 25000)::integer AS ngay_sinh, "
        "(i % 2)::smallint AS gioi, 'H48.' || i % 96 AS don_vi, (i * 1.25)::numeric(18, 2) AS so_tien, "
        "'active' AS trang_thai, CASE WHEN i % 3 > 0 THEN 'khám sức khoẻ định kỳ tại trạm y tế' END AS ghi_chu, "
        "timestamp '2026-01-01' + i * interval '1 second' AS cap_nhat, i AS lan_kham "
        f"FROM generate_series(1, {rows}::bigint) AS i",
        "ANALYZE ho_so",
    )
    return agency


def health_on_mariadb(server: MariaDb, rows: int) -> Agency:
    """The same health records on MariaDB."""
    agency = mariadb_agency(server, "bench")
    agency.run(
        "CREATE TABLE ho_so (ma varchar(20) PRIMARY KEY, ho_ten varchar(80), so_dinh_danh char(12), ngay_sinh date, "
        "gioi tinyint, don_vi varchar(20), so_tien decimal(18, 2), trang_thai varchar(10), ghi_chu varchar(200), "
        "cap_nhat datetime, lan_kham bigint)",
        "INSERT INTO ho_so SELECT concat('HS', lpad(seq, 9, '0')), concat('Nguyễn Thị Hồng ', seq % 1000), "
        "lpad(seq, 12, '0'), date_add('1950-01-01', interval seq % 25000 day), seq % 2, concat('H48.', seq % 96), "
        "seq * 1.25, 'active', if(seq % 3 > 0, 'khám sức khoẻ định kỳ tại trạm y tế', null), "
        f"date_add('2026-01-01', interval seq second), seq FROM seq_1_to_{rows}",
    )
    return agency


def _postgres(server: Server) -> Agency:
    own = {"host": str(server.socket_dir), "user": server.user, "password": server.password}
    return postgres_agency(own | {"dbname": "bench"})


def fetch_by_cursor(connection: Connection, query: str, size: int) -> int:
    """Rows through MariaDB's driver, as it is meant to be used: server-side cursor, `fetchmany`, Python values."""

    async def fetch() -> int:
        how: dict[str, Any] = {
            "user": connection.login,
            "password": connection.password,
            "charset": "utf8mb4",
        }
        db = await asyncmy.connect(
            host=connection.host, port=connection.port, database=connection.schema, **how
        )
        rows = 0
        try:
            async with db.cursor(asyncmy.cursors.SSCursor) as cursor:
                await cursor.execute(query)
                while found := await cursor.fetchmany(size):
                    rows += len(found)
        finally:
            db.close()
        return rows

    return asyncio.run(fetch())


def source_of(contract: Contract) -> SqlSource:
    """The contract's binding."""
    assert isinstance(contract.source, SqlSource)
    return contract.source
