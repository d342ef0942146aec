"""Video files broken in every way that users meet, and odd ones that are not."""

import struct
import wave
from pathlib import Path

import cv2
import numpy as np

from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video

HEIGHT, WIDTH, FRAMES, FPS = 32, 40, 12, 8


def write_good(path: Path, frames: int = FRAMES, size=(HEIGHT, WIDTH)) -> None:
    """A video of moving noise; where it is cut or wiped out shows."""
    rng = np.random.default_rng(frames)
    picture = rng.integers(0, 255, (*size, 3), np.uint8)
    video = np.stack([np.roll(picture, 3 * i, axis=1) for i in range(frames)])
    write_video(path, video, FPS)


def write_with_opencv(path: Path, codec: str, size=(HEIGHT, WIDTH)) -> None:
    """A video like ``write_good``'s in the container that the suffix names."""
    picture = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    code = cv2.VideoWriter.fourcc(*codec)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, FPS, size[::-1])
    for number in range(FRAMES):
        writer.write(np.roll(picture, 3 * number, axis=1))
    writer.release()


def write_avi(path: Path) -> None:
    """Motion JPEG in AVI, whatever the file is called."""
    _write_and_rename(path, '.avi', 'MJPG')


def write_mkv(path: Path) -> None:
    """MPEG-4 in Matroska, whatever the file is called."""
    _write_and_rename(path, '.mkv', 'XVID')


def _write_and_rename(path: Path, suffix: str, codec: str) -> None:
    made = path.with_name(f'{path.stem}_made{suffix}')
    write_with_opencv(made, codec)
    made.rename(path)


def write_index_first(path: Path) -> None:
    """MPEG-4 with its index in front of the frames, as it is put for streaming."""
    write_good(path)
    content = path.read_bytes()
    frames, index = content.index(b'mdat') - 4, content.index(b'moov') - 4
    moved = bytearray(content[index:])
    table = moved.index(b'stco') + 8
    (count,) = struct.unpack_from('>I', moved, table)
    for place in range(table + 4, table + 4 + 4 * count, 4):
        (start,) = struct.unpack_from('>I', moved, place)
        struct.pack_into('>I', moved, place, start + len(moved))
    path.write_bytes(content[:frames] + moved + content[frames:index])


def cut(path: Path, share: float = 0.5) -> None:
    """Leave a share of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def wipe_out(path: Path) -> None:
    """Put zeros in the place of a file's second third."""
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[third : 2 * third] = bytes(third)
    path.write_bytes(content)


def truncated(path: Path) -> None:
    """Cut in the middle; the index at its end is gone."""
    write_good(path)
    cut(path)


def truncated_behind_its_index(path: Path) -> None:
    """Cut in the middle; the index in front names frames that are not there."""
    write_index_first(path)
    cut(path)


def truncated_avi(path: Path) -> None:
    """Cut in the middle; decord crashes on it."""
    write_avi(path)
    cut(path)


def truncated_mkv(path: Path) -> None:
    """Cut in the middle; decord takes what is left for the whole."""
    write_mkv(path)
    cut(path)


def zero_byte(path: Path) -> None:
    """Nothing in it."""
    path.write_bytes(b'')


def wrong_container(path: Path) -> None:
    """A web page that was saved in the video's place."""
    path.write_text('<html><body>404 Not Found</body></html>\n' * 20)


def no_video_stream(path: Path) -> None:
    """Sound alone."""
    with wave.open(str(path), 'wb') as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))


def failing_in_the_middle(path: Path) -> None:
    """Frames whose data were wiped out; the index is whole."""
    write_good(path)
    content = bytearray(path.read_bytes())
    start = content.index(b'mdat') + 4
    end = content.index(b'moov') - 4
    for place in range(start + (end - start) // 4, end):
        content[place] = 255
    path.write_bytes(content)


def missing(path: Path) -> None:
    """No file at all."""


def directory(path: Path) -> None:
    """A folder with a video's name."""
    path.mkdir()


def unreadable(path: Path) -> None:
    """A file that nobody may read, but for root."""
    write_good(path)
    path.chmod(0)


BROKEN = {
    make.__name__: make
    for make in (
        truncated,
        truncated_behind_its_index,
        truncated_avi,
        truncated_mkv,
        zero_byte,
        wrong_container,
        no_video_stream,
        failing_in_the_middle,
        missing,
        directory,
        unreadable,
    )
}


def rotate(path: Path, degrees: int) -> None:
    """Say in an MPEG-4 file that it is to be shown turned."""
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    rows = [cosine, sine, 0, -sine, cosine, 0, 0, 0]
    matrix = struct.pack('>9i', *(value << 16 for value in rows), 1 << 30)
    content = bytearray(path.read_bytes())
    start = content.index(b'tkhd') + 44
    content[start : start + 36] = matrix
    path.write_bytes(content)


def rotated(path: Path) -> None:
    """Turned by metadata, as telephones do."""
    write_good(path)
    rotate(path, 90)


def odd_size(path: Path) -> None:
    """Sides that are odd numbers of pixels."""
    picture = np.random.default_rng(0).integers(0, 255, (33, 41, 3), np.uint8)
    made = path.with_suffix('.avi')
    codec = cv2.VideoWriter.fourcc(*'MJPG')
    writer = cv2.VideoWriter(str(made), cv2.CAP_OPENCV_MJPEG, codec, FPS, (41, 33))
    for number in range(FRAMES):
        writer.write(np.roll(picture, number, axis=1))
    writer.release()
    made.rename(path)


def few_frames(path: Path) -> None:
    """Fewer frames than a clip has."""
    write_good(path, frames=2)


def one_frame(path: Path) -> None:
    """A single frame."""
    write_good(path, frames=1)


def varying_rate(path: Path) -> None:
    """Its second half is three times as slow."""
    write_good(path)
    content = bytearray(path.read_bytes())
    start = content.index(b'stts') + 8
    count, frames, duration = struct.unpack('>3I', content[start : start + 12])
    assert (count, frames) == (1, FRAMES)
    half = FRAMES // 2
    fast = duration // 2
    times = struct.pack('>5I', 2, half, fast, half, 2 * duration - fast)
    content[start : start + 12] = times
    # Every box around it has grown.
    for box in (b'stts', b'stbl', b'minf', b'mdia', b'trak', b'moov'):
        place = content.index(box) - 4
        (size,) = struct.unpack('>I', content[place : place + 4])
        content[place : place + 4] = struct.pack('>I', size + len(times) - 12)
    path.write_bytes(content)


ODD = {
    make.__name__: make
    for make in (rotated, odd_size, few_frames, one_frame, varying_rate)
}
