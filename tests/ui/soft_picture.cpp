// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/soft_picture.h"

#include <imgui.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>

#include "tests/ui/customer_samples.h"

namespace beside::test {
namespace {

struct Atlas {
  const unsigned char* rgba = nullptr;
  int width = 0, height = 0;
};
using Rgba = std::array<float, 4>;

Rgba texel(const Atlas& atlas, int x, int y) {
  x = std::clamp(x, 0, atlas.width - 1);
  y = std::clamp(y, 0, atlas.height - 1);
  const unsigned char* at = atlas.rgba + (static_cast<std::ptrdiff_t>(y) * atlas.width + x) * 4;
  return {static_cast<float>(at[0]), static_cast<float>(at[1]), static_cast<float>(at[2]), static_cast<float>(at[3])};
}

// Linear filtering, as the real renderer's sampler does; 0..255.
Rgba sample(const Atlas& atlas, float u, float v) {
  const float x = u * static_cast<float>(atlas.width) - 0.5f, y = v * static_cast<float>(atlas.height) - 0.5f;
  const int x0 = static_cast<int>(std::floor(x)), y0 = static_cast<int>(std::floor(y));
  const float fx = x - static_cast<float>(x0), fy = y - static_cast<float>(y0);
  const Rgba a = texel(atlas, x0, y0), b = texel(atlas, x0 + 1, y0), c = texel(atlas, x0, y0 + 1),
             d = texel(atlas, x0 + 1, y0 + 1);
  Rgba out{};
  for (std::size_t i = 0; i < 4; ++i)
    out[i] = (a[i] * (1 - fx) + b[i] * fx) * (1 - fy) + (c[i] * (1 - fx) + d[i] * fx) * fy;
  return out;
}

float edge(ImVec2 a, ImVec2 b, float x, float y) {
  return (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x);
}

// Of two triangles that share an edge exactly one draws the pixels on it.
bool owns_edge(ImVec2 a, ImVec2 b) {
  return a.y == b.y ? b.x > a.x : b.y < a.y;
}

struct Clip {
  int left, top, right, bottom;
};

void blend(std::uint8_t* at, const Rgba& colour) {
  const float alpha = colour[3] / 255.0f;
  for (std::size_t i = 0; i < 3; ++i) {
    const float mixed = colour[i] * alpha + static_cast<float>(at[i]) * (1 - alpha);
    at[i] = static_cast<std::uint8_t>(std::clamp(std::lround(mixed), 0L, 255L));
  }
}

Rgba unpack(ImU32 c) {
  return {static_cast<float>(c & 255U), static_cast<float>(c >> 8U & 255U), static_cast<float>(c >> 16U & 255U),
          static_cast<float>(c >> 24U)};
}

void triangle(Picture& out, const Atlas& atlas, const Clip& clip, const ImDrawVert* a, const ImDrawVert* b,
              const ImDrawVert* c) {
  float area = edge(a->pos, b->pos, c->pos.x, c->pos.y);
  if (area == 0) return;
  if (area < 0) {
    std::swap(b, c);
    area = -area;
  }
  const auto [left_x, right_x] = std::minmax({a->pos.x, b->pos.x, c->pos.x});
  const auto [top_y, bottom_y] = std::minmax({a->pos.y, b->pos.y, c->pos.y});
  const int left = std::max(clip.left, static_cast<int>(std::floor(left_x)));
  const int right = std::min(clip.right, static_cast<int>(std::ceil(right_x)));
  const int top = std::max(clip.top, static_cast<int>(std::floor(top_y)));
  const int bottom = std::min(clip.bottom, static_cast<int>(std::ceil(bottom_y)));
  const bool own_bc = owns_edge(b->pos, c->pos), own_ca = owns_edge(c->pos, a->pos), own_ab = owns_edge(a->pos, b->pos);
  const Rgba ca = unpack(a->col), cb = unpack(b->col), cc = unpack(c->col);
  const bool plain = a->uv.x == b->uv.x && a->uv.y == b->uv.y && b->uv.x == c->uv.x && b->uv.y == c->uv.y;
  const Rgba flat = plain ? sample(atlas, a->uv.x, a->uv.y) : Rgba{};
  for (int y = top; y < bottom; ++y) {
    for (int x = left; x < right; ++x) {
      const float px = static_cast<float>(x) + 0.5f, py = static_cast<float>(y) + 0.5f;
      const float wa = edge(b->pos, c->pos, px, py), wb = edge(c->pos, a->pos, px, py), wc = edge(a->pos, b->pos, px, py);
      if (wa < 0 || wb < 0 || wc < 0) continue;
      if ((wa == 0 && !own_bc) || (wb == 0 && !own_ca) || (wc == 0 && !own_ab)) continue;
      const float ia = wa / area, ib = wb / area, ic = wc / area;
      const Rgba t = plain ? flat
                           : sample(atlas, a->uv.x * ia + b->uv.x * ib + c->uv.x * ic,
                                    a->uv.y * ia + b->uv.y * ib + c->uv.y * ic);
      Rgba colour{};
      for (std::size_t i = 0; i < 4; ++i) colour[i] = (ca[i] * ia + cb[i] * ib + cc[i] * ic) * t[i] / 255.0f;
      if (colour[3] <= 0) continue;
      blend(&out.rgb[(static_cast<std::size_t>(y) * static_cast<std::size_t>(out.width) + static_cast<std::size_t>(x)) * 3],
            colour);
    }
  }
}

Picture rasterise(const ImDrawData& data, int width, int height) {
  Picture out;
  out.width = width;
  out.height = height;
  out.rgb.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, 0);
  Atlas atlas;
  unsigned char* rgba = nullptr;
  ImGui::GetIO().Fonts->GetTexDataAsRGBA32(&rgba, &atlas.width, &atlas.height);
  atlas.rgba = rgba;
  for (int l = 0; l < data.CmdListsCount; ++l) {
    const ImDrawList* list = data.CmdLists[l];
    for (const ImDrawCmd& cmd : list->CmdBuffer) {
      if (cmd.UserCallback != nullptr) continue;
      const Clip clip{std::max(0, static_cast<int>(cmd.ClipRect.x)), std::max(0, static_cast<int>(cmd.ClipRect.y)),
                      std::min(width, static_cast<int>(cmd.ClipRect.z)), std::min(height, static_cast<int>(cmd.ClipRect.w))};
      const auto corner = [&](unsigned int i) {
        return &list->VtxBuffer[static_cast<int>(cmd.VtxOffset + list->IdxBuffer[static_cast<int>(cmd.IdxOffset + i)])];
      };
      for (unsigned int i = 0; i + 2 < cmd.ElemCount; i += 3) triangle(out, atlas, clip, corner(i), corner(i + 1), corner(i + 2));
    }
  }
  return out;
}

}  // namespace

Picture take_picture(const PictureOptions& o, const std::function<void(kit::Ui&)>& view) {
  constexpr int kTabKey = 258, kFrames = 6;  // GLFW's number; glyphs and heights settle within six frames
  ImGui::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.KeyMap[ImGuiKey_Tab] = kTabKey;
  const int width = static_cast<int>(std::lround(static_cast<float>(o.width) * o.scale));
  const int height = static_cast<int>(std::lround(static_cast<float>(o.height) * o.scale));
  io.DisplaySize = {static_cast<float>(width), static_cast<float>(height)};
  io.DeltaTime = 0.016f;
  Picture out;
  {
    auto ui = kit::Ui::create(o.theme, o.scale);
    if (ui) {
      // Drop-downs that the made-up state opened have finished moving at the fixed time.
      (*ui)->set_reduce_motion(true);
      const auto frame = [&] {
        (*ui)->fonts().update();
        ImGui::NewFrame();
        (*ui)->begin_frame(kSampleNow, kSampleUnixMs);
        view(**ui);
        (*ui)->end_frame();
        ImGui::Render();
      };
      for (int i = 0; i < kFrames; ++i) frame();
      for (int i = 0; i < o.tabs; ++i) {
        io.KeysDown[kTabKey] = true;
        frame();
        io.KeysDown[kTabKey] = false;
        frame();
      }
      frame();
      out = rasterise(*ImGui::GetDrawData(), width, height);
    } else {
      std::fprintf(stderr, "%s\n", dump_error(ui.error()).c_str());
    }
  }
  ImGui::DestroyContext();
  return out;
}

views::RemoteViewState draw_made_up_desktop(const views::RemoteView& view) {
  views::RemoteViewState out;
  out.has_picture = true;
  out.picture_width = 1280;
  out.picture_height = 800;
  const float fit = std::min(view.width / 1280.0f, view.height / 800.0f);
  const float left = std::floor(view.x + (view.width - 1280.0f * fit) / 2), top = std::floor(view.y + (view.height - 800.0f * fit) / 2);
  out.shown_x = left;
  out.shown_y = top;
  out.shown_width = 1280 * fit;
  out.shown_height = 800 * fit;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const auto box = [&](float x, float y, float w, float h, ImU32 colour) {
    list->AddRectFilled({left + x * fit, top + y * fit}, {left + (x + w) * fit, top + (y + h) * fit}, colour);
  };
  box(0, 0, 1280, 800, IM_COL32(74, 106, 138, 255));
  box(0, 766, 1280, 34, IM_COL32(40, 44, 52, 255));
  box(60, 60, 620, 430, IM_COL32(238, 238, 236, 255));
  box(60, 60, 620, 28, IM_COL32(52, 73, 94, 255));
  for (int i = 0; i < 12; ++i)
    box(84, 116 + static_cast<float>(i) * 28, 180 + static_cast<float>(i * 97 % 330), 9, IM_COL32(90, 96, 104, 255));
  box(520, 250, 620, 430, IM_COL32(30, 32, 36, 255));
  box(520, 250, 620, 28, IM_COL32(70, 78, 90, 255));
  for (int i = 0; i < 9; ++i)
    box(544, 304 + static_cast<float>(i) * 26, 90 + static_cast<float>(i * 131 % 380), 8, IM_COL32(140, 200, 150, 255));
  if (view.veil > 0)
    list->AddRectFilled({left, top}, {left + out.shown_width, top + out.shown_height},
                        IM_COL32(0, 0, 0, static_cast<int>(view.veil * 255)));
  return out;
}

bool save_png(const std::string& path, const Picture& picture) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wb"), std::fclose);
  if (!file) return false;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png != nullptr ? png_create_info_struct(png) : nullptr;
  if (info == nullptr) return false;
  png_init_io(png, file.get());
  png_set_compression_level(png, 9);
  png_set_IHDR(png, info, static_cast<png_uint_32>(picture.width), static_cast<png_uint_32>(picture.height), 8,
               PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (int y = 0; y < picture.height; ++y)
    png_write_row(png, picture.rgb.data() + static_cast<std::ptrdiff_t>(y) * picture.width * 3);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return true;
}

std::optional<Picture> load_png(const std::string& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_file(&image, path.c_str()) == 0) return std::nullopt;
  image.format = PNG_FORMAT_RGB;
  Picture out;
  out.width = static_cast<int>(image.width);
  out.height = static_cast<int>(image.height);
  out.rgb.resize(PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, nullptr, out.rgb.data(), 0, nullptr) == 0) return std::nullopt;
  return out;
}

}  // namespace beside::test
