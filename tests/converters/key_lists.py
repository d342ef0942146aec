"""Keys and shapes of published checkpoints, written out from the projects' code."""

import torch

BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
VGG16 = (64, 64, 'M', 128, 128, 'M', *(256,) * 3, 'M', *(512,) * 3, 'M', *(512,) * 3)


def batch_norm(name, channels, counter=True):
    names = ('weight', 'bias', 'running_mean', 'running_var')
    shapes = {f'{name}.{part}': (channels,) for part in names}
    return shapes | ({f'{name}.num_batches_tracked': ()} if counter else {})


def resnet(depth, *, base=64, lengths=None, counter=True):
    """torchvision's ResNet; with ``lengths``, 3D with conv1 of each stage so long."""
    expansion = 1 if depth < 50 else 4

    def kernel(size, length=1):
        return (size, size) if lengths is None else (length, size, size)

    shapes = {'conv1.weight': (base, 3, *kernel(7)), **batch_norm('bn1', base, counter)}
    came = base
    for stage, blocks in enumerate(BLOCKS[depth]):
        width = base * 2**stage
        length = 1 if lengths is None else lengths[stage]
        out = width * expansion
        for block in range(blocks):
            if expansion == 1:
                convs = [(came, width, kernel(3)), (width, width, kernel(3))]
            else:
                convs = [
                    (came, width, kernel(1, length)),
                    (width, width, kernel(3)),
                    (width, out, kernel(1)),
                ]
            name = f'layer{stage + 1}.{block}'
            for i, (inner, outer, size) in enumerate(convs, 1):
                shapes[f'{name}.conv{i}.weight'] = (outer, inner, *size)
                shapes |= batch_norm(f'{name}.bn{i}', outer, counter)
            if block == 0 and (stage or came != out):
                shapes[f'{name}.downsample.0.weight'] = (out, came, *kernel(1))
                shapes |= batch_norm(f'{name}.downsample.1', out, counter)
            came = out
    return shapes


def torchvision_resnet(depth, classes=1000):
    width = 512 if depth < 50 else 2048
    # The files are older than counters of batches.
    fc = {'fc.weight': (classes, width), 'fc.bias': (classes,)}
    return resnet(depth, counter=False) | fc


def torchvision_vgg16(classes=1000):
    shapes, came, index = {}, 3, 0
    for width in VGG16:
        if width == 'M':
            index += 1
            continue
        shapes[f'features.{index}.weight'] = (width, came, 3, 3)
        shapes[f'features.{index}.bias'] = (width,)
        came, index = width, index + 2
    layers = {0: (4096, 512 * 7 * 7), 3: (4096, 4096), 6: (classes, 4096)}
    for index, shape in layers.items():
        shapes[f'classifier.{index}.weight'] = shape
        shapes[f'classifier.{index}.bias'] = shape[:1]
    return shapes


def official_neck(widths, *, mid, fused, classes, aux='convs'):
    """The official TPN's neck and head; 32 groups and 2048 channels are fixed there."""
    levels = len(widths)
    shapes = {}
    for i, width in enumerate(widths):
        step = 0
        while width < widths[-1]:
            name = f'necks.spatial_modulation.spatial_modulation.{i}.{step}'
            shapes[f'{name}.conv.weight'] = (width * 2, width, 1, 3, 3)
            shapes |= batch_norm(f'{name}.bn', width * 2)
            width, step = width * 2, step + 1
        name = f'necks.temporal_modulation_ops.{i}.conv.weight'
        shapes[name] = (mid, widths[-1] // 32, 3, 1, 1)
    for i in range(levels - 1):
        shapes[f'necks.downsampling_ops.{i}.conv.weight'] = (mid, mid, 3, 1, 1)
    for name in ('necks.level_fusion_op', 'necks.level_fusion_op2'):
        for i in range(levels):
            shapes[f'{name}.ops.{i}.conv.weight'] = (mid, mid // 32, 1, 1, 1)
            shapes |= batch_norm(f'{name}.ops.{i}.norm', mid)
        shapes[f'{name}.fusion_conv.0.weight'] = (fused, mid * levels, 1, 1, 1)
        shapes |= batch_norm(f'{name}.fusion_conv.1', fused)
    shapes['necks.pyramid_fusion_op.0.weight'] = (2048, fused * 2, 1, 1, 1)
    shapes |= batch_norm('necks.pyramid_fusion_op.1', 2048)
    width = widths[-2]
    shapes[f'necks.aux_head.{aux}.conv.weight'] = (width * 2, width, 1, 3, 3)
    shapes |= batch_norm(f'necks.aux_head.{aux}.bn', width * 2)
    shapes['necks.aux_head.fc.weight'] = (classes, width * 2)
    shapes['necks.aux_head.fc.bias'] = (classes,)
    shapes['cls_head.fc_cls.weight'] = (classes, 2048)
    shapes['cls_head.fc_cls.bias'] = (classes,)
    return shapes


def random_weights(shapes, seed=0):
    """Values under which features neither vanish nor grow; all of them different."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in shapes.items():
        value = torch.randn(shape, generator=generator)
        if name.endswith('num_batches_tracked'):
            value = torch.tensor(7)
        elif name.endswith('running_var') or (value.ndim == 1 and 'weight' in name):
            value = 0.5 + torch.rand(shape, generator=generator)
        elif value.ndim > 1:
            value *= (2 / value[0].numel()) ** 0.5
        else:
            value *= 0.1
        weights[name] = value
    return weights
