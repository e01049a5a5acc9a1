# CocosAI. `make help` lists the targets; build/ holds everything that is made.
#
#   V=release|asan|tsan|cov   the build variant       LOUD=1   show every command

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
V ?= release
Q := $(if $(LOUD),,@)

CC_release := gcc
CC_asan    := gcc
CC_tsan    := gcc
CC_cov     := gcc
CC_fuzz    := clang-14
CC         := $(CC_$(V))

VERSION := $(shell cat VERSION)

# --- what is built -----------------------------------------------------------
# A program is the wildcard of its folder; it links the rooms of lib/ as archives.
PROGRAM_DIRS := services/manager-api:cocos-manager services/agent-api/keeper:cocos-agent \
                services/agent-api/worker:cocos-worker \
                services/grpc-gateway:cocos-gateway cli:cocos-cli eos/init:eos-init
PROGRAM_DIRS := $(foreach p,$(PROGRAM_DIRS),$(if $(wildcard $(firstword $(subst :, ,$(p)))/main.c),$(p)))
PROGRAMS     := $(foreach p,$(PROGRAM_DIRS),$(lastword $(subst :, ,$(p))))
dir_of        = $(firstword $(subst :, ,$(filter %:$(1),$(PROGRAM_DIRS))))

LIB_SRC  := $(shell find lib -name '*.c')
UNIT_SRC := $(shell find tests/unit -name 'test_*.c')
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FAKE_SRC := $(wildcard tests/fakes/*.c)

# The documents that a service serves as C, each one object of the library (openapi/embed).
OPENAPI_SRC := $(patsubst openapi/%.yaml,build/gen/%_openapi.c,\
               $(filter-out openapi/problem.yaml,$(wildcard openapi/*.yaml)))

# The messages of gRPC as C, made from their .proto files by protobuf-c; the linters of ours do not see them.
PROTO_DIR := services/grpc-gateway/proto
PROTO_GEN := build/gen/proto
PROTOS    := $(notdir $(wildcard $(PROTO_DIR)/*.proto)) google/protobuf/empty.proto google/protobuf/timestamp.proto
PROTO_SRC := $(PROTOS:%.proto=$(PROTO_GEN)/%.pb-c.c) $(PROTO_GEN)/descriptor_set.c

OUT := build/$(V)
BIN := $(if $(filter release,$(V)),build/bin,$(OUT)/bin)

# --- how ---------------------------------------------------------------------
PKGS    := libmicrohttpd gnutls libcurl openssl jansson zlib liblzma libseccomp libvirt libxml-2.0 \
           tss2-esys tss2-mu tss2-tctildr libnghttp2 libprotobuf-c
LDLIBS   = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -pthread
WARN    := -Wall -Wextra -Werror -Wshadow -Wvla -Wpointer-arith -Wwrite-strings \
           -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef -Wno-missing-field-initializers
HARDEN  := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
           -D_FORTIFY_SOURCE=2
FLAGS_release := -O2 -g $(HARDEN)
FLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_tsan    := -O1 -g -fsanitize=thread -Wno-maybe-uninitialized
FLAGS_cov     := -O0 -g --coverage -Wno-maybe-uninitialized
FLAGS_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LINK_release  := -pie -Wl,-z,relro,-z,now,-z,noexecstack
LINK_asan     := -fsanitize=address,undefined
LINK_tsan     := -fsanitize=thread
LINK_cov      := --coverage
LINK_fuzz     := -fsanitize=fuzzer,address,undefined
PKGFLAGS := $(shell pkg-config --cflags libxml-2.0 2>/dev/null)
CFLAGS   = -std=gnu17 -D_GNU_SOURCE -I. -isystem build/gen -isystem $(PROTO_GEN) $(PKGFLAGS) $(WARN) $(FLAGS_$(V)) \
           -DCOCOS_VERSION='"$(VERSION)"' \
           -ffunction-sections -fdata-sections -ffile-prefix-map=$(CURDIR)=. -MMD -MP
LDFLAGS  = $(LINK_$(V)) -Wl,--as-needed -Wl,--gc-sections

objs  = $(patsubst %.c,$(OUT)/%.o,$(1))
LIB_A = $(OUT)/libcocos.a

.PHONY: all eos demo check check-unit check-api check-docker check-eos check-vm check-shape check-model channel-model fuzz bench lint format cover tcb \
        install install-attest clean help deps tests programs docs check-install

all: programs
programs: $(addprefix $(BIN)/,$(PROGRAMS)) ## the programs (default)

$(OUT)/%.o: %.c VERSION
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

build/gen/%_openapi.c: openapi/%.yaml openapi/problem.yaml openapi/embed
	@mkdir -p $(@D)
	$(Q)openapi/embed $< $* > $@.tmp && mv $@.tmp $@

# One run makes all of them, so that headers are there before anything is compiled.
$(PROTO_GEN)/.made: $(wildcard $(PROTO_DIR)/*.proto) $(PROTO_DIR)/embed
	@mkdir -p $(@D)
	$(Q)protoc-c --c_out=$(@D) --descriptor_set_out=$(@D)/set --include_imports -I$(PROTO_DIR) -I/usr/include $(PROTOS)
	$(Q)$(PROTO_DIR)/embed $(@D)/set > $(@D)/descriptor_set.c
	@touch $@
$(PROTO_SRC): $(PROTO_GEN)/.made ;
$(call objs,$(PROTO_SRC)): WARN :=
$(call objs,$(shell find services/grpc-gateway tests/unit/gateway tests/fuzz -name '*.c' 2>/dev/null)): | $(PROTO_GEN)/.made

$(LIB_A): $(call objs,$(LIB_SRC) $(OPENAPI_SRC))
	@rm -f $@
	$(Q)ar crs $@ $^

# What a program links besides its folder and the library. Of the agent's rooms its two programs take what they use.
GENERATED_cocos-gateway := $(PROTO_SRC)
AGENT_A   := $(OUT)/libagent.a
AGENT_SRC := $(filter-out services/agent-api/keeper/% services/agent-api/worker/%,$(shell find services/agent-api -name '*.c'))
ARCHIVES_cocos-agent  := $(AGENT_A)
ARCHIVES_cocos-worker := $(AGENT_A)

$(AGENT_A): $(call objs,$(AGENT_SRC))
	@rm -f $@
	$(Q)ar crs $@ $^

define program_rule
$$(BIN)/$(1): $$(call objs,$$(shell find $(call dir_of,$(1)) -name '*.c') $$(GENERATED_$(1))) $$(ARCHIVES_$(1)) $$(LIB_A)
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

# The verifier for programs of others, made of the same objects; what a shared library needs costs programs nothing.
build/release/lib/%.o: CFLAGS += -fPIC -fno-semantic-interposition

build/attest/libcocos-attest.so: build/release/libcocos.a $(wildcard deploy/attest/*)
	@echo "  LINK  $@"
	$(Q)deploy/attest/build $< $(@D)

# Process 1 of the guest stands alone: it runs before there is anything to link with.
$(BIN)/eos-init: LINK_release := -static-pie -Wl,-z,relro,-z,now,-z,noexecstack
$(BIN)/eos-init: LDLIBS :=

# --- tests -------------------------------------------------------------------
# A unit test may need the objects of the program it tests: all but its main.c, as one archive.
ROOM_SRC := $(filter-out %/main.c,$(shell find services cli eos -name '*.c' 2>/dev/null))
TEST_A   := $(OUT)/libtest.a
UNITS    := $(patsubst %.c,$(OUT)/%,$(UNIT_SRC))
REPLAYS  := $(patsubst tests/fuzz/%.c,$(OUT)/tests/replay/%,$(FUZZ_SRC))

$(TEST_A): $(call objs,$(ROOM_SRC) $(FAKE_SRC) $(PROTO_SRC))
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)ar crs $@ $^

$(OUT)/tests/unit/%: $(OUT)/tests/unit/%.o $(TEST_A) $(LIB_A)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(TEST_A) $(LIB_A) -Wl,--end-group -lcmocka $(LDLIBS)

$(OUT)/tests/replay/%: $(OUT)/tests/fuzz/%.o $(OUT)/tests/fuzz/replay_main.o $(TEST_A) $(LIB_A)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(OUT)/tests/fuzz/replay_main.o \
	    -Wl,--start-group $(TEST_A) $(LIB_A) -Wl,--end-group $(LDLIBS)

# What the tests that are no C programs need made for them.
TOOLS := $(patsubst %.c,$(OUT)/%,$(wildcard tests/tools/*.c))

$(OUT)/tests/tools/%: $(OUT)/tests/tools/%.o $(TEST_A) $(LIB_A)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(TEST_A) $(LIB_A) -Wl,--end-group $(LDLIBS)

.PHONY: tools
tools: $(TOOLS)

tests: $(UNITS) $(REPLAYS)

check: ## every test (installs what is missing)
	$(Q)tests/check

check-unit: ## unit tests and fuzz corpora, with ASan and UBSan
	$(Q)tests/schemas/fetch || true
	$(Q)$(MAKE) V=asan tests
	$(Q)tests/run-units build/asan

check-shape: ## layers, sizes, banned calls, format
	$(Q)tests/shape/run

check-api: ## the real programs over HTTPS, built with ASan and UBSan
	$(Q)$(MAKE) V=asan programs tools
	$(Q)tests/api/run build/asan/bin

check-install: all tools build/attest/libcocos-attest.so ## what make install puts in place, used from outside
	$(Q)tests/install/run

check-docker: ## one container a program, built and started
	$(Q)docker/check

check-eos: eos ## what is in the guest image, and how it behaves in a VM
	$(Q)tests/eos/check

check-vm: eos ## a computation in a real VM, the way of the demo
	$(Q)tests/vm/run

check-model: channel-model
channel-model: ## the model of the attested channel, checked by spin
	$(Q)command -v spin >/dev/null || deploy/packages/install test
	$(Q)docs/channel-model/check

fuzz: ## MINUTES=n of libFuzzer for each parser (default 1)
	$(Q)$(MAKE) V=fuzz fuzzers
	$(Q)tests/fuzz/run build/fuzz/tests/fuzz $(or $(MINUTES),1)

FUZZERS := $(patsubst %.c,$(OUT)/%,$(FUZZ_SRC))
.PHONY: fuzzers
fuzzers: $(FUZZERS)
$(OUT)/tests/fuzz/fuzz_%: $(OUT)/tests/fuzz/fuzz_%.o $(TEST_A) $(LIB_A)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(TEST_A) $(LIB_A) -Wl,--end-group $(LDLIBS)

# A benchmark in C prints its rows as "what<TAB>measured<TAB>to reach"; tests/bench/run lays them in its table.
C_BENCHES := $(patsubst %.c,$(OUT)/%,$(wildcard tests/bench/*_bench.c))

$(OUT)/tests/bench/%: $(OUT)/tests/bench/%.o $(TEST_A) $(LIB_A)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(TEST_A) $(LIB_A) -Wl,--end-group $(LDLIBS)

.PHONY: benches
benches: $(C_BENCHES)

bench: all eos benches build/attest/libcocos-attest.so ## the figures, as ratios measured in one run
	$(Q)tests/bench/run

cover: ## line coverage of the unit tests and corpora
	$(Q)$(MAKE) V=cov tests
	$(Q)tests/run-units build/cov
	$(Q)tests/cover build/cov

# --- guest, demo, housekeeping -------------------------------------------------
eos: all ## the guest image in build/eos
	$(Q)eos/build

demo: ## three parties compute in a measured VM, step by step
	$(Q)deploy/demo/run

lint: ## clang-tidy
	$(Q)tests/lint

format: ## clang-format in place
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format-14 -i

tcb: all ## lines of our code in each program
	$(Q)tests/tcb

deps: ## install the Debian packages that are missing
	$(Q)deploy/packages/install

PREFIX  ?= /usr/local
DESTDIR ?=
install: all install-attest ## programs, units and documents under PREFIX
	$(Q)deploy/install '$(DESTDIR)' '$(PREFIX)'

install-attest: build/attest/libcocos-attest.so ## the verifier as a library alone
	$(Q)deploy/attest/install '$(DESTDIR)' '$(PREFIX)'

clean: ## remove build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

-include $(shell find build/$(V) -name '*.d' 2>/dev/null)
