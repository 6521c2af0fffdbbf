# What is done here, in one word each. ARGS goes through to the program.

PYTHON ?= python3
ARGS ?=

.PHONY: help demo test soak miri portable bench bench-file bench-python bench-redis example-django example-fastapi requirements settings

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: ## builds the shop, drives it uncached and cached, and leaves it open; ARGS=--once ends by itself
	cargo run --quiet -p shop -- $(ARGS)

test: ## every check and every test; ARGS="fmt clippy" runs only these steps
	$(PYTHON) scripts/test.py $(ARGS)

bench: ## speed and memory beside the peers, as a table and as JSON; takes a while
	cargo run --release -p keepwarm-benches -- $(ARGS)

bench-redis: ## Redis beside a raw ping-pong and redis-benchmark, on a server of its own
	cargo run --release -p keepwarm-bench-redis -- $(ARGS)

bench-file: ## the file store beside LMDB, SQLite, diskcache and Django's; ARGS=--quick for a short look
	$(PYTHON) scripts/bench_file.py $(ARGS)

bench-python: ## the Python package beside its peers, as ratios in one run; ARGS=--quick for a short look
	$(PYTHON) scripts/bench_python.py $(ARGS)

example-django: ## a Django project on the package; ARGS="--port 8001"
	$(PYTHON) scripts/example.py django $(ARGS)

example-fastapi: ## a FastAPI application on the package
	$(PYTHON) scripts/example.py fastapi $(ARGS)

soak: ## the long form of the tests against kills, power losses, damage and full disks; takes some minutes
	KEEPWARM_SOAK=1 cargo test --release -p keepwarm-engine --all-features --test gates -- --test-threads 1 $(ARGS)

miri: ## the engine's own code over plain memory under Miri; needs a nightly Rust with the component miri
	cargo +nightly miri test -p keepwarm-engine --lib -- shard:: leases:: marks:: spot:: bulk:: words:: options:: head:: store::read::

portable: ## that the library with the file store compiles for macOS; adds the target to the toolchain
	rustup target add x86_64-apple-darwin
	cargo check --target x86_64-apple-darwin -p keepwarm-engine -p keepwarm --features keepwarm/file

requirements: ## writes docs/requirements.md from the markers beside the tests
	$(PYTHON) scripts/requirements.py

settings: ## writes docs/settings.md from the list of backends and options
	cargo run --quiet -p keepwarm-cli -- options --markdown > docs/settings.md.new
	mv docs/settings.md.new docs/settings.md
