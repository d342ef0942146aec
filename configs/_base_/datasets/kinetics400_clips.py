# What happens to clips for 3D backbones after they are sampled.
_base_ = 'kinetics400.py'

train_transforms = [_base_.decode, *_base_.random_crop, _base_.flip, *_base_.pack_clips]
released_train_transforms = [
    _base_.decode,
    *_base_.released_crop,
    _base_.flip,
    *_base_.pack_clips,
]
val_transforms = [_base_.decode, *_base_.centre_crop, *_base_.pack_clips]
test_transforms = [_base_.decode, *_base_.three_crop, *_base_.pack_clips]

# Recognizer3D with max_testing_views takes one video at a time.
val_dataloader = dict(batch_size=1)
