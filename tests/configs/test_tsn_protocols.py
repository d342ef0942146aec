"""configs/tsn against the papers and the authors' code; every config's optimiser."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from tpn_tsn_plugin.registry import MODELS

TSN = sorted((Path(__file__).resolve().parents[2] / 'configs' / 'tsn').glob('*.py'))
NAME = re.compile(
    r'[-_](?P<backbone>[a-z0-9]+)_\d+xb\d+-(?P<clip_len>\d+)x1x(?P<segments>\d+)'
    r'-\w+_(?P<data>[a-z0-9-]+?)(-warped)?-(?P<modality>rgb-rgbdiff|rgbdiff|rgb|flow)'
)
# Length, steps, learning rate, weight decay, gradient norm, batch.
IMAGES = (3500, [1500, 3000], 0.001, 5e-4, 40, 128)
LONGER = (13500, [6000, 12000], 0.001, 5e-4, 40, 128)
OPTICAL_FLOW = (20000, [12000, 18000], 0.005, 5e-4, 20, 128)
# End of a name: its schedule.
SCHEDULES = {
    r'3500i_(ucf101|hmdb51)-rgb': IMAGES,
    r'13500i_(ucf101|hmdb51)-(rgb-)?rgbdiff': LONGER,
    r'20000i_(ucf101|hmdb51)-(warped-)?flow': OPTICAL_FLOW,
    r'13500i_(activitynet-v1-2|thumos14)-rgb': LONGER,
    r'100e_(kinetics400|epic100)-rgb': (100, [40, 80], 0.005, 1e-4, 40, 128),
    r'150e_sthv[12]-rgb': (150, [100, 125], 0.01, 1e-4, 40, 64),
}
MEAN, STD = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
# Backbone and modality: mean, std, and whether channels are turned round.
SCALES = {
    ('bninception', 'rgb'): ([104, 117, 128], [1] * 3, True),
    ('bninception', 'rgbdiff'): ([0] * 15, [1] * 15, False),
    ('bninception', 'flow'): ([128] * 10, [1] * 10, False),
    ('inceptionv3', 'rgb'): ([127.5] * 3, [127.5] * 3, False),
    ('resnet', 'rgb'): (MEAN, STD, False),
    ('resnet', 'rgbdiff'): ([0] * 15, [255] * 15, False),
    ('resnet', 'flow'): ([128] * 10, [57.63] * 10, False),
    ('resnet', 'rgb-rgbdiff'): (MEAN + [0] * 15, STD + [255] * 15, False),
}
DROPOUT = {'kinetics400': 0.4, 'epic100': 0.5, 'sthv1': 0.5, 'sthv2': 0.5}
EVALUATORS = {
    'epic100': 'MultiTaskAccuracy',
    'activitynet-v1-2': 'VideoMeanAP',
    'thumos14': 'VideoMeanAP',
}
RESIZE = dict(type='Resize', scale=(340, 256), keep_ratio=False)
CROPS = {
    'train': [
        RESIZE,
        dict(
            type='MultiScaleCrop',
            input_size=224,
            scales=(1, 0.875, 0.75, 0.66),
            random_crop=False,
            max_wh_scale_gap=1,
        ),
        dict(type='Resize', scale=(224, 224), keep_ratio=False),
        dict(type='OpticalFlowFlip', flip_ratio=0.5),
    ],
    'val': [RESIZE, dict(type='CenterCrop', crop_size=224)],
    'test': [RESIZE, dict(type='OpticalFlowTenCrop', crop_size=224)],
}
OPTIMISED_BEFORE = set()


def configs(pattern):
    """Parametrise with the configs of configs/tsn whose names have ``pattern``."""
    paths = [path for path in TSN if re.search(pattern, path.stem)]
    assert paths, pattern
    return pytest.mark.parametrize('path', paths, ids=[path.stem for path in paths])


def parse(path):
    return NAME.search(path.stem).groupdict()


def head_of(config):
    """The head, or the one that each task has."""
    return config.model.cls_head.get('head', config.model.cls_head)


def pipelines(config, split):
    """The pipelines of a split's data sets, of which there may be several."""
    dataset = config[f'{split}_dataloader'].dataset
    return [part.pipeline for part in dataset.get('datasets', [dataset])]


def sampler(pipeline):
    (step,) = (step for step in pipeline if step.type.endswith('SampleFrames'))
    return step


def hooks_of(config):
    hooks = {hook.type: hook for hook in config.custom_hooks}
    assert len(hooks) == len(config.custom_hooks)
    return hooks


@configs('imagenet')
def test_schedule(path, read):
    config = read(path)
    (pattern,) = (end for end in SCHEDULES if re.search(f'-{end}$', path.stem))
    length, steps, rate, decay, norm, batch = SCHEDULES[pattern]
    by_epoch = '0e_' in pattern
    loop, count = ('Epoch', 'epochs') if by_epoch else ('Iter', 'iters')
    assert config.train_cfg.type == f'{loop}BasedTrainLoop'
    assert config.train_cfg[f'max_{count}'] == length
    (schedule,) = config.param_scheduler
    assert schedule == dict(
        type='MultiStepLR',
        begin=0,
        end=length,
        by_epoch=by_epoch,
        milestones=steps,
        gamma=0.1,
    )
    nesterov = dict(nesterov=True) if 'sthv' in path.stem else {}
    assert config.optim_wrapper.optimizer == dict(
        type='SGD', lr=rate, momentum=0.9, weight_decay=decay, **nesterov
    )
    assert config.optim_wrapper.clip_grad == dict(max_norm=norm, norm_type=2)
    assert 8 * config.train_dataloader.batch_size == batch
    assert config.auto_scale_lr.base_batch_size == batch


@configs('imagenet')
def test_scale_of_the_input(path, read):
    name, config = parse(path), read(path)
    backbone = re.sub(r'r\d+', 'resnet', name['backbone'])
    mean, std, turned = SCALES[backbone, name['modality']]
    given = dict(config.model.data_preprocessor)
    assert given.pop('to_rgb', False) is turned
    assert given == dict(
        type='ActionDataPreprocessor', mean=mean, std=std, format_shape='NCHW'
    )


def test_bn_inception_sees_blue_first(read):
    """Decoders give RGB; 104, 117, 128 are blue, green and red."""
    name = 'tsn_imagenet-pretrained-bninception_8xb16-1x1x3-3500i_ucf101-rgb.py'
    preprocess = MODELS.build(read(f'tsn/{name}').model.data_preprocessor)
    colour = torch.tensor([129, 119, 107], dtype=torch.uint8).view(1, 3, 1, 1)
    inputs = preprocess(dict(inputs=[colour], data_samples=None))['inputs']
    assert inputs.flatten().tolist() == [3, 2, 1]


@configs('imagenet')
def test_head(path, read):
    name, head = parse(path), head_of(read(path))
    dropout = 0.7 if name['modality'] == 'flow' else 0.8
    assert head.type == 'SegmentConsensusHead'
    assert head.dropout_ratio == DROPOUT.get(name['data'], dropout)
    assert head.init_std == 0.001
    # the order of the paper
    assert head.get('consensus_at', 'scores') == 'scores'


@configs('imagenet')
def test_hooks(path, read):
    name, config = parse(path), read(path)
    expected = {'CheckClassesHook'}
    # large data sets have statistics of their own
    if name['data'] not in DROPOUT:
        expected.add('PartialBNHook')
    if name['modality'] != 'rgb':
        expected.add('CrossModalityInitHook')
    hooks = hooks_of(config)
    assert set(hooks) == expected
    assert hooks.get('PartialBNHook') in (None, dict(type='PartialBNHook'))
    assert config.model.backbone.get('norm_eval', False) is False
    assert config.model.backbone.get('frozen_stages', -1) == -1


@configs('imagenet.*(diff|flow)$')
def test_first_layer_comes_from_the_images(path):
    config = Config.fromfile(path)
    assert config.model.backbone.pretrained is None
    hook = hooks_of(config)['CrossModalityInitHook']
    keeps = parse(path)['modality'] == 'rgb-rgbdiff'
    assert hook.get('keep_rgb', False) is keeps
    assert set(hook) <= {'type', 'checkpoint', 'keep_rgb'}


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
@configs('imagenet.*_(?!sthv)[a-z0-9]+(-[a-z0-9]+)*$')
def test_crops(path, split, read):
    config = read(path)
    for pipeline in pipelines(config, split):
        types = [step.type for step in pipeline]
        decoded = next(i for i, kind in enumerate(types) if 'Decode' in kind)
        crops = pipeline[decoded + 1 : -2]
        # differences are taken of what is left of the frames
        if 'diff' in path.stem:
            difference = crops.pop()
            keeps = parse(path)['modality'] == 'rgb-rgbdiff'
            assert difference.type == 'RGBDifference'
            assert difference.get('keep_rgb', False) is keeps
        assert crops == CROPS[split]
        assert types[-2:] == ['FormatShape', 'PackActionInputs']
        assert 'num_clips' in pipeline[-1].meta_keys


@configs('')
def test_segments_in_training_and_validation(path, read):
    name, config = parse(path), read(path)
    kind = 'SampleFrames' if 'sthv' in path.stem else 'SegmentSampleFrames'
    for split in ('train', 'val'):
        for pipeline in pipelines(config, split):
            step = sampler(pipeline)
            assert step.type == kind
            assert step.num_clips == int(name['segments'])
            assert step.clip_len == int(name['clip_len'])
            assert step.get('test_mode', False) is (split == 'val')


@configs('imagenet.*_(ucf101|hmdb51|kinetics400|epic100)-')
def test_testing_of_trimmed_videos(path, read):
    name, config = parse(path), read(path)
    (pipeline,) = pipelines(config, 'test')
    assert sampler(pipeline) == dict(
        type='SegmentSampleFrames',
        clip_len=int(name['clip_len']),
        num_clips=25,
        test_mode=True,
    )
    head = head_of(config)
    assert head.get('view_pooling', 'average') == 'average'
    if name['data'] != 'epic100':
        # scores before softmax, for score fusion
        assert head.average_clips == 'score'
    evaluator = EVALUATORS.get(name['data'], 'AccMetric')
    assert config.val_evaluator.type == config.test_evaluator.type == evaluator


@configs('imagenet.*_(activitynet-v1-2|thumos14)-')
def test_testing_of_untrimmed_videos(path, read):
    config = read(path)
    (pipeline,) = pipelines(config, 'test')
    every_second = dict(type='FixedRateSampleFrames', rate=1.0, clip_len=1)
    assert sampler(pipeline) == every_second
    head = head_of(config)
    attends = path.stem.startswith('tsn-attention_')
    windows = dict(window_pooling='attention', in_channels=head.in_channels)
    assert head.test_consensus == dict(
        type='TemporalWindowConsensus', **(windows if attends else {})
    )
    assert head.view_pooling == 'max'
    assert head.average_clips == 'prob'
    assert head.keep_segment_scores is True
    assert config.model.type == 'SegmentRecognizer2D'
    # ten crops at a time
    assert config.model.test_cfg.max_testing_views % 10 == 0
    assert config.val_evaluator.type == 'AccMetric'
    assert config.test_evaluator.type == EVALUATORS[parse(path)['data']]


@configs('')
def test_consensus_fits_the_segments(path, read):
    config, segments = read(path), int(parse(path)['segments'])
    head = head_of(config)
    consensus = head.get('consensus', dict(type='AvgConsensus'))
    if consensus['type'] == 'TopKConsensus':
        assert 1 <= consensus['k'] <= segments
    elif consensus['type'] == 'AttentionConsensus':
        assert consensus['in_channels'] == head.in_channels
    elif consensus['type'] == 'LinearConsensus':
        assert consensus['num_segments'] == segments
        # the weights belong to as many segments
        tested = sampler(pipelines(config, 'test')[0]).num_clips
        instead = head.get('test_consensus', consensus)
        assert tested == segments or instead == dict(type='AvgConsensus')


@configs('_(ucf101|hmdb51)-')
def test_split_is_one_variable(path, monkeypatch):
    monkeypatch.setenv('SPLIT', '2')
    second = Config.fromfile(path)
    monkeypatch.delenv('SPLIT')
    first = Config.fromfile(path)
    name = parse(path)
    kind = 'rawframes' if name['modality'] == 'flow' else 'videos'
    prefix = {'img': kind} if kind == 'rawframes' else {'video': kind}
    if '-warped-' in path.stem:
        prefix = {'img': 'rawframes_warped'}
    for split, listed in (('train', 'train'), ('val', 'val'), ('test', 'val')):
        for number, config in ((1, first), (2, second)):
            dataset = config[f'{split}_dataloader'].dataset
            lines = f'{name["data"]}_{listed}_split_{number}_{kind}.txt'
            assert dataset.ann_file == lines
            assert dataset.data_root == f'data/{name["data"]}'
            assert dataset.data_prefix == prefix


def authors_rules(model, first_is_new):
    """Factors of learning rate and decay: biases fast, norms and biases undecayed."""
    first = next(m for m in model.backbone.modules() if isinstance(m, nn.Conv2d))
    rules = {}
    for prefix, module in model.named_modules():
        for kind, _ in module.named_parameters(recurse=False):
            bias = kind == 'bias'
            if isinstance(module, _BatchNorm):
                rule = (1, 0)
            else:
                rule = (2, 0) if bias else (1, 1)
            if first_is_new and module is first:
                rule = (10, 0) if bias else (5, 1)
            rules[f'{prefix}.{kind}'] = rule
    return rules


def test_optimiser(config_path, read):
    """Every parameter learns, once, at its own rate; on the meta device."""
    config = read(config_path)
    if config.model.backbone.type.startswith('mmpretrain.'):
        pytest.skip('needs mmpretrain, timm and torchvision')
    ours = str([config.model.to_dict(), config.optim_wrapper.to_dict()])
    if ours in OPTIMISED_BEFORE:
        return
    OPTIMISED_BEFORE.add(ours)
    with torch.device('meta'):
        model = MODELS.build(config.model)
    optimiser = build_optim_wrapper(model, config.optim_wrapper).optimizer

    # a parameter that two modules share stands here twice
    names = [name for name, _ in model.named_parameters(remove_duplicate=False)]
    name_of = {param: name for name, param in model.named_parameters()}
    given = [
        (name_of[param], (group['lr'], group['weight_decay']))
        for group in optimiser.param_groups
        for param in group['params']
    ]
    assert sorted(name for name, _ in given) == sorted(names)

    rules = dict.fromkeys(names, (1, 1))
    if re.search(r'-\d+i_', config_path.stem):
        # the two-stream paper's code has no rule of its own for the first layer
        tsn = config_path.parent.name == 'tsn'
        rules = authors_rules(model, tsn and config_path.stem.endswith('-flow'))
    elif 'tempo-demo' in config_path.stem:
        # at the demo's rate they would run away
        slow = [name for name in names if name.startswith('cls_head.consensus.')]
        rules.update(dict.fromkeys(slow, (0.01, 0)))
    base = config.optim_wrapper.optimizer
    assert dict(given) == {
        name: (base.lr * rate, base.weight_decay * decay)
        for name, (rate, decay) in rules.items()
    }
