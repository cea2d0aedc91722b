# Godwit: what a newcomer needs is `make run` and `make test`.

GO      ?= go
ADDR    ?= 127.0.0.1:8080
SHOTS   ?= shots
AXE     ?= $(or $(TMPDIR),/tmp)/godwit-axe
ATPROTO ?= $(or $(TMPDIR),/tmp)/godwit-atproto
export CGO_ENABLED = 0
export GOFLAGS += -buildvcs=false
export GODWIT_AXE = $(abspath $(AXE))/node_modules/axe-core/axe.min.js

.PHONY: run build demo test test-atproto soak bench eval shots fuzz

## run: build, then serve the main job on the embedded default
run: build
	./bin/godwit serve --addr $(ADDR)

## demo: the whole journey against a simulated fediverse, offline
demo: build
	./bin/godwit demo --addr $(ADDR)

build:
	$(GO) build -trimpath -o bin/godwit ./cmd/godwit

## test: everything, with the machine's own PostgreSQL, Redis and Chromium
test:
	@.ci/need postgres redis-server chromium npm
	@.ci/axe $(AXE)
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) test -count=1 -timeout 18m ./...

## test-atproto: Bluesky against the reference network, in $(ATPROTO), from npm
test-atproto:
	@.ci/need postgres redis-server
	.ci/atproto $(ATPROTO)
	GODWIT_ATPROTO=$(abspath $(ATPROTO)) $(GO) test -count=1 -v -run TestAtproto ./cmd/godwit

## soak: the same proofs in their long form
soak:
	@.ci/need postgres redis-server chromium npm
	@.ci/axe $(AXE)
	GODWIT_SOAK=1 $(GO) test -count=1 -timeout 170m ./...

## bench: ratios within one run, as a table, in about an hour; BENCH="-only import" for a part, BENCH=-short for a look
bench:
	@$(GO) run ./cmd/bench $(BENCH)

## eval: precision and recall of the matcher over its labelled set
eval:
	@$(GO) test -count=1 -v -run TestEval ./matcher | grep -v '^=== '

## shots: a picture of each page at 1280 and 390 pixels, in $(SHOTS)
shots:
	@.ci/need chromium npm
	@.ci/axe $(AXE)
	GODWIT_SHOTS=$(abspath $(SHOTS)) $(GO) test -count=1 -v -run TestJourney ./cmd/godwit

## fuzz: each fuzzer for a minute
fuzz:
	@for pkg in $$($(GO) list ./...); do for f in $$($(GO) test -list '^Fuzz' $$pkg | grep ^Fuzz); do \
	  echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime 60s $$pkg || exit 1; done; done
