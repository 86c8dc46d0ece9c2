"""Exports: a video with every frame, times from zero and a description inside; and the evidence pack."""

import hashlib
import io
import itertools
import json
import re
import shutil
from pathlib import Path
from typing import Any

import av
import pytest
from sqlalchemy import update

from shike.api.playback import evidence
from shike.api.processes.keep import Housekeeper
from shike.attendance.tables.registry import CameraRow
from shike.camera_sim import CameraSim, SimConfig, mounts_in
from shike.capture.archive.export import export_mp4
from shike.capture.moment import rfc3339_us
from shike.capture.recorder import health
from shike.capture.recorder.config import Lengths
from tests import packs
from tests.api.filmed import Filmed
from tests.camera_sim.conftest import write_clip
from tests.recorded import CAMERA, FRAME_US, position, timed_strips, wait_until
from tests.recording import camera_thread, sharing


def test_an_export_holds_every_frame_and_its_position_is_wall_time(filmed: Filmed) -> None:
    answer = filmed.get("/export")
    assert answer.headers["content-type"] == "video/mp4"
    assert re.search(r"filename.*\d{8}-\d{6}\.mp4", answer.headers["content-disposition"])
    shown = timed_strips(answer.content)
    first, second = filmed.runs
    count = round(sum(f.duration_us for record in first for f in record.fragments) / FRAME_US)
    frames = [frame for frame, _ in shown]
    assert shown[0][1] == 0
    for part in (frames[:count], frames[count:]):
        position(filmed.sent, part)
    assert len(frames) == round(sum(f.duration_us for r in filmed.main for f in r.fragments) / FRAME_US)
    assert all(later > earlier for (_, earlier), (_, later) in itertools.pairwise(shown))
    # The gap between the runs keeps its length in the file.
    at_us = filmed.start_us + shown[count][1] * 1e6
    assert at_us == pytest.approx(second[0].wall_start_us, abs=1000)


def test_an_export_describes_itself_in_its_comment(filmed: Filmed) -> None:
    answer = filmed.get("/export")
    with av.open(io.BytesIO(answer.content)) as container:
        comment = json.loads(container.metadata["comment"])
        title = container.metadata["title"]
    assert "[simulated]" in title and "[imported]" not in title
    assert (comment["camera_id"], comment["stream"], comment["start_us"]) == (CAMERA, "main", filmed.start_us)
    assert comment["exported_by"] == "supervisor"
    runs = [[r[0].identity.run_id, "live", True, r[0].wall_start_us, r[-1].wall_end_us] for r in filmed.runs]
    assert comment["runs"] == runs


def test_a_part_begins_with_the_keyframe_at_or_before_its_start(filmed: Filmed) -> None:
    start = filmed.main[1].wall_start_us + 500_000
    shown = timed_strips(filmed.get("/export", from_=start, to=start + 1_000_000).content)
    begun = filmed.sent[position(filmed.sent, [frame for frame, _ in shown])]
    assert start - 450_000 <= begun.sent_us <= start + FRAME_US
    assert begun.sent_us + shown[-1][1] * 1e6 + FRAME_US >= start + 1_000_000 - FRAME_US
    assert shown[-1][1] < 2.0


def test_an_export_is_written_to_the_audit_trail_and_leaves_no_file(filmed: Filmed) -> None:
    size = len(filmed.get("/export").content)
    (line,) = filmed.audit("export")
    assert (line["camera_id"], line["account_name"], line["detail"]["bytes"]) == (CAMERA, "Supervisor", size)
    folder = filmed.service.settings.data_dir / "exports"
    wait_until(lambda: list(folder.iterdir()) == [], "the file is gone")


def test_nothing_recorded_is_404_and_too_long_a_range_is_refused(filmed: Filmed) -> None:
    early = filmed.start_us - 3600_000_000
    answer = filmed.get("/export", from_=early, to=early + 1_000_000)
    assert (answer.status_code, answer.json()["code"]) == (404, "nothing_recorded")
    answer = filmed.get("/export", from_=filmed.start_us, to=filmed.start_us + 13 * 3600_000_000)
    assert answer.json()["errors"][0]["code"] == "too_long"
    assert filmed.audit("export") == []


def test_a_range_in_which_the_picture_size_changes_is_409_and_names_the_moment(filmed: Filmed, tmp_path: Path) -> None:
    (tmp_path / "larger").mkdir()
    write_clip(tmp_path / "larger" / "hall-main.mp4", 640, 360, view=2)
    data = filmed.service.settings.data_dir
    recording = sharing(data)
    with CameraSim(SimConfig(mounts_in(tmp_path / "larger"))) as sim:
        thread = camera_thread(sim, recording)
        thread.start()
        wait_until(lambda: thread.health.fps, "a second is recorded")
        thread.stop()
        thread.join(20)
    larger = list(recording.spool.pending())
    answer = filmed.get("/export", to=larger[-1].wall_end_us)
    assert (answer.status_code, answer.json()["code"]) == (409, "mixed_parameters")
    assert (
        answer.json()["at"][:19] == filmed.get("/timeline", to=larger[-1].wall_end_us).json()["spans"][-1]["from"][:19]
    )
    assert filmed.get("/export", from_=larger[0].wall_start_us, to=larger[-1].wall_end_us).status_code == 200
    wait_until(lambda: list((data / "exports").iterdir()) == [], "no file is left")


def test_an_open_segment_can_be_exported(filmed: Filmed, sim: CameraSim) -> None:
    recording = sharing(filmed.service.settings.data_dir)
    thread = camera_thread(sim, recording)
    thread.start()
    try:
        wait_until(
            lambda: (o := recording.archive.tail(CAMERA, "main")) and sum(f.duration_us for f in o.fragments) > 850_000,
            "22 pictures are written",
        )
        now_us = filmed.service.clock.now()
        shown = timed_strips(filmed.get("/export", from_=filmed.end_us, to=now_us).content)
        assert shown[0][1] == 0 and len(shown) >= 20
    finally:
        thread.stop()
        thread.join(20)


def test_a_camera_that_says_that_it_is_simulated_is_marked_in_the_registry(filmed: Filmed, sim: CameraSim) -> None:
    service = filmed.service
    with service.database.writing() as db:
        db.execute(update(CameraRow).where(CameraRow.id != CAMERA).values(enabled=False))
    thread = camera_thread(sim, sharing(service.settings.data_dir))
    thread.start()
    wait_until(lambda: thread.health.simulated, "the camera says that it is simulated")
    thread.stop()
    health.write(service.settings.state_dir, "s0", [thread.health])
    thread.join(20)
    Housekeeper(service.settings, service.database, service.clock).publish()
    assert service.client("supervisor").get(f"/api/cameras/{CAMERA}").json()["simulated"] is True


def _packed(filmed: Filmed, folder: Path, **query: Any) -> Path:
    answer = filmed.get("/export", format="pack", **query)
    assert answer.headers["content-type"] == "application/zip", answer.text
    assert re.search(r"filename.*\d{8}-\d{6}\.zip", answer.headers["content-disposition"])
    folder.mkdir()
    (folder / "pack.zip").write_bytes(answer.content)
    return packs.extracted(folder / "pack.zip", folder / "pack")


def test_a_pack_holds_the_recorded_footage_and_common_tools_confirm_it(filmed: Filmed, tmp_path: Path) -> None:
    folder = _packed(filmed, tmp_path / "asked")
    assert sorted(path.name for path in (folder / "segments").iterdir()) == sorted(
        Path(record.key).name for record in filmed.main
    )
    manifest = packs.manifest(folder)
    assert (manifest["simulated"], manifest["imported"], manifest["exported"]["by"]) == (True, False, "supervisor")
    assert [gap["reason"] for gap in manifest["gaps"]] == ["stopped"] and manifest["unsealed"] == manifest[
        "absent"
    ] == []
    first, second = filmed.runs
    count = round(sum(f.duration_us for record in first for f in record.fragments) / FRAME_US)
    shown = timed_strips((folder / "video.mp4").read_bytes())
    assert filmed.start_us + shown[count][1] * 1e6 == pytest.approx(second[0].wall_start_us, abs=1000)
    if shutil.which("openssl"):
        assert packs.failing(folder) == set()


def test_a_pack_names_the_gaps_that_the_time_line_names(filmed: Filmed, tmp_path: Path) -> None:
    start = filmed.start_us - 60_000_000
    manifest = packs.manifest(_packed(filmed, tmp_path / "asked", from_=start))
    shown = filmed.get("/timeline", from_=start).json()["gaps"]
    assert [gap["reason"] for gap in shown] == ["not_registered", "stopped"]
    gaps = [(rfc3339_us(gap["start_us"]), rfc3339_us(gap["end_us"]), gap["reason"]) for gap in manifest["gaps"]]
    assert gaps == [(gap["from"], gap["to"], gap["reason"]) for gap in shown]


def test_only_the_owner_can_read_the_files_that_a_pack_is_made_of(
    filmed: Filmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights: list[int] = []

    def exporting(shown: Any, label: Any, target: Path) -> None:
        export_mp4(shown, label, target)
        rights.extend(path.stat().st_mode & 0o777 for path in target.parent.glob(f"{target.stem}*"))

    monkeypatch.setattr(evidence, "export_mp4", exporting)
    record = filmed.records[0]
    answer = filmed.get("/export", from_=record.wall_start_us, to=record.wall_end_us, format="pack")
    assert answer.status_code == 200 and rights == [0o600, 0o600]


def test_a_pack_is_written_to_the_audit_trail_with_the_digest_of_its_manifest(filmed: Filmed, tmp_path: Path) -> None:
    folder = _packed(filmed, tmp_path / "asked")
    (line,) = filmed.audit("export")
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert (line["detail"]["format"], line["detail"]["manifest"]) == ("pack", f"sha256:{digest}")
    assert line["detail"]["bytes"] == (tmp_path / "asked" / "pack.zip").stat().st_size
    exports = filmed.service.settings.data_dir / "exports"
    wait_until(lambda: list(exports.iterdir()) == [], "no file is left")


def test_an_institution_gets_no_pack_and_a_camera_out_of_scope_is_not_found(filmed: Filmed) -> None:
    assert filmed.get("/export", "institution", format="pack").status_code == 403
    assert filmed.get("/export", "auditor of city 2", format="pack").status_code == 404
    assert filmed.audit("export") == []


def test_a_pack_of_an_empty_or_too_long_range_or_of_an_unknown_kind_is_refused(filmed: Filmed) -> None:
    early = filmed.start_us - 3600_000_000
    assert filmed.get("/export", from_=early, to=early + 1_000_000, format="pack").status_code == 404
    answer = filmed.get("/export", to=filmed.start_us + 13 * 3600_000_000, format="pack")
    assert answer.json()["errors"][0]["code"] == "too_long"
    assert filmed.get("/export", format="tar").status_code == 422


def test_a_pack_leaves_out_the_open_segment_and_lists_it_as_unsealed(
    filmed: Filmed, sim: CameraSim, tmp_path: Path
) -> None:
    recording = sharing(filmed.service.settings.data_dir, Lengths(segment_s=60))
    thread = camera_thread(sim, recording)
    thread.start()
    try:
        wait_until(
            lambda: (o := recording.archive.tail(CAMERA, "main")) and sum(f.duration_us for f in o.fragments) > 850_000,
            "22 pictures are written",
        )
        now_us = filmed.service.clock.now()
        manifest = packs.manifest(_packed(filmed, tmp_path / "both", to=now_us))
        assert [part["reason"] for part in manifest["unsealed"]] == ["being_written"]
        assert manifest["video"]["end_us"] == filmed.end_us
        opened = recording.archive.tail(CAMERA, "main")
        assert opened is not None
        (start_us, end_us) = (opened.fragments[0].wall_us, opened.fragments[0].wall_us + 400_000)
        manifest = packs.manifest(_packed(filmed, tmp_path / "part", to=end_us))
        left_out = [(part["start_us"], part["end_us"]) for part in manifest["unsealed"]]
        assert left_out == [(start_us, end_us)], "no more than was asked for"
        alone = filmed.get("/export", from_=filmed.end_us, to=now_us, format="pack")
        assert (alone.status_code, alone.json()["code"]) == (409, "nothing_sealed")
        assert filmed.get("/export", from_=filmed.end_us, to=now_us).status_code == 200
    finally:
        thread.stop()
        thread.join(20)


def test_a_pack_without_enough_space_on_the_volume_is_refused_before_it_is_made(
    filmed: Filmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage(filmed.service.settings.data_dir)._replace(free=1 << 20)
    monkeypatch.setattr("shike.api.playback.evidence.shutil.disk_usage", lambda _: full)
    answer = filmed.get("/export", format="pack")
    assert (answer.status_code, answer.json()["code"]) == (503, "no_space")


def test_a_pack_lists_a_lost_file_as_absent_and_contains_the_rest(filmed: Filmed, tmp_path: Path) -> None:
    gone = filmed.main[1]
    (filmed.service.settings.footage_dir / gone.key).unlink()
    manifest = packs.manifest(_packed(filmed, tmp_path / "asked"))
    assert [(part["segment"], part["why"]) for part in manifest["absent"]] == [(gone.identity.segment_id, "missing")]
    assert len([entry for entry in manifest["files"] if "segment" in entry]) == len(filmed.main) - 1


def test_a_damaged_chain_gives_no_pack_and_an_error_that_names_the_place(filmed: Filmed) -> None:
    (path,) = (filmed.service.settings.footage_dir / CAMERA / "chain").glob("*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    at = filmed.main[0].link_number
    assert at is not None
    lines[at - 1] = lines[at - 1].replace(b'"kind"', b'"kind', 1)
    path.write_bytes(b"".join(lines))
    answer = filmed.get("/export", format="pack")
    assert (answer.status_code, answer.json()["code"]) == (409, "chain_unreadable")
    assert "shike verify" in answer.json()["hint"]


def test_a_lost_signing_key_is_reported(filmed: Filmed) -> None:
    filmed.get("/export", format="pack")
    (key,) = (path for path in (filmed.service.settings.keys_dir / "signing").glob("*.pem") if ".pub" not in path.name)
    key.unlink()
    answer = filmed.get("/export", format="pack")
    assert (answer.status_code, answer.json()["code"]) == (409, "signing_key")
