"""Whatever the recorder says of a camera, the browser has words for it, in both languages."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shike.attendance.recording.report import NOT_MISSING

WEB = Path(__file__).parents[3] / "web" / "src"
LANGUAGES = ("zh-CN", "en")
# What connecting, reading and writing can fail with (source.py, refusal.py, segment_file.py).
FAILURES = {
    *("no_data", "connection_lost", "unreachable", "timeout", "unsupported_codec", "no_video"),
    *("refused_401", "refused_403", "refused_404", "refused_453", "refused_other", "disk_full", "disk_failed"),
}
# How a run ends because of its camera (segment.py).
ENDS = {"camera_silent", "connection_lost", "parameters_changed", "clock_step", "timestamps_broken", "gop_too_long"}
# How a run ends so that another connection has to be made.
RECONNECTED = {"timestamps_broken", "gop_too_long", "connection_lost"}


def _words(language: str, file: str, *path: str) -> dict[str, Any]:
    found = json.loads((WEB / "messages" / language / f"{file}.json").read_text())
    for name in (file, *path) if file in found else path:
        found = found[name]
    assert isinstance(found, dict)
    return found


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
    listed = re.search(r"const NOT_MISSING = \[(.*?)\]", (WEB / "playback" / "gapWords.ts").read_text(), re.S)
    assert listed and set(re.findall(r"'(\w+)'", listed[1])) == NOT_MISSING
