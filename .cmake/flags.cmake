# How every file of ours is compiled: the target lum_flags carries it all. Optimisation and debug
# information stand in CMakePresets.json, one line a preset.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ${LUM_LTO})
include(CheckPIESupported)
check_pie_supported()

add_library(lum_flags INTERFACE)
# POSIX is named because plain -std=c11 hides what <uv.h> needs. Paths are cut to the source tree,
# so that a build in another folder gives the same bytes and an assertion prints core/log.c.
target_compile_definitions(lum_flags INTERFACE _POSIX_C_SOURCE=200809L
                           LUM_VERSION="${PROJECT_VERSION}")
target_compile_options(lum_flags INTERFACE -fno-common -fvisibility=hidden
                       -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=)

set(both -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wold-style-definition -Wmissing-prototypes -Wmissing-declarations -Wredundant-decls
    -Wnested-externs -Wwrite-strings -Wcast-qual -Wcast-align -Wpointer-arith -Wbad-function-cast
    -Wundef -Wvla -Wformat=2 -Wswitch-enum -Wimplicit-fallthrough -Wdouble-promotion
    -Wfloat-equal -Wnull-dereference -Wunused-macros -Wdate-time -Winit-self)
set(gcc -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init -Wtrampolines
    -Wshift-overflow=2 -Warray-bounds=2 -Walloc-zero -Wformat-signedness -Wformat-truncation=2
    -Wformat-overflow=2 -Wstringop-overflow=4 -Warith-conversion -Wrestrict -Wcast-align=strict)
set(clang -Wshorten-64-to-32 -Wconditional-uninitialized -Wmissing-variable-declarations -Wcomma
    -Wassign-enum -Wextra-semi-stmt -Wcast-function-type -Wunreachable-code-aggressive
    -Wloop-analysis -Wheader-hygiene -Wenum-conversion -Wreserved-identifier
    -Wno-reserved-macro-identifier) # a file that needs more than POSIX defines _DEFAULT_SOURCE
# gcc's checks that follow values through the code see false paths in what a sanitizer inserts;
# the gcc preset makes the same checks on clean code.
set(gcc_sanitized -Wno-null-dereference -Wno-maybe-uninitialized -Wno-stringop-overflow
    -Wno-array-bounds -Wno-format-truncation -Wno-format-overflow -Wno-restrict)

set(is_gcc $<C_COMPILER_ID:GNU>)
set(is_clang $<C_COMPILER_ID:Clang>)
target_compile_options(lum_flags INTERFACE ${both} "$<${is_gcc}:${gcc}>" "$<${is_clang}:${clang}>"
                       $<$<BOOL:${LUM_WERROR}>:-Werror>)

if(LUM_HARDEN)
    target_compile_options(lum_flags INTERFACE -fstack-protector-strong -fstack-clash-protection
                           -fcf-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
                           $<${is_gcc}:-ftrivial-auto-var-init=zero>)
    target_link_options(lum_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

if(LUM_SANITIZE)
    target_compile_options(lum_flags INTERFACE -fsanitize=${LUM_SANITIZE} -fno-sanitize-recover=all
                           -fno-omit-frame-pointer "$<${is_gcc}:${gcc_sanitized}>")
    target_link_options(lum_flags INTERFACE -fsanitize=${LUM_SANITIZE})
endif()

if(LUM_FUZZ)
    target_compile_options(lum_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(LUM_COVERAGE)
    target_compile_options(lum_flags INTERFACE --coverage)
    target_link_options(lum_flags INTERFACE --coverage)
endif()
