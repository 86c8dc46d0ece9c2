"""Today's code reads the files and the database of every earlier release.

The installations are made by scripts/keep_release.py when a release is made (docs/releasing.md), and never again. Each
was ended as a power cut ends one: a segment is open, a record waits in the spool.
"""

import json
import sqlite3
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest
from typer.testing import CliRunner

from shike.api.commands.cli import app
from shike.api.processes.intake import Intake
from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool
from shike.capture.recorder.recovery import recover_all
from tests.api.service import Service

RELEASES = sorted(Path(__file__).parent.glob("*.tar.gz"))
SEGMENTS = "SELECT id, run_id, sequence, object_key, wall_start, wall_end, size, digest, link FROM segment ORDER BY id"


@dataclass(frozen=True)
class Kept:
    """A release's data folder, and the answers of its service."""

    data: Path
    about: Mapping[str, Any]

    @property
    def camera(self) -> str:
        return str(self.about["ids"]["camera"])

    def segments(self) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.data / "db" / "shike.sqlite3") as database:
            return database.execute(SEGMENTS).fetchall()


@pytest.fixture(params=RELEASES, ids=lambda path: path.name.removesuffix(".tar.gz"))
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    data = tmp_path / "data"
    monkeypatch.setenv("SHIKE_DATA_DIR", str(data))
    return Kept(data, json.loads((data / "facts.json").read_text(encoding="utf-8")))


@pytest.fixture
def service(kept: Kept) -> Iterator[Service]:
    """Today's service on that data folder; starting it migrates the database."""
    with Service(kept.data) as running:
        yield running


def lacking(then: Any, now: Any, path: str = "") -> Iterator[str]:
    """Fields of the old answer that today's answer lacks or changes. Additional fields are allowed."""
    if isinstance(then, dict):
        for name, value in then.items():
            if not isinstance(now, dict) or name not in now:
                yield f"{path}/{name} is gone"
            else:
                yield from lacking(value, now[name], f"{path}/{name}")
    elif isinstance(then, list):
        if not isinstance(now, list) or len(now) != len(then):
            yield f"{path}: {then!r} became {now!r}"
        else:
            for at, (old, new) in enumerate(zip(then, now, strict=True)):
                yield from lacking(old, new, f"{path}/{at}")
    elif then != now:
        yield f"{path}: {then!r} became {now!r}"


def recovered(kept: Kept, service: Service) -> int:
    """Close open segments, and index all records in the spool; returns how many segments were indexed."""
    archive, spool = Archive(kept.data / "footage"), Spool(kept.data / "spool")
    assert recover_all(archive, spool) == 2  # main and sub-stream
    return Intake(service.database, archive, spool, service.clock).step()


def run(*words: str) -> Mapping[str, Any]:
    """The JSON that a command prints."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    printed: Mapping[str, Any] = json.loads(result.stdout)
    return printed


def test_there_is_an_installation_of_every_release() -> None:
    changelog = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
    dated = {line.split("]")[0].removeprefix("## [") for line in changelog.splitlines() if line.startswith("## [")}
    assert {path.name.removesuffix(".tar.gz") for path in RELEASES} == dated - {"Unreleased"}


def test_the_service_gives_the_answers_of_that_release(kept: Kept, service: Service) -> None:
    client = service.client("administrator")
    changed = []
    for path, fact in kept.about["facts"].items():
        answer = client.get(path, params=fact["query"])
        assert answer.status_code == 200, (path, answer.text)
        changed += [f"{path}: {each}" for each in lacking(fact["answer"], answer.json())]
    assert changed == []


def test_open_segments_and_waiting_records_are_indexed(kept: Kept, service: Service) -> None:
    before = len(kept.segments())
    assert recovered(kept, service) == 3
    assert len(kept.segments()) == before + 3


def test_all_of_its_footage_can_be_decoded(kept: Kept, service: Service) -> None:
    recovered(kept, service)
    for *_, key, _start, _end, _size, _digest, _link in kept.segments():
        with av.open(str(kept.data / "footage" / key)) as container:
            assert sum(1 for _ in container.decode(video=0)) > 0, key


def test_its_proof_still_holds(kept: Kept, service: Service) -> None:
    recovered(kept, service)
    report = run("verify", "--camera", kept.camera, "--json")
    assert report["holds"] is True, report


def test_the_index_can_be_rebuilt_from_its_files(kept: Kept, service: Service) -> None:
    recovered(kept, service)
    before = kept.segments()
    with sqlite3.connect(kept.data / "db" / "shike.sqlite3") as database:
        database.execute("DELETE FROM segment")
    assert CliRunner().invoke(app, ["footage", "rebuild", "--camera", kept.camera]).exit_code == 0
    assert kept.segments() == before


def test_a_removed_or_changed_field_is_noticed() -> None:
    then = {"a": 1, "b": [{"c": 2}]}
    assert list(lacking(then, {"a": 1, "b": [{"c": 2, "d": 3}]})) == []
    assert list(lacking(then, {"a": 2, "b": [{}]})) == ["/a: 1 became 2", "/b/0/c is gone"]
