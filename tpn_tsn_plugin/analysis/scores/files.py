"""Files of predictions, as ``--dump`` of MMAction2 writes them: read, joined, written.

Shape letters: N samples, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mmengine
import numpy as np
import torch
from numpy.typing import NDArray

from tpn_tsn_plugin.datasets.video_files import some_of
from tpn_tsn_plugin.errors import ScoreFileError
from tpn_tsn_plugin.output_files import written_whole

from .contents import as_sets, choose_task, read_labels, read_values
from .identities import (
    SampleNames,
    names_from_list,
    read_names,
    require_different,
    without_suffix,
)
from .unpickler import OpenFile, load_samples, open_binary


@dataclass(frozen=True)
class ScoreFile:
    """The predictions of one stream.

    Attributes:
        path: Where they come from.
        names: Which samples they are of.
        values: What the head gave, (N, C).
        labels: Class indices (N,), several labels a sample as (N, C) of booleans, or
            None where they are not known.
    """

    path: Path
    names: SampleNames
    values: NDArray
    labels: NDArray | None


@dataclass(frozen=True)
class JoinedScores:
    """The predictions of several streams for the same samples.

    Attributes:
        paths: Where they come from, one a stream.
        samples: Names of the samples, in the order of the first stream.
        values: (N, C) a stream.
        labels: As in ``ScoreFile``.
        left_out: Number of samples that not all streams have, one a stream.
    """

    paths: tuple[Path, ...]
    samples: tuple[str, ...]
    values: tuple[NDArray, ...]
    labels: NDArray | None
    left_out: tuple[int, ...]

    @property
    def streams(self) -> tuple[str, ...]:
        """Names of the streams: those of their files, or paths where two are one."""
        stems = tuple(path.stem for path in self.paths)
        return stems if len(set(stems)) == len(stems) else tuple(map(str, self.paths))


def read_score_file(
    path: Path,
    ann_file: Path | None = None,
    *,
    task: str | None = None,
    open_file: OpenFile = open_binary,
) -> ScoreFile:
    """Read the predictions of one stream.

    Args:
        path: File that ``--dump`` wrote.
        ann_file: List that was tested, in place of the names that samples carry.
        task: Which one, where there are several predictions a sample.
        open_file: Opens the file, see :func:`load_samples`.

    Raises:
        ScoreFileError: The file cannot be used.
        AnnotationError: The list cannot be read.
    """
    samples = choose_task(path, load_samples(path, open_file), task)
    values = read_values(path, samples)
    labels = read_labels(path, samples, values.shape[1])
    if ann_file is None:
        names = read_names(path, samples)
    elif labels is None:
        raise ScoreFileError(
            f'{path} has no labels, so nothing shows that {ann_file} is the list that '
            'was tested; test again with CheckedVideoDataset or CheckedRawframeDataset'
        )
    else:
        names = names_from_list(path, ann_file, as_sets(labels))
    return ScoreFile(path, names, values, labels)


def join_score_files(
    files: Sequence[ScoreFile], *, intersect: bool = False
) -> JoinedScores:
    """Bring predictions of the same samples together, by their names.

    Args:
        files: One a stream.
        intersect: Whether to take the samples that all have, instead of refusing files
            of different samples.

    Raises:
        ScoreFileError: The files have another number of classes, other samples or
            other labels, or several samples of one name.
    """
    _require_same_classes(files)
    below_common = any(file.names.are_paths for file in files)
    rows: list[dict[str, int]] = []
    for file in files:
        own = file.names.keys(below_common)
        require_different(file.path, own)
        rows.append({key: row for row, key in enumerate(own)})
    shared = set(rows[0]).intersection(*rows[1:])
    _require_samples(files, rows, shared, intersect)
    keys = [key for key in rows[0] if key in shared]
    order = [[own[key] for key in keys] for own in rows]
    samples = _names(files, order) or tuple(keys)
    return JoinedScores(
        paths=tuple(file.path for file in files),
        samples=samples,
        values=tuple(f.values[o] for f, o in zip(files, order, strict=True)),
        labels=_join_labels(files, order, samples),
        left_out=tuple(len(own) - len(keys) for own in rows),
    )


def _names(files: Sequence[ScoreFile], order: Sequence[list[int]]) -> tuple[str, ...]:
    """The names of the first file that has any beside paths, or none."""
    for file, rows in zip(files, order, strict=True):
        if not file.names.are_paths:
            return tuple(without_suffix(file.names.names[row]) for row in rows)
    return ()


def _require_same_classes(files: Sequence[ScoreFile]) -> None:
    first, expected = files[0], files[0].values.shape[1]
    for file in files[1:]:
        if file.values.shape[1] != expected:
            raise ScoreFileError(
                f'{first.path} has {expected} classes, but {file.path} has '
                f'{file.values.shape[1]}; only streams with the same classes in the '
                'same order can be fused'
            )


def _require_samples(
    files: Sequence[ScoreFile],
    rows: Sequence[dict[str, int]],
    shared: set[str],
    intersect: bool,
) -> None:
    every = dict.fromkeys(key for own in rows for key in own)
    if not shared:
        examples = ', '.join(
            f'{next(iter(own))!r} in {file.path}'
            for file, own in zip(files, rows, strict=True)
        )
        raise ScoreFileError(
            f'no sample is in all {len(files)} files; names look like {examples}; test '
            'the same videos, with names that count from the same folder'
        )
    for file, own in zip(files, rows, strict=True):
        missing = [key for key in every if key not in own]
        if missing and not intersect:
            raise ScoreFileError(
                f'{file.path} lacks {len(missing)} of {len(every)} samples '
                f'({some_of(missing)}); test it on the same list, or take the '
                f'{len(shared)} that all files have with --intersect'
            )


def _join_labels(
    files: Sequence[ScoreFile], order: Sequence[list[int]], samples: Sequence[str]
) -> NDArray | None:
    """The labels of the first file that has any; those of all others are the same."""
    first: tuple[Path, NDArray] | None = None
    for file, rows in zip(files, order, strict=True):
        if file.labels is None:
            continue
        labels = file.labels[rows]
        if first is None:
            first = file.path, labels
            continue
        ours, theirs = as_sets(first[1]), as_sets(labels)
        different = [
            i for i, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]
        ]
        if different:
            i = different[0]
            raise ScoreFileError(
                f'{len(different)} of {len(samples)} labels differ: gt_label of '
                f'{samples[i]!r} is {sorted(ours[i])} in {first[0]}, but '
                f'{sorted(theirs[i])} in {file.path}; test both with one list and one '
                'order of classes'
            )
    return None if first is None else first[1]


def write_score_file(
    path: Path,
    samples: Sequence[str],
    probabilities: NDArray,
    labels: NDArray | None,
) -> None:
    """Write predictions as ``--dump`` does, whole or not at all.

    Args:
        path: Ends in ``.pkl`` or ``.pickle``.
        samples: Names of the samples.
        probabilities: (N, C).
        labels: As in ``ScoreFile``.
    """
    scores = torch.from_numpy(probabilities.astype(np.float32))
    entries = []
    for i, name in enumerate(samples):
        entry: dict[str, Any] = dict(
            video_id=name,
            num_classes=scores.shape[1],
            # A row of its own: a pickled view keeps the whole of what it looks at.
            pred_score=scores[i].clone(),
            pred_label=scores[i].argmax(dim=0, keepdim=True),
        )
        if labels is not None:
            label = torch.as_tensor(labels[i])
            multi_hot = labels.ndim == 2
            entry['gt_label'] = label.float() if multi_hot else label.reshape(1)
        entries.append(entry)
    with written_whole(path) as partial:
        mmengine.dump(entries, partial)
