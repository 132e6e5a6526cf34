"""What every step takes and gives: a `Context` in, a `StepResult` out."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from kho.server.warehouse import open_warehouse
from kho.settings import Settings, get_settings

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.connections import Connections


@dataclass(frozen=True)
class StepResult:
    """What one step did: `outcome` is done, unchanged or blocked; counts are rows."""

    dataset: str
    step: str
    batch_id: str | None = None
    outcome: str = "done"
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    message: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The result as plain JSON values, small enough for XCom and free of data and secrets."""
        return asdict(self)


@dataclass(frozen=True)
class Context:
    """What every step needs: the warehouse, the sources' connections, the settings."""

    engine: sa.Engine
    connections: Connections
    settings: Settings

    @classmethod
    def create(cls, connections: Connections, settings: Settings | None = None) -> Context:
        """A context on the configured warehouse, which is started and migrated if need be."""
        settings = settings or get_settings()
        return cls(open_warehouse(settings), connections, settings)


class Clock:
    """Times one step and makes its result."""

    def __init__(self, dataset: str, step: str) -> None:
        self._dataset, self._step, self._start = dataset, step, time.monotonic()

    def result(
        self,
        batch_id: str | None,
        outcome: str = "done",
        counts: dict[str, int] | None = None,
        message: str = "",
    ) -> StepResult:
        seconds = round(time.monotonic() - self._start, 3)
        return StepResult(self._dataset, self._step, batch_id, outcome, counts or {}, seconds, message)
