"""Numbers of classes that do not agree are found before the first step."""

from collections.abc import Mapping
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from tpn_tsn_plugin.engine.inner_datasets import inner_datasets
from tpn_tsn_plugin.errors import AnnotationError
from tpn_tsn_plugin.registry import HOOKS

from .model_parts import model_of


@HOOKS.register_module()
class CheckClassesHook(Hook):
    """Compare the labels of each dataset, and auxiliary heads, with the classifier.

    A label that the classifier has no class for would otherwise end training at the
    batch that has it, and count as a wrong prediction in validation. Each dataset is
    read once.

    Raises:
        AnnotationError: A list has a label that is out of range; names list and video.
        ValueError: An auxiliary head has another number of classes.
    """

    def __init__(self) -> None:
        self._checked: set[int] = set()

    def before_train(self, runner: Runner) -> None:
        """Check the model, the training set and the validation set."""
        check_auxiliary_heads(model_of(runner))
        self._check_dataset(runner, runner.train_dataloader.dataset)
        if runner.val_loop is not None:
            self.before_val(runner)

    def before_val(self, runner: Runner) -> None:
        """Check the validation set."""
        self._check_dataset(runner, runner.val_dataloader.dataset)

    def before_test(self, runner: Runner) -> None:
        """Check the test set."""
        self._check_dataset(runner, runner.test_dataloader.dataset)

    def _check_dataset(self, runner: Runner, whole: Any) -> None:
        head = getattr(model_of(runner), 'cls_head', None)
        classes = getattr(head, 'num_classes', None)
        tasks = getattr(head, 'task_classes', {'': classes} if classes else None)
        # Other kinds of labels are not this hook's business.
        if tasks is None:
            return
        for dataset in inner_datasets(whole):
            if isinstance(dataset, BaseDataset) and id(dataset) not in self._checked:
                self._checked.add(id(dataset))
                check_labels(dataset, tasks)


def check_labels(dataset: BaseDataset, classes: Mapping[str, int]) -> None:
    """Require that all class indices of a dataset have a class.

    Args:
        dataset: Its samples have ``label``, one class index a task, and ``filename`` or
            ``frame_dir``. Other kinds of labels, and -1 for videos without label, are
            passed over.
        classes: Classes of the classifier by task; ``''`` where there is one alone.

    Raises:
        AnnotationError: A label is out of range.
    """
    for i in range(len(dataset)):
        sample = dataset.get_data_info(i)
        label = sample.get('label')
        labels = label if isinstance(label, list) else [label]
        if len(labels) != len(classes):
            continue
        for own, (task, number) in zip(labels, classes.items()):
            if isinstance(own, int) and own >= number:
                video = sample.get('filename', sample.get('frame_dir'))
                where = f'tasks[{task!r}]' if task else 'num_classes'
                raise AnnotationError(
                    f'{dataset.ann_file}: {video} has {f"{task} " if task else ""}'
                    f'label {own}, but cls_head.{where}={number} allows 0 to '
                    f'{number - 1}; correct the list or the number of classes of the '
                    'head (and of aux_head)'
                )


def check_auxiliary_heads(model: nn.Module) -> None:
    """Require that a pyramid's auxiliary heads have the classifier's classes.

    Raises:
        ValueError: They have another number.
    """
    classes = getattr(getattr(model, 'cls_head', None), 'num_classes', None)
    heads = getattr(getattr(model, 'neck', None), 'aux_heads', None)
    for head in heads.values() if isinstance(heads, nn.ModuleDict) else ():
        if classes is not None and head.num_classes != classes:
            raise ValueError(
                f'neck.aux_head.num_classes={head.num_classes} must equal '
                f'cls_head.num_classes={classes}; set both'
            )
