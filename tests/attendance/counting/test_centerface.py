"""The packed default detector."""

import json
import shutil
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select

from shike.api.database import Database
from shike.attendance.counting import centerface as module
from shike.attendance.counting.centerface import CenterFace, decode, distinct
from shike.attendance.counting.detector import LOWEST_SCORE, Detector, Image
from shike.attendance.counting.errors import ModelDamaged, ModelMissing
from shike.attendance.counting.worker import Counter, CountingOptions
from shike.attendance.tables.counting import SampleRow
from shike.capture.archive.files import Archive
from shike.capture.archive.spool import Spool

from .conftest import FRONT
from .recording import HandClock, Recording, keep, write_video

Floats = NDArray[np.float32]


@pytest.mark.parametrize(("height", "width"), [(720, 1280), (1080, 1920), (360, 640), (641, 333), (32, 32)])
def test_it_takes_pictures_of_any_size_and_keeps_boxes_within_them(
    centerface: CenterFace, height: int, width: int
) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (height, width, 3), dtype=np.uint8)
    detector: Detector = centerface
    for detection in detector.detect(noise):
        assert 0 <= detection.x0 < detection.x1 <= 1
        assert 0 <= detection.y0 < detection.y1 <= 1
        assert LOWEST_SCORE <= detection.score <= 1


def test_it_finds_nobody_on_a_grey_wall(centerface: CenterFace) -> None:
    wall = np.full((720, 1280, 3), 120, np.uint8)
    assert [detection for detection in centerface.detect(wall) if detection.score >= centerface.threshold] == []


def test_its_digest_is_that_of_the_packed_model(centerface: CenterFace) -> None:
    noted = json.loads((module.MODELS / "centerface.json").read_bytes())
    assert centerface.digest == noted["sha256"]
    assert (module.MODELS / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_a_model_that_is_missing_says_how_to_pack_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MODELS", tmp_path)
    with pytest.raises(ModelMissing) as caught:
        CenterFace()
    assert "pack_detector" in caught.value.hint


def test_a_model_whose_bytes_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(module.MODELS, tmp_path / "models")
    with (tmp_path / "models" / "centerface.onnx").open("ab") as model:
        model.write(b"\0")
    monkeypatch.setattr(module, "MODELS", tmp_path / "models")
    with pytest.raises(ModelDamaged):
        CenterFace()


def test_a_hot_cell_becomes_a_box_around_its_centre() -> None:
    heat: Floats = np.zeros((10, 20), np.float32)
    heat[4, 8] = 0.8
    size: Floats = np.zeros((2, 10, 20), np.float32)
    size[:, 4, 8] = np.log([5, 3])
    offset: Floats = np.zeros((2, 10, 20), np.float32)
    offset[:, 4, 8] = [0.25, -0.25]
    boxes, scores = decode(heat, size, offset)
    middle_x, middle_y = (8 - 0.25 + 0.5) * 4, (4 + 0.25 + 0.5) * 4
    np.testing.assert_allclose(boxes, [[middle_x - 6, middle_y - 10, middle_x + 6, middle_y + 10]], rtol=1e-5)
    np.testing.assert_allclose(scores, [0.8])


def test_the_best_of_several_boxes_over_one_head_is_kept() -> None:
    boxes: Floats = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]], np.float32)
    assert distinct(boxes, np.array([0.5, 0.9, 0.3], np.float32)) == [1, 2]


def in_720p(picture: Image) -> Image:
    return np.asarray(cv2.resize(picture, (1280, 720), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.fixture
def classroom(real_set: Path, tmp_path: Path) -> Path:
    """A video of the real classroom in 720p."""
    with av.open(str(real_set / "intel-classroom.gif")) as gif:
        clip = [in_720p(frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)) for frame in gif.decode(video=0)]
    return write_video(tmp_path / "classroom.mp4", clip * 8, fps=15, gop_s=1)


@pytest.mark.real
def test_four_people_of_a_real_classroom_are_counted_from_recorded_h264(
    classroom: Path,
    centerface: CenterFace,
    archive: Archive,
    spool: Spool,
    database: Database,
    options: CountingOptions,
    clock: HandClock,
) -> None:
    recording = Recording(classroom, FRONT, archive, spool)
    recording.go_on(60)
    recording.finish()
    keep(database, archive, spool, clock)
    counter = Counter(archive, database, centerface, options, clock)
    while counter.turn():
        pass
    with database.reading() as db:
        numbers = list(db.scalars(select(SampleRow.count).order_by(SampleRow.picture_at)))
    assert len(numbers) >= 10
    assert sum(count == 4 for count in numbers) >= 0.8 * len(numbers), numbers
