import functools
import http.server
import os
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader, load_checkpoint
from toy_runner import ToyData, ToyModel, toy_runner

from tpn_tsn_plugin.compat import checkpoint_loading
from tpn_tsn_plugin.errors import PluginError, UnsafeCheckpointError


class Foreign:
    """A class that no checkpoint may ask for."""


class Attack:
    """Pickles into a call of ``os.mkdir``."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def load(path: Path | str) -> Any:
    return CheckpointLoader.load_checkpoint(str(path), 'cpu', logger='silent')


@pytest.fixture(scope='module')
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a real training run of two epochs."""
    folder = tmp_path_factory.mktemp('toy_run')
    toy_runner(folder).train()
    return folder


@pytest.fixture
def users_globals() -> Iterator[None]:
    """Restore torch's list of safe globals after the test."""
    before = torch.serialization.get_safe_globals()
    yield
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals(before)


def test_host_still_has_the_fault(run_dir: Path, fresh_python) -> None:
    script = (
        'import sys\n'
        'from mmengine.runner.checkpoint import _load_checkpoint\n'
        '_load_checkpoint(sys.argv[1])\n'
    )
    done = fresh_python('-c', script, str(run_dir / 'epoch_2.pth'))
    fault_is_there = 'Weights only load failed' in done.stderr
    assert fault_is_there, 'compat/checkpoint_loading.py can go'
    assert checkpoint_loading.found()


@pytest.mark.parametrize('name', ['epoch_1.pth', 'epoch_2.pth', 'best_acc_epoch_1.pth'])
def test_runner_checkpoint_loads_as_it_was_written(run_dir: Path, name: str) -> None:
    loaded = load(run_dir / name)
    # Our own file: what it really holds may be read without protection.
    written = torch.load(run_dir / name, weights_only=False)
    assert loaded.keys() == written.keys()
    for key, tensor in written['state_dict'].items():
        torch.testing.assert_close(loaded['state_dict'][key], tensor)
    for scalar, buffer in written['message_hub']['log_scalars'].items():
        history = loaded['message_hub']['log_scalars'][scalar]
        assert type(history) is HistoryBuffer
        assert history.statistics('mean') == buffer.mean()
        for ours, theirs in zip(history.data, buffer.data, strict=True):
            assert type(ours) is np.ndarray
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)
    score = loaded['message_hub']['runtime_info']['best_score']
    assert (type(score), score) == (np.float64, 0.5)


def test_numpy_values_of_the_dataset_survive(run_dir: Path) -> None:
    meta = load(run_dir / 'epoch_2.pth')['meta']['dataset_meta']
    assert meta.keys() == ToyData.metainfo.keys()
    for key, value in ToyData.metainfo.items():
        assert type(meta[key]) is type(value)
        np.testing.assert_array_equal(meta[key], value)


def test_training_resumes(run_dir: Path, tmp_path: Path) -> None:
    checkpoint = str(run_dir / 'epoch_2.pth')
    runner = toy_runner(tmp_path, epochs=3, load_from=checkpoint, resume=True)
    runner.train()
    assert (runner.epoch, runner.iter) == (3, 6)
    losses, _ = runner.message_hub.get_scalar('train/loss').data
    assert len(losses) == 6
    step = runner.optim_wrapper.optimizer.state_dict()['state'][0]['step']
    assert step == 6
    again = load(tmp_path / 'epoch_3.pth')
    assert again['meta']['epoch'] == 3


@pytest.mark.parametrize('is_zip', [True, False])
@pytest.mark.parametrize(
    'name', ['test_checkpoint_loading.Foreign', 'torch.nn.modules.linear.Linear']
)
def test_foreign_class_is_refused_and_named(
    tmp_path: Path, is_zip: bool, name: str
) -> None:
    value = Foreign() if name.endswith('Foreign') else torch.nn.Linear(1, 1)
    path = tmp_path / 'foreign.pth'
    torch.save(
        {'state_dict': {}, 'meta': value}, path, _use_new_zipfile_serialization=is_zip
    )
    with pytest.raises(UnsafeCheckpointError) as caught:
        load_checkpoint(ToyModel(), str(path))
    message = str(caught.value)
    assert message.startswith(f'{path} is refused')
    assert name in message
    assert '\n' not in message


def test_all_foreign_names_are_told_and_tamed(tmp_path: Path) -> None:
    path = tmp_path / 'foreign.pth'
    torch.save([Foreign(), Attack(tmp_path / 'made')], path)
    data = path.read_bytes().replace(b'Foreign', b'\x1b[31mFo')
    path.write_bytes(data)
    with pytest.raises(UnsafeCheckpointError, match=r'mkdir.*\?\[31mFo') as caught:
        load(path)
    assert '\x1b' not in str(caught.value)


@pytest.mark.parametrize('is_zip', [True, False])
def test_no_code_of_a_checkpoint_runs(tmp_path: Path, is_zip: bool) -> None:
    path = tmp_path / 'attack.pth'
    attack = Attack(tmp_path / 'made')
    torch.save(attack, path, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(UnsafeCheckpointError, match='mkdir'):
        load(path)
    assert not (tmp_path / 'made').exists()
    # The attack is real.
    torch.load(path, weights_only=False)
    assert (tmp_path / 'made').exists()


def test_downloads_are_protected_too(
    tmp_path: Path, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    served = tmp_path / 'served'
    served.mkdir()
    (served / 'good.pth').write_bytes((run_dir / 'epoch_2.pth').read_bytes())
    torch.save(Attack(tmp_path / 'made'), served / 'attack.pth')
    handler = functools.partial(QuietHandler, directory=str(served))
    with http.server.HTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f'http://127.0.0.1:{server.server_port}'
        assert load(f'{address}/good.pth')['meta']['epoch'] == 2
        with pytest.raises(UnsafeCheckpointError, match=r'attack\.pth.*mkdir'):
            load(f'{address}/attack.pth')
        server.shutdown()
    assert not (tmp_path / 'made').exists()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.mark.parametrize(
    'share', [0.0, 0.001, 0.3, 0.6, 0.99, None], ids=lambda share: f'share {share}'
)
def test_broken_file_is_named(
    run_dir: Path, tmp_path: Path, share: float | None
) -> None:
    path = tmp_path / 'broken.pth'
    data = (run_dir / 'epoch_1.pth').read_bytes()
    path.write_bytes(
        b'not a model' if share is None else data[: int(share * len(data))]
    )
    with pytest.raises(PluginError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f'{path} cannot be loaded as a checkpoint')
    assert '\n' not in message
    assert 'weights_only' not in message
    assert len(message) < len(str(path)) + 300


def test_plain_pickle_is_named_without_a_warning(tmp_path: Path, recwarn) -> None:
    path = tmp_path / 'pickle.pth'
    path.write_bytes(pickle.dumps(dict(a=1), protocol=4))
    with pytest.raises(PluginError, match=r'pickle\.pth cannot be loaded'):
        CheckpointLoader.load_checkpoint(str(path))
    assert not [own for own in recwarn if 'pickle protocol' in str(own.message)]


def test_missing_file_stays_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r'no\.pth'):
        load(tmp_path / 'no.pth')


def test_allowed_only_while_a_checkpoint_loads(run_dir: Path) -> None:
    before = set(torch.serialization.get_safe_globals())
    load(run_dir / 'epoch_1.pth')
    assert set(torch.serialization.get_safe_globals()) == before
    with pytest.raises(pickle.UnpicklingError):
        torch.load(run_dir / 'epoch_1.pth')


@pytest.mark.usefixtures('users_globals')
def test_list_of_the_user_counts_and_stays(run_dir: Path, tmp_path: Path) -> None:
    # np.dtype under its own name would take the place of the safe piece.
    users = [Foreign, HistoryBuffer, np.dtype]
    torch.serialization.add_safe_globals(users)
    before = set(torch.serialization.get_safe_globals())
    torch.save({'meta': Foreign()}, tmp_path / 'allowed.pth')
    assert isinstance(load(tmp_path / 'allowed.pth')['meta'], Foreign)
    load(run_dir / 'epoch_1.pth')
    (tmp_path / 'broken.pth').write_bytes(b'')
    with pytest.raises(PluginError):
        load(tmp_path / 'broken.pth')
    assert set(torch.serialization.get_safe_globals()) == before


def test_choice_of_another_loader_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_from_toy(filename: str, map_location: Any) -> Any:
        path = filename.removeprefix('toy://')
        return torch.load(path, map_location, weights_only=False)

    monkeypatch.setattr(CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes))
    CheckpointLoader.register_scheme('toy://', load_from_toy)
    torch.save(Foreign(), tmp_path / 'foreign.pth')
    assert isinstance(load(f'toy://{tmp_path}/foreign.pth'), Foreign)


def test_first_load_says_so_once(run_dir: Path, fresh_python) -> None:
    script = (
        'import sys\n'
        'import tpn_tsn_plugin\n'
        'from mmengine.runner.checkpoint import _load_checkpoint\n'
        '_load_checkpoint(sys.argv[1]), _load_checkpoint(sys.argv[1])\n'
    )
    done = fresh_python('-c', script, str(run_dir / 'epoch_2.pth'))
    assert done.stdout.count('mmengine issue 1655') == 1, done.stderr
