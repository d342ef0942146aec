"""What the TPN paper's code computes, with plain functions on its own key names.

Nothing of the package or of MMAction2 is used. The two surprises of that code are
written as they are there: one list under two names, and a shift that shortcuts see too.
"""

import torch
import torch.nn.functional as F

GROUPS = 32


def normalise(w, name, x):
    # fmt: off
    return F.batch_norm(
        x, w[f'{name}.running_mean'], w[f'{name}.running_var'],
        w[f'{name}.weight'], w[f'{name}.bias'], training=False, eps=1e-5,
    )
    # fmt: on


def convolve(w, name, x, stride=1, groups=1):
    """Padded as its kernel asks; a stride is one in space."""
    kernel = w[f'{name}.weight']
    padding = [size // 2 for size in kernel.shape[2:]]
    if kernel.ndim == 4:
        return F.conv2d(x, kernel, None, stride, padding, groups=groups)
    return F.conv3d(x, kernel, None, (1, stride, stride), padding, groups=groups)


def shift(x, segments):
    """An eighth of the channels comes from the next frame, an eighth from the last."""
    frames = x.unflatten(0, (-1, segments))
    fold = x.shape[1] // 8
    out = torch.zeros_like(frames)
    out[:, :-1, :fold] = frames[:, 1:, :fold]
    out[:, 1:, fold : 2 * fold] = frames[:, :-1, fold : 2 * fold]
    out[:, :, 2 * fold :] = frames[:, :, 2 * fold :]
    return out.flatten(0, 1)


def bottleneck(w, name, x, stride, segments):
    identity = x
    if segments is not None:
        x = shift(x, segments)
    out = F.relu(normalise(w, f'{name}.bn1', convolve(w, f'{name}.conv1', x)))
    out = convolve(w, f'{name}.conv2', out, stride)
    out = F.relu(normalise(w, f'{name}.bn2', out))
    out = normalise(w, f'{name}.bn3', convolve(w, f'{name}.conv3', out))
    if f'{name}.downsample.0.weight' in w:
        # x is the shifted map here, while other blocks add the one that came
        identity = convolve(w, f'{name}.downsample.0', x, stride)
        identity = normalise(w, f'{name}.downsample.1', identity)
    return F.relu(out + identity)


def backbone(w, x, out_indices, segments=None):
    """Maps of ResNet_SlowFast (slow path, 3D), or of ResNet with temporal shift."""
    x = F.relu(normalise(w, 'backbone.bn1', convolve(w, 'backbone.conv1', x, 2)))
    if x.ndim == 5:
        x = F.max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1))
    else:
        x = F.max_pool2d(x, 3, 2, 1)
    maps = []
    for stage in range(4):
        block = 0
        while f'backbone.layer{stage + 1}.{block}.conv1.weight' in w:
            name = f'backbone.layer{stage + 1}.{block}'
            x = bottleneck(w, name, x, 2 if stage and not block else 1, segments)
            block += 1
        if stage in out_indices:
            maps.append(x)
    return maps


def fuse_levels(w, name, levels, steps):
    fused = []
    for i, (x, step) in enumerate(zip(levels, steps)):
        x = F.max_pool3d(x, (step, 1, 1), (step, 1, 1), ceil_mode=True)
        x = convolve(w, f'{name}.ops.{i}.conv', x, groups=GROUPS)
        fused.append(F.relu(normalise(w, f'{name}.ops.{i}.norm', x)))
    x = convolve(w, f'{name}.fusion_conv.0', torch.cat(fused, 1))
    return F.relu(normalise(w, f'{name}.fusion_conv.1', x))


def neck(w, maps, rates):
    outs = []
    for i, (x, rate) in enumerate(zip(maps, rates)):
        step = 0
        name = f'necks.spatial_modulation.spatial_modulation.{i}.{{}}'.format
        while f'{name(step)}.conv.weight' in w:
            x = convolve(w, f'{name(step)}.conv', x, 2)
            x = F.relu(normalise(w, f'{name(step)}.bn', x))
            step += 1
        name = f'necks.temporal_modulation_ops.{i}.conv'
        x = convolve(w, name, x, groups=GROUPS)
        outs.append(F.max_pool3d(x, (rate, 1, 1), (rate, 1, 1), ceil_mode=True))
    last = len(outs) - 1
    kept = outs
    for i in range(last, 0, -1):
        scale = (rates[i] / rates[i - 1], 1.0, 1.0)
        outs[i - 1] = outs[i - 1] + F.interpolate(outs[i], scale_factor=scale)
    steps = [rates[-1] // rate for rate in rates]
    top_down = fuse_levels(w, 'necks.level_fusion_op2', outs, steps)
    outs = kept
    for i in range(last):
        x = convolve(w, f'necks.downsampling_ops.{i}.conv', outs[i])
        step = rates[i + 1] // rates[i]
        x = F.max_pool3d(x, (step, 1, 1), (step, 1, 1), ceil_mode=True)
        outs[i + 1] = outs[i + 1] + x
    bottom_up = fuse_levels(w, 'necks.level_fusion_op', outs, steps)
    x = convolve(w, 'necks.pyramid_fusion_op.0', torch.cat([top_down, bottom_up], 1))
    return F.relu(normalise(w, 'necks.pyramid_fusion_op.1', x))


def head(w, x):
    """Dense testing: a score at each position, averaged over all."""
    kernel = w['cls_head.fc_cls.weight'][..., None, None, None]
    return F.conv3d(x, kernel, w['cls_head.fc_cls.bias']).mean(dim=(2, 3, 4))


def scores_3d(w, clips, rates, out_indices=(2, 3)):
    """Scores (N, classes) of clips (N, 3, T, H, W)."""
    return head(w, neck(w, backbone(w, clips, out_indices), rates))


def scores_2d(w, frames, rates, out_indices=(2, 3)):
    """Scores (N, classes) of frames (N, K, 3, H, W)."""
    segments = frames.shape[1]
    maps = backbone(w, frames.flatten(0, 1), out_indices, segments)
    maps = [x.unflatten(0, (-1, segments)).transpose(1, 2) for x in maps]
    return head(w, neck(w, maps, rates))
