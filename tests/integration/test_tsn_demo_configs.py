"""Every TSN demo config trains, validates and tests through the runner."""

import json
import math
import re
from functools import partial
from pathlib import Path

import pytest
import torch
from demo_runs import BATCH, SIZES, DemoRuns, run_mim, small
from mmengine.config import Config
from mmengine.runner import CheckpointLoader

from tpn_tsn_plugin.analysis.experiments.training_log import read_test
from tpn_tsn_plugin.functional.window_integration import integrate_windows

ROOT = Path(__file__).resolve().parents[2]
PATHS = sorted(ROOT.glob('configs/tsn/*tempo-demo*.py'))
CLASSES = 12
TASKS = dict(motion=4, tempo=3)

RGB = 'tsn_r18_1xb16-1x1x3-12e_tempo-demo-rgb'
CROSS_MODALITY = 'tsn-cross-modality_r18_1xb16-5x1x3-12e_tempo-demo-flow'
PARTIAL_BN = 'tsn-partial-bn_r18_1xb16-5x1x3-12e_tempo-demo-flow'
MULTI_TASK = 'tsn-multi-task_r18_1xb16-6x1x3-12e_tempo-demo-rgbdiff'
WINDOWS = 'tsn-windows_r18_1xb16-6x1x3-12e_tempo-demo-untrimmed-rgbdiff'
FROM_RGB = (CROSS_MODALITY, PARTIAL_BN)

METRICS = {
    'AccMetric': {'acc/top1', 'acc/top5', 'acc/mean1'},
    'MultiTaskAccuracy': {'acc/motion_top1', 'acc/tempo_top1', 'acc/action_top1'},
    'VideoMeanAP': {'acc/mean_ap'},
}
# What decides which checkpoint is the best.
DECIDES = {
    'AccMetric': 'acc/top1',
    'MultiTaskAccuracy': 'acc/action_top1',
    'VideoMeanAP': 'acc/mean_ap',
}

pytestmark = pytest.mark.integration


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    return DemoRuns(tmp_path_factory.mktemp('tsn'), keep=(RGB,))


@pytest.fixture
def demo_run(runs):
    """Runs a config by name, after what it starts from."""

    def run(stem):
        path = ROOT / f'configs/tsn/{stem}.py'
        options = {}
        if stem in FROM_RGB:
            run(RGB)
            options['custom_hooks.1.checkpoint'] = str(rgb_checkpoint(runs))
        if stem == WINDOWS:
            options['test_evaluator.out_file'] = str(runs.folder / 'windows.json')
        if stem != MULTI_TASK:
            options['model.cls_head.keep_segment_scores'] = True
        return runs.run(path, **options)

    return run


def rgb_checkpoint(runs):
    return runs.folder / RGB / 'epoch_1.pth'


def listed(runs, split):
    """Paths and labels of a split's list."""
    lines = (runs.data_root / f'{split}.txt').read_text().splitlines()
    videos = [line.split() for line in lines]
    return [(path, sorted(map(int, labels))) for path, *labels in videos]


def labels_of(config, sample):
    """A sample's label as the class indices that stand in the list."""
    label = sample.gt_label
    if 'tasks' in config.model.cls_head:
        return [int(label[0]) * TASKS['tempo'] + int(label[1])]
    if len(label) == CLASSES:
        return label.nonzero().flatten().tolist()
    return label.tolist()


def test_all_demo_configs_are_found():
    assert {RGB, MULTI_TASK, WINDOWS, *FROM_RGB} <= {path.stem for path in PATHS}
    assert len(PATHS) >= 17


@pytest.mark.parametrize('stem', [path.stem for path in PATHS])
def test_trains_validates_and_tests(stem, demo_run, runs):
    run = demo_run(stem)
    seen = run.seen

    videos = SIZES[run.config.train_dataloader.dataset.split]
    assert len(seen.losses) == videos / BATCH
    assert all(math.isfinite(loss) and loss > 0 for loss in seen.losses)
    learned = {name for name in seen.started if name.endswith(('weight', 'bias'))}
    assert learned <= seen.changed

    evaluator = run.config.val_evaluator.type
    check_metrics(seen.validation, evaluator)
    check_metrics(run.metrics, run.config.test_evaluator.type)
    metric = DECIDES[evaluator]
    best = f'best_{metric.replace("/", "_")}_epoch_1.pth'
    assert run.checkpoints == {'epoch_1.pth', best}
    assert run.rule == 'greater'
    assert run.best_score == seen.validation[metric]

    tested = [(x.video_id, labels_of(run.config, x)) for x in seen.tested]
    assert tested == listed(runs, run.config.test_dataloader.dataset.split)
    check_accuracy(run)
    if stem != MULTI_TASK:
        for sample in seen.tested:
            check_prediction(run, sample)


def check_metrics(metrics, evaluator):
    assert metrics.keys() == METRICS[evaluator]
    assert all(0 <= value <= 1 for value in metrics.values())


def check_accuracy(run):
    """The metric is that of the samples."""
    tested = run.seen.tested
    if run.config.test_evaluator.type == 'VideoMeanAP':
        assert run.metrics['acc/mean_ap'] == pytest.approx(mean_ap(tested), abs=1e-6)
        return
    right = torch.stack([x.pred_label == x.gt_label for x in tested]).float()
    tasks = TASKS if 'tasks' in run.config.model.cls_head else {'': CLASSES}
    for i, task in enumerate(tasks):
        name = f'acc/{task}_top1' if task else 'acc/top1'
        assert run.metrics[name] == pytest.approx(right[:, i].mean().item())


def mean_ap(samples):
    """Mean over classes, and over a class's videos, of the precision at each."""
    scores = torch.stack([x.pred_score for x in samples])
    labels = torch.stack([x.gt_label for x in samples])
    classes = [i for i in range(CLASSES) if labels[:, i].any()]
    precisions = [
        [labels[scores[:, i] >= s, i].mean() for s in scores[labels[:, i] == 1, i]]
        for i in classes
    ]
    return torch.stack([torch.stack(rows).mean() for rows in precisions]).mean().item()


def check_prediction(run, sample):
    """Probabilities, from the segments' scores by the config's own consensus."""
    rows = sample.segment_scores
    assert rows.shape == (sample.num_clips, CLASSES)
    head = run.config.model.cls_head
    log_probability = torch.nn.LogSigmoid() if head.get('multi_class') else LOG_SOFTMAX
    consensus = (head.get('test_consensus') or head.consensus).type
    if consensus not in AGREE:
        assert consensus == 'AttentionConsensus'
        return
    expected = log_probability(AGREE[consensus](rows, run.head))
    # smaller probabilities are no normal numbers of single precision
    known = expected > -80
    torch.testing.assert_close(
        sample.pred_score.log()[known], expected[known], rtol=1e-4, atol=1e-4
    )


LOG_SOFTMAX = torch.nn.LogSoftmax(dim=0)
# What needs more than scores is not here.
AGREE = {
    'AvgConsensus': lambda rows, head: rows.mean(dim=0),
    'MaxConsensus': lambda rows, head: rows.amax(dim=0),
    'TopKConsensus': lambda rows, head: rows.topk(2, dim=0).values.mean(dim=0),
    'LinearConsensus': lambda rows, head: head.consensus.weight @ rows,
    'TemporalWindowConsensus': lambda rows, head: integrate_windows(rows[None])[0],
}


@pytest.mark.parametrize('stem', FROM_RGB)
def test_cross_modality_starts_from_the_rgb_run(stem, demo_run, runs):
    run = demo_run(stem)
    source = CheckpointLoader.load_checkpoint(str(rgb_checkpoint(runs)))['state_dict']
    first = 'backbone.conv1.conv.weight'
    started = run.seen.started
    mean = source[first].mean(dim=1, keepdim=True)
    assert torch.equal(started[first], mean.expand(-1, 10, -1, -1))
    backbone = [name for name in started if name.startswith('backbone.')]
    for name in backbone:
        if name != first:
            assert torch.equal(started[name], source[name]), name
    # the classifier is new
    assert not torch.equal(
        started['cls_head.fc_cls.weight'], source['cls_head.fc_cls.weight']
    )


@pytest.mark.parametrize('stem', FROM_RGB)
def test_cross_modality_names_the_last_checkpoint_of_the_rgb_config(stem):
    config = Config.fromfile(ROOT / f'configs/tsn/{stem}.py')
    source = Config.fromfile(ROOT / f'configs/tsn/{RGB}.py')
    (hook,) = (x for x in config.custom_hooks if x.type == 'CrossModalityInitHook')
    epochs = source.train_cfg.max_epochs
    assert hook.checkpoint == f'work_dirs/{RGB}/epoch_{epochs}.pth'


def test_partial_bn_keeps_all_statistics_but_the_first(demo_run):
    partial, whole = demo_run(PARTIAL_BN).seen, demo_run(CROSS_MODALITY).seen
    statistics = {
        name
        for name in partial.started
        if name.endswith(('running_mean', 'running_var', 'num_batches_tracked'))
    }
    assert statistics <= whole.changed
    first = {name for name in statistics if name.startswith('backbone.conv1.bn.')}
    assert len(first) == 3
    assert statistics & partial.changed == first


def test_multi_task_predicts_motion_tempo_and_both(demo_run):
    run = demo_run(MULTI_TASK)
    right = torch.stack([x.pred_label == x.gt_label for x in run.seen.tested])
    both = right.all(dim=1).float().mean().item()
    assert run.metrics['acc/action_top1'] == pytest.approx(both)
    for sample in run.seen.tested:
        assert {t: len(s) for t, s in sample.pred_score.items()} == TASKS
        for scores in sample.pred_score.values():
            torch.testing.assert_close(scores.sum(), torch.tensor(1.0))


def test_windows_keep_the_scores_of_every_second(demo_run, runs):
    run = demo_run(WINDOWS)
    truth = json.loads((runs.data_root / 'untrimmed_truth.json').read_text())
    # a last second counts from its half on
    seconds = [int(video['num_frames'] / video['fps'] + 0.5) for video in truth]
    assert all(20 <= s <= 36 for s in seconds)
    assert [len(x.segment_scores) for x in run.seen.tested] == seconds

    written = json.loads((runs.folder / 'windows.json').read_text())['videos']
    assert list(written) == [path for path, _ in listed(runs, 'untrimmed')]
    for sample in run.seen.tested:
        video = written[sample.video_id]
        torch.testing.assert_close(
            torch.tensor(video['segment_scores']), sample.segment_scores
        )
        assert video['labels'] == labels_of(run.config, sample)


def test_train_and_test_with_mim(installed_plugin, installed_env, tmp_path):
    """From a user's folder, with the wheel's config and data made on first use."""
    pytest.importorskip('mim', reason='needs the extra "mim"')
    stem = 'tsn_r18_1xb16-6x1x3-12e_tempo-demo-rgbdiff'
    config = installed_plugin / f'tpn_tsn_plugin/.mim/configs/tsn/{stem}.py'
    options = ['--cfg-options', *(f'{key}={value}' for key, value in small().items())]

    mim = partial(run_mim, config=config, cwd=tmp_path, env=installed_env)
    trained = mim('train', *options)
    assert re.search(r'Epoch\(train\) +\[1\]\[4/4\]', trained)
    assert 'Epoch(val) [1]' in trained
    manifest = tmp_path / 'work_dirs/demo_data/tempo/manifest.json'
    assert json.loads(manifest.read_text())['counts'] == SIZES

    work_dir = tmp_path / 'work_dirs' / stem
    mim('test', '--checkpoint', str(work_dir / 'epoch_1.pth'), *options)
    tested = read_test(work_dir)
    assert tested.keys() == METRICS['AccMetric']
    right = SIZES['test'] * tested['acc/top1']
    assert 0 <= right <= SIZES['test']
    assert right == pytest.approx(round(right), abs=0.01)
