# make setup   installs what is missing
# make build   the command, in release: .build/release/lora-train
# make demo    fine-tunes the bundled base and shows its answers before and after
# make test    every test
SHELL := /bin/bash
SWIFT ?= swift
RUN := .build/release/lora-train

.PHONY: setup build demo test clean

setup:
	@Scripts/setup.sh

build: setup
	$(SWIFT) build -c release --product lora-train

demo: build
	@Examples/tiny/demo.sh $(RUN)

test: setup
	$(SWIFT) build -c release --product lora-train
	$(SWIFT) test --disable-xctest

clean:
	rm -rf .build
