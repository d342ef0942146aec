"""What a config's test pipeline hands to its model, read from its options alone.

Pipelines of all configs take minutes to run; test_view_shapes.py runs one of each kind.
"""

from mmengine.config import Config, ConfigDict

# Pixels where no crop says it: the demos' clips are taken as they are.
UNCROPPED = {
    'TempoDemoDataset': 56,
    'InstancesDemoDataset': 56,
    'CorrespondenceDemoDataset': 64,
}


def backbones(config: Config) -> dict[str, ConfigDict]:
    """The backbones of a model by their names: one, or one a stream."""
    return {k: v for k, v in config.model.items() if k.endswith('backbone')}


def sampling(pipeline: list[ConfigDict]) -> ConfigDict:
    """The step that samples frames."""
    return next(step for step in pipeline if step.type.endswith('SampleFrames'))


def training_pipeline(config: Config) -> list[ConfigDict]:
    """The training pipeline; of several data sets, the first one's."""
    dataset = config.train_dataloader.dataset
    return dataset.get('datasets', [dataset])[0].pipeline


def view_shape(config: Config, size: int | None = None) -> tuple[int, ...]:
    """Shape of one video with one view of the test pipeline, as the model takes it.

    Args:
        config: A whole config.
        size: Height and width in place of the test crop.

    Returns:
        (1, 1, 3, T, H, W) for clips, (1, K, C, H, W) for segments. Where snippets are
        sampled at a fixed rate, K is that of training.
    """
    dataset = config.test_dataloader.dataset
    step = sampling(dataset.pipeline)
    size = size or _crop_size(dataset)
    if config.model.data_preprocessor.format_shape == 'NCTHW':
        return (1, 1, 3, step.clip_len, size, size)
    if 'num_clips' not in step:
        step = sampling(training_pipeline(config))
    channels = config.model.backbone.get('in_channels', 3)
    return (1, step.num_clips, channels, size, size)


def two_stream_view(config: Config, size: int | None = None) -> dict[str, tuple]:
    """Shapes of both inputs of a two-stream model, one video with one view."""
    size = size or _crop_size(config.test_dataloader.dataset)
    frames = sampling(training_pipeline(config)).num_clips
    streams = zip(('imgs', 'flow_imgs'), backbones(config).values(), strict=True)
    return {
        key: (1, frames, backbone.get('in_channels', 3), size, size)
        for key, backbone in streams
    }


def _crop_size(dataset: ConfigDict) -> int:
    """Height and width of what a data set's pipeline hands to the model."""
    sizes = [
        step[key]
        for step in dataset.pipeline
        for key in ('crop_size', 'size')
        if key in step
    ]
    return sizes[-1] if sizes else UNCROPPED[dataset.type]
