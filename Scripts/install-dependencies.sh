#!/usr/bin/env bash
# Installs what Descent needs and the machine lacks: oneDNN, OpenBLAS with LAPACK, zlib, SQLite, libpng, libjpeg-turbo, gnuplot,
# Fashion-MNIST.
set -euo pipefail

if command -v apt-get >/dev/null; then
  packages=(libdnnl-dev libopenblas-dev liblapacke-dev zlib1g-dev libsqlite3-dev libpng-dev libturbojpeg0-dev gnuplot-nox
    dataset-fashion-mnist)
  missing=()
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "installing: ${missing[*]}" >&2
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
elif command -v brew >/dev/null; then
  for formula in onednn openblas sqlite libpng jpeg-turbo gnuplot; do
    brew list --formula "$formula" >/dev/null 2>&1 || brew install "$formula"
  done
  # Homebrew has no package of Fashion-MNIST: the authors' files (MIT licence).
  folder=$HOME/.cache/descent/fashion-mnist
  mkdir -p "$folder"
  for file in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    file=$file-ubyte.gz
    [ -f "$folder/$file" ] && continue
    curl -fsSL --retry 3 -o "$folder/$file.part" \
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/$file"
    mv "$folder/$file.part" "$folder/$file"
  done
else
  echo "Install oneDNN, OpenBLAS with LAPACKE, zlib, SQLite, libpng, libjpeg-turbo and gnuplot, then run this again." >&2
  exit 1
fi
