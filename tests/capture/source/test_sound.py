"""Errors in a camera's audio, and that the other audio and the pictures are kept."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from shike.camera_sim import CameraSim, Mount, SimConfig
from shike.capture.archive.files import Archive
from shike.capture.mp4.audio import has_audio
from shike.capture.mp4.boxes import walk
from shike.capture.source.audio import AudioTrack, Frame, Sound
from tests.recorded import position, sent_frames, strips, wait_until, whole_run
from tests.recording import camera_thread, sharing

RATE = 16_000
S = 1_000_000
FRAME_US = 64_000  # 1024 samples


def audio_in(path: Path, options: dict[str, str]) -> InputContainer:
    """An MPEG-TS file with 1.3 s of AAC."""
    with av.open(str(path), "w", format="mpegts", options=options) as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        samples = np.zeros((1, 1024), np.float32)
        for number in range(20):
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, number * 1024, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return av.open(str(path))


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[AudioStream]:
    with audio_in(tmp_path / "audio.ts", {}) as container:
        yield container.streams.audio[0]


def test_aac_in_latm_without_a_header_for_mp4_is_dropped(tmp_path: Path) -> None:
    with audio_in(tmp_path / "latm.ts", {"mpegts_flags": "latm"}) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name == "aac_latm"
        assert Sound(stream, "transcode").state == "dropped_codec"


def packet_at(stream: AudioStream, media_us: int) -> "Packet[AudioStream]":
    packet: Any = Packet(b"\x01" * 32)
    packet.stream, packet.time_base = stream, Fraction(1, S)
    packet.pts = packet.dts = media_us
    return packet  # type: ignore[no-any-return]


def test_frames_from_before_a_step_of_the_cameras_clock_are_not_placed_by_the_clock_after_it(
    stream: AudioStream,
) -> None:
    sound = Sound(stream, "transcode")
    media = [0, 20_000_000, *(number * FRAME_US for number in range(1, 40))]
    for number, media_us in enumerate(media):
        sound.take(packet_at(stream, media_us), 100 * S + number * FRAME_US, number * FRAME_US)
    placed = [frame.wall_us - 100 * S for frame in sound.frames()]
    assert len(placed) >= 39
    assert placed == sorted(placed) and placed[-1] < len(media) * FRAME_US + S


def bytes_of_frames(part: bytes) -> int:
    """The number of bytes of frames in the audio part of a fragment."""
    return sum(box.end - box.body for box in walk(part) if box.kind == b"mdat")


def test_a_frame_from_the_future_does_not_remove_the_frames_after_it(
    stream: AudioStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = Sound(stream, "transcode")
    track = AudioTrack(sound, 0)
    walls = [0, FRAME_US, 3600 * S, *(number * FRAME_US for number in range(2, 6))]
    monkeypatch.setattr(sound, "frames", lambda: [Frame(b"x", wall_us, 1024) for wall_us in walls])
    assert bytes_of_frames(track.part(6 * FRAME_US)) == 6


def test_audio_that_mp4_has_no_header_for_is_dropped_and_the_pictures_are_recorded(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Sound, container: OutputContainer) -> None:
        raise ValueError("this codec is not supported")

    monkeypatch.setattr(Sound, "add_to", refuse)
    mount = Mount("hall/main", clips / "hall-main.mp4", audio="aac")
    with CameraSim(SimConfig((mount,), log=tmp_path / "sent.jsonl", report_every_s=0.5)) as sim:
        recording = sharing(tmp_path)
        thread = camera_thread(sim, recording)
        thread.wanted = replace(thread.wanted, audio=True)
        thread.start()
        wait_until(lambda: thread.health.audio == "failed" and thread.health.state == "recording", "pictures alone", 20)
        thread.stop()
        thread.join(20)
    records = list(recording.spool.pending())
    assert records and not any(has_audio(Archive(tmp_path / "footage").read(r.key, 0, r.init_size)) for r in records)
    position(sent_frames(tmp_path / "sent.jsonl"), strips(whole_run(recording.archive, records)))
