// SPDX-License-Identifier: GPL-3.0-or-later
// ShellOnGlfw's pictures: upload, drawing, and the pointer's shape over them.
#include "ui/shell/shell_on_glfw.h"
#include "ui/shell/triangle_bounds.h"

namespace beside::shell {
namespace {

constexpr float kEdgeMargin = 28, kEdgeStep = 24;

}  // namespace

// A software driver compiles a pipeline's shaders when it first draws with it, for a third of a second and more. That is
// done once, on a picture of four pixels under everything else, as soon as our own window stands.
void ShellOnGlfw::make_ready() {
  constexpr int kFirst = 3;   // frames of ours that go before
  if (!config_.remote_pictures || ready_step_ > kFirst + 1) return;
  if (++ready_step_ <= kFirst) {
    frames_due_ = std::max(frames_due_, 1);
    return;
  }
  if (ready_step_ == kFirst + 2) {
    if (spare_) spare_->clear();
    return;
  }
  (void)make_direct();
  auto made = gpu::RemotePicture::create(*device_, swapchain_->render_pass());
  if (!made) return;
  const auto tiny = ports::make_pixel_buffer(2, 2);
  if (!(*made)->update(*tiny, {})) return;
  spare_ = std::move(*made);
  Drawing& drawing = drawings_.emplace_back();
  drawing.picture = spare_.get();
  drawing.commands = &commands_;
  drawing.draw.viewport_width = swapchain_->width();
  drawing.draw.viewport_height = swapchain_->height();
  drawing.draw.placement = {0, 0, 1, Rect{0, 0, 2, 2}};
  drawing.parts = {drawing.draw.placement.clip};
  ImDrawList* list = ImGui::GetBackgroundDrawList();
  list->AddCallback(&ShellOnGlfw::draw_picture, &drawing);
  list->AddCallback(ImDrawCallback_ResetRenderState, nullptr);
  frames_due_ = std::max(frames_due_, 1);
}

void ShellOnGlfw::show_canvas(std::uint32_t session, std::shared_ptr<ports::Canvas> canvas) {
  const std::lock_guard lock(pictures_);
  Remote& remote = remotes_[session];
  remote.canvas = std::move(canvas);
  remote.width = remote.height = 0;
  remote.number = 0;
  remote.uploaded = remote.unshown = remote.too_large = false;
  remote.marked.clear();
  if (direct_ && direct_->shows(session)) hide_direct();
  pictures_wait_ = true;
  frames_due_ = std::max(frames_due_, 1);
}

void ShellOnGlfw::forget_pictures(std::uint32_t session) {
  const std::lock_guard lock(pictures_);
  if (direct_ && direct_->shows(session)) hide_direct();
  remotes_.erase(session);
  frames_due_ = std::max(frames_due_, 1);
}

void ShellOnGlfw::on_cursor_shape(std::uint32_t session, const ports::CursorImage& image) {
  const std::lock_guard lock(pictures_);
  Remote& remote = remotes_[session];
  remote.cursor = image;
  remote.cursor_uploaded = false;
  if (remote_cursor_of_ == session) remote_cursor_of_ = 0;
  move_cursor(session, remote);
  show_cursor();
}

void ShellOnGlfw::on_cursor_position(std::uint32_t session, int x, int y, bool visible) {
  const std::lock_guard lock(pictures_);
  Remote& remote = remotes_[session];
  remote.cursor_x = x;
  remote.cursor_y = y;
  remote.cursor_visible = visible;
  move_cursor(session, remote);
}

void ShellOnGlfw::move_cursor(std::uint32_t session, Remote& remote) {
  if (!main_view_ || main_view_->session != session) return;   // small pictures have none
  if (direct_ && direct_->shows(session)) {
    set_direct_cursor(remote);
    put_direct(session, remote);
    if (!holes_.empty()) want_patch();
  } else {
    frames_due_ = std::max(frames_due_, 1);
  }
}

// What of the canvas a frame of ours is about to show goes up.
void ShellOnGlfw::upload(std::uint32_t session, Remote& remote) {
  if (!remote.picture && spare_) remote.picture = std::move(spare_);
  if (!remote.picture) {
    auto made = gpu::RemotePicture::create(*device_, swapchain_->render_pass());
    if (!made) {
      BS_LOG_LIMITED(Error, "shell", "no picture: {}", dump_error(made.error()));
      return;
    }
    remote.picture = std::move(*made);
  }
  if (remote.canvas && (!remote.uploaded || !remote.damage.empty())) {
    if (!remote.uploaded) remote.damage.assign(1, Rect{0, 0, remote.width, remote.height});
    Result<void> done;
    remote.canvas->read([&](const ports::PixelBuffer& pixels) { done = remote.picture->update(pixels, remote.damage); });
    remote.uploaded = done.has_value();
    remote.fresh.swap(remote.damage);
    remote.damage.clear();
    if (!done) {
      BS_LOG_LIMITED(Warn, "shell", "picture of session {} refused: {}", session, dump_error(done.error()));
      if (done.error().kind == ErrorKind::Limit && !remote.too_large) {
        remote.too_large = true;
        frames_due_ = std::max(frames_due_, 1);
      }
    }
  }
  if (remote.cursor && !remote.cursor_uploaded) {
    if (auto done = remote.picture->set_cursor(*remote.cursor); !done) {
      BS_LOG_LIMITED(Warn, "shell", "cursor refused: {}", dump_error(done.error()));
    }
    remote.cursor_uploaded = true;
  }
}

void ShellOnGlfw::upload_what_is_drawn() {
  for (auto& [session, remote] : remotes_) remote.fresh.clear();
  for (Drawing& drawing : drawings_) {
    const auto found = remotes_.find(drawing.session);
    if (drawing.parts.empty() || found == remotes_.end()) continue;
    upload(found->first, found->second);
    drawing.picture = found->second.picture.get();
  }
}

Rect ShellOnGlfw::what_changed(std::uint32_t ground) {
  std::vector<FrameDamage::Drawn> drawn;
  for (const Drawing& drawing : drawings_) {
    FrameDamage::Drawn& d = drawn.emplace_back();
    d.data = &drawing;
    const auto found = remotes_.find(drawing.session);
    if (found == remotes_.end() || drawing.picture == nullptr) continue;
    const Remote& remote = found->second;
    d.parts = drawing.parts;
    const gpu::PictureDraw& p = drawing.draw;
    const RemotePlacement& at = drawing.placement;
    d.stamp = drawing.session;
    for (const float value : {at.x, at.y, at.width, at.height, at.scale, p.veil}) d.stamp = mix_stamp(d.stamp, std::bit_cast<std::uint32_t>(value));
    d.stamp = mix_stamp(d.stamp, std::bit_cast<std::uintptr_t>(remote.canvas.get()));
    if (p.cursor) {
      d.stamp = mix_stamp(d.stamp, static_cast<std::uint64_t>(static_cast<std::uint32_t>(p.cursor_x)) << 32 | static_cast<std::uint32_t>(p.cursor_y));
      d.stamp = mix_stamp(d.stamp, remote.cursor->serial);
    }
    for (const Rect& r : remote.fresh) {
      // Filters look two texels beyond.
      const float left = at.x + at.scale * static_cast<float>(r.x - 2), top = at.y + at.scale * static_cast<float>(r.y - 2);
      const float right = at.x + at.scale * static_cast<float>(r.right() + 2), bottom = at.y + at.scale * static_cast<float>(r.bottom() + 2);
      d.changed.push_back(around(left, top, right, bottom));
    }
  }
  return damage_.update(*ImGui::GetDrawData(), swapchain_->width(), swapchain_->height(), ground, drawn);
}

void ShellOnGlfw::scroll_at_edges(const RemoteView& view, Remote& remote) {
  const float max_x = RemotePlacement::max_scroll(view.width, remote.width);
  const float max_y = RemotePlacement::max_scroll(view.height, remote.height);
  const float before_x = remote.scroll_x, before_y = remote.scroll_y;
  if (view.hovered) {
    const float step = kEdgeStep * ui_->scale(), margin = kEdgeMargin * ui_->scale();
    remote.scroll_x += step * static_cast<float>(edge_push(pointer_x_, view.x, view.width, margin));
    remote.scroll_y += step * static_cast<float>(edge_push(pointer_y_, view.y, view.height, margin));
  }
  remote.scroll_x = std::clamp(remote.scroll_x, 0.0F, max_x);
  remote.scroll_y = std::clamp(remote.scroll_y, 0.0F, max_y);
  if (remote.scroll_x != before_x || remote.scroll_y != before_y) redraw_at(now + kit::kMotionFrame);
}

RemoteViewState ShellOnGlfw::draw_remote(const RemoteView& view) {
  RemoteViewState result;
  const auto found = remotes_.find(view.session);
  RemotePlacement placement;
  if (found != remotes_.end() && found->second.canvas && found->second.width > 0) {
    Remote& remote = found->second;
    if (!view.thumbnail && view.fit == RemoteFit::OneToOne) scroll_at_edges(view, remote);
    placement = RemotePlacement::place(view, remote.width, remote.height, remote.scroll_x, remote.scroll_y);
    result.has_picture = true;
    result.picture_width = remote.width;
    result.picture_height = remote.height;
    result.shown_x = std::max(placement.x, view.x);
    result.shown_y = std::max(placement.y, view.y);
    result.shown_width = std::min(placement.x + placement.width, view.x + view.width) - result.shown_x;
    result.shown_height = std::min(placement.y + placement.height, view.y + view.height) - result.shown_y;

    ImDrawList* list = ImGui::GetWindowDrawList();
    const ImVec2 low = list->GetClipRectMin(), high = list->GetClipRectMax();
    const Rect window_clip{static_cast<int>(low.x), static_cast<int>(low.y), static_cast<int>(high.x - low.x), static_cast<int>(high.y - low.y)};
    const Rect area{static_cast<int>(view.x), static_cast<int>(view.y), static_cast<int>(view.width), static_cast<int>(view.height)};
    Drawing& drawing = drawings_.emplace_back();
    drawing.session = view.session;
    drawing.commands = &commands_;
    drawing.placement = placement;
    drawing.draw.viewport_width = swapchain_->width();
    drawing.draw.viewport_height = swapchain_->height();
    drawing.draw.placement = {placement.x, placement.y, placement.scale, area.clipped_to(window_clip)};
    drawing.draw.veil = view.veil;
    // While the operator steers, his own pointer wears the customer's shape: it moves without a round trip.
    remote.own_pointer = view.input == RemoteInput::Control && view.hovered;
    drawing.draw.cursor = !view.thumbnail && remote.cursor && remote.cursor_visible && !remote.own_pointer;
    drawing.draw.cursor_x = remote.cursor_x;
    drawing.draw.cursor_y = remote.cursor_y;
    list->AddCallback(&ShellOnGlfw::draw_picture, &drawing);
    list->AddCallback(ImDrawCallback_ResetRenderState, nullptr);
    remote.thumbnail = view.thumbnail;
    if (!view.thumbnail) {
      main_drawing_ = &drawing;
      // A window of its own draws them itself.
      if (!direct_ || !direct_->shows(view.session)) draw_marks(remote, placement, *list);
    }
  }
  if (!view.thumbnail) {
    main_view_ = view;
    main_placement_ = placement;
    if (!result.has_picture) main_view_->input = RemoteInput::None;
    control_.set_view(main_view_, main_placement_);
    result.focused = control_.focused();
  }
  return result;
}

void ShellOnGlfw::draw_marks(const Remote& remote, const RemotePlacement& placement, ImDrawList& list) const {
  const float side = std::round(kMarkDiameter * ui_->scale()), gap = std::floor(side / 3);
  for (const Rect& box : remote.marked) {
    const float right = placement.x + placement.scale * static_cast<float>(box.right()), top = placement.y + placement.scale * static_cast<float>(box.y);
    const auto shown = [&](int length) { return static_cast<int>(placement.scale * static_cast<float>(length)); };
    if (!mark_fits(shown(box.width), shown(box.height), static_cast<int>(side))) continue;   // too little of it is to be seen
    const ImVec2 middle{right - gap - side / 2, top + gap + side / 2};
    list.AddCircleFilled(middle, side / 2, IM_COL32_WHITE);
    list.AddCircleFilled(middle, side / 2 - std::max(1.0F, side / 6), kit::packed(ui_->theme().warning));
  }
}

void ShellOnGlfw::show_cursor() {
  ImGuiIO& io = ImGui::GetIO();
  const bool remote_shape = main_view_ && main_view_->input == RemoteInput::Control && control_.over_picture(pointer_x_, pointer_y_);
  if (!remote_shape) {
    io.ConfigFlags &= ~ImGuiConfigFlags_NoMouseCursorChange;
    if (remote_cursor_of_ != 0) {
      glfwSetCursor(window_, nullptr);
      remote_cursor_of_ = 0;
    }
    return;
  }
  io.ConfigFlags |= ImGuiConfigFlags_NoMouseCursorChange;
  const std::uint32_t session = main_view_->session;
  if (remote_cursor_of_ == session) return;
  const auto found = remotes_.find(session);
  if (found == remotes_.end() || !found->second.cursor) return;
  const ports::CursorImage& image = *found->second.cursor;
  if (image.width <= 0 || image.height <= 0 || image.bgra.size() < static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) * 4) return;
  std::vector<std::uint8_t> rgba(image.bgra);
  for (std::size_t i = 0; i + 3 < rgba.size(); i += 4) std::swap(rgba[i], rgba[i + 2]);
  const GLFWimage glfw_image{image.width, image.height, rgba.data()};
  GLFWcursor* fresh = glfwCreateCursor(&glfw_image, std::clamp(image.hot_x, 0, image.width - 1), std::clamp(image.hot_y, 0, image.height - 1));
  glfwSetCursor(window_, fresh);
  if (remote_cursor_ != nullptr) glfwDestroyCursor(remote_cursor_);
  remote_cursor_ = fresh;
  remote_cursor_of_ = session;
}

}  // namespace beside::shell
