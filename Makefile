# make run    the main job on real data, then the path of its report
# make test   everything that is checked
# make test-mpi  descents on real processes (installs Open MPI)
# make bench  the training step beside PyTorch and JAX
# make bench-control  learning to control beside JAX and Stable-Baselines3
# make examples  builds and runs the packages in Examples, which depend on this one
# make documentation  the libraries' pages and tutorials, links checked; then what is public and has no docstring
# make test-matrix  the tests under each instruction set and on 1, 2 and 3 threads; make sanitize  under sanitizers
# make check-aarch64  the kernels compile for aarch64, with its vector instructions
SWIFT ?= swift
BUILD = $(SWIFT) build -c release

ifeq ($(shell uname),Darwin)
export CPATH := $(shell brew --prefix)/include:$(shell brew --prefix openblas)/include:$(CPATH)
export LIBRARY_PATH := $(shell brew --prefix)/lib:$(shell brew --prefix openblas)/lib:$(LIBRARY_PATH)
endif

.PHONY: run test test-mpi examples documentation test-matrix check-aarch64 sanitize bench bench-control build lint format dependencies

run: build
	.build/release/descent run calibration --preset quick --out runs/calibration-quick --replace

build: dependencies
	$(BUILD) --product descent

test: dependencies lint
	$(SWIFT) build -c release --build-tests
	Scripts/test.sh $(SWIFT)

test-mpi: dependencies
	Scripts/test-mpi.sh

examples: dependencies
	for example in Examples/*/; do (cd $$example && if [ -x study.sh ]; then SWIFT="$(SWIFT)" SCRATCH=../../.build-examples ./study.sh; \
	  else $(SWIFT) run -c release --scratch-path ../../.build-examples; fi) || exit 1; done

# Every library with a catalogue. Docstrings name only parameters that need a word, which docc would count as a fault; that
# those they name exist is seen by our own check.
LIBRARIES = $(basename $(notdir $(wildcard Sources/*/*.docc)))

documentation: dependencies
	@# The extraction of symbols sees the trait MPI, whether it is on or not.
	Scripts/install-mpi.sh
	$(SWIFT) package -c release generate-documentation $(LIBRARIES:%=--target %) --warnings-as-errors \
	  --disable-parameters-and-returns-validation
	Scripts/check-docstrings.py .build/*/extracted-symbols

test-matrix: dependencies
	Scripts/test-matrix.sh

check-aarch64:
	Scripts/check-aarch64.sh

sanitize: dependencies
	Scripts/sanitize.sh

lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests Examples
	Scripts/check-imports.sh

format:
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests Examples

bench: build
	Scripts/bench.sh

bench-control: build
	Scripts/bench-control.sh

dependencies:
	@Scripts/install-dependencies.sh
