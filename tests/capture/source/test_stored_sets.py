"""Both readers store the same bytes of parameter sets, so that an export can span a change of readers."""

import io
from pathlib import Path

import av
import pytest

from shike.camera_sim import CameraSim
from shike.capture.clock import SystemClock
from shike.capture.mp4.parameters import stored_sets
from shike.capture.recorder.segmenter import RunMux
from shike.capture.source.address import Address
from shike.capture.source.ffmpeg import FFmpegSource
from shike.capture.source.open_stream import Source
from shike.capture.source.opening import open_camera
from tests.capture.faults import clips as coded


def record(init: bytes) -> tuple[bytes, str]:
    """The codec configuration record in the file, and the codec's name."""
    with av.open(io.BytesIO(init), "r", format="mp4") as container:
        context = container.streams.video[0].codec_context
        return context.extradata or b"", context.name


def stored_by(source: Source) -> bytes:
    with source:
        return record(RunMux.init_section(source.video, None, None))[0]


def test_both_readers_store_the_same_parameter_sets(sim: CameraSim) -> None:
    address = Address("127.0.0.1", sim.port, "/hall/main")
    plain = stored_by(open_camera(address, SystemClock(), 5.0))
    assert plain == stored_by(FFmpegSource.open_camera(address, SystemClock(), 5.0, None))


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_zeros_after_a_parameter_set_are_ignored(codec: str, tmp_path: Path) -> None:
    coded.write(tmp_path / "clip.mp4", coded.Kind(codec=codec, gop_frames=12))
    whole, name = record((tmp_path / "clip.mp4").read_bytes())
    sets = stored_sets(whole, name)
    assert len(sets) >= 2 and all(each and each in whole for each in sets)
    last = sets[1 if name == "h264" else -1]
    counted = len(last).to_bytes(2)
    longer = whole.replace(counted + last, (len(last) + 1).to_bytes(2) + last + b"\0")
    assert longer != whole and stored_sets(longer, name) == sets
    other = whole.replace(counted + last, counted + last[:-1] + bytes([last[-1] ^ 0x40]))
    assert stored_sets(other, name) != sets


@pytest.mark.parametrize("name", ["h264", "hevc"])
def test_bytes_that_are_no_configuration_record_are_compared_as_a_whole(name: str) -> None:
    for broken in (b"", b"\1", b"\1" * 23, b"\xff" * 40):
        assert stored_sets(broken, name) == (broken,)
