"""A shared catalogue: the province's own master data, and entries of nobody's that are spoiled.

In:  the good rows, a way to make further ones, and the kinds of defects.
Out: `Catalogue`, a population. The good rows are never touched, because every other source refers to
     them; each kind of defect gets entries of its own: some stay bad, one is corrected before the epoch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from kho.sandbox.clocks import DAY, NEVER
from kho.sandbox.defects import DefectKind, Row
from kho.sandbox.record_view import Entry, ListView, Planting, with_copies
from kho.sandbox.source import Setup
from kho.sandbox.views import business_key

_GOOD_SINCE, _BAD_SINCE = 400, 60
_CORRECTED_BEFORE = 12
_STAY_BAD = 2
# The catalogue has no time of change, so of two entries the first one counts.
_CONTRADICTS_LATER = -60


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The population of a catalogue.

    `rows` are the good ones; `entry` makes the row of a further one from its number; `contradict`
    changes the copy that loses. `owner` answers for all.
    """

    setup: Setup
    kinds: Sequence[DefectKind]
    key: tuple[str, ...]
    owner: str
    rows: Sequence[Row]
    entry: Callable[[int], Row]
    contradict: Callable[[Row], None]

    def on(self, day: int) -> ListView:
        """What the catalogue shows on a clock day."""
        epoch = self.setup.epoch
        good = [self._entry(row, epoch - _GOOD_SINCE) for row in self.rows]
        return ListView([*good, *self._spoiled(day)])

    def _spoiled(self, day: int) -> Iterator[Entry]:
        if self.setup.defect_scale == 0:
            return
        since = self.setup.epoch - _BAD_SINCE
        for number, kind in enumerate(self.kinds):
            for turn in range(_STAY_BAD + kind.correctable):
                serial = number * (_STAY_BAD + 1) + turn
                mended_on = self.setup.epoch - _CORRECTED_BEFORE + number % 9 if turn == _STAY_BAD else NEVER
                yield from self._planted(kind, serial, since, mended_on, day)

    def _planted(
        self, kind: DefectKind, serial: int, since: int, mended_on: int, day: int
    ) -> Iterator[Entry]:
        """The entries that one planted defect makes on a day."""
        good = self.entry(serial)
        planting = Planting(kind, since + 1, mended_on)
        if mended_on <= day:
            yield replace(self._entry(good, mended_on - 1), planting=planting, corrected=True)
            return
        bad, other = dict(good), dict(good)
        kind.spoil(bad, serial, self.setup.reference)
        self.contradict(other)
        contradiction = other if kind.repeat == "conflict" else None
        entry = replace(self._entry(bad, since), planting=planting)
        yield from with_copies(entry, contradiction, _CONTRADICTS_LATER)

    def _entry(self, row: Row, day: int) -> Entry:
        return Entry(row, day * DAY + DAY // 2, business_key([row[name] for name in self.key]), self.owner)
