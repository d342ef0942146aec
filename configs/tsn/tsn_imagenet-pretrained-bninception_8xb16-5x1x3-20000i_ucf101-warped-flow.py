# Optical flow without camera motion, extracted into folders of its own.
_base_ = 'tsn_imagenet-pretrained-bninception_8xb16-5x1x3-20000i_ucf101-flow.py'

warped = dict(data_prefix=dict(img='rawframes_warped'))
train_dataloader = dict(dataset=warped)
val_dataloader = dict(dataset=warped)
test_dataloader = dict(dataset=warped)
