# %% [markdown]
# # On a cluster
#
# The same commands, with the work given to other machines by [Dask
# distributed](https://distributed.dask.org). This page starts a scheduler and two workers on one machine;
# on a cluster they run where the cores are, and everything else is the same.
#
# %% [hide]

from distributed import LocalCluster

import tutorial_data

tutorial_data.maps()
cluster = LocalCluster(
    n_workers=2, threads_per_worker=1, scheduler_port=45786, dashboard_address=None
)
# %% [markdown]
# ## Start
#
# Install the same versions on all machines, with the extra `cluster`. On one of them:
#
# ```sh
# dask scheduler
# ```
#
# which prints its address. On those that are to compute, one worker per core:
#
# ```sh
# dask worker tcp://127.0.0.1:45786 --nworkers 2 --nthreads 1
# ```
#
# ## Convert and compress
#
# `--scheduler` is all that is new. Workers read the maps and write the store themselves, so they must see
# these folders at the same paths.
#
# %% [shell]
# compressed-transcriptomics convert mrna --impute drop_genes --out brain.zarr \
#     --scheduler tcp://127.0.0.1:45786
# compressed-transcriptomics encode brain.zarr --model pca --latent 4 \
#     --out on-the-cluster --scheduler tcp://127.0.0.1:45786
# %% [hide]
cluster.close()
# %% [markdown]
# ## Is it the same?
#
# The same without a scheduler, in one thread as workers compute:
#
# %% [shell]
# compressed-transcriptomics encode brain.zarr --model pca --latent 4 --out here
# %%
import nibabel as nib
import numpy as np

for name in ("latents", "error"):
    there = nib.load(f"on-the-cluster/{name}.nii.gz").get_fdata()
    here = nib.load(f"here/{name}.nii.gz").get_fdata()
    largest = np.nanmax(np.abs(there - here))
    print(f"{name}: the largest difference is {largest:.1e}")
# %% [markdown]
# Zero if both computed in one thread; other numbers of threads change the last digits.
#
# ## On a queue
#
# A scheduler obeys anybody who can reach it: keep it within a network that you trust. Under Slurm, start
# the scheduler in the job's first task and workers in the others (or use
# [dask-jobqueue](https://jobqueue.dask.org)), and give its address to the command.
#
# [Use more than one machine](../howto/more-machines.md) says what is shared out, what stays on the machine
# that asks, and what happens if a worker dies.
