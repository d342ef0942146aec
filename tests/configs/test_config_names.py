"""What a config's name says is what the config does."""

import re

from mmengine.config import Config
from view_shapes import sampling, training_pipeline

NAME = re.compile(
    r'(?P<model>[a-z0-9-]+?)_((?P<init>imagenet-pretrained)-)?'
    r'(?P<backbone>r\d+|vgg\d+|bninception|inceptionv3)'
    r'_(?P<gpus>\d+)xb(?P<batch>\d+)'
    r'-(?P<clip_len>\d+)x(?P<interval>\d+)x(?P<clips>\d+)-(?P<length>\d+)(?P<unit>[ei])'
    r'_(?P<dataset>[a-z0-9-]+?)-(?P<modality>rgb-rgbdiff|rgbdiff|rgb|flow)'
)
BACKBONES = {'slowonly': 'ResNet3dSlowOnly', 'tsm': 'ResNetTSM', 'tsn': 'ResNet'}
OFFICIAL_BACKBONES = {'ResNetTSM': 'ShiftedShortcutTSM'}
OTHER_BACKBONES = {
    'bninception': 'BNInception',
    'inceptionv3': 'mmpretrain.TIMMBackbone',
    'vgg16': 'VGG',
}
CONSENSUS = {
    'max': 'MaxConsensus',
    'topk': 'TopKConsensus',
    'linear': 'LinearConsensus',
    'attention': 'AttentionConsensus',
}


def parse(path):
    match = NAME.fullmatch(path.stem)
    assert match, f'{path.stem} is not named as MMAction2 names configs'
    return match.groupdict()


def model_depth(name):
    return int(name['backbone'][1:])


def test_numbers_in_the_name(config_path, read):
    name, config = parse(config_path), read(config_path)
    step = sampling(training_pipeline(config))
    assert int(name['batch']) == config.train_dataloader.batch_size
    assert int(name['clip_len']) == step.clip_len
    assert int(name['interval']) == step.get('frame_interval', 1)
    assert int(name['clips']) == step.get('num_clips', 1)
    lengths = {'e': 'max_epochs', 'i': 'max_iters'}
    assert int(name['length']) == config.train_cfg[lengths[name['unit']]]
    if 'auto_scale_lr' in config:
        total = int(name['gpus']) * int(name['batch'])
        assert config.auto_scale_lr.base_batch_size == total


def test_model_in_the_name(config_path, read):
    name, model = parse(config_path), read(config_path).model
    words = name['model'].split('-')
    backbone = OTHER_BACKBONES.get(name['backbone'])
    if backbone is None:
        (backbone,) = (BACKBONES[word] for word in words if word in BACKBONES)
        assert model_depth(name) == model.backbone.depth
        if 'official' in words:
            backbone = OFFICIAL_BACKBONES[backbone]
    assert model.backbone.type == backbone
    assert ('tpn' in words) == ('neck' in model)
    assert 'neck' not in model or model.neck.type == 'TemporalPyramidNeck'
    consensus = model.cls_head.get('consensus', {}).get('type')
    for word, kind in CONSENSUS.items():
        assert (word in words) == (consensus == kind)


def test_pretrained_weights_in_the_name(config_path):
    name, config = parse(config_path), Config.fromfile(config_path)
    given = config.model.backbone.get('pretrained')
    hooks = [h for h in config.custom_hooks if h.type == 'CrossModalityInitHook']
    if name['init'] is None:
        # the demo's own checkpoint, if any
        assert given is None
        assert all('http' not in hook.checkpoint for hook in hooks)
        return
    addresses = [given] if given else [hook.checkpoint for hook in hooks]
    if name['backbone'] == 'inceptionv3':
        assert addresses == [True]
        return
    # an address MMEngine opens without torchvision
    (address,) = addresses
    if name['backbone'] == 'bninception':
        assert re.fullmatch(r'https://.*/bn_inception-\w+\.pth', address)
    else:
        kind = re.sub(r'^r(?=\d)', 'resnet', name['backbone'])
        expected = rf'https://download\.pytorch\.org/models/{kind}-\w+\.pth'
        assert re.fullmatch(expected, address)


def computes_fields(config, pipeline):
    """Whether optical flow is computed, by a transform or where the model is."""
    computing = config.model.data_preprocessor.type == 'OpticalFlowDataPreprocessor'
    return computing or 'ComputeOpticalFlow' in [step.type for step in pipeline]


def test_data_in_the_name(config_path, read):
    """A model may be trained on other data than those it is made for."""
    name, config = parse(config_path), read(config_path)
    dataset = config.test_dataloader.dataset
    keys = ('type', 'data_root', 'data_prefix', 'ann_file', 'split')
    says = re.sub(r'\W|_', '', ' '.join(str(dataset.get(key)) for key in keys)).lower()
    assert [word for word in name['dataset'].split('-') if word not in says] == []
    computed = computes_fields(config, dataset.pipeline)
    modality = 'flow' if name['modality'] == 'flow' and not computed else 'rgb'
    assert dataset.get('modality', 'RGB').lower() == modality


def test_snippet_in_the_name(config_path, read):
    name, config = parse(config_path), read(config_path)
    types = [step.type for step in training_pipeline(config)]
    assert ('RGBDifference' in types) == ('rgbdiff' in name['modality'])
    if 'RGBDifference' in types:
        step = training_pipeline(config)[types.index('RGBDifference')]
        keeps = name['modality'] == 'rgb-rgbdiff'
        assert step.get('keep_rgb', False) == keeps
        channels = 3 * (int(name['clip_len']) - 1 + keeps)
    elif name['modality'] == 'flow':
        # fields that are computed lie between the frames
        computed = computes_fields(config, training_pipeline(config))
        fields = int(name['clip_len']) - computed
        channels = 2 * fields
    else:
        channels = 3
    assert config.model.backbone.get('in_channels', 3) == channels
    assert len(config.model.data_preprocessor.mean) == channels
    assert len(config.model.data_preprocessor.std) == channels
