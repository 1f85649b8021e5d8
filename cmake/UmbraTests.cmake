# SPDX-License-Identifier: GPL-3.0-or-later
# Tests and their labels. A label says which ring of `./run test` runs a test; docs/hacking.md lists them. In the trees of the
# sanitizers every test carries the ring's own label and prefix, so that one ctest run can hold all trees.
set(UMBRA_UNIT_LABELS unit docs golden conformance fuzz cli crash)  # the same list as in ./run, ring unit
set(UMBRA_OTHER_LABELS root vm interop)                             # only in the tree of ring unit
set(UMBRA_TSAN_TESTS flow io store native jobs)                     # the modules with threads

# Builds what this tree's tests run, and no more.
add_custom_target(umbra_ring)

# umbra_test_label(LABEL OUT): the label in this tree, or empty if such a test does not belong here.
function(umbra_test_label label out)
  if(NOT label IN_LIST UMBRA_UNIT_LABELS AND NOT label IN_LIST UMBRA_OTHER_LABELS)
    message(FATAL_ERROR "unknown test label '${label}': see cmake/UmbraTests.cmake")
  endif()
  if(UMBRA_RING STREQUAL unit)
    set(${out} ${label} PARENT_SCOPE)
  elseif(label IN_LIST UMBRA_UNIT_LABELS)
    set(${out} ${UMBRA_RING} PARENT_SCOPE)
  else()
    set(${out} "" PARENT_SCOPE)
  endif()
endfunction()

# The name of a test in this tree.
function(umbra_test_name name out)
  if(UMBRA_RING STREQUAL unit)
    set(${out} ${name} PARENT_SCOPE)
  else()
    set(${out} ${UMBRA_RING}.${name} PARENT_SCOPE)
  endif()
endfunction()

# umbra_test(NAME FOLDER LINK target... [LABEL label]): one GoogleTest binary NAME_test of every *_test.cpp in FOLDER, and one
# NAME_root_test of its *_root_test.cpp, which need root and loop devices and belong to ring root.
function(umbra_test name folder)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*_test.cpp)
  set(root_sources ${sources})
  list(FILTER root_sources INCLUDE REGEX "_root_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_root_test\\.cpp$")
  if(root_sources)
    umbra_test_of(${name}_root SOURCES ${root_sources} ${ARGN} LABEL root)
  endif()
  if(sources)
    umbra_test_of(${name} SOURCES ${sources} ${ARGN})
  endif()
endfunction()

# umbra_test_of(NAME SOURCES file... LINK target... [LABEL label] [DEFINE definition...])
function(umbra_test_of name)
  cmake_parse_arguments(arg "" "LABEL" "SOURCES;LINK;DEFINE" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  umbra_test_label(${arg_LABEL} label)
  if(NOT label OR (UMBRA_RING STREQUAL tsan AND NOT name IN_LIST UMBRA_TSAN_TESTS))
    return()
  endif()
  umbra_test_name(${name} full_name)
  add_executable(${name}_test ${arg_SOURCES})
  add_dependencies(umbra_ring ${name}_test)
  target_link_libraries(${name}_test PRIVATE umbra_flags ${arg_LINK} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE ${arg_DEFINE})
  if(UMBRA_RING STREQUAL tsan)  # a process with ThreadSanitizer takes a second to start: one for all cases
    add_test(NAME ${full_name} COMMAND ${name}_test)
    set_tests_properties(${full_name} PROPERTIES LABELS ${label} TIMEOUT 900)
    return()
  endif()
  set(serial OFF)
  if(label STREQUAL root)
    set(serial ON)
  endif()
  gtest_discover_tests(${name}_test TEST_PREFIX ${full_name}. DISCOVERY_TIMEOUT 60 DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS ${label} TIMEOUT 300 RUN_SERIAL ${serial})
endfunction()

# umbra_script_tests(FOLDER LABEL label [SERIAL]): every *.sh in FOLDER is one test that drives the binary `umbra`. See
# tests/run_script.sh for what a script finds. Exit code 77 means that something it needs is missing here.
function(umbra_script_tests folder)
  cmake_parse_arguments(arg "SERIAL" "LABEL;TIMEOUT" "" ${ARGN})
  umbra_test_label(${arg_LABEL} label)
  if(NOT TARGET umbra OR NOT label OR UMBRA_RING STREQUAL tsan)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_dependencies(umbra_ring umbra)
  file(GLOB scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.sh)
  foreach(script IN LISTS scripts)
    get_filename_component(name ${script} NAME_WE)
    umbra_test_name(${arg_LABEL}.${name} full_name)
    add_test(NAME ${full_name}
      COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} ${PROJECT_SOURCE_DIR}/tests/run_script.sh $<TARGET_FILE:umbra> ${script}
      WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
    set_tests_properties(${full_name} PROPERTIES LABELS ${label} TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77)
    if(arg_SERIAL)
      set_tests_properties(${full_name} PROPERTIES RUN_SERIAL ON)
    endif()
  endforeach()
endfunction()
