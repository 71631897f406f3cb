// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// Private to ui/shell: the class behind Shell. shell.cpp holds window, device and frame loop; shell_remote.cpp the pictures; shell_direct.cpp
// those that need no frame.
//
// Two threads: main, and `pictures`, which exists once there is a window for pictures and puts into it what its canvas says, so that a
// frame of ours, which takes a software driver 10 to 300 ms, holds nothing up. `pictures_` guards what both touch: `remotes_`, `direct_`,
// `holes_`, `main_view_`. Main holds it in all of a step but while it sleeps and while Vulkan draws.
#include "ui/shell/shell.h"

#include <vulkan/vulkan.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>
#include <backends/imgui_impl_glfw.h>
#include <backends/imgui_impl_vulkan.h>
#include <imgui.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "engine/base/log.h"
#include "engine/gpu/remote_picture.h"
#include "engine/gpu/vulkan_loader.h"
#include "engine/ports/canvas.h"
#include "ui/kit/catalogue.h"
#include "ui/shell/direct_picture.h"
#include "ui/shell/event_wait.h"
#include "ui/shell/exact_marks.h"
#include "ui/shell/frame_damage.h"
#include "ui/shell/input_queue.h"
#include "ui/shell/remote_control.h"
#include "ui/shell/swapchain.h"
#include "ui/shell/x11_window.h"

namespace beside::shell {

constexpr milliseconds kWatch{250};       // between two looks at what moved around a window, and at a panel that is covered
constexpr milliseconds kLook{2000};       // and any window's display
constexpr milliseconds kPatch{100};        // how often what lies under holes in the picture's window is drawn again
constexpr int kSettleFrames = 4;          // a dialog asked for in one frame is opened, measured and shown in the next three

class ShellOnGlfw final : public Shell, public FrameContext {
 public:
  ShellOnGlfw(ShellConfig config, ShellEvents events)
      : config_(std::move(config)), events_(std::move(events)),
        control_([this](std::uint32_t s, const InputEvent& e) { if (events_.input) events_.input(s, e); },
                 [this](char key) { chord_ = key; if (events_.local_chord) events_.local_chord(key); }) {}

  ~ShellOnGlfw() override {
    alive_ = false;
    stop_pictures();
    on_display_gone(nullptr);
    if (device_) (void)device_->queue().wait_idle();
    remotes_.clear();
    spare_.reset();
    direct_.reset();
    if (imgui_vulkan_) ImGui_ImplVulkan_Shutdown();
    if (pool_ != VK_NULL_HANDLE) vkDestroyDescriptorPool(device_->handle(), pool_, nullptr);
    swapchain_.reset();
    x11_.reset();
    if (imgui_glfw_) ImGui_ImplGlfw_Shutdown();
    ui_.reset();
    if (context_ != nullptr) ImGui::DestroyContext(context_);
    device_.reset();
    if (remote_cursor_ != nullptr) glfwDestroyCursor(remote_cursor_);
    if (window_ != nullptr) glfwDestroyWindow(window_);
    if (glfw_) glfwTerminate();
  }

  Result<void> open();

  // ---- Shell ----
  Result<void> run(const std::function<void(FrameContext&)>& draw) override {
    while (!quit_) {
      if (auto stepped = step(draw, kNever); !stepped) {
        // A surface that is lost is mostly a display that is gone: the first call sees it, the second says so and ends.
        for (int i = 0; i < 2; ++i) (void)x11_->pump();
        return fail(stepped);
      }
    }
    return {};
  }
  Result<bool> step(const std::function<void(FrameContext&)>& draw, LocalTime until) override;
  void quit() override {
    quit_ = true;
    wake();
  }
  void wake() override {
    if (!alive_) return;
    woken_.store(true, std::memory_order_release);
    bell_.ring();
  }
  void nudge() override {
    if (!alive_) return;
    nudged_.store(true, std::memory_order_release);
    bell_.ring();
  }
  void show_canvas(std::uint32_t session, std::shared_ptr<ports::Canvas> canvas) override;
  void canvas_changed(std::uint32_t session) override {
    if (!alive_) return;
    if (put_session_.load(std::memory_order_acquire) == session) picture_bell_.ring();
    else look_on_main();
  }
  void on_cursor_shape(std::uint32_t session, const ports::CursorImage& image) override;
  void on_cursor_position(std::uint32_t session, int x, int y, bool visible) override;
  void forget_pictures(std::uint32_t session) override;
  void switch_to_panel(int width, int height) override;
  void switch_to_normal(int width, int height) override;
  void set_fullscreen(bool on) override;
  void move_resize(const Rect& area) override { x11_->move_resize(area); }
  WindowState window_state() const override { return state_; }
  kit::Ui& ui() override { return *ui_; }
  void set_theme(kit::ThemeName theme) override {
    ui_->set_theme(theme);
    frames_due_ = kSettleFrames;
  }
  std::string clipboard() const override {
    const char* text = glfwGetClipboardString(window_);
    return text == nullptr ? std::string() : std::string(text);
  }
  void set_clipboard(const std::string& text) override { glfwSetClipboardString(window_, text.c_str()); }
  float scale() const override { return ui_->scale(); }
  std::uint64_t frames_drawn() const override { return frames_drawn_; }
  std::string direct_picture() const override {
    const std::lock_guard lock(pictures_);
    return direct_ && direct_->window().shown() ? direct_->window().describe() : std::string();
  }
  const gpu::Device& device() const override { return *device_; }
  std::string device_name() const override { return device_->name(); }

  // ---- FrameContext ----
  RemoteViewState draw_remote(const RemoteView& view) override;
  void redraw_at(LocalTime at) override { ui_->wants().at(at); }

 private:
  struct Remote {
    std::shared_ptr<ports::Canvas> canvas;
    int width = 0, height = 0;                   // of its picture; 0: none yet
    std::uint64_t number = 0;                    // of its newest update
    bool unshown = false;                        // which is not on the screen yet
    ExactMarks marks;
    std::vector<Rect> marked;                    // as they are shown
    bool too_large = false;                      // for the graphics device: shown directly or not at all
    // For our frames; behind the canvas by `damage`.
    std::unique_ptr<gpu::RemotePicture> picture;
    std::vector<Rect> damage, fresh;             // fresh: what went up for the frame that is being made, picture pixels
    bool uploaded = false;                       // `picture` is this canvas's, of this size
    std::optional<ports::CursorImage> cursor;
    bool cursor_uploaded = false, cursor_visible = false, own_pointer = false;
    int cursor_x = 0, cursor_y = 0;
    float scroll_x = 0, scroll_y = 0;
    bool thumbnail = false;                      // seen in the last frame as a small one
  };
  // One picture in one frame.
  struct Drawing {
    std::uint32_t session = 0;
    const gpu::RemotePicture* picture = nullptr;
    gpu::PictureDraw draw;
    std::vector<Rect> parts;                     // what of it is drawn, within draw.placement.clip
    Rect limit;                                  // and of the window in this frame
    VkCommandBuffer* commands = nullptr;
    RemotePlacement placement;
  };
  static void draw_picture(const ImDrawList*, const ImDrawCmd* command) {
    const auto* drawing = static_cast<const Drawing*>(command->UserCallbackData);
    if (drawing->picture == nullptr) return;
    gpu::PictureDraw draw = drawing->draw;
    for (const Rect& part : drawing->parts) {
      draw.placement.clip = part.clipped_to(drawing->limit);
      if (draw.placement.clip.empty()) continue;
      drawing->picture->record_draw(*drawing->commands, draw);
    }
  }
  void install_callbacks();
  Result<void> start_imgui_vulkan();
  Result<bool> draw_frame(const std::function<void(FrameContext&)>& draw, std::unique_lock<std::recursive_mutex>& held);
  void limit_drawing(const Rect& area);
  bool frame_is_shown();
  void upload(std::uint32_t session, Remote& remote);
  void upload_what_is_drawn();
  Rect what_changed(std::uint32_t ground);   // since the frame before
  void make_ready();          // for the first remote picture
  bool make_direct();         // true: there is a window for pictures
  void show_direct();         // decides what the main picture's own window shows, from the frame just made
  bool direct_is_cheaper(const Remote& remote) const;
  void show_at_once(std::uint32_t session, Remote& remote);
  void put_direct(std::uint32_t session, Remote& remote);
  void set_direct_cursor(const Remote& remote);
  void set_direct_marks(const Remote& remote);
  void look_at_pictures();    // what the canvases say, but for the one whose picture has a window of its own
  LocalTime look_at(std::uint32_t session, Remote& remote);   // what one says; when its marks change by themselves
  void put_pictures();        // the thread `pictures`
  LocalTime look_at_direct(); // what it does when it is called; when it is to be called again
  void stop_pictures();
  void hear_window();
  void look_on_main() {
    pictures_wait_.store(true, std::memory_order_release);
    bell_.ring();
  }
  void want_frame() {         // either thread
    woken_.store(true, std::memory_order_release);
    if (std::this_thread::get_id() != main_thread_) bell_.ring();
  }
  void want_patch() {         // either thread
    if (!patch_wanted_.exchange(true) && std::this_thread::get_id() != main_thread_) bell_.ring();
  }
  bool show_in_window(DirectPicture::Place place);
  void hide_direct();
  void move_cursor(std::uint32_t session, Remote& remote);
  void draw_marks(const Remote& remote, const RemotePlacement& placement, ImDrawList& list) const;
  void told_shown(std::uint32_t session, Remote& remote);
  bool at_edge() const;       // where a 1:1 picture scrolls by itself
  bool motion_is_remote(float x, float y) const;
  void pointer_at(double x, double y);
  void pointer_is_here();     // it did not leave after all
  void scroll_at_edges(const RemoteView& view, Remote& remote);
  void show_cursor();
  void look_after_window(bool force);
  void bring_panel_back(const WindowState& fresh);
  std::pair<int, int> panel_size(const Rect& monitor) const;   // width and height, pixels
  void on_key(int key, int scancode, int action);
  static ShellOnGlfw& self(GLFWwindow* window) { return *static_cast<ShellOnGlfw*>(glfwGetWindowUserPointer(window)); }

  ShellConfig config_;
  ShellEvents events_;
  bool glfw_ = false, imgui_glfw_ = false, imgui_vulkan_ = false;
  std::atomic<bool> alive_{true}, woken_{true}, nudged_{false}, pictures_wait_{false}, quit_{false};
  std::atomic<bool> patch_wanted_{false};       // what lies under holes has changed
  std::atomic<std::int64_t> put_session_{-1};   // whose picture the thread `pictures` puts; -1: nobody's
  const std::thread::id main_thread_ = std::this_thread::get_id();
  Bell bell_, picture_bell_;
  GLFWwindow* window_ = nullptr;
  std::unique_ptr<gpu::Device> device_;
  std::unique_ptr<Swapchain> swapchain_;
  VkDescriptorPool pool_ = VK_NULL_HANDLE;
  ImGuiContext* context_ = nullptr;
  std::unique_ptr<kit::Ui> ui_;
  std::unique_ptr<X11Window> x11_;
  std::unique_ptr<KeyboardReader> keyboard_;
  RemoteControl control_;
  InputQueue input_;
  std::map<std::uint32_t, Remote> remotes_;
  std::list<Drawing> drawings_;
  FrameDamage damage_;
  std::uint64_t builds_ = 0;                    // of the swapchain, as the last frame found it
  std::unique_ptr<gpu::RemotePicture> spare_;   // the first session's, made ready
  int ready_step_ = 0;
  mutable std::recursive_mutex pictures_;
  std::thread putting_;                         // `pictures`
  std::unique_ptr<DirectPicture> direct_;       // made once, and kept though its connection be gone
  bool direct_tried_ = false;
  std::vector<Rect> holes_;                     // of the picture's window, window pixels
  LocalTime patch_at_ = kNever;                 // when our frame under the holes is drawn again
  LocalTime marks_at_ = kNever;                 // when something has been inexact for long, in a picture that main looks at
  Drawing* main_drawing_ = nullptr;             // of this frame
  std::optional<RemoteView> main_view_;
  RemotePlacement main_placement_;
  unsigned remote_buttons_ = 0;                 // pressed by the customer's hand alone: our frames know nothing of them
  VkCommandBuffer commands_ = VK_NULL_HANDLE;
  GLFWcursor* remote_cursor_ = nullptr;
  std::uint32_t remote_cursor_of_ = 0;
  WindowState state_;
  bool panel_ = false;
  char chord_ = 0;
  bool key_in_batch_ = false;
  int frames_due_ = kSettleFrames + 1;
  std::atomic<std::uint64_t> frames_drawn_{0};
  LocalTime last_look_{}, look_at_ = kNever;   // look_at_: something changed
  float pointer_x_ = 0, pointer_y_ = 0;
  int normal_width_ = 0, normal_height_ = 0;
  // Asks the window manager for a size; until it is there, a second at most, the widget map says so.
  void ask_size(int width, int height);
  int asked_width_ = 0, asked_height_ = 0;
  LocalTime asked_until_{};
  int panel_width_ = 0, panel_height_ = 0;   // logical, as last asked for
  Rect panel_monitor_;                       // for which its size and place were chosen
};

}  // namespace beside::shell
