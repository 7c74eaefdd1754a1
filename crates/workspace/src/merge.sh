# Brings what an agent did onto the tip that it has to land on, inside the sandbox: the agent's own git stands at its
# collected work then, with the merge in the tree, not committed, and markers where both sides changed the same lines.
#
# $1 the tree, $2 the collected work, $3 the tip. Ends with 0 however the merge went, unless it could not be begun.
set -eu
cd "$1"
work=$2 onto=$3
git() { command git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c merge.conflictStyle=diff3 "$@"; }
# Begun before, by a job that was lost or in the run before this one.
if [ "$(git rev-parse -q --verify MERGE_HEAD || true)" = "$onto" ]; then exit 0; fi
git merge --abort 2>/dev/null || true
if git merge-base --is-ancestor "$onto" HEAD; then exit 0; fi
git reset -q --mixed "$work"
# One means a conflict, which is what somebody is here for.
status=0
git merge --no-commit --no-ff -q "$onto" || status=$?
if [ "$status" -gt 1 ]; then exit "$status"; fi
[ "$(git rev-parse -q --verify MERGE_HEAD || true)" = "$onto" ]
