"""The script that packs the default detector at build time."""

import subprocess
import sys
import time
from pathlib import Path

import onnxruntime as ort

from shike.attendance.counting.centerface import MODELS, CenterFace

SCRIPT = Path(__file__).parents[3] / "scripts" / "pack_detector.py"


def test_a_second_run_finds_the_model_in_place_and_leaves_it_alone(centerface: CenterFace) -> None:
    before = (MODELS / "centerface.onnx").stat().st_mtime_ns
    started = time.monotonic()
    subprocess.run([sys.executable, str(SCRIPT)], check=True, timeout=30)
    assert time.monotonic() - started < 5
    assert (MODELS / "centerface.onnx").stat().st_mtime_ns == before


def test_the_packed_model_takes_any_size_and_gives_no_facial_landmarks() -> None:
    session = ort.InferenceSession(MODELS / "centerface.onnx", providers=["CPUExecutionProvider"])
    assert [entry.shape for entry in session.get_inputs()] == [["batch", 3, "height", "width"]]
    assert [entry.name for entry in session.get_outputs()] == ["heatmap", "scale", "offset"]
