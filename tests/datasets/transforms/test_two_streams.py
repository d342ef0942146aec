"""Samples of both modalities: read, flipped, cropped and formatted together."""

import copy

import cv2
import numpy as np
import pytest
from mmaction.datasets.transforms import (
    DecordDecode,
    DecordInit,
    Flip,
    MultiScaleCrop,
)
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope

from tpn_tsn_plugin.datasets.transforms import (
    ComputeOpticalFlow,
    DecordDecodeOnce,
    FindPairedFrames,
    FormatTwoStreams,
    OpticalFlowFlip,
    OpticalFlowTenCrop,
    PairedRawFrameDecode,
    SegmentSampleFrames,
)
from tpn_tsn_plugin.datasets.transforms.modalities import is_field, kept_frames
from tpn_tsn_plugin.errors import FrameFolderError
from tpn_tsn_plugin.functional.optical_flow import estimate, quantise
from tpn_tsn_plugin.registry import MODELS

SIDE, FRAMES = 32, 12


@pytest.fixture(autouse=True)
def _mmaction_scope():
    init_default_scope('mmaction')


def moving_frames(count=FRAMES, side=SIDE):
    """A smooth texture that moves two pixels to the right in each frame."""
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(
        rng.uniform(0, 255, (side, side + 2 * count, 3)), (0, 0), 2
    )
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    return [texture[:, 2 * (count - i) :][:, :side].copy() for i in range(count)]


def sample(snippets=2, fields=5, rgb=1, size=(8, 10)):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (snippets * rgb, *size, 3), dtype=np.uint8)
    stack = rng.integers(0, 256, (snippets * fields, *size, 2), dtype=np.uint8)
    return {
        'imgs': [*frames, *stack],
        'clip_len': fields,
        'num_clips': snippets,
        'modality': 'RGB+Flow',
        'img_shape': size,
    }


@pytest.fixture(params=[0, 1])
def folder(tmp_path, request):
    """RGB frames, numbered from 0 or 1, and fields, numbered from 1, lossless."""
    frames = moving_frames()
    for i, frame in enumerate(frames, request.param):
        cv2.imwrite(str(tmp_path / f'img_{i:05}.png'), frame[..., ::-1])
    greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    for i, field in enumerate(estimate(greys), 1):
        for axis, levels in zip('xy', cv2.split(quantise(field))):
            cv2.imwrite(str(tmp_path / f'flow_{axis}_{i:05}.png'), levels)
    return tmp_path


def computed(frame_inds, clip_len, keep_rgb):
    frames = moving_frames()
    results = {
        'imgs': [frames[i] for i in frame_inds],
        'clip_len': clip_len,
        'modality': 'RGB',
        'total_frames': FRAMES,
    }
    return ComputeOpticalFlow('dis', keep_rgb=keep_rgb)(results)


def read(folder, frame_inds, clip_len, keep_rgb):
    results = FindPairedFrames()({'frame_dir': str(folder)})
    indices = np.array(frame_inds) + results['start_index']
    results.update(frame_inds=indices, clip_len=clip_len, frame_interval=1)
    return PairedRawFrameDecode(keep_rgb)(results)


@pytest.mark.parametrize('keep_rgb', ['centre', 'all'])
@pytest.mark.parametrize(
    'frame_inds',
    [[0, 1, 2, 3, 6, 7, 8, 9], [8, 9, 10, 11], [9, 10, 11, 11]],
    ids=['two', 'last', 'beyond'],
)
def test_folders_give_what_videos_give(folder, frame_inds, keep_rgb):
    expected = computed(frame_inds, 4, keep_rgb)
    found = read(folder, frame_inds, 4, keep_rgb)
    assert len(found['imgs']) == len(expected['imgs'])
    for image, other in zip(found['imgs'], expected['imgs']):
        assert np.array_equal(image, other)
    for key in ('clip_len', 'modality'):
        assert found[key] == expected[key]
    assert found['img_shape'] == (SIDE, SIDE)


def test_paired_folders_are_sampled_as_videos(folder):
    results = FindPairedFrames()({'frame_dir': str(folder), 'total_frames': FRAMES})
    assert results['total_frames'] == FRAMES
    assert results['flow_start_index'] == 1
    results = SegmentSampleFrames(clip_len=6, num_clips=2, test_mode=True)(results)
    found = PairedRawFrameDecode()(results)
    assert [is_field(image) for image in found['imgs']] == [False] * 2 + [True] * 10


@pytest.mark.parametrize('counted', [FRAMES, FRAMES - 1, None])
def test_lists_may_count_frames_or_fields(folder, counted):
    results = FindPairedFrames()({'frame_dir': str(folder), 'total_frames': counted})
    assert results['total_frames'] == FRAMES


def test_a_part_of_a_folder_is_no_count_of_fields(folder):
    part = {'frame_dir': str(folder), 'total_frames': FRAMES - 1, 'offset': 1}
    assert FindPairedFrames()(dict(part))['total_frames'] == FRAMES - 1
    part = {'frame_dir': str(folder), 'total_frames': 4}
    assert FindPairedFrames()(part)['total_frames'] == 4


def test_a_missing_field_is_named(folder):
    (folder / 'flow_x_00003.png').unlink()
    with pytest.raises(FrameFolderError, match=r'flow_x_00003\.png'):
        FindPairedFrames()({'frame_dir': str(folder)})


def test_fields_of_another_size_are_refused(folder):
    for path in folder.glob('flow_*'):
        cv2.imwrite(str(path), np.zeros((16, 20), np.uint8))
    with pytest.raises(FrameFolderError, match=r'32x32 and fields of 20x16.*one size'):
        read(folder, [0, 1, 2], 3, 'centre')


@pytest.mark.parametrize(('clip_len', 'interval'), [(1, 1), (3, 2)])
def test_snippets_without_neighbours_are_refused(clip_len, interval):
    results = {
        'clip_len': clip_len,
        'frame_interval': interval,
        'frame_inds': np.arange(3),
    }
    with pytest.raises(ValueError, match=rf'clip_len={clip_len} and frame_interval='):
        PairedRawFrameDecode()(results)


def test_kept_frames_of_a_snippet():
    snippet = list(range(6))
    assert list(kept_frames(snippet, 'centre')) == [2]
    assert list(kept_frames(snippet, 'all')) == [0, 1, 2, 3, 4]
    assert list(kept_frames(snippet, None)) == []


def test_a_flip_mirrors_both_and_inverts_the_fields():
    before = sample()
    after = OpticalFlowFlip(flip_ratio=1)(copy.deepcopy(before))
    for old, new in zip(before['imgs'], after['imgs']):
        mirrored = old[:, ::-1].copy()
        if is_field(old):
            mirrored[..., 0] = 255 - mirrored[..., 0]
        assert np.array_equal(new, mirrored)


@pytest.mark.parametrize('options', [dict(direction='vertical'), dict(lazy=True)])
def test_flips_that_would_be_wrong_are_refused(options):
    with pytest.raises(ValueError, match='optical flow'):
        OpticalFlowFlip(flip_ratio=1, **options)(sample())


def test_a_flip_that_leaves_motion_as_it_was_is_found():
    flipped = Flip(flip_ratio=1)(sample())
    with pytest.raises(ValueError, match='use OpticalFlowFlip in place of Flip'):
        FormatTwoStreams()(flipped)
    for ratio in (0, 1):
        FormatTwoStreams()(OpticalFlowFlip(flip_ratio=ratio)(sample()))


def test_the_flip_is_that_of_the_mirrored_video():
    """Optical flow of the mirrored frames, estimated anew."""
    straight = computed(range(6), 6, 'centre')
    flipped = OpticalFlowFlip(flip_ratio=1)(straight)
    frames = [frame[:, ::-1].copy() for frame in moving_frames()]
    results = {'imgs': frames[:6], 'clip_len': 6, 'modality': 'RGB', 'total_frames': 6}
    anew = ComputeOpticalFlow('dis', keep_rgb='centre')(results)
    assert np.array_equal(flipped['imgs'][0], anew['imgs'][0])
    for field, other in zip(flipped['imgs'][1:], anew['imgs'][1:]):
        # Two pixels a frame are 13 levels; estimation differs by less than one pixel.
        assert abs(field.astype(int)[4:-4, 4:-4] - other[4:-4, 4:-4]).mean() < 2
        assert (field[4:-4, 4:-4, 0] < 120).all()


def test_both_are_cropped_alike():
    """Fields that hold what the frames hold are cropped to the same."""
    results = sample(size=(32, 40))
    frames = [image for image in results['imgs'] if not is_field(image)]
    results['imgs'] = [*frames, *(frame[..., :2].copy() for frame in frames)]
    crop = MultiScaleCrop(24, scales=(1, 0.75), random_crop=True, max_wh_scale_gap=1)
    np.random.seed(0)
    found = crop(results)['imgs']
    for frame, field in zip(found[:2], found[2:]):
        assert np.array_equal(frame[..., :2], field)


def test_ten_crop_mirrors_every_second_view():
    results = OpticalFlowTenCrop(6)(copy.deepcopy(sample(size=(8, 8))))
    count = len(results['imgs']) // 10
    views = [results['imgs'][i * count : (i + 1) * count] for i in range(10)]
    for straight, mirrored in zip(views[::2], views[1::2]):
        flipped = OpticalFlowFlip(flip_ratio=1)(
            {'imgs': straight, 'modality': 'RGB+Flow', 'img_shape': (6, 6)}
        )
        for image, other in zip(flipped['imgs'], mirrored):
            assert np.array_equal(image, other)


def test_format_for_2d_backbones():
    before = sample(snippets=2, fields=3)
    after = FormatTwoStreams()(copy.deepcopy(before))
    assert after['imgs'].shape == (2, 3, 8, 10)
    assert after['flow_imgs'].shape == (2, 6, 8, 10)
    fields = before['imgs'][2:]
    for snippet in range(2):
        assert np.array_equal(
            after['imgs'][snippet], before['imgs'][snippet].transpose(2, 0, 1)
        )
        for step in range(3):
            for axis in range(2):
                assert np.array_equal(
                    after['flow_imgs'][snippet, 2 * step + axis],
                    fields[3 * snippet + step][..., axis],
                )


def test_format_for_3d_backbones():
    before = sample(snippets=2, fields=3, rgb=3)
    after = FormatTwoStreams('NCTHW')(copy.deepcopy(before))
    assert after['imgs'].shape == (2, 3, 3, 8, 10)
    assert after['flow_imgs'].shape == (2, 2, 3, 8, 10)
    frames, fields = before['imgs'][:6], before['imgs'][6:]
    for snippet in range(2):
        for step in range(3):
            place = 3 * snippet + step
            assert np.array_equal(
                after['imgs'][snippet, :, step], frames[place].transpose(2, 0, 1)
            )
            assert np.array_equal(
                after['flow_imgs'][snippet, :, step], fields[place].transpose(2, 0, 1)
            )


def test_views_of_ten_crop_stay_together():
    after = FormatTwoStreams()(OpticalFlowTenCrop(6)(sample(size=(8, 8), fields=3)))
    assert after['imgs'].shape == (20, 3, 6, 6)
    assert after['flow_imgs'].shape == (20, 6, 6, 6)


@pytest.mark.parametrize(
    ('rgb', 'form', 'message'),
    [
        (1, 'NCTHW', r"'NCTHW' needs 5 RGB frames a snippet, got 1; .*'all'"),
        (5, 'NCHW', r"'NCHW' needs 1 RGB frames a snippet, got 5; .*'centre'"),
    ],
)
def test_snippets_of_the_other_format_are_refused(rgb, form, message):
    with pytest.raises(ValueError, match=message):
        FormatTwoStreams(form)(sample(rgb=rgb))


def test_one_modality_alone_is_refused():
    with pytest.raises(ValueError, match=r"modality 'RGB\+Flow', got 'Flow'.*keep_rgb"):
        FormatTwoStreams()(dict(sample(), modality='Flow'))
    with pytest.raises(ValueError, match=r"input_format must be one of.*'NCT'"):
        FormatTwoStreams('NCT')


@pytest.fixture
def video(tmp_path):
    path = str(tmp_path / 'video.mp4')
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*'mp4v'), 10, (SIDE, SIDE))
    for frame in moving_frames():
        writer.write(frame[..., ::-1])
    writer.release()
    return path


def test_each_frame_is_decoded_once(video):
    indices = np.array([7, 3, 3, 4, 11, 11, 0])
    asked = []

    def decode(transform):
        results = DecordInit()({'filename': video})
        reader = results['video_reader']
        results.update(frame_inds=indices.copy(), modality='RGB')

        class Spy:
            def get_batch(self, wanted):
                asked.append(list(wanted))
                return reader.get_batch(wanted)

        results['video_reader'] = Spy()
        return transform(results)

    once, plain = decode(DecordDecodeOnce()), decode(DecordDecode())
    assert asked[0] == [0, 3, 4, 7, 11]
    for frame, other in zip(once['imgs'], plain['imgs'], strict=True):
        assert np.array_equal(frame, other)


def test_batches_are_what_the_recogniser_takes(video):
    pipeline = Compose(
        [
            dict(type='DecordInit'),
            dict(type='SegmentSampleFrames', clip_len=6, num_clips=3),
            dict(type='DecordDecodeOnce'),
            dict(type='ComputeOpticalFlow', algorithm='dis', keep_rgb='centre'),
            dict(type='FormatTwoStreams'),
            dict(type='PackActionInputs', collect_keys=('imgs', 'flow_imgs')),
        ]
    )
    packed = [
        pipeline(dict(filename=video, label=1, modality='RGB', start_index=0))
        for _ in range(2)
    ]
    preprocessor = MODELS.build(
        dict(
            type='MultiModalDataPreprocessor',
            preprocessors=dict(
                imgs=dict(
                    type='ActionDataPreprocessor',
                    mean=[128] * 3,
                    std=[60] * 3,
                    format_shape='NCHW',
                ),
                flow_imgs=dict(
                    type='ActionDataPreprocessor',
                    mean=[128] * 10,
                    std=[15] * 10,
                    format_shape='NCHW',
                ),
            ),
        )
    )
    inputs = preprocessor(pseudo_collate(packed))['inputs']
    assert inputs['imgs'].shape == (2, 3, 3, SIDE, SIDE)
    assert inputs['flow_imgs'].shape == (2, 3, 10, SIDE, SIDE)
    # Two pixels to the right: 13 of 255 levels above the middle.
    right = inputs['flow_imgs'][:, :, 0::2, 8:-8, 8:-8].mean().item()
    assert right == pytest.approx(2 * 255 / 40 / 15, rel=0.3)
