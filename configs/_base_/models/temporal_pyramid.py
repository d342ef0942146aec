# The pyramid of the TPN paper, section 4.1: res4 and res5, parallel information flow,
# one auxiliary head with lambda 0.5. The rates are those for 8 frames (section 4.2,
# Table 6c).
pyramid_neck = dict(
    type='TemporalPyramidNeck',
    in_channels=(1024, 2048),
    out_channels=2048,
    temporal_rates=(4, 8),
    information_flow='parallel',
    aux_head=dict(num_classes=400, loss_weights=0.5),
)
pyramid_head = dict(
    type='TemporalPyramidHead',
    num_classes=400,
    in_channels=2048,
    dropout_ratio=0.5,
    average_clips='prob',
)
