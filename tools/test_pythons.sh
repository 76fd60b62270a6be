#!/bin/sh
# Run the framework-free tests that take little time on every Python that cnnspec claims and that
# is here, each in an environment of its own in the folder $1; say which are not here. The version
# that `make test` runs on is left to it. More arguments go to pytest.
set -eu
folder=$1
shift
tested=$("${VENV:-.venv}/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true)
passed=0
failed=0
for version in 3.11 3.12 3.13 3.14; do
    [ "$version" != "$tested" ] || continue
    python=
    for each in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python; do
        if "$each" -c 'import sys' 2>/dev/null; then
            python=$each
            break
        fi
    done
    if [ -z "$python" ]; then
        echo "Python $version is not here: not tested"
        continue
    fi
    venv=$folder/$version
    if [ ! -f "$venv/.installed" ] || [ pyproject.toml -nt "$venv/.installed" ]; then
        echo "making $venv"
        "$python" -m venv "$venv"
        "$venv/bin/python" -m pip --disable-pip-version-check install -qq \
            --constraint constraints.txt --editable '.[framework-free-test]'
        "$venv/bin/python" -m pip --disable-pip-version-check install -qq --no-deps \
            --constraint constraints.txt --editable tests/plugins/cnnspec-sample
        touch "$venv/.installed"
    fi
    echo "Python $version:"
    if "$venv/bin/python" -m pytest -q --framework-free --fast --numprocesses 2 --dist loadfile "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
echo "on $((passed + failed)) other Pythons: $passed passed, $failed failed"
[ "$failed" = 0 ]
