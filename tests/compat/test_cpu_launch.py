import inspect
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from torch import nn

from tpn_tsn_plugin.compat import cpu_launch

TOY = Path(__file__).with_name('toy_runner.py')
ONE_PROCESS = {
    'RANK': '0',
    'LOCAL_RANK': '0',
    'WORLD_SIZE': '1',
    'MASTER_ADDR': '127.0.0.1',
    'MASTER_PORT': '0',
}


def test_host_still_has_both_faults(fresh_python) -> None:
    script = (
        'import torch\n'
        'from mmengine.dist import init_dist\n'
        'from mmengine.model import MMDistributedDataParallel\n'
        'try:\n'
        "    init_dist('pytorch', backend='gloo')\n"
        'except (AttributeError, RuntimeError, AssertionError) as error:\n'
        "    print('launcher:', error)\n"
        "torch.distributed.init_process_group('gloo')\n"
        'try:\n'
        '    MMDistributedDataParallel(torch.nn.Linear(1, 1), device_ids=[0])\n'
        'except ValueError as error:\n'
        "    print('wrapper:', error)\n"
    )
    done = fresh_python('-c', script, **ONE_PROCESS)
    assert 'launcher:' in done.stdout, 'the launcher repair can go'
    assert 'wrapper: DistributedDataParallel device_ids' in done.stdout, done.stderr


@pytest.mark.integration
def test_two_processes_train_with_an_unmodified_config(
    fresh_python, tmp_path: Path
) -> None:
    arguments = ('--standalone', '--nproc_per_node=2', str(TOY), str(tmp_path))
    done = fresh_python('-m', 'torch.distributed.run', *arguments)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith('rank')]
    ranks, weights = zip(*(line.split(', gloo, ') for line in sorted(lines)))
    assert ranks == ('rank 0 of 2', 'rank 1 of 2')
    # Gradients were averaged: each process saw other samples, the weights are one.
    assert weights[0] == weights[1]
    assert done.stdout.count('gloo instead of nccl') == 1


def careless(backend: str) -> None:
    torch.cuda.set_device(0)


def careful(backend: str) -> None:
    if torch.cuda.is_available():
        torch.cuda.set_device(0)


@pytest.mark.parametrize(
    ('device', 'launch', 'expected'),
    [
        ('cpu', careless, True),
        ('cpu', careful, False),
        ('cuda', careless, False),
    ],
)
def test_found_without_gpu_and_with_careless_launcher_only(
    device: str, launch: Any, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu_launch, 'get_device', lambda: device)
    monkeypatch.setattr(cpu_launch.dist_utils, '_init_dist_pytorch', launch)
    assert cpu_launch.found() is expected


@pytest.fixture
def repaired(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """Repair recording stand-ins of the host's two functions; returns their calls."""
    calls: list[dict] = []

    def launch(backend: str, init_backend: str = 'torch', **kwargs) -> None:
        calls.append({'backend': backend, 'init_backend': init_backend, **kwargs})

    def wrap(self: nn.Module, module: nn.Module, *args, **kwargs) -> None:
        calls.append(kwargs)

    def init_process_group(**kwargs) -> None:
        calls.append(kwargs)

    for name in ('_init_dist_pytorch', '_init_dist_slurm'):
        monkeypatch.setattr(cpu_launch.dist_utils, name, launch)
    monkeypatch.setattr(MMDistributedDataParallel, '__init__', wrap)
    monkeypatch.setattr(torch.distributed, 'init_process_group', init_process_group)
    cpu_launch.repair()
    return calls


@pytest.mark.parametrize(
    ('backend', 'used'), [('nccl', 'gloo'), ('gloo', 'gloo'), ('mpi', 'mpi')]
)
def test_only_nccl_is_replaced(repaired: list[dict], backend: str, used: str) -> None:
    cpu_launch.dist_utils._init_dist_pytorch(backend, timeout=5)
    assert repaired == [{'backend': used, 'timeout': 5}]


def test_other_launchers_are_left_alone(repaired: list[dict]) -> None:
    cpu_launch.dist_utils._init_dist_pytorch('nccl', init_backend='deepspeed')
    assert repaired == [{'backend': 'nccl', 'init_backend': 'deepspeed'}]


def test_slurm_launcher_needs_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment is read as ever: here that of one task, which is its own host."""
    environment = dict(SLURM_PROCID='0', SLURM_NTASKS='1', SLURM_LOCALID='0')
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv('SLURM_NODELIST', 'here')
    for name in ('MASTER_ADDR', 'MASTER_PORT', 'RANK', 'LOCAL_RANK', 'WORLD_SIZE'):
        monkeypatch.setenv(name, '')
    calls: list[dict] = []

    def init_process_group(**kwargs) -> None:
        calls.append(kwargs)

    monkeypatch.setattr(torch.distributed, 'init_process_group', init_process_group)
    monkeypatch.setattr(
        cpu_launch.dist_utils,
        '_init_dist_slurm',
        inspect.unwrap(cpu_launch.dist_utils._init_dist_slurm),
    )
    set_device = torch.cuda.set_device
    cpu_launch._repair_slurm()
    cpu_launch.dist_utils._init_dist_slurm('nccl', timeout=5)
    assert calls == [{'backend': 'gloo', 'timeout': 5}]
    assert os.environ['WORLD_SIZE'] == '1'
    assert torch.cuda.set_device is set_device


@pytest.mark.parametrize(('device', 'used'), [('cpu', None), ('meta', [0])])
def test_device_ids_go_for_cpu_models_only(
    repaired: list[dict], device: str, used: list[int] | None
) -> None:
    model = nn.Linear(1, 1, device=device)
    MMDistributedDataParallel(model, device_ids=[0], broadcast_buffers=False)
    assert repaired == [{'device_ids': used, 'broadcast_buffers': False}]
