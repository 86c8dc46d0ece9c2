"""The desired state that housekeeping writes, and the health that shards write."""

import json
import stat
from dataclasses import replace
from pathlib import Path

from shike.capture.recorder import health
from shike.capture.recorder.desired import Desired, Wanted, Watch
from shike.capture.recorder.health import StreamHealth

WANTED = Wanted("c", "main", "10.0.0.9", 554, "/main", "viewer", "sealed", 1, 1000)


def test_what_is_stored_is_loaded_again(tmp_path: Path) -> None:
    assert Desired.load(tmp_path) == Desired(0, ())
    planned = replace(WANTED, stream="sub", path="/sub", windows=((5, 9), (12, 20)), audio=True, g711="drop")
    desired = Desired(3, (WANTED, planned))
    desired.store(tmp_path)
    assert Desired.load(tmp_path) == desired
    assert stat.S_IMODE((tmp_path / "desired.json").stat().st_mode) == 0o600


def test_a_stream_of_an_old_file_without_windows_is_always_recorded(tmp_path: Path) -> None:
    row = {"camera_id": "c", "stream": "main", "host": "10.0.0.9", "port": 554, "path": "/main", "username": "viewer"}
    row |= {"sealed_password": "sealed", "epoch": 1, "lease_until_us": 1000}
    (tmp_path / "desired.json").write_text(json.dumps({"version": 1, "streams": [row]}))
    assert Desired.load(tmp_path).streams == (WANTED,)
    assert WANTED.windows is None and WANTED.rest_at(5) is None


def test_a_watch_sees_a_change_and_keeps_the_last_state_when_the_file_is_gone(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    assert watch.poll().streams == ()
    Desired(1, (WANTED,)).store(tmp_path)
    assert watch.poll().version == 1
    Desired(2, ()).store(tmp_path)
    assert watch.poll().version == 2
    (tmp_path / "desired.json").unlink()
    assert watch.poll().version == 2


def test_a_renewed_lease_does_not_interrupt_recording_and_a_new_address_does() -> None:
    assert WANTED.same_source(replace(WANTED, lease_until_us=2000))
    assert WANTED.same_source(replace(WANTED, windows=((5, 9),)))
    assert not WANTED.same_source(replace(WANTED, audio=True))
    for change in ({"host": "x"}, {"path": "/x"}, {"sealed_password": "x"}, {"epoch": 2}, {"username": "x"}):
        assert not WANTED.same_source(replace(WANTED, **change))


def test_health_of_all_shards_is_read_and_the_later_one_counts(tmp_path: Path) -> None:
    assert health.read(tmp_path) == {}
    first = StreamHealth("a", "main", "recording", since_us=10, fps=25.0)
    health.write(tmp_path, "s0", [first, StreamHealth("b", "sub", "backing_off", 5, "unreachable")])
    health.write(tmp_path, "s1", [StreamHealth("a", "main", "connecting", since_us=4)])
    streams = health.read(tmp_path)
    assert streams[("a", "main")] == first
    assert streams[("b", "sub")].cause == "unreachable"


def test_fields_of_a_later_version_are_ignored(tmp_path: Path) -> None:
    Desired(1, (WANTED,)).store(tmp_path)
    value = json.loads((tmp_path / "desired.json").read_text())
    value["streams"][0]["colour"] = "grey"
    (tmp_path / "desired.json").write_text(json.dumps(value))
    assert Desired.load(tmp_path).streams == (WANTED,)

    stream = StreamHealth("a", "main", "recording", since_us=10)
    health.write(tmp_path, "s0", [stream, StreamHealth("b", "main", "recording", since_us=10)])
    rows = json.loads((tmp_path / "health-s0.json").read_text())
    rows[0]["mood"] = "good"
    del rows[1]["state"]
    (tmp_path / "health-s0.json").write_text(json.dumps(rows))
    assert health.read(tmp_path) == {("a", "main"): stream}
