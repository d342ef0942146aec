# Optical flow (TV-L1) is computed batch by batch where the model is, on a GPU if there
# is one; MMAction2's own flip is right before it.
_base_ = '../two_stream/tsn_r18_1xb16-6x1x1-12e_correspondence-demo-flow.py'

model = dict(data_preprocessor=dict(type='OpticalFlowDataPreprocessor'))
decode = _base_.decode[:1]
flip = dict(_base_.flip, type='Flip')
pack = [dict(type='FormatShape', input_format='NCTHW'), _base_.pack[1]]
train_dataloader = dict(
    dataset=dict(pipeline=[_base_.open_video, _base_.snippet, *decode, flip, *pack])
)
test_pipeline = [_base_.open_video, _base_.centre, *decode, *pack]
testing = dict(pipeline=test_pipeline)
val_dataloader = dict(dataset=testing)
test_dataloader = dict(dataset=testing)
