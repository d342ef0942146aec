"""Readers of what runs leave behind: predictions, results, logs, studies, notes."""

import json
import logging
import pickle
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mutations import ODD
from reader import Evil, Reader, to_config

from tpn_tsn_plugin.analysis.experiments.comparison import markdown, summarise
from tpn_tsn_plugin.analysis.experiments.experiment import Experiment, digest_of
from tpn_tsn_plugin.analysis.experiments.family import Cell, Family, read_family
from tpn_tsn_plugin.analysis.experiments.family_run import run_family
from tpn_tsn_plugin.analysis.experiments.family_table import difference_table, table
from tpn_tsn_plugin.analysis.experiments.training_log import (
    last_checkpoint,
    read_finished_epochs,
    read_test,
    read_validation,
)
from tpn_tsn_plugin.analysis.scores.files import (
    join_score_files,
    read_score_file,
    write_score_file,
)
from tpn_tsn_plugin.analysis.tempo.curve_file import _read_back as read_curves
from tpn_tsn_plugin.analysis.tempo.files import Part, claim_folder
from tpn_tsn_plugin.analysis.tempo.measurement import Instance
from tpn_tsn_plugin.analysis.tempo.truth import compare_with_truth
from tpn_tsn_plugin.cli.tempo import read_groups
from tpn_tsn_plugin.datasets.checking.check_run import _read as read_checks
from tpn_tsn_plugin.engine.bad_videos.report_file import ReportFile
from tpn_tsn_plugin.engine.resuming.checkpoints import _mend as mend

SAMPLES = [
    dict(
        pred_score=torch.tensor([0.2, 0.8]),
        gt_label=torch.tensor([1]),
        pred_label=torch.tensor([1]),
        video_id=f'v{i}',
        img_shape=(4, 4),
    )
    for i in range(2)
]
TASKS = [
    dict(
        pred_score=dict(verb=torch.tensor([0.5, 0.5]), noun=torch.tensor([1.0])),
        gt_label=torch.tensor([1, 0]),
        video_id='a',
    )
]
ARRAYS = [dict(pred_score=np.array([0.5, 0.5]), gt_label=0, filename='/a/b.mp4')]
ODD_SCORES = [
    *ODD,
    Evil(),
    np.ones(2),
    np.ones((2, 2)),
    np.array([np.nan, 1]),
    np.array(['a', 'b']),
    np.float64(1),
    np.array([None, 1]),
    torch.ones(2),
    torch.ones(3, dtype=torch.bfloat16),
    torch.ones(2, dtype=torch.complex64),
    # Says that it holds far more numbers than the file does.
    torch.zeros(1).expand(10**6, 10**6),
    [1, [2, 3]],
    dict(verb=np.ones(2)),
]
RESULT = dict(
    config='config.py',
    seed=0,
    options=[],
    config_digest='DIGEST',
    parameters=1000,
    epochs=2,
    resumed=False,
    train_seconds=12.5,
    validation={'1': 0.5},
    test={'acc/top1': 0.75, 'acc/top5': 1.0},
    environment=dict(threads=1),
)
RUN_CONFIG = b'train_cfg = dict(max_epochs=2)\n'
LINES = [
    dict(lr=0.1, loss=1.5, epoch=1, iter=10, step=10),
    dict(step=1, **{'acc/top1': 0.5}),
    dict(epoch=2, step=20),
]
SETTINGS = dict(curves=dict(config='abc', checkpoint='d', split='test'), report={})
TRUTH = [
    dict(path='videos/a.mp4', label=0, motion='orbit', tempo_hz=1.5, segment=[0, 1]),
    dict(path='videos/b.mp4', label=1, motion='orbit', tempo_hz=0.5),
    dict(
        path='videos/c.mp4',
        actions=[dict(label=1, motion='orbit', tempo_hz=1.0, segment=[0.5, 1.5])],
    ),
]
FAMILY = dict(
    title='a',
    sources=dict(rgb=dict(config='family.py', metric='m')),
    cells=[
        dict(row='a', column='b', config='family.py', options=['x={rgb}']),
        dict(row='c', column='b', config='family.py', checkpoint='rgb', published=7.5),
    ],
    baseline='a',
    parameters=True,
)


def pickled(protocol: int) -> Callable[[Any], bytes]:
    return lambda value: pickle.dumps(value, protocol)


def fused(task: str | None) -> Callable[[Path], Any]:
    """Read a file of predictions, join it with itself, and write what comes out."""

    def read(path: Path) -> Any:
        own = read_score_file(path, task=task)
        joined = join_score_files([own, own])
        write_score_file(
            path.with_name('new.pkl'), joined.samples, joined.values[0], joined.labels
        )
        return joined

    return read


@cache
def cells(config: Path) -> Family:
    places = [Cell(row, config, row=row, column='x') for row in 'ab']
    return Family('t', 'acc/top1', (), tuple(places), parameters=True, baseline='a')


def read_results(path: Path) -> Any:
    """Go on with a family of experiments, one of whose results is hostile."""
    config = path.with_name('config.py')
    family = cells(config)
    experiment = Experiment(config, 0, path.parent)
    digest = digest_of(experiment, experiment.load_config()).encode()
    good = json.dumps(RESULT).encode().replace(b'DIGEST', digest)
    for cell in family.cells:
        for seed in (0, 1):
            path.with_name(f'{cell.label}_seed{seed}.json').write_bytes(good)
    path.rename(path.with_name('b_seed1.json'))
    content = path.with_name('b_seed1.json').read_bytes()
    path.with_name('b_seed1.json').write_bytes(content.replace(b'DIGEST', digest))
    results = run_family(family, path.parent, [0, 1])
    shown = markdown(summarise({cell.label: own for cell, own in results.items()}))
    return table(family, results), difference_table(family, results), shown


def to_lines(values: list[Any]) -> bytes:
    return ''.join(json.dumps(value) + '\n' for value in values).encode()


def read_log(path: Path) -> Any:
    folder = path.parent / 'run' / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_bytes(path.read_bytes())
    (folder.parent / '2020.json').write_bytes(b'{"acc/top1": 0.5}\n')
    path.rename(folder.parent / '2021.json')
    return (
        read_validation(path.parent),
        read_finished_epochs(path.parent),
        read_test(path.parent),
    )


def read_note(path: Path) -> Any:
    mend(path.parent, ['epoch_{}.pth'], logging.getLogger('fuzz'))
    return last_checkpoint(path.parent)


def read_settings(path: Path) -> Any:
    part = Part('curves', SETTINGS['curves'], 'curves.csv')
    try:
        claim_folder(path.parent, [part])
    finally:
        claim_folder(path.parent, [part], force=True)


def instances() -> Iterator[Instance]:
    for number, (name, label) in enumerate([('a', 0), ('b', 1), ('c', 1)], start=1):
        yield Instance(
            video_id=f'videos/{name}',
            label=label,
            class_name=str(label),
            frames=30,
            fps=10.0,
            width_frames=10.0 * number,
            width_seconds=1.0 * number,
            peak_frame=5,
            maximum=0.9,
            peaks=1,
            censored=False,
        )


def read_truth(path: Path) -> Any:
    return compare_with_truth(list(instances()), path)


RUN_READERS = [
    Reader(
        'scores.pkl',
        fused(None),
        hostile=[pickle.dumps([Evil()]), pickle.dumps(dict(pred_score=Evil()))],
        values=[SAMPLES, ARRAYS],
        dump=pickled(2),
        odd=ODD_SCORES,
    ),
    Reader('tasks.pkl', fused('noun'), values=[TASKS], dump=pickled(4), odd=ODD_SCORES),
    Reader(
        'result.json',
        read_results,
        values=[RESULT],
        beside={'config.py': RUN_CONFIG},
        share=0.4,
    ),
    Reader('scalars.json', read_log, values=[LINES], dump=to_lines),
    Reader('last_checkpoint', read_note, [b'/x/epoch_1.pth', b'epoch_2.pth\n']),
    Reader('settings.json', read_settings, values=[SETTINGS]),
    Reader('test_truth.json', read_truth, values=[TRUTH]),
    Reader(
        'curves.csv',
        read_curves,
        [b'video_id,label,fps,probabilities\nv0,1,25,0.1 0.9\n"v,1",0,,1\n'],
    ),
    Reader('groups.txt', lambda path: read_groups(None, None, path), [b'a\na\nb\n']),
    Reader('family.py', read_family, values=[FAMILY], dump=to_config),
    Reader(
        'checked.jsonl',
        read_checks,
        values=[[dict(path='a', size=1, modified=2, quick=False, lasting=True)]],
        dump=to_lines,
        names_file=False,
    ),
    Reader(
        'bad_videos.jsonl',
        lambda path: ReportFile(path, 'now').count('train'),
        values=[[dict(run='now', split='train', path='a.mp4', reason='x')]],
        dump=to_lines,
        names_file=False,
    ),
]
