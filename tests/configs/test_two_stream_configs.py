"""Every two-stream config: its name, its data, its model, what learns."""

import copy
import re

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.optim import build_optim_wrapper
from view_shapes import backbones, sampling, training_pipeline, two_stream_view

from tpn_tsn_plugin.registry import MODELS

NAME = re.compile(
    r'two-stream-(?P<fusion>late|sum|max|concat|conv|bilinear|conv3d)'
    r'(-(?P<pooling>pool2d|pool3d|convpool3d))?'
    r'_((?P<init>[a-z0-9]+)-pretrained-)?(?P<backbone>r\d+|vgg\d+|bninception)'
    r'_(?P<gpus>\d+)xb(?P<batch>\d+)-(?P<frames>\d+)x1x(?P<snippets>\d+)'
    r'-(?P<length>\d+)(?P<unit>[ei])_(?P<data>[a-z0-9-]+)-rgb-flow'
)
FUSIONS = {
    'late': [],
    'sum': ['SumFusion'],
    'max': ['MaxFusion'],
    'concat': ['ConcatFusion'],
    'conv': ['ConvFusion'],
    'bilinear': ['BilinearFusion'],
    # stacked for a 3D convolution, which fuses
    'conv3d': ['ConcatFusion'],
}
POOLINGS = {
    'pool2d': 'TemporalPool2d',
    'pool3d': 'TemporalPool3d',
    'convpool3d': 'TemporalConvPool3d',
}
BACKBONES = {'r': 'ResNet', 'vgg': 'VGG', 'bninception': 'BNInception'}
RUN_BEFORE = set()


def parse(path):
    match = NAME.fullmatch(path.stem)
    assert match, f'{path.stem} is not named as two-stream configs are'
    return match.groupdict()


def pipelines(config):
    return {
        split: config[f'{split}_dataloader'].dataset.pipeline
        for split in ('train', 'val', 'test')
    }


def samples(config, number):
    segments = ActionDataSample(metainfo=dict(num_clips=1))
    return [segments.clone().set_gt_label(i) for i in range(number)]


def test_numbers_in_the_name(two_stream_path, read):
    name, config = parse(two_stream_path), read(two_stream_path)
    for pipeline in pipelines(config).values():
        assert sampling(pipeline).clip_len == int(name['frames'])
    step = sampling(training_pipeline(config))
    assert step.num_clips == int(name['snippets'])
    assert config.train_dataloader.batch_size == int(name['batch'])
    lengths = {'e': 'max_epochs', 'i': 'max_iters'}
    assert config.train_cfg[lengths[name['unit']]] == int(name['length'])
    if 'auto_scale_lr' in config:
        total = int(name['gpus']) * int(name['batch'])
        assert config.auto_scale_lr.base_batch_size == total


def test_model_in_the_name(two_stream_path, read):
    name, config = parse(two_stream_path), read(two_stream_path)
    kind = BACKBONES[re.match(r'[a-z]+', name['backbone'])[0]]
    fields = int(name['frames']) - 1
    spatial, temporal = backbones(config).values()
    for backbone, channels in ((spatial, 3), (temporal, 2 * fields)):
        assert backbone.type == kind
        assert backbone.get('in_channels', 3) == channels
        depth = re.search(r'\d+', name['backbone'])
        assert depth is None or backbone.depth == int(depth[0])
    preprocessors = config.model.data_preprocessor.preprocessors
    for key, channels in (('imgs', 3), ('flow_imgs', 2 * fields)):
        for statistic in ('mean', 'std'):
            assert len(preprocessors[key][statistic]) == channels
    fusions = [fusion.type for fusion in config.model.get('stream_fusion', [])]
    assert fusions == FUSIONS[name['fusion']]
    if name['pooling']:
        assert config.model.temporal_pooling.type == POOLINGS[name['pooling']]


def test_both_streams_start_somewhere(two_stream_path):
    """From ImageNet, from trained streams, or at random as the name says."""
    name, config = parse(two_stream_path), Config.fromfile(two_stream_path)
    spatial, temporal = (
        config.model[key] for key in ('spatial_backbone', 'temporal_backbone')
    )
    hooks = {
        hook.module: hook.checkpoint
        for hook in config.custom_hooks
        if hook.type == 'CrossModalityInitHook'
    }
    if name['init'] is None:
        assert not hooks
        assert spatial.get('pretrained') is temporal.get('pretrained') is None
    elif name['init'] == 'imagenet':
        assert hooks == {'temporal_backbone': spatial.pretrained}
        assert spatial.pretrained.startswith('https://')
        assert temporal.get('pretrained') is None
    else:
        # the checkpoints that the configs of the single streams leave
        for key, modality in (('spatial', 'rgb'), ('temporal', 'flow')):
            init = config.model[f'{key}_backbone'].init_cfg
            folder, file = init.checkpoint.split('/')[1:]
            stream = two_stream_path.with_name(f'{folder}.py')
            assert folder.endswith(f'{name["init"]}-{modality}')
            length = Config.fromfile(stream).train_cfg.max_iters
            assert file == f'iter_{length}.pth'
            assert init.prefix == 'backbone.'


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_pipelines(two_stream_path, split, read):
    """Both modalities go the same way; chance only in training."""
    name, pipeline = parse(two_stream_path), pipelines(read(two_stream_path))[split]
    assert len(Compose(pipeline).transforms) == len(pipeline)
    types = [step.type for step in pipeline]
    folders = ['FindPairedFrames', 'PairedRawFrameDecode']
    whole, in_place = (
        [opens, 'DecordDecodeOnce'] for opens in ('DecordInit', 'DecordInitInPlace')
    )
    reads = [t for t in types if t in folders + whole + in_place]
    assert reads in (folders, whole, in_place)
    assert ('ComputeOpticalFlow' in types) == (reads != folders)
    assert types[-2:] == ['FormatTwoStreams', 'PackActionInputs']
    assert pipeline[-1].collect_keys == ('imgs', 'flow_imgs')
    assert {'num_clips', 'video_id'} <= set(pipeline[-1].meta_keys)
    assert ('OpticalFlowFlip' in types) == (split == 'train')
    assert not {'Flip', 'TenCrop', 'ThreeCrop'} & set(types)
    sampler = next(step for step in pipeline if step.type.endswith('SampleFrames'))
    assert sampler.get('test_mode', False) == (split != 'train')
    # the two-stream fusion paper's sampling, of its own networks
    strided = name['backbone'] == 'vgg16'
    assert sampler.type == ('StridedSampleFrames' if strided else 'SegmentSampleFrames')


def test_whole_model_takes_a_view_of_the_test_pipeline(two_stream_path, read):
    """On the meta device: shapes are real, nothing is computed or stored."""
    config = read(two_stream_path)
    with torch.device('meta'):
        model = MODELS.build(config.model).eval()
        inputs = {
            key: torch.empty(shape) for key, shape in two_stream_view(config).items()
        }
    scores, _ = model.extract_feat(inputs, stage='head')
    classes = config.model.cls_head.num_classes
    heads = 1 if config.model.get('temporal_head') is None else 2
    assert [tuple(score.shape) for score in scores.values()] == [(1, classes)] * heads


def test_every_parameter_learns_once(two_stream_path, read):
    config = read(two_stream_path)
    with torch.device('meta'):
        model = MODELS.build(config.model)
    optimiser = build_optim_wrapper(model, config.optim_wrapper).optimizer
    name_of = {param: name for name, param in model.named_parameters()}
    rates = {
        name_of[param]: group['lr']
        for group in optimiser.param_groups
        for param in group['params']
    }
    assert rates.keys() == set(name_of.values())
    base = config.optim_wrapper.optimizer.lr
    new = [name for name, rate in rates.items() if rate == 5 * base]
    if parse(two_stream_path)['init'] == 'imagenet':
        # the first layer that cross-modality initialisation averages
        assert len(new) == 1
        assert new[0].startswith('temporal_backbone.conv1')
    else:
        assert not new


def kind_of_model(model):
    kind = copy.deepcopy(model.to_dict())
    for head in ('cls_head', 'temporal_head'):
        for key in ('num_classes', 'dropout_ratio', 'init_cfg'):
            (kind.get(head) or {}).pop(key, None)
    for backbone in ('spatial_backbone', 'temporal_backbone'):
        kind[backbone].pop('init_cfg', None)
    return str(kind)


def test_model_trains_and_predicts(two_stream_path, read):
    config = read(two_stream_path)
    kind = kind_of_model(config.model)
    if kind in RUN_BEFORE:
        return
    RUN_BEFORE.add(kind)
    small = copy.deepcopy(config.model)
    for head in ('cls_head', 'temporal_head'):
        if small.get(head) and 'hidden_channels' in small[head]:
            # as wide as they are nobody needs them here
            small[head].hidden_channels = (16, 16)
    model = MODELS.build(small)
    view = two_stream_view(config, size=64)
    batch = {key: torch.rand(2, *shape[1:]) for key, shape in view.items()}
    told = samples(config, 2)
    for sample in told:
        sample.set_metainfo(dict(num_clips=view['imgs'][1]))
    with torch.no_grad():
        losses = model(batch, told, mode='loss')
        two_views = {key: torch.cat([x, x], dim=1) for key, x in batch.items()}
        predicted = model.eval()(two_views, told, mode='predict')
    expected = {'loss_cls'}
    if config.model.get('temporal_head'):
        expected.add('temporal_loss_cls')
    assert {key for key in losses if 'loss' in key} == expected
    assert all(losses[key].isfinite() for key in expected)
    for sample in predicted:
        assert sample.pred_score.shape == (config.model.cls_head.num_classes,)
        if config.model.cls_head.get('average_clips', 'prob') == 'prob':
            torch.testing.assert_close(sample.pred_score.sum(), torch.tensor(1.0))


def test_split_is_one_variable(two_stream_path, monkeypatch):
    if not re.search('ucf101|hmdb51', parse(two_stream_path)['data']):
        pytest.skip('data without splits')
    monkeypatch.setenv('SPLIT', '3')
    config = Config.fromfile(two_stream_path)
    for split in ('train', 'val', 'test'):
        dataset = config[f'{split}_dataloader'].dataset
        assert '_split_3_' in dataset.ann_file
        assert dataset.num_classes == config.model.cls_head.num_classes
