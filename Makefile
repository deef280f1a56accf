# Planekeeper. `make` builds build/planekeeper; `make help` lists the rest.
SHELL := /bin/bash
VARIANT ?= release
OUT     := build/$(VARIANT)
CC      ?= cc
PACKAGES := libcurl expat jansson yaml-0.1 hiredis ldns libmicrohttpd openssl zlib
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

CPPFLAGS_VERSION := -DPK_VERSION='"$(VERSION)"'
WARN   := -std=c17 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Wformat-security
HARDEN := -fstack-protector-strong -fPIE $(if $(filter x86_64,$(shell uname -m)),-fcf-protection) -fno-strict-overflow $(if $(findstring clang,$(CC)),,-ftrivial-auto-var-init=zero)
OPTIMISE_release := -O2 -g -D_FORTIFY_SOURCE=2
OPTIMISE_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPTIMISE_tsan    := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
# Unoptimised, and each condition of a && or || with a branch of its own, so that every one of them is counted.
OPTIMISE_cover   := -g -fno-inline --param logical-op-non-short-circuit=0
OPTIMISE_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
OPTIMISE_fuzz_target := -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
CPPFLAGS += -D_GNU_SOURCE -Icontroller $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
CFLAGS   := $(WARN) $(HARDEN) $(OPTIMISE_$(VARIANT)) -MMD -MP -pthread
LDFLAGS  := $(filter -fsanitize%,$(OPTIMISE_$(VARIANT))) -pie -Wl,-z,relro,-z,now -Wl,--as-needed -pthread
LDLIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)

LIB_SOURCES  := $(filter-out controller/main.c,$(wildcard controller/*.c controller/*/*.c controller/*/*/*.c))
UNIT_SOURCES := $(wildcard test/unit/*_test.c)
UNIT_RIGS    := test/unit/policy_rig.c test/unit/leap_clock.c
UNIT_HELPERS := $(filter-out $(UNIT_SOURCES) $(UNIT_RIGS),$(wildcard test/unit/*.c))
# Coverage is measured of the core, by its own tests that state an outcome (what random histories visit proves no branch):
# nothing else is compiled for it, and nothing else is instrumented.
ifeq ($(VARIANT),cover)
LIB_SOURCES  := $(filter controller/core/% controller/util/%,$(LIB_SOURCES))
UNIT_SOURCES := $(shell grep -L PK_SEED test/unit/core_*_test.c)
UNIT_HELPERS := $(filter test/unit/core_world.c,$(UNIT_HELPERS))
LDFLAGS      += --coverage
$(OUT)/controller/core/%.o: CFLAGS += --coverage
endif
LIB_OBJECTS  := $(LIB_SOURCES:%.c=$(OUT)/%.o)
# These take the place of parts of the library (clock, registry of drivers), so only tests that include their headers are linked with them.
RIG_TESTS    := $(patsubst test/unit/%.c,$(OUT)/unit/%,$(shell grep -l policy_rig.h $(UNIT_SOURCES)))
CLOCK_TESTS  := $(patsubst test/unit/%.c,$(OUT)/unit/%,$(shell grep -l leap_clock.h $(UNIT_SOURCES)))
UNIT_TESTS   := $(UNIT_SOURCES:test/unit/%.c=$(OUT)/unit/%)
FUZZ_SOURCES := $(wildcard test/fuzz/*.c)
FUZZERS      := $(FUZZ_SOURCES:test/fuzz/%.c=build/fuzz/%)
SIM_OBJECTS  := $(patsubst %.c,$(OUT)/%.o,$(wildcard test/sim/*.c))
# Whatever starts a thread, by itself or through the executor.
THREADED     := $(shell grep -lE "executor_open|pthread_create|probe_rig|policy_rig|jobs_rig|hub, true" $(UNIT_SOURCES) 2>/dev/null)

.PHONY: all help clean
all: build/planekeeper

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

# A link by name, whatever was built last: its time says nothing.
.PHONY: build/planekeeper
build/planekeeper: $(OUT)/planekeeper
	@ln -sfn $(VARIANT)/planekeeper $@

$(OUT)/planekeeper: $(OUT)/controller/main.o $(OUT)/libcontroller.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OUT)/libcontroller.a: $(LIB_OBJECTS)
	@rm -f $@
	@ar rcs $@ $^

# Only this file knows the version, so that a commit does not rebuild everything.
$(OUT)/controller/options.o: CPPFLAGS += $(CPPFLAGS_VERSION)

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The simulated world in which the core is tested; see test/sim/sim.h.
$(OUT)/libsim.a: $(SIM_OBJECTS)
	@rm -f $@
	@ar rcs $@ $^

# One binary per module's test; the library is linked, so a test sees what ships. What tests share is compiled once.
UNIT_OBJECTS   := $(UNIT_SOURCES:%.c=$(OUT)/%.o)
HELPER_OBJECTS := $(UNIT_HELPERS:%.c=$(OUT)/%.o)
RIG_OBJECTS    := $(UNIT_RIGS:%.c=$(OUT)/%.o)
$(OUT)/test/unit/%.o: CPPFLAGS += -Itest/unit -Itest/sim

$(OUT)/libunit.a: $(HELPER_OBJECTS)
	@rm -f $@
	@ar rcs $@ $^

$(RIG_TESTS): RIG := $(RIG_OBJECTS)
$(RIG_TESTS): $(RIG_OBJECTS)
$(CLOCK_TESTS): RIG := $(OUT)/test/unit/leap_clock.o
$(CLOCK_TESTS): $(OUT)/test/unit/leap_clock.o
$(OUT)/unit/%: $(OUT)/test/unit/%.o $(OUT)/libunit.a $(OUT)/libsim.a $(OUT)/libcontroller.a
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(RIG) $(OUT)/libunit.a $(OUT)/libsim.a $(OUT)/libcontroller.a $(LDLIBS) -lcmocka

.SECONDARY: $(UNIT_OBJECTS)
-include $(LIB_OBJECTS:.o=.d) $(SIM_OBJECTS:.o=.d) $(OUT)/controller/main.d $(UNIT_OBJECTS:.o=.d) $(HELPER_OBJECTS:.o=.d) $(RIG_OBJECTS:.o=.d)

# The explorer and the simulator: the same production objects, and the simulated world.
PROVE_MAINS   := test/prove/explore.c test/prove/simulate.c
PROVE_OBJECTS := $(patsubst %.c,$(OUT)/%.o,$(filter-out $(PROVE_MAINS),$(wildcard test/prove/*.c)))
PROVERS       := $(PROVE_MAINS:test/prove/%.c=$(OUT)/prove/%)

$(OUT)/test/prove/%.o: CPPFLAGS += -Itest/sim

$(OUT)/libprove.a: $(PROVE_OBJECTS) $(SIM_OBJECTS)
	@rm -f $@
	@ar rcs $@ $^

$(OUT)/prove/%: $(OUT)/test/prove/%.o $(OUT)/libprove.a $(OUT)/libcontroller.a
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

-include $(PROVE_OBJECTS:.o=.d) $(PROVE_MAINS:%.c=$(OUT)/%.d)

# Whole operators in one process on virtual time: what test/whole defines takes the place of the library's sockets, threads and clock.
WHOLE_OBJECTS := $(patsubst %.c,$(OUT)/%.o,$(wildcard test/whole/*.c))
PROVERS       += $(OUT)/prove/whole

WHOLE_LINK    := -Wl,--wrap=epoll_wait,--wrap=eventfd_write,--wrap=nanosleep

$(OUT)/test/whole/%.o: CPPFLAGS += -Itest/prove -Itest/sim -Itest/unit

# What it shares with the simulated world of the core (options, the laws of the judges) and with unit tests (what an API server does).
WHOLE_SHARED  := test/prove/histories.c test/sim/laws.c test/unit/api_object.c
$(OUT)/prove/whole: $(WHOLE_OBJECTS) $(WHOLE_SHARED:%.c=$(OUT)/%.o) $(OUT)/libcontroller.a
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LDFLAGS) $(WHOLE_LINK) -o $@ $^ $(LDLIBS)

-include $(WHOLE_OBJECTS:.o=.d)
# Objects of the contract tests are what their mutants are linked with.
-include $(patsubst %.c,$(OUT)/%.d,$(wildcard test/contract/*.c))

.SECONDARY: $(PROVE_MAINS:%.c=$(OUT)/%.o)
.PHONY: provers prove-flags
provers: $(PROVERS)

# How a mutant is built: as everything else, but for the warnings that a mutation may deserve.
prove-flags:
	@echo 'compile: $(CC) $(CPPFLAGS) -Itest/sim $(filter-out -MMD -MP,$(CFLAGS)) -Wno-error'
	@echo 'link: $(CC) $(filter-out -MMD -MP,$(CFLAGS)) $(LDFLAGS)'
	@echo 'whole: $(WHOLE_LINK)'
	@echo 'shared: $(WHOLE_SHARED)'
	@echo 'unit: $(UNIT_HELPERS)'
	@echo 'rig: $(UNIT_RIGS)'
	@echo 'contract: $(CONTRACT_HELPERS)'
	@echo 'libraries: $(LDLIBS)'

.PHONY: units
units: $(UNIT_TESTS)

# The targets against real servers; the helpers of these tests are linked to each.
CONTRACT_SOURCES := $(wildcard test/contract/*_contract.c)
CONTRACT_HELPERS := $(filter-out $(CONTRACT_SOURCES),$(wildcard test/contract/*.c))
$(OUT)/test/contract/%.o: CPPFLAGS += -Itest/contract
CONTRACT_TESTS   := $(CONTRACT_SOURCES:test/contract/%.c=$(OUT)/contract/%)

$(OUT)/contract/%: test/contract/%.c $(CONTRACT_HELPERS) test/contract/contract.h $(OUT)/libcontroller.a
	@mkdir -p $(@D)
	@echo "test $<"
	@$(CC) $(CPPFLAGS) -Itest/contract $(filter-out -MMD -MP,$(CFLAGS)) $(LDFLAGS) -o $@ $< $(CONTRACT_HELPERS) $(OUT)/libcontroller.a $(LDLIBS) -lcmocka

.PHONY: contract
contract: $(CONTRACT_TESTS) ## the DNS and Redis targets against real BIND, Knot, PowerDNS and Redis servers
	@python3 test/contract/run.py $(OUT)/contract

# The same binaries, of those that meet a Redis.
VALKEY_TESTS := $(filter $(OUT)/contract/lock% $(OUT)/contract/promotion% $(OUT)/contract/sentinel%,$(CONTRACT_TESTS))
.PHONY: contract-valkey
contract-valkey: $(VALKEY_TESTS) ## the Redis targets against Valkey in its place
	@mkdir -p $(OUT)/contract-valkey
	@cp $(VALKEY_TESTS) $(OUT)/contract-valkey/
	@PATH="$$(hack/valkey.sh):$$PATH" python3 test/contract/run.py $(OUT)/contract-valkey

.PHONY: check check-asan check-tsan lint
check: lint ## the quick inner loop: layers, sizes, mutants that apply, unit tests under ASan+UBSan; no network
	@$(MAKE) --no-print-directory VARIANT=asan units
	@test/run-units.sh build/asan/unit

check-tsan: ## the unit tests of threaded modules under TSan
	@$(MAKE) --no-print-directory VARIANT=tsan $(THREADED:test/unit/%.c=build/tsan/unit/%)
	@test/run-units.sh build/tsan/unit

.PHONY: cover
cover: ## every branch of the failover protocol, taken by its unit tests
	@$(MAKE) --no-print-directory VARIANT=cover units
	@test/run-cover.py build/cover

lint:
	@hack/check-layers.sh
	@hack/check-size.sh
	@hack/check-words.sh
	@hack/check-mutants.sh
	@$(MAKE) --no-print-directory VARIANT=asan objects
	@hack/check-cycles.py build/asan
	@hack/check-unused.py build/asan

# Whose symbols say which file needs which, and which function nobody needs.
.PHONY: objects
objects: $(LIB_OBJECTS) $(OUT)/controller/main.o

# What `make bench` measures against, compiled as the operator itself.
BENCH_PROGRAMS := $(patsubst test/bench/%.c,build/bench/%,$(wildcard test/bench/*.c))

build/bench/%: test/bench/%.c $(OUT)/libcontroller.a
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(CPPFLAGS) $(filter-out -MMD -MP,$(CFLAGS)) $(LDFLAGS) -o $@ $< $(OUT)/libcontroller.a $(LDLIBS)

.PHONY: bench-programs
bench-programs: $(BENCH_PROGRAMS)

# libFuzzer comes with clang: the library is compiled once more, with coverage, and each target is linked to it.
build/fuzz/%: test/fuzz/%.c $(wildcard build/fuzz/libcontroller.a)
	@mkdir -p $(@D)
	@echo "fuzz $<"
	@$(MAKE) --no-print-directory VARIANT=fuzz CC=clang build/fuzz/libcontroller.a
	@clang -std=c17 $(OPTIMISE_fuzz_target) $(CPPFLAGS) -o $@ $< build/fuzz/libcontroller.a $(LDLIBS) -pthread

.PHONY: fuzzers fuzz
fuzzers: $(FUZZERS) ## build the libFuzzer targets
fuzz: ## replay the stored corpora, then look for new inputs for FUZZ_SECONDS (10) each
	@$(MAKE) --no-print-directory VARIANT=fuzz CC=clang build/fuzz/libcontroller.a
	@$(MAKE) --no-print-directory fuzzers
	@test/run-fuzz.sh build/fuzz $(or $(FUZZ_SECONDS),10)

.PHONY: model
model: ## the protocol by itself: SPIN explores a small model of it and has to catch every mutant
	@test/model/run.py $(MODEL_FLAGS)

.PHONY: test run run-here bench image
test: ## everything, from a fresh machine: set-up, unit, contract, fuzz, end to end, image
	@command -v python3 >/dev/null || hack/install.sh bench
	@python3 test/run.py $(STAGES)

.PHONY: stories
stories: $(OUT)/prove/whole ## what whole operators do in each story of test/whole/stories, on virtual time: a second for all of them
	@$< --story $(sort $(wildcard test/whole/stories/*.story))

.PHONY: prove prove-core
prove: prove-core model prove-real ## everything that is promised, at length (about an hour); figures in build/prove.json

prove-core: provers ## the core and whole operators as they ship: every history of small worlds, random ones by the thousand, and mutants
	@test/prove/run.py

.PHONY: prove-real
prove-real: ## on real servers: 20 seeds of every crash, 200 false alarms, histories judged by porcupine
	@hack/install.sh build bench test go
	@$(MAKE) --no-print-directory -s build/planekeeper
	@hack/tools.sh all >/dev/null
	@PROVE_LONG=1 "$$(hack/venv.sh)/bin/python" -m pytest test/real/prove

.PHONY: test-gitops
test-gitops: ## the real Argo CD and the real Flux take what a switch does to them (cold: builds both, about 12 minutes)
	@hack/install.sh build bench test go
	@python3 test/run.py tools venv gitops

run: ## the show: real API servers, BIND, Redis; kills the active server and watches the switch; Ctrl-C ends it. FULL=1: a whole region, with Sentinel and Flux
	@hack/run.sh $(if $(FULL),--full)

run-here: ## run the operator against the current kubeconfig context; ARGS=--region=… and other flags
	@hack/run-here.sh $(ARGS)

bench: ## the figures of docs/figures.md, measured on this machine; nothing else should be running
	@hack/bench.sh

image: ## build the container image IMG without a daemon, start it, and leave it as build/image.tar
	@hack/image.sh $(IMG)

KUBECTL ?= kubectl
IMG     ?= localhost/planekeeper:dev
# --force-conflicts: what was changed by hand in the cluster (a scale to 0, say) is what these commands put right.
APPLY   := $(KUBECTL) apply --server-side --force-conflicts
WITH_IMAGE  := s|(image: )planekeeper:.*|\1$(IMG)|
WITH_REGION := $(if $(REGION),s|^( *)- --leader-elect$$|&\n\1- --region=$(REGION)|)
.PHONY: install uninstall deploy undeploy
install: ## CRDs into the current kubeconfig context
	$(APPLY) -k crds
uninstall: ## remove the CRDs and with them every ManagementPlane and FailoverPolicy; DNS, Redis and records stay as they are
	$(KUBECTL) delete --ignore-not-found -k crds
deploy: ## CRDs, RBAC and two replicas of IMG (in REGION) into the current kubeconfig context
	$(KUBECTL) kustomize manifests | sed -E -e '$(WITH_IMAGE)' -e '$(WITH_REGION)' | $(APPLY) -f -
undeploy: ## remove the replicas and their rights; CRDs, resources, Secrets and records stay
	$(KUBECTL) delete --ignore-not-found -k manifests/manager
	$(KUBECTL) delete --ignore-not-found -k manifests/rbac

clean: ## remove what was built
	rm -rf build
