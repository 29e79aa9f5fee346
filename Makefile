# make setup   installs what is missing
# make build   the command, in release: .build/release/lora-train
# make demo    fine-tunes the bundled base and shows its answers before and after
# make test    every test; those that ask other libraries only where there are peers
# make asan    every test with AddressSanitizer, in a build of its own: .build/asan; ONLY=TensorTests runs some
# make tsan    the same with ThreadSanitizer: .build/tsan
# make ubsan   the same with UndefinedBehaviorSanitizer for the C kernels: .build/ubsan
# make peers   the libraries that tests and benchmarks compare with: .build/peers; STRICT=1 fails where one does not install
# make bench   measures it beside PyTorch and writes Docs/Performance.md; ONLY=, ROUNDS=, DATA=, TOKENIZER=, BASE=
SHELL := /bin/bash
SWIFT ?= swift
RUN := .build/release/lora-train

.PHONY: setup build demo test asan tsan ubsan peers bench clean

setup:
	@Scripts/setup.sh

build: setup
	$(SWIFT) build -c release --product lora-train

demo: build
	@Examples/tiny/demo.sh $(RUN)

test: setup
	$(SWIFT) build -c release --product lora-train
	$(SWIFT) test --disable-xctest

asan: setup
	@Scripts/sanitize.sh address $(if $(ONLY),--filter "$(ONLY)")

tsan: setup
	@Scripts/sanitize.sh thread $(if $(ONLY),--filter "$(ONLY)")

ubsan: setup
	@Scripts/sanitize.sh undefined $(if $(ONLY),--filter "$(ONLY)")

peers:
	@Scripts/setup.sh peers
	@python3 Scripts/make_peers.py $(if $(STRICT),--strict)

bench: build
	@python3 Benchmarks/run.py --command "$(RUN)" $(if $(ONLY),--only "$(ONLY)") $(if $(ROUNDS),--rounds "$(ROUNDS)") \
		$(if $(DATA),--data "$(DATA)") $(if $(TOKENIZER),--tokenizer "$(TOKENIZER)") $(if $(BASE),--base "$(BASE)")

clean:
	rm -rf .build
