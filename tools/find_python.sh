#!/bin/sh
# Prints the path of a working Python of one of the minor versions given, in order of preference:
#   tools/find_python.sh 3.12 3.11
# Prints nothing where there is none. Every candidate is started, because a version manager may put
# a python3.12 on the PATH that only says that it is not installed. Interpreters that pyenv keeps
# but does not offer are found too.
for minor in "$@"; do
    for candidate in python3 "python$minor" "$HOME/.pyenv/versions/$minor".*/bin/python; do
        found=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2], sys.executable)' 2>/dev/null)
        if [ "${found%% *}" = "$minor" ]; then
            echo "${found#* }"
            exit 0
        fi
    done
done
