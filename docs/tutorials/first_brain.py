# %% [markdown]
# # A first brain
#
# Five minutes in the window: open expression of the brain, see a gene, compress all genes into a few
# components, and find out where that goes wrong. The pictures below are of the real window.
#
# %% [hide]
import contextlib
import io

import napari

from napari_compressed_transcriptomics.cli.demo.driving import picture, press, settle
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from tutorial_data import expression_of_regions

expression = expression_of_regions()
gene = "CALB1" if "CALB1" in expression.genes else expression.genes[0]
viewer = napari.Viewer(show=True)
viewer.theme = "dark"
viewer.window.resize(1400, 860)
viewer.window.activate()
_, main = viewer.window.add_plugin_dock_widget(PLUGIN, "Compressed Transcriptomics")
settle(3)
# %% [markdown]
# ## 1. Open a brain
#
# *Plugins > Compressed Transcriptomics > Compressed Transcriptomics* opens the main dock. Its buttons are
# the steps of the work, from *Data* to *View*; *?* at the top opens the page of this site about the
# step you see.
#
# %% [hide]
picture(viewer, "the-main-dock.png")
# %% [markdown]
# *Real brains…* fetches a table of the Allen Human Brain Atlas with its atlas, once, after it has shown
# the terms of those who made it. *Sample regions* and *Sample brain* are synthetic and need no
# network. Or drop a file of your own on the window:
# [Open data](../howto/open-data.md) says which files can be read.
#
# %% [hide]
with contextlib.redirect_stdout(io.StringIO()):  # the note that stands in the picture
    add_expression(viewer, expression)
    settle(3)
picture(viewer, "a-brain-is-open.png")
# %% [markdown]
# A table has one row per region, so each region of the atlas has one colour. Left is on the left, as the letters
# say; the scale bar is in millimetres; outside the brain nothing is drawn. The status bar names the region
# under the mouse.
#
# ## 2. Look at a gene
#
# *Choose a gene…* searches as you type: part of a symbol, then Enter. The arrow keys step through the list,
# and the brain follows.
#
# %% [hide]
page = main.show_page("Choose gene")
page.genes.search.setText(gene)
settle()
page.genes.chosen.emit(gene)
settle(3)
picture(viewer, "one-gene.png")
# %% [markdown]
# ## 3. Compress
#
# *Compress*, then *Run*. Nothing needs to be set: a residual autoencoder with 8 components is fitted to all
# genes. The progress bar tells how long it will take, and *Cancel* ends it.
#
# %% [hide]
compress = main.show_page("Compress")
press(compress.bar)
picture(viewer, "compressed.png")
# %% [markdown]
# Three brains stand side by side: the gene, the **error** (the root mean square of reconstruction minus
# original, over all genes) and the **components**. The slider *component* steps through them. Each has its
# own contrast limits, symmetric about its mean; their order and sign have no meaning.
#
# %% [hide]
print(compress.result.text())
# %% [markdown]
# In 3-D (the button below, or Alt+4 in *View*) the same three turn together, and superior stays up.
#
# %% [hide]
viewer.dims.ndisplay = 3
settle(3)
picture(viewer, "in-3-d.png")
viewer.dims.ndisplay = 2
# %% [markdown]
# ## 4. How good is it on parts of the brain that it has not seen?
#
# The error above is on the data that the codec was fitted to, and it flatters. Tick *Measure held-out
# error* and run again: each part of the brain is left out of a fit in turn, and the error on it is measured.
#
# %% [hide]
compress.held_out.setChecked(True)
press(compress.bar)
print(compress.result.text())
picture(viewer, "measured-on-samples-not-seen.png")
# %% [markdown]
# [What a held-out error is](../explanation/held-out-error.md), and [can this reconstruction be
# trusted](trust.md)?
#
# ## 5. Where is it worst?
#
# *Check* has three tabs: *Overall*, with all values, original against reconstruction, and the regions, worst
# first; *Genes*, each with its error; *Sample*, which is whatever you click in the brain.
#
# %% [hide]
check = main.show_page("Inspect reconstruction")
settle(5)
picture(viewer, "which-regions-are-worst.png")
# %% [hide]
tabs = {check.tabs.tabText(i): i for i in range(check.tabs.count())}
check.tabs.setCurrentIndex(tabs["Genes"])
table = check.tabs.currentWidget().genes.table
table.setCurrentIndex(table.model().index(0, 0))
table.clicked.emit(table.currentIndex())
settle(3)
picture(viewer, "the-worst-gene.png")
viewer.close()
# %% [markdown]
# The worst gene, its reconstruction, and the difference: red is where the reconstruction is above the
# original.
#
# *Save report…* below the tabs puts all of it on one HTML page, with a Methods paragraph.
# *Save results…* in *Compress* writes volumes and tables ([what is in
# them](../reference/formats.md#a-folder-of-results)).
#
# ## What next?
#
# - [Does an autoencoder beat PCA on my data?](autoencoder_or_pca.md)
# - [The genes of a component](../howto/explain.md)
# - [Predict a receptor map](receptor_map.md)
