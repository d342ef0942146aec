_base_ = 'correspondence_demo.py'

snippets = dict(_base_.snippet, num_clips=3)
centres = dict(snippets, test_mode=True)
train_dataloader = dict(
    dataset=dict(pipeline=[_base_.open_video, snippets, *_base_.train_steps])
)
test_pipeline = [_base_.open_video, centres, *_base_.test_steps]
testing = dict(pipeline=test_pipeline)
val_dataloader = dict(dataset=testing)
test_dataloader = dict(dataset=testing)
