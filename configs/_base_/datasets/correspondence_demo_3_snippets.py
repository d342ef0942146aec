# Fifteen fields a video. They are kept for later epochs and other models, 230 MB, which
# takes a third off the time of a training.
_base_ = 'correspondence_demo.py'

kept = dict(_base_.optical_flow, cache_dir='work_dirs/demo_data/correspondence_fields')
decode = [_base_.decode, kept]
snippets = dict(_base_.snippet, num_clips=3)
centres = dict(snippets, test_mode=True)
test_pipeline = [_base_.open_video, centres, *decode, *_base_.pack]
testing = dict(pipeline=test_pipeline)
train_dataloader = dict(
    dataset=dict(
        pipeline=[_base_.open_video, snippets, *decode, _base_.flip, *_base_.pack]
    )
)
val_dataloader = dict(dataset=testing)
test_dataloader = dict(dataset=testing)
