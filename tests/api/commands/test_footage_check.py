"""`shike footage check` as somebody types it: every disagreement of files and index is named, and nothing else."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import delete

from shike.attendance.repair.inventory import check
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.registry import RoomRow
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import STREAMS, StreamName
from shike.capture.archive.spool import Spool
from shike.capture.moment import from_us, rfc3339_us
from tests.api.filmed import Filmed
from tests.api.service import new_camera
from tests.recorded import CAMERA

from .typed import footage, keep, path_of, rows


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
