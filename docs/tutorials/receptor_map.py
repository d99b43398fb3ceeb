# %% [markdown]
# # Predict a receptor map
#
# How much do a few components of gene expression know about where a receptor is dense? Maps are predicted at
# held-out places, and compared with [maps that are as smooth and as symmetric, but related to
# nothing](../explanation/null.md). In the window, [Predict maps](../howto/predict-maps.md) does the same.
#
# %% [hide]
import shutil

import pandas as pd

import tutorial_data

tutorial_data.table()
paths = tutorial_data.targets()
print(*(path.name for path in paths), sep="\n")
# %% [markdown]
# These are the maps to predict: volumes in the space of the atlas. `predict` takes their mean in each
# region, leaves a fifth of the brain out, learns from the rest, and predicts the fifth.
#
# %% [shell]
# compressed-transcriptomics predict regions.csv --atlas atlas.nii.gz \
#     --labels labels.csv --targets targets/* --methods pca genes --latent 8 \
#     --repeats 2 --surrogates 200 --out prediction
# %% [hide]
shutil.copy("prediction/prediction.png", "r2-at-places-held-out.png")
# %% [markdown]
# Each dot is a target. It is filled where fewer than 5 % of the surrogate maps are predicted as well, after
# correction for the number of targets.
#
# %%
scores = pd.read_csv("prediction/prediction.csv")
columns = ["target", "method", "r2", "r2_low", "r2_high", "p_spatial", "p_fdr"]
print(scores[columns].round(3).to_string(index=False))
# %% [markdown]
# - **R²** is at held-out places, against the mean of the training places: 0 is as good as that mean, and below
#   0 the prediction is worse.
# - **The interval** is wide where folds disagree. A high R² whose interval spans 0 is no finding.
# - **p_spatial** answers one question only: how often is a map like this, related to nothing, predicted as
#   well? A high R² with a large p is no contradiction: maps as smooth, as symmetric and with such steps
#   between cortex and subcortex are predicted that well from whatever else has them.
# - **`genes`** are all genes through ridge regression, for reference: what 8 components leave of them.
#
# ## See it
#
# %% [hide]
import subprocess
import sys

best = scores.loc[scores["r2"].idxmax(), "target"]
what = [f"{kind}:{best}" for kind in ("target", "predicted", "error")]
figure = [sys.executable, "-m", "napari_compressed_transcriptomics.cli", "figure", "prediction"]
subprocess.run(
    [*figure, "--what", *what, "--planes", "axial", "--slices", "5", "--out", "best-map.png"],
    check=True,
    capture_output=True,
)
print(
    f"compressed-transcriptomics figure prediction \\\n    --what {' '.join(what)} \\\n"
    "    --planes axial --slices 5 --out best-map.png"
)
# %% [markdown]
# The target that is predicted best, its prediction (each region from the rest of the brain) and the error.
#
# ## Before you publish it
#
# - Expression and receptors were measured in different people. Neither R² nor p tells how much that matters.
# - A high R² may be mostly the step between cortex and subcortex. Predict the cortex alone to see.
# - The codec saw the expression of all regions, though none of the targets.
