"""Preparing a sample, or another one in the place of one that cannot be read."""

import re
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.structures import BaseDataElement

from tpn_tsn_plugin.containers import find_cut
from tpn_tsn_plugin.errors import BadVideoError
from tpn_tsn_plugin.functional.random_seeds import seed_all
from tpn_tsn_plugin.native_messages import silenced_on_error

from .crash_watch import CrashWatch

# Where a sample says which videos it stands for.
BAD_VIDEOS = 'bad_videos'
PATH_KEYS = ('filename', 'frame_dir', 'img_path', 'audio_path')
LONGEST_REASON = 200
# decord's times and places in its source.
SOURCE_PLACE = re.compile(r'\[\d\d:\d\d:\d\d\] \S+:\d+: ')


@dataclass(frozen=True)
class BadVideo:
    """A video that cannot be read.

    Attributes:
        path: Its file or folder.
        reason: What its pipeline raised, in one line.
    """

    path: str
    reason: str


class GuardedPreparation:
    """What a data set's ``prepare_data`` is replaced by.

    Args:
        dataset: One of MMEngine's.
        replace: Whether another sample takes the place of one that cannot be prepared.
            Which one, and how it is augmented, follows from NumPy's generator as it was
            at first, so the same seeds give the same sample.
        tries: Samples that are tried one after the other.
        watch: Told which video is in hand, None if nobody needs to know.
    """

    def __init__(
        self,
        dataset: BaseDataset,
        *,
        replace: bool,
        tries: int,
        watch: CrashWatch | None = None,
    ) -> None:
        self._dataset = dataset
        self._replace = replace
        self._tries = tries
        self._watch = watch

    def __call__(self, index: int) -> Any:
        """Prepare a sample.

        Returns:
            What the pipeline gives. Of a sample in another one's place
            ``data_samples.bad_videos`` says which videos it stands for.

        Raises:
            BadVideoError: It cannot be prepared and is not to be replaced, or none of
                those that were tried can.
        """
        chances = np.random.default_rng(np.random.randint(2**31))
        found: list[BadVideo] = []
        for _ in range(self._tries):
            try:
                sample = self._prepare(index)
            except MemoryError:
                raise
            except Exception as error:
                found.append(BadVideo(path_of(self._dataset, index), describe(error)))
                if not self._replace:
                    raise BadVideoError(_refusal(found[0])) from error
            else:
                return _note(sample, found) if found else sample
            index = int(chances.integers(len(self._dataset)))
            seed_all(int(chances.integers(2**31)))
        raise BadVideoError(
            f'{self._tries} videos one after the other cannot be read, the first of '
            f'them {found[0].path} ({found[0].reason}); is the pipeline right, and the '
            "data set's place?"
        )

    def _prepare(self, index: int) -> Any:
        path = path_of(self._dataset, index)
        # decord may crash on a truncated file, or take what there is for the whole.
        cut = find_cut(path)
        if cut:
            raise EOFError(cut)
        watched = nullcontext() if self._watch is None else self._watch.in_hand(path)
        # decord prints the bytes of a file that it cannot open.
        with watched, silenced_on_error():
            # The class's own: the instance's is this.
            sample = type(self._dataset).prepare_data(self._dataset, index)
        if sample is None:
            raise ValueError('its pipeline gives nothing')
        return sample


def path_of(dataset: BaseDataset, index: int) -> str:
    """What is at fault where a sample cannot be prepared."""
    info = dataset.get_data_info(index)
    for key in PATH_KEYS:
        if key in info:
            return str(info[key])
    return f'sample {index} of {type(dataset).__name__}'


def describe(error: Exception) -> str:
    """An error in one line, as short as can be."""
    lines = SOURCE_PLACE.sub('', str(error)).strip().splitlines()
    text = f'{type(error).__name__}: {lines[0].strip()}' if lines else repr(error)
    return text if len(text) <= LONGEST_REASON else f'{text[: LONGEST_REASON - 1]}…'


def _note(sample: Any, found: list[BadVideo]) -> Any:
    element = sample.get('data_samples') if isinstance(sample, dict) else None
    if not isinstance(element, BaseDataElement):
        raise BadVideoError(
            f'{_refusal(found[0])}; only pipelines that end in PackActionInputs can '
            'replace it'
        )
    element.set_metainfo({BAD_VIDEOS: found})
    return sample


def _refusal(video: BadVideo) -> str:
    return f'{video.path} cannot be read ({video.reason})'
