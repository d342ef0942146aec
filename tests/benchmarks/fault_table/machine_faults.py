"""Kills, full disks, closed folders, and files that are not what they should be."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from cells import CRASH, Cell, copy_of
from stages import EPOCHS, LISTS, write_lists

# Bytes of a disk, in checkpoints of the small model.
CHECKPOINTS = 1.5
FIELDS = '60k'


def results(own: Cell) -> Any:
    """What a stage has made, to be compared."""
    if own.stage in ('training', 'validation'):
        last = torch.load(own.out / f'epoch_{EPOCHS}.pth', weights_only=False)
        weights = {name: value.tolist() for name, value in last['state_dict'].items()}
        return weights, metrics(own.out)
    if own.stage == 'testing':
        return (own.place / 'metrics.json').read_text()
    files = sorted(path for path in own.out.rglob('*') if path.is_file())
    # Records hold times.
    files = [path for path in files if path.name != 'extraction.json']
    return {
        str(path.relative_to(own.out)): path.read_bytes().replace(
            str(own.place).encode(), b''
        )
        for path in files
    }


def metrics(work_dir: Path) -> dict[int, dict[str, float]]:
    """What validations have found, by epoch."""
    found = {}
    for log in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for entry in map(json.loads, log.read_text().splitlines()):
            scores = {k: v for k, v in entry.items() if k.startswith('acc/')}
            if scores:
                found[entry['step']] = scores
    return found


def again(stage: str) -> dict[str, Any]:
    """Options of a second start."""
    return dict(resume=True) if stage in ('training', 'validation') else {}


def killed(stage: str, good: Path, place: Path) -> str:
    """Killed in the midst, and started again."""
    whole = Cell(stage, copy_of(good, place / 'whole'))
    start = time.monotonic()
    outcome = whole.run()
    if outcome.code != 0:
        return outcome.fault
    half = (time.monotonic() - start) * 0.7
    own = Cell(stage, copy_of(good, place / 'killed'))
    begun = time.monotonic()
    midst: dict[str, Callable[[], bool]] = dict(
        extraction=lambda: any(own.out.glob('*/extraction.json')),
        prediction=lambda: time.monotonic() - begun > half,
    )
    first = own.run(midst.get(stage, (own.out / stage).exists))
    if first.code != -9:
        return f'{CRASH} (not killed: {first.code}, {first.tail})'
    second = own.run(**again(stage))
    if second.code != 0:
        return second.fault
    return 'same result' if results(own) == results(whole) else f'{CRASH} (differs)'


def full(stage: str, good: Path, place: Path) -> str:
    """No space left; then there is."""
    whole = Cell(stage, copy_of(good, place / 'whole'))
    outcome = whole.run()
    if outcome.code != 0:
        return outcome.fault
    own = Cell(stage, copy_of(good, place / 'full'))
    own.out.mkdir()
    size = FIELDS
    options: dict[str, Any] = {}
    if stage in ('training', 'validation'):
        checkpoint = (whole.out / 'epoch_1.pth').stat().st_size
        size = str(int(checkpoint * CHECKPOINTS))
    if stage == 'validation':
        options = {'default_hooks.checkpoint.save_best': 'acc/top1'}
    if stage == 'testing':
        dump = dict(type='DumpResults', out_file_path=str(own.out / 'scores.pkl'))
        options = dict(test_evaluator=[dict(type='AccMetric'), dump])
    mount = ['mount', '-t', 'tmpfs', '-o']
    subprocess.run([*mount, f'size={size}', 'none', str(own.out)], check=True)
    try:
        if stage in ('testing', 'prediction'):
            with (own.out / 'filler').open('wb', buffering=0) as file:
                while file.write(bytes(4096)) == 4096:
                    pass
    except OSError:
        pass
    try:
        problem = own.run(**options).failure('No space left on device')
        if problem:
            return problem
        (own.out / 'filler').unlink(missing_ok=True)
        subprocess.run([*mount, 'remount,size=100m', str(own.out)], check=True)
        second = own.run(**again(stage), **options)
        if second.code != 0:
            return second.fault
        same = stage == 'testing' or results(own) == results(whole)
        return 'told; same result' if same else f'{CRASH} (differs)'
    finally:
        subprocess.run(['umount', str(own.out)], check=True)


def closed(stage: str, good: Path, place: Path) -> str:
    """A folder that may not be written to."""
    own = Cell(stage, copy_of(good, place))
    own.out.mkdir(mode=0o555)
    if stage == 'testing':
        dump = dict(type='DumpResults', out_file_path=str(own.out / 'scores.pkl'))
        own.options = dict(test_evaluator=[dict(type='AccMetric'), dump])
    problem = own.run().failure('Permission denied')
    return problem or 'told'


def nan_loss(stage: str, good: Path, place: Path) -> str:
    """A loss that is no number."""
    if stage != 'training':
        return ''
    own = Cell(stage, copy_of(good, place), {'optim_wrapper.optimizer.lr': 1e30})
    outcome = own.run()
    return outcome.failure(r'loss.* (nan|inf).*good\d') or 'named'


def cut_checkpoint(stage: str, good: Path, place: Path) -> str:
    """A checkpoint of which a part is missing."""
    content = (good / 'model.pth').read_bytes()
    return _checkpoint(stage, good, place, content[: len(content) // 2], r'bad\.pth')


def evil_checkpoint(stage: str, good: Path, place: Path) -> str:
    """A checkpoint with code in it."""
    evil = place.parent / 'evil.pth'
    run = place / 'run'

    class Evil:
        def __reduce__(self):
            return Path.touch, (run,)

    evil.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict={}, meta=Evil()), evil)
    word = _checkpoint(stage, good, place, evil.read_bytes(), r'bad\.pth')
    return f'{CRASH} (its code ran)' if run.exists() else word


def other_checkpoint(stage: str, good: Path, place: Path) -> str:
    """A checkpoint of another model."""
    weights = torch.load(good / 'model.pth', weights_only=True)['state_dict']
    other = {f'other.{name}': value for name, value in weights.items()}
    path = place.parent / 'other.pth'
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=other, meta={}), path)
    return _checkpoint(stage, good, place, path.read_bytes(), r'bad\.pth')


def _checkpoint(stage: str, good: Path, place: Path, content: bytes, says: str) -> str:
    if stage in ('validation', 'extraction'):
        return ''
    own = Cell(stage, copy_of(good, place))
    (place / 'bad.pth').write_bytes(content)
    outcome = own.run(load_from=str(place / 'bad.pth'))
    return outcome.failure(says) or 'named'


def wrong_label(stage: str, good: Path, place: Path) -> str:
    """A label that the classifier has no class for."""
    return _line(stage, good, place, 'good0.mp4 7', r'good0\.mp4.*7')


def faulty_line(stage: str, good: Path, place: Path) -> str:
    """A line of a list that is none."""
    return _line(stage, good, place, 'good0.mp4 one', r'line 6.*one')


def _line(stage: str, good: Path, place: Path, line: str, says: str) -> str:
    if stage == 'prediction' or (stage == 'extraction' and line[-1].isdigit()):
        return ''
    own = Cell(stage, copy_of(good, place))
    write_lists(place, with_fault=(LISTS.get(stage, 'test'),), line=line)
    return own.run().failure(says) or 'named'


ROWS = {
    'kill -9, started again': killed,
    'no space left on the disk': full,
    'folder that may not be written to': closed,
    'loss becomes NaN': nan_loss,
    'checkpoint cut off': cut_checkpoint,
    'checkpoint with code in it': evil_checkpoint,
    'checkpoint of another model': other_checkpoint,
    'label without a class': wrong_label,
    'faulty line in a list': faulty_line,
}
