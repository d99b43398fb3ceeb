"""Workers of a scheduler do what one machine does, to the bit, whatever happens to them."""

import os
import pickle
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import stores
from commands import refused, run
from gene_maps import flat, log_phantom
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.core import cluster
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.core.progress import Cancelled, Progress, Stop
from napari_compressed_transcriptomics.core.target import Features, Target
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.writers import store
from napari_compressed_transcriptomics.io.writers.store import convert, partial_of
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from napari_compressed_transcriptomics.study.compare import compare_methods
from napari_compressed_transcriptomics.study.compare_request import CompareRequest
from napari_compressed_transcriptomics.study.predict import predict_maps
from napari_compressed_transcriptomics.study.predict_request import PredictRequest
from small import small_expression

distributed = pytest.importorskip("distributed")

DATA = small_expression(600, 40)
GENES_A_GROUP = 8


@pytest.fixture(scope="module")
def scheduler():
    """Address of a scheduler with two workers, which are threads of this process."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
    ) as made:
        yield made.scheduler_address


@pytest.fixture
def small_chunks(monkeypatch):
    stores.small_chunks(monkeypatch, (64, 4), GENES_A_GROUP)


@pytest.fixture
def lazy(tmp_path, small_chunks):
    return read_expression(convert(DATA, tmp_path / "data.zarr").path)


def assert_same_results(one, other):
    for name in ("latents", "rmse_samples", "r2_samples", "rmse_genes", "sd_genes", "rmse", "r2"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@pytest.mark.parametrize("codec_id", ["pca", "residual"])
def test_encode_is_the_same_to_the_bit(lazy, scheduler, codec_id):
    settings = {"max_epochs": 2} if codec_id == "residual" else {}
    codec = fit_codec(codec_id, DATA, 2, device="cpu", **settings)
    block_bytes = 4 * DATA.n_genes * 20  # several blocks a span of rows, and several spans
    seen = []
    for data in (DATA, lazy):
        here = reconstruct(codec, data, device="cpu", block_bytes=block_bytes)
        there = reconstruct(
            codec, data, device="cpu", block_bytes=block_bytes, scheduler=scheduler,
            report=seen.append,
        )  # fmt: skip
        assert_same_results(here, there)
    assert seen[-1].done == seen[-1].total == DATA.n_samples


def test_genes_that_data_lack_are_filled_on_workers_too(lazy, scheduler):
    codec = fit_codec("pca", DATA, 2, device="cpu")
    less = replace(lazy, values=lazy.values.select(range(38)), genes=lazy.genes[:38])
    here = reconstruct(codec, less, device="cpu", fill_missing=True)
    there = reconstruct(codec, less, device="cpu", fill_missing=True, scheduler=scheduler)
    assert there.expression.filled == DATA.genes[38:]
    assert_same_results(here, there)


def test_comparison_is_the_same_and_a_fit_that_fails_is_noted(scheduler, monkeypatch):
    from napari_compressed_transcriptomics.study import compare_workers

    def scored(fit, *rest):
        if fit.fold == 2:
            raise UserError("no luck; try again")
        return score_fit(fit, *rest)

    score_fit = compare_workers.score_fit
    monkeypatch.setattr(compare_workers, "score_fit", scored)
    request = CompareRequest(DATA, ("pca",), (2, 3), ("random",), 3, n_jobs=1)
    here = compare_methods(request)
    there = compare_methods(replace(request, scheduler=scheduler))

    def told(comparison):
        return sorted(score._replace(seconds=0) for score in comparison.scores)

    assert len(here.scores) == 4
    assert told(here) == told(there)
    assert sorted(here.notes) == sorted(there.notes)
    assert sum("failed: no luck" in note for note in there.notes) == 2


def test_prediction_is_the_same(scheduler):
    some = small_expression(80, 12)
    rng = np.random.default_rng(1)
    targets = tuple(
        Target(f"map {k}", some.values[:, k] + 0.1 * rng.standard_normal(80)) for k in range(3)
    )
    images = Features("images", rng.standard_normal((80, 2)))
    request = PredictRequest(
        some, targets, ("pca",), (2,), (images,), splits=("random",), n_folds=3, n_repeats=1,
        n_surrogates=19,
    )  # fmt: skip
    here, there = predict_maps(request), predict_maps(replace(request, scheduler=scheduler))
    assert here.scores == there.scores
    for key, predicted in here.maps.items():
        np.testing.assert_array_equal(predicted, there.maps[key])


def test_maps_are_read_by_workers_wherever_they_run(tmp_path, small_chunks, scheduler, monkeypatch):
    phantom = log_phantom()
    flat(tmp_path / "maps", phantom)
    monkeypatch.chdir(tmp_path)
    maps = read_expression("maps", lazy=True)
    assert isinstance(maps.values, LazyValues)
    maps = pickle.loads(pickle.dumps(maps))  # as another process gets them,
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")  # which has another folder
    done = convert(maps, tmp_path / "maps.zarr", scheduler=scheduler)
    read = read_expression(done.path)
    for gene in phantom.genes:
        np.testing.assert_array_equal(
            read.values[:, read.column(gene)], phantom.values[:, phantom.column(gene)]
        )


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_store_is_the_same(tmp_path, small_chunks, scheduler, dtype):
    here = convert(DATA, tmp_path / "here.zarr", dtype)
    there = convert(DATA, tmp_path / "there.zarr", dtype, scheduler=scheduler)
    files = {
        made: {
            file.relative_to(made): file.read_bytes()
            for file in made.glob("X/c/**/*")
            if file.is_file()
        }
        for made in (here.path, there.path)
    }
    assert len(files[here.path]) > 5
    assert files[here.path] == files[there.path]
    assert (here.rounding_max, here.rounding_rms) == (there.rounding_max, there.rounding_rms)


def test_conversion_that_is_cancelled_goes_on_without_the_scheduler(
    tmp_path, small_chunks, scheduler
):
    out = tmp_path / "brain.zarr"

    def cancel(progress):
        if progress.done >= GENES_A_GROUP:
            raise Cancelled

    with pytest.raises(Cancelled):
        convert(DATA, out, report=cancel, scheduler=scheduler)
    assert partial_of(out).is_dir()
    done = convert(DATA, out)
    np.testing.assert_array_equal(np.asarray(read_expression(done.path).values), DATA.values)


def test_workers_that_do_not_see_the_folder_are_told(
    tmp_path, small_chunks, scheduler, monkeypatch
):
    begin = store._Writing.begin

    def elsewhere(self, n_bytes):
        notes = begin(self, n_bytes)
        (self.partial / "convert.json").write_text('{"data": "of another machine"}')
        return notes

    monkeypatch.setattr(store._Writing, "begin", elsewhere)
    with pytest.raises(UserError, match="choose a folder that all workers share"):
        convert(DATA, tmp_path / "brain.zarr", scheduler=scheduler)


def test_another_store_at_the_same_path_is_refused(lazy, tmp_path, small_chunks):
    values = pickle.dumps(lazy.values)  # as it goes to a worker
    Path(lazy.values.matrix.address).rename(tmp_path / "moved.zarr")
    convert(small_expression(600, 40, seed=1), lazy.values.matrix.address)
    with pytest.raises(UserError, match="is another store on"):
        pickle.loads(values)[:5]


def map_file(expression, folder):
    import nibabel

    place = expression.parcellation
    volume = nibabel.Nifti1Image(place.paint(expression.values[:, 0]), place.affine)
    nibabel.save(volume, folder / "map.nii.gz")
    return folder / "map.nii.gz"


def until_over(shared: Path, item: int, report) -> None:
    while not (shared / "over").exists():
        report(Progress("", 1, 4))
        time.sleep(0.01)


def test_cancelling_ends_tasks_that_run(scheduler, tmp_path):
    seen = []

    def advance(left):
        seen.append(dict(left))
        if left[1] > 0:
            raise Stop

    try:
        with cluster.connected(scheduler) as client, pytest.raises(Stop):
            cluster.run_tasks(client, until_over, tmp_path, range(9), lambda *_: None, advance)
        with cluster.connected(scheduler) as client:  # they wait for workers, which are free again
            client.submit(abs, -1).result(timeout=120)
    finally:
        (tmp_path / "over").touch()
    assert max(left[1] for left in seen) == 1 / 4


def test_results_come_in_order():
    given = []
    ended = cluster.in_order(lambda number, result: given.append((number, result)))
    for number in (2, 0, 3, 1):
        ended(number, lambda number=number: 10 * number)
    assert given == [(0, 0), (1, 10), (2, 20), (3, 30)]


def dies_once(shared: Path, item: int, report) -> int:
    if item == 2 and not (shared / "died").exists():
        (shared / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 10 * item


def dies(shared: None, item: int, report) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of POSIX")
def test_tasks_of_workers_that_die_are_done_again(tmp_path, monkeypatch):
    found = {}

    def ended(number, result):
        assert number not in found
        found[number] = result()

    # the only worker: with it goes what tasks share, too
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as made,
        cluster.connected(made.scheduler_address) as client,
    ):
        cluster.run_tasks(client, dies_once, tmp_path, range(5), ended, lambda left: None)
        assert found == {number: 10 * number for number in range(5)}
        monkeypatch.setattr(cluster, "TRIES", 1)
        with pytest.raises(UserError, match="workers died again and again"):
            cluster.run_tasks(client, dies, None, range(2), ended, lambda left: None)


def test_a_scheduler_that_goes_away_is_told(tmp_path):
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
    ) as made:

        def go_away(left):
            if left[0] > 0:
                (tmp_path / "over").touch()
                made.close()

        with (
            cluster.connected(made.scheduler_address) as client,
            pytest.raises(UserError, match="scheduler went away"),
        ):
            cluster.run_tasks(client, until_over, tmp_path, range(2), lambda *_: None, go_away)


def test_what_cannot_be_connected_to_is_told(monkeypatch):
    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 0.3)
    with pytest.raises(UserError, match=r"no scheduler at tcp://127.0.0.1:1 .*; start one with"):
        cluster.check_scheduler("tcp://127.0.0.1:1")
    with pytest.raises(UserError, match="no scheduler at nonsense://here"):
        cluster.check_scheduler("nonsense://here")
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as made,
        pytest.raises(UserError, match="has no workers; start some with dask worker inproc"),
    ):
        cluster.check_scheduler(made.scheduler_address)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r"transcriptomics\[cluster\]"):
        cluster.check_scheduler("tcp://127.0.0.1:1")


def test_workers_of_other_versions_are_refused(scheduler, monkeypatch):
    there = cluster.versions
    # workers are threads of this process: another one each time
    monkeypatch.setattr(cluster, "versions", lambda: there() | {"torch": f"{time.monotonic()}"})
    with pytest.raises(UserError, match=r"has torch .* install the same versions"):
        cluster.check_scheduler(scheduler)


def test_commands_take_a_scheduler(lazy, tmp_path, scheduler, capsys, monkeypatch):
    data, few = lazy.values.matrix.address, ("--latent", "2", "--out", tmp_path / "results")
    encode = ("encode", data, "--model", "pca", "--device", "cpu", *few)
    assert run(*encode, "--scheduler", scheduler) == 0
    assert "RMSE" in capsys.readouterr().out
    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 0.3)
    maps = map_file(lazy, tmp_path)
    for command in (
        encode,
        ("convert", data, "--out", tmp_path / "new.zarr"),
        ("compare", data, "--methods", "pca", *few),
        ("predict", data, "--targets", maps, "--methods", "pca", *few),
    ):
        said = refused(capsys, *command, "--scheduler", "tcp://127.0.0.1:1")
        assert "There is no scheduler at tcp://127.0.0.1:1" in said
