"""Curves of all videos in one CSV file, which an interrupted run goes on with."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tpn_tsn_plugin.errors import PluginError, TempoStudyError
from tpn_tsn_plugin.output_files import write_whole

from .curves import Curve, FrameClassifier, identity, labels_of

FIELDS = ('video_id', 'label', 'fps', 'probabilities')
# Videos that a message names.
SHOWN = 3
Progress = Callable[[int, int], None]


def collect_curves(
    classifier: FrameClassifier,
    path: Path,
    progress: Progress | None = None,
) -> list[Curve]:
    """Have every video classified frame by frame, one after the other.

    Args:
        classifier: Classifies frames, and knows the videos.
        path: File of the curves. What it holds already is not computed again; every
            video is added as soon as it is done.
        progress: Called with the numbers of videos done and of all that are to be done;
            not at all where none is.

    Returns:
        A curve for each video and each of its classes, in the order of the data set.

    Raises:
        TempoStudyError: Videos have one name, the file cannot be used, or videos cannot
            be read; then all others are in it.
        ValueError: A label is none of the model's classes.
    """
    samples = [classifier.sample(index) for index in range(len(classifier))]
    wanted = [(identity(own), label) for own in samples for label in labels_of(own)]
    if len(set(wanted)) != len(wanted):
        raise TempoStudyError(
            f'{len(wanted) - len(set(wanted))} videos of the data set have the name '
            'and the class of another one; name every video once'
        )
    known = {(curve.video_id, curve.label): curve for curve in _read_back(path)}
    missing = [
        own
        for own in samples
        if any((identity(own), label) not in known for label in labels_of(own))
    ]
    unreadable: list[PluginError] = []
    with path.open('a', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        if not path.stat().st_size:
            writer.writerow(FIELDS)
        for done, sample in enumerate(missing):
            if progress is not None:
                progress(done, len(missing))
            name = identity(sample)
            try:
                scores, fps = classifier.probabilities(sample)
            except PluginError as error:
                unreadable.append(error)
                continue
            for label in labels_of(sample):
                _require_class(label, scores.shape[1])
                curve = _as_written(Curve(name, label, fps, scores[:, label]))
                known[name, label] = curve
                writer.writerow(_to_row(curve))
            file.flush()
    if progress is not None and missing:
        progress(len(missing), len(missing))
    _require_all_read(unreadable, len(samples))
    return [known[key] for key in wanted]


def _require_all_read(unreadable: list[PluginError], total: int) -> None:
    if not unreadable:
        return
    shown = '; '.join(str(error) for error in unreadable[:SHOWN])
    more = f'; and {len(unreadable) - SHOWN} more' if len(unreadable) > SHOWN else ''
    raise TempoStudyError(
        f'{len(unreadable)} of {total} videos cannot be measured: {shown}{more}; take '
        'them out of the annotation file and run again, the others are kept'
    )


def _require_class(label: int, classes: int) -> None:
    if not 0 <= label < classes:
        raise ValueError(
            f'the data have a class {label}, but the model knows {classes} classes; '
            'give the config that the checkpoint was trained with'
        )


def _to_row(curve: Curve) -> list[str]:
    values = ' '.join(f'{value:.6g}' for value in curve.values)
    fps = '' if curve.fps is None else f'{curve.fps:.6g}'
    return [curve.video_id, str(curve.label), fps, values]


def _as_written(curve: Curve) -> Curve:
    """The curve as a later run reads it, so that both measure the same."""
    name, label, fps, values = _to_row(curve)
    return _from_row(name, label, fps, values)


def _from_row(name: str, label: str, fps: str, values: str) -> Curve:
    numbers = np.array(values.split(), dtype=np.float64)
    return Curve(name, int(label), float(fps) if fps else None, numbers)


def _read_back(path: Path) -> list[Curve]:
    """Read what is there, without a line that was being written when a run ended."""
    if not path.exists():
        return []
    try:
        # Letters other than \n that end lines elsewhere belong to a name.
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise TempoStudyError(
            f'{path} is no UTF-8 text; delete it to have it made again'
        ) from error
    whole = text[: text.rfind('\n') + 1]
    if whole != text:
        write_whole(path, whole)
    return read_curves(whole, path)


def read_curves(text: str, path: Path) -> list[Curve]:
    """Read curves from the text of their file.

    Raises:
        TempoStudyError: A line is none of a curve.
    """
    curves = []
    lines = text.removesuffix('\n').split('\n') if text else []
    for number, line in enumerate(lines, 1):
        if number == 1 and line == ','.join(FIELDS):
            continue
        try:
            # Curves are longer than what csv takes for a field.
            start, _, values = line.rpartition(',')
            ((name, label, fps),) = csv.reader([start])
            curves.append(_from_row(name, label, fps, values))
        except (ValueError, csv.Error):
            raise TempoStudyError(
                f'{path}, line {number}: expected "{",".join(FIELDS)}", got '
                f'{line[:60]!r}; delete the file to have it made again'
            ) from None
    return curves
