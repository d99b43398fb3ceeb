# %% [markdown]
# # Can this reconstruction be trusted?
#
# A codec reconstructs every voxel and every gene, and all of it looks like a brain. Five questions tell how
# much of it to believe. Here they are asked on the command line; in the window, each is a click
# ([Check a reconstruction](../howto/check.md)).
#
# %% [hide]
import json

import pandas as pd

import tutorial_data

tutorial_data.table()
# %% [markdown]
# There are three files in this folder: a table with a row per region and a column per gene, its atlas, and the
# names of the atlas's ids. One command compresses the table into 8 components. `--held-out` measures the error
# on held-out samples, too.
#
# %% [shell]
# compressed-transcriptomics encode regions.csv --atlas atlas.nii.gz \
#     --labels labels.csv --model residual --latent 8 --held-out --out result
# %% [markdown]
# Read the notes first: they say what was left out and why.
#
# ## 1. What is the error on samples that it has not seen?
#
# %%
summary = json.load(open("result/summary.json"))
fitted, held_out = summary["rmse"], summary["held_out"]["rmse"]
print(f"RMSE on the data fitted to   {fitted:.4f}")
print(f"held-out RMSE                {held_out:.4f}")
print(f"times the fitted error       {held_out / fitted:.1f}")
# %% [markdown]
# Judge anything that should hold for other brains by the second number
# ([what it is](../explanation/held-out-error.md)). The first says how well *these* samples can be reconstructed
# from 8 numbers each.
#
# ## 2. Is it better than knowing nothing?
#
# Each gene has a mean. A codec that knows nothing gives that mean for every region, and errs by the gene's
# standard deviation. If the held-out error is as large, the components say nothing about
# the gene that could be relied on elsewhere.
#
# %%
genes = pd.read_csv("result/gene_error.csv", index_col="gene")
better = genes["held_out_rmse"] < genes["sd"]
n = better.sum()
print(f"{n:,} of {len(genes):,} genes are reconstructed better than by their mean")
genes["ratio"] = genes["held_out_rmse"] / genes["sd"]
print(genes.nlargest(5, "ratio").round(3))
# %% [markdown]
# ## 3. Where is it worst?
#
# %%
samples = pd.read_csv("result/sample_error.csv", index_col="sample")
print(samples[["rmse", "held_out_rmse"]].nlargest(5, "held_out_rmse").round(3))
# %% [shell]
# compressed-transcriptomics figure result --what rmse held-out --planes axial \
#     --slices 5 --own-scales --out errors.png
# %% [markdown]
# Regions unlike all others do worst, as nothing in the rest of the brain tells what they are like. That is
# a fact about the brain more than about the codec.
#
# ## 4. Does it pull values towards the mean?
#
# %% [shell]
# compressed-transcriptomics figure result --what density --out values.png
# %% [markdown]
# Points on the dashed line are reconstructed exactly; a cloud that is flatter than the line has its
# extremes pulled towards the mean.
#
# ## 5. Are other data like those that it learned from?
#
# A model carries a description of its training data, for use on other data. Here the first ten regions
# are spoilt with noise as large as each gene's own variation, and the rest are left as they were.
#
# %%
import numpy as np

import napari_compressed_transcriptomics as ct

expression = ct.read_expression("regions.csv", "atlas.nii.gz", "labels.csv")
codec = ct.fit_codec("pca", expression, 8)
spoilt = expression.values.copy()
noise = np.random.default_rng(0).normal(size=(10, expression.n_genes))
spoilt[:10] += noise * spoilt.std(axis=0)
place = expression.parcellation
other = ct.Expression(spoilt, expression.genes, expression.samples, place, "spoilt")
outside = ct.reconstruct(codec, other).novelty.distance > 1
print(f"outside, of the ten that were spoilt:  {outside[:10].sum()}")
print(f"outside, of the {len(outside) - 10} others:         {outside[10:].sum()}")
# %% [markdown]
# If more than a fifth of the brain is outside, you are warned, and should not read much into the
# reconstruction ([how it is measured](../reference/numbers.md#distance-to-training-data)).
#
# ## In writing
#
# `compressed-transcriptomics report result --out report.html` puts it all on one page.
