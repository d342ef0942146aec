"""How long the command takes to answer, and what importing the plugin adds.

    python tests/benchmarks/start_up.py --runs 15

Two tables. The first: the command's answers that need nothing of MMAction2, each in a
fresh process, from its start to its end. The second: imports, one after the other in a
fresh process: ``mmaction.models``; the plugin; its data sets with MMAction2's, which
registries import when first asked for one, as every training and test does.
Shares are of ``mmaction.models`` in the same process. Processor time is that of all
threads; unlike the time on the clock it hardly depends on what else the machine does.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mmaction
import torch

import tpn_tsn_plugin

ANSWERS = (['--help'], ['--version'], ['no-such-command'])
HOST, OURS, DATA = 'mmaction.models', 'tpn_tsn_plugin', 'data sets, both'
# The first lines stand in for what the wheel lacks; all else is as it would be.
IMPORTS = f"""\
import json, sys, time, types, warnings
from importlib import import_module

for name in ('mmaction.models.localizers.drn', 'mmaction.models.localizers.drn.drn'):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
sys.modules[name].DRN = type('DRN', (), {{}})
warnings.simplefilter('ignore')

def now():
    return time.perf_counter(), time.process_time()

times = {{}}
for step, modules in (
    ({HOST!r}, ['mmaction.models']),
    ({OURS!r}, ['tpn_tsn_plugin']),
    ({DATA!r}, ['tpn_tsn_plugin.datasets']),
):
    start = now()
    for module in modules:
        import_module(module)
    times[step] = [end - begin for end, begin in zip(now(), start)]
print(json.dumps(times))
"""


def command() -> list[str]:
    """The console script of this Python, or the module where it is not installed."""
    script = Path(sys.executable).with_name('tpn-tsn')
    if script.is_file():
        return [str(script)]
    return [sys.executable, '-m', 'tpn_tsn_plugin.cli.main']


def answer(words: list[str]) -> tuple[float, float]:
    """Seconds on the clock and of the processor that an answer takes."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command(), *words], capture_output=True, check=False)
    taken, after = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return taken - start, processor


def imports() -> dict[str, list[float]]:
    """Seconds on the clock and of the processor of each step, in a fresh process."""
    done = subprocess.run(
        [sys.executable, '-c', IMPORTS], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def spread(values: list[float], show: Callable[[float], str]) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f'{show(middle)} ({show(low)} to {show(high)})'


def seconds(value: float) -> str:
    return f'{value:.2f}'


def percent(value: float) -> str:
    return f'{value:.1%}'


def print_answers(runs: int) -> None:
    times: dict[str, list[tuple[float, float]]] = {}
    for run in range(runs + 1):
        for words in ANSWERS:
            taken = answer(words)
            if run:  # the first one reads the files into memory
                times.setdefault(f'tpn-tsn {" ".join(words)}', []).append(taken)
    print('| answer | on the clock, s | of the processor, s |')
    print('|---|---|---|')
    for name, pairs in times.items():
        cells = [spread(list(values), seconds) for values in zip(*pairs, strict=True)]
        print(f'| `{name}` | {" | ".join(cells)} |')


def print_imports(runs: int) -> None:
    measured = [imports() for _ in range(runs + 1)][1:]
    print('| import | on the clock, s | of the processor, s | share of it |')
    print('|---|---|---|---|')
    for step in (HOST, OURS, DATA):
        clock, processor = zip(*(times[step] for times in measured), strict=True)
        shares = [times[step][1] / times[HOST][1] for times in measured]
        cells = [spread(list(clock), seconds), spread(list(processor), seconds)]
        print(f'| {step} | {" | ".join(cells)} | {spread(shares, percent)} |')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--runs', type=int, default=15, help='processes of each kind')
    arguments = parser.parse_args()
    print_answers(arguments.runs)
    print()
    print_imports(arguments.runs)
    print(
        f'\nMedians of {arguments.runs} processes, with the least and the greatest. '
        f'{len(os.sched_getaffinity(0))} cores, {platform.machine()}, Python '
        f'{platform.python_version()}, torch '
        f'{torch.__version__}, mmaction2 {mmaction.__version__}, plugin '
        f'{tpn_tsn_plugin.__version__}.'
    )


if __name__ == '__main__':
    main()
