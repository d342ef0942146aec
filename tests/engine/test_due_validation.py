"""A validation that a kill interrupts is made up for when training is resumed."""

import itertools

import pytest
import torch
from mmengine.hooks import Hook
from two_layers import VALIDATION, make_runner

from tpn_tsn_plugin.engine.resuming.due_validation import IS_DUE

LENGTH = 3
NUMBERS = itertools.count()


class KilledError(Exception):
    """Stands for a kill: nothing is written after it."""


class Kill(Hook):
    """Ends the training in a validation, or in the step after it."""

    def __init__(self, done, *, in_training):
        self.done, self.in_training = done, in_training

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter == self.done and not self.in_training:
            raise KilledError

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.done and self.in_training:
            raise KilledError


class Seen(Hook):
    """Keeps what each validation has found."""

    def __init__(self):
        self.metrics = {}

    def after_val_epoch(self, runner, metrics=None):
        self.metrics[runner.iter] = metrics['x']


def train(work_dir, *, endless, rule, kill=None, hooks=(), **options):
    """An iteration an epoch; the rate falls where the metric does not rise."""
    checkpoint = dict(
        type='CheckpointHook',
        by_epoch=not endless,
        interval=1,
        save_best='x',
        rule=rule,
    )
    loop = dict(type='ResumableEpochLoop', max_epochs=LENGTH)
    if endless:
        loop = dict(type='ResumableIterLoop', max_iters=LENGTH, val_interval=1)
    plateau = dict(type='ReduceOnPlateauLR', monitor='x', rule='greater', patience=0)
    runner = make_runner(
        work_dir,
        'train',
        **VALIDATION,
        default_hooks=dict(checkpoint=checkpoint),
        train_cfg=loop,
        param_scheduler=[plateau],
        # What an earlier run of this process keeps by its name would be found again.
        experiment_name=f'due_validation_{next(NUMBERS)}',
        **options,
    )
    for hook in hooks:
        runner.register_hook(hook)
    seen = Seen()
    runner.register_hook(seen)
    if kill is not None:
        runner.register_hook(kill)
        with pytest.raises(KilledError):
            runner.train()
    else:
        runner.train()
    return seen.metrics, runner


def state(work_dir, endless):
    """What training left: the last checkpoint, and the names of all."""
    last = work_dir / f'{"iter" if endless else "epoch"}_{LENGTH}.pth'
    whole = torch.load(last, weights_only=False)
    info = whole['message_hub']['runtime_info']
    kept = whole['state_dict'] | dict(
        lr=whole['optimizer']['param_groups'][0]['lr'],
        score=info['best_score'],
        schedule=whole['param_schedulers'][0]['num_bad_epochs'],
    )
    return kept, sorted(path.name for path in work_dir.glob('*.pth'))


@pytest.mark.parametrize('endless', [False, True])
@pytest.mark.parametrize('rule', ['greater', 'less'])
@pytest.mark.parametrize('done', [2, LENGTH])
def test_killed_in_validation(tmp_path, endless, rule, done):
    """The best checkpoint and the schedule are those of an undisturbed training.

    The score falls, so that the best checkpoint is the first or the last.
    """
    options = dict(endless=endless, rule=rule)
    expected, _ = train(tmp_path / 'whole', **options)
    work_dir = tmp_path / 'killed'
    train(work_dir, **options, kill=Kill(done, in_training=False))
    found, _ = train(work_dir, **options, resume=True)
    assert found == {step: expected[step] for step in range(done, LENGTH + 1)}
    own, whole = state(work_dir, endless), state(tmp_path / 'whole', endless)
    assert own[1] == whole[1]
    assert own[0].keys() == whole[0].keys()
    for name, value in whole[0].items():
        assert torch.equal(torch.as_tensor(own[0][name]), torch.as_tensor(value)), name


@pytest.mark.parametrize('endless', [False, True])
def test_validation_that_was_saved_is_not_run_again(tmp_path, endless):
    """The checkpoint was saved anew after it, with the best score in it."""
    options = dict(endless=endless, rule='less')
    train(tmp_path, **options, kill=Kill(2, in_training=True))
    found, _ = train(tmp_path, **options, resume=True)
    assert sorted(found) == [3]


@pytest.mark.parametrize('endless', [False, True])
def test_early_stopping_sees_it(tmp_path, endless):
    options = dict(endless=endless, rule='less')
    expected, _ = train(tmp_path / 'whole', **options)
    stop = dict(
        type='EarlyStoppingHook',
        monitor='x',
        rule='less',
        stopping_threshold=(expected[1] + expected[2]) / 2,
    )
    work_dir = tmp_path / 'killed'
    train(work_dir, **options, hooks=[stop], kill=Kill(2, in_training=False))
    found, runner = train(work_dir, **options, hooks=[stop], resume=True)
    assert found == {2: expected[2]}
    assert runner.iter == 2


def test_no_validation_comes_before_the_first_step(tmp_path):
    """Not even where an earlier run of this process has left something."""

    class Leave(Hook):
        def before_run(self, runner):
            runner.message_hub.update_info(IS_DUE, True)

    found, _ = train(tmp_path, endless=False, rule='less', hooks=[Leave()])
    assert sorted(found) == [1, 2, 3]
