"""The metrics, and who may read them."""

import json
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shike.capture.archive.spool import Spool
from tests.api.recording.watched import DAY, Watched, hour
from tests.api.service import Service, World, furnish
from tests.recording import Recorded

TOKEN = "a-token-for-the-scraper"


@pytest.fixture
def watched(empty: Service, world: World) -> Watched:
    watched = Watched.of(empty, world)
    watched.recorded(hour(6), 6 * 3600, "camera_silent")
    watched.recorded(hour(12.5), 7.6 * 3600, None)
    watched.at(hour(20))
    return watched


def scrape(watched: Watched) -> dict[str, float]:
    """Samples of the watched camera and of the machine, by name and labels (without the camera's id)."""
    answer = watched.service.nobody().get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples: dict[str, float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = dict(sample.labels)
            if labels.pop("camera_id", watched.camera_id) == watched.camera_id:
                samples[" ".join([sample.name, *(labels[name] for name in sorted(labels))])] = sample.value
    return samples


def test_a_stream_has_its_state_and_its_figures(watched: Watched) -> None:
    now_us = watched.service.clock.now()
    picture = {"fps": 25.0, "width": 1920, "height": 1080, "codec": "h264"}
    watched.says(bitrate_bps=4_000_000, **picture, dropped=3, clock_offset_ms=-120, last_packet_us=now_us - 2_000_000)
    samples = scrape(watched)
    assert samples["shike_camera_info Watched Room of School City 1"] == 1
    assert samples["shike_stream_recording main"] == 1 and samples["shike_stream_state  recording main"] == 1
    assert samples["shike_stream_last_packet_age_seconds main"] == pytest.approx(2, abs=5)
    assert samples["shike_stream_bitrate_bits_per_second main"] == 4_000_000
    assert samples["shike_stream_frames_per_second main"] == 25
    assert (samples["shike_stream_width_pixels main"], samples["shike_stream_height_pixels main"]) == (1920, 1080)
    assert samples["shike_stream_codec h264 main"] == 1
    assert samples["shike_stream_dropped_packets_total main"] == 3
    assert samples["shike_stream_clock_offset_seconds main"] == -0.12
    assert samples["shike_stream_state_since_timestamp_seconds main"] == pytest.approx(now_us / 1e6, abs=5)


def test_a_stream_that_failed_says_why_and_is_not_recorded(watched: Watched) -> None:
    watched.says(state="backing_off", cause="unreachable", attempt=4)
    samples = scrape(watched)
    assert samples["shike_stream_recording main"] == 0
    assert samples["shike_stream_state unreachable backing_off main"] == 1 and samples["shike_stream_attempt main"] == 4


def test_a_recorder_that_died_is_not_believed(watched: Watched) -> None:
    watched.says(last_packet_us=watched.service.clock.now() - 60_000_000)
    assert scrape(watched)["shike_stream_recording main"] == 0


def test_a_camera_that_the_recorder_never_tried_is_waiting(watched: Watched) -> None:
    samples = scrape(watched)
    assert samples["shike_stream_recording main"] == 0 and samples["shike_stream_state  waiting main"] == 1


def test_the_day_so_far_is_told_with_its_gaps_by_reason(watched: Watched) -> None:
    samples = scrape(watched)
    assert samples["shike_stream_gaps_today camera_silent main"] == 1
    assert samples["shike_stream_gaps_today_seconds camera_silent main"] == 1800
    assert samples["shike_stream_recorded_today_seconds main"] == pytest.approx(13.5 * 3600, abs=1)
    assert samples["shike_stream_recorded_today_bytes main"] == 816_000_000
    assert samples["shike_stream_coverage_today_ratio main"] == pytest.approx(13.5 / 20, abs=0.01)


def test_the_newest_gap_is_told_with_its_reason(watched: Watched) -> None:
    samples = scrape(watched)
    assert samples["shike_stream_last_gap_seconds camera_silent main"] == 1800
    assert samples["shike_stream_last_gap_end_timestamp_seconds camera_silent main"] == hour(12.5).timestamp()


def test_the_machine_tells_of_disk_spool_index_and_shards(watched: Watched, recorded: Recorded) -> None:
    settings, clock = watched.service.settings, watched.service.clock
    Spool(settings.spool_dir).put(recorded.records[0])
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    beat = {"pid": 1, "at_s": clock.monotonic() - 40, "stuck_s": 31.5}
    (settings.state_dir / "beat-s3.json").write_text(json.dumps(beat))
    (settings.state_dir / "beat-s4.json").write_text("{")
    samples = scrape(watched)
    assert samples["shike_shard_beat_age_seconds s3"] == pytest.approx(40, abs=5)
    assert samples["shike_shard_stuck_seconds s3"] == 31.5
    assert samples["shike_spool_records"] == 1 and "shike_spool_oldest_seconds" in samples
    assert 0 < samples["shike_footage_disk_free_bytes"] <= samples["shike_footage_disk_size_bytes"]
    assert samples["shike_footage_disk_days_left"] > 0
    assert samples["shike_index_last_timestamp_seconds"] > 0


def test_labels_hold_neither_addresses_nor_secrets(watched: Watched) -> None:
    watched.says()
    text = watched.service.nobody().get("/metrics").text
    assert "192.0.2.10" not in text and "viewer" not in text


def test_without_a_token_only_this_machine_itself_may_ask(service: Service) -> None:
    client = service.nobody()
    assert client.get("/metrics").status_code == 200
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"):
        answer = client.get("/metrics", headers={header: "127.0.0.1"})
        assert (answer.status_code, answer.json()["hint"]) == (
            403,
            "set metrics_token to read them from elsewhere",
        ), header


def test_with_a_token_everybody_needs_it_and_nobody_needs_more(tmp_path: Path) -> None:
    with Service(tmp_path, metrics_token=TOKEN) as service:
        furnish(service)
        client = service.nobody()
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            assert client.get("/metrics", headers=headers).status_code == 401, headers
        right = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "192.0.2.7"}
        assert client.get("/metrics", headers=right).status_code == 200
        assert TOKEN not in repr(service.settings)


def test_the_token_is_no_way_to_anything_else(tmp_path: Path) -> None:
    with Service(tmp_path, metrics_token=TOKEN) as service:
        furnish(service)
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert service.nobody().get("/api/recording-report", params={"day": str(DAY)}, headers=right).status_code == 401
