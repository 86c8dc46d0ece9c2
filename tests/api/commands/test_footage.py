"""`shike footage rebuild` and `check` as typed on a console, with really recorded footage."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select
from typer.testing import CliRunner, Result

from shike.api.commands.cli import app
from shike.api.processes.keep import Housekeeper
from shike.attendance.repair.inventory import check
from shike.attendance.repair.rebuilding import rebuild
from shike.attendance.retention.deleting import Deleter, plan, thin_deletions
from shike.attendance.retention.keeping import candidates
from shike.attendance.retention.rules import FOR_EVER_US, DueSegment
from shike.attendance.tables.base import Base
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.registry import RoomRow
from shike.attendance.tables.retention import DeletionRow
from shike.capture.archive.files import Archive
from shike.capture.archive.hand_over import hand_over
from shike.capture.archive.segment import STREAMS, SegmentRecord, StreamName
from shike.capture.archive.spool import Spool
from shike.capture.clock import SystemClock
from shike.capture.moment import from_us, rfc3339_us
from shike.capture.proof.checkpoints import Checkpoints, Intervals
from tests.api.filmed import Filmed
from tests.api.service import new_camera
from tests.capture.recorder.test_ingest import write
from tests.recorded import CAMERA

START_US = 1_790_000_000_000_000


@pytest.fixture
def typed(filmed: Filmed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Filmed:
    """Commands work on the service's data folder, which has two live runs (main and sub) and an import."""
    monkeypatch.setenv("SHIKE_DATA_DIR", str(filmed.service.settings.data_dir))
    monkeypatch.setenv("COLUMNS", "400")
    lesson = write(tmp_path / "lesson.mp4", 100)
    start = str(rfc3339_us(START_US))
    assert footage("ingest", str(lesson), "--camera", CAMERA, "--start", start).exit_code == 0
    keep(filmed)
    return filmed


def keep(filmed: Filmed) -> None:
    Housekeeper(filmed.service.settings, filmed.service.database, filmed.service.clock).index_spool()


def footage(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def rows(filmed: Filmed, entity: type[Base]) -> dict[str, dict[str, Any]]:
    """All columns of the camera's rows by id, except created_at."""
    with filmed.service.database.reading() as db:
        found = db.scalars(select(entity).where(entity.__table__.c.camera_id == CAMERA))
        columns = [column.name for column in entity.__table__.columns if column.name != "created_at"]
        return {row.id: {name: getattr(row, name) for name in columns} for row in found}  # type: ignore[attr-defined]


def path_of(filmed: Filmed, key: str) -> Path:
    return filmed.service.settings.footage_dir / key


def forget(filmed: Filmed) -> None:
    with filmed.service.database.writing() as db:
        db.execute(delete(SegmentRow).where(SegmentRow.camera_id == CAMERA))
        db.execute(delete(RunRow).where(RunRow.camera_id == CAMERA))


def test_the_index_made_anew_from_the_files_is_equal_to_the_one_that_was_lost(typed: Filmed) -> None:
    # The end reason of this run was learnt later: its last segment has two rows in the chain.
    last = typed.runs[0][-1]
    hand_over(typed.archive, Spool(typed.service.settings.spool_dir), last.ending("disk_full"))
    keep(typed)
    runs, segments = rows(typed, RunRow), rows(typed, SegmentRow)
    assert {run["origin"] for run in runs.values()} == {"live", "imported"}
    assert any(row["clock_offset_ms"] is not None for row in segments.values())
    assert all(row["digest"] and row["link"] for row in segments.values())
    forget(typed)
    assert rows(typed, RunRow) == rows(typed, SegmentRow) == {}

    done = footage("footage", "rebuild")
    assert done.exit_code == 0, done.output
    assert f"{len(segments)} segments indexed" in done.output
    assert rows(typed, SegmentRow) == segments
    assert rows(typed, RunRow) == runs

    again = footage("footage", "rebuild", "--camera", CAMERA)
    assert f"0 segments indexed, {len(segments)} were there" in again.output
    assert rows(typed, SegmentRow) == segments


def test_a_file_that_no_chain_knows_is_indexed_without_a_link(typed: Filmed) -> None:
    segments = rows(typed, SegmentRow)
    for path in typed.service.settings.footage_dir.glob(f"{CAMERA}/chain/*"):
        path.unlink()
    forget(typed)
    done = footage("footage", "rebuild")
    assert f"{len(segments)} of them in no chain" in done.output
    made = rows(typed, SegmentRow)
    assert {row["digest"] for row in made.values()} == {row["digest"] for row in segments.values()}
    assert {row["link"] for row in made.values()} == {None}


def test_what_a_rule_deleted_is_left_out_and_said_where_its_files_were_put_back(typed: Filmed) -> None:
    forget(typed)
    for record in typed.main[:2]:
        said = {"segment": record.identity.segment_id, "digest": record.digest, "rule": "age", "policy": None}
        typed.archive.chain(CAMERA).append("deleted", said | {"at_us": typed.service.clock.now()})
    done = footage("footage", "rebuild", "--camera", CAMERA)
    assert done.exit_code == 0, done.output
    assert "2 left out: a rule deleted them" in done.output
    assert not {record.identity.segment_id for record in typed.main[:2]} & rows(typed, SegmentRow).keys()


@pytest.mark.parametrize("lacking", ["segment", "digest", "at_us", "rule"])
def test_a_row_of_a_deletion_that_lacks_something_ends_no_rebuild(typed: Filmed, lacking: str) -> None:
    record, segments = typed.main[0], rows(typed, SegmentRow)
    said = {"segment": record.identity.segment_id, "digest": record.digest, "rule": "age", "policy": None, "at_us": 1}
    del said[lacking]
    typed.archive.chain(CAMERA).append("deleted", said)
    forget(typed)
    done = footage("footage", "rebuild", "--camera", CAMERA)
    assert done.exit_code == 0, done.output
    told = {record.identity.segment_id} if lacking != "segment" else set()
    assert rows(typed, SegmentRow).keys() == segments.keys() - told and rows(typed, DeletionRow) == {}


@pytest.mark.parametrize("lacking", ["segment", "digest", "ends_run", "start_us"])
def test_a_row_of_a_segment_that_lacks_something_ends_no_rebuild(typed: Filmed, lacking: str) -> None:
    segment_id, segments = typed.main[-1].identity.segment_id, rows(typed, SegmentRow)
    (row,) = (link for link in typed.archive.chain(CAMERA).links() if link.fields.get("segment") == segment_id)
    said = {name: value for name, value in row.fields.items() if name not in ("number", "prev", "kind", lacking)}
    typed.archive.chain(CAMERA).append("segment", said)
    gone = {"segment": segment_id if lacking != "segment" else "?", "digest": "x", "rule": "age", "at_us": 1}
    typed.archive.chain(CAMERA).append("deleted", gone)
    forget(typed)
    done = footage("footage", "rebuild", "--camera", CAMERA)
    assert done.exit_code == 0, done.output
    assert rows(typed, SegmentRow).keys() >= segments.keys() - {segment_id}


def test_nothing_is_made_of_what_is_mounted_instead_of_the_footage_that_the_index_knows(typed: Filmed) -> None:
    folder = typed.service.settings.footage_dir / CAMERA
    volume = folder.rename(folder.with_name("volume"))
    typed.archive.chain(CAMERA).append("note", {})
    before = rows(typed, SegmentRow)
    done = footage("footage", "rebuild", "--camera", CAMERA)
    assert done.exit_code == 1 and "mount its volume" in done.output
    named = footage("footage", "lost")
    assert named.exit_code == 1 and f"{len(before)} segments" in named.output and str(folder) in named.output
    shutil.rmtree(folder)
    volume.rename(folder)
    assert footage("footage", "lost").exit_code == 0
    assert footage("footage", "rebuild", "--camera", CAMERA).exit_code == 0


def test_footage_is_given_up_by_an_administrator_with_a_reason_and_goes_on_record(typed: Filmed) -> None:
    shutil.rmtree(typed.service.settings.footage_dir / CAMERA)
    admin, words = "administrator", ("footage", "lost", "--camera", CAMERA)
    for lacking in (("--reason", "x"), ("--account", admin), ("--reason", " ", "--account", admin)):
        assert footage(*words, *lacking).exit_code == 2
    assert footage(*words, "--reason", "x", "--account", "supervisor").exit_code == 2
    assert typed.archive.chain(CAMERA).head() is None and typed.audit("footage_given_up") == []
    done = footage(*words, "--reason", "the disk died", "--account", admin)
    assert done.exit_code == 0, done.output
    (line,) = typed.audit("footage_given_up")
    assert line["detail"]["reason"] == "the disk died" and line["camera_id"] == CAMERA
    head = typed.archive.chain(CAMERA).head()
    assert head is not None and (head.kind, head.fields["reason"]) == ("lost", "the disk died")
    assert footage("footage", "lost").exit_code == 0


def test_what_was_deleted_is_on_record_again_after_the_database_was_lost(typed: Filmed) -> None:
    service = typed.service
    whole_run, part_of_one = typed.runs[0], typed.runs[1][:1]
    ids = [record.identity.segment_id for record in (*whole_run, *part_of_one)]
    with service.database.writing() as db:
        there = candidates(db, (CAMERA, "main"), [(0, FOR_EVER_US)])
        due = [DueSegment(each, "age") for each in there if each.segment_id in ids]
        assert plan(db, due, {(CAMERA, "main"): "the rule"}, service.clock.now()) == len(ids)
    path_of(typed, typed.runs[0][0].key).unlink()  # removed by hand before the clean-up
    assert sum(Deleter(service.database, typed.archive, service.clock, "no").finish()) == len(ids)
    Checkpoints(typed.archive, service.settings.keys_dir, Intervals(), SystemClock()).beat()

    def seen() -> dict[str, Any]:
        """What people see: the page of deletions, the timeline, the result of verification."""
        supervisor = service.client("supervisor")
        times = ("first_deleted_at", "last_deleted_at")
        listed = supervisor.get("/api/deletions").json()["items"]
        by_day = [{name: value for name, value in day.items() if name not in times} for day in listed]
        each = supervisor.get(f"/api/cameras/{CAMERA}/deletions").json()["items"]
        gaps = typed.get("/timeline").json()["gaps"]
        verified = json.loads(footage("verify", "--json", "--camera", CAMERA).stdout)
        varying = ("id", "planned_at", "file_deleted_at")
        rows = sorted(({k: v for k, v in row.items() if k not in varying} for row in each), key=lambda row: row["from"])
        return {"days": by_day, "rows": rows, "gaps": gaps, "verified": verified["cameras"][0]["findings"]}

    def forget_all() -> None:
        with service.database.writing() as db:
            db.execute(delete(DeletionRow))
        forget(typed)

    before, runs = seen(), rows(typed, RunRow)
    assert [row["missing"] for row in before["rows"]] == [True] + [False] * (len(ids) - 1)
    assert {gap["reason"] for gap in before["gaps"]} >= {"deleted_by_rule"}
    forget_all()
    main = service.settings.footage_dir / CAMERA / "main"
    main.rename(main.with_name("elsewhere"))
    done = footage("footage", "rebuild")
    assert done.exit_code == 0 and f"{len(ids)} records of deletions made" in done.output
    main.with_name("elsewhere").rename(main)
    assert footage("footage", "rebuild").exit_code == 0, "the files that are left say the rest of their run"
    assert seen() == before
    made = rows(typed, RunRow)
    only_files_say = dict.fromkeys(("width", "height", "timescale"), 0) | {"codec": "", "init": b"", "init_digest": ""}
    run_id = whole_run[0].identity.run_id
    # The chain has the time of the first picture as it was stored: some µs after the start of the run.
    begun = made[run_id]["started_at"]
    assert abs(begun - runs[run_id]["started_at"]) < timedelta(milliseconds=5)
    assert made == runs | {run_id: runs[run_id] | only_files_say | {"started_at": begun}}

    assert "records of deletions" not in footage("footage", "rebuild").output, "again is harmless"
    with service.database.writing() as db:
        assert thin_deletions(db, from_us(service.clock.now()) + timedelta(days=1)) > 0
    assert "records of deletions" not in footage("footage", "rebuild").output, "neighbours that became one row"
    assert seen()["days"] == before["days"]


class MovingOn(Archive):
    """An archive in which a stream begins its next file while the files of the other stream are listed."""

    def begins(self, record: SegmentRecord) -> "MovingOn":
        """Begins the file of `record`, with its first fragment, at the next listing."""
        self.key, self.size_so_far = record.key, record.fragments[0].end
        return self

    def stored(self, camera_id: str, streams: Sequence[StreamName] = STREAMS) -> Iterator[tuple[str, int]]:
        for key, size in super().stored(camera_id, streams):
            if key == self.key:
                self._marker(camera_id, "sub", "live").put(key)
                os.truncate(self._path(key), self.size_so_far)
            yield key, size


def test_a_file_that_was_begun_while_the_index_is_made_anew_is_left_to_its_writer(typed: Filmed) -> None:
    forget(typed)
    begun = [record for record in typed.records if record.identity.stream == "sub"][-1]
    archive = MovingOn(typed.service.settings.footage_dir).begins(begun)
    database = typed.service.database
    done = rebuild(archive, database.reading, database.writing, CAMERA)
    assert begun.identity.segment_id not in rows(typed, SegmentRow)
    assert done.made == len(rows(typed, SegmentRow)) == len(typed.records)  # without that file, with the import


def test_files_and_index_that_agree_are_said_to_and_the_gap_between_two_runs_has_its_reason(typed: Filmed) -> None:
    done = footage("footage", "check", "--camera", CAMERA)
    assert done.exit_code == 0, done.output
    gaps = done.output.count("gap      ")
    assert gaps > 1 and f"files and index agree ({gaps} gaps)" in done.output
    assert "not_recorded" in done.output and "import_done" not in done.output
    first, second = typed.runs
    gap = f"{rfc3339_us(first[-1].wall_end_us)} to {rfc3339_us(second[0].wall_start_us)}"
    assert f" · Front ({CAMERA}) main {gap}" in done.output and ": stopped" in done.output


def test_every_disagreement_is_named(typed: Filmed) -> None:
    main = typed.main
    sub = [record for record in typed.records if record.identity.stream == "sub"]
    second = next(b for a, b in pairwise(sub) if a.identity.run_id == b.identity.run_id)
    path_of(typed, main[0].key).unlink()
    path_of(typed, main[1].key).write_bytes(b"")
    with path_of(typed, main[2].key).open("ab") as file:
        file.write(b"more")
    with typed.service.database.writing() as db:
        db.execute(delete(SegmentRow).where(SegmentRow.id == main[3].identity.segment_id))
        db.get_one(SegmentRow, second.identity.segment_id).wall_start -= timedelta(seconds=1.5)
    aside = path_of(typed, main[0].key).with_name("torn.mp4.damaged")
    aside.write_bytes(b"torn")
    done = footage("footage", "check", "--json")
    whose = {(row["name"].split(" · ")[-1], row["camera_id"]) for row in map(json.loads, done.output.splitlines())}
    assert ("Front", CAMERA) in whose
    assert done.exit_code == 1
    found = {(row["code"], row["key"]) for row in map(json.loads, done.output.splitlines()) if row["code"] != "gap"}
    damaged = str(aside.relative_to(typed.service.settings.footage_dir))
    assert found >= {
        ("missing", main[0].key),
        ("empty", main[1].key),
        ("size_differs", main[2].key),
        ("orphan", main[3].key),
        ("overlap", second.key),
        ("damaged", damaged),
    }
    words = footage("footage", "check")
    assert words.exit_code == 1 and main[3].key in words.output and "shike footage rebuild" in words.output


def test_a_segment_that_spans_several_others_overlaps_each_and_leaves_no_gap_between_them(typed: Filmed) -> None:
    first, *others = typed.main
    with typed.service.database.writing() as db:
        db.get_one(SegmentRow, first.identity.segment_id).wall_end = from_us(typed.end_us)
    found = [json.loads(line) for line in footage("footage", "check", "--json").output.splitlines()]
    mine = [row for row in found if row["camera_id"] == CAMERA and row["stream"] == "main"]
    within = {each.key for each in others if each.wall_start_us < typed.end_us - 500_000}
    assert {row["key"] for row in mine if row["code"] == "overlap"} == within and len(within) > 1
    gaps = [row["start_us"] for row in mine if row["code"] == "gap"]
    assert not [start_us for start_us in gaps if first.wall_start_us <= start_us < typed.end_us]


def test_what_is_being_written_and_what_waits_in_the_spool_is_no_orphan(typed: Filmed) -> None:
    record = typed.main[-1]
    marker = typed.service.settings.footage_dir / CAMERA / "main.live.open.json"
    marker.write_text(json.dumps({"key": record.key}))
    spooled = typed.main[0]
    Spool(typed.service.settings.spool_dir).put(spooled)
    with typed.service.database.writing() as db:
        gone = [record.identity.segment_id, spooled.identity.segment_id]
        db.execute(delete(SegmentRow).where(SegmentRow.id.in_(gone)))
    done = footage("footage", "check", "--camera", CAMERA)
    assert done.exit_code == 0, done.output


class IndexedMeanwhile(Archive):
    """An archive whose newest segment is indexed only after its files were listed."""

    def then(self, do: Callable[[], None]) -> "IndexedMeanwhile":
        self.do = do
        return self

    def stored(self, camera_id: str, streams: Sequence[StreamName] = STREAMS) -> Iterator[tuple[str, int]]:
        yield from super().stored(camera_id, streams)
        self.do()


def test_a_segment_that_is_indexed_while_files_are_listed_is_no_orphan(typed: Filmed) -> None:
    record, database = typed.main[-1], typed.service.database
    with database.writing() as db:
        db.execute(delete(SegmentRow).where(SegmentRow.id == record.identity.segment_id))
    spool = Spool(typed.service.settings.spool_dir)

    def indexed() -> None:
        spool.put(record)
        keep(typed)

    archive = IndexedMeanwhile(typed.service.settings.footage_dir).then(indexed)
    found = [finding for finding in check(archive, spool, database.reading, CAMERA) if finding.is_fault]
    assert found == []


class Counted(Archive):
    """An archive that remembers which files were listed."""

    def stored(self, camera_id: str, streams: Sequence[StreamName] = STREAMS) -> Iterator[tuple[str, int]]:
        for key, size in super().stored(camera_id, streams):
            self.listed = [*getattr(self, "listed", []), key]
            yield key, size


def test_a_check_lists_each_file_once(typed: Filmed) -> None:
    archive = Counted(typed.service.settings.footage_dir)
    list(check(archive, Spool(typed.service.settings.spool_dir), typed.service.database.reading, CAMERA))
    assert sorted(archive.listed) == sorted(row["object_key"] for row in rows(typed, SegmentRow).values())


def test_a_camera_that_is_not_there_is_named(typed: Filmed) -> None:
    done = footage("footage", "check", "--camera", "nobody")
    assert done.exit_code == 2 and "nobody" in done.output
    assert f" · Front ({CAMERA})" in done.output


def test_cameras_of_one_name_are_told_apart_by_their_rooms(typed: Filmed) -> None:
    service, world = typed.service, typed.world
    other = new_camera(world.rooms[1], "Front", service)
    service.add(other)
    with service.database.reading() as db:
        here, there = (f"{db.get_one(RoomRow, room_id).name} · Front" for room_id in world.rooms[:2])
    done = footage("footage", "check", "--camera", "Front")
    assert done.exit_code == 2 and "2 cameras are called Front" in done.output
    assert f"{here} ({CAMERA})" in done.output and f"{there} ({other.id})" in done.output
    for asked in (here, f"{here} ({CAMERA})", CAMERA):
        done = footage("footage", "check", "--camera", asked)
        assert done.exit_code == 0 and f"{here} ({CAMERA})" in done.output and other.id not in done.output


@pytest.mark.parametrize("command", [["footage", "check"], ["verify"]])
def test_a_mistaken_folder_is_named_and_nothing_is_made_in_it(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIKE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "400")
    done = footage(*command)
    assert done.exit_code == 2, done.output
    assert str(tmp_path) in done.output and "set SHIKE_DATA_DIR" in done.output
    assert list(tmp_path.iterdir()) == []
