# torchvision's first ImageNet weights (IMAGENET1K_V1), those that the TPN paper had.
# MMEngine fetches them when training starts, without torchvision, and keeps them.
imagenet_r50 = 'https://download.pytorch.org/models/resnet50-0676ba61.pth'
imagenet_r101 = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
imagenet_r152 = 'https://download.pytorch.org/models/resnet152-394f9c45.pth'
imagenet_vgg16 = 'https://download.pytorch.org/models/vgg16-397923af.pth'
# That of the TSN authors.
imagenet_bninception = (
    'https://yjxiong.blob.core.windows.net/models/bn_inception-9f5701afb96c8044.pth'
)
