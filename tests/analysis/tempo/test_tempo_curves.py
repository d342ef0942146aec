"""Curves: a probability a frame, the same whatever the length of a pass."""

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.dataset import Compose
from tempo_data import CLASSES, FRAMES, LABELS, make_data, write_config

from tpn_tsn_plugin.analysis.tempo import curves
from tpn_tsn_plugin.analysis.tempo.curve_file import collect_curves
from tpn_tsn_plugin.analysis.tempo.curves import FrameClassifier, labels_of
from tpn_tsn_plugin.analysis.trained_model import load_model, read_config
from tpn_tsn_plugin.errors import PluginError, TempoStudyError


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('tempo'))


def make_classifier(data, length=3):
    config = read_config(data / f'tsn{length}.py')
    return FrameClassifier(config, load_model(config, data / f'tsn{length}.pth'))


@pytest.fixture(scope='module')
def classifier(data):
    return make_classifier(data)


def test_a_probability_a_frame(classifier):
    scores, fps = classifier.probabilities(classifier.sample(1))
    assert scores.shape == (FRAMES, CLASSES)
    assert fps == 8
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)
    # the square moves for a while only
    assert np.ptp(scores, axis=0).max() > 0.01
    assert (len(classifier), classifier.num_classes) == (len(LABELS), CLASSES)


def test_snippets_are_centred_and_stay_in_the_video(classifier):
    """Frame 5 sees frames 4 to 6; the borders see the outermost snippets."""
    scores, _ = classifier.probabilities(classifier.sample(0))
    assert np.array_equal(scores[0], scores[1])
    assert np.array_equal(scores[-1], scores[-2])
    steps = [
        dict(type='DecordInit'),
        dict(type='DecordDecode'),
        dict(type='RGBDifference'),
        dict(type='FormatShape', input_format='NCHW'),
    ]
    opened = Compose(steps[:1])(dict(classifier.sample(0)))
    opened.update(frame_inds=np.array([4, 5, 6]), clip_len=3, num_clips=1)
    image = torch.from_numpy(Compose(steps[1:])(opened)['imgs'])
    batch = dict(inputs=[image], data_samples=[ActionDataSample()])
    with torch.inference_mode():
        (sample,) = classifier.model.test_step(batch)
    np.testing.assert_allclose(scores[5], sample.pred_score, atol=1e-6)


def test_passes_do_not_change_anything(classifier, monkeypatch):
    at_once, _ = classifier.probabilities(classifier.sample(2))
    monkeypatch.setattr(curves, 'FRAMES_IN_PASS', 5)
    in_parts, _ = classifier.probabilities(classifier.sample(2))
    np.testing.assert_allclose(in_parts, at_once, atol=1e-6)


def test_crops_are_averaged(data):
    """Ten crops of each snippet say what their mean says, and they differ."""
    crops = make_classifier(data)
    after = list(crops.after.transforms)
    crops.after = Compose([after[0], dict(type='TenCrop', crop_size=16), *after[1:]])
    every = []
    step = crops.model.test_step

    def kept(batch):
        samples = step(batch)
        every.extend(sample.pred_score for sample in samples)
        return samples

    crops.model.test_step = kept
    scores, _ = crops.probabilities(crops.sample(0))
    views = torch.stack(every).reshape(10, FRAMES, CLASSES)
    assert views.std(dim=0).max() > 1e-3
    np.testing.assert_allclose(scores, views.mean(dim=0), atol=1e-6)


def test_scores_that_are_no_numbers(data):
    broken = make_classifier(data)
    with torch.no_grad():
        broken.model.cls_head.fc_cls.bias[0] = float('nan')
    with pytest.raises(PluginError, match='predicts NaN or infinity; its weights'):
        broken.probabilities(broken.sample(0))


def test_frames_decide_over_single_frames(data):
    write_config(data, length=1)
    frames = make_classifier(data, 1)
    scores, _ = frames.probabilities(frames.sample(0))
    # before the square moves all frames are alike but for compression
    assert np.abs(scores[1] - scores[0]).max() < 0.05
    assert np.abs(scores[-1] - scores[0]).max() > 0


def test_interrupted_run_goes_on(classifier, tmp_path, monkeypatch):
    path = tmp_path / 'curves.csv'
    seen = []
    whole = collect_curves(classifier, path, progress=lambda *now: seen.append(now))
    assert seen[-1] == (8, 8)
    assert [(c.video_id, c.label) for c in whole] == [
        (f'v{i}', label) for i, label in enumerate(LABELS)
    ]
    lines = path.read_text().splitlines()
    assert len(lines) == 1 + len(LABELS)
    # killed while the sixth video was written
    path.write_text('\n'.join(lines[:6]) + '\n' + lines[6][:20])
    asked = []
    real = classifier.probabilities
    monkeypatch.setattr(
        classifier,
        'probabilities',
        lambda sample: asked.append(sample['video_id']) or real(sample),
    )
    again = collect_curves(classifier, path)
    assert asked == ['v5', 'v6', 'v7']
    for ours, theirs in zip(again, whole):
        assert (ours.video_id, ours.fps) == (theirs.video_id, theirs.fps)
        np.testing.assert_allclose(ours.values, theirs.values, atol=1e-5)
    assert path.read_text().splitlines() == lines


def test_class_that_the_model_does_not_know(classifier, tmp_path, monkeypatch):
    sample = {**classifier.sample(0), 'label': 7}
    monkeypatch.setattr(type(classifier), '__len__', lambda self: 1)
    monkeypatch.setattr(classifier, 'sample', lambda index: sample)
    with pytest.raises(ValueError, match='a class 7, but the model knows 3 classes'):
        collect_curves(classifier, tmp_path / 'a.csv')


def test_several_labels_are_several_instances(classifier, tmp_path, monkeypatch):
    sample = {**classifier.sample(0), 'label': np.array([1.0, 0.0, 1.0])}
    monkeypatch.setattr(type(classifier), '__len__', lambda self: 1)
    monkeypatch.setattr(classifier, 'sample', lambda index: sample)
    found = collect_curves(classifier, tmp_path / 'a.csv')
    scores, _ = classifier.probabilities(sample)
    assert [curve.label for curve in found] == [0, 2]
    for curve in found:
        np.testing.assert_allclose(curve.values, scores[:, curve.label], rtol=1e-5)


def test_foreign_file_of_curves(classifier, tmp_path):
    (tmp_path / 'a.csv').write_text('video_id,label,fps,probabilities\nv0,a,8,0.1\n')
    with pytest.raises(TempoStudyError, match=r'a.csv, line 2: expected .*got .v0,a,8'):
        collect_curves(classifier, tmp_path / 'a.csv')


def test_one_name_for_two_videos(classifier, tmp_path, monkeypatch):
    sample = dict(classifier.sample(0))
    monkeypatch.setattr(classifier, 'sample', lambda index: sample)
    with pytest.raises(TempoStudyError, match=r'7 videos .* have the name'):
        collect_curves(classifier, tmp_path / 'a.csv')


def test_unreadable_video(data, tmp_path, classifier):
    (tmp_path / 'bad.mp4').write_bytes(b'nothing')
    sample = {**classifier.sample(0), 'filename': str(tmp_path / 'bad.mp4')}
    with pytest.raises(PluginError, match='v0 cannot be read') as caught:
        classifier.probabilities(sample)
    assert '\n' not in ' '.join(str(caught.value).split())


def test_unreadable_videos_are_named_and_the_others_kept(
    classifier, tmp_path, monkeypatch
):
    """All of them in one run, so that a list is mended once."""
    read = classifier.probabilities
    bad = {'v1', 'v3', 'v4', 'v6'}

    def some(sample):
        if sample['video_id'] in bad:
            raise PluginError(f'{sample["video_id"]} cannot be read')
        return read(sample)

    monkeypatch.setattr(classifier, 'probabilities', some)
    with pytest.raises(TempoStudyError) as caught:
        collect_curves(classifier, tmp_path / 'a.csv')
    assert str(caught.value) == (
        '4 of 8 videos cannot be measured: v1 cannot be read; v3 cannot be read; v4 '
        'cannot be read; and 1 more; take them out of the annotation file and run '
        'again, the others are kept'
    )
    kept = {line.split(',')[0] for line in (tmp_path / 'a.csv').open()}
    assert kept - {'video_id'} == {f'v{i}' for i in range(8)} - bad


@pytest.mark.parametrize(
    ('label', 'found'), [(4, [4]), (np.array([0, 1, 1]), [1, 2]), ([0.0, 0, 0], [])]
)
def test_labels(label, found):
    assert labels_of(dict(video_id='a', label=label)) == found


@pytest.mark.parametrize('label', [-1, [3, 1], [2]])
def test_no_usable_label(label):
    with pytest.raises(ValueError, match=r'a has the label .*with one class'):
        labels_of(dict(video_id='a', label=label))


def test_what_cannot_be_measured(data):
    config = read_config(data / 'tsn3.py')
    model = load_model(config, data / 'tsn3.pth')
    with pytest.raises(ValueError, match=r"split must be one of .*got 'train'"):
        FrameClassifier(config, model, 'train')
    model.backbone.num_segments = 8
    with pytest.raises(ValueError, match='mixes 8 snippets'):
        FrameClassifier(config, model)
    config.test_dataloader.dataset.pipeline = [dict(type='DecordInit')]
    with pytest.raises(ValueError, match=r'one step that samples .*got \[\]'):
        FrameClassifier(config, model)


def test_first_run_measures_what_a_later_one_reads(classifier, tmp_path):
    first = collect_curves(classifier, tmp_path / 'c.csv')
    later = collect_curves(classifier, tmp_path / 'c.csv')
    for ours, theirs in zip(first, later, strict=True):
        assert np.array_equal(ours.values, theirs.values)
        assert (ours.video_id, ours.label, ours.fps) == (
            theirs.video_id,
            theirs.label,
            theirs.fps,
        )
