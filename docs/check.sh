#!/usr/bin/env bash
# Runs the commands of the guide as they stand on its pages, in order and in one temporary folder: bash docs/check.sh [TATI]
#
# Those are the lines of ```console blocks that begin with `$ tati `, with those that a `\` goes on with. Each has to end with 0, or with
# the N of a comment `# exit status N`. The program is the first argument, $TATI or target/release/tati.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
tati=${1:-${TATI:-$here/../target/release/tati}}
tati=$(cd "$(dirname "$tati")" && pwd)/$(basename "$tati")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin" "$folder/work"
ln -s "$tati" "$folder/bin/tati"
export PATH="$folder/bin:$PATH"
cd "$folder/work"

pages=$(grep -o '([a-z-]*\.md)' "$here/src/SUMMARY.md" | tr -d '()')
commands=0
for page in $pages; do
    # Continued lines joined.
    awk '/^```console$/ { inside = 1; next }
         /^```/ { inside = 0 }
         inside && (going || /^\$ tati /) { going = sub(/\\$/, ""); printf "%s%s", $0, going ? "" : "\n" }' \
        "$here/src/$page" > "$folder/commands"
    while IFS= read -r line; do
        command=${line#\$ }
        expected=0
        if [[ $command =~ \#\ exit\ status\ ([0-9]+)$ ]]; then expected=${BASH_REMATCH[1]}; fi
        printf '%4s s  %s: %s\n' "$SECONDS" "$page" "$command"
        status=0
        bash -c "$command" > "$folder/output" 2>&1 < /dev/null || status=$?
        if [ "$status" != "$expected" ]; then
            printf 'ended with %s, not with %s:\n' "$status" "$expected"
            cat "$folder/output"
            exit 1
        fi
        commands=$((commands + 1))
    done < "$folder/commands"
done
if [ "$commands" = 0 ]; then
    echo 'no command found'
    exit 1
fi
printf '%s commands of the guide in %s s\n' "$commands" "$SECONDS"
