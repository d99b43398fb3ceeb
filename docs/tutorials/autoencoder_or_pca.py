# %% [markdown]
# # Does an autoencoder beat PCA on my data?
#
# An autoencoder that was fitted to 80 regions reconstructs these 80 regions better than PCA. That proves
# nothing: it can learn more of them by heart. The question is which is better on regions *left out*. In the
# window, [Compare methods](../howto/compare-methods.md) does the same.
#
# %% [hide]
import pandas as pd

import tutorial_data

tutorial_data.table()
# %% [markdown]
# ## Leave parts of the brain out
#
# `compare` fits each method to four fifths of the brain and measures it on the fifth, five times over, with
# [blocks of space](../explanation/blocks-of-space.md) and with samples drawn at random.
#
# %% [shell]
# compressed-transcriptomics compare regions.csv --atlas atlas.nii.gz \
#     --labels labels.csv --methods residual pca kernel-pca --latent 2 8 \
#     --split blocks random --out comparison
# %% [hide]
import shutil

shutil.copy("comparison/comparison.png", "error-on-samples-left-out.png")
# %% [markdown]
# Each dot is a fold. Look at the spread of the dots before the means: with few folds of few regions, methods
# whose dots overlap cannot be told apart by their means.
#
# ## Fold by fold
#
# Folds differ more than methods do, so compare the methods fold by fold. Below 1 the autoencoder is better.
#
# %%
scores = pd.read_csv("comparison/comparison.csv")
each = ["split", "latent_size", "fold"]
folds = scores.pivot_table(index=each, columns="method", values="rmse")
ratio = (folds["residual"] / folds["pca"]).rename("residual / pca")
print(ratio.groupby(["split", "latent_size"]).agg(["mean", "min", "max"]).round(3))
# %%
for split, of in ratio.groupby("split"):
    better = (of < 1).sum()
    print(f"{split}: the autoencoder errs less in {better} of {len(of)} fits")
# %% [markdown]
# Five folds share most of their training samples, so they are not five independent witnesses. A method
# that is better in all of them, at each number of components, is worth believing; one that is better in
# three of five is not.
#
# ## How near was the answer?
#
# %%
near = scores.groupby("split")[["n_train", "distance_median_mm"]].median()
print(near.round(1))
# %% [markdown]
# With random folds the nearest training sample, or its mirror image, is next door: so the error is that for a
# region whose neighbours are known. With blocks it is centimetres away.
#
# ## What to do with the answer
#
# - **The autoencoder is better in blocks and at random**: use it, with the number of components where the
#   error stops falling.
# - **Only at random**: it interpolates better between neighbours, but has found nothing more that holds
#   elsewhere. PCA is simpler to explain.
# - **Nowhere**: use PCA. The default autoencoder starts as PCA and stays there if held-out samples do not
#   agree that more helps, so little is lost by trying.
#
# What we found on public tables of the Allen atlas is in [What was published, and what we
# found](../explanation/published-claims.md).
