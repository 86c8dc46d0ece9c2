"""Footage that a clean-up deletes while it is listed, checked, played or exported."""

import shutil
from itertools import islice
from pathlib import Path

import pytest

from shike.api.playback import evidence
from shike.attendance.repair.inventory import check
from shike.attendance.retention.deleting import Deleter, plan
from shike.attendance.retention.keeping import candidates
from shike.attendance.retention.rules import FOR_EVER_US, DueSegment
from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool
from tests import packs
from tests.api.filmed import Filmed
from tests.recorded import CAMERA, FRAME_US, timed_strips


def clean(filmed: Filmed, first: int, segments: int, finish: bool = True) -> None:
    """Delete `segments` segments of the main stream from the `first` on; with `finish` False only plan that."""
    service = filmed.service
    with service.database.writing() as db:
        due = islice(candidates(db, (CAMERA, "main"), [(0, FOR_EVER_US)]), first, first + segments)
        assert plan(db, [DueSegment(each, "age") for each in due], {}, service.clock.now()) == segments
    if finish:
        assert list(Deleter(service.database, filmed.archive, service.clock, "no").finish()) == [segments]


def test_files_and_days_that_are_deleted_while_they_are_listed_are_left_out(filmed: Filmed) -> None:
    keys = [key for key, _ in filmed.archive.stored(CAMERA)]
    folder = filmed.service.settings.footage_dir
    later = folder / CAMERA / "main" / "20991231" / "later.mp4"
    later.parent.mkdir()
    later.write_bytes(b"x")
    listed = filmed.archive.stored(CAMERA)
    assert next(listed)[0] == keys[0]
    (folder / keys[1]).unlink()
    later.unlink()
    later.parent.rmdir()
    assert [key for key, _ in listed] == keys[2:]


@pytest.mark.parametrize("finish", [True, False], ids=["deleted", "the file only"])
def test_a_file_that_a_clean_up_deletes_during_a_check_is_not_reported_missing(filmed: Filmed, finish: bool) -> None:
    class Cleaned(Archive):
        """An archive that a clean-up empties after the index was read and before the first file is checked."""

        cleaned = False

        def size(self, key: str) -> int:
            if not self.cleaned:
                self.cleaned = True
                clean(filmed, 0, 2, finish)
                for record in filmed.main[:2]:
                    self.delete(record.key)
            return super().size(key)

    service = filmed.service
    archive, spool = Cleaned(service.settings.footage_dir), Spool(service.settings.spool_dir)
    faults = [finding for finding in check(archive, spool, service.database.reading, CAMERA) if finding.is_fault]
    assert archive.cleaned and faults == []
    (service.settings.footage_dir / filmed.main[2].key).unlink()
    faults = [finding for finding in check(archive, spool, service.database.reading, CAMERA) if finding.is_fault]
    assert [(finding.code, finding.key) for finding in faults] == [("missing", filmed.main[2].key)]


@pytest.mark.parametrize("at", ["head", "read"], ids=["before it is opened", "while it is read"])
def test_an_export_leaves_out_footage_that_is_deleted_while_the_export_is_made(
    filmed: Filmed, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    real, done = getattr(Archive, at), list[bool]()

    def cleaned_at_first(self: Archive, *given: object) -> object:
        if not done:
            done.append(True)
            clean(filmed, 0, 2)
        return real(self, *given)

    monkeypatch.setattr(Archive, at, cleaned_at_first)
    answer = filmed.get("/export")
    assert answer.status_code == 200, answer.text
    left_us = sum(fragment.duration_us for record in filmed.main[2:] for fragment in record.fragments)
    assert len(timed_strips(answer.content)) == round(left_us / FRAME_US)


@pytest.mark.parametrize("at", ["video", "segments"])
def test_a_pack_lists_footage_as_deleted_that_is_deleted_while_the_pack_is_made(
    filmed: Filmed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    name, done = {"video": "export_mp4", "segments": "write_pack"}[at], list[bool]()
    real = getattr(evidence, name)

    def cleaned_at_first(*given: object) -> object:
        if not done:
            done.append(True)
            clean(filmed, 1, 2)
        return real(*given)

    monkeypatch.setattr(evidence, name, cleaned_at_first)
    answer = filmed.get("/export", format="pack")
    assert answer.status_code == 200, answer.text
    (tmp_path / "pack.zip").write_bytes(answer.content)
    folder = packs.extracted(tmp_path / "pack.zip", tmp_path / "pack")
    gone = [(part["segment"], part["why"], part["rule"]) for part in packs.manifest(folder)["absent"]]
    assert gone == [(record.identity.segment_id, "deleted", "age") for record in filmed.main[1:3]]
    if shutil.which("openssl"):
        assert packs.failing(folder) == set()
