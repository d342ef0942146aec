"""The file that names bad videos: shared by ranks, kept by runs, for any name."""

import fcntl
import json
from threading import Thread

import pytest

from tpn_tsn_plugin.engine.bad_videos.guarded_preparation import BadVideo
from tpn_tsn_plugin.engine.bad_videos.report_file import ReportFile


def test_a_torn_line_is_survived(tmp_path):
    path = tmp_path / 'bad_videos.jsonl'
    line = dict(run='now', split='train', path='a.mp4', reason='x')
    path.write_text(f'{json.dumps(line)}\n{{"run": "now", "split": "tr')
    own = ReportFile(path, 'now')
    new = own.add('train', [BadVideo('a.mp4', 'x'), BadVideo('b.mp4', 'y')])
    assert [video.path for video in new] == ['b.mp4']
    assert own.count('train') == 2
    assert ReportFile(path, 'now').add('train', new) == []
    assert ReportFile(path, 'later').add('train', new) == new


@pytest.mark.parametrize(
    'name', ['a\u2028b.mp4', 'a\x85b.mp4', 'a\udcffb.mp4', 'a\nb.mp4', 'é.mp4']
)
def test_any_name_is_one_line(tmp_path, name):
    path = tmp_path / 'bad_videos.jsonl'
    ranks = [ReportFile(path, 'now') for _ in range(2)]
    assert len(ranks[0].add('train', [BadVideo(name, 'x')])) == 1
    assert (
        ranks[1].add('train', [BadVideo(name, 'x'), BadVideo('other', 'x')])[1:] == []
    )
    (first, _) = path.read_text('utf-8').splitlines()
    assert json.loads(first)['path'] == name
    assert ('é' in first) == (name == 'é.mp4')


def test_nothing_is_read_twice(tmp_path, monkeypatch):
    path = tmp_path / 'bad_videos.jsonl'
    ranks = [ReportFile(path, 'now') for _ in range(2)]
    parsed = []
    loads = json.loads
    monkeypatch.setattr(json, 'loads', lambda line: parsed.append(line) or loads(line))
    for number in range(40):
        video = BadVideo(f'{number}.mp4', 'x')
        for rank in ranks:
            rank.add('train', [video])
            rank.add('train', [video])
    assert ranks[0].count('train') == ranks[1].count('train') == 40
    lines = [line for line in parsed if line]
    assert len(lines) <= 2 * 40
    # Somebody empties it: what is known stays known.
    path.write_text('')
    assert ranks[0].add('train', [BadVideo('new.mp4', 'x')])
    assert ranks[1].count('train') == ranks[0].count('train') == 41


def test_ranks_wait_for_each_other(tmp_path):
    path = tmp_path / 'bad_videos.jsonl'
    own, video = ReportFile(path, 'now'), BadVideo('a.mp4', 'x')
    with path.open('ab') as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        adding = Thread(target=own.add, args=('train', [video]))
        adding.start()
        adding.join(0.2)
        assert adding.is_alive()
        line = dict(run='now', split='train', path='a.mp4', reason='x')
        other.write(json.dumps(line).encode() + b'\n')
    adding.join(10)
    assert len(path.read_text().splitlines()) == 1
