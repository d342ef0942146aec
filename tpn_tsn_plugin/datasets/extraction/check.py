"""Comparing extracted fields with what comes out today."""

import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.errors import FrameFolderError, PluginError

from .names import CHECKSUMS, FIRST
from .one_video import VideoFrames, encode, levels_of
from .options import ExtractionOptions
from .records import Record, find_record, place_of
from .videos import Video

# Grey levels (H, W, 2), wide enough to subtract.
Levels = NDArray[np.int16]
# Grey levels that a stored field may be farther off on average than JPEG explains:
# other processors and versions of OpenCV round differently.
TOLERANCE = 0.25


@dataclass(frozen=True)
class FieldCheck:
    """A field that was computed again, beside the stored one.

    Attributes:
        name: The video's name.
        number: The field's number in the names of files.
        mean: Mean difference in grey levels.
        largest: Largest difference in grey levels.
        jpeg_mean: Mean difference that storing it as JPEG makes by itself.
    """

    name: str
    number: int
    mean: float
    largest: int
    jpeg_mean: float

    @property
    def sound(self) -> bool:
        """Whether the stored field is as far off as JPEG makes it, and no more."""
        return self.mean <= self.jpeg_mean + TOLERANCE


def check_fields(
    videos: Sequence[Video], out: Path, count: int, seed: int = 0
) -> Iterator[FieldCheck]:
    """Compute a sample of the extracted fields again.

    Args:
        videos: The videos that they are of. Those that were not extracted are passed
            over; all files of the others that come up are compared with their
            checksums.
        out: Folder of all videos' files.
        count: Number of fields.
        seed: Chooses the fields.

    Yields:
        One comparison a field.

    Raises:
        FrameFolderError: No video was extracted, or a file was lost or changed since.
        PluginError: A video cannot be read.
    """
    records = {video: find_record(out, video.name) for video in videos}
    there = [(video, record) for video, record in records.items() if record is not None]
    if not there:
        raise FrameFolderError(f'{out} holds none of the {len(videos)} videos')
    rng = np.random.default_rng(seed)
    chosen: dict[int, set[int]] = {}
    lengths = np.array([record.fields for _, record in there])
    total = int(lengths.sum())
    for place in rng.choice(total, min(count, total), replace=False):
        index = int(np.searchsorted(lengths.cumsum(), place, 'right'))
        start = int(lengths[:index].sum())
        chosen.setdefault(index, set()).add(int(place) - start)
    for index in sorted(chosen):
        yield from _check_video(*there[index], out, sorted(chosen[index]))


def _check_video(
    video: Video, record: Record, out: Path, fields: Sequence[int]
) -> Iterator[FieldCheck]:
    try:
        options = ExtractionOptions.from_record(record.options)
    except ValueError as error:
        raise FrameFolderError(
            f'{video.name} in {out} was extracted by another version ({error}); '
            'extract it anew'
        ) from error
    frames = VideoFrames(video.path, options.resize)
    with StoredFiles(place_of(out, video.name, options.file_format)) as files:
        files.require_unchanged()
        if len(frames) != record.fields + 1:
            raise PluginError(
                f'{video.path} has {len(frames)} frames, but {files.place} holds '
                f'{record.fields} fields: the video was changed; extract it anew'
            )
        for index in fields:
            computed = _compute(frames, index, options)
            names = [options.field_name(axis, index + FIRST) for axis in 'xy']
            stored = files.read_field(names)
            if stored.shape != computed.shape:
                raise FrameFolderError(
                    f'{files.place} holds fields of another size than the frames of '
                    f'{video.path}; extract it anew'
                )
            off = np.abs(computed - stored)
            jpeg = np.abs(computed - _through_jpeg(computed, options.quality))
            yield FieldCheck(
                video.name,
                index + FIRST,
                float(off.mean()),
                int(off.max()),
                float(jpeg.mean()),
            )


def _compute(frames: VideoFrames, index: int, options: ExtractionOptions) -> Levels:
    before, after = (
        np.asarray(cv2.cvtColor(frames[i], cv2.COLOR_RGB2GRAY), np.uint8)
        for i in (index, index + 1)
    )
    ((levels, _),) = levels_of([(before, after)], options)
    return levels.astype(np.int16)


def _through_jpeg(levels: Levels, quality: int) -> Levels:
    planes = [encode(levels[..., axis].astype(np.uint8), quality) for axis in (0, 1)]
    return _decode(planes)


def _decode(planes: Sequence[bytes]) -> Levels:
    contents = [np.frombuffer(plane, np.uint8) for plane in planes]
    images = [cv2.imdecode(content, cv2.IMREAD_GRAYSCALE) for content in contents]
    return np.stack([np.asarray(image, np.int16) for image in images], axis=-1)


class StoredFiles:
    """The files of one video, read from their folder or archive.

    Args:
        place: The folder or archive.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        try:
            self._archive = None if place.is_dir() else zipfile.ZipFile(place)
        except Exception as error:
            # What damaged archives cause is nowhere said.
            raise self._changed('something') from error

    def __enter__(self) -> 'StoredFiles':
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._archive is not None:
            self._archive.close()

    def read(self, name: str) -> bytes:
        """Read a file.

        Raises:
            FrameFolderError: It is not there, or damaged.
        """
        try:
            if self._archive is not None:
                return self._archive.read(name)
            return (self.place / name).read_bytes()
        except Exception as error:
            raise self._changed(name) from error

    def read_field(self, names: Sequence[str]) -> Levels:
        """Read and decode the files of a field.

        Raises:
            FrameFolderError: One is not there, or damaged.
        """
        contents = [self.read(name) for name in names]
        try:
            return _decode(contents)
        except (cv2.error, TypeError, ValueError) as error:
            raise self._changed(' or '.join(names)) from error

    def require_unchanged(self) -> None:
        """Compare all files with their checksums.

        Raises:
            FrameFolderError: One was lost or changed.
        """
        for line in self.read(CHECKSUMS).decode(errors='replace').splitlines():
            checksum, _, name = line.partition('  ')
            if not name or '/' in name:
                raise self._changed(CHECKSUMS)
            content = self.read(name)
            if hashlib.md5(content, usedforsecurity=False).hexdigest() != checksum:
                raise self._changed(name)

    def _changed(self, name: str) -> FrameFolderError:
        return FrameFolderError(
            f'{name} in {self.place} was lost or changed since it was written; remove '
            f'{self.place} and extract the video again'
        )
