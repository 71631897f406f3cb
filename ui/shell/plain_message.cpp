// SPDX-License-Identifier: GPL-3.0-or-later
// Where nothing of ours can draw: plain Xlib, which has words for people without a font of ours.
#include "ui/shell/shell.h"

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/keysym.h>

#include <string>
#include <vector>

namespace beside::shell {

void show_plain_message(const std::string& title, const std::string& text) {
  Display* display = XOpenDisplay(nullptr);
  if (display == nullptr) return;
  const int screen = XDefaultScreen(display);
  char** missing = nullptr;
  int missing_count = 0;
  char* fallback = nullptr;
  XFontSet fonts = XCreateFontSet(display, "-*-*-medium-r-*--14-*-*-*-*-*-*-*,-*-fixed-medium-r-*--14-*-*-*-*-*-*-*,*", &missing, &missing_count, &fallback);
  if (missing != nullptr) XFreeStringList(missing);
  constexpr int kLine = 22, kMargin = 24, kWidth = 640;
  GC gc = XDefaultGC(display, screen);
  const auto fits = [&](const std::string& line) {
    if (fonts == nullptr) return line.size() <= 68;
    return Xutf8TextEscapement(fonts, line.c_str(), static_cast<int>(line.size())) <= kWidth - 2 * kMargin;
  };
  std::vector<std::string> lines(1);
  std::string word;
  for (const char c : text + "\n") {
    if (c != ' ' && c != '\n') {
      word += c;
      continue;
    }
    const std::string with = lines.back().empty() ? word : lines.back() + " " + word;
    if (fits(with) || lines.back().empty()) lines.back() = with;
    else lines.push_back(word);
    word.clear();
    if (c == '\n') lines.emplace_back();
  }
  lines.pop_back();
  const int height = kMargin * 2 + kLine * static_cast<int>(lines.size()) + 52;
  const ::Window window = XCreateSimpleWindow(display, XRootWindow(display, screen), 0, 0, kWidth, static_cast<unsigned>(height), 0,
                                              XBlackPixel(display, screen), XWhitePixel(display, screen));
  XmbSetWMProperties(display, window, title.c_str(), title.c_str(), nullptr, 0, nullptr, nullptr, nullptr);
  Atom close = XInternAtom(display, "WM_DELETE_WINDOW", False);
  XSetWMProtocols(display, window, &close, 1);
  XSelectInput(display, window, ExposureMask | KeyPressMask | ButtonReleaseMask | StructureNotifyMask);
  XMapRaised(display, window);
  XSetForeground(display, gc, XBlackPixel(display, screen));
  const auto draw = [&](const std::string& line, int x, int y) {
    const int bytes = static_cast<int>(line.size());
    if (fonts != nullptr) {
      Xutf8DrawString(display, window, fonts, gc, x, y, line.c_str(), bytes);
    } else {
      XDrawString(display, window, gc, x, y, line.c_str(), bytes);
    }
  };
  for (bool open = true; open;) {
    XEvent event;
    XNextEvent(display, &event);
    if (event.type == Expose && event.xexpose.count == 0) {
      int y = kMargin + 14;
      for (const std::string& line : lines) {
        draw(line, kMargin, y);
        y += kLine;
      }
      XDrawRectangle(display, window, gc, kWidth - kMargin - 96, height - kMargin - 32, 96, 32);
      draw("OK", kWidth - kMargin - 56, height - kMargin - 11);
    }
    if (event.type == ClientMessage && static_cast<Atom>(event.xclient.data.l[0]) == close) open = false;
    if (event.type == ButtonRelease && event.xbutton.button == 1) {
      open = event.xbutton.x < kWidth - kMargin - 96 || event.xbutton.y < height - kMargin - 32;
    }
    if (event.type == KeyPress) {
      const KeySym sym = XLookupKeysym(&event.xkey, 0);
      if (sym == XK_Return || sym == XK_Escape || sym == XK_space || sym == XK_KP_Enter) open = false;
    }
  }
  if (fonts != nullptr) XFreeFontSet(display, fonts);
  XCloseDisplay(display);
}

}  // namespace beside::shell
