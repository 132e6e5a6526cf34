"""Misbehaviour on demand: what a gateway does wrong, a given number of times.

In:  rules set through `POST /_sandbox/misbehave`.
Out: for each request the rule that applies to it, if any. A rule lets `after` requests of its path
     pass, spoils the next `times`, and is spent.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal[
    "expired_token",
    "throttled",
    "throttled_silent",
    "server_error",
    "timeout",
    "html_200",
    "truncated_json",
    "wrong_total",
    "repeated_page",
    "dropped_page",
    "not_subscribed",
]
KINDS: tuple[str, ...] = get_args(Kind)

# Option → (kinds that know it, default).
_OPTIONS: dict[str, float] = {"retry_after": 1, "seconds": 30, "delta": 7, "rows": 0}


class InvalidRuleError(ValueError):
    """The body of a request for misbehaviour cannot be used."""


@dataclass(slots=True)
class Rule:
    """One rule; `after` and `times` count down.

    `retry_after` (seconds, throttled), `seconds` (timeout), `delta` (wrong_total: added to the true
    total), `rows` (dropped_page: how many rows are missing, 0 for half of the page).
    """

    path: str
    kind: Kind
    times: int
    after: int
    retry_after: int
    seconds: float
    delta: int
    rows: int
    applied: int = 0


def read_rule(body: Mapping[str, Any], paths: frozenset[str]) -> Rule:
    """The rule that a request describes; raises `InvalidRuleError`."""
    unknown = set(body) - {"path", "kind", "times", "after", *_OPTIONS}
    if unknown:
        raise InvalidRuleError(f"unknown keys: {', '.join(sorted(unknown))}")
    if body.get("kind") not in KINDS:
        raise InvalidRuleError(f"kind must be one of {', '.join(KINDS)}")
    if body.get("path") not in paths:
        raise InvalidRuleError(f"path must be one of {', '.join(sorted(paths))}")
    try:
        options = {name: float(body.get(name, default)) for name, default in _OPTIONS.items()}
        times, after = int(body.get("times", 1)), int(body.get("after", 0))
    except (TypeError, ValueError) as error:
        raise InvalidRuleError(f"times, after and options must be numbers: {error}") from error
    return Rule(
        path=body["path"],
        kind=body["kind"],
        times=times,
        after=after,
        retry_after=int(options["retry_after"]),
        seconds=options["seconds"],
        delta=int(options["delta"]),
        rows=int(options["rows"]),
    )


class Misbehaviour:
    """The rules in force. Safe to use from several threads."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        # Reentrant: the signal that ends the process may clear the rules at any moment.
        self._lock = threading.RLock()
        self._released = threading.Event()

    def add(self, rule: Rule) -> None:
        """Put a rule in force, after those of the same path that are already there."""
        with self._lock:
            self._released.clear()
            self._rules.append(rule)

    def clear(self) -> None:
        """Behave again, at once: requests that are being delayed go on."""
        with self._lock:
            self._rules.clear()
            self._released.set()

    def rules(self) -> list[Rule]:
        """The rules that are not spent."""
        with self._lock:
            return list(self._rules)

    def next(self, path: str, offset: int = 0) -> Rule | None:
        """The rule for this request; counts the request.

        A page can only be repeated where there is a page before it.
        """
        with self._lock:
            for rule in self._rules:
                if rule.path != path or (rule.kind == "repeated_page" and offset == 0):
                    continue
                if rule.after > 0:
                    rule.after -= 1
                    return None
                rule.times -= 1
                rule.applied += 1
                if rule.times <= 0:
                    self._rules.remove(rule)
                return rule
            return None

    def delay(self, seconds: float) -> None:
        """Wait, unless somebody clears the rules."""
        self._released.wait(seconds)
