# Table 1 of the two-stream fusion paper. Its networks are VGG-M-2048, these VGG-16.
title = 'Stream fusion at ReLU5, VGG-16, UCF101, split 1'
metric = 'acc/top1'
paper = 'paper, Table 1, VGG-M'
baseline = 'late fusion'
parameters = True

data = 'ucf101-pretrained-vgg16_8xb12-11x1x1-5000i_ucf101-rgb-flow'
cells = [
    dict(
        row=row,
        column='top-1',
        config=f'../two_stream/two-stream-{fusion}_{data}.py',
        published=published,
    )
    for row, fusion, published in [
        ('late fusion', 'late', 85.94),
        ('maximum', 'max', 82.70),
        ('concatenation', 'concat', 83.53),
        ('bilinear', 'bilinear', 85.05),
        ('sum', 'sum', 85.20),
        ('convolution', 'conv', 85.96),
    ]
]
