"""Ninety days of a small province: what five sources say of it, and the nights that read it.

In: a warehouse with a checkout of its own. Out: `Ninety`, whose nights have run. Every night goes through the
ordinary steps; only the sources' answers are written here instead of being fetched, and each dataset has one rule.

What happens on the way: a department is renamed, which its catalogue tells ten days late; another one is renamed
without a day; a commune is renamed on day 40, which is known on day 60 only; reports are revised, rejected and
mended; vouchers are changed and deleted; registrations take effect before those that are known; dossiers move on;
the same record comes twice.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from kho import ledger, pipeline
from kho.contracts import load_contract
from kho.pipeline import Context
from kho.raw_zone.landing import Landing
from kho.raw_zone.manifest import Manifest, batch_id

from .reorganised import Units

FIRST, DAYS = date(2026, 2, 3), 90
COMMUNES = ("21025", "21028", "21548")
AGENCIES = ("000.00.05.H48", "000.00.10.H48", "000.00.11.H48")
INDICATOR = "KH1534-07.1"
RULE = """
name: {dataset}
meta:
  sample: {{{column}: {good}, _unreadable: null, _repeat: 0}}
expectations:
  - id: {column}_present
    type: expect_column_value_to_be_present
    kwargs: {{column_A: {column}, column_B: _unreadable}}
    severity: critical
    meta: {{principle: complete, title: Thiếu, remedy: Bổ sung, breaks: {{{column}: null}}, passes: {{}}}}
"""
RULED = {
    "agencies": ("name_vi", "Sở"),
    "indicators": ("name_vi", "Chỉ tiêu"),
    "indicator_reports": ("indicator_value", "1"),
    "investment_disbursements": ("amount_vnd", "1"),
    "enterprises": ("event_number", "1"),
    "public_service_dossiers": ("status_code", '"4"'),
}
Records = Sequence[Mapping[str, str | None]]


@dataclass
class Ninety:
    """The nights, and what their sources remember from one to the next."""

    units: Units
    chance: random.Random = field(default_factory=lambda: random.Random(1534))
    dossiers: dict[str, dict[str, str]] = field(default_factory=dict)
    vouchers: dict[str, dict[str, str]] = field(default_factory=dict)
    rejected: list[dict[str, str | None]] = field(default_factory=list)
    events: int = 0

    @property
    def context(self) -> Context:
        return self.units.context

    def run(self) -> None:
        """All nights; a night without news of a source has no batch of it."""
        for number in range(DAYS):
            night = FIRST + timedelta(days=number)
            if number in (0, 60):
                renamed = f"{FIRST + timedelta(days=40)},21028,21028,commune,Phường Trần Phú,,,,,,made up,"
                self.units.load(night, [renamed] if number else [])
            for dataset, records, keys in self._news(number, night):
                self._load(dataset, night, records, keys)

    def _news(self, number: int, night: date) -> Iterator[tuple[str, Records, Records | None]]:
        if number in (0, 30, 70):
            yield "agencies", self._catalogue(number), None
        if number == 0:
            yield "indicators", [INDICATORS], None
        if number % 23 == 1:
            yield "indicator_reports", self._reports(number, night), None
        if number % 18 == 2:
            yield "investment_disbursements", *self._changed_vouchers(number, night)
        if number % 30 == 3:
            yield "enterprises", self._registrations(night), None
        if number % 22 == 4:
            yield "public_service_dossiers", self._changed_dossiers(night), None

    def _catalogue(self, number: int) -> Records:
        names = ["Sở Tài chính" if number >= 30 else "Sở Kế hoạch", "Sở Xây dựng", "Sở Y tế"]
        since = [
            str(FIRST + timedelta(days=20)) if number >= 30 else "2025-07-01",
            "2025-07-01",
            "2025-07-01",
        ]
        if number >= 70:
            names[1] = "Sở Xây dựng và Giao thông"
        return [
            {
                "maDinhDanh": code, "tenCoQuan": name, "tenNgan": name, "loaiCoQuan": "department",
                "maDVHC": "51", "hieuLucTu": day,
            }
            for code, name, day in zip(AGENCIES, names, since, strict=True)
        ]  # fmt: skip

    def _reports(self, number: int, night: date) -> Records:
        month = (night.replace(day=1) - timedelta(days=1)).replace(day=28)
        end = (month + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        sent = [dict(one, giaTri="50,00", thoiDiemGui=f"{night:%Y%m%d}080000") for one in self.rejected]
        for agency in AGENCIES:
            for commune in COMMUNES:
                bad = self.chance.random() < 0.15
                parts = (self.chance.randint(1, 99), 100)
                sent.append(
                    {
                        "maDonVi": agency, "maChiTieu": INDICATOR, "maDVHC": commune, "kyBaoCao": f"{end:%Y-M%m}",
                        "lanSuaDoi": str(number // 23 % 3), "giaTri": None if bad else f"{parts[0]},00",
                        "donViTinh": "percent", "tuSo": str(parts[0]), "mauSo": str(parts[1]),
                        "ngayCuoiKy": f"{end:%Y%m%d}", "thoiDiemGui": f"{night:%Y%m%d}070000",
                    }
                )  # fmt: skip
        self.rejected = [one for one in sent if one["giaTri"] is None]
        return [*sent, sent[-1]]

    def _changed_vouchers(self, number: int, night: date) -> tuple[Records, Records]:
        news = [f"CT-{number}-{place}" for place in range(8)]
        changed = self.chance.sample(sorted(self.vouchers), min(3, len(self.vouchers)))
        for code in self.chance.sample(sorted(set(self.vouchers) - set(changed)), 2 if self.vouchers else 0):
            del self.vouchers[code]
        for code in (*news, *changed):
            paid = night - timedelta(days=self.chance.randint(1, 25))
            self.vouchers[code] = self.vouchers.get(code, {"ngay_chung_tu": str(paid)}) | {
                "so_chung_tu": code, "ma_du_an": "DA-1", "ma_don_vi": self.chance.choice(AGENCIES),
                "nam_ngan_sach": "2026", "so_tien": str(self.chance.randint(1, 10**9)), "nguon_von": "NSTW",
                "cap_nhat_luc": f"{night} 05:00:00",
            }  # fmt: skip
        return [self.vouchers[code] for code in (*news, *changed)], [
            {"so_chung_tu": code} for code in self.vouchers
        ]

    def _registrations(self, night: date) -> Records:
        found = []
        for person in range(6):
            self.events += 1
            day = night - timedelta(days=self.chance.randint(0, 60))
            found.append(
                {
                    "SoHoSo": f"HS{self.events:05d}", "MaSo": f"05120{person:07d}" if person < 3 else f"430000000{person}",
                    "LoaiHinh": "HKD" if person < 3 else "TNHH2", "Ten": "Tên", "MaNganh": "47190",
                    "PhienBanNganh": "2018", "MaXa": self.chance.choice(COMMUNES), "NgayCap": "01/02/2020",
                    "TinhTrang": "HD", "LoaiThayDoi": "TD", "LanThayDoi": str(self.events),
                    "NgayHieuLuc": f"{day:%d/%m/%Y}", "CoQuanDangKy": AGENCIES[0],
                    "NgayCapNhat": f"{night}T06:00:00",
                }
            )  # fmt: skip
        return found

    def _changed_dossiers(self, night: date) -> Records:
        for place in range(20):
            day = night - timedelta(days=self.chance.randint(1, 30))
            code = f"H48-{night:%m%d}-{place:03d}"
            self.dossiers[code] = {
                "MaHoSo": code, "MaTTHC": f"1.{place % 4:06d}", "MaDVHC": self.chance.choice(COMMUNES),
                "NgayTiepNhan": f"{day:%d/%m/%Y} 08:00:00", "NgayHenTra": f"{day + timedelta(days=9):%d/%m/%Y} 08:00:00",
                "DonViXuLy": self.chance.choice(AGENCIES), "TrangThaiHoSo": "2",
            }  # fmt: skip
        changed = self.chance.sample(sorted(self.dossiers), min(30, len(self.dossiers)))
        for code in changed:
            self.dossiers[code] = self.dossiers[code] | {"TrangThaiHoSo": self.chance.choice("2459")}
        today = {"NgayCapNhat": f"{night:%d/%m/%Y} 04:00:00"}
        return [self.dossiers[code] | today for code in changed]

    def _load(self, dataset: str, night: date, records: Records, keys: Records | None) -> None:
        load_night(self.context, dataset, night, records, keys)


def load_night(
    context: Context, dataset: str, night: date, records: Records, keys: Records | None = None
) -> None:
    """One night of a dataset: these records, and perhaps all keys that its source has."""
    batch = land_night(context, dataset, night, records, keys)
    for step in (pipeline.stage, pipeline.validate, pipeline.load):
        step(batch, context)
    pipeline.finish(dataset, night, context, batch_id=batch, outcome="loaded")


def land_night(context: Context, dataset: str, night: date, records: Records, keys: Records | None) -> str:
    """Land a night's answer and enter it in the ledger; returns the batch."""
    contract = load_contract(dataset)
    with Landing(context.settings.raw_zone, dataset, "ninety") as landing:
        landing.write_batches(_table(contract.source_names, records).to_batches())
        if keys is not None:
            names = tuple(column.source_name for column in contract.key)
            landing.write_batches(_table(names, keys).to_batches(), "keys")
        manifest = Manifest(
            batch_id=batch_id(dataset, night, landing.content_sha256),
            dataset=dataset,
            as_of=night,
            contract_version=contract.version,
            endpoint="ninety",
            content_sha256=landing.content_sha256,
            fetched=len(records),
            window_to=datetime.combine(night, datetime.min.time()),
            requests=1,
        )
        folder = landing.publish(manifest)
    ledger.enter(context.engine, manifest, folder.relative_to(context.settings.home))
    return manifest.batch_id


INDICATORS = {"indicator_code": INDICATOR, "name_vi": "Trực tuyến"}


def write_rules(checkout: Path, ruled: Mapping[str, tuple[str, str]] = RULED) -> None:
    """One rule for each of these datasets, in place of the project's; the others keep theirs."""
    folder = checkout / "expectations"
    real = folder.resolve()
    folder.unlink()
    folder.mkdir()
    for path in real.iterdir():
        if path.stem not in ruled:
            (folder / path.name).symlink_to(path)
    for dataset, (column, good) in ruled.items():
        text = RULE.format(dataset=dataset, column=column, good=good)
        (folder / f"{dataset}.yaml").write_text(text, encoding="utf-8")


def _table(names: Sequence[str], records: Records) -> pa.Table:
    return pa.table(
        {name: pa.array([one.get(name) for one in records], pa.string()) for name in dict.fromkeys(names)}
    )
