// SPDX-License-Identifier: GPL-3.0-or-later
// A tool to look at screens: ui_gallery OUT_DIR [filter] [theme] [language] [scale] [WxH]
// Draws every sample whose name holds `filter` into OUT_DIR/NAME-THEME-LANGUAGE-SCALE.png. Needs a display (Xvfb will
// do).
#define GL_GLEXT_PROTOTYPES
#include <GLFW/glfw3.h>
#include <backends/imgui_impl_glfw.h>
#include <backends/imgui_impl_opengl2.h>
#include <imgui.h>
#include <png.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#include "tests/ui/customer_samples.h"
#include "ui/kit/catalogue.h"

namespace {

using namespace beside;

bool save_png(const std::string& path, int width, int height, const std::vector<unsigned char>& rgba) {
  std::vector<unsigned char> rgb;
  rgb.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  for (int y = height - 1; y >= 0; --y)
    for (int x = 0; x < width; ++x) {
      const std::size_t at =
          (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)) * 4;
      rgb.insert(rgb.end(), {rgba[at], rgba[at + 1], rgba[at + 2]});
    }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  return png_image_write_to_file(&image, path.c_str(), 0, rgb.data(), 0, nullptr) != 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arg = [&](int i, const char* otherwise) { return std::string(argc > i ? argv[i] : otherwise); };
  if (argc < 2 || std::strcmp(argv[1], "--help") == 0) {
    std::puts("ui_gallery OUT_DIR [filter] [light|dark|contrast] [en|de|it] [scale] [WxH]");
    return argc < 2 ? 2 : 0;
  }
  const std::string out = arg(1, "."), filter = arg(2, ""), theme = arg(3, "light"), language = arg(4, "en");
  const float scale = std::strtof(arg(5, "1").c_str(), nullptr);
  int width = 0, height = 0;
  const std::string size = arg(6, "");
  if (!size.empty() && std::sscanf(size.c_str(), "%dx%d", &width, &height) != 2) return 2;
  if (glfwInit() == 0) return 1;
  glfwWindowHint(GLFW_VISIBLE, GLFW_FALSE);
  kit::set_language(language);
  const kit::ThemeName name = theme == "dark"       ? kit::ThemeName::Dark
                              : theme == "contrast" ? kit::ThemeName::HighContrast
                                                    : kit::ThemeName::Light;
  const auto draw = [&](const std::string& sample, int w, int h, const std::function<void(kit::Ui&)>& view) {
    if (sample.find(filter) == std::string::npos) return true;
    const int pw = static_cast<int>(static_cast<float>(width > 0 ? width : w) * scale);
    const int ph = static_cast<int>(static_cast<float>(height > 0 ? height : h) * scale);
    GLFWwindow* window = glfwCreateWindow(pw, ph, "gallery", nullptr, nullptr);
    if (window == nullptr) return false;
    glfwMakeContextCurrent(window);
    ImGui::CreateContext();
    ImGui_ImplGlfw_InitForOpenGL(window, false);
    ImGui_ImplOpenGL2_Init();
    bool good = false;
    {
      auto ui = kit::Ui::create(name, scale);
      if (!ui) {
        std::fprintf(stderr, "%s\n", dump_error(ui.error()).c_str());
        return false;
      }
      for (int frame = 0; frame < 6; ++frame) {
        if ((*ui)->fonts().update()) ImGui_ImplOpenGL2_DestroyFontsTexture();
        ImGui_ImplOpenGL2_NewFrame();
        ImGui::GetIO().DisplaySize = {static_cast<float>(pw), static_cast<float>(ph)};
        ImGui::GetIO().DeltaTime = 0.016f;
        ImGui::NewFrame();
        (*ui)->begin_frame(test::kSampleNow, test::kSampleUnixMs);
        view(**ui);
        (*ui)->end_frame();
        ImGui::Render();
        glViewport(0, 0, pw, ph);
        glClear(GL_COLOR_BUFFER_BIT);
        ImGui_ImplOpenGL2_RenderDrawData(ImGui::GetDrawData());
      }
      glFinish();
      std::vector<unsigned char> pixels(static_cast<std::size_t>(pw) * static_cast<std::size_t>(ph) * 4);
      glReadPixels(0, 0, pw, ph, GL_RGBA, GL_UNSIGNED_BYTE, pixels.data());
      char tail[64];
      std::snprintf(tail, sizeof(tail), "-%s-%s-%g.png", theme.c_str(), language.c_str(), static_cast<double>(scale));
      good = save_png(out + "/" + sample + tail, pw, ph, pixels);
    }
    ImGui_ImplOpenGL2_Shutdown();
    ImGui_ImplGlfw_Shutdown();
    ImGui::DestroyContext();
    glfwDestroyWindow(window);
    return good;
  };
  bool good = true;
  for (test::Sample& s : test::customer_samples()) {
    const bool panel = s.snapshot.stage == session::CustomerStage::Live;
    const bool tall = s.state.chat_open || s.snapshot.ask.has_value();
    good = draw(s.name, panel ? 380 : 520, panel && !tall ? 560 : 640,
                [&](kit::Ui& ui) { (void)views::draw_customer(ui, s.snapshot, s.state); }) &&
           good;
  }
  for (test::KioskSample& s : test::kiosk_samples()) {
    const bool edge = s.snapshot.stage == session::CustomerStage::Live && !s.snapshot.ask;
    good = draw(s.name, edge ? 420 : 1280, edge ? 1024 : 1024,
                [&](kit::Ui& ui) { (void)views::draw_kiosk(ui, s.snapshot, test::kiosk_settings(), s.state); }) &&
           good;
  }
  glfwTerminate();
  return good ? 0 : 1;
}
