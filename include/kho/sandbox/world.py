"""All simulated sources of one province: the pure function of seed, size, epoch and date.

In:  configuration, epoch date, reference data.
Out: `Scene`: the views of all datasets on one clock date.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from kho.sandbox.clocks import day_of
from kho.sandbox.dossier_population import DossierPopulation
from kho.sandbox.dossier_rows import DossierWriter
from kho.sandbox.dossier_view import DossierView
from kho.sandbox.record_view import ListView
from kho.sandbox.reference import Reference, load_reference
from kho.sandbox.reports import ReportPopulation
from kho.sandbox.views import View
from kho.sandbox.vouchers import VoucherPopulation

DATASETS = ("public_service_dossiers", "indicator_reports", "investment_disbursements")


@dataclass(frozen=True, slots=True)
class Scene:
    """What the sources show on a date: everything that reached them before its first second."""

    date: date
    dossiers: DossierView
    reports: ListView
    vouchers: ListView

    def views(self) -> Mapping[str, View]:
        """The views by dataset."""
        return dict(zip(DATASETS, (self.dossiers, self.reports, self.vouchers), strict=True))


class World:
    """Keeps what it has computed; not safe for use from several threads at once."""

    def __init__(
        self,
        seed: int,
        size: int,
        epoch: date,
        defect_scale: float = 1.0,
        reference: Reference | None = None,
    ) -> None:
        self.reference = reference or load_reference()
        day = day_of(epoch)
        self._dossiers = DossierPopulation(seed, size, day, defect_scale, self.reference)
        self._writer = DossierWriter(self._dossiers)
        self._reports = ReportPopulation(seed, day, defect_scale, self.reference)
        self._vouchers = VoucherPopulation(seed, size, day, defect_scale, self.reference)

    def on(self, today: date) -> Scene:
        """The sources on this date."""
        day = day_of(today)
        return Scene(
            date=today,
            dossiers=DossierView(self._dossiers, self._writer, day),
            reports=self._reports.on(day),
            vouchers=self._vouchers.on(day),
        )
