#!/bin/sh
# Pack the extension for Visual Studio Code into $2, by vsce, with the client that it needs; built in
# the folder $1, so that nothing of npm lies among the sources.
set -eu
folder=$1
target=$(realpath -m "$2")
vsce=3.9.2
esbuild=0.25.12
command -v npm >/dev/null || { echo "npm is needed: tools/install_editors.sh installs it" >&2; exit 1; }
rm -rf "$folder"
mkdir -p "$folder" "$(dirname "$target")"
cp -R editors/vscode/. "$folder"
cd "$folder"
npm install --silent --omit=dev --no-package-lock --no-audit --no-fund
npm exec --silent --yes "esbuild@$esbuild" -- extension.js --bundle --minify --platform=node \
    --external:vscode --log-level=warning --outfile=bundled.js
mv bundled.js extension.js
rm -rf node_modules
npm exec --silent --yes "@vscode/vsce@$vsce" -- package --no-dependencies --skip-license \
    --allow-missing-repository --out "$target" >/dev/null
echo "packed $target"
