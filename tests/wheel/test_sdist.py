"""A wheel that is built from the sdist is the same as one that is built from the tree."""

import subprocess
import sys
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parents[2]


def built(tree: Path, into: Path, target: str) -> Path:
    """Build one target of a source tree; returns the file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True)
    (file,) = into.iterdir()
    return file


def contents(wheel: Path) -> dict[str, str]:
    """The digest of every file of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


def test_the_wheel_from_the_sdist_contains_the_same_files(tmp_path: Path) -> None:
    from_tree = contents(built(ROOT, tmp_path / "tree", "wheel"))
    sdist = built(ROOT, tmp_path / "sdist", "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert contents(built(unpacked, tmp_path / "again", "wheel")) == from_tree
    assert "shike/capture/recorder/shard.py" in from_tree


def test_an_sdist_contains_each_file_once_and_only_the_product(tmp_path: Path) -> None:
    with tarfile.open(built(ROOT, tmp_path / "sdist", "sdist")) as archive:
        names = [Path(*Path(name).parts[1:]).as_posix() for name in archive.getnames()]
    tops = {Path(name).parts[0] for name in names}
    assert tops == {"src", "sample_videos", "LICENSE", "README.md", "pyproject.toml", "PKG-INFO", ".gitignore"}
    assert len(names) == len(set(names))
    assert not any("node_modules" in name or "__pycache__" in name for name in names)
