"""Convolutions of a training: the same results, a choice that stays, refusals."""

import json
from types import SimpleNamespace

import pytest
import torch
from recognisers import TPN, made, noise
from torch import nn

from tpn_tsn_plugin.engine.acceleration import timing
from tpn_tsn_plugin.engine.acceleration.conv3d import ways_of
from tpn_tsn_plugin.errors import PluginError
from tpn_tsn_plugin.registry import HOOKS

LAYER = 'neck.temporal_modulation.0.conv'


def train(work_dir, steps=2, model=None, autocast=False, **options):
    """Losses of some steps with the hook, and what it said."""
    model = model or made(TPN)
    model.train()
    said = []
    runner = SimpleNamespace(
        model=model, work_dir=str(work_dir), logger=SimpleNamespace(info=said.append)
    )
    hook = HOOKS.build(dict(type='FastTrainingHook', **options))
    hook.before_train(runner)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    losses = []
    for step in range(steps):
        torch.manual_seed(step)
        batch = model.data_preprocessor(noise((1, 3, 8, 64, 64), 2), training=True)
        with torch.autocast('cpu', torch.bfloat16, enabled=autocast):
            loss, _ = model.parse_losses(model(**batch, mode='loss'))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        hook.after_train_iter(runner, step)
        losses.append(loss.item())
    return losses, model, said


def ways_used(model):
    return {
        name: vars(module)['_conv_forward'].__func__
        for name, module in model.named_modules()
        if '_conv_forward' in vars(module)
    }


@pytest.mark.parametrize('channels_last', [False, True])
@pytest.mark.parametrize('convolutions', ['measured', 'flat', 'direct'])
def test_same_losses_and_names(convolutions, channels_last, tmp_path):
    plain, own, _ = train(tmp_path / 'plain', 3, convolutions='direct')
    losses, model, _ = train(
        tmp_path, 3, convolutions=convolutions, channels_last=channels_last
    )
    assert losses == pytest.approx(plain, rel=1e-4)
    assert list(model.state_dict()) == list(own.state_dict())
    assert bool(ways_used(model)) >= (convolutions == 'flat')
    kernel = model.backbone.conv1.conv.weight
    assert kernel.is_contiguous(memory_format=torch.channels_last_3d) == channels_last


def fixed_times(fast):
    """Times of which one way is the shortest."""
    return lambda conv, seen: {way: float(way != fast) for way in ways_of(conv)}


def test_the_choice_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(timing, 'time_ways', fixed_times('lines'))
    _, model, said = train(tmp_path)
    assert said[-1].startswith('FastTrainingHook, measured: 3D convolutions: ')
    content = json.loads((tmp_path / 'convolutions.json').read_text())
    assert content['layers'][LAYER] == 'lines'
    flat = {name for name, way in content['layers'].items() if way != 'direct'}
    assert set(ways_used(model)) == flat
    monkeypatch.setattr(timing, 'time_ways', None)
    _, again, said = train(tmp_path, steps=1)
    assert set(ways_used(again)) == flat
    assert 'as in' in said[-1]


def test_another_machine_measures_again(tmp_path, monkeypatch):
    monkeypatch.setattr(timing, 'time_ways', fixed_times('lines'))
    train(tmp_path)
    monkeypatch.setattr(timing, 'machine_of', lambda device: 'another')
    monkeypatch.setattr(timing, 'time_ways', fixed_times('direct'))
    _, model, _ = train(tmp_path)
    assert not ways_used(model)
    content = json.loads((tmp_path / 'convolutions.json').read_text())
    assert content['machine'] == 'another'


def test_a_file_for_several_trainings(tmp_path, monkeypatch):
    monkeypatch.setattr(timing, 'time_ways', fixed_times('lines'))
    cache = tmp_path / 'shared' / 'choice.json'
    first, _, _ = train(tmp_path / 'one', 3, cache=cache)
    second, _, _ = train(tmp_path / 'two', 3, cache=cache)
    third, _, _ = train(tmp_path / 'three', 3, cache=cache)
    assert second == third
    assert first == pytest.approx(second, rel=1e-4)
    assert not (tmp_path / 'two' / 'convolutions.json').exists()


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('{', r'cannot be read \(JSONDecodeError: .*\); delete it'),
        ('[]', r'cannot be read \(TypeError'),
        ('{"machine": 1}', r"cannot be read \(KeyError: 'layers'\)"),
        ('\udcff', r'cannot be read \(UnicodeDecodeError'),
        (None, r'cannot be read \(IsADirectoryError'),
    ],
)
def test_a_broken_file(content, message, tmp_path):
    path = tmp_path / 'convolutions.json'
    if content is None:
        path.mkdir()
    else:
        path.write_text(content, errors='surrogateescape')
    with pytest.raises(PluginError, match=rf'choice of convolutions .*{message}'):
        train(tmp_path)


@pytest.mark.parametrize('layers', [{'neck.none': 'lines'}, {LAYER: 'frames'}])
def test_a_choice_of_another_model(layers, tmp_path):
    machine = timing.machine_of(torch.device('cpu'))
    path = tmp_path / 'convolutions.json'
    path.write_text(json.dumps(dict(machine=machine, layers=layers)))
    with pytest.raises(PluginError, match=rf'another model: {next(iter(layers))} '):
        train(tmp_path)


def test_mixed_precision_is_measured_as_such(tmp_path, monkeypatch):
    tried = []

    def watch(conv, seen):
        tried.append((seen.dtype, seen.backward))
        return dict(direct=1.0)

    monkeypatch.setattr(timing, 'time_ways', watch)
    train(tmp_path, autocast=True)
    assert set(tried) == {(torch.bfloat16, True)}


def test_ways_that_would_keep_copies_are_not_tried():
    conv = torch.nn.Conv3d(2, 2, (1, 3, 3), padding=(0, 1, 1))
    seen = timing.Seen((2, 3, 5, 5), torch.float32, torch.contiguous_format, True)
    assert list(timing.time_ways(conv, seen)) == ['direct']
    last = seen._replace(memory_format=torch.channels_last_3d)
    assert list(timing.time_ways(conv, last)) == ['direct', 'frames']
    assert 'frames' in timing.time_ways(conv, seen._replace(backward=False))


@pytest.mark.parametrize('convolutions', ['measured', 'flat'])
def test_parts_that_are_compiled(convolutions, tmp_path, monkeypatch):
    compiled, compile_part = [], nn.Module.compile

    def trace(part):
        # Code for the processor is PyTorch's own affair.
        compiled.append(type(part).__name__)
        compile_part(part, backend='aot_eager', fullgraph=True)

    monkeypatch.setattr(nn.Module, 'compile', trace)
    torch._dynamo.reset()
    plain, own, _ = train(tmp_path / 'plain', 3, convolutions='direct')
    losses, model, _ = train(
        tmp_path, 3, convolutions=convolutions, compiled=['neck', 'cls_head']
    )
    assert compiled == ['TemporalPyramidNeck', 'TemporalPyramidHead']
    assert losses == pytest.approx(plain, rel=1e-4)
    assert list(model.state_dict()) == list(own.state_dict())
    with pytest.raises(ValueError, match=r"compiled must name a part .*got 'nek'"):
        train(tmp_path, compiled='nek')


def test_two_ranks_take_one_choice(tmp_path, monkeypatch):
    """The first one's, whatever the others would have measured."""
    shared = []

    def broadcast(content):
        shared.append(list(content))
        if content[0] is not None:
            content[:] = [dict.fromkeys(content[0], 'direct')]

    module = 'tpn_tsn_plugin.engine.acceleration.fast_training_hook'
    monkeypatch.setattr(timing, 'time_ways', fixed_times('lines'))
    monkeypatch.setattr(f'{module}.broadcast_object_list', broadcast)
    _, model, _ = train(tmp_path)
    assert 'lines' in shared[-1][0].values()
    assert ways_used(model) == {}


def test_noise_does_not_choose():
    assert timing.fastest(dict(direct=1.0, lines=0.96)) == 'direct'
    assert timing.fastest(dict(direct=1.0, lines=0.5, frames=0.7)) == 'lines'


def test_wrong_options():
    with pytest.raises(ValueError, match=r"convolutions must be one of .*got '2d'"):
        HOOKS.build(dict(type='FastTrainingHook', convolutions='2d'))
    with pytest.raises(ValueError, match=r"cache is for convolutions='measured'"):
        HOOKS.build(dict(type='FastTrainingHook', convolutions='flat', cache='x'))
