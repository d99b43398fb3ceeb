# %% [markdown]
# # A whole genome at 2 mm
#
# Whole-brain transcriptomes come as one volume per gene: 185,682 voxels x 18,686 genes, 14 GB. This is how
# to handle them, shown here on a few maps; the commands are the same for all genes.
#
# %% [hide]
import json
from pathlib import Path

import tutorial_data

folder = tutorial_data.maps()
paths = sorted(folder.iterdir())
print(f"{len(paths)} files in {folder}/, such as {paths[0].name}")
# %% [markdown]
# ## Look before you read
#
# `info` checks the grids of all files, finds the brain, and names the maps that are broken.
#
# %% [shell]
# compressed-transcriptomics info mrna --impute drop_genes
# %% [markdown]
# Real maps are like that: some hold values that no gene can have. They are refused unless you say what to
# do about them; `drop_genes` leaves them out ([bad maps](../howto/whole-brain-maps.md#bad-maps)).
#
# ## Make a store, once
#
# What does not fit into memory is converted into a store, which is read a gene or a block of voxels at a time.
#
# %% [shell]
# compressed-transcriptomics convert mrna --impute drop_genes --out brain.zarr
# %% [markdown]
# If it is interrupted, the same command resumes. In napari, drop the folder `brain.zarr` on the window.
#
# ## Compress it
#
# PCA and the default codec are fitted in a few passes through the store; memory does not grow with it.
#
# %% [shell]
# compressed-transcriptomics encode brain.zarr --model pca --latent 4 --out result
# compressed-transcriptomics figure result --what rmse component:1 component:2 \
#     --planes axial coronal --slices 4 --out components.png
# %%
summary = json.load(open("result/summary.json"))
size = sum(path.stat().st_size for path in Path("brain.zarr").rglob("*")) / 1e6
print(f"{summary['n_samples']:,} voxels x {summary['n_genes']:,} genes")
seconds = summary["seconds"]
print(f"{size:.0f} MB on disk; fitted, encoded and measured in {seconds:.0f} s")
# %% [markdown]
# `--model residual` is the default autoencoder; with few genes it takes longer than PCA, with thousands hardly so
# ([measured](../howto/large-data.md#what-it-takes-measured)).
#
# ## Where next
#
# - [What streams, and what needs memory](../howto/large-data.md#what-streams-and-what-needs-memory)
# - [The same on a cluster](cluster.md)
