# Commits what an agent left and writes a bundle of its work to standard output, inside the sandbox.
#
# $1 the tree, $2 the base commit, $3 where the store's objects are, $4 the message, $5 `list` when the
# changed paths come on standard input (NUL-separated, what is gone after an empty one) or `all`, $6 the commit that
# the work was to be merged with, if any.
#
# Only `rev-parse` runs under the agent's configuration, and inside the sandbox at that. All else uses a
# fresh git directory: hooks, filters and excludes that the agent configured are not there.
set -eu
tree=$1 base=$2 store=$3 message=$4 how=$5 onto=${6:-}
dir=$(mktemp -d)
head=$(git -C "$tree" rev-parse -q --verify 'HEAD^{commit}' 2>/dev/null || echo "$base")
merging=$(git -C "$tree" rev-parse -q --verify 'MERGE_HEAD^{commit}' 2>/dev/null || true)
objects=$(cd "$tree" && git rev-parse --git-path objects 2>/dev/null || echo .git/objects)
cd "$tree"
objects=$(cd "$objects" 2>/dev/null && pwd || true)
export GIT_AUTHOR_NAME='Sidekick agent' GIT_AUTHOR_EMAIL=agent@sidekick.invalid LC_ALL=C
export GIT_COMMITTER_NAME="$GIT_AUTHOR_NAME" GIT_COMMITTER_EMAIL="$GIT_AUTHOR_EMAIL"
export GIT_DIR="$dir/git" GIT_LITERAL_PATHSPECS=1 GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
git init -q --bare "$GIT_DIR"
printf '%s\n' "$store" ${objects:+"$objects"} >"$GIT_DIR/objects/info/alternates"
git cat-file -e "$base^{commit}"
git merge-base --is-ancestor "$base" "$head" 2>/dev/null || head=$base
export GIT_WORK_TREE="$tree"
git config core.bare false
git read-tree "$head"
if [ "$how" = all ]; then
  # A copy has no list of its changes: every file is looked at. Repositories inside it are plain files.
  { find . -name .git -prune -o \( -type f -o -type l \) -print0 | sed -z 's,^\./,,'; printf '\0'; git ls-files -z -d; } >"$dir/input"
else
  cat >"$dir/input"
fi
# Up to the empty path: files; after it: what is gone, of which the index knows the files.
tr '\0\n' '\n\0' <"$dir/input" >"$dir/lines"
sed '/^$/,$d' <"$dir/lines" >"$dir/files"
sed '0,/^$/d' <"$dir/lines" >"$dir/gone"
if [ -s "$dir/gone" ]; then
  tr '\0\n' '\n\0' <"$dir/gone" | xargs -0 git ls-files -z -- | tr '\0\n' '\n\0' >>"$dir/files"
fi
# What commits of the agent's added and is gone again leaves no trace in its layer.
if [ "$head" != "$base" ]; then
  git ls-files -z -d | tr '\0\n' '\n\0' >>"$dir/files"
fi
tr '\0\n' '\n\0' <"$dir/files" >"$dir/paths"
# Ignored files are not work; files that are tracked are, whatever is ignored.
env -u GIT_LITERAL_PATHSPECS git check-ignore -z --stdin <"$dir/paths" >"$dir/ignored" || true
tr '\0\n' '\n\0' <"$dir/ignored" >"$dir/ignored-lines"
if [ -s "$dir/ignored-lines" ]; then
  grep -a -F -x -v -f "$dir/ignored-lines" "$dir/files" >"$dir/kept" || true
else
  cp "$dir/files" "$dir/kept"
fi
tr '\0\n' '\n\0' <"$dir/kept" | git update-index -z --add --remove --replace --stdin
result=$head
new=$(git write-tree)
# A merge that was begun for it is the work's second parent, whatever the tree became.
if [ -z "$onto" ] || [ "$merging" != "$onto" ]; then merging=; fi
if [ -n "$merging" ] || [ "$new" != "$(git rev-parse "$head^{tree}")" ]; then
  result=$(printf '%s\n' "$message" | git commit-tree "$new" -p "$head" ${merging:+-p "$merging"})
fi
if [ "$result" != "$base" ]; then
  git update-ref refs/heads/result "$result"
  git bundle create -q - "$base..refs/heads/result" ${merging:+"^$merging"}
fi
rm -rf "$dir"
