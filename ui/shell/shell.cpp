// SPDX-License-Identifier: GPL-3.0-or-later
// Window, device, ImGui and the frame loop in one place: they start, resize and die together.
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
#include <optional>

#include "engine/base/log.h"
#include "engine/gpu/remote_picture.h"
#include "engine/gpu/vulkan_loader.h"
#include "ui/kit/catalogue.h"
#include "ui/shell/input_queue.h"
#include "ui/shell/remote_control.h"
#include "ui/shell/swapchain.h"

namespace beside::shell {
namespace {

constexpr milliseconds kWatch{250};       // how often a panel is looked after
constexpr milliseconds kLook{2000};       // and any window's display
constexpr int kSettleFrames = 4;          // a dialog asked for in one frame is opened, measured and shown in the next three
constexpr float kEdgeMargin = 28, kEdgeStep = 24;

Result<void> sorry(std::string_view where, const std::string& detail) {
  std::fprintf(stderr, "beside: %s\n", detail.c_str());
  show_plain_message("Beside", detail);
  return fail(ErrorKind::Environment, where, detail);
}

float monitor_scale(float asked) {
  if (asked > 0) return asked;
  if (const char* text = std::getenv("BESIDE_SCALE")) {
    const float value = std::strtof(text, nullptr);
    if (value >= 0.5F && value <= 6.0F) return value;
  }
  float x = 1, y = 1;
  if (GLFWmonitor* monitor = glfwGetPrimaryMonitor()) glfwGetMonitorContentScale(monitor, &x, &y);
  return std::clamp(std::max(x, y), 0.75F, 6.0F);
}

void check_vk(VkResult result) {
  if (result != VK_SUCCESS) BS_LOG_LIMITED(Error, "shell", "ImGui's Vulkan back-end: VkResult {}", static_cast<int>(result));
}

class ShellOnGlfw final : public Shell, public FrameContext {
 public:
  ShellOnGlfw(ShellConfig config, ShellEvents events)
      : config_(std::move(config)), events_(std::move(events)),
        control_([this](std::uint32_t s, const InputEvent& e) { if (events_.input) events_.input(s, e); },
                 [this](char key) { chord_ = key; if (events_.local_chord) events_.local_chord(key); }) {}

  ~ShellOnGlfw() override {
    alive_ = false;
    on_display_gone(nullptr);
    if (device_) (void)device_->queue().wait_idle();
    remotes_.clear();
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
    glfwPostEmptyEvent();
  }
  void on_picture(std::uint32_t session, ports::DecodedPicture picture) override;
  void on_cursor_shape(std::uint32_t session, const ports::CursorImage& image) override;
  void on_cursor_position(std::uint32_t session, int x, int y, bool visible) override {
    Remote& remote = remotes_[session];
    remote.cursor_x = x;
    remote.cursor_y = y;
    remote.cursor_visible = visible;
    frames_due_ = std::max(frames_due_, 1);
  }
  void forget_pictures(std::uint32_t session) override {
    remotes_.erase(session);
    frames_due_ = std::max(frames_due_, 1);
  }
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
  const gpu::Device& device() const override { return *device_; }
  std::string device_name() const override { return device_->name(); }

  // ---- FrameContext ----
  RemoteViewState draw_remote(const RemoteView& view) override;
  void redraw_at(LocalTime at) override { ui_->wants().at(at); }

 private:
  struct Remote {
    std::unique_ptr<gpu::RemotePicture> picture;
    std::optional<ports::DecodedPicture> fresh;
    std::optional<std::uint64_t> shown_number;   // drawn in this frame for the first time
    std::optional<ports::CursorImage> cursor;
    bool cursor_uploaded = false, cursor_visible = false;
    int cursor_x = 0, cursor_y = 0;
    float scroll_x = 0, scroll_y = 0;
  };
  struct Drawing {
    const gpu::RemotePicture* picture;
    gpu::PictureDraw draw;
    VkCommandBuffer* commands;
  };
  static void draw_picture(const ImDrawList*, const ImDrawCmd* command) {
    const auto* drawing = static_cast<const Drawing*>(command->UserCallbackData);
    drawing->picture->record_draw(*drawing->commands, drawing->draw);
  }
  void install_callbacks();
  Result<void> start_imgui_vulkan();
  Result<bool> draw_frame(const std::function<void(FrameContext&)>& draw);
  void upload();
  void make_ready();          // for the first remote picture
  void pointer_at(double x, double y);
  void pointer_is_here();     // asks the server where it is
  void scroll_at_edges(const RemoteView& view, Remote& remote);
  void show_cursor();
  void look_after_window(bool force);
  void on_key(int key, int scancode, int action);
  static ShellOnGlfw& self(GLFWwindow* window) { return *static_cast<ShellOnGlfw*>(glfwGetWindowUserPointer(window)); }

  ShellConfig config_;
  ShellEvents events_;
  bool glfw_ = false, imgui_glfw_ = false, imgui_vulkan_ = false;
  std::atomic<bool> alive_{true}, woken_{true}, quit_{false};
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
  std::unique_ptr<gpu::RemotePicture> spare_;   // the first session's, made ready
  int ready_step_ = 0;
  std::optional<RemoteView> main_view_;
  RemotePlacement main_placement_;
  VkCommandBuffer commands_ = VK_NULL_HANDLE;
  GLFWcursor* remote_cursor_ = nullptr;
  std::uint32_t remote_cursor_of_ = 0;
  WindowState state_;
  bool panel_ = false;
  char chord_ = 0;
  bool key_in_batch_ = false;
  int frames_due_ = kSettleFrames + 1;
  std::uint64_t frames_drawn_ = 0;
  LocalTime last_look_{};
  float pointer_x_ = 0, pointer_y_ = 0;
  int normal_width_ = 0, normal_height_ = 0;
  int panel_width_ = 0, panel_height_ = 0;   // logical, as last asked for
};

Result<void> ShellOnGlfw::open() {
  glfwSetErrorCallback([](int code, const char* text) { BS_LOG(Debug, "shell", "GLFW {}: {}", code, text); });
  if (config_.language.empty()) config_.language = kit::choose_language({});
  if (glfwInit() != GLFW_TRUE) {
    return sorry("shell: display", "Beside cannot reach a display. Start it on a desktop, or set DISPLAY to one.");
  }
  glfw_ = true;
  if (auto loaded = gpu::load_vulkan(); !loaded) return sorry("shell: vulkan", loaded.error().detail);
  if (glfwVulkanSupported() != GLFW_TRUE) {
    return sorry("shell: vulkan", "Beside draws with Vulkan, and no Vulkan driver was found. Install the package mesa-vulkan-drivers.");
  }
  const float factor = monitor_scale(config_.scale);
  glfwWindowHint(GLFW_CLIENT_API, GLFW_NO_API);
  glfwWindowHint(GLFW_RESIZABLE, config_.resizable ? GLFW_TRUE : GLFW_FALSE);
  glfwWindowHint(GLFW_DECORATED, config_.decorated ? GLFW_TRUE : GLFW_FALSE);
  glfwWindowHint(GLFW_VISIBLE, GLFW_FALSE);
  glfwWindowHintString(GLFW_X11_CLASS_NAME, config_.app_id.c_str());
  glfwWindowHintString(GLFW_X11_INSTANCE_NAME, config_.app_id.c_str());
  int wide = static_cast<int>(std::lround(static_cast<float>(config_.width) * factor));
  int high = static_cast<int>(std::lround(static_cast<float>(config_.height) * factor));
  if (GLFWmonitor* monitor = glfwGetPrimaryMonitor()) {
    int x = 0, y = 0, w = 0, h = 0;
    glfwGetMonitorWorkarea(monitor, &x, &y, &w, &h);
    if (w > 0 && h > 0) {
      wide = std::min(wide, w);
      high = std::min(high, h);
    }
  }
  normal_width_ = wide;
  normal_height_ = high;
  window_ = glfwCreateWindow(wide, high, config_.title.c_str(), nullptr, nullptr);
  if (window_ == nullptr) return sorry("shell: window", "The display refused a window.");
  glfwSetWindowUserPointer(window_, this);
  glfwSetWindowSizeLimits(window_, static_cast<int>(static_cast<float>(config_.min_width) * factor),
                          static_cast<int>(static_cast<float>(config_.min_height) * factor), GLFW_DONT_CARE, GLFW_DONT_CARE);

  gpu::DeviceOptions options;
  std::uint32_t count = 0;
  const char** names = glfwGetRequiredInstanceExtensions(&count);
  for (std::uint32_t i = 0; names != nullptr && i < count; ++i) options.instance_extensions.emplace_back(names[i]);
  options.make_surface = [this](VkInstance instance) -> Result<VkSurfaceKHR> {
    VkSurfaceKHR surface = VK_NULL_HANDLE;
    if (glfwCreateWindowSurface(instance, window_, nullptr, &surface) != VK_SUCCESS) {
      return fail(ErrorKind::Environment, "shell: surface", "Vulkan cannot draw into a window of this display.");
    }
    return surface;
  };
  auto device = gpu::Device::create(options);
  if (!device) return sorry("shell: device", device.error().detail);
  device_ = std::move(*device);
  auto swapchain = Swapchain::create(*device_, wide, high);
  if (!swapchain) return sorry("shell: swapchain", swapchain.error().detail);
  swapchain_ = std::move(*swapchain);

  context_ = ImGui::CreateContext();
  ImGui::GetIO().IniFilename = nullptr;
  imgui_glfw_ = ImGui_ImplGlfw_InitForVulkan(window_, false);
  kit::set_language(config_.language);
  auto ui = kit::Ui::create(config_.theme, factor);
  if (!ui) return sorry("shell: ui", ui.error().detail);
  ui_ = std::move(*ui);
  ui_->map().set_title(config_.title);
  // A blinking text cursor would wake an idle window twice a second.
  ImGui::GetIO().ConfigInputTextCursorBlink = false;
  if (auto started = start_imgui_vulkan(); !started) return sorry("shell: imgui", started.error().detail);

  auto x11 = X11Window::create(window_);
  if (!x11) return sorry("shell: x11", "The display closed its connection.");
  x11_ = std::move(*x11);
  on_display_gone([this] {
    std::fputs("beside: The display has gone away, so Beside ends here. Start it again once there is one.\n", stderr);
    if (events_.display_gone) events_.display_gone();
  });
  auto keyboard = KeyboardReader::create();
  if (keyboard) {
    keyboard_ = std::move(*keyboard);
  } else {
    BS_LOG(Warn, "shell", "keys cannot be sent to a customer: {}", dump_error(keyboard.error()));
  }
  install_callbacks();
  glfwShowWindow(window_);
  if (config_.fullscreen) set_fullscreen(true);
  look_after_window(true);
  return {};
}

Result<void> ShellOnGlfw::start_imgui_vulkan() {
  if (pool_ == VK_NULL_HANDLE) {
    const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 4};
    VkDescriptorPoolCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO;
    info.maxSets = 4;
    info.poolSizeCount = 1;
    info.pPoolSizes = &size;
    if (vkCreateDescriptorPool(device_->handle(), &info, nullptr, &pool_) != VK_SUCCESS) {
      return fail(ErrorKind::Environment, "shell: descriptor pool", "The graphics device is out of memory.");
    }
  } else {
    vkResetDescriptorPool(device_->handle(), pool_, 0);
  }
  ImGui_ImplVulkan_InitInfo info{};
  info.Instance = device_->instance();
  info.PhysicalDevice = device_->physical();
  info.Device = device_->handle();
  info.QueueFamily = device_->queue().family();
  info.Queue = device_->queue().handle();
  info.DescriptorPool = pool_;
  info.MinImageCount = 2;
  info.ImageCount = std::max(swapchain_->image_count(), 3U);
  info.MSAASamples = VK_SAMPLE_COUNT_1_BIT;
  info.CheckVkResultFn = check_vk;
  imgui_vulkan_ = ImGui_ImplVulkan_Init(&info, swapchain_->render_pass());

  // The atlas goes up through a command buffer of its own; this happens at start and when new glyphs came.
  VkCommandPoolCreateInfo pool_info{};
  pool_info.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
  pool_info.queueFamilyIndex = device_->queue().family();
  VkCommandPool pool = VK_NULL_HANDLE;
  if (vkCreateCommandPool(device_->handle(), &pool_info, nullptr, &pool) != VK_SUCCESS) {
    return fail(ErrorKind::Environment, "shell: command pool", "The graphics device is out of memory.");
  }
  VkCommandBufferAllocateInfo allocate{};
  allocate.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
  allocate.commandPool = pool;
  allocate.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  allocate.commandBufferCount = 1;
  VkCommandBuffer commands = VK_NULL_HANDLE;
  vkAllocateCommandBuffers(device_->handle(), &allocate, &commands);
  VkCommandBufferBeginInfo begin{};
  begin.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
  begin.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  vkBeginCommandBuffer(commands, &begin);
  const bool made = ImGui_ImplVulkan_CreateFontsTexture(commands);
  vkEndCommandBuffer(commands);
  VkSubmitInfo submit{};
  submit.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
  submit.commandBufferCount = 1;
  submit.pCommandBuffers = &commands;
  const VkResult sent = device_->queue().submit(submit, VK_NULL_HANDLE);
  (void)device_->queue().wait_idle();
  ImGui_ImplVulkan_DestroyFontUploadObjects();
  vkDestroyCommandPool(device_->handle(), pool, nullptr);
  if (!made || sent != VK_SUCCESS) return fail(ErrorKind::Environment, "shell: fonts", "The graphics device could not take the fonts.");
  return {};
}

void ShellOnGlfw::install_callbacks() {
  glfwSetCursorPosCallback(window_, [](GLFWwindow* w, double x, double y) { self(w).pointer_at(x, y); });
  glfwSetCursorEnterCallback(window_, [](GLFWwindow* w, int entered) {
    ShellOnGlfw& s = self(w);
    if (entered == 0) {
      s.input_.move(-1e6F, -1e6F);
      s.control_.pointer(-1e6F, -1e6F);
    } else {
      s.pointer_is_here();
    }
    s.frames_due_ = kSettleFrames;
  });
  glfwSetMouseButtonCallback(window_, [](GLFWwindow* w, int button, int action, int) {
    ShellOnGlfw& s = self(w);
    constexpr int kNumbers[] = {1, 3, 2, 8, 9};   // GLFW: left, right, middle, back, forward
    // A window manager that grabs the button to raise us makes the pointer "leave" before it hands the click on.
    if (action == GLFW_PRESS) s.pointer_is_here();
    if (button >= 0 && button < 5) s.control_.button(kNumbers[button], action == GLFW_PRESS);
    s.input_.button(button, action == GLFW_PRESS);
    s.frames_due_ = kSettleFrames;
  });
  glfwSetScrollCallback(window_, [](GLFWwindow* w, double x, double y) {
    ShellOnGlfw& s = self(w);
    // GLFW counts to the left as positive.
    if (!s.control_.wheel(static_cast<int>(std::lround(-x * 120)), static_cast<int>(std::lround(y * 120)))) {
      s.input_.wheel(static_cast<float>(x), static_cast<float>(y));
      s.frames_due_ = kSettleFrames;
    }
  });
  glfwSetKeyCallback(window_, [](GLFWwindow* w, int key, int scancode, int action, int) { self(w).on_key(key, scancode, action); });
  glfwSetCharCallback(window_, [](GLFWwindow* w, unsigned code) {
    ShellOnGlfw& s = self(w);
    if (s.control_.focused()) {
      // With a key it was sent already; without one it comes from an input method.
      if (!s.key_in_batch_) s.control_.text(code);
      s.key_in_batch_ = false;
    } else if (s.chord_ == 0) {
      s.input_.character(code);
    }
    s.frames_due_ = kSettleFrames;
  });
  glfwSetWindowFocusCallback(window_, [](GLFWwindow* w, int got) {
    ShellOnGlfw& s = self(w);
    if (got == 0) {
      s.control_.window_focus_lost();
      s.input_.release_keys();
      s.x11_->grab_keyboard(false);
    } else if (s.keyboard_) {
      s.keyboard_->resync();
    }
    s.look_after_window(true);
    s.frames_due_ = kSettleFrames;
  });
  glfwSetWindowIconifyCallback(window_, [](GLFWwindow* w, int iconified) {
    ShellOnGlfw& s = self(w);
    if (iconified != 0 && s.panel_) glfwRestoreWindow(w);
    s.look_after_window(true);
    s.frames_due_ = kSettleFrames;
  });
  glfwSetWindowCloseCallback(window_, [](GLFWwindow* w) {
    ShellOnGlfw& s = self(w);
    const bool close = !s.events_.close_requested || s.events_.close_requested();
    if (close) s.quit_ = true;
    glfwSetWindowShouldClose(w, GLFW_FALSE);
    s.frames_due_ = kSettleFrames;
  });
  glfwSetWindowPosCallback(window_, [](GLFWwindow* w, int, int) { self(w).look_after_window(true); });
  glfwSetFramebufferSizeCallback(window_, [](GLFWwindow* w, int, int) {
    self(w).look_after_window(true);
    self(w).frames_due_ = kSettleFrames;
  });
  glfwSetWindowRefreshCallback(window_, [](GLFWwindow* w) { self(w).frames_due_ = kSettleFrames; });
  glfwSetWindowContentScaleCallback(window_, [](GLFWwindow* w, float x, float y) {
    ShellOnGlfw& s = self(w);
    if (s.config_.scale <= 0 && std::getenv("BESIDE_SCALE") == nullptr) s.ui_->set_scale(std::max(x, y));
    s.frames_due_ = kSettleFrames;
  });
}

void ShellOnGlfw::on_key(int key, int scancode, int action) {
  const bool down = action != GLFW_RELEASE;
  if (down) chord_ = 0;
  key_in_batch_ = down;
  bool taken = false;
  if (keyboard_ && scancode > 0) {
    const auto code = static_cast<std::uint32_t>(scancode);
    // Repeats are not fed: the layout's state would count them as further presses.
    if (action == GLFW_REPEAT) {
      taken = control_.focused();
    } else {
      const KeyReading reading = down ? keyboard_->press(code) : keyboard_->release(code);
      taken = control_.key(code, reading, down);
    }
  }
  // Releases reach both, so that a key pressed before the focus moved does not stay down on either side.
  if (!taken || !down) input_.key(key, down);
  frames_due_ = kSettleFrames;
}

void ShellOnGlfw::look_after_window(bool force) {
  const LocalTime time = local_now();
  const bool changed = x11_->pump();
  if (!force && !changed && (!panel_ || state_.visible)) return;
  last_look_ = time;
  WindowState fresh = x11_->look();
  if (panel_ && !fresh.visible) {
    // Nobody may hide the panel: mapped, restored and on top again, and the session is told meanwhile.
    if (fresh.iconified) {
      glfwRestoreWindow(window_);
      x11_->map_again();
    }
    x11_->raise();
  }
  fresh.since = fresh.visible == state_.visible && state_.native_id != 0 ? state_.since : time;
  const bool differs = fresh.visible != state_.visible || fresh.focused != state_.focused || fresh.iconified != state_.iconified ||
                       !(fresh.outer == state_.outer) || fresh.native_frame_id != state_.native_frame_id;
  state_ = fresh;
  if (!differs) return;
  int x = 0, y = 0;
  glfwGetWindowPos(window_, &x, &y);
  ui_->map().set_origin(x, y);
  frames_due_ = std::max(frames_due_, 1);   // the widget map holds screen coordinates
  if (events_.window_changed) events_.window_changed(state_);
}

void ShellOnGlfw::on_picture(std::uint32_t session, ports::DecodedPicture picture) {
  remotes_[session].fresh = std::move(picture);
  frames_due_ = std::max(frames_due_, 1);
}

void ShellOnGlfw::on_cursor_shape(std::uint32_t session, const ports::CursorImage& image) {
  Remote& remote = remotes_[session];
  remote.cursor = image;
  remote.cursor_uploaded = false;
  if (remote_cursor_of_ == session) remote_cursor_of_ = 0;
  frames_due_ = std::max(frames_due_, 1);
}

void ShellOnGlfw::pointer_at(double x, double y) {
  pointer_x_ = static_cast<float>(x);
  pointer_y_ = static_cast<float>(y);
  input_.move(pointer_x_, pointer_y_);
  control_.pointer(pointer_x_, pointer_y_);
  frames_due_ = std::max(frames_due_, 1);
}

void ShellOnGlfw::pointer_is_here() {
  double x = 0, y = 0;
  glfwGetCursorPos(window_, &x, &y);
  pointer_at(x, y);
}

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

Result<bool> ShellOnGlfw::step(const std::function<void(FrameContext&)>& draw, LocalTime until) {
  if (frames_due_ == 0 && !woken_.load(std::memory_order_acquire)) {
    LocalTime next = std::min(until, ui_->wants().next());
    const LocalTime time = local_now();
    // A dead display wakes nobody: it is noticed by looking.
    next = std::min(next, time + (panel_ ? kWatch : kLook));
    if (next == kNever) {
      glfwWaitEvents();
    } else if (next > time) {
      glfwWaitEventsTimeout(std::chrono::duration<double>(next - time).count());
    } else {
      glfwPollEvents();
    }
  } else {
    glfwPollEvents();
  }
  control_.flush();
  look_after_window(false);
  if (woken_.exchange(false, std::memory_order_acq_rel)) frames_due_ = std::max(frames_due_, 1);
  if (ui_->wants().next() <= local_now()) frames_due_ = std::max(frames_due_, 1);
  if (quit_ || frames_due_ == 0) return false;
  --frames_due_;
  return draw_frame(draw);
}

Result<bool> ShellOnGlfw::draw_frame(const std::function<void(FrameContext&)>& draw) {
  int fb_width = 0, fb_height = 0;
  glfwGetFramebufferSize(window_, &fb_width, &fb_height);
  auto fits = swapchain_->fit(fb_width, fb_height);
  if (!fits) return fail(fits);
  if (ui_->fonts().update()) {
    (void)device_->queue().wait_idle();
    ImGui_ImplVulkan_Shutdown();
    imgui_vulkan_ = false;
    if (auto again = start_imgui_vulkan(); !again) return fail(again);
    frames_due_ = std::max(frames_due_, 1);
  }
  if (events_.before_frame) events_.before_frame();
  upload();
  ui_->wants().clear();
  show_cursor();
  ImGui_ImplVulkan_NewFrame();
  ImGui_ImplGlfw_NewFrame();
  if (input_.apply(ImGui::GetIO())) frames_due_ = std::max(frames_due_, 1);
  ImGui::GetIO().DisplaySize = ImVec2(static_cast<float>(std::max(fb_width, 1)), static_cast<float>(std::max(fb_height, 1)));
  ImGui::NewFrame();
  now = local_now();
  FrameContext::scale = ui_->scale();
  width = ImGui::GetIO().DisplaySize.x;
  height = ImGui::GetIO().DisplaySize.y;
  focused = state_.focused;
  drawings_.clear();
  main_view_.reset();
  ui_->begin_frame(now, unix_now_ms());
  make_ready();
  draw(*this);
  ui_->end_frame();
  if (!main_view_) control_.set_view(std::nullopt, {});
  x11_->grab_keyboard(control_.wants_grab());
  ImGui::Render();
  if (ui_->fonts().waiting()) frames_due_ = std::max(frames_due_, 1);
  if (!*fits) return false;

  const ImVec4 ground = ImGui::ColorConvertU32ToFloat4(kit::packed(ui_->theme().ground));
  const float clear[4] = {ground.x, ground.y, ground.z, 1};
  auto begun = swapchain_->begin(clear);
  if (!begun) return fail(begun);
  if (*begun == VK_NULL_HANDLE) {
    frames_due_ = std::max(frames_due_, 1);
    return false;
  }
  commands_ = *begun;
  ImGui_ImplVulkan_RenderDrawData(ImGui::GetDrawData(), commands_);
  auto ended = swapchain_->end();
  if (!ended) return fail(ended);
  if (!*ended) frames_due_ = std::max(frames_due_, 1);
  ++frames_drawn_;
  const LocalTime shown_at = local_now();
  for (auto& [session, remote] : remotes_) {
    if (remote.shown_number && events_.picture_shown) events_.picture_shown(session, *remote.shown_number, shown_at);
    remote.shown_number.reset();
  }
  return true;
}

void ShellOnGlfw::switch_to_panel(int panel_width, int panel_height) {
  // Asked for in every frame: only what differs may cause another one.
  if (panel_ && panel_width == panel_width_ && panel_height == panel_height_) return;
  panel_width_ = panel_width;
  panel_height_ = panel_height;
  if (!panel_) glfwGetWindowSize(window_, &normal_width_, &normal_height_);
  const bool first = !panel_;
  panel_ = true;
  const float s = ui_->scale();
  // On a low screen the panel is lower than asked for: its buttons must never lie below the edge, nor its title above it.
  const Rect monitor = x11_->monitor_of_window();
  const int gap = static_cast<int>(16 * s), bar = static_cast<int>(40 * s), below = static_cast<int>(8 * s);
  const int w = static_cast<int>(static_cast<float>(panel_width) * s);
  int h = static_cast<int>(static_cast<float>(panel_height) * s);
  if (!monitor.empty()) h = std::clamp(h, std::min(h, 200), std::max(200, monitor.height - bar - below));
  glfwSetWindowSizeLimits(window_, GLFW_DONT_CARE, GLFW_DONT_CARE, GLFW_DONT_CARE, GLFW_DONT_CARE);
  glfwSetWindowSize(window_, w, h);
  int x = 0, y = 0;
  glfwGetWindowPos(window_, &x, &y);
  if (!first && !monitor.empty() && (y < monitor.y || y + h > monitor.bottom())) {
    glfwSetWindowPos(window_, x, std::max(monitor.y + bar, monitor.bottom() - below - h));
  }
  if (first) {
    glfwSetWindowPos(window_, std::max(monitor.x, monitor.right() - w - gap), monitor.y + bar);
    glfwSetWindowAttrib(window_, GLFW_FLOATING, GLFW_TRUE);
    glfwSetWindowAttrib(window_, GLFW_RESIZABLE, GLFW_FALSE);
  }
  x11_->set_panel(true);
  look_after_window(true);
  frames_due_ = kSettleFrames;
}

void ShellOnGlfw::switch_to_normal(int w, int h) {
  panel_ = false;
  x11_->set_panel(false);
  glfwSetWindowAttrib(window_, GLFW_FLOATING, GLFW_FALSE);
  glfwSetWindowAttrib(window_, GLFW_RESIZABLE, config_.resizable ? GLFW_TRUE : GLFW_FALSE);
  const float s = ui_->scale();
  if (w > 0 && h > 0) {
    normal_width_ = static_cast<int>(static_cast<float>(w) * s);
    normal_height_ = static_cast<int>(static_cast<float>(h) * s);
  }
  // Where the panel stood at the edge of the monitor there is not always room for the larger window.
  const Rect monitor = x11_->monitor_of_window();
  const int gap = static_cast<int>(16 * s), bar = static_cast<int>(40 * s);
  if (!monitor.empty()) {
    normal_width_ = std::min(normal_width_, monitor.width - 2 * gap);
    normal_height_ = std::min(normal_height_, monitor.height - gap - bar);
    int x = 0, y = 0;
    glfwGetWindowPos(window_, &x, &y);
    glfwSetWindowPos(window_, std::clamp(x, monitor.x + gap, monitor.right() - normal_width_ - gap),
                     std::clamp(y, monitor.y + bar, monitor.bottom() - normal_height_ - gap));
  }
  glfwSetWindowSize(window_, normal_width_, normal_height_);
  look_after_window(true);
  frames_due_ = kSettleFrames;
}

void ShellOnGlfw::set_fullscreen(bool on) {
  GLFWmonitor* monitor = glfwGetPrimaryMonitor();
  if (monitor == nullptr) return;
  // Not GLFW's full screen of a monitor, which minimises itself on focus loss and may change the mode: a window without
  // decoration over all of it.
  glfwSetWindowAttrib(window_, GLFW_DECORATED, on ? GLFW_FALSE : (config_.decorated ? GLFW_TRUE : GLFW_FALSE));
  glfwSetWindowAttrib(window_, GLFW_FLOATING, on ? GLFW_TRUE : GLFW_FALSE);
  if (on) {
    const GLFWvidmode* mode = glfwGetVideoMode(monitor);
    int x = 0, y = 0;
    glfwGetMonitorPos(monitor, &x, &y);
    glfwSetWindowSizeLimits(window_, GLFW_DONT_CARE, GLFW_DONT_CARE, GLFW_DONT_CARE, GLFW_DONT_CARE);
    glfwSetWindowPos(window_, x, y);
    if (mode != nullptr) glfwSetWindowSize(window_, mode->width, mode->height);
  } else {
    glfwSetWindowSize(window_, normal_width_, normal_height_);
  }
  x11_->set_fullscreen(on);
  look_after_window(true);
  frames_due_ = kSettleFrames;
}

}  // namespace

Result<std::unique_ptr<Shell>> Shell::create(ShellConfig config, ShellEvents events) {
  auto shell = std::make_unique<ShellOnGlfw>(std::move(config), std::move(events));
  if (auto opened = shell->open(); !opened) return fail(opened);
  return std::unique_ptr<Shell>(std::move(shell));
}

}  // namespace beside::shell
