"""Turns, warm-up, failures, and memory to the byte."""

import pytest
import torch

from tpn_tsn_plugin.analysis.benchmark.measure import peak_bytes, time_in_turns


class Clock:
    """Time that passes only in steps."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr('time.perf_counter', lambda: self.now)

    def sleeper(self, *seconds):
        left = list(seconds)

        def step():
            self.now += left.pop(0)

        return step


def test_turns_are_taken_and_warm_up_is_left_out(monkeypatch):
    clock, turns = Clock(monkeypatch), []
    a, b = clock.sleeper(9, 1, 2), clock.sleeper(9, 3, 4)

    def prepare_b():
        # not counted
        clock.now += 100
        return b

    times = time_in_turns(dict(a=lambda: a, b=prepare_b), 2, 1, 'cpu', turns.append)
    assert {name: measured.values for name, measured in times.items()} == {
        'a': [1, 2],
        'b': [3, 4],
    }
    assert turns == ['a', 'b'] * 3


@pytest.mark.parametrize('where', ['prepare', 'step'])
def test_who_fails_is_out_and_others_go_on(where):
    calls = []

    def fail():
        calls.append(1)
        raise RuntimeError('two\nlines')

    steps = dict(a=fail if where == 'prepare' else lambda: fail, b=lambda: print)
    turns = []
    times = time_in_turns(steps, 2, 1, 'cpu', turns.append)
    assert times['a'].failure == 'RuntimeError: two lines'
    assert times['a'].values == []
    assert len(calls) == 1
    assert len(times['b'].values) == 2
    # the bar comes to its end all the same
    assert len(turns) == 6


def test_memory_is_what_is_held_at_once():
    kept = []

    def step():
        first = torch.empty(3 * 2**18)
        second = torch.empty(2**18)
        del first, second
        kept.append(torch.empty(2**18))

    assert peak_bytes(step, 'cpu') == 4 * 2**20
    # the same again, whatever was held before
    assert peak_bytes(step, 'cpu') == 4 * 2**20


def test_nothing_is_allocated():
    assert peak_bytes(lambda: None, 'cpu') == 0


def test_profiler_keeps_silent(capfd):
    peak_bytes(lambda: torch.rand(3), 'cpu')
    print('heard')
    assert capfd.readouterr() == ('heard\n', '')


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_memory_and_time_of_a_gpu():
    step = lambda: torch.empty(2**20, device='cuda')  # noqa: E731
    assert peak_bytes(step, 'cuda') == 4 * 2**20
    times = time_in_turns(dict(a=lambda: step), 2, 1, 'cuda', print)
    assert len(times['a'].values) == 2
