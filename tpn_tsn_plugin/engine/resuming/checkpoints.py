"""Checkpoints that a kill, at any moment, leaves whole."""

import re
from collections.abc import Sequence
from logging import Logger
from os.path import isfile
from pathlib import Path
from zipfile import is_zipfile

from mmengine.dist import barrier, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from tpn_tsn_plugin.output_files import PARTIAL, write_whole

from .whole_file_backend import WHOLE_FILES

LAST_CHECKPOINT = 'last_checkpoint'


def checkpoint_hooks(runner: Runner) -> list[CheckpointHook]:
    """The runner's hooks that save checkpoints."""
    return [hook for hook in runner.hooks if isinstance(hook, CheckpointHook)]


def keep_whole_checkpoints(runner: Runner) -> None:
    """Have checkpoints on disk written whole, and outdated ones deleted after that.

    MMEngine deletes the oldest before it writes the next. Where a config names another
    backend two are kept instead of one.
    """
    for hook in checkpoint_hooks(runner):
        if hook.backend_args is None and hook.file_client_args is None:
            hook.backend_args = dict(backend=WHOLE_FILES)
        elif hook.max_keep_ckpts == 1:
            hook.max_keep_ckpts = 2
            runner.logger.info(
                'Two checkpoints are kept instead of one, which would be deleted '
                'before the next one is written.'
            )


def mend_last_checkpoint(runner: Runner) -> None:
    """Have the file that names the last checkpoint name one that is whole.

    A kill may come between a checkpoint and the writing of its name, and pieces of
    checkpoints may be left by a training that did not write them whole. What a kill
    leaves of a checkpoint that was being written is deleted.
    """
    if is_main_process():
        templates = [hook.filename_tmpl for hook in checkpoint_hooks(runner)]
        _mend(Path(runner.work_dir), templates, runner.logger)
    # The others read the file when they resume.
    barrier()


def _mend(folder: Path, templates: Sequence[str], logger: Logger) -> None:
    for piece in folder.glob(f'*{PARTIAL}.pth'):
        piece.unlink()
    note = folder / LAST_CHECKPOINT
    if not note.exists():
        return
    named = note.read_text(errors='replace').strip() or str(folder)
    # Unlike Path.is_file, takes names that no file can have.
    if isfile(named) and is_zipfile(named):
        return
    # No best checkpoints, and none that were published: they have no optimiser.
    names = [_number(template) for template in templates]
    whole = [
        path
        for path in folder.glob('*.pth')
        if any(name.fullmatch(path.name) for name in names) and is_zipfile(path)
    ]
    if not whole:
        note.unlink()
        return
    newest = max(whole, key=lambda path: path.stat().st_mtime)
    logger.warning(
        f'{note} names {named}, which is no whole checkpoint; {newest} is taken '
        'instead.'
    )
    write_whole(note, str(newest))


def _number(template: str) -> re.Pattern[str]:
    """What the files of a template are called, such as ``epoch_{}.pth``."""
    return re.compile(re.escape(template).replace(re.escape('{}'), r'\d+'))
