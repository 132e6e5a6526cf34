"""Contracts, connections and looks into the raw zone for tests of the REST connector."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from kho.connections import Connection
from kho.contracts.model import Contract
from kho.contracts.sources.rest import RestSource
from kho.extract.rest import extract_rest
from kho.extract.windows import Span
from kho.raw_zone.landing import record_files
from kho.raw_zone.manifest import Manifest
from kho.settings import Settings

from .rest_server import KEY, SECRET, RestServer

NIGHT = date(2026, 11, 21)
SPAN = Span(datetime(2026, 11, 1), datetime(2026, 11, 21))
WINDOW = {"from_param": "tu", "to_param": "den", "format": "%d/%m/%Y", "max_days": 4, "history_days": 20}
ENVELOPE = {
    "success": {"path": "error_code", "values": ["00"]},
    "message": "message",
    "records": "data",
    "total": "total",
    "errors": {"empty": ["04"], "retry": ["99"], "authentication": ["106"]},
}
PAGINGS: dict[str, dict[str, Any]] = {
    "offset": {"kind": "offset", "offset_param": "offset", "limit_param": "limit", "page_size": 7},
    "untold": {"kind": "offset", "offset_param": "offset", "limit_param": "limit", "page_size": 7},
    "page": {"kind": "page", "page_param": "trang", "limit_param": "limit", "page_size": 7},
    "pagexml": {"kind": "page", "page_param": "trang", "limit_param": "limit", "page_size": 7},
    "cursor": {
        "kind": "cursor", "cursor_param": "cursor", "cursor_path": "next", "limit_param": "limit",
        "page_size": 7,
    },
    "link": {"kind": "link", "limit_param": "limit", "page_size": 7},
    "linkbody": {"kind": "link", "link_path": "/links/@odata.next", "limit_param": "limit", "page_size": 7},
    "array": {"kind": "none"},
}  # fmt: skip
ENVELOPES: dict[str, dict[str, Any]] = {
    "untold": ENVELOPE | {"total": None},
    "link": ENVELOPE | {"total": None},
    "linkbody": ENVELOPE | {"total": None},
    "array": {"records": "$", "total_header": "X-Total-Count"},
    "pagexml": {
        "format": "xml",
        "success": {"path": "MaLoi", "values": ["00"]},
        "records": "DanhSach.HoSo",
        "total": "Tong",
    },
}
LOGINS: dict[str, dict[str, Any]] = {
    "open": {"kind": "none"},
    "bearer": {"kind": "wso2_client_credentials"},
    "header": {"kind": "lgsp_access_token"},
    "both": {"kind": "lgsp_access_token", "token_path": "/token"},
    "direct": {"kind": "lgsp_access_token", "header": "Authorization"},
    "session": {
        "kind": "session_login", "login_path": "/dang-nhap", "user_field": "user", "password_field": "pass",
        "success": {"path": "error_code", "values": [0]}, "carry": "param",
    },
}  # fmt: skip
COLUMNS = (
    {
        "name": "row_id", "source_name": "id", "title": "Số", "logical_type": "integer", "sql_type": "bigint",
        "key_position": 1, "classification": "public",
    },
    {
        "name": "row_name", "source_name": "ten", "title": "Tên", "logical_type": "string", "sql_type": "text",
        "classification": "public",
    },
    {
        "name": "changed_on", "source_name": "ngay", "title": "Ngày", "logical_type": "date",
        "sql_type": "date", "classification": "public",
    },
)  # fmt: skip


def a_source(kind: str = "offset", login: str = "open", windowed: bool = True, **changes: Any) -> RestSource:
    """The binding of the test server's endpoint for a kind of paging and a kind of login."""
    values: dict[str, Any] = {
        "kind": "rest",
        "connection": "lgsp",
        "auth": LOGINS[login],
        "request": {"path": f"/{login}/{kind}"},
        "paging": PAGINGS[kind],
        "envelope": ENVELOPES.get(kind, ENVELOPE),
    }
    if windowed:
        values |= {"window": WINDOW, "watermark": {"column": "changed_on", "lookback_days": 0}}
    return RestSource.model_validate(values | changes)


def a_contract(source: RestSource) -> Contract:
    return Contract.model_validate(
        {
            "dataset": "things",
            "version": "1.0.0",
            "title": "Things",
            "owner": "Test",
            "columns": COLUMNS,
            "source": source,
            "quality": {"owner_agency": "H48", "quarantine_limit": 0.5},
            "content_sha256": "agreed",
        }
    )


def a_connection(server: RestServer, **extra: Any) -> Connection:
    quick = {"retry_base": 0.01, "retry_max": 2, "read_timeout": 5, "max_attempts": 3}
    partner = {"app_name": "kho", "partner_code": "H48"}
    scheme = server.url.partition(":")[0]
    return Connection(
        "lgsp", scheme, "127.0.0.1", server.port, KEY, SECRET, extra={**quick, **partner, **extra}
    )


def fetch(
    server: RestServer,
    home: Path,
    source: RestSource,
    night: date = NIGHT,
    span: Span = SPAN,
    **extra: Any,
) -> Manifest:
    """Land a night of the source below `home`."""
    home.mkdir(parents=True, exist_ok=True)
    return extract_rest(
        a_contract(source),
        source,
        a_connection(server, **extra),
        span if source.window else None,
        night,
        Settings(home=home),
    )


def folder_of(home: Path, manifest: Manifest) -> Path:
    return home / "raw" / manifest.dataset / manifest.batch_id


def landed(home: Path, manifest: Manifest) -> list[tuple[Any, ...]]:
    """All landed rows in the order of `_row`."""
    table = pq.read_table(record_files(folder_of(home, manifest))).sort_by("_row")
    return [tuple(row.values()) for row in table.to_pylist()]


def ids(home: Path, manifest: Manifest) -> list[int]:
    return [int(row[0]) for row in landed(home, manifest)]


def requests_of(home: Path, manifest: Manifest) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder_of(home, manifest) / "requests.parquet").to_pylist()
    return rows
