"""The recording report as files for spreadsheets."""

import csv
import io
import json
from datetime import timedelta
from typing import get_args

import pytest

from shike.api.recording.reason_words import REASONS
from shike.attendance.recording.report import NOT_MISSING
from shike.capture.archive.segment import EndReason
from tests.api.recording.test_report import WORDS
from tests.api.service import Service, World

from .watched import DAY, Watched, hour


def test_files_for_spreadsheets_give_reasons_in_words_and_contain_no_formula(watched: Watched) -> None:
    client = watched.service.client("administrator")
    client.patch(f"/api/cameras/{watched.camera_id}", json={"name": "=cmd()"})
    for language, words, first, why in (
        (
            "zh",
            "摄像机无数据",
            "日期",
            "摄像机无数据 [camera_silent] 1 次，1800.0 秒；一段录像缺失 [segment_lost] 1 次，60.0 秒",
        ),
        (
            *("en", "no data from the camera", "day"),
            "no data from the camera [camera_silent] 1×, 1800.0 s; "
            "a piece of the footage is missing [segment_lost] 1×, 60.0 s",
        ),
    ):
        answer = client.get("/api/recording-report.csv", params={"day": str(DAY), "language": language})
        assert answer.headers["content-disposition"].endswith(f'recording-report-2026-11-20-{language}.csv"')
        head, row, *_ = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert head[0] == first and len(head) == len(row)
        assert row[3] == "'=cmd()" and row[9] == "97.84"
        assert row[-1] == why
        answer = client.get(
            f"/api/cameras/{watched.camera_id}/recording-report.csv", params={"day": str(DAY), "language": language}
        )
        head, row, lost = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert len(head) == len(row)
        assert row[6:] == ["2026-11-20 02:00:00.000", "2026-11-20 02:30:00.000", "1800.000", words, "camera_silent"]
        assert lost[-1] == "segment_lost"


@pytest.mark.parametrize(("language", "folder"), [("zh", "zh-CN"), ("en", "en")])
def test_files_use_the_words_of_the_browser_app(language: str, folder: str) -> None:
    shown = json.loads((WORDS / folder / "playback.json").read_text())["playback"]["reason"]
    shown |= json.loads((WORDS / folder / "recordings.json").read_text())["recordings"]["reason"]
    # Two words are for no gap: `none` (nothing known) and `deleted` (the clip of a flag).
    assert {code: word for code, word in shown.items() if code not in ("none", "deleted")} == REASONS[language]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_reason_of_a_gap_has_words(language: str) -> None:
    assert {*get_args(EndReason), *NOT_MISSING} <= REASONS[language].keys()


def test_time_that_is_not_missing_is_no_reason_in_the_file(empty: Service, world: World) -> None:
    watched = Watched.of(empty, world)
    watched.at(hour(5))
    client = watched.service.client("administrator")
    answer = client.get("/api/recording-report.csv", params={"day": str(DAY - timedelta(days=1)), "language": "zh"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row[-1] for row in rows[1:] if row[3] != "Watched"] == ["", ""]
    # An empty cell gets no apostrophe either.
    assert [row[9] for row in rows[1:] if row[3] != "Watched"] == ["", ""]
