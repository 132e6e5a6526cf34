"""The nested lists of a dossier: papers handed in, fees, requests for supplements, results.

In:  the procedure and the dossier's salt.
Out: ready pieces of JSON. There are a few variants per procedure, encoded once.
"""

from typing import Any

import msgspec

from kho.sandbox.reference import Procedure, Reference

_VARIANTS = 6
_COMMON_PAPERS = (
    ("GT-CCCD", "Bản sao Căn cước công dân"),
    ("GT-XNCT", "Giấy xác nhận thông tin về cư trú"),
    ("GT-UQ", "Văn bản ủy quyền (nếu có)"),
    ("GT-KHAC", "Giấy tờ khác theo quy định"),
)
_FEES_VND = (8_000, 15_000, 20_000, 30_000, 50_000, 100_000, 200_000, 700_000)
_REQUESTS = (
    "Bổ sung bản sao có chứng thực giấy tờ tùy thân",
    "Tờ khai thiếu chữ ký của người yêu cầu",
    "Thông tin về nơi cư trú chưa khớp với Cơ sở dữ liệu quốc gia về dân cư",
    "Bổ sung sơ đồ vị trí khu đất",
)
_TIMES_ASKED = (1, 1, 1, 2)
_EMPTY = msgspec.Raw(b"[]")


def _json(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


class DossierContent:
    """Nested lists by procedure and salt."""

    def __init__(self, reference: Reference) -> None:
        self._papers = [
            [_json(_papers(procedure, variant)) for variant in range(_VARIANTS)]
            for procedure in reference.procedures
        ]
        self._fees = [
            [_json(_fees(procedure, variant)) for variant in range(_VARIANTS)]
            for procedure in reference.procedures
        ]
        self._results = [_json(_results(procedure)) for procedure in reference.procedures]

    def papers(self, procedure: int, salt: int) -> msgspec.Raw:
        """Papers handed in: one to four."""
        return self._papers[procedure][salt % _VARIANTS]

    def fees(self, procedure: int, salt: int) -> msgspec.Raw | None:
        """Fees: none to two; some systems leave the list out where there is nothing to pay."""
        variant = salt // 7 % _VARIANTS
        if variant == 0:
            return None if salt % 3 == 0 else _EMPTY
        return self._fees[procedure][variant]

    def supplements(self, asked: str | None, received: str | None, salt: int) -> msgspec.Raw:
        """Requests for supplements, one or two: when the applicant was asked, and when the papers came."""
        if asked is None:
            return _EMPTY
        first = salt // 11 % len(_REQUESTS)
        times = _TIMES_ASKED[salt // 44 % len(_TIMES_ASKED)]
        return _json(
            [
                {
                    "LanBoSung": str(number + 1),
                    "NoiDung": _REQUESTS[(first + number) % 4],
                    "NgayBoSung": asked,
                    "NgayTiepNhanBoSung": received,
                }
                for number in range(times)
            ]
        )

    def results(self, processed: bool, procedure: int) -> msgspec.Raw:
        """What the applicant receives."""
        return self._results[procedure] if processed else _EMPTY


def _papers(procedure: Procedure, variant: int) -> list[dict[str, str]]:
    form = {
        "MaGiayTo": f"TK-{procedure.code}",
        "TenGiayTo": f"Tờ khai/Đơn đề nghị: {procedure.name}",
        "SoLuong": "1",
        "SoHoa": "1" if variant % 2 else "0",
    }
    others = [
        {"MaGiayTo": code, "TenGiayTo": name, "SoLuong": str(1 + variant % 2), "SoHoa": "1"}
        for code, name in _COMMON_PAPERS[: variant % 4]
    ]
    return [form, *others]


def _fees(procedure: Procedure, variant: int) -> list[dict[str, str]]:
    start = len(procedure.name) + variant
    return [
        {
            "TenLePhi": ("Lệ phí", "Phí thẩm định")[number],
            "SoTien": str(_FEES_VND[(start + number * 3) % len(_FEES_VND)]),
            "DaThu": str(variant % 2),
        }
        for number in range(1 if variant < 5 else 2)
    ]


def _results(procedure: Procedure) -> list[dict[str, str]]:
    return [
        {
            "MaGiayTo": f"KQ-{procedure.code}",
            "TenGiayTo": f"Kết quả giải quyết: {procedure.name}",
            "LoaiKetQua": "Điện tử" if procedure.online else "Giấy",
        }
    ]
