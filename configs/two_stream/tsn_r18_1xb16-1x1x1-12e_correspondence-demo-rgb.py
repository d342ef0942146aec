_base_ = [
    '../_base_/models/demo_two_stream_r18_rgb.py',
    '../_base_/datasets/correspondence_demo_rgb.py',
    '../_base_/schedules/demo_tsn_12e.py',
    '../_base_/default_runtime.py',
]
