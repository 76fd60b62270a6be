# Print the first Python that runs and is new enough; name what was found otherwise.
# Each candidate is run, for a name on the path may be a shim that leads nowhere.
found=""
for name in ${PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3 python; do
    version=$("$name" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) \
        || continue
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "$name"
        exit 0
    fi
    case "$found" in *"$version"*) ;; *) found="${found:+$found, }$version ($name)" ;; esac
done
echo "cnnspec needs Python 3.11 or newer; found ${found:-no Python at all}." >&2
echo "Install one, or point at it: make PYTHON=/path/to/python3.11 ..." >&2
exit 1
