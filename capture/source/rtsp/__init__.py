"""Reading a plain RTSP camera: H.264 or H.265 over the RTSP connection itself, pictures in the order of showing.

What is not plain is read by FFmpeg. Why there are two ways: decision 0013.
"""
