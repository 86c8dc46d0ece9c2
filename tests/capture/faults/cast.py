"""Who misbehaves, and how: one camera for each fault."""

from collections.abc import Mapping

from shike.camera_sim import Faults

from .house import Act, Misbehaving, Stage

HOUR_US = 3_600_000_000
WRAPS_IN_S = 8.0
DRIFT_PPM = 200


def doing(**faults: object) -> Act:
    """Set fields of a camera's faults."""

    def act(of: Faults) -> None:
        for name, value in faults.items():
            assert hasattr(of, name), name
            setattr(of, name, value)

    return act


def cast(stage: Stage) -> Mapping[str, Misbehaving]:
    """All of them. Each does its worst within eight seconds."""
    large, retuned = stage.clips["large"], stage.clips["retuned"]
    return {
        "udp": Misbehaving(at_first=doing(transports=("udp",))),
        "udp-silent": Misbehaving(
            at_first=doing(transports=("udp",)), acts=((2, doing(silent=True)), (6, doing(silent=False)))
        ),
        "silent": Misbehaving(acts=((2, doing(silent=True)), (6, doing(silent=False)))),
        "trickle": Misbehaving(acts=((2, doing(trickle_bytes_s=10)), (7, doing(trickle_bytes_s=None)))),
        "cut": Misbehaving(acts=((2, doing(cut=True)),)),
        "refused-401": Misbehaving(at_first=doing(refuse=401), acts=((1, doing(refuse=None)),)),
        "refused-404": Misbehaving(at_first=doing(refuse=404), acts=((1, doing(refuse=None)),)),
        "refused-453": Misbehaving(at_first=doing(refuse=453), acts=((1, doing(refuse=None)),)),
        "crowded": Misbehaving(at_first=doing(viewers=2), acts=((1, lambda _: stage.viewers.pop().close()),)),
        "reboot": Misbehaving(acts=((2, doing(down=True, show=large)), (4, doing(down=False)))),
        "resolution": Misbehaving(acts=((3, doing(show=large)),)),
        "resolution-reconnect": Misbehaving(acts=((3, doing(show=large, cut=True)),)),
        "retuned": Misbehaving(acts=((3, doing(show=retuned)),)),
        "untimed": Misbehaving(acts=((3, doing(untimed_frames=4)),)),
        "stuck": Misbehaving(acts=((3, doing(untimed_frames=54)),)),
        "backward": Misbehaving(acts=((3, doing(backward_frames=4)),)),
        "hour-later": Misbehaving(acts=((3, doing(shift_us=HOUR_US)),)),
        "hour-earlier": Misbehaving(acts=((3, doing(shift_us=-HOUR_US)),)),
        "wrap": Misbehaving(at_first=doing(wraps_in_s=WRAPS_IN_S)),
        "drift": Misbehaving(at_first=doing(drift_ppm=DRIFT_PPM)),
        "garbage": Misbehaving(acts=((3, doing(garbage=4000)),)),
        "b-frames": Misbehaving("reordered"),
        # Nothing is done at the end but to wait for three lengths of a segment to pass.
        "long-groups": Misbehaving("long-groups", at_first=doing(at_once=True), acts=((7.5, doing()),)),
        "hevc": Misbehaving("hevc"),
        "hevc-b-frames": Misbehaving("hevc-reordered"),
        "pcma": Misbehaving(audio="pcma"),
        "pcmu": Misbehaving(audio="pcmu"),
        "aac": Misbehaving(audio="aac"),
        "aac-adts": Misbehaving(audio="aac-adts"),
        "aac-latm": Misbehaving(audio="aac-latm"),
        "mute": Misbehaving(audio="pcma", at_first=doing(mute=True)),
    }
