"""What one of several experiments gets of the machine."""

import pytest

from tpn_tsn_plugin.analysis.experiments import slots
from tpn_tsn_plugin.analysis.experiments.slots import Slot, own_environment


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """Eight cores and four GPUs."""
    monkeypatch.setattr(slots.os, 'sched_getaffinity', lambda _: range(8))
    monkeypatch.setattr(slots.torch.cuda, 'device_count', lambda: 4)


TORCHRUN = {'LOCAL_RANK': '1', 'LOCAL_WORLD_SIZE': '2'}


@pytest.mark.parametrize(
    ('number', 'jobs', 'environment', 'threads', 'gpu'),
    [
        (0, 1, {}, 8, '0'),
        (1, 3, {}, 2, '1'),
        (5, 6, {}, 1, '1'),
        (0, 20, {}, 1, '0'),
        (1, 2, TORCHRUN, 2, '3'),
        # Slurm gives each process its own cores
        (0, 2, {'SLURM_LOCALID': '1'}, 4, '2'),
        (1, 2, {'CUDA_VISIBLE_DEVICES': '5,7'}, 4, '7'),
        # what is the only one needs no name
        (1, 2, {'CUDA_VISIBLE_DEVICES': '5'}, 4, None),
        (1, 2, {'CUDA_VISIBLE_DEVICES': ''}, 4, None),
    ],
)
def test_cores_are_shared_and_gpus_taken_in_turns(
    number, jobs, environment, threads, gpu
):
    assert Slot.of_environment(number, jobs, environment) == Slot(threads, gpu)


def test_an_experiment_is_no_rank(monkeypatch):
    for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'TORCHELASTIC_X'):
        monkeypatch.setenv(name, '1')
    monkeypatch.setenv('KEPT', 'yes')
    environment = own_environment('3', 2)
    assert not {'RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR'} & set(environment)
    assert 'TORCHELASTIC_X' not in environment
    assert environment['KEPT'] == 'yes'
    assert environment['CUDA_VISIBLE_DEVICES'] == '3'
    assert environment['OMP_NUM_THREADS'] == '2'
