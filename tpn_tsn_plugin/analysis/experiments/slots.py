"""What of the machine one of several experiments gets: cores and a GPU."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import torch

# Which process of its machine it is. Slurm gives each its own cores, torchrun does not.
LOCAL_PROCESS = ('LOCAL_RANK', 'SLURM_LOCALID')
# What makes a process one of several that compute together.
DISTRIBUTED = ('RANK', 'WORLD_SIZE', 'LOCAL_', 'GROUP_', 'ROLE_', 'MASTER_', 'TORCHEL')


@dataclass(frozen=True)
class Slot:
    """A share of the machine.

    Attributes:
        threads: Number of threads.
        gpu: Which GPU as ``CUDA_VISIBLE_DEVICES`` names it, None to leave it as it is.
    """

    threads: int
    gpu: str | None

    @classmethod
    def of_environment(
        cls, number: int, jobs: int, environment: Mapping[str, str] = os.environ
    ) -> 'Slot':
        """The share of a job of this process.

        Args:
            number: Which of the jobs, from 0.
            jobs: Jobs of this process at the same time.
            environment: What torchrun or Slurm says of processes beside this one.
        """
        process = next((int(v) for v in map(environment.get, LOCAL_PROCESS) if v), 0)
        sharing = jobs * int(environment.get('LOCAL_WORLD_SIZE', 1))
        threads = len(os.sched_getaffinity(0)) // sharing
        gpus = _gpus(environment)
        gpu = gpus[(process * jobs + number) % len(gpus)] if len(gpus) > 1 else None
        return cls(max(1, threads), gpu)


def _gpus(environment: Mapping[str, str]) -> list[str]:
    named = environment.get('CUDA_VISIBLE_DEVICES')
    if named is not None:
        return [name.strip() for name in named.split(',') if name.strip()]
    return [str(i) for i in range(torch.cuda.device_count())]


def own_environment(slot_gpu: str | None, threads: int | None) -> dict[str, str]:
    """The environment of an experiment, which computes for itself.

    Args:
        slot_gpu: Its GPU, None for whatever there is.
        threads: Its threads, None for what is usual.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith(DISTRIBUTED)}
    if threads is not None:
        environment['OMP_NUM_THREADS'] = str(threads)
    if slot_gpu is not None:
        environment['CUDA_VISIBLE_DEVICES'] = slot_gpu
    return environment
