"""A finding in words: Vietnamese for the report, English for the terminal.

In: an `Anomaly` and the contract's titles. Out: what was measured, what is usual, on which nights,
and in which season.
"""

from __future__ import annotations

from collections.abc import Mapping

from kho.anomalies.cases import Anomaly
from kho.anomalies.seasons import label_en, label_vi

_VI = {
    "nulls": "Tỷ lệ ô trống của “{}”",
    "share": "Tỷ trọng “{}” = {}",
    "p10": "Mức 10% thấp nhất của “{}”",
    "p50": "Trung vị của “{}”",
    "p90": "Mức 10% cao nhất của “{}”",
}
_EN = {
    "nulls": "empty cells of {}",
    "share": "share of {} = {}",
    "p10": "lowest tenth of {}",
    "p50": "median of {}",
    "p90": "highest tenth of {}",
}


_VIETNAMESE = str.maketrans(",.", ".,")


def measure_vi(metric: str, titles: Mapping[str, str]) -> str:
    """What was measured, in Vietnamese; `titles` are those of columns and indicators."""
    return _named(metric, titles, _VI, "Số bản ghi nạp vào kho")


def measure_en(metric: str) -> str:
    """What was measured, in English."""
    return _named(metric, {}, _EN, "rows loaded")


def _named(metric: str, titles: Mapping[str, str], words: Mapping[str, str], rows: str) -> str:
    part, _, rest = metric.partition(":")
    if part == "rows":
        return rows
    column, _, value = rest.partition("=")
    title = titles.get(column, column)
    return words[part].format(title, value) if part in words else title


def value_vi(anomaly: Anomaly, value: float) -> str:
    """A value as the report writes it: `1.234`, `12,5%`."""
    text = value_en(anomaly, value)
    return text.translate(_VIETNAMESE)


def value_en(anomaly: Anomaly, value: float) -> str:
    """A value as the terminal shows it: `1,234`, `12.5%`."""
    if is_share(anomaly):
        return f"{value:.1%}"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.2f}"


def is_share(anomaly: Anomaly) -> bool:
    """Whether the values are shares of rows."""
    inside = all(0 <= one <= 1 for one in (anomaly.value, anomaly.center, anomaly.low, anomaly.high))
    return anomaly.kind in ("nulls", "share") or (anomaly.kind == "indicator" and inside)


def explained_vi(anomaly: Anomaly) -> str:
    """Why the value stands out, in a sentence for those who judge it."""
    low, high = value_vi(anomaly, anomaly.low), value_vi(anomaly, anomaly.high)
    group = int(anomaly.evidence["group"])
    days = ", ".join(f"{night:%d/%m}: {value_vi(anomaly, value)}" for night, value in anomaly.comparable[-4:])
    season = label_vi(anomaly.season)
    text = f"Thường từ {low} đến {high} ({group} đêm cùng loại: {season}; gần nhất {days})"
    if anomaly.evidence["wide"]:
        text += "; chưa đủ số đêm cùng thứ, cùng thời điểm trong tháng nên so với những đêm gần giống nhất"
    return text


def explained_en(anomaly: Anomaly) -> list[str]:
    """The evidence, a line each."""
    of = anomaly.evidence
    low, high = value_en(anomaly, anomaly.low), value_en(anomaly, anomaly.high)
    center, away = value_en(anomaly, anomaly.center), of["deviations"]
    season, group, nights = label_en(anomaly.season), of["group"], of["nights"]
    lines = [
        f"usual: {low} to {high}, median {center}; it is {away} usual deviations away",
        f"season: {season}; compared with {group} nights of it, {nights} nights known",
    ]
    if of["wide"]:
        lines.append("too few nights of this day and part of the month: compared with others, more patiently")
    if of["rows"]:
        lines.append(f"of {of['rows']:,} rows")
    lines += [f"  {night}  {value_en(anomaly, value)}" for night, value in anomaly.comparable]
    if of["expected"]:
        told = ", ".join(f"{night} {value_en(anomaly, value)}" for night, value in of["expected"])
        lines.append(f"called expected before: {told}")
    return lines
