"""All forms that the communes ever sent: each month one, some late, some corrected, some unreadable.

In:  a setup.
Out: `Form`s with their versions, drawn month by month, and `FormsView`s of them.

A form stays in the folder when a later version comes. A defect is there from the first version until a
later one mends the whole form, if ever; values of a good form may be revised.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np

from kho.sandbox.clocks import DAY, Ints, as_ints, date_of, day_of, office_seconds, working_day_after
from kho.sandbox.defects import NO_DEFECT, DefectKind, Row, draw_kinds
from kho.sandbox.reference import REFERENCE_FOLDER
from kho.sandbox.seeding import generator
from kho.sandbox.source import Setup
from kho.sandbox.sources.commune_socioeconomic_forms.defects import FILE_KINDS, HEAD_KINDS, LINE_KINDS
from kho.sandbox.sources.commune_socioeconomic_forms.view import FormsView

HISTORY_MONTHS = 3
_SURE_MONTH = 1
_SENT_AGAIN = 4
_FEWEST_COMMUNES = 24
_NEVER_SENT, _STRAGGLES, _CSV, _AS_TEXT, _REVISED, _REPEATED = 0.015, 0.08, 0.1, 0.15, 0.06, 0.1
_REFUSED, _MENDED = 0.05, 0.6


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the form, as the catalogue has it."""

    code: str
    name: str
    unit: str
    kind: str


@dataclass(frozen=True, slots=True)
class Version:
    """A form as it was sent once; `refused` is why its file cannot be read."""

    number: int
    instant: int
    mended: bool = False
    revised: bool = False
    refused: str | None = None


@dataclass(slots=True)
class Form:
    """A commune's form of a month; `lines` has values by line, `kinds` the defect of each, if any."""

    commune_code: str
    agency_code: str
    month: date
    lines: Sequence[Line]
    values: Sequence[tuple[float, float, float]]
    kinds: Sequence[DefectKind | None]
    head: DefectKind | None
    salt: int
    is_csv: bool
    as_text: bool
    versions: list[Version] = field(default_factory=list)

    def latest(self, before: int) -> Version | None:
        """The last version that can be read and was sent before an instant."""
        readable = [v for v in self.versions if v.instant < before and v.refused is None]
        return readable[-1] if readable else None

    def first_readable(self) -> Version:
        """The first version that can be read."""
        return next(v for v in self.versions if v.refused is None)

    def kind_of(self, position: int) -> DefectKind | None:
        """The defect of a line: its own or that of the form's head."""
        return self.head or self.kinds[position]

    def good_row(self, position: int, version: Version) -> Row:
        """A line as it should be."""
        line, (plan, month, year) = self.lines[position], self.values[position]
        if version.revised and position == self.salt % len(self.lines) and line.kind != "share":
            month, year = month + 1, year + 1
        return {
            "commune_code": self.commune_code,
            "period_code": f"{self.month:%Y}-M{self.month:%m}",
            "line_code": line.code,
            "agency_code": self.agency_code,
            "line_name": line.name,
            "unit_name": line.unit,
            "plan": plan,
            "month": month,
            "year": year,
            "note": None,
            "period_end": last_day(self.month),
        }


class FormPopulation:
    """Draws the forms of each month once."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._months: dict[int, list[Form]] = {}

    def on(self, day: int) -> FormsView:
        """What the folder shows on a clock day."""
        today, first = date_of(day), self._first_month()
        wanted = today.year * 12 + today.month - 1 - first
        forms = [form for number in range(max(0, wanted) + 1) for form in self._month(number)]
        return FormsView(self.setup, forms, day)

    def _first_month(self) -> int:
        epoch = date_of(self.setup.epoch)
        return epoch.year * 12 + epoch.month - 1 - HISTORY_MONTHS

    def _month(self, number: int) -> list[Form]:
        if number not in self._months:
            year, month = divmod(self._first_month() + number, 12)
            self._months[number] = list(self._drawn(date(year, month + 1, 1), number))
        return self._months[number]

    def _drawn(self, month: date, number: int) -> Iterator[Form]:
        setup, lines = self.setup, form_lines()
        communes = self._communes()
        random = generator(setup.seed, "commune_forms", day_of(month))
        scale = setup.defect_scale
        heads = draw_kinds(random, HEAD_KINDS, len(communes), scale)
        kinds = draw_kinds(random, LINE_KINDS, len(communes) * len(lines), scale).reshape(-1, len(lines))
        refused = random.random(len(communes)) < _REFUSED * min(scale, 1.0)
        unsent = random.random(len(communes)) < _NEVER_SENT
        mends = random.random(len(communes)) < _MENDED
        if scale > 0 and number == _SURE_MONTH:
            self._make_sure(heads, kinds, refused, mends, unsent)
        elif scale > 0 and number == _SURE_MONTH + 1:
            # And some files that cannot be read are sent again.
            refused[:_SENT_AGAIN], mends[:_SENT_AGAIN] = True, True
            heads[:_SENT_AGAIN], unsent[:_SENT_AGAIN] = NO_DEFECT, False
        sent = self._sent(random, month, len(communes))
        values = self._values(random, month, len(communes))
        draws = random.random((4, len(communes)))
        salts = random.integers(0, 2**31, len(communes)).tolist()
        later = _later(random, sent)
        for i, (commune, agency) in enumerate(communes):
            form = Form(
                commune, agency, month, lines, values[i],
                [LINE_KINDS[k] if k != NO_DEFECT and _fits(LINE_KINDS[k], line) else None
                 for k, line in zip(kinds[i].tolist(), lines, strict=True)],
                HEAD_KINDS[heads[i]] if heads[i] != NO_DEFECT else None,
                salts[i], bool(draws[0, i] < _CSV), bool(draws[1, i] < _AS_TEXT),
            )  # fmt: skip
            if form.head or refused[i]:
                form.kinds = [None] * len(lines)
            if not unsent[i]:
                reason = FILE_KINDS[i % len(FILE_KINDS)] if refused[i] and not form.head else None
                at = int(_early(month) if form.head and form.head.name == "form_sent_early" else sent[i])
                form.versions = _versions(form, at, int(later[i]), reason, bool(mends[i]), draws[2:, i])
                form.is_csv = form.is_csv and reason is None
            yield form

    def _communes(self) -> list[tuple[str, str]]:
        agencies = {a.commune_code: a.code for a in self.setup.reference.agencies if a.commune_code}
        known = [(code, agencies[code]) for code in self.setup.reference.commune_codes if code in agencies]
        return known[: max(_FEWEST_COMMUNES, min(len(known), self.setup.scaled(len(known), 1)))]

    def _make_sure(self, heads: Ints, kinds: Ints, refused: Any, mends: Any, unsent: Any) -> None:
        """One month shows every kind, and keeps it."""
        first_free = len(HEAD_KINDS) + len(FILE_KINDS)
        heads[:] = NO_DEFECT
        heads[: len(HEAD_KINDS)] = np.arange(len(HEAD_KINDS))
        refused[:] = False
        refused[len(HEAD_KINDS) : first_free] = True
        kinds[first_free:, :] = NO_DEFECT
        for number, kind in enumerate(LINE_KINDS):
            form = first_free + number % 3
            fitting = [p for p, line in enumerate(form_lines()) if _fits(kind, line)]
            free = [p for p in fitting if kinds[form, p] == NO_DEFECT]
            kinds[form, free[0]] = number
        mends[: first_free + 3] = False
        unsent[: first_free + 3] = False

    def _sent(self, random: np.random.Generator, month: date, count: int) -> Ints:
        """By the third of the next month mostly, some a week or two later."""
        late = np.where(random.random(count) < _STRAGGLES, random.integers(3, 11, count), 0)
        first = np.full(count, day_of(last_day(month)) + 1)
        days = working_day_after(first, random.integers(0, 3, count) + late)
        return as_ints(days * DAY + office_seconds(random.random(count)))

    def _values(
        self, random: np.random.Generator, month: date, count: int
    ) -> list[list[tuple[float, float, float]]]:
        """Plan, month and year to date of each line, of each commune."""
        size = random.lognormal(0.0, 0.35, count)
        noise = 0.85 + 0.3 * random.random((count, len(form_lines())))
        found: list[list[tuple[float, float, float]]] = []
        for i in range(count):
            row: list[tuple[float, float, float]] = []
            for line, factor in zip(form_lines(), noise[i].tolist(), strict=True):
                level = _LEVELS[line.code]
                if line.kind == "share":
                    value = round(min(99.5, level * (0.9 + 0.1 * factor)), 1)
                    row.append((round(level, 1), value, value))
                    continue
                whole = float(round(level * size[i] * factor, 2 if line.unit == "triệu đồng" else 0))
                year = whole if line.kind == "stock" else round(whole * month.month * 1.02, 2)
                plan = round(whole * (1.0 if line.kind == "stock" else 12.0))
                row.append((float(plan), whole, year))
            found.append(row)
        return found


_LEVELS = {
    "DS01": 12_500, "DS02": 14, "DS03": 6, "LD01": 45, "XH01": 310, "XH02": 240, "NN01": 120, "NN02": 660,
    "NN03": 4_200, "NN04": 8, "NS01": 1_850, "NS02": 1_400, "NS03": 2_300, "GD01": 97, "YT01": 94, "NM01": 91,
    "HC01": 420, "HC02": 400,
}  # fmt: skip
"""What a commune of middle size has in a month, in the line's unit."""


@cache
def form_lines() -> tuple[Line, ...]:
    """The lines of the form, in its order."""
    with (REFERENCE_FOLDER / "commune_form_lines.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Line(row["line_code"], row["name_vi"], row["unit_vi"], row["measure_kind"])
            for row in csv.DictReader(file)
        )


def last_day(month: date) -> date:
    """The last day of a month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _fits(kind: DefectKind, line: Line) -> bool:
    """Whether a kind can befall a line, and breaks there what it says it breaks."""
    if kind.name == "form_share_above_hundred":
        return line.kind == "share"
    if kind.name in ("form_month_negative", "form_year_below_month"):
        return line.kind != "share"
    return True


def _early(month: date) -> int:
    return (day_of(last_day(month)) - 2) * DAY + 15 * 3600


def _later(random: np.random.Generator, sent: Ints) -> Ints:
    days = working_day_after(sent // DAY, random.integers(2, 16, len(sent)))
    return as_ints(days * DAY + office_seconds(random.random(len(sent))))


def _versions(
    form: Form, sent: int, later: int, refused: str | None, mends: bool, draws: Any
) -> list[Version]:
    first = Version(1, sent, refused=refused)
    kinds = [form.kind_of(position) for position in range(len(form.lines))]
    if refused:
        return [first, Version(2, later)] if mends else [first]
    if any(kind and not kind.correctable for kind in kinds):
        return [first]
    if any(kinds):
        return [first, Version(2, later, mended=True)] if mends else [first]
    if draws[0] < _REVISED:
        return [first, Version(2, later, revised=True)]
    return [first, Version(2, later)] if draws[1] < _REPEATED else [first]
