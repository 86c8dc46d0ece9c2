"""Parameters have dates and sources, and a missing value is an error."""

import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shike.subsidy.errors import BadParameter, NoValueYet, UnknownParameter
from shike.subsidy.parameters import parse, shipped

EVERY = sorted(shipped().by_id)
GOOD = """
id: rate
unit: fen
clause: S05
source: 全人社发〔2020〕63号
quote: 按人均 1200 元标准
values:
  - {from: 2020-05-16, value: 120000}
  - {from: 2027-01-01, value: 150000}
"""


@given(st.sampled_from(EVERY), st.dates(min_value=date(2015, 1, 1), max_value=date(2060, 1, 1)))
def test_a_parameter_has_a_value_from_its_first_date_on_and_none_before(name: str, day: date) -> None:
    parameter = shipped().by_id[name]
    first = parameter.values[0]
    key = next(iter(first.amount)) if not isinstance(first.amount, int | str | Decimal | None) else None
    if day < first.since:
        with pytest.raises(NoValueYet):
            parameter.on(day, key)
    else:
        assert parameter.on(day, key).since <= day


@pytest.mark.parametrize("name", EVERY)
def test_a_parameter_cites_the_notice_or_says_that_it_is_a_setting_of_a_locality(name: str) -> None:
    parameter = shipped().by_id[name]
    if parameter.source == "setting":
        assert parameter.locality == "全椒县"
    else:
        assert (parameter.source, bool(parameter.clause), bool(parameter.quote)) == ("全人社发〔2020〕63号", True, True)


def test_the_amounts_are_those_of_the_notice_in_fen() -> None:
    day = date(2026, 10, 12)
    levels = ("中级工", "高级工", "技师", "高级技师")
    assert shipped().on("new_hire_rate", day).whole == 120_000
    assert [shipped().on("upgrade_rate", day, level).whole for level in levels] == [150_000, 200_000, 350_000, 500_000]


def test_a_level_without_a_rate_is_an_error_and_not_zero() -> None:
    with pytest.raises(UnknownParameter, match="初级工"):
        shipped().on("upgrade_rate", date(2026, 10, 12), "初级工")


def test_a_new_value_holds_from_its_day_on() -> None:
    rate = parse(GOOD, "rate")
    change = date(2027, 1, 1)
    assert rate.on(change - timedelta(days=1)).whole == 120_000
    assert rate.on(change).whole == 150_000


@pytest.mark.parametrize(
    ("written", "instead", "complaint"),
    [
        ("id: rate", "id: other", "another id"),
        ("unit: fen", "unit: yuan", "unit other than"),
        ("value: 120000", "value: 1200.00", "whole number of fen"),
        ("value: 120000", "value: -1", "whole number of fen"),
        ("value: 120000", "value: true", "whole number of fen"),
        ("from: 2020-05-16", "from: 2028-05-16", "out of order"),
        ("from: 2020-05-16", "from: spring", "not a date"),
        ("source: 全人社发〔2020〕63号", "source: setting", "without a locality"),
        ("clause: S05", "remark: S05", "known fields"),
        ("quote: 按人均 1200 元标准", "quote: ''", "without clause and quote"),
        ("unit: fen", "unit: share", "share that is not text"),
        ("id: rate", "id: [", "not YAML"),
    ],
)
def test_an_invalid_parameter_file_is_refused(written: str, instead: str, complaint: str) -> None:
    assert written in GOOD
    with pytest.raises(BadParameter, match=complaint):
        parse(GOOD.replace(written, instead), "rate")


def test_the_rules_load_nothing_but_the_standard_library_a_yaml_reader_and_their_room() -> None:
    code = (
        "import sys; before = set(sys.modules); import shike.subsidy.rules; "
        "print(*{name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)); "
        "print(*(name for name in sys.modules if name.startswith('shike.') and 'subsidy' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages, rooms = done.stdout.splitlines()
    foreign = {name for name in packages.split() if "cython" not in name}  # the YAML reader's own machinery
    assert foreign <= {"shike", "yaml", "_yaml"}
    assert rooms == ""
