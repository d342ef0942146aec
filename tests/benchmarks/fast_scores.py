"""Scores of a trained model with and without ``FastInferenceHook``.

    python tests/benchmarks/fast_scores.py CONFIG CHECKPOINT

Tests the config three times: as it is, with the hook in float32, with it in bfloat16.
Prints the metrics, the largest difference of a score, and on how many videos the best
class stays.
"""

import argparse
import copy
import tempfile

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

import tpn_tsn_plugin  # noqa: F401

VARIANTS = {'plain': [], 'float32': ['float32'], 'bfloat16': ['bfloat16']}


class KeepScores(Hook):
    """Keeps what is predicted."""

    def __init__(self):
        self.scores = []

    def after_test_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.scores += [sample.pred_score.clone() for sample in outputs]


def run(config, dtypes):
    config = copy.deepcopy(config)
    hooks = [dict(type='FastInferenceHook', dtype=dtype) for dtype in dtypes]
    config.custom_hooks = [*config.get('custom_hooks', []), *hooks]
    config.work_dir = tempfile.mkdtemp()
    config.experiment_name = '-'.join(['scores', *dtypes])
    keep = KeepScores()
    runner = Runner.from_cfg(config)
    runner.register_hook(keep)
    return runner.test(), torch.stack(keep.scores)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    options = parser.parse_args()
    config = Config.fromfile(options.config)
    config.load_from = options.checkpoint
    found = {name: run(config, dtypes) for name, dtypes in VARIANTS.items()}
    plain = found['plain'][1]
    for name, (metrics, scores) in found.items():
        same = int((scores.argmax(1) == plain.argmax(1)).sum())
        most = float((scores - plain).abs().max())
        print(f'{name}: {metrics}; scores differ by {most:.1e} at most; ', end='')
        print(f'{same} of {len(plain)} best classes stay')


if __name__ == '__main__':
    main()
