"""A source declared in a page: how many records, how they live, what is planted, how they are written.

In:  a `RecordSet`, the declaration.
Out: `Records`, its population: columns of all records ever, drawn cohort by cohort from streams of
     their own. Rows are only made for those who ask (`kho.sandbox.records_view`).

A record is created, changes a few times, and may be deleted; what changes may arrive a day or two
late. A record with a defect neither changes nor goes: it stays as it is until it is corrected, if ever.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from kho.sandbox.clocks import DAY, NEVER, Ints, as_ints, office_seconds, working_day_after
from kho.sandbox.cohorts import Cohorts
from kho.sandbox.defects import NO_DEFECT, DefectKind, Row, draw_kinds
from kho.sandbox.seeding import generator
from kho.sandbox.source import Setup

Array = npt.NDArray[Any]
Columns = dict[str, Array]

_LATE_DAYS = (1, 3)
_DELETED_AFTER_DAYS = 21
_CORRECTED_AFTER = (2, 21)


@dataclass(frozen=True, slots=True)
class Draw:
    """The new records of one cohort, for which a declaration draws what is its own.

    `kind` is the index of each record's defect; `has` finds the records that a kind needs to be of a
    certain sort.
    """

    setup: Setup
    random: np.random.Generator
    day: int
    created: Ints
    kind: Ints
    kinds: Sequence[DefectKind]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.created)

    def has(self, *names: str) -> npt.NDArray[np.bool_]:
        """Which records have a defect of one of these kinds."""
        return np.isin(self.kind, [i for i, kind in enumerate(self.kinds) if kind.name in names])


@dataclass(frozen=True, slots=True)
class Batch:
    """Records to be written: what the declaration drew, by `[name]`, and how each one stands.

    `number` is unique and stays; `version` counts the changes so far; `updated` is the instant that
    the row carries.
    """

    setup: Setup
    columns: Columns
    number: Ints
    version: Ints
    updated: Ints

    def __getitem__(self, name: str) -> list[Any]:
        """A drawn column, or `day`, `created`, `salt`, of these records."""
        found: list[Any] = self.columns[name][self.number].tolist()
        return found

    @property
    def happened(self) -> list[int]:
        """The instant at which each record came to be what it is, whenever it was corrected."""
        found: list[int] = self.columns["times"][self.number, self.version].tolist()
        return found


def _no_columns(_draw: Draw) -> Columns:
    return {}


def _same(_row: Row) -> None:
    """Contradicting copies differ in nothing but their time."""


@dataclass(frozen=True, slots=True)
class RecordSet:
    """A source in a declaration.

    `name` names its random streams. `draw` gives columns of integers or flags for new records;
    `write` gives every field as a list for a batch, good and complete: the kinds spoil afterwards.
    `key` and `agency` are the fields of the business key and of the responsible agency; without such
    a field `owner` is the agency that answers for all.

    `changes` says which share of the records changes a first, a second, … time, `change_after` how
    many working days later (least, most); `deleted` which share goes, weeks later; `late` which
    share of all this arrives a day or two late. `contradict` makes a row the older copy that loses.
    `row_id` is a field that gets a number of the row's own. With `history` every version is served as a
    row of its own, as an event log does; its key then depends on the version.
    """

    name: str
    kinds: tuple[DefectKind, ...]
    cohorts: Cohorts
    write: Callable[[Batch], Mapping[str, Sequence[Any]]]
    key: tuple[str, ...]
    agency: str | None = None
    owner: str | None = None
    draw: Callable[[Draw], Columns] = _no_columns
    changes: tuple[float, ...] = ()
    change_after: tuple[int, int] = (1, 31)
    deleted: float = 0.0
    late: float = 1 / 60
    corrected: float = 0.55
    contradict: Callable[[Row], None] = _same
    row_id: str | None = None
    history: bool = False

    def populate(self, setup: Setup) -> "Records":
        """The population of a sandbox."""
        return Records(self, setup)


@dataclass(slots=True)
class Records:
    """All records that a record set ever had up to a day."""

    declared: RecordSet
    setup: Setup
    columns: Columns = field(default_factory=dict)
    _grown_to: int = 0

    def on(self, day: int) -> Any:
        """The view of a clock day."""
        from kho.sandbox.records_view import RecordsView

        wanted = self.declared.cohorts.number_before(self.setup, day)
        added = [self._cohort(number) for number in range(self._grown_to, wanted)]
        if added:
            parts = [self.columns, *added] if self.columns else added
            self.columns = {name: np.concatenate([part[name] for part in parts]) for name in added[0]}
            self._grown_to = wanted
        return RecordsView(self.declared, self.setup, self.columns, day)

    def _cohort(self, number: int) -> Columns:
        """Everything about the records of one cohort, drawn once."""
        declared, setup = self.declared, self.setup
        day = declared.cohorts.begun_on(setup, number)
        random = generator(setup.seed, declared.name, day)
        created = declared.cohorts.created(setup, random, number)
        count = len(created)
        kind = draw_kinds(random, declared.kinds, count, setup.defect_scale)
        mends = random.random(count) < declared.corrected
        if setup.defect_scale > 0:
            for position, planted in declared.cohorts.sure(setup, number, count, len(declared.kinds)).items():
                kind[position], mends[position] = planted, False
        mends &= np.isin(kind, [i for i, known in enumerate(declared.kinds) if known.correctable])
        times, shown_on = self._life(random, created, kind == NO_DEFECT)
        corrected_at = _office_time_after(random, created, _CORRECTED_AFTER)
        gone = as_ints(_DELETED_AFTER_DAYS + 1 + random.exponential(40.0, count))
        goes = (random.random(count) < declared.deleted) & (kind == NO_DEFECT)
        draw = Draw(setup, random, day, created, kind, declared.kinds)
        return {
            "day": np.full(count, day, dtype=np.int32),
            "created": created.astype(np.int32),
            "salt": random.integers(0, 2**31, count).astype(np.int32),
            "kind": kind.astype(np.int8),
            "times": times.astype(np.int32),
            "shown_on": shown_on.astype(np.int32),
            "corrected_at": np.where(mends, corrected_at, NEVER).astype(np.int32),
            "deleted_on": np.where(goes, shown_on[:, 0] + gone, NEVER).astype(np.int32),
            **declared.draw(draw),
        }

    def _life(
        self, random: np.random.Generator, created: Ints, sound: npt.NDArray[np.bool_]
    ) -> tuple[Ints, Ints]:
        """Instants of creation and of each change, and the days after which they show."""
        count, declared = len(created), self.declared
        times = [created]
        changes = np.copy(sound)
        for share in declared.changes:
            changes &= random.random(count) < share
            next_time = _office_time_after(random, times[-1], declared.change_after)
            times.append(np.where(changes, next_time, NEVER))
        instants = np.stack(times, axis=1)
        late = (random.random(instants.shape) < declared.late) & sound[:, None]
        delay = np.where(late, random.integers(*_LATE_DAYS, instants.shape), 0)
        shown_on = np.where(instants == NEVER, NEVER, instants // DAY + delay)
        return as_ints(instants), as_ints(shown_on)


def _office_time_after(random: np.random.Generator, instants: Ints, days: tuple[int, int]) -> Ints:
    """An instant in office hours some working days later."""
    known = np.where(instants == NEVER, 0, instants)
    later = working_day_after(known // DAY, random.integers(days[0], days[1], len(instants)))
    return as_ints(later * DAY + office_seconds(random.random(len(instants))))
