"""A real sample in the window: terms, a click, and the brain is there."""

from clicking import run, tick
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets import real_samples
from real_samples import SAMPLE, serving


def test_terms_are_accepted_before_it_is_fetched_and_opened(viewer, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(real_samples, "SAMPLES", {SAMPLE.key: SAMPLE})
    with serving(monkeypatch, tmp_path / "cache") as server:
        _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Real samples")
        assert SAMPLE.terms in dock.terms.text()
        assert not dock.bar.run.isEnabled()
        assert "accept" in dock.bar.status.text()
        tick(dock.accept)
        run(dock.bar, qtbot)
        (layer,) = viewer.layers
        assert shown(layer).expression.name == "synthetic_regions"
        assert dock.bar.run.text() == "Open"
        n_requests = len(server.requests)

        real_samples.open_sample(viewer, SAMPLE.key)  # as File > Open Sample does
        qtbot.waitUntil(lambda: len(viewer.layers) == 2)
        assert len(server.requests) == n_requests
