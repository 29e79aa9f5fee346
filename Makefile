# make setup   installs what is missing
# make build   the command, in release: .build/release/lora-train
# make demo    fine-tunes the bundled base and shows its answers before and after
# make test    every test; those that ask other libraries only where there are peers
# make fuzz    mutated files of every kind through the readers; FORMAT=, COUNT= (100,000 of each), SEED=
# make peers   the libraries that tests and benchmarks compare with: .build/peers; STRICT=1 fails where one does not install
# make bench   measures it beside PyTorch and writes Docs/Performance.md; ONLY=, ROUNDS=, DATA=, TOKENIZER=, BASE=
SHELL := /bin/bash
SWIFT ?= swift
RUN := .build/release/lora-train

.PHONY: setup build demo test fuzz peers bench clean

setup:
	@Scripts/setup.sh

build: setup
	$(SWIFT) build -c release --product lora-train

demo: build
	@Examples/tiny/demo.sh $(RUN)

test: setup
	$(SWIFT) build -c release --product lora-train
	$(SWIFT) test --disable-xctest

fuzz: setup
	$(SWIFT) build -c release --product fuzz
	@.build/release/fuzz $(FORMAT) --count $(or $(COUNT),100000) --seed $(or $(SEED),1)

peers:
	@Scripts/setup.sh peers
	@python3 Scripts/make_peers.py $(if $(STRICT),--strict)

bench: build
	@python3 Benchmarks/run.py --command "$(RUN)" $(if $(ONLY),--only "$(ONLY)") $(if $(ROUNDS),--rounds "$(ROUNDS)") \
		$(if $(DATA),--data "$(DATA)") $(if $(TOKENIZER),--tokenizer "$(TOKENIZER)") $(if $(BASE),--base "$(BASE)")

clean:
	rm -rf .build
