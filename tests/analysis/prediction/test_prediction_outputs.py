"""What predictions are written to: text, JSON, timelines, annotated videos."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure
from prediction_cases import CLASSES, make_clip

from tpn_tsn_plugin.analysis.prediction.annotated_video import write_annotated_video
from tpn_tsn_plugin.analysis.prediction.labels import ONLY
from tpn_tsn_plugin.analysis.prediction.overlay import Overlay
from tpn_tsn_plugin.analysis.prediction.predictor import Prediction, WindowScores
from tpn_tsn_plugin.analysis.prediction.report import (
    Ranked,
    Ranking,
    to_text,
    write_json,
)
from tpn_tsn_plugin.analysis.prediction.run import paths_of_videos
from tpn_tsn_plugin.analysis.prediction.timeline import (
    _edges,
    time_ticks,
    top_rows,
    write_timeline,
)
from tpn_tsn_plugin.errors import PluginError
from tpn_tsn_plugin.output_files import require_free, written_whole

RANKING = Ranking({ONLY: list(CLASSES)}, top=2)


def scores(*values, task=ONLY):
    return {task: np.array(values, np.float32)}


def predicted(path='a.mp4', rows=((0.5, 0.3, 0.2), (0.1, 0.2, 0.7)), task=ONLY):
    windows = [
        WindowScores(float(i), i + 1.0, scores(*row, task=task))
        for i, row in enumerate(rows)
    ]
    mean = scores(*np.mean(rows, axis=0), task=task)
    length = float(len(rows))
    return Prediction(
        Path(path), 8 * len(rows), 8.0, length, 1.0, 1.0, 'mean', mean, windows
    )


def test_text():
    text = to_text(
        Prediction(Path('a.mp4'), 24, 8, 3, scores=scores(0.2, 0.7, 0.1)), RANKING
    )
    assert text.splitlines() == [
        'a.mp4: 3.0 s at 8 fps, predicted whole',
        '   70.0 %  wave',
        '   20.0 %  clap',
    ]
    assert '2 windows of 1 s, mean' in to_text(predicted(), RANKING)
    assert ', 1 window of 1 s' in to_text(predicted(rows=[(1, 0, 0)]), RANKING)


def test_text_of_several_labels():
    ranking = Ranking({ONLY: list(CLASSES)}, top=1, threshold=0.6)
    text = to_text(
        Prediction(Path('a'), 2, 8, 3, scores=scores(0.6, 0.1, 0.9)), ranking
    )
    assert text.splitlines()[1:] == [
        '   90.0 %  * jump',
        '   60.0 %  * clap',
        '  * from 60 % on',
    ]
    text = to_text(
        Prediction(Path('a'), 2, 8, 3, scores=scores(0.5, 0.1, 0.2)), ranking
    )
    assert text.splitlines()[1] == '   50.0 %    clap'


def test_text_of_several_tasks():
    both = scores(0.2, 0.8, task='verb') | scores(0.9, 0.1, task='noun')
    ranking = Ranking({'verb': ['cut', 'fry'], 'noun': ['egg', 'ham']}, top=1)
    lines = to_text(Prediction(Path('a'), 2, 8, 3, scores=both), ranking).splitlines()
    assert lines[1:] == ['  verb', '   80.0 %  fry', '  noun', '   90.0 %  egg']


def test_json(tmp_path):
    path = tmp_path / 'new' / 'a.json'
    whole = Prediction(Path('b.mp4'), 24, 8, 3, scores=scores(0.2, 0.7, 0.1))
    outcomes = [predicted(), (Path('bad.mp4'), 'bad.mp4 is bad'), whole]
    write_json(path, {'config': 'c.py'}, outcomes, RANKING)
    content = json.loads(path.read_text())
    assert content['config'] == 'c.py'
    assert content['classes'] == list(CLASSES)
    first, second, third = content['videos']
    assert (first['fps'], first['duration'], first['mode']) == (8, 2, 'windows')
    assert first['windows'][1] == {'start': 1, 'end': 2, 'scores': [0.1, 0.2, 0.7]}
    assert first['scores'] == pytest.approx([0.3, 0.25, 0.45])
    assert [top['label'] for top in first['top']] == ['jump', 'clap']
    assert second == {'video': 'bad.mp4', 'error': 'bad.mp4 is bad'}
    assert (third['mode'], third['windows'], third['error']) == ('whole', [], None)


def test_json_by_task(tmp_path):
    ranking = Ranking({'verb': ['cut', 'fry']}, top=1)
    rows = [(0.4, 0.6)]
    write_json(tmp_path / 'a.json', {}, [predicted(rows=rows, task='verb')], ranking)
    content = json.loads((tmp_path / 'a.json').read_text())
    assert content['classes'] == {'verb': ['cut', 'fry']}
    (video,) = content['videos']
    assert video['windows'][0]['scores'] == {'verb': [0.4, 0.6]}
    assert video['top']['verb'][0]['index'] == 1


def test_files_are_whole_or_not_there(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    stopped = written_whole(path)
    stopped.__enter__().write_text('half')
    stopped.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert [p.name for p in tmp_path.iterdir()] == ['a.txt']
    assert path.read_text() == 'old'
    with written_whole(path) as partial:
        assert partial.suffix == '.txt'
        partial.write_text('new')
    assert path.read_text() == 'new'


def test_nothing_is_replaced_by_mistake(tmp_path):
    there, free = tmp_path / 'a.mp4', tmp_path / 'b.mp4'
    there.touch()
    require_free([free], [there], force=False)
    require_free([there], [free], force=True)
    for outputs, inputs, force, message in (
        ([there], [], False, 'a.mp4 exists; give another name, or --force'),
        ([there], [tmp_path / '..' / tmp_path.name / 'a.mp4'], True, 'is read'),
        ([free, free], [], True, 'written twice'),
        ([tmp_path], [], True, 'is a folder'),
    ):
        with pytest.raises(PluginError, match=message):
            require_free(outputs, inputs, force=force)


def test_each_video_has_its_own_file():
    out = Path('o/out.mp4')
    assert paths_of_videos(out, [Path('a.avi')]) == [out]
    videos = [Path('a.avi'), Path('x/b.mp4'), Path('y/b.mp4')]
    names = [path.name for path in paths_of_videos(out, videos)]
    assert names == ['out_a.mp4', 'out_b.mp4', 'out_b_2.mp4']


def test_rows_of_a_timeline():
    """First those that are best most often, then by their mean."""
    rows = [(0.4, 0.3, 0.3), (0.4, 0.3, 0.3), (0.1, 0, 0.9), (0.4, 0.31, 0.29)]
    found = top_rows(predicted(rows=rows), RANKING.names)
    assert [row.label for row in found] == ['clap', 'jump', 'wave']
    np.testing.assert_array_equal(found[0].best, [True, True, False, True])
    np.testing.assert_allclose(found[1].values, [0.3, 0.3, 0.9, 0.29])
    flat = top_rows(predicted(rows=[(0.97, 0.02, 0.01)]), RANKING.names)
    assert [row.label for row in flat] == ['clap']


def test_timeline(tmp_path):
    path = tmp_path / 'a.png'
    rows = [(1, 0, 0)] * 10 + [(0, 0, 1)] * 10
    write_timeline(path, predicted(rows=rows), {ONLY: ['left', 'x', 'cost $5, $6']})
    picture = cv2.imread(str(path)).astype(int)
    blue = (picture[..., 0] - picture[..., 2] > 100).sum(axis=0)
    red = (picture[..., 2] - picture[..., 0] > 100).sum(axis=0)
    # The first class fills the first half of its row, the second the other one.
    assert np.flatnonzero(blue > 20).max() < np.flatnonzero(red > 20).min() + 3


def test_timeline_of_a_video_that_broke_off(tmp_path, monkeypatch):
    """What was not read is hatched to the end of the video, in every row."""
    titles = []
    monkeypatch.setattr(
        Figure, 'suptitle', lambda self, text, **kwargs: titles.append(text)
    )
    prediction = predicted(rows=[(0.6, 0.4, 0)] * 5)
    prediction.duration = 10.0

    def draw():
        write_timeline(tmp_path / 'a.png', prediction, RANKING.names)
        # The middle of the first row's right half.
        row = cv2.imread(str(tmp_path / 'a.png'))[60:100, 750:1000]
        return float((row < 230).mean())

    assert draw() < 0.05
    prediction.error = 'a.mp4 cannot be read from frame 40 on'
    assert draw() > 0.1
    whole, broken = (title.splitlines()[1] for title in titles)
    assert 'hatched' not in whole
    assert broken.endswith('; hatched from 5.0 s on, which could not be read')


def test_borders_of_windows():
    """Halfway between the middles of windows that overlap; else where they meet."""
    prediction = Prediction(Path('a.mp4'), 40, 10, 4)

    def window(start, end):
        return WindowScores(start, end, scores(1, 0, 0))

    prediction.windows = [window(0, 2), window(1, 3), window(2, 4)]
    assert _edges(prediction).tolist() == [0, 1.5, 2.5, 4]
    prediction.windows = [window(0, 2), window(2, 3), window(3, 4)]
    assert _edges(prediction).tolist() == [0, 2, 3, 4]


@pytest.mark.parametrize(
    ('duration', 'first', 'last', 'unit'),
    [
        (0.5, ['0', '0.05', '0.1'], '0.5', 's'),
        (10, ['0', '1', '2'], '10', 's'),
        (179, ['0', '15', '30'], '165', 's'),
        (180, ['0:00', '0:15', '0:30'], '2:45', 'min:s'),
        (250, ['0:00', '0:30', '1:00'], '4:00', 'min:s'),
        (3600, ['0:00', '5:00', '10:00'], '55:00', 'min:s'),
        (3 * 3600, ['0:00', '0:15', '0:30'], '2:45', 'h:min'),
        (7 * 3600, ['0:00', '1:00', '2:00'], '6:00', 'h:min'),
    ],
)
def test_axis_of_time(duration, first, last, unit):
    ticks, labels, name = time_ticks(duration)
    assert (labels[:3], labels[-1], name) == (first, last, unit)
    assert len(ticks) == len(labels) <= 13
    assert ticks == pytest.approx(np.arange(len(ticks)) * ticks[1])
    assert ticks[-1] <= duration < ticks[-1] + ticks[1] * 1.01


def test_timeline_of_a_whole_video(tmp_path):
    whole = Prediction(Path('b.mp4'), 24, 8, 3, scores=scores(0.2, 0.7, 0.1))
    with pytest.raises(
        PluginError, match=r'b.mp4 was predicted whole .*--mode windows'
    ):
        write_timeline(tmp_path / 'a.png', whole, RANKING.names)
    assert list(tmp_path.iterdir()) == []


def frames_of(path):
    reader = cv2.VideoCapture(str(path))
    frames = []
    while (read := reader.read())[0]:
        frames.append(read[1][..., ::-1])
    return frames, reader.get(cv2.CAP_PROP_FPS)


def test_annotated_video(tmp_path):
    clip = make_clip(tmp_path / 'clip.mp4', seconds=2)
    out = tmp_path / 'out.mp4'
    shares = []
    prediction = predicted(clip, rows=((0.1, 0.8, 0.1), (0.99, 0, 0.01)))
    write_annotated_video(out, prediction, RANKING, shares.append)
    frames, fps = frames_of(out)
    assert (len(frames), fps, shares[-1]) == (16, 8, 1)
    assert frames[0].shape == (480, 480, 3)
    # The box is dark, the frame below it is not, and the two windows differ.
    assert frames[0][3:40, 3:9].mean() < 40 < frames[0][440:, :9].mean() - 10
    boxes = [frame[:90, :250].astype(int) for frame in frames]
    still = abs(boxes[1] - boxes[2]).mean()
    assert abs(boxes[7] - boxes[8]).mean() > 3 * still


def test_annotated_video_of_a_whole_video(tmp_path):
    clip = make_clip(tmp_path / 'clip.mp4', seconds=1)
    whole = Prediction(clip, 8, 8, 1, scores=scores(0.2, 0.7, 0.1))
    write_annotated_video(tmp_path / 'out.mp4', whole, RANKING)
    assert len(frames_of(tmp_path / 'out.mp4')[0]) == 8


def test_improbable_classes_do_not_cover_the_picture(tmp_path):
    clip = make_clip(tmp_path / 'clip.mp4', seconds=1)
    heights = []
    for rest in (0.004, 0.2):
        one = Prediction(clip, 8, 8, 1, scores=scores(1 - 2 * rest, rest, rest))
        write_annotated_video(tmp_path / 'out.mp4', one, RANKING)
        (first, *_), _ = frames_of(tmp_path / 'out.mp4')
        heights.append((first[:240, 3:9].mean(axis=(1, 2)) < 40).sum())
    # one line less
    assert 20 < heights[1] - heights[0] < 30


def test_bars_show_probabilities():
    frame = np.zeros((200, 400, 3), np.uint8)
    entries = [Ranked(0, 'clap', 1.0), Ranked(1, 'wave', 0.25)]
    drawn = Overlay('whole video', entries, (200, 400)).draw(frame)
    bars = (drawn[..., 2] > 240) & (drawn[..., 0] < 120)
    lengths = [int(n) for n in sorted(set(bars.sum(axis=1))) if n > 5]
    assert lengths[0] == pytest.approx(lengths[-1] / 4, abs=2)
    assert not frame.any()


@pytest.mark.parametrize('size', [(32, 48), (120, 1000), (1080, 1920)])
def test_long_labels_stay_inside(size):
    entries = [Ranked(0, 'pretending to put something onto something ' * 9, 0.5)]
    frame = np.full((*size, 3), 255, np.uint8)
    drawn = Overlay('0:00 to 0:10', entries, size).draw(frame)
    assert drawn.shape == frame.shape
    changed = np.flatnonzero((drawn != 255).any(axis=(0, 2)))
    assert changed.max() < 0.97 * size[1] or size[1] < 100
