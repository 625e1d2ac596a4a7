# xvrrp. `make help` lists the targets; only Go is needed to build.

GO        ?= $(or $(shell command -v go),$(wildcard /usr/local/go/bin/go),go)
VERSION   ?= $(shell sed -n '/^## [0-9]/{s/^## //;s/ (unreleased)/-dev/;s/ .*//;p;q}' CHANGELOG.md)
PREFIX    ?= /usr/local
FUZZTIME  ?= 10m
SEEDS     ?= 100000
KERNEL    ?= 6.1
RACE      ?= ./...
ARCH      ?= $(shell $(GO) env GOARCH)
NFPM := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.4
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0

export CGO_ENABLED = 0

# Peers and compilers that the machine lacks are unpacked from the distribution's packages, never installed.
PEERS = test/peers.sh
CLANG = $(if $(shell command -v clang-19 && command -v llvm-strip-19),,$(PEERS) clang-19,llvm-19)
TEST  = $(GO) run ./test/report
BENCHMARKS ?= .
BENCH = $(GO) test -run='^$$' -bench='$(BENCHMARKS)' -benchtime=1x -timeout=4h

# Stamp the commit where git will name it: it refuses in a checkout of another user.
STAMP = $(if $(shell git rev-parse HEAD 2>/dev/null),true,false)
ROOT  = $(filter 0,$(shell id -u))

.PHONY: all
all: build

## build: bin/xvrrp, with Go alone
.PHONY: build
build: need-go
	$(GO) build -trimpath -buildvcs=$(STAMP) -ldflags '-s -w -X main.version=$(VERSION)' -o bin/xvrrp ./cmd/xvrrp

## demo: three hosts in throw-away namespaces, the tutorial's addresses, a killed master (root)
.PHONY: demo
demo: build
	@$(if $(ROOT),,command -v sudo >/dev/null || { echo 'the demo makes network namespaces: run it as root' >&2; exit 1; })
	$(if $(ROOT),,sudo )bin/xvrrp demo

## test: every test; without root, those that need none, and a list of what was left out
.PHONY: test
test: build
	$(TEST) -count=1 -p 1 ./...
	@$(if $(ROOT),,echo 'run as root, make test leaves nothing out')

## test-unit: the tests of the packages that touch neither kernel nor network
.PHONY: test-unit
test-unit: need-go
	$(TEST) ./loader/verdict ./control/vrrp ./control/election ./control/config ./control/api ./control/web

## test-root: every test, and a failure if one is left out
.PHONY: test-root
test-root: build
	XVRRP_REQUIRE=all $(TEST) -count=1 -p 1 ./...

## race: the tests under the race detector (needs a C compiler), with fewer repetitions; RACE=PACKAGES limits them
.PHONY: race
race: need-go
	CGO_ENABLED=1 $(TEST) -count=1 -p 1 -race -short $(RACE)

## test-vm: the tests that touch the kernel on Debian's kernel KERNEL (5.10, 6.1 or 6.12), emulated
.PHONY: test-vm
test-vm: need-go
	$(GO) test -count=1 -p 1 -timeout=30m -exec '$(CURDIR)/test/vm.sh $(KERNEL)' \
		./loader ./test ./control/host ./control/lab ./cmd/xvrrp

## sim: SEEDS simulated networks of 2 to 5 routers with loss, delay, pauses and crashes
.PHONY: sim
sim: need-go
	XVRRP_SEEDS=$(SEEDS) $(GO) test -count=1 -timeout=2h -run=Sim -v ./control/election

## fuzz: each fuzz target for FUZZTIME
.PHONY: fuzz
fuzz: need-go
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list='^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			$(GO) test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) $$package || exit 1; \
		done; \
	done

## bench: the filter's cost per frame, and xvrrp beside keepalived in ten minutes (root); BENCHMARKS=PATTERN limits it
.PHONY: bench
bench: need-go
	$(GO) test -run='^$$' -bench='$(BENCHMARKS)' ./loader
	$(BENCH) -short ./test/bench

## bench-full: the same with more rounds and for two hours; its tables replace those of docs/performance.md
.PHONY: bench-full
bench-full: need-go
	$(GO) test -run='^$$' -bench='$(BENCHMARKS)' ./loader
	$(BENCH) ./test/bench -tables=$(CURDIR)/docs/performance.md

## generate: the filter's objects, verdict tables and generated documents (clang-19, fetched if missing)
.PHONY: generate
generate: need-go
	$(CLANG) $(GO) generate ./...

## check-generate: generate, then fail if anything differs from what is committed
.PHONY: check-generate
check-generate: generate
	git diff --exit-code
	@test -z "$$(git ls-files --others --exclude-standard)" || \
		{ echo 'not committed:'; git ls-files --others --exclude-standard; exit 1; }

## lint: gofmt, go vet, staticcheck and shellcheck
.PHONY: lint
lint: need-go
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .); test -z "$$unformatted" || { echo "gofmt these: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) -checks all ./...
	$(if $(shell command -v shellcheck),,$(PEERS) shellcheck )shellcheck .ci/run $$(git ls-files '*.sh')

## install: the program, its manual and its systemd unit below PREFIX, the unit's options in /etc/default (all below DESTDIR)
.PHONY: install
install: build
	install -D -m 0755 bin/xvrrp $(DESTDIR)$(PREFIX)/sbin/xvrrp
	install -d $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 0644 docs/xvrrp.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 0644 docs/man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/sbin/xvrrp|$(PREFIX)/sbin/xvrrp|' packaging/xvrrp.service \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/xvrrp.service
	test -e $(DESTDIR)/etc/default/xvrrp || install -D -m 0644 packaging/xvrrp.default $(DESTDIR)/etc/default/xvrrp

## packages: bin/*.deb and bin/*.rpm, for ARCH
.PHONY: packages
packages:
	GOARCH=$(ARCH) $(MAKE) build
	rm -rf bin/package bin/*.deb bin/*.rpm
	install -d bin/package/man
	for page in docs/*.5 docs/man/*.8; do gzip -9nc $$page >bin/package/man/$${page##*/}.gz; done
	for shell in bash zsh fish; do $(GO) run ./cmd/xvrrp completion $$shell >bin/package/$$shell; done
	for recipe in packaging/nfpm*.yaml; do for kind in deb rpm; do \
		ARCH=$(ARCH) VERSION=$(VERSION) SOURCE_DATE_EPOCH=$(or $(shell git log -1 --format=%ct 2>/dev/null),0) $(GO) run $(NFPM) package --config $$recipe --packager $$kind --target bin || exit 1; \
	done; done

## clean: removes bin/
.PHONY: clean
clean:
	rm -rf bin

## help: this list
.PHONY: help
help:
	@sed -n 's/^## \([a-z-]*\): /  \1\t/p' $(MAKEFILE_LIST) | expand -t 20

# Asking for the module's name makes any Go since 1.21 fetch the release that go.mod names.
.PHONY: need-go
need-go:
	@$(GO) list -m >/dev/null || { \
		echo 'xvrrp needs Go 1.26, or a Go since 1.21 that may fetch it: https://go.dev/dl/' >&2; exit 1; }
