"""What every process that a dataset starts for its work has in common."""

import gc
import multiprocessing
import os
import signal
import threading

import cv2


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_context() -> multiprocessing.context.BaseContext:
    """How processes start: by fork, as PyTorch's data loader does.

    A forked process does not import the package anew. Where there is no fork, the
    system's own way.
    """
    methods = multiprocessing.get_all_start_methods()
    return multiprocessing.get_context('fork' if 'fork' in methods else None)


def start_worker() -> None:
    """Make this process one of several: one core, and never without its parent."""
    # A video reader of the parent is not collected here: closing it would wait for its
    # decoding threads, which a fork does not copy, and abort the process.
    gc.freeze()
    cv2.setNumThreads(0)
    # Ctrl-C reaches the whole process group; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Leave no worker behind when the parent is killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
