# Builds libsess, its tools, its tests and its checks. GNU make 4.3 or later; `make help` lists the targets.
#
# One Makefile, not one per folder: make then sees the whole dependency graph, and -j is safe. Sources are found
# by folder, so a new file needs no edit here.

VERSION   := $(shell sed -n 's/^\#define SESS_VERSION "\(.*\)"$$/\1/p' include/sess/version.hpp)
SOVERSION := 0

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
LIBDIR ?= $(PREFIX)/lib
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
MANDIR ?= $(PREFIX)/share/man
BASH_COMPLETIONS ?= $(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS ?= $(PREFIX)/share/zsh/site-functions
FISH_COMPLETIONS ?= $(PREFIX)/share/fish/vendor_completions.d

# make's own defaults (c++, ar with odd flags) are not ours; what the user or the environment says is.
ifneq ($(filter default undefined,$(origin CXX)),)
CXX := g++
endif
# Of the C program among the demo's: the one that fits CXX, because a sanitizer's run-time comes with the link.
ifneq ($(filter default undefined,$(origin CC)),)
CC := $(if $(findstring g++,$(CXX)),$(subst g++,gcc,$(subst clang++,clang,$(CXX))),gcc)
endif
ifneq ($(filter default undefined,$(origin AR)),)
AR := ar
endif

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# ---------------------------------------------------------------------------------------------------------------
# Where things go. A compiler and a sanitizer have a folder each, so that changing over rebuilds nothing.

COMPILER_DIR := $(if $(findstring clang,$(notdir $(CXX))),clang)
SAN_DIR := $(if $(SAN),san-$(SAN))
empty :=
space := $(empty) $(empty)
VARIANT := $(subst $(space),-,$(strip $(COMPILER_DIR) $(SAN_DIR)))
B := build$(if $(VARIANT),/$(VARIANT))

# `make B=` would build in the root directory.
ifeq ($(strip $(B)),)
$(error B is the folder to build in, and is empty)
endif

ifneq ($(filter-out address undefined thread,$(SAN)),)
$(error SAN=$(SAN): choose address, undefined or thread)
endif

# ---------------------------------------------------------------------------------------------------------------
# Flags. CXXFLAGS, CFLAGS, CPPFLAGS and LDFLAGS belong to the user; what the project needs is added to them.

CXXFLAGS ?= $(if $(SAN),-O1,-O2) -g
CFLAGS ?= $(if $(SAN),-O1,-O2) -g

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion
LANGUAGE := -std=c++20 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -pthread
# -fno-tree-dse: at -O1 g++ 12.2 drops the store that empties a std::optional which a try block assigns to, so that a
# function that threw seems to have answered. clang knows no such flag and has no such fault.
C_LANGUAGE := -std=c17 -fPIC -fvisibility=hidden -pthread
SAN_FLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer $(if $(COMPILER_DIR),,-fno-tree-dse))
ifeq ($(SAN),undefined)
SAN_FLAGS += -fno-sanitize-recover=all
endif

PROJECT_FLAGS := $(LANGUAGE) $(WARNINGS) $(if $(filter 1,$(WERROR)),-Werror) $(SAN_FLAGS)
# Files and times of 64 bits on 32-bit systems, too (feature_test_macros(7)).
WIDTHS := -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
INCLUDES := $(WIDTHS) -Iinclude -Isrc
COMPILE = $(CXX) $(PROJECT_FLAGS) $(INCLUDES) $(CPPFLAGS) $(CXXFLAGS)
COMPILE_C = $(CC) $(C_LANGUAGE) $(WARNINGS) $(if $(filter 1,$(WERROR)),-Werror) $(SAN_FLAGS) $(WIDTHS) -Iinclude $(CPPFLAGS) $(CFLAGS)
LINK = $(CXX) $(CXXFLAGS) $(SAN_FLAGS) -pthread $(LDFLAGS) -Wl,--as-needed

# For fully static programs: fmt from its headers, because Debian has no static library of it, without its assertions, which
# print; and a section for each function, so that --gc-sections leaves out what a program does not use.
LIBRARY_FLAGS := -DFMT_HEADER_ONLY '-DFMT_ASSERT(condition,message)=((void)0)' -ffunction-sections -fdata-sections
# Tests whose work is done by the library: without optimization, which nothing here needs, two thirds of the time. The
# others search. (_FORTIFY_SOURCE wants optimization.)
PLAIN_TESTS := capi cli contract unit web
PLAIN_TEST_FLAGS := $(if $(SAN),,-U_FORTIFY_SOURCE -O0)

LIBRARY_LIBS := -lboost_filesystem -lboost_serialization -lsodium -lxxhash
LIBS := $(LIBRARY_LIBS) -lfmt
FCGI_LIBS := -lfcgi

# A sanitizer's run-time is left undefined in a shared object by clang, so the strict link is for plain builds.
STRICT_SHARED := $(if $(SAN),,-Wl,--no-undefined)

# ---------------------------------------------------------------------------------------------------------------
# How commands are shown: short lines, or all of it with V=1.

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-5s %s\n' '$(1)' '$(2)'
endif

objects = $(patsubst %.c,$(B)/obj/%.o,$(patsubst %.cpp,$(B)/obj/%.o,$(1)))
cpp_below = $(sort $(shell test -d $(1) && find $(1) -name '*.cpp'))
define archive
$(call say,AR,$@)
@mkdir -p $(@D)
@rm -f $@
$(Q)$(AR) rcs $@ $(filter %.o,$^)
endef
define program
$(call say,LINK,$@)
@mkdir -p $(@D)
$(Q)$(LINK) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(1)
endef

# ---------------------------------------------------------------------------------------------------------------
# Sources

LAYERS := sys fs format backend store web capi
FCGI_SOURCES := $(sort $(wildcard src/sys/fastcgi*.cpp src/web/fastcgi*.cpp src/capi/fastcgi*.cpp))
LIB_SOURCES := $(filter-out $(FCGI_SOURCES),$(sort $(foreach layer,$(LAYERS),$(wildcard src/$(layer)/*.cpp))))
SESSCTL_MAIN := tools/sessctl/main.cpp
SESSCTL_SOURCES := $(filter-out $(SESSCTL_MAIN),$(call cpp_below,tools/sessctl))
DEMO_MAINS := $(sort $(wildcard tools/demo/main_*.cpp))
# With the audit log, which stands apart from the site because it is an example of its own.
SITE_SOURCES := $(sort $(wildcard tools/demo/site/*.cpp) tools/demo/audit_log.cpp)
REPLAY_SOURCES := $(sort $(wildcard tools/demo/replay/*.cpp))
# Of C alone: it shows that libsess needs nothing else of a program.
COUNTER_SOURCES := $(sort $(wildcard tools/demo/counter/*.c))
SUPPORT_SOURCES := $(sort $(wildcard tests/support/*.cpp))
BENCH_SOURCES := $(call cpp_below,tests/bench)
# A folder of tests is a program of tests; these are something else.
TEST_DIRS := $(filter-out support bench install installed,$(sort $(patsubst tests/%/,%,$(wildcard tests/*/))))
PUBLIC_HEADERS := $(sort $(shell test -d include && find include -name '*.hpp' -o -name '*.h'))

# ---------------------------------------------------------------------------------------------------------------
# Products

LIB_A := $(B)/lib/libsess.a
LIB_SO := $(B)/lib/libsess.so.$(VERSION)
LIB_LINKS := $(B)/lib/libsess.so.$(SOVERSION) $(B)/lib/libsess.so
# Apart from libsess, so that a CGI program does not need libfcgi.
FCGI_A := $(if $(FCGI_SOURCES),$(B)/lib/libsess-fcgi.a)
FCGI_SO := $(if $(FCGI_SOURCES),$(B)/lib/libsess-fcgi.so.$(VERSION))
FCGI_LINKS := $(if $(FCGI_SOURCES),$(B)/lib/libsess-fcgi.so.$(SOVERSION) $(B)/lib/libsess-fcgi.so)
LIBRARIES := $(LIB_A) $(LIB_SO) $(LIB_LINKS) $(FCGI_A) $(FCGI_SO) $(FCGI_LINKS)
SESSCTL := $(if $(SESSCTL_SOURCES),$(B)/bin/sessctl)
SESSCTL_A := $(if $(SESSCTL_SOURCES),$(B)/bin/libsessctl.a)
DEMO := $(patsubst tools/demo/main_%_cgi.cpp,$(B)/demo/%.cgi,$(filter %_cgi.cpp,$(DEMO_MAINS))) \
        $(patsubst tools/demo/main_%_fcgi.cpp,$(B)/demo/%.fcgi,$(filter %_fcgi.cpp,$(DEMO_MAINS))) \
        $(if $(COUNTER_SOURCES),$(B)/demo/counter.cgi) $(if $(REPLAY_SOURCES),$(B)/demo/replay)
# The harness, and the stores that libsess is compared with.
BENCH_LIBS := -lbenchmark -lsqlite3 -llmdb -lhiredis
BENCH := $(B)/bench/compare
TESTS :=

.PHONY: all lib sessctl demo tests test test-web test-packages proof check bench install doc completions manual dist deb format clean help print-flags print-c-flags print-build print-tests FORCE
all: lib sessctl demo
lib: $(LIBRARIES)
sessctl: $(SESSCTL)
demo: $(DEMO)

# ---------------------------------------------------------------------------------------------------------------
# Stamps: a file per setting, rewritten when the setting changes, so that changed flags and removed sources rebuild
# what they concern and nothing else.

STAMP_compile-library := $(shell $(CXX) --version 2>/dev/null | head -n 1) $(COMPILE) $(LIBRARY_FLAGS)
STAMP_compile := $(shell $(CXX) --version 2>/dev/null | head -n 1) $(COMPILE) $(PLAIN_TEST_FLAGS)
STAMP_compile-c := $(shell $(CC) --version 2>/dev/null | head -n 1) $(COMPILE_C)
STAMP_link := $(LINK) $(LIBS) $(FCGI_LIBS)
STAMP_libsess := $(LIB_SOURCES)
STAMP_libsess-fcgi := $(FCGI_SOURCES)
STAMP_sessctl := $(SESSCTL_SOURCES)
STAMP_site := $(SITE_SOURCES)
STAMP_counter := $(COUNTER_SOURCES)
STAMP_replay := $(REPLAY_SOURCES)
STAMP_support := $(SUPPORT_SOURCES)
STAMP_bench := $(BENCH_SOURCES) $(BENCH_LIBS)

quoted = '$(subst ','\'',$(1))'
$(B)/stamps/%: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(call quoted,$(STAMP_$*)) | cmp -s - $@ || printf '%s\n' $(call quoted,$(STAMP_$*)) >$@
# Named in rules only, so make would take them for intermediate files and delete them.
.PRECIOUS: $(B)/stamps/%
stamps = $(addprefix $(B)/stamps/,link $(1))

# ---------------------------------------------------------------------------------------------------------------
# Compiling

define compile_rule
$(B)/obj/$(1)/%.o: $(1)/%.cpp $(B)/stamps/compile$(3)
	$$(call say,CXX,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(COMPILE) $(2) -MMD -MP -c -o $$@ $$<
endef
$(eval $(call compile_rule,src,$(LIBRARY_FLAGS),-library))
$(eval $(call compile_rule,tools,-Itools))
$(eval $(call compile_rule,tests,-Itests))
$(foreach folder,$(PLAIN_TESTS),$(eval $(call compile_rule,tests/$(folder),-Itests $(PLAIN_TEST_FLAGS))))

$(B)/obj/tools/%.o: tools/%.c $(B)/stamps/compile-c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE_C) -MMD -MP -c -o $@ $<

# ---------------------------------------------------------------------------------------------------------------
# The libraries

$(LIB_A): $(call objects,$(LIB_SOURCES)) $(call stamps,libsess)
	$(archive)

$(LIB_SO): $(call objects,$(LIB_SOURCES)) src/libsess.map $(call stamps,libsess)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -shared -Wl,-soname,libsess.so.$(SOVERSION) $(STRICT_SHARED) \
	    -Wl,--version-script=src/libsess.map -o $@ $(filter %.o,$^) $(LIBRARY_LIBS)

$(B)/lib/libsess-fcgi.a: $(call objects,$(FCGI_SOURCES)) $(call stamps,libsess-fcgi)
	$(archive)

$(B)/lib/libsess-fcgi.so.$(VERSION): $(call objects,$(FCGI_SOURCES)) src/libsess.map $(LIB_SO) $(LIB_LINKS) \
                                     $(call stamps,libsess-fcgi)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -shared -Wl,-soname,libsess-fcgi.so.$(SOVERSION) $(STRICT_SHARED) \
	    -Wl,--version-script=src/libsess.map -o $@ $(filter %.o,$^) -L$(B)/lib -lsess $(FCGI_LIBS) $(LIBRARY_LIBS)

$(B)/lib/%.so.$(SOVERSION) $(B)/lib/%.so: $(B)/lib/%.so.$(VERSION)
	@ln -sf $(<F) $(B)/lib/$*.so.$(SOVERSION)
	@ln -sf $*.so.$(SOVERSION) $(B)/lib/$*.so

# ---------------------------------------------------------------------------------------------------------------
# The tools. They link the static library: they use parts that the shared one does not export.

# sessctl without its main, so that unit tests can link what they test of it.
$(SESSCTL_A): $(call objects,$(SESSCTL_SOURCES)) $(call stamps,sessctl)
	$(archive)

$(B)/bin/sessctl: $(call objects,$(SESSCTL_MAIN)) $(SESSCTL_A) $(LIB_A) $(B)/stamps/link
	$(call program,$(LIBS))

# An archive, so that a program takes from the site only what it uses.
$(B)/demo/libsite.a: $(call objects,$(SITE_SOURCES)) $(call stamps,site)
	$(archive)

# Linked as C++, because that is what the static library is of.
$(B)/demo/counter.cgi: $(call objects,$(COUNTER_SOURCES)) $(LIB_A) $(call stamps,counter)
	$(call program,$(LIBS))

$(B)/demo/%.cgi: $(B)/obj/tools/demo/main_%_cgi.o $(B)/demo/libsite.a $(LIB_A) $(B)/stamps/link
	$(call program,$(LIBS))

$(B)/demo/%.fcgi: $(B)/obj/tools/demo/main_%_fcgi.o $(B)/demo/libsite.a $(FCGI_A) $(LIB_A) $(B)/stamps/link
	$(call program,$(FCGI_LIBS) $(LIBS))

$(B)/demo/replay: $(call objects,$(REPLAY_SOURCES)) $(LIB_A) $(call stamps,replay)
	$(call program,$(LIBS) -lcpp-httplib)

# Pattern rules would otherwise delete these as intermediate files.
.SECONDARY: $(call objects,$(DEMO_MAINS))

# ---------------------------------------------------------------------------------------------------------------
# Tests: every folder of tests/ with sources is one program, with the shared support and a shared main (or its own
# main.cpp). They link the static library to reach what is not exported.

SUPPORT_OBJECTS := $(call objects,$(SUPPORT_SOURCES))
DOCTEST_MAIN := $(B)/obj/tests/support/doctest_main.o

# Beside the library; tests/unit/tools tests parts of sessctl and of the demo.
TEST_ARCHIVES_unit := $(SESSCTL_A) $(B)/demo/libsite.a
# How tests start sessctl.
TEST_ARCHIVES_scale := $(call objects,tests/cli/sessctl_program.cpp)

define test_program
ifneq ($(call cpp_below,tests/$(1)),)
TEST_SOURCES += $(call cpp_below,tests/$(1))
TESTS += $(B)/tests/$(1)
STAMP_test-$(1) := $(call cpp_below,tests/$(1))
$(B)/tests/$(1): $(call objects,$(call cpp_below,tests/$(1))) \
                 $(if $(wildcard tests/$(1)/main.cpp),$(filter-out $(DOCTEST_MAIN),$(SUPPORT_OBJECTS)),$(SUPPORT_OBJECTS)) \
                 $(TEST_ARCHIVES_$(1)) $(FCGI_A) $(LIB_A) $(call stamps,test-$(1) support)
	$$(call program,$(FCGI_LIBS) $(LIBS))
endif
endef
$(foreach dir,$(TEST_DIRS),$(eval $(call test_program,$(dir))))

# What tests from outside (ptrace, a scheduler, a model checker) and takes minutes is run by `make proof`.
PROOFS := $(B)/tests/kill $(B)/tests/schedules
# scripts/proof-power builds and runs this one: it takes root and loop devices.
TESTS := $(filter-out $(PROOFS) $(B)/tests/power,$(TESTS))

tests: $(TESTS)

proof: $(PROOFS) tests
	@SESS_BUILD=$(abspath $(B)) scripts/proof $(PROOFS)

# SESS_BUILD is how test scripts find sessctl and the demo. LONG=1 and SAN reach the tests by the environment too: make
# exports what stands on its command line.
test: all $(TESTS)
	@SESS_BUILD=$(abspath $(B)) scripts/run-tests $(TESTS)

# Behind lighttpd, nginx and Apache, and in a browser.
test-web: sessctl demo
	@scripts/test-web

# In a bare Debian: takes root.
test-packages:
	@scripts/test-packages

$(B)/bench/libsupport.a: $(filter-out $(DOCTEST_MAIN),$(SUPPORT_OBJECTS)) $(call stamps,support)
	$(archive)

$(B)/bench/compare: $(call objects,$(BENCH_SOURCES)) $(B)/bench/libsupport.a $(LIB_A) $(call stamps,bench)
	$(call program,$(BENCH_LIBS) $(LIBS))

bench: $(BENCH)
	$(BENCH) --output $(B)/bench/results.json $(BENCH_ARGS)

# ---------------------------------------------------------------------------------------------------------------
# Checks, installation, housekeeping

check: all
	@SESS_BUILD=$(B) scripts/check

format:
	@scripts/format

# Manual pages and completions, too, where `make manual completions` has made them: both take programs that run here.
install: lib sessctl $(filter manual completions,$(MAKECMDGOALS))
	install -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(LIBDIR)' '$(DESTDIR)$(PKGCONFIGDIR)'
	$(Q)set -e; for header in $(PUBLIC_HEADERS); do \
	    install -D -m 644 "$$header" '$(DESTDIR)$(INCLUDEDIR)'/"$${header#include/}"; \
	done
	$(Q)set -e; for name in libsess $(if $(FCGI_SOURCES),libsess-fcgi); do \
	    install -m 644 $(B)/lib/$$name.a '$(DESTDIR)$(LIBDIR)'; \
	    install -m 755 $(B)/lib/$$name.so.$(VERSION) '$(DESTDIR)$(LIBDIR)'; \
	    ln -sf $$name.so.$(VERSION) '$(DESTDIR)$(LIBDIR)'/$$name.so.$(SOVERSION); \
	    ln -sf $$name.so.$(SOVERSION) '$(DESTDIR)$(LIBDIR)'/$$name.so; \
	    sed -e 's|@prefix@|$(PREFIX)|' -e 's|@includedir@|$(INCLUDEDIR)|' -e 's|@libdir@|$(LIBDIR)|' \
	        -e 's|@version@|$(VERSION)|' -e 's|@libs@|$(LIBRARY_LIBS)|' -e 's|@fcgi_libs@|$(FCGI_LIBS)|' \
	        src/$$name.pc.in >'$(DESTDIR)$(PKGCONFIGDIR)'/$$name.pc; \
	    chmod 644 '$(DESTDIR)$(PKGCONFIGDIR)'/$$name.pc; \
	done
	$(if $(SESSCTL),install -m 755 $(SESSCTL) '$(DESTDIR)$(BINDIR)')
	$(Q)set -e; for page in $(B)/man/*.[1-9]; do \
	    [ -e "$$page" ] || continue; \
	    install -D -m 644 "$$page" '$(DESTDIR)$(MANDIR)'/man"$${page##*.}"/"$${page##*/}"; \
	done
	$(Q)set -e; if [ -d $(B)/completions ]; then \
	    install -D -m 644 $(B)/completions/sessctl '$(DESTDIR)$(BASH_COMPLETIONS)/sessctl'; \
	    install -D -m 644 $(B)/completions/_sessctl '$(DESTDIR)$(ZSH_COMPLETIONS)/_sessctl'; \
	    install -D -m 644 $(B)/completions/sessctl.fish '$(DESTDIR)$(FISH_COMPLETIONS)/sessctl.fish'; \
	fi

doc:
	@mkdir -p $(B)/doc
	@{ cat tools/manual/Doxyfile; printf 'OUTPUT_DIRECTORY = "%s"\nPROJECT_NUMBER = %s\n' '$(B)/doc' '$(VERSION)'; } | doxygen -

# Of what sessctl says, which has to run here.
completions: sessctl
	@rm -rf $(B)/completions $(B)/completions.new
	@mkdir -p $(B)/completions.new
	@$(SESSCTL) completion bash >$(B)/completions.new/sessctl
	@$(SESSCTL) completion zsh >$(B)/completions.new/_sessctl
	@$(SESSCTL) completion fish >$(B)/completions.new/sessctl.fish
	@mv $(B)/completions.new $(B)/completions

manual: sessctl
	@scripts/manual $(SESSCTL) $(B)/man

dist:
	@scripts/package dist $(B)/package

deb:
	@scripts/package deb $(B)/package

clean:
	rm -rf build

# The flags as a compiler without -Werror gets them: the checks compile with the same ones.
print-c-flags:
	@printf '%s\n' $(call quoted,$(C_LANGUAGE) $(WARNINGS) -Iinclude)
print-flags:
	@printf '%s\n' $(call quoted,$(LANGUAGE) $(WARNINGS) $(INCLUDES))

# For scripts/test, which runs the tests without make around them.
print-build:
	@printf '%s\n' $(abspath $(B))
print-tests:
	@printf '%s\n' $(TESTS)

help:
	@printf '%s\n' \
	  'make                    the libraries, sessctl and the demo, below $(B)/' \
	  'make test               build and run every test; LONG=1 runs the long ones too' \
	  'make test-web           the demo site behind three web servers and in a browser; LONG=1: under load for half an hour' \
	  'make test-packages      the Debian packages, in a bare Debian in a folder; takes root' \
	  'make proof              kill processes at every call and at random, check the model; LONG=1 searches farther' \
	  'make check              format, lint, layering, headers, exports, shell scripts, warnings' \
	  'make bench              libsess and its peers at the same work (BENCH_ARGS=...; scripts/install-deps bench)' \
	  'make install            to PREFIX (default /usr/local), below DESTDIR if given; manual and completions if made' \
	  'make doc                the reference of the interface, in $(B)/doc/html' \
	  'make manual             manual pages, in $(B)/man' \
	  'make completions        completion for bash, zsh and fish, in $(B)/completions' \
	  'make dist               the source archive, in $(B)/package' \
	  'make deb                Debian packages from it, in $(B)/package' \
	  'make format             clang-format every source in place' \
	  'make lib | sessctl | demo | tests    one part only' \
	  'make clean              remove build/' \
	  '' \
	  'V=1 shows every command; WERROR=1 makes warnings errors; CXX=clang++ builds below build/clang;' \
	  'SAN=address|undefined|thread builds and tests with that sanitizer, below build/san-NAME.'

-include $(patsubst %.o,%.d,$(call objects,$(LIB_SOURCES) $(FCGI_SOURCES) $(SESSCTL_MAIN) $(SESSCTL_SOURCES) \
    $(DEMO_MAINS) $(SITE_SOURCES) $(COUNTER_SOURCES) $(REPLAY_SOURCES) $(SUPPORT_SOURCES) $(BENCH_SOURCES) $(TEST_SOURCES)))
