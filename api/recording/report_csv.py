"""The recording report as files for spreadsheets: UTF-8 with a byte order mark, headings and reasons in zh or en.

Each reason has its words and its code, for people and for programs. Design: docs/design/footage.md, "Recording report".
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from shike.api.playback.timeline import GapOut
from shike.api.recording.reason_words import REASONS
from shike.api.recording.report_shapes import CameraDayReport, CameraReport, StreamReportOut
from shike.capture.moment import BEIJING

SUMMARY = {
    "zh": (
        *(
            "日期",
            "机构",
            "教室",
            "摄像机",
            "摄像机编号",
            "码流",
            "应录秒数",
            "已录秒数",
            "导入秒数",
            "覆盖率%",
            "缺口数",
        ),
        *("缺口秒数", "最长缺口秒数", "丢包数", "字节数", "各原因"),
    ),
    "en": (
        *("day", "institution", "room", "camera", "camera id", "stream", "expected s", "recorded s", "imported s"),
        *("coverage %", "gaps", "missing s", "longest gap s", "dropped packets", "bytes", "by reason"),
    ),
}
GAPS = {
    "zh": (
        "日期",
        "机构",
        "教室",
        "摄像机",
        "摄像机编号",
        "码流",
        "从（北京时间）",
        "到（北京时间）",
        "秒数",
        "原因",
        "原因代码",
    ),
    "en": (
        *("day", "institution", "room", "camera", "camera id", "stream", "from (Beijing time)", "to (Beijing time)"),
        *("seconds", "reason", "reason code"),
    ),
}

TIMES = {"zh": "{n} 次，{s:.1f} 秒", "en": "{n}×, {s:.1f} s"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
BETWEEN = {"zh": "；", "en": "; "}


def summary_csv(rows: Iterable[tuple[date, CameraReport, StreamReportOut]], language: str) -> bytes:
    """A row per stream."""
    return table(SUMMARY[language], (_summary(*row, language) for row in rows))


def gaps_csv(rows: Iterable[tuple[CameraDayReport, str, GapOut]], language: str) -> bytes:
    """A row per gap."""
    return table(GAPS[language], (_gap(*row, language) for row in rows))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A file with headings. Text that a spreadsheet would read as a formula gets an apostrophe in front."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(headings)
    for row in rows:
        writer.writerow([f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in row])
    return out.getvalue().encode("utf-8-sig")


def _summary(day: date, camera: CameraReport, stream: StreamReportOut, language: str) -> list[object]:
    longest = stream.longest_gap
    # Reasons that are not missing do not belong into a column about what is missing.
    reasons = [
        f"{words(one.reason, language)} [{one.reason}] {TIMES[language].format(n=one.gaps, s=one.seconds)}"
        for one in stream.reasons
        if one.missing
    ]
    return [
        *(day, camera.institution_name, camera.room_name, camera.camera_name, camera.camera_id, stream.stream),
        f"{stream.expected_s:.1f}",
        f"{stream.recorded_s:.1f}",
        f"{stream.imported_s:.1f}",
        "" if stream.coverage is None else f"{percent(stream.coverage):.2f}",
        stream.gap_count,
        f"{stream.missing_s:.1f}",
        "" if longest is None else f"{(longest.end - longest.start).total_seconds():.1f}",
        stream.dropped,
        stream.bytes,
        BETWEEN[language].join(reasons),
    ]


def _gap(camera: CameraDayReport, stream: str, gap: GapOut, language: str) -> list[object]:
    return [
        *(camera.day, camera.institution_name, camera.room_name, camera.camera_name, camera.camera_id, stream),
        beijing(gap.start),
        beijing(gap.end),
        f"{(gap.end - gap.start).total_seconds():.3f}",
        words(gap.reason, language),
        gap.reason,
    ]


def percent(ratio: float) -> float:
    """Per cent to two places, cut off and not rounded: a day with a gap never reads 100."""
    return int(ratio * 10_000) / 100


def words(reason: str, language: str) -> str:
    """The words for a reason, or its code if there are none."""
    return REASONS[language].get(reason, reason)


def beijing(moment: datetime) -> str:
    """2026-11-20 11:31:20.407, in Beijing time."""
    return moment.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
