_base_ = 'ucf101_rgb.py'

videos = dict(data_root='data/hmdb51', num_classes=51)
held_out = dict(videos, ann_file='hmdb51_val_split_{{$SPLIT:1}}_videos.txt')
train_dataloader = dict(
    dataset=dict(videos, ann_file='hmdb51_train_split_{{$SPLIT:1}}_videos.txt')
)
val_dataloader = dict(dataset=held_out)
test_dataloader = dict(dataset=held_out)
