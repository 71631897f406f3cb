# SPDX-License-Identifier: GPL-3.0-or-later
# One static target per room. Includes are written from the repository root; what a room links is private unless it is
# another room, whose headers its own headers may name (tests/layering.txt says which).
find_program(BESIDE_CCACHE ccache)
if(BESIDE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${BESIDE_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${BESIDE_CCACHE})
endif()
find_program(BESIDE_MOLD mold)
if(BESIDE_MOLD AND NOT BESIDE_SANITIZE AND NOT BESIDE_FUZZ)
  add_link_options(-fuse-ld=mold)
endif()

add_library(beside_flags INTERFACE)
target_compile_options(beside_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Woverloaded-virtual -Werror
  -fstack-protector-strong
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)  # GCC 12 sees overlaps in std::string that are not there (its bug 105651)
target_compile_definitions(beside_flags INTERFACE _FORTIFY_SOURCE=2)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # -Wno-cast-qual: OpenSSL's macros cast const away, and Clang sees that in our files.
  target_compile_options(beside_flags INTERFACE -Wthread-safety -Wno-gnu-zero-variadic-macro-arguments -Wno-cast-qual)
endif()
target_include_directories(beside_flags INTERFACE ${CMAKE_SOURCE_DIR})
if(BESIDE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # without coverage of the rooms the fuzzer is blind
endif()
if(BESIDE_SANITIZE)
  add_compile_options(-fsanitize=${BESIDE_SANITIZE} -fno-omit-frame-pointer -g1 -U_FORTIFY_SOURCE)
  if(BESIDE_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)   # GCC warns of the fences in Asio, which it cannot follow
  endif()
  add_link_options(-fsanitize=${BESIDE_SANITIZE})
  target_compile_options(beside_flags INTERFACE -U_FORTIFY_SOURCE)
endif()

# The standard headers are read precompiled in a Release of GCC: one set for the libraries, one for the tests, which are
# programs (-fPIE). The other builds show what a file forgot to include.
set(BESIDE_STANDARD_HEADERS
  <algorithm> <array> <atomic> <bit> <chrono> <cmath> <condition_variable> <cstdint> <cstdio> <cstdlib> <cstring> <deque> <filesystem> <fstream>
  <functional> <map> <memory> <mutex> <optional> <random> <set> <span> <sstream> <string> <string_view> <thread> <unordered_map> <utility> <variant>
  <vector> <tl/expected.hpp>)
if(BESIDE_PRECOMPILE AND CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  foreach(kind library test)
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/standard_${kind}.cpp CONTENT "")
    add_library(beside_standard_${kind} OBJECT EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/generated/standard_${kind}.cpp)
    target_link_libraries(beside_standard_${kind} PRIVATE beside_flags)
    target_precompile_headers(beside_standard_${kind} PRIVATE ${BESIDE_STANDARD_HEADERS})
  endforeach()
  set_target_properties(beside_standard_test PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(beside_standard_test PRIVATE -fPIE)
  target_precompile_headers(beside_standard_test PRIVATE <doctest/doctest.h>)
endif()
function(beside_precompile target kind)
  if(NOT TARGET beside_standard_${kind})
    return()
  endif()
  target_precompile_headers(${target} REUSE_FROM beside_standard_${kind})
  # GCC 12 forgets which of these headers are the system's and tells of overflows in std::string that are not there (its bug
  # 105651); a build with BESIDE_PRECOMPILE off keeps both warnings.
  target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-stringop-overflow)
endfunction()

# beside_room(name SOURCES a.cpp ... [ROOMS base wire ...] [LINKS lib ...] [INCLUDES dir ...])
#   ROOMS are other rooms (public: their headers are part of ours); LINKS are libraries that stay behind the wall.
function(beside_room name)
  cmake_parse_arguments(R "" "" "SOURCES;ROOMS;LINKS;INCLUDES" ${ARGN})
  add_library(beside_${name} STATIC ${R_SOURCES})
  target_link_libraries(beside_${name} PRIVATE beside_flags)
  beside_precompile(beside_${name} library)
  target_include_directories(beside_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  foreach(room IN LISTS R_ROOMS)
    target_link_libraries(beside_${name} PUBLIC beside_${room})
  endforeach()
  if(R_LINKS)
    target_link_libraries(beside_${name} PRIVATE ${R_LINKS})
  endif()
  if(R_INCLUDES)
    target_include_directories(beside_${name} PRIVATE ${R_INCLUDES})
  endif()
endfunction()

# What the sanitizer run of .ci/run builds: the tests and fuzz replays marked SANITIZE (those without window or X server).
add_custom_target(beside_sanitize)

# beside_test(name [SANITIZE] SOURCES a_test.cpp ... ROOMS ... [LINKS ...]) makes one doctest program and registers it.
function(beside_test name)
  if(NOT BESIDE_TESTS)
    return()
  endif()
  cmake_parse_arguments(T "SANITIZE" "TIMEOUT" "SOURCES;ROOMS;LINKS" ${ARGN})
  add_executable(${name} ${T_SOURCES} $<TARGET_OBJECTS:beside_doctest_main>)
  target_link_libraries(${name} PRIVATE beside_flags ${T_LINKS})
  beside_precompile(${name} test)
  foreach(room IN LISTS T_ROOMS)
    target_link_libraries(${name} PRIVATE beside_${room})
  endforeach()
  target_compile_definitions(${name} PRIVATE BESIDE_VECTORS="${CMAKE_SOURCE_DIR}/tests/vectors")
  add_test(NAME ${name} COMMAND ${name})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 60)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT} SKIP_RETURN_CODE 77)
  if(T_SANITIZE)
    set_tests_properties(${name} PROPERTIES LABELS sanitize)
    add_dependencies(beside_sanitize ${name})
  endif()
endfunction()

# beside_fuzz(name SOURCE x_fuzz.cpp ROOMS ...) : with BESIDE_FUZZ a libFuzzer program; otherwise the same target function
# replays tests/<...>/corpus/<name>/* in ctest, so that every crash stays a case.
function(beside_fuzz name)
  cmake_parse_arguments(F "" "SOURCE" "ROOMS;LINKS" ${ARGN})
  if(BESIDE_FUZZ)
    add_executable(${name} ${F_SOURCE})
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  elseif(BESIDE_TESTS)
    add_executable(${name} ${F_SOURCE} $<TARGET_OBJECTS:beside_fuzz_replay>)
    add_test(NAME ${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/corpus/${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 60 LABELS sanitize)
    add_dependencies(beside_sanitize ${name})
  else()
    return()
  endif()
  target_link_libraries(${name} PRIVATE beside_flags ${F_LINKS})
  foreach(room IN LISTS F_ROOMS)
    target_link_libraries(${name} PRIVATE beside_${room})
  endforeach()
endfunction()
