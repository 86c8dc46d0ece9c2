"""A module of tables brings the tables that its foreign keys name: a process may import that module alone."""

import subprocess
import sys

import pytest

MODULES = [
    *(f"shike.attendance.tables.{name}" for name in ("registry", "footage", "counting", "training")),
    *(f"shike.attendance.tables.{name}" for name in ("recording", "retention", "judgement")),
    *("shike.api.auth.tables", "shike.api.auth.audit", "shike.subsidy.tables"),
]
RESOLVE = """
import {module}
from shike.attendance.tables.base import Base
print(len([key.column for table in Base.metadata.tables.values() for key in table.foreign_keys]))
"""


@pytest.mark.parametrize("module", MODULES)
def test_every_foreign_key_leads_to_a_table(module: str) -> None:
    command = [sys.executable, "-c", RESOLVE.format(module=module)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and int(done.stdout) >= 0, done.stderr
