"""Extracting the optical flow of one video."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import mmcv
import numpy as np
import torch
from numpy.typing import NDArray

from tpn_tsn_plugin.datasets.sequential_video import SequentialVideo
from tpn_tsn_plugin.functional.camera_motion import estimate_warped_pairs
from tpn_tsn_plugin.functional.optical_flow import estimate_pairs, quantise

from .names import FIRST, FRAME
from .options import ExtractionOptions
from .records import Record, find_record, place_of
from .videos import Video
from .writers import VideoWriter

Image = NDArray[np.uint8]
Pair = tuple[Image, Image]
# Called after each field, with the share of its video that it is.
Tick = Callable[[float], None]


@dataclass(frozen=True)
class VideoJob:
    """A video that is to be extracted.

    Attributes:
        video: The video.
        out: Folder of all videos' files.
        options: How it is extracted.
        tag: What tells this process's leftovers from those of others.
        device: Where PyTorch computes.
    """

    video: Video
    out: Path
    options: ExtractionOptions
    tag: str
    device: str = 'cpu'


class VideoFrames:
    """The frames of a video, resized.

    Args:
        path: The video.
        resize: Short side in pixels, None for the video's.

    Raises:
        PluginError: It cannot be opened, or has one frame only.
    """

    def __init__(self, path: Path, resize: int | None) -> None:
        self._video = SequentialVideo(path)
        self._resize = resize

    @property
    def fps(self) -> float:
        """Frames per second, on average."""
        return self._video.fps

    def __len__(self) -> int:
        return len(self._video)

    def __iter__(self) -> Iterator[Image]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index: int) -> Image:
        """Decode one frame, (H, W, 3) RGB; one after another is fast.

        Raises:
            PluginError: It cannot be decoded.
        """
        frame = self._video[index]
        if self._resize is None:
            return frame
        return mmcv.imrescale(frame, (np.inf, self._resize))


def levels_of(
    pairs: Iterable[Pair], options: ExtractionOptions
) -> Iterator[tuple[Image, bool]]:
    """Make stored fields of pairs of grey frames.

    Yields:
        Grey levels (H, W, 2), and whether the camera's motion was removed.

    Raises:
        ValueError: The frames are too small for the algorithm.
    """
    if options.warped:
        for field, steadied in estimate_warped_pairs(
            pairs, options.algorithm, options.parameters
        ):
            yield quantise(field, options.bound), steadied
    else:
        for field in estimate_pairs(pairs, options.algorithm, options.parameters):
            yield quantise(field, options.bound), False


def encode(image: Image, quality: int) -> bytes:
    """Compress a grey or BGR image as JPEG."""
    _, content = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return content.tobytes()


def extract_video(job: VideoJob, tick: Tick | None = None) -> Record:
    """Write the files of one video.

    Args:
        job: The video, and how it is extracted. Files that were made with other options
            are replaced.
        tick: Called after each field.

    Returns:
        Its record.

    Raises:
        PluginError: The video cannot be read.
        ValueError: Its frames are too small for the algorithm.
        OSError: A file cannot be written.
    """
    options = job.options
    frames = VideoFrames(job.video.path, options.resize)
    count = len(frames) - 1
    unwarped, size = 0, (0, 0)
    with (
        torch.device(job.device),
        VideoWriter(job.out, job.video.name, options.file_format, job.tag) as writer,
    ):
        greys = _greys(frames, writer, options)
        for number, (levels, steadied) in enumerate(
            levels_of(pairwise(greys), options), FIRST
        ):
            for axis, plane in zip('xy', cv2.split(levels), strict=True):
                content = encode(np.asarray(plane), options.quality)
                writer.add(options.field_name(axis, number), content)
            unwarped += not steadied
            size = levels.shape[1], levels.shape[0]
            if tick is not None:
                tick(1 / count)
        record = Record(
            options=options.record(),
            made_with={'opencv': cv2.__version__},
            fields=count,
            unwarped=unwarped if options.warped else None,
            size=size,
        )
        writer.finish(record, _earlier(job))
    return record


def _greys(
    frames: VideoFrames, writer: VideoWriter, options: ExtractionOptions
) -> Iterator[Image]:
    """Yield the frames in grey, and write them in colour where that is asked for."""
    for number, frame in enumerate(frames, FIRST):
        if options.frames:
            bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
            writer.add(FRAME.format(number), encode(np.asarray(bgr), options.quality))
        yield np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)


def _earlier(job: VideoJob) -> list[Path]:
    record = find_record(job.out, job.video.name)
    if record is None:
        return []
    return [place_of(job.out, job.video.name, record.options['format'])]
