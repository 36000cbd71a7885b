# The two commands of the README are `make run` and `make test`; `make help` lists the rest.

CARGO ?= cargo
TARGET_DIR := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
ARCH := $(shell uname -m | tr a-z A-Z)

# fanotify needs root. Where make does not run as root, only the test programs do.
ifneq ($(shell id -u),0)
export CARGO_TARGET_$(ARCH)_UNKNOWN_LINUX_GNU_RUNNER = sudo -E env PATH=$(PATH)
endif

.PHONY: help
help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: setup-run build ## build everything, start the daemon and the app; Ctrl-C ends both
	@installer/run.sh $(TARGET_DIR)/debug

.PHONY: test
test: setup-test ui-test build ## run every test, after installing what the tests need
	$(CARGO) fmt --all --check
	$(CARGO) test --workspace --locked --no-fail-fast

# Which sections `make bench` measures: groups (guard scan idle) or names such as scan.warm; all of them by default.
ONLY ?=
APP_IS_MEASURED := $(if $(ONLY),$(filter idle%,$(ONLY)),yes)

.PHONY: bench
bench: setup-bench $(if $(APP_IS_MEASURED),ui-build) ## measure every figure of the design, or ONLY="guard scan.warm"
	$(CARGO) build --release --locked $(if $(APP_IS_MEASURED),--workspace --exclude doorward-tests,-p doorward-guard -p doorward-cli -p doorward-scan)
	DOORWARD_BIN_DIR=$(TARGET_DIR)/release $(CARGO) bench --locked -p doorward-tests --bench figures -- $(ONLY)

.PHONY: eval
eval: setup-bench ## measure the scanner's false alarms and recall; MALWARE=REPO.git SAMPLE=400
	$(CARGO) build --release --locked -p doorward-cli -p doorward-scan
	python3 -u tests/eval/eval.py --doorward $(TARGET_DIR)/release/doorward --work $(TARGET_DIR)/eval \
	  $(if $(MALWARE),--malware $(MALWARE)) $(if $(SAMPLE),--sample $(SAMPLE))

FUZZ_TARGETS := archive lockfile manifest javascript python rust text
RUNS ?= 100000
.PHONY: fuzz
fuzz: ## feed the scanner's readers mutated bytes; needs cargo-fuzz and a nightly compiler; RUNS=100000 each
	for target in $(FUZZ_TARGETS); do \
	  cargo +nightly fuzz run --fuzz-dir crates/scan/fuzz --sanitizer none $$target -- \
	    -runs=$(RUNS) -timeout=2 -rss_limit_mb=512 -max_len=8192 || exit 1; \
	done

.PHONY: lint
lint: ui-build ## check formatting, clippy and scripts
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	shellcheck .ci/run installer/*.sh installer/linux/postinst installer/linux/prerm installer/linux/postrm

.PHONY: build
build: ui-build ## build the programs
	$(CARGO) build --workspace --locked

.PHONY: man
man: build ## write the manual pages into installer/man
	$(TARGET_DIR)/debug/doorward man installer/man

.PHONY: ui-build
ui-build: .make/node_modules ## build the windows' pages
	npm --prefix ui run build

.PHONY: ui-test
ui-test: .make/node_modules ## check and test the windows' pages
	npm --prefix ui run check
	npm --prefix ui test

.make/node_modules: ui/package-lock.json
	npm --prefix ui ci --no-audit --no-fund
	@mkdir -p $(@D) && touch $@

.PHONY: setup-run setup-test setup-bench
setup-run setup-bench: setup-%:
	@installer/setup.sh $*

setup-test:
	@installer/setup.sh test
	@installer/test-tools.sh $(TARGET_DIR)/test-tools
