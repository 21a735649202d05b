# Every verb has a one-line help behind `##`; `make` alone prints them.
.DEFAULT_GOAL := help
.PHONY: help setup targets demo test check bench fuzz plugin fmt doc clean

CARGO := cargo
# One feature resolution and one target folder for everything: building the
# whole workspace never compiles a dependency twice.
ALL := --workspace --locked

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing (wasm target, test runner, C libraries); safe to run twice
	@scripts/setup

demo: setup ## Build, start the local platform, deploy examples/hello-rust, show its URL and its answer
	@$(CARGO) build $(ALL) --bins
	@scripts/demo

targets: setup ## Build the deploy targets in JavaScript and Python (tools from npm and PyPI, into target/tools)
	@scripts/targets

test: setup targets ## Run every test
	$(CARGO) build $(ALL) --bins
	$(CARGO) test $(ALL) --doc --quiet
	@scripts/tidily $(CARGO) nextest run $(ALL)

check: setup ## Format, lints, documentation, contract, CLI reference: run it before each commit
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(ALL) --all-targets -- -D warnings
	$(CARGO) clippy --locked -p bowline-hippo -p bowline-guests --target wasm32-wasip2 --target-dir target/guests -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(ALL) --no-deps --quiet
	$(CARGO) run --locked --quiet -p bowline-contract
	$(CARGO) nextest run $(ALL) --test program documents:: json::every_verb
	@scripts/targets lint

bench: setup targets ## Measure; prints ratios against a named baseline in the same run
	$(CARGO) build $(ALL) --bins --release
	$(CARGO) bench $(ALL) --bench ratios

fuzz: setup ## Fuzz every reader of strangers' texts for FUZZ_SECONDS each (20); the first time compiles for long
	@scripts/fuzz

plugin: setup ## Pack bowline for `spin plugins install --file target/plugin/bowline.json`
	$(CARGO) build $(ALL) --bins --release
	@"$${CARGO_TARGET_DIR:-target}/release/bowline-plugin" --out target/plugin

fmt: ## Format all code
	$(CARGO) fmt --all

doc: ## Build the API documentation
	$(CARGO) doc $(ALL) --no-deps

clean: ## Remove everything that was built
	$(CARGO) clean
	rm -rf examples/*/target fuzz/target .demo
