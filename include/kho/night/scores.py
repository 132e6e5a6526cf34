"""The scoreboard: each dataset by each principle, with what the score rests on.

In: `dq.score` of one night. Out: a table. A principle without evidence has no score, not 100.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text

_GREEN, _AMBER = 90.0, 75.0

_SCORES = text(
    """
    select s.dataset, s.principle,
           100.0 * (sum(s.evaluated) - sum(s.failed)) / sum(s.evaluated) as score
    from dq.score as s
    where s.as_of = :as_of
    group by s.dataset, s.principle
    order by s.dataset
    """
)
_PRINCIPLES = text("select principle from dq.principle order by position")


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one dataset in one principle, over all agencies."""

    dataset: str
    principle: str
    score: float


def read_scores(engine: Engine, as_of: date) -> tuple[list[str], list[Score]]:
    """Return the principles in their order, and the scores of the night of `as_of`."""
    with engine.connect() as connection:
        principles = [str(name) for name in connection.scalars(_PRINCIPLES)]
        rows = connection.execute(_SCORES, {"as_of": as_of})
        return principles, [Score(row.dataset, row.principle, float(row.score)) for row in rows]


def show_scores(console: Console, principles: Iterable[str], scores: list[Score]) -> None:
    """Print the scoreboard; nothing where nothing was scored."""
    if not scores:
        return
    table = Table(title="Scores", title_justify="left")
    table.add_column("dataset")
    names = list(principles)
    for name in names:
        table.add_column(name, justify="right")
    found = {(score.dataset, score.principle): score.score for score in scores}
    for dataset in sorted({score.dataset for score in scores}):
        table.add_row(dataset, *(_cell(found.get((dataset, name))) for name in names))
    console.print(table)


def _cell(score: float | None) -> str:
    if score is None:
        return "[dim]–[/]"
    colour = "green" if score >= _GREEN else "yellow" if score >= _AMBER else "red"
    # 99.996 is not 100: a score says 100 only where nothing failed.
    shown = min(score, 99.9) if score < 100 else score
    return f"[{colour}]{shown:.1f}[/]"
