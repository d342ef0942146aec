# UCF101 as folders of RGB frames and extracted optical flow. Another split:
# SPLIT=2 mim train mmaction ...
_base_ = 'two_stream_folders.py'

frames = dict(
    type='CheckedRawframeDataset',
    data_root='data/ucf101',
    data_prefix=dict(img='rawframes'),
    num_classes=101,
)
held_out = dict(
    frames, ann_file='ucf101_val_split_{{$SPLIT:1}}_rawframes.txt', test_mode=True
)
train_dataloader = dict(
    dataset=dict(frames, ann_file='ucf101_train_split_{{$SPLIT:1}}_rawframes.txt')
)
val_dataloader = dict(dataset=held_out)
test_dataloader = dict(dataset=held_out)
