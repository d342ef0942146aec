"""Numbers of classes that do not agree."""

from types import SimpleNamespace

import pytest
from torch import nn

from tpn_tsn_plugin.datasets import CheckedVideoDataset
from tpn_tsn_plugin.engine import CheckClassesHook
from tpn_tsn_plugin.errors import AnnotationError


def make_runner(tmp_path, labels, classes=2, aux_classes=2):
    """What the hook sees of a runner."""
    lines = []
    for i, label in enumerate(labels):
        (tmp_path / f'{i}.mp4').touch()
        lines.append(f'{i}.mp4 {label}')
    (tmp_path / 'list.txt').write_text('\n'.join(lines))
    dataset = CheckedVideoDataset(
        str(tmp_path / 'list.txt'), [], data_prefix=dict(video=str(tmp_path))
    )
    model = nn.Module()
    model.cls_head, model.neck = nn.Module(), nn.Module()
    model.cls_head.num_classes = classes
    aux = nn.Module()
    aux.num_classes = aux_classes
    model.neck.aux_heads = nn.ModuleDict({'1': aux})
    loader = SimpleNamespace(dataset=dataset)
    return SimpleNamespace(
        model=model,
        train_dataloader=loader,
        val_loop=None,
        val_dataloader=loader,
        test_dataloader=loader,
    )


@pytest.mark.parametrize('label', [2, 5])
@pytest.mark.parametrize('phase', ['train', 'val', 'test'])
def test_label_out_of_range_names_list_and_video(tmp_path, phase, label):
    runner = make_runner(tmp_path, [0, 1, label])
    with pytest.raises(AnnotationError) as error:
        getattr(CheckClassesHook(), f'before_{phase}')(runner)
    message = str(error.value)
    assert '\n' not in message
    assert 'list.txt' in message
    expected = f'2.mp4 has label {label}, but cls_head.num_classes=2 allows 0 to 1'
    assert expected in message


def test_validation_set_is_read_before_training(tmp_path):
    runner = make_runner(tmp_path, [0, 1])
    (tmp_path / 'val').mkdir()
    wrong = make_runner(tmp_path / 'val', [0, 5])
    runner.val_loop = runner.val_dataloader = wrong.val_dataloader
    with pytest.raises(AnnotationError, match=r'1\.mp4 has label 5'):
        CheckClassesHook().before_train(runner)


def test_auxiliary_head_with_other_classes(tmp_path):
    runner = make_runner(tmp_path, [0, 1], aux_classes=12)
    with pytest.raises(ValueError, match=r'aux_head.num_classes=12 must equal .*=2'):
        CheckClassesHook().before_train(runner)


def test_each_dataset_is_read_once(tmp_path, monkeypatch):
    runner = make_runner(tmp_path, [0, 1])
    hook = CheckClassesHook()
    hook.before_train(runner)
    monkeypatch.setattr(CheckedVideoDataset, 'get_data_info', None)
    hook.before_val(runner)


def test_models_without_classes_are_left_alone(tmp_path):
    runner = make_runner(tmp_path, [7])
    runner.model = nn.Module()
    hook = CheckClassesHook()
    hook.before_train(runner)
    hook.before_test(runner)


@pytest.mark.parametrize(
    ('label', 'message'),
    [
        ([96, 299], None),
        ([97, 0], r"1\.mp4 has verb label 97, but cls_head\.tasks\['verb'\]=97 allows"),
        ([0, 300], 'has noun label 300'),
    ],
)
def test_labels_of_several_tasks(tmp_path, monkeypatch, label, message):
    runner = make_runner(tmp_path, [0, 1])
    del runner.model.cls_head.num_classes
    runner.model.cls_head.task_classes = dict(verb=97, noun=300)
    samples = [
        dict(filename='0.mp4', label=[0, 0]),
        dict(filename='1.mp4', label=label),
    ]
    dataset = runner.train_dataloader.dataset
    monkeypatch.setattr(dataset, 'get_data_info', lambda i: samples[i])
    if message is None:
        CheckClassesHook().before_test(runner)
    else:
        with pytest.raises(AnnotationError, match=message):
            CheckClassesHook().before_test(runner)
