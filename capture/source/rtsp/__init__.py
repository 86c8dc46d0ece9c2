"""An RTSP client for cameras: H.264 or H.265 in RTP over the RTSP connection itself (interleaved).

Here: the conversation (`client`), logging in (`authorization`), the session description (`description`), RTP packets to
pictures (`packets`, `access_units`, `nals`), what can go wrong (`errors`). Not here: when a picture arrived, which
reader a camera needs, recording; this package imports nothing of the product but two values, `CodedPicture` and
`Address`. Design: docs/design/capture.md, "The plain reader"; decision 0013 says why it exists.
"""
