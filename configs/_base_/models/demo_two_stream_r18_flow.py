# The temporal stream alone.
_base_ = 'demo_two_stream_r18.py'

model = dict(
    _delete_=True,
    type='Recognizer2D',
    backbone=dict(_base_.stream, in_channels=10),
    cls_head=_base_.head,
    data_preprocessor=_base_.fields,
)
