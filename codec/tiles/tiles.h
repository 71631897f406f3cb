// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "engine/ports/change_detector.h"
#include "engine/ports/tile_coder.h"

namespace beside::tiles {

// The processor's own makers of everything in engine/ports/{tile_coder,change_detector}.h. None can fail.
std::unique_ptr<ports::TileEncoder> make_tile_encoder();
std::unique_ptr<ports::TileDecoder> make_tile_decoder();
std::unique_ptr<ports::ChangeDetector> make_change_detector();
std::unique_ptr<ports::MoveFinder> make_move_finder();
std::unique_ptr<ports::TileClassifier> make_tile_classifier();

// The decision itself, a function of its arguments.
ports::TileClass classify(const ports::TileFacts& facts, ports::TileClass before);

}  // namespace beside::tiles
