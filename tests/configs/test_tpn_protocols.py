"""configs/tpn against the TPN paper, and against the code that was released."""

import re

# Temporal rates by frames or segments: the paper for 32 and for 8 (sections 4.1, 4.2),
# scaled for 16; the released code for each backbone depth.
PAPER = {8: (4, 8), 16: (8, 16), 32: (16, 32)}
RELEASED = {50: {8: (8, 8), 16: (16, 16), 32: (32, 32)}, 101: PAPER}
SHARED = [
    *(f'{split}_dataloader' for split in ('train', 'val', 'test')),
    *('train_cfg', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr'),
    *('val_evaluator', 'test_evaluator'),
]


def is_released(stem):
    """As the authors' code, ``-official`` in the backbone too."""
    return 'released' in stem or 'official' in stem


def frames(stem):
    length, clips = map(int, re.search(r'-(\d+)x\d+x(\d+)-', stem).groups())
    return length * clips


def test_neck(pyramid_path, read):
    model = read(pyramid_path).model
    released = is_released(pyramid_path.stem)
    rates = RELEASED[model.backbone.depth] if released else PAPER
    assert model.neck.temporal_rates == rates[frames(pyramid_path.stem)]
    assert model.neck.information_flow == ('cascade' if released else 'parallel')
    assert model.backbone.out_indices == (2, 3)
    classes = model.cls_head.num_classes
    assert model.neck.aux_head == dict(num_classes=classes, loss_weights=0.5)


def test_training(tpn_path, read):
    config = read(tpn_path)
    released = is_released(tpn_path.stem)
    heavier = released and 'sthv' in tpn_path.stem
    assert config.optim_wrapper == dict(
        optimizer=dict(
            type='SGD',
            lr=0.01,
            momentum=0.9,
            nesterov=True,
            weight_decay=5e-4 if heavier else 1e-4,
        ),
        clip_grad=dict(max_norm=20 if heavier else 40, norm_type=2),
    )
    (schedule,) = config.param_scheduler
    assert schedule.milestones == ([75, 125] if released else [100, 125])
    assert schedule.gamma == 0.1
    assert config.model.cls_head.dropout_ratio == 0.5
    assert config.model.backbone.norm_eval is False
    classes = 400 if 'kinetics400' in tpn_path.stem else 174
    assert config.model.cls_head.num_classes == classes


def test_training_crops(tpn_path, read):
    steps = {s.type: s for s in read(tpn_path).train_dataloader.dataset.pipeline}
    if is_released(tpn_path.stem):
        assert {'RandomResizedCrop', 'ColorJitter'} < set(steps)
    else:
        assert steps['RandomRescale'].scale_range == (256, 320)
        assert not {'RandomResizedCrop', 'ColorJitter'} & set(steps)
    assert steps['Flip'].flip_ratio == 0.5


def test_baseline_differs_in_the_model_only(plain_path, read):
    plain = read(plain_path)
    pyramid = read(plain_path.with_name(f'tpn-{plain_path.name}'))
    for part in SHARED:
        assert pyramid[part] == plain[part], part
    for part in ('type', 'depth', 'pretrained', 'norm_eval'):
        assert pyramid.model.backbone[part] == plain.model.backbone[part]
