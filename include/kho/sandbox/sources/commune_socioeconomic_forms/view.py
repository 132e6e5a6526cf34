"""The communes' forms as their folder shows them on one date; see `kho.sandbox.views.View`.

In:  forms and a clock day D. Visible is what was sent before D 00:00.
Out: `FormsView`: the rows of each form's last readable version, and the files of all versions.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from kho.sandbox.clocks import DAY, date_of, moment_of
from kho.sandbox.defects import DefectKind, Row
from kho.sandbox.views import Copies, Page, Planted, business_key

if TYPE_CHECKING:
    from kho.sandbox.source import Setup
    from kho.sandbox.sources.commune_socioeconomic_forms.population import Form, Version

_KEY = ("commune_code", "period_code", "line_code")


@dataclass(frozen=True, slots=True)
class _Shown:
    """A row as it is served."""

    row: Row
    instant: int
    kind: DefectKind | None
    form: "Form"
    mended: bool = False
    is_copy: bool = False

    @property
    def key(self) -> str:
        return business_key([self.row[name] for name in _KEY])


class FormsView:
    """What the folder shows on a day."""

    def __init__(self, setup: "Setup", forms: Sequence["Form"], day: int) -> None:
        self.setup = setup
        self._before = day * DAY
        self._forms = forms
        self._shown = sorted(
            (
                shown
                for form in forms
                if (version := form.latest(self._before))
                for shown in self._of(form, version)
            ),
            key=lambda shown: shown.instant,
        )

    def page(self, first: int, last: int, offset: int, limit: int) -> Page:
        """Rows sent from day `first` to day `last`, both included."""
        rows = [shown.row for shown in self._shown if first <= shown.instant // DAY <= last]
        return Page(len(rows), rows[offset : offset + limit])

    def totals(self) -> dict[date, int]:
        """Rows served per day of sending, copies included."""
        return dict(Counter(date_of(shown.instant // DAY) for shown in self._shown))

    def planted(self) -> list[Planted]:
        """Defects that the date shows."""
        return [
            _planted(shown)
            for shown in self._shown
            if shown.kind and shown.kind.repeat != "exact" and not shown.mended
            and (shown.kind.repeat == "once" or shown.is_copy)
        ]  # fmt: skip

    def corrected(self) -> list[Planted]:
        """Defects that an earlier date showed and this one no longer does."""
        return [_planted(shown) for shown in self._shown if shown.kind and shown.mended]

    def copies(self) -> list[Copies]:
        """Exact copies that the date shows."""
        return [
            Copies(shown.key, moment_of(shown.instant), 1)
            for shown in self._shown
            if shown.is_copy and shown.kind and shown.kind.repeat == "exact"
        ]

    def files(self) -> list[tuple["Form", "Version"]]:
        """Every version of every form that was sent by now."""
        return [(form, v) for form in self._forms for v in form.versions if v.instant < self._before]

    def rows_of(self, form: "Form", version: "Version") -> list[Row]:
        """The rows of a version in the order of its sheet."""
        return [shown.row for shown in self._of(form, version)]

    def refused(self) -> list[tuple["Form", "Version"]]:
        """The files that cannot be read and that nothing readable has followed."""
        return [
            (form, version)
            for form, version in self.files()
            if version.refused and form.latest(self._before) is None
        ]

    def _of(self, form: "Form", version: "Version") -> list[_Shown]:
        found = []
        for position in range(len(form.lines)):
            kind = form.kind_of(position)
            row = form.good_row(position, version)
            # What is wrong in the head of a form is the same for all of its lines.
            salt = form.salt if form.head else form.salt + position
            if kind and not version.mended:
                kind.spoil(row, salt, self.setup.reference)
            found.append(_Shown(row, version.instant, kind, form, mended=version.mended))
            if kind and kind.repeat != "once":
                copy: dict[str, Any] = dict(row)
                if kind.repeat == "conflict":
                    copy["plan"] = copy["plan"] + 1
                found.append(_Shown(copy, version.instant, kind, form, is_copy=True))
        return found


def _planted(shown: _Shown) -> Planted:
    kind = shown.kind
    assert kind is not None  # noqa: S101 - the caller chose rows with a kind
    form = shown.form
    mended = next((version for version in form.versions if version.mended), None)
    return Planted(
        kind=kind.name,
        business_key=shown.key,
        rule_ids=kind.rule_ids,
        severity=kind.severity,
        agency_code=shown.row["agency_code"],
        updated_at=moment_of(shown.instant),
        first_seen_on=date_of(form.first_readable().instant // DAY + 1),
        corrected_on=date_of(mended.instant // DAY + 1) if mended else None,
    )
