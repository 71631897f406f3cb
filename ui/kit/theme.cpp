// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/kit/theme.h"

#include <imgui.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace beside::kit {
namespace {

constexpr Theme kLight{.name = ThemeName::Light,
                       .ground = {0xF4F5F7},
                       .surface = {0xFFFFFF},
                       .raised = {0xEBEDF1},
                       .pressed = {0xDFE3E9},
                       .line = {0xD3D8DF},
                       .text = {0x1A1E25},
                       .muted = {0x545D6B},
                       .accent = {0x2459A9},
                       .accent_hover = {0x1C4A90},
                       .on_accent = {0xFFFFFF},
                       .warning = {0xA9261D},
                       .warning_hover = {0x8C1D16},
                       .on_warning = {0xFFFFFF},
                       .accent_soft = {0xE3EBF8},
                       .warning_soft = {0xFBE8E6},
                       .veil = {0x0B0E14},
                       .stage = {0x2A2F37},
                       .on_stage = {0xE2E6EC}};

constexpr Theme kDark{.name = ThemeName::Dark,
                      .ground = {0x14171C},
                      .surface = {0x1C2027},
                      .raised = {0x282D36},
                      .pressed = {0x343B46},
                      .line = {0x39414D},
                      .text = {0xE9EBEE},
                      .muted = {0xA9B1BD},
                      .accent = {0x8AB6FF},
                      .accent_hover = {0xA8C9FF},
                      .on_accent = {0x0A1930},
                      .warning = {0xFF968C},
                      .warning_hover = {0xFFB0A8},
                      .on_warning = {0x380A06},
                      .accent_soft = {0x1D2C45},
                      .warning_soft = {0x3C2321},
                      .veil = {0x000000},
                      .stage = {0x0B0D10},
                      .on_stage = {0xC6CCD5}};

constexpr Theme kHighContrast{.name = ThemeName::HighContrast,
                              .ground = {0x000000},
                              .surface = {0x000000},
                              .raised = {0x1C1C1C},
                              .pressed = {0x303030},
                              .line = {0xFFFFFF},
                              .text = {0xFFFFFF},
                              .muted = {0xE4E4E4},
                              .accent = {0xFFE14D},
                              .accent_hover = {0xFFF0A0},
                              .on_accent = {0x000000},
                              .warning = {0xFF8F85},
                              .warning_hover = {0xFFC0BA},
                              .on_warning = {0x000000},
                              .accent_soft = {0x262200},
                              .warning_soft = {0x2E0B08},
                              .veil = {0x000000},
                              .stage = {0x000000},
                              .on_stage = {0xFFFFFF}};

constexpr std::size_t kPairs = 23;
std::array<ColourPair, kPairs> pairs_of(const Theme& t) {
  return {{{"text on ground", t.text, t.ground},
           {"text on surface", t.text, t.surface},
           {"text on raised", t.text, t.raised},
           {"text on pressed", t.text, t.pressed},
           {"muted on ground", t.muted, t.ground},
           {"muted on surface", t.muted, t.surface},
           {"muted on raised", t.muted, t.raised},
           {"muted on accent soft", t.muted, t.accent_soft},
           {"muted on warning soft", t.muted, t.warning_soft},
           {"accent on ground", t.accent, t.ground},
           {"accent on surface", t.accent, t.surface},
           {"accent on raised", t.accent, t.raised},
           {"accent on accent soft", t.accent, t.accent_soft},
           {"on accent", t.on_accent, t.accent},
           {"on accent, hovered", t.on_accent, t.accent_hover},
           {"warning on ground", t.warning, t.ground},
           {"warning on surface", t.warning, t.surface},
           {"warning on warning soft", t.warning, t.warning_soft},
           {"on warning", t.on_warning, t.warning},
           {"on warning, hovered", t.on_warning, t.warning_hover},
           {"text on accent soft", t.text, t.accent_soft},
           {"text on warning soft", t.text, t.warning_soft},
           {"text on stage", t.on_stage, t.stage}}};
}

// WCAG 2.1, "relative luminance".
double luminance(Colour c) {
  auto channel = [](std::uint32_t v) {
    const double s = v / 255.0;
    return s <= 0.03928 ? s / 12.92 : std::pow((s + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * channel((c.rgb >> 16) & 255) + 0.7152 * channel((c.rgb >> 8) & 255) + 0.0722 * channel(c.rgb & 255);
}

ImVec4 vec(Colour c, float alpha = 1.0f) {
  return ImGui::ColorConvertU32ToFloat4(packed(c, alpha));
}

}  // namespace

const Theme& theme(ThemeName name) {
  switch (name) {
    case ThemeName::Light:
      return kLight;
    case ThemeName::Dark:
      return kDark;
    case ThemeName::HighContrast:
      return kHighContrast;
  }
  return kLight;
}

double contrast(Colour a, Colour b) {
  const double x = luminance(a), y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

std::span<const ColourPair> drawn_pairs(ThemeName name) {
  static const std::array<ColourPair, kPairs> light = pairs_of(kLight), dark = pairs_of(kDark),
                                              high = pairs_of(kHighContrast);
  switch (name) {
    case ThemeName::Light:
      return light;
    case ThemeName::Dark:
      return dark;
    case ThemeName::HighContrast:
      return high;
  }
  return light;
}

std::uint32_t packed(Colour c, float alpha) {
  const auto a = static_cast<std::uint32_t>(std::lround(std::clamp(alpha, 0.0f, 1.0f) * 255));
  return IM_COL32((c.rgb >> 16) & 255u, (c.rgb >> 8) & 255u, c.rgb & 255u, a);
}

Colour mixed(Colour a, Colour b, float t) {
  std::uint32_t rgb = 0;
  for (int shift = 16; shift >= 0; shift -= 8) {
    const auto x = static_cast<float>((a.rgb >> shift) & 255), y = static_cast<float>((b.rgb >> shift) & 255);
    rgb |= static_cast<std::uint32_t>(std::lround(x + (y - x) * t)) << shift;
  }
  return {rgb};
}

void apply(const Theme& t, float scale) {
  ImGuiStyle& s = ImGui::GetStyle();
  s = ImGuiStyle();
  const auto px = [scale](float v) { return std::round(v * scale); };
  s.WindowPadding = {px(measure::kWide), px(measure::kWide)};
  s.FramePadding = {px(measure::kGap), px(measure::kTight)};
  s.ItemSpacing = {px(measure::kTight), px(measure::kTight)};
  s.ItemInnerSpacing = {px(measure::kTight), px(measure::kGrid)};
  s.IndentSpacing = px(measure::kWide);
  s.ScrollbarSize = px(measure::kGap);
  s.GrabMinSize = px(measure::kSection);
  s.WindowRounding = 0;
  s.ChildRounding = s.FrameRounding = s.PopupRounding = s.ScrollbarRounding = s.GrabRounding = s.TabRounding =
      px(measure::kRounding);
  s.WindowBorderSize = s.FrameBorderSize = s.ChildBorderSize = s.TabBorderSize = 0;
  s.PopupBorderSize = std::max(1.0f, std::floor(scale));
  s.WindowMinSize = {px(8), px(8)};
  s.DisplaySafeAreaPadding = {0, 0};
  s.DisabledAlpha = 1.0f;  // disabled things are drawn in the muted colour, which stays readable
  s.AntiAliasedLinesUseTex = true;
  s.CircleTessellationMaxError = 0.2f;
  // Every colour by name or from the ground, so that none of ImGui's own is left when a version adds one.
  for (ImVec4& c : s.Colors) c = vec(t.surface);
  auto set = [&s](ImGuiCol which, ImVec4 v) { s.Colors[which] = v; };
  set(ImGuiCol_Text, vec(t.text));
  set(ImGuiCol_TextDisabled, vec(t.muted));
  set(ImGuiCol_WindowBg, vec(t.ground));
  set(ImGuiCol_ChildBg, vec(t.ground, 0));
  set(ImGuiCol_PopupBg, vec(t.surface));
  set(ImGuiCol_Border, vec(t.line));
  set(ImGuiCol_BorderShadow, vec(t.line, 0));
  set(ImGuiCol_FrameBg, vec(t.surface, 0));
  set(ImGuiCol_FrameBgHovered, vec(t.surface, 0));
  set(ImGuiCol_FrameBgActive, vec(t.surface, 0));
  set(ImGuiCol_ScrollbarBg, vec(t.ground, 0));
  set(ImGuiCol_ScrollbarGrab, vec(mixed(t.line, t.muted, 0.3f)));
  set(ImGuiCol_ScrollbarGrabHovered, vec(t.muted));
  set(ImGuiCol_ScrollbarGrabActive, vec(t.text));
  for (ImGuiCol c : {ImGuiCol_CheckMark, ImGuiCol_SliderGrab, ImGuiCol_SliderGrabActive, ImGuiCol_PlotHistogram,
                     ImGuiCol_PlotLines, ImGuiCol_DragDropTarget, ImGuiCol_NavHighlight})
    set(c, vec(t.accent));
  for (ImGuiCol c : {ImGuiCol_Button, ImGuiCol_Header, ImGuiCol_HeaderHovered, ImGuiCol_ButtonHovered})
    set(c, vec(t.raised));
  for (ImGuiCol c : {ImGuiCol_ButtonActive, ImGuiCol_HeaderActive}) set(c, vec(t.pressed));
  for (ImGuiCol c : {ImGuiCol_Separator, ImGuiCol_SeparatorHovered, ImGuiCol_SeparatorActive, ImGuiCol_TableBorderLight,
                     ImGuiCol_TableBorderStrong})
    set(c, vec(t.line));
  set(ImGuiCol_TableHeaderBg, vec(t.raised));
  set(ImGuiCol_TableRowBg, vec(t.ground, 0));
  set(ImGuiCol_TableRowBgAlt, vec(t.raised, 0.4f));
  set(ImGuiCol_TextSelectedBg, vec(mixed(t.accent_soft, t.accent, 0.3f)));
  set(ImGuiCol_ModalWindowDimBg, vec(t.veil, 0.5f));
  set(ImGuiCol_NavWindowingDimBg, vec(t.veil, 0.3f));
}

}  // namespace beside::kit
