# UCF101 as extracted optical flow. Another split: SPLIT=2 mim train mmaction ...
_base_ = 'tsn_flow.py'

fields = dict(
    type='CheckedRawframeDataset',
    data_root='data/ucf101',
    data_prefix=dict(img='rawframes'),
    modality='Flow',
    num_classes=101,
)
held_out = dict(
    fields, ann_file='ucf101_val_split_{{$SPLIT:1}}_rawframes.txt', test_mode=True
)
train_dataloader = dict(
    dataset=dict(fields, ann_file='ucf101_train_split_{{$SPLIT:1}}_rawframes.txt')
)
val_dataloader = dict(dataset=held_out)
test_dataloader = dict(dataset=held_out)
