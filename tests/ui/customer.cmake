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

# A tool to look at screens: draws any of them with made-up data into a PNG (see its --help).
find_package(glfw3 QUIET)
find_package(OpenGL QUIET COMPONENTS OpenGL)
find_package(PNG QUIET)
if(BESIDE_TESTS AND glfw3_FOUND AND OpenGL_FOUND AND PNG_FOUND)
  add_executable(ui_gallery customer_gallery.cpp customer_samples.cpp)
  target_link_libraries(ui_gallery PRIVATE beside_flags beside_ui_views_customer beside_ui_views_kiosk glfw OpenGL::GL PNG::PNG
                        PkgConfig::IMGUI ${CMAKE_DL_LIBS})
endif()
