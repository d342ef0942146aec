"""A copy of a video with what the model says of it written on its frames."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.datasets.sequential_video import Image, SequentialVideo
from tpn_tsn_plugin.output_files import written_whole

from .labels import ONLY
from .overlay import Overlay
from .predictor import Prediction, Report
from .report import Ranked, Ranking

# Frames that are narrower are enlarged, for the text to be readable.
LEAST_WIDTH = 480
# Classes that are written where there is one task alone, but for those below, whose
# names would cover the picture for nothing.
SHOWN, LEAST_PROBABILITY = 3, 0.01


def write_annotated_video(
    path: Path,
    prediction: Prediction,
    ranking: Ranking,
    report: Report | None = None,
    *,
    threads: int = 1,
) -> None:
    """Write a video frame by frame, in constant memory and without sound.

    Frames come at an even rate, the video's mean; where its rate varies they are shown
    when they were.

    Args:
        path: The MPEG-4 file, ending in ``.mp4``.
        prediction: What is written on it: of a video in windows, what holds at each
            moment.
        ranking: Names of the classes.
        report: Called with the share that is done.
        threads: Threads that decode.

    Raises:
        PluginError: The video cannot be read.
        OSError: The file cannot be written.
    """
    video = SequentialVideo(prediction.path, threads)
    size = _size(video[0])
    captions = _captions(prediction, ranking, size)
    middles = np.array([(w.start + w.end) / 2 for w in prediction.windows])
    total = max(1, round(video.duration * video.fps))
    moments = np.arange(total) / video.fps
    # A file's times are rounded: a frame is shown from a little before its own on.
    sources = np.searchsorted(video.times, moments + 0.25 / video.fps, 'right') - 1
    with written_whole(path) as partial:
        writer = _open(partial, path, video.fps, size)
        try:
            caption, overlay = -1, next(captions)
            shown: tuple[int, Image] | None = None
            for number, (source, moment) in enumerate(zip(sources, moments)):
                wanted = _nearest(middles, moment)
                while caption < wanted:
                    caption, overlay = caption + 1, next(captions)
                if shown is None or shown[0] != source:
                    shown = int(source), _resize(video[source], size)
                writer.write(overlay.draw(shown[1])[..., ::-1])
                if report is not None:
                    report((number + 1) / total)
        finally:
            writer.release()
        _require_frames(partial, path, total)


def _captions(
    prediction: Prediction, ranking: Ranking, size: tuple[int, int]
) -> Iterator[Overlay]:
    """Yield the overlay of the whole video, then those of its windows."""
    yield Overlay('whole video', _ranked(prediction.scores, ranking), size)
    for window in prediction.windows:
        heading = f'{_clock(window.start)} to {_clock(window.end)}'
        yield Overlay(heading, _ranked(window.scores, ranking), size)


def _ranked(scores: dict[str, NDArray[np.float32]], ranking: Ranking) -> list[Ranked]:
    if ONLY in scores:
        first, *others = ranking.rank(ONLY, scores[ONLY])[:SHOWN]
        return [first, *(e for e in others if e.probability >= LEAST_PROBABILITY)]
    best = [(task, ranking.rank(task, own)[0]) for task, own in scores.items()]
    return [
        Ranked(one.index, f'{task}: {one.label}', one.probability) for task, one in best
    ]


def _nearest(middles: NDArray[np.float64], moment: float) -> int:
    """Index of the window whose middle is nearest, -1 where there is no window."""
    if not len(middles):
        return -1
    after = int(np.searchsorted(middles, moment))
    if after == 0:
        return 0
    if after == len(middles):
        return after - 1
    nearer = middles[after] - moment <= moment - middles[after - 1]
    return after if nearer else after - 1


def _size(frame: Image) -> tuple[int, int]:
    """Height and width of the frames to write; the codec wants even numbers."""
    height, width = frame.shape[:2]
    scale = max(1, -(-LEAST_WIDTH // width))
    return height * scale // 2 * 2, width * scale // 2 * 2


def _resize(frame: Image, size: tuple[int, int]) -> Image:
    if frame.shape[:2] == size:
        return frame
    height, width = size
    resized = cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8)


def _open(
    partial: Path, path: Path, fps: float, size: tuple[int, int]
) -> cv2.VideoWriter:
    height, width = size
    codec = cv2.VideoWriter.fourcc(*'mp4v')
    writer = cv2.VideoWriter(str(partial), cv2.CAP_FFMPEG, codec, fps, (width, height))
    if not writer.isOpened():
        raise OSError(f'OpenCV cannot write MPEG-4 video to {path}')
    return writer


def _require_frames(partial: Path, path: Path, total: int) -> None:
    """Check what was written; the writer reports no failure, a full disk say."""
    reader = cv2.VideoCapture(str(partial), cv2.CAP_FFMPEG)
    written = int(reader.get(cv2.CAP_PROP_FRAME_COUNT))
    reader.release()
    if written != total:
        raise OSError(f'{path} holds {written} of {total} frames; is the disk full?')


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    if hours:
        return f'{hours}:{minutes:02}:{rest:04.1f}'
    return f'{minutes}:{rest:04.1f}'
