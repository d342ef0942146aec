"""What extraction writes: the files, their bytes, and what reads them."""

import hashlib
import json
import zipfile

import cv2
import decord
import pytest
from mmaction.datasets import RawframeDataset
from mmengine.registry import DefaultScope
from small_videos import contents, write_small_video

from tpn_tsn_plugin.datasets.extraction import (
    ExtractionOptions,
    extract,
    find_videos,
    write_rawframes_list,
)
from tpn_tsn_plugin.datasets.transforms import ComputeOpticalFlow, WarpOpticalFlow
from tpn_tsn_plugin.errors import MissingDependencyError


@pytest.fixture(scope='module')
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp('videos')
    for index, name in enumerate(('jump/one.mp4', 'jump/two.mp4', 'three.mp4')):
        write_small_video(folder / name, count=5 + index, seed=index)
    return folder


def run(videos, out, *names, **options):
    found = [v for v in find_videos(videos) if not names or v.name in names]
    chosen = ExtractionOptions(**{'algorithm': 'dis', **options})
    return extract(found, out, chosen, workers=1)


def file_names(count, axes='xy', first=1):
    return [f'flow_{a}_{n:05}.jpg' for n in range(first, count + first) for a in axes]


def test_each_video_has_its_folder(videos, tmp_path):
    outcome = run(videos, tmp_path / 'out')
    assert list(outcome.records) == ['three', 'jump/one', 'jump/two']
    assert outcome.made == set(outcome.records)
    assert outcome.faults == {}
    for name, fields in {'three': 6, 'jump/one': 4, 'jump/two': 5}.items():
        there = sorted(path.name for path in (tmp_path / 'out' / name).iterdir())
        others = ['checksums.md5', 'extraction.json']
        assert there == sorted(file_names(fields) + others)
        assert outcome.records[name].fields == fields


@pytest.mark.parametrize('algorithm', ['dis', 'farneback', 'tvl1'])
@pytest.mark.parametrize('warped', [False, True])
def test_files_are_the_fields_of_the_pipeline(videos, tmp_path, algorithm, warped):
    run(videos, tmp_path, 'jump/one', algorithm=algorithm, warped=warped, bound=8)
    reader = decord.VideoReader(str(videos / 'jump' / 'one.mp4'))
    frames = list(reader.get_batch(range(5)).asnumpy())
    transform = WarpOpticalFlow if warped else ComputeOpticalFlow
    fields = transform(algorithm, 8)({'imgs': frames, 'clip_len': 5})['imgs']
    for number, field in enumerate(fields, 1):
        for axis, plane in zip('xy', cv2.split(field), strict=True):
            path = tmp_path / 'jump' / 'one' / f'flow_{axis}_{number:05}.jpg'
            assert path.read_bytes() == cv2.imencode('.jpg', plane)[1].tobytes()


def test_record_and_checksums(videos, tmp_path):
    run(videos, tmp_path, 'three', warped=True, parameters={'patch_stride': 4})
    record = json.loads((tmp_path / 'three' / 'extraction.json').read_text())
    options = record['options']
    assert options['parameters']['patch_stride'] == 4
    assert options['parameters']['patch_size'] == 8
    assert (options['algorithm'], options['warped'], options['bound']) == (
        'dis',
        True,
        20.0,
    )
    assert record['made_with'] == {'opencv': cv2.__version__}
    assert (record['fields'], record['size'], record['unwarped']) == (6, [64, 48], 0)
    lines = (tmp_path / 'three' / 'checksums.md5').read_text().splitlines()
    checksums = dict(reversed(line.split('  ')) for line in lines)
    assert list(checksums) == file_names(6)
    for name, checksum in checksums.items():
        content = (tmp_path / 'three' / name).read_bytes()
        assert hashlib.md5(content).hexdigest() == checksum


def test_archive_holds_what_the_folder_holds(videos, tmp_path):
    run(videos, tmp_path / 'jpg', frames=True)
    run(videos, tmp_path / 'zip', frames=True, file_format='zip')
    assert sorted(p.name for p in (tmp_path / 'zip' / 'jump').iterdir()) == [
        'one.zip',
        'two.zip',
    ]
    with zipfile.ZipFile(tmp_path / 'zip' / 'three.zip') as archive:
        assert {info.compress_type for info in archive.infolist()} == {0}
        packed = {name: archive.read(name) for name in archive.namelist()}
    loose = contents(tmp_path / 'jpg' / 'three')
    assert json.loads(packed.pop('extraction.json'))['options']['format'] == 'zip'
    assert json.loads(loose.pop('extraction.json'))['options']['format'] == 'jpg'
    assert packed == loose


def test_frames_are_those_of_the_video(videos, tmp_path):
    run(videos, tmp_path, 'jump/one', frames=True, quality=100)
    reader = decord.VideoReader(str(videos / 'jump' / 'one.mp4'))
    quality = [cv2.IMWRITE_JPEG_QUALITY, 100]
    for number, frame in enumerate(reader, 1):
        bgr = frame.asnumpy()[..., ::-1]
        path = tmp_path / 'jump' / 'one' / f'img_{number:05}.jpg'
        assert path.read_bytes() == cv2.imencode('.jpg', bgr, quality)[1].tobytes()
    assert not (tmp_path / 'jump' / 'one' / 'img_00006.jpg').exists()


@pytest.mark.parametrize(('size', 'resized'), [((48, 64), (24, 32)), ((64, 48), None)])
def test_short_side_is_resized(tmp_path, size, resized):
    write_small_video(tmp_path / 'videos' / 'a.mp4', size=size)
    outcome = run(tmp_path / 'videos', tmp_path / 'out', resize=24, frames=True)
    height, width = resized or (32, 24)
    assert outcome.records['a'].size == (width, height)
    for name in ('flow_x_00001.jpg', 'img_00001.jpg'):
        image = cv2.imread(str(tmp_path / 'out' / 'a' / name))
        assert image.shape[:2] == (height, width)


def test_quality_is_that_of_the_files(videos, tmp_path):
    coarse, fine = (
        sum(map(len, contents(tmp_path / str(quality)).values()))
        for quality in (30, 95)
        if run(videos, tmp_path / str(quality), quality=quality, frames=True)
    )
    assert coarse < 0.7 * fine


def test_bytes_do_not_depend_on_processes(videos, tmp_path):
    found, options = find_videos(videos), ExtractionOptions('dis', warped=True)
    for workers in (1, 2):
        extract(found, tmp_path / str(workers), options, workers=workers)
    assert contents(tmp_path / '1') == contents(tmp_path / '2')


@pytest.mark.parametrize(
    ('names', 'template'), [('flow_x', 'flow_{}_{:05}.jpg'), ('x', '{}_{:05d}.jpg')]
)
def test_mmaction2_reads_it(videos, tmp_path, names, template):
    """The second is the template in MMAction2's own optical flow configs."""
    source = tmp_path / 'train.txt'
    source.write_text('three.mp4 1\njump/one.mp4 0\n')
    found = find_videos(source, videos)
    options = ExtractionOptions('dis', names=names)
    outcome = extract(found, tmp_path / 'out', options, workers=1)
    count = write_rawframes_list(tmp_path / 'out' / 'list.txt', found, outcome)
    assert count == 2
    text = (tmp_path / 'out' / 'list.txt').read_text()
    assert text == 'three 6 1\njump/one 4 0\n'
    pipeline = [
        dict(type='SampleFrames', clip_len=5, frame_interval=1, num_clips=1),
        dict(type='RawFrameDecode'),
        dict(type='Resize', scale=(-1, 32)),
        dict(type='RandomResizedCrop'),
        dict(type='Resize', scale=(32, 32), keep_ratio=False),
        dict(type='FormatShape', input_format='NCHW'),
        dict(type='PackActionInputs'),
    ]
    with DefaultScope.overwrite_default_scope('mmaction'):
        dataset = RawframeDataset(
            str(tmp_path / 'out' / 'list.txt'),
            pipeline,
            data_prefix=dict(img=str(tmp_path / 'out')),
            filename_tmpl=template,
            modality='Flow',
        )
        samples = [dataset[index] for index in range(2)]
    assert [tuple(sample['inputs'].shape) for sample in samples] == [
        (1, 10, 32, 32)
    ] * 2
    # The texture drifts left and up: both channels are darker than grey.
    assert 100 < samples[0]['inputs'].float().mean() < 127


def test_missing_algorithm_ends_the_run(videos, tmp_path, monkeypatch):
    monkeypatch.setattr(cv2, 'optflow', None)
    with pytest.raises(MissingDependencyError, match='opencv-contrib'):
        run(videos, tmp_path, algorithm='tvl1')


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'algorithm': 'dsi'}, "algorithm must be one of .*, got 'dsi'"),
        ({'parameters': {'tau': 1}}, "parameter of 'tvl1' .*|got 'tau'"),
        ({'bound': 0}, 'bound must be .*, got 0'),
        ({'file_format': 'png'}, "file_format must be one of .*, got 'png'"),
        ({'names': 'u'}, "names must be one of .*, got 'u'"),
        ({'resize': 0}, 'resize must be a whole number from 1 on, got 0'),
        ({'quality': 101}, 'quality must be .* from 1 to 100, got 101'),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ExtractionOptions(**{'algorithm': 'dis', **options})


def test_options_survive_their_record():
    options = ExtractionOptions(
        'farneback', True, 10, 'zip', 'x', True, 256, 80, {'win_size': 9}
    )
    record = json.loads(json.dumps(options.record()))
    assert ExtractionOptions.from_record(record).record() == options.record()
