"""MMEngine 0.10.7's checkpoints do not load under torch 2.6 and later.

torch then loads with ``weights_only=True``, which refuses the ``HistoryBuffer`` and
NumPy objects in MMEngine's files, so that testing and ``--resume`` fail. The repair
keeps ``weights_only=True``, for downloads too, and allows the pieces that MMEngine
writes while its checkpoint loader runs, and only then. Upstream: open-mmlab/mmengine
issue 1655.
"""

import functools
import io
import os
import pickle
import re
import textwrap
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.logging import HistoryBuffer, print_log
from mmengine.runner import checkpoint
from torch import serialization

from tpn_tsn_plugin.compat.checkpoint_pieces import (
    PIECES,
    ForeignPieceError,
    to_plain,
)
from tpn_tsn_plugin.compat.repair import Repair
from tpn_tsn_plugin.errors import PluginError, UnsafeCheckpointError

UPSTREAM = 'mmengine issue 1655'
SHOWN_NAMES = 5
SHOWN_CHARACTERS = 160

_lock = threading.RLock()


def found() -> bool:
    """Tell whether torch refuses what MMEngine writes into each checkpoint."""
    file = io.BytesIO()
    torch.save(HistoryBuffer([1.0], [1]), file)
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            torch.load(file)
        except pickle.UnpicklingError:
            return True
    return False


def repair() -> None:
    """Let MMEngine's checkpoint loader read what MMEngine writes."""
    loader = checkpoint.CheckpointLoader
    original = loader.load_checkpoint.__func__

    @functools.wraps(original)
    def load_checkpoint(
        cls: type, filename: str, map_location: Any = None, logger: Any = 'current'
    ) -> Any:
        _announce()
        with allow_pieces():
            try:
                loaded = original(cls, filename, map_location, logger)
                return to_plain(loaded)
            except Exception as error:
                explained = explain(str(filename), error)
                if explained is None:
                    raise
                if isinstance(explained, UnsafeCheckpointError):
                    # torch's own text advises to switch the protection off.
                    raise explained from None
                raise explained from error

    loader.load_checkpoint = classmethod(load_checkpoint)
    # torch downloads with weights_only=False unless it is told otherwise.
    checkpoint.load_url = functools.partial(checkpoint.load_url, weights_only=True)


@contextmanager
def allow_pieces() -> Iterator[None]:
    """Allow MMEngine's pieces, and leave the user's own list as it was afterwards.

    Entries of the user for the same names give way in the meantime, because torch
    would take any one of two.
    """
    names = {name for _, name in PIECES}
    with _lock, warnings.catch_warnings():
        # Of a plain pickle; whether it can be read is told in one line.
        warnings.filterwarnings('ignore', 'Detected pickle protocol')
        users = serialization.get_safe_globals()
        waiting = [entry for entry in users if _name(entry) in names]
        _replace_safe_globals(without=waiting, more=list(PIECES))
        try:
            yield
        finally:
            _replace_safe_globals(without=list(PIECES), more=waiting)


def _replace_safe_globals(without: list[Any], more: list[Any]) -> None:
    kept = [entry for entry in serialization.get_safe_globals() if entry not in without]
    serialization.clear_safe_globals()
    serialization.add_safe_globals(kept + more)


def _name(entry: Any) -> str:
    if isinstance(entry, tuple):
        return str(entry[1])
    return f'{entry.__module__}.{entry.__qualname__}'


def explain(filename: str, error: Exception) -> PluginError | None:
    """Say in one line why a checkpoint does not load.

    Args:
        filename: What was to be loaded: a path, or an address with a scheme.
        error: What torch or MMEngine raised.

    Returns:
        The exception to raise instead, or ``None`` where the original one says it
        well enough: what the operating system or the network refuses.
    """
    foreign = _foreign_names(filename, error)
    if foreign:
        return UnsafeCheckpointError(
            f'{filename} is refused: it asks for {_list(foreign)}, which could run '
            'code while loading; only tensors, plain values and what MMEngine writes '
            'are allowed. If you made the file yourself, save its state_dict alone, '
            'or call torch.serialization.add_safe_globals before loading'
        )
    is_named_by_system = isinstance(error, OSError) and error.filename is not None
    if is_named_by_system or not os.path.isfile(os.path.expanduser(filename)):
        return None
    return PluginError(
        f'{filename} cannot be loaded as a checkpoint ({_reason(error)}); if the file '
        'is cut short, take an older one'
    )


def _foreign_names(filename: str, error: Exception) -> list[str]:
    """List what the file asks for beyond what is allowed."""
    if isinstance(error, ForeignPieceError):
        return [str(error)]
    if not isinstance(error, pickle.UnpicklingError):
        return []
    try:
        path = os.path.expanduser(filename)
        names = serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:
        # No file, or none of torch's zip files: torch's message names the first one.
        names = re.findall(r'GLOBAL (\S+)', str(error))
    return sorted(names)


def _list(names: list[str]) -> str:
    # A hostile file can write anything into a name, terminal controls included.
    shown = [re.sub(r'[^\x20-\x7e]', '?', name) for name in names[:SHOWN_NAMES]]
    more = len(names) - len(shown)
    return ', '.join(shown) + (f' and {more} more' if more else '')


def _reason(error: Exception) -> str:
    text = ' '.join(str(error).split())
    # torch puts two sentences of advice before its unpickler's own words.
    text = text.rpartition('WeightsUnpickler error: ')[2]
    text = text.partition(' Check the documentation of torch.load')[0]
    return textwrap.shorten(f'{type(error).__name__}: {text}', SHOWN_CHARACTERS)


@functools.cache
def _announce() -> None:
    print_log(
        f'Checkpoints are loaded with weights_only=True; beside tensors only what '
        f'MMEngine writes is allowed ({UPSTREAM}).',
        logger='current',
    )


REPAIR = Repair(
    name='checkpoints under torch >= 2.6',
    upstream=UPSTREAM,
    effect="MMEngine's own pieces are allowed while its checkpoints load",
    found=found,
    repair=repair,
)
