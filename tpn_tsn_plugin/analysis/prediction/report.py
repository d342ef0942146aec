"""What is said of predictions: on the terminal, and in a JSON file."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.output_files import written_whole

from .labels import ONLY, ClassNames
from .model import Scores
from .predictor import Prediction

DIGITS = 6


@dataclass(frozen=True)
class Ranked:
    """A class and its probability.

    Attributes:
        index: Class index.
        label: Its name.
        probability: From 0 to 1.
    """

    index: int
    label: str
    probability: float


@dataclass(frozen=True)
class Ranking:
    """Which classes are shown.

    Attributes:
        names: Names of the classes by task.
        top: How many of the most probable.
        threshold: With several labels a video: from which probability on a class is one
            of them, and shown too; None where a video has one label.
    """

    names: ClassNames
    top: int = 5
    threshold: float | None = None

    def rank(self, task: str, scores: NDArray[np.float32]) -> list[Ranked]:
        """The classes that are shown, the most probable first."""
        order = np.argsort(-scores, kind='stable')
        above = 0 if self.threshold is None else int((scores >= self.threshold).sum())
        return [
            Ranked(int(i), self.names[task][i], float(scores[i]))
            for i in order[: max(self.top, above)]
        ]


def to_text(prediction: Prediction, ranking: Ranking) -> str:
    """Lines for the terminal: the video, and its classes with their probabilities."""
    lines = [f'{prediction.path}: {describe(prediction)}']
    for task, scores in prediction.scores.items():
        if task != ONLY:
            lines.append(f'  {task}')
        for ranked in ranking.rank(task, scores):
            mark = ''
            if ranking.threshold is not None:
                mark = '* ' if ranked.probability >= ranking.threshold else '  '
            lines.append(f'  {100 * ranked.probability:5.1f} %  {mark}{ranked.label}')
    if ranking.threshold is not None:
        lines.append(f'  * from {100 * ranking.threshold:g} % on')
    return '\n'.join(lines)


def describe(prediction: Prediction) -> str:
    """How long a video is, and how it was predicted."""
    text = f'{prediction.duration:.1f} s at {prediction.fps:.4g} fps, '
    if prediction.window is None:
        return text + 'predicted whole'
    count = len(prediction.windows)
    text += f'{count} window{"s" * (count > 1)} of {prediction.window:.3g} s'
    if prediction.stride != prediction.window:
        text += f' every {prediction.stride:.3g} s'
    return f'{text}, {prediction.consensus}'


def write_json(
    path: Path,
    about: Mapping[str, Any],
    outcomes: Sequence[Prediction | tuple[Path, str]],
    ranking: Ranking,
) -> None:
    """Write everything that is known, a window a line.

    Args:
        path: The file.
        about: What was run.
        outcomes: Predictions, and videos that could not be read with the reason.
        ranking: Which classes stand out.
    """
    with written_whole(path) as partial, partial.open('w', encoding='utf-8') as file:
        head = {**about, 'classes': _by_task(ranking.names)}
        # Scores of hours of video would take far more memory as one Python object.
        file.write(json.dumps(head, indent=1)[:-2] + ',\n "videos": [')
        for number, outcome in enumerate(outcomes):
            file.write(',\n' if number else '\n')
            if isinstance(outcome, Prediction):
                file.writelines(_video_lines(outcome, ranking))
            else:
                video, error = outcome
                file.write('  ' + json.dumps({'video': str(video), 'error': error}))
        file.write('\n ]\n}\n')


def _video_lines(prediction: Prediction, ranking: Ranking) -> Iterator[str]:
    top = {
        task: [ranked.__dict__ for ranked in ranking.rank(task, scores)]
        for task, scores in prediction.scores.items()
    }
    fields: dict[str, Any] = {
        'video': str(prediction.path),
        'frames': prediction.frames,
        'fps': prediction.fps,
        'duration': prediction.duration,
        'mode': 'whole' if prediction.window is None else 'windows',
        'window': prediction.window,
        'stride': prediction.stride,
        'consensus': prediction.consensus,
        'error': prediction.error,
        'top': _by_task(top),
        'scores': _numbers(prediction.scores),
    }
    yield '  {'
    for name, value in fields.items():
        yield f'\n   {json.dumps(name)}: {json.dumps(value)},'
    yield '\n   "windows": ['
    for number, window in enumerate(prediction.windows):
        line = {
            'start': round(window.start, DIGITS),
            'end': round(window.end, DIGITS),
            'scores': _numbers(window.scores),
        }
        yield (',' if number else '') + '\n    ' + json.dumps(line)
    yield '\n   ]\n  }' if prediction.windows else ']\n  }'


def _numbers(scores: Scores) -> Any:
    return _by_task(
        {
            task: [round(float(value), DIGITS) for value in values]
            for task, values in scores.items()
        }
    )


def _by_task(values: Mapping[str, Any]) -> Any:
    """The value itself where there is one task alone."""
    return values[ONLY] if ONLY in values else dict(values)
