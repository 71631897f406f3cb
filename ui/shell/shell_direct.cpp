// SPDX-License-Identifier: GPL-3.0-or-later
// ShellOnGlfw's pictures that need no frame of ours: what changed of the canvases, and the window of the main picture.
#include "engine/base/thread_role.h"
#include "engine/base/trace.h"
#include "ui/shell/covered.h"
#include "ui/shell/shell_on_glfw.h"

namespace beside::shell {
namespace {

constexpr milliseconds kThumbnail{250};   // how often a small picture is drawn again while its canvas changes

Rect whole_pixels(const RemotePlacement& p) {
  return {static_cast<int>(p.x), static_cast<int>(p.y), static_cast<int>(p.width), static_cast<int>(p.height)};
}

}  // namespace

bool ShellOnGlfw::make_direct() {
  if (direct_ && !direct_->alive()) {
    BS_LOG_LIMITED(Warn, "shell", "the X server ended the connection of the picture's window; pictures are drawn in frames");
    hide_direct();
    return false;
  }
  if (direct_ || direct_tried_) return direct_ != nullptr;
  direct_tried_ = true;
  if (config_.direct_pictures == ShellConfig::DirectPictures::Never) return false;
  auto window = PictureWindow::create(x11_->id());
  if (!window) {
    BS_LOG(Info, "shell", "pictures are drawn in frames: {}", dump_error(window.error()));
    return false;
  }
  auto bell = Bell::create();
  if (!bell) return false;
  picture_bell_ = std::move(*bell);
  direct_ = std::make_unique<DirectPicture>(std::move(*window));
  putting_ = std::thread([this] { put_pictures(); });
  return true;
}

void ShellOnGlfw::stop_pictures() {
  if (!putting_.joinable()) return;
  picture_bell_.ring();
  putting_.join();
}

void ShellOnGlfw::put_pictures() {
  name_this_thread("pictures");
  LocalTime until = kNever;
  int server = -1;
  while (alive_) {
    wait_for_bell(picture_bell_, server, until);
    const std::lock_guard lock(pictures_);
    if (!alive_) return;
    until = look_at_direct();
    server = direct_->alive() ? direct_->fd() : -1;
  }
}

LocalTime ShellOnGlfw::look_at_direct() {
  const bool uncovered = direct_->pump();
  const auto session = direct_->session();
  const auto found = session ? remotes_.find(*session) : remotes_.end();
  if (found == remotes_.end() || !found->second.canvas) {
    look_on_main();   // it was called when its picture was just taken away
    return kNever;
  }
  const LocalTime again = look_at(found->first, found->second);
  if (uncovered) put_direct(found->first, found->second);
  return again;
}

// What the server told along with an answer (that a part was uncovered) lies read in the queue, where no poll() hears of it.
void ShellOnGlfw::hear_window() {
  if (direct_->has_events()) picture_bell_.ring();
}

bool ShellOnGlfw::show_in_window(DirectPicture::Place place) {
  const std::uint32_t session = place.session;
  if (auto shown = direct_->show(std::move(place)); !shown) {
    hide_direct();
    BS_LOG_LIMITED(Warn, "shell", "the picture's window: {}", dump_error(shown.error()));
    return false;
  }
  if (put_session_.exchange(session) != session) pictures_wait_ = true;   // who was called in vain meanwhile is looked at
  return true;
}

void ShellOnGlfw::hide_direct() {
  if (put_session_.exchange(-1) != -1) pictures_wait_ = true;
  direct_->hide();
  hear_window();
}

void ShellOnGlfw::told_shown(std::uint32_t session, Remote& remote) {
  if (!std::exchange(remote.unshown, false)) return;
  if (events_.picture_shown) events_.picture_shown(session, remote.number, local_now());
  remote.canvas->settle();
}

void ShellOnGlfw::put_direct(std::uint32_t session, Remote& remote) {
  const trace::Scope scope("put");
  const auto put = direct_->put(*remote.canvas);
  hear_window();
  // Its canvas has another size: either a frame is on its way that gives it its place, or what tells of the size is.
  if (put == DirectPicture::Put::Outdated) return;
  told_shown(session, remote);
  if (!direct_->alive()) want_frame();
}

void ShellOnGlfw::set_direct_cursor(const Remote& remote) {
  const bool shown = remote.cursor && remote.cursor_visible && !remote.own_pointer;
  direct_->set_cursor(shown ? &*remote.cursor : nullptr, remote.cursor_x, remote.cursor_y);
}

void ShellOnGlfw::set_direct_marks(const Remote& remote) {
  const std::uint32_t rgb = ui_->theme().warning.rgb;
  direct_->set_marks(remote.marked, static_cast<int>(std::lround(kMarkDiameter * ui_->scale())),
                     {static_cast<std::uint8_t>(rgb), static_cast<std::uint8_t>(rgb >> 8), static_cast<std::uint8_t>(rgb >> 16)});
}

void ShellOnGlfw::look_at_pictures() {
  marks_at_ = kNever;
  for (auto& [session, remote] : remotes_) {
    if (!remote.canvas) continue;
    if (direct_ && direct_->shows(session)) picture_bell_.ring();
    else marks_at_ = std::min(marks_at_, look_at(session, remote));
  }
}

LocalTime ShellOnGlfw::look_at(std::uint32_t session, Remote& remote) {
  const LocalTime at = local_now();
  const auto changes = remote.canvas->take();
  if (changes.width == 0 && remote.canvas->has_picture()) return kNever;   // begun anew, nothing committed yet
  const bool main = main_view_ && main_view_->session == session;
  if (changes.width != remote.width || changes.height != remote.height) {
    remote.width = changes.width;
    remote.height = changes.height;
    remote.uploaded = remote.too_large = false;
    remote.marks.reset(remote.width, remote.height, at);
    want_frame();   // it lies elsewhere
  }
  if (changes.times.number != remote.number) {
    remote.number = changes.times.number;
    remote.unshown = true;
  }
  for (const Rect& r : changes.damage) add_change(remote.damage, r);
  remote.marks.update(*remote.canvas, changes.marks, at);
  const std::vector<Rect>& marked = remote.marks.groups(at);
  const bool remarked = marked != remote.marked;
  if (remarked) remote.marked = marked;
  if (changes.width > 0 && main && (!direct_ || !direct_->shows(session))) show_at_once(session, remote);
  if (direct_ && direct_->shows(session)) {
    direct_->damage(changes.damage);
    if (remarked) set_direct_marks(remote);
    if (!holes_.empty() && direct_->touches(changes.damage, holes_)) want_patch();
    put_direct(session, remote);
  } else if (main && (!changes.damage.empty() || remarked)) {
    want_frame();
  } else if (remote.thumbnail && !changes.damage.empty()) {
    patch_at_ = std::min(patch_at_, at + kThumbnail);   // on main: only the main picture has a window of its own
  }
  return remote.width > 0 ? remote.marks.next(at) : kNever;
}

bool ShellOnGlfw::direct_is_cheaper(const Remote& remote) const {
  return config_.direct_pictures == ShellConfig::DirectPictures::Always || device_->kind() == gpu::DeviceKind::Cpu || remote.too_large;
}

// The first picture need not wait for the frame that gives it its place: where it will lie is known from the last one, which
// drew nothing there but that it is awaited. The frame that follows finds what lies on top.
void ShellOnGlfw::show_at_once(std::uint32_t session, Remote& remote) {
  const RemoteView& view = *main_view_;
  if (!direct_is_cheaper(remote) || main_drawing_ != nullptr || !make_direct()) return;
  if (ImGui::IsPopupOpen(nullptr, ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel)) return;
  DirectPicture::Place place;
  place.session = session;
  place.picture_width = remote.width;
  place.picture_height = remote.height;
  place.veil = view.veil;
  place.placement = RemotePlacement::place(view, remote.width, remote.height, remote.scroll_x, remote.scroll_y);
  const Rect area{static_cast<int>(view.x), static_cast<int>(view.y), static_cast<int>(view.width), static_cast<int>(view.height)};
  place.area = whole_pixels(place.placement).clipped_to(area).clipped_to({0, 0, swapchain_->width(), swapchain_->height()});
  if (place.area.empty()) return;
  place.visible.assign(1, place.area);
  set_direct_marks(remote);
  (void)show_in_window(std::move(place));
}

void ShellOnGlfw::show_direct() {
  holes_.clear();
  Drawing* const drawing = main_drawing_;
  const auto found = drawing == nullptr ? remotes_.end() : remotes_.find(drawing->session);
  for (Drawing& each : drawings_) {
    if (each.parts.empty()) each.parts.assign(1, each.draw.placement.clip);
  }
  if (found != remotes_.end() && direct_is_cheaper(found->second) && make_direct()) {
    Remote& remote = found->second;
    DirectPicture::Place place;
    place.session = found->first;
    place.picture_width = remote.width;
    place.picture_height = remote.height;
    place.placement = drawing->placement;
    place.veil = drawing->draw.veil;
    place.area = drawing->draw.placement.clip.clipped_to(whole_pixels(drawing->placement)).clipped_to({0, 0, swapchain_->width(), swapchain_->height()});
    std::vector<Rect> holes = covered_parts(*ImGui::GetDrawData(), drawing, place.area);
    place.visible = left_over(place.area, holes);
    if (!place.visible.empty()) {
      if (show_in_window(std::move(place))) {
        set_direct_cursor(remote);
        set_direct_marks(remote);
        put_direct(found->first, remote);
        drawing->parts = holes;
        holes_ = std::move(holes);
        return;
      }
    }
  }
  if (direct_) hide_direct();
}

bool ShellOnGlfw::at_edge() const {
  if (!main_view_ || main_view_->fit != RemoteFit::OneToOne) return false;
  return main_placement_.width > main_view_->width || main_placement_.height > main_view_->height;
}

// A pointer that moves within the picture changes nothing that we draw: it wears the customer's shape there.
bool ShellOnGlfw::motion_is_remote(float x, float y) const {
  if (!control_.over_picture(pointer_x_, pointer_y_) || !control_.over_picture(x, y) || at_edge()) return false;
  if (ImGui::GetCurrentContext() == nullptr || ImGui::IsAnyItemActive()) return false;
  return std::none_of(holes_.begin(), holes_.end(), [&](const Rect& hole) { return hole.contains(static_cast<int>(x), static_cast<int>(y)); });
}

}  // namespace beside::shell
