_base_ = 'ucf101_flow.py'

fields = dict(data_root='data/hmdb51', num_classes=51)
held_out = dict(fields, ann_file='hmdb51_val_split_{{$SPLIT:1}}_rawframes.txt')
train_dataloader = dict(
    dataset=dict(fields, ann_file='hmdb51_train_split_{{$SPLIT:1}}_rawframes.txt')
)
val_dataloader = dict(dataset=held_out)
test_dataloader = dict(dataset=held_out)
