# A large Python stack in a virtual environment, five layers, about 100,000 files. A second layout, python-next, differs in the last layer only.

build_python() {
  science='numpy==1.26.4 pandas==2.2.3 scipy==1.15.2 scikit-learn==1.6.1 matplotlib==3.10.0 statsmodels==0.14.4 sympy==1.13.3 pyarrow==19.0.0'
  learning='tensorflow-cpu==2.16.2 opencv-python-headless==4.11.0.86 nltk==3.9.1 spacy==3.8.4'
  serving='jupyterlab==4.3.5 notebook==7.3.2 django==5.1.6 boto3==1.36.21 flask==3.1.0 fastapi==0.115.8 sqlalchemy==2.0.38 sphinx==8.1.3 plotly==6.0.0 ansible==10.7.0 google-api-python-client==2.161.0'
  application='celery==5.4.0 gunicorn==23.0.0 requests==2.32.3'

  sources=$(debian_sources)
  [ -n "$sources" ] || skip "this machine has no package sources for $SUITE"
  build_base python-base --include=python3,python3-venv,python3-yaml,ca-certificates
  start_from python python-base
  wheels=$OUT/.wheels
  # shellcheck disable=SC2086 # lists of words
  pip3 download --quiet --python-version "$PYTHON" --implementation cp --platform manylinux2014_x86_64 --platform manylinux_2_28_x86_64 \
    --only-binary=:all: --dest "$wheels" $science $learning $serving $application >&2
  chroot "$root" python3 -m venv /opt/venv >&2
  venv_layer "$science"
  venv_layer "$learning"
  venv_layer "$serving"

  wheel_install "$application"
  mkdir -p "$root/srv/app"
  echo 'print("first")' >"$root/srv/app/main.py"
  umoci repack --history.created_by 'COPY app; pip install celery' --image "$work/layout:python" "$work/bundle" >&2
  # the same image a commit later
  echo 'print("second")' >"$root/srv/app/main.py"
  umoci repack --history.created_by 'COPY app; pip install celery' --image "$work/layout:next" "$work/bundle" >&2
  rm -rf "$OUT/python-next"
  skopeo copy --quiet "oci:$work/layout:next" "oci:$OUT/python-next:python-next" >&2
  umoci remove --image "$work/layout:next" >&2
  rm -rf "$wheels"
  finish python "$work"
}

# $1 requirements
venv_layer() {
  wheel_install "$1"
  pack "$work" python "pip install $1"
}

# Installs as pip does inside: with RECORD, INSTALLER and compiled modules.
wheel_install() {
  cp -al "$wheels" "$root/tmp/wheels"
  # shellcheck disable=SC2086 # a list of words
  env -u PIP_FIND_LINKS chroot "$root" /opt/venv/bin/pip install --quiet --no-index --find-links /tmp/wheels $1 >&2
  rm -rf "$root/tmp/wheels"
}
