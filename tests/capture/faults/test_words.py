"""The browser app has texts in both languages for every cause and reason of the recorder."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shike.attendance.recording.report import NOT_MISSING

WEB = Path(__file__).parents[3] / "web" / "src"
LANGUAGES = ("zh-CN", "en")
# Cause codes of connecting, reading and writing (source/, refusal.py, segment_file.py).
FAILURES = {
    *("no_data", "connection_lost", "unreachable", "timeout", "unsupported_codec", "no_video"),
    *("refused_401", "refused_403", "refused_404", "refused_453", "refused_other", "disk_full", "disk_failed"),
}
# Reasons of a run's end that come from its camera (segment.py).
ENDS = {"camera_silent", "connection_lost", "parameters_changed", "clock_step", "timestamps_broken", "gop_too_long"}
# Reasons after which a new connection is made.
RECONNECTED = {"timestamps_broken", "gop_too_long", "connection_lost"}


def _words(language: str, file: str, *path: str) -> dict[str, Any]:
    texts = json.loads((WEB / "messages" / language / f"{file}.json").read_text())
    for name in (file, *path) if file in texts else path:
        texts = texts[name]
    assert isinstance(texts, dict)
    return texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_a_gap_has_words(language: str) -> None:
    assert _words(language, "playback", "reason").keys() >= ENDS | FAILURES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cause_that_the_supervisor_sees_has_words(language: str) -> None:
    assert _words(language, "common", "cause").keys() >= FAILURES | RECONNECTED
    assert _words(language, "live", "cause").keys() >= FAILURES | RECONNECTED


def test_a_tile_of_the_wall_says_every_cause() -> None:
    listed = re.search(r"const CAUSES = \[(.*?)\]", (WEB / "live" / "causes.ts").read_text(), re.S)
    assert listed
    assert set(re.findall(r"'(\w+)'", listed[1])) >= FAILURES | RECONNECTED


def test_playback_counts_the_gaps_that_the_report_counts() -> None:
    words = (WEB / "playback" / "footage" / "gapWords.ts").read_text()
    listed = re.search(r"const NOT_MISSING = \[(.*?)\]", words, re.S)
    assert listed and set(re.findall(r"'(\w+)'", listed[1])) == NOT_MISSING
