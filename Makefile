# The front door. `make help` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help run test check fix web e2e-web screenshots schema bench chaos conformance release clean

CARGO ?= cargo

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: ## install what is missing, build quickly, start the daemon with its dashboard
	@scripts/setup.sh run
	@$(MAKE) --no-print-directory web
	@echo "building sidekick (first time: a few minutes)"
	$(CARGO) build --profile quick -p cli
	exec target/quick/sidekick serve

test: ## install what the tests need, then run every test there is
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory web
	@if [ -d web/node_modules ]; then cd web && npm --silent test; fi
	REQUIRE_POSTGRES=1 REQUIRE_AGENTS=1 scripts/cargo-test.sh
	@$(MAKE) --no-print-directory e2e-web

check: ## formatting, lints, the house's own rules
	$(CARGO) fmt --all -- --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) run -q -p xtask -- tidy
	@if command -v cargo-deny >/dev/null; then cargo deny check; else echo "cargo-deny is not installed: licences and advisories are not checked"; fi

fix: ## format, and apply what clippy can
	$(CARGO) fmt --all
	$(CARGO) clippy --workspace --all-targets --fix --allow-dirty

web: ## build the dashboard that is embedded in the binary
	@scripts/web.sh

e2e-web: web ## drive the built binary in a real browser, as a phone and as a screen
	$(CARGO) build -p cli
	cd web && npx --no-install playwright test --project=phone --project=desktop

screenshots: web ## pictures of the dashboard's pages, in docs/images
	$(CARGO) build -p cli
	cd web && npx --no-install playwright test --project=shots-phone --project=shots-screen

schema: ## write down the API's document and the dashboard's types of it
	$(CARGO) build -p cli
	target/debug/sidekick openapi >web/src/api/openapi.json
	cd web && npm run --silent schema

bench: ## measure, beside the machine's own floor
	$(CARGO) build --release -p cli
	$(CARGO) run --release -p benches
	cd benches/peer && CARGO_TARGET_DIR=../../target/peer $(CARGO) run --release

chaos: ## a thousand kills of the daemon at random instants
	@scripts/setup.sh test
	SIDEKICK_CHAOS_KILLS=1000 $(CARGO) test -p cli --test e2e chaos -- --nocapture

conformance: ## every agent against the same scenarios; the table goes into docs/agents.md
	@scripts/setup.sh test
	SIDEKICK_CONFORMANCE=$(CURDIR)/target/conformance.md REQUIRE_AGENTS=1 $(CARGO) test -p cli --test e2e fleet -- --nocapture
	sed '/^<!-- table -->/q' docs/agents.md >target/agents.md && cat target/conformance.md >>target/agents.md && mv target/agents.md docs/agents.md

release: web ## an optimised binary in target/release
	$(CARGO) build --release -p cli

clean: ## remove what was built
	$(CARGO) clean
	rm -rf web/dist web/node_modules
