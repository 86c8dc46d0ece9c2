"""Recorded footage over HTTP: calendar, time line, playlist, byte ranges, pictures; and who may see them."""

import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import av
import httpx
import pytest

from shike.camera_sim import CameraSim
from shike.camera_sim.media import strip
from shike.capture.archive.segment import Fragment
from shike.capture.moment import rfc3339_us, to_us
from tests.api.filmed import Filmed
from tests.recorded import CAMERA, FRAME_US, position, strips, wait_until
from tests.recording import camera_thread, sharing

MINUTE_US = 60_000_000


@dataclass(frozen=True)
class Entry:
    """An entry of a playlist; `init` is the address and size of its init section, `wall_us` its time in µs."""

    init: tuple[str, int]
    wall_us: int
    seconds: float
    size: int
    offset: int
    url: str
    discontinuous: bool


def parse(text: str) -> list[Entry]:
    """The entries that a player reads from a playlist; fails on an unexpected line."""
    lines = text.splitlines()
    assert lines[0] == "#EXTM3U" and lines[-1] == "#EXT-X-ENDLIST"
    target = int(next(line for line in lines if line.startswith("#EXT-X-TARGETDURATION:")).split(":")[1])
    entries: list[Entry] = []
    init, wall_us, seconds, span, discontinuous = ("", 0), 0, 0.0, (0, 0), False
    for line in lines[1:-1]:
        if line == "#EXT-X-DISCONTINUITY":
            discontinuous = True
        elif line.startswith("#EXT-X-SHIKE-TRACKS:"):
            assert line == "#EXT-X-SHIKE-TRACKS:video"
        elif match := re.fullmatch(r'#EXT-X-MAP:URI="([^"]+)",BYTERANGE="(\d+)@0"', line):
            init = (match[1], int(match[2]))
        elif line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
            assert re.fullmatch(r"\S+\.\d{3}Z", line.split(":", 1)[1])
            wall_us = to_us(datetime.fromisoformat(line.split(":", 1)[1]))
        elif line.startswith("#EXTINF:"):
            seconds = float(line[8:-1])
        elif match := re.fullmatch(r"#EXT-X-BYTERANGE:(\d+)@(\d+)", line):
            span = (int(match[1]), int(match[2]))
        elif line.startswith("/api/"):
            assert seconds <= target + 0.5
            entries.append(Entry(init, wall_us, seconds, *span, line, discontinuous))
            discontinuous = False
        else:
            assert re.match(r"#EXT-X-(VERSION|TARGETDURATION|PLAYLIST-TYPE|INDEPENDENT-SEGMENTS)", line), line
    return entries


def ranged(client: httpx.Client, url: str, offset: int, size: int) -> bytes:
    answer = client.get(url, headers={"Range": f"bytes={offset}-{offset + size - 1}"})
    assert answer.status_code == 206, answer.text
    assert answer.headers["content-range"].startswith(f"bytes {offset}-{offset + size - 1}/")
    assert len(answer.content) == size
    return answer.content


def play(client: httpx.Client, entries: list[Entry]) -> list[list[int]]:
    """The frames that a player would show, one list per run."""
    runs: list[list[bytes]] = []
    for entry in entries:
        if not runs or entry.discontinuous:
            runs.append([ranged(client, entry.init[0], 0, entry.init[1])])
        runs[-1].append(ranged(client, entry.url, entry.offset, entry.size))
    return [strips(b"".join(parts)) for parts in runs]


def test_a_playlist_plays_every_frame_that_was_recorded(filmed: Filmed) -> None:
    answer = filmed.get("/playlist.m3u8")
    assert answer.headers["content-type"].startswith("application/vnd.apple.mpegurl")
    entries = parse(answer.text)
    first, second = play(filmed.service.client("supervisor"), entries)
    start = position(filmed.sent, first)
    assert start == 0
    assert position(filmed.sent, second) >= len(first)
    recorded = sum(fragment.duration_us for record in filmed.main for fragment in record.fragments)
    assert len(first) + len(second) == round(recorded / FRAME_US)


def test_the_time_of_each_entry_is_when_the_camera_sent_its_first_picture(filmed: Filmed) -> None:
    client = filmed.service.client("supervisor")
    for entry in parse(filmed.get("/playlist.m3u8").text):
        init = ranged(client, entry.init[0], 0, entry.init[1])
        frames = strips(init + ranged(client, entry.url, entry.offset, entry.size))
        # A clip repeats, so a few frames may be at several places of the log.
        numbers = [each.frame for each in filmed.sent]
        starts = [i for i in range(len(numbers)) if numbers[i : i + len(frames)] == frames]
        assert min(abs(entry.wall_us - filmed.sent[i].sent_us) for i in starts) < FRAME_US
        assert entry.seconds == pytest.approx(len(frames) * FRAME_US / 1e6, abs=0.001)


def test_there_is_one_discontinuity_per_gap_and_a_range_holds_what_touches_it(filmed: Filmed) -> None:
    entries = parse(filmed.get("/playlist.m3u8").text)
    assert sum(entry.discontinuous for entry in entries) == len(filmed.runs) - 1
    second = filmed.main[1]
    middle = (second.wall_start_us + second.wall_end_us) // 2
    (one,) = parse(filmed.get("/playlist.m3u8", from_=middle, to=middle + 100_000).text)
    assert one.wall_us - 1000 <= middle < one.wall_us + one.seconds * 1e6


def lasts_us(fragments: list[Fragment]) -> int:
    return fragments[-1].wall_end_us - fragments[0].wall_us


def test_an_open_segment_can_be_played_before_it_is_indexed(filmed: Filmed, sim: CameraSim, tmp_path: Any) -> None:
    data = filmed.service.settings.data_dir
    recording = sharing(data)
    thread = camera_thread(sim, recording)
    thread.start()
    try:
        wait_until(
            lambda: (
                (o := recording.archive.tail(CAMERA, "main")) and o.fragments and lasts_us(o.fragments) >= 1_000_000
            ),
            "a second is written",
        )
        now_us = filmed.service.clock.now()
        text = filmed.get("/playlist.m3u8", from_=filmed.end_us, to=now_us + MINUTE_US).text
        (frames,) = play(filmed.service.client("supervisor"), parse(text))
        assert len(frames) >= 20
        timeline = filmed.get("/timeline", from_=filmed.end_us - 1_000_000, to=now_us + MINUTE_US).json()
        assert timeline["spans"][-1]["open"] is True
        assert [gap["reason"] for gap in timeline["gaps"]] == ["stopped"]
        # A closed segment in the spool, not indexed yet, can be played too.
        wait_until(lambda: list(recording.spool.pending()), "a segment is closed")
        text = filmed.get("/playlist.m3u8", from_=filmed.end_us, to=now_us + MINUTE_US).text
        assert len(play(filmed.service.client("supervisor"), parse(text))[0]) >= 45
    finally:
        thread.stop()
        thread.join(20)


def test_a_range_without_footage_is_404_and_the_error_of_an_invalid_range_names_the_field(filmed: Filmed) -> None:
    early = filmed.start_us - 3600_000_000
    answer = filmed.get("/playlist.m3u8", from_=early, to=early + MINUTE_US)
    assert (answer.status_code, answer.json()["code"]) == (404, "nothing_recorded")
    for from_, to, code in [
        (filmed.end_us, filmed.start_us, "not_after_from"),
        (filmed.start_us, filmed.start_us + 27 * 3600_000_000, "too_long"),
        ("2026-11-20T02:00:00", rfc3339_us(filmed.end_us), "timezone_aware"),
        ("yesterday", rfc3339_us(filmed.end_us), "datetime_from_date_parsing"),
    ]:
        answer = filmed.get("/playlist.m3u8", from_=from_, to=to)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)


def test_byte_ranges_outside_of_a_segment_are_416_and_unknown_segments_404(filmed: Filmed) -> None:
    client = filmed.service.client("supervisor")
    entry = parse(filmed.get("/playlist.m3u8").text)[0]
    size = filmed.main[0].size
    for asked in (f"bytes={size}-", f"bytes={size}-{size + 10}", "bytes=10-5", "lines=1-2", "bytes=a-b"):
        answer = client.get(entry.url, headers={"Range": asked})
        assert (answer.status_code, answer.json()["code"], answer.json()["size"]) == (416, "bad_range", size), asked
    assert len(client.get(entry.url, headers={"Range": f"bytes={size - 7}-{size + 99}"}).content) == 7
    assert len(client.get(entry.url, headers={"Range": "bytes=100-"}).content) == size - 100
    folder, name = entry.url.rsplit("/", 1)
    other = filmed.world.cameras[0]
    for url in (
        f"{folder}/{name.replace(filmed.main[0].identity.segment_id, CAMERA)}",
        f"{folder}/..%2f..%2f..%2fkeys%2fcameras.key",
        f"{folder}/main.live.open.json",
        entry.url.replace(CAMERA, other, 1),
    ):
        assert client.get(url).status_code == 404, url


def test_a_second_institution_gets_404_on_every_way_to_footage(filmed: Filmed) -> None:
    entry = parse(filmed.get("/playlist.m3u8").text)[0]
    stranger = filmed.service.client("second institution")
    assert stranger.get(entry.url, headers={"Range": "bytes=0-10"}).status_code == 404
    month = datetime.fromtimestamp(filmed.start_us / 1e6, UTC).strftime("%Y-%m")
    ways: list[tuple[str, dict[str, Any]]] = [
        ("/playlist.m3u8", {}),
        ("/timeline", {}),
        ("/export", {}),
        ("/days", {"month": month}),
        ("/picture.jpg", {"at": filmed.end_us}),
    ]
    for path, query in ways:
        for who, codes in [
            ("second institution", {404, 403}),
            ("auditor of city 2", {404}),
            ("institution", {200, 403 if path == "/export" else 200}),
        ]:
            assert filmed.get(path, who, **query).status_code in codes, (path, who)


def test_the_time_line_shows_recorded_spans_and_the_reasons_of_gaps(filmed: Filmed) -> None:
    minute = filmed.get("/timeline", from_=filmed.start_us - MINUTE_US, to=filmed.end_us).json()
    first, second = minute["spans"]
    assert {first["origin"], second["origin"]} == {"live"} and first["simulated"] and not first["open"]
    assert first["run_id"] != second["run_id"]
    assert [gap["reason"] for gap in minute["gaps"]] == ["not_registered", "stopped"]
    assert (minute["gaps"][1]["from"], minute["gaps"][1]["to"]) == (first["to"], second["from"])
    assert first["from"] == rfc3339_us(filmed.start_us)
    assert second["to"] == rfc3339_us(filmed.end_us)


def test_the_calendar_counts_the_seconds_of_a_day_in_beijing(filmed: Filmed) -> None:
    beijing = datetime.fromtimestamp(filmed.start_us / 1e6 + 8 * 3600, UTC)
    days = filmed.get("/days", month=beijing.strftime("%Y-%m")).json()["days"]
    seconds = sum(record.wall_end_us - record.wall_start_us for record in filmed.main) / 1e6
    assert [(day["date"], day["seconds"]) for day in days] == [
        (beijing.strftime("%Y-%m-%d"), pytest.approx(seconds, abs=1))
    ]
    assert filmed.get("/days", month="2020-01").json()["days"] == []
    assert filmed.get("/days", month="2020-13").status_code == 422


def test_a_picture_is_the_keyframe_at_or_before_the_moment(filmed: Filmed) -> None:
    at = filmed.main[1].wall_start_us + 700_000
    answer = filmed.get("/picture.jpg", at=at)
    shown = to_us(datetime.fromisoformat(answer.headers["x-picture-time"]))
    assert at - 450_000 <= shown <= at
    with av.open(io.BytesIO(answer.content), "r") as container:
        picture = next(container.decode(video=0))
    assert (picture.width, picture.height) == (480, 270)
    seen = strip.read(picture.to_ndarray(format="gray"))
    # The clip of the sub-stream is view 1: hover pictures come from it.
    assert seen is not None and seen.view == 1
    assert filmed.get("/picture.jpg", at=filmed.start_us - MINUTE_US).status_code == 404


def test_a_look_is_one_line_of_the_audit_trail_and_not_one_per_picture(filmed: Filmed) -> None:
    for _ in range(3):
        filmed.get("/playlist.m3u8", "auditor")
    assert len(filmed.audit("playback")) == 3  # three logins
    client = filmed.service.client("auditor")
    asked = {"from": rfc3339_us(filmed.start_us), "to": rfc3339_us(filmed.end_us), "at": rfc3339_us(filmed.end_us)}
    for _ in range(3):
        assert client.get(f"/api/cameras/{CAMERA}/playlist.m3u8", params=asked).status_code == 200
        assert client.get(f"/api/cameras/{CAMERA}/picture.jpg", params=asked).status_code == 200
    lines = filmed.audit("playback")
    assert len(lines) == 4
    assert (lines[-1]["camera_id"], lines[-1]["account_name"]) == (CAMERA, "Auditor")
    assert (lines[-1]["detail"]["from"], lines[-1]["detail"]["kind"]) == (asked["from"], "video")


def test_the_audit_trail_names_the_footage_that_could_be_seen(filmed: Filmed) -> None:
    filmed.get("/playlist.m3u8", from_=filmed.start_us - MINUTE_US, to=filmed.end_us + MINUTE_US)
    detail = filmed.audit("playback")[-1]["detail"]
    assert (detail["from"], detail["to"]) == (rfc3339_us(filmed.start_us), rfc3339_us(filmed.end_us))


def test_a_segment_whose_file_is_gone_is_404_and_not_a_broken_answer(filmed: Filmed) -> None:
    entry = parse(filmed.get("/playlist.m3u8").text)[0]
    for file in filmed.service.settings.footage_dir.rglob("*.mp4"):
        file.unlink()
    client = filmed.service.client("supervisor")
    assert client.get(entry.url, headers={"Range": "bytes=0-10"}).status_code == 404
    for path in ("/playlist.m3u8", "/export", "/picture.jpg"):
        assert filmed.get(path, at=filmed.end_us).status_code == 404, path
