"""Names in files from elsewhere decide nothing about where something is written.

Each case gives a command or a function a name that leads out of its folder. Then the
whole of a scratch folder is compared with what was in it before: nothing may be new or
changed but below the output folder, and an error is one line.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

import mmengine
import numpy as np
import pytest
import torch
from click.testing import CliRunner

from tpn_tsn_plugin.analysis.experiments.family import read_family
from tpn_tsn_plugin.analysis.prediction.run import paths_of_videos
from tpn_tsn_plugin.analysis.scores.files import (
    join_score_files,
    read_score_file,
    write_score_file,
)
from tpn_tsn_plugin.analysis.tempo.curve_file import _read_back as read_curves
from tpn_tsn_plugin.analysis.tempo.curves import Curve
from tpn_tsn_plugin.analysis.tempo.figures import draw_curves, to_png
from tpn_tsn_plugin.analysis.tempo.files import Part, claim_folder
from tpn_tsn_plugin.analysis.tempo.measurement import measure
from tpn_tsn_plugin.cli.main import cli
from tpn_tsn_plugin.datasets.annotations.something_v2 import read_something_v2_list
from tpn_tsn_plugin.datasets.extraction import find_videos
from tpn_tsn_plugin.datasets.tempo_demo.store import make_once
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video
from tpn_tsn_plugin.datasets.transforms.field_cache import FieldCache, StoredField
from tpn_tsn_plugin.errors import AnnotationError, DemoDataError, PluginError
from tpn_tsn_plugin.output_files import require_free

LONG = 'x' * 3000
# What a file may say in the place of a name; {outside} is a folder beside the output's.
NAMES = {
    'up': '../outside/new',
    'up twice': '../../outside/new',
    'through a folder': 'inside/../../outside/new',
    'absolute': '{outside}/new',
    'home': '~/new',
    'link': 'link/new',
    'dots': '..',
    'dot': '.',
    'NUL': 'new\0',
    'backslashes': '..\\outside\\new',
    'long': LONG,
    'deep': '/'.join(['y' * 200] * 30),
    'control letters': 'new\x1b[31m',
}
EVERY_NAME = pytest.mark.parametrize('name', NAMES.values(), ids=list(NAMES))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to be in, with one beside it to keep out of; home is above both."""
    (tmp_path / 'outside').mkdir()
    (tmp_path / 'outside' / 'kept').write_text('kept')
    work = tmp_path / 'work'
    work.mkdir()
    (work / 'link').symlink_to(tmp_path / 'outside')
    monkeypatch.chdir(work)
    monkeypatch.setenv('HOME', str(tmp_path))
    return work


class Watch:
    """Sees what a block of code writes anywhere but in its output folder.

    Args:
        place: The folder to be in.
        out: The output folder, below it.
    """

    def __init__(self, place, out):
        self.root, self.out = place.parent, out

    def __enter__(self):
        self.before = self.state()
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            return
        after = self.state()
        changed = dict(self.before.items() ^ after.items())
        assert changed == {}

    def state(self):
        """Every file and folder that is not the output, with its content."""
        found = {}
        for folder, folders, names in os.walk(self.root):
            here = Path(folder)
            folders[:] = [name for name in folders if here / name != self.out]
            for name in [*folders, *names]:
                path = here / name
                content = path.read_bytes() if path.is_file() else b''
                found[path] = path.is_symlink(), hashlib.sha256(content).hexdigest()
        return found


def filled(name, place):
    return name.replace('{outside}', str(place.parent / 'outside'))


def run(*arguments):
    """Run a command; what it says on failure is one line, and no traceback."""
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    if result.exit_code:
        (line,) = [
            line for line in result.stderr.splitlines() if line.startswith('Error: ')
        ] or ['']
        assert line.isprintable()
        assert len(line) < 1500
    return result


def clip(seed=0):
    return np.random.default_rng(seed).integers(0, 255, (3, 32, 32, 3), np.uint8)


@EVERY_NAME
@pytest.mark.parametrize('file_format', ['jpg', 'zip'])
def test_extract_flow(place, name, file_format):
    write_video(place / 'a.mp4', clip(), 10)
    # What the list names is there, wherever that is: only writing is at stake.
    target = filled(name, place) + '.mp4'
    try:
        (place / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(place / 'a.mp4', place / target)
    except (OSError, ValueError):
        pass
    (place / 'videos.txt').write_text(f'{target} 0\n')
    out = place / 'out'
    with Watch(place, out):
        result = run(
            'extract-flow', 'videos.txt', out, '--algorithm', 'dis', '--workers', 1,
            '--format', file_format,
        )  # fmt: skip
    written = (
        [path for path in out.rglob('*') if path.is_file()] if out.exists() else []
    )
    assert all(out in path.resolve().parents for path in written)
    assert result.exit_code in (0, 1)


@EVERY_NAME
def test_list_of_videos_to_write(place, name):
    """Whatever a list says, a name leads nowhere but below the output folder."""
    (place / 'videos.txt').write_text(filled(name, place) + '\n')
    try:
        videos = find_videos(place / 'videos.txt')
    except PluginError:
        videos = []
    for video in videos:
        assert not os.path.isabs(video.name)
        assert '..' not in video.name.split('/')


def test_folder_with_links_that_lead_back(place):
    """A walk through links comes to its end."""
    (place / 'clips').mkdir()
    write_video(place / 'clips' / 'a.mp4', clip(), 10)
    for name in ('again', 'back'):
        (place / 'clips' / name).symlink_to(place / 'clips')
    (place / 'clips' / 'up').symlink_to(place)
    assert [video.name for video in find_videos(place / 'clips')] == ['a']


def activitynet(name, label):
    action = dict(segment=[0, 1], label=label)
    return dict(
        database={
            name: dict(subset='training', duration=2, annotations=[action]),
            'b': dict(subset='validation', duration=2, annotations=[]),
        }
    )


@EVERY_NAME
@pytest.mark.parametrize('where', ['video', 'class'])
def test_annotations(place, name, where):
    name = filled(name, place)
    content = activitynet(*(('a', name) if where == 'class' else (name, 'run')))
    (place / 'activity_net.v1-3.min.json').write_text(json.dumps(content))
    out = place / 'lists'
    with Watch(place, out):
        run('annotations', 'activitynet', place, '--out', out)
    written = {path.name for path in out.glob('*')}
    assert written <= {
        'activitynet_train_list_videos.txt',
        'activitynet_val_list_videos.txt',
        'classes.txt',
    }
    for path in out.glob('*'):
        # A name is one line, and no path.
        lines = path.read_text().splitlines()
        assert len(lines) == 1
        if where == 'video':
            assert '..' not in lines[0].split('/')


@pytest.mark.parametrize(
    ('data_set', 'files'),
    [
        (
            'sthv2',
            {
                'labels.json': '{"a": "0"}',
                'train.json': '[{"id": "../../x", "template": "a"}]',
                'validation.json': '[]',
            },
        ),
        (
            'epic',
            {
                'EPIC_100_train.csv': 'narration_id,participant_id,video_id,'
                'start_timestamp,stop_timestamp,start_frame,stop_frame,verb_class,'
                'noun_class\na,..,../x,00:00:01.0,00:00:02.0,1,2,0,0\n'
            },
        ),
        (
            'ucf101',
            {
                'classInd.txt': '1 ..\n',
                'trainlist01.txt': '../v_a_g01_c01.avi 1\n',
                'testlist01.txt': '../v_a_g01_c01.avi\n',
            },
        ),
        (
            'thumos14',
            {
                'detclasslist.txt': '1 ../x\n',
                'x_val.txt': 'video_validation_1 1 2\n',
            },
        ),
    ],
)
def test_annotations_of_other_data_sets(place, data_set, files):
    for name, text in files.items():
        (place / name).write_text(text)
    with Watch(place, place / 'lists'):
        result = run('annotations', data_set, place, '--out', place / 'lists')
    assert result.exit_code == 1
    assert not (place / 'lists').exists()


@EVERY_NAME
def test_list_without_bad_videos(place, name):
    write_video(place / 'a.mp4', clip(), 10)
    (place / 'videos.txt').write_text(f'a.mp4 0\n{filled(name, place)} 1\n')
    out = place / 'out'
    out.mkdir()
    with Watch(place, out):
        run(
            'check-videos', 'videos.txt', '--good', out / 'good.txt', '--record',
            out / 'record.jsonl', '--workers', 1,
        )  # fmt: skip
    assert {path.name for path in out.rglob('*')} <= {'good.txt', 'record.jsonl'}


@EVERY_NAME
def test_manifest_of_generated_data(place, name):
    """Remaking a folder removes the folder, not what its manifest names."""
    name = filled(name, place)
    root = place / 'data' / 'tempo'
    root.mkdir(parents=True)
    manifest = dict(parameters=dict(seed=1), files={name: 4})
    (root / 'manifest.json').write_text(json.dumps(manifest))
    with Watch(place, place / 'data'):
        with pytest.raises(DemoDataError) as error:
            make_once(root, dict(seed=1), lambda folder: {})
        assert str(error.value).isprintable()
        assert make_once(root, dict(seed=1), lambda folder: {}, force=True)
    assert {path.name for path in root.iterdir()} == {'manifest.json'}


@EVERY_NAME
@pytest.mark.parametrize('kind', ['source', 'cell'])
def test_family_of_experiments(place, name, kind):
    """The names of sources, rows and columns become those of files."""
    name = filled(name, place)
    (place / 'config.py').write_text('x = 1\n')
    cell = dict(row=name, column=name, config='config.py')
    if kind == 'source':
        cell |= dict(row='a', column='b')
    sources = {name: dict(config='config.py')} if kind == 'source' else {}
    text = f"title = 'a'\nsources = {sources!r}\ncells = [{cell!r}]\n"
    (place / 'family.py').write_text(text)
    if kind == 'source' or not name.isprintable():
        with pytest.raises(ValueError, match=r'must be a (dict|line)') as error:
            read_family(place / 'family.py')
        assert str(error.value).isprintable()
        return
    (own,) = read_family(place / 'family.py').cells
    assert Path(own.label).name == own.label
    assert len(own.label) <= 150


@EVERY_NAME
def test_predictions_of_videos(place, name):
    """The names of samples are the content of a file, never its name."""
    name = filled(name, place)
    out = place / 'out'
    out.mkdir()
    samples = [
        dict(
            pred_score=torch.tensor([0.5, 0.5]),
            gt_label=torch.tensor([0]),
            video_id=f'{name}{i}',
        )
        for i in range(2)
    ]
    mmengine.dump(samples, str(place / 'a.pkl'))
    with Watch(place, out):
        own = read_score_file(place / 'a.pkl')
        joined = join_score_files([own, own])
        write_score_file(out / 'b.pkl', joined.samples, joined.values[0], joined.labels)
    assert [path.name for path in out.iterdir()] == ['b.pkl']


def test_files_of_predicted_videos(place):
    """A video's name goes into file names as its stem, below the folder meant."""
    videos = [Path('../a.mp4'), Path('/outside/b.mp4'), Path('c/../..'), Path('a.mp4')]
    paths = paths_of_videos(place / 'out' / 'x.png', videos)
    assert all(path.parent == place / 'out' for path in paths)
    require_free(paths, videos, force=False)
    assert len(set(paths)) == len(videos)


@pytest.mark.parametrize('name', [NAMES['absolute'], NAMES['NUL'], LONG])
def test_files_of_a_tempo_study(place, name):
    """Names of videos and classes stand in tables and pictures."""
    name = filled(name, place)
    out = place / 'out'
    values = np.array([0.1, 0.9, 0.1])
    curves = [Curve(f'{name}{i}', i, 10.0, values) for i in range(2)]
    with Watch(place, out):
        claim_folder(out, [Part('curves', dict(config=name), 'curves.csv')])
        instances = measure(curves, [name, f'{name} $x^$'], 'zero', 0)
        assert to_png(draw_curves(curves, instances, 'zero', 0))
    assert [path.name for path in out.iterdir()] == ['settings.json']


def test_long_curves_are_read_back(place):
    """The csv module refuses a field of more than 131072 letters: a few minutes."""
    values = ' '.join(['0.123456'] * 20_000)
    path = place / 'curves.csv'
    path.write_text(f'video_id,label,fps,probabilities\n"a,\u2028b",1,25,{values}\n')
    (curve,) = read_curves(path)
    assert (curve.video_id, len(curve.values)) == ('a,\u2028b', 20_000)


def test_cached_fields(place):
    """Files of the cache are called after digests alone."""
    out = place / 'cache'
    cache = FieldCache(out, dict(parameters='../../outside'))
    with Watch(place, out):
        cache.store((b'../../outside', b'/'), StoredField(clip()[0, ..., :2], False))
    (path,) = [path for path in out.rglob('*') if path.is_file()]
    assert len(path.stem) == 62


@pytest.mark.parametrize('name', ['../x', 'a/b', '', 'two\nlines', 5, None])
def test_names_of_videos_are_no_paths(place, name):
    path = place / 'train.json'
    path.write_text(json.dumps([dict(id=name, template='a')]))
    if name in (5, None):
        assert read_something_v2_list(path, ['a']) == [(str(name), 0)]
        return
    with pytest.raises(AnnotationError, match='"id" of a video must be') as error:
        read_something_v2_list(path, ['a'])
    assert str(error.value).isprintable()
