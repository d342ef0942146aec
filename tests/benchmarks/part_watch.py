"""Seconds, and bytes kept for the backward pass, by part of a TPN."""

import contextlib
import time
from collections import defaultdict

import torch

STEM = ('conv1', 'maxpool')
# Where a stage's gradient arrives, its backward pass begins and the one before ends.
CHAIN = ('stem', 'res2', 'res3', 'res4', 'res5', 'neck')


def parts_of(model):
    """Modules by the name of their part, inner parts of the neck among them."""
    backbone, neck = model.backbone, model.neck
    found = {'preprocessor': [model.data_preprocessor]}
    found['stem'] = [getattr(backbone, name) for name in STEM]
    for number in range(1, 5):
        found[f'res{number + 1}'] = [getattr(backbone, f'layer{number}')]
    found['neck: auxiliary head'] = list(neck.aux_heads.values())
    found['neck: spatial modulation'] = [neck.spatial_modulation]
    found['neck: temporal modulation'] = list(neck.temporal_modulation)
    found['neck: information flow'] = [neck.information_flow]
    found['neck: level fusion'] = list(neck.level_fusions)
    found['neck: pyramid fusion'] = [neck.pyramid_fusion]
    found['head and loss'] = [model.cls_head]
    return found


class Watch:
    """Seconds and kept bytes by part, while the model runs."""

    def __init__(self, model):
        self.seconds = defaultdict(float)
        self.kept = defaultdict(int)
        self.arrived = {}
        self._began, self._seen, self._part = 0.0, set(), 'other'
        for part, modules in parts_of(model).items():
            for module in modules:
                self._surround(module, 'forward', part)
        for head in model.neck.aux_heads.values():
            self._surround(head, 'loss', 'neck: auxiliary head')
        self._surround(model.cls_head, 'loss', 'head and loss')
        self._surround(model.cls_head, 'predict', 'head and loss')

    def _surround(self, module, name, part):
        method = getattr(module, name)

        def timed(*args, **kwargs):
            before, self._part = self._part, part
            nested = before == part
            start = time.process_time()
            try:
                result = method(*args, **kwargs)
            finally:
                self._part = before
                if not nested:
                    self.seconds[part] += time.process_time() - start
            tensor = result[0] if isinstance(result, tuple) else result
            if part in CHAIN or part == 'neck: pyramid fusion':
                self._note_gradient(tensor, part.partition(':')[0])
            return result

        setattr(module, name, timed)

    def _note_gradient(self, tensor, part):
        def note(_):
            # What a hook returns would take the gradient's place.
            self.arrived.setdefault(part, time.process_time())

        if isinstance(tensor, torch.Tensor) and tensor.requires_grad:
            tensor.register_hook(note)

    @contextlib.contextmanager
    def keeping(self):
        """Count what autograd keeps."""

        def pack(tensor):
            storage = tensor.untyped_storage()
            leaf = tensor.is_leaf and tensor.requires_grad
            if not leaf and storage.data_ptr() not in self._seen:
                self._seen.add(storage.data_ptr())
                self.kept[self._part] += storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            yield

    def backward_seconds(self, start, end):
        """Seconds of each part's backward pass."""
        last, found = start, {}
        names = ['head and loss', *reversed(CHAIN)]
        for name, next_name in zip(names, [*reversed(CHAIN), None], strict=True):
            until = self.arrived.get(next_name, end) if next_name else end
            found[name] = until - last
            last = until
        return found
