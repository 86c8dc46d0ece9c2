"""The default detector: CenterFace (ONNX, packed by scripts/pack_detector.py) on onnxruntime.

The network's output has one cell per 4 × 4 pixels: a heat map of head centres, the logarithm of each head's size, and
the centre's offset within its cell. Design: docs/design/counting.md. Choice: docs/decisions/0010-default-detector.md.
"""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from shike.attendance.counting.detector import LOWEST_SCORE, Detection, Image
from shike.attendance.counting.errors import ModelDamaged, ModelMissing

Floats = NDArray[np.float32]

MODELS = Path(__file__).parent / "models"
LONG_SIDE_PX = 1280
THRESHOLD = 0.225
CELL_PX = 4
STEP_PX = 32
OVERLAP = 0.3
"""Boxes whose intersection over union is larger than this are one head."""


class CenterFace:
    """CenterFace at a fixed long side. The number of threads is fixed: it limits the cores that counting uses."""

    name = "centerface"

    def __init__(
        self,
        model: Path | None = None,
        *,
        threads: int = 1,
        long_side: int = LONG_SIDE_PX,
        threshold: float = THRESHOLD,
    ) -> None:
        """Load the packed model, or another file of the same kind. ModelMissing, ModelDamaged."""
        weights = read_packed() if model is None else model.read_bytes()
        self.digest = hashlib.sha256(weights).hexdigest()
        self.threshold = threshold
        self._long_side = long_side
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        # Waiting threads sleep. Spinning between two layers would take CPU time from capture.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(weights, options, providers=["CPUExecutionProvider"])

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """Heads with a score of at least LOWEST_SCORE, best first."""
        height, width = image.shape[:2]
        scale = self._long_side / max(height, width)
        scaled = (max(1, round(width * scale)), max(1, round(height * scale)))
        heat, size, offset = self._session.run(["heatmap", "scale", "offset"], {"input.1": prepare(image, scaled)})
        boxes, scores = decode(heat[0, 0], size[0], offset[0])
        # Relative to the scaled size, not to the padded one: the padding is not part of the picture.
        boxes = np.clip(boxes / np.array([*scaled, *scaled], dtype=np.float32), 0.0, 1.0)
        return tuple(
            Detection(float(x0), float(y0), float(x1), float(y1), float(scores[index]))
            for index in distinct(boxes, scores)
            for x0, y0, x1, y1 in [boxes[index]]
            if x0 < x1 and y0 < y1
        )


def read_packed() -> bytes:
    """The model that was packed at build time, checked against the digest in the file beside it."""
    try:
        weights = (MODELS / "centerface.onnx").read_bytes()
        expected = json.loads((MODELS / "centerface.json").read_bytes())["sha256"]
    except FileNotFoundError as error:
        raise ModelMissing(
            f"the default detector is not packed: {error.filename} is missing",
            hint="run `make`, or python scripts/pack_detector.py, in the checkout; a released wheel holds the file",
        ) from error
    if hashlib.sha256(weights).hexdigest() != expected:
        raise ModelDamaged(
            "the default detector is not the file that was packed",
            hint="delete the folder attendance/counting/models and pack it again, or reinstall the wheel",
        )
    return weights


def prepare(image: Image, scaled: tuple[int, int]) -> Floats:
    """A picture as the network's input: 1 × 3 × rows × columns, RGB 0..255, padded with black to multiples of 32.

    `scaled`: width and height of the picture within the input. It is padded, not stretched, so that boxes keep their
    positions.
    """
    width, height = scaled
    shrinks = width < image.shape[1]
    resized = cv2.resize(image, scaled, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    columns, rows = (-(-side // STEP_PX) * STEP_PX for side in scaled)
    padded = cv2.copyMakeBorder(resized, 0, rows - height, 0, columns - width, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    return np.asarray(cv2.dnn.blobFromImage(padded, swapRB=True), dtype=np.float32)


def decode(heat: Floats, size: Floats, offset: Floats) -> tuple[Floats, Floats]:
    """Boxes (n × 4, pixels of the network's input) and scores (n) of all cells from LOWEST_SCORE up.

    `heat`: rows × columns; `size`, `offset`: 2 × rows × columns, vertical before horizontal.
    """
    row, column = np.nonzero(heat >= LOWEST_SCORE)
    tall, wide = np.exp(size[:, row, column]) * CELL_PX
    middle_y = (row + offset[0, row, column] + 0.5) * CELL_PX
    middle_x = (column + offset[1, row, column] + 0.5) * CELL_PX
    corners = (middle_x - wide / 2, middle_y - tall / 2, middle_x + wide / 2, middle_y + tall / 2)
    return np.stack(corners, axis=1).astype(np.float32), heat[row, column]


def distinct(boxes: Floats, scores: Floats) -> list[int]:
    """Indices of one box per head, best score first (greedy non-maximum suppression)."""
    area: Floats = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    left: NDArray[np.intp] = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while left.size:
        best, rest = left[0], left[1:]
        kept.append(int(best))
        near = np.maximum(boxes[best, :2], boxes[rest, :2])
        far = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.prod(np.clip(far - near, 0.0, None), axis=1)
        union = np.maximum(area[best] + area[rest] - shared, np.finfo(np.float32).tiny)
        left = rest[shared / union <= OVERLAP]
    return kept
