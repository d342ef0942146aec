"""How optical flow was made that a config reads from files, and making it anew."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
from mmengine.config import Config
from numpy.typing import NDArray

from tpn_tsn_plugin.datasets.config_entry import find_dataset
from tpn_tsn_plugin.datasets.extraction import ExtractionOptions
from tpn_tsn_plugin.datasets.extraction.records import find_record
from tpn_tsn_plugin.datasets.tempo_demo.dataset import DemoVideoDataset
from tpn_tsn_plugin.datasets.tempo_demo.extraction import ALGORITHM
from tpn_tsn_plugin.datasets.transforms import ComputeOpticalFlow, WarpOpticalFlow
from tpn_tsn_plugin.errors import FrameFolderError, PluginError
from tpn_tsn_plugin.registry import DATASETS

# Folders of classes and of videos lie above the files.
DEEPEST = 4

Image = NDArray[np.uint8]


class FieldMaker:
    """Makes of frames what extraction would have written to files.

    Args:
        options: How files are extracted.
        keep_rgb: RGB frames that are kept for a spatial stream, as in
            ``ComputeOpticalFlow``.
    """

    def __init__(self, options: ExtractionOptions, keep_rgb: str | None) -> None:
        kind = WarpOpticalFlow if options.warped else ComputeOpticalFlow
        self._resize = options.resize
        self._compute = kind(
            options.algorithm,
            options.bound,
            keep_rgb=keep_rgb,
            parameters=options.parameters,
        )

    def make(self, results: dict[str, Any], clip_len: int) -> dict[str, Any]:
        """Put fields in the place of frames.

        Args:
            results: A sample with its frames.
            clip_len: Frames of a snippet, one more than its fields.

        Returns:
            The sample with fields in ``imgs``.
        """
        frames = self._resized(results['imgs'])
        size = frames[0].shape[:2]
        sample = {**results, 'imgs': frames, 'clip_len': clip_len}
        sample |= {'original_shape': size, 'img_shape': size}
        return self._compute.transform(sample)

    def _resized(self, frames: Sequence[Image]) -> list[Image]:
        if self._resize is None:
            return list(frames)
        return [mmcv.imrescale(frame, (np.inf, self._resize)) for frame in frames]


def find_extraction(
    config: Config, algorithm: str | None, warped: bool
) -> ExtractionOptions:
    """Find out how a config's optical flow was made.

    Args:
        config: Its test dataset names the files.
        algorithm: The user's word, which counts more than the files'.
        warped: Whether the user says that the camera's motion was removed.

    Raises:
        PluginError: Nothing says it.
    """
    if algorithm is not None:
        return ExtractionOptions(algorithm=algorithm, warped=warped)
    dataset = find_dataset(config, 'test')
    kind = dataset.get('type')
    registered = DATASETS.get(kind) if isinstance(kind, str) else kind
    if isinstance(registered, type) and issubclass(registered, DemoVideoDataset):
        return ExtractionOptions(algorithm=ALGORITHM)
    root = Path(dataset.get('data_root') or '')
    prefix = dataset.get('data_prefix') or {}
    options = _first_record(root / prefix['img']) if 'img' in prefix else None
    if options is None:
        raise PluginError(
            f'{config.filename} reads optical flow from files, and nothing says how '
            'these were made; give --algorithm (tvl1 in most published data), and '
            "--warped if the camera's motion was removed"
        )
    return options


def _first_record(folder: Path) -> ExtractionOptions | None:
    """What extract-flow has noted beside the first video's files."""
    for _ in range(DEEPEST):
        if not folder.is_dir():
            break
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        names = [e.name for e in entries if e.is_dir() or e.name.endswith('.zip')]
        if not names:
            break
        # What no record tells, the user can say.
        with suppress(FrameFolderError, ValueError):
            record = find_record(folder, names[0].removesuffix('.zip'))
            if record is not None:
                return ExtractionOptions.from_record(record.options)
        folder = folder / names[0]
    return None
