"""Where commands write: their results to standard output, what went wrong to standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from kho.pipeline import StepResult

# A log file or a pipe has no width of its own; tables need one.
out = Console(width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True)


def say(text: str) -> None:
    """A line as it is: neither markup nor colours, wrapped by nobody but the terminal."""
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def show_step(result: StepResult) -> None:
    """A line for what a step of a night did."""
    counts = ", ".join(f"{name} {value:,}" for name, value in result.counts.items())
    text = "  ".join(part for part in (counts, result.message) if part)
    say(f"{result.step:<9} {result.outcome:<10} {result.seconds:6.1f} s  {text}")
