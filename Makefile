# Every verb of this repository. The same build flags everywhere, so that the build cache is shared.
SHELL := /bin/bash
GO ?= go

# All programs but the window are pure Go and static: no C compiler is needed for them.
export CGO_ENABLED := 0

PROGRAMS := mainbus-host mainbus-controller mainbusctl mainbus-sim mainbus-demo mainbus-crashtest
PURE = $$($(GO) list -e ./... | grep -v '/cmd/mainbus$$')
# These drive whole clusters of processes and mostly wait for them: they run one after the other, beside all others.
WHOLE := ./cmd/internal/testbed ./cmd/mainbus-demo ./cmd/mainbus-crashtest ./cmd/mainbus/internal/...
PARTS = $$(comm -23 <($(GO) list -e ./... | grep -v '/cmd/mainbus$$' | sort) <($(GO) list $(WHOLE) | sort))

# The window needs a C compiler and the headers of X11, Wayland and OpenGL.
WINDOW := CGO_ENABLED=1 $(GO)
WINDOW_TAGS := -tags migrated_fynedo,no_animations
WINDOW_PACKAGES := gcc libc6-dev pkg-config libgl1-mesa-dev libxcursor-dev libxrandr-dev libxinerama-dev libxi-dev \
	libxxf86vm-dev libwayland-dev libxkbcommon-dev
TEST_PACKAGES := lua5.2 iproute2 xvfb xdotool imagemagick openbox libgl1-mesa-dri

# The demo opens the window where there is a display, unless DEMO_WINDOW=0.
ifneq ($(DISPLAY)$(WAYLAND_DISPLAY),)
ifneq ($(DEMO_WINDOW),0)
DEMO_NEEDS := window
endif
endif

.PHONY: build window demo run test test-parts test-whole crashtest race lint bench fuzz soak proof screenshots generate clean

build:
	$(GO) build -o bin/ $(PROGRAMS:%=./cmd/%)

window:
	.ci/packages $(WINDOW_PACKAGES)
	$(WINDOW) build $(WINDOW_TAGS) -o bin/ ./cmd/mainbus

demo: build $(DEMO_NEEDS)
	bin/mainbus-demo --bin bin

run: build window
	bin/mainbus

test: lint
	.ci/packages $(TEST_PACKAGES)
	$(MAKE) -j 2 test-parts test-whole

test-parts:
	$(GO) test -timeout 15m $(PARTS)

test-whole:
	$(GO) test -timeout 15m -p 1 $(WHOLE)

# Breaks a cluster of real processes for SECONDS and counts. JSON: a file for the result.
SECONDS ?= 120
crashtest: build
	bin/mainbus-crashtest --bin bin --seconds $(SECONDS) $(if $(JSON),--json $(JSON))

# Needs a C compiler, as every use of the race detector does.
race:
	.ci/packages $(WINDOW_PACKAGES) $(TEST_PACKAGES)
	CGO_ENABLED=1 $(GO) test -race -timeout 30m $(PURE)

lint: window
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
		if [ -n "$$unformatted" ]; then echo "not gofmt-ed:" $$unformatted; exit 1; fi
	$(GO) vet $(PURE)
	$(WINDOW) vet $(WINDOW_TAGS) ./cmd/mainbus
	$(GO) tool staticcheck $(PURE)

bench:
	$(GO) test -run '^$$' -bench . -benchmem $(PURE)

# FUZZTIME per target.
FUZZTIME ?= 30s
fuzz:
	@set -e; for package in $(PURE); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

# CPU seconds per target, one after the other; the first finding ends it.
SOAK_SECONDS ?= 300
# Of the ledger's simulation.
SCHEDULES ?= 1000000
soak:
	$(GO) test -timeout 24h -run NothingIsLost ./controller/ledger/sim -schedules $(SCHEDULES)
	.ci/soak $(SOAK_SECONDS) $(PURE)

# How soon it is noticed that a rule of the ledger is switched off; writes docs/ledger-proof.md.
proof:
	$(GO) test -timeout 24h -run LedgerIsNeeded ./controller/ledger/sim -mutants 100000

# The pictures of the README, taken from the built program by mouse and keys.
screenshots:
	.ci/packages $(WINDOW_PACKAGES) $(TEST_PACKAGES)
	MAINBUS_SCREENSHOTS=$(CURDIR)/docs/screenshots $(GO) test -count=1 ./cmd/mainbus/internal/windowtest

generate:
	$(GO) generate ./transport/wire

clean:
	rm -rf bin .demo
