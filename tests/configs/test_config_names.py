"""What a config's name says is what the config does."""

import re

from mmengine.config import Config

NAME = re.compile(
    r'(?P<model>[a-z0-9-]+?)_((?P<init>imagenet-pretrained)-)?(?P<backbone>r\d+[a-z0-9-]*)'
    r'_(?P<gpus>\d+)xb(?P<batch>\d+)'
    r'-(?P<clip_len>\d+)x(?P<interval>\d+)x(?P<clips>\d+)-(?P<epochs>\d+)e'
    r'_(?P<dataset>[a-z0-9-]+)-(?P<modality>rgb|flow)'
)
BACKBONES = {'slowonly': 'ResNet3dSlowOnly', 'tsm': 'ResNetTSM', 'tsn': 'ResNet'}


def parse(path):
    match = NAME.fullmatch(path.stem)
    assert match, f'{path.stem} is not named as MMAction2 names configs'
    return match.groupdict()


def test_numbers_in_the_name(config_path, read, flops):
    name, config = parse(config_path), read(config_path)
    step = flops.sampling(config.train_dataloader.dataset.pipeline)
    assert int(name['batch']) == config.train_dataloader.batch_size
    assert int(name['clip_len']) == step.clip_len
    assert int(name['interval']) == step.get('frame_interval', 1)
    assert int(name['clips']) == step.get('num_clips', 1)
    assert int(name['epochs']) == config.train_cfg.max_epochs
    if 'auto_scale_lr' in config:
        total = int(name['gpus']) * int(name['batch'])
        assert config.auto_scale_lr.base_batch_size == total


def test_model_in_the_name(config_path, read):
    name, model = parse(config_path), read(config_path).model
    words = name['model'].split('-')
    types = [BACKBONES[word] for word in words if word in BACKBONES]
    assert types == [model.backbone.type]
    assert int(re.match(r'r(\d+)', name['backbone']).group(1)) == model.backbone.depth
    assert ('tpn' in words) == ('neck' in model)
    assert 'neck' not in model or model.neck.type == 'TemporalPyramidNeck'


def test_pretrained_weights_in_the_name(config_path):
    name, model = parse(config_path), Config.fromfile(config_path).model
    address = model.backbone.pretrained
    if name['init'] is None:
        assert address is None
    else:
        # an address MMEngine opens without torchvision
        depth = model.backbone.depth
        expected = rf'https://download\.pytorch\.org/models/resnet{depth}-\w+\.pth'
        assert re.fullmatch(expected, address)


def test_data_in_the_name(config_path, read):
    name, config = parse(config_path), read(config_path)
    for split in ('train', 'val', 'test'):
        dataset = config[f'{split}_dataloader'].dataset
        says = f'{dataset.type} {dataset.get("data_root")} {dataset.get("ann_file")}'
        tag = re.sub(r'\W|_', '', name['dataset'])
        assert tag in re.sub(r'\W|_', '', says).lower()
        assert dataset.get('modality', 'RGB').lower() == name['modality']
