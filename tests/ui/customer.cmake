# SPDX-License-Identifier: GPL-3.0-or-later
beside_test(ui_kit_test
  SOURCES kit_catalogue_test.cpp kit_redraw_test.cpp kit_theme_test.cpp kit_widgets_test.cpp kit_screen.cpp
  ROOMS base ui_kit ui_views_shared TIMEOUT 120)
beside_test(ui_customer_test
  SOURCES customer_screens_test.cpp customer_commands_test.cpp kiosk_test.cpp customer_samples.cpp kit_screen.cpp
  ROOMS base ui_kit ui_views_shared ui_views_customer ui_views_kiosk TIMEOUT 240)
foreach(test ui_kit_test ui_customer_test)
  if(TARGET ${test})
    target_compile_definitions(${test} PRIVATE BESIDE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  endif()
endforeach()

# Screens drawn on the processor: a tool to look at them (see its --help), and golden_pictures, which holds them against
# tests/golden/*.png ("golden_pictures --update" renews those).
find_package(PNG QUIET)
if(BESIDE_TESTS AND PNG_FOUND)
  foreach(tool ui_gallery golden_pictures)
    string(REPLACE "ui_" "" main ${tool})
    add_executable(${tool} ${main}.cpp customer_samples.cpp operator_samples.cpp soft_picture.cpp)
    target_link_libraries(${tool} PRIVATE beside_flags beside_ui_views_customer beside_ui_views_kiosk beside_views_operator PNG::PNG
                          PkgConfig::IMGUI)
    target_compile_definitions(${tool} PRIVATE BESIDE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  endforeach()
  add_test(NAME golden_pictures COMMAND golden_pictures --out ${CMAKE_BINARY_DIR}/golden-differences)
  set_tests_properties(golden_pictures PROPERTIES TIMEOUT 180)
endif()
