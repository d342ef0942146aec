"""The one place where labels are read from data samples.

Shape letters: N videos.
"""

from collections.abc import Sequence

import torch
from mmaction.structures import ActionDataSample
from torch import Tensor


def stack_labels(
    data_samples: Sequence[ActionDataSample],
    num_classes: int,
    device: torch.device | None = None,
) -> Tensor:
    """Stack the labels of a batch.

    Args:
        data_samples: One sample a video. ``gt_label`` holds one class index, or
            ``num_classes`` values (soft or multi-hot label).
        num_classes: Number of classes.
        device: Where the labels are needed.

    Returns:
        Class indices of shape (N,), or soft labels of shape (N, num_classes).

    Raises:
        ValueError: A sample has no label, a label has another length, or a class
            index is out of range.
    """
    missing = [i for i, sample in enumerate(data_samples) if 'gt_label' not in sample]
    if missing:
        raise ValueError(
            f'sample {missing[0]} of the batch has no gt_label; training needs the '
            'label of every video, so give it in the annotation file'
        )
    lengths = {sample.gt_label.numel() for sample in data_samples}
    if len(lengths) > 1:
        raise ValueError(
            'the labels of a batch must all be class indices or all hold '
            f'{num_classes} values, got lengths {sorted(lengths)}'
        )
    labels = torch.stack([sample.gt_label.flatten() for sample in data_samples])
    if labels.shape[1] == num_classes and labels.is_floating_point():
        return labels.to(device)
    if labels.shape[1] != 1:
        raise ValueError(
            f'a label must be one class index or {num_classes} values, one a class, '
            f'got {labels.shape[1]} values of type {labels.dtype}'
        )
    labels = labels[:, 0].long()
    # What depends on values would tear a compiled model to pieces.
    if torch.compiler.is_compiling():
        return labels.to(device)
    wrong = labels[(labels < 0) | (labels >= num_classes)]
    if len(wrong):
        raise ValueError(
            f'label {int(wrong[0])} is out of range: with num_classes={num_classes} '
            f'labels go from 0 to {num_classes - 1}; correct num_classes of the heads '
            'or the annotation file'
        )
    return labels.to(device)
