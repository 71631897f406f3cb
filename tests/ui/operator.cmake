# SPDX-License-Identifier: GPL-3.0-or-later
beside_test(operator_views_test SOURCES operator_views_test.cpp operator_samples.cpp ROOMS views_operator)
target_link_libraries(operator_views_test PRIVATE beside_ui_kit)
beside_test(shell_input_test SOURCES shell_input_test.cpp ROOMS shell LINKS glfw)
# Opens real windows: run under an X server of its own by shell_window_test.sh.
if(BESIDE_TESTS)
  add_executable(operator_gallery operator_gallery.cpp operator_samples.cpp)
  target_link_libraries(operator_gallery PRIVATE beside_flags beside_views_operator beside_shell)
  add_executable(shell_window shell_window.cpp)
  target_link_libraries(shell_window PRIVATE beside_flags beside_shell)
  add_test(NAME shell_window_test COMMAND ${CMAKE_CURRENT_LIST_DIR}/shell_window_test.sh $<TARGET_FILE:shell_window>)
  set_tests_properties(shell_window_test PROPERTIES TIMEOUT 60 SKIP_RETURN_CODE 77)
endif()
