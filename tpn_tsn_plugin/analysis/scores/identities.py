"""Which sample a prediction is of.

Names come from what the samples carry, or from the list that they were tested with.
"""

import posixpath
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpn_tsn_plugin.datasets.annotation_list import is_number, read_list
from tpn_tsn_plugin.datasets.sample_identity import part_identity
from tpn_tsn_plugin.datasets.video_files import VIDEO_SUFFIXES, some_of
from tpn_tsn_plugin.errors import ScoreFileError

# The first that all samples have counts.
NAME_KEYS = ('video_id', 'filename', 'frame_dir', 'audio_path')
PATHS_OF_FILES = ('filename', 'audio_path')
AUDIO_SUFFIXES = ('.npy', '.wav', '.mp3', '.m4a', '.aac', '.flac', '.ogg')
MEDIA_SUFFIXES = (*VIDEO_SUFFIXES, *AUDIO_SUFFIXES)
# Numbers before the labels: none (videos), frames, or offset and frames.
MOST_NUMBERS = 2


@dataclass(frozen=True)
class SampleNames:
    """Names of samples.

    Attributes:
        names: One a sample, in the order of the file.
        are_paths: Whether they are paths on somebody's disk, of which only what is
            below the longest common folder can be compared.
    """

    names: tuple[str, ...]
    are_paths: bool

    def keys(self, below_common: bool) -> list[str]:
        """What samples are joined by.

        Args:
            below_common: Whether to leave out the longest folder that all have.
        """
        names = [without_suffix(name) for name in self.names]
        if not below_common:
            return names
        folders = [posixpath.dirname(name) for name in names]
        absolute = {posixpath.isabs(folder) for folder in folders}
        common = posixpath.commonpath(folders) if len(absolute) == 1 else ''
        return [posixpath.relpath(name, common) if common else name for name in names]


def without_suffix(name: str) -> str:
    """Leave out a suffix of videos or sound; other dots belong to the name."""
    stem, suffix = posixpath.splitext(name)
    return stem if suffix.lower() in MEDIA_SUFFIXES else name


def read_names(path: Path, samples: Sequence[Mapping[str, Any]]) -> SampleNames:
    """Read the names that samples carry.

    Args:
        path: Their file, for messages.
        samples: The samples.

    Raises:
        ScoreFileError: They carry none.
    """
    for key in NAME_KEYS:
        names = [sample.get(key) for sample in samples]
        if all(name is not None for name in names):
            normal = [posixpath.normpath(str(name)) for name in names]
            if key in PATHS_OF_FILES:
                normal = [posixpath.splitext(name)[0] for name in normal]
            return SampleNames(tuple(normal), are_paths=key != NAME_KEYS[0])
    named = max(
        (sum(sample.get(key) is not None for sample in samples), key)
        for key in NAME_KEYS
    )
    how_many = f'only {named[0]}' if named[0] else 'none'
    raise ScoreFileError(
        f'{path}: {how_many} of its {len(samples)} samples tell which video they are '
        'of, and predictions are not joined by their order; test again with '
        'CheckedVideoDataset or CheckedRawframeDataset (one line of the config), or '
        "with PackActionInputs(meta_keys=('filename',)) ('frame_dir' for frames, "
        "'audio_path' for sound), or give the list that was tested: --ann-file "
        f'{path} LIST'
    )


def names_from_list(
    path: Path, ann_file: Path, labels: Sequence[Collection[int]]
) -> SampleNames:
    """Take the names from the annotation list that was tested, by its order.

    Args:
        path: File of the predictions, for messages.
        ann_file: Lines of a path, numbers of frames where there are any, and labels.
        labels: Class indices of each sample in the file of the predictions.

    Raises:
        AnnotationError: The list cannot be read.
        ScoreFileError: It is not the list of these samples.
    """
    lines = read_list(str(ann_file), None)
    if len(lines) != len(labels):
        raise ScoreFileError(
            f'{path} has {len(labels)} samples, but {ann_file} has {len(lines)} lines; '
            'give the list that was tested'
        )
    words = [line.split() for _, line in lines]
    # What a path with spaces ends with may be a number too, but not in all lines.
    numbers, i = min(
        (_count_numbers(line) - len(own), i)
        for i, (line, own) in enumerate(zip(words, labels, strict=True))
    )
    if not 0 <= numbers <= MOST_NUMBERS:
        where, text = lines[i]
        raise ScoreFileError(
            f'{where}: expected "path labels", "path frames labels" or "path offset '
            f'frames labels" for gt_label {sorted(labels[i])} of {path}, found {text!r}'
        )
    names, differing = [], []
    for (where, _), line, own in zip(lines, words, labels, strict=True):
        first = len(line) - len(own)
        if set(map(int, line[first:])) != set(own):
            differing.append(where.rpartition(', ')[2])
        names.append(_name(line[: first - numbers], line[first - numbers : first]))
    if differing:
        raise ScoreFileError(
            f'{len(differing)} of {len(lines)} labels of {ann_file} differ from the '
            f'gt_label at that place in {path} ({some_of(differing)}); give the list '
            'that was tested, as it was'
        )
    return SampleNames(tuple(names), are_paths=False)


def _count_numbers(words: Sequence[str]) -> int:
    """Count the numbers that a line ends with; its first word is a path."""
    count = 0
    while count < len(words) - 1 and is_number(words[-1 - count]):
        count += 1
    return count


def _name(path: Sequence[str], numbers: Sequence[str]) -> str:
    name = posixpath.normpath(' '.join(path))
    if not numbers:
        return posixpath.splitext(name)[0]
    if len(numbers) < MOST_NUMBERS:
        return name
    return part_identity(name, int(numbers[0]), int(numbers[1]))


def require_different(path: Path, keys: Sequence[str]) -> None:
    """Require that no two samples of a file have one name.

    Raises:
        ScoreFileError: Some have.
    """
    repeated = [key for key, count in Counter(keys).items() if count > 1]
    if repeated:
        raise ScoreFileError(
            f'{path}: {len(repeated)} names stand for several samples each '
            f'({some_of(repeated)}); name every video once in the list that is tested, '
            'and give parts of one video a video_id each in the dataset, as ours do'
        )
