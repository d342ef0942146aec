"""Losses that are no numbers: training stops or goes on, and names the samples."""

import logging
import math

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from resuming_run import STEPS, make_config

from tpn_tsn_plugin.engine import FiniteLossHook
from tpn_tsn_plugin.errors import NonFiniteLossError

SKIP = dict(type='FiniteLossHook', action='skip')


class Spoil(Hook):
    """Makes the inputs of some steps infinite, and watches the weights."""

    priority = 'LOWEST'

    def __init__(self, steps):
        self.steps = steps
        self.names, self.changed, self.buffers_changed = {}, {}, {}

    def weights(self, runner):
        return torch.cat([p.detach().flatten() for p in runner.model.parameters()])

    def buffers(self, runner):
        return torch.cat([b.double().flatten() for b in runner.model.buffers()])

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.before = self.weights(runner).clone()
        self.buffers_before = self.buffers(runner)
        self.names[runner.iter] = [
            s.get('video_id') for s in data_batch['data_samples']
        ]
        if runner.iter in self.steps:
            data_batch['inputs'] = [
                clip.float().fill_(math.inf) for clip in data_batch['inputs']
            ]

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.changed[runner.iter] = not torch.equal(self.before, self.weights(runner))
        self.buffers_changed[runner.iter] = not torch.equal(
            self.buffers_before, self.buffers(runner)
        )


def make(
    training_folder, name, steps, *, named=True, endless=False, hook=(), **changes
):
    config = make_config(
        training_folder, work_dir=name, resume=False, endless=endless, every=100
    )
    config.custom_hooks = [dict(type='FiniteLossHook', **dict(hook))]
    config.merge_from_dict(changes)
    if not named:
        config.train_dataloader.dataset.pipeline[-1].meta_keys = ('img_shape',)
    runner = Runner.from_cfg(config)
    spoil = Spoil(steps)
    runner.register_hook(spoil)
    return runner, spoil


@pytest.mark.parametrize('endless', [False, True])
@pytest.mark.parametrize('named', [False, True])
def test_training_stops_and_names_the_samples(training_folder, named, endless):
    """Also where samples do not say what they are called: the sampler's order does."""
    step = STEPS + 2
    name = f'stop-{named}-{endless}'
    runner, spoil = make(training_folder, name, [step], named=named, endless=endless)
    with pytest.raises(NonFiniteLossError, match=r'the loss is (nan|inf)') as caught:
        runner.train()
    whole, other = make(training_folder, f'{name}-2', [], endless=endless)
    whole.train()
    assert f'in iteration {step + 1} ' in str(caught.value)
    assert f'of this rank are {", ".join(other.names[step])};' in str(caught.value)
    assert spoil.changed[step - 1]
    assert torch.equal(spoil.before, spoil.weights(runner))


def test_steps_are_left_out(training_folder, caplog):
    """More than two, yet no more than two in a row."""
    spoiled = [1, 4, 5]
    hook = dict(action='skip', max_skips=2)
    runner, spoil = make(training_folder, 'skip', spoiled, hook=hook)
    runner.logger.addHandler(caplog.handler)
    runner.train()
    for changes in (spoil.changed, spoil.buffers_changed):
        assert [step for step, changed in changes.items() if not changed] == spoiled
    assert all(value.isfinite().all() for value in runner.model.state_dict().values())
    lines = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    left_out = [line for line in lines if line.startswith('Step left out')]
    assert len(left_out) == 3
    assert ', '.join(spoil.names[4]) in left_out[1]


def test_gradients_of_other_steps_count_where_they_are_added_up(training_folder):
    runner, spoil = make(
        training_folder,
        'added',
        [3],
        hook=dict(action='skip'),
        **{'optim_wrapper.accumulative_counts': 2},
    )
    runner.train()
    # Every second step changes weights; of the second pair one half is left.
    assert [spoil.changed[step] for step in range(6)] == [False, True] * 3
    unchanged = [step for step, own in spoil.buffers_changed.items() if not own]
    assert unchanged == [3]


def test_frozen_statistics_stay_as_they_are(training_folder):
    """With partial BN the first layer alone learns, in the other steps."""
    config = dict(custom_hooks=[dict(type='PartialBNHook'), SKIP])
    runner, spoil = make(training_folder, 'partial', [1, 4, 5], **config)
    runner.train()
    unchanged = [step for step, own in spoil.buffers_changed.items() if not own]
    assert unchanged == [1, 4, 5]


def test_too_many_in_a_row(training_folder):
    runner, _ = make(
        training_folder, 'row', range(2, 99), hook=dict(action='skip', max_skips=3)
    )
    with pytest.raises(
        NonFiniteLossError, match='step 4 in a row, more than max_skips=3'
    ):
        runner.train()


@pytest.mark.parametrize(
    ('options', 'message'),
    [(dict(action='ignore'), "got 'ignore'"), (dict(max_skips=0), 'max_skips')],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        FiniteLossHook(**options)
