"""Housekeeping: indexes the spool and publishes the desired state of the recorder."""

import shutil
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from shike.api.moment import now
from shike.api.processes.keep import Housekeeper
from shike.attendance.tables.footage import RunRow, SegmentRow
from shike.attendance.tables.registry import CameraRow, LeaseRow
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import SegmentRecord
from shike.capture.archive.spool import Spool
from shike.capture.ids import new_id
from shike.capture.moment import to_us
from shike.capture.recorder.desired import Desired
from tests.api.filmed import Filmed
from tests.api.service import Service, World, new_camera
from tests.recorded import CAMERA, wait_until
from tests.recording import Recorded


def keeper(service: Service) -> Housekeeper:
    return Housekeeper(service.settings, service.database, service.clock)


def desired(service: Service) -> Desired:
    return Desired.load(service.settings.state_dir)


def lease(service: Service, camera_id: str) -> LeaseRow:
    with service.database.reading() as db:
        return db.get_one(LeaseRow, camera_id)


def test_the_index_says_what_the_files_say(filmed: Filmed) -> None:
    service = filmed.service
    assert list(Spool(service.settings.spool_dir).pending()) == []
    with service.database.reading() as db:
        rows = {row.id: row for row in db.scalars(select(SegmentRow).where(SegmentRow.camera_id == CAMERA))}
        runs = {row.id: row for row in db.scalars(select(RunRow).where(RunRow.camera_id == CAMERA))}
    assert {row.object_key for row in rows.values()} == {
        str(path.relative_to(service.settings.footage_dir)) for path in service.settings.footage_dir.rglob("*.mp4")
    }
    for record in filmed.records:
        row, run = rows[record.identity.segment_id], runs[record.identity.run_id]
        examined = Archive(service.settings.footage_dir).examine(row.object_key)
        assert examined is not None and examined.fragments == record.fragments
        assert (to_us(row.wall_start), to_us(row.wall_end), row.size) == (
            record.wall_start_us,
            record.wall_end_us,
            record.size,
        )
        assert (row.digest, row.link_number, row.link) == (record.digest, record.link_number, record.link)
        assert (run.end_reason, run.simulated, run.origin, run.codec) == ("stopped", True, "live", record.codec)
        assert len(run.init) == record.init_size


def test_indexing_twice_changes_nothing(filmed: Filmed) -> None:
    service = filmed.service
    spool = Spool(service.settings.spool_dir)
    for _ in range(2):
        for record in filmed.records:
            spool.put(record)
        assert keeper(service).index_spool() == len(filmed.records)
    with service.database.reading() as db:
        count = db.scalar(select(func.count()).select_from(SegmentRow).where(SegmentRow.camera_id == CAMERA))
    assert count == len(filmed.records)


def test_records_of_an_unknown_camera_wait_and_do_not_hold_up_the_others(
    filmed: Filmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shike.api.processes.intake.BATCH", 10)
    service, stranger = filmed.service, new_id()
    spool = Spool(service.settings.spool_dir)
    record = filmed.records[0]
    # More than a batch of them, and all older than the one that can be indexed.
    for number in range(11):
        segment_id = f"00000000-0000-7000-8000-{number:012d}"
        spool.put(replace(record, identity=replace(record.identity, camera_id=stranger, segment_id=segment_id)))
    spool.put(record)
    housekeeper = keeper(service)
    assert housekeeper.index_spool() == 1
    assert len(list(spool.pending())) == 11
    camera = new_camera(filmed.world.rooms[0], "Late", service)
    camera.id = stranger
    service.add(camera)
    spool.done([each for each in spool.pending() if each.identity.segment_id[-3:] != "007"])
    fresh = replace(next(spool.pending()).identity, run_id=new_id())
    waiting = replace(next(spool.pending()), identity=fresh, key="other")
    spool.put(waiting)
    assert housekeeper.index_spool() == 0  # its file is not there
    assert len(list(spool.pending())) == 1


def test_records_that_must_wait_are_not_read_at_every_beat_and_go_in_once_they_can(
    filmed: Filmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shike.api.processes.intake.BATCH", 2)
    service, stranger = filmed.service, new_id()
    spool, record = Spool(service.settings.spool_dir), filmed.records[0]
    identities = [replace(record.identity, camera_id=stranger, run_id=new_id(), segment_id=new_id()) for _ in range(6)]
    for identity in identities:
        spool.put(replace(record, identity=identity, key=identity.object_key))
    read: list[str] = []

    def noted(data: bytes) -> SegmentRecord:
        read.append(real(data).identity.segment_id)
        return real(data)

    real = SegmentRecord.from_json
    monkeypatch.setattr(SegmentRecord, "from_json", noted)

    def read_in(housekeeper: Housekeeper, beats: int) -> list[str]:
        read.clear()
        for _ in range(beats):
            housekeeper.index_spool()
        return read

    housekeeper, ids = keeper(service), [identity.segment_id for identity in identities]
    assert read_in(housekeeper, 20) == ids
    spool.put(record)
    assert read_in(housekeeper, 1) == [record.identity.segment_id], "a new one is taken at once"
    service.clock.move(61)
    assert read_in(housekeeper, 20) == ids[:2], "a batch a minute"
    camera = new_camera(filmed.world.rooms[0], "Late", service)
    camera.id = stranger
    service.add(camera)
    assert set(read_in(housekeeper, 20)) == set(ids), "the registry knows the camera by now"
    assert [each.identity.segment_id for each in spool.pending()] == ids, "the files are lacking"
    for identity in identities:
        path = service.settings.footage_dir / identity.object_key
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(service.settings.footage_dir / record.key, path)
    service.clock.move(61)
    read_in(housekeeper, 3)
    assert not list(spool.pending()), "one batch after the other as long as they can be taken"


def test_a_record_whose_file_is_gone_does_not_hold_up_the_others(filmed: Filmed, recorded: Recorded) -> None:
    service = filmed.service
    with service.database.writing() as db:
        db.execute(delete(SegmentRow).where(SegmentRow.camera_id == CAMERA))
        db.execute(delete(RunRow).where(RunRow.camera_id == CAMERA))
    spool = Spool(service.settings.spool_dir)
    for record in [*filmed.records, *recorded.records]:  # the second's files are elsewhere
        spool.put(record)
    assert keeper(service).index_spool() == len(filmed.records)
    assert sorted(r.key for r in spool.pending()) == sorted(r.key for r in recorded.records)


def test_a_file_whose_volume_does_not_answer_does_not_hold_up_the_others(filmed: Filmed) -> None:
    service, other = filmed.service, new_camera(filmed.world.rooms[0], "Broken", filmed.service)
    service.add(other)
    # A link to itself: looking for a file behind it fails with an error, even for root, and not with "no such file".
    (service.settings.footage_dir / other.id).symlink_to(other.id)
    spool, record = Spool(service.settings.spool_dir), filmed.records[0]
    identity = replace(record.identity, camera_id=other.id, run_id=new_id(), segment_id=f"0{new_id()[1:]}")
    spool.put(replace(record, identity=identity, key=identity.object_key))
    spool.put(record)
    assert keeper(service).index_spool() == 1
    assert [each.identity.camera_id for each in spool.pending()] == [other.id]


def test_a_gone_file_of_a_run_that_is_known_is_left_out_as_well_and_one_that_is_indexed_is_done_with(
    filmed: Filmed,
) -> None:
    record, service = filmed.records[0], filmed.service
    spool = Spool(service.settings.spool_dir)
    spool.put(replace(record, identity=replace(record.identity, segment_id=new_id()), key=f"{record.key}.gone"))
    spool.put(record)
    (service.settings.footage_dir / record.key).rename(service.settings.footage_dir / "away")
    assert keeper(service).index_spool() == 1
    assert [each.key for each in spool.pending()] == [f"{record.key}.gone"]
    (service.settings.footage_dir / "away").rename(service.settings.footage_dir / record.key)


def test_a_new_camera_is_published_and_a_disabled_one_is_withdrawn(empty: Service, world: World) -> None:
    housekeeper, halt = keeper(empty), threading.Event()
    thread = threading.Thread(target=housekeeper.run, args=(halt,))
    thread.start()
    try:
        wait_until(lambda: len(desired(empty).streams) == 2, "the world's cameras are published")
        client = empty.client("administrator")
        body = {"room_id": world.rooms[0], "name": "New", "host": "192.0.2.11", "password": "p@ss:w/rd"}
        body |= {"main_path": "/main", "sub_path": "sub"}
        camera_id = client.post("/api/cameras", json=body).json()["id"]
        wait_until(lambda: len(desired(empty).streams) == 4, "main and sub are published")
        mine = [each for each in desired(empty).streams if each.camera_id == camera_id]
        assert [(each.stream, each.path) for each in mine] == [("main", "/main"), ("sub", "/sub")]
        assert mine[0].sealed_password and "p@ss" not in (empty.settings.state_dir / "desired.json").read_text()
        client.patch(f"/api/cameras/{camera_id}", json={"enabled": False})
        wait_until(lambda: len(desired(empty).streams) == 2, "it is withdrawn")
    finally:
        halt.set()
        thread.join(20)


def test_nothing_is_written_while_nothing_changes_and_leases_are_renewed_in_time(empty: Service, world: World) -> None:
    housekeeper = keeper(empty)
    housekeeper.beat()
    first, until = desired(empty), lease(empty, world.cameras[0]).until
    housekeeper.beat()
    assert desired(empty) == first
    empty.clock.move(6 * 60)
    housekeeper.beat()
    assert lease(empty, world.cameras[0]).until > until
    assert [(w.camera_id, w.epoch) for w in desired(empty).streams] == [(c, 1) for c in sorted(world.cameras)]
    assert all(old.same_source(new) for old, new in zip(first.streams, desired(empty).streams, strict=True))


def test_another_nodes_lease_is_respected_until_it_has_run_out(empty: Service, world: World) -> None:
    theirs = LeaseRow(camera_id=world.cameras[0], node="other", epoch=4, until=now(empty.clock) + timedelta(minutes=2))
    empty.add(theirs)
    housekeeper = keeper(empty)
    housekeeper.beat()
    assert [each.camera_id for each in desired(empty).streams] == [world.cameras[1]]
    assert (lease(empty, world.cameras[0]).node, lease(empty, world.cameras[0]).epoch) == ("other", 4)
    empty.clock.move(3 * 60)
    housekeeper.beat()
    taken = next(each for each in desired(empty).streams if each.camera_id == world.cameras[0])
    assert taken.epoch == 5
    assert lease(empty, world.cameras[0]).node == empty.settings.node


def test_a_new_housekeeper_goes_on_counting_versions(empty: Service, world: World) -> None:
    keeper(empty).beat()
    version = desired(empty).version
    with empty.database.writing() as db:
        db.execute(update(CameraRow).values(host="192.0.2.99"))
    keeper(empty).beat()
    assert desired(empty).version == version + 1


@pytest.mark.parametrize("content", ["{", "[]", '{"version": 9, "streams": [{"camera_id": "x"}]}'])
def test_a_desired_state_that_somebody_spoilt_is_written_anew(empty: Service, world: World, content: str) -> None:
    keeper(empty).beat()
    before = desired(empty).streams
    (empty.settings.state_dir / "desired.json").write_text(content)
    keeper(empty).beat()
    assert desired(empty).streams == before


def test_publishing_goes_on_while_the_spool_cannot_be_read(
    empty: Service, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Spool, *_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Spool, "pending", broken)
    with pytest.raises(OSError, match="Input/output"):
        keeper(empty).beat()
    assert len(desired(empty).streams) == 2


def test_a_desired_state_that_could_not_be_stored_is_stored_at_the_next_beat(
    empty: Service, world: World, tmp_path: Path
) -> None:
    housekeeper = keeper(empty)
    in_the_way = empty.settings.state_dir / "desired.json.new"
    in_the_way.mkdir()
    with pytest.raises(OSError):
        housekeeper.beat()
    in_the_way.rmdir()
    housekeeper.beat()
    assert len(desired(empty).streams) == 2
