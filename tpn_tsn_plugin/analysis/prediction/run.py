"""Predicting several videos: a bad one is named, and nothing finished is lost."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tpn_tsn_plugin.errors import PluginError

from .annotated_video import write_annotated_video
from .predictor import Prediction, Predictor
from .progress import Advance
from .report import Ranking, to_text, write_json
from .timeline import write_timeline

# Seconds after which finished predictions are in the file, whatever comes.
SAVE_PERIOD = 10.0
# What a video or an option may cause; anything else is a fault of the code.
FAULTS = (PluginError, ValueError, OSError)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Targets:
    """Files to write.

    Attributes:
        json: All scores, of all videos; None for no such file.
        videos: An annotated video of each; empty for none.
        timelines: A picture of each; empty for none.
    """

    json: Path | None = None
    videos: Sequence[Path] = field(default_factory=tuple)
    timelines: Sequence[Path] = field(default_factory=tuple)

    @classmethod
    def of(
        cls,
        sources: Sequence[Path],
        json: Path | None,
        video: Path | None,
        timeline: Path | None,
    ) -> 'Targets':
        """Name the files of some videos."""
        return cls(
            json,
            paths_of_videos(video, sources) if video else (),
            paths_of_videos(timeline, sources) if timeline else (),
        )

    @property
    def paths(self) -> list[Path]:
        """All of them."""
        return [*([self.json] if self.json else []), *self.videos, *self.timelines]


class Run:
    """Predicts videos one after another.

    Args:
        predictor: Predicts them.
        ranking: What is shown.
        targets: What is written.
        about: What the JSON file says of the run.
        threads: Threads that decode.
        say: Takes what was predicted, as lines of text.
        complain: Takes what went wrong, a line each.

    Attributes:
        failed: Whether something went wrong.
    """

    def __init__(
        self,
        predictor: Predictor,
        ranking: Ranking,
        *,
        targets: Targets,
        about: Mapping[str, Any],
        threads: int,
        say: Say,
        complain: Say,
    ) -> None:
        self.failed = False
        self._predictor = predictor
        self._ranking = ranking
        self._targets = targets
        self._about = about
        self._threads = threads
        self._say, self._complain = say, complain
        self._outcomes: list[Prediction | tuple[Path, str]] = []
        self._saved = time.monotonic()

    def predict(self, videos: Sequence[Path], advance: Advance) -> None:
        """Predict videos, say what came out, and write the files.

        Args:
            videos: As many as the targets are for.
            advance: Called as it goes on.
        """
        try:
            for number, path in enumerate(videos):
                self._predict(number, path, advance)
                if time.monotonic() - self._saved > SAVE_PERIOD:
                    self._save()
        finally:
            # Whatever stopped it, what is finished is kept.
            self._save()

    def _predict(self, number: int, path: Path, advance: Advance) -> None:
        # To write a video takes about as long as to predict it.
        part = 0.5 if self._targets.videos else 1.0
        advance(path.name, number, 0)
        try:
            prediction = self._predictor.predict(
                path, lambda share: advance(path.name, number, part * share)
            )
        except FAULTS as error:
            self._outcomes.append((path, self._fail(path, error)))
            return
        self._outcomes.append(prediction)
        self._say(to_text(prediction, self._ranking))
        if prediction.error is not None:
            self._fail(path, prediction.error)
        try:
            self._write(
                number,
                prediction,
                lambda share: advance(path.name, number, 0.5 + 0.5 * share),
            )
        except FAULTS as error:
            self._fail(path, error)

    def _write(
        self, number: int, prediction: Prediction, report: Callable[[float], None]
    ) -> None:
        targets, ranking = self._targets, self._ranking
        if targets.timelines:
            write_timeline(targets.timelines[number], prediction, ranking.names)
        # A video that could not be read to its end could not be copied either.
        if targets.videos and prediction.error is None:
            write_annotated_video(
                targets.videos[number],
                prediction,
                ranking,
                report,
                threads=self._threads,
            )

    def _save(self) -> None:
        self._saved = time.monotonic()
        if self._targets.json is not None and self._outcomes:
            write_json(self._targets.json, self._about, self._outcomes, self._ranking)

    def _fail(self, path: Path, reason: Exception | str) -> str:
        self.failed = True
        text = ' '.join(str(reason).split())
        text = text if str(path) in text else f'{path}: {text}'
        self._complain(f'Failed: {text}')
        return text


def paths_of_videos(path: Path, videos: Sequence[Path]) -> list[Path]:
    """Where each video's file goes.

    Args:
        path: What the user named.
        videos: The videos.

    Returns:
        The path for one video; for several, paths with the name of each before the
        suffix, numbered where videos are called the same.
    """
    if len(videos) == 1:
        return [path]
    counts: dict[str, int] = {}
    paths = []
    for video in videos:
        name = video.stem
        counts[name] = counts.get(name, 0) + 1
        number = f'_{counts[name]}' if counts[name] > 1 else ''
        paths.append(path.with_name(f'{path.stem}_{name}{number}{path.suffix}'))
    return paths
