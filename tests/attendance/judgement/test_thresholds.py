"""Limits have dates and sources and are complete; anything else is an error."""

from datetime import date
from pathlib import Path

import pytest

from shike.attendance.judgement.thresholds import (
    LIMITS,
    BadThresholds,
    NoThresholds,
    edition_in_force,
)

DEFAULT = (LIMITS / "default.yaml").read_text(encoding="utf-8")


def test_a_date_before_the_first_edition_is_an_error() -> None:
    with pytest.raises(NoThresholds):
        edition_in_force(date(2018, 12, 31))
    assert edition_in_force(date(2019, 1, 1)).version == "default-1"


def test_every_edition_has_a_source() -> None:
    assert edition_in_force(date(2026, 11, 23)).source


def test_the_nearest_locality_with_limits_of_its_own_decides(tmp_path: Path) -> None:
    (tmp_path / "default.yaml").write_text(DEFAULT, encoding="utf-8")
    county = DEFAULT.replace("locality: default", "locality: 全椒县").replace("default-1", "quanjiao-1")
    (tmp_path / "quanjiao.yaml").write_text(county, encoding="utf-8")
    assert edition_in_force(date(2026, 1, 1), ["全椒县", "滁州市"], tmp_path).version == "quanjiao-1"
    assert edition_in_force(date(2026, 1, 1), ["滁州市"], tmp_path).version == "default-1"


@pytest.mark.parametrize(
    ("text", "instead"),
    [("camera_down_s: 60", "camera_down: 60"), ("camera_down_s: 60", "camera_down_s: soon"), ("2019-01-01", "once")],
)
def test_the_error_of_a_malformed_file_names_the_fault(tmp_path: Path, text: str, instead: str) -> None:
    (tmp_path / "default.yaml").write_text(DEFAULT.replace(text, instead), encoding="utf-8")
    with pytest.raises(BadThresholds, match=r"default\.yaml"):
        edition_in_force(date(2026, 1, 1), (), tmp_path)
