"""What opening videos and decoding samples of them takes, beside MMAction2.

    python tests/benchmarks/decoding.py --minutes 1 10 60 --runs 5
    python tests/benchmarks/decoding.py --minutes -- ../shared/media/*.mp4

Makes MPEG-4 videos with a key frame every ten seconds, and one with a single key frame;
files of your own can be given as well. ``DecordInit`` and ``DecordDecode`` take turns
with ``DecordInitInPlace`` and ``DecordDecodeOnce`` in one process, each on one thread;
the images are compared. Times are of the processor, of all threads. "Everything" is
each frame once, one after the other, without making images of them. Frames that have
to be decoded follow from the key frames: decord goes back to the last one before a
frame unless it is on its way to that frame already.

The second table is about opening alone, in fresh processes: bytes that are read from
files, and the peak of the resident size above what was there before.
"""

import argparse
import bisect
import os
import platform
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import decord
import numpy as np
from mmaction.datasets.transforms import DecordDecode, DecordInit, SampleFrames

import tpn_tsn_plugin
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video
from tpn_tsn_plugin.datasets.transforms import (
    DecordDecodeOnce,
    DecordInitInPlace,
    SegmentSampleFrames,
)

FPS, SIZE = 25, (160, 120)
# The writer sets a key frame every 12 frames; of these every 21st is kept as one.
KEPT = 21
OPENERS = {'MMAction2': DecordInit, 'plugin': DecordInitInPlace}
DECODERS = {'MMAction2': DecordDecode, 'plugin': DecordDecodeOnce}
SAMPLINGS = {
    'K = 3': SegmentSampleFrames(1, 3, test_mode=True),
    'K = 8': SegmentSampleFrames(1, 8, test_mode=True),
    'K = 25': SegmentSampleFrames(1, 25, test_mode=True),
    'K = 3, L = 10': SegmentSampleFrames(11, 3, test_mode=True),
    'K = 25, L = 10': SegmentSampleFrames(11, 25, test_mode=True),
    '10 clips of 8×8': SampleFrames(8, 8, 10, test_mode=True),
}


def pictures(count: int) -> Iterator[np.ndarray]:
    """A pattern that moves sideways."""
    small = np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8)
    picture = cv2.resize(small, SIZE)
    return (np.roll(picture, 3 * number, axis=1) for number in range(count))


def keep_key_frames(path: Path, every: int | None) -> None:
    """Strike key frames from an MPEG-4 file's list; None keeps the first alone."""
    content = bytearray(path.read_bytes())
    start = content.rindex(b'stss') + 8
    (count,) = struct.unpack_from('>I', content, start)
    numbers = struct.unpack_from(f'>{count}I', content, start + 4)[:: every or count]
    struct.pack_into(f'>{len(numbers) + 1}I', content, start, len(numbers), *numbers)
    path.write_bytes(content)


def make_videos(folder: Path, minutes: Iterable[float]) -> Iterator[tuple[str, Path]]:
    for length in minutes:
        path = folder / f'{length:g}.mp4'
        write_video(path, pictures(round(60 * FPS * length)), FPS)
        keep_key_frames(path, KEPT)
        yield f'{length:g} min', path
        if length == min(minutes):
            keep_key_frames(path, None)
            yield f'{length:g} min, one key frame', path


def to_decode(inds: Iterable[int], keys: list[int]) -> int:
    """Frames that decord decodes on its way from one frame asked for to the next."""
    count, at = 0, 0  # at: the frame that comes next
    for frame in inds:
        key = keys[bisect.bisect_right(keys, frame) - 1]
        count += frame + 1 - (at if key <= at <= frame else key)
        at = frame + 1
    return count


def everything(path: Path) -> float:
    """Seconds that decoding each frame takes."""
    options = [cv2.CAP_PROP_N_THREADS, 1]
    start = time.process_time()
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, options)
    while capture.grab():
        pass
    return time.process_time() - start


def read(path: Path, kind: str, inds: np.ndarray) -> tuple[float, float, list]:
    """Seconds of opening and of decoding, and the images."""
    times = [time.process_time()]
    results = OPENERS[kind]().transform(dict(filename=str(path)))
    times.append(time.process_time())
    images = DECODERS[kind]().transform({**results, 'frame_inds': inds})['imgs']
    times.append(time.process_time())
    opening, decoding = np.diff(times)
    return opening, decoding, images


def print_samplings(name: str, path: Path, runs: int) -> None:
    video = decord.VideoReader(str(path), num_threads=1)
    total, keys = len(video), list(video.get_key_indices())
    del video
    whole = everything(path)
    for sampling, sampler in SAMPLINGS.items():
        sample = sampler.transform(dict(total_frames=total, start_index=0))
        inds = sample['frame_inds'].ravel()
        taken: dict[str, list[tuple[float, float]]] = {kind: [] for kind in OPENERS}
        for _ in range(runs):
            images = []
            for kind, times in taken.items():
                opening, decoding, decoded = read(path, kind, inds)
                times.append((opening, decoding))
                images.append(decoded)
            if not all(map(np.array_equal, *images)):
                raise SystemExit(f'{path}: images of {sampling} differ')
        frames = to_decode(inds, keys), to_decode(sorted(set(inds)), keys)
        sums = [[sum(times) for times in taken[kind]] for kind in OPENERS]
        ratio = statistics.median(b / a for a, b in zip(*sums, strict=True))
        share = statistics.median(sums[1]) / whole
        cells = [f'{a:.3f} + {b:.3f}' for a, b in map(medians, taken.values())]
        print(
            f'| {name} | {sampling} | {total} | {frames[0]} | {frames[1]} '
            f'| {" | ".join(cells)} | {ratio:.2f} | {whole:.2f} | {share:.1%} |',
            flush=True,
        )


def medians(times: list[tuple[float, float]]) -> list[float]:
    return [statistics.median(column) for column in zip(*times, strict=True)]


def print_opening(name: str, path: Path) -> None:
    cells = []
    for kind in OPENERS:
        command = [sys.executable, __file__, '--opening', kind, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        cells.append(done.stdout.splitlines()[-1])
    size = path.stat().st_size / 2**20
    print(f'| {name} | {size:.1f} | {" | ".join(cells)} |', flush=True)


def show_opening(kind: str, path: Path) -> None:
    """Print what opening takes, as cells of a table; Linux."""
    step = OPENERS[kind]()
    # What is loaded once is loaded with another file.
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / 'other.mp4'
        write_video(other, pictures(2), FPS)
        step.transform(dict(filename=str(other)))
    Path('/proc/self/clear_refs').write_text('5')
    before = system('io', 'rchar'), system('status', 'VmHWM')
    results = step.transform(dict(filename=str(path)))
    after = system('io', 'rchar'), system('status', 'VmHWM')
    del results
    read_, held = (b - a for a, b in zip(before, after, strict=True))
    print(f'{read_ / 2**20:.1f} | {held / 2**10:.1f}')


def system(file: str, name: str) -> int:
    content = Path('/proc/self', file).read_text()
    return int(re.search(rf'^{name}:\s+(\d+)', content, re.MULTILINE)[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('videos', nargs='*', type=Path, help='files of your own')
    parser.add_argument('--minutes', nargs='*', type=float, default=[1, 10, 60])
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--opening', choices=OPENERS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.opening:
        show_opening(args.opening, *args.videos)
        return
    print(
        '| video | sample | frames | decoded by MMAction2 | by the plugin '
        '| MMAction2: open + decode, s | plugin: open + decode, s | ratio '
        '| everything, s | plugin / everything |'
    )
    print(f'{"|---" * 10}|')
    openings = []
    with tempfile.TemporaryDirectory() as folder:
        for name, path in make_videos(Path(folder), args.minutes):
            print_samplings(name, path, args.runs)
            if 'one key' not in name:
                openings.append((name, path))
        for path in args.videos:
            print_samplings(path.name, path, args.runs)
            openings.append((path.name, path))
        print(
            '\n| video | size, MiB | MMAction2: read, MiB | held at most, MiB ', end=''
        )
        print(f'| plugin: read, MiB | held at most, MiB |\n{"|---" * 6}|')
        for name, path in openings:
            print_opening(name, path)
    print(
        f'\nProcessor times, medians of {args.runs} runs in turns; frames of '
        f'{SIZE[0]}×{SIZE[1]} in videos made here. {len(os.sched_getaffinity(0))} '
        f'cores, {platform.machine()}, decord {decord.__version__}, OpenCV '
        f'{cv2.__version__}, plugin {tpn_tsn_plugin.__version__}.'
    )


if __name__ == '__main__':
    main()
