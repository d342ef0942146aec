"""What two ranks agree on: steps that are left out, seeds, and the last checkpoint."""

import logging
import math
import multiprocessing
import time
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import distributed, nn

from tpn_tsn_plugin.engine import FiniteLossHook
from tpn_tsn_plugin.engine.resuming import checkpoints, train_loops

CONTEXT = multiprocessing.get_context('forkserver')
SPOILED = 1


def leave_out(rank, folder):
    """Train three steps, of which one rank cannot use the second; what has changed."""
    torch.manual_seed(0)
    inner = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))
    model = nn.parallel.DistributedDataParallel(inner, broadcast_buffers=False)
    runner = SimpleNamespace(
        model=model,
        optim_wrapper=OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1)),
        logger=logging.getLogger('two_ranks'),
        iter=0,
        epoch=0,
    )
    hook = FiniteLossHook(action='skip')
    hook.before_train(runner)
    states = [[value.clone() for value in model.state_dict().values()]]
    for step in range(3):
        inputs = torch.arange(8.0).reshape(4, 2) + rank + step
        if step == SPOILED and rank == 1:
            inputs.fill_(math.inf)
        hook.before_train_iter(runner, step, dict(data_samples=[dict(video_id='v')]))
        runner.optim_wrapper.update_params(model(inputs).square().mean())
        states.append([value.clone() for value in model.state_dict().values()])
    changed = [
        any(not a.equal(b) for a, b in zip(*pair, strict=True))
        for pair in pairwise(states)
    ]
    weights = torch.cat([weight.detach().flatten() for weight in model.parameters()])
    return changed, weights.tolist()


def seed(rank, folder):
    """The seed of the samples' order, where each rank's run has another one."""
    loader = SimpleNamespace(sampler=SimpleNamespace())
    train_loops._take_seed(SimpleNamespace(seed=5 + rank), loader)
    return loader.sampler.seed


def mend(rank, folder):
    """Whether the note is mended when a rank goes on, though the first takes long."""
    mended = folder / 'mended'

    def slowly(*arguments):
        time.sleep(0.3)
        mended.touch()

    checkpoints._mend = slowly
    runner = SimpleNamespace(work_dir=folder, hooks=[], logger=None)
    checkpoints.mend_last_checkpoint(runner)
    return mended.exists()


CHECKS = (leave_out, seed, mend)


def be_rank(rank, folder):
    torch.set_num_threads(1)
    distributed.init_process_group(
        'gloo',
        init_method=f'file://{folder}/store',
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=20),
    )
    found = {check.__name__: check(rank, folder) for check in CHECKS}
    torch.save(found, folder / f'{rank}.pth')
    distributed.destroy_process_group()


@pytest.fixture(scope='module')
def found(tmp_path_factory):
    """What each of two ranks tells of each check."""
    folder = tmp_path_factory.mktemp('ranks')
    CONTEXT.set_forkserver_preload(['tpn_tsn_plugin'])
    ranks = [CONTEXT.Process(target=be_rank, args=(own, folder)) for own in (0, 1)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(120)
        process.kill()
    assert [process.exitcode for process in ranks] == [0, 0]
    return [torch.load(folder / f'{own}.pth') for own in (0, 1)]


@pytest.mark.integration
def test_all_ranks_leave_a_step_out_or_none(found):
    (changed, weights), (others, other_weights) = (own['leave_out'] for own in found)
    assert changed == others == [True, False, True]
    assert weights == other_weights
    assert all(map(math.isfinite, weights))


@pytest.mark.integration
def test_order_of_samples_is_the_first_ranks(found):
    assert [own['seed'] for own in found] == [5, 5]


@pytest.mark.integration
def test_no_rank_goes_on_before_the_note_is_mended(found):
    assert [own['mend'] for own in found] == [True, True]
