#!/bin/sh
# What the tests that need a browser need: Chromium and its driver, and npm, from Debian's packages
# where they are missing; and Mermaid itself, as npm has it, in the folder $1.
set -eu
folder=$1
mermaid=11.17.2
missing=
for program in chromium chromedriver npm; do
    command -v "$program" >/dev/null || missing="$missing $program"
done
if [ -n "$missing" ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "install what is missing first:$missing" >&2
        exit 1
    fi
    echo "installing$missing (Debian's packages)"
    packages=$(echo "$missing" | sed 's/chromedriver/chromium-driver/')
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086 # several words are meant
    apt-get install -y -qq --no-install-recommends $packages fonts-liberation >/dev/null
fi
if [ ! -f "$folder/mermaid.min.js" ] || [ "$(cat "$folder/version" 2>/dev/null)" != "$mermaid" ]; then
    mkdir -p "$folder"
    echo "fetching mermaid $mermaid"
    (cd "$folder" && npm pack --silent "mermaid@$mermaid" >/dev/null &&
        tar -xzf "mermaid-$mermaid.tgz" --strip-components=2 package/dist/mermaid.min.js &&
        rm "mermaid-$mermaid.tgz" && echo "$mermaid" >version)
fi
