"""Streamed errors where sums are hard, genes are missing or memory runs out."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.pca import PCA
from napari_compressed_transcriptomics.core import row_chunks
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Cancelled
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from small import named, small_expression

DATA = small_expression(n_samples=200, n_genes=30)
CODEC = fit_codec("pca", DATA, 2)


def same(one, other):
    for name in ("rmse_samples", "rmse_genes", "r2_samples", "r2_genes", "rmse", "r2"):
        assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-4, err_msg=name)
    assert_allclose(one.latents, other.latents, atol=1e-5)


def too_late(progress):
    pytest.fail("It worked before it refused")


def test_constant_gene_and_constant_sample_have_no_r2():
    values = DATA.values.copy()
    values[:, 4] = 0.3
    values[:, 5] = 0.7
    values[9] = 0.1
    data = named(np.delete(values, 9, axis=0))
    result = reconstruct(fit_codec("pca", data, 2), data)
    assert np.flatnonzero(np.isnan(result.r2_genes)).tolist() == [4, 5]
    assert np.isfinite(result.rmse_genes).all()
    assert np.isfinite(result.r2)
    assert np.flatnonzero(result.sd_genes == 0).tolist() == [4, 5]
    assert_allclose(result.mean_genes[4:6], [0.3, 0.7])

    result = reconstruct(CODEC, named(values))
    assert np.flatnonzero(np.isnan(result.r2_samples)).tolist() == [9]


def test_all_constant_has_no_r2_at_all():
    data = named(np.full((5, 4), 0.1))
    codec = PCA(np.zeros((1, 4)), data.genes, np.full(4, 0.1))
    assert np.isnan(reconstruct(codec, data).r2)


def test_sums_are_safe_far_from_zero():
    rng = np.random.default_rng(0)
    values = (1000 * np.arange(1, 21) + rng.normal(size=(5000, 20))).astype(np.float32)
    values[0] = 0  # an outlier must not spoil the shift either
    data = named(values)
    codec = PCA(np.zeros((1, 20)), data.genes, values.mean(0))  # predicts the mean
    result = reconstruct(codec, data, block_bytes=80 * 64)
    true = values.astype(float)
    error = (true - codec.gene_means) ** 2
    expected = 1 - error.sum(0) / ((true - true.mean(0)) ** 2).sum(0)
    assert_allclose(result.r2_genes, expected, atol=1e-4)
    assert_allclose(result.rmse_genes, np.sqrt(error.mean(0)), rtol=1e-4)
    assert_allclose(result.mean_genes, true.mean(0), rtol=1e-6)
    assert_allclose(result.sd_genes, true.std(0), rtol=1e-4)


def test_sums_are_right_for_very_many_samples():
    # one block of float32 sums over all of them is off by 2e-4
    values = np.random.default_rng(0).random((600_000, 4), np.float32)
    codec = PCA(np.zeros((1, 4)), named(values[:2]).genes, np.zeros(4))  # predicts zeros
    result = reconstruct(codec, named(values))
    assert_allclose(result.rmse_genes, np.sqrt(np.square(values, dtype=float).mean(0)), rtol=2e-6)
    assert_allclose(result.sd_genes, values.std(0, dtype=float), rtol=2e-6)


def test_missing_genes_are_refused_or_filled_and_left_out():
    part = DATA.aligned_to(DATA.genes[2:])
    with pytest.raises(UserError, match=r"2 of the 30 .*GENE0, GENE1"):
        reconstruct(CODEC, part, report=too_late)
    result = reconstruct(CODEC, part, fill_missing=True)
    assert result.expression.filled == ("GENE0", "GENE1")
    for numbers in result.gene_table.values():
        assert_array_equal(np.isnan(numbers), [True] * 2 + [False] * 28)
    assert any("GENE0" in note for note in result.expression.notes)

    filled = DATA.values.astype(float)
    filled[:, :2] = CODEC.gene_means[:2]
    decoded = CODEC.decode(CODEC.encode(filled))
    squared = ((filled - decoded) ** 2)[:, 2:]
    centred = filled[:, 2:] - filled[:, 2:].mean(1, keepdims=True)
    assert_allclose(result.rmse_samples, np.sqrt(squared.mean(1)), rtol=1e-4)
    assert_allclose(result.r2_samples, 1 - squared.sum(1) / (centred**2).sum(1), rtol=1e-4)
    assert_allclose(result.rmse, np.sqrt(squared.mean()), rtol=1e-4)


def test_too_many_missing_genes_are_never_filled():
    with pytest.raises(UserError, match="90%"):
        reconstruct(CODEC, DATA.aligned_to(DATA.genes[4:]), fill_missing=True, report=too_late)


def test_unknown_means_fill_nothing():
    codec = PCA(CODEC.components, CODEC.genes, np.full(30, np.nan))
    with pytest.raises(UserError, match="means"):
        reconstruct(codec, DATA.aligned_to(DATA.genes[1:]), fill_missing=True, report=too_late)


def test_read_only_and_other_layouts_of_values():
    expected = reconstruct(CODEC, DATA)
    frozen = DATA.values.copy()
    frozen.flags.writeable = False
    same(reconstruct(CODEC, named(DATA.values)), expected)
    for values in (frozen, np.asfortranarray(DATA.values)):
        data = named(DATA.values)
        object.__setattr__(data, "values", values)
        same(reconstruct(CODEC, data), expected)


def fail_in_feed(monkeypatch, error, when):
    """Let the step of a block raise, where `when(device, rows)` says so."""
    original = row_chunks.feed
    seen = []

    def feed(values, start, rows, device, *let_end):
        host = "cpu" if device == "cuda" else device  # a stand-in for the GPU
        for first, last, block in original(values, start, rows, host, *let_end):
            seen.append((device, first, last))
            if when(device, last - first, first):
                raise error
            yield first, last, block

    monkeypatch.setattr(row_chunks, "feed", feed)
    return seen


OUT_OF_MEMORY = [
    torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB)"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
    MemoryError(),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda e: type(e).__name__ + str(e)[:3])
def test_out_of_memory_takes_smaller_blocks(monkeypatch, error):
    expected = reconstruct(CODEC, DATA)
    # the second block fails first: what is done must not count twice
    seen = fail_in_feed(monkeypatch, error, lambda _, rows, first: rows > 30 and first > 0)
    messages = []
    result = reconstruct(
        CODEC, DATA, block_bytes=120 * 100, report=lambda p: messages.append(p.message)
    )
    same(result, expected)
    assert any("blocks of 25 rows" in note for note in result.notes)
    assert any("blocks of 25 rows" in message for message in messages)
    assert ("cpu", 0, 100) in seen
    assert ("cpu", 100, 125) in seen


def pretend_cuda(monkeypatch):
    """Let work that is meant for CUDA be done by the CPU."""
    from napari_compressed_transcriptomics.codecs import codec
    from napari_compressed_transcriptomics.core import device
    from napari_compressed_transcriptomics.reconstruction import error_sums

    def resolve(wanted):
        return device.Device("cuda", "CUDA: pretended")

    monkeypatch.setattr(error_sums, "resolve_device", resolve)
    prepare = error_sums.Sums.prepare
    seen = []

    def prepared(self, device, rows, start):
        seen.append(device)
        return prepare(self, "cpu", rows, start)

    monkeypatch.setattr(error_sums.Sums, "prepare", prepared)
    assert codec.network_on(CODEC, "cpu") is CODEC.network()
    return seen


def test_out_of_memory_on_a_gpu_ends_on_the_cpu(monkeypatch):
    expected = reconstruct(CODEC, DATA)
    seen = fail_in_feed(
        monkeypatch, OUT_OF_MEMORY[0], lambda device, _, first: device == "cuda" and first > 0
    )
    pretend_cuda(monkeypatch)
    result = reconstruct(CODEC, DATA, block_bytes=120 * 50)
    same(result, expected)
    assert result.device == "cpu"
    assert "CPU" in result.notes[-1]
    rows = [last - first for device, first, last in seen if device == "cuda"]
    assert rows == [50, 50, 25, 16]  # the first goes well, then smaller and smaller
    assert next(first for device, first, _ in seen if device == "cpu") == 50


def test_a_lost_device_starts_again_on_the_cpu(monkeypatch):
    expected = reconstruct(CODEC, DATA)
    error = RuntimeError("CUDA error: device lost\nmore lines")
    seen = fail_in_feed(monkeypatch, error, lambda device, _, first: device == "cuda" and first > 0)
    pretend_cuda(monkeypatch)
    result = reconstruct(CODEC, DATA, block_bytes=120 * 50)
    same(result, expected)
    assert "device lost" in result.notes[0]
    assert "more lines" not in result.notes[0]
    assert next(first for device, first, _ in seen if device == "cpu") == 0


@pytest.mark.parametrize(
    ("error", "needed"),
    [
        (MemoryError(), "needs more memory than there is"),
        (
            RuntimeError("can't allocate memory: you tried to allocate 77 bytes. Error code 12"),
            "needs 77 bytes more memory",
        ),
        (MemoryError("Unable to allocate 1.2 GiB for an array"), "needs 1.2 GiB more memory"),
    ],
)
def test_no_memory_at_all_is_told(monkeypatch, error, needed):
    fail_in_feed(monkeypatch, error, lambda *_: True)
    told = rf"1 row of 30 values \(120 bytes\) {needed}, .* are available; close"
    with pytest.raises(UserError, match=told):
        reconstruct(CODEC, DATA)


def test_memory_for_a_single_row_is_enough(monkeypatch):
    expected = reconstruct(CODEC, DATA)
    error = MemoryError("Unable to allocate 1.2 GiB for an array with shape (9, 9)")
    seen = fail_in_feed(monkeypatch, error, lambda _, rows, first: rows > 1)
    same(reconstruct(CODEC, DATA), expected)
    assert seen[-1][2] - seen[-1][1] == 1


def test_memory_is_said_before_the_work(monkeypatch):
    from napari_compressed_transcriptomics.core import memory

    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    with pytest.raises(UserError, match=r"^Encoding and decoding .* are available; use fewer"):
        reconstruct(CODEC, DATA, report=too_late)


def test_what_the_report_raises_ends_the_work_after_that_block():
    for error in (Cancelled(), MemoryError("of the window"), RuntimeError("out of memory")):
        seen = []

        def report(progress, seen=seen, error=error):
            seen.append(progress.done)
            raise error

        with pytest.raises(type(error)) as raised:
            reconstruct(CODEC, DATA, block_bytes=120 * 100, report=report)
        assert raised.value is error  # and no reason for smaller blocks
        assert seen == [100]


def test_other_errors_are_not_hidden(monkeypatch):
    fail_in_feed(monkeypatch, RuntimeError("a bug"), lambda *_: True)
    with pytest.raises(RuntimeError, match="a bug"):
        reconstruct(CODEC, DATA)


class FakeCuda:
    """Streams and events that run at once and note what is asked of them."""

    def __init__(self):
        self.log = []
        self.events = 0

    def Stream(self):
        return FakeStream(self, "side")

    def current_stream(self):
        return FakeStream(self, "main")

    def Event(self):
        self.events += 1
        return FakeEvent(self, self.events)

    def stream(self, stream):
        import contextlib

        return contextlib.nullcontext()


class FakeStream:
    def __init__(self, cuda, name):
        self.cuda, self.name = cuda, name

    def wait_event(self, event):
        self.cuda.log.append((self.name, "waits", event.number, event.records))

    def wait_stream(self, other):
        pass

    def synchronize(self):
        self.cuda.log.append((self.name, "synchronized"))


class FakeEvent:
    def __init__(self, cuda, number):
        self.cuda, self.number, self.records = cuda, number, 0

    def record(self, stream):
        self.records += 1

    def synchronize(self):
        self.cuda.log.append(("host", "waits", self.number, self.records))


def test_double_buffering_keeps_the_order_of_copies_and_uses():
    values = np.arange(35, dtype=np.float32).reshape(7, 5)
    spans = [(0, 2), (2, 4), (4, 6), (6, 7)]
    cuda, got = FakeCuda(), []
    parts = ((first, last, values[first:last]) for first, last in spans)
    for first, last, block in row_chunks._double_buffered(parts, (2, 5), "cpu", cuda):
        got.append(block.clone())
        assert (first, last) == spans[len(got) - 1]
    assert_array_equal(torch.cat(got), values)
    copied, used = (1, 2), (3, 4)
    # a device buffer is written only after the block that was in it has been used ...
    assert [e for e in cuda.log if e[0] == "side" and e[1] == "waits"] == [
        ("side", "waits", used[0], 0),
        ("side", "waits", used[1], 0),
        ("side", "waits", used[0], 1),
        ("side", "waits", used[1], 1),
    ]
    # ... read only after its copy ...
    assert [e for e in cuda.log if e[0] == "main"] == [
        ("main", "waits", copied[0], 1),
        ("main", "waits", copied[1], 1),
        ("main", "waits", copied[0], 2),
        ("main", "waits", copied[1], 2),
    ]
    # ... and the host waits only for the copy of two row_chunks ago
    assert [e for e in cuda.log if e[0] == "host"] == [
        ("host", "waits", copied[0], 0),
        ("host", "waits", copied[1], 0),
        ("host", "waits", copied[0], 1),
        ("host", "waits", copied[1], 1),
    ]
