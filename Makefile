# make setup   installs what is missing
# make build   the command, in release: .build/release/lora-train
# make demo    fine-tunes the bundled base and shows its answers before and after
# make test    every test, in a release build of its own: .build/tests; those that ask other libraries only where there
#              are peers
# make test-fast  the tests of the libraries alone, which run no command
# make check-runs  what users, shells and batch systems do to runs; ONLY=signals,lock runs some
# make fuzz    mutated files of every kind through the readers; FORMAT=, COUNT= (100,000 of each), SEED=
# make asan    every test with AddressSanitizer, in a build of its own: .build/asan; ONLY=TensorTests runs some, PART=1/4
#              a quarter of all
# make tsan    the same with ThreadSanitizer: .build/tsan
# make ubsan   the same with UndefinedBehaviorSanitizer for the C kernels: .build/ubsan
# make peers   the libraries that tests and benchmarks compare with: .build/peers; STRICT=1 fails where one does not install
# make format  puts the Swift sources into the form of .swift-format
# make lint    fails where one is in another form
# make examples  builds and runs the package in Examples/CustomFineTune, which depends on this one
# make api-docs  fails where something public has no doc comment
# make bench   measures it beside PyTorch and writes Docs/Performance.md; ONLY=, ROUNDS=, DATA=, TOKENIZER=, BASE=
# make scaling  measures it on several processes and writes Docs/Scaling.md; ONLY=, ROUNDS=, BASE=; root for the emulated network
#
# MPI=1 builds for training on several processes, and installs Open MPI where there is no MPI; MPI=0 builds without.
# Left out, the build has it where pkg-config finds an MPI; MPI_PKG= names another file of pkg-config.
SHELL := /bin/bash
SWIFT ?= swift
RUN := .build/release/lora-train

# Asked when a recipe runs, as setup may just have installed it.
MPI_PKG ?= $(shell for name in mpi ompi-c mpich; do pkg-config --exists $$name 2>/dev/null && echo $$name && break; done)
WITH_MPI = $(if $(filter 0,$(MPI)),,$(or $(filter 1,$(MPI)),$(MPI_PKG)))
TRAITS_WITH_MPI = --traits OpenBLAS,OneDNN,Oniguruma,MPI
TRAITS = $(if $(WITH_MPI),$(TRAITS_WITH_MPI))
BUILD = $(if $(MPI_PKG),MPI_PKG=$(MPI_PKG)) $(SWIFT)
# The optimized build takes a minute longer than the debug build, and its tests a third of the time.
TEST = $(BUILD) test --disable-xctest -c release -Xswiftc -enable-testing --scratch-path .build/tests

.PHONY: setup build demo test test-fast check-runs fuzz asan tsan ubsan peers format lint examples api-docs bench scaling clean

SWIFT_SOURCES = Package.swift Sources Tests Examples/CustomFineTune/Package.swift Examples/CustomFineTune/Sources

setup:
	@MPI=$(MPI) Scripts/setup.sh

build: setup
	$(BUILD) build -c release --product lora-train $(TRAITS)

demo: build
	@Examples/tiny/demo.sh $(RUN)

test: setup
	$(TEST) $(TRAITS)

test-fast: setup
	$(TEST) --skip EndToEndTests $(TRAITS)

check-runs: build
	@python3 Scripts/check_runs.py $(if $(ONLY),--only "$(ONLY)")

fuzz: setup
	$(BUILD) build -c release --product fuzz $(TRAITS)
	@.build/release/fuzz $(FORMAT) --count $(or $(COUNT),100000) --seed $(or $(SEED),1)

asan: setup
	@PART=$(PART) Scripts/sanitize.sh address $(if $(ONLY),--filter "$(ONLY)")

tsan: setup
	@PART=$(PART) Scripts/sanitize.sh thread $(if $(ONLY),--filter "$(ONLY)")

ubsan: setup
	@PART=$(PART) Scripts/sanitize.sh undefined $(if $(ONLY),--filter "$(ONLY)")

peers:
	@Scripts/setup.sh peers
	@python3 Scripts/make_peers.py $(if $(STRICT),--strict)

format:
	$(SWIFT) format --in-place --parallel --recursive $(SWIFT_SOURCES)

lint:
	$(SWIFT) format lint --strict --parallel --recursive $(SWIFT_SOURCES)

examples: setup
	@Scripts/run-examples.sh

api-docs: setup
	@Scripts/check-api-docs.py

bench: build
	@python3 Benchmarks/run.py --command "$(RUN)" $(if $(ONLY),--only "$(ONLY)") $(if $(ROUNDS),--rounds "$(ROUNDS)") \
		$(if $(DATA),--data "$(DATA)") $(if $(TOKENIZER),--tokenizer "$(TOKENIZER)") $(if $(BASE),--base "$(BASE)")

scaling:
	@$(MAKE) --no-print-directory build MPI=1
	@python3 Benchmarks/scaling/run.py --command "$(RUN)" $(if $(ONLY),--only "$(ONLY)") $(if $(ROUNDS),--rounds "$(ROUNDS)") \
		$(if $(BASE),--base "$(BASE)")

clean:
	rm -rf .build
