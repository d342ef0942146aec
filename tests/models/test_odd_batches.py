"""One video, one class, background alone, K = 1, T = 1 and 1×1 maps, in every part."""

import pytest
import torch
from odd_batches import BATCHES, MODELS_OF_KINDS, Batch, build, data

EVERY_KIND = pytest.mark.parametrize('kind', MODELS_OF_KINDS)
EVERY_BATCH = pytest.mark.parametrize('batch', BATCHES.values(), ids=BATCHES)


def losses_of(model, loaded):
    """The losses by name, and their sum as a runner trains it."""
    loaded = model.data_preprocessor(loaded, training=True)
    losses = model(**loaded, mode='loss')
    return losses, model.parse_losses(losses)[0]


@torch.no_grad()
def predict(model, loaded):
    loaded = model.data_preprocessor(loaded, training=False)
    return model.eval()(**loaded, mode='predict')


@EVERY_BATCH
@EVERY_KIND
def test_trains(kind, batch):
    model = build(kind, batch).train()
    losses, total = losses_of(model, data(kind, batch))
    total.backward()
    assert all(value.isfinite() for value in losses.values())
    gradients = {name: p.grad for name, p in model.named_parameters()}
    assert [name for name, grad in gradients.items() if grad is None] == []
    assert [name for name, grad in gradients.items() if not grad.isfinite().all()] == []
    learns = any(grad.abs().sum() > 0 for grad in gradients.values())
    # Only where it is a class without weight does background teach nothing.
    assert learns == (kind != 'multi-task' or batch.labels != 'background')


@EVERY_BATCH
@EVERY_KIND
def test_predicts_each_video_as_if_alone_and_as_the_loss_says(kind, batch):
    model = build(kind, batch).eval()
    (alone,) = predict(model, data(kind, batch, videos=1))
    among = predict(model, data(kind, batch, videos=3))
    assert torch.equal(alone.pred_label, among[0].pred_label)
    scores = [alone.pred_score, among[0].pred_score]
    if kind == 'multi-task':
        scores = [torch.cat(list(by_task.values())) for by_task in scores]
    torch.testing.assert_close(*scores)
    assert scores[0].isfinite().all()
    losses, total = losses_of(model, data(kind, batch))
    # Predictions of two heads are averaged, which their losses are not.
    if 'temporal_loss_cls' not in losses:
        auxiliary = sum(value for name, value in losses.items() if 'aux' in name)
        expected = expected_loss(among[: batch.videos], kind, batch)
        torch.testing.assert_close(total - auxiliary, expected)


def expected_loss(samples, kind, batch):
    """From what is predicted: cross entropies, of no class at all for background."""
    if kind == 'multi-task':
        # Background has no weight.
        if batch.labels == 'background':
            return torch.tensor(0.0)
        tasks = enumerate(samples[0].pred_score)
        parts = [[s.pred_score[t][s.gt_label[i]] for s in samples] for i, t in tasks]
        return -sum(torch.stack(part).log().mean() for part in parts)
    scores = torch.stack([sample.pred_score for sample in samples])
    if batch.labels == 'background':
        return -(1 - scores).log().mean()
    torch.testing.assert_close(scores.sum(dim=1), torch.ones(len(samples)))
    labels = [sample.gt_label.item() for sample in samples]
    return -scores[range(len(samples)), labels].log().mean()


@pytest.mark.parametrize('kind', [k for k in MODELS_OF_KINDS if k.startswith('tsn')])
def test_one_segment_agrees_with_itself(kind):
    model = build(kind, Batch(frames=1)).eval()
    maps = torch.randn(2, 8, 1, 1, requires_grad=True)
    scores = model.cls_head(maps, num_segs=1)
    torch.testing.assert_close(scores, model.cls_head.fc_cls(maps[..., 0, 0]))
    scores.sum().backward()
    expected = model.cls_head.fc_cls.weight.sum(dim=0)
    torch.testing.assert_close(maps.grad[..., 0, 0], expected.expand(2, 8))


@pytest.mark.parametrize('kind', ['tpn-parallel', 'tpn-single-depth', 'tpn-clips'])
def test_a_single_frame_passes_at_any_rate(kind):
    """As levels with the same weights that are not pooled at all."""
    batch = Batch(frames=1)
    model, plain = build(kind, batch), build(kind, batch)
    plain.neck.temporal_rates = (1, 1)
    for level in plain.neck.temporal_modulation:
        level.rate = 1
    for one, other in zip(*(predict(m, data(kind, batch)) for m in (model, plain))):
        assert torch.equal(one.pred_score, other.pred_score)


def test_dead_maps_give_no_wrong_numbers():
    """Bilinear fusion takes roots of their products, and divides by their length."""
    fusion = build('two-stream-bilinear', Batch()).stream_fusion[0]
    maps = torch.zeros(1, 8, 1, 1, requires_grad=True)
    fused = fusion(maps, maps)
    assert torch.equal(fused, torch.zeros(1, 64, 1, 1))
    fused.sum().backward()
    assert torch.equal(maps.grad, torch.zeros_like(maps))


def test_batches_are_what_they_say():
    model = build('two-stream-late', Batch())
    shapes = {}
    for name, batch in BATCHES.items():
        loaded = model.data_preprocessor(data('two-stream-late', batch))
        shapes[name] = tuple(model.extract_feat(loaded['inputs'])[0]['spatial'].shape)
    assert shapes['ordinary'] == (12, 8, 2, 2)
    assert shapes['one-video'] == (4, 8, 2, 2)
    assert shapes['one-frame'] == (3, 8, 2, 2)
    assert shapes['one-position'] == (12, 8, 1, 1)
    assert shapes['all-at-once'] == (1, 8, 1, 1)
