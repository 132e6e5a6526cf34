"""How a night ended: counts and causes, out of the warehouse.

In: the warehouse's engine and the night's date. Out: plain rows, and what a person has to do.
"""

from dataclasses import dataclass
from datetime import date

from rich.console import Console
from sqlalchemy import Engine, text

_COUNTS = text(
    """
    select n.dataset, n.outcome, n.message, n.next_step,
           r.fetched, r.accepted, r.quarantined, r.duplicates, r.loaded
    from meta.night as n
    left join dq.reconciliation as r on n.batch_id = r.batch_id
    where n.as_of = :as_of
    order by n.dataset
    """
)
FIGURES = ("fetched", "accepted", "quarantined", "duplicates", "loaded")


@dataclass(frozen=True, slots=True)
class DatasetOutcome:
    """One dataset's night; the figures are None where nothing was loaded."""

    dataset: str
    outcome: str
    message: str | None
    next_step: str | None
    fetched: int | None
    accepted: int | None
    quarantined: int | None
    duplicates: int | None
    loaded: int | None

    @property
    def figures(self) -> tuple[str, ...]:
        """The counts as text; empty where the night loaded nothing."""
        values = (getattr(self, name) if self.outcome == "loaded" else None for name in FIGURES)
        return tuple("" if value is None else f"{value:,}" for value in values)

    @property
    def bad(self) -> bool:
        """Whether somebody has to act."""
        return self.outcome in {"failed", "blocked"}


def read_outcomes(engine: Engine, as_of: date) -> list[DatasetOutcome]:
    """Return how each dataset fared in the night of `as_of`."""
    with engine.connect() as connection:
        rows = connection.execute(_COUNTS, {"as_of": as_of})
        return [DatasetOutcome(**row) for row in rows.mappings()]


def show_causes(console: Console, outcomes: list[DatasetOutcome]) -> None:
    """Print why a dataset was not loaded and what to do, one line each."""
    for outcome in outcomes:
        if outcome.bad:
            console.print(
                f"[red]{outcome.outcome}[/] {outcome.dataset}: {outcome.message or 'no cause given'}",
                highlight=False,
                soft_wrap=True,
            )
