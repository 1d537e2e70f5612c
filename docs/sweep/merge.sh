#!/usr/bin/env bash
# Joins the reports of all shards, when all have ended: REPORTS/whole/report.html and report.json.
# Ends as one run of everything would: 0 if it passes, 1 if a rule fails or has no verdict.
#
# Environment: SHARDS, REPORTS and SMOLLM3 as of shard.sh
set -euo pipefail

reports=()
for ((index = 0; index < ${SHARDS:?}; index++)); do
  reports+=("${REPORTS:?}/shard-$index/report.json")
done
exec "${SMOLLM3:-./smollm3}" conform --merge "${reports[@]}" --report "$REPORTS/whole"
