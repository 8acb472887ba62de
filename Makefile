# Every verb of this repository. The same build flags everywhere, so that the build cache is shared.
SHELL := /bin/bash
GO ?= go

# The pure-Go programs are static: no C compiler is needed for them.
export CGO_ENABLED := 0

PROGRAMS := mainbus-host mainbus-controller mainbusctl mainbus-sim mainbus-demo

.PHONY: build demo test race lint bench fuzz generate clean

build:
	$(GO) build -o bin/ $(PROGRAMS:%=./cmd/%)

demo: build
	bin/mainbus-demo --bin bin

test: lint
	.ci/packages lua5.2 iproute2
	$(GO) test -timeout 15m ./...

# Needs a C compiler, as every use of the race detector does.
race:
	.ci/packages gcc libc6-dev lua5.2 iproute2
	CGO_ENABLED=1 $(GO) test -race -timeout 30m ./...

lint:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
		if [ -n "$$unformatted" ]; then echo "not gofmt-ed:" $$unformatted; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

# FUZZTIME per target.
FUZZTIME ?= 30s
fuzz:
	@set -e; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

generate:
	$(GO) generate ./transport/wire

clean:
	rm -rf bin .demo
