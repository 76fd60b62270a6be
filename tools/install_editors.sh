#!/bin/sh
# What the tests of editors need, from Debian's packages where it is missing: Neovim, and npm.
set -eu
missing=
for program in nvim npm; do
    command -v "$program" >/dev/null || missing="$missing $program"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "install what is missing first:$missing" >&2
    exit 1
fi
echo "installing$missing (Debian's packages)"
packages=$(echo "$missing" | sed 's/nvim/neovim/')
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # several words are meant
apt-get install -y -qq --no-install-recommends $packages >/dev/null
