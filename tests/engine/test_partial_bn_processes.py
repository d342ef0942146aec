"""Partial batch normalisation in two processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from partial_bn_run import assert_first_only
from torch import nn

import tpn_tsn_plugin


@pytest.fixture(scope='module')
def two_processes(tmp_path_factory):
    """Folder with what two processes on a CPU tell of each kind of run."""
    folder = tmp_path_factory.mktemp('two_processes')
    run(folder, CUDA_VISIBLE_DEVICES='')
    return folder


def run(folder, **env):
    environment = {
        **os.environ,
        'PYTHONPATH': str(Path(tpn_tsn_plugin.__file__).parents[1]),
        'PYTHONWARNINGS': 'ignore',
        'OMP_NUM_THREADS': '1',
        **env,
    }
    script = str(Path(__file__).with_name('partial_bn_run.py'))
    launch = ['-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2']
    done = subprocess.run(
        [sys.executable, *launch, script, str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.integration
@pytest.mark.parametrize(
    ('kind', 'norms'),
    [
        ('plain', ['BatchNorm2d']),
        ('sync', ['BatchNorm2d', 'SyncBatchNorm']),
        ('config', ['SyncBatchNorm']),
    ],
)
def test_two_processes(kind, norms, two_processes):
    """Frozen weights are out of the optimiser, yet nothing waits for their gradients.

    With ``sync`` all frozen ones are SyncBatchNorm; the first one, which learns, cannot
    be that on a CPU (see below). With ``config`` MMEngine makes all of them that before
    the hook looks for them, and a stand-in computes what torch does on GPUs.
    """
    files = [two_processes / f'{kind}{rank}.json' for rank in (0, 1)]
    results = [json.loads(file.read_text()) for file in files]
    for result in results:
        assert result['norms'] == norms
        assert_first_only(result['statistics'])
        assert_first_only(result['affine'])
    # the two saw other videos, and hold the same weights
    assert results[0]['kernel'] == results[1]['kernel']
    assert (results[0]['means'] == results[1]['means']) == (kind == 'config')


@pytest.mark.integration
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason='needs two GPUs')
def test_two_gpus(tmp_path):
    """With torch's own synchronisation."""
    run(tmp_path)
    test_two_processes('config', ['SyncBatchNorm'], tmp_path)


def test_torch_cannot_learn_synchronised_statistics_on_a_cpu(tmp_path):
    norm, x = nn.SyncBatchNorm(3), torch.randn(2, 3, 4, 4)
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1
    )
    try:
        with pytest.raises(ValueError, match='expected input tensor to be on GPU'):
            norm(x)
        assert norm.eval()(x).shape == x.shape
    finally:
        torch.distributed.destroy_process_group()
