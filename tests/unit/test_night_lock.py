"""One night at a time, and who comes second is told to wait."""

import io
import re
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from kho.errors import HostError
from kho.night.nightly import only_night, run_night
from kho.settings import Settings


def test_a_second_night_is_told_which_one_is_under_way(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with only_night(settings, date(2026, 11, 19)):
        pass
    with (
        only_night(settings, date(2026, 11, 20)),
        pytest.raises(
            HostError, match=r"night is under way: that of 2026-11-20, since 20..-..-.. ..:..\."
        ) as told,
    ):
        run_night(settings, date(2026, 11, 21), Console(file=io.StringIO()))
    assert str(settings.logs / "night.log") in str(told.value)
    assert not re.search(r"\b(fuser|kill|end it)\b", str(told.value))


def test_after_a_night_another_may_begin(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(KeyError), only_night(settings, date(2026, 11, 20)):
        raise KeyError
    with only_night(settings, date(2026, 11, 21)):
        assert "2026-11-21" in (tmp_path / "night.lock").read_text(encoding="utf-8")
