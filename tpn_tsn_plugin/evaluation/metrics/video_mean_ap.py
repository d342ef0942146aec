"""Mean average precision over videos with any number of labels.

Shape letters: K snippets.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mmengine
import numpy as np
import torch
from mmaction.evaluation import mean_average_precision
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from numpy.typing import NDArray

from tpn_tsn_plugin.output_files import written_whole
from tpn_tsn_plugin.registry import METRICS

from .labels import require_labels

Result = dict[str, Any]


@METRICS.register_module()
class VideoMeanAP(BaseMetric):
    """Video-level mAP, as ActivityNet v1.2 and THUMOS14 classification use it.

    The average precision of a class is MMAction2's. A class without a positive video
    has none: it is left out and named once in the log. Videos that show nothing but
    background count as negatives for all classes.

    Args:
        out_file: JSON to write: ``classes`` (names, where the dataset has them) and
            ``videos``, by ``video_id``: ``labels``, ``scores`` as predicted, and
            ``segment_scores`` where the head keeps them
            (``keep_segment_scores=True``): one row a snippet in order of time, before
            softmax. At one snippet a second, row i is second i.
        collect_device: Where results of several processes are gathered.
        prefix: In front of the names in the log.

    Raises:
        ValueError: ``out_file`` does not end in ``.json``.
    """

    default_prefix = 'acc'

    def __init__(
        self,
        out_file: str | None = None,
        *,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        if out_file is not None and Path(out_file).suffix != '.json':
            raise ValueError(f'out_file must end in .json, got {out_file!r}')
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.out_file = out_file

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep scores and labels of a batch.

        Raises:
            ValueError: A video has no identity, and a file is to be written.
        """
        for sample in data_samples:
            scores = sample['pred_score'].cpu().numpy()
            result: Result = dict(
                scores=scores, labels=_multi_hot(sample['gt_label'], len(scores))
            )
            if self.out_file is not None:
                result['video_id'] = sample.get('video_id')
                if result['video_id'] is None:
                    raise ValueError(
                        'out_file needs video_id in the metainfo of every sample: give '
                        "it in the dataset and in PackActionInputs' meta_keys"
                    )
                if 'segment_scores' in sample:
                    result['segment_scores'] = sample['segment_scores'].cpu().numpy()
            self.results.append(result)

    def compute_metrics(self, results: list[Result]) -> dict[str, float]:
        """The mAP over the classes that have a positive video.

        Raises:
            ValueError: No video has a label.
        """
        # Scores of videos whose labels nobody knows are worth keeping too.
        if self.out_file is not None:
            classes = (self.dataset_meta or {}).get('classes')
            write_results(Path(self.out_file), results, classes)
        labels = np.stack([result['labels'] for result in results])
        scores = np.stack([result['scores'] for result in results])
        present = np.asarray(labels.any(axis=0))
        if not present.any():
            raise ValueError(
                f'none of the {len(results)} videos has a label, so there is no '
                'average precision; check the annotation file and its subset'
            )
        if not present.all():
            absent = np.flatnonzero(~present)
            names = ', '.join(map(str, absent[:5])) + (', …' if len(absent) > 5 else '')
            print_log(
                f'mAP over {present.sum()} of {len(present)} classes; without a '
                f'positive video: {names}',
                logger='current',
            )
        mean_ap = mean_average_precision(
            list(scores[:, present]), list(labels[:, present])
        )
        return dict(mean_ap=float(mean_ap))


def _multi_hot(label: torch.Tensor, num_classes: int) -> NDArray:
    """A label as (num_classes,), whether it came so or as a class index."""
    if len(label) == num_classes:
        return label.cpu().numpy()
    indices = label.cpu().numpy()
    require_labels(indices, num_classes)
    hot = np.zeros(num_classes)
    hot[indices] = 1
    return hot


def write_results(
    path: Path, results: Sequence[Result], classes: Sequence[str] | None
) -> None:
    """Write scores and labels by video, whole or not at all.

    Raises:
        ValueError: Two videos have one identity.
    """
    videos: dict[str, Result] = {}
    for result in results:
        if result['video_id'] in videos:
            raise ValueError(
                f"two videos have video_id {result['video_id']!r}, so one's scores "
                "would replace the other's; give every sample its own in the dataset"
            )
        video = dict(
            labels=np.flatnonzero(result['labels']).tolist(),
            scores=_rounded(result['scores']),
        )
        if 'segment_scores' in result:
            video['segment_scores'] = _rounded(result['segment_scores'])
        videos[result['video_id']] = video
    names = {} if classes is None else dict(classes=list(classes))
    with written_whole(path) as partial:
        mmengine.dump({**names, 'videos': videos}, partial)
    print_log(f'scores of {len(videos)} videos: {path}', logger='current')


def _rounded(scores: NDArray) -> list:
    """Six digits say more than a score knows, and halve the file."""
    return np.round(scores.astype(np.float64), 6).tolist()
