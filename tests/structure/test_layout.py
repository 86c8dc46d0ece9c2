"""Where things lie: rooms at the top, folders of nouns inside them, tests in folders of the same names."""

from collections import defaultdict
from pathlib import Path

from .rooms import ROOMS, ROOT, modules, shown

MOST_MODULES = 20
MOST_LINES = 400
# Folders in tests/<room> with shared test code: no folder of the room has their names.
OF_TESTS_ALONE = {"tests/capture/faults", "tests/capture/faulty", "tests/api/processes/loaded"}
# The file name begins like its folder because that is the word of the domain.
WORDS = {"api/classes/class_sessions.py": "a class session (课次) is one word"}


def folders_of(*tops: str) -> dict[Path, list[Path]]:
    """The modules of every folder, without its __init__.py."""
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in modules(*tops):
        if path.name != "__init__.py":
            folders[path.parent].append(path)
    return folders


def test_the_rooms_are_real_folders_at_the_top_and_links_below_the_import_name() -> None:
    links = {path.name: path for path in (ROOT / "src" / "shike").iterdir() if path.is_dir() and path.name[0] != "_"}
    assert set(links) == set(ROOMS)
    for room, link in links.items():
        assert link.is_symlink(), f"src/shike/{room} must be a link"
        assert link.readlink().as_posix() == f"../../{room}"
        assert (ROOT / room).is_dir() and not (ROOT / room).is_symlink()


def test_no_folder_holds_more_modules_than_a_reader_can_take_in() -> None:
    large = {shown(folder): len(paths) for folder, paths in folders_of(*ROOMS, "tests").items()}
    assert {name: count for name, count in large.items() if count > MOST_MODULES} == {}


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    lines = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules(*ROOMS, "tests")}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_no_file_repeats_the_name_of_its_folder() -> None:
    repeating = []
    for folder, paths in folders_of(*ROOMS).items():
        noun = folder.name.removesuffix("es") if folder.name.endswith("sses") else folder.name.removesuffix("s")
        repeating += [shown(path) for path in paths if path.stem in (folder.name, noun)]
        repeating += [shown(path) for path in paths if path.stem.startswith((f"{folder.name}_", f"{noun}_"))]
    assert set(repeating) == set(WORDS)


def test_the_tests_lie_in_folders_of_the_same_names() -> None:
    unknown = set()
    for room in ROOMS:
        for folder in (path for path in (ROOT / "tests" / room).rglob("*") if path.is_dir()):
            holds_tests = any(folder.glob("test_*.py"))
            if holds_tests and not (ROOT / folder.relative_to(ROOT / "tests")).is_dir():
                unknown.add(shown(folder))
    assert unknown - OF_TESTS_ALONE == set()
