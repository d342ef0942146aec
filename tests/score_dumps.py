"""Files of predictions as MMEngine's DumpResults writes them."""

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmengine.evaluator import DumpResults, Evaluator
from scipy.special import softmax


def toy_scores(labels, classes, *, seed, strength=1.5):
    """Scores (N, classes) that prefer the true class."""
    scores = np.random.default_rng(seed).normal(size=(len(labels), classes))
    scores[np.arange(len(labels)), labels] += strength
    return scores


def toy_probabilities(labels, classes, **options):
    return softmax(toy_scores(labels, classes, **options), axis=1)


def write_dump(path, values, labels, *, order=None, batch=4, **names):
    """Dump predictions through MMEngine, as ``mim test --dump`` does.

    Args:
        path: The file.
        values: (N, C).
        labels: A label a sample, or None.
        order: Which samples come when.
        batch: Samples whose predictions share one tensor.
        names: Metainfo by key, one entry a sample.
    """
    metric = DumpResults(str(path))
    evaluator = Evaluator(metric)
    order = list(range(len(values)) if order is None else order)
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        scores = torch.as_tensor(np.asarray(values)[rows])
        if scores.dtype == torch.float64:
            scores = scores.float()
        samples = []
        for row, score in zip(rows, scores):
            sample = ActionDataSample(
                metainfo=dict(
                    img_shape=(224, 224), **{k: own[row] for k, own in names.items()}
                )
            )
            if labels is not None:
                sample.set_gt_label(torch.as_tensor(labels[row]))
            samples.append(sample.set_pred_score(score))
        evaluator.process(samples)
    metric.evaluate(len(order))
    return path
