"""Pieces that are done once by whoever comes first."""

import multiprocessing
import threading

import pytest
from filelock import FileLock

from tpn_tsn_plugin.analysis.experiments.shared_work import BusyError, work_off


@pytest.fixture
def locks(tmp_path):
    return [tmp_path / f'.{i}.lock' for i in range(4)]


def test_every_piece_is_done_in_order(locks):
    done = []
    work_off('abcd', locks, lambda *piece: done.append(piece), 1, threading.Event())
    assert done == [(letter, 0) for letter in 'abcd']


def test_threads_are_numbered(locks):
    barrier, numbers = threading.Barrier(4, timeout=10), set()

    def do(piece, number):
        numbers.add(number)
        barrier.wait()

    work_off('abcd', locks, do, 4, threading.Event())
    assert numbers == {0, 1, 2, 3}


def test_what_another_is_at_is_done_last(locks):
    done, other = [], FileLock(locks[0], thread_local=False)
    other.acquire()

    def do(piece, _):
        done.append(piece)
        if piece == 'd':
            other.release()

    work_off('abcd', locks, do, 1, threading.Event())
    assert done == ['b', 'c', 'd', 'a']


def _hold(path, held):
    FileLock(path).acquire()
    held.set()
    threading.Event().wait()


def test_nothing_stays_claimed_by_the_dead(locks):
    context = multiprocessing.get_context('fork')
    held = context.Event()
    process = context.Process(target=_hold, args=(locks[0], held))
    process.start()
    held.wait(10)
    threading.Timer(0.2, process.kill).start()
    done = []
    work_off('a', locks[:1], lambda *piece: done.append(piece), 1, threading.Event())
    assert done == [('a', 0)]
    assert process.exitcode is None or process.exitcode < 0


def test_what_is_busy_is_tried_again_last(locks):
    done = []

    def do(piece, _):
        done.append(piece)
        if done == ['a']:
            raise BusyError('still at work')

    work_off('abcd', locks, do, 1, threading.Event())
    assert done == ['a', 'b', 'c', 'd', 'a']


@pytest.mark.parametrize('jobs', [1, 3])
def test_what_stays_busy_stops_nothing_else(locks, jobs):
    done, stop = [], threading.Event()

    def do(piece, _):
        if piece == 'a':
            raise BusyError('still at work')
        stop.wait(0.05)
        done.append(piece)

    with pytest.raises(BusyError, match='still at work'):
        work_off('abcd', locks, do, jobs, stop)
    assert sorted(done) == ['b', 'c', 'd']
    assert not stop.is_set()


def test_a_failure_ends_all(locks):
    done = []

    def do(piece, _):
        done.append(piece)
        if piece == 'b':
            raise ValueError('no luck')

    stop = threading.Event()
    with pytest.raises(ValueError, match='no luck'):
        work_off('abcd', locks, do, 1, stop)
    assert done == ['a', 'b']
    assert stop.is_set()
    # the lock is free again
    FileLock(locks[1]).acquire(timeout=0)
