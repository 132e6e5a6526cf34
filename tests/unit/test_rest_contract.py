"""What a contract may say of a REST source, and what it is refused for."""

from __future__ import annotations

from pathlib import Path

import pytest

from kho.contracts import load_contract
from kho.contracts.sources.consuming import consuming_word
from kho.errors import ContractError
from kho.settings import get_settings

GOOD = "public_service_dossiers"


@pytest.mark.parametrize(
    "path",
    [
        "/dvc/v1/xacNhanHoSo",
        "/dvc/v1/xácNhậnHồSơ",
        "/vanban/v1/danh-dau-da-nhan",
        "/vanban/v1/capnhattrangthai",
        "/vanban/v1/layVaXacNhan",
        "/docs/getAndAck",
        "/docs/42/ack",
        "/queue/pop",
        "/docs/mark_as_read",
        "/docs/UpdateStatus",
        "/docs/acknowledgeReceipt",
        "/dichvu/guiVanBan",
        "/api/xoa",
        "/api/setStatus",
        "/rpc/service.confirmDelivery",
    ],
)
def test_names_of_consuming_operations_are_known(path: str) -> None:
    assert consuming_word(path)


@pytest.mark.parametrize(
    "path",
    [
        "/dvc/v1/danhSachHoSo",
        "/baocao/v1/soLieuChiTieu",
        "/dvc/v1/danhSachDaXacNhan",
        "/dangkykinhdoanh/v1/doanhNghiep",
        "/vanban/v1/vanBanDaNhan",
        "/address/list",
        "/settlements",
        "/postal/codes",
        "/danhmuc/v1/coQuan",
        "/nhankhau/v1/thongKe",
        "/docs/received",
        "/docs/getUpdatedSince",
        "/themes",
        "/guide",
        "/api/v2/markets",
        "/lichsu/thayDoi",
    ],
)
def test_names_of_readings_are_let_through(path: str) -> None:
    assert consuming_word(path) is None


REQUEST = "request: {method: GET, path: /dvc/v1/danhSachHoSo}"
AUTH = "auth: {kind: wso2_client_credentials, token_path: /token}"
PAGING = "paging: {kind: offset, offset_param: offset, limit_param: limit, page_size: 2000}"


@pytest.mark.parametrize(
    ("find", "put", "says"),
    [
        (REQUEST, "request: {path: /dvc/v1/xacNhanHoSo}", "changes or consumes data ('xac nhan')"),
        (REQUEST, "request: {path: /dvc/x, params: {danhDauDaNhan: '1'}}", "'danh dau'"),
        (REQUEST, "request: {path: /dvc/x, params: {action: confirm}}", "'confirm'"),
        (REQUEST, "request: {method: DELETE, path: /dvc/x}", "GET"),
        (REQUEST, "request: {method: PUT, path: /dvc/x}", "GET"),
        (REQUEST, "request: {method: POST, path: /dvc/x}", "post_as"),
        (REQUEST, "request: {path: '/dvc/x?mark=1'}", "pattern"),
        (REQUEST, "request: {path: 'http://other/dvc/x'}", "pattern"),
        (AUTH, "auth: {kind: session_login, login_path: /l}", "method POST"),
        (AUTH, "auth: {kind: lgsp_access_token, header: Authorization, token_path: /t}", "Bearer"),
        (AUTH, "auth: {kind: basic}", "basic"),
        (PAGING, "paging: {kind: cursor, cursor_param: c}", "cursor_path"),
        ("errors: {empty: [201], retry: [500]}", "errors: {empty: [201], retry: [201]}", "two lists"),
        ("success: {path: status, values: [1]}", "", "success is missing"),
        ("watermark: {column: updated_at, lookback_days: 3}", "", "belong together"),
        ("max_days: 5, ", "max_days: 5, ", ""),
        ("to_param: to_date, ", "", "max_days needs to_param"),
        (
            "watermark: {column: updated_at, lookback_days: 3}",
            "watermark: {column: updated_at, lookback_days: 3}\n      deletions: key_comparison",
            "whole catalogue",
        ),
    ],
)
def test_a_binding_that_cannot_be_is_refused(tmp_path: Path, find: str, put: str, says: str) -> None:
    text = (get_settings().contracts_dir / f"{GOOD}.yaml").read_text(encoding="utf-8")
    assert find in text
    (tmp_path / f"{GOOD}.yaml").write_text(text.replace(find, put, 1), encoding="utf-8")
    if not says:
        load_contract(GOOD, tmp_path)
        return
    with pytest.raises(ContractError) as raised:
        load_contract(GOOD, tmp_path)
    assert says in str(raised.value)
    assert f"{GOOD}.yaml:" in str(raised.value)


def test_a_post_that_carries_a_query_is_let_through(tmp_path: Path) -> None:
    text = (get_settings().contracts_dir / f"{GOOD}.yaml").read_text(encoding="utf-8")
    post = "request: {method: POST, path: /dvc/v1/traCuuHoSo, post_as: json, params: {loc.loai: '1'}}"
    (tmp_path / f"{GOOD}.yaml").write_text(text.replace(REQUEST, post), encoding="utf-8")
    assert load_contract(GOOD, tmp_path).source.kind == "rest"
    bare = text.replace(REQUEST, post).replace(PAGING, "paging: {kind: none}")
    window = next(line for line in bare.splitlines() if line.strip().startswith("window:"))
    mark = next(line for line in bare.splitlines() if line.strip().startswith("watermark:"))
    (tmp_path / f"{GOOD}.yaml").write_text(bare.replace(window, "").replace(mark, ""), encoding="utf-8")
    with pytest.raises(ContractError, match="a command has neither, a query has"):
        load_contract(GOOD, tmp_path)
