// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/kit/fonts.h"

#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include <imgui.h>
#include <imgui_freetype.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <cstdio>
#include <map>
#include <vector>

#include "engine/base/log.h"
#include "ui/kit/icons.h"
#include "ui/kit/theme.h"
#include FT_FREETYPE_H

namespace beside::kit {
namespace {

template <typename T, void (*Destroy)(T*)>
struct Deleter {
  void operator()(T* p) const { Destroy(p); }
};
using Pattern = std::unique_ptr<FcPattern, Deleter<FcPattern, FcPatternDestroy>>;
using CharSet = std::unique_ptr<FcCharSet, Deleter<FcCharSet, FcCharSetDestroy>>;

const FcChar8* fc(const char* s) {
  return reinterpret_cast<const FcChar8*>(s);
}

struct FontFile {
  std::vector<unsigned char> bytes;
  CharSet glyphs;
  int index = 0;
  float line_em = 1.2f;  // ascent + descent in em: ImGui sizes by that, we by the em
};

Result<std::vector<unsigned char>> read_all(const char* path) {
  std::vector<unsigned char> bytes;
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return fail(ErrorKind::Environment, "ui/kit/fonts: open", "a font file cannot be read");
  std::fseek(file, 0, SEEK_END);
  const long size = std::ftell(file);
  std::fseek(file, 0, SEEK_SET);
  if (size > 0) bytes.resize(static_cast<std::size_t>(size));
  const bool good = size > 0 && std::fread(bytes.data(), 1, bytes.size(), file) == bytes.size();
  std::fclose(file);
  if (!good) return fail(ErrorKind::Environment, "ui/kit/fonts: read", "a font file cannot be read");
  return bytes;
}

Result<FontFile> load(FcPattern* match, FT_Library library) {
  FcChar8* path = nullptr;
  FcCharSet* set = nullptr;
  FontFile out;
  if (FcPatternGetString(match, FC_FILE, 0, &path) != FcResultMatch ||
      FcPatternGetCharSet(match, FC_CHARSET, 0, &set) != FcResultMatch)
    return fail(ErrorKind::Environment, "ui/kit/fonts: fontconfig", "a font without file or character set");
  FcPatternGetInteger(match, FC_INDEX, 0, &out.index);
  out.index &= 0xffff;  // the upper half names a variation
  out.glyphs.reset(FcCharSetCopy(set));
  auto bytes = read_all(reinterpret_cast<const char*>(path));
  if (!bytes) return fail(bytes);
  out.bytes = std::move(*bytes);
  FT_Face face = nullptr;
  if (FT_New_Memory_Face(library, out.bytes.data(), static_cast<FT_Long>(out.bytes.size()), out.index, &face) != 0)
    return fail(ErrorKind::Environment, "ui/kit/fonts: FreeType", "a font file that FreeType cannot read");
  if (face->units_per_EM > 0)
    out.line_em = static_cast<float>(face->ascender - face->descender) / static_cast<float>(face->units_per_EM);
  FT_Done_Face(face);
  return out;
}

// The family by its own name, never a substitute.
Result<FontFile> find_family(const char* family, int weight, const char* package, FT_Library library) {
  const Pattern wanted(FcPatternCreate());
  FcPatternAddString(wanted.get(), FC_FAMILY, fc(family));
  FcPatternAddInteger(wanted.get(), FC_WEIGHT, weight);
  FcPatternAddInteger(wanted.get(), FC_SLANT, FC_SLANT_ROMAN);
  FcConfigSubstitute(nullptr, wanted.get(), FcMatchPattern);
  FcDefaultSubstitute(wanted.get());
  FcResult result = FcResultNoMatch;
  const Pattern match(FcFontMatch(nullptr, wanted.get(), &result));
  bool named = false;
  if (match) {
    FcChar8* name = nullptr;
    for (int i = 0; FcPatternGetString(match.get(), FC_FAMILY, i, &name) == FcResultMatch; ++i)
      named = named || FcStrCmpIgnoreCase(name, fc(family)) == 0;
  }
  if (!named)
    return fail(ErrorKind::Environment, "ui/kit/fonts: missing",
                std::string("the font ") + family + " is not installed; install the package " + package);
  return load(match.get(), library);
}

constexpr std::array kIcons{
    icon::kEye,    icon::kEyeSlash,  icon::kPointer, icon::kKeyboard, icon::kHand,     icon::kStop,    icon::kPause,
    icon::kPlay,   icon::kSend,      icon::kChat,    icon::kShield,   icon::kLock,     icon::kWarning, icon::kInfo,
    icon::kCheck,  icon::kCross,     icon::kCopy,    icon::kSearch,   icon::kMonitor,  icon::kClock,   icon::kUser,
    icon::kUsers,  icon::kPhone,     icon::kSave,    icon::kGear,     icon::kDown,     icon::kUp,      icon::kLeft,
    icon::kRight,  icon::kPlus,      icon::kMinus,   icon::kExpand,   icon::kCompress, icon::kHistory, icon::kSignOut,
    icon::kSignIn, icon::kGlobe,     icon::kPlug,    icon::kRefresh,  icon::kMore,     icon::kPencil,  icon::kFile,
    icon::kLink,   icon::kBackspace, icon::kFilter,  icon::kFlag,     icon::kSignal,   icon::kLanguage,
    icon::kCamera};

constexpr std::array<float, 4> kSizes{measure::kSmall, measure::kBody, measure::kLarge, measure::kHuge};

}  // namespace

struct Fonts::Impl {
  FT_Library library = nullptr;
  FontFile regular, strong, mono, icons;
  std::vector<std::unique_ptr<FontFile>> others;   // fallbacks, in the order in which they were needed
  std::map<std::string, std::size_t> other_files;  // path and index -> others
  std::bitset<0x10000> known, lost;                // in the atlas or on the way; nobody has it
  bool dirty = false;
  float scale = 1, built_scale = 0;
  std::array<std::array<ImFont*, 4>, 3> fonts{};
  std::vector<ImWchar> all_ranges;  // must live until the atlas is built
  std::vector<std::vector<ImWchar>> merge_ranges;

  ~Impl() {
    if (library != nullptr) FT_Done_FreeType(library);
  }
  bool ours(char32_t c) const {
    return FcCharSetHasChar(regular.glyphs.get(), c) || FcCharSetHasChar(icons.glyphs.get(), c);
  }
  void find_other(char32_t c);
  void build();
};

void Fonts::Impl::find_other(char32_t c) {
  for (const auto& other : others)
    if (FcCharSetHasChar(other->glyphs.get(), c)) return;
  const CharSet set(FcCharSetCreate());
  FcCharSetAddChar(set.get(), c);
  const Pattern wanted(FcPatternCreate());
  FcPatternAddCharSet(wanted.get(), FC_CHARSET, set.get());
  FcPatternAddBool(wanted.get(), FC_SCALABLE, FcTrue);
  FcPatternAddBool(wanted.get(), FC_COLOR, FcFalse);
  FcPatternAddString(wanted.get(), FC_FAMILY, fc("sans-serif"));
  FcConfigSubstitute(nullptr, wanted.get(), FcMatchPattern);
  FcDefaultSubstitute(wanted.get());
  FcResult result = FcResultNoMatch;
  const Pattern match(FcFontMatch(nullptr, wanted.get(), &result));
  FcCharSet* has = nullptr;
  FcBool coloured = FcFalse;
  if (match) FcPatternGetBool(match.get(), FC_COLOR, 0, &coloured);
  if (!match || coloured || FcPatternGetCharSet(match.get(), FC_CHARSET, 0, &has) != FcResultMatch ||
      !FcCharSetHasChar(has, c)) {
    lost.set(c);
    return;
  }
  auto file = load(match.get(), library);
  if (file)
    others.push_back(std::make_unique<FontFile>(std::move(*file)));
  else
    lost.set(c);
}

void Fonts::Impl::build() {
  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  atlas.Clear();
  atlas.Flags |= ImFontAtlasFlags_NoPowerOfTwoHeight;
  atlas.FontBuilderIO = ImGuiFreeType::GetBuilderForFreeType();
  atlas.FontBuilderFlags = ImGuiFreeTypeBuilderFlags_LightHinting;
  all_ranges.clear();
  for (std::size_t c = 0x20; c < 0x10000; ++c) {
    if (!known[c] || lost[c]) continue;
    if (!all_ranges.empty() && all_ranges.back() + 1u == c) {
      all_ranges.back() = static_cast<ImWchar>(c);
    } else {
      all_ranges.push_back(static_cast<ImWchar>(c));
      all_ranges.push_back(static_cast<ImWchar>(c));
    }
  }
  all_ranges.push_back(0);
  auto add = [&](FontFile& file, float em, bool merge, const char* name) {
    ImFontConfig config;
    config.FontData = file.bytes.data();
    config.FontDataSize = static_cast<int>(file.bytes.size());
    config.FontDataOwnedByAtlas = false;
    config.FontNo = file.index;
    config.SizePixels = std::round(em * scale * file.line_em);
    config.GlyphRanges = all_ranges.data();
    config.MergeMode = merge;
    config.OversampleH = 1;
    config.PixelSnapH = true;
    config.EllipsisChar = 0x2026;
    std::snprintf(config.Name, sizeof(config.Name), "%s", name);
    return atlas.AddFont(&config);
  };
  for (std::size_t s = 0; s < kSizes.size(); ++s) {
    fonts[0][s] = add(regular, kSizes[s], false, "text");
    add(icons, kSizes[s], true, "icons");
    for (auto& other : others) add(*other, kSizes[s], true, "other");
    fonts[1][s] = add(strong, kSizes[s], false, "strong");
    add(icons, kSizes[s], true, "icons");
    for (auto& other : others) add(*other, kSizes[s], true, "other");
    fonts[2][s] = add(mono, kSizes[s], false, "mono");
  }
  atlas.Build();
  // ImGui's own text (fields) starts with the first font; make that the body text.
  ImGui::GetIO().FontDefault = fonts[0][1];
  built_scale = scale;
  dirty = false;
}

Fonts::Fonts(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Fonts::~Fonts() = default;

Result<std::unique_ptr<Fonts>> Fonts::create(float scale) {
  auto impl = std::make_unique<Impl>();
  if (FT_Init_FreeType(&impl->library) != 0)
    return fail(ErrorKind::Environment, "ui/kit/fonts: FreeType", "cannot start");
  if (!FcInit())
    return fail(ErrorKind::Environment, "ui/kit/fonts: fontconfig", "cannot start; install fontconfig-config");
  struct Wanted {
    const char* family;
    int weight;
    const char* package;
    FontFile* into;
  };
  for (const Wanted& w : {Wanted{"Inter", FC_WEIGHT_REGULAR, "fonts-inter", &impl->regular},
                          Wanted{"Inter", FC_WEIGHT_DEMIBOLD, "fonts-inter", &impl->strong},
                          Wanted{"JetBrains Mono", FC_WEIGHT_REGULAR, "fonts-jetbrains-mono", &impl->mono},
                          Wanted{"FontAwesome", FC_WEIGHT_REGULAR, "fonts-font-awesome", &impl->icons}}) {
    auto file = find_family(w.family, w.weight, w.package, impl->library);
    if (!file) return fail(file);
    *w.into = std::move(*file);
  }
  for (std::size_t c = 0x20; c < 0x7f; ++c) impl->known.set(c);
  for (std::size_t c = 0xa0; c < 0x100; ++c) impl->known.set(c);
  for (const char32_t c : {U'\u2013', U'\u2014', U'\u2018', U'\u2019', U'\u201c', U'\u201d', U'\u201e', U'\u2022',
                           U'\u2026', U'\u20ac', U'\u00d7', U'\ufffd'})
    impl->known.set(c);
  for (const char* i : kIcons) {
    std::size_t at = 0;
    impl->known.set(next_code_point(i, at));
  }
  impl->scale = scale;
  impl->build();
  return std::unique_ptr<Fonts>(new Fonts(std::move(impl)));
}

ImFont* Fonts::get(Face face, Size size) const {
  return impl_->fonts[static_cast<std::size_t>(face)][static_cast<std::size_t>(size)];
}

void Fonts::need(std::string_view utf8) {
  for (std::size_t at = 0; at < utf8.size();) {
    if (static_cast<unsigned char>(utf8[at]) < 0x80) {
      ++at;
      continue;
    }
    const char32_t c = next_code_point(utf8, at);
    if (c > 0xffff || impl_->known[c]) continue;
    impl_->known.set(c);
    if (!impl_->ours(c)) impl_->find_other(c);
    if (!impl_->lost[c]) impl_->dirty = true;
  }
}

void Fonts::set_scale(float scale) {
  impl_->scale = scale;
}
float Fonts::scale() const {
  return impl_->scale;
}
bool Fonts::waiting() const {
  return impl_->dirty || impl_->scale != impl_->built_scale;
}

bool Fonts::update() {
  if (!waiting()) return false;
  impl_->build();
  return true;
}

char32_t next_code_point(std::string_view s, std::size_t& at) {
  constexpr char32_t kBad = 0xfffd;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char first = byte(at++);
  if (first < 0x80) return first;
  const int more = first >= 0xf0 && first < 0xf5 ? 3 : first >= 0xe0 ? 2 : first >= 0xc2 ? 1 : 0;
  if (more == 0 || first >= 0xf5) return kBad;
  char32_t c = first & (0x3fu >> more);
  for (int i = 0; i < more; ++i) {
    if (at >= s.size() || (byte(at) & 0xc0) != 0x80) return kBad;
    c = (c << 6) | (byte(at++) & 0x3fu);
  }
  const bool overlong = (more == 2 && c < 0x800) || (more == 3 && c < 0x10000);
  return overlong || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff ? kBad : c;
}

}  // namespace beside::kit
