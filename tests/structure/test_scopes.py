"""Routes read rows of an institution only through `visible` and `load` of api/auth/scopes.py, or say why not."""

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from shike.api.auth.scopes import SCOPES
from shike.attendance.tables.base import Base
from tests.structure.row_queries import row_queries
from tests.structure.unscoped import UNSCOPED

ROOT = Path(__file__).parents[2]
# What no route calls: commands and processes act for the installation, migrations know no viewer.
ELSEWHERE = ("api/commands/", "api/processes/", "api/demo/", "api/migrations/", "api/static/")
THE_SCOPED_QUERY = "api/auth/scopes.py"
NOT_OF_AN_INSTITUTION = {
    "LeaseRow": "Leases of recorders; no route shows them.",
    "LoginSessionRow": "Belongs to an account and holds the hash of a token; no route shows it.",
}


def modules() -> Iterator[str]:
    for file in sorted((ROOT / "api").rglob("*.py")):
        path = file.relative_to(ROOT).as_posix()
        if path != THE_SCOPED_QUERY and not path.startswith(ELSEWHERE):
            yield path


def test_rows_are_read_through_the_scoped_query_or_with_a_reason() -> None:
    allowed = {(each.path, each.function, entity) for each in UNSCOPED for entity in each.entities}
    holes = [
        f"{path}:{query.line}: {query.function} reads {query.entity}"
        for path in modules()
        for query in row_queries((ROOT / path).read_text(encoding="utf-8"))
        if (path, query.function, query.entity) not in allowed
    ]
    assert not holes, "\n".join(
        [
            *holes,
            "Start the query with visible(viewer, Entity), or load(db, viewer, Entity, id), of api/auth/scopes.py.",
            "If no row of a stranger can get out, add an entry with the reason to tests/structure/unscoped.py.",
        ]
    )


def test_every_entry_of_the_list_is_needed_once() -> None:
    found = {
        (path, query.function, query.entity)
        for path in modules()
        for query in row_queries((ROOT / path).read_text(encoding="utf-8"))
    }
    listed = Counter((each.path, each.function, entity) for each in UNSCOPED for entity in each.entities)
    stale = [" ".join(key) for key in listed if key not in found]
    assert not stale, "remove from tests/structure/unscoped.py: " + ", ".join(stale)
    assert max(listed.values()) == 1
    assert all(each.reason.endswith(".") and len(each.reason.split()) > 3 for each in UNSCOPED)


def test_every_table_has_a_scope_or_belongs_to_no_institution() -> None:
    importlib.import_module("shike.api.main")
    tables = {mapper.class_.__name__ for mapper in Base.registry.mappers if mapper.class_.__module__[:6] == "shike."}
    scoped = {entity.__name__ for entity in SCOPES}
    assert tables - scoped == set(NOT_OF_AN_INSTITUTION)


@pytest.mark.parametrize(
    ("body", "entities"),
    [
        ("db.scalars(select(CameraRow))", {"CameraRow"}),
        ("db.scalar(select(func.max(SegmentRow.created_at)))", {"SegmentRow"}),
        ("db.execute(select(RoomRow).join(CameraRow, CameraRow.room_id == RoomRow.id))", {"RoomRow", "CameraRow"}),
        ("db.execute(select(func.count()).select_from(RoomRow))", {"RoomRow"}),
        ("db.get(CameraRow, camera_id)", {"CameraRow"}),
        ("self.db.get_one(tables.CameraRow, camera_id)", {"CameraRow"}),
        ("db.query(AccountRow.id).filter_by(username=name)", {"AccountRow"}),
        ("db.execute(delete(LeaveRow))", {"LeaveRow"}),
        ("db.scalar(select(exists().where(FlagRow.id == flag_id)))", {"FlagRow"}),
        ("aliased(CameraRow)", {"CameraRow"}),
        ("db.execute(text('SELECT * FROM camera'))", {"SQL text"}),
        ("CameraRow.__table__.select()", {"CameraRow"}),
        ("sqlalchemy.select(CameraRow)", {"CameraRow"}),
        ("choose(Lens)", {"CameraRow"}),
        ("select(parameter)", {"parameter"}),
        ("select(exists().where(parameter.camera_id == camera_id))", {"parameter"}),
        ("[db.get(entity, row_id) for entity in entities]", {"entity"}),
        ("visible(viewer, RoomRow).where(RoomRow.id.in_(select(CameraRow.room_id)))", {"CameraRow"}),
        ("select(CameraRow.id, visible(viewer, RoomRow).exists())", {"CameraRow"}),
        ("query = base()\n    query.join(CameraRow, CameraRow.id == SampleRow.camera_id)", {"CameraRow"}),
        # Scoped, or no query.
        ("visible(viewer, CameraRow).where(CameraRow.room_id == room_id)", set()),
        ("visible(viewer, CameraRow).join(RoomRow, RoomRow.id == CameraRow.room_id).add_columns(RoomRow.name)", set()),
        ("query = visible(viewer, CameraRow)\n    query = query.limit(3)\n    query.join(RoomRow)", set()),
        ("select(visible(viewer, LeaveRow).where(LeaveRow.id == leave_id).exists())", set()),
        ("load(db, viewer, CameraRow, camera_id)", set()),
        ("', '.join(names)", set()),
        ("names.get(parameter)", set()),
        ("CameraRow(name=name)", set()),
    ],
)
def test_the_finder_sees_queries_that_do_not_start_with_the_scoped_query(body: str, entities: set[str]) -> None:
    source = "from shike.attendance.tables.registry import CameraRow as Lens\nfrom sqlalchemy import select as choose\n"
    found = row_queries(f"{source}\ndef route(parameter):\n    {body}\n")
    assert {(query.function, query.entity) for query in found} == {("route", entity) for entity in entities}


def test_the_finder_names_methods_and_module_code_with_their_lines() -> None:
    source = (
        "ALL = select(RoomRow)\nclass A:\n    FIRST = select(RunRow)\n    def rows(self):\n        select(FlagRow)\n"
    )
    found = [(query.function, query.entity, query.line) for query in row_queries(source)]
    assert found == [("<module>", "RoomRow", 1), ("<module>", "RunRow", 3), ("A.rows", "FlagRow", 5)]
