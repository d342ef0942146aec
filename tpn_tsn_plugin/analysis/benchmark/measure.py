"""Times of steps, taken in turns, and the memory that a step needs."""

import gc
import itertools
import operator
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch.profiler import profile

from .candidate import Step

# Number of the standard error's file.
STDERR = 2

Advance = Callable[[str], None]


@dataclass
class Measured:
    """Values of one figure of one config.

    Attributes:
        values: All that was measured.
        failure: Why there are none, in one line.
    """

    values: list[float] = field(default_factory=list)
    failure: str | None = None

    def fail(self, error: Exception) -> None:
        """Keep the reason in place of values."""
        text = ' '.join(str(error).split())
        kind = type(error).__name__
        self.failure = f'{kind}: {text}' if text else kind
        self.values.clear()


def time_in_turns(
    prepare: Mapping[str, Callable[[], Step]],
    runs: int,
    warmup: int,
    device: str,
    advance: Advance,
) -> dict[str, Measured]:
    """Seconds of a step of each, one after the other and again from the first.

    What drifts while all this runs, such as the clock of the processor, so touches all
    alike.

    Args:
        prepare: Gives each one's step; not counted.
        runs: Counted rounds.
        warmup: Rounds before them.
        device: Where the steps run.
        advance: Told a name before each of its turns.

    Returns:
        The seconds of each counted round, or why one failed. Who fails is out; the
        others go on.
    """
    measured = {name: Measured() for name in prepare}
    with _older_garbage_kept():
        for run in range(warmup + runs):
            for name, result in measured.items():
                advance(name)
                if result.failure is not None:
                    continue
                try:
                    seconds = _seconds(prepare[name](), device)
                except Exception as error:
                    result.fail(error)
                    continue
                if run >= warmup:
                    result.values.append(seconds)
    return measured


def peak_bytes(step: Step, device: str) -> int:
    """What PyTorch's allocator holds at most during a step, beyond what it held before.

    Exact, and the same at each call. The workspace of libraries is not in it.
    """
    if device == 'cuda':
        return _cuda_peak_bytes(step)
    with _older_garbage_kept(), _silent(), profile(profile_memory=True) as profiler:
        step()
    events = profiler.profiler.kineto_results.events()
    changes = [event for event in events if event.name() == '[memory]']
    changes.sort(key=operator.methodcaller('start_ns'))
    held = itertools.accumulate((event.nbytes() for event in changes), initial=0)
    return max(held)


def _cuda_peak_bytes(step: Step) -> int:
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    with _older_garbage_kept():
        step()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


@contextmanager
def _older_garbage_kept() -> Iterator[None]:
    """Let nothing that was there before be collected while something is measured.

    It would cost time and give memory back; and a collection goes through what is new
    alone, which is quick.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _silent() -> Iterator[None]:
    """Keep away what libraries write to the standard error past Python.

    PyTorch 2.13's profiler tells of its start and end, whatever its log level.
    """
    sys.stderr.flush()
    kept = os.dup(STDERR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, STDERR)
        yield
    finally:
        os.dup2(kept, STDERR)
        os.close(nowhere)
        os.close(kept)


def _seconds(step: Step, device: str) -> float:
    gc.collect()
    if device == 'cuda':
        torch.cuda.synchronize()
    start = time.perf_counter()
    step()
    if device == 'cuda':
        torch.cuda.synchronize()
    return time.perf_counter() - start
