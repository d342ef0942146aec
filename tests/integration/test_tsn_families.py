"""Every cell of the TSN families is the experiment that its place in the table says."""

from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope

from tpn_tsn_plugin.analysis.experiments import family_run
from tpn_tsn_plugin.analysis.experiments.family import read_family
from tpn_tsn_plugin.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = sorted(ROOT.glob('configs/ablations/tsn-*.py'))
SPLITS = ('train', 'val', 'test')
CLASSES = 12

CONSENSUS = {
    'average': lambda k: dict(type='AvgConsensus'),
    'maximum': lambda k: dict(type='MaxConsensus'),
    'top-k, k = (K + 1) / 2': lambda k: dict(type='TopKConsensus', k=(k + 1) // 2),
    'linear': lambda k: dict(type='LinearConsensus', num_segments=k),
    'attention': lambda k: dict(type='AttentionConsensus', in_channels=256),
}
WINDOWS = {
    'average over all snippets': dict(type='AvgConsensus'),
    'window integration': dict(type='TemporalWindowConsensus'),
    'window integration, top 3 windows': dict(
        type='TemporalWindowConsensus', window_top_k=3
    ),
    'maximum over all snippets': dict(type='MaxConsensus'),
}
# Channels of the first convolution, and what reads a snippet.
MODALITIES = {
    'RGB': (3, ['DecordDecode']),
    'RGB difference': (15, ['DecordDecode', 'RGBDifference']),
    'RGB and RGB difference': (18, ['DecordDecode', 'RGBDifference']),
    'optical flow (DIS)': (10, ['CheckedRawFrameDecode']),
}
STARTS = {
    'from scratch': ['CheckClassesHook'],
    'cross-modality initialisation': ['CheckClassesHook', 'CrossModalityInitHook'],
    'and partial BN': ['CheckClassesHook', 'CrossModalityInitHook', 'PartialBNHook'],
}


@pytest.fixture
def experiments(monkeypatch, tmp_path):
    """Reads a family and returns what it would run, by place, sources under None."""

    def prepare(path):
        ran = []

        def run(experiment, progress):
            ran.append(experiment)
            experiment.work_dir.mkdir()
            checkpoint = experiment.work_dir / 'epoch_12.pth'
            checkpoint.touch()
            (experiment.work_dir / 'last_checkpoint').write_text(str(checkpoint))
            return dict(test={experiment.metric: 0.5})

        monkeypatch.setattr(family_run, 'run_experiment', run)
        family = read_family(path)
        family_run.run_family(family, tmp_path, [0])
        places = {cell.label: (cell.row, cell.column) for cell in family.cells}
        prepared = {places.get(one.label): one for one in ran}
        assert len(prepared) == len(family.cells) + len(family.sources)
        return prepared

    return prepare


def sampling(config, split):
    """Sampling step of a split."""
    steps = config[f'{split}_dataloader'].dataset.pipeline
    (step,) = (step for step in steps if step.type.endswith('SampleFrames'))
    return step


def test_all_families_are_found():
    tested = {
        'tsn-consensus_tempo-demo',
        'tsn-consensus_tempo-demo-untrimmed',
        'tsn-initialisation_tempo-demo',
        'tsn-modality_tempo-demo',
        'tsn-windows_tempo-demo',
    }
    assert tested <= {path.stem for path in FAMILIES}


@pytest.mark.parametrize('path', FAMILIES, ids=lambda path: path.stem)
def test_every_cell_loads_and_its_metric_is_measured(path, experiments):
    measured = {'AccMetric': 'acc/top1', 'VideoMeanAP': 'acc/mean_ap'}
    for place, experiment in experiments(path).items():
        config = experiment.load_config()
        evaluators = [config.test_evaluator.type]
        if experiment.checkpoint is None and 'activitynet' not in path.stem:
            # Validation chooses the best checkpoint and draws the curve; that of
            # ActivityNet is on trimmed actions, which have no mean AP.
            evaluators.append(config.val_evaluator.type)
        if place is not None:
            assert {measured[name] for name in evaluators} == {experiment.metric}


@pytest.mark.parametrize('data', ['tempo-demo', 'tempo-demo-untrimmed'])
def test_consensus_family(data, experiments):
    init_default_scope('mmaction')
    cells = experiments(ROOT / f'configs/ablations/tsn-consensus_{data}.py')
    assert set(cells) == {(row, f'K = {k}') for row in CONSENSUS for k in (1, 3, 5, 7)}
    for (row, column), experiment in cells.items():
        k = int(column.removeprefix('K = '))
        config = experiment.load_config()
        assert config.model.cls_head.consensus == CONSENSUS[row](k)
        assert [sampling(config, split).num_clips for split in SPLITS] == [k] * 3
        lists = [config[f'{split}_dataloader'].dataset.split for split in SPLITS]
        if data == 'tempo-demo':
            assert lists == ['train', 'val', 'test']
        else:
            assert lists == ['untrimmed_train', 'untrimmed', 'untrimmed']
        head = MODELS.build(config.model.cls_head)
        assert head(torch.rand(2 * k, 256, 1, 1), k).shape == (2, CLASSES)


def test_windows_family(experiments):
    cells = experiments(ROOT / 'configs/ablations/tsn-windows_tempo-demo.py')
    source = cells.pop(None)
    assert set(cells) == {(row, 'mAP') for row in WINDOWS}
    trained = source.load_config().model
    for (row, _), experiment in cells.items():
        config = experiment.load_config()
        assert experiment.checkpoint == source.work_dir / 'epoch_12.pth'
        assert config.model.backbone == trained.backbone
        assert config.model.cls_head.consensus == trained.cls_head.consensus
        assert config.model.cls_head.test_consensus == WINDOWS[row]
        step = sampling(config, 'test')
        assert (step.type, step.rate) == ('FixedRateSampleFrames', 1.0)
        MODELS.build(config.model.cls_head)


def test_modality_family(experiments):
    cells = experiments(ROOT / 'configs/ablations/tsn-modality_tempo-demo.py')
    assert set(cells) == {(row, 'test top-1') for row in MODALITIES}
    for (row, _), experiment in cells.items():
        config = experiment.load_config()
        channels, steps = MODALITIES[row]
        assert config.model.backbone.get('in_channels', 3) == channels
        for split in SPLITS:
            pipeline = config[f'{split}_dataloader'].dataset.pipeline
            names = [step.type for step in pipeline]
            assert [name for name in names if name.endswith(('code', 'ence'))] == steps
            assert sampling(config, split).num_clips == 3


def test_initialisation_family(experiments):
    cells = experiments(ROOT / 'configs/ablations/tsn-initialisation_tempo-demo.py')
    source = cells.pop(None)
    assert source.load_config().model.backbone.get('in_channels', 3) == 3
    rates = {'learning rate 0.1': 0.1, 'learning rate 0.01': 0.01}
    assert set(cells) == {(row, column) for row in STARTS for column in rates}
    for (row, column), experiment in cells.items():
        config = experiment.load_config()
        assert config.optim_wrapper.optimizer.lr == rates[column]
        assert [hook.type for hook in config.custom_hooks] == STARTS[row]
        for hook in config.custom_hooks:
            if hook.type == 'CrossModalityInitHook':
                assert Path(hook.checkpoint) == source.work_dir / 'epoch_12.pth'
