# For ./barkive and ./check: finds a Python and prepares a virtual environment.

# prepare FOLDER REQUIREMENT [SIZE]: makes FOLDER a virtual environment that holds REQUIREMENT,
# in the state of the code, and sets $venv, and $bin to where its programs lie. Does nothing where
# that is so already. SIZE tells how much a new one takes.
prepare() {
    venv=$1 bin=$1/bin
    case $(uname -s) in MINGW* | MSYS* | CYGWIN*) bin=$1/Scripts ;; esac
    stamp=$venv/barkive-installed
    case $2 in
    "-e "*) code=$here/src/barkive/__init__.py ;; # the version; the rest is used where it lies
    *) code=$here/src ;;
    esac
    if [ -e "$stamp" ] && [ -z "$(find "$here/pyproject.toml" "$code" -newer "$stamp" \
        ! -name '*.pyc' ! -name __pycache__ 2>/dev/null | head -n 1)" ]; then
        return
    fi
    if [ -e "$stamp" ]; then
        echo "Bringing $venv up to date ..." >&2
    else
        echo "Installing Barkive and what it needs into $venv${3:+ ($3)} ..." >&2
    fi
    if [ ! -x "$bin/python" ] || ! "$bin/python" -c '' 2>/dev/null; then
        "$(find_python)" -m venv --clear "$venv"
    fi
    case $2 in
    "-e "*) "$bin/python" -m pip install --quiet --disable-pip-version-check -e "${2#-e }" >&2 ;;
    *) "$bin/python" -m pip install --quiet --disable-pip-version-check --upgrade "$2" >&2 ;;
    esac
    touch "$stamp"
}

find_python() {
    for python in python3 python3.11 python3.12 python3.13 python3.14 python; do
        if "$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    echo "Barkive needs Python 3.11 or newer, with venv; none was found on the PATH." >&2
    exit 2
}
