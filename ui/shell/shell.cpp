// SPDX-License-Identifier: GPL-3.0-or-later
// Window, device, ImGui and the frame loop in one place: they start, resize and die together.
#include "ui/shell/shell_on_glfw.h"

#include "engine/base/trace.h"
#include "ui/shell/icon.h"

namespace beside::shell {
namespace {

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

void set_icon(GLFWwindow* window) {
  std::vector<Icon> drawn;
  for (const int size : {16, 24, 32, 48, 128}) drawn.push_back(draw_icon(size));
  std::vector<GLFWimage> images;
  for (Icon& icon : drawn) images.push_back({icon.size, icon.size, icon.rgba.data()});
  glfwSetWindowIcon(window, static_cast<int>(images.size()), images.data());
}

}  // namespace

Result<void> ShellOnGlfw::open() {
  glfwSetErrorCallback([](int code, const char* text) { BS_LOG(Debug, "shell", "GLFW {}: {}", code, text); });
  if (config_.language.empty()) config_.language = kit::choose_language({});
  if (glfwInit() != GLFW_TRUE) {
    return sorry("shell: display", "Beside cannot reach a display. Start it on a desktop, or set DISPLAY to one.");
  }
  glfw_ = true;
  auto bell = Bell::create();
  if (!bell) return sorry("shell: bell", bell.error().detail);
  bell_ = std::move(*bell);
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
  set_icon(window_);
  // Never so large that parts of it lie beyond the screen's edges, whatever the scale: there is a frame around it as well.
  glfwSetWindowSizeLimits(window_, std::min(static_cast<int>(static_cast<float>(config_.min_width) * factor), wide * 9 / 10),
                          std::min(static_cast<int>(static_cast<float>(config_.min_height) * factor), high * 9 / 10), GLFW_DONT_CARE, GLFW_DONT_CARE);

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
    // A window manager that grabs a button makes the pointer "leave" where it stays.
    if (entered == 0 && !s.x11_->pointer_is_over()) {
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
    if (button < 0 || button >= 5) return;
    const bool down = action == GLFW_PRESS, typing = s.control_.focused();
    const bool taken = s.control_.button(kNumbers[button], down);
    // What the customer's machine gets while the picture has the keyboard anyway changes nothing of ours.
    const unsigned bit = 1U << button;
    if (down && taken && typing) {
      s.remote_buttons_ |= bit;
      return;
    }
    if (!down && (s.remote_buttons_ & bit) != 0) {
      s.remote_buttons_ &= ~bit;
      return;
    }
    s.input_.button(button, down);
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
      return;
    }
    if (s.chord_ == 0) s.input_.character(code);
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
  glfwSetWindowRefreshCallback(window_, [](GLFWwindow* w) {
    self(w).damage_.reset();   // the server has lost pixels of ours
    self(w).frames_due_ = kSettleFrames;
  });
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
  // A key of the customer's changes nothing of ours, and a frame would stand in the way of what he sees of it.
  if (!taken || chord_ != 0) frames_due_ = kSettleFrames;
}

void ShellOnGlfw::look_after_window(bool force) {
  const LocalTime time = local_now();
  if (x11_->pump()) look_at_ = std::min(look_at_, last_look_ + kWatch);
  if (panel_ && !state_.visible) look_at_ = std::min(look_at_, last_look_ + kWatch);
  if (!force && look_at_ > time) return;
  last_look_ = time;
  WindowState fresh = x11_->look();
  look_at_ = x11_->pump(true) ? time + kWatch : kNever;
  if (panel_ && !fresh.visible) {
    // Nobody may hide the panel: mapped, restored and on top again, and the session is told meanwhile.
    if (fresh.iconified) {
      glfwRestoreWindow(window_);
      x11_->map_again();
    }
    x11_->raise();
  }
  if (panel_ && !config_.fullscreen) bring_panel_back(fresh);   // a kiosk's desk places its panel
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

void ShellOnGlfw::pointer_at(double x, double y) {
  const bool remote = motion_is_remote(static_cast<float>(x), static_cast<float>(y));
  pointer_x_ = static_cast<float>(x);
  pointer_y_ = static_cast<float>(y);
  input_.move(pointer_x_, pointer_y_);
  control_.pointer(pointer_x_, pointer_y_);
  if (!remote) frames_due_ = std::max(frames_due_, 1);
}

void ShellOnGlfw::pointer_is_here() {
  // Where the events so far say it is. The server would say where it is now, which is ahead of the click being read when
  // somebody works faster than we draw: the click would land where he clicks next.
  pointer_at(pointer_x_, pointer_y_);
}

Result<bool> ShellOnGlfw::step(const std::function<void(FrameContext&)>& draw, LocalTime until) {
  bool events = true;
  if (frames_due_ == 0 && !woken_.load(std::memory_order_acquire) && !nudged_.load(std::memory_order_acquire) &&
      !pictures_wait_.load(std::memory_order_acquire)) {
    if (look_at_ == kNever && x11_->pump(true)) look_at_ = last_look_ + kWatch;
    // What moves near the window is looked at a few times a second. A dead display may wake nobody: it is noticed by looking.
    events = wait_for_events(bell_, look_at_ == kNever ? x11_->fd() : -1,
                             std::min({until, ui_->wants().next(), patch_at_, marks_at_, look_at_, control_.keep_mark(local_now()), local_now() + kLook}));
  }
  std::unique_lock held(pictures_);
  if (events) glfwPollEvents();   // which asks the system seven times, also for nothing
  control_.flush();
  (void)control_.keep_mark(local_now());
  look_after_window(events && x11_->pump());
  if (nudged_.exchange(false, std::memory_order_acq_rel) && events_.before_frame) events_.before_frame();
  const LocalTime time = local_now();
  if (pictures_wait_.exchange(false, std::memory_order_acq_rel) || marks_at_ <= time) look_at_pictures();
  if (patch_wanted_.load(std::memory_order_acquire)) patch_at_ = std::min(patch_at_, time + kPatch);
  if (woken_.exchange(false, std::memory_order_acq_rel) || ui_->wants().next() <= time || patch_at_ <= time) {
    frames_due_ = std::max(frames_due_, 1);
  }
  if (quit_ || frames_due_ == 0) return false;
  --frames_due_;
  return draw_frame(draw, held);
}

Result<bool> ShellOnGlfw::draw_frame(const std::function<void(FrameContext&)>& draw, std::unique_lock<std::recursive_mutex>& held) {
  const trace::Scope scope("frame");
  int fb_width = 0, fb_height = 0;
  glfwGetFramebufferSize(window_, &fb_width, &fb_height);
  auto fits = swapchain_->fit(fb_width, fb_height);
  if (!fits) return fail(fits);
  if (swapchain_->builds() != builds_) damage_.reset();   // images that hold nothing yet
  builds_ = swapchain_->builds();
  if (ui_->fonts().update()) {
    (void)device_->queue().wait_idle();
    ImGui_ImplVulkan_Shutdown();
    imgui_vulkan_ = false;
    damage_.reset();
    if (auto again = start_imgui_vulkan(); !again) return fail(again);
    frames_due_ = std::max(frames_due_, 1);
  }
  if (events_.before_frame) events_.before_frame();
  patch_at_ = kNever;
  patch_wanted_ = false;
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
  main_drawing_ = nullptr;
  main_view_.reset();
  for (auto& [session, remote] : remotes_) remote.thumbnail = false;
  ui_->begin_frame(now, unix_now_ms());
  int window_width = 0, window_height = 0;
  glfwGetWindowSize(window_, &window_width, &window_height);
  const bool placing = now < asked_until_ && (window_width != asked_width_ || window_height != asked_height_);
  ui_->map().set_placing(placing);
  ui_->map().set_keyboard(state_.focused);
  if (placing) ui_->wants().at(asked_until_);
  make_ready();
  draw(*this);
  ui_->end_frame();
  if (!main_view_) control_.set_view(std::nullopt, {});
  control_.flush();
  x11_->grab_keyboard(control_.wants_grab());
  ImGui::Render();
  if (ui_->fonts().waiting()) frames_due_ = std::max(frames_due_, 1);
  if (!*fits) return false;
  // The picture's own window first: where it goes and comes, the frame that follows fills what it leaves.
  show_direct();
  upload_what_is_drawn();

  const Rect changed = what_changed(kit::packed(ui_->theme().ground));
  if (changed.empty()) return frame_is_shown();   // what is on the screen is this frame already
  const ImVec4 ground = ImGui::ColorConvertU32ToFloat4(kit::packed(ui_->theme().ground));
  const float clear[4] = {ground.x, ground.y, ground.z, 1};
  held.unlock();
  auto begun = swapchain_->begin(clear, changed);
  if (!begun) return fail(begun);
  if (*begun == VK_NULL_HANDLE) {
    frames_due_ = std::max(frames_due_, 1);
    return false;
  }
  commands_ = *begun;
  limit_drawing(swapchain_->drawn());
  ImGui_ImplVulkan_RenderDrawData(ImGui::GetDrawData(), commands_);
  auto ended = swapchain_->end();
  if (!ended) return fail(ended);
  held.lock();
  if (!*ended) frames_due_ = std::max(frames_due_, 1);
  return frame_is_shown();
}

// The back-end takes its scissors from the commands.
void ShellOnGlfw::limit_drawing(const Rect& area) {
  const ImDrawData& data = *ImGui::GetDrawData();
  const ImVec4 box(static_cast<float>(area.x), static_cast<float>(area.y), static_cast<float>(area.right()), static_cast<float>(area.bottom()));
  for (int l = 0; l < data.CmdListsCount; ++l) {
    for (ImDrawCmd& command : data.CmdLists[l]->CmdBuffer) {
      ImVec4& clip = command.ClipRect;
      clip = {std::max(clip.x, box.x), std::max(clip.y, box.y), std::min(clip.z, box.z), std::min(clip.w, box.w)};
      if (clip.z > clip.x && clip.w > clip.y) continue;
      clip = box;   // scissors of no size are not for every device
      command.ElemCount = 0;
    }
  }
  for (Drawing& drawing : drawings_) drawing.limit = area;
}

bool ShellOnGlfw::frame_is_shown() {
  ++frames_drawn_;
  for (const Drawing& drawing : drawings_) {
    const auto found = remotes_.find(drawing.session);
    if (found != remotes_.end() && !(direct_ && direct_->shows(found->first))) told_shown(found->first, found->second);
  }
  return true;
}

void ShellOnGlfw::ask_size(int w, int h) {
  glfwSetWindowSize(window_, w, h);
  asked_width_ = w;
  asked_height_ = h;
  asked_until_ = local_now() + 1s;
  ui_->map().set_placing(true);
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
  const Rect monitor = panel_monitor_ = x11_->monitor_of_window();
  const int gap = static_cast<int>(16 * s), bar = static_cast<int>(40 * s), below = static_cast<int>(8 * s);
  const auto [w, h] = panel_size(monitor);
  glfwSetWindowSizeLimits(window_, GLFW_DONT_CARE, GLFW_DONT_CARE, GLFW_DONT_CARE, GLFW_DONT_CARE);
  ask_size(w, h);
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

// On a low screen the panel is lower than asked for: its buttons must never lie below the edge, nor its title above it.
std::pair<int, int> ShellOnGlfw::panel_size(const Rect& monitor) const {
  const float s = ui_->scale();
  const int w = static_cast<int>(static_cast<float>(panel_width_) * s);
  const int h = std::max(static_cast<int>(static_cast<float>(panel_height_) * s), 1);   // a window without height is an error to the server
  if (monitor.empty()) return {w, h};
  return {std::min(w, std::max(200, monitor.width)), std::clamp(h, std::min(h, 200), std::max(200, monitor.height - static_cast<int>(40 * s) - static_cast<int>(8 * s)))};
}

// A monitor that became smaller or went away leaves the panel, or only its Stop, beyond the edge: nobody could get it back. What a
// hand is still moving is left alone.
void ShellOnGlfw::bring_panel_back(const WindowState& fresh) {
  const Rect monitor = x11_->monitor_of_window();
  if (monitor.empty() || fresh.iconified || (fresh.visible && monitor == panel_monitor_)) return;
  int x = 0, y = 0, now_w = 0, now_h = 0;
  glfwGetWindowPos(window_, &x, &y);
  glfwGetWindowSize(window_, &now_w, &now_h);
  if (!(fresh.outer == state_.outer) || !(x11_->look().outer == fresh.outer)) {   // the window manager moves it as well
    look_at_ = std::min(look_at_, last_look_ + kWatch);
    return;
  }
  panel_monitor_ = monitor;
  const auto [w, h] = panel_size(monitor);
  if (w != now_w || h != now_h) ask_size(w, h);
  const Rect outer{fresh.outer.x, fresh.outer.y, fresh.outer.width + w - now_w, fresh.outer.height + h - now_h};
  const int left = std::max(monitor.x, std::min(outer.x, monitor.right() - outer.width)), top = std::max(monitor.y, std::min(outer.y, monitor.bottom() - outer.height));
  if (left != outer.x || top != outer.y) glfwSetWindowPos(window_, x + left - outer.x, y + top - outer.y);
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
  ask_size(normal_width_, normal_height_);
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

Result<std::unique_ptr<Shell>> Shell::create(ShellConfig config, ShellEvents events) {
  auto shell = std::make_unique<ShellOnGlfw>(std::move(config), std::move(events));
  if (auto opened = shell->open(); !opened) return fail(opened);
  return std::unique_ptr<Shell>(std::move(shell));
}

}  // namespace beside::shell
