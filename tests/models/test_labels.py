"""Labels are read in one place; what cannot be used is refused in one line."""

import pytest
import torch
from mmaction.structures import ActionDataSample

from tpn_tsn_plugin.models.labels import stack_labels

CLASSES = 3


def samples(*labels):
    return [ActionDataSample().set_gt_label(label) for label in labels]


@pytest.mark.parametrize('labels', [(2,), (0, 2), (0, 1, 2)])
def test_class_indices(labels):
    """Of one video, of two, and of as many as there are classes."""
    stacked = stack_labels(samples(*labels), CLASSES)
    assert stacked.dtype == torch.int64
    assert stacked.tolist() == list(labels)


@pytest.mark.parametrize('videos', [1, 2, CLASSES])
def test_soft_labels(videos):
    soft = torch.rand(videos, CLASSES).softmax(dim=1)
    assert torch.equal(stack_labels(samples(*soft), CLASSES), soft)


@pytest.mark.parametrize(
    ('batch', 'message'),
    [
        ([*samples(0), ActionDataSample()], 'sample 1 of the batch has no gt_label'),
        (samples(0, -1), 'label -1 is out of range.* from 0 to 2'),
        (samples(CLASSES), 'label 3 is out of range.* from 0 to 2'),
        (samples(torch.rand(CLASSES), 1), r'all hold 3 values, got lengths \[1, 3\]'),
        (samples(torch.rand(2)), 'one class index or 3 values.* got 2 values'),
        (samples(torch.tensor([1, 0, 1])), 'got 3 values of type torch.int64'),
    ],
    ids=['missing', 'negative', 'too large', 'mixed', 'other length', 'whole numbers'],
)
def test_labels_that_cannot_be_used(batch, message):
    with pytest.raises(ValueError, match=message) as error:
        stack_labels(batch, CLASSES)
    assert '\n' not in str(error.value)
