_base_ = 'ucf101_two_streams.py'

frames = dict(data_root='data/hmdb51', num_classes=51)
held_out = dict(frames, ann_file='hmdb51_val_split_{{$SPLIT:1}}_rawframes.txt')
train_dataloader = dict(
    dataset=dict(frames, ann_file='hmdb51_train_split_{{$SPLIT:1}}_rawframes.txt')
)
val_dataloader = dict(dataset=held_out)
test_dataloader = dict(dataset=held_out)
