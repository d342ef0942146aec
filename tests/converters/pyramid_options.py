"""Small pyramids in the options of this package and of MMAction2."""

CLASSES, MID, FUSED = 7, 64, 96


def neck_here(widths, rates, flow='cascade'):
    return dict(
        type='TemporalPyramidNeck',
        in_channels=widths,
        temporal_rates=rates,
        information_flow=flow,
        mid_channels=MID,
        fusion_channels=FUSED,
        aux_head=dict(
            num_classes=CLASSES, loss_weights=[0] * (len(widths) - 2) + [0.5]
        ),
    )


def neck_of_mmaction2(widths, rates, flow='cascade'):
    levels, step = len(widths), rates[1] // rates[0]
    return dict(
        type='TPN',
        in_channels=widths,
        out_channels=MID,
        spatial_modulation_cfg=dict(in_channels=widths, out_channels=widths[-1]),
        temporal_modulation_cfg=dict(downsample_scales=rates),
        upsample_cfg=dict(scale_factor=(step, 1, 1)),
        downsample_cfg=dict(downsample_scale=(step, 1, 1)),
        level_fusion_cfg=dict(
            in_channels=(MID,) * levels,
            mid_channels=(MID,) * levels,
            out_channels=FUSED,
            downsample_scales=tuple((rates[-1] // rate, 1, 1) for rate in rates),
        ),
        aux_head_cfg=dict(out_channels=CLASSES),
        flow_type=flow,
    )
