# What the two-stream fusion paper compares in Table 1, there with VGG-M-2048.
title = 'Stream fusion at ReLU5, VGG-16, UCF101, split 1'
metric = 'acc/top1'
baseline = 'late fusion'
parameters = True

data = 'ucf101-pretrained-vgg16_8xb12-11x1x1-5000i_ucf101-rgb-flow'
cells = [
    dict(
        row=row,
        column='top-1',
        config=f'../two_stream/two-stream-{fusion}_{data}.py',
    )
    for row, fusion in [
        ('late fusion', 'late'),
        ('maximum', 'max'),
        ('concatenation', 'concat'),
        ('bilinear', 'bilinear'),
        ('sum', 'sum'),
        ('convolution', 'conv'),
    ]
]
