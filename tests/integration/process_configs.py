"""Short demo configs for several processes, and what one process makes of them."""

import json
import pickle

import torch
from demo_runs import small
from mmengine.config import Config
from mmengine.runner import Runner
from process_jobs import ROOT

from tpn_tsn_plugin.analysis.trained_model import build_model

PYRAMID = 'demo/tpn-slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py'
TASKS = 'tsn/tsn-multi-task_r18_1xb16-6x1x3-12e_tempo-demo-rgbdiff.py'
# Seven videos divide by neither number of processes.
SIZES = dict(train=16, val=7, test=7, untrimmed=0, untrimmed_train=0)
SCENE = dict(size=32, num_frames=32, fps=16)
VIDEOS = [f'videos/test/test_{i:05}.mp4' for i in range(7)]


def write_config(path, source, data_root, **changes):
    """A short form of a demo config, with several metrics."""
    config = Config.fromfile(ROOT / 'configs' / source)
    config.merge_from_dict(small(data_root, SIZES, SCENE))
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        config[loader].batch_size = 2
    if source == PYRAMID:
        config.model.backbone.base_channels = 8
        config.model.neck.update(in_channels=(32, 64), mid_channels=16)
        config.val_evaluator = [dict(type='AccMetric'), dict(type='VideoMeanAP')]
        scores = dict(type='VideoMeanAP', out_file=str(path.with_suffix('.json')))
        config.test_evaluator = [dict(type='AccMetric'), scores]
    config.custom_imports.imports = ['tpn_tsn_plugin', 'rank_parts']
    config.default_hooks.checkpoint.save_best = None
    config.update(changes)
    config.dump(path)
    return str(path)


def write_weights(config, path):
    """Weights by chance for a config of several labels, whose scores differ."""
    torch.manual_seed(0)
    model = build_model(Config.fromfile(config))
    model.init_weights()
    for head in model.cls_head.heads.values():
        head.fc_cls.weight.data.normal_()
    torch.save(dict(state_dict=model.state_dict()), path)


def weights_of(own, name):
    """What is tested: a trained pyramid, or weights by chance."""
    trained = own / 'w' / 'epoch_1.pth'
    return str(trained if name == 'pyramid' else own.parent / 'tasks.pth')


def options_of_testing(own, name):
    """Arguments of MMAction2's test tool, and of ``mim test``."""
    dump = ['--dump', str(own / f'{name}.pkl')]
    return ['--work-dir', str(own / f'test-{name}'), *dump]


def alone(own, name, split='test'):
    """Metrics and predictions of one process."""
    config = Config.fromfile(own / f'{name}.py')
    config.load_from = weights_of(own, name)
    config.log_level = 'WARNING'
    config.work_dir = str(own / f'alone-{name}-{split}')
    config.experiment_name = config.work_dir.replace('/', '_')
    config.test_dataloader = config[f'{split}_dataloader']
    config.test_evaluator = config[f'{split}_evaluator']
    if not isinstance(config.test_evaluator, list):
        config.test_evaluator = [config.test_evaluator]
    dump = own / f'alone-{name}-{split}.pkl'
    dumped = dict(type='DumpResults', out_file_path=str(dump))
    config.test_evaluator.append(dumped)
    metrics = Runner.from_cfg(config).test()
    return metrics, pickle.loads(dump.read_bytes())


def compare(own, name):
    """Testing with several processes and with one."""
    path = max(own.glob(f'test-{name}/*/*.json'))
    own_scores = own / f'{name}.json'
    several = own_scores.read_text() if own_scores.exists() else None
    metrics, expected = alone(own, name)
    # All ranks write MMEngine's file at once, each with its own times: behind the
    # shortest there may be the end of a longer one.
    logged, _ = json.JSONDecoder().raw_decode(path.read_text())
    assert {key: logged[key] for key in metrics} == metrics
    assert any(0 < metric < 1 for metric in metrics.values())
    found = pickle.loads((own / f'{name}.pkl').read_bytes())
    assert [sample['video_id'] for sample in found] == VIDEOS
    for sample, other in zip(found, expected, strict=True):
        assert sample['gt_label'].equal(other['gt_label'])
        # Other batches round otherwise.
        torch.testing.assert_close(sample['pred_score'], other['pred_score'])
    if several is not None:
        assert list(json.loads(several)['videos']) == VIDEOS
