"""`shike verify` and `shike keys` as typed on a console, with really recorded footage."""

import json
import shutil
import stat
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any, get_args

import pytest
from typer.testing import CliRunner, Result

from shike.api.commands.cli import app
from shike.api.commands.verify import WORDS
from shike.api.processes import pipeline
from shike.attendance.retention.deleting import Deleter, plan
from shike.attendance.retention.keeping import candidates
from shike.attendance.retention.rules import FOR_EVER_US, DueSegment
from shike.attendance.tables.footage import SegmentRow
from shike.attendance.tables.registry import RoomRow
from shike.capture.archive.durable import replace_file
from shike.capture.clock import SystemClock
from shike.capture.moment import rfc3339_us
from shike.capture.proof.findings import Broken, Known
from tests.api.filmed import Filmed
from tests.recorded import CAMERA, wait_until


@pytest.fixture
def typed(filmed: Filmed, monkeypatch: pytest.MonkeyPatch) -> Filmed:
    """Commands work on the service's data folder, whose chains are signed."""
    monkeypatch.setenv("SHIKE_DATA_DIR", str(filmed.service.settings.data_dir))
    monkeypatch.setenv("COLUMNS", "400")
    assert pipeline.checkpoints(filmed.service.settings, SystemClock()).beat() == 1
    return filmed


def front(typed: Filmed) -> str:
    """The camera's name with its room."""
    with typed.service.database.reading() as db:
        return f"{db.get_one(RoomRow, typed.world.rooms[0]).name} · Front"


def shike(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def path_of(typed: Filmed, key: str) -> Path:
    return typed.service.settings.footage_dir / key


def spoil(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def verified(*words: str | Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(shike("verify", "--camera", CAMERA, "--json", *words).stdout)
    return answer


def test_every_finding_has_words() -> None:
    assert set(WORDS) == {*get_args(Broken), *get_args(Known)}


def test_footage_that_holds_is_said_to_hold(typed: Filmed) -> None:
    done = shike("verify", "--camera", "Front")
    assert done.exit_code == 0, done.output
    assert f"{front(typed)} ({CAMERA}): HOLDS {rfc3339_us(min(r.wall_start_us for r in typed.records))}" in done.output
    assert f"{len(typed.records)} files read" in done.output and "signed 20" in done.output
    assert "FAULT" not in done.output


def test_what_does_not_hold_is_named_and_the_exit_says_so(typed: Filmed) -> None:
    spoil(path_of(typed, typed.main[1].key))
    done = shike("verify", "--camera", CAMERA)
    assert done.exit_code == 1 and f"{front(typed)} ({CAMERA}): DOES NOT HOLD" in done.output
    (line,) = [line for line in done.output.splitlines() if "FAULT" in line]
    assert "file_changed" in line and typed.main[1].key in line and str(typed.main[1].digest) in line
    assert f"row {typed.main[1].link_number} main {rfc3339_us(typed.main[1].wall_start_us)}" in line


def test_a_range_a_stream_and_sizes_alone_can_be_asked_for(typed: Filmed) -> None:
    spoil(path_of(typed, typed.main[1].key))
    first = typed.main[0]
    until = str(rfc3339_us(typed.main[1].wall_start_us))
    assert shike("verify", "--camera", CAMERA, "--stream", "main", "--to", until).exit_code == 0
    assert shike("verify", "--camera", CAMERA, "--stream", "sub").exit_code == 0
    assert shike("verify", "--camera", CAMERA, "--quick").exit_code == 0
    answer = verified("--stream", "main", "--from", str(rfc3339_us(first.wall_start_us)), "--to", until)
    (camera,) = answer["cameras"]
    assert answer["holds"] and (camera["name"], camera["segments"], camera["files"]) == (front(typed), 1, 1)
    (finding,) = verified()["cameras"][0]["findings"]
    assert (finding["code"], finding["stream"]) == ("file_changed", "main")
    assert (finding["name"], finding["camera_id"]) == (front(typed), CAMERA), "whose it is, however one calls it"


def test_a_file_that_nobody_recorded_is_told_with_its_stream(typed: Filmed) -> None:
    path_of(typed, typed.main[0].key).with_stem("added").write_bytes(b"added")
    (finding,) = verified()["cameras"][0]["findings"]
    assert (finding["code"], finding["stream"]) == ("file_unknown", "main")


def test_a_time_that_was_changed_in_the_database_is_found(typed: Filmed) -> None:
    with typed.service.database.writing() as db:
        db.get_one(SegmentRow, typed.main[0].identity.segment_id).wall_start += timedelta(seconds=1)
    (finding,) = verified()["cameras"][0]["findings"]
    assert (finding["code"], finding["field"]) == ("index_differs", "start_us")


def test_all_cameras_are_looked_at_unless_one_is_named(typed: Filmed) -> None:
    # The small world's cameras have only rows in the index, which no chain confirms.
    done = shike("verify", "--json")
    assert done.exit_code == 1
    found = {camera["name"]: camera for camera in json.loads(done.stdout)["cameras"]}
    assert found[front(typed)]["holds"] and len(found) == 3
    others = [
        finding["code"] for name, camera in found.items() if name != front(typed) for finding in camera["findings"]
    ]
    assert others == ["not_in_chain"] * 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--camera", "nobody"], "0 cameras are called nobody"),
        (["--from", "yesterday"], "no time with a zone"),
        (["--from", "2026-11-20T08:30:00+08:00", "--to", "2026-11-20T08:30:00+08:00"], "ends before it begins"),
        (["--key", __file__], "no public key"),
        (["--timestamp-ca", __file__], "no certificates"),
    ],
)
def test_what_cannot_be_asked_is_said(typed: Filmed, words: list[str], message: str) -> None:
    done = shike("verify", *words)
    assert done.exit_code == 2 and message in done.output


def test_a_range_in_which_nothing_was_recorded_says_so(typed: Filmed) -> None:
    done = shike("verify", "--camera", CAMERA, "--to", "2020-01-01T00:00:00Z")
    assert done.exit_code == 0 and "nothing is recorded there" in done.output


def test_whoever_kept_the_public_key_can_verify_after_the_key_was_replaced(typed: Filmed, tmp_path: Path) -> None:
    kept = tmp_path / "kept.pem"
    assert shike("keys", "export", kept).exit_code == 0
    assert kept.read_text().startswith("-----BEGIN PUBLIC KEY-----")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o644
    before = shike("keys", "show").output.split()[0]
    done = shike("keys", "rotate")
    assert done.exit_code == 0, done.output
    shown = shike("keys", "show").output
    assert shown.split()[0] != before and f"before: {before}" in shown and "PRIVATE" not in shown
    private = sorted((typed.service.settings.keys_dir / "signing").glob("*.pem"))
    assert f"{before}.pem" not in [path.name for path in private]
    typed.archive.chain(CAMERA).append("note", {})
    assert pipeline.checkpoints(typed.service.settings, SystemClock()).beat() == 1
    assert shike("verify", "--camera", CAMERA).exit_code == 0
    assert shike("verify", "--camera", CAMERA, "--key", kept).exit_code == 0


@pytest.mark.parametrize("command", [["keys", "show"], ["keys", "export", "public.pem"], ["keys", "rotate"]])
def test_a_folder_without_a_key_gets_none_by_being_asked_for_it(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIKE_DATA_DIR", "mistaken")
    monkeypatch.setenv("COLUMNS", "400")
    done = shike(*command)
    assert done.exit_code == 1
    assert f"no signing key in {tmp_path / 'mistaken' / 'keys'}; set SHIKE_DATA_DIR" in done.output
    assert list(tmp_path.iterdir()) == []


def test_the_key_that_is_shown_is_told_with_the_folder_it_lies_in(typed: Filmed, tmp_path: Path) -> None:
    folder = str(typed.service.settings.keys_dir.absolute())
    assert folder in shike("keys", "show").output
    assert folder in shike("keys", "export", tmp_path / "public.pem").output


def test_a_change_of_keys_that_was_cut_off_is_finished_by_the_next(
    typed: Filmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bool:
        raise OSError("the volume refuses")

    before = shike("keys", "show").output.split()[0]
    monkeypatch.setattr("shike.api.commands.keys.introduce", refuse)
    done = shike("keys", "rotate")
    assert done.exit_code == 1 and "run this again" in done.output
    monkeypatch.undo()
    monkeypatch.setenv("SHIKE_DATA_DIR", str(typed.service.settings.data_dir))
    after = shike("keys", "show").output.split()[0]
    assert after != before
    assert shike("keys", "rotate").exit_code == 0
    assert shike("keys", "show").output.split()[0] == after
    assert verified()["cameras"][0]["findings"] == []


def test_what_a_volume_has_of_its_own_is_no_camera(typed: Filmed) -> None:
    own = typed.service.settings.footage_dir / "lost+found"
    own.mkdir()
    assert shike("keys", "rotate").exit_code == 0
    assert list(own.iterdir()) == [] and typed.archive.cameras() == [CAMERA]
    own.rmdir()


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_change_of_keys_that_a_full_volume_cut_off_is_made_by_the_next(
    typed: Filmed, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    def refuse_once_full(path: Path, content: bytes) -> None:
        nonlocal written
        if written == 0:
            raise OSError(28, "No space left on device")
        written -= 1
        replace_file(path, content)

    before = shike("keys", "show").output.split()[0]
    with monkeypatch.context() as full:
        full.setattr("shike.capture.proof.signing_keys.replace_file", refuse_once_full)
        done = shike("keys", "rotate")
    assert done.exit_code == 2 and "No space left on device" in done.output
    assert shike("verify", "--camera", CAMERA).exit_code == 0
    done = shike("keys", "rotate")
    assert done.exit_code == 0, done.output
    after = shike("keys", "show").output.split()[0]
    assert after != before and done.output.startswith(after)
    assert verified()["cameras"][0]["findings"] == []
    kept = (typed.service.settings.keys_dir / "signing").glob("*.pem")
    assert [path.stem for path in kept if not path.name.endswith(".pub.pem")] == [after]
    typed.archive.chain(CAMERA).append("note", {})
    assert pipeline.checkpoints(typed.service.settings, SystemClock()).beat() == 1


def test_a_key_is_not_replaced_while_the_footage_is_not_mounted(typed: Filmed) -> None:
    footage, keys = typed.service.settings.footage_dir, typed.service.settings.keys_dir / "signing"
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    mounted = footage.rename(footage.with_name("volume"))
    footage.mkdir()
    for missing in (footage, footage / CAMERA):
        missing.mkdir(exist_ok=True)  # the volume of all footage, or the camera's own
        done = shike("keys", "rotate")
        assert done.exit_code == 2, done.output
        assert str(footage / CAMERA) in done.output and "mount" in done.output
        assert {path.name: path.read_bytes() for path in keys.iterdir()} == before
    typed.archive.chain(CAMERA).append("note", {})  # recorded into the empty folder
    done = shike("keys", "rotate")
    assert done.exit_code == 2 and str(footage / CAMERA) in done.output
    assert {path.name: path.read_bytes() for path in keys.iterdir()} == before
    shutil.rmtree(footage)
    mounted.rename(footage)
    done = shike("keys", "rotate")
    assert done.exit_code == 0, done.output
    assert verified()["cameras"][0]["findings"] == [], "the old key vouches for the new one"


def test_a_key_can_be_replaced_after_chains_were_lost_for_good(typed: Filmed) -> None:
    shutil.rmtree(typed.service.settings.footage_dir / CAMERA / "chain")
    assert shike("keys", "rotate").exit_code == 2
    done = shike("keys", "rotate", "--anyway")
    assert done.exit_code == 0, done.output


def test_a_lost_key_is_named_with_what_to_do(typed: Filmed) -> None:
    named = shike("keys", "show").output.split()[0]
    (typed.service.settings.keys_dir / "signing" / f"{named}.pem").unlink()
    done = shike("keys", "show")
    assert done.exit_code == 2 and named in done.output and "shike keys rotate" in done.output
    assert shike("keys", "rotate").exit_code == 0
    assert [finding["code"] for finding in verified()["cameras"][0]["findings"]] == ["key_unvouched"]


def test_housekeeping_signs_what_is_recorded(filmed: Filmed) -> None:
    chain = filmed.archive.chain(CAMERA)
    halt = Event()
    keeping = Thread(target=pipeline.keep, args=(filmed.service.settings, SystemClock(), halt))
    keeping.start()
    try:
        wait_until(lambda: (head := chain.head()) is not None and head.kind == "checkpoint", "the chain is signed")
        chain.append("note", {})
    finally:
        halt.set()
        keeping.join(20)
    head = chain.head()
    assert not keeping.is_alive() and head is not None and head.kind == "checkpoint"  # signed once more at the end
    assert [link.kind for link in chain.links()].count("checkpoint") == 2


def test_what_a_clean_up_deleted_is_said_and_is_no_fault(typed: Filmed) -> None:
    service, archive = typed.service, typed.archive
    with service.database.writing() as db:
        due = [DueSegment(each, "age") for each in candidates(db, (CAMERA, "main"), [(0, FOR_EVER_US)])][:3]
        assert plan(db, due, {}, service.clock.now()) == 3
    assert list(Deleter(service.database, archive, service.clock, "no").finish()) == [3]
    pipeline.checkpoints(service.settings, SystemClock()).beat()
    answer = verified()
    assert answer["holds"], answer
    codes = [finding["code"] for finding in answer["cameras"][0]["findings"]]
    assert codes.count("deleted_by_rule") == 3 and set(codes) == {"deleted_by_rule"}
