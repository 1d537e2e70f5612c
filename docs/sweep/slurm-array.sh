#!/usr/bin/env bash
# Four shards as one job array: sbatch docs/sweep/slurm-array.sh, from the folder of the repository.
# For N shards change the array to 0-(N-1).
#SBATCH --job-name=conform
#SBATCH --array=0-3
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --output=conform-%A-%a.log
set -euo pipefail

export BACKEND=${BACKEND:-NAME}
export SHARDS=$SLURM_ARRAY_TASK_COUNT
export REPORTS=${REPORTS:-$PWD/reports}
export OPTIONS=${OPTIONS:---profile full}
exec docs/sweep/shard.sh
