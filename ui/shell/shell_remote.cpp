// SPDX-License-Identifier: GPL-3.0-or-later
// ShellOnGlfw's pictures: upload, drawing, and the pointer's shape over them.
#include "ui/shell/shell_on_glfw.h"

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
  auto made = gpu::RemotePicture::create(*device_, swapchain_->render_pass());
  if (!made) return;
  static std::uint8_t grey[64];
  ports::DecodedPicture tiny;
  tiny.planes.width = tiny.planes.height = 2;
  for (int plane = 0; plane < 3; ++plane) {
    tiny.planes.data[plane] = grey;
    tiny.planes.stride[plane] = 16;
  }
  if (!(*made)->update(tiny)) return;
  spare_ = std::move(*made);
  Drawing& drawing = drawings_.emplace_back();
  drawing.picture = spare_.get();
  drawing.commands = &commands_;
  drawing.draw.viewport_width = swapchain_->width();
  drawing.draw.viewport_height = swapchain_->height();
  drawing.draw.placement = {0, 0, 1, Rect{0, 0, 2, 2}};
  ImDrawList* list = ImGui::GetBackgroundDrawList();
  list->AddCallback(&ShellOnGlfw::draw_picture, &drawing);
  list->AddCallback(ImDrawCallback_ResetRenderState, nullptr);
  frames_due_ = std::max(frames_due_, 1);
}

void ShellOnGlfw::upload() {
  for (auto& [session, remote] : remotes_) {
    if (!remote.picture && spare_) remote.picture = std::move(spare_);
    if (!remote.picture) {
      auto made = gpu::RemotePicture::create(*device_, swapchain_->render_pass());
      if (!made) {
        BS_LOG_LIMITED(Error, "shell", "no picture: {}", dump_error(made.error()));
        continue;
      }
      remote.picture = std::move(*made);
    }
    if (remote.fresh) {
      if (auto done = remote.picture->update(*remote.fresh); done) {
        remote.shown_number = remote.fresh->number;
      } else {
        BS_LOG_LIMITED(Warn, "shell", "picture refused: {}", dump_error(done.error()));
      }
      remote.fresh.reset();
    }
    if (remote.cursor && !remote.cursor_uploaded) {
      if (auto done = remote.picture->set_cursor(*remote.cursor); !done) {
        BS_LOG_LIMITED(Warn, "shell", "cursor refused: {}", dump_error(done.error()));
      }
      remote.cursor_uploaded = true;
    }
  }
}

void ShellOnGlfw::scroll_at_edges(const RemoteView& view, Remote& remote) {
  const float max_x = RemotePlacement::max_scroll(view.width, remote.picture->width());
  const float max_y = RemotePlacement::max_scroll(view.height, remote.picture->height());
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
  if (found != remotes_.end() && found->second.picture && found->second.picture->has_picture()) {
    Remote& remote = found->second;
    const gpu::RemotePicture& picture = *remote.picture;
    if (!view.thumbnail && view.fit == RemoteFit::OneToOne) scroll_at_edges(view, remote);
    placement = RemotePlacement::place(view, picture.width(), picture.height(), remote.scroll_x, remote.scroll_y);
    result.has_picture = true;
    result.picture_width = picture.width();
    result.picture_height = picture.height();
    result.shown_x = std::max(placement.x, view.x);
    result.shown_y = std::max(placement.y, view.y);
    result.shown_width = std::min(placement.x + placement.width, view.x + view.width) - result.shown_x;
    result.shown_height = std::min(placement.y + placement.height, view.y + view.height) - result.shown_y;

    ImDrawList* list = ImGui::GetWindowDrawList();
    const ImVec2 low = list->GetClipRectMin(), high = list->GetClipRectMax();
    const Rect window_clip{static_cast<int>(low.x), static_cast<int>(low.y), static_cast<int>(high.x - low.x), static_cast<int>(high.y - low.y)};
    const Rect area{static_cast<int>(view.x), static_cast<int>(view.y), static_cast<int>(view.width), static_cast<int>(view.height)};
    Drawing& drawing = drawings_.emplace_back();
    drawing.picture = &picture;
    drawing.commands = &commands_;
    drawing.draw.viewport_width = swapchain_->width();
    drawing.draw.viewport_height = swapchain_->height();
    drawing.draw.placement = {placement.x, placement.y, placement.scale, area.clipped_to(window_clip)};
    drawing.draw.veil = view.veil;
    // While the operator steers, his own pointer wears the customer's shape: it moves without a round trip.
    const bool own_pointer = view.input == RemoteInput::Control && view.hovered;
    drawing.draw.cursor = !view.thumbnail && remote.cursor && remote.cursor_visible && !own_pointer;
    drawing.draw.cursor_x = remote.cursor_x;
    drawing.draw.cursor_y = remote.cursor_y;
    list->AddCallback(&ShellOnGlfw::draw_picture, &drawing);
    list->AddCallback(ImDrawCallback_ResetRenderState, nullptr);
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
