"""Which shard records which stream."""

from hypothesis import given
from hypothesis import strategies as st

from shike.capture.archive.segment import StreamKey
from shike.capture.recorder.assignment import assign

KEYS: list[StreamKey] = [(f"c{number}", "main" if number % 2 else "sub") for number in range(40)]
WANTED = st.lists(st.sampled_from(KEYS), unique=True)


@given(st.lists(WANTED, min_size=1, max_size=6), st.integers(1, 8))
def test_every_stream_has_one_shard_none_is_too_full_and_nothing_moves(steps: list[list[StreamKey]], most: int) -> None:
    plan: dict[str, set[StreamKey]] = {}
    for wanted in steps:
        before, plan = plan, assign(wanted, plan, most)
        assert sorted(key for keys in plan.values() for key in keys) == sorted(wanted)
        assert all(0 < len(keys) <= most for keys in plan.values())
        for name, keys in before.items():
            assert keys & set(wanted) <= plan.get(name, set())


def test_new_streams_go_to_the_emptiest_shard_and_then_to_a_new_one() -> None:
    plan = {"s0": set(KEYS[:3]), "s1": set(KEYS[3:4])}
    plan = assign(KEYS[:6], plan, 3)
    assert plan["s1"] == set(KEYS[3:6])
    assert set(assign(KEYS[:7], plan, 3)) == {"s0", "s1", "s2"}
