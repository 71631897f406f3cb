// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/kit/widget_map.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "engine/base/log.h"

namespace beside::kit {
namespace {

void quote(std::string& out, std::string_view words) {
  out += '"';
  for (const char c : words) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (u < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(u));
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string path_from_environment() {
  const char* path = std::getenv("BESIDE_UI_MAP");
  return path != nullptr ? path : "";
}

}  // namespace

const char* name_of(Role role) {
  switch (role) {
    case Role::Screen:
      return "screen";
    case Role::Button:
      return "button";
    case Role::Field:
      return "field";
    case Role::Check:
      return "check";
    case Role::Choice:
      return "choice";
    case Role::Item:
      return "item";
    case Role::Text:
      return "text";
    case Role::Image:
      return "image";
    case Role::Panel:
      return "panel";
    case Role::Dialog:
      return "dialog";
  }
  return "text";
}

WidgetMap::WidgetMap() : WidgetMap(path_from_environment()) {}
WidgetMap::WidgetMap(std::string path) : path_(std::move(path)) {}

const Widget* WidgetMap::find(std::string_view label) const {
  for (const Widget& w : widgets_)
    if (w.label == label) return &w;
  return nullptr;
}

std::string WidgetMap::json() const {
  std::string out = "{\"title\":";
  quote(out, title_);
  out += fmt::format(",\"origin\":[{},{}],\"placing\":{},\"keyboard\":{},\"widgets\":[", origin_x_, origin_y_, placing_, keyboard_);
  bool first = true;
  for (const Widget& w : widgets_) {
    out += first ? "\n" : ",\n";
    first = false;
    out += "{\"label\":";
    quote(out, w.label);
    out += fmt::format(",\"role\":\"{}\",\"rect\":[{},{},{},{}],\"enabled\":{}", name_of(w.role), w.rect.x + origin_x_,
                       w.rect.y + origin_y_, w.rect.width, w.rect.height, w.enabled);
    if (w.checked) out += fmt::format(",\"checked\":{}", *w.checked);
    if (w.focused) out += ",\"focused\":true";
    if (w.cut) out += ",\"cut\":true";
    if (w.hidden) out += ",\"hidden\":true";
    if (!w.text.empty()) {
      out += ",\"text\":";
      quote(out, w.text);
    }
    out += '}';
  }
  out += "\n]}\n";
  return out;
}

void WidgetMap::end_frame() {
  if (path_.empty()) return;
  std::string now = json();
  if (now == last_) return;
  last_ = std::move(now);
  const std::string part = path_ + ".part";
  bool good = false;
  if (std::FILE* file = std::fopen(part.c_str(), "wb")) {
    good = std::fwrite(last_.data(), 1, last_.size(), file) == last_.size();
    good = std::fclose(file) == 0 && good;
  }
  if (good) good = std::rename(part.c_str(), path_.c_str()) == 0;
  if (!good && !warned_) {
    warned_ = true;
    BS_LOG(Warn, "ui/kit", "the widget map could not be written");
  }
}

}  // namespace beside::kit
