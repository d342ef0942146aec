"""MMAction2's own ways to predict a video take the plugin's configs and weights."""

import numpy as np
import pytest
import torch
from mmaction.apis import inference_recognizer, init_recognizer
from mmaction.apis.inferencers import MMAction2Inferencer
from mmengine.config import Config
from mmengine.dataset import Compose
from prediction_cases import make_clip

from tpn_tsn_plugin.analysis.prediction.labels import ONLY
from tpn_tsn_plugin.analysis.prediction.model import TrainedModel
from tpn_tsn_plugin.analysis.prediction.predictor import Predictor, WindowOptions
from tpn_tsn_plugin.analysis.prediction.steps import InputSteps
from tpn_tsn_plugin.analysis.trained_model import build_model
from tpn_tsn_plugin.errors import FrameFolderError

pytestmark = pytest.mark.integration

CONFIGS = [
    'demo/tpn-slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py',
    'tsn/tsn_r18_1xb16-6x1x3-12e_tempo-demo-rgbdiff.py',
    'two_stream/two-stream-conv_r18_1xb16-6x1x1-12e_correspondence-demo-rgb-flow.py',
]
OWN_VIDEOS = [
    'demo/tpn-slowonly_r18_1xb8-8x8x1-30e_own-videos-rgb.py',
    'two_stream/two-stream-conv_r18_1xb8-6x1x3-30e_own-videos-rgb-flow.py',
]


@pytest.fixture(scope='module')
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp('clips') / 'clip.mp4', 5, 16, 64)


@pytest.fixture
def trained(repo_root, tmp_path):
    """A config and a checkpoint as training leaves it, of random weights."""

    def save(name):
        config = repo_root / 'configs' / name
        model = build_model(Config.fromfile(config))
        checkpoint = tmp_path / 'random.pth'
        torch.save(dict(state_dict=model.state_dict(), meta={}), checkpoint)
        return config, checkpoint

    return save


def predicted(config_file, checkpoint, clip):
    config = Config.fromfile(config_file)
    model = TrainedModel(config, checkpoint, 'cpu')
    predictor = Predictor(model, InputSteps(config), WindowOptions('whole'))
    return predictor.predict(clip).scores[ONLY]


@pytest.mark.parametrize('name', CONFIGS)
def test_inferencer_and_predict_agree(trained, clip, name):
    config, checkpoint = trained(name)
    inferencer = MMAction2Inferencer(str(config), str(checkpoint), device='cpu')
    (found,) = inferencer(str(clip))['predictions']
    expected = predicted(config, checkpoint, clip)
    np.testing.assert_allclose(found['rec_scores'][0], expected, atol=1e-5)
    assert found['rec_labels'] == [[expected.argmax()]]


def test_inferencer_with_a_config_that_reads_folders(trained, clip):
    name = 'tsn/tsn_r18_1xb16-5x1x3-12e_tempo-demo-flow.py'
    inferencer = MMAction2Inferencer(*map(str, trained(name)), device='cpu')
    with pytest.raises(FrameFolderError, match=r'got the video .*`tpn-tsn predict`'):
        inferencer(str(clip))


@pytest.mark.parametrize('name', [*CONFIGS, *OWN_VIDEOS])
def test_inference_recognizer(trained, clip, name):
    """It looks for ``test_pipeline``; configs without one have the loader's."""
    config, checkpoint = trained(name)
    model = init_recognizer(str(config), str(checkpoint), device='cpu')
    pipeline = None
    if name in CONFIGS:
        pipeline = Compose(model.cfg.test_dataloader.dataset.pipeline)
    found = inference_recognizer(model, str(clip), pipeline)
    expected = predicted(config, checkpoint, clip)
    np.testing.assert_allclose(found.pred_score, expected, atol=1e-5)
