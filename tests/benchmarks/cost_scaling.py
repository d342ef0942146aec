"""Data-parallel training of one and two processes; a script for torchrun as well."""

import json
import os
import statistics
import subprocess
import sys
import time

from cost_steps import base, make_step
from one_thread import use_one_thread
from torch import distributed, nn


def train_as_rank(rounds):
    """Steps of one of several processes; the first prints its seconds."""
    distributed.init_process_group('gloo')
    several = distributed.get_world_size() > 1
    step = make_step(
        base('demo_tsn_r18'),
        (3, 3, 112, 112),
        4,
        'training',
        nn.parallel.DistributedDataParallel if several else None,
    )
    seconds = []
    for _ in range(rounds + 2):
        distributed.barrier()
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    if distributed.get_rank() == 0:
        print(json.dumps(seconds[2:]))
    distributed.destroy_process_group()


def print_processes(rounds=10):
    """Seconds of steps by number of processes, in turns."""
    found = {1: [], 2: []}
    for _ in range(3):
        for count, seconds in found.items():
            command = [sys.executable, '-m', 'torch.distributed.run', '--standalone']
            command += [f'--nproc_per_node={count}', __file__]
            done = subprocess.run(
                [*command, str(rounds)],
                check=True,
                capture_output=True,
                text=True,
                env=dict(os.environ, OMP_NUM_THREADS='1'),
            )
            seconds += json.loads(done.stdout.splitlines()[-1])
    alone, two = (statistics.median(seconds) for seconds in found.values())
    share = alone / two
    print(
        f'\n1 process: {alone:.3f} s a step; 2: {two:.3f} s; {2 * share:.2f} times the '
        f'videos per second, efficiency {share:.0%}'
    )
    return dict(seconds=found, alone=alone, two=two, efficiency=share)


if __name__ == '__main__':
    use_one_thread()
    train_as_rank(int(sys.argv[1]))
