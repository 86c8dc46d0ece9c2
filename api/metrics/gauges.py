"""The metrics for Prometheus: streams, disk, spool and shards. Labels are ids and names, never addresses or secrets.

A collector of `prometheus_client`. It reads files at each scrape; the day's coverage and gaps are kept for a minute.
The metrics and their meanings: docs/guide/operate.md, "Metrics".
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from shike.api.current import Current
from shike.api.moment import now
from shike.api.recording.disk import FootageVolume
from shike.attendance.beijing import day_of
from shike.attendance.footage.coverage import Gap
from shike.attendance.recording.coverage_reader import coverage_reader, recorded_streams_of
from shike.attendance.recording.days import StreamReport, day_reports, newest_gap
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.registry import CameraRow, RoomRow
from shike.capture.archive.segment import StreamKey
from shike.capture.moment import to_us
from shike.capture.recorder import heartbeats
from shike.capture.recorder.health import Healths, StreamHealth

_STREAM = ("camera_id", "stream")
_FRESH_S = 60.0
Named = tuple[CameraRow, str]


class Gauges(Collector):
    """Collects the metrics at each scrape. Errors of database and disk are raised: a failed scrape is an alarm too."""

    def __init__(self, current: Current, volume: FootageVolume) -> None:
        self._current, self._volume = current, volume
        self._today: tuple[float, list[StreamReport], dict[StreamKey, Gap]] | None = None
        self._lock = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        """All metric families, also those that have no value now."""
        healths = self._current.read_health()
        with self._current.database.reading() as db:
            rows = db.execute(
                select(CameraRow, RoomRow.name).join(RoomRow, RoomRow.id == CameraRow.room_id).where(CameraRow.enabled)
            )
            named: list[Named] = [(camera, room) for camera, room in rows]
            indexed = db.scalar(select(func.max(SegmentRow.created_at)))
        cameras = [camera for camera, _ in named]
        yield _infos(named)
        yield from self._recording(cameras, healths)
        yield from _streams(cameras, healths)
        reports, gaps = self._reports(cameras, healths)
        yield from _of_today(reports)
        yield from _of_last_gaps(gaps)
        yield from self._storage(indexed)
        yield from self._shards()

    def _recording(self, cameras: Iterable[CameraRow], healths: Healths) -> Iterator[Metric]:
        """A stream counts as recording only while its last packet is recent: a dead recorder leaves an old snapshot."""
        recording = _gauge("shike_stream_recording", "1 while a stream of an enabled camera is being recorded", _STREAM)
        age = _gauge("shike_stream_last_packet_age_seconds", "Time since the last packet of a stream", _STREAM)
        limit_s = self._current.settings.read_timeout_seconds + self._current.settings.watchdog_seconds
        for key in _keys(cameras):
            health = healths.get(key)
            age_s = None
            if health is not None and health.last_packet_us is not None:
                age_s = max(0.0, (self._current.clock.now() - health.last_packet_us) / 1e6)
            fresh = age_s is not None and age_s < limit_s
            recording.add_metric(key, health is not None and health.state == "recording" and fresh)
            _add(age, key, age_s)
        yield from (recording, age)

    def _reports(
        self, cameras: list[CameraRow], healths: Healths
    ) -> tuple[list[StreamReport], Mapping[StreamKey, Gap]]:
        """The reports of the day so far, and the newest recent gap of each stream; kept for a minute."""
        with self._lock:
            now_s = self._current.clock.monotonic()
            if self._today is None or now_s - self._today[0] > _FRESH_S:
                day, now_us = day_of(now(self._current.clock)), self._current.clock.now()
                stretches = self._current.stretches
                with self._current.database.reading() as db:
                    reader = coverage_reader(stretches, db, self._current.settings.recording_policy, healths)
                    reports = day_reports(reader, cameras, day, now_us)
                    newest = (
                        ((camera.id, stream), newest_gap(reader, stretches, camera, stream, now_us))
                        for camera in cameras
                        for stream in recorded_streams_of(camera)
                    )
                    gaps = {key: gap for key, gap in newest if gap is not None}
                self._today = (now_s, reports, gaps)
            return self._today[1:]

    def _storage(self, indexed: datetime | None) -> Iterator[Metric]:
        space = self._volume.space()
        yield _single("shike_footage_disk_free_bytes", "Free space of the footage volume", space.free)
        yield _single("shike_footage_disk_size_bytes", "Size of the footage volume", space.total)
        yield _single(
            "shike_footage_disk_days_left", "Days until it is full at the pace of the last day", space.days_left
        )
        waiting = list(_written(self._current.settings.spool_dir))
        yield _single("shike_spool_records", "Closed segments that are not in the index yet", len(waiting))
        oldest = max(0.0, self._current.clock.now() / 1e6 - min(waiting)) if waiting else 0.0
        yield _single("shike_spool_oldest_seconds", "How long the oldest of them has been waiting", oldest)
        last = None if indexed is None else to_us(indexed) / 1e6
        yield _single("shike_index_last_timestamp_seconds", "When a segment last went into the index", last)

    def _shards(self) -> Iterator[Metric]:
        age = _gauge("shike_shard_beat_age_seconds", "Time since a recording process gave a sign of life", ("shard",))
        stuck = _gauge("shike_shard_stuck_seconds", "How long its slowest thread has been in one call", ("shard",))
        for beat in heartbeats.read(self._current.settings.state_dir):
            age.add_metric([beat.shard], max(0.0, self._current.clock.monotonic() - beat.at_s))
            stuck.add_metric([beat.shard], beat.stuck_s)
        yield from (age, stuck)


def _keys(cameras: Iterable[CameraRow]) -> list[StreamKey]:
    return [(camera.id, stream) for camera in cameras for stream in recorded_streams_of(camera)]


def _written(folder: Path) -> Iterator[float]:
    """When each record in the spool was written, in s since 1970."""
    for path in folder.glob("*.json"):
        with suppress(FileNotFoundError):  # keep has indexed and removed it
            yield path.stat().st_mtime


def _infos(named: Iterable[Named]) -> Metric:
    info = InfoMetricFamily("shike_camera", "Names of cameras, to be joined on camera_id", labels=["camera_id"])
    for camera, room in named:
        info.add_metric([camera.id], {"camera": camera.name, "room": room})
    return info


def _streams(cameras: Iterable[CameraRow], healths: Healths) -> Iterator[Metric]:
    state = _gauge("shike_stream_state", "1 for the state that a stream is in", (*_STREAM, "state", "cause"))
    since = _gauge("shike_stream_state_since_timestamp_seconds", "Since when it records, rests, or does not", _STREAM)
    tries = _gauge("shike_stream_attempt", "Tries to connect since it was last recorded", _STREAM)
    bitrate = _gauge("shike_stream_bitrate_bits_per_second", "Bit rate over the last seconds", _STREAM)
    fps = _gauge("shike_stream_frames_per_second", "Pictures per second over the last seconds", _STREAM)
    width = _gauge("shike_stream_width_pixels", "Width of the pictures", _STREAM)
    height = _gauge("shike_stream_height_pixels", "Height of the pictures", _STREAM)
    codec = _gauge("shike_stream_codec", "1 for how the pictures are coded", (*_STREAM, "codec"))
    offset = _gauge("shike_stream_clock_offset_seconds", "Clock of the camera minus clock of the server", _STREAM)
    dropped = CounterMetricFamily(
        "shike_stream_dropped_packets", "Packets left out because of their time; anew with each run", labels=_STREAM
    )
    for key in _keys(cameras):
        health = healths.get(key) or StreamHealth(*key, state="waiting", since_us=0)
        state.add_metric((*key, health.state, health.cause or ""), 1)
        if key not in healths:
            continue
        since.add_metric(key, health.since_us / 1e6)
        tries.add_metric(key, health.attempt)
        dropped.add_metric(key, health.dropped)
        if health.state == "recording":
            _add(bitrate, key, health.bitrate_bps)
            _add(fps, key, health.fps)
            _add(width, key, health.width)
            _add(height, key, health.height)
            if health.codec is not None:
                codec.add_metric((*key, health.codec), 1)
        _add(offset, key, None if health.clock_offset_ms is None else health.clock_offset_ms / 1000)
    yield from (state, since, tries, bitrate, fps, width, height, codec, offset, dropped)


def _of_today(reports: Iterable[StreamReport]) -> Iterator[Metric]:
    coverage = _gauge("shike_stream_coverage_today_ratio", "Recorded of what should have been, Beijing day", _STREAM)
    recorded = _gauge("shike_stream_recorded_today_seconds", "Recorded live today", _STREAM)
    imported = _gauge("shike_stream_imported_today_seconds", "Of today, covered by an import alone", _STREAM)
    size = _gauge("shike_stream_recorded_today_bytes", "Bytes of today's segments", _STREAM)
    gaps = _gauge("shike_stream_gaps_today", "Gaps of today by reason", (*_STREAM, "reason"))
    lengths = _gauge("shike_stream_gaps_today_seconds", "Their length", (*_STREAM, "reason"))
    for each in reports:
        key = (each.camera_id, each.stream)
        _add(coverage, key, each.report.ratio)
        recorded.add_metric(key, each.report.recorded_s)
        imported.add_metric(key, each.report.imported_s)
        size.add_metric(key, each.size)
        for reason in each.report.reasons:
            if reason.missing:
                gaps.add_metric((*key, reason.reason), reason.gaps)
                lengths.add_metric((*key, reason.reason), reason.seconds)
    yield from (coverage, recorded, imported, size, gaps, lengths)


def _of_last_gaps(gaps: Mapping[StreamKey, Gap]) -> Iterator[Metric]:
    end = _gauge(
        "shike_stream_last_gap_end_timestamp_seconds", "Until when its newest gap lasted", (*_STREAM, "reason")
    )
    length = _gauge("shike_stream_last_gap_seconds", "The length of its newest gap", (*_STREAM, "reason"))
    for key, gap in gaps.items():
        end.add_metric((*key, gap.reason), gap.end_us / 1e6)
        length.add_metric((*key, gap.reason), (gap.end_us - gap.start_us) / 1e6)
    yield from (end, length)


def _gauge(name: str, words: str, labels: tuple[str, ...]) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, labels=labels)


def _single(name: str, words: str, value: float | None) -> GaugeMetricFamily:
    """A gauge without labels. An unknown value is left out."""
    family = GaugeMetricFamily(name, words)
    _add(family, (), value)
    return family


def _add(family: GaugeMetricFamily, labels: tuple[str, ...], value: float | None) -> None:
    if value is not None:
        family.add_metric(labels, value)
