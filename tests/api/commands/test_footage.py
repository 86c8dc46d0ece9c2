"""`shike footage rebuild` and `check` as typed on a console, with really recorded footage."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from shike.attendance.repair.rebuilding import rebuild
from shike.attendance.retention.deleting import Deleter, plan, thin_deletions
from shike.attendance.retention.keeping import candidates
from shike.attendance.retention.rules import FOR_EVER_US, DueSegment
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.retention import DeletionRow
from shike.capture.archive.files import Archive
from shike.capture.archive.hand_over import hand_over
from shike.capture.archive.segment import STREAMS, SegmentRecord, StreamName
from shike.capture.archive.spool import Spool
from shike.capture.clock import SystemClock
from shike.capture.moment import from_us
from shike.capture.proof.checkpoints import Checkpoints, Intervals
from tests.api.filmed import Filmed
from tests.recorded import CAMERA

from .typed import footage, forget, keep, path_of, rows


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
