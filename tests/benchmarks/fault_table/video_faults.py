"""One broken or odd video among good ones."""

import json
import os
from pathlib import Path

from broken_videos import BROKEN, ODD
from cells import CRASH, Cell, Outcome, copy_of
from stages import FAULT, GOOD, LISTS, write_lists

ROWS = {**BROKEN, **ODD}
# A line that names the file.
NAMED = rf'{FAULT}\.mp4.*\S'


def cell(kind: str, stage: str, good: Path, place: Path) -> str:
    """What becomes of a stage that meets a video of a kind."""
    copy_of(good, place)
    ROWS[kind](place / 'videos' / f'{FAULT}.mp4')
    split = LISTS.get(stage, 'test')
    write_lists(place, with_fault=(split,))
    own = Cell(stage, place)
    outcome = own.run()
    try:
        return JUDGES[stage](own, outcome)
    finally:
        # Folders with these in them could not be deleted.
        for path in (place / 'videos').iterdir():
            os.chmod(path, 0o755)


def training(own: Cell, outcome: Outcome) -> str:
    if outcome.code != 0:
        return outcome.fault
    return 'replaced' if reported(own) else 'used'


def validation(own: Cell, outcome: Outcome) -> str:
    if outcome.code != 0:
        return outcome.fault
    scalars = next(own.out.glob('*/vis_data/scalars.json')).read_text()
    shares = [json.loads(line).get('acc/coverage') for line in scalars.splitlines()]
    left_out = reported(own)
    if left_out and GOOD / (GOOD + 1) not in shares:
        return f'{CRASH} (coverage {shares})'
    return 'left out' if left_out else 'used'


def testing(own: Cell, outcome: Outcome) -> str:
    metrics = own.place / 'metrics.json'
    if outcome.code == 0:
        return 'used' if not reported(own) else f'{CRASH} (reported)'
    problem = outcome.failure(NAMED)
    if problem:
        return problem
    again = own.run(custom_hooks=[dict(type='BadVideoHook', testing='skip')])
    if again.code != 0 or json.loads(metrics.read_text())['acc/coverage'] != 0.9:
        return again.fault
    return 'named, or left out'


def extraction(own: Cell, outcome: Outcome) -> str:
    done = {path.parent.name for path in own.out.glob('*/extraction.json')}
    return _one_of_many(outcome, done)


def prediction(own: Cell, outcome: Outcome) -> str:
    scores = own.out / 'scores.json'
    done = json.loads(scores.read_text())['videos'] if scores.is_file() else []
    names = {Path(one['video']).stem for one in done if not one['error']}
    return _one_of_many(outcome, names)


def _one_of_many(outcome: Outcome, done: set[str]) -> str:
    good = {f'good{number}' for number in range(GOOD)}
    if outcome.code == 0:
        return 'used' if done == good | {FAULT} else f'{CRASH} (done: {sorted(done)})'
    problem = outcome.failure(NAMED)
    if problem or done not in (good, set()):
        return problem or f'{CRASH} (done: {sorted(done)})'
    return 'named, others done' if done else 'named'


def reported(own: Cell) -> bool:
    """Whether the report lists the video, and no other."""
    report = own.out / 'bad_videos.jsonl'
    if not report.exists():
        return False
    names = {Path(json.loads(line)['path']).name for line in report.open()}
    if names != {f'{FAULT}.mp4'}:
        raise RuntimeError(f'{report} lists {names}')
    return True


JUDGES = dict(
    training=training,
    validation=validation,
    testing=testing,
    extraction=extraction,
    prediction=prediction,
)
