"""The record of every exchange with a source, for the principle Kết nối.

In: one `Attempt` after another, from several threads. Out: counts for the manifest, sums for the table
`dq.request_log`, a line each in `requests.jsonl` while the landing grows, and `requests.parquet` in the
landed batch. No query, no body, no header: nothing personal and nothing secret.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

FILE_NAME = "requests.parquet"

_SCHEMA = pa.schema(
    [
        ("at", pa.string()),
        ("purpose", pa.string()),
        ("endpoint", pa.string()),
        ("part", pa.string()),
        ("page", pa.int32()),
        ("status", pa.int32()),
        ("seconds", pa.float64()),
        ("bytes", pa.int64()),
        ("outcome", pa.string()),
    ]
)


@dataclass(frozen=True)
class Attempt:
    """One exchange.

    `purpose` is data or login; `endpoint` method and path; `status` None where no answer came; `outcome` ok
    or the name of the error; `seconds` from sending to the last byte; `bytes` of the decoded body.
    """

    at: str
    purpose: str
    endpoint: str
    part: str
    page: int
    status: int | None
    seconds: float
    bytes: int
    outcome: str


@dataclass
class Answers:
    """The exchanges with one endpoint that ended alike; `status` 0 where no answer came."""

    endpoint: str
    purpose: str
    outcome: str
    status: int
    requests: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    bytes: int = 0


class Attempts:
    """All exchanges of one night's extraction, earlier attempts of the same night included."""

    def __init__(self, log: Path | None) -> None:
        self._log = log
        self._lock = threading.Lock()
        self.count = 0
        self.failed = 0
        self.seconds = 0.0
        self._answers: dict[tuple[str, str, str, int], Answers] = {}
        for attempt in self._read():
            self._add(attempt)
        if log is not None and log.exists():
            with log.open("a", encoding="utf-8") as file:
                file.write("\n")  # a killed attempt may have left half a line

    def note(self, attempt: Attempt) -> None:
        """Keep one exchange."""
        with self._lock:
            self._add(attempt)
            if self._log is not None:
                with self._log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(attempt)) + "\n")

    def _add(self, attempt: Attempt) -> None:
        self.count += 1
        self.failed += attempt.outcome != "ok"
        self.seconds += attempt.seconds
        alike = (attempt.endpoint, attempt.purpose, attempt.outcome, attempt.status or 0)
        answers = self._answers.setdefault(alike, Answers(*alike))
        answers.requests += 1
        answers.seconds += attempt.seconds
        answers.slowest = max(answers.slowest, attempt.seconds)
        answers.bytes += attempt.bytes

    def answers(self) -> list[Answers]:
        """The exchanges so far, added up."""
        with self._lock:
            return list(self._answers.values())

    def publish(self, folder: Path) -> None:
        """Write the record into the batch's folder and remove the growing one."""
        rows = [asdict(attempt) for attempt in self._read()]
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), folder / FILE_NAME)
        if self._log is not None:
            self._log.unlink(missing_ok=True)

    def _read(self) -> list[Attempt]:
        found: list[Attempt] = []
        if self._log is None or not self._log.exists():
            return found
        for line in self._log.read_text(encoding="utf-8").splitlines():
            try:
                found.append(Attempt(**json.loads(line)))
            except (ValueError, TypeError):
                continue  # the line that a killed attempt was writing
        return found


def now() -> str:
    """The present moment as the record writes it, with its offset."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")
