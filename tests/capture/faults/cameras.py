"""The faulty cameras: one for each fault."""

from collections.abc import Mapping

from shike.camera_sim import Faults

from .faulty_cameras import Change, FaultyCamera, Setup

HOUR_US = 3_600_000_000
WRAPS_IN_S = 8.0
DRIFT_PPM = 200


def having(**fields: object) -> Change:
    """A change that sets fields of a camera's faults."""

    def change(of: Faults) -> None:
        for name, value in fields.items():
            assert hasattr(of, name), name
            setattr(of, name, value)

    return change


def faulty_cameras(setup: Setup) -> Mapping[str, FaultyCamera]:
    """All faulty cameras by name. All their changes come within eight seconds."""
    large, retuned = setup.clips["large"], setup.clips["retuned"]
    return {
        "udp": FaultyCamera(at_first=having(transports=("udp",))),
        "udp-silent": FaultyCamera(
            at_first=having(transports=("udp",)), changes=((2, having(silent=True)), (6, having(silent=False)))
        ),
        "silent": FaultyCamera(changes=((2, having(silent=True)), (6, having(silent=False)))),
        "trickle": FaultyCamera(changes=((2, having(trickle_bytes_s=10)), (7, having(trickle_bytes_s=None)))),
        "cut": FaultyCamera(changes=((2, having(cut=True)),)),
        "refused-401": FaultyCamera(at_first=having(refuse=401), changes=((1, having(refuse=None)),)),
        "refused-404": FaultyCamera(at_first=having(refuse=404), changes=((1, having(refuse=None)),)),
        "refused-453": FaultyCamera(at_first=having(refuse=453), changes=((1, having(refuse=None)),)),
        "crowded": FaultyCamera(at_first=having(viewers=2), changes=((1, lambda _: setup.viewers.pop().close()),)),
        "reboot": FaultyCamera(changes=((2, having(down=True, show=large)), (4, having(down=False)))),
        "resolution": FaultyCamera(changes=((3, having(show=large)),)),
        "resolution-reconnect": FaultyCamera(changes=((3, having(show=large, cut=True)),)),
        "retuned": FaultyCamera(changes=((3, having(show=retuned)),)),
        "untimed": FaultyCamera(changes=((3, having(untimed_frames=4)),)),
        "stuck": FaultyCamera(changes=((3, having(untimed_frames=54)),)),
        "backward": FaultyCamera(changes=((3, having(backward_frames=4)),)),
        "hour-later": FaultyCamera(changes=((3, having(shift_us=HOUR_US)),)),
        "hour-earlier": FaultyCamera(changes=((3, having(shift_us=-HOUR_US)),)),
        "wrap": FaultyCamera(at_first=having(wraps_in_s=WRAPS_IN_S)),
        "drift": FaultyCamera(at_first=having(drift_ppm=DRIFT_PPM)),
        "garbage": FaultyCamera(changes=((3, having(garbage=4000)),)),
        "b-frames": FaultyCamera("reordered"),
        # The last change changes nothing: it waits until three lengths of a segment have passed.
        "long-groups": FaultyCamera("long-groups", at_first=having(at_once=True), changes=((7.5, having()),)),
        "hevc": FaultyCamera("hevc"),
        "hevc-b-frames": FaultyCamera("hevc-reordered"),
        "pcma": FaultyCamera(audio="pcma"),
        "pcmu": FaultyCamera(audio="pcmu"),
        "aac": FaultyCamera(audio="aac"),
        "aac-adts": FaultyCamera(audio="aac-adts"),
        "aac-latm": FaultyCamera(audio="aac-latm"),
        "mute": FaultyCamera(audio="pcma", at_first=having(mute=True)),
    }
