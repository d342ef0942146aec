"""``test_pipeline``, where MMAction2's ``inference_recognizer`` looks for its steps."""


def require_the_loaders(config):
    dataset = config.test_dataloader.dataset
    assert config.get('test_pipeline', dataset.pipeline) == dataset.pipeline
    # Results on generated videos are kept by their whole config, which a new variable
    # would change.
    assert 'test_pipeline' in config or dataset.type.endswith('DemoDataset')


def test_one_stream(config_path, read):
    require_the_loaders(read(config_path))


def test_two_streams(two_stream_path, read):
    require_the_loaders(read(two_stream_path))
